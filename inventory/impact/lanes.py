"""Where a lot would sell better: the open lane that nets the most, by what it would sell there in time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Codes, Flags, Floats, Ints
from inventory.contracts.policy import MoneyRates
from inventory.contracts.stock import StockSnapshot
from inventory.impact.lots import Lots
from inventory.impact.rates import BASIS_POINTS, GRAMS_PER_KG
from inventory.impact.ways import most_moved_gain, moved_net, unmoved_net

#: Lots looked at together; bounds the memory of lots x territories.
CHUNK = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class BestLane:
    """(lots,) each: `territory` number it leads to (-1: none), pieces expected to `sold` there,
    `days` in transit, `paise_per_kg` (-1: none), and whether it `crosses` to another registration.
    """

    territory: Codes
    sold: Ints
    days: Ints
    paise_per_kg: Ints
    crosses: Flags


def best_lane(
    snapshot: StockSnapshot,
    positions: Ints,
    *,
    quantity: Ints,
    days: Ints,
    perishes: Flags,
    usable: Ints,
    rates: MoneyRates,
) -> BestLane:
    """The open lane with the highest net, priced as `transfer` is; none where moving nets no more than
    keeping the pieces to the end unsold.

    (lots,): `positions` numbers, `quantity` pieces to move, `days` until they must be sold, and whether
    what is left then `perishes`. `usable`: (positions of the snapshot,) pieces that compete with them.
    A destination sells its own stock first; a lot sells there what the demand left after transit asks
    beyond that, as far as experience bears it out (`moved_sales_bp`). This is an estimate lot by lot;
    lots that compete for the same need are the transfer program's business.
    """
    wanted = np.flatnonzero(quantity > 0)
    mine = positions[wanted]
    # lots alike in all that counts have the same lane: it is looked for once
    one, alike = _alike(
        snapshot.position_item[mine],
        days[wanted],
        quantity[wanted],
        perishes[wanted],
        snapshot.net_price_paise[mine],
        snapshot.cost_paise[mine],
        snapshot.itc_paise[mine],
        snapshot.weight_grams[mine],
    )
    found, best = _no_lane(positions.shape[0]), _no_lane(one.size)
    table, own = _item_table(snapshot), snapshot.per_item(usable)
    for first in range(0, one.size, CHUNK):
        some = np.arange(first, min(first + CHUNK, one.size))
        lot = wanted[one[some]]
        lots = _lots(snapshot, positions[lot], quantity[lot], days[lot], perishes[lot])
        _choose(snapshot, table, own, _Some(some, snapshot.position_item[positions[lot]], lots), rates, best)
    for name in BestLane.__slots__:
        getattr(found, name)[wanted] = getattr(best, name)[alike]
    return found


def _lots(snapshot: StockSnapshot, positions: Ints, quantity: Ints, days: Ints, perishes: Flags) -> Lots:
    """Lots with what a lane is priced by; what only other ways ask of them stays empty."""
    nothing, no = np.zeros(positions.size, dtype=np.int64), np.zeros(positions.size, dtype=np.bool_)
    return Lots(
        quantity=quantity,
        days=days,
        perishes=perishes,
        expired=no,
        life_days=days,
        cost=snapshot.cost_paise[positions],
        price=snapshot.net_price_paise[positions],
        itc=snapshot.itc_paise[positions],
        grams=snapshot.weight_grams[positions],
        held_sold=nothing,
        moved_sold=nothing,
        moved_days=nothing,
        moved_paise_per_kg=nothing,
        crosses=no,
        return_bp=nothing,
        return_open=no,
    )


def _no_lane(lots: int) -> BestLane:
    return BestLane(
        np.full(lots, -1, dtype=np.int32),
        np.zeros(lots, dtype=np.int64),
        np.zeros(lots, dtype=np.int64),
        np.full(lots, -1, dtype=np.int64),
        np.zeros(lots, dtype=np.bool_),
    )


def _alike(*keys: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first row of each different combination of keys, and for every row which one it has."""
    order = np.lexsort(keys)
    differs = np.zeros(order.size, dtype=np.bool_)
    differs[:1] = True
    for key in keys:
        differs[1:] |= np.diff(key[order]) != 0
    number = np.empty(order.size, dtype=np.intp)
    number[order] = np.cumsum(differs) - 1
    return order[differs], number


@dataclass(frozen=True, slots=True, eq=False)
class _Some:
    """Lots that are looked at together, (lots,) each: their `row` in the answer, their `item`, and them."""

    row: NDArray[np.intp]
    item: Codes
    lots: Lots


