"""Where the batches on the shelves came from, and what was asked for before and since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts import NEVER, NO_DAY, MonitoringPolicy
from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.models import Sku
from inventory.risk.cause import CauseFacts, LargeBatches, beyond_days, large_batches, pressed
from inventory.risk.lives import minimum_lives
from inventory.selectors.arrivals import read_arrivals
from inventory.selectors.book import StockBook
from inventory.selectors.columns import codes_of, ids_of, of_skus, positions_of, read_packed
from inventory.selectors.daily import Daily, read_daily
from vyapar.kernel.errors import VyaparError
from vyapar.law.rates import rate_for

_MOVES = """
SELECT p.sku_id, l.territory_id, (m.at AT TIME ZONE 'Asia/Kolkata')::date - %s::date, sum(m.quantity)
FROM inventory_movement m JOIN inventory_batch p ON p.id = m.batch_id
JOIN inventory_location l ON l.id = m.location_id
WHERE (m.at AT TIME ZONE 'Asia/Kolkata')::date < %s AND {scope} GROUP BY 1, 2, 3
"""
_ORIGINS = """
SELECT p.id, p.batch_id, p.location_id, p.sku_id, l.territory_id, p.on_hand,
       coalesce(p.first_receipt_date - DATE '0001-01-01' + 1, {never}),
       coalesce(b.expiry_date - DATE '0001-01-01' + 1, {no_day}), coalesce(s.shelf_life_days, {no_day}),
       s.mrp_paise, s.case_pack, coalesce(s.delisted_date - DATE '0001-01-01' + 1, {no_day}), s.brand_id
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_location l ON l.id = p.location_id
WHERE p.on_hand > 0 AND {scope}
"""
_ORIGIN_COLUMNS = (
    "id", "batch", "location", "sku", "territory", "on_hand", "first", "expiry", "shelf", "mrp_now", "case",
    "delisted", "maker",
)  # fmt: skip
#: Fewer days of sales than this tell nothing of what was asked for.
_FEW_DAYS = 28
#: Days that show how goods sell: the last ones and, of what stood there when the books began, the first.
_SHOWING_DAYS = 60
#: Where the plan of a cycle in parts leaves what came of each maker, for all of its parts.
LARGE = "inventory_large_fresh"
_KEPT_LARGE = f"SELECT maker, day, batches FROM {LARGE}"  # noqa: S608  # a name of ours


def read_moves(first: date, today: date, skus: Sequence[int] | None = None) -> dict[str, NDArray[Any]]:
    """What the stock of each item changed by on each day, `day` counted from `first`; by item and day."""
    names = ("sku", "territory", "day", "pieces")
    found = read_packed(_MOVES.format(scope=of_skus(skus)), names, [first, today])
    order = np.lexsort((found["day"], found["territory"], found["sku"]))
    return {name: column[order] for name, column in found.items()}


def take_cause_facts(
    book: StockBook, monitoring: MonitoringPolicy, first: date, among: Sequence[int] | None, part: bool
) -> CauseFacts:
    """What is known of every position of a book: demand from the days since `first`, stock from the ledger.

    How hard a maker pressed shows in all that came of his: `among` are the SKUs (by id; None: all) that
    the cycle looks at. A `part` of them finds it counted (see `large_batches_of`).
    """
    skus = book.sku_ids.tolist() if part or among is not None else None
    daily, moves = read_daily(first, book.as_of, skus), read_moves(first, book.as_of, skus)
    came = _Came.read(daily, first, skus).at(book.position_ids)
    rows, code, day = came.rows, came.code, came.day
    item, start = book.position_item.astype(np.int64), first.toordinal()
    sku, _territory = ids_of(code)
    parted = np.where(came.late, np.minimum(day + _SHOWING_DAYS, daily.days), day)
    elsewhere = np.zeros(item.size)
    for territory in book.territory_ids.tolist():
        other = codes_of(sku, np.full_like(sku, territory))
        elsewhere = np.where(other == code, elsewhere, np.maximum(elsewhere, daily.rate(other, day)))
    life = np.where(rows["expiry"] < NO_DAY, rows["expiry"] - came.received, NO_DAY)
    then, now = _tax(book, came.received)
    return CauseFacts(
        today=book.today,
        item=item,
        received_day=came.received,
        received=np.maximum(rows["came"], book.on_hand),
        ordered=rows["ordered"],
        case_pack=rows["case"],
        on_hand=book.on_hand,
        returned=rows["back"],
        daily_before=daily.rate(code, parted),
        expected_daily=came.expected,
        daily_since=daily.since(code, parted),
        daily_lately=daily.since(code, np.maximum(parted, daily.days - _SHOWING_DAYS)),
        daily_elsewhere=elsewhere,
        ever_before=daily.until(code, day) > 0,
        known_days=day,
        stock_before=_stock_at(moves, code, came.received - start, daily.days),
        life_days=life,
        shelf_days=rows["shelf"],
        minimum_life=minimum_lives(book, monitoring, life),
        mrp_paise=book.mrp_paise,
        mrp_now_paise=rows["mrp_now"],
        delisted_day=rows["delisted"],
        tax_bp_then=then,
        tax_bp_now=now,
        pressed=pressed(rows["maker"], came.received, _read_large() if part else came.large),
        days_to_quarter_end=_to_quarter_end(came.received),
        opened=rows["opened"].astype(bool),
        moved=rows["moved"].astype(bool),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Came:
    """Positions as they came, (rows,) each: `code` of the item that had ordered them, `received` day of
    that, `day` of the window at which that was, `expected` pieces per day then; `late`: the books began
    with them, and tell too little of the days before. `large`: what came of their makers in large batches.
    """

    rows: dict[str, NDArray[Any]]
    code: Ints
    received: Ints
    day: Ints
    expected: Floats
    late: Flags
    large: LargeBatches

    @classmethod
    def read(cls, daily: Daily, first: date, skus: Sequence[int] | None) -> _Came:
        sql = _ORIGINS.format(no_day=NO_DAY, never=NEVER, scope=of_skus(skus))
        rows, start = read_packed(sql, _ORIGIN_COLUMNS), first.toordinal()
        known = read_arrivals(skus).of(rows["batch"], rows["location"])
        here = codes_of(rows["sku"], rows["territory"])
        code = np.where(known["moved"], known["code"], here)
        stood = np.where(rows["first"] == NEVER, start, rows["first"])
        received = np.where(known["day"] > 0, known["day"], stood)
        day = np.clip(received - start, 0, daily.days)
        expected = daily.usual().expected(code, day)
        ordered = beyond_days(known["ordered"], rows["case"], expected)
        came = ~known["moved"].astype(bool)  # what was moved came once
        large = large_batches(rows["maker"][came], received[came], ordered[came])
        late = known["opened"].astype(bool) & (day < _FEW_DAYS)
        return cls(rows | known, code, received, day, expected, late, large)

    def at(self, positions: Ints) -> _Came:
        """Some of them, by id and in that order; what came of the makers is that of all."""
        row = positions_of(self.rows["id"], positions)
        rows = {name: column[row] for name, column in self.rows.items()}
        return _Came(
            rows, self.code[row], self.received[row], self.day[row], self.expected[row], self.late[row],
            self.large,
        )  # fmt: skip


def large_batches_of(first: date, today: date, ranges: Sequence[Sequence[int]]) -> LargeBatches:
    """Large batches of the makers of all SKUs (by id) of some ranges, one range read at a time."""
    found = [_Came.read(read_daily(first, today, skus), first, skus).large for skus in ranges]
    maker, day, count = (
        np.concatenate([getattr(one, name) for one in found]) for name in LargeBatches.__slots__
    )
    places, which = np.unique(np.stack([maker, day]), axis=1, return_inverse=True)
    counts = np.zeros(places.shape[1], np.int64)
    np.add.at(counts, which, count)
    return LargeBatches(places[0], places[1], counts)


def _read_large() -> LargeBatches:
    return LargeBatches(**read_packed(_KEPT_LARGE, LargeBatches.__slots__))


def _stock_at(moves: dict[str, NDArray[Any]], code: Ints, day: Ints, days: int) -> Ints:
    """(n,) pieces that stood there on the morning of a day."""
    moved = codes_of(moves["sku"], moves["territory"])
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
    goods = {pk: key for pk, *key in Sku.objects.values_list("pk", "hsn", "rate_item", "packed")}
    kinds: dict[tuple[Any, ...], int] = {}
    kind = np.array(
        [kinds.setdefault(tuple(goods[pk]), len(kinds)) for pk in book.sku_ids.tolist()], np.int64
    )
    mine = kind[book.item_sku][book.position_item]
    found = tuple(kinds)

    def rates(days: Ints) -> Ints:
        """One look at the table for each kind of goods and day."""
        pairs, where = np.unique(mine * _FAR + days, return_inverse=True)
        return np.array([_rate(found[one // _FAR], one % _FAR) for one in pairs.tolist()], np.int64)[where]

    return rates(received), rates(np.full_like(received, book.today))


#: Above any day's ordinal.
_FAR = 10_000_000


def _rate(goods: tuple[Any, ...], ordinal: int) -> int:
    hsn, item, packed = goods
    try:
        return rate_for(hsn, date.fromordinal(ordinal), rate_item=item, packed=packed).basis_points
    except VyaparError:
        return -1
