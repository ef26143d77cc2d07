"""Shapes at the API, under the names that the outside world knows."""

from inventory.serializers.history import SkuHistoryOut, history_out
from inventory.serializers.imports import (
    ImportOut,
    ImportPage,
    QuarantinedOut,
    QuarantinePage,
    fault_out,
    quarantined_out,
    run_out,
)
from inventory.serializers.push import JobFaults, JobOut, PushReport, push_out
from inventory.serializers.stock import (
    DistributorOut,
    FaultOut,
    InventoryItem,
    InventoryPage,
    RetailerOut,
    RetailerPage,
    SaleOut,
    SalesPage,
    item_out,
    sale_out,
)

__all__ = [
    "DistributorOut",
    "FaultOut",
    "ImportOut",
    "ImportPage",
    "InventoryItem",
    "InventoryPage",
    "JobFaults",
    "JobOut",
    "PushReport",
    "QuarantinePage",
    "QuarantinedOut",
    "RetailerOut",
    "RetailerPage",
    "SaleOut",
    "SalesPage",
    "SkuHistoryOut",
    "fault_out",
    "history_out",
    "item_out",
    "push_out",
    "quarantined_out",
    "run_out",
    "sale_out",
]