def _choose(
    snapshot: StockSnapshot, table: Codes, own: Ints, some: _Some, rates: MoneyRates, found: BestLane
) -> None:
    """Look at each lot's lanes from the most promising down, until none left can be better.

    What a destination can take depends on the item and the days alone, so it is found once for all
    lots that share them.
    """
    item, lots = some.item, some.lots
    names = np.argsort(np.array(snapshot.territories, dtype=np.str_), kind="stable")
    shared, mine = np.unique(item.astype(np.int64) * _STRIDE + lots.days, return_inverse=True)
    from_item, within = np.divmod(shared, _STRIDE)
    origin = snapshot.item_territory[from_item]
    there = table[snapshot.item_sku[from_item]][:, names]
    fee = snapshot.lane_paise_per_kg[origin][:, names]
    transit = snapshot.lane_days[origin][:, names]
    left = within[:, None] - transit
    is_open = (there >= 0) & (fee >= 0) & (left > 0) & (origin[:, None] != names)
    stays, most, chance = _room(snapshot, there, left, own, is_open)
    crosses = snapshot.territory_gstin[origin][:, None] != snapshot.territory_gstin[names]
    hope = _hope(lots, rates, _wished(lots, most, chance, mine), np.maximum(fee, 0), crosses, mine)
    stayed = unmoved_net(lots, rates)
    best = np.zeros(len(lots), dtype=np.int64)
    rows = np.arange(len(lots))
    while rows.size:
        lane = hope[rows].argmax(axis=1)
        rows, lane = _hopeful(rows, lane, hope, best)
        spot = mine[rows]
        room = _Room(there[spot, lane], left[spot, lane], stays[spot, lane])
        sold = _extra_sales(snapshot, room, own, lots.quantity[rows])
        sold = sold * rates.moved_sales_bp // BASIS_POINTS  # at most all: what no lane is above still holds
        moved = replace(
            lots.some(rows),
            moved_sold=sold,
            moved_days=transit[spot, lane],
            moved_paise_per_kg=fee[spot, lane],
            crosses=crosses[spot, lane],
        )
        gain = moved_net(moved, rates) - stayed[rows]
        hope[rows, lane] = -np.inf
        earns = (gain > best[rows]) & (sold > 0)
        best[rows[earns]] = gain[earns]
        _keep(snapshot, found, some.row[rows[earns]], item[rows[earns]], names[lane[earns]], sold[earns])


def _hope(
    lots: Lots, rates: MoneyRates, sold: Floats, fee: Ints, crosses: Flags, mine: NDArray[np.intp]
) -> Floats:
    """(lots, lanes), paise that no lane's gain is above; -inf where a lane is closed.

    `sold`: (lots, lanes), pieces at most, overwritten; `fee`, `crosses`: (what lots share, lanes), `mine`:
    (lots,) which of it is a lot's.
    """
    piece, fixed, lock = most_moved_gain(lots, rates)
    hope, closed = sold, sold < 0
    hope *= piece[:, None]
    hope += fixed[:, None]
    hope -= fee[mine] * (lots.quantity * lots.grams / GRAMS_PER_KG)[:, None]
    if crosses.any():
        hope -= crosses[mine] * lock[:, None]
    hope[closed] = -np.inf
    return hope


def _wished(lots: Lots, most: Floats, chance: Floats, mine: NDArray[np.intp]) -> Floats:
    """(lots, lanes), whole pieces that no more of a lot sell than: those that could sell in all, and its own
    as often as any sells at all; -1 where a lane is closed.
    """
    wished = np.minimum(most[mine], lots.quantity[:, None] * chance[mine])
    wished += _ROUNDED_UP
    return np.asarray(np.floor(wished, out=wished))


#: More than the numbers of `_wished` lose by rounding.
_ROUNDED_UP = 1e-6


def _keep(
    snapshot: StockSnapshot, found: BestLane, lots: NDArray[np.intp], item: Codes, target: Ints, sold: Ints
) -> None:
    """Note a lane for some lots, over what they had."""
    source = snapshot.item_territory[item]
    found.territory[lots], found.sold[lots] = target, sold
    found.days[lots] = snapshot.lane_days[source, target]
    found.paise_per_kg[lots] = snapshot.lane_paise_per_kg[source, target]
    found.crosses[lots] = snapshot.territory_gstin[source] != snapshot.territory_gstin[target]


#: Above any number of days a lot may have.
_STRIDE = 1 << 32


def _hopeful(
    rows: NDArray[np.intp], lane: NDArray[np.intp], hope: Floats, best: Ints
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Lots whose most promising lane could still be better than what they have."""
    kept = hope[rows, lane] > best[rows]
    return rows[kept], lane[kept]


@dataclass(frozen=True, slots=True, eq=False)
class _Room:
    """(n,) each: `item` and `days` that are left at a destination, pieces of its own that `stay` then."""

    item: Codes
    days: Ints
    stay: Floats


def _room(
    snapshot: StockSnapshot, items: Codes, days: Ints, own: Ints, is_open: Flags
) -> tuple[Floats, Floats, Floats]:
    """(spots, lanes): pieces of the destination's own stock that are expected to stay; the most that are
    expected to sell on top of it, however many came, -1 where a lane is closed; and the chance that any does.
    """
    item, stays, most = items[is_open], np.zeros(is_open.shape), np.full(is_open.shape, -1.0)
    total, stock, chance = snapshot.demand.total(item, days[is_open]), own[item], np.ones(is_open.shape)
    below, stays[is_open] = total.under(stock)
    most[is_open] = np.maximum(stays[is_open] - stock + total.mean, 0.0)
    chance[is_open] = 1.0 - below
    return stays, most, chance


def _extra_sales(snapshot: StockSnapshot, room: _Room, own: Ints, quantity: Ints) -> Ints:
    """Whole pieces expected to sell on top of the destination's own stock."""
    total = snapshot.demand.total(room.item, room.days)
    unsold = total.expected_excess(own[room.item] + quantity) - room.stay
    return np.clip(np.floor(quantity - unsold + 1e-9), 0, quantity).astype(np.int64)


def _item_table(snapshot: StockSnapshot) -> Codes:
    """(skus, territories), number of the item, -1 where there is none."""
    table = np.full((len(snapshot.skus), len(snapshot.territories)), -1, dtype=np.int32)
    table[snapshot.item_sku, snapshot.item_territory] = np.arange(snapshot.items)
    return table
