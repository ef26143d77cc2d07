"""What stands at outlets: bought in and not ordered again, by outlet, by item, and in any cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, Count, IntegerField, Max, Q, QuerySet, Sum, Value, When

from inventory.models import OutletStock, Retailer
from inventory.selectors.cells import AGE_BANDS
from vyapar.kernel.errors import Fault, Invalid, NotFound

#: What sums of stock at outlets can be cut by.
CUTS = ("territory", "outlet", "category", "brand", "age", "cause", "beat")
MEASURES = ("expected_paise", "pieces", "items")
#: Why it stands there, as far as orders tell: it was tried once, or ordered for a while and no more.
TRIED_ONCE, STOPPED = "tried_once", "stopped_ordering"


@dataclass(frozen=True, slots=True)
class StandingFilter:
    """Which stock at outlets is meant; what is empty does not narrow. `category`: a root or any below."""

    words: str = ""
    territory: str = ""
    beat: str = ""
    category: str = ""
    outlet: str = ""


@dataclass(frozen=True, slots=True)
class OutletSum:
    """What stands at one outlet: items, pieces of their last purchases, what is expected to be left."""

    pk: int
    retailer_id: str
    name: str
    territory: str
    beat: str
    phone: str
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
        "retailer__beat", "retailer__phone",
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
            row["retailer__territory__name"], row["retailer__beat"], row["retailer__phone"], row["items"],
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


def sum_standing(by: Sequence[str]) -> tuple[date, tuple[StandingCell, ...]]:
    """The day, and the newest sums of stock at outlets by some of `CUTS`; every cut has the same total.

    `Invalid` names a cut that does not exist or stands twice; `NotFound` when nothing stands anywhere.
    """
    wrong = [name for name in by if name not in CUTS]
    if wrong or len(set(by)) != len(by):
        fault = Fault("cut", f"each once, of {', '.join(CUTS)}", "by", value=",".join(by)[:80])
        raise Invalid("there is no such cut", code="cut", faults=[fault])
    newest = OutletStock.objects.aggregate(day=Max("as_of"))["day"]
    if newest is None:
        raise NotFound("nothing is known to stand at outlets", code="no_such_day")
    names = {
        "territory": "territory__code", "outlet": "retailer__retailer_id", "category": "sku__category__code",
        "brand": "sku__brand__name", "beat": "retailer__beat", "age": "band", "cause": "why",
    }  # fmt: skip
    rows: Any = OutletStock.objects.annotate(band=_band(newest), why=_why(), whole=Value(0))
    rows = rows.values("whole", *(names[cut] for cut in by)).annotate(
        sum_paise=Sum("expected_paise"), sum_pieces=Sum("pieces"), sum_items=Count("pk")
    )
    cells = tuple(
        StandingCell(
            {cut: AGE_BANDS[row[names[cut]]] if cut == "age" else row[names[cut]] for cut in by},
            {
                "expected_paise": int(row["sum_paise"]), "pieces": int(row["sum_pieces"]),
                "items": int(row["sum_items"]),
            },
        )
        for row in sorted(rows.order_by(), key=lambda row: tuple(row[names[cut]] for cut in by))
    )  # fmt: skip
    return newest, cells


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


def _band(today: date) -> Case:
    """Index of the band of days since it was last bought."""
    steps = [
        When(last_bought_date__lte=today - timedelta(days=days), then=Value(index))
        for index, days in enumerate(AGE_BANDS)
    ]
    return Case(*reversed(steps), default=Value(0), output_field=IntegerField())


def _why() -> Case:
    return Case(When(orders__lte=1, then=Value(TRIED_ONCE)), default=Value(STOPPED))
