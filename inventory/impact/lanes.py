"""Where a lot would sell better: the best open lane, by what it would sell there in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Codes, Flags, Floats, Ints
from inventory.contracts.stock import StockSnapshot
from inventory.impact.rates import by_weight

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


def best_lane(snapshot: StockSnapshot, positions: Ints, quantity: Ints, days: Ints, usable: Ints) -> BestLane:
    """The open lane with the highest revenue less freight; none where no lane earns its freight.

    (lots,): `positions` numbers, `quantity` pieces to move, `days` until they must be sold.
    `usable`: (positions of the snapshot,) pieces that compete with them. A destination sells its own
    stock first; a lot sells there what the demand left after transit asks beyond that. This is an
    estimate lot by lot; lots that compete for the same need are the transfer program's business.
    """
    lots = positions.shape[0]
    found = BestLane(
        np.full(lots, -1, dtype=np.int32),
        np.zeros(lots, dtype=np.int64),
        np.zeros(lots, dtype=np.int64),
        np.full(lots, -1, dtype=np.int64),
        np.zeros(lots, dtype=np.bool_),
    )
    table, own = _item_table(snapshot), snapshot.per_item(usable)
    wanted = np.flatnonzero(quantity > 0)
    for first in range(0, wanted.size, CHUNK):
        some = wanted[first : first + CHUNK]
        _choose(snapshot, table, own, some, positions[some], quantity[some], days[some], found)
    return found


def _choose(
    snapshot: StockSnapshot,
    table: Codes,
    own: Ints,
    lots: NDArray[np.intp],
    positions: Ints,
    quantity: Ints,
    days: Ints,
    found: BestLane,
) -> None:
    """Look at each lot's lanes from the most promising down, until none left can be better."""
    item = snapshot.position_item[positions]
    source = snapshot.item_territory[item]
    names = np.argsort(np.array(snapshot.territories, dtype=np.str_), kind="stable")
    there = table[snapshot.item_sku[item]][:, names]
    fee = snapshot.lane_paise_per_kg[source][:, names]
    left = days[:, None] - snapshot.lane_days[source][:, names]
    is_open = (there >= 0) & (fee >= 0) & (left > 0) & (source[:, None] != names)
    freight = by_weight((quantity * snapshot.weight_grams[positions])[:, None], np.maximum(fee, 0))
    price = snapshot.net_price_paise[positions]
    hope = _most(snapshot, np.maximum(there, 0), np.maximum(left, 0), own, quantity[:, None])
    hope = np.where(is_open, hope * price[:, None] - freight, -1.0)
    best = np.zeros(lots.size, dtype=np.int64)
    for column in np.argsort(-hope, axis=1, kind="stable").T:
        rows = np.arange(lots.size)
        rows = rows[hope[rows, column] > best]
        if rows.size == 0:
            break
        lane = column[rows]
        sold = _extra_sales(snapshot, there[rows, lane], left[rows, lane], own, quantity[rows])
        gain = sold * price[rows] - freight[rows, lane]
        earns = gain > best[rows]
        rows, lane = rows[earns], lane[earns]
        best[rows] = gain[earns]
        lot, target = lots[rows], names[lane]
        found.territory[lot], found.sold[lot] = target, sold[earns]
        found.days[lot] = snapshot.lane_days[source[rows], target]
        found.paise_per_kg[lot] = fee[rows, lane]
        found.crosses[lot] = snapshot.territory_gstin[source[rows]] != snapshot.territory_gstin[target]


def _most(snapshot: StockSnapshot, items: Codes, days: Ints, own: Ints, quantity: Ints) -> Floats:
    """The most pieces that could sell on top of the destination's own stock, whatever the shape of
    demand with this mean and variance (Scarf 1958), a little rounded up.
    """
    total = snapshot.demand.total(items, days)
    gap = own[items] - total.mean
    beyond = (np.sqrt(total.variance + gap**2) - gap) / 2.0
    return np.asarray(np.minimum(np.minimum(beyond, total.mean) + 1e-3, quantity))


def _extra_sales(snapshot: StockSnapshot, items: Codes, days: Ints, own: Ints, quantity: Ints) -> Ints:
    """Whole pieces expected to sell on top of the destination's own stock."""
    total = snapshot.demand.total(items, days)
    unsold = total.expected_excess(own[items] + quantity) - total.expected_excess(own[items])
    return np.clip(np.floor(quantity - unsold + 1e-9), 0, quantity).astype(np.int64)


def _item_table(snapshot: StockSnapshot) -> Codes:
    """(skus, territories), number of the item, -1 where there is none."""
    table = np.full((len(snapshot.skus), len(snapshot.territories)), -1, dtype=np.int32)
    table[snapshot.item_sku, snapshot.item_territory] = np.arange(snapshot.items)
    return table
