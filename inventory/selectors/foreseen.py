"""What is foreseen, as pages and the API read it: items, batches, outlets, and what was learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum

from inventory.models import ItemOutlook, OutletStock, PositionOutlook, RiskModel
from inventory.selectors.quality import territory_grades


def list_item_outlooks(
    *, skus: tuple[str, ...] = (), territories: tuple[str, ...] = (), after: tuple[float, int] | None = None,
    limit: int = 100,
) -> list[ItemOutlook]:  # fmt: skip
    """Items by the chance that they do not sell in 90 days, highest first, beyond `after` (chance, id)."""
    rows = ItemOutlook.objects.select_related("sku", "territory")
    rows = _narrowed(rows, skus, territories)
    if after is not None:
        rows = rows.filter(Q(no_sale_90__lt=after[0]) | Q(no_sale_90=after[0], pk__gt=after[1]))
    return list(rows.order_by("-no_sale_90", "pk")[:limit])


def list_outlet_stock(
    *, skus: tuple[str, ...] = (), territories: tuple[str, ...] = (), retailers: tuple[str, ...] = (),
    after: tuple[int, int] | None = None, limit: int = 100,
) -> list[OutletStock]:  # fmt: skip
    """What may still stand at outlets, the most rupees first, beyond `after` (paise, id)."""
    rows = OutletStock.objects.select_related("sku", "territory", "retailer")
    rows = _narrowed(rows, skus, territories)
    if retailers:
        rows = rows.filter(retailer__retailer_id__in=retailers)
    if after is not None:
        rows = rows.filter(Q(expected_paise__lt=after[0]) | Q(expected_paise=after[0], pk__gt=after[1]))
    return list(rows.order_by("-expected_paise", "pk")[:limit])


def list_position_outlooks(
    *, skus: tuple[str, ...] = (), territories: tuple[str, ...] = (), causes: tuple[str, ...] = (),
    after: tuple[int, int] | None = None, limit: int = 100,
) -> list[PositionOutlook]:  # fmt: skip
    """Batches that are dead, slow, at risk or expired, the most rupees expected unsold first."""
    rows = PositionOutlook.objects.select_related(
        "position__sku", "position__batch", "position__location__territory"
    ).exclude(cause="")
    if skus:
        rows = rows.filter(position__sku__code__in=skus)
    if territories:
        rows = rows.filter(position__location__territory__code__in=territories)
    if causes:
        rows = rows.filter(cause__in=causes)
    if after is not None:
        rows = rows.filter(Q(expected_paise__lt=after[0]) | Q(expected_paise=after[0], pk__gt=after[1]))
    return list(rows.order_by("-expected_paise", "pk")[:limit])


def list_risk_models(limit: int = 20) -> list[RiskModel]:
    """What was learnt, the newest first, without its arrays."""
    return list(RiskModel.objects.defer("body").order_by("-as_of", "-version", "level")[:limit])


_STUCK = """
SELECT o.id, i.value_paise FROM inventory_itemoutlook o
JOIN inventory_stockitem i ON i.sku_id = o.sku_id AND i.territory_id = o.territory_id
WHERE i.value_paise > 0 ORDER BY o.no_sale_90 * i.value_paise DESC, o.id LIMIT %s
"""


def list_stuck(limit: int = 25) -> list[tuple[ItemOutlook, int]]:
    """Items with stock and its worth at cost in paise, by the rupees expected not to move in 90 days."""
    with connection.cursor() as cursor:
        cursor.execute(_STUCK, [limit])
        worth = {pk: int(paise) for pk, paise in cursor}
    found = ItemOutlook.objects.select_related("sku", "territory").in_bulk(list(worth))
    return [(found[pk], paise) for pk, paise in worth.items()]


def in_force() -> dict[str, RiskModel]:
    """What is in force, by level, without its arrays."""
    return {row.level: row for row in RiskModel.objects.filter(in_force=True).defer("body")}


def sum_classes() -> dict[str, tuple[int, int]]:
    """Items and packs of overstock by class within the territory, as in `AXF`."""
    rows = ItemOutlook.objects.values("matrix").annotate(items=Count("pk"), packs=Sum("overstock_packs"))
    return {row["matrix"]: (row["items"], int(row["packs"] or 0)) for row in rows.order_by()}


def find_item_outlook(sku: str, territory: str) -> ItemOutlook | None:
    """What is foreseen of one item, or None."""
    rows = ItemOutlook.objects.select_related("sku", "territory")
    return rows.filter(sku__code=sku, territory__code=territory).first()


def grades_by_territory() -> Mapping[str, str]:
    """The grade of the data of each territory that has one, by code: what its scores rest on."""
    return {code: str(one.grade) for code, one in territory_grades().items()}


def _narrowed(rows: QuerySet[Any], skus: tuple[str, ...], territories: tuple[str, ...]) -> QuerySet[Any]:
    if skus:
        rows = rows.filter(sku__code__in=skus)
    if territories:
        rows = rows.filter(territory__code__in=territories)
    return rows
