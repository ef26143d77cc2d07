"""Rates on whole paise: every product is rounded half up, once, here."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from inventory.contracts.arrays import Ints

BASIS_POINTS = 10_000
DAYS_PER_YEAR = 365
GRAMS_PER_KG = 1_000


def scaled(amount: ArrayLike, numerator: ArrayLike, denominator: int) -> Ints:
    """`amount` x numerator / denominator of non-negative int64, rounded half up.

    The whole part is taken out first, so that the product of a large amount and a large numerator
    does not overflow as long as the result itself fits.
    """
    amount, numerator = np.asarray(amount, np.int64), np.asarray(numerator, np.int64)
    whole, rest = np.divmod(amount, denominator)
    return np.asarray(whole * numerator + (rest * numerator + denominator // 2) // denominator)


def part(amount: ArrayLike, basis_points: ArrayLike) -> Ints:
    """Basis points of an amount."""
    return scaled(amount, basis_points, BASIS_POINTS)


def interest(amount: ArrayLike, basis_points: int, days: ArrayLike) -> Ints:
    """A yearly rate on an amount for some days of a 365-day year."""
    return scaled(amount, basis_points * np.asarray(days, np.int64), BASIS_POINTS * DAYS_PER_YEAR)


def half_interest(doubled_amount: ArrayLike, basis_points: int, days: ArrayLike) -> Ints:
    """`interest` of half an amount that is given doubled, so that the half is not rounded twice."""
    year = 2 * BASIS_POINTS * DAYS_PER_YEAR
    return scaled(doubled_amount, basis_points * np.asarray(days, np.int64), year)


def by_weight(grams: ArrayLike, paise_per_kg: ArrayLike) -> Ints:
    """A charge per kilogram on a weight in grams."""
    return scaled(grams, paise_per_kg, GRAMS_PER_KG)
