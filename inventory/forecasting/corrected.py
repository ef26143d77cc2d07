"""What people say that past days count as, dealt over the days and places that they name. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.demand import DAYS_PER_WEEK


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """Pieces that some days of some series count as.

    `rows`: (n,), series; `first`, `last`: columns of the history, both included; `pieces`: over all of them.
    """

    rows: Ints
    first: int
    last: int
    pieces: int


def correct(demand: NDArray[np.int32], corrections: Sequence[Correction]) -> tuple[NDArray[np.int32], Flags]:
    """Demand as corrected, (series, days) pieces, and which days are, (series, days).

    Of two that name the same day the later one in the list holds. `demand` is left as it is. The pieces lie
    on places and days of the week as the rest of the history sells, without any corrected day; evenly where
    the rest sells nothing. Their sum is kept to the piece. Days beyond the history are left out, with their
    share of the pieces.
    """
    if not corrections:
        return demand, np.zeros(demand.shape, dtype=np.bool_)
    found = demand.copy()
    spoken = np.zeros(demand.shape, dtype=np.bool_)
    for one in corrections:
        spoken[one.rows[:, None], _columns(one, demand.shape[1])] = True
    for one in corrections:
        columns = _columns(one, demand.shape[1])
        if not one.rows.size or not columns.size:
            continue
        usual = _usual(demand[one.rows], ~spoken[one.rows])
        # each column of the usual week is a day of the span: the history's first day is the first of them
        inside = np.arange(one.first, one.last + 1)
        dealt = _dealt(one.pieces, usual[:, inside % DAYS_PER_WEEK])
        found[one.rows[:, None], columns] = dealt[:, (inside >= 0) & (inside < demand.shape[1])]
    return found, spoken


def _columns(one: Correction, days: int) -> Ints:
    return np.arange(max(one.first, 0), min(one.last + 1, days))


def _usual(sold: NDArray[np.int32], told: Flags) -> Floats:
    """(rows, 7), pieces on each day of a usual week, counted from the first day of the history."""
    usual = np.zeros((sold.shape[0], DAYS_PER_WEEK))
    for day in range(DAYS_PER_WEEK):
        mine = told[:, day::DAYS_PER_WEEK]
        usual[:, day] = (sold[:, day::DAYS_PER_WEEK] * mine).sum(axis=1) / np.maximum(mine.sum(axis=1), 1)
    return usual


def _dealt(pieces: int, weights: Floats) -> Ints:
    """Whole pieces by weights, of any shape, that add up; evenly where all weights are nothing."""
    flat = weights.ravel() if weights.any() else np.ones(weights.size)
    parts = np.cumsum(flat) / flat.sum()
    parts[-1] = 1.0
    steps = np.floor(parts * pieces + 0.5).astype(np.int64)
    return np.asarray(np.diff(steps, prepend=0).reshape(weights.shape))
