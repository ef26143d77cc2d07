"""Parcels as frames: their columns by kind, and which self of which voucher each row is of. Pure."""

from __future__ import annotations

from typing import Any

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.tally import entries

Row = dict[str, Any]
#: Columns of each kind in parcels; all of them text.
_COLUMNS: dict[RecordKind, tuple[str, ...]] = {
    RecordKind.LOCATIONS: ("code", "name", "kind", "territory", "address", "pincode"),
    RecordKind.RETAILERS: (
        "retailer_id", "name", "territory", "address", "place", "pincode", "phone", "email", "gstin",
        "credit_limit", "outstanding", "trade_channel",
    ),
    RecordKind.SKUS: (
        "sku", "name", "brand", "category", "hsn", "uqc", "mrp", "trade_price", "cost", "case_pack",
    ),
    RecordKind.BATCHES: (
        "sku", "batch", "mrp", "cost", "manufacture_date", "expiry_date", "purchase_invoice",
    ),
    RecordKind.PURCHASES: (
        "purchase_invoice", "supplier_name", "supplier_gstin", "invoice_date", "sku", "batch", "location",
        "quantity", "cost", "tax", "cancelled",
    ),
    RecordKind.RECEIPTS: (
        "reference", "received_at", "sku", "batch", "location", "quantity", "mrp", "cost", "manufacture_date",
        "expiry_date", "purchase_invoice", "cancelled",
    ),
    RecordKind.SALES: (
        "transaction_id", "line", "retailer_id", "sku", "batch", "quantity", "unit_price", "timestamp",
        "location", "gst_details", "cancelled",
    ),
    RecordKind.STOCK: (
        "sku", "batch", "location", "quantity", "as_of", "mrp", "expiry_date", "manufacture_date", "value",
    ),
}  # fmt: skip


def selves_of(kind: RecordKind, rows: list[Row], first: int) -> pl.DataFrame | None:
    """Which self of which voucher rows are of; None of kinds that are not vouchers'."""
    told = [(first + n, *row[entries.SELF]) for n, row in enumerate(rows) if entries.SELF in row]
    return pl.DataFrame(told, schema=_SELVES, orient="row") if told else None


_SELVES = {
    "row": pl.Int64, "document": pl.String, "version": pl.Int64, "content": pl.String, "day": pl.Date,
}  # fmt: skip
BARE = {"document": pl.String, "version": pl.Int64}


def frame_of(kind: RecordKind, rows: list[Row], first: int) -> pl.DataFrame:
    """Rows of a kind as a parcel has them; `first`: the number of the first."""
    columns = {
        name: [None if (value := row.get(name)) is None else str(value) for row in rows]
        for name in _COLUMNS[kind]
    }
    frame = pl.DataFrame(columns, schema=dict.fromkeys(_COLUMNS[kind], pl.String))
    return frame.with_row_index("row", offset=first).with_columns(pl.col("row").cast(pl.Int64))
