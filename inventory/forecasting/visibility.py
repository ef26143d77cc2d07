"""How much of demand shows on days that began with an empty shelf: estimated, not taken for granted."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from inventory.contracts.arrays import Flags, Floats
from inventory.contracts.demand import DAYS_PER_WEEK, DemandSnapshot

#: Days whose chances of a sale are compared with each other: within a quarter demand is much the same.
BLOCK_DAYS = 13 * DAYS_PER_WEEK
#: Standard deviation of the logarithm of visibility among series: at first, and what it never falls below.
USUAL_STRAY, LEAST_STRAY = 0.5, 0.1
#: Rounds in which series and the stray among them are told from each other, and steps of Newton in each.
ROUNDS, STEPS = 12, 3
#: No series is taken to see less than this share of what the whole does, nor more than everything.
FURTHEST = 3.0


def visibility(snapshot: DemandSnapshot) -> Floats:
    """(series,) 0..1, share of demand that shows on a day of the series that began with an empty shelf.

    0 where no such day of any series had a sale: what was wanted went elsewhere. 1 where goods are bought to
    order. A morning's shelf was decided by days before it, so whether it stood empty says nothing of what
    is wanted that day, given the quarter; whether it was filled by the evening may well do. So days are told
    apart by their mornings. Of the sales of a quarter those on empty mornings are then a binomial share
    v E / (v E + S) of all, with E days that began empty and S that did not, whatever the demand of that
    quarter was; v is of the whole, and each series strays from it as far as its own sales say and as series
    are found to stray (a normal distribution of log v).
    """
    barren = snapshot.barren()
    nothing = np.zeros(len(snapshot.series_keys))
    on = snapshot.demand > 0
    if not (barren & on).any():
        return nothing
    shelf = _by_block(~barren & snapshot.started())
    empty, here, there = _by_block(barren), _by_block(on & barren), _by_block(on & ~barren)
    told = (shelf > 0) & (empty > 0) & (here + there > 0)
    row = np.nonzero(told)[0]
    if not row.size:
        return nothing + 1.0  # everything that is known was sold to order
    series, place = np.unique(row, return_inverse=True)
    odds, sold, mine = np.log(empty[told] / shelf[told]), (here + there)[told], here[told]
    whole = _whole(odds, sold, mine)
    stray, apart, stray_of = USUAL_STRAY, np.zeros(series.size), np.zeros(series.size)
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            share = _logistic(odds + whole + apart[place])
            slope = np.bincount(place, weights=mine - sold * share) - apart / stray**2
            bend = np.bincount(place, weights=sold * share * (1.0 - share)) + 1.0 / stray**2
            apart = np.clip(apart + np.clip(slope / bend, -1.0, 1.0), -FURTHEST, FURTHEST)
        stray_of = 1.0 / bend
        whole = _whole(odds + apart[place], sold, mine)
        stray = max(float(np.sqrt((apart**2 + stray_of).mean())), LEAST_STRAY)
    found = np.full(nothing.size, min(float(np.exp(whole)), 1.0))
    found[series] = np.minimum(np.exp(whole + apart), 1.0)
    return found


def _whole(odds: Floats, sold: Floats, mine: Floats) -> float:
    """The logarithm of the share that all have in common, at which as many sales as there were are expected."""
    wanted = min(float(mine.sum()), float(sold.sum()) - 0.5)
    if wanted <= 0.0:
        return -20.0

    def missed(log: float) -> float:
        return float((sold * _logistic(odds + log)).sum()) - wanted

    low, high = -20.0, 20.0
    if missed(low) > 0:
        return low
    return high if missed(high) < 0 else float(brentq(missed, low, high, xtol=1e-6))


def _by_block(days: Flags) -> Floats:
    """(series, blocks), days of each block; the last ends with the history, the first may be short."""
    count = days.shape[1]
    starts = np.arange(count % BLOCK_DAYS, count, BLOCK_DAYS)
    starts = starts if count % BLOCK_DAYS == 0 else np.concatenate([[0], starts])
    return np.add.reduceat(days, starts, axis=1, dtype=np.float64)


def _logistic(value: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -40.0, 40.0))))
