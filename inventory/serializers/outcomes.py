"""Shapes of money at the API: sums by any cut, outcomes, and every lot of a SKU weighed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework import serializers

from inventory.impact.calibration import Band
from inventory.models import LearntFactor, ReplayReport
from inventory.selectors.impact import ExpiringWeek, Impact
from inventory.selectors.months import Month
from inventory.selectors.outcomes import Outcome
from inventory.selectors.ways import WeighedLot
from vyapar.dashboard.templatetags.words import way_note
from vyapar.engine.wire import camel
from vyapar.kernel.money import rupees


class ImpactSums(serializers.Serializer[Any]):
    """Sums of items with stock; money as decimal strings of rupees."""

    items = serializers.IntegerField()
    pieces = serializers.IntegerField()
    value = serializers.CharField(help_text="at cost")
    atRiskPieces = serializers.IntegerField()
    atRisk = serializers.CharField(help_text="at cost")
    loss = serializers.CharField(help_text="what doing nothing costs")
    expired = serializers.CharField(help_text="at cost, expired and still there")
    writtenOff = serializers.CharField(help_text="at cost, on the day")


class ImpactRow(ImpactSums):
    """Sums of one combination of the cuts."""

    keys = serializers.DictField(help_text="value of each cut; ages are first days of their bands")


class ExpiringWeekOut(serializers.Serializer[Any]):
    """What is expected to expire unsold in a week if nothing is done."""

    starts = serializers.DateField()
    batches = serializers.IntegerField()
    pieces = serializers.FloatField()
    loss = serializers.CharField()
    avoidable = serializers.CharField(help_text="what the best ways out would bring over holding")


class ImpactOut(serializers.Serializer[Any]):
    """Sums of a day by some cuts, their total, and the losses still to come."""

    day = serializers.DateField()
    by = serializers.ListField(child=serializers.CharField())
    results = ImpactRow(many=True)
    total = ImpactSums()
    expiring = ExpiringWeekOut(many=True)


class ReliabilityBand(serializers.Serializer[Any]):
    """Predictions of like chance, and how often they came true."""

    low = serializers.FloatField()
    high = serializers.FloatField()
    count = serializers.IntegerField()
    expected = serializers.FloatField()
    happened = serializers.FloatField()


class OutcomeOut(serializers.Serializer[Any]):
    """One kind of prediction set against what happened."""

    kind = serializers.CharField()
    group = serializers.CharField(allow_blank=True, help_text="way out, horizon in days, or demand pattern")
    agent = serializers.CharField()
    waiting = serializers.IntegerField(help_text="not due yet")
    settled = serializers.IntegerField()
    disturbed = serializers.IntegerField(help_text="somebody acted: left out of what follows")
    expected = serializers.FloatField()
    happened = serializers.FloatField()
    brier = serializers.FloatField(allow_null=True)
    gap = serializers.FloatField(allow_null=True)
    standardErrors = serializers.FloatField(allow_null=True, help_text="the gap in standard errors")
    within = serializers.FloatField(allow_null=True, help_text="share within the 80 % interval")
    predicted = serializers.CharField()
    realised = serializers.CharField()
    factor = serializers.FloatField(
        allow_null=True, help_text="rupees that came by rupees told, costs by their size, drawn towards 1"
    )
    signsDiffer = serializers.BooleanField(help_text="a gain became a cost or the other way: no factor")
    reliability = ReliabilityBand(many=True)


class LearntFactorOut(serializers.Serializer[Any]):
    """A correction that experience asks for."""

    name = serializers.CharField()
    version = serializers.IntegerField()
    before = serializers.FloatField(help_text="the factor that this one took the place of; 1 at first")
    factor = serializers.FloatField(help_text="1 changes nothing")
    seen = serializers.IntegerField()
    predicted = serializers.FloatField()
    happened = serializers.FloatField()
    learntAt = serializers.DateTimeField()


class OutcomeMonthOut(serializers.Serializer[Any]):
    """One kind of prediction in the month in which it was settled; what somebody disturbed is left out."""

    kind = serializers.CharField()
    group = serializers.CharField(allow_blank=True)
    agent = serializers.CharField()
    month = serializers.CharField(help_text="such as 2026-11")
    settled = serializers.IntegerField()
    expected = serializers.FloatField(help_text="sum of chances, or of pieces")
    happened = serializers.FloatField()
    brier = serializers.FloatField(allow_null=True)
    gap = serializers.FloatField(allow_null=True, help_text="share by which it happened more often than told")
    within = serializers.FloatField(allow_null=True, help_text="share of pieces within the 80 % interval")
    predicted = serializers.CharField()
    realised = serializers.CharField()
    reliability = ReliabilityBand(many=True)


class DayReplayOut(serializers.Serializer[Any]):
    """A report of what would have been flagged on a past day."""

    id = serializers.UUIDField()
    day = serializers.DateField()
    until = serializers.DateField()
    madeAt = serializers.DateTimeField()
    figures = serializers.JSONField()


class OutcomesOut(serializers.Serializer[Any]):
    """Predictions against what happened, what was learnt, and replays."""

    results = OutcomeOut(many=True)
    months = OutcomeMonthOut(many=True)
    learnt = LearntFactorOut(many=True)
    learning = serializers.BooleanField(help_text="whether what was learnt is applied")
    replays = DayReplayOut(many=True)


class WeighedLotsOut(serializers.Serializer[Any]):
    """Lots of a SKU that need a way out; money as decimal strings of rupees."""

    results = serializers.JSONField()


def _money(sums: Mapping[str, int]) -> dict[str, Any]:
    return {
        camel(name.removesuffix("_paise")): rupees(n) if name.endswith("_paise") else n
        for name, n in sums.items()
    }


def impact_out(found: Impact, expiring: list[ExpiringWeek]) -> dict[str, Any]:
    """The outside form of a day's sums."""
    return {
        "day": found.day,
        "by": list(found.by),
        "results": [{"keys": cell.keys, **_money(cell.sums)} for cell in found.cells],
        "total": _money(found.total),
        "expiring": [
            {
                "starts": week.starts,
                "batches": week.batches,
                "pieces": week.pieces,
                "loss": rupees(week.loss_paise),
                "avoidable": rupees(week.avoidable_paise),
            }
            for week in expiring
        ],
    }


