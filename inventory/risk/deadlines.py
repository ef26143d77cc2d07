"""Dates of no return: the last day on which each way out of a batch still works."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.policy import MoneyRates
from inventory.contracts.stock import NEVER, NO_DAY


@dataclass(frozen=True, slots=True, eq=False)
class LastDays:
    """(positions,) ordinals; `NO_DAY`: it always works, `NEVER`: it never does. A day gone by is told as
    it is: the way was open until then.
    """

    claim: Ints
    transfer: Ints
    offer: Ints
    donation: Ints


def last_days(
    *,
    expiry_day: Ints,
    minimum_life: Ints,
    quantity: Ints,
    return_bp: Ints,
    return_until_day: Ints,
    lane_days: Ints,
    lane_daily: Floats,
    rates: MoneyRates,
) -> LastDays:
    """Last days of each way, (positions,) each.

    - claim: the last day on which the company accepts it, if it takes anything back.
    - transfer: goods arrive after `lane_days` (-1: no lane is open) and sell there at `lane_daily`
      pieces a day, all before they have less than `minimum_life` left.
    - offer: it runs `discount_days` and ends while the goods may still be sold.
    - donation: a charity wants `donate_minimum_life_days` of life.
    """
    sell_by = _before(expiry_day, minimum_life)
    selling = np.ceil(quantity / np.maximum(lane_daily, 1e-9)).clip(0, NO_DAY // 4).astype(np.int64)
    there = np.where((lane_days >= 0) & (lane_daily > 0), _before(sell_by, lane_days + selling), NEVER)
    donation = _before(expiry_day, np.full_like(expiry_day, rates.donate_minimum_life_days))
    offer = _before(sell_by, np.full_like(expiry_day, rates.discount_days))
    return LastDays(
        claim=np.where(return_bp > 0, return_until_day, NEVER),
        transfer=there,
        offer=offer,
        donation=donation,
    )


def _before(day: Ints, days: Ints) -> Ints:
    """So many days before a day; a day that never comes has none before it."""
    return np.where(day >= NO_DAY, NO_DAY, np.maximum(day - days, NEVER))
