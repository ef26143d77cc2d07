"""Landing of what was bought: lines of purchase invoices, and goods that arrived."""

from __future__ import annotations

import polars as pl

from inventory.services.landing.findings import Findings, Verdict, conclude
from inventory.services.landing.goods import (
    add_up,
    find_skus,
    join_batches,
    name_batches,
    new_batches,
    warn_of_batches,
)
from inventory.services.landing.known import KEYS, SCHEMAS, Known
from inventory.services.landing.settling import join_known, settle
from inventory.services.staging import frame_of
from vyapar.kernel.phrases import phrase as _

_PURCHASE = (
    "supplier_name", "supplier_gstin", "invoice_date", "quantity", "cost_paise", "tax_paise", "itc_paise",
)  # fmt: skip
_RECEIVED = """
SELECT m.batch_id, m.location_id, regexp_replace(m.reference, '^((import|undo):[0-9]+:)?(cancel:)?', ''),
       sum(m.quantity)::bigint
FROM inventory_movement m
JOIN (SELECT DISTINCT b, l FROM unnest(%s::bigint[], %s::bigint[]) u(b, l)) w
  ON w.b = m.batch_id AND w.l = m.location_id
WHERE m.kind = 'receipt' GROUP BY 1, 2, 3 HAVING sum(m.quantity) <> 0
"""


def judge_purchases(found: Findings, known: Known) -> Verdict:
    """Lines of purchase invoices; a batch that nobody told of is made with its cost."""
    goods = find_skus(found, known)
    find_places(found, known)
    key = list(KEYS["purchases"])
    gone = take_cancelled(found)
    weighted = pl.col("cost_paise") * pl.col("quantity")
    found.lines = found.lines.with_columns(
        weighted.alias("cost_sum"), pl.col("tax_paise", "itc_paise").fill_null(0)
    )
    add_up(found, key, ["quantity", "cost_sum", "tax_paise", "itc_paise"])
    halfup = (2 * pl.col("cost_sum") + pl.col("quantity")) // (2 * pl.col("quantity"))
    found.lines = found.lines.with_columns(halfup.alias("cost_paise"), pl.col("supplier_gstin").fill_null(""))
    join_batches(found, known, goods)
    made = pl.col("batch_id").is_null()
    found.warn(
        "batch",
        "batch_made",
        _("this batch was not known; it is made with the SKU's MRP and this cost"),
        made,
    )
    extra = {"batches": new_batches(found.lines)}
    bought = known.purchases(pl.concat([found.lines["purchase_invoice"], gone["purchase_invoice"]]))
    bought = bought.filter(pl.col("quantity") > 0)  # promised with nothing: cancelled
    join_known(found, bought, key)
    settled = settle(found, _PURCHASE, {})
    cancelled = bought.join(gone, on=key, how="semi")
    extra["cancelled"] = cancelled.select("id")
    if known.promised is not None:
        known.promised.keep("batches", extra["batches"])
        for part in (settled.new, settled.changed):
            known.promised.keep("purchases", part.with_columns(pl.col("was_id").alias("id")))
        known.promised.keep("purchases", cancelled.with_columns(pl.lit(0).alias("quantity")))
    settled_gone = gone.join(cancelled, on=key, how="semi")
    changed = pl.concat([settled.changed, settled_gone], how="diagonal_relaxed")
    same = settled.same + gone.height - settled_gone.height
    return conclude(found, settled.new, changed, same, day="invoice_date", extra=extra)


