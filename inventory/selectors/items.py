"""Items as the API lists them: by the page, with a cursor that misses nothing; sums that tie."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Max, Q, QuerySet, Sum

from inventory.models import BatchRisk, StockCell, StockItem
from inventory.selectors.cells import AGE_BANDS, HORIZONS
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

MAX_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class ItemFilter:
    """Which items; what is left empty does not narrow. Codes, not ids.

    `words` are looked for in code and name; `age` is the first day of one of `AGE_BANDS`;
    `in_stock` True leaves out items without a piece.
    """

    statuses: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    brands: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    words: str = ""
    age: int | None = None
    expires_by: date | None = None
    at_risk: bool = False
    in_stock: bool = False
    updated_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One SKU in one territory. Money in paise; `category` is the leaf, `department` its root."""

    id: int
    sku: str
    name: str
    brand: str
    category: str
    department: str
    territory: str
    territory_name: str
    current_stock: int
    reserved_stock: int
    expiry_date: date | None
    last_movement_date: date | None
    average_daily_sales: float
    days_without_movement: int
    cover_days: float | None
    dead_stock_score: float
    score_parts: dict[str, float]
    status: str
    value_paise: int
    at_risk_quantity: int
    at_risk_paise: int
    loss_paise: int
    as_of: date
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class ItemPage:
    """Items in order, and the cursor after them; empty when there are no more."""

    items: tuple[ItemRow, ...]
    next_cursor: str


def list_stock_items(
    chosen: ItemFilter = ItemFilter(), *, order: str = "worst", cursor: str = "", limit: int = 100
) -> ItemPage:
    """A page of items: `worst` (rupees at risk first), `changes` (oldest change first) or `sku`.

    `changes` is for those who follow: with `updated_since` and the cursor nothing is missed. One
    query. `Invalid` for an order or a cursor that is none.
    """
    if order not in _ORDERS:
        raise Invalid(_("there is no order %(order)s", order=f"{order!r}"), code="no_such_order")
    by = _ORDERS[order]
    rows = by.sort(filter_items(chosen))
    if cursor:
        rows = rows.filter(by.after(_decode(cursor, by.parts)))
    limit = max(1, min(limit, MAX_PAGE))
    found = [_row(item) for item in rows.select_related(*_RELATED)[: limit + 1]]
    more = len(found) > limit
    return ItemPage(tuple(found[:limit]), _encode(by.key(found[limit - 1])) if more else "")


def filter_items(chosen: ItemFilter) -> QuerySet[StockItem]:
    """The items that a filter lets through, unordered."""
    lists = {
        "status__in": chosen.statuses,
        "territory__code__in": chosen.territories,
        "sku__brand__name__in": chosen.brands,
        "sku__code__in": chosen.skus,
    }
    rows = StockItem.objects.filter(**{name: values for name, values in lists.items() if values})
    return rows.filter(*_conditions(chosen))


def _conditions(chosen: ItemFilter) -> list[Q]:
    conditions = []
    if chosen.categories:
        mine = Q(sku__category__code__in=chosen.categories)
        conditions.append(mine | Q(sku__category__parent__code__in=chosen.categories))
    if chosen.words:
        conditions.append(Q(sku__code__icontains=chosen.words) | Q(sku__name__icontains=chosen.words))
    if chosen.age is not None:
        conditions.append(_in_band(chosen.age))
    if chosen.expires_by is not None:
        conditions.append(Q(expiry_date__lte=chosen.expires_by))
    if chosen.at_risk:
        conditions.append(Q(at_risk_quantity__gt=0))
    if chosen.in_stock:
        conditions.append(Q(current_stock__gt=0))
    if chosen.updated_since is not None:
        conditions.append(Q(updated_at__gte=chosen.updated_since))
    return conditions


# --- totals --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """Sums over the items of one territory, department, age band and status."""

    territory: str
    department: str
    age: int
    status: str
    items: int = 0
    pieces: int = 0
    value_paise: int = 0
    at_risk_pieces: int = 0
    at_risk_paise: int = 0
    loss_paise: int = 0

    def plus(self, other: Cell) -> Cell:
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in SUMS})


SUMS = ("items", "pieces", "value_paise", "at_risk_pieces", "at_risk_paise", "loss_paise")
_Place = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class StockTotals:
    """Cells, and their sums along any dimension: all are sums of the same cells, so they tie."""

    cells: tuple[Cell, ...]

    @property
    def total(self) -> Cell:
        return next(iter(self._sum(lambda _: ("", "", -1, ""))), Cell("", "", -1, ""))

    def by_territory(self) -> tuple[Cell, ...]:
        return self._sum(lambda cell: (cell.territory, "", -1, ""))

    def by_department(self) -> tuple[Cell, ...]:
        return self._sum(lambda cell: ("", cell.department, -1, ""))

    def by_age(self) -> tuple[Cell, ...]:
        return self._sum(lambda cell: ("", "", cell.age, ""))

    def by_status(self) -> tuple[Cell, ...]:
        return self._sum(lambda cell: ("", "", -1, cell.status))

    def _sum(self, key: Callable[[Cell], _Place]) -> tuple[Cell, ...]:
        sums: dict[_Place, Cell] = {}
        for cell in self.cells:
            place = key(cell)
            sums[place] = sums.get(place, Cell(*place)).plus(cell)
        return tuple(sums[place] for place in sorted(sums))


