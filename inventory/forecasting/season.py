"""The season of the year, pooled over the series of a group because one series cannot show it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inventory.contracts.arrays import Flags, Floats
from inventory.forecasting.weeks import Weeks

YEAR = 52
#: Weeks before the origin that the level stands for; last year's same weeks are the season's base.
BASE_WEEKS = 8
#: A season never moves a level further than this factor, either way.
STRONGEST = 3.0


def season(weeks: Weeks, origins: Sequence[int], horizon: int) -> Floats:
    """(origins, series, horizon) factors on a level: what the weeks ahead were, a year earlier,
    to the eight weeks before them.

    Each group's ratio is drawn to that of all series with the weight of an average group, so that
    small groups follow the whole. 1 where the history is shorter than 60 weeks.
    """
    shapes = np.ones((len(origins), weeks.series, horizon))
    for number, origin in enumerate(origins):
        if origin >= YEAR + BASE_WEEKS:
            shapes[number] = shape(weeks, origin, horizon)[weeks.group]
    return shapes


def same_weeks_last_year(weeks: Weeks, origins: Sequence[int], horizon: int) -> tuple[Floats, Flags]:
    """(origins, series, horizon) rate of each week a year earlier, and whether it was seen."""
    rates = np.zeros((len(origins), weeks.series, horizon))
    known = np.zeros(rates.shape, dtype=np.bool_)
    rate = weeks.rate()
    for number, origin in enumerate(origins):
        if origin >= YEAR:
            span = slice(origin - YEAR, origin - YEAR + horizon)
            rates[number], known[number] = rate[:, span], weeks.seen[:, span] > 0
    return rates, known


def shape(
    weeks: Weeks, origin: int, horizon: int, base_weeks: int = BASE_WEEKS, *, newcomers: bool = False
) -> Floats:
    """(groups, horizon) factors, from series that could be sold during all the weeks compared.

    Needs a year and `base_weeks` of history before `origin`. With `newcomers`, from all that was sold.
    """
    groups = int(weeks.group.max(initial=0)) + 1
    first = origin - YEAR - base_weeks
    span = slice(first, first + base_weeks + horizon + 1)
    matched = (weeks.start <= first) | newcomers
    sold = np.zeros((groups, span.stop - span.start))
    np.add.at(sold, weeks.group[matched], weeks.rate()[matched, span])
    base, ahead = sold[:, :base_weeks].mean(axis=1), _smooth(sold)[:, base_weeks:-1]

    borrowed = base.mean()
    whole = ahead.sum(axis=0) / max(base.sum(), 1e-12) if base.sum() > 0 else np.ones(horizon)
    factors = (ahead + borrowed * whole) / np.maximum(base + borrowed, 1e-12)[:, None]
    return np.clip(np.where(base.sum() > 0, factors, 1.0), 1.0 / STRONGEST, STRONGEST)


def _smooth(sold: Floats) -> Floats:
    """Each week's mean with its two neighbours; the ends keep their own."""
    smooth = sold.copy()
    smooth[:, 1:-1] = (sold[:, :-2] + sold[:, 1:-1] + sold[:, 2:]) / 3.0
    return smooth
