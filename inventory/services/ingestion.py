"""Sales coming in: checked as a whole, recorded once, taken out of stock, rolled up, told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db import transaction

from inventory.services.consumption import Consumption, consume
from inventory.services.demand import add_demand
from inventory.services.partitions import ensure_sale_partitions, index_past_months
from inventory.services.sale_lines import fault, frame_of_records, read_lines
from inventory.services.staging import copy_frame, frame_of, take_turns
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault

_RECORDED_SCHEMA: dict[str, Any] = {
    "transaction_id": pl.String,
    "line": pl.Int64,
    "known_on": pl.Date,
    "known_retailer": pl.Int64,
    "known_sku": pl.Int64,
    "known_quantity": pl.Int64,
    "known_paise": pl.Int64,
}
_RECORDED = """
SELECT transaction_id, line, sold_on, retailer_id, sku_id, quantity, unit_price_paise
FROM inventory_sale WHERE transaction_id = ANY(%s)
"""
_SALE_COLUMNS = (
    "sold_at", "received_at", "retailer_id", "sku_id", "territory_id", "unit_price_paise", "quantity",
    "line", "sold_on", "transaction_id", "gst",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of a batch. `accepted + duplicates + rejected` is the number of its rows.

    `duplicates` were recorded before with the same content and changed nothing; `faults` say what
    is wrong with each rejected row. `updated` counts SKUs and territories whose stock was told as
    changed. Pieces: see `Consumption`.
    """

    accepted: int
    duplicates: int
    rejected: int
    faults: tuple[Fault, ...]
    updated: int = 0
    found_pieces: int = 0
    expired_pieces: int = 0
    unheld_pieces: int = 0
    unbooked_pieces: int = 0
    first_day: date | None = None
    last_day: date | None = None


@transaction.atomic
def ingest_sales(
    sales: pl.DataFrame | Sequence[Mapping[str, Any]],
    *,
    actor: Actor,
    at: datetime,
    source: str,
    history: bool = False,
) -> IngestReport:
    """Record a batch of sales, whatever part of it is good, in one transaction.

    `sales` has the columns transaction_id, line, retailer_id, sku, quantity, unit_price (rupees) or
    unit_price_paise, timestamp, territory and gst_details (see `sale_lines`). Rows are known by
    transaction and line: sent again they change nothing, sent again with other content they are
    rejected. Batches of one distributor take turns. Stock is taken by `consume`; with `history`
    it is left alone, because the ledger of those days comes with the feed itself.
    """
    frame = sales if isinstance(sales, pl.DataFrame) else frame_of_records(sales)
    if frame.is_empty():
        return IngestReport(0, 0, 0, ())
    reading = read_lines(frame, at=at)
    lines, strange = _identify(reading.lines)
    take_turns("sales")
    new, duplicates, changed = _part(lines)
    faults = sorted((*reading.faults, *strange, *changed), key=lambda f: (f.row or 0, f.field))
    rejected = len({f.row for f in faults})
    if new.is_empty():
        return IngestReport(0, duplicates, rejected, tuple(faults))
    add_demand(new)
    _record(new, at)
    done = Consumption()
    if not history:
        done = consume(new, reference=f"sales:{source}"[:120], actor=actor, at=at)
    report = IngestReport(
        new.height, duplicates, rejected, tuple(faults), done.updated, done.found, done.expired, done.unheld,
        done.unbooked, *new.select(pl.min("sold_on"), pl.max("sold_on").alias("last")).row(0),
    )  # fmt: skip
    _note(report, source, history, actor, at)
    return report


