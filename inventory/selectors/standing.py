"""What stands at outlets: bought in and not ordered again, by outlet, by item, and in any cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum

from inventory.models import OutletStock, Retailer, StandingDay
from inventory.risk.standing_days import CUTS, MEASURES, sum_day
from inventory.selectors.cells import AGE_BANDS
from vyapar.kernel.errors import Fault, Invalid, NotFound
from vyapar.kernel.phrases import phrase as _

#: Why it stands there, as far as orders tell: it was tried once, or ordered for a while and no more.
TRIED_ONCE, STOPPED = "tried_once", "stopped_ordering"
#: The cells of what stands there as it was found last; `CUTS`, then `MEASURES`.
STANDING_CELLS = """
SELECT t.code, r.retailer_id, c.code, b.name,
       width_bucket(%s::date - o.last_bought_date, %s::int[]) - 1,
       CASE WHEN o.orders <= 1 THEN %s ELSE %s END,
       r.beat, sum(o.expected_paise)::bigint, sum(o.pieces)::bigint, count(*)
FROM inventory_outletstock o JOIN inventory_retailer r ON r.id = o.retailer_id
JOIN inventory_sku s ON s.id = o.sku_id JOIN inventory_category c ON c.id = s.category_id
JOIN inventory_brand b ON b.id = s.brand_id JOIN inventory_territory t ON t.id = o.territory_id
GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


@dataclass(frozen=True, slots=True)
class StandingFilter:
    """Which stock at outlets is meant; what is empty does not narrow. `category`: a root or any below."""

    words: str = ""
    territory: str = ""
    beat: str = ""
    category: str = ""
    outlet: str = ""
    trade_channel: str = ""


@dataclass(frozen=True, slots=True)
class OutletSum:
    """What stands at one outlet: items, pieces of their last purchases, what is expected to be left."""

    pk: int
    retailer_id: str
    name: str
    territory: str
    beat: str
    phone: str
    trade_channel: str
    items: int
    pieces: int
    expected_quantity: float
    expected_paise: int
    last_bought_date: date


@dataclass(frozen=True, slots=True)
class StandingSum:
    """The same of all outlets of a filter; `as_of` is None where nothing stands."""

    outlets: int
    items: int
    pieces: int
    expected_quantity: float
    expected_paise: int
    as_of: date | None


@dataclass(frozen=True, slots=True)
class StandingCell:
    """Sums of one combination of the cuts; ages are first days of their bands."""

    keys: dict[str, str | int]
    sums: dict[str, int]


@dataclass(frozen=True, slots=True)
class StandingSums:
    """Sums of one morning. `recounted`: counted later from the sales, before any day was kept."""

    day: date
    cells: tuple[StandingCell, ...]
    recounted: bool


@dataclass(frozen=True, slots=True)
class BoughtSku:
    """What an outlet bought of a SKU in a window, net of returns; paise with GST."""

    sku: str
    name: str
    pieces: int
    paise: int
    orders: int
    last_date: date


def list_standing(wanted: StandingFilter) -> QuerySet[OutletStock]:
    """Each SKU at each outlet that a filter means, the most rupees first."""
    rows: QuerySet[OutletStock] = OutletStock.objects.all()
    if wanted.words:
        rows = rows.filter(
            Q(retailer__name__icontains=wanted.words)
            | Q(retailer__retailer_id__icontains=wanted.words)
            | Q(sku__code__icontains=wanted.words)
            | Q(sku__name__icontains=wanted.words)
        )
    if wanted.territory:
        rows = rows.filter(territory__code=wanted.territory)
    if wanted.outlet:
        rows = rows.filter(retailer__retailer_id=wanted.outlet)
    if wanted.trade_channel:
        rows = rows.filter(retailer__trade_channel=wanted.trade_channel)
    if wanted.beat:
        rows = rows.filter(retailer__beat=wanted.beat)
    if wanted.category:
        names = ("sku__category", "sku__category__parent", "sku__category__parent__parent")
        below = Q()
        for name in names:
            below |= Q(**{f"{name}__code": wanted.category})
        rows = rows.filter(below)
    return rows.select_related("retailer", "sku", "territory").order_by("-expected_paise", "pk")


def list_outlets(
    wanted: StandingFilter, *, after: tuple[int, int] | None = None, before: tuple[int, int] | None = None,
    limit: int | None = 50,
) -> list[OutletSum]:  # fmt: skip
    """Outlets by what stands there, the most rupees first: those beyond `after`, or those next to `before`.

    Both are (paise, `pk`) of a row. One query.
    """
    rows: Any = list_standing(wanted).order_by().values(
        "retailer_id", "retailer__retailer_id", "retailer__name", "retailer__territory__name",
        "retailer__beat", "retailer__phone", "retailer__trade_channel",
    )  # fmt: skip
    rows = rows.annotate(
        items=Count("pk"), bought=Sum("pieces"), left=Sum("expected_quantity"), paise=Sum("expected_paise"),
        last=Max("last_bought_date"),
    )  # fmt: skip
    if after is not None:
        rows = rows.filter(Q(paise__lt=after[0]) | Q(paise=after[0], retailer_id__gt=after[1]))
    if before is not None:
        rows = rows.filter(Q(paise__gt=before[0]) | Q(paise=before[0], retailer_id__lt=before[1]))
        found = [*rows.order_by("paise", "-retailer_id")[:limit]][::-1]
    else:
        found = list(rows.order_by("-paise", "retailer_id")[:limit])
    return [
        OutletSum(
            row["retailer_id"], row["retailer__retailer_id"], row["retailer__name"],
            row["retailer__territory__name"], row["retailer__beat"], row["retailer__phone"],
            row["retailer__trade_channel"], row["items"],
            int(row["bought"]), float(row["left"]), int(row["paise"]), row["last"],
        )
        for row in found
    ]  # fmt: skip


