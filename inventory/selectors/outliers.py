"""Weeks of the past that sold far more than can be explained, as the last forecast found them."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Exists, F, FloatField, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Cast

from inventory.models import DemandAdjustment, DemandOutlier, StockItem


@dataclass(frozen=True, slots=True)
class OutlierSums:
    """How many there are, and what they add to what is expected of 13 weeks: pieces, and paise at cost."""

    count: int
    pieces: float
    paise: int


def list_outliers(*, words: str = "", sku: str = "", territory: str = "") -> QuerySet[DemandOutlier]:
    """Those whose days nobody has corrected, that add most rupees first; at cost; each with
    `has_item`, whether the SKU has a page there.

    `words` of the code or the name of a SKU. One query, whichever page is read.
    """
    worth = F("adds_pieces") * Cast("sku__cost_paise", FloatField())
    rows = DemandOutlier.objects.filter(~is_corrected()).select_related("sku", "territory")
    if words:
        rows = rows.filter(Q(sku__code__icontains=words) | Q(sku__name__icontains=words))
    if sku:
        rows = rows.filter(sku__code=sku)
    if territory:
        rows = rows.filter(territory__code=territory)
    items = StockItem.objects.filter(sku=OuterRef("sku"), territory=OuterRef("territory"))
    return rows.annotate(worth=worth, has_item=Exists(items)).order_by("-worth", "-adds_pieces", "pk")


def sum_outliers(rows: QuerySet[DemandOutlier]) -> OutlierSums:
    """What a list of `list_outliers` comes to. One query."""
    sums = rows.aggregate(count=Count("pk"), pieces=Sum("adds_pieces"), paise=Sum("worth"))
    return OutlierSums(sums["count"], sums["pieces"] or 0.0, round(sums["paise"] or 0.0))


def is_corrected() -> Exists:
    """Whether somebody said what a day of an outlier's week counts as, and holds to it."""
    return Exists(
        DemandAdjustment.objects.filter(
            Q(territory=None) | Q(territory=OuterRef("territory")),
            sku=OuterRef("sku"), withdrawn_at=None, from_date__lte=OuterRef("to_date"),
            to_date__gte=OuterRef("from_date"),
        )
    )  # fmt: skip
