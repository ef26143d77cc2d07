"""How much festivals move sums of series: a Poisson regression on a moving level, drawn to no effect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats

#: Weeks on either side of a week that its level is read from.
AROUND = 6
#: Spread of an effect's logarithm, before any is seen, of a festival seen twice; and once: drawn
#: strongly to none.
USUAL, SEEN_ONCE = 0.35, 0.10
#: An effect weaker than this many times its own error is taken as none; some thirty festivals are tried.
SURE = 4.0
#: Factors within which every effect stays.
LOWEST, HIGHEST = 0.5, 3.0
_ROUNDS = 8
#: Least share of its weeks' variance over their mean that a sum is believed to have.
_POISSON = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """`log`: (festivals,), logarithm of the factor of a week wholly in trade; `error`: its own."""

    log: Floats
    error: Floats


def fit(sold: Floats, shares: Floats, prior: Floats) -> Fitted:
    """The effects that sums show.

    `sold`: (cells, weeks), pieces; `shares`: (festivals, cells, weeks), 0..1; `prior`: (festivals,),
    spread of the logarithm before anything is seen. Each cell's errors count by how far it strays
    otherwise (quasi-Poisson), so a few wild cells do not make an effect.
    """
    log = np.zeros(shares.shape[0])
    hessian = np.diag(1.0 / prior**2)
    if not sold.size or not shares.size:
        return Fitted(log, prior.copy())
    for _ in range(_ROUNDS):
        moved = np.einsum("f,fcw->cw", log, shares)
        expected = level(sold / np.exp(moved)) * np.exp(moved)
        known = expected > 0
        mean = np.where(known, expected, 1.0)
        gap = np.where(known, sold - expected, 0.0)
        stray = (gap**2 / mean).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        weight = 1.0 / np.maximum(stray, _POISSON)[:, None]
        slope = np.einsum("fcw,cw->f", shares, gap * weight) - log / prior**2
        bend = np.where(known, expected * weight, 0.0)
        hessian = np.einsum("fcw,gcw,cw->fg", shares, shares, bend, optimize=True) + np.diag(1 / prior**2)
        log = np.clip(
            log + np.clip(np.linalg.solve(hessian, slope), -0.5, 0.5), np.log(LOWEST), np.log(HIGHEST)
        )
    return Fitted(log, np.sqrt(np.diag(np.linalg.inv(hessian))))


def sure(found: Fitted) -> Floats:
    """(festivals,), logarithms of effects that stand out of their error; 0 for the others."""
    return np.where(np.abs(found.log) > SURE * found.error, found.log, 0.0)


def level(sold: Floats) -> Floats:
    """(cells, weeks), the mean of the weeks around each, without itself."""
    weeks = sold.shape[1]
    totals = np.hstack([np.zeros((sold.shape[0], 1)), np.cumsum(sold, axis=1)])
    number = np.arange(weeks)
    low, high = np.maximum(number - AROUND, 0), np.minimum(number + AROUND + 1, weeks)
    return np.asarray((totals[:, high] - totals[:, low] - sold) / np.maximum(high - low - 1, 1))
