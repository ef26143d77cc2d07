"""Whether reckoning with prices would have helped: forecasts of the last year's weeks, series by series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats, Ints
from inventory.forecasting.effects.responses import Goods, factor_of, learn_response
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
        found = found.and_also(_error(sold, origin, level[:, None]), _error(sold, origin, cleaned[:, None]))
    return found


def try_knowing(weeks: Weeks, goods: Goods, least: int) -> Errors:
    """Levels lifted in weeks that came to be cheap, as if that had been announced, and left as they were."""
    found, (every, of) = Errors(), _some(weeks, goods)
    for origin, response in _origins(weeks, goods, least):
        ahead = slice(origin, origin + AHEAD)
        moved = ((goods.off[:, ahead] > 0).any(axis=1) & (response[goods.group] > 0))[of]
        if not moved.any():
            continue
        factor = factor_of(response[goods.group][:, None], goods.off[:, : origin + AHEAD])
        usual = usual_uplift(goods.sold[:, :origin], factor[:, :origin], origin)[:, None]
        lift = np.where(goods.off[:, ahead] > 0, np.maximum(factor[:, ahead] / usual, 1.0), 1.0)
        sold = every[moved]
        level = sold[:, origin - LEVEL : origin].mean(axis=1)[:, None]
        lifted = level * lift[of[moved]]
        found = found.and_also(_error(sold, origin, level), _error(sold, origin, lifted))
    return found


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


def _error(sold: Floats, origin: int, told: Floats) -> float:
    """Mean over series of the root mean square of what was told amiss, over that of the weekly change."""
    change = np.diff(sold[:, :origin], axis=1)
    scale = (change**2).mean(axis=1)
    came = sold[:, origin : origin + AHEAD]
    known = scale > 0
    if not known.any():
        return 0.0
    return float(np.sqrt(((told - came) ** 2).mean(axis=1)[known] / scale[known]).mean())
