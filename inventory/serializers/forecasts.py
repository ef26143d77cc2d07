"""Shapes of forecasts and of what people changed of them, at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.contracts.forecasts import LEVELS
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
