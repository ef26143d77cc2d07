"""Everything the Prediction agent reads: visits, stock, where batches came from, what was learnt before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db.models import Max
from numpy.typing import NDArray

from inventory.agent.prediction import OutlookSnapshot
from inventory.contracts import NEVER, NO_DAY, MonitoringPolicy
from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.history import SalesHistory
from inventory.contracts.prediction import PredictionPolicy
from inventory.models import RiskModel, Sku
from inventory.risk.cause import CauseFacts, pressed
from inventory.risk.keeping import unpacked
from inventory.risk.predict import Learnt
from inventory.selectors.book import StockBook, read_book
from inventory.selectors.columns import codes_of, ids_of, positions_of, read_columns
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import VyaparError
from vyapar.law.rates import rate_for

HISTORY_DAYS = 730
#: Lines that are read at most. Beyond, the SKUs that sell least come first: what sells all the time
#: neither dies nor stands at outlets.
MOST_LINES = 6_000_000
_WEEKS = 52
_RATE_DAYS = 60


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OutlookBook(OutlookSnapshot):
    """A snapshot that knows its rows: ids of the history's items and outlets, of the stock's items."""

    first: date
    item_skus: Ints
    item_territories: Ints
    outlet_ids: Ints
    book: StockBook


def take_outlook_snapshot(as_of: datetime, policy: PredictionPolicy) -> OutlookBook | None:
    """Visits of two years, all stock, and its past; None without sales or without a forecast.

    A fixed number of queries whatever the size.
    """
    today = ist_day(as_of)
    daily = _daily(today)
    if daily is None:
        return None
    monitoring, _ = get_policy("monitoring", today)
    scope = _scope(daily)
    book = read_book(today, "outlook", scope)
    if not book.items:
        return None
    first = today - timedelta(days=daily.days)
    visits = _visits(first, today, scope)
    moves = _moves(first, today)
    stock_codes = _stock_codes(book)
    codes = np.union1d(_codes(visits), stock_codes)
    item_skus, item_territories = ids_of(codes)
    history, outlets = _history(daily.days, first, codes, visits, moves)
    now = _in_force()
    weekly, value = daily.weeks(codes)
    packs = dict(Sku.objects.values_list("pk", "case_pack"))
    case_pack = np.array([packs[pk] for pk in book.sku_ids[book.item_sku].tolist()], dtype=np.int64)
    return OutlookBook(
        history=history,
        stock=book,
        stock_item=positions_of(codes, stock_codes),
        weekly=weekly,
        value_paise=value,
        item_sku=np.unique(item_skus, return_inverse=True)[1].astype(np.int64),
        item_territory=np.unique(item_territories, return_inverse=True)[1].astype(np.int64),
        case_pack=case_pack,
        facts=take_cause_facts(book, daily, moves, monitoring),
        monitoring=monitoring,
        now={level: learnt for level, (learnt, *_) in now.items()},
        versions={level: version for level, (*_, version) in now.items()},
        relearn=not now
        or min(day for _, day, _ in now.values()) <= today - timedelta(days=policy.relearn_days),
        first=first,
        item_skus=item_skus,
        item_territories=item_territories,
        outlet_ids=outlets,
        book=book,
    )


# --- visits --------------------------------------------------------------------------------

_VISITS = """
SELECT sku_id, territory_id, retailer_id, sold_on - %s::date, sum(quantity),
       greatest(sum(quantity * unit_price_paise), 0)
