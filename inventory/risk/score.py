"""The dead-stock score: five parts that add up to it exactly, in thousandths of a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.policy import SCORE_WEIGHTS, MonitoringPolicy
from inventory.contracts.stock import NO_DAY, StockSnapshot
from inventory.risk.movement import Motion

#: Names of the parts, in the order of the columns.
PARTS = tuple(SCORE_WEIGHTS)
MILLI = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """`parts`: (items, 5) thousandths of a point, columns as `PARTS`; `milli`: (items,) their sums,
    0 to 100,000. `expiry_of_position`: (positions,) thousandths, as if it were alone.
    """

    parts: Ints
    milli: Ints
    expiry_of_position: Ints

    def points(self, item: int) -> float:
        """The score of one item, 0 to 100."""
        return int(self.milli[item]) / MILLI


def score(snapshot: StockSnapshot, motion: Motion, policy: MonitoringPolicy) -> Scores:
    """Scores of all items; 0 for items without stock.

    - movement: days without movement over `dead_stock_threshold`.
    - cover: days of cover over `cover_days_dead`; trend: how far recent sales fall short of earlier
      ones; breadth: how many of the usual outlets no longer buy. These three say nothing, and give
      nothing, until stock has been here `slow_moving_threshold` days.
    - expiry: within `expiry_horizon_days` more with every day that passes, all of it on the last
      day and after; the mean over pieces on hand.
    """
    weights = policy.score_weights
    stocked = snapshot.per_item(snapshot.on_hand) > 0
    settled = stocked & (motion.days_here >= policy.slow_moving_threshold)
    expiry = expiry_part(snapshot, policy)
    parts = [
        _share(motion.idle_days / policy.dead_stock_threshold, weights["movement"], stocked),
        _share(motion.cover_days / policy.cover_days_dead, weights["cover"], settled),
        _share(_lost(snapshot.recent_daily, snapshot.earlier_daily), weights["trend"], settled),
        _mean_per_piece(snapshot, expiry),
        _share(_lost(snapshot.outlets_recent, snapshot.outlets_usual), weights["breadth"], settled),
    ]
    columns = np.stack(parts, axis=1)
    return Scores(columns, columns.sum(axis=1), expiry)


def expiry_part(snapshot: StockSnapshot, policy: MonitoringPolicy) -> Ints:
    """(positions,), thousandths of a point: nearer expiry within the horizon gives strictly more."""
    span = policy.expiry_horizon_days + 1
    left = np.clip(snapshot.expiry_day - snapshot.today, 0, span)
    points = policy.score_weights["expiry"] * MILLI * (span - left) // span
    return np.where(snapshot.expiry_day >= NO_DAY, 0, points)


def _share(ratio: Floats, weight: int, counts: Flags) -> Ints:
    """`weight` points times a ratio cut to 0..1, rounded down, where it counts."""
    points = np.floor(np.clip(ratio, 0.0, 1.0) * weight * MILLI)
    return np.where(counts, points, 0.0).astype(np.int64)


def _lost(now: np.ndarray, before: np.ndarray) -> Floats:
    """Share of `before` that is gone; all of it where there is neither."""
    kept = np.where(before > 0, now / np.maximum(before, 1e-12), now > 0)
    return np.asarray(1.0 - np.minimum(kept, 1.0))


def _mean_per_piece(snapshot: StockSnapshot, points: Ints) -> Ints:
    on_hand = snapshot.per_item(snapshot.on_hand)
    return snapshot.per_item(points * snapshot.on_hand) // np.maximum(on_hand, 1)
