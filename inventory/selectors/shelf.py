"""The dead-stock page's rows: filtered, sorted, cut by territory and another dimension; one item's ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from inventory.contracts import StockStatus
from inventory.models import (
    BatchRisk,
    Category,
    Movement,
    Reservation,
    StockItem,
    Territory,
)
from inventory.selectors.items import AGE_BANDS
from vyapar.kernel.errors import NotFound

#: What the rows may be sorted by.
SORTS = {
    "name": "sku__name",
    "stock": "current_stock",
    "value": "value_paise",
    "idle": "days_without_movement",
    "cover": "cover_days",
    "expiry": "expiry_date",
    "risk": "due_paise",
    "score": "dead_stock_score",
}
_CUTS = {"status": "status", "category": "department", "age": "age"}


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which items are meant; what is empty does not narrow. `age` is an index of `AGE_BANDS`.

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
    """Items with stock that a filter means, with `due_quantity`, `due_paise`, `age` and `department`."""
    rows: Any = StockItem.objects.filter(current_stock__gt=0).select_related("sku__category", "territory")
    if wanted.words:
        rows = rows.filter(Q(sku__code__icontains=wanted.words) | Q(sku__name__icontains=wanted.words))
    if wanted.territory:
        rows = rows.filter(territory__code=wanted.territory)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.category:
        mine = Q(sku__category__code=wanted.category)
        rows = rows.filter(mine | Q(sku__category__parent__code=wanted.category))
    department = Coalesce("sku__category__parent__code", "sku__category__code")
    rows = rows.annotate(age=_age(), department=department)
    if wanted.age is not None:
        rows = rows.filter(age=wanted.age)
    if wanted.expires is None:
        rows = rows.annotate(due_quantity=F("at_risk_quantity"), due_paise=F("at_risk_paise"))
    else:
        rows = _expiring(rows, wanted.expires)
    if wanted.at_risk:
        rows = rows.filter(due_quantity__gt=0)
    found: QuerySet[StockItem] = rows
    return found


def sort_items(rows: QuerySet[StockItem], sort: str) -> QuerySet[StockItem]:
    """Rows by one of `SORTS`, with `-` downwards; nothing known comes last. Worst first otherwise."""
    name = SORTS.get(sort.removeprefix("-"))
    if name is None:
        return rows.order_by(F("due_paise").desc(), "-value_paise", "pk")
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
    """Code and name of every root of the category tree, by name."""
    rows = Category.objects.filter(parent=None).order_by("name", "code")
    return list(rows.values_list("code", "name"))


def get_item(sku: str, territory: str) -> StockItem:
    """One item; `NotFound` when that SKU never stood in that territory."""
    rows = StockItem.objects.select_related("sku__brand", "sku__category", "territory")
    found = rows.filter(sku__code=sku, territory__code=territory).first()
    if found is None:
        raise NotFound(f"there is no stock of {sku!r} in {territory!r}", code="no_such_item")
    return found


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


# --- parts ---------------------------------------------------------------------------------

_MEASURES: dict[str, Any] = {
    "items": Count("pk"),
    "pieces": Sum("current_stock"),
    "paise": Sum("value_paise"),
    "risk_pieces": Sum("due_quantity"),
    "risk_paise": Sum("due_paise"),
}


def _age() -> Case:
    steps = [When(days_without_movement__gte=days, then=Value(index)) for index, days in enumerate(AGE_BANDS)]
    return Case(*reversed(steps), default=Value(0), output_field=IntegerField())


def _expiring(rows: Any, days: int) -> Any:
    """What is at risk counted for batches that expire within `days`; only items that have such."""
    due = BatchRisk.objects.filter(
        at_risk_quantity__gt=0, days_to_expiry__gte=0, days_to_expiry__lte=days
    ).order_by()
    here = due.filter(position__sku__items__territory=F("position__location__territory"))
    mine = due.filter(
        position__sku=OuterRef("sku"), position__location__territory=OuterRef("territory")
    ).values("position__sku")
    # the items are found in one pass first: the sums are then looked up for these alone
    return rows.filter(pk__in=here.values("position__sku__items")).annotate(
        due_quantity=Coalesce(Subquery(mine.annotate(n=Sum("at_risk_quantity")).values("n")), Value(0)),
        due_paise=Coalesce(Subquery(mine.annotate(n=Sum("at_risk_paise")).values("n")), Value(0)),
    )


def _columns(by: str) -> list[tuple[str, str]]:
    if by == "category":
        return list_categories()
    if by == "age":
        return [(str(index), _age_name(index)) for index in range(len(AGE_BANDS))]
    return [(status.value, status.value) for status in reversed(_BY_GRAVITY)]


_BY_GRAVITY = (StockStatus.ACTIVE, StockStatus.LIQUIDATING, StockStatus.SLOW_MOVING, StockStatus.DEAD)


def _age_name(index: int) -> str:
    last = f"–{AGE_BANDS[index + 1] - 1}" if index + 1 < len(AGE_BANDS) else "+"
    return f"{AGE_BANDS[index]}{last}"
