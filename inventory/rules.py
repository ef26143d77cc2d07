"""When stock is dead, slow, near expiry or expired: the distributor's thresholds as predicates."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from inventory.contracts.arrays import Flags, Ints
from inventory.contracts.policy import MonitoringPolicy

#: Days that are looked at for what sells here of late.
RECENT_DAYS = 28


def is_dead(
    days_here: ArrayLike, idle_days: ArrayLike, cover_days: ArrayLike, policy: MonitoringPolicy
) -> Flags:
    """Here for `dead_stock_threshold` days or more, and either without a sale for as many days or
    more, or covering `cover_days_dead` days of demand or more.
    """
    stale = np.asarray(idle_days) >= policy.dead_stock_threshold
    piled = np.asarray(cover_days) >= policy.cover_days_dead
    return (np.asarray(days_here) >= policy.dead_stock_threshold) & (stale | piled)


def is_slow_moving(
    days_here: ArrayLike, idle_days: ArrayLike, cover_days: ArrayLike, policy: MonitoringPolicy
) -> Flags:
    """As `is_dead`, by `slow_moving_threshold` and `cover_days_slow`; what is dead is not slow."""
    stale = np.asarray(idle_days) >= policy.slow_moving_threshold
    piled = np.asarray(cover_days) >= policy.cover_days_slow
    settled = np.asarray(days_here) >= policy.slow_moving_threshold
    dead = is_dead(days_here, idle_days, cover_days, policy)
    return np.asarray(settled & (stale | piled) & ~dead)


def is_expired(days_to_expiry: ArrayLike) -> Flags:
    """The last day of sale is past; on the day itself stock may still be sold."""
    return np.asarray(days_to_expiry) < 0


def is_near_expiry(days_to_expiry: ArrayLike, policy: MonitoringPolicy) -> Flags:
    """Not expired, with at most `expiry_horizon_days` to the last day of sale."""
    days = np.asarray(days_to_expiry)
    return ~is_expired(days) & (days <= policy.expiry_horizon_days)


def days_left_to_sell(days_to_expiry: Ints, minimum_life: Ints) -> Ints:
    """Days until a piece has less than `minimum_life` days left; 0 when that day has come."""
    return np.asarray(np.maximum(days_to_expiry - minimum_life, 0))


def slow_moving_indicator(average_daily_sales: float, stock: int) -> float | None:
    """Pieces sold in the last `RECENT_DAYS` over pieces in stock (consumption over stock, as SAP has it): the
    lower the slower, comparable across goods of any size; None without stock.
    """
    return average_daily_sales * RECENT_DAYS / stock if stock > 0 else None
