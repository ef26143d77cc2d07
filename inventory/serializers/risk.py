"""Shapes of what is foreseen at the API: chances, causes, last days, stock at outlets, models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from inventory.models import ItemOutlook, OutletStock, PositionOutlook, RiskModel
from inventory.risk.cause import CAUSES
from inventory.serializers.risk_words import (
    cause_label,
    cause_words,
    is_righted,
    method_words,
    reason_words,
)
from vyapar.kernel.money import rupees


class NoSaleChance(serializers.Serializer[Any]):
    """Chance of no sale within so many days, 0 to 1."""

    days30 = serializers.FloatField()
    days60 = serializers.FloatField()
    days90 = serializers.FloatField()


class OutlookReason(serializers.Serializer[Any]):
    """One thing that moves the chance of 90 days: points of a hundred, and the sentence."""

    topic = serializers.CharField()
    points = serializers.FloatField()
    message = serializers.CharField()


class ItemOutlookOut(serializers.Serializer[Any]):
    """One SKU in one territory, as it is foreseen."""

    sku = serializers.CharField()
    territory = serializers.CharField()
    noSale = NoSaleChance()
    method = serializers.CharField(help_text="ensemble, or rule where too little is known to learn from")
    reasons = OutlookReason(many=True)
    matrix = serializers.CharField(help_text="ABC, XYZ and FSN in the territory, as in AXF")
    matrixOverall = serializers.CharField(help_text="of the SKU over all territories")
    valueSharePercentage = serializers.FloatField()
    demandVariation = serializers.FloatField(allow_null=True, help_text="null when nothing was sold")
    overstockQuantity = serializers.IntegerField(help_text="usable pieces beyond the cover, in whole packs")
    overstockPacks = serializers.IntegerField()
    dataGrade = serializers.CharField(allow_blank=True, help_text="of the territory's data; empty: none yet")
    asOf = serializers.DateField()


class ItemOutlookPage(serializers.Serializer[Any]):
    """Items, the highest chance of 90 days first; `nextCursor` is null on the last page."""

    results = ItemOutlookOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class BatchCauseOut(serializers.Serializer[Any]):
    """One batch at one location: why it lies there, what it may cost, until when each way out works."""

    sku = serializers.CharField()
    batch = serializers.CharField()
    location = serializers.CharField()
    territory = serializers.CharField()
    cause = serializers.ChoiceField([(name, name) for name in CAUSES])
    causeLabel = serializers.CharField()
    confidence = serializers.FloatField(help_text="0 to 1")
    secondCause = serializers.ChoiceField(
        [(name, name) for name in CAUSES], allow_blank=True, help_text="what else speaks; empty: nothing"
    )
    message = serializers.CharField()
    evidence = serializers.DictField(child=serializers.FloatField())
    expectedValue = serializers.CharField(help_text="rupees at cost expected unsold at expiry")
    p90Value = serializers.CharField(help_text="rupees not exceeded in nine cases of ten")
    lastClaimDate = serializers.DateField(allow_null=True)
    lastTransferDate = serializers.DateField(allow_null=True)
    lastOfferDate = serializers.DateField(allow_null=True)
    lastDonationDate = serializers.DateField(allow_null=True)
    asOf = serializers.DateField()


class BatchCausePage(serializers.Serializer[Any]):
    """Batches, the most rupees first; `nextCursor` is null on the last page."""

    results = BatchCauseOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class OutletStockOut(serializers.Serializer[Any]):
    """What an outlet bought in and did not order again."""

    retailerId = serializers.CharField()
    name = serializers.CharField()
    territory = serializers.CharField()
    sku = serializers.CharField()
    lastBoughtDate = serializers.DateField()
    orders = serializers.IntegerField()
    intervalDays = serializers.FloatField(help_text="in which it would have ordered again")
    pieces = serializers.IntegerField(help_text="of its last purchase")
    standingProbability = serializers.FloatField(help_text="0 to 1")
    expectedQuantity = serializers.FloatField(help_text="pieces expected to stand there")
    expectedValue = serializers.CharField(help_text="rupees at what it paid")
    noSale = NoSaleChance()
    dataGrade = serializers.CharField(allow_blank=True)
    asOf = serializers.DateField()


class OutletStockPage(serializers.Serializer[Any]):
    """Outlet and SKU, the most rupees first; `nextCursor` is null on the last page."""

    results = OutletStockOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class RiskModelOut(serializers.Serializer[Any]):
    """What was learnt of one level, and how it did on days it had not seen."""

    level = serializers.CharField()
    version = serializers.IntegerField()
    method = serializers.CharField()
    inForce = serializers.BooleanField()
    whyNot = serializers.CharField(allow_blank=True)
    windowFirst = serializers.DateField()
    windowLast = serializers.DateField()
    rows = serializers.IntegerField()
    metrics = serializers.JSONField(help_text="per horizon: the ensemble beside both plain rules")
    reliability = serializers.JSONField(help_text="per horizon: told, happened, rows of each tenth")
    message = serializers.CharField(help_text="what the chance of 90 days rests on")


class RiskModelList(serializers.Serializer[Any]):
    """Models, the newest first."""

    results = RiskModelOut(many=True)


def item_outlook_out(row: ItemOutlook, grades: Mapping[str, str]) -> dict[str, Any]:
    """The outside form of an item's outlook; `grades` by territory."""
    return {
        "sku": row.sku.code,
        "territory": row.territory.code,
        "noSale": _chances(row),
        "method": row.method,
        "reasons": [
            {"topic": one["topic"], "points": one["points"], "message": reason_words(one)}
            for one in row.reasons
        ],
        "matrix": row.matrix,
        "matrixOverall": row.matrix_overall,
        "valueSharePercentage": row.value_share_bp / 100,
        "demandVariation": None if row.demand_cv is None else round(row.demand_cv, 3),
        "overstockQuantity": row.overstock_quantity,
        "overstockPacks": row.overstock_packs,
        "dataGrade": grades.get(row.territory.code, ""),
        "asOf": row.as_of,
    }


