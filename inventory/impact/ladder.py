"""The discount ladder: every rung of it as a way out of its own, and the rung that nets the most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Ints
from inventory.contracts.policy import MoneyRates
from inventory.impact.lots import Lots
from inventory.impact.response import cleared_shares, offer_sold
from inventory.impact.ways import price_rung


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """`rungs`: basis points off, rising. `sold`, `net`: (rungs, lots), pieces the rung sells and its
    net paise today, which need not be open. `best`: (lots,), number of the rung with the highest
    net, the smaller discount on ties: what `discount` shows among the ways out.
    """

    rungs: tuple[int, ...]
    sold: Ints
    net: Ints
    best: Ints


def ladder(lots: Lots, rates: MoneyRates) -> Ladder:
    """All rungs for all lots."""
    shares = cleared_shares(rates)
    sold = np.stack([offer_sold(lots, rates, rung, share) for rung, share in shares.items()])
    net = np.stack(
        [
            np.sum(list(price_rung(lots, rates, rung, pieces).values()), axis=0, dtype=np.int64)
            for rung, pieces in zip(shares, sold, strict=True)
        ]
    )
    net = np.where(lots.quantity > 0, net, 0)
    return Ladder(tuple(shares), sold, net, np.asarray(net.argmax(axis=0)))
