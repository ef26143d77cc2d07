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
class StockChange:
    """One of many changes that are told together; as in `InventoryUpdated`."""

    sku: str
    territory: str
    change: int
    on_hand: int
    reserved: int = 0


@dataclass(frozen=True, slots=True)
class ManyInventoryUpdated:
    """Version 2 of `InventoryUpdated`: many SKUs and territories changed in one go, for one reason.

    A day's sales change thousands; an event for each would cost every listener thousands of calls. At most
    `MOST` changes an event, in order of SKU and territory.
    """

    name: ClassVar[str] = "InventoryUpdated"
    version: ClassVar[int] = 2
    #: Up to so many changes are told one by one, as version 1.
    FEW: ClassVar[int] = 100
    MOST: ClassVar[int] = 1_000

    reason: str
    changes: tuple[StockChange, ...]


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