def sum_stock(chosen: ItemFilter = ItemFilter()) -> StockTotals:
    """Items in stock by territory, department (root category), age band and status. One query.

    Out of the kept sums where the filter asks for nothing that these do not tell.
    """
    asked = replace(chosen, in_stock=False)
    plain = replace(asked, statuses=(), territories=(), categories=(), brands=(), age=None, at_risk=False)
    rows = _sum_cells(chosen) if plain == ItemFilter() else _sum_items(chosen)
    sums: dict[_Place, Cell] = {}
    for territory, parent, leaf, age, status, *figures in rows:
        place = (territory, parent or leaf, age, status)
        sums[place] = sums.get(place, Cell(*place)).plus(Cell(*place, *(int(f) for f in figures)))
    return StockTotals(tuple(sums[place] for place in sorted(sums)))


def _sum_items(chosen: ItemFilter) -> list[tuple[Any, ...]]:
    rows = (
        filter_items(replace(chosen, in_stock=True))
        .annotate(parent=F("sku__category__parent__code"), leaf=F("sku__category__code"))
        .values_list("territory__code", "parent", "leaf", "days_without_movement", "status")
        .annotate(
            n=Count("pk"), pieces=Sum("current_stock"), value=Sum("value_paise"),
            risk_pieces=Sum("at_risk_quantity"), risk=Sum("at_risk_paise"), loss=Sum("loss_paise"),
        )
        .order_by()
    )  # fmt: skip
    return [(*row[:3], age_band(row[3]), *row[4:]) for row in rows]


def _sum_cells(chosen: ItemFilter) -> list[tuple[Any, ...]]:
    lists = {
        "status__in": chosen.statuses,
        "territory__code__in": chosen.territories,
        "brand__name__in": chosen.brands,
    }
    rows = StockCell.objects.filter(**{name: values for name, values in lists.items() if values})
    if chosen.categories:
        mine = Q(category__code__in=chosen.categories)
        rows = rows.filter(mine | Q(category__parent__code__in=chosen.categories))
    if chosen.age is not None:
        _in_band(chosen.age)
        rows = rows.filter(age=AGE_BANDS.index(chosen.age))
    if chosen.at_risk:
        rows = rows.filter(at_risk=True)
    places = ("territory__code", "category__parent__code", "category__code", "age", "status")
    found = rows.values_list(*places).annotate(*(Sum(name) for name in SUMS)).order_by()
    return [(*row[:3], AGE_BANDS[row[3]], *row[4:]) for row in found]


def age_band(days: int) -> int:
    """The first day of the band that days without movement fall into."""
    return max(first for first in AGE_BANDS if first <= days)


@dataclass(frozen=True, slots=True)
class PlaceSum:
    """At-risk stock of one location; money at cost in paise."""

    location: str
    name: str
    territory: str
    positions: int
    at_risk_pieces: int
    at_risk_paise: int


def sum_at_risk_by_place() -> list[PlaceSum]:
    """At-risk stock by location, the largest sum first; adds up to the total over items."""
    rows = (
        BatchRisk.objects.filter(at_risk_quantity__gt=0)
        .values_list(
            "position__location__code", "position__location__name", "position__location__territory__code"
        )
        .annotate(n=Count("pk"), pieces=Sum("at_risk_quantity"), paise=Sum("at_risk_paise"))
        .order_by("-paise", "position__location__code")
    )
    return [PlaceSum(code, name, area, n, int(q), int(p)) for code, name, area, n, q, p in rows]


# --- the headline --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Headline:
    """What the first screen says. Money at cost in paise; `expiring`: by days, what will expire unsold.

    `loss_paise` is what doing nothing about all of it would cost.
    """

    as_of: date | None
    items: int
    value_paise: int
    dead_items: int
    dead_paise: int
    slow_items: int
    slow_paise: int
    at_risk_pieces: int
    at_risk_paise: int
    loss_paise: int
    expired_positions: int
    expiring: dict[int, int]