def sum_outlets(wanted: StandingFilter) -> StandingSum:
    """All outlets of a filter in one line. One query."""
    told: dict[str, Any] = (
        list_standing(wanted)
        .order_by()
        .aggregate(
            outlets=Count("retailer", distinct=True),
            items=Count("pk"),
            bought=Sum("pieces"),
            left=Sum("expected_quantity"),
            paise=Sum("expected_paise"),
            as_of=Max("as_of"),
        )
    )
    return StandingSum(
        told["outlets"], told["items"], int(told["bought"] or 0), float(told["left"] or 0.0),
        int(told["paise"] or 0), told["as_of"],
    )  # fmt: skip


def sum_standing(by: Sequence[str], on: date | None = None) -> StandingSums:
    """Sums of stock at outlets by some of `CUTS` on a day, the newest by default; every cut of a day has
    the same total. At most two queries.

    `Invalid` names a cut that does not exist or stands twice; `NotFound` when nothing was kept by then.
    """
    wrong = [name for name in by if name not in CUTS]
    if wrong or len(set(by)) != len(by):
        fault = Fault(
            "cut", _("each once, of %(known)s", known=", ".join(CUTS)), "by", value=",".join(by)[:80]
        )
        raise Invalid(_("there is no such cut"), code="cut", faults=[fault])
    kept = StandingDay.objects.all() if on is None else StandingDay.objects.filter(day__lte=on)
    found = kept.order_by("-day").only("day", "body", "recounted").first()
    if found is None:
        raise NotFound(_("no day was kept by then"), code="no_such_day")
    cells = tuple(
        StandingCell(
            {cut: AGE_BANDS[row[cut]] if cut == "age" else row[cut] for cut in by},
            {name: row[name] for name in MEASURES},
        )
        for row in sum_day(bytes(found.body), by).iter_rows(named=True)
    )
    return StandingSums(found.day, cells, found.recounted)


def list_standing_astray() -> list[str]:
    """Cells of the newest day that differ from the rows they stand for, in words; empty when all are right.

    Nothing is compared before a day was kept, nor once the rows are of another day.
    """
    newest = OutletStock.objects.aggregate(day=Max("as_of"))["day"]
    found = StandingDay.objects.filter(day=newest).first() if newest else None
    if newest is None or found is None:
        return []
    width = len(CUTS)
    with connection.cursor() as cursor:
        cursor.execute(STANDING_CELLS, [newest, list(AGE_BANDS), TRIED_ONCE, STOPPED])
        counted = {tuple(row[:width]): tuple(row[width:]) for row in cursor}
    kept = {tuple(row[:width]): tuple(row[width:]) for row in sum_day(bytes(found.body), CUTS).iter_rows()}
    return [
        f"{place}: kept {kept.get(place)}, counted {counted.get(place)}"
        for place in sorted(kept.keys() | counted.keys())
        if kept.get(place) != counted.get(place)
    ]


def list_beats() -> list[str]:
    """Beats of outlets, by name."""
    rows = Retailer.objects.exclude(beat="").order_by("beat").values_list("beat", flat=True)
    return list(rows.distinct())


def list_outlet_names(ids: Iterable[str]) -> dict[str, str]:
    """What outlets are called, by the feed's id."""
    return dict(Retailer.objects.filter(retailer_id__in=list(ids)).values_list("retailer_id", "name"))


def list_bought_by(retailer: Retailer, today: date, days: int = 365) -> list[BoughtSku]:
    """What an outlet bought in the last days by SKU, the most rupees first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_BOUGHT, [retailer.pk, today - timedelta(days=days)])
        return [
            BoughtSku(sku, name, int(pieces), int(paise), int(orders), last)
            for sku, name, pieces, paise, orders, last in cursor
        ]


_BOUGHT = """
SELECT s.code, s.name, sum(x.quantity), sum(x.quantity * x.unit_price_paise),
       count(DISTINCT x.transaction_id) FILTER (WHERE x.quantity > 0),
       max(x.sold_on) FILTER (WHERE x.quantity > 0)
FROM inventory_sale x JOIN inventory_sku s ON s.id = x.sku_id
WHERE x.retailer_id = %s AND x.sold_on >= %s
GROUP BY 1, 2 HAVING sum(x.quantity) > 0 ORDER BY 4 DESC, 1
"""
