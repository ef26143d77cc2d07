"""The forecast: one demand distribution per series, by the method its pattern has earned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Codes, Flags, Floats, Ints, empty
from inventory.contracts.demand import DemandDistribution, DemandSnapshot
from inventory.contracts.forecasts import ForecastPlan
from inventory.contracts.policy import AnalysisPolicy
from inventory.forecasting.backtest import BacktestScore, examine, origins_of
from inventory.forecasting.boosted import FEATURES, SEED, Boosted, learn
from inventory.forecasting.choice import Choices, mixed, unproven
from inventory.forecasting.effects import (
    EffectTold,
    FestivalEffect,
    Goods,
    effects_of,
    lineage_of,
    newcomers_of,
    prices_of,
    rests_on,
    weekdays_of,
)
from inventory.forecasting.methods import BOOSTED, BOOSTED_MIXTURE, ENTRANTS, METHODS, ahead_of
from inventory.forecasting.outlying import Outlier, level_by, outliers_of
from inventory.forecasting.patterns import PATTERNS, Pattern, Patterns, classify
from inventory.forecasting.plan import Promotion, corrected, plan_of, promote
from inventory.forecasting.reconcile import factors
from inventory.forecasting.spread import dispersion, spread
from inventory.forecasting.tiers import scores_by_level
from inventory.forecasting.weeks import Weeks, in_weeks
from inventory.forecasting.width import USUAL, Told, Width, learn_width, long_origins

#: Series that the back-test looks at; more change what it finds by less than its noise.
EXAMINED = 6_000
#: No forecast of a week exceeds this many times the best week that the series had; of what borrows another's
#: demand, the best week that any had.
CEILING = 3.0
_LEARNT = (ENTRANTS.index(BOOSTED), ENTRANTS.index(BOOSTED_MIXTURE))


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Demand to come, in the order of `series_keys`.

    - `pattern`: (series,) index into `PATTERNS`; `method`: (series,) index into `methods`.
    - `weekly_mean`: (series, horizon weeks), pieces per week from `as_of`; `dispersion`: (series,).
      Finite, never negative.
    - `adi`, `cv2`: (series,), weeks between selling weeks and squared variation of their size.
    - `scores`: the back-test behind the choice; empty when history was too short for one. `tiers`: what
      stands beside the referees, for sums of series. `lost`: (pattern, method) pairs where naive stands
      because the method lost to it.
    - `plan`: the model that made it; `promotion`: what became of the one this back-test would have;
      `examples`: how many the trees learnt from, 0 without trees; `features`: what they looked at.
    - `festivals`: what was found of festivals, standing or not; `group`: (series,), as in the snapshot.
      Levels, seasons and the back-test are of history cleaned of those that stand.
    - `effects`: what else was looked for, standing or not; `rests_on`: of some series, by number, what
      they rest on beside their own past: see `rests_on`.
    - `outliers`: weeks of the past that sold far more than can be explained; forecasts read them as they are.
    - `weekdays`: by territory, share of a week's demand on each day from Monday on; none: all alike.
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
    tiers: tuple[BacktestScore, ...] = ()
    plan: ForecastPlan = field(default_factory=lambda: ForecastPlan(()))
    promotion: Promotion = field(default_factory=lambda: Promotion(True, "no series"))
    history_days: int = 0
    examples: int = 0
    features: tuple[str, ...] = ()
    festivals: tuple[FestivalEffect, ...] = ()
    group: Codes = field(default_factory=empty)
    effects: tuple[EffectTold, ...] = ()
    weekdays: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rests_on: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    outliers: tuple[Outlier, ...] = ()

    @property
    def distribution(self) -> DemandDistribution:
        return DemandDistribution(self.weekly_mean, self.dispersion, self.plan.common)

    def pattern_of(self, series: int) -> Pattern:
        return PATTERNS[int(self.pattern[series])]

    def method_of(self, series: int) -> str:
        return self.methods[int(self.method[series])]


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the back-test left standing."""

    choices: Choices
    correction: float
    promotion: Promotion
    width: Width = USUAL
    tiers: tuple[BacktestScore, ...] = ()


