"""Everything the Prediction agent reads: visits, stock, where batches came from, what was learnt before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection
from django.db.models import Max
from numpy.typing import NDArray

from inventory.agent.prediction import OutlookSnapshot, PastSnapshot, ShelfSnapshot
from inventory.contracts import NO_DAY
from inventory.contracts.arrays import Ints
from inventory.contracts.history import SalesHistory
from inventory.contracts.prediction import PredictionPolicy
from inventory.models import RiskModel, Sku
from inventory.risk.cause import LargeBatches
from inventory.risk.keeping import unpacked
from inventory.risk.predict import Learnt
from inventory.selectors import book
from inventory.selectors.book import StockBook, list_item_codes, read_book, sku_ranges
from inventory.selectors.columns import codes_of, ids_of, of_skus, positions_of, read_columns, read_packed
from inventory.selectors.daily import first_day, read_daily
from inventory.selectors.origins import large_batches_of, read_moves, take_cause_facts
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day

#: Lines that are read at most. Beyond, the SKUs that sell least come first: what sells all the time
#: neither dies nor stands at outlets.
MOST_LINES = 6_000_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PastBook(PastSnapshot):
    """The past with its rows: `first` day of the window, ids of the history's items and outlets."""

    as_of: date
    first: date
    item_skus: Ints
    item_territories: Ints
    outlet_ids: Ints


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ShelfBook(ShelfSnapshot):
    """The shelves with the rows that their `stock` was read from; `part`: whether of some SKUs alone."""

    book: StockBook = field(metadata={"known_by": "stock"})
    part: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OutlookBook(OutlookSnapshot):
    """A snapshot that knows its rows."""

    past: PastBook | None
    shelf: ShelfBook | None


def take_outlook_snapshot(as_of: datetime, policy: PredictionPolicy) -> OutlookBook | None:
    """Visits of two years, all stock, and its past; None without sales or without a forecast.

    A fixed number of queries whatever the size.
    """
    today = ist_day(as_of)
    first = first_day(today)
    if first is None:
        return None
    skus = _looked_at(first, today)
    shelf = _read_shelf(first, today, skus, _among(skus))
    return None if shelf is None else OutlookBook(past=_read_past(first, today, policy, skus), shelf=shelf)


def split_outlook(as_of: datetime, policy: PredictionPolicy) -> list[dict[str, Any]]:
    """What a snapshot would hold as the past, and the shelves in ranges of SKUs as large as a part of the
    book: `past`, or `first` and `last` SKU ids. Empty where one snapshot is small enough.
    """
    today = ist_day(as_of)
    first = first_day(today)
    if first is None:
        return []
    skus, held = _looked_at(first, today), _held()
    if sum(held.get(sku, 0) for sku in skus) <= book.PART_POSITIONS:
        return []
    return [{"past": True}, *({"first": low, "last": high} for low, high in sku_ranges(skus, held))]


def find_large_batches(as_of: datetime, scopes: Sequence[Mapping[str, Any]]) -> LargeBatches:
    """What came of each maker in large batches, over the shelves of all parts that `split_outlook` cut."""
    today = ist_day(as_of)
    first = first_day(today)
    if first is None:
        return LargeBatches(*np.zeros((3, 0), np.int64))
    skus, shelves = _looked_at(first, today), [scope for scope in scopes if not scope.get("past")]
    ranges = [[sku for sku in skus if scope["first"] <= sku <= scope["last"]] for scope in shelves]
    return large_batches_of(first, today, ranges)


def take_outlook_part(
    as_of: datetime, policy: PredictionPolicy, scope: Mapping[str, Any]
) -> OutlookBook | None:
    """The past, or the shelves of one range of `split_outlook`."""
    today = ist_day(as_of)
    first = first_day(today)
    if first is None:
        return None
    skus = _looked_at(first, today)
    if scope.get("past"):
        return OutlookBook(past=_read_past(first, today, policy, skus), shelf=None)
    mine = [sku for sku in skus if scope["first"] <= sku <= scope["last"]]
    shelf = _read_shelf(first, today, mine, _among(skus), part=True) if mine else None
    return None if shelf is None else OutlookBook(past=None, shelf=shelf)


# --- the two halves ------------------------------------------------------------------------


def _read_past(first: date, today: date, policy: PredictionPolicy, skus: list[int]) -> PastBook:
    daily = read_daily(first, today)
    visits = _visits(first, today, skus)
    codes = np.union1d(_codes(visits), list_item_codes(_among(skus)))
    item_skus, item_territories = ids_of(codes)
    history, outlets = _history(daily.days, first, codes, visits, read_moves(first, today))
    now = _in_force()
    weekly, value = daily.weeks(codes)
    return PastBook(
        history=history,
        weekly=weekly,
        value_paise=value,
        item_sku=np.unique(item_skus, return_inverse=True)[1].astype(np.int64),
        item_territory=np.unique(item_territories, return_inverse=True)[1].astype(np.int64),
        now={level: learnt for level, (learnt, *_) in now.items()},
        versions={level: version for level, (*_, version) in now.items()},
        relearn=not now
        or min(day for _, day, _ in now.values()) <= today - timedelta(days=policy.relearn_days),
        as_of=today,
        first=first,
        item_skus=item_skus,
        item_territories=item_territories,
        outlet_ids=outlets,
    )


