"""Weeks of the past that sold far more than can be explained, and what they add to what is expected. Pure.

Nothing is corrected here: a bulk week may come again, so a person decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from inventory.contracts.arrays import Flags, Floats, Ints, empty
from inventory.forecasting.season import YEAR
from inventory.forecasting.weeks import LEAST_SEEN, Weeks

#: Weeks that are looked at, weeks around one that tell what is usual of it, the fewest of a year that can
#: tell how far weeks stray, and weeks ahead that an outlier is weighed by.
LOOKED_AT, AROUND, FEWEST, AHEAD = 26, 26, 13, 13
#: Of a year's weeks so many may be outliers: they count as the largest that is left without them.
SPARED = 2
#: Standard deviations of such a year that a week must lie above its mean. Weeks that come as an exponential,
#: about as uneven as demand usually is, lie beyond it in about 15 of 1,000 series in half a year, by chance.
FAR = 8.0
#: A week below so many times the largest that is left is large, not another thing, however even others are.
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
    """(n,) each: series, week and what is usual of weeks that sold far beyond the year before today.

    What comes in the same weeks every year is season, and no outlier. A series of which not three weeks of
    the year sold has no usual that a week could stand out of. Pieces counted in packs give the same weeks.
    """
    year = slice(max(weeks.count - YEAR, 0), weeks.count)
    rate = weeks.rate()[:, year]
    told = (weeks.seen[:, year] >= LEAST_SEEN) & (np.arange(weeks.count)[year] >= weeks.start[:, None])
    tells = told & (plain[:, year] >= rate)  # what is explained in part is no usual week
    count = tells.sum(axis=1)
    if rate.shape[1] < FEWEST or not (count >= FEWEST).any():
        return _none(), _none(), np.zeros(0)
    # weeks that tell nothing lie below all others
    place = rate.shape[1] - 1 - SPARED
    largest = np.partition(np.where(tells, rate, -1.0), place, axis=1)[:, place]
    cut = np.where(tells, np.minimum(rate, largest[:, None]), 0.0)
    many = np.maximum(count, 1)
    mean = cut.sum(axis=1) / many
    spread = np.sqrt(np.maximum((cut**2).sum(axis=1) / many - mean**2, 0.0))
    bound = np.maximum(mean + FAR * spread, ABOVE * largest)
    bound[(count < FEWEST) | (largest <= 0)] = np.inf
    recent = slice(max(weeks.count - LOOKED_AT, 0), weeks.count)
    row, week = np.nonzero((plain[:, recent] > bound[:, None]) & told[:, -LOOKED_AT:])
    week += recent.start
    comes_every_year = _year_ago(weeks, row, week) >= plain[row, week]
    row, week = row[~comes_every_year], week[~comes_every_year]
    return row, week, _usual(cut, tells, row, week - year.start)


def _year_ago(weeks: Weeks, row: Ints, week: Ints) -> Floats:
    """(n,), the best of the same week a year ago and its two neighbours; 0 where nobody knows."""
    at = week[:, None] - YEAR + np.arange(-1, 2)
    known = at >= 0
    at = np.maximum(at, 0)
    rate = weeks.sales[row[:, None], at] / np.maximum(weeks.seen[row[:, None], at], LEAST_SEEN)
    return np.asarray(np.where(known, rate, 0.0).max(axis=1, initial=0.0))


def _usual(cut: Floats, tells: Flags, row: Ints, week: Ints) -> Floats:
    """(n,), mean of the weeks around each as they are `cut`, (series, weeks), without itself."""
    last = cut.shape[1] - 1
    low = np.clip(week - AROUND // 2, 0, max(last - AROUND, 0))
    around = np.minimum(low[:, None] + np.arange(AROUND + 1), last)
    counts = tells[row[:, None], around] & (around != week[:, None])
    counts[:, 1:] &= np.diff(around, axis=1) > 0
    return np.asarray((cut[row[:, None], around] * counts).sum(axis=1) / np.maximum(counts.sum(axis=1), 1))
