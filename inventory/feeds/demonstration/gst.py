"""Rates of the demonstration's goods by day, taken from the law's dated table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from vyapar.kernel.money import BASIS_POINTS
from vyapar.law.rates import KNOWN_FROM, Rate, rate_for
from vyapar.law.store import period, table

Ints = npt.NDArray[np.int64]


def half_up_share(amount: Ints, basis_points: Ints, divisor: int = BASIS_POINTS) -> Ints:
    """`amount * basis_points / divisor` in whole paise, halves away from zero, elementwise."""
    size = (2 * np.abs(amount) * basis_points + divisor) // (2 * divisor)
    return np.asarray(np.sign(amount) * size, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class RateCard:
    """Rates of a list of goods over time.

    `starts`: (periods,), day numbers from which a period holds, ascending.
    `gst_bp`, `cess_bp`: (goods, periods), basis points of the value without tax.
    """

    starts: Ints
    gst_bp: Ints
    cess_bp: Ints

    def gst_on(self, goods: Ints, days: Ints) -> Ints:
        """GST rate of each good on the day beside it."""
        return np.asarray(self.gst_bp[goods, self._period(days)])

    def cess_on(self, goods: Ints, days: Ints) -> Ints:
        """Compensation cess of each good on the day beside it."""
        return np.asarray(self.cess_bp[goods, self._period(days)])

    def tax_on(self, goods: Ints, days: Ints, value: Ints) -> Ints:
        """GST and cess on values without tax, paise."""
        gst = half_up_share(value, self.gst_on(goods, days))
        return np.asarray(gst + half_up_share(value, self.cess_on(goods, days)))

    def _period(self, days: Ints) -> Ints:
        return np.maximum(np.searchsorted(self.starts, days, side="right") - 1, 0)


def rate_card(goods: Sequence[tuple[str, str]], first: date, last: date) -> RateCard:
    """Rates of goods, each an HSN code and a rate item, from `first` (day 0) to `last`.

    For days before the table begins its earliest rate is taken: the demonstration needs a rate
    for every old purchase, and nothing lawful hangs on it.
    """
    opening = max(first, KNOWN_FROM)
    changes = {period(row).first for row in table("hsn_rates")} - {None}
    days = sorted({opening} | {day for day in changes if day and opening < day <= last})
    rates = [[_rate(hsn, item, day) for day in days] for hsn, item in goods]
    return RateCard(
        starts=np.array([(day - first).days for day in days], dtype=np.int64),
        gst_bp=np.array([[rate.basis_points for rate in row] for row in rates], dtype=np.int64),
        cess_bp=np.array([[rate.cess_bp for rate in row] for row in rates], dtype=np.int64),
    )


def _rate(hsn: str, item: str, day: date) -> Rate:
    return rate_for(hsn, day, rate_item=item)
