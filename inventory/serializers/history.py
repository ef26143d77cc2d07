"""Shapes of a SKU's history at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.selectors.sku import SkuDetail
from vyapar.kernel.money import rupees


class SkuWeekOut(serializers.Serializer[Any]):
    """One week of a SKU in a territory."""

    weekStarts = serializers.DateField()
    quantity = serializers.IntegerField(help_text="pieces sold, net of returns")
    revenue = serializers.CharField(help_text="rupees with GST, decimal string")
    stockOutDays = serializers.IntegerField(min_value=0, max_value=7)


class SkuPlaceHistory(serializers.Serializer[Any]):
    """A SKU's history in one territory."""

    territory = serializers.CharField()
    stockOutDays = serializers.IntegerField(
        min_value=0, help_text="days of these weeks without stock, whose demand is not known and not zero"
    )
    stockOutDates = serializers.ListField(child=serializers.DateField())
    weeks = SkuWeekOut(many=True)


class SkuHistoryOut(serializers.Serializer[Any]):
    """A SKU's last 52 weeks, by territory."""

    sku = serializers.CharField()
    results = SkuPlaceHistory(many=True)


def history_out(detail: SkuDetail) -> dict[str, Any]:
    """The outside form of a SKU's history."""
    return {
        "sku": detail.sku,
        "results": [
            {
                "territory": territory,
                "stockOutDays": len(detail.stock_outs.get(territory, ())),
                "stockOutDates": list(detail.stock_outs.get(territory, ())),
                "weeks": [
                    {
                        "weekStarts": week.starts,
                        "quantity": week.pieces,
                        "revenue": rupees(week.paise),
                        "stockOutDays": week.days_out,
                    }
                    for week in detail.history.get(territory, ())
                ],
            }
            for territory in sorted(detail.history.keys() | detail.stock_outs.keys())
        ],
    }
