"""How much sells in a week from here on: each method's level, for all series at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from inventory.contracts.arrays import Flags, Floats
from inventory.forecasting.weeks import Weeks

#: (weeks, origins) -> (origins, series), pieces per week as seen before each origin week.
Level = Callable[[Weeks, Sequence[int]], Floats]

#: Weeks of pooled experience that a young series borrows from all others.
BORROWED_WEEKS = 4.0
#: Weeks since a series began in which its first order is told apart from what followed, and series whose
#: four weeks, at the pace of all, what usually follows is drawn by.
YOUNG, PRIOR_BEGINNINGS = 52, 5.0
#: Weight of weeks outside a moving average: felt only where all weeks inside went unseen.
_FAINT = 1e-9


def last_week(weeks: Weeks, origins: Sequence[int]) -> Floats:
    """Naive: the last week that was seen goes on."""
    rate = weeks.rate()
    week = np.arange(weeks.count)
    last = np.maximum.accumulate(np.where(weeks.seen > 0, week, -1), axis=1)
    rows = np.arange(weeks.series)
    levels = []
    for origin in origins:
        at = last[:, origin - 1] if origin else np.full(weeks.series, -1)
        levels.append(np.where(at >= 0, rate[rows, at], 0.0))
    return np.array(levels)


def moving_average(span: int) -> Level:
    """Pieces per fully seen week over the last `span` weeks; of older ones if none of these was seen."""

    def level(weeks: Weeks, origins: Sequence[int]) -> Floats:
        return _weighted(weeks, origins, lambda age: (age < span) + _FAINT * 0.9**age)

    return level


def smoothed(alpha: float) -> Level:
    """Exponential smoothing: a week weighs `1 - alpha` times as much as the one after it."""

    def level(weeks: Weeks, origins: Sequence[int]) -> Floats:
        return _weighted(weeks, origins, lambda age: (1.0 - alpha) ** age)

    return level


def pooled(weeks: Weeks, origins: Sequence[int]) -> Floats:
    """A year's mean, drawn to the median of its group's selling series with the weight of four weeks."""
    levels = []
    for origin in origins:
        recent = slice(max(origin - 52, 0), origin)
        sold, seen = weeks.sales[:, recent].sum(axis=1), weeks.seen[:, recent].sum(axis=1)
        usual = _group_medians(sold / np.maximum(seen, 1.0), sold > 0, weeks)
        levels.append((sold + BORROWED_WEEKS * usual) / (seen + BORROWED_WEEKS))
    return np.array(levels)


def begun(weeks: Weeks, origins: Sequence[int]) -> Floats:
    """What followed the first order, drawn by four weeks to what usually follows one; else as `pooled`.

    A series that is known since it sold was chosen by that sale: the week of it tells how large orders
    are and nothing of how often they come. Goods that were in stock before they sold, and what was there
    when history began, stand as `pooled` tells.
    """
    levels = pooled(weeks, origins)
    if not weeks.count:
        return levels
    rows = np.arange(weeks.series)
    for number, origin in enumerate(origins):
        at = np.minimum(weeks.start, max(origin - 1, 0))
        young = (weeks.start > 0) & (weeks.start < origin) & (origin - weeks.start <= YOUNG)
        first = np.where(young, weeks.sales[rows, at], 0.0)
        young &= first > 0
        later = slice(max(origin - YOUNG, 0), origin)
        sold = weeks.sales[:, later].sum(axis=1) - first
        seen = weeks.seen[:, later].sum(axis=1) - np.where(young, weeks.seen[rows, at], 0.0)
        if young.any():
            pace = (weeks.sales[:, later] > 0).sum() / max(float(weeks.seen[:, later].sum()), 1.0)
            prior = PRIOR_BEGINNINGS * BORROWED_WEEKS * first[young].mean()
            follows = (sold[young].sum() + pace * prior) / ((seen * first)[young].sum() + prior)
            told = (sold + BORROWED_WEEKS * follows * first) / (seen + BORROWED_WEEKS)
            levels[number] = np.where(young, told, levels[number])
    return levels


def _group_medians(rates: Floats, selling: Flags, weeks: Weeks) -> Floats:
    """(series,), median of `rates` over the selling series of the group, or of all where it has none."""
    usual = np.full(weeks.series, np.median(rates[selling]) if selling.any() else 0.0)
    for group in np.unique(weeks.group[selling]):
        members = weeks.group == group
        usual[members] = np.median(rates[members & selling])
    return usual


def tsb(alpha: float, beta: float) -> Level:
    """Teunter, Syntetos and Babai (2011): chance of a selling week times its size.

    `alpha` smooths the size at selling weeks, `beta` the chance at every week that was seen, by the
    share of it that was seen. Both start as plain means.
    """

    def level(weeks: Weeks, origins: Sequence[int]) -> Floats:
        size, chance = np.zeros(weeks.series), np.zeros(weeks.series)
        sold, seen = np.zeros(weeks.series), np.zeros(weeks.series)
        kept = {}
        rates = weeks.rate()
        for week in range(max(origins, default=0)):
            kept[week] = size * chance
            rate, share = rates[:, week], weeks.seen[:, week]
            on = rate > 0
            sold, seen = sold + on, seen + share
            size = np.where(on, size + np.maximum(alpha, 1 / np.maximum(sold, 1)) * (rate - size), size)
            pace = share * np.maximum(beta, 1 / np.maximum(seen, 1.0))
            chance = chance + np.minimum(pace, 1.0) * (on - chance)
        kept[max(origins, default=0)] = size * chance
        return np.array([kept[origin] for origin in origins])

    return level


def sba(alpha: float) -> Level:
    """Syntetos and Boylan's correction (2005) of Croston: size over interval, times 1 - alpha / 2."""

    def level(weeks: Weeks, origins: Sequence[int]) -> Floats:
        size, gap = np.zeros(weeks.series), np.ones(weeks.series)
        since, sold = np.zeros(weeks.series), np.zeros(weeks.series)
        kept = {}
        rates = weeks.rate()
        for week in range(max(origins, default=0)):
            kept[week] = (1 - alpha / 2) * size / gap
            since = since + weeks.seen[:, week]
            on = rates[:, week] > 0
            sold = sold + on
            pace = np.maximum(alpha, 1 / np.maximum(sold, 1))
            size = np.where(on, size + pace * (rates[:, week] - size), size)
            gap = np.where(on, np.maximum(gap + pace * (np.maximum(since, 1.0) - gap), 1.0), gap)
            since = np.where(on, 0.0, since)
        kept[max(origins, default=0)] = (1 - alpha / 2) * size / gap
        return np.array([kept[origin] for origin in origins])

    return level


def silence(weeks: Weeks, origins: Sequence[int]) -> Floats:
    """Nothing sells any more."""
    return np.zeros((len(origins), weeks.series))


def mixture(*levels: Level) -> Level:
    """The mean of several methods."""

    def level(weeks: Weeks, origins: Sequence[int]) -> Floats:
        return np.asarray(np.mean([one(weeks, origins) for one in levels], axis=0))

    return level


def _weighted(weeks: Weeks, origins: Sequence[int], weight: Callable[[Floats], Floats]) -> Floats:
    """Weighted sales over weighted seen weeks; 0 where nothing was seen. `weight` of age in weeks."""
    weights = np.zeros((weeks.count, len(origins)))
    for number, origin in enumerate(origins):
        weights[:origin, number] = weight(np.arange(origin - 1, -1, -1, dtype=np.float64))
    sold, seen = (weeks.sales @ weights).T, (weeks.seen @ weights).T
    return np.where(seen > 0, sold / np.maximum(seen, 1e-300), 0.0)
