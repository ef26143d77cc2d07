"""The agent's own examination: forecasts from past days, held against what then was sold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.demand import DAYS_PER_WEEK, DemandDistribution
from inventory.contracts.forecasts import COMMON_SHARE
from inventory.contracts.policy import AnalysisPolicy
from inventory.forecasting.patterns import PATTERNS, classify
from inventory.forecasting.spread import dispersion, spread
from inventory.forecasting.weeks import Weeks

#: Weeks of history before the first origin, below which there is nothing to examine.
LEAST_HISTORY = 8
#: Rows of a pattern whose quantiles are computed; more change the score by less than its noise.
SAMPLE = 1_000
QUANTILES = np.array([0.1, 0.25, 0.5, 0.75, 0.9])
#: Spreads are tried at these multiples.
WIDENINGS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class BacktestScore:
    """How one method did on the series of one pattern (`all`: every pattern together) and level
    (`item`: SKU and territory; `sku`, `category`, `all`: their sums).

    - `rows`: series times origins that were scored; `origins`, `horizon_days` of the examination.
    - `wape`: absolute error of weeks over pieces sold; `bias`: forecast less sold, over sold.
    - `rmsse`: mean over rows of the root mean squared weekly error over that of a one-week naive in
      the row's own past (Hyndman and Koehler 2006).
    - `pinball`: mean loss of five quantiles of the whole horizon's total, over the row's mean weekly
      change; `coverage80`: share of totals inside the 80 % interval.
    """

    pattern: str
    method: str
    rows: int
    origins: int
    horizon_days: int
    wape: float
    rmsse: float
    bias: float
    pinball: float
    coverage80: float
    chosen: bool = False
    level: str = "item"

    def metrics(self) -> Mapping[str, float]:
        """The figures by name, as they are stored and shown."""
        names = ("wape", "rmsse", "bias", "pinball", "coverage80")
        return {name: float(getattr(self, name)) for name in names}

    def against(self, naive: BacktestScore) -> float:
        """RMSSE and pinball loss as shares of naive's, in one figure; lower is better.

        Comparable between methods on the same rows only. Bias stays out: over a few origins it is
        the season's more than the method's, and choosing by it chose worse.
        """
        rmsse = self.rmsse / naive.rmsse if naive.rmsse else 1.0
        pinball = self.pinball / naive.pinball if naive.pinball else 1.0
        return (rmsse + pinball) / 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Examination:
    """Rows are series times origins, origin by origin. Weeks are those of the horizon.

    `sold`, `seen`: (rows, weeks); `code`: (rows,) pattern as known at the origin; `spread`: (rows,);
    `square`, `change`: (rows,) mean squared and mean absolute weekly change before the origin;
    `scored`: (rows,) whether the row has a past with sales and a seen week ahead.
    """

    origins: tuple[int, ...]
    horizon: int
    sold: Floats
    seen: Floats
    code: NDArray[np.int8]
    spread: Floats
    square: Floats
    change: Floats
    scored: Flags

    def only(self, last: int) -> Examination:
        """The examination of its last origins only, as if the others had not been (negative: first)."""
        series = self.scored.size // len(self.origins)
        some = slice(-last * series, None) if last > 0 else slice(0, last * series)
        kept = self.origins[-last:] if last > 0 else self.origins[:last]
        return Examination(
            kept, self.horizon, self.sold[some], self.seen[some], self.code[some], self.spread[some],
            self.square[some], self.change[some], self.scored[some],
        )  # fmt: skip

    def rows_of(self, pattern: int | None) -> Ints:
        """Numbers of the scored rows of a pattern, or of all."""
        wanted = self.scored if pattern is None else self.scored & (self.code == pattern)
        return np.flatnonzero(wanted)


def origins_of(weeks: Weeks, policy: AnalysisPolicy) -> tuple[int, ...]:
    """The origin weeks, oldest first; empty when history allows fewer than two."""
    step = policy.back_test_weeks
    last = weeks.count
    origins = [last - step * number for number in range(policy.back_test_origins, 0, -1)]
    possible = tuple(origin for origin in origins if origin >= LEAST_HISTORY)
    return possible if len(possible) >= 2 else ()


def examine(weeks: Weeks, origins: tuple[int, ...], policy: AnalysisPolicy, horizon: int = 0) -> Examination:
    """What each method will be held against, `horizon` weeks ahead (0: as far as methods are chosen by)."""
    horizon = horizon or policy.back_test_weeks
    parts = [_at_origin(weeks, origin, horizon, policy) for origin in origins]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    sold, seen, code, spreads, square, change = columns
    scored = (square > 0) & (seen.sum(axis=1) > 0)
    return Examination(origins, horizon, sold, seen, code, spreads, square, change, scored)


def score(
    exam: Examination,
    ahead: Floats,
    rows: Ints,
    *,
    pattern: str,
    method: str,
    widening: float | Floats = 1.0,
    common: float = COMMON_SHARE,
) -> BacktestScore:
    """The score of forecasts `ahead`, (all rows, weeks), on the given rows.

    `widening`: multiple of the spread, one for all or one per row of the examination; `common`: share
    of it that all weeks have in common.
    """
    expected = ahead[rows] * exam.seen[rows]
    error = expected - exam.sold[rows]
    weeks_seen = np.maximum((exam.seen[rows] > 0).sum(axis=1), 1)
    sold = max(float(exam.sold[rows].sum()), 1.0)
    rmsse = np.sqrt((error**2).sum(axis=1) / weeks_seen / np.maximum(exam.square[rows], 1e-12))
    widenings = np.broadcast_to(np.asarray(widening, dtype=np.float64), exam.scored.shape)
    pinball, coverage = _interval_scores(exam, ahead, _sample(rows), widenings, common)
    return BacktestScore(
        pattern=pattern,
        method=method,
        rows=int(rows.size),
        origins=len(exam.origins),
        horizon_days=exam.horizon * DAYS_PER_WEEK,
        wape=float(np.abs(error).sum() / sold),
        rmsse=float(rmsse.mean()) if rows.size else 0.0,
        bias=float(error.sum() / sold),
        pinball=pinball,
        coverage80=coverage,
    )


def _interval_scores(
    exam: Examination, ahead: Floats, rows: Ints, widenings: Floats, common: float
) -> tuple[float, float]:
    if rows.size == 0:
        return 0.0, 0.0
    expected = DemandDistribution(
        ahead[rows] * exam.seen[rows], dispersion(exam.spread[rows], widenings[rows]), common
    )
    days = exam.horizon * DAYS_PER_WEEK
    sold = exam.sold[rows].sum(axis=1)[:, None]
    quantiles = expected.cumulative_quantile(np.arange(rows.size)[:, None], days, QUANTILES)
    miss = sold - quantiles
    loss = np.maximum(QUANTILES * miss, (QUANTILES - 1.0) * miss).mean(axis=1)
    inside = (sold[:, 0] >= quantiles[:, 0]) & (sold[:, 0] <= quantiles[:, -1])
    return float((loss / np.maximum(exam.change[rows], 1e-12)).mean()), float(inside.mean())


def _at_origin(
    weeks: Weeks, origin: int, horizon: int, policy: AnalysisPolicy
) -> tuple[Floats, Floats, NDArray[np.int8], Floats, Floats, Floats]:
    past = weeks.until(origin)
    code = classify(past, policy).code
    ahead = slice(origin, origin + horizon)
    known = past.seen > 0
    both = known[:, 1:] & known[:, :-1]
    step = np.where(both, np.diff(past.rate(), axis=1), 0.0)
    steps = np.maximum(both.sum(axis=1), 1)
    square, change = (step**2).sum(axis=1) / steps, np.abs(step).sum(axis=1) / steps
    spreads = spread(past, origin, code)
    return weeks.sales[:, ahead], weeks.seen[:, ahead], code, spreads, square, change


def _sample(rows: Ints) -> Ints:
    """At most `SAMPLE` of the rows, evenly spaced."""
    if rows.size <= SAMPLE:
        return rows
    return rows[np.linspace(0, rows.size - 1, SAMPLE).astype(np.int64)]


def pattern_name(pattern: int | None) -> str:
    """`all` for None."""
    return "all" if pattern is None else PATTERNS[pattern].value
