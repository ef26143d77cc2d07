"""How much of demand shows on days that began with an empty shelf: estimated, not taken for granted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from inventory.contracts.arrays import Flags, Floats
from inventory.contracts.demand import DAYS_PER_WEEK, DemandSnapshot

#: Days of a series whose chances of a sale are compared: within a quarter demand is much the same.
BLOCK_DAYS = 13 * DAYS_PER_WEEK
#: Weeks whose empty mornings are held against the shelf of as many weeks after them.
MONTH = 4
#: Days of all series' experience that a series' chance of a sale is drawn to, and the most it can be.
BORROWED_DAYS, SUREST = 30.0, 0.9
#: Standard deviation of the logarithm of what is bought to order, among series: at first, and at least.
USUAL_STRAY, LEAST_STRAY = 0.5, 0.1
#: Rounds in which series and the stray among them are told from each other, and steps of Newton in each.
ROUNDS, STEPS = 12, 3
#: No series strays further than this, as a logarithm; the logarithm of nothing.
FURTHEST, NOTHING = 3.0, -20.0


def visibility(snapshot: DemandSnapshot) -> Floats:
    """(series,) 0..1, share of demand that shows on a day of the series that began with an empty shelf.

    0 where no such day of any series had a sale. A morning's shelf was decided by the days before it, so
    whether it stood empty says nothing of what is wanted that day; whether it was filled by the evening may
    well do. So days are told apart by their mornings. Demand shows on an empty morning when goods come
    unasked, which they do whether something is sold or not, so days of those without a sale tell how many
    there are; and, of the rest, as far as goods are bought to order, which is estimated:

    - of all series: what sold on the empty mornings of a month beyond what unasked goods explain, over what
      as many mornings sold from the shelf in the month after. After, because a shelf that was sold empty
      was emptied by a sale: the days before were chosen by it.
    - a series strays from that as far as the share of empty mornings in its sales of a quarter says
      (binomial, whatever the demand of that quarter), and as series are found to (normal, of logarithms).
    """
    barren = snapshot.barren()
    on = snapshot.demand > 0
    if not (barren & on).any():
        return np.zeros(len(snapshot.series_keys))
    shelf = ~barren & snapshot.started()
    unasked = _unasked(snapshot, shelf)
    whole = _month_after(barren, shelf, on, unasked)
    mornings = barren.sum(axis=1)
    came = np.minimum(unasked.sum(axis=1) / np.maximum(mornings, 1), 1.0)
    ordered = np.full(came.size, np.exp(min(whole, 0.0)))
    blocks = _blocks(barren, shelf, on, unasked)
    if whole > NOTHING and blocks.row.size:
        series, apart = _strays(blocks)
        ordered[series] = np.exp(np.minimum(whole + apart, 0.0))
    return np.asarray(came + ordered * (1.0 - came))


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Quarters of series, (blocks,) each: `row` of the series; mornings with something on the `shelf`; empty
    ones on which goods `came` unasked, and all `others`; days with a sale that began empty, and `sold` in all.
    """

    row: Floats
    shelf: Floats
    came: Floats
    others: Floats
    mine: Floats
    sold: Floats

    def share(self, log: Floats | float) -> tuple[Floats, Floats]:
        """(blocks,) each: the share of empty mornings in sales when exp(`log`) is bought to order, and the
        slope of its log-odds.
        """
        ordered = np.exp(log) * self.others
        seen = self.came + ordered
        return seen / (seen + self.shelf), ordered / np.maximum(seen, 1e-12)


def _blocks(barren: Flags, shelf: Flags, on: Flags, unasked: Floats) -> _Blocks:
    """Those in which shelves stood full and empty, and something was sold."""
    there, empty, came = _by_block(shelf), _by_block(barren), _by_block(unasked)
    mine, sold = _by_block(on & barren), _by_block(on & (barren | shelf))
    told = (there > 0) & (empty > 0) & (sold > 0)
    columns = (one[told] for one in (there, np.minimum(came, empty), np.maximum(empty - came, 0.0), mine, sold))
    return _Blocks(np.nonzero(told)[0], *columns)


