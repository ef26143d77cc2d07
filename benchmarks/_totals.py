"""How near a forecast of the total itself comes: what a bias can be measured against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: Weeks of a year.
YEAR = 52


def total_biases(daily: np.ndarray, sold: np.ndarray, horizons: Sequence[int]) -> list[dict[str, float]]:
    """For each horizon in weeks, each method's forecast of the sum less what was sold, over that.

    `daily`: (days,), pieces of all series together until the cut; `sold`: (weeks,), what came after it.
    Statsforecast's AutoETS, AutoARIMA and optimised Theta, the mean of the last 4, 8 and 13 weeks, and, where
    a year and the horizon are known, the same weeks of last year as they were and moved by how the last
    quarter differs from last year's.
    """
    from statsforecast.models import AutoARIMA, AutoETS, DynamicOptimizedTheta

    count = daily.size // 7
    weeks = daily[daily.size - count * 7 :].reshape(count, 7).sum(axis=1).astype(float)
    most = max(horizons)
    told = {
        type(model).__name__: np.asarray(model.forecast(weeks, most)["mean"])
        for model in (AutoETS(season_length=1), AutoARIMA(season_length=1), DynamicOptimizedTheta())
    }
    told |= {f"mean_{span}_weeks": np.full(most, weeks[-span:].mean()) for span in (4, 8, 13)}
    if count >= YEAR + most:
        last_year = weeks[count - YEAR : count - YEAR + most]
        moved = weeks[-13:].sum() / max(weeks[count - YEAR - 13 : count - YEAR].sum(), 1.0)
        told |= {"last_year": last_year, "last_year_moved": last_year * moved}
    return [
        {name: float(mean[:ahead].sum() / sold[:ahead].sum() - 1.0) for name, mean in told.items()}
        for ahead in horizons
    ]
