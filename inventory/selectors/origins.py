"""Where the batches on the shelves came from, and what was asked for before and since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts import NEVER, NO_DAY, MonitoringPolicy
from inventory.contracts.arrays import Floats, Ints
from inventory.models import Sku
from inventory.risk.cause import CauseFacts, pressed
from inventory.selectors.book import StockBook
from inventory.selectors.columns import codes_of, ids_of, of_skus, positions_of, read_columns
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
SELECT p.id, p.sku_id, l.territory_id, p.on_hand,
       coalesce(p.first_receipt_date - DATE '0001-01-01' + 1, {never}),
       coalesce(b.expiry_date - p.first_receipt_date, {no_day}), coalesce(s.shelf_life_days, {no_day}),
       s.mrp_paise, coalesce(s.delisted_date - DATE '0001-01-01' + 1, {no_day}), s.brand_id,
       coalesce(m.came, p.on_hand), coalesce(m.back, 0)
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_location l ON l.id = p.location_id
LEFT JOIN (SELECT m.batch_id, m.location_id,
                  sum(quantity) FILTER (WHERE kind IN ('opening', 'receipt', 'transfer_in', 'found')) AS came,
                  sum(quantity) FILTER (WHERE kind = 'return') AS back
           FROM inventory_movement m JOIN inventory_batch p ON p.id = m.batch_id
           WHERE {scope} GROUP BY 1, 2) m
  ON m.batch_id = p.batch_id AND m.location_id = p.location_id
WHERE p.on_hand > 0 AND {scope} ORDER BY p.id
"""
_ORIGIN_COLUMNS = dict.fromkeys(
    ("id", "sku", "territory", "on_hand", "received", "life", "shelf", "mrp_now", "delisted", "maker",
     "came", "back"), "int",
)  # fmt: skip


def read_moves(first: date, today: date, skus: Sequence[int] | None = None) -> dict[str, NDArray[Any]]:
    """What the stock of each item changed by on each day, `day` counted from `first`."""
    names = ("sku", "territory", "day", "pieces")
    return read_columns(_MOVES.format(scope=of_skus(skus)), dict.fromkeys(names, "int"), [first, today])


def take_cause_facts(
    book: StockBook, monitoring: MonitoringPolicy, first: date, among: Sequence[int] | None, part: bool
) -> CauseFacts:
    """What is known of every position of a book: demand from the days since `first`, stock from the ledger.

    How hard a maker pressed shows in all that came of his: `among` are the SKUs (by id; None: all) that
    the cycle looks at, and of a `part` of them the makers' other goods are read too.
    """
    skus = book.sku_ids.tolist() if part or among is not None else None
    kin = _of_same_makers(skus, among) if part and skus is not None else among
    daily, moves = read_daily(first, book.as_of, kin), read_moves(first, book.as_of, skus)
    sql = _ORIGINS.format(no_day=NO_DAY, never=NEVER, scope=of_skus(kin))
    came = _Came.of(read_columns(sql, _ORIGIN_COLUMNS), daily, first)
    row = positions_of(came.rows["id"], book.position_ids)
    origin = {name: column[row] for name, column in came.rows.items()}
    received, day, code = came.received[row], came.day[row], came.code[row]
    today, item = book.today, book.position_item.astype(np.int64)
    start = first.toordinal()
    sku, _territory = ids_of(code)
    sold_then = daily.until(code, day)
    since = (daily.until(code, np.full_like(day, daily.days)) - sold_then) / np.maximum(daily.days - day, 1)
    elsewhere = np.zeros(item.size)
    for territory in book.territory_ids.tolist():
        other = codes_of(sku, np.full_like(sku, territory))
        elsewhere = np.where(other == code, elsewhere, np.maximum(elsewhere, daily.rate(other, day)))
    lives = np.array([monitoring.minimum_life(name) for name in book.channels], dtype=np.int64)
    then, now = _tax(book, received)
    return CauseFacts(
        today=today,
        item=item,
        received_day=received,
        received=came.pieces[row],
        on_hand=book.on_hand,
        returned=origin["back"],
        daily_before=came.before[row],
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
        pressed=came.pressed()[row],
        days_to_quarter_end=_to_quarter_end(received),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Came:
    """Positions as they came, (rows,) each: `code` of the item, `received` day, `day` of the window at
    which that was, `pieces` that came, `before`: pieces of the item sold per day before.
    """

    rows: dict[str, NDArray[Any]]
    code: Ints
    received: Ints
    day: Ints
    pieces: Ints
    before: Floats

    @classmethod
    def of(cls, rows: dict[str, NDArray[Any]], daily: Daily, first: date) -> _Came:
        start = first.toordinal()
        received = np.where(rows["received"] == NEVER, start, rows["received"])
        code, day = codes_of(rows["sku"], rows["territory"]), np.clip(received - start, 0, daily.days)
        pieces = np.maximum(rows["came"], rows["on_hand"])
        return cls(rows, code, received, day, pieces, daily.rate(code, day))

    def pressed(self) -> Ints:
        """(rows,) large batches of the same maker that came about the same day."""
        order_days = np.asarray(self.pieces / np.maximum(self.before, 1 / 60))
        return pressed(self.rows["maker"], self.received, order_days)


def _of_same_makers(skus: Sequence[int], among: Sequence[int] | None) -> list[int]:
    """SKUs, by id, of the makers of some; those `among` alone, where given."""
    makers = Sku.objects.filter(pk__in=skus).values("brand_id")
    kin = set(Sku.objects.filter(brand_id__in=makers).values_list("pk", flat=True))
    return sorted(kin if among is None else kin & set(among))


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
