"""What was predicted, what came of it and what was learnt; claims; sums of each day; reports of replays."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from inventory.contracts.outcomes import ClaimState, Factor, Missing, Predicted, SendingState, Stay
from vyapar.engine.asked import Asked


class Prediction(models.Model):
    """One prediction, made on a day about a day to come, and what happened once it has."""

    kind = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Predicted])
    subject = models.CharField(max_length=200)  # batch:<sku>/<number>@<location>, item:<sku>@<territory>…
    agent = models.CharField(max_length=40)
    group = models.CharField(max_length=40, blank=True)  # way out, horizon or demand pattern
    made_on = models.DateField()
    due_on = models.DateField()  # the last day that counts
    flagged = models.BooleanField(default=False)  # whether an agent called it a problem
    probability = models.FloatField(null=True)
    expected = models.FloatField(null=True)  # pieces
    low = models.FloatField(null=True)  # 10th and 90th percentile of the pieces
    high = models.FloatField(null=True)
    pieces = models.BigIntegerField(default=0)  # that it is about
    paise = models.BigIntegerField(default=0)  # net, or loss, that was predicted
    sku = models.ForeignKey("inventory.Sku", null=True, on_delete=models.CASCADE, db_index=False)
    territory = models.ForeignKey("inventory.Territory", null=True, on_delete=models.CASCADE, db_index=False)
    position = models.ForeignKey("inventory.Position", null=True, on_delete=models.CASCADE, db_index=False)
    action_id = models.UUIDField(null=True)
    settled_on = models.DateField(null=True)
    disturbed = models.BooleanField(default=False)  # something else than sales moved the stock
    happened = models.FloatField(null=True)  # 1 or 0 of an event, pieces of a quantity
    realised_paise = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "agent", "subject", "group", "due_on"], name="prediction_once"
            ),
            models.CheckConstraint(condition=Q(due_on__gte=models.F("made_on")), name="prediction_ahead"),
        ]
        indexes = [
            # what is due
            models.Index(fields=["due_on"], name="prediction_open", condition=Q(settled_on__isnull=True)),
            models.Index(fields=["kind", "-settled_on"], name="prediction_settled"),  # calibration
            models.Index(fields=["kind", "made_on"], name="prediction_made"),  # drift
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} by {self.due_on}"


class LearntFactor(models.Model):
    """A correction that experience asks for; the newest of a name is in force, none is changed."""

    name = models.CharField(max_length=16, choices=[(one.value, one.value) for one in Factor])
    version = models.PositiveIntegerField()
    factor_bp = models.PositiveIntegerField()  # 10,000 changes nothing
    seen = models.PositiveIntegerField()  # outcomes it rests on
    predicted = models.FloatField()  # what they should have come to, and what they did
    happened = models.FloatField()
    learnt_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="learnt_factor_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.version}: {self.factor_bp / 10_000:.3f}"


class Claim(models.Model):
    """What a company was asked to credit for pieces of one batch at one place, and what it answered.

    A claim alone moves no stock: its pieces stand in the ledger until they are sent or written off.
    """

    brand = models.ForeignKey("inventory.Brand", on_delete=models.PROTECT, related_name="claims")
    batch = models.ForeignKey("inventory.Batch", on_delete=models.PROTECT, related_name="claims")
    location = models.ForeignKey(
        "inventory.Location", on_delete=models.PROTECT, related_name="claims", db_index=False
    )
    reference = models.CharField(max_length=60)  # the number under which it was filed
    pieces = models.BigIntegerField()
    amount_paise = models.BigIntegerField()  # asked for, without GST
    filed_on = models.DateField()
    filed_by = models.CharField(max_length=160)
    filed_at = models.DateTimeField()
    state = models.CharField(
        max_length=10, choices=[(one.value, one.value) for one in ClaimState], default=ClaimState.OPEN.value
    )
    credited_paise = models.BigIntegerField(null=True)  # None until it is answered
    answered_on = models.DateField(null=True)
    answered_by = models.CharField(max_length=160, blank=True)
    credit_note = models.CharField(max_length=60, blank=True)  # the company's number
    note = models.CharField(max_length=300, blank=True)
    #: Pieces that the company is not asked to credit any more: lost on the road, come home, or released.
    void = models.BigIntegerField(default=0, db_default=0)
    #: What has become of pieces that never left, how many they are, by whom it was told and why.
    stay = models.CharField(
        max_length=12, blank=True, choices=[(one.value, one.value) for one in Stay],
        default="", db_default="",
    )  # fmt: skip
    stayed = models.BigIntegerField(default=0, db_default=0)
    stayed_at = models.DateTimeField(null=True)
    stayed_by = models.CharField(max_length=160, blank=True, default="", db_default="")
    stay_reason = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pieces__gt=0, amount_paise__gt=0), name="claim_of_something"),
            models.CheckConstraint(condition=Q(void__gte=0, void__lte=models.F("pieces")), name="claim_void"),
            models.CheckConstraint(
                condition=Q(stay="", stayed=0)
                | (~Q(stay="") & Q(stayed__gt=0, stayed__lte=models.F("pieces"), stayed_at__isnull=False)),
                name="claim_stayed",
            ),
            models.CheckConstraint(
                condition=Q(credited_paise__isnull=True)
                | Q(credited_paise__gte=0, credited_paise__lte=models.F("amount_paise")),
                name="claim_credited",
            ),
            models.CheckConstraint(
                condition=Q(answered_on__isnull=True) | Q(answered_on__gte=models.F("filed_on")),
                name="claim_answered_after",
            ),
        ]
        indexes = [
            models.Index(fields=["-filed_on", "-filed_at"], name="claim_latest"),  # the list
            models.Index(fields=["location", "batch"], name="claim_by_place"),  # what is claimed already
        ]

    def __str__(self) -> str:
        return f"{self.reference}: {self.pieces}"

    @property
    def due_pieces(self) -> int:
        """Pieces that the company can still be asked to credit."""
        return self.pieces - self.void

    @property
    def due_paise(self) -> int:
        """What was asked for them: their share of the claim, rounded down."""
        return self.amount_paise * self.due_pieces // self.pieces


class ClaimSending(models.Model):
    """Goods of a claim that left for the company with papers of their own; all of a claim leave at once or in
    parts, and never come to more than was claimed: the claim's row is locked while they are counted."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="sendings")
    key = models.CharField(max_length=60, unique=True)  # under which its papers were issued
    pieces = models.BigIntegerField()
    route = models.CharField(max_length=24)  # as `vyapar.law.itc.RETURN_ROUTES`
    company = models.JSONField()  # the party on the paper: see `vyapar.kernel.facts.Party`
    papers = models.JSONField(default=list)
    sent_at = models.DateTimeField()
    sent_by = models.CharField(max_length=160)
    state = models.CharField(
        max_length=12,
        choices=[(one.value, one.value) for one in SendingState],
        default=SendingState.SENT.value,
    )
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=160, blank=True)
    reason = models.CharField(max_length=300, blank=True)  # why they came back or were destroyed
    credited = models.JSONField(null=True)  # our credit note over the invoice, where one was issued
    received = models.BigIntegerField(null=True)  # pieces the company has in order, once it said so
    damaged = models.BigIntegerField(default=0, db_default=0)  # pieces that came to it spoilt
    #: What has become of those it has not in order, and our credit note over them.
    missing = models.CharField(
        max_length=12, blank=True, choices=[(one.value, one.value) for one in Missing],
        default="", db_default="",
    )  # fmt: skip
    missing_credited = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(pieces__gt=0), name="sending_of_something"),
            models.CheckConstraint(
                condition=Q(state=SendingState.SENT.value, ended_at__isnull=True)
                | (~Q(state=SendingState.SENT.value) & Q(ended_at__isnull=False)),
                name="sending_ended",
            ),
            models.CheckConstraint(
                condition=Q(received__isnull=True, damaged=0, missing="")
                | Q(received=models.F("pieces"), damaged=0, missing="")
                | (
                    Q(received__gte=0, received__lt=models.F("pieces"), damaged__gte=0)
                    & Q(damaged__lte=models.F("pieces") - models.F("received"))
                    & ~Q(missing="")
                ),
                name="sending_received",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.pieces} {self.state}"

    @property
    def short(self) -> int:
        """Pieces that the company says it has not in order; 0 until it has said what it has."""
        return 0 if self.received is None else self.pieces - self.received


