"""How well predictions fit what happened: reliability, drift, and the factor that would mend them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.contracts.outcomes import UNCHANGED

#: Bands of chance in a reliability table: 0 to 10 %, 10 to 20 %… the last one includes 100 %.
BANDS = 10
#: Keeps a share that is nothing from becoming an infinite index.
_LEAST_SHARE = 1e-3


@dataclass(frozen=True, slots=True)
class Band:
    """Predictions whose chance lies from `low` to `high`: how many, their mean chance, and how often it
    happened.
    """

    low: float
    high: float
    count: int
    expected: float
    happened: float


def reliability(chances: Floats, happened: Floats) -> tuple[Band, ...]:
    """One band for each tenth in which there are predictions. Both (predictions,), `happened` 0 or 1."""
    number = np.minimum((chances * BANDS).astype(np.int64), BANDS - 1)
    found = []
    for band in np.unique(number).tolist():
        mine = number == band
        shares = float(chances[mine].mean()), float(happened[mine].mean())
        found.append(Band(band / BANDS, (band + 1) / BANDS, int(mine.sum()), *shares))
    return tuple(found)


def brier(chances: Floats, happened: Floats) -> float:
    """Mean squared distance of chances from what happened: 0 is perfect, 0.25 is a coin."""
    return float(((chances - happened) ** 2).mean()) if chances.size else 0.0


def shift(chances: Floats, happened: Floats) -> tuple[float, float]:
    """(how much more often it happened than it should have, that in standard errors).

    The error is that of so many independent events with these chances; 0 of both without any.
    """
    doubt = float((chances * (1.0 - chances)).sum())
    return shift_of_sums(chances.size, float(chances.sum()), float(happened.sum()), doubt)


def shift_of_sums(count: int, chances: float, happened: float, doubt: float) -> tuple[float, float]:
    """The same from sums over `count` predictions; `doubt`: the sum of chance x (1 - chance)."""
    if not count:
        return 0.0, 0.0
    gap = (happened - chances) / count
    # half an event of doubt, so that sure predictions that came true are not an infinite distance off
    return gap, gap / (math.sqrt(doubt + 0.25) / count)


def shift_between(before: Floats, lately: Floats) -> tuple[float, float]:
    """(how much more often it happens of late than before, that in standard errors of both together).

    0 or 1 each; 0 of both when either is empty.
    """
    if not before.size or not lately.size:
        return 0.0, 0.0
    gap = float(lately.mean() - before.mean())
    # half an event of doubt, so that events that always happened and now never do are not infinitely far off
    share = (before.sum() + lately.sum() + 0.5) / (before.size + lately.size + 1)
    spread = float(np.sqrt(share * (1 - share) * (1 / before.size + 1 / lately.size)))
    return gap, gap / spread


def amount_shift(told: Floats, came: Floats) -> tuple[float, float]:
    """(by how much of what was told more came, that in standard errors of the differences seen).

    Pieces or paise, (predictions,) each, costs negative: a cost that doubled is a shift of -1. 0 of both
    below two predictions or where nothing was told.
    """
    size = float(np.abs(told).sum())
    if told.size < 2 or not size:
        return 0.0, 0.0
    gaps = came - told
    # a paisa of doubt, so that differences that are all alike are not an infinite distance off
    error = float(gaps.std(ddof=1)) / np.sqrt(gaps.size) + 1e-9 * size
    return float(gaps.sum()) / size, float(gaps.mean()) / float(error)


def population_stability(before: Floats, lately: Floats) -> float:
    """How far the chances of late are spread otherwise than before (PSI, over `BANDS` bands).

    Below 0.1 nothing has changed, from 0.25 on much has; 0 when either is empty.
    """
    if not before.size or not lately.size:
        return 0.0
    edges = np.linspace(0.0, 1.0, BANDS + 1)
    shares = [np.maximum(np.histogram(part, edges)[0] / part.size, _LEAST_SHARE) for part in (before, lately)]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def shrunk_factor_bp(happened: float, predicted: float, prior: float) -> int:
    """The factor that makes `predicted` what `happened`, in basis points, drawn towards 1.

    `prior`: how much must have been predicted for experience to weigh as much as no correction does.
    Bounded to between a quarter and four times. Costs are negative and are learnt by their size: more
    than 1 is a larger cost. A gain that became a cost, or a cost that became a gain, is no matter of a
    factor: it stays 1, and `signs_differ` says so.
    """
    if signs_differ(happened, predicted):
        return UNCHANGED
    factor = (prior + abs(happened)) / (prior + abs(predicted))
    return int(np.clip(round(UNCHANGED * factor), 2_500, 40_000))


def signs_differ(happened: float, predicted: float) -> bool:
    """Whether one is a gain and the other a cost."""
    return happened * predicted < 0
