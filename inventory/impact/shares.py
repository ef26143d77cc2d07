"""A lot as the split of it sees it: what each way makes of its pieces, and the split priced exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from inventory.contracts.policy import MoneyRates
from inventory.impact.lots import Lots
from inventory.impact.split import MOST_WAYS, Branch, best_split
from inventory.impact.ways import COMPONENTS, WAYS, WaysOut, price_ways

#: Ways whose goods travel or are offered in whole packs.
_PACKED = ("transfer", "discount")


@dataclass(frozen=True, slots=True)
class WayShare:
    """Part of a lot and the way it takes: components in paise add up to the net exactly.

    `lane`: which of the lanes that were offered, 0 unless the way is `transfer`.
    """

    name: str
    pieces: int
    net_paise: int
    components: dict[str, int]
    lane: int = 0


def split_lot(
    lot: Lots, rates: MoneyRates, *, pack: int = 1, lanes: tuple[Lots, ...] = ()
) -> tuple[WayShare, ...]:
    """The best split of one lot, in the order of the ways; its net is never below the best single way's.

    `lot` and `lanes` hold one lot each; `lanes` are the same lot with other lanes to move along.
    Moved and offered pieces go in whole packs. An offer reaches the buyers who would pay the full
    price too, so a split either holds pieces or offers some, never both. It is kept only where every
    part, priced as a lot of its own to the paisa, together beat the best way for the whole lot.
    """
    quantity = int(lot.quantity[0])
    if quantity == 0:
        return ()
    ways = price_ways(lot, rates)
    best = int(ways.best()[0])
    whole = (_share(ways, best, quantity),)
    branches = list(_branches(lot, rates, ways, pack))
    for number, other in enumerate(lanes, 1):
        found = price_ways(other, rates)
        branches += [
            replace(branch, name=f"transfer:{number}")
            for branch in _branches(other, rates, found, pack)
            if branch.name == "transfer"
        ]
    tried: list[tuple[WayShare, ...]] = [whole]
    for left_out in ("hold", "discount"):
        split = best_split(quantity, [one for one in branches if one.name != left_out][:MOST_WAYS])
        parts = [_priced(lot, lanes, rates, name, pieces) for name, pieces in split.pieces]
        if all(parts):
            tried.append(tuple(part for part in parts if part))
    return max(tried, key=lambda parts: sum(part.net_paise for part in parts))


def _priced(lot: Lots, lanes: tuple[Lots, ...], rates: MoneyRates, name: str, pieces: int) -> WayShare | None:
    """One part of the lot priced as a lot of its own; None when its way is closed to so few."""
    way, _, lane = name.partition(":")
    source = lanes[int(lane) - 1] if lane else lot
    ways = price_ways(_some_pieces(source, pieces, way), rates)
    number = WAYS.index(way)
    return _share(ways, number, pieces, int(lane or 0)) if ways.available[number, 0] else None


def _some_pieces(lot: Lots, pieces: int, way: str) -> Lots:
    """The first pieces of a lot to take a way: those that sell, sell first."""
    count = np.array([pieces], dtype=np.int64)
    held = np.minimum(lot.held_sold, count) if way == "hold" else np.zeros(1, dtype=np.int64)
    return replace(lot, quantity=count, held_sold=held, moved_sold=np.minimum(lot.moved_sold, count))


def _share(ways: WaysOut, number: int, pieces: int, lane: int = 0) -> WayShare:
    values = ways.components[number, :, 0].tolist()
    return WayShare(
        WAYS[number], pieces, int(ways.net[number, 0]), dict(zip(COMPONENTS, values, strict=True)), lane
    )


def _branches(lot: Lots, rates: MoneyRates, ways: WaysOut, pack: int) -> Iterator[Branch]:
    """Each open way as a branch: fixed cost, then what a piece that sells and a piece that does not
    is worth. Slopes are rounded to the paisa; the split is priced exactly afterwards.
    """
    quantity = int(lot.quantity[0])
    for number, name in enumerate(WAYS):
        if not ways.available[number, 0]:
            continue
        fixed, sold = _fixed(rates, name), _sells(lot, name)
        base = _value(lot, rates, name, quantity)
        slopes: tuple[tuple[int, int], ...] = ((quantity, (base + fixed) // quantity),)
        if 0 < sold < quantity:
            first = _value(lot, rates, name, sold)
            rest = (base - first) // (quantity - sold)
            slopes = ((sold, max((first + fixed) // sold, rest)), (quantity - sold, rest))
        yield Branch(name, slopes, fixed, pack if name in _PACKED else 1)


def _sells(lot: Lots, name: str) -> int:
    """How many of its pieces sell before any does not; an offer clears a share of however many."""
    return int({"hold": lot.held_sold, "transfer": lot.moved_sold}.get(name, lot.quantity)[0])


def _value(lot: Lots, rates: MoneyRates, name: str, pieces: int) -> int:
    """Net of the first `pieces` of the lot that take a way."""
    ways = price_ways(_some_pieces(lot, pieces, name), rates)
    return int(ways.net[WAYS.index(name), 0])


def _fixed(rates: MoneyRates, name: str) -> int:
    """What is paid once, however few pieces take the way."""
    if name == "discount":
        return rates.message_paise
    return 0 if name == "hold" else rates.document_paise
