"""The sum of all forecasts, set against what the whole and its categories are seen to do."""

from __future__ import annotations

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.forecasting.levels import moving_average
from inventory.forecasting.season import YEAR, shape
from inventory.forecasting.weeks import Weeks

#: Weeks that the level of a sum is read from; the longer one where a year earlier shows its season.
RECENT, LONG = 8, 26
#: Fewest weeks of last year before the origin's own that a season may rest on.
FEWEST = 8
#: A sum is never moved further than this factor, either way.
STRONGEST = 2.0


def factors(weeks: Weeks, origin: int, means: Floats, power: float = 1.0) -> Floats:
    """(series, horizon) factors that bring sums of `means` (series, horizon) to what is expected of sums.

    Sums are steadier than their parts, so they show level and season that no part can. A category's
    sum is expected to be the geometric mean of two forecasts: its last eight weeks, and its last half
    year bent by what the same weeks were a year earlier to the half year before them. Each category is
    drawn to the whole with the weight of an average one. All series of a category have the same factor
    (so shares stay), and higher levels are sums of the lower, exactly. 1 where nothing is forecast.
    """
    if not means.size or power == 0.0:
        return np.ones_like(means)
    expected = _expected(weeks, origin, means)
    told = np.zeros_like(expected)
    np.add.at(told, weeks.group, means)
    whole = expected.sum(axis=0) / np.maximum(told.sum(axis=0), 1e-12)
    whole = np.where(told.sum(axis=0) > 0, whole, 1.0)
    borrowed = told.mean(axis=0)
    drawn = (expected + borrowed * whole) / np.maximum(told + borrowed, 1e-12)
    drawn = np.where(borrowed > 0, drawn, 1.0)
    return np.asarray(np.clip(drawn, 1.0 / STRONGEST, STRONGEST)[weeks.group] ** power)


def _expected(weeks: Weeks, origin: int, means: Floats) -> Floats:
    """(groups, horizon), pieces a week."""
    horizon = means.shape[1]
    groups = int(weeks.group.max(initial=0)) + 1
    proven = _without_beginnings(weeks)
    untold = proven.seen[:, :origin].sum(axis=1) <= 0
    own = np.zeros((groups, horizon))  # of series that only just began: as they are forecast
    np.add.at(own, weeks.group[untold], means[untold])
    recent = _levels(proven, origin, RECENT, groups)[:, None]
    span = min(LONG, origin - YEAR)
    if span < FEWEST:
        return np.repeat(recent, horizon, axis=1) + own
    bent = _levels(proven, origin, span, groups)[:, None] * shape(weeks, origin, horizon, span)
    return np.asarray(np.sqrt(recent * bent) + own)


def _without_beginnings(weeks: Weeks) -> Weeks:
    """History without the week in which each series began after the first.

    What is known since its first sale was chosen by that sale: the week of it sells always.
    """
    began = (np.arange(weeks.count) == weeks.start[:, None]) & (weeks.start[:, None] > 0)
    return Weeks(
        np.where(began, 0.0, weeks.sales), np.where(began, 0.0, weeks.seen), weeks.start, weeks.group
    )


def _levels(weeks: Weeks, origin: int, span: int, groups: int) -> Floats:
    """(groups,), pieces per seen week over the last `span` weeks."""
    level = moving_average(span)(weeks, [origin])[0]
    return np.asarray(np.bincount(weeks.group, weights=level, minlength=groups), dtype=np.float64)