def forecast(snapshot: DemandSnapshot, policy: AnalysisPolicy) -> Forecast:
    """The forecast of every series; the same whatever the order in which series are given.

    Stock-out days are unseen demand, not zero. A series that never sold is forecast as zero, unless
    it is new: then it borrows from its group. No week exceeds three times the best week that was seen.
    """
    order = sorted(range(len(snapshot.series_keys)), key=lambda n: snapshot.series_keys[n])
    rows = np.array(order, dtype=np.int64)
    own = in_weeks(snapshot).take(rows)
    best = own.rate().max(axis=1, initial=0)
    back = np.argsort(rows)
    heir = np.where(snapshot.heir[rows] >= 0, back[snapshot.heir[rows]], -1)
    line = lineage_of(own, snapshot.delisted_day[rows], heir, policy.horizon_weeks)
    sku = _sku_numbers(snapshot, order)
    offers = [replace(one, series=int(back[one.series])) for one in snapshot.offers]
    prices = prices_of(
        line.weeks,
        sku.astype(np.int64),
        snapshot.paid_paise[rows].astype(np.float64),
        _off_ahead(snapshot, rows, policy),
        offers,
    )
    as_sold = prices.without(line.weeks)
    effects = effects_of(as_sold, snapshot.as_of, snapshot.state[rows], policy.horizon_weeks)
    weeks = effects.without(as_sold)
    patterns = classify(weeks, policy)
    standing = _examined(weeks, sku, policy, snapshot.in_force, line.gone)
    choices = standing.choices
    means, examples = _means(weeks, sku, patterns, choices, policy)
    fresh = newcomers_of(
        weeks,
        _goods(snapshot, order),
        (patterns.code == PATTERNS.index(Pattern.NEW)) & (line.gone > weeks.count),
        policy.new_days,
        policy.horizon_weeks,
    )
    means = fresh.over(means)
    means = line.passed_on(means * factors(weeks, weeks.count, means, standing.correction))
    means = prices.offers.over(means * effects.ahead * prices.ahead)
    ceiling = CEILING * best
    whole = CEILING * best.max(initial=0.0)
    borrows = line.heirs
    borrows[fresh.rows] = True
    means = np.minimum(means, np.where((ceiling > 0) & ~borrows, ceiling, whole)[:, None])
    days = weekdays_of(snapshot)
    methods = _method_numbers(patterns, choices)
    return Forecast(
        as_of=snapshot.as_of,
        series_keys=snapshot.series_keys,
        pattern=patterns.code[back],
        method=methods[back].astype(np.int8),
        methods=tuple(method.name for method in ENTRANTS),
        weekly_mean=means[back],
        dispersion=fresh.wider(_dispersion(weeks, patterns, standing, policy))[back],
        adi=patterns.adi[back],
        cv2=patterns.cv2[back],
        scores=choices.scores,
        lost=tuple(
            (PATTERNS[code].value, choice.lost)
            for code, choice in enumerate(choices.per_pattern)
            if choice.lost
        ),
        tiers=standing.tiers,
        plan=plan_of(choices, standing.correction, standing.width),
        promotion=standing.promotion,
        history_days=snapshot.days,
        examples=examples,
        features=FEATURES if examples else (),
        festivals=effects.festivals,
        group=snapshot.group,
        effects=(*line.told, *prices.told, *fresh.told, *days.told),
        weekdays=days.shares,
        outliers=outliers_of(snapshot, rows, own, weeks, (line, prices, effects), offers, level_by(methods)),
        rests_on={
            order[row]: told
            for row, told in rests_on(
                line, fresh, [snapshot.series_keys[row][0] for row in order], snapshot.corrected[rows]
            ).items()
        },
    )


def _dispersion(weeks: Weeks, patterns: Patterns, standing: _Standing, policy: AnalysisPolicy) -> Floats:
    """(series,), as far apart as their past and the back-test tell."""
    found = np.array([choice.widening for choice in standing.choices.per_pattern])[patterns.code]
    widening = standing.width.of(found, policy.back_test_weeks)
    return dispersion(spread(weeks, weeks.count, patterns.code), widening)


def _off_ahead(snapshot: DemandSnapshot, rows: Ints, policy: AnalysisPolicy) -> Floats:
    """(series, horizon), share off today's price of the sorted series; the last week known goes on."""
    known = snapshot.off_ahead
    if not known.shape[1]:
        return np.zeros((rows.size, policy.horizon_weeks))
    return np.asarray(known[rows][:, np.minimum(np.arange(policy.horizon_weeks), known.shape[1] - 1)])


def _goods(snapshot: DemandSnapshot, order: list[int]) -> Goods:
    """What tells which of the sorted series are alike."""
    names = [snapshot.series_keys[row][1] for row in order]
    numbers = {name: number for number, name in enumerate(sorted(set(names)))}
    rows = np.array(order, dtype=np.int64)
    return Goods(
        np.array([numbers[name] for name in names], dtype=np.int64),
        snapshot.group[rows], snapshot.brand[rows], snapshot.price_paise[rows], snapshot.pack[rows],
    )  # fmt: skip


