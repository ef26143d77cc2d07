"""The dead-stock page's rows: filtered, sorted, cut by territory and another dimension; one item's ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Count,
    F,
    IntegerField,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from inventory.contracts import StockStatus
from inventory.models import (
    Category,
    Movement,
    Reservation,
    StockCell,
    StockItem,
    Territory,
)
from inventory.selectors.cells import AGE_BANDS
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as gettext

#: What the rows may be sorted by.
SORTS = {
    "name": "sku__name",
    "stock": "current_stock",
    "value": "value_paise",
    "idle": "days_without_movement",
    "cover": "cover_days",
    "turn": "turn",
    "expiry": "expiry_date",
    "risk": "due_paise",
    "score": "dead_stock_score",
}
_CUTS = {"status": "status", "category": "department", "age": "age"}


@dataclass(frozen=True, slots=True)
class StockFilter:
    """Which items are meant; what is empty does not narrow. `age` is an index of `AGE_BANDS`.

    `expires`: items with pieces that will expire unsold within 30, 60 or 90 days; what is at risk is
    then counted for those pieces only. `at_risk`: items with anything at risk.
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
    rows = _meant(wanted).select_related("sku__category", "territory")
    found: QuerySet[StockItem] = rows.annotate(age=_age(), department=_department("sku__category"))
    return found


def list_ids(wanted: StockFilter, sort: str) -> QuerySet[StockItem, int]:
    """Ids of the items that a filter means, sorted: without what only the rows shown need be joined with."""
    return sort_items(_meant(wanted), sort).values_list("pk", flat=True)


def list_rows(wanted: StockFilter, ids: Sequence[int]) -> list[StockItem]:
    """The items of some ids among those that a filter means, in the order of the ids."""
    found = {row.pk: row for row in list_items(wanted).filter(pk__in=ids)}
    return [found[pk] for pk in ids if pk in found]


def _meant(wanted: StockFilter) -> Any:
    """Items with stock that a filter means, with `due_quantity` and `due_paise`."""
    rows: Any = StockItem.objects.filter(current_stock__gt=0)
    if wanted.words:
        rows = rows.filter(Q(sku__code__icontains=wanted.words) | Q(sku__name__icontains=wanted.words))
    rows = _narrowed(rows, wanted, "sku__category")
    if wanted.age is not None:
        rows = rows.alias(band=_age()).filter(band=wanted.age)
    if wanted.expires is None:
        rows = rows.annotate(due_quantity=F("at_risk_quantity"), due_paise=F("at_risk_paise"))
    else:
        quantity, paise = f"due_{wanted.expires}_quantity", f"due_{wanted.expires}_paise"
        rows = rows.filter(**{f"{quantity}__gt": 0}).annotate(due_quantity=F(quantity), due_paise=F(paise))
    return rows.filter(due_quantity__gt=0) if wanted.at_risk else rows


def sort_items(rows: QuerySet[StockItem], sort: str) -> QuerySet[StockItem]:
    """Rows by one of `SORTS`, with `-` downwards; nothing known comes last. Worst first otherwise."""
    name = SORTS.get(sort.removeprefix("-"))
    if name == "turn":  # pieces sold of late over stock: the days looked at are the same for all
        rows = rows.annotate(turn=F("average_daily_sales") / F("current_stock"))
    if name is None:
        return rows.order_by(F("due_paise").desc(), "-value_paise", "pk")
    order = F(name).desc(nulls_last=True) if sort.startswith("-") else F(name).asc(nulls_last=True)
    return rows.order_by(order, "pk")


def sum_items(rows: QuerySet[StockItem]) -> Sums:
    """Totals of rows from `list_items`."""
    found = rows.order_by().aggregate(**_MEASURES)
    return Sums(**_filled(found))


def cut_items(rows: QuerySet[StockItem], by: str) -> Cut:
    """Rows from `list_items` by territory and `by`: status, category or age. Adds up to `sum_items`."""
    dimension = _CUTS[by]
    return _cut(list(rows.order_by().values("territory__code", dimension).annotate(**_MEASURES)), by)


