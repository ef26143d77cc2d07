"""Reads for those who must warn: what will expire unsold, what is dead, how old the data is."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Max, Sum

from inventory.models import BatchRisk, DailyDemand, StockItem


@dataclass(frozen=True, slots=True)
class TerritorySum:
    """At-risk or dead stock of a territory; money at cost in paise."""

    territory: str
    name: str
    items: int
    pieces: int
    paise: int
    nearest_days: int


def sum_expiring(within_days: int) -> list[TerritorySum]:
    """At-risk stock that expires within some days, not counting what has expired, by territory."""
    rows = BatchRisk.objects.filter(
        at_risk_quantity__gt=0, days_to_expiry__gte=0, days_to_expiry__lte=within_days
    ).values_list(
        "position__location__territory__code",
        "position__location__territory__name",
        "at_risk_quantity",
        "at_risk_paise",
        "days_to_expiry",
    )
    sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0, within_days])
    for code, name, pieces, paise, days in rows:
        total = sums[code, name]
        total[0] += 1
        total[1] += pieces
        total[2] += paise
        total[3] = min(total[3], days or 0)
    return [TerritorySum(code, name, *figures) for (code, name), figures in sorted(sums.items())]


def sum_dead() -> list[TerritorySum]:
    """Dead stock by territory."""
    rows = (
        StockItem.objects.filter(status=StockItem.Status.DEAD)
        .values("territory__code", "territory__name")
        .annotate(items=Count("pk"), pieces=Sum("current_stock"), paise=Sum("value_paise"))
        .order_by("territory__code")
    )
    return [
        TerritorySum(
            row["territory__code"], row["territory__name"], row["items"], row["pieces"], row["paise"], 0
        )
        for row in rows
    ]


def last_sale_date() -> date | None:
    """The newest day with a sale; None before the first."""
    newest: date | None = DailyDemand.objects.aggregate(day=Max("day"))["day"]
    return newest
