"""Net rupees of every way out of a lot, what doing nothing costs, and exact totals of both."""

from inventory.impact.ladder import Ladder, ladder
from inventory.impact.loss import Loss, loss_if_nothing_is_done
from inventory.impact.lots import Lots
from inventory.impact.totals import Totals, total_by
from inventory.impact.ways import COMPONENTS, WAYS, WaysOut, price_ways

__all__ = [
    "COMPONENTS",
    "WAYS",
    "Ladder",
    "Loss",
    "Lots",
    "Totals",
    "WaysOut",
    "ladder",
    "loss_if_nothing_is_done",
    "price_ways",
    "total_by",
]
