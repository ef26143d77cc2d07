"""Demand to come of a SKU as pages and the API show it: week by week or day by day, with its spread."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from inventory.contracts import DemandDistribution
from inventory.contracts.arrays import Floats
from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.models import DemandForecast
from inventory.selectors.demand import find_common
from inventory.selectors.overrides import weeks_of
from inventory.selectors.weekdays import weekday_shares

CHANCES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Step:
    """One week or day: pieces expected with and without overrides, and the quantiles of `CHANCES`.

    `total_low` and `total_high` are of everything from the first day to the end of the step.
    """

    starts: date
    days: int
    mean: float
    baseline: float
    low: int
    middle: int
    high: int
    total_low: int
    total_high: int


@dataclass(frozen=True, slots=True)
class Ahead:
    """The forecast in force of one SKU in one territory."""

    sku: str
    territory: str
    as_of: date
    pattern: str
    method: str
    overridden: bool
    steps: tuple[Step, ...]


def list_forecasts(*, sku: str, territory: str = "", daily: bool = False) -> list[Ahead]:
    """Forecasts of a SKU by territory; none for a SKU that has none. A fixed number of queries."""
    rows = DemandForecast.objects.select_related("sku__category", "territory").filter(sku__code=sku)
    if territory:
        rows = rows.filter(territory__code=territory)
    found = list(rows.order_by("territory__code"))
    if not found:
        return []
    baseline, means = weeks_of(found)
    shares = weekday_shares([row.territory.code for row in found]) if daily else None
    common = find_common()
    return [
        Ahead(
            row.sku.code, row.territory.code, row.as_of, row.pattern, row.method,
            bool((means[number] != baseline[number]).any()),
            _steps(row, means[number], baseline[number], common, None if shares is None else shares[number]),
        )
        for number, row in enumerate(found)
    ]  # fmt: skip


def _steps(
    row: DemandForecast, means: Floats, baseline: Floats, common: float, weekdays: Floats | None
) -> tuple[Step, ...]:
    """Week by week, or day by day with the share of a week that each weekday has (Monday first)."""
    days = DAYS_PER_WEEK if weekdays is None else 1
    share = np.ones(1) if weekdays is None else np.roll(weekdays, -row.as_of.weekday())
    mean, plain = np.outer(means, share).ravel(), np.outer(baseline, share).ravel()
    count = mean.size
    within = np.zeros((0, DAYS_PER_WEEK)) if weekdays is None else share[None, :]
    profile = np.zeros(1, dtype=np.int32)
    whole = DemandDistribution(means[None, :], np.array([row.dispersion]), common, within, profile)
    # each step by itself: a distribution whose first week goes at the step's own rate
    alone = DemandDistribution(mean[:, None] * (DAYS_PER_WEEK // days), np.full(count, row.dispersion))
    numbers = np.arange(count)
    low, middle, high = (alone.cumulative_quantile(numbers, days, chance) for chance in CHANCES)
    ends, first = (numbers + 1) * days, np.zeros(count, dtype=np.int64)
    total_low, total_high = (whole.cumulative_quantile(first, ends, chance) for chance in (0.1, 0.9))
    return tuple(
        Step(
            row.as_of + timedelta(days=number * days), days, float(mean[number]), float(plain[number]),
            int(low[number]), int(middle[number]), int(high[number]),
            int(total_low[number]), int(total_high[number]),
        )
        for number in range(count)
    )  # fmt: skip
