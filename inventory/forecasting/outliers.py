"""Weeks of the past that sold far more than can be explained, and what they add to what is expected. Pure.

Nothing is corrected here: a bulk week may come again, so a person decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from scipy import special

from inventory.contracts.arrays import Floats, Ints, empty
from inventory.forecasting.season import YEAR
from inventory.forecasting.weeks import LEAST_SEEN, Weeks

#: Weeks that are looked at, the nearest others that tell what is usual of each, the fewest of these that
#: can, and weeks ahead that an outlier is weighed by.
LOOKED_AT, AROUND, FEWEST, AHEAD = 26, 26, 13, 13
#: Of the weeks around so many may be outliers themselves: no week around counts for more than the largest
#: that is left without them.
SPARED = 2
#: Series of 1,000 that are told of by chance alone in the weeks looked at, were they as the gamma says.
BY_CHANCE = 10.0
#: A week below so many times the largest usual one is large, not another thing.
ABOVE = 1.5
#: It matters where it lifts what is expected by this share, or by so many pieces.
LIFT, PIECES = 0.10, 5.0

#: (weeks of some series, their numbers) -> (n,), pieces a week that are expected of them.
LevelOf = Callable[[Weeks, Ints], Floats]


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Outliers:
    """Weeks that stand out, those that add most first; (n,) each.

    `row`: series; `week`: column of the weeks; `usual`: pieces a whole week, the mean of the weeks around it;
    `adds`: pieces that it adds to what is expected of the next 13 weeks.
    """

    row: Ints = field(default_factory=_none)
    week: Ints = field(default_factory=_none)
    usual: Floats = field(default_factory=empty)
    adds: Floats = field(default_factory=empty)


def find_outliers(weeks: Weeks, plain: Floats, level: LevelOf) -> Outliers:
    """Outliers of the last half year that matter to what `level` expects.

    `plain`: (series, weeks), pieces a whole week as far as nothing known explains them; below the rate of
    `weeks` in a week that something explains in part. The same whatever the order of the series but for ties.
    """
    row, week, usual = unusual(weeks, plain)
    if not row.size:
        return Outliers()
    each = np.arange(row.size)
    with_it = weeks.take(row)
    sales = with_it.sales.copy()
    sales[each, week] = usual * with_it.seen[each, week]
    without = AHEAD * level(Weeks(sales, with_it.seen, with_it.start, with_it.group), row)
    adds = AHEAD * level(with_it, row) - without
    matters = (adds > 0) & ((adds >= PIECES) | (adds >= LIFT * without))
    order = np.flatnonzero(matters)[np.argsort(-adds[matters], kind="stable")]
    return Outliers(row[order], week[order], usual[order], adds[order])


def unusual(weeks: Weeks, plain: Floats) -> tuple[Ints, Ints, Floats]:
    """(n,) each: series, week and what is usual of weeks that sold beyond what those around can tell.

    A week is held against the gamma whose weeks lie as those around it do, and against the same weeks of a
    year ago: what comes every year is season. A series of which not three other weeks around sold has no
    usual that a week could stand out of. Pieces counted in packs give the same weeks.
    """
    found: list[tuple[Ints, Ints, Floats]] = []
    rate, span = weeks.rate(), min(AROUND, weeks.count - 1)
    told = (weeks.seen >= LEAST_SEEN) & (np.arange(weeks.count) >= weeks.start[:, None])
    others = np.where(told & (plain >= rate), rate, -1.0)  # what is explained in part is no usual week
    tops: dict[int, Floats] = {}
    for week in range(max(weeks.count - LOOKED_AT, 0), weeks.count) if span >= FEWEST else ():
        low = min(max(week - AROUND // 2, 0), weeks.count - 1 - span)
        if low not in tops:
            tops[low] = np.partition(others[:, low : low + span + 1], span - SPARED - 1, axis=1)
            tops[low] = np.sort(tops[low][:, span - SPARED - 1 :], axis=1)
        top, mine = tops[low], plain[:, week]
        # the largest usual week: without this one, if it is among the largest, and those that are spared
        largest = np.where(others[:, week] >= top[:, 1], top[:, 0], top[:, 1])
        rows = np.flatnonzero(told[:, week] & (largest > 0) & (mine > ABOVE * largest))
        rows = rows[mine[rows] > _year_ago(rate, rows, week)]
        around = np.delete(np.arange(low, low + span + 1), week - low)
        if rows.size:
            bound, usual = _bounds(others[rows[:, None], around])
            beyond = mine[rows] > bound
            rows, usual = rows[beyond], usual[beyond]
            found.append((rows, np.full(rows.size, week, dtype=np.int64), usual))
    if not found:
        return _none(), _none(), np.zeros(0)
    row, at, usual = (np.concatenate(column) for column in zip(*found, strict=True))
    return row, at, usual


def _year_ago(rate: Floats, rows: Ints, week: int) -> Floats:
    """(rows,), the best of the same week a year ago and its two neighbours; 0 where nobody knows."""
    same = rate[rows, max(week - YEAR - 1, 0) : max(week - YEAR + 2, 0)]
    return np.asarray(same.max(axis=1, initial=0.0))


def _bounds(around: Floats) -> tuple[Floats, Floats]:
    """(n,) each: what a week will not exceed but by chance, and the usual, from (n, weeks) around it.

    Weeks below zero tell nothing. Infinite where too few tell.
    """
    ordered = np.sort(around, axis=1)
    count = (ordered >= 0).sum(axis=1)
    bound, usual = np.full(count.size, np.inf), np.zeros(count.size)
    for known in np.unique(count[count >= FEWEST]).tolist():
        rows = np.flatnonzero(count == known)
        bound[rows], usual[rows] = _gamma_bound(ordered[rows, ordered.shape[1] - known :])
    return bound, usual


def _gamma_bound(ordered: Floats) -> tuple[Floats, Floats]:
    """The same of weeks in order that all tell.

    The gamma of which so many weeks, cut as these are, have the same spread; no more even than chance allows.
    Of weeks X of one gamma of size k and the mean M of n others, X / M follows F(2k, 2kn): that the mean is
    itself known from few weeks is in it.
    """
    cut = np.minimum(ordered, ordered[:, [-1 - SPARED]])
    usual, count = cut.mean(axis=1), ordered.shape[1]
    spread = cut.var(axis=1, ddof=1) / usual**2
    sizes, spreads, shares = _cut_gammas(count)
    size = np.exp(np.interp(np.log(np.maximum(spread, spreads[-1])), np.log(spreads[::-1]), sizes[::-1]))
    # counts cannot be more even than chance: the smallest step between two weeks is a piece, or a pack
    step = np.diff(ordered, axis=1)
    step = np.where(step > 0, step, np.inf).min(axis=1)
    size = np.minimum(size, np.where(np.isfinite(step), usual / step, np.inf))
    mean = usual / np.interp(np.log(size), sizes, shares)
    chance = BY_CHANCE / (1_000 * LOOKED_AT)
    return mean * special.fdtri(2 * size, 2 * size * count, 1.0 - chance), usual


@cache
def _cut_gammas(count: int) -> tuple[Floats, Floats, Floats]:
    """Gammas of a mean of 1 as `count` weeks in the middle of their order (Blom's places), the largest cut:
    logarithm of the size, squared variation, and mean, (sizes,) each; the variation falls.
    """
    sizes = np.geomspace(0.05, 1_000.0, 80)[:, None]
    places = (np.arange(1, count + 1) - 0.375) / (count + 0.25)
    ordered = special.gammaincinv(sizes, places) / sizes
    cut = np.minimum(ordered, ordered[:, [-1 - SPARED]])
    mean = cut.mean(axis=1)
    return np.log(sizes[:, 0]), cut.var(axis=1, ddof=1) / mean**2, mean
