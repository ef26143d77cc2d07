"""How many pieces of a lot an offer clears, rung by rung of the discount ladder."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from inventory.contracts.arrays import Ints
from inventory.contracts.policy import MoneyRates
from inventory.impact.lots import Lots
from inventory.impact.rates import BASIS_POINTS, part


def cleared_shares(rates: MoneyRates) -> Mapping[int, int]:
    """Discount of each rung -> share of a lot it clears, both in basis points, rungs rising.

    The curve starts at nothing and passes through what the distributor knows of his offers
    (`discount_bp` clears `discount_sell_through_bp`): every further step of that size clears the
    same share of what is still left, so the deepest discount clears the most, with less for each
    step. Rounded half up, once a rung.
    """
    known, share = rates.discount_bp, rates.discount_sell_through_bp
    kept = 1.0 - share / BASIS_POINTS
    rungs = sorted({known, *rates.discount_rungs_bp})
    steps = {rung: rung / known if known else 1.0 for rung in rungs}
    return {rung: int(BASIS_POINTS * (1.0 - kept**step) + 0.5) for rung, step in steps.items()}


def offer_sold(lots: Lots, rates: MoneyRates, rung: int, share: int) -> Ints:
    """(lots,), pieces that an offer of `rung` basis points sells, at most the lot.

    What the rung clears or, where plain demand is strong, what the forecast answers to it: plain
    sales of the offer's days, more by `discount_response_bp` for each percent. Never fewer than sell
    without an offer.
    """
    span = np.minimum(lots.days, rates.discount_days)
    plain = lots.held_sold * span // np.maximum(lots.days, 1)
    answered = plain + part(plain, rates.discount_response_bp * rung // 100)
    sold = np.maximum(np.maximum(part(lots.quantity, share), lots.held_sold), answered)
    return np.asarray(np.minimum(sold, lots.quantity))
