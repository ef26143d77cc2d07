"""Shapes of past demand at the API: outliers, and corrections of it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.models import DemandAdjustment, DemandOutlier
from vyapar.kernel.money import rupees


class AdjustmentIn(serializers.Serializer[Any]):
    """What past days count as: pieces in all."""

    sku = serializers.CharField(max_length=60)
    territory = serializers.CharField(
        max_length=60, required=False, allow_blank=True, default="", help_text="none: all of them together"
    )
    fromDate = serializers.DateField()
    toDate = serializers.DateField(help_text="included, before today; at most 92 days in all")
    countsAs = serializers.IntegerField(
        min_value=0, max_value=10**9, help_text="pieces over all the days and territories"
    )
    reason = serializers.CharField(max_length=300)


class AdjustmentOut(serializers.Serializer[Any]):
    """A correction of past demand; what was sold stays as it is."""

    id = serializers.IntegerField()
    sku = serializers.CharField()
    territory = serializers.CharField(allow_blank=True, help_text="empty: all of them together")
    fromDate = serializers.DateField()
    toDate = serializers.DateField()
    soldPieces = serializers.IntegerField(help_text="on these days, when it was made")
    countsAs = serializers.IntegerField()
    reason = serializers.CharField()
    madeBy = serializers.CharField()
    madeAt = serializers.DateTimeField()
    withdrawnAt = serializers.DateTimeField(allow_null=True)
    withdrawnBy = serializers.CharField(allow_blank=True)


class AdjustmentList(serializers.Serializer[Any]):
    """Corrections, the newest first."""

    results = AdjustmentOut(many=True)


def adjustment_out(row: DemandAdjustment) -> dict[str, Any]:
    """The outside form of a correction."""
    return {
        "id": row.pk, "sku": row.sku.code, "territory": row.territory.code if row.territory else "",
        "fromDate": row.from_date, "toDate": row.to_date, "soldPieces": row.sold_pieces,
        "countsAs": row.counts_as, "reason": row.reason, "madeBy": row.actor_ref, "madeAt": row.made_at,
        "withdrawnAt": row.withdrawn_at, "withdrawnBy": row.withdrawn_by,
    }  # fmt: skip


class ExplainedOut(serializers.Serializer[Any]):
    """What explains a part of a week; what did not is left out."""

    festival = serializers.FloatField(required=False, help_text="times what it sells without festivals")
    price = serializers.FloatField(required=False, help_text="times what it sells at its usual price")
    cheaper = serializers.FloatField(required=False, help_text="share below its usual price, 0 to 1")
    offer = serializers.FloatField(required=False, help_text="pieces of own offers on its days")


class OutlierOut(serializers.Serializer[Any]):
    """A week that sold far more than can be explained; what it counts as is for a person to say."""

    sku = serializers.CharField()
    territory = serializers.CharField()
    fromDate = serializers.DateField()
    toDate = serializers.DateField(help_text="included")
    soldPieces = serializers.IntegerField()
    usualPieces = serializers.FloatField(help_text="in such a week, with what is explained")
    addsPieces = serializers.FloatField(help_text="to what is expected of the next 13 weeks")
    adds = serializers.CharField(help_text="the same at cost, rupees")
    explained = ExplainedOut()
    asOf = serializers.DateField(help_text="of the forecast that found it")


class OutlierList(serializers.Serializer[Any]):
    """Outliers, those that add most rupees first."""

    results = OutlierOut(many=True)


def outlier_out(row: DemandOutlier) -> dict[str, Any]:
    """The outside form of an outlier."""
    return {
        "sku": row.sku.code, "territory": row.territory.code, "fromDate": row.from_date,
        "toDate": row.to_date, "soldPieces": row.sold_pieces, "usualPieces": round(row.usual_pieces, 1),
        "addsPieces": round(row.adds_pieces, 1), "adds": rupees(row.adds_paise),
        "explained": row.explained, "asOf": row.as_of,
    }  # fmt: skip
