"""What experience corrects: the rates a cycle counts with, and the chances it tells."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from inventory.agent.monitoring import MonitoringOutcome
from inventory.contracts.outcomes import UNCHANGED, Factor, Learnt
from inventory.contracts.policy import MonitoringPolicy

_RATES = {Factor.SELL_THROUGH: "discount_sell_through_bp", Factor.CLAIM_SUCCESS: "claim_success_bp"}


def with_learnt(policy: MonitoringPolicy, learnt: Learnt) -> MonitoringPolicy:
    """The policy with its rates corrected, at most all; as it is where it does not want learning."""
    if not policy.learning:
        return policy
    rates = {
        name: min(getattr(policy, name) * learnt[factor] // UNCHANGED, 10_000)
        for factor, name in _RATES.items()
        if factor in learnt
    }
    return replace(policy, **rates) if rates else policy


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