def batch_cause_out(row: PositionOutlook) -> dict[str, Any]:
    """The outside form of a batch's cause and last days."""
    position = row.position
    return {
        "sku": position.sku.code,
        "batch": position.batch.number,
        "location": position.location.code,
        "territory": position.location.territory.code,
        "cause": row.cause,
        "causeLabel": cause_label(row.cause),
        "confidence": round(row.confidence, 3),
        "secondCause": row.second,
        "message": cause_words(row.cause, row.evidence, row.behind, row.second),
        "evidence": row.evidence,
        "expectedValue": rupees(row.expected_paise),
        "p90Value": rupees(row.p90_paise),
        "lastClaimDate": row.last_claim_date,
        "lastTransferDate": row.last_transfer_date,
        "lastOfferDate": row.last_offer_date,
        "lastDonationDate": row.last_donation_date,
        "asOf": row.as_of,
    }


def outlet_stock_out(row: OutletStock, grades: Mapping[str, str]) -> dict[str, Any]:
    """The outside form of what may stand at an outlet."""
    return {
        "retailerId": row.retailer.retailer_id,
        "name": row.retailer.name,
        "territory": row.territory.code,
        "sku": row.sku.code,
        "lastBoughtDate": row.last_bought_date,
        "orders": row.orders,
        "intervalDays": round(row.interval_days, 1),
        "pieces": row.pieces,
        "standingProbability": round(row.probability, 4),
        "expectedQuantity": round(row.expected_quantity, 2),
        "expectedValue": rupees(row.expected_paise),
        "noSale": _chances(row),
        "dataGrade": grades.get(row.territory.code, ""),
        "asOf": row.as_of,
    }


def risk_model_out(row: RiskModel) -> dict[str, Any]:
    """The outside form of what was learnt."""
    longest = row.metrics.get("90", {"method": row.method, "reason": ""})
    return {
        "level": row.level,
        "version": row.version,
        "method": row.method,
        "inForce": row.in_force,
        "whyNot": row.why_not,
        "windowFirst": row.window_first,
        "windowLast": row.window_last,
        "rows": row.rows,
        "metrics": row.metrics,
        "reliability": row.reliability,
        "message": method_words(longest["method"], longest["reason"], righted=is_righted(longest)),
    }


def _chances(row: ItemOutlook | OutletStock) -> dict[str, float]:
    return {f"days{days}": round(getattr(row, f"no_sale_{days}"), 4) for days in (30, 60, 90)}
