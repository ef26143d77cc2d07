"""The ways out of a whole book: priced for the lots that need one, which are few."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Flags, Ints
from inventory.contracts.policy import MoneyRates
from inventory.impact.loss import Loss, loss_if_nothing_is_done
from inventory.impact.lots import Lots
from inventory.impact.ways import WaysOut, open_ways, price_ways


@dataclass(frozen=True, slots=True, eq=False)
class PricedBook:
    """What the lots of a book are worth; of those that need no way out every paisa is 0.

    - `needs`: numbers of the lots that need one; `ways`, `loss`: of these, in this order.
    - `available`: (ways, lots) of the book, whether a way is open.
    """

    needs: NDArray[np.intp]
    ways: WaysOut
    loss: Loss
    available: Flags

    def all_ways(self) -> WaysOut:
        """The ways of all lots of the book."""
        return WaysOut(self.spread(self.ways.components), self.spread(self.ways.net), self.available)

    def all_losses(self) -> Loss:
        """The losses of all lots of the book."""
        return Loss(self.loss.names, self.spread(self.loss.parts), self.spread(self.loss.total))

    def spread(self, values: Ints) -> Ints:
        """(..., lots) from (..., needs): 0 for those that need no way out."""
        table = np.zeros((*values.shape[:-1], self.available.shape[1]), dtype=np.int64)
        table[..., self.needs] = values
        return table


def price_book(lots: Lots, rates: MoneyRates) -> PricedBook:
    """Every way out of every lot of a book, and what doing nothing costs."""
    needs = np.flatnonzero(lots.quantity > 0)
    some = lots.some(needs)
    ways = price_ways(some, rates)
    return PricedBook(needs, ways, loss_if_nothing_is_done(some, ways), open_ways(lots, rates))
