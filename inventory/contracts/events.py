"""What the inventory tells the world: statuses, and the payloads of its events."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class StockStatus(StrEnum):
    """How stock of a SKU in a territory moves, by the distributor's own thresholds."""

    ACTIVE = "active"
    SLOW_MOVING = "slow_moving"
    DEAD = "dead"
    LIQUIDATING = "liquidating"


#: Arrays hold a status as its index here.
STATUSES = tuple(StockStatus)


@dataclass(frozen=True, slots=True)
class InventoryUpdated:
    """Stock of a SKU in a territory changed. Quantities in pieces, after the change.

    `change` is signed; `reason` is the kind of movement, or `sales` or `rescored` for a batch.
    """

    name: ClassVar[str] = "InventoryUpdated"
    version: ClassVar[int] = 1

    sku: str
    territory: str
    change: int
    on_hand: int
    reserved: int = 0
    reason: str = ""
    location: str = ""
    batch: str = ""


@dataclass(frozen=True, slots=True)
class DeadStockDetected:
    """A SKU in a territory newly meets the distributor's thresholds for dead stock.

    `dead_stock_score` is 0 to 100. `financial_impact_paise` is what would be lost against cost by
    holding what is at risk. `recommended_actions` are names of ways out, the best net first.
    """

    name: ClassVar[str] = "DeadStockDetected"
    version: ClassVar[int] = 1

    sku: str
    territory: str
    dead_stock_score: float
    days_without_movement: int
    financial_impact_paise: int
    recommended_actions: tuple[str, ...] = ()