def _identify(lines: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
    """Lines with the ids of their retailer, SKU and territory; faults of those that have none."""
    outlets = frame_of(
        "SELECT r.retailer_id, r.id, r.territory_id, t.code FROM inventory_retailer r "
        "JOIN inventory_territory t ON t.id = r.territory_id WHERE r.retailer_id = ANY(%s)",
        {"retailer_id": pl.String, "retailer_pk": pl.Int64, "territory_id": pl.Int64, "home": pl.String},
        [lines["retailer_id"].unique().to_list()],
    )
    skus = frame_of(
        "SELECT code, id FROM inventory_sku WHERE code = ANY(%s)",
        {"sku": pl.String, "sku_id": pl.Int64},
        [lines["sku"].unique().to_list()],
    )
    found = lines.join(outlets, on="retailer_id", how="left").join(skus, on="sku", how="left")
    elsewhere = pl.col("territory").is_not_null() & (pl.col("territory") != pl.col("home"))
    checks = (
        ("retailer_id", "unknown_retailer", "no retailer has this id", pl.col("retailer_pk").is_null()),
        ("sku", "unknown_sku", "no SKU has this code", pl.col("sku_id").is_null()),
        ("territory", "territory_mismatch", "the retailer belongs to another territory", elsewhere),
    )
    faults = _faults(found, checks)
    bad = {f.row for f in faults}
    good = found.filter(~pl.col("row").is_in(list(bad))) if bad else found
    return good.drop("retailer_id").rename({"retailer_pk": "retailer_id"}), faults


def _part(lines: pl.DataFrame) -> tuple[pl.DataFrame, int, list[Fault]]:
    """Lines that are new, how many are recorded already, and faults of those recorded otherwise."""
    known = frame_of(_RECORDED, _RECORDED_SCHEMA, [lines["transaction_id"].unique().to_list()])
    if known.is_empty():
        return lines, 0, []
    key = ["transaction_id", "line"]
    met = lines.join(known, on=key, how="inner")
    same = (
        (pl.col("known_retailer") == pl.col("retailer_id"))
        & (pl.col("known_sku") == pl.col("sku_id"))
        & (pl.col("known_quantity") == pl.col("quantity"))
        & (pl.col("known_paise") == pl.col("unit_price_paise"))
    )
    other_day = pl.col("known_on") != pl.col("sold_on")
    checks = (
        ("timestamp", "recorded_on_another_day", "this line is recorded on another day", other_day),
        ("transaction_id", "recorded_differently", "this line is recorded with other content",
         ~other_day & ~same),
    )  # fmt: skip
    repeated = met.filter(same & ~other_day).height
    return lines.join(known, on=key, how="anti"), repeated, _faults(met, checks)


def _record(new: pl.DataFrame, at: datetime) -> None:
    first, last = new.select(pl.min("sold_on"), pl.max("sold_on").alias("last")).row(0)
    if ensure_sale_partitions(first, last):
        index_past_months(ist_day(at))  # with a new month another one is over
    stamped = new.with_columns(pl.lit(at).dt.convert_time_zone("UTC").alias("received_at"))
    copy_frame("inventory_sale", stamped.select(_SALE_COLUMNS))


def _faults(found: pl.DataFrame, checks: Sequence[tuple[str, str, str, pl.Expr]]) -> list[Fault]:
    faults = []
    for name, code, message, broken in checks:
        values = pl.col(name if name in found.columns else "sold_at").cast(pl.String)
        bad = found.filter(broken.fill_null(False)).select("row", values.alias("value"))
        faults += [fault(row, name, code, message, value) for row, value in bad.iter_rows()]
    return faults


def _note(report: IngestReport, source: str, history: bool, actor: Actor, at: datetime) -> None:
    """One trail entry for the whole batch; each line stands in the sales table and the ledger."""
    append_audit(
        actor=actor, verb="SalesIngested", subject=f"sales:{source}", at=at,
        after={
            "accepted": report.accepted, "duplicates": report.duplicates, "rejected": report.rejected,
            "first_day": report.first_day, "last_day": report.last_day, "history": history,
            "stock_updated": report.updated, "found_pieces": report.found_pieces,
            "expired_pieces": report.expired_pieces, "unheld_pieces": report.unheld_pieces,
            "unbooked_pieces": report.unbooked_pieces,
        },
    )  # fmt: skip