def _examined(
    weeks: Weeks, sku: Codes, policy: AnalysisPolicy, in_force: ForecastPlan | None, gone: Ints
) -> _Standing:
    """The back-test, on a sample of the series where they are many.

    `gone`: (series,), first week without regular demand: nothing is forecast of it.
    """
    origins = origins_of(weeks, policy)
    nothing = _Standing(unproven(), 0.0, Promotion(True, "history is too short for a back-test"))
    if not origins or not weeks.series:
        return nothing
    if weeks.series > EXAMINED:
        some = np.sort(np.random.default_rng(SEED).permutation(weeks.series)[:EXAMINED])
        weeks, sku, gone = weeks.take(some), sku[some], gone[some]
    exam = examine(weeks, origins, policy)
    if not exam.scored.any():
        return nothing
    # trees that learnt before the first origin stand for all: later ones would have known more
    trees = learn(weeks, origins[0], sku)
    numbers = range(len(METHODS) if trees is None else len(ENTRANTS))
    found = ahead_of(numbers, weeks, origins, policy.back_test_weeks, seasonal=policy.seasonal, trees=trees)
    there = _there(weeks, gone, origins, policy.back_test_weeks)
    ahead = [np.where(there, found[number].reshape(there.shape), 0.0) for number in numbers]
    choices, power, promotion = promote(weeks, exam, ahead, in_force)
    means, widening = mixed(exam, ahead, choices.per_pattern)
    means = corrected(weeks, exam, means, power)
    if promotion.promoted or in_force is None:
        width = _width(weeks, gone, Told(exam, means, widening), choices, power, policy, trees)
    else:
        width = Width(in_force.common, in_force.stretch)
    told = Told(exam, means, widening).scored(width, exam.horizon)
    others = tuple(one for one in choices.scores if one.method != "chosen")
    choices = Choices(choices.per_pattern, (*others, replace(told, chosen=True)))
    return _Standing(choices, power, promotion, width, scores_by_level(weeks, sku, exam, means, policy))


def _width(
    weeks: Weeks,
    gone: Ints,
    short: Told,
    choices: Choices,
    power: float,
    policy: AnalysisPolicy,
    trees: Boosted | None,
) -> Width:
    """How far quantiles lie apart, from the same forecasts of the whole horizon."""
    origins = long_origins(weeks, short.exam.origins, policy)
    if not origins:
        return USUAL
    exam = examine(weeks, origins, policy, policy.horizon_weeks)
    wanted = sorted({choice.method for choice in choices.per_pattern})
    found = ahead_of(wanted, weeks, origins, policy.horizon_weeks, seasonal=policy.seasonal, trees=trees)
    there = _there(weeks, gone, origins, policy.horizon_weeks)
    blank = np.zeros(there.shape)
    ahead = [found[n].reshape(there.shape) if n in found else blank for n in range(len(ENTRANTS))]
    means, widening = mixed(exam, ahead, choices.per_pattern)
    means = np.where(there, means, 0.0)
    return learn_width(short, Told(exam, corrected(weeks, exam, means, power), widening))


def _there(weeks: Weeks, gone: Ints, origins: Sequence[int], horizon: int) -> Flags:
    """(origins x series, horizon), weeks in which there was regular demand, of what had begun.

    What had not begun at an origin was not known there: no sum may count a forecast of it.
    """
    ahead = np.arange(horizon)
    parts = [(weeks.start < first)[:, None] & (first + ahead < gone[:, None]) for first in origins]
    return np.concatenate(parts)


def _means(
    weeks: Weeks, sku: Codes, patterns: Patterns, choices: Choices, policy: AnalysisPolicy
) -> tuple[Floats, int]:
    """(series, horizon weeks), each series by its pattern's method, and what the trees learnt from."""
    means = np.zeros((weeks.series, policy.horizon_weeks))
    numbers = _method_numbers(patterns, choices)
    wanted = np.unique(numbers).tolist()
    trees = learn(weeks, weeks.count, sku) if set(wanted) & set(_LEARNT) else None
    found = ahead_of(
        wanted, weeks, [weeks.count], policy.horizon_weeks, seasonal=policy.seasonal, trees=trees
    )
    for number, ahead in found.items():
        chosen = numbers == number
        means[chosen] = ahead[0][chosen]
    return np.maximum(np.nan_to_num(means), 0.0), trees.examples if trees else 0


def _method_numbers(patterns: Patterns, choices: Choices) -> Ints:
    chosen = np.array([choice.method for choice in choices.per_pattern], dtype=np.int64)
    return np.asarray(chosen[patterns.code])


def _sku_numbers(snapshot: DemandSnapshot, order: list[int]) -> Codes:
    """(series,) number of each sorted series' SKU."""
    names = [snapshot.series_keys[row][0] for row in order]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], dtype=np.int32)
