"""From back-test to plan: what stands, whether sums are corrected, and whether the new one is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.contracts.forecasts import ForecastPlan
from inventory.forecasting.backtest import BacktestScore, Examination, score
from inventory.forecasting.choice import Choice, Choices, choose, mixed
from inventory.forecasting.methods import ENTRANTS, METHODS, NAIVE
from inventory.forecasting.patterns import PATTERNS
from inventory.forecasting.reconcile import factors
from inventory.forecasting.weeks import Weeks
from inventory.forecasting.width import USUAL, Width

#: Corrections that are tried, preferred ones first, and how much more error of sums a preferred one
#: may show on a few origins, and how much more error of series.
POWERS = (1.0, 0.5, 0.0)
NEARLY, SLIGHTLY = 1.1, 1.02
#: A plan is worse than another when its figure against naive is higher by more than this share.
NO_WORSE = 1.0
_NAIVE = METHODS.index(NAIVE)
_NUMBERS = {method.name: number for number, method in enumerate(ENTRANTS)}


@dataclass(frozen=True, slots=True)
class Promotion:
    """What became of the plan that this back-test would have: `promoted`, or the one in force stays.

    `figure` and `in_force`: RMSSE and pinball loss against naive on the last origin, which neither plan
    was chosen by; 0 where there was nothing to compare with.
    """

    promoted: bool
    reason: str
    figure: float = 0.0
    in_force: float = 0.0


def plan_of(choices: Choices, correction: float, width: Width = USUAL) -> ForecastPlan:
    """The plan that choices make."""
    return ForecastPlan(
        tuple(
            (PATTERNS[code].value, ENTRANTS[choice.method].name, choice.widening)
            for code, choice in enumerate(choices.per_pattern)
        ),
        correction,
        width.common,
        width.stretch,
    )


def promote(
    weeks: Weeks, exam: Examination, ahead: Sequence[Floats], in_force: ForecastPlan | None
) -> tuple[Choices, float, Promotion]:
    """The choices and the correction that stand, and why.

    A new plan replaces the one in force when, chosen without the last origin, it does no worse there.
    """
    choices = choose(exam, ahead)
    power = correction_of(weeks, exam, mixed(exam, ahead, choices.per_pattern)[0], ahead[_NAIVE])
    fresh = plan_of(choices, power)
    kept = None if in_force is None else choices_of(in_force, choices, len(ahead))
    if kept is None:
        reason = "the first model" if in_force is None else "the model in force cannot be made any more"
        return choices, power, Promotion(True, reason)
    assert in_force is not None
    if (fresh.choices, power) == (in_force.choices, in_force.correction):
        return choices, power, Promotion(True, "the same model as before")
    if len(exam.origins) < 3:
        return choices, power, Promotion(True, "too few origins to compare it with the one in force")
    new, old = _against(weeks, exam, ahead, kept, in_force.correction)
    if new <= old * NO_WORSE:
        reason = "no worse than the model in force on weeks that it was not chosen by"
        return choices, power, Promotion(True, reason, new, old)
    reason = "worse than the model in force on weeks that it was not chosen by; that one stays"
    return kept, in_force.correction, Promotion(False, reason, new, old)


def choices_of(plan: ForecastPlan, fresh: Choices, entrants: int) -> Choices | None:
    """The choices of a plan, with the scores of `fresh`; None when one of its methods cannot stand now."""
    table = {pattern: (method, widening) for pattern, method, widening in plan.choices}
    if set(table) != {pattern.value for pattern in PATTERNS}:
        return None
    numbers = [_NUMBERS.get(table[pattern.value][0], entrants) for pattern in PATTERNS]
    if max(numbers) >= entrants:
        return None
    choices = tuple(
        Choice(number, table[pattern.value][1]) for number, pattern in zip(numbers, PATTERNS, strict=True)
    )
    names = {(pattern.value, ENTRANTS[n].name) for pattern, n in zip(PATTERNS, numbers, strict=True)}
    scores = tuple(
        one if one.pattern == "all" else replace(one, chosen=(one.pattern, one.method) in names)
        for one in fresh.scores
    )
    return Choices(choices, scores)


def corrected(weeks: Weeks, exam: Examination, means: Floats, power: float) -> Floats:
    """(rows of the examination, weeks) with sums brought to what is expected of them, origin by origin."""
    ahead = means.reshape(len(exam.origins), weeks.series, -1)
    return np.concatenate(
        [
            ahead[number] * factors(weeks.until(origin), origin, ahead[number], power)
            for number, origin in enumerate(exam.origins)
        ]
    )


def correction_of(weeks: Weeks, exam: Examination, means: Floats, naive: Floats) -> float:
    """The power of the correction that the back-test does not speak against.

    It must leave the error of sums nearly as it was or less, and that of series; and series must not
    do worse than `naive`, which they did not without it.
    """
    rows = exam.rows_of(None)
    trials = {power: corrected(weeks, exam, means, power) for power in POWERS}
    plain = score(exam, trials[0.0], rows, pattern="all", method="chosen")
    least = _error_of_sums(exam, trials[0.0])
    referee = score(exam, naive, rows, pattern="all", method=NAIVE.name)
    most = min(plain.rmsse * SLIGHTLY, max(plain.rmsse, referee.rmsse))
    for power in POWERS:
        told = score(exam, trials[power], rows, pattern="all", method="chosen")
        if told.rmsse <= most and _error_of_sums(exam, trials[power]) <= least * NEARLY:
            return power
    return 0.0


def _error_of_sums(exam: Examination, means: Floats) -> float:
    """Mean over origins of how far the sum of all forecasts is off, as a share of what was sold."""
    shape = (len(exam.origins), -1)
    told = (means * exam.seen).reshape(shape).sum(axis=1)
    sold = exam.sold.reshape(shape).sum(axis=1)
    return float((np.abs(told - sold) / np.maximum(sold, 1.0)).mean())


def _against(
    weeks: Weeks, exam: Examination, ahead: Sequence[Floats], kept: Choices, power: float
) -> tuple[float, float]:
    """The figures of the new plan and of the one in force on the last origin."""
    earlier, last = exam.only(-1), exam.only(1)
    before = [means[: earlier.scored.size] for means in ahead]
    after = [means[earlier.scored.size :] for means in ahead]
    if not (earlier.scored.any() and last.scored.any()):
        return 0.0, 0.0
    fresh = choose(earlier, before)
    fresh_power = correction_of(weeks, earlier, mixed(earlier, before, fresh.per_pattern)[0], before[_NAIVE])
    naive = _told(last, after[_NAIVE], 1.0)
    figures = []
    for choices, strength in ((fresh, fresh_power), (kept, power)):
        means, widening = mixed(last, after, choices.per_pattern)
        told = _told(last, corrected(weeks, last, means, strength), widening)
        figures.append(told.against(naive))
    return figures[0], figures[1]


def _told(exam: Examination, means: Floats, widening: float | Floats) -> BacktestScore:
    return score(exam, means, exam.rows_of(None), pattern="all", method="chosen", widening=widening)
