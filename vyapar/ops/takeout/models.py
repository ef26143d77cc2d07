"""Takeouts that were asked for, and what came of them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from vyapar.engine.asked import Asked


class Takeout(Asked):
    """A takeout from the asking on; one at a time. Its file lies in the distributor's storage."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=200)
    file = models.CharField(max_length=200, blank=True)
    rows = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    breaks = models.PositiveIntegerField(default=0)  # of the trail; there should be none
    error = models.CharField(max_length=400, blank=True)
    words = models.JSONField(default=list)  # of the error, to say it in the reader's language

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="waiting"), name="takeout_being_made_once"
            )
        ]
        indexes = [models.Index(fields=["-asked_at"], name="takeout_latest")]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d} {self.state}"
