"""What stands where: opening balances walked through the vouchers, told per batch and godown. Pure.

Tally keeps batch balances as they opened and every movement since; what a batch holds today is
nowhere in its exports. Value comes from Tally's own figures: the rows of an item add up to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from inventory.feeds.tally.books import Books
from inventory.feeds.tally.items import Allocation, Item, rupees_a_piece
from inventory.feeds.tally.vouchers import Move, Voucher
from inventory.feeds.tally.words import MAIN_LOCATION, PRIMARY_BATCH, fold, sku_code
from vyapar.kernel.money import half_up, rupees, share

Row = dict[str, Any]
#: Days with movements that are kept of a position, for counts that are entered late.
_LATE_DAYS = 62
#: Signed pieces whose sum is so many times smaller than they are cancel out.
_CANCELS = 1_000


@dataclass(slots=True)
class _Standing:
    """One batch of an item at one godown. `unread`: a quantity of it could not be understood.

    `counted_on`: day of its last physical count, which overrules what moved before; `recent`: pieces
    moved by day, as far back as a count may be entered late.
    """

    pieces: Decimal = Decimal(0)
    counted_on: date | None = None
    recent: dict[date, Decimal] = field(default_factory=dict)
    paise: int | None = None
    made: date | None = None
    expires: date | None = None
    mrp_paise: int | None = None
    unread: str = ""


@dataclass(slots=True)
class Walk:
    """Positions as they stand after what has been added; memory grows with positions, not vouchers.

    `doubted`: items whose walked total is not what Tally says they close with, (name, walked, told).
    """

    books: Books
    last_day: date | None = None
    first_day: date | None = None
    has_openings: bool = False
    doubted: list[tuple[str, Decimal, Decimal]] = field(default_factory=list)
    _standing: dict[tuple[str, str, str], _Standing] = field(default_factory=dict)
    _opened: set[str] = field(default_factory=set)
    _moved: set[str] = field(default_factory=set)
    _seen: set[int] = field(default_factory=set)
    _counts: list[tuple[date, Move]] = field(default_factory=list)

    def open(self, item: Item) -> None:
        """The opening balance of an item: by batch and godown, or as a whole where it says no more."""
        self.has_openings = True
        parts = item.allocations or self._whole(item)
        if not parts or fold(item.name) in self._opened:
            return  # a master that comes twice opens once
        self._opened.add(fold(item.name))
        for part, paise in zip(parts, _opening_values(item, parts, self.books), strict=True):
            standing = self._at(item.name, part.location, part.batch)
            self._add(standing, self.books.units.pieces(part.quantity, item), part.quantity)
            standing.paise = None if paise is None else (standing.paise or 0) + paise
            _remember(standing, part.made, part.expires, part.mrp_paise)

    def move(self, voucher: Voucher) -> bool:
        """Walk through one voucher; False when the same one came before and is not walked twice."""
        if voucher.master_id:
            if voucher.master_id in self._seen:
                return False
            self._seen.add(voucher.master_id)
        if voucher.day:
            self.last_day = max(filter(None, (self.last_day, voucher.day)))
            self.first_day = min(filter(None, (self.first_day, voucher.day)))
        for move in voucher.moves:
            if move.tracked:
                continue
            self._moved.add(fold(move.item))
            standing = self._at(move.item, move.location, move.batch)
            if move.counted is not None and move.pieces is None:
                _count(standing, move.counted, voucher.day)
            elif not (standing.counted_on and voucher.day and voucher.day < standing.counted_on):
                self._add(standing, move.pieces, move.written)
                _keep(standing, move.pieces, voucher.day)
            _remember(standing, move.made, move.expires, move.mrp_paise)
        return True

    def rows(self, as_of: str | None) -> Iterator[Row]:
        """A row of stock for every batch and godown, those below zero and those run out included."""
        by_item: dict[str, list[tuple[tuple[str, str, str], _Standing]]] = {}
        for key, standing in sorted(self._standing.items()):
            by_item.setdefault(key[0], []).append((key, standing))
        for name, standings in by_item.items():
            item = self.books.find_item(name)
            values = self._closing_values(name, item, [standing for _, standing in standings])
            for (key, standing), paise in zip(standings, values, strict=True):
                yield self._row(key, standing, paise, item, as_of)

    def _row(
        self,
        key: tuple[str, str, str],
        standing: _Standing,
        paise: int | None,
        item: Item | None,
        as_of: str | None,
    ) -> Row:
        name, location, batch = key
        mrp = standing.mrp_paise or (self.books.mrp_of(item) if item else None)
        return {
            "sku": sku_code(item.name if item else name),
            "batch": batch,
            "location": location,
            "quantity": standing.unread or plain(standing.pieces),
            "as_of": as_of or (self.last_day.isoformat() if self.last_day else None),
            "mrp": rupees(mrp) if mrp else None,
            "expiry_date": standing.expires.isoformat() if standing.expires else None,
            "manufacture_date": standing.made.isoformat() if standing.made else None,
            "value": None if paise is None else rupees(paise),
        }

    def _whole(self, item: Item) -> tuple[Allocation, ...]:
        if not item.opening:
            return ()
        return (
            Allocation(
                self.books.location_of(MAIN_LOCATION), PRIMARY_BATCH, item.opening, item.opening_paise
            ),
        )

    def _at(self, item: str, location: str, batch: str) -> _Standing:
        found = self.books.find_item(item)
        return self._standing.setdefault((found.name if found else item, location, batch), _Standing())

    def _add(self, standing: _Standing, pieces: Decimal | None, written: str) -> None:
        if pieces is None:
            standing.unread = standing.unread or written
        else:
            standing.pieces += pieces

    def _closing_values(self, name: str, item: Item | None, standings: list[_Standing]) -> list[int | None]:
        """What Tally says the item closes with, shared by pieces; else what it opened with, if unmoved."""
        total = sum((standing.pieces for standing in standings), Decimal(0))
        if item and item.closing:
            told = self.books.units.pieces(item.closing, item)
            if told is not None and told != total:
                self.doubted.append((item.name, total, told))
            if item.closing_paise is not None and told == total:
                return list(_signed_share(item.closing_paise, [standing.pieces for standing in standings]))
        if fold(name) not in self._moved:
            return [standing.paise for standing in standings]
        return [None] * len(standings)


def _opening_values(item: Item, parts: tuple[Allocation, ...], books: Books) -> list[int | None]:
    """Paise of each allocation: its own, by its rate, by the item's rate; the rest of the item's value.

    The allocations of an item add up to the item's own value to the paisa. Where rates stand at the
    item alone, negative rows take their (negative) share.
    """
    own = [part.paise if part.paise is not None else _rated(part, item, books) for part in parts]
    whole = item.opening_paise
    if whole is None:
        return own
    pieces = [books.units.pieces(part.quantity, item) or Decimal(0) for part in parts]
    if None not in own and sum(paise or 0 for paise in own) == whole:
        return own
    missing = [index for index, part in enumerate(parts) if part.paise is None]
    if missing and len(missing) < len(parts):
        left = whole - sum(part.paise or 0 for part in parts)
        filled: list[int | None] = [part.paise for part in parts]
        for index, paise in zip(missing, _signed_share(left, [pieces[i] for i in missing]), strict=True):
            filled[index] = paise
        return filled
    return list(_signed_share(whole, pieces))


def _rated(part: Allocation, item: Item, books: Books) -> int | None:
    rate = rupees_a_piece(part.rate or item.opening_rate, item, books.units)
    pieces = books.units.pieces(part.quantity, item)
    return half_up(rate * pieces * 100) if rate is not None and pieces is not None else None


def _signed_share(total: int, pieces: list[Decimal]) -> list[int]:
    """`total` in proportion to signed pieces, adding up to it; by their size when they cancel out."""
    whole = sum(pieces, Decimal(0))
    if whole == 0 or abs(whole) * _CANCELS < sum(abs(count) for count in pieces):
        return share(total, [abs(int(count * 1000)) for count in pieces])
    parts = [half_up(Decimal(total) * count / whole) for count in pieces]
    largest = max(range(len(parts)), key=lambda index: abs(parts[index]))
    parts[largest] += total - sum(parts)
    return parts


def _count(standing: _Standing, counted: Decimal, day: date | None) -> None:
    """A physical count: what stood there on its day, whatever order the vouchers come in."""
    if day and standing.counted_on and day < standing.counted_on:
        return
    later = sum((pieces for moved, pieces in standing.recent.items() if day and moved > day), Decimal(0))
    standing.pieces, standing.unread, standing.counted_on = counted + later, "", day


def _keep(standing: _Standing, pieces: Decimal | None, day: date | None) -> None:
    if pieces is None or day is None:
        return
    standing.recent[day] = standing.recent.get(day, Decimal(0)) + pieces
    if len(standing.recent) > _LATE_DAYS:
        del standing.recent[min(standing.recent)]


def _remember(standing: _Standing, made: date | None, expires: date | None, mrp_paise: int | None) -> None:
    standing.made = standing.made or made
    standing.expires = standing.expires or expires
    standing.mrp_paise = mrp_paise or standing.mrp_paise


def plain(pieces: Decimal) -> str:
    """A number of pieces as text, without a fraction where there is none."""
    return str(int(pieces)) if pieces == pieces.to_integral_value() else format(pieces.normalize(), "f")
