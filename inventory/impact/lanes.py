"""Where a lot would sell better: the best open lane, by what it would sell there in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Codes, Flags, Ints
from inventory.contracts.stock import StockSnapshot
from inventory.impact.rates import by_weight


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
    best = np.zeros(lots, dtype=np.int64)
    found = BestLane(
        np.full(lots, -1, dtype=np.int32),
        np.zeros(lots, dtype=np.int64),
        np.zeros(lots, dtype=np.int64),
        np.full(lots, -1, dtype=np.int64),
        np.zeros(lots, dtype=np.bool_),
    )
    table = _item_table(snapshot)
    own = snapshot.per_item(usable)
    item = snapshot.position_item[positions]
    source, sku = snapshot.item_territory[item], snapshot.item_sku[item]
    for target in sorted(range(len(snapshot.territories)), key=snapshot.territories.__getitem__):
        there, lane = table[sku, target], snapshot.lane_paise_per_kg[source, target]
        left = days - snapshot.lane_days[source, target]
        open_ = np.flatnonzero((there >= 0) & (lane >= 0) & (source != target) & (left > 0))
        sold = _extra_sales(snapshot, there[open_], left[open_], own, quantity[open_])
        freight = by_weight(quantity[open_] * snapshot.weight_grams[positions[open_]], lane[open_])
        gain = sold * snapshot.net_price_paise[positions[open_]] - freight
        earns = gain > best[open_]
        better = open_[earns]
        best[better], found.territory[better], found.sold[better] = gain[earns], target, sold[earns]
        found.days[better] = snapshot.lane_days[source[better], target]
        found.paise_per_kg[better] = lane[better]
        crosses = snapshot.territory_gstin[source[better]] != snapshot.territory_gstin[target]
        found.crosses[better] = crosses
    return found


def _extra_sales(snapshot: StockSnapshot, items: Codes, days: Ints, own: Ints, quantity: Ints) -> Ints:
    """Whole pieces expected to sell on top of the destination's own stock."""
    if items.size == 0:
        return np.zeros(0, dtype=np.int64)
    total = snapshot.demand.total(items, days)
    unsold = total.expected_excess(own[items] + quantity) - total.expected_excess(own[items])
    return np.clip(np.floor(quantity - unsold + 1e-9), 0, quantity).astype(np.int64)


def _item_table(snapshot: StockSnapshot) -> Codes:
    """(skus, territories), number of the item, -1 where there is none."""
    table = np.full((len(snapshot.skus), len(snapshot.territories)), -1, dtype=np.int32)
    table[snapshot.item_sku, snapshot.item_territory] = np.arange(snapshot.items)
    return table
