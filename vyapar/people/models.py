"""A person who signs in; lives in the distributor's own schema, so no account crosses a wall."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from vyapar.kernel.actor import Actor
from vyapar.people.contracts import ALLOWED, May, Role


class User(AbstractUser):
    """An account with one role."""

    role = models.CharField(
        max_length=16,
        choices=[(role.value, role.value.title()) for role in Role],
        default=Role.ANALYST,
    )
    language = models.CharField(max_length=5, default="en")
    phone = models.CharField(max_length=16, blank=True)  # +91 and ten digits
    #: How this person wants to be told: subset of `in_app`, `email`.
    alert_channels = models.JSONField(default=list)
    #: Alerts below this urgency are not sent to them: low, medium, high, critical.
    alert_from = models.CharField(max_length=8, default="low")

    def may(self, permission: May) -> bool:
        """Whether the person's role carries `permission`."""
        return self.is_active and permission in ALLOWED[Role(self.role)]

    @property
    def actor(self) -> Actor:
        return Actor("user", str(self.pk), self.get_full_name() or self.username)
