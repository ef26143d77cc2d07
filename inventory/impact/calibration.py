"""How well predictions fit what happened: reliability, drift, and the factor that would mend them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats

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
    if not chances.size:
        return 0.0, 0.0
    gap = float((happened - chances).mean())
    # half an event of doubt, so that sure predictions that came true are not an infinite distance off
    spread = float(np.sqrt((chances * (1.0 - chances)).sum() + 0.25)) / chances.size
    return gap, gap / spread


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
    Bounded to between a quarter and four times.
    """
    factor = (prior + max(happened, 0.0)) / (prior + max(predicted, 0.0))
    return int(np.clip(round(10_000 * factor), 2_500, 40_000))
