"""What other apps may know of the inventory: snapshots, demand, policies, statuses, event payloads."""

from inventory.contracts.channels import DEFAULT_CHANNEL, ONLINE, LifeRules, TradeChannel
from inventory.contracts.demand import (
    DISPERSION_HIGH,
    DISPERSION_LOW,
    DemandDistribution,
    DemandSnapshot,
    PieceCount,
)
from inventory.contracts.events import (
    STATUSES,
    DeadStockDetected,
    InventoryUpdated,
    ManyInventoryUpdated,
    StockChange,
    StockStatus,
)
from inventory.contracts.forecasts import COMMON_SHARE
from inventory.contracts.policy import (
    SCORE_WEIGHTS,
    AnalysisPolicy,
    MoneyRates,
    MonitoringPolicy,
)
from inventory.contracts.stock import NEVER, NO_CAP, NO_DAY, StockSnapshot

__all__ = [
    "COMMON_SHARE",
    "DEFAULT_CHANNEL",
    "DISPERSION_HIGH",
    "DISPERSION_LOW",
    "NEVER",
    "NO_CAP",
    "NO_DAY",
    "ONLINE",
    "SCORE_WEIGHTS",
    "STATUSES",
    "AnalysisPolicy",
    "DeadStockDetected",
    "DemandDistribution",
    "DemandSnapshot",
    "InventoryUpdated",
    "LifeRules",
    "ManyInventoryUpdated",
    "MoneyRates",
    "MonitoringPolicy",
    "PieceCount",
    "StockChange",
    "StockSnapshot",
    "StockStatus",
    "TradeChannel",
]