FROM inventory_sale WHERE sold_on >= %s AND sold_on < %s AND {scope}
GROUP BY 1, 2, 3, 4 HAVING sum(quantity) > 0 ORDER BY 1, 2, 3, 4
"""
_VISIT_COLUMNS = dict.fromkeys(("sku", "territory", "outlet", "day", "pieces", "paise"), "int")


def _visits(first: date, today: date, scope: list[int]) -> dict[str, NDArray[Any]]:
    mine = f"sku_id IN ({', '.join(map(str, map(int, scope)))})"
    return read_columns(_VISITS.format(scope=mine), _VISIT_COLUMNS, [first, first, today])


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


def _stock_codes(book: StockBook) -> Ints:
    return codes_of(book.sku_ids[book.item_sku], book.territory_ids[book.item_territory])


# --- demand by day -------------------------------------------------------------------------

_DAILY = """
SELECT sku_id, territory_id, day - %s::date, greatest(quantity, 0), greatest(revenue_paise, 0), lines
FROM inventory_dailydemand WHERE day >= %s AND day < %s ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """Pieces and paise by item and day; `code`, `day`, `pieces`, `paise`, `lines`: (rows,), sorted."""

    days: int
    code: Ints
    day: Ints
    pieces: Ints
    paise: Ints
    lines: Ints

    def weeks(self, codes: Ints) -> tuple[Floats, Ints]:
        """(items, weeks) pieces and (items,) paise of the last whole weeks, a year at most."""
        weeks = min(_WEEKS, max(self.days // 7, 1))
        ago = (self.days - 1 - self.day) // 7
        row = positions_of(codes, self.code)
        mine = (ago < weeks) & (row >= 0)
        table, value = np.zeros((codes.size, weeks)), np.zeros(codes.size, np.int64)
        np.add.at(table, (row[mine], weeks - 1 - ago[mine]), self.pieces[mine])
        np.add.at(value, row[mine], self.paise[mine])
        return table, value

    def until(self, code: Ints, day: Ints) -> Ints:
        """(n,) pieces that an item had sold before a day, from the beginning of the window."""
        stride = self.days + 1
        place = np.searchsorted(self.code * stride + self.day, code * stride + np.clip(day, 0, self.days))
        start = np.searchsorted(self.code, code)
        sums = np.append(0, np.cumsum(self.pieces))
        return np.asarray(sums[place] - sums[start])


def _daily(today: date) -> Daily | None:
    first = today - timedelta(days=HISTORY_DAYS)
    names = ("sku", "territory", "day", "pieces", "paise", "lines")
    found = read_columns(_DAILY, dict.fromkeys(names, "int"), [first, first, today])
    if not found["day"].size:
        return None
    early = int(found["day"].min())
    return Daily(
        HISTORY_DAYS - early,
        _codes(found),
        found["day"] - early,
        found["pieces"],
        found["paise"],
        found["lines"],
    )


def _scope(daily: Daily) -> list[int]:
    """SKUs to look at, by id: those that sell least first, as far as `MOST_LINES` go."""
    every = np.array(sorted(Sku.objects.values_list("pk", flat=True)), dtype=np.int64)
    lines = np.zeros(every.size, np.int64)
    np.add.at(lines, positions_of(every, ids_of(daily.code)[0]), daily.lines)
    order = np.lexsort((every, lines))
    kept = order[np.cumsum(lines[order]) <= MOST_LINES]
    return sorted(every[kept].tolist())


# --- stock and where it came from ----------------------------------------------------------

_MOVES = """
SELECT b.sku_id, l.territory_id, (m.at AT TIME ZONE 'Asia/Kolkata')::date - %s::date, sum(m.quantity)
FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
JOIN inventory_location l ON l.id = m.location_id
WHERE (m.at AT TIME ZONE 'Asia/Kolkata')::date < %s GROUP BY 1, 2, 3
"""
_ORIGINS = """
SELECT p.id, coalesce(b.expiry_date - p.first_receipt_date, {no_day}), coalesce(s.shelf_life_days, {no_day}),
       s.mrp_paise, coalesce(s.delisted_date - DATE '0001-01-01' + 1, {no_day}), br.id,
       coalesce(m.came, p.on_hand), coalesce(m.back, 0)
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_brand br ON br.id = s.brand_id
LEFT JOIN (SELECT batch_id, location_id,
                  sum(quantity) FILTER (WHERE kind IN ('opening', 'receipt', 'transfer_in', 'found')) AS came,
                  sum(quantity) FILTER (WHERE kind = 'return') AS back
           FROM inventory_movement GROUP BY 1, 2) m
  ON m.batch_id = p.batch_id AND m.location_id = p.location_id
WHERE p.on_hand > 0 ORDER BY p.id
"""
_ORIGIN_COLUMNS = dict.fromkeys(
    ("id", "life", "shelf", "mrp_now", "delisted", "maker", "came", "back"), "int"
)


def _moves(first: date, today: date) -> dict[str, NDArray[Any]]:
    return read_columns(_MOVES, dict.fromkeys(("sku", "territory", "day", "pieces"), "int"), [first, today])


def take_cause_facts(
    book: StockBook, daily: Daily, moves: dict[str, NDArray[Any]], monitoring: MonitoringPolicy
) -> CauseFacts:
    """What is known of every position of a book; demand from the days, stock from the ledger."""
    found = read_columns(_ORIGINS.format(no_day=NO_DAY), _ORIGIN_COLUMNS)
    row = positions_of(found["id"], book.position_ids)
    origin = {name: column[row] for name, column in found.items()}
    today, item = book.today, book.position_item.astype(np.int64)
    start = today - daily.days
    received = np.where(book.first_receipt_day == NEVER, start, book.first_receipt_day)
    day = np.clip(received - start, 0, daily.days)
    code = _stock_codes(book)[item]
    sku, _territory = ids_of(code)
    sold_then = daily.until(code, day)
    before = _rate(daily, code, day)
    since = (daily.until(code, np.full_like(day, daily.days)) - sold_then) / np.maximum(daily.days - day, 1)
    elsewhere = np.zeros(item.size)
    for territory in book.territory_ids.tolist():
        other = codes_of(sku, np.full_like(sku, territory))
        elsewhere = np.where(other == code, elsewhere, np.maximum(elsewhere, _rate(daily, other, day)))
    came = np.maximum(origin["came"], book.on_hand)
    order_days = came / np.maximum(before, 1 / 60)
    lives = np.array([monitoring.minimum_life(name) for name in book.channels], dtype=np.int64)
    then, now = _tax(book, received)
    return CauseFacts(
        today=today,
        item=item,
        received_day=received,
        received=came,
        on_hand=book.on_hand,
        returned=origin["back"],
        daily_before=before,
        daily_since=since,
        daily_elsewhere=elsewhere,
        ever_before=sold_then > 0,
        stock_before=_stock_at(moves, code, received - start, daily.days),
        life_days=np.minimum(origin["life"], NO_DAY),
        shelf_days=origin["shelf"],
        minimum_life=lives[book.item_channel[item]],
        mrp_paise=book.mrp_paise,
        mrp_now_paise=origin["mrp_now"],
        delisted_day=origin["delisted"],
        tax_bp_then=then,
        tax_bp_now=now,
        pressed=pressed(origin["maker"], received, np.asarray(order_days)),
        days_to_quarter_end=_to_quarter_end(received),
    )


def _rate(daily: Daily, code: Ints, day: Ints) -> Floats:
    """(n,) pieces per day in the 60 days before a day, or in what there is of them."""
    begin = np.maximum(day - _RATE_DAYS, 0)
    sold = daily.until(code, day) - daily.until(code, begin)
    return np.asarray(sold / np.maximum(day - begin, 1))


def _stock_at(moves: dict[str, NDArray[Any]], code: Ints, day: Ints, days: int) -> Ints:
    """(n,) pieces that stood there on the morning of a day."""
    moved = _codes(moves)
    clipped = np.clip(moves["day"], -1, days) + 1
    order = np.lexsort((clipped, moved))
    stride = days + 3
    keys = moved[order] * stride + clipped[order]
    sums = np.append(0, np.cumsum(moves["pieces"][order]))
    place = np.searchsorted(keys, code * stride + np.clip(day, -1, days) + 1)
    return np.asarray(sums[place] - sums[np.searchsorted(moved[order], code)])


def _to_quarter_end(days: Ints) -> Ints:
    """(n,) days from each day to the nearest last day of a quarter, negative after it."""
    found, where = np.unique(days, return_inverse=True)
    nearest = []
    for ordinal in found.tolist():
        day = date.fromordinal(max(ordinal, 400))
        ends = [date(year, month, last) for year in (day.year - 1, day.year) for month, last in _ENDS]
        nearest.append(min(((end - day).days for end in ends), key=abs))
    return np.array(nearest, dtype=np.int64)[where]


_ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))