class NoteReversal(models.Model):
    """Input tax credit that a company's GST credit note over a claim takes back (s.34(2) CGST Act), in paise
    by head of tax. Append-only: another answer appends the same below 0, and what stands now."""

    claim = models.ForeignKey(Claim, on_delete=models.PROTECT, related_name="note_reversals")
    booked_at = models.DateTimeField()  # by it goes the month of the return
    booked_by = models.CharField(max_length=160)
    note = models.CharField(max_length=60, blank=True)  # the company's number, and its day
    noted_on = models.DateField(null=True)
    gstin = models.CharField(max_length=15)  # ours, and the company's as on the paper
    company = models.CharField(max_length=200)
    company_gstin = models.CharField(max_length=15)
    credited_paise = models.BigIntegerField()
    igst_paise = models.BigIntegerField(default=0)
    cgst_paise = models.BigIntegerField(default=0)
    sgst_paise = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["booked_at"], name="note_reversal_by_day")]  # a month's report

    def __str__(self) -> str:
        return f"{self.note}: {self.tax_paise}"

    @property
    def tax_paise(self) -> int:
        """All heads together."""
        return self.igst_paise + self.cgst_paise + self.sgst_paise


class ImpactDaily(models.Model):
    """Sums of all items with stock as scored on a day, in the finest cut that is kept. Money in paise."""

    day = models.DateField()
    territory = models.CharField(max_length=40)  # codes and names as they were
    category = models.CharField(max_length=120)
    brand = models.CharField(max_length=120)
    age = models.PositiveSmallIntegerField()  # number of the age band
    cause = models.CharField(max_length=40, blank=True)
    status = models.CharField(max_length=12)
    items = models.PositiveIntegerField()
    pieces = models.BigIntegerField()
    value_paise = models.BigIntegerField()
    at_risk_pieces = models.BigIntegerField()
    at_risk_paise = models.BigIntegerField()
    loss_paise = models.BigIntegerField()  # what doing nothing costs
    expired_paise = models.BigIntegerField()  # at cost, of what has expired and still stands here
    written_off_paise = models.BigIntegerField()  # at cost, of what was written off on the day
    kept_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "territory", "category", "brand", "age", "cause", "status"],
                name="impact_daily_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.territory} {self.category}"


class ReplayReport(Asked):
    """What would have been flagged on a past day and what became of it, as a file in our storage."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    day = models.DateField()
    until = models.DateField()  # last day of what became of it
    made_at = models.DateTimeField()
    figures = models.JSONField(default=dict)  # precision, recall, rupees
    folder = models.CharField(max_length=120)  # holds report.html and rows.csv; empty until they are there

    class Meta:
        indexes = [models.Index(fields=["-made_at"], name="replay_latest")]

    def __str__(self) -> str:
        return f"{self.day} until {self.until}"
