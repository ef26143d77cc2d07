"""The sum of all forecasts, set against what the whole and its categories are seen to do."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from inventory.contracts.arrays import Codes, Floats
from inventory.forecasting.levels import moving_average
from inventory.forecasting.season import YEAR, shape
from inventory.forecasting.weeks import Weeks

#: Weeks that the level of a sum is read from; each that a year earlier was there too shows a season.
RECENT, LONG = 8, 26
#: How much of last year's season is believed: it was one year, and weather and luck were in it too.
BELIEVED = 0.75
#: Pieces a week that stand for none where means are geometric.
LEAST = 1e-6
#: A sum is never moved further than the first of these factors, either way, and a series hardly further
#: than the second.
STRONGEST, STRONGEST_OF_ONE = 2.0, 3.0
#: A gap is shared out by halving the strength of factors so many times, from this on.
HALVINGS, MOST_STRENGTH = 12, 8.0


def factors(weeks: Weeks, origin: int, means: Floats, power: float = 1.0) -> Floats:
    """(series, horizon) factors that bring sums of `means` (series, horizon) to what is expected of sums.

    Sums are steadier than their parts, so they show level and season that no part can. A category's
    sum is expected to be its last eight weeks, bent by the season of last year as `_expected` tells.
    Each category is drawn to the whole with the weight of an average one. A category's gap is shared
    out as `share_out` tells; higher levels are sums of the lower, exactly. 1 where nothing is forecast.
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
    return share_out(means, weeks.group, np.clip(drawn, 1.0 / STRONGEST, STRONGEST) ** power)


def share_out(means: Floats, group: Codes, wanted: Floats) -> Floats:
    """(series, horizon) factors that multiply each group's sum by `wanted` (groups, horizon).

    What a sum has too much comes off its series by one factor. What it lacks goes by Taylor's law (errors
    grow with the mean's power of 3/2, between chance alone and a constant share): a series' factor is the
    group's, raised to a power that goes with the root of its mean, so that goods which rarely sell are not
    raised in all the weeks in which they do not. Where the bounds of single factors leave a rest, every
    series takes its share of it.
    """
    groups = wanted.shape[0]
    level = means.mean(axis=1)
    usual = np.bincount(group, weights=level, minlength=groups) / np.bincount(group, minlength=groups).clip(1)
    root = np.sqrt(level / np.maximum(usual[group], 1e-12))[:, None]
    leaning = np.where((wanted > 1.0)[group], root, 1.0)
    log, most = np.log(wanted), np.log(STRONGEST_OF_ONE)
    members = sparse.csr_array((np.ones(group.size), (group, np.arange(group.size))), (groups, group.size))
    told = np.asarray(members @ means)

    def sums(strength: Floats) -> tuple[Floats, Floats]:
        one = np.exp(np.clip((strength * log)[group] * leaning, -most, most))
        return one, np.asarray(members @ (means * one)) / np.maximum(told, 1e-12)

    low, high = np.zeros_like(wanted), np.full_like(wanted, MOST_STRENGTH)
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        short = np.abs(np.log(np.maximum(sums(middle)[1], 1e-12))) < np.abs(log)
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    one, found = sums(low)
    rest = np.where(told > 0, wanted / np.maximum(found, 1e-12), 1.0)
    return np.asarray(one * rest[group])


def _expected(weeks: Weeks, origin: int, means: Floats) -> Floats:
    """(groups, horizon), pieces a week.

    The geometric mean of up to four forecasts: the level of eight weeks and of half a year, each bent by
    what the same weeks were a year earlier to as many before them, once of the series that were there
    then and once of all. The former only lose (what had just sold then), the latter gain newcomers that
    are no part of what is forecast now; the error of one is about that of the other, the other way.
    """
    horizon = means.shape[1]
    groups = int(weeks.group.max(initial=0)) + 1
    proven = _without_beginnings(weeks)
    untold = proven.seen[:, :origin].sum(axis=1) <= 0
    own = np.zeros((groups, horizon))  # of series that only just began: as they are forecast
    np.add.at(own, weeks.group[untold], means[untold])
    flat = np.repeat(_levels(proven, origin, RECENT, groups)[:, None], horizon, axis=1)
    bent = [
        _levels(proven, origin, span, groups)[:, None]
        * shape(weeks, origin, horizon, span, newcomers=newcomers)
        for span in (RECENT, LONG)
        if origin >= YEAR + span
        for newcomers in (False, True)
    ]
    if not bent:
        return flat + own
    logs = np.log(np.maximum(bent, LEAST)).mean(axis=0)
    return np.asarray(np.exp((1.0 - BELIEVED) * np.log(np.maximum(flat, LEAST)) + BELIEVED * logs) + own)


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
