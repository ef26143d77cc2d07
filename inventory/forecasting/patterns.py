"""The pattern of a series' demand: smooth, erratic, intermittent, lumpy, new or silent."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Floats
from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.contracts.policy import AnalysisPolicy
from inventory.forecasting.weeks import Weeks


class Pattern(StrEnum):
    """How a series' demand comes."""

    SMOOTH = "smooth"
    ERRATIC = "erratic"
    INTERMITTENT = "intermittent"
    LUMPY = "lumpy"
    NEW = "new"
    SILENT = "silent"


#: Arrays hold a pattern as its index here.
PATTERNS = tuple(Pattern)


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """(series,) each: `code` into `PATTERNS`; `adi`, mean weeks from one selling week to the next
    (infinite when none sold); `cv2`, squared coefficient of variation of selling weeks.
    """

    code: NDArray[np.int8]
    adi: Floats
    cv2: Floats


def classify(weeks: Weeks, policy: AnalysisPolicy) -> Patterns:
    """Syntetos, Boylan and Croston's quadrants (2005) on weekly buckets, after new and silent."""
    on = weeks.sales > 0
    selling = on.sum(axis=1)
    exposure = weeks.seen.sum(axis=1)
    adi = np.where(selling > 0, exposure / np.maximum(selling, 1), np.inf)
    mean = weeks.sales.sum(axis=1) / np.maximum(selling, 1)
    square = (weeks.sales**2).sum(axis=1) / np.maximum(selling, 1)
    cv2 = np.where(selling > 0, square / np.maximum(mean, 1e-12) ** 2 - 1.0, 0.0)
    cv2 = np.maximum(cv2, 0.0)

    rare, uneven = adi >= policy.adi_threshold, cv2 >= policy.cv2_threshold
    code = rare * 2 + uneven
    silent = _seen_days_since_sale(weeks) >= policy.silent_days
    code = np.where(silent | (selling == 0), PATTERNS.index(Pattern.SILENT), code)
    new = exposure * DAYS_PER_WEEK < policy.new_days
    code = np.where(new, PATTERNS.index(Pattern.NEW), code)
    return Patterns(code.astype(np.int8), adi, cv2)


def _seen_days_since_sale(weeks: Weeks) -> Floats:
    """(series,), seen days in the weeks after the last selling week; all of them when none sold."""
    sold_later = np.flip(np.maximum.accumulate(np.flip(weeks.sales > 0, axis=1), axis=1), axis=1)
    return np.asarray((weeks.seen * ~sold_later).sum(axis=1) * DAYS_PER_WEEK)
