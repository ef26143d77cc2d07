"""What is at risk in each position: pieces that will not sell before they must leave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.policy import MonitoringPolicy
from inventory.contracts.stock import NO_DAY, StockSnapshot
from inventory.risk.fefo import in_turn, walk_in_turn
from inventory.risk.lives import minimum_lives
from inventory.rules import days_left_to_sell


@dataclass(frozen=True, slots=True, eq=False)
class Exposure:
    """(positions,) each; only free pieces count, and expired ones are neither usable nor at risk.

    - `days_to_expiry`: may be negative; `NO_DAY` when it does not expire.
    - `sell_days`: days left to sell before it has less life than its buyers want; `NO_DAY` without expiry.
    - `leave_days`: days until it must leave: `sell_days`, at most `cover_days_dead`.
    - `expected_unsold`, `probability_unsold`, `p90_unsold`: at `sell_days`, of the free pieces.
    - `at_risk`: pieces expected to be here still at `leave_days`, to the nearest piece.
    - `held_sold`: of those, the pieces that are expected to sell here after all, to the nearest.
    - `usable`: free pieces, 0 when expired; `expired`: past the last day of sale.
    """

    days_to_expiry: Ints
    sell_days: Ints
    leave_days: Ints
    expected_unsold: Floats
    probability_unsold: Floats
    p90_unsold: Ints
    at_risk: Ints
    held_sold: Ints
    usable: Ints
    expired: Flags


def exposure(snapshot: StockSnapshot, policy: MonitoringPolicy) -> Exposure:
    """Two FEFO walks over the usable stock: to expiry less the buyers' minimum life, and to the
    day by which the distributor wants stock gone. What expires before that day stands first in both
    queues, so the first walk says of it what the second would.
    """
    days = np.where(snapshot.expiry_day >= NO_DAY, NO_DAY, snapshot.expiry_day - snapshot.today).astype(
        np.int64
    )
    expired = snapshot.expired
    lives = minimum_lives(snapshot, policy, days)
    sell = np.where(days >= NO_DAY, NO_DAY, days_left_to_sell(days, lives))
    leave = np.minimum(sell, policy.cover_days_dead)
    usable = np.where(expired, 0, snapshot.free)
    place = _place_order(snapshot)
    item = snapshot.position_item.astype(np.int64)
    order = in_turn(item, usable, turn=sell, batch_id=snapshot.batch_id, place=place)
    queue = partial(walk_in_turn, snapshot.demand, item, quantity=usable, order=order)
    by_expiry = queue(deadline=sell)
    later = sell >= policy.cover_days_dead
    by_leaving = queue(deadline=leave, asked=later)
    at_risk = np.where(later, by_leaving.rounded, by_expiry.rounded)
    last = np.where(later, by_leaving.last_unsold, by_expiry.last_unsold)
    return Exposure(
        days_to_expiry=days,
        sell_days=sell,
        leave_days=leave,
        expected_unsold=by_expiry.expected_unsold,
        probability_unsold=by_expiry.probability_unsold,
        p90_unsold=by_expiry.p90_unsold,
        at_risk=at_risk,
        held_sold=at_risk - np.floor(last + 0.5).astype(np.int64),
        usable=usable,
        expired=expired,
    )


def _place_order(snapshot: StockSnapshot) -> Ints:
    """(positions,), place of the location's name among all, so that numbering does not matter."""
    order = np.empty(len(snapshot.locations), dtype=np.int64)
    order[np.argsort(np.array(snapshot.locations, dtype=np.str_), kind="stable")] = np.arange(
        len(snapshot.locations)
    )
    return order[snapshot.location]