def judge_receipts(found: Findings, known: Known) -> Verdict:
    """Goods that arrived, known by reference, SKU, batch and location: booked once."""
    goods = find_skus(found, known)
    find_places(found, known)
    name_batches(found)
    key = list(KEYS["receipts"])
    join_batches(found, known, goods)
    gone = take_cancelled(found)
    add_up(found, ["reference", "sku", "batch", "location"], ["quantity"])
    warn_of_batches(found)
    received = _received(found.lines, known)
    found.lines = found.lines.join(received, on=key, how="left", maintain_order="left")
    other = pl.col("was_quantity").is_not_null() & (pl.col("was_quantity") != pl.col("quantity"))
    message = _(
        "this receipt is booked with another quantity; book the difference under a reference of its own"
    )
    found.reject("quantity", "recorded_differently", message, other)
    lines = found.lines.with_columns(
        pl.col("received_at").dt.convert_time_zone("Asia/Kolkata").dt.date().alias("day")
    )
    new = lines.filter(pl.col("was_quantity").is_null())
    same = int(lines.filter(pl.col("was_quantity").is_not_null())["rows"].sum())
    extra = {"batches": new_batches(new)}
    booked = _received(gone, known)
    cancelled = gone.join(booked, on=key, how="inner", maintain_order="left")
    extra["cancelled"] = cancelled.select(key)
    if known.promised is not None:
        known.promised.keep("receipts", cancelled.with_columns(pl.lit(0).alias("quantity")))
        _promise_receipts(new, extra["batches"], known)
    changed = cancelled.select("row").with_columns(pl.lit(1, dtype=pl.Int64).alias("rows"))
    same += gone.height - cancelled.height
    return conclude(found, new, changed, same, day="day", extra=extra)


def take_cancelled(found: Findings) -> pl.DataFrame:
    """The rows that only say that something is cancelled, taken out."""
    is_cancelled = pl.col("cancelled").fill_null(False)
    gone = found.lines.filter(is_cancelled).with_columns(pl.lit(1, dtype=pl.Int64).alias("rows"))
    found.lines = found.lines.filter(~is_cancelled)
    return gone


def find_places(found: Findings, known: Known) -> None:
    """Reject lines of unknown locations; put location_id and its territory's code beside the others."""
    places = known.locations(found.lines["location"]).select(
        pl.col("code").alias("location"), pl.col("id").alias("location_id"), pl.col("territory").alias("home")
    )
    found.lines = found.lines.join(places, on="location", how="left", maintain_order="left")
    message = _("no godown, van or outlet has this code; send the location first")
    found.reject("location", "unknown_location", message, pl.col("location_id").is_null())


def _received(lines: pl.DataFrame, known: Known) -> pl.DataFrame:
    """What is booked already: reference, batch_id, location_id, was_quantity."""
    there = lines.drop_nulls("batch_id")
    schema = {"batch_id": pl.Int64, "location_id": pl.Int64, "reference": pl.String, "quantity": pl.Int64}
    booked = frame_of(_RECEIVED, schema, [there["batch_id"].to_list(), there["location_id"].to_list()])
    booked = booked.filter(pl.col("reference").str.starts_with(_WHAT)).with_columns(
        pl.col("reference").str.strip_prefix(_WHAT)
    )
    whole = pl.concat([booked.select(list(SCHEMAS["receipts"])), known.promised_of("receipts")])
    latest = whole.unique(KEYS["receipts"], keep="last").filter(pl.col("quantity") != 0)
    return latest.rename({"quantity": "was_quantity"})


_WHAT = "receipt:"


def receipt_reference() -> pl.Expr:
    """What the movement of a receipt is known by, before the run that brought it is put in front."""
    return pl.lit(_WHAT) + pl.col("reference")


def _promise_receipts(new: pl.DataFrame, batches: pl.DataFrame, known: Known) -> None:
    promised = known.promised
    assert promised is not None
    promised.keep("batches", batches)
    ids = known.batches(new["sku"]).select("sku", "batch", pl.col("id").alias("fresh"))
    lines = new.join(ids, on=["sku", "batch"], how="left").with_columns(
        pl.coalesce("batch_id", "fresh").alias("batch_id")
    )
    promised.keep("receipts", lines)
    promised.keep("moved", lines.with_columns(pl.col("received_at").alias("at")))
