"""The forecast: one demand distribution per series, by the method its pattern has earned."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.demand import DemandDistribution, DemandSnapshot
from inventory.contracts.policy import AnalysisPolicy
from inventory.forecasting.backtest import BacktestScore, examine, origins_of
from inventory.forecasting.choice import Choices, choose, unproven
from inventory.forecasting.methods import METHODS, forecasts
from inventory.forecasting.patterns import PATTERNS, Pattern, Patterns, classify
from inventory.forecasting.spread import dispersion, spread
from inventory.forecasting.weeks import Weeks, in_weeks


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Demand to come, in the order of `series_keys`.

    - `pattern`: (series,) index into `PATTERNS`; `method`: (series,) index into `methods`.
    - `weekly_mean`: (series, horizon weeks), pieces per week from `as_of`; `dispersion`: (series,).
      Finite, never negative.
    - `adi`, `cv2`: (series,), weeks between selling weeks and squared variation of their size.
    - `scores`: the back-test behind the choice; empty when history was too short for one.
      `lost`: (pattern, method) pairs where naive stands because the method lost to it.
    """

    as_of: date
    series_keys: tuple[tuple[str, str], ...]
    pattern: NDArray[np.int8]
    method: NDArray[np.int8]
    methods: tuple[str, ...]
    weekly_mean: Floats
    dispersion: Floats
    adi: Floats
    cv2: Floats
    scores: tuple[BacktestScore, ...]
    lost: tuple[tuple[str, str], ...] = ()

    @property
    def distribution(self) -> DemandDistribution:
        return DemandDistribution(self.weekly_mean, self.dispersion)

    def pattern_of(self, series: int) -> Pattern:
        return PATTERNS[int(self.pattern[series])]

    def method_of(self, series: int) -> str:
        return self.methods[int(self.method[series])]


def forecast(snapshot: DemandSnapshot, policy: AnalysisPolicy) -> Forecast:
    """The forecast of every series; the same whatever the order in which series are given.

    Stock-out days are unseen demand, not zero. A series that never sold is forecast as zero, unless
    it is new: then it borrows from its group. No level exceeds three times the best week seen.
    """
    order = sorted(range(len(snapshot.series_keys)), key=lambda n: snapshot.series_keys[n])
    rows = np.array(order, dtype=np.int64)
    weeks = _sorted(in_weeks(snapshot), rows)
    patterns = classify(weeks, policy)
    choices = _examined(weeks, policy)
    means = _means(weeks, patterns, choices, policy)
    widening = np.array([choice.widening for choice in choices.per_pattern])[patterns.code]
    spreads = spread(weeks, weeks.count, patterns.code)
    back = np.argsort(rows)
    return Forecast(
        as_of=snapshot.as_of,
        series_keys=snapshot.series_keys,
        pattern=patterns.code[back],
        method=_method_numbers(patterns, choices)[back].astype(np.int8),
        methods=tuple(method.name for method in METHODS),
        weekly_mean=means[back],
        dispersion=dispersion(spreads, widening)[back],
        adi=patterns.adi[back],
        cv2=patterns.cv2[back],
        scores=choices.scores,
        lost=tuple(
            (PATTERNS[code].value, choice.lost)
            for code, choice in enumerate(choices.per_pattern)
            if choice.lost
        ),
    )


def _examined(weeks: Weeks, policy: AnalysisPolicy) -> Choices:
    origins = origins_of(weeks, policy)
    if not origins or not weeks.series:
        return unproven()
    exam = examine(weeks, origins, policy)
    if not exam.scored.any():
        return unproven()
    shape = (-1, policy.back_test_weeks)
    ahead = [
        forecasts(method, weeks, origins, policy.back_test_weeks, policy.seasonal).reshape(shape)
        for method in METHODS
    ]
    return choose(exam, ahead)


def _means(weeks: Weeks, patterns: Patterns, choices: Choices, policy: AnalysisPolicy) -> Floats:
    """(series, horizon weeks), each series by its pattern's method."""
    means = np.zeros((weeks.series, policy.horizon_weeks))
    numbers = _method_numbers(patterns, choices)
    for number in np.unique(numbers):
        chosen = numbers == number
        method = METHODS[number]
        ahead = forecasts(method, weeks, [weeks.count], policy.horizon_weeks, policy.seasonal)[0]
        means[chosen] = ahead[chosen]
    return np.maximum(np.nan_to_num(means), 0.0)


def _method_numbers(patterns: Patterns, choices: Choices) -> Ints:
    chosen = np.array([choice.method for choice in choices.per_pattern], dtype=np.int64)
    return np.asarray(chosen[patterns.code])


def _sorted(weeks: Weeks, rows: Ints) -> Weeks:
    return Weeks(weeks.sales[rows], weeks.seen[rows], weeks.start[rows], weeks.group[rows])
