"""Papers with their numbers, frozen; findings as they were raised; reports a worker prints."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from vyapar.engine.asked import Asked


class Series(models.Model):
    """The running number of one kind of paper, per GSTIN and financial year; gapless by a row lock."""

    gstin = models.CharField(max_length=15)
    kind = models.CharField(max_length=20)
    financial_year = models.CharField(max_length=7)
    prefix = models.CharField(max_length=11)
    last_sequence = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            models.UniqueConstraint(fields=["gstin", "kind", "financial_year"], name="series_once")
        ]

    def __str__(self) -> str:
        return f"{self.prefix} ({self.last_sequence})"


class Paper(models.Model):
    """An issued document. Its data never changes; only cancellation and the e-way number are added."""

    class State(models.TextChoices):
        ISSUED = "issued"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    series = models.ForeignKey(Series, on_delete=models.PROTECT, related_name="papers")
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=16)
    kind = models.CharField(max_length=20)
    gstin = models.CharField(max_length=15)
    financial_year = models.CharField(max_length=7)
    document_date = models.DateField()
    party = models.CharField(max_length=200)
    party_gstin = models.CharField(max_length=15, blank=True)
    taxable_paise = models.BigIntegerField()
    tax_paise = models.BigIntegerField()
    total_paise = models.BigIntegerField()
    data = models.JSONField()  # the frozen Document
    sha256 = models.CharField(max_length=64)
    key = models.CharField(max_length=120)  # the movement it was issued for
    action_id = models.UUIDField(null=True)
    eway_needed = models.BooleanField(default=False)
    eway_number = models.CharField(max_length=12, blank=True)
    simulated = models.BooleanField(default=False)
    rule_version = models.CharField(max_length=40)
    state = models.CharField(max_length=9, choices=State.choices, default=State.ISSUED)
    issued_at = models.DateTimeField()
    issued_by = models.CharField(max_length=80)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.CharField(max_length=80, blank=True)
    cancelled_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["series", "sequence"], name="paper_number_once"),
            models.UniqueConstraint(fields=["key", "kind"], name="paper_of_movement_once"),
            models.CheckConstraint(
                condition=Q(state="issued", cancelled_at__isnull=True)
                | Q(state="cancelled", cancelled_at__isnull=False),
                name="paper_cancelled_when",
            ),
        ]
        indexes = [models.Index(fields=["document_date", "gstin"], name="paper_by_date")]  # period report

    def __str__(self) -> str:
        return self.number


class RaisedFinding(models.Model):
    """What a rule objected to, on which action, and when."""

    at = models.DateTimeField()
    action_id = models.UUIDField(null=True)
    action_number = models.PositiveIntegerField(null=True)
    subject = models.CharField(max_length=200)
    code = models.CharField(max_length=16)
    severity = models.CharField(max_length=8)
    message = models.TextField()
    basis = models.CharField(max_length=200, blank=True)
    fix = models.TextField(blank=True)
    facts = models.JSONField(default=dict)
    words = models.JSONField(default=dict)  # what message and fix were made of, by name
    rule_version = models.CharField(max_length=40)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="finding_latest")]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}"


class ReportFile(Asked):
    """A period report that was asked for, and its file once printed; one at a time per month and language."""

    class State(models.TextChoices):
        WAITING = "waiting"
        READY = "ready"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    period = models.CharField(max_length=7)  # YYYY-MM
    language = models.CharField(max_length=8, default="en")  # of the reader who asked
    state = models.CharField(max_length=7, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=80)
    ready_at = models.DateTimeField(null=True)
    file = models.CharField(max_length=120, blank=True)  # name in the distributor's storage
    bytes = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["period", "language"], condition=Q(state="waiting"), name="report_being_printed_once"
            )
        ]
        indexes = [models.Index(fields=["-asked_at"], name="report_latest")]

    def __str__(self) -> str:
        return f"{self.period} {self.state}"