def _strays(blocks: _Blocks) -> tuple[Floats, Floats]:
    """Numbers of the series that say something, and how far each lies from the whole, as a logarithm."""
    series, place = np.unique(blocks.row, return_inverse=True)
    apart, stray, whole = np.zeros(series.size), USUAL_STRAY, _whole(blocks, 0.0)
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            share, lean = blocks.share(whole + apart[place])
            miss = (blocks.mine - blocks.sold * share) * lean
            slope = np.bincount(place, weights=miss) - apart / stray**2
            known = blocks.sold * share * (1.0 - share) * lean**2
            bend = np.bincount(place, weights=known) + 1.0 / stray**2
            apart = np.clip(apart + np.clip(slope / bend, -1.0, 1.0), -FURTHEST, FURTHEST)
        whole = _whole(blocks, apart[place])
        stray = max(float(np.sqrt((apart**2 + 1.0 / bend).mean())), LEAST_STRAY)
    return series, apart


def _whole(blocks: _Blocks, apart: Floats | float) -> float:
    """The logarithm that all have in common at which as many sales as there were are expected."""
    wanted = min(float(blocks.mine.sum()), float(blocks.sold.sum()) - 0.5)

    def missed(log: float) -> float:
        return float((blocks.sold * blocks.share(log + apart)[0]).sum()) - wanted

    if missed(NOTHING) >= 0:
        return NOTHING
    return -NOTHING if missed(-NOTHING) < 0 else float(brentq(missed, NOTHING, -NOTHING, xtol=1e-6))


def _month_after(barren: Flags, shelf: Flags, on: Flags, unasked: Floats) -> float:
    """The logarithm of the share that is bought to order; 0, all of it, where no shelf stands beside."""
    chance = _chance(shelf, on)[:, None]
    empty, here, came, days, there = (
        _running(part) for part in (barren, on & barren, unasked, shelf, on & shelf)
    )
    stop = np.arange(MONTH, empty.shape[1])
    before, after = stop - MONTH, np.minimum(stop + MONTH, empty.shape[1] - 1)
    came = came[:, stop] - came[:, before]
    sold = here[:, stop] - here[:, before] - came * chance
    told = float((np.maximum(empty[:, stop] - empty[:, before] - came, 0.0) * (there[:, after] - there[:, stop])).sum())
    if told <= 0:
        return 0.0
    found = float((sold * (days[:, after] - days[:, stop])).sum()) / told
    return float(np.log(found)) if found > np.exp(NOTHING) else NOTHING


def _unasked(snapshot: DemandSnapshot, shelf: Flags) -> Floats:
    """(series, days), empty mornings on which goods came unasked: each that passed without a sale stands also
    for those that had one by chance.
    """
    on = snapshot.demand > 0
    quiet = snapshot.arrived & snapshot.barren() & ~on
    return np.asarray(quiet / (1.0 - _chance(shelf, on))[:, None])


def _chance(shelf: Flags, on: Flags) -> Floats:
    """(series,), chance of a sale on a day that began with something on the shelf."""
    sold, days = (on & shelf).sum(axis=1), shelf.sum(axis=1)
    usual = sold.sum() / max(days.sum(), 1)
    return np.minimum((sold + BORROWED_DAYS * usual) / (days + BORROWED_DAYS), SUREST)


def _by_block(days: Flags | Floats) -> Floats:
    """(series, blocks), sums of days; the last block ends with the history, the first may be short."""
    count = days.shape[1]
    starts = np.arange(count % BLOCK_DAYS, count, BLOCK_DAYS)
    starts = starts if count % BLOCK_DAYS == 0 else np.concatenate([[0], starts])
    return np.add.reduceat(days, starts, axis=1, dtype=np.float64)


def _running(days: Flags | Floats) -> Floats:
    """(series, whole weeks + 1), days before the end of each week, none before the first."""
    weeks = days.shape[1] // DAYS_PER_WEEK
    whole = days[:, days.shape[1] - weeks * DAYS_PER_WEEK :].reshape(days.shape[0], weeks, DAYS_PER_WEEK)
    total = np.zeros((days.shape[0], weeks + 1))
    np.cumsum(whole.sum(axis=2), axis=1, out=total[:, 1:])
    return total
