"""What waiting costs: every way out today against the same way some days later."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.policy import MoneyRates
from inventory.contracts.stock import NO_DAY
from inventory.impact.lots import Lots
from inventory.impact.rates import interest
from inventory.impact.ways import WAYS, price_ways

WEEK = 7


@dataclass(frozen=True, slots=True, eq=False)
class Waiting:
    """Of every way and lot, (ways, lots): paise.

    - `today`: its net when it is taken today; `later`: when it is taken after the wait, with what
      sells meanwhile; `cost`: today less later, what the wait costs (negative: it pays to wait). A
      way that closes during the wait is worth, later, what holding or destroying then is.
    - `last_day`: days from today on which the way can still be taken for the last time; -1 when it
      is closed already, `NO_DAY` when it never closes.
    """

    today: Ints
    later: Ints
    cost: Ints
    last_day: Ints


def waiting(lots: Lots, rates: MoneyRates, claim_days: Ints, days: int = WEEK) -> Waiting:
    """What `days` more of waiting do to every way out of every lot.

    `claim_days`: (lots,), days until the company's last day for a claim, negative when it has passed,
    `NO_DAY` when it stays open. During the wait the lot sells, at plain price, its even share of what
    it would sell if held; the rest costs carrying and opportunity. Where a lane leads, selling days shrink
    by the wait, and what sells there with them. A part of a piece counts as the part that it is: what a week
    costs a small lot is not a whole piece or nothing.
    """
    now = price_ways(lots, rates)
    span = np.minimum(lots.days, days)
    sold, sold_part = _parted(lots.held_sold * span, np.maximum(lots.days, 1))
    there = np.maximum(lots.days - lots.moved_days, 1)
    moved, moved_part = _parted(lots.moved_sold * np.maximum(there - days, 0), there)
    later = np.zeros(now.net.shape)
    for more_sold, sold_weight in ((0, 1.0 - sold_part), (1, sold_part)):
        for more_moved, moved_weight in ((0, 1.0 - moved_part), (1, moved_part)):
            gone = np.minimum(sold + more_sold, lots.held_sold)
            left = np.minimum(moved + more_moved, lots.quantity - gone)
            worth = _after(lots, rates, claim_days, days, gone, left)
            later += np.where(now.available, worth, 0) * (sold_weight * moved_weight)
    whole = np.floor(later + 0.5).astype(np.int64)
    last = _last_days(lots, rates, claim_days)
    return Waiting(now.net, whole, now.net - whole, np.where(now.available, last, -1))


def _parted(amount: Ints, by: Ints) -> tuple[Ints, Floats]:
    """Whole pieces of a quotient, and the part of a piece that is left."""
    whole, rest = np.divmod(amount, by)
    return whole, np.asarray(rest / by)


def _after(lots: Lots, rates: MoneyRates, claim_days: Ints, days: int, sold: Ints, moved: Ints) -> Ints:
    """(ways, lots), worth of each way after the wait, `sold` pieces having sold meanwhile and `moved` being
    still to sell where the lane leads; with what came in and what the rest cost by then.
    """
    span = np.minimum(lots.days, days)
    rest = replace(
        lots,
        quantity=lots.quantity - sold,
        held_sold=lots.held_sold - sold,
        moved_sold=moved,
        days=lots.days - span,
        life_days=np.where(lots.life_days >= NO_DAY, lots.life_days, lots.life_days - days),
        expired=lots.expired | (lots.life_days < days),
        return_open=lots.return_open & (claim_days >= days),
    )
    then = price_ways(rest, rates)
    value = rest.quantity * lots.cost
    kept = [interest(value, rate, days) for rate in (rates.carrying_rate_bp, rates.opportunity_rate_bp)]
    meanwhile = np.where(lots.expired, 0, sold * lots.price - kept[0] - kept[1])
    return np.asarray(np.where(then.available, then.net, then.fallback()) + meanwhile)


def _last_days(lots: Lots, rates: MoneyRates, claim_days: Ints) -> Ints:
    """(ways, lots): the last day of each way, were nothing else in its way."""
    never = np.full(len(lots), NO_DAY, dtype=np.int64)
    life = np.where(lots.life_days >= NO_DAY, never, lots.life_days)
    by_way = {
        "hold": life,
        "transfer": np.where(lots.days >= NO_DAY, never, lots.days - lots.moved_days - 1),
        "discount": np.where(lots.days >= NO_DAY, never, lots.days - 1),
        "return_to_company": claim_days,
        "donate": np.where(life >= NO_DAY, never, life - rates.donate_minimum_life_days),
        "destroy": never,
    }
    return np.stack([np.maximum(by_way[name], 0) for name in WAYS])