def outcome_out(found: Outcome) -> dict[str, Any]:
    """The outside form of an outcome."""
    plain = ("kind", "group", "agent", "waiting", "settled", "disturbed", "expected", "happened", "brier",
             "gap", "within")  # fmt: skip
    return {name: getattr(found, name) for name in plain} | {
        "standardErrors": found.errors,
        "predicted": rupees(found.predicted_paise),
        "realised": rupees(found.realised_paise),
        "factor": None if found.factor_bp is None else found.factor_bp / 10_000,
        "signsDiffer": found.signs_differ,
        "reliability": _bands(found.bands),
    }


def month_out(found: Month) -> dict[str, Any]:
    """The outside form of a month of one kind of prediction."""
    plain = ("kind", "group", "agent", "settled", "expected", "happened", "brier", "gap", "within")
    return {name: getattr(found, name) for name in plain} | {
        "month": f"{found.month:%Y-%m}",
        "predicted": rupees(found.predicted_paise),
        "realised": rupees(found.realised_paise),
        "reliability": _bands(found.bands),
    }


def _bands(bands: Iterable[Band]) -> list[dict[str, Any]]:
    names = ("low", "high", "count", "expected", "happened")
    return [{name: getattr(band, name) for name in names} for band in bands]


def factor_out(row: LearntFactor, before_bp: int) -> dict[str, Any]:
    """The outside form of a factor, with the one it took the place of."""
    same = {name: getattr(row, name) for name in ("name", "version", "seen", "predicted", "happened")}
    return same | {
        "before": before_bp / 10_000,
        "factor": row.factor_bp / 10_000,
        "learntAt": row.learnt_at,
    }


def replay_out(row: ReplayReport) -> dict[str, Any]:
    """The outside form of a replay; its rupees stay in paise under their own names."""
    same = {name: getattr(row, name) for name in ("id", "day", "until", "figures")}
    return same | {"madeAt": row.made_at}


def lot_out(lot: WeighedLot) -> dict[str, Any]:
    """The outside form of a weighed lot."""
    return {
        "batch": lot.batch,
        "location": lot.location,
        "territory": lot.territory,
        "pieces": lot.pieces,
        "expiryDate": lot.expiry_date,
        "ways": [
            {
                "name": way.name, "available": way.available, "net": rupees(way.net_paise),
                "low": rupees(way.low_paise), "high": rupees(way.high_paise),
                "weekOfWaiting": rupees(way.week_paise), "lastDay": way.last_day, "note": way_note(way.note),
                "components": {camel(name): rupees(n) for name, n in way.components.items()},
            }
            for way in lot.ways
        ],
        "ladder": [
            {"discountPercentage": rung.discount_bp / 100, "sold": rung.sold, "net": rupees(rung.net_paise),
             "best": rung.is_best}
            for rung in lot.ladder
        ],
        "split": [
            {"name": share.name, "pieces": share.pieces, "net": rupees(share.net_paise),
             "territory": lot.destinations[share.lane] if share.name == "transfer" else lot.territory}
            for share in lot.split
        ],
        "splitNet": rupees(lot.split_paise),
    }  # fmt: skip
