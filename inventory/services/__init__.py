"""Writes of the inventory: one verb, one transaction."""

from inventory.models import Purpose
from inventory.services.adjustments import set_adjustment, withdraw_adjustment
from inventory.services.analysis import (
    Scored,
    keep_scores,
    lay_out_risks,
    publish_risks,
)
from inventory.services.cells import renew_sums
from inventory.services.demand import rebuild_demand
from inventory.services.exports import list_due_exports, queue_export, reverse_export
from inventory.services.forecasts import (
    change_override,
    drop_override,
    keep_forecasts,
    measure_overrides,
    set_override,
    try_override,
)
from inventory.services.holding import release, reserve, take_reserved
from inventory.services.imports import (
    arrange_run,
    ask_undo,
    begin_write,
    cancel_run,
    check_run,
    correct_row,
    drive_again,
    drop_row,
    ensure_feed,
    feed_for,
    open_run,
    reconcile,
    save_profile,
    undo_run,
    write_run,
)
from inventory.services.ingestion import IngestReport, ingest_sales
from inventory.services.landing import (
    Blocker,
    Promised,
    TakenBack,
    judge,
    land,
    list_blockers,
    put_prices_in_force,
    take_back,
)
from inventory.services.ledger import Difference, check_positions, rebuild_positions, record_movements
from inventory.services.lines import MovementLine, ReceiptLine, StockLine
from inventory.services.masters import save_masters
from inventory.services.outlets import set_outlet_terms
from inventory.services.partitions import ensure_sale_partitions, index_past_months
from inventory.services.quality import grade_feeds, is_grading_due
from inventory.services.transfers import dispatch_transfer, recall_transfer, receive_transfer, write_off
from inventory.services.twins import find_twins, keep_apart, merge_twins, take_apart

__all__ = [
    "Blocker",
    "Difference",
    "IngestReport",
    "MovementLine",
    "Promised",
    "Purpose",
    "ReceiptLine",
    "Scored",
    "StockLine",
    "TakenBack",
    "arrange_run",
    "ask_undo",
    "begin_write",
    "cancel_run",
    "change_override",
    "check_positions",
    "check_run",
    "correct_row",
    "dispatch_transfer",
    "drive_again",
    "drop_override",
    "drop_row",
    "ensure_feed",
    "ensure_sale_partitions",
    "feed_for",
    "find_twins",
    "grade_feeds",
    "index_past_months",
    "ingest_sales",
    "is_grading_due",
    "judge",
    "keep_apart",
    "keep_forecasts",
    "keep_scores",
    "land",
    "lay_out_risks",
    "list_blockers",
    "list_due_exports",
    "measure_overrides",
    "merge_twins",
    "open_run",
    "publish_risks",
    "put_prices_in_force",
    "queue_export",
    "rebuild_demand",
    "rebuild_positions",
    "recall_transfer",
    "receive_transfer",
    "reconcile",
    "record_movements",
    "release",
    "renew_sums",
    "reserve",
    "reverse_export",
    "save_masters",
    "save_profile",
    "set_adjustment",
    "set_outlet_terms",
    "set_override",
    "take_apart",
    "take_back",
    "take_reserved",
    "try_override",
    "undo_run",
    "withdraw_adjustment",
    "write_off",
    "write_run",
]
