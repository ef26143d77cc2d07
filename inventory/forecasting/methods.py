"""The methods that compete: two referees and those that would replace them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.forecasting.boosted import Boosted
from inventory.forecasting.levels import (
    Level,
    begun,
    last_week,
    mixture,
    moving_average,
    pooled,
    sba,
    silence,
    smoothed,
    tsb,
)
from inventory.forecasting.season import same_weeks_last_year, season
from inventory.forecasting.weeks import Weeks


@dataclass(frozen=True, slots=True)
class Method:
    """A level, and how much of the pooled season bends it (power of its factors; 0 = not at all)."""

    name: str
    level: Level
    season_power: float = 0.0
    last_year: bool = False


_MIXTURE = mixture(tsb(0.1, 0.2), smoothed(0.2), moving_average(8))
_SLOW_MIXTURE = mixture(tsb(0.1, 0.1), smoothed(0.1), moving_average(13))

NAIVE = Method("naive", last_week)
SEASONAL_NAIVE = Method("seasonal_naive", last_week, last_year=True)
SILENCE = Method("silence", silence)
#: Stands for what is new, unless another is clearly better.
BEGUN = Method("begun", begun)
#: Stands for all else where history is too short for any back-test, and unless another is clearly better.
MIXTURE = Method("mixture", _MIXTURE)

#: The referees first.
METHODS: tuple[Method, ...] = (
    NAIVE,
    SEASONAL_NAIVE,
    MIXTURE,
    Method("mixture_slow", _SLOW_MIXTURE),
    Method("mean_8_weeks", moving_average(8)),
    Method("mean_13_weeks", moving_average(13)),
    Method("mean_52_weeks", moving_average(52)),
    Method("smoothing", smoothed(0.2)),
    Method("sba", sba(0.1)),
    Method("tsb", tsb(0.1, 0.2)),
    Method("tsb_slow", tsb(0.1, 0.07)),
    Method("seasonal_tsb", tsb(0.1, 0.2), season_power=1.0),
    Method("seasonal_mixture", _MIXTURE, season_power=0.5),
    Method("pooled_mean", pooled),
    BEGUN,
    SILENCE,
)

#: Methods that rest on trees which learnt from all series; they compete only where trees could learn.
BOOSTED = Method("boosted", _MIXTURE)
BOOSTED_MIXTURE = Method("boosted_mixture", _MIXTURE)
#: Everything that may stand, by the number that arrays hold.
ENTRANTS: tuple[Method, ...] = (*METHODS, BOOSTED, BOOSTED_MIXTURE)
#: Never chosen for merit alone, always scored: what a forecast has to beat.
REFEREES = ("naive", "seasonal_naive", "mean_52_weeks", "silence")


def ahead_of(
    numbers: Sequence[int],
    weeks: Weeks,
    origins: Sequence[int],
    horizon: int,
    *,
    seasonal: bool,
    trees: Boosted | None,
) -> dict[int, Floats]:
    """(origins, series, horizon) of each of the entrants `numbers`; those of trees only with trees."""
    wanted = {ENTRANTS[number].name: number for number in numbers}
    found = {
        number: forecasts(ENTRANTS[number], weeks, origins, horizon, seasonal)
        for number in numbers
        if number < len(METHODS)
    }
    learnt = [method.name for method in (BOOSTED, BOOSTED_MIXTURE) if method.name in wanted]
    if trees is None or not learnt:
        return found
    boosted = trees.forecasts(weeks, origins, horizon)
    for name in learnt:
        alone = name == BOOSTED.name
        mixed = boosted if alone else (boosted + forecasts(MIXTURE, weeks, origins, horizon, seasonal)) / 2.0
        found[wanted[name]] = mixed
    return found


def forecasts(method: Method, weeks: Weeks, origins: Sequence[int], horizon: int, seasonal: bool) -> Floats:
    """(origins, series, horizon), pieces per week, from what was known before each origin week.

    Without `seasonal`, methods that use last year stand as if there had been none.
    """
    level = method.level(weeks, origins)
    ahead = np.repeat(level[:, :, None], horizon, axis=2)
    if method.season_power and seasonal:
        ahead = ahead * season(weeks, origins, horizon) ** method.season_power
    if method.last_year and seasonal:
        rates, known = same_weeks_last_year(weeks, origins, horizon)
        ahead = np.where(known, rates, ahead)
    return ahead
