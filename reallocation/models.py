"""Transfers on their way: what left, what arrived, with which papers."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Transfer(models.Model):
    """One load from one location to another; exactly one for each executed action."""

    class State(models.TextChoices):
        DISPATCHED = "dispatched"
        RECEIVED = "received"
        RECALLED = "recalled"

    action_id = models.UUIDField(unique=True)
    action_number = models.PositiveIntegerField()
    recommendation_id = models.CharField(max_length=40)
    source = models.CharField(max_length=40)
    source_name = models.CharField(max_length=200)
    destination = models.CharField(max_length=40)
    destination_name = models.CharField(max_length=200)
    source_territory = models.CharField(max_length=40)
    target_territory = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DISPATCHED)
    distance_km = models.PositiveIntegerField()
    cost_paise = models.BigIntegerField()
    expected_revenue_paise = models.BigIntegerField()
    net_paise = models.BigIntegerField()
    documents = models.JSONField(default=list)  # PaperRefs in plain form
    dispatched_at = models.DateTimeField()
    due_date = models.DateField()
    received_at = models.DateTimeField(null=True)
    received_by = models.CharField(max_length=160, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "due_date"], name="transfer_due")]  # overdue receipts

    def __str__(self) -> str:
        return f"{self.source} > {self.destination}"


class TransferLine(models.Model):
    """One batch on a transfer: all that was sent is received, damaged, short, or still on its way."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    batch = models.CharField(max_length=60)
    expiry_date = models.DateField(null=True)
    case_pack = models.PositiveIntegerField(default=1)
    sent = models.BigIntegerField()
    received = models.BigIntegerField(default=0)
    damaged = models.BigIntegerField(default=0)
    short = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "sku", "batch"], name="transfer_line_once"),
            models.CheckConstraint(
                condition=Q(sent__gt=0, received__gte=0, damaged__gte=0, short__gte=0)
                & Q(sent__gte=F("received") + F("damaged") + F("short")),
                name="transfer_line_adds_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku}/{self.batch}: {self.sent}"
