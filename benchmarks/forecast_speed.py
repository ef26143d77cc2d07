"""Sixty thousand daily series of a year forecast as distributions, beside statsforecast's AutoETS."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import numpy as np

from benchmarks.forecast import simulated_demand, snapshot_of
from inventory.contracts import AnalysisPolicy
from inventory.forecasting import forecast

SERIES, DAYS = 60_000, 365
#: Series that AutoETS is timed on, twice: what the second, larger lot takes more is its cost per series,
#: so that neither start nor compilation is scaled up.
FEW, MANY = 50, 250
GOAL = 10.0
QUANTILES = np.array([0.1, 0.5, 0.9])
SEASON = 7


def ours(daily: np.ndarray) -> float:
    """Seconds from daily sales to three quantiles of thirteen weeks: back-test, trees and all."""
    start = time.perf_counter()
    policy = AnalysisPolicy()
    found = forecast(snapshot_of(daily), policy)
    rows = np.arange(len(daily))[:, None]
    quantiles = found.distribution.cumulative_quantile(rows, 7 * policy.horizon_weeks, QUANTILES)
    took = time.perf_counter() - start
    assert quantiles.shape == (len(daily), QUANTILES.size)
    assert np.isfinite(found.weekly_mean).all()
    return took


def auto_ets(daily: np.ndarray) -> float:
    """Seconds for the same days ahead with an 80 % interval, in one process."""
    import pandas as pd
    from statsforecast import StatsForecast
    from statsforecast.models import AutoETS

    series, days = daily.shape
    frame = pd.DataFrame(
        {
            "unique_id": np.repeat(np.arange(series), days),
            "ds": np.tile(np.arange(days), series),
            "y": daily.ravel().astype(float),
        }
    )
    runner = StatsForecast(models=[AutoETS(season_length=SEASON)], freq=1, n_jobs=1)
    start = time.perf_counter()
    runner.forecast(df=frame, h=7 * AnalysisPolicy().horizon_weeks, level=[80])
    return time.perf_counter() - start


def run() -> dict[str, Any]:
    """How many times faster all series are forecast here than AutoETS would, scaled from a sample."""
    daily = simulated_demand(SERIES, DAYS)
    some = daily[np.random.default_rng(1).permutation(SERIES)[:MANY]]
    auto_ets(some[:2])  # compiles
    few, many = auto_ets(some[:FEW]), auto_ets(some)
    seconds = ours(daily)
    scaled = max(many - few, 0.0) / (MANY - FEW) * SERIES
    ratio = scaled / seconds
    return {
        "name": "forecast_speed",
        "value": round(seconds, 1),
        "unit": f"s for {SERIES} daily series of {DAYS} days, back-test and trees among it",
        "ratio": round(ratio, 1),
        "against": f"statsforecast AutoETS, one process, scaled from {MANY - FEW} of the same series",
        "goal": GOAL,
        "met": bool(ratio >= GOAL),
        "auto_ets_seconds_per_series": round((many - few) / (MANY - FEW), 4),
        "auto_ets_seconds_scaled": round(scaled),
        "data": "SIMULATED",
        "load": round(os.getloadavg()[0], 1),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run()) + "\n")
