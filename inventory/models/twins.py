"""Outlets and SKUs that may be one: pairs, what merging moved, and when somebody looked for them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least

from inventory.contracts.feeds import RecordKind
from inventory.contracts.twins import KINDS


class Twins(models.Model):
    """Two outlets or two SKUs that may be one; merged only when a person says so.

    While it is merged, the code `other` is another name of `kept`: feeds that name it land there.
    """

    class State(models.TextChoices):
        OFFERED = "offered"
        MERGED = "merged"
        KEPT_APART = "kept_apart"

    kind = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in RecordKind])
    kept = models.CharField(max_length=60)  # code of the one that stays, or is proposed to
    other = models.CharField(max_length=60)
    likeness = models.FloatField()  # 0 to 1
    reasons = models.JSONField(default=list)  # [{code, value}], strongest first
    certain = models.BooleanField(default=False)  # may be merged with others in one go
    state = models.CharField(max_length=10, choices=State.choices, default=State.OFFERED)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_by_name = models.CharField(max_length=160, blank=True)
    decided_at = models.DateTimeField(null=True)
    moved = models.JSONField(default=dict)  # what merging moved, by what it is
    found_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "twins"
        constraints = [
            models.UniqueConstraint(
                "kind", Least(F("kept"), F("other")), Greatest(F("kept"), F("other")), name="twins_pair_once"
            ),
            # a name means one thing; and what landing asks
            models.UniqueConstraint(
                fields=["kind", "other"], condition=Q(state="merged"), name="twins_alias"
            ),
            models.CheckConstraint(condition=Q(kind__in=[one.value for one in KINDS]), name="twins_kind"),
            models.CheckConstraint(condition=~Q(kept=F("other")), name="twins_are_two"),
        ]
        indexes = [models.Index(fields=["state", "kind", "-likeness"], name="twins_to_decide")]  # the page

    def __str__(self) -> str:
        return f"{self.kept} ~ {self.other}"


class TwinsChange(models.Model):
    """One row that merging changed, or that came by the other's name since, as it was: to take apart."""

    twins = models.ForeignKey(Twins, on_delete=models.CASCADE, related_name="changes", db_index=False)
    table = models.CharField(max_length=63)
    key = models.JSONField()  # list of what the row is known by in its table
    before = models.JSONField()  # columns as they were; of a row that is gone, all of them
    gone = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["twins", "table"], name="twins_change_of")]  # taking apart

    def __str__(self) -> str:
        return f"{self.table} {self.key}"


class TwinsLook(models.Model):
    """One look for twins: at how much, and how many pairs it offered anew."""

    at = models.DateTimeField()
    outlets = models.PositiveIntegerField()
    skus = models.PositiveIntegerField()
    offered = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["-at"], name="twins_look_latest")]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}: {self.offered}"
