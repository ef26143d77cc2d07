"""Net rupees of every way out of a lot, what doing nothing costs, and exact totals of both."""

from inventory.impact.book import PricedBook, price_book
from inventory.impact.interval import Interval, Span, intervals, span_behind, spans_in_turn
from inventory.impact.ladder import Ladder, ladder
from inventory.impact.loss import Loss, loss_if_nothing_is_done
from inventory.impact.lots import Lots
from inventory.impact.shares import WayShare, split_lot
from inventory.impact.split import Branch, Split, best_split
from inventory.impact.totals import Totals, total_by
from inventory.impact.waiting import Waiting, waiting
from inventory.impact.ways import COMPONENTS, WAYS, WaysOut, price_ways

__all__ = [
    "COMPONENTS",
    "WAYS",
    "Branch",
    "Interval",
    "Ladder",
    "Loss",
    "Lots",
    "PricedBook",
    "Span",
    "Split",
    "Totals",
    "Waiting",
    "WayShare",
    "WaysOut",
    "best_split",
    "intervals",
    "ladder",
    "loss_if_nothing_is_done",
    "price_book",
    "price_ways",
    "span_behind",
    "spans_in_turn",
    "split_lot",
    "total_by",
    "waiting",
]
