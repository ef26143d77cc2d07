"""How far apart quantiles of long totals lie: what of the spread lasts, learnt at the whole horizon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.contracts.forecasts import COMMON_SHARE
from inventory.contracts.policy import AnalysisPolicy
from inventory.forecasting.backtest import BacktestScore, Examination, score
from inventory.forecasting.weeks import Weeks

#: Shares of the excess variance common to all weeks, and multiples of the spread, that are tried; what
#: stands without a trial comes first. None is narrower: the whole horizon fits into the examined weeks
#: hardly twice, and where less was tried, a quiet half-year made intervals of the next one too narrow.
SHARES = (COMMON_SHARE, 0.5, 1.0)
STRETCHES = (1.0, 1.5, 2.0)
#: What intervals should cover, and how much pinball loss may be given for covering it.
COVERAGE, NEARLY = 0.8, 1.01


@dataclass(frozen=True, slots=True)
class Width:
    """`common`: share of the excess variance that all weeks have in common; `stretch` of every spread that
    was found with the usual share.
    """

    common: float = COMMON_SHARE
    stretch: float = 1.0

    def of(self, widening: Floats, weeks: int) -> Floats:
        """Multiples of the spread that were found on totals of so many `weeks` with the usual share, as
        they are with this one.
        """
        return widening * (self.stretch * _lasting(COMMON_SHARE, weeks) / _lasting(self.common, weeks))


USUAL = Width()


def long_origins(weeks: Weeks, origins: Sequence[int], policy: AnalysisPolicy) -> tuple[int, ...]:
    """Origins, oldest first, after which the whole horizon is known and before which trees knew nothing."""
    last = weeks.count - policy.horizon_weeks
    return tuple(sorted(range(last, origins[0] - 1, -policy.back_test_weeks)))


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What stood at the origins of an examination: `means` (rows, weeks) and `widening` (rows,)."""

    exam: Examination
    means: Floats
    widening: Floats

    def first_week(self) -> Told:
        """Of the first week alone."""
        sold, seen = self.exam.sold[:, :1], self.exam.seen[:, :1]
        scored = self.exam.scored & (seen[:, 0] > 0)
        exam = replace(self.exam, horizon=1, sold=sold, seen=seen, scored=scored)
        return Told(exam, self.means[:, :1], self.widening)

    def scored(self, width: Width, weeks: int) -> BacktestScore:
        """Its score with a width whose widenings were found on totals of so many `weeks`."""
        return score(
            self.exam, self.means, self.exam.rows_of(None), pattern="all", method="chosen",
            widening=width.of(self.widening, weeks), common=width.common,
        )  # fmt: skip


def learn_width(short: Told, long: Told) -> Width:
    """The share and the stretch with nearly the least pinball loss that cover most nearly 80 % of a week, of
    the weeks that methods are chosen by (`short`) and of the whole horizon (`long`).

    A share leaves the intervals of those weeks as they were found; what it takes from longer ones it gives
    to shorter, so both are looked at. The usual width where there is nothing to learn from.
    """
    first = short.first_week()
    if not (first.exam.scored.any() and long.exam.scored.any()):
        return USUAL
    weeks = short.exam.horizon
    middle = {by: short.scored(Width(stretch=by), weeks) for by in STRETCHES}  # no share moves them
    widths = [Width(share, by) for share in SHARES for by in STRETCHES]
    trials = {
        width: (first.scored(width, weeks), middle[width.stretch], long.scored(width, weeks))
        for width in widths
    }

    def loss(width: Width) -> float:
        pairs = zip(trials[width], trials[USUAL], strict=True)
        return sum(one.pinball / max(usual.pinball, 1e-12) for one, usual in pairs)

    def astray(width: Width) -> float:
        return sum(abs(one.coverage80 - COVERAGE) for one in trials[width])

    enough = min(map(loss, widths)) * NEARLY
    return min((width for width in widths if loss(width) <= enough), key=astray)


def _lasting(common: float, weeks: int) -> float:
    """Excess variance of a total of equal weeks, over its square, to that of one week."""
    return float(np.divide(1.0 - common, weeks) + common)
