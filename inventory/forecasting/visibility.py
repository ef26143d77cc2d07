"""How much of demand shows on days that began with an empty shelf: estimated, not taken for granted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from inventory.contracts.arrays import Flags, Floats, Ints
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

    Never less than the share of those days on which something sold: there it did show.
    """
    barren = snapshot.barren()
    on = snapshot.demand > 0
    if not (barren & on).any():
        return np.zeros(len(snapshot.series_keys))
    shelf = ~barren & snapshot.started()
    days = _Days(barren, shelf, on, snapshot.arrived & barren & ~on, _chance(shelf, on))
    whole = _month_after(days)
    mornings = np.maximum(barren.sum(axis=1), 1)
    came = np.minimum(days.unasked(days.quiet.sum(axis=1, keepdims=True))[:, 0] / mornings, 1.0)
    ordered = np.full(came.size, np.exp(min(whole, 0.0)))
    blocks = _blocks(days)
    if whole > NOTHING and blocks.row.size:
        series, apart = _strays(blocks)
        ordered[series] = np.exp(np.minimum(whole + apart, 0.0))
    shown = (on & barren).sum(axis=1) / mornings
    return np.asarray(np.maximum(came + ordered * (1.0 - came), shown))


@dataclass(frozen=True, slots=True, eq=False)
class _Days:
    """(series, days) each: began `barren`, began with something on the `shelf`, had a sale, began barren and
    goods came but nothing was sold. `chance`: (series,), of a sale on a day that began with something.
    """

    barren: Flags
    shelf: Flags
    on: Flags
    quiet: Flags
    chance: Floats

    def unasked(self, quiet: Floats) -> Floats:
        """(series, spans), empty mornings on which goods came unasked: each `quiet` one stands also for those
        that had a sale by chance.
        """
        return np.asarray(quiet / (1.0 - self.chance)[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """Quarters of series, (blocks,) each: `row` of the series; mornings with something on the `shelf`; empty
    ones on which goods `came` unasked, and all `others`; days with a sale that began empty, and all `sold`.
    """

    row: Ints
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


def _blocks(days: _Days) -> _Blocks:
    """Those in which shelves stood full and empty, and something was sold."""
    there, empty = _by_block(days.shelf), _by_block(days.barren)
    came = np.minimum(days.unasked(_by_block(days.quiet)), empty)
    mine, sold = _by_block(days.on & days.barren), _by_block(days.on & (days.barren | days.shelf))
    told = (there > 0) & (empty > 0) & (sold > 0)
    columns = (one[told] for one in (there, came, empty - came, mine, sold))
    return _Blocks(np.nonzero(told)[0].astype(np.int64), *columns)


def _strays(blocks: _Blocks) -> tuple[Ints, Floats]:
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


def _month_after(days: _Days) -> float:
    """The logarithm of the share that is bought to order; 0, all of it, where no shelf stands beside."""
    shelf, there = _running(days.shelf), _running(days.on & days.shelf)
    stop = np.arange(MONTH, shelf.shape[1])
    before, after = stop - MONTH, np.minimum(stop + MONTH, shelf.shape[1] - 1)
    empty, here, quiet = (
        total[:, stop] - total[:, before]
        for total in (_running(days.barren), _running(days.on & days.barren), _running(days.quiet))
    )
    came = days.unasked(quiet)
    told = np.maximum(empty - came, 0.0) * (there[:, after] - there[:, stop])
    found = (here - came * days.chance[:, None]) * (shelf[:, after] - shelf[:, stop])
    if told.sum() <= 0:
        return 0.0
    share = float(found.sum() / told.sum())
    return float(np.log(share)) if share > np.exp(NOTHING) else NOTHING


def _chance(shelf: Flags, on: Flags) -> Floats:
    """(series,), chance of a sale on a day that began with something on the shelf."""
    sold, days = (on & shelf).sum(axis=1), shelf.sum(axis=1)
    usual = sold.sum() / max(days.sum(), 1)
    return np.asarray(np.minimum((sold + BORROWED_DAYS * usual) / (days + BORROWED_DAYS), SUREST))


def _by_block(days: Flags) -> Floats:
    """(series, blocks), sums of days; the last block ends with the history, the first may be short."""
    count = days.shape[1]
    starts = np.arange(count % BLOCK_DAYS, count, BLOCK_DAYS)
    starts = starts if count % BLOCK_DAYS == 0 else np.concatenate([[0], starts])
    return np.asarray(np.add.reduceat(days, starts, axis=1, dtype=np.float64))


def _running(days: Flags) -> Floats:
    """(series, whole weeks + 1), days before the end of each week, none before the first."""
    weeks = days.shape[1] // DAYS_PER_WEEK
    whole = days[:, days.shape[1] - weeks * DAYS_PER_WEEK :].reshape(days.shape[0], weeks, DAYS_PER_WEEK)
    total = np.zeros((days.shape[0], weeks + 1))
    np.cumsum(whole.sum(axis=2), axis=1, out=total[:, 1:])
    return total
