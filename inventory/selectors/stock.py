"""Reads of stock items for people and systems: filtered, totalled by any cut, one item in depth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Coalesce

from inventory.contracts import PieceCount, StockStatus
from inventory.models import (
    BatchRisk,
    Category,
    DailyDemand,
    DemandForecast,
    Movement,
    Position,
    Reservation,
    StockItem,
    Territory,
)
from vyapar.kernel.errors import NotFound

#: Days without movement at which a new age begins; the last one is open.
AGES = (0, 31, 61, 91, 181)
#: Horizons of what will expire unsold.
HORIZONS = (30, 60, 90)
#: What the rows may be sorted by.
SORTS = {
    "name": "sku__name",
    "stock": "current_stock",
    "value": "value_paise",
    "idle": "days_without_movement",
    "cover": "cover_days",
    "expiry": "expiry_date",
    "risk": "risk_paise",
    "score": "dead_stock_score",
}
_CUTS = {"status": "status", "category": "sku__category__code", "age": "age"}
_BAND = (0.1, 0.9)


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which items are meant; what is empty does not narrow. `age` is an index of `AGES`.

    `expires`: items with pieces that will expire unsold within so many days; what is at risk is then
    counted for those pieces only. `at_risk`: items with anything at risk.
    """

    words: str = ""
    territory: str = ""
    status: str = ""
    category: str = ""
    age: int | None = None
    expires: int | None = None
    at_risk: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """Totals of some items: how many, pieces and paise at cost, of which at risk."""

    items: int = 0
    pieces: int = 0
    paise: int = 0
    risk_pieces: int = 0
    risk_paise: int = 0

    def __add__(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, n) + getattr(other, n) for n in Sums.__slots__))


@dataclass(frozen=True, slots=True)
class Cut:
    """Territories by another dimension; every total is the sum of its cells.

    `cells[row][column]`, `rows` and `columns` are (key, name) pairs in order.
    """

    rows: tuple[tuple[str, str], ...]
    columns: tuple[tuple[str, str], ...]
    cells: dict[tuple[str, str], Sums]

    def row(self, key: str) -> Sums:
        return sum((self.cells.get((key, column), Sums()) for column, _ in self.columns), Sums())

    def column(self, key: str) -> Sums:
        return sum((self.cells.get((row, key), Sums()) for row, _ in self.rows), Sums())

    def whole(self) -> Sums:
        return sum(self.cells.values(), Sums())


def list_items(wanted: StockFilter) -> QuerySet[StockItem]:
    """Items with stock that a filter means, with `risk_quantity`, `risk_paise` and `age`."""
    rows = StockItem.objects.filter(current_stock__gt=0).select_related("sku__category", "territory")
    if wanted.words:
        rows = rows.filter(Q(sku__code__icontains=wanted.words) | Q(sku__name__icontains=wanted.words))
    if wanted.territory:
        rows = rows.filter(territory__code=wanted.territory)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.category:
        rows = rows.filter(sku__category__code=wanted.category)
    rows = rows.annotate(age=_age())
    if wanted.age is not None:
        rows = rows.filter(age=wanted.age)
    if wanted.expires is None:
        rows = rows.annotate(risk_quantity=F("at_risk_quantity"), risk_paise=F("at_risk_paise"))
    else:
        rows = _expiring(rows, wanted.expires)
    return rows.filter(risk_quantity__gt=0) if wanted.at_risk or wanted.expires is not None else rows


def sort_items(rows: QuerySet[StockItem], sort: str) -> QuerySet[StockItem]:
    """Rows by one of `SORTS`, with `-` downwards; nothing known comes last. Worst first otherwise."""
    name = SORTS.get(sort.removeprefix("-"))
    if name is None:
        return rows.order_by("-risk_paise", "-value_paise", "pk")
    order = F(name).desc(nulls_last=True) if sort.startswith("-") else F(name).asc(nulls_last=True)
    return rows.order_by(order, "pk")


def sum_items(rows: QuerySet[StockItem]) -> Sums:
    """Totals of rows from `list_items`."""
    found = rows.order_by().aggregate(**_MEASURES)
    return Sums(**{name: int(value or 0) for name, value in found.items()})


def cut_items(rows: QuerySet[StockItem], by: str) -> Cut:
    """Rows from `list_items` by territory and `by`: status, category or age. Adds up to `sum_items`."""
    dimension = _CUTS[by]
    groups = rows.order_by().values("territory__code", dimension).annotate(**_MEASURES)
    cells = {
        (row["territory__code"], str(row[dimension])): Sums(**{n: int(row[n] or 0) for n in _MEASURES})
        for row in groups
    }
    found = {column for _, column in cells}
    territories = {territory for territory, _ in cells}
    return Cut(
        rows=tuple(pair for pair in list_territories() if pair[0] in territories),
        columns=tuple(pair for pair in _columns(by) if pair[0] in found),
        cells=cells,
    )


def list_territories() -> list[tuple[str, str]]:
    """Code and name of every territory, by name."""
    return list(Territory.objects.order_by("name", "code").values_list("code", "name"))


def list_categories() -> list[tuple[str, str]]:
    """Code and name of every category that has SKUs, by name."""
    rows = Category.objects.filter(skus__isnull=False).distinct().order_by("name", "code")
    return list(rows.values_list("code", "name"))


