"""Masters in the admin, searchable; the ledger, scores and forecasts can be looked at, not changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.models import (
    Batch,
    BatchRisk,
    Brand,
    Category,
    DailyDemand,
    DemandForecast,
    ForecastScore,
    GstRegistration,
    Location,
    Movement,
    Position,
    PurchaseLine,
    Reservation,
    Retailer,
    Sku,
    StockItem,
    Territory,
)


class LookOnly(admin.ModelAdmin[Any]):
    """Rows that only services write."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(GstRegistration)
class GstRegistrationAdmin(admin.ModelAdmin[Any]):
    list_display = ("gstin", "legal_name", "place", "active")
    search_fields = ("gstin", "legal_name")


@admin.register(Territory)
class TerritoryAdmin(admin.ModelAdmin[Any]):
    list_display = ("code", "name", "registration")
    list_select_related = ("registration",)
    search_fields = ("code", "name")


@admin.register(Location)
class LocationAdmin(admin.ModelAdmin[Any]):
    list_display = ("code", "name", "kind", "territory", "pincode", "registered")
    list_filter = ("kind", "territory", "registered")
    list_select_related = ("territory",)
    search_fields = ("code", "name", "pincode")


@admin.register(Retailer)
class RetailerAdmin(admin.ModelAdmin[Any]):
    list_display = ("retailer_id", "name", "territory", "trade_channel", "language", "active")
    list_filter = ("territory", "trade_channel", "language", "active")
    list_select_related = ("territory",)
    search_fields = ("retailer_id", "name", "phone")
    raw_id_fields = ("outlet",)


@admin.register(Brand)
class BrandAdmin(admin.ModelAdmin[Any]):
    list_display = ("name", "supplier_name", "return_bp", "return_days", "claim_cap_paise", "claimed_paise")
    search_fields = ("name", "supplier_name")


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin[Any]):
    list_display = ("code", "name", "parent")
    list_select_related = ("parent",)
    search_fields = ("code", "name")


@admin.register(Sku)
class SkuAdmin(admin.ModelAdmin[Any]):
    list_display = ("code", "name", "brand", "hsn", "case_pack", "active")
    list_filter = ("active", "brand")
    list_select_related = ("brand",)
    search_fields = ("code", "name", "hsn")
    raw_id_fields = ("replaced_by",)


@admin.register(Batch)
class BatchAdmin(LookOnly):
    list_display = ("sku", "number", "expiry_date", "mrp_paise", "cost_paise")
    list_select_related = ("sku",)
    search_fields = ("sku__code", "number")
    date_hierarchy = "expiry_date"


@admin.register(PurchaseLine)
class PurchaseLineAdmin(LookOnly):
    list_display = ("purchase_invoice", "supplier_name", "invoice_date", "batch", "quantity")
    list_select_related = ("batch",)
    search_fields = ("purchase_invoice", "supplier_name", "batch__number")


@admin.register(Position)
class PositionAdmin(LookOnly):
    list_display = ("sku", "batch", "location", "on_hand", "reserved", "in_transit")
    list_filter = ("location__territory",)
    list_select_related = ("sku", "batch", "location")
    search_fields = ("sku__code", "batch__number", "location__code")


@admin.register(Movement)
class MovementAdmin(LookOnly):
    list_display = ("at", "batch", "location", "kind", "quantity", "reference", "actor_ref")
    list_filter = ("kind",)
    list_select_related = ("batch", "location")
    search_fields = ("batch__number", "reference")


@admin.register(Reservation)
class ReservationAdmin(LookOnly):
    list_display = ("position", "purpose", "quantity", "action_id", "held_at", "released_at")
    list_filter = ("purpose",)
    list_select_related = ("position",)
    search_fields = ("action_id",)


@admin.register(StockItem)
class StockItemAdmin(LookOnly):
    list_display = ("sku", "territory", "status", "dead_stock_score", "current_stock", "at_risk_quantity")
    list_filter = ("status", "territory")
    list_select_related = ("sku", "territory")
    search_fields = ("sku__code", "sku__name")


@admin.register(BatchRisk)
class BatchRiskAdmin(LookOnly):
    list_display = ("position", "days_to_expiry", "at_risk_quantity", "best_way", "best_net_paise")
    list_filter = ("best_way",)
    list_select_related = ("position",)


@admin.register(DemandForecast)
class DemandForecastAdmin(LookOnly):
    list_display = ("sku", "territory", "pattern", "method", "as_of")
    list_filter = ("pattern", "method", "territory")
    list_select_related = ("sku", "territory")
    search_fields = ("sku__code",)


@admin.register(ForecastScore)
class ForecastScoreAdmin(LookOnly):
    list_display = ("as_of", "pattern", "method", "chosen", "series")
    list_filter = ("pattern", "method", "chosen")


@admin.register(DailyDemand)
class DailyDemandAdmin(LookOnly):
    list_display = ("day", "sku", "territory", "quantity", "lines", "outlets")
    list_filter = ("territory",)
    list_select_related = ("sku", "territory")
    search_fields = ("sku__code",)
