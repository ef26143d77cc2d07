"""How far demand strays from its mean: one spread per series, steadied by its pattern."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Floats
from inventory.contracts.demand import DISPERSION_HIGH, DISPERSION_LOW
from inventory.forecasting.season import YEAR
from inventory.forecasting.weeks import Weeks

#: Weeks of its pattern's experience that a series is drawn to.
PATTERN_WEEKS = 13.0
#: No series is taken to be more regular than this: a level is never known exactly.
LEAST_SPREAD = 0.02


def spread(weeks: Weeks, origin: int, code: NDArray[np.int8]) -> Floats:
    """(series,), excess of a week's variance over its mean, over the squared mean (1 / dispersion).

    From the seen weeks of the year before `origin`; `code` (series,) is the pattern at that time.
    """
    recent = slice(max(origin - YEAR, 0), origin)
    seen, rate = weeks.seen[:, recent], weeks.rate()[:, recent]
    count = (seen > 0).sum(axis=1).astype(np.float64)
    weight = np.maximum(seen.sum(axis=1), 1e-12)
    mean = (rate * seen).sum(axis=1) / weight
    variance = (seen * (rate - mean[:, None]) ** 2).sum(axis=1) / weight
    variance = variance * count / np.maximum(count - 1.0, 1.0)
    own = np.maximum(variance - mean, 0.0) / np.maximum(mean, 1e-12) ** 2
    known = (mean > 0) & (count > 1)
    usual = _pattern_medians(own, known, code)
    weeks_known = np.where(known, count, 0.0)
    steadied = np.where(known, own, 0.0) * weeks_known + usual * PATTERN_WEEKS
    return np.maximum(steadied / (weeks_known + PATTERN_WEEKS), LEAST_SPREAD)


def dispersion(spreads: Floats, widening: Floats) -> Floats:
    """(series,), size of the negative binomial after the back-test widened or narrowed the spread."""
    return np.clip(1.0 / (spreads * widening), DISPERSION_LOW, DISPERSION_HIGH)


def _pattern_medians(own: Floats, known: NDArray[np.bool_], code: NDArray[np.int8]) -> Floats:
    usual = np.full(own.shape, np.median(own[known]) if known.any() else 1.0)
    for pattern in np.unique(code[known]):
        members = code == pattern
        usual[members] = np.median(own[members & known])
    return usual