def sum_status(status: StockStatus) -> Sums:
    """Totals of a status."""
    return sum_items(list_items(StockFilter(status=status.value)))


def get_item(sku: str, territory: str) -> StockItem:
    """One item; `NotFound` when that SKU never stood in that territory."""
    rows = StockItem.objects.select_related("sku__brand", "sku__category", "territory")
    found = rows.filter(sku__code=sku, territory__code=territory).first()
    if found is None:
        raise NotFound(f"there is no stock of {sku!r} in {territory!r}", code="no_such_item")
    return found


def list_batches(item: StockItem) -> QuerySet[Position]:
    """Positions of an item with stock, those that expire first first; risk may be missing."""
    rows = Position.objects.filter(sku=item.sku_id, location__territory=item.territory_id)
    moving = rows.filter(Q(on_hand__gt=0) | Q(in_transit__gt=0)).select_related("batch", "location", "risk")
    return moving.order_by(F("batch__expiry_date").asc(nulls_last=True), "batch__number", "pk")


def list_movements(item: StockItem, limit: int) -> list[Movement]:
    """The latest lines of the ledger of an item."""
    rows = Movement.objects.filter(batch__sku=item.sku_id, location__territory=item.territory_id)
    return list(rows.select_related("batch", "location").order_by("-at", "-pk")[:limit])


def list_holders(item: StockItem) -> set[UUID]:
    """Actions that hold pieces of an item now."""
    open_ = Reservation.objects.filter(
        position__sku=item.sku_id, position__location__territory=item.territory_id, released_at=None
    )
    return set(open_.values_list("action_id", flat=True))


def read_weeks(item: StockItem, today: date, weeks: int) -> list[tuple[date, int]]:
    """First day and pieces sold of each of the last whole weeks before `today`, oldest first."""
    first = today - timedelta(weeks=weeks)
    sums = [0] * weeks
    rows = DailyDemand.objects.filter(
        sku=item.sku_id, territory=item.territory_id, day__gte=first, day__lt=today
    )
    for day, quantity in rows.values_list("day", "quantity"):
        sums[(day - first).days // 7] += quantity
    return [(first + timedelta(weeks=week), pieces) for week, pieces in enumerate(sums)]


@dataclass(frozen=True, slots=True)
class Fan:
    """A forecast by week: first days, expected pieces, and what 8 of 10 weeks stay within."""

    pattern: str
    method: str
    days: tuple[date, ...]
    mean: tuple[float, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]


def find_forecast(item: StockItem) -> Fan | None:
    """The forecast in force for an item."""
    row = DemandForecast.objects.filter(sku=item.sku_id, territory=item.territory_id).first()
    if row is None:
        return None
    mean = np.array(row.weekly_mean)
    counts = PieceCount(mean, mean + mean**2 / max(row.dispersion, 1e-6))
    low, high = (tuple(counts.quantile(chance).tolist()) for chance in _BAND)
    days = tuple(row.as_of + timedelta(weeks=week) for week in range(mean.size))
    return Fan(row.pattern, row.method, days, tuple(round(m, 2) for m in mean.tolist()), low, high)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the data is: the newest day with sales and when stock was last scored."""

    last_sale: date | None
    scored_at: datetime | None


def get_freshness() -> Freshness:
    """Newest sale and newest score; None before the first."""
    newest = DailyDemand.objects.order_by("-day").values_list("day", flat=True).first()
    scored = StockItem.objects.order_by("-updated_at").values_list("updated_at", flat=True).first()
    return Freshness(newest, scored)


# --- parts ---------------------------------------------------------------------------------

_MEASURES: dict[str, Any] = {
    "items": Count("pk"),
    "pieces": Sum("current_stock"),
    "paise": Sum("value_paise"),
    "risk_pieces": Sum("risk_quantity"),
    "risk_paise": Sum("risk_paise"),
}


def _age() -> Case:
    steps = [
        When(days_without_movement__gte=days, then=Value(index)) for index, days in enumerate(AGES)
    ]
    return Case(*reversed(steps), default=Value(0), output_field=IntegerField())


def _expiring(rows: QuerySet[StockItem], days: int) -> QuerySet[StockItem]:
    """What is at risk counted for batches that expire within `days`; one grouped subquery."""
    due = (
        BatchRisk.objects.filter(at_risk_quantity__gt=0, days_to_expiry__gte=0, days_to_expiry__lte=days)
        .values("position__sku", "position__location__territory")
        .annotate(quantity=Sum("at_risk_quantity"), paise=Sum("at_risk_paise"))
        .values_list("position__sku", "position__location__territory", "quantity", "paise")
    )
    found = list(due)
    ids = dict(
        ((sku, territory), pk)
        for pk, sku, territory in StockItem.objects.filter(sku__in={row[0] for row in found}).values_list(
            "pk", "sku", "territory"
        )
    )
    known = [(ids[row[0], row[1]], row[2], row[3]) for row in found if (row[0], row[1]) in ids]
    return rows.filter(pk__in=[pk for pk, *_ in known]).annotate(
        risk_quantity=_chosen([(pk, quantity) for pk, quantity, _ in known]),
        risk_paise=_chosen([(pk, paise) for pk, _, paise in known]),
    )
