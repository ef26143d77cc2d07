"""Shapes of stock and sales at the API: the design document's entities under their own names."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from rest_framework import serializers

from inventory.contracts import TradeChannel
from inventory.models import StockItem
from inventory.rules import slow_moving_indicator
from inventory.selectors.items import ItemRow
from inventory.selectors.sales import SaleLine
from vyapar.kernel.calendar import IST
from vyapar.kernel.money import rupees


class InventoryItem(serializers.Serializer[Any]):
    """One SKU in one territory. Days are given as the instant at which they begin in India."""

    sku = serializers.CharField()
    distributorId = serializers.CharField()
    territory = serializers.CharField()
    currentStock = serializers.IntegerField(help_text="pieces")
    reservedStock = serializers.IntegerField(help_text="pieces that open actions hold")
    expiryDate = serializers.DateTimeField(allow_null=True, help_text="nearest of its batches with stock")
    lastMovementDate = serializers.DateTimeField(allow_null=True, help_text="last sale here")
    averageDailySales = serializers.FloatField()
    deadStockScore = serializers.FloatField(help_text="0 to 100")
    status = serializers.ChoiceField(StockItem.Status.choices)
    name = serializers.CharField()
    category = serializers.CharField()
    daysWithoutMovement = serializers.IntegerField()
    coverDays = serializers.FloatField(allow_null=True, help_text="null when nothing is expected to sell")
    slowMovingIndicator = serializers.FloatField(
        allow_null=True, help_text="pieces sold in 28 days over pieces in stock; null without stock"
    )
    valueAtCost = serializers.CharField(help_text="rupees, decimal string")
    atRiskQuantity = serializers.IntegerField()
    atRiskValue = serializers.CharField(help_text="rupees at cost, decimal string")
    scoreParts = serializers.DictField(
        child=serializers.FloatField(), help_text="points of each part; they add up to the score"
    )
    updatedAt = serializers.DateTimeField()


class InventoryPage(serializers.Serializer[Any]):
    """A page of items, changed last last; `nextCursor` is null on the last one."""

    results = InventoryItem(many=True)
    nextCursor = serializers.CharField(allow_null=True)


def item_out(row: ItemRow, distributor_id: str) -> dict[str, Any]:
    """The outside form of a stock item."""
    turn = slow_moving_indicator(row.average_daily_sales, row.current_stock)
    return {
        "sku": row.sku,
        "distributorId": distributor_id,
        "territory": row.territory,
        "currentStock": row.current_stock,
        "reservedStock": row.reserved_stock,
        "expiryDate": _day(row.expiry_date),
        "lastMovementDate": _day(row.last_movement_date),
        "averageDailySales": round(row.average_daily_sales, 4),
        "deadStockScore": round(row.dead_stock_score, 3),
        "status": row.status,
        "name": row.name,
        "category": row.category,
        "daysWithoutMovement": row.days_without_movement,
        "coverDays": None if row.cover_days is None else round(row.cover_days, 1),
        "slowMovingIndicator": None if turn is None else round(turn, 4),
        "valueAtCost": rupees(row.value_paise),
        "atRiskQuantity": row.at_risk_quantity,
        "atRiskValue": rupees(row.at_risk_paise),
        "scoreParts": row.score_parts,
        "updatedAt": row.updated_at,
    }


class FaultOut(serializers.Serializer[Any]):
    """What is wrong with one field of one row; rows count from 1."""

    row = serializers.IntegerField(allow_null=True)
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    value = serializers.CharField(allow_blank=True)


class SaleOut(serializers.Serializer[Any]):
    """A recorded line of a sale: the design document's Sales Transaction."""

    transactionId = serializers.CharField()
    line = serializers.IntegerField()
    retailerId = serializers.CharField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    unitPrice = serializers.CharField(help_text="rupees with GST, decimal string")
    timestamp = serializers.DateTimeField()
    territory = serializers.CharField()
    gstDetails = serializers.JSONField(allow_null=True)


class RetailerOut(serializers.Serializer[Any]):
    """A retailer as far as an ERP needs to match it; contact data stay inside."""

    retailerId = serializers.CharField()
    name = serializers.CharField()
    territory = serializers.CharField()
    language = serializers.CharField()
    channels = serializers.ListField(child=serializers.CharField(), help_text="by which it is written to")
    tradeChannel = serializers.ChoiceField(choices=[one.value for one in TradeChannel])
    minimumLifeDays = serializers.IntegerField(
        allow_null=True, help_text="life it wants goods to have; null where its trade channel's rule holds"
    )


class RetailerPage(serializers.Serializer[Any]):
    """Active retailers by id; `nextCursor` is null on the last page."""

    results = RetailerOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class SalesPage(serializers.Serializer[Any]):
    """A retailer's lines, oldest first; `nextCursor` is null on the last page."""

    results = SaleOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


def sale_out(line: SaleLine) -> dict[str, Any]:
    """The outside form of a recorded line."""
    return {
        "transactionId": line.transaction_id,
        "line": line.line,
        "retailerId": line.retailer_id,
        "sku": line.sku,
        "quantity": line.quantity,
        "unitPrice": rupees(line.unit_price_paise),
        "timestamp": line.sold_at,
        "territory": line.territory,
        "gstDetails": line.gst,
    }


class DistributorOut(serializers.Serializer[Any]):
    """The distributor whose key is used."""

    distributorId = serializers.CharField()
    name = serializers.CharField()
    territories = serializers.ListField(child=serializers.CharField())
    retailerCount = serializers.IntegerField()
    gstNumber = serializers.CharField(allow_blank=True, help_text="the first of gstNumbers")
    gstNumbers = serializers.ListField(child=serializers.CharField())
    businessRules = serializers.JSONField(
        help_text="deadStockThreshold, expiryHorizonDays, reallocationRadius…"
    )


def _day(day: date | None) -> datetime | None:
    return datetime.combine(day, time(0), IST) if day else None