def _read_shelf(
    first: date, today: date, skus: list[int], among: list[int] | None, *, part: bool = False
) -> ShelfBook | None:
    """The stock of some SKUs, where any is known; `among`: all that the cycle looks at."""
    found = read_book(today, "outlook", skus, part=part or among is not None, outlets=False)
    if not found.items:
        return None
    monitoring, _ = get_policy("monitoring", today)
    packs = dict(Sku.objects.values_list("pk", "case_pack"))
    return ShelfBook(
        stock=found,
        book=found,
        case_pack=np.array([packs[pk] for pk in found.sku_ids[found.item_sku].tolist()], dtype=np.int64),
        facts=take_cause_facts(found, monitoring, first, among, part),
        monitoring=monitoring,
        part=part,
    )


def _among(skus: list[int]) -> list[int] | None:
    """The same; None when they are all."""
    return None if len(skus) == Sku.objects.count() else skus


def _looked_at(first: date, today: date) -> list[int]:
    """SKUs that are looked at, by id: those that sell least first, as far as `MOST_LINES` go.

    Their history and their shelves: of goods whose history is not read nothing can be said.
    """
    every = np.array(Sku.objects.order_by("pk").values_list("pk", flat=True), dtype=np.int64)
    found = read_columns(_LINES, {"sku": "int", "lines": "int"}, [first, today])
    lines = np.zeros(every.size, np.int64)
    lines[positions_of(every, found["sku"])] = found["lines"]
    order = np.lexsort((every, lines))
    kept = order[np.cumsum(lines[order]) <= MOST_LINES]
    return sorted(every[kept].tolist())


_LINES = "SELECT sku_id, sum(lines) FROM inventory_dailydemand WHERE day >= %s AND day < %s GROUP BY 1"


def _held() -> dict[int, int]:
    """How many positions with stock each SKU has, by id."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT sku_id, count(*) FROM inventory_position WHERE on_hand > 0 GROUP BY 1")
        return dict(cursor.fetchall())


# --- visits --------------------------------------------------------------------------------

_VISITS = """
SELECT sku_id, territory_id, retailer_id, sold_on - %s::date, sum(quantity),
       greatest(sum(quantity * unit_price_paise), 0)
FROM inventory_sale p WHERE sold_on >= %s AND sold_on < %s AND {scope}
GROUP BY 1, 2, 3, 4 HAVING sum(quantity) > 0
"""
_VISIT_COLUMNS = ("sku", "territory", "outlet", "day", "pieces", "paise")


def _visits(first: date, today: date, scope: list[int]) -> dict[str, NDArray[Any]]:
    return read_packed(_VISITS.format(scope=of_skus(scope)), _VISIT_COLUMNS, [first, first, today])


def _history(
    days: int, first: date, codes: Ints, visits: dict[str, NDArray[Any]], moves: dict[str, NDArray[Any]]
) -> tuple[SalesHistory, Ints]:
    """The history of items `codes`, and the ids of its outlets."""
    outlets, outlet = np.unique(visits["outlet"], return_inverse=True)
    item = positions_of(codes, _codes(visits))
    pair_code, pair = np.unique(item * max(outlets.size, 1) + outlet, return_inverse=True)
    order = np.lexsort((visits["day"], pair))
    known = _skus()
    sku, _territory = ids_of(codes)
    moved = positions_of(codes, _codes(moves))
    there = moved >= 0
    groups = np.array([known[pk][0] for pk in sku.tolist()], dtype=np.int64)
    gone = np.array([known[pk][1] for pk in sku.tolist()], dtype=np.int64)
    history = SalesHistory(
        days=days,
        outlets=int(outlets.size),
        item_group=np.unique(groups, return_inverse=True)[1].astype(np.int32),
        item_delisted=np.where(gone < NO_DAY, gone - first.toordinal(), NO_DAY),
        pair_item=pair_code // max(outlets.size, 1),
        pair_outlet=pair_code % max(outlets.size, 1),
        visit_pair=pair[order],
        visit_day=visits["day"][order],
        visit_pieces=visits["pieces"][order],
        visit_paise=visits["paise"][order],
        move_item=moved[there].astype(np.int32),
        move_day=np.clip(moves["day"][there], -1, days - 1),
        move_pieces=moves["pieces"][there],
    )
    return history, outlets


def _skus() -> dict[int, tuple[int, int]]:
    """By id: category, and the ordinal from which it is delisted."""
    return {
        pk: (category, delisted.toordinal() if delisted else NO_DAY)
        for pk, category, delisted in Sku.objects.values_list("pk", "category_id", "delisted_date")
    }


def _codes(columns: dict[str, NDArray[Any]]) -> Ints:
    return codes_of(columns["sku"], columns["territory"])


# --- what was learnt -----------------------------------------------------------------------


def _in_force() -> Mapping[str, tuple[Learnt, date, int]]:
    """By level, what is in force, the day it was learnt or last challenged, and its version; not what was
    learnt from other columns than today's: that level is learnt anew.
    """
    latest = {
        row["level"]: row["day"]
        for row in RiskModel.objects.values("level").annotate(day=Max("as_of")).order_by()
    }
    kept = {
        row.level: (
            unpacked(
                row.level, (row.window_last - row.window_first).days + 1, row.rows, row.metrics,
                row.reliability, bytes(row.body),
            ),
            latest[row.level],
            row.version,
        )
        for row in RiskModel.objects.filter(in_force=True)
    }  # fmt: skip
    return {level: (one, day, version) for level, (one, day, version) in kept.items() if one is not None}
