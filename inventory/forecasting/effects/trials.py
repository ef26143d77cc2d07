"""Whether reckoning with prices would have helped: forecasts of the last year's weeks, series by series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats, Ints
from inventory.forecasting.effects.responses import KNOWN, Goods, factor_of, learn_response
from inventory.forecasting.effects.told import AHEAD, LEVEL, OVER, STEP
from inventory.forecasting.effects.uplift import usual_uplift
from inventory.forecasting.weeks import Weeks

#: Series that are tried, evenly spaced.
EXAMINED = 6_000


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of a trial `without` the effect and `with_it`, and whether there was anything to try."""

    without: float = 0.0
    with_it: float = 0.0
    tried: bool = False

    def and_also(self, without: float, with_it: float) -> Errors:
        """With one more origin; each has one voice, or a month with everything on offer would decide."""
        if without <= 0:
            return self
        return Errors(self.without + 1.0, self.with_it + with_it / without, True)


def try_evening(weeks: Weeks, goods: Goods, least: int) -> Errors:
    """Levels with cheaper weeks evened out, and as sold. Nobody knew which weeks ahead would be cheap.

    Errors of series are judged as forecasts are: root mean squares of weeks over the series' own weekly
    change. All series are judged, for what is taken from those with a cheaper week is given to the others.
    """
    found, (sold, of) = Errors(), _some(weeks, goods)
    for origin, response in _origins(weeks, goods, least):
        recent = slice(origin - LEVEL, origin)
        if not (goods.off[:, :origin] > 0).any() or not response.any():
            continue
        factor = factor_of(response[goods.group][:, None], goods.off[:, :origin])
        even = factor / usual_uplift(goods.sold, factor, origin)[:, None]
        cleaned = (sold[:, recent] / even[:, recent][of]).mean(axis=1)
        level = sold[:, recent].mean(axis=1)
        errors = (_squares(sold, origin, one[:, None]) for one in (level, cleaned))
        found = found.and_also(*(float(np.sqrt(one).mean()) for one in errors))
    return found


def try_knowing(weeks: Weeks, goods: Goods, least: int) -> Errors:
    """Levels lifted in weeks that came to be cheap, as if that had been announced, and left as they were.

    Sums of all that was cheap in a category are judged: what an offer brings is a mean, and of single series
    that sell seldom the level is too uncertain for any lift of it to come nearer. Only SKUs count whose price
    is nearly always known: of others only the busy weeks would be seen to be cheap.
    """
    without, with_it = 0.0, 0.0
    sold, of = _some(weeks, goods)
    group = goods.group[of]
    for origin, response in _origins(weeks, goods, least):
        ahead = slice(origin, origin + AHEAD)
        steady = goods.known[:, origin - LEVEL : origin].mean(axis=1) >= KNOWN
        cheap = ((goods.off[:, ahead] > 0) & steady[:, None])[of] & (response[group] > 0)[:, None]
        if not cheap.any():
            continue
        factor = factor_of(response[goods.group][:, None], goods.off[:, : origin + AHEAD])
        usual = usual_uplift(goods.sold[:, :origin], factor[:, :origin], origin)[:, None]
        lift = np.maximum(factor[:, ahead] / usual, 1.0)[of]
        level = sold[:, origin - LEVEL : origin].mean(axis=1)[:, None]
        came, plain, lifted = (
            np.bincount(group, weights=np.where(cheap, one, 0.0).sum(axis=1))
            for one in (sold[:, ahead], level, level * lift)
        )
        without += float(np.abs(plain - came).sum())
        with_it += float(np.abs(lifted - came).sum())
    return Errors(without, with_it, without > 0)


def _some(weeks: Weeks, goods: Goods) -> tuple[Floats, Ints]:
    """(some series, weeks) of what sold, and their SKUs; more than `EXAMINED` change nothing but the time."""
    rows = np.arange(weeks.series)
    if weeks.series > EXAMINED:
        rows = np.linspace(0, weeks.series - 1, EXAMINED).astype(np.int64)
    return weeks.rate()[rows], goods.of[rows]


def _origins(weeks: Weeks, goods: Goods, least: int) -> Iterator[tuple[int, Floats]]:
    """Origins of the last year, oldest first, and the responses known at each."""
    for origin in range(max(least, weeks.count - OVER), weeks.count - AHEAD + 1, STEP):
        yield origin, learn_response(goods, origin)


def _squares(sold: Floats, origin: int, told: Floats) -> Floats:
    """(series that changed from week to week,), mean square of what was told amiss over that of the change.

    One 0 where there is no such series.
    """
    change = np.diff(sold[:, :origin], axis=1)
    scale = (change**2).mean(axis=1)
    known = scale > 0
    if not known.any():
        return np.zeros(1)
    came = sold[:, origin : origin + AHEAD]
    return np.asarray(((told - came) ** 2).mean(axis=1)[known] / scale[known])
