"""What experience corrects: the rates and lanes a cycle counts with, and the chances it tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from inventory.agent.monitoring import MonitoringOutcome
from inventory.contracts.outcomes import PRICE_RESPONSE, UNCHANGED, Factor, Learnt
from inventory.contracts.policy import MonitoringPolicy
from inventory.contracts.stock import StockSnapshot

Book = TypeVar("Book", bound=StockSnapshot)

#: The rate of the policy that a factor corrects, and the most it can become: all, or two years.
RATES = {
    Factor.SELL_THROUGH: ("discount_sell_through_bp", 10_000),
    Factor.CLAIM_SUCCESS: ("claim_success_bp", 10_000),
    Factor.CLAIM_DAYS: ("claim_days", 730),
    Factor.MOVED_SALES: ("moved_sales_bp", 10_000),
}


def with_learnt(policy: MonitoringPolicy, learnt: Learnt) -> MonitoringPolicy:
    """The policy with its rates corrected, at most all, and the learnt response to prices in place of the
    owner's own figure; as it is where it does not want learning.
    """
    if not policy.learning:
        return policy
    rates = {
        name: min(getattr(policy, name) * learnt[factor] // UNCHANGED, most)
        for factor, (name, most) in RATES.items()
        if factor in learnt
    }
    if PRICE_RESPONSE in learnt:
        rates["discount_response_bp"] = learnt[PRICE_RESPONSE]
    return replace(policy, **rates) if rates else policy


def with_lanes(book: Book, policy: MonitoringPolicy, learnt: Learnt) -> Book:
    """The book with what its lanes charge and how long they take as transfers so far have shown; closed
    lanes stay closed, and the book is the same one where nothing was learnt of them.
    """
    found = {Factor.MOVED_FREIGHT: "lane_paise_per_kg", Factor.MOVED_DAYS: "lane_days"}
    lanes = {
        name: np.where(values < 0, values, (values * learnt[factor] + UNCHANGED // 2) // UNCHANGED)
        for factor, name in found.items()
        if policy.learning and factor in learnt
        for values in [getattr(book, name)]
    }
    return replace(book, **lanes) if lanes else book


def with_chances(outcome: MonitoringOutcome, learnt: Learnt) -> MonitoringOutcome:
    """The outcome with its chances of expiring unsold corrected, 0 to 1; pieces and rupees stay.

    A batch of which something is expected to be left is never told to be surely sold.
    """
    factor = learnt.get(Factor.EXPIRY, UNCHANGED)
    if factor == UNCHANGED:
        return outcome
    found = outcome.exposure
    odds = np.clip(found.probability_unsold * (factor / UNCHANGED), 0.0, 1.0)
    return replace(outcome, exposure=replace(found, probability_unsold=odds))
