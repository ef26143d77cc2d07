"""Endpoints outside, the events on their way to each, and every attempt to tell them."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from vyapar.engine.models import Event


class Endpoint(models.Model):
    """An address outside that is told of events, and the secrets its messages are signed with."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.CharField(max_length=500)
    description = models.CharField(max_length=200, blank=True)
    events = models.JSONField(default=list)  # names, or "*" for all of them
    active = models.BooleanField(default=True)
    secret = models.CharField(max_length=100)
    previous_secret = models.CharField(max_length=100, blank=True)
    previous_until = models.DateTimeField(null=True)  # both secrets sign until then
    failing_since = models.DateTimeField(null=True)  # first failure after the last success
    disabled_at = models.DateTimeField(null=True)  # by the house, not by a person
    disabled_reason = models.CharField(max_length=300, blank=True)
    words = models.JSONField(default=list)  # what that reason was made of, to be said in any language
    claimed_until = models.DateTimeField(null=True)  # a worker is telling it, event by event
    created_by = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True)  # its log stays

    class Meta:
        indexes = [models.Index(fields=["active"], name="endpoint_active", condition=Q(active=True))]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint; exactly one row for each pair. Pings have no event."""

    class State(models.TextChoices):
        PENDING = "pending"
        DELIVERED = "delivered"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries")
    event = models.ForeignKey(Event, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)  # of the latest attempt; None: no answer
    error = models.CharField(max_length=300, blank=True)
    words = models.JSONField(default=list)  # what the error was made of, to be said in any language
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="webhook_once")]
        indexes = [
            # the next ones of an endpoint, in the order of events
            models.Index(fields=["endpoint", "event"], name="webhook_waiting", condition=Q(state="pending")),
            models.Index(fields=["next_try_at"], name="webhook_due", condition=Q(state="pending")),
            models.Index(fields=["endpoint", "-created_at"], name="webhook_log"),
        ]

    def __str__(self) -> str:
        return f"{self.name} to {self.endpoint_id}"


class WebhookAttempt(models.Model):
    """One call: what came back, how long it took, and when the next one follows. Append-only by use."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log")
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    duration_ms = models.PositiveIntegerField()
    response_head = models.CharField(max_length=600, blank=True)  # headers of note and the body's start
    error = models.CharField(max_length=300, blank=True)
    words = models.JSONField(default=list)  # what the error was made of, to be said in any language
    next_try_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["delivery", "id"], name="webhook_attempts_of")]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}: {self.status or self.error}"