def _cut(groups: list[dict[str, Any]], by: str) -> Cut:
    dimension = _CUTS[by]
    cells = {(row["territory__code"], str(row[dimension])): Sums(**_filled(row)) for row in groups}
    found = {column for _, column in cells}
    territories = {territory for territory, _ in cells}
    return Cut(
        rows=tuple(pair for pair in list_territories() if pair[0] in territories),
        columns=tuple(pair for pair in _columns(by) if pair[0] in found),
        cells=cells,
    )


def sum_wanted(wanted: StockFilter) -> Sums:
    """Totals of what a filter means: out of the kept sums, or of the items where these do not tell words."""
    if wanted.words:
        return sum_items(list_items(wanted))
    return Sums(**_filled(_cells(wanted).aggregate(**_sums_of(wanted))))


def cut_wanted(wanted: StockFilter, by: str) -> Cut:
    """What a filter means by territory and `by`: status, category or age. Adds up to `sum_wanted`."""
    if wanted.words:
        return cut_items(list_items(wanted), by)
    dimension = _CUTS[by]
    rows = _cells(wanted).annotate(department=_department("category"))
    groups = rows.values("territory__code", dimension).annotate(**_sums_of(wanted)).order_by()
    return _cut(list(groups), by)


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
        raise NotFound(
            gettext(
                "there is no stock of %(sku)s in %(territory)s", sku=f"{sku!r}", territory=f"{territory!r}"
            ),
            code="no_such_item",
        )
    return found


def list_movements(item: StockItem, limit: int) -> list[Movement]:
    """The latest lines of the ledger of an item."""
    return list(list_ledger(item)[:limit])


def list_ledger(item: StockItem) -> QuerySet[Movement]:
    """The ledger of an item with batches and places, newest first."""
    rows = Movement.objects.filter(batch__sku=item.sku_id, location__territory=item.territory_id)
    return rows.select_related("batch", "location").order_by("-at", "-pk")


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


def _filled(found: Mapping[str, Any]) -> dict[str, int]:
    return {name: int(found[name] or 0) for name in _MEASURES}


def _narrowed(rows: Any, wanted: StockFilter, category: str) -> Any:
    """Items or kept sums of the territory, status and category that are meant; `category` leads to it."""
    if wanted.territory:
        rows = rows.filter(territory__code=wanted.territory)
    if wanted.status:
        rows = rows.filter(status=wanted.status)
    if wanted.category:
        mine = Q(**{f"{category}__code": wanted.category})
        rows = rows.filter(mine | Q(**{f"{category}__parent__code": wanted.category}))
    return rows


def _cells(wanted: StockFilter) -> QuerySet[StockCell]:
    """The kept sums that a filter without words means."""
    rows: QuerySet[StockCell] = _narrowed(StockCell.objects.all(), wanted, "category")
    if wanted.age is not None:
        rows = rows.filter(age=wanted.age)
    if wanted.expires is not None:
        rows = rows.filter(due__gt=0, due__lte=wanted.expires)
    if wanted.at_risk and wanted.expires is None:  # what is due is at risk
        rows = rows.filter(at_risk=True)
    return rows


def _sums_of(wanted: StockFilter) -> dict[str, Any]:
    """`_MEASURES` over kept sums."""
    risk = "at_risk" if wanted.expires is None else f"due_{wanted.expires}"
    names = ("items", "pieces", "value_paise", f"{risk}_pieces", f"{risk}_paise")
    return {name: Sum(column) for name, column in zip(_MEASURES, names, strict=True)}


def _department(category: str) -> Coalesce:
    return Coalesce(f"{category}__parent__code", f"{category}__code")


def _age() -> Case:
    steps = [When(days_without_movement__gte=days, then=Value(index)) for index, days in enumerate(AGE_BANDS)]
    return Case(*reversed(steps), default=Value(0), output_field=IntegerField())


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
