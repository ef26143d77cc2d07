"""What people changed of a forecast, laid over the baseline day by day; the baseline stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Flags, Floats
from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.contracts.forecasts import LEVELS, Override


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Whose forecast each row is, (rows,) texts each."""

    sku: NDArray[np.str_]
    category: NDArray[np.str_]
    territory: NDArray[np.str_]

    def covered(self, one: Override) -> Flags:
        """(rows,), whether an override covers the row."""
        rows = np.ones(self.sku.shape, dtype=np.bool_)
        for name, wanted in (("sku", one.sku), ("category", one.category), ("territory", one.territory)):
            if wanted:
                rows &= getattr(self, name) == wanted
        return rows


def overridden(
    weekly: Floats, starts: Sequence[date], places: Places, overrides: Sequence[Override]
) -> Floats:
    """(rows, weeks), `weekly` with all overrides laid over; `starts`: first day of each row's first week.

    Of several that cover a day of a row, the one of the nearest level holds, and of equals the latest.
    Only factors are laid over: pieces are made a factor of everything they cover first (`factor_of`).
    """
    if not overrides or not weekly.size:
        return weekly
    factors = np.ones((weekly.shape[0], weekly.shape[1] * DAYS_PER_WEEK))
    first = np.array([day.toordinal() for day in starts])
    for one in sorted(overrides, key=lambda each: (-LEVELS.index(each.level), each.number)):
        if one.factor is None:
            continue
        covered = places.covered(one)
        for day in np.unique(first[covered]).tolist():
            start, stop = _span(one, day, factors.shape[1])
            factors[covered & (first == day), start:stop] = one.factor
    shape = (*weekly.shape, DAYS_PER_WEEK)
    return np.asarray(weekly * factors.reshape(shape).mean(axis=2))


def baseline_over(weekly: Floats, starts: Sequence[date], places: Places, one: Override) -> float:
    """Pieces that the baseline expects of everything an override covers, over its days."""
    covered, first = places.covered(one), np.array([day.toordinal() for day in starts])
    total = 0.0
    for day in np.unique(first[covered]).tolist():
        daily = np.repeat(weekly[covered & (first == day)].sum(axis=0) / DAYS_PER_WEEK, DAYS_PER_WEEK)
        start, stop = _span(one, day, daily.size)
        total += float(daily[start:stop].sum())
    return total


def factor_of(one: Override, baseline: float) -> float:
    """The factor that an override comes to; 1 where pieces are asked of a baseline of nothing."""
    if one.factor is not None:
        return one.factor
    return 1.0 if baseline <= 0 or one.pieces is None else one.pieces / baseline


def value_added(baseline: float, adjusted: float, actual: float) -> float:
    """Error that an override saved, as a share of what was sold; negative when it made things worse."""
    return (abs(baseline - actual) - abs(adjusted - actual)) / max(actual, 1.0)


def _span(one: Override, first: int, days: int) -> tuple[int, int]:
    start = min(max(one.first.toordinal() - first, 0), days)
    stop = min(max(one.last.toordinal() - first + 1, start), days)
    return start, stop