def get_headline() -> Headline:
    """The headline as last scored, out of the kept sums. Two queries."""
    dead, slow = Q(status=StockItem.Status.DEAD), Q(status=StockItem.Status.SLOW_MOVING)
    summed = {
        "n": Sum("items"), "value": Sum("value_paise"), "dead": Sum("items", filter=dead),
        "dead_paise": Sum("value_paise", filter=dead), "slow": Sum("items", filter=slow),
        "slow_paise": Sum("value_paise", filter=slow), "pieces": Sum("at_risk_pieces"),
        "risk": Sum("at_risk_paise"), "loss": Sum("loss_paise"), "expired": Sum("expired_positions"),
        **{f"in_{days}": Sum(f"due_{days}_paise") for days in HORIZONS},
    }  # fmt: skip
    told = {name: int(value or 0) for name, value in StockCell.objects.aggregate(**summed).items()}
    return Headline(
        as_of=StockItem.objects.filter(current_stock__gt=0).aggregate(newest=Max("as_of"))["newest"],
        items=told["n"], value_paise=told["value"], dead_items=told["dead"],
        dead_paise=told["dead_paise"], slow_items=told["slow"], slow_paise=told["slow_paise"],
        at_risk_pieces=told["pieces"], at_risk_paise=told["risk"], loss_paise=told["loss"],
        expired_positions=told["expired"], expiring={days: told[f"in_{days}"] for days in HORIZONS},
    )  # fmt: skip


def tally_stock() -> dict[str, dict[str, int]]:
    """Items, pieces and paise by status, for the check report and the metrics page."""
    return {cell.status: {name: getattr(cell, name) for name in SUMS} for cell in sum_stock().by_status()}


# --- parts ---------------------------------------------------------------------------------

_RELATED = ("sku__brand", "sku__category__parent", "territory")


@dataclass(frozen=True, slots=True)
class _Order:
    """A way of sorting items that a cursor can take up again: the key of a row, and what comes after."""

    sort: Callable[[QuerySet[StockItem]], QuerySet[StockItem]]
    key: Callable[[ItemRow], tuple[Any, ...]]
    after: Callable[[tuple[Any, ...]], Q]
    parts: tuple[Callable[[str], Any], ...]


def _after_worst(last: tuple[Any, ...]) -> Q:
    paise, pk = last
    return Q(at_risk_paise__lt=paise) | Q(at_risk_paise=paise, pk__gt=pk)


def _after_change(last: tuple[Any, ...]) -> Q:
    at, pk = last
    return Q(updated_at__gt=at) | Q(updated_at=at, pk__gt=pk)


def _after_sku(last: tuple[Any, ...]) -> Q:
    sku, territory = last
    return Q(sku__code__gt=sku) | Q(sku__code=sku, territory__code__gt=territory)


_ORDERS = {
    "worst": _Order(
        lambda rows: rows.order_by("-at_risk_paise", "pk"),
        lambda row: (row.at_risk_paise, row.id),
        _after_worst,
        (int, int),
    ),
    "changes": _Order(
        lambda rows: rows.order_by("updated_at", "pk"),
        lambda row: (row.updated_at.isoformat(), row.id),
        _after_change,
        (datetime.fromisoformat, int),
    ),
    "sku": _Order(
        lambda rows: rows.order_by("sku__code", "territory__code"),
        lambda row: (row.sku, row.territory),
        _after_sku,
        (str, str),
    ),
}


def _encode(key: tuple[Any, ...]) -> str:
    return urlsafe_b64encode("\n".join(str(part) for part in key).encode()).decode().rstrip("=")


def _decode(cursor: str, parts: tuple[Callable[[str], Any], ...]) -> tuple[Any, ...]:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        return tuple(read(part) for read, part in zip(parts, text.split("\n"), strict=True))
    except ValueError as error:
        fault = Fault("cursor", _("use the cursor of the page before, unchanged"), "cursor", value=cursor)
        raise Invalid(_("this cursor is none of ours"), code="bad_cursor", faults=[fault]) from error


def _in_band(first: int) -> Q:
    if first not in AGE_BANDS:
        raise Invalid(_("there is no age band from %(first)s days", first=first), code="no_such_band")
    later = [start for start in AGE_BANDS if start > first]
    band = Q(days_without_movement__gte=first)
    return band & Q(days_without_movement__lt=later[0]) if later else band


def _row(item: StockItem) -> ItemRow:
    category = item.sku.category
    return ItemRow(
        id=item.pk, sku=item.sku.code, name=item.sku.name, brand=item.sku.brand.name,
        category=category.code, department=category.parent.code if category.parent else category.code,
        territory=item.territory.code, territory_name=item.territory.name,
        current_stock=item.current_stock, reserved_stock=item.reserved_stock,
        expiry_date=item.expiry_date, last_movement_date=item.last_movement_date,
        average_daily_sales=item.average_daily_sales, days_without_movement=item.days_without_movement,
        cover_days=item.cover_days, dead_stock_score=item.dead_stock_score, score_parts=item.score_parts,
        status=item.status, value_paise=item.value_paise, at_risk_quantity=item.at_risk_quantity,
        at_risk_paise=item.at_risk_paise, loss_paise=item.loss_paise, as_of=item.as_of,
        updated_at=item.updated_at,
    )  # fmt: skip
