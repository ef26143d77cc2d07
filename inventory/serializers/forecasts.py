"""Shapes of forecasts and of what people changed of them, at the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from inventory.contracts.forecasts import LEVELS
from inventory.selectors.festivals import Known
from inventory.selectors.forecasts import Ahead
from inventory.selectors.overrides import OverrideRow


class ForecastStep(serializers.Serializer[Any]):
    """One week or day ahead: what is expected, and what demand stays within."""

    starts = serializers.DateField()
    days = serializers.IntegerField()
    mean = serializers.FloatField(help_text="pieces, overrides laid over")
    baseline = serializers.FloatField(help_text="pieces, without overrides")
    p10 = serializers.IntegerField()
    p50 = serializers.IntegerField()
    p90 = serializers.IntegerField()
    cumulativeP10 = serializers.IntegerField(help_text="from the first day to the end of this step")
    cumulativeP90 = serializers.IntegerField()


class ForecastOut(serializers.Serializer[Any]):
    """Demand to come of one SKU in one territory."""

    sku = serializers.CharField()
    territory = serializers.CharField()
    asOf = serializers.DateField()
    pattern = serializers.CharField()
    method = serializers.CharField()
    overridden = serializers.BooleanField()
    steps = ForecastStep(many=True)


class ForecastList(serializers.Serializer[Any]):
    """Forecasts by territory."""

    results = ForecastOut(many=True)


class FestivalKnown(serializers.Serializer[Any]):
    """A festival of the table, and what the training in force found of it."""

    festival = serializers.CharField()
    name = serializers.CharField()
    states = serializers.ListField(
        child=serializers.CharField(), help_text="GST State codes that keep it; none: all"
    )
    basis = serializers.ChoiceField(("fixed", "solar", "lunar", "estimated"))
    leadDays = serializers.IntegerField(help_text="days of trade before the main day")
    nextDay = serializers.DateField(allow_null=True)
    stands = serializers.BooleanField(help_text="whether forecasts reckon with it")
    seen = serializers.IntegerField(help_text="how often it lay in the history")
    factors = serializers.DictField(
        child=serializers.FloatField(), help_text="by category, demand of a week of its trade over others"
    )


class EffectFound(serializers.Serializer[Any]):
    """Another effect that the training in force looked for."""

    effect = serializers.ChoiceField(("fading", "handover", "price", "evened", "alike", "weekdays"))
    figure = serializers.FloatField(help_text="in the effect's own unit")
    seen = serializers.IntegerField(help_text="how many cases taught it")
    stands = serializers.BooleanField()
    reason = serializers.ChoiceField(("tested", "untested", "lost", "unlikely"))
    gain = serializers.FloatField(help_text="share of the error without it that it saved on weeks held out")


class ForecastEffects(serializers.Serializer[Any]):
    """What moves demand beside its own past."""

    festivals = FestivalKnown(many=True)
    effects = EffectFound(many=True)
    weekdays = serializers.DictField(
        child=serializers.ListField(child=serializers.FloatField()),
        help_text="by territory, share of a week's demand on each day from Monday on; none: all alike",
    )


class OverrideIn(serializers.Serializer[Any]):
    """What is known better than the baseline: a factor of it, or pieces in all."""

    level = serializers.ChoiceField(LEVELS)
    sku = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    category = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    territory = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    fromDate = serializers.DateField()
    toDate = serializers.DateField(help_text="included")
    factor = serializers.FloatField(required=False, allow_null=True, default=None, min_value=0, max_value=20)
    pieces = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=10**12
    )
    reason = serializers.CharField(max_length=300)


class OverrideOut(serializers.Serializer[Any]):
    """An override, and what became of it once its days are over."""

    id = serializers.IntegerField()
    level = serializers.ChoiceField(LEVELS)
    sku = serializers.CharField(allow_blank=True)
    category = serializers.CharField(allow_blank=True)
    territory = serializers.CharField(allow_blank=True)
    fromDate = serializers.DateField()
    toDate = serializers.DateField()
    factor = serializers.FloatField(allow_null=True)
    pieces = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField()
    madeBy = serializers.CharField()
    madeAt = serializers.DateTimeField()
    droppedAt = serializers.DateTimeField(allow_null=True)
    baselinePieces = serializers.FloatField(help_text="expected when it was made, without it")
    adjustedPieces = serializers.FloatField(help_text="and with it")
    actualPieces = serializers.IntegerField(allow_null=True)
    valueAdded = serializers.FloatField(
        allow_null=True, help_text="error it saved, as a share of what was sold; negative: it did harm"
    )


class OverrideList(serializers.Serializer[Any]):
    """Overrides, the newest first."""

    results = OverrideOut(many=True)


def forecast_out(one: Ahead) -> dict[str, Any]:
    """The outside form of a forecast."""
    return {
        "sku": one.sku,
        "territory": one.territory,
        "asOf": one.as_of,
        "pattern": one.pattern,
        "method": one.method,
        "overridden": one.overridden,
        "steps": [
            {
                "starts": step.starts, "days": step.days, "mean": round(step.mean, 4),
                "baseline": round(step.baseline, 4), "p10": step.low, "p50": step.middle,
                "p90": step.high, "cumulativeP10": step.total_low, "cumulativeP90": step.total_high,
            }
            for step in one.steps
        ],
    }  # fmt: skip


def effects_out(festivals: Sequence[Known], effects: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The outside form of what moves demand."""
    others = [one for one in effects if "effect" in one]
    days = next((one for one in others if one["effect"] == "weekdays" and one["stands"]), {})
    names = ("effect", "figure", "seen", "stands", "reason", "gain")
    return {
        "festivals": [_festival_out(one) for one in festivals],
        "effects": [{name: one[name] for name in names} for one in others],
        "weekdays": days.get("shares", {}),
    }


def _festival_out(known: Known) -> dict[str, Any]:
    one, found = known.festival, known.found or {}
    return {
        "festival": one.code, "name": one.name, "states": [f"{code:02d}" for code in sorted(one.states)],
        "basis": one.basis, "leadDays": one.lead_days, "nextDay": known.next_day,
        "stands": bool(found.get("stands")), "seen": found.get("seen", 0),
        "factors": found.get("factors", {}),
    }  # fmt: skip


def override_out(told: OverrideRow) -> dict[str, Any]:
    """The outside form of an override."""
    row = told.row
    return {
        "id": row.pk,
        "level": row.level,
        "sku": row.sku.code if row.sku else "",
        "category": row.category.code if row.category else "",
        "territory": row.territory.code if row.territory else "",
        "fromDate": row.from_date,
        "toDate": row.to_date,
        "factor": row.factor,
        "pieces": row.pieces,
        "reason": row.reason,
        "madeBy": row.actor_ref,
        "madeAt": row.made_at,
        "droppedAt": row.dropped_at,
        "baselinePieces": round(row.baseline_pieces, 3),
        "adjustedPieces": round(row.adjusted_pieces, 3),
        "actualPieces": row.actual_pieces,
        "valueAdded": None if told.value_added is None else round(told.value_added, 4),
    }