def _tax(book: StockBook, received: Ints) -> tuple[Ints, Ints]:
    """(positions,) GST in basis points on the day of receipt and today; -1 where the table is silent."""
    goods = {
        pk: (hsn, item, packed)
        for pk, hsn, item, packed in Sku.objects.values_list("pk", "hsn", "rate_item", "packed")
    }
    known: dict[tuple[Any, int], int] = {}

    def rate(sku: int, ordinal: int) -> int:
        key = (goods[sku], ordinal)
        if key not in known:
            try:
                hsn, item, packed = goods[sku]
                known[key] = rate_for(
                    hsn, date.fromordinal(ordinal), rate_item=item, packed=packed
                ).basis_points
            except VyaparError:
                known[key] = -1
        return known[key]

    skus = book.sku_ids[book.item_sku][book.position_item].tolist()
    then = [rate(sku, day) for sku, day in zip(skus, received.tolist(), strict=True)]
    now = [rate(sku, book.today) for sku in skus]
    return np.array(then, dtype=np.int64), np.array(now, dtype=np.int64)


# --- what was learnt -----------------------------------------------------------------------


def _in_force() -> Mapping[str, tuple[Learnt, date, int]]:
    """By level, what is in force, the day it was learnt or last challenged, and its version."""
    latest = {
        row["level"]: row["day"]
        for row in RiskModel.objects.values("level").annotate(day=Max("as_of")).order_by()
    }
    return {
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
