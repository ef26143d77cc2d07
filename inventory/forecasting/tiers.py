"""Forecasts by level: of each SKU and territory, of SKUs, of categories, of everything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from inventory.contracts.arrays import Codes, Floats
from inventory.contracts.policy import AnalysisPolicy
from inventory.forecasting.backtest import BacktestScore, Examination, examine, score
from inventory.forecasting.methods import METHODS, REFEREES, forecasts
from inventory.forecasting.weeks import Weeks

LEVELS = ("item", "sku", "category", "all")


def scores_by_level(
    weeks: Weeks,
    sku: Codes,
    exam: Examination,
    chosen: Floats,
    policy: AnalysisPolicy,
) -> tuple[BacktestScore, ...]:
    """What stands (`chosen`, (rows of the examination, weeks)) beside the four referees, level by level.

    A level above the lowest is the sum of its series, each held against what was sold only as far as its
    demand could be seen: what was expected of a shelf that stood empty is neither right nor wrong. Its
    spread is read from its own past.
    """
    origins = exam.origins
    ahead = (chosen * exam.seen).reshape(len(origins), weeks.series, -1)
    keys = {"sku": sku, "category": weeks.group, "all": np.zeros(weeks.series, np.int32)}
    found = []
    for level in LEVELS[1:]:
        summed, place = _sum(weeks, keys[level])
        means = np.zeros((len(origins), summed.series, exam.horizon))
        for number in range(len(origins)):
            np.add.at(means[number], place, ahead[number])
        found += _level(summed, origins, means, level, policy)
    return tuple(found)


def _level(
    weeks: Weeks, origins: Sequence[int], means: Floats, level: str, policy: AnalysisPolicy
) -> list[BacktestScore]:
    exam = examine(weeks, tuple(origins), policy)
    rows = exam.rows_of(None)
    if not rows.size:
        return []
    by_name = {method.name: method for method in METHODS}
    ahead = {
        name: forecasts(by_name[name], weeks, origins, exam.horizon, policy.seasonal) for name in REFEREES
    }
    ahead["chosen"] = means
    return [
        replace(
            score(exam, means.reshape(-1, exam.horizon), rows, pattern="all", method=name),
            level=level,
            chosen=name == "chosen",
        )
        for name, means in ahead.items()
    ]


def _sum(weeks: Weeks, key: Codes) -> tuple[Weeks, Codes]:
    """Series summed by `key`, and the row that each went to."""
    found, place = np.unique(key, return_inverse=True)
    sales, seen = np.zeros((found.size, weeks.count)), np.zeros((found.size, weeks.count))
    np.add.at(sales, place, weeks.sales)
    np.add.at(seen, place, weeks.seen)
    alive = np.bincount(place, minlength=found.size)
    started = np.full(found.size, weeks.count, dtype=np.int64)
    np.minimum.at(started, place, weeks.start)
    group = np.zeros(found.size, dtype=np.int32)
    # a sum is seen when something of it could be: what was out of stock is part of what happened
    seen = np.where(seen > 0, 1.0, 0.0) if alive.size else seen
    return Weeks(sales, seen, started, group), place.astype(np.int32)
