"""What goes back to the books, how far each document got, and what the books said of it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.contracts.feeds import ExportKind
from inventory.models.feeds import Feed


class Export(models.Model):
    """One document on its way to one system; a pair of system and key stands here once.

    While it is locked nobody else exports it: either it stands in a `file` that somebody took, or
    it is being handed over (no file) and `next_try_at` says when that counts as cut off.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        LOCKED = "locked"
        HANDED_OVER = "handed_over"  # taken by the far side, its number is still to come
        ACCEPTED = "accepted"
        REJECTED = "rejected"
        CANCELLED = "cancelled"

    feed = models.ForeignKey(Feed, on_delete=models.PROTECT, related_name="exports")
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in ExportKind])
    key = models.CharField(max_length=120)
    refers_to = models.CharField(max_length=120, blank=True)  # key of what it takes back or completes
    number = models.CharField(max_length=60)
    document = models.JSONField()  # an ExportDocument in plain form
    action_id = models.UUIDField(null=True)
    state = models.CharField(max_length=11, choices=State.choices, default=State.QUEUED)
    simulated = models.BooleanField(default=False)
    lock_token = models.UUIDField(null=True)
    locked_at = models.DateTimeField(null=True)
    locked_by = models.CharField(max_length=160, blank=True)
    file = models.CharField(max_length=300, blank=True)  # in the distributor's own storage
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)  # None: not tried again unless a person says so
    last_error = models.CharField(max_length=500, blank=True)
    acknowledged_number = models.CharField(max_length=120, blank=True)
    reason = models.CharField(max_length=500, blank=True)  # why it was rejected or cancelled
    words = models.JSONField(default=dict)  # what reason and last error were made of, by name
    acknowledged_by = models.CharField(max_length=160, blank=True)
    acknowledged_at = models.DateTimeField(null=True)
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["feed", "key"], name="export_once"),
            models.CheckConstraint(
                condition=~Q(state="locked") | Q(lock_token__isnull=False, locked_at__isnull=False),
                name="export_locked_by",
            ),
        ]
        indexes = [
            models.Index(fields=["updated_at", "id"], name="export_changes"),  # the API's cursor
            models.Index(fields=["key"], name="export_by_key"),
            models.Index(fields=["action_id"], name="export_of_action", condition=Q(action_id__isnull=False)),
            models.Index(
                fields=["next_try_at"],
                name="export_due",  # the sweeper
                condition=Q(state__in=["queued", "locked"]),
            ),
            models.Index(fields=["lock_token"], name="export_lock", condition=Q(lock_token__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number} to {self.feed_id}"

    @property
    def can_be_retried(self) -> bool:
        """Whether it was rejected, or given up while nobody holds it as a file."""
        given_up = self.state in ("queued", "locked") and not self.file and self.next_try_at is None
        return self.state == "rejected" or given_up
