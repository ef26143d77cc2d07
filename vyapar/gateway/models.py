"""Keys of machines that call us, and the replies kept for repeated calls."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from vyapar.kernel.actor import Actor
from vyapar.people.contracts import May


class ApiKey(models.Model):
    """A scoped key of one distributor. Only a digest of the secret is kept."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12, unique=True)  # shown, to tell keys apart
    digest = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)  # values of May
    rate = models.CharField(max_length=20, blank=True)  # "600/min"; empty means the house's default
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.CharField(max_length=80, blank=True)
    last_used_at = models.DateTimeField(null=True)

    #: Django and DRF ask this of whoever stands behind a request.
    is_authenticated = True
    is_active = True

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def may(self, permission: May) -> bool:
        """Whether the key carries a scope."""
        return permission.value in self.scopes

    def is_live(self, at: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)

    @property
    def actor(self) -> Actor:
        return Actor("key", self.prefix, self.name)


class StoredReply(models.Model):
    """The first reply to a call with an Idempotency-Key, given again to every repetition."""

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    digest = models.CharField(max_length=64)  # of method, path and body
    status = models.PositiveSmallIntegerField(null=True)  # null while the first call is running
    content_type = models.CharField(max_length=80, blank=True)
    body = models.BinaryField(default=b"")
    started_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "stored replies"
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="reply_once")]
        indexes = [models.Index(fields=["started_at"], name="reply_by_age")]  # clearing old ones

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"
