"""Tables that a run writes into, as taking it back sees them: names for people, and what hangs on them."""

from __future__ import annotations

from django.apps import apps
from django.db.models import ForeignObjectRel, Model

#: Tables whose rows a run makes, in the order in which they can go, and what people call a row: the
#: word, and an expression over `t` that names it.
TABLES: dict[str, tuple[str, str]] = {
    "inventory_purchaseline": ("purchase", "t.purchase_invoice"),
    "inventory_skuprice": ("price of SKU", "(SELECT code FROM inventory_sku WHERE id = t.sku_id)"),
    "inventory_position": (
        "position of batch",
        "(SELECT s.code || ' ' || b.number || ' at ' || l.code FROM inventory_batch b "
        "JOIN inventory_sku s ON s.id = b.sku_id, inventory_location l "
        "WHERE b.id = t.batch_id AND l.id = t.location_id)",
    ),
    "inventory_batch": (
        "batch",
        "(SELECT s.code || ' ' || t.number FROM inventory_sku s WHERE s.id = t.sku_id)",
    ),
    "inventory_sku": ("SKU", "t.code"),
    "inventory_category": ("category", "t.code"),
    "inventory_brand": ("brand", "t.name"),
    "inventory_retailer": ("retailer", "t.retailer_id"),
    "inventory_location": ("location", "t.code"),
    "inventory_territory": ("territory", "t.code"),
    "inventory_gstregistration": ("registration", "t.gstin"),
}
#: What is worked out from the rest by every cycle anew: it goes with what it is about.
DERIVED = frozenset({
    "BatchRisk", "DailyDemand", "DemandForecast", "DemandOutlier", "ItemOutlook", "OutletStock",
    "PositionOutlook", "Prediction", "StockCell", "StockItem",
})  # fmt: skip
#: Tables whose rows say under what items are summed, or that have items: sums are counted anew with them.
SUMMED = ("inventory_sku", "inventory_territory")


def columns_of(table: str) -> list[str]:
    """Columns of a table but its id."""
    return [str(f.column) for f in _model(table)._meta.concrete_fields if not f.primary_key]


def referring(table: str) -> list[tuple[type[Model], str]]:
    """Models that refer to rows of a table, whether it knows of them or not, and the column they do it by."""
    found: list[tuple[type[Model], str]] = []
    for relation in _model(table)._meta.get_fields(include_hidden=True):
        if not isinstance(relation, ForeignObjectRel):
            continue
        column = getattr(relation.field, "column", None)
        if column:
            found.append((relation.field.model, str(column)))
    return found


def _model(table: str) -> type[Model]:
    return next(model for model in apps.get_models() if model._meta.db_table == table)
