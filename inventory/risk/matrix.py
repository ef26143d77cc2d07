"""ABC by value, XYZ by how demand varies, FSN by how often it comes: the classes of goods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.prediction import PredictionPolicy
from vyapar.kernel.money import BASIS_POINTS

ABC, XYZ, FSN = ("A", "B", "C"), ("X", "Y", "Z"), ("F", "S", "N")


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """(rows,) each: `abc`, `xyz`, `fsn` are indexes of the letters; `share_bp` of the value of its
    territory; `cv`: standard deviation of weekly demand over its mean, infinite without demand.
    """

    abc: NDArray[np.int8]
    xyz: NDArray[np.int8]
    fsn: NDArray[np.int8]
    share_bp: Ints
    cv: Floats

    def name(self, row: int) -> str:
        """The three letters of one row, as in `AXF`."""
        return ABC[self.abc[row]] + XYZ[self.xyz[row]] + FSN[self.fsn[row]]


def matrix(weekly: Floats, value_paise: Ints, within: Ints, policy: PredictionPolicy) -> Matrix:
    """Classes of rows. `weekly`: (rows, weeks) pieces; `value_paise`: (rows,) sales value of these weeks;
    `within`: (rows,) number of the territory whose value is shared (all 0: everything together).

    Rows of equal value are of one class. What sold nothing is C, Z and N.
    """
    cv = _variation(weekly)
    share = (weekly > 0).mean(axis=1) if weekly.shape[1] else np.zeros(weekly.shape[0])
    fsn = np.where(share * BASIS_POINTS >= policy.fast_weeks_bp, 0, np.where(share > 0, 1, 2))
    xyz = np.where(cv <= policy.x_cv, 0, np.where(cv <= policy.y_cv, 1, 2))
    total = np.zeros(int(within.max(initial=-1)) + 1, np.int64)
    np.add.at(total, within, value_paise)
    bp = value_paise * BASIS_POINTS // np.maximum(total[within], 1)
    abc = _abc(value_paise, within, total, policy)
    return Matrix(abc.astype(np.int8), xyz.astype(np.int8), fsn.astype(np.int8), bp, cv)


def _variation(weekly: Floats) -> Floats:
    mean = weekly.mean(axis=1) if weekly.shape[1] else np.zeros(weekly.shape[0])
    spread = weekly.std(axis=1) if weekly.shape[1] else np.zeros(weekly.shape[0])
    return np.where(mean > 0, spread / np.maximum(mean, 1e-12), np.inf)


def _abc(value: Ints, within: Ints, total: Ints, policy: PredictionPolicy) -> NDArray[np.int64]:
    """By the value of what is worth strictly more: the first of a territory is always A, if it sold."""
    order = np.lexsort((-value, within))
    sums = np.cumsum(value[order])
    start = np.searchsorted(within[order], within[order], side="left")
    before = sums - value[order] - np.where(start > 0, sums[start - 1], 0)
    # rows of equal value count from the first of them
    fresh = np.append(True, (np.diff(value[order]) != 0) | (np.diff(within[order]) != 0))[: value.size]
    first = np.maximum.accumulate(np.where(fresh, np.arange(value.size), 0))
    ahead = np.empty_like(before)
    ahead[order] = before[first]
    limit = total[within]
    is_a = ahead * BASIS_POINTS < limit * policy.a_share_bp
    is_b = ahead * BASIS_POINTS < limit * policy.b_share_bp
    return np.where(value <= 0, 2, np.where(is_a, 0, np.where(is_b, 1, 2)))
