"""Plays the godowns day by day: goods come in batches, shops take the first to expire."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from inventory.feeds.demonstration.demand import Terms, Visits
from inventory.feeds.demonstration.gst import Ints

#: Shops take nothing with less life than this, so it stays on the shelf until it is written off.
LIFE_AT_SALE_DAYS = 30
WRITTEN_OFF_AFTER_DAYS = 45
#: Source days with this remainder by seven are the weekly closing day.
_CLOSED = 4
_URGENT_LOT_DAYS = 30


class Kind(IntEnum):
    """Kinds of movement, in the order in which they happen within a day."""

    OPENING = 0
    RECEIPT = 1
    SALE = 2
    RETURN = 3
    ADJUSTMENT = 4
    WRITE_OFF = 5


class Source(IntEnum):
    """How a lot was bought."""

    OPENING = 0
    ORDER = 1
    URGENT = 2
    PLANTED = 3


@dataclass(eq=False, slots=True)
class Lot:
    """One batch of a pair. Days are numbers; `received`, `returned` and `left` in pieces."""

    index: int
    pair: int
    number: int
    source: Source
    day: int
    made: int
    expiry: int
    cause: str = ""
    old_mrp_bp: int = 0
    received: int = 0
    returned: int = 0
    left: int = 0
    shelved: bool = False


@dataclass(frozen=True, slots=True)
class Plant:
    """A receipt that the buyer should not have taken, or (`held`) the day its price grew old.

    `life_days` is what is left of the shelf life on arrival; `old_mrp_bp` how far the printed MRP
    lies above today's.
    """

    pair: int
    day: int
    quantity: int
    cause: str
    life_days: int
    old_mrp_bp: int = 0
    held: bool = False


@dataclass(slots=True)
class _Shelf:
    fresh: list[Lot] = field(default_factory=list)
    aside: list[Lot] = field(default_factory=list)
    coming: deque[tuple[int, int]] = field(default_factory=deque)
    last: Lot | None = None
    urgent: Lot | None = None
    lots: int = 0


class StockRoom:
    """The shelves of all pairs. `moves` and `lots` collect what happened until they are drained."""

    def __init__(self, terms: Terms, plants: Iterable[Plant], seed: np.random.Generator) -> None:
        self.moves: list[tuple[int, int, int, int, int]] = []
        self.lots: list[Lot] = []
        self._shelves = [_Shelf() for _ in range(len(terms))]
        self._lead = terms.lead_days.tolist()
        self._case = terms.case_pack.tolist()
        self._life = terms.shelf_life_days.tolist()
        self._chance = seed
        self._ages: list[float] = []
        self._count = 0
        self._plants: dict[tuple[int, int], list[Plant]] = {}
        for plant in plants:
            self._plants.setdefault((plant.pair, plant.day), []).append(plant)

    def open(self, quantities: Ints) -> None:
        """Stock of the day before the first: (pairs,) pieces."""
        for pair in np.flatnonzero(quantities).tolist():
            self._receive(pair, -1, int(quantities[pair]), Source.OPENING)

    def advance(self, visits: Visits, first: int, last: int) -> None:
        """Play days `first` to `last`, both included, and close the books on the last."""
        for pair, day, sold, returned, level, target, ahead in _merged(visits, self._planted(first, last)):
            shelf = self._shelves[pair]
            self._arrivals(shelf, pair, day)
            for plant in self._plants.get((pair, day), ()):
                self._play(shelf, plant)
            if sold:
                self._sell(shelf, pair, day, sold)
            if returned:
                self._take_back(shelf, pair, day, returned)
            if level:
                self._reorder(shelf, pair, day, level, min(target, ahead))
        self._close(last)

    def positions(self) -> list[Lot]:
        """Every lot of which something is left, by pair and number."""
        held = (lot for shelf in self._shelves for lot in (*shelf.fresh, *shelf.aside) if lot.left)
        return sorted(held, key=lambda lot: (lot.pair, lot.number))

    def drain(self) -> tuple[list[tuple[int, int, int, int, int]], list[Lot]]:
        """Movements (pair, lot index, day, kind, signed pieces) and new lots since the last call."""
        moves, lots = self.moves, self.lots
        self.moves, self.lots = [], []
        return moves, lots

    def _planted(self, first: int, last: int) -> list[tuple[int, int]]:
        return sorted(key for key in self._plants if first <= key[1] <= last)

    def _lot(self, pair: int, day: int, source: Source, made: int, expiry: int) -> Lot:
        self._shelves[pair].lots += 1
        number = self._shelves[pair].lots
        lot = Lot(self._count, pair, number, source, day, made, expiry)
        self._count += 1
        self.lots.append(lot)
        return lot

    def _fresh_lot(self, pair: int, day: int, source: Source) -> Lot:
        """A lot as it usually comes: with 3 to 15 per cent of its life behind it."""
        if not self._ages:
            self._ages = self._chance.uniform(0.03, 0.15, 4_096).tolist()
        made = day - int(self._life[pair] * self._ages.pop())
        return self._lot(pair, day, source, made, made + self._life[pair])

    def _receive(self, pair: int, day: int, quantity: int, source: Source) -> None:
        self._put(self._fresh_lot(pair, day, source), day, quantity)

    def _put(self, lot: Lot, day: int, quantity: int) -> None:
        kind = Kind.OPENING if lot.source is Source.OPENING else Kind.RECEIPT
        lot.received += quantity
        self._move(lot, day, kind, quantity)
        self._shelve(lot)

    def _move(self, lot: Lot, day: int, kind: Kind, quantity: int) -> None:
        lot.left += quantity
        self.moves.append((lot.pair, lot.index, day, kind, quantity))

    def _shelve(self, lot: Lot) -> None:
        if not lot.shelved:
            lot.shelved = True
            insort(self._shelves[lot.pair].fresh, lot, key=lambda other: other.expiry)

    def _arrivals(self, shelf: _Shelf, pair: int, day: int) -> None:
        while shelf.coming and shelf.coming[0][0] <= day:
            arrival, quantity = shelf.coming.popleft()
            self._receive(pair, arrival, quantity, Source.ORDER)
        while shelf.fresh and shelf.fresh[0].expiry - day < LIFE_AT_SALE_DAYS:
            shelf.aside.append(shelf.fresh.pop(0))

    def _play(self, shelf: _Shelf, plant: Plant) -> None:
        if plant.held:
            held = [lot for lot in shelf.fresh if lot.old_mrp_bp]
            shelf.fresh = [lot for lot in shelf.fresh if not lot.old_mrp_bp]
            shelf.aside += held
            return
        expiry = plant.day + plant.life_days
        made = min(expiry - self._life[plant.pair], plant.day)
        lot = self._lot(plant.pair, plant.day, Source.PLANTED, made, expiry)
        lot.cause, lot.old_mrp_bp = plant.cause, plant.old_mrp_bp
        self._put(lot, plant.day, plant.quantity)

    def _sell(self, shelf: _Shelf, pair: int, day: int, wanted: int) -> None:
        while wanted and shelf.fresh:
            lot = shelf.fresh[0]
            taken = min(wanted, lot.left)
            self._move(lot, day, Kind.SALE, -taken)
            wanted -= taken
            shelf.last = lot
            if not lot.left:
                shelf.fresh.pop(0).shelved = False
        if wanted:
            lot = self._urgent_lot(shelf, pair, day)
            lot.received += wanted
            self._move(lot, day, Kind.RECEIPT, wanted)
            self._move(lot, day, Kind.SALE, -wanted)
            shelf.last = lot

    def _urgent_lot(self, shelf: _Shelf, pair: int, day: int) -> Lot:
        """Goods bought by the piece for orders that the shelf cannot serve: one lot a month."""
        lot = shelf.urgent
        if lot is None or day - lot.day >= _URGENT_LOT_DAYS or lot.shelved:
            lot = shelf.urgent = self._fresh_lot(pair, day, Source.URGENT)
        return lot

    def _take_back(self, shelf: _Shelf, pair: int, day: int, quantity: int) -> None:
        """Returned pieces go back to the batch that was last sold here."""
        lot = shelf.last or self._fresh_lot(pair, day, Source.URGENT)
        lot.returned += quantity
        self._move(lot, day, Kind.RETURN, quantity)
        self._shelve(lot)

    def _reorder(self, shelf: _Shelf, pair: int, day: int, level: int, target: int) -> None:
        stock = sum(lot.left for lot in shelf.fresh) + sum(quantity for _, quantity in shelf.coming)
        if stock >= level:
            return
        case = self._case[pair]
        quantity = (2 * (target - stock) + case) // (2 * case) * case
        if quantity > 0:
            arrival = day + self._lead[pair]
            shelf.coming.append((arrival + (arrival % 7 == _CLOSED), quantity))

    def _close(self, last: int) -> None:
        """Receive what has arrived, write off what expired long ago, correct what breakage took."""
        counted = self._chance.random(len(self._shelves)) < 0.01
        for pair, shelf in enumerate(self._shelves):
            self._arrivals(shelf, pair, last)
            gone = [lot for lot in shelf.aside if last - lot.expiry >= WRITTEN_OFF_AFTER_DAYS]
            for lot in gone:
                self._move(lot, last, Kind.WRITE_OFF, -lot.left)
                lot.shelved = False
            if gone:
                shelf.aside = [lot for lot in shelf.aside if lot.left]
            if counted[pair] and shelf.fresh and shelf.fresh[-1].left > 12:
                self._move(shelf.fresh[-1], last, Kind.ADJUSTMENT, -1)


def _merged(
    visits: Visits, planted: Sequence[tuple[int, int]]
) -> Iterable[tuple[int, int, int, int, int, int, int]]:
    """Visits with those days put in on which nothing happened but a planted receipt."""
    columns = (getattr(visits, name).tolist() for name in Visits.__dataclass_fields__)
    rows = list(zip(*columns, strict=True))
    known = {row[:2] for row in rows} if planted else set()
    extra = [(pair, day, 0, 0, 0, 0, 0) for pair, day in planted if (pair, day) not in known]
    return sorted(rows + extra) if extra else rows
