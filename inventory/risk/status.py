"""The status of each item: active, slow-moving, dead or liquidating."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.events import STATUSES, StockStatus
from inventory.contracts.policy import MonitoringPolicy
from inventory.contracts.stock import StockSnapshot
from inventory.risk.movement import Motion
from inventory.rules import is_dead, is_slow_moving


def status(snapshot: StockSnapshot, motion: Motion, policy: MonitoringPolicy) -> NDArray[np.int8]:
    """(items,), index into `STATUSES`. Without stock an item is active; while an open action sells
    it, it is liquidating.
    """
    stocked = snapshot.per_item(snapshot.on_hand) > 0
    facts = (motion.days_here, motion.idle_days, motion.cover_days, policy)
    code = np.full(snapshot.items, STATUSES.index(StockStatus.ACTIVE), dtype=np.int8)
    code[stocked & is_slow_moving(*facts)] = STATUSES.index(StockStatus.SLOW_MOVING)
    code[stocked & is_dead(*facts)] = STATUSES.index(StockStatus.DEAD)
    code[stocked & snapshot.liquidating] = STATUSES.index(StockStatus.LIQUIDATING)
    return code
