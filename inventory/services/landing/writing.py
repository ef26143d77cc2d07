"""Writing what was judged: each kind into its tables, through the ledger where stock moves."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from inventory.models import MovementKind
from inventory.services.consumption import Consumption, book_met, look, meet
from inventory.services.demand import add_up, find_standing, write_demand
from inventory.services.landing.ageing import age_again, stood_since
from inventory.services.landing.buying import receipt_reference
from inventory.services.landing.cancelling import cancel_sales
from inventory.services.landing.changes import count_months, remembered, remembered_stock
from inventory.services.landing.errand import Errand, run_prefix
from inventory.services.landing.findings import Verdict
from inventory.services.landing.naming import Named, consume_named, is_named
from inventory.services.landing.outdated import lapsed_of, tell_outdated
from inventory.services.landing.pricing import bring_in, write_prices
from inventory.services.landing.registering import ensure_registrations
from inventory.services.landing.returning import cancel_purchases, cancel_receipts, give_back_found
from inventory.services.landing.stated import Parted, balance_stated, part_stated
from inventory.services.landing.undone import tell_cancelled, tell_returned
from inventory.services.ledger import record_movements
from inventory.services.masters import write_master, write_purchases
from inventory.services.partitions import ensure_sale_partitions, index_past_months
from inventory.services.sold import sold_of
from inventory.services.staging import copying, encode_ahead, frame_of
from inventory.services.telling import tell_stock_changed
from vyapar.kernel.calendar import ist_day

Figures = Mapping[str, int]
_SALE_TYPES = {
    "sold_at": "timestamptz", "received_at": "timestamptz", "retailer_id": "bigint", "sku_id": "bigint",
    "territory_id": "bigint", "unit_price_paise": "bigint", "quantity": "integer", "line": "integer",
    "sold_on": "date", "transaction_id": "text", "gst": "jsonb", "import_run": "integer",
}  # fmt: skip


def write_territories(verdict: Verdict, errand: Errand) -> Figures:
    lines = _both(verdict)
    which = {
        "inventory_gstregistration": ("t.gstin = ANY(%s)", [lines["gstin"].to_list()]),
        "inventory_territory": ("t.code = ANY(%s)", [lines["code"].to_list()]),
    }
    with remembered(errand.run, which):
        made = ensure_registrations(lines["gstin"])
        write_master("territories", lines)
    return {"registrations": made}


def write_locations(verdict: Verdict, errand: Errand) -> Figures:
    lines = _both(verdict)
    with remembered(errand.run, {"inventory_location": ("t.code = ANY(%s)", [lines["code"].to_list()])}):
        write_master("locations", _on_map(lines))
    return {}


def write_retailers(verdict: Verdict, errand: Errand) -> Figures:
    """Each retailer with its outlet, which has the retailer's name and address."""
    lines = _both(verdict)
    outlets = lines.with_columns(pl.col("location").alias("code"), pl.lit("outlet").alias("kind"))
    which = {
        "inventory_location": ("t.code = ANY(%s)", [lines["location"].to_list()]),
        "inventory_retailer": ("t.retailer_id = ANY(%s)", [lines["retailer_id"].to_list()]),
    }
    with remembered(errand.run, which):
        write_master("locations", _on_map(outlets))
        write_master("retailers", lines)
    return {"outlets": verdict.new.height}


def write_skus(verdict: Verdict, errand: Errand) -> Figures:
    lines = _both(verdict)
    brands, categories = verdict.extra["brands"], verdict.extra["categories"]
    which = {
        "inventory_brand": ("t.name = ANY(%s)", [brands["name"].to_list()]),
        "inventory_category": ("t.code = ANY(%s)", [categories["code"].to_list()]),
        "inventory_sku": ("t.code = ANY(%s)", [lines["sku"].to_list()]),
    }
    with remembered(errand.run, which):
        write_master("brands", brands)
        write_master("categories", categories)
        write_master("skus", lines)
    return {"brands": brands.height, "categories": categories.height}


def write_batches(verdict: Verdict, errand: Errand) -> Figures:
    lines = _both(verdict)
    with remembered(errand.run, _batches_of(lines)):
        write_master("batches", lines)
    return {}


def write_price_rows(verdict: Verdict, errand: Errand) -> Figures:
    lines = _both(verdict)
    ids = lines["sku_id"].unique().to_list()
    which = {"inventory_skuprice": ("t.sku_id = ANY(%s)", [ids]), "inventory_sku": ("t.id = ANY(%s)", [ids])}
    bring_in(errand.at)  # what waited before is not this errand's
    with remembered(errand.run, which):
        write_prices(lines)
        return {"in_force": bring_in(errand.at)}


def write_purchase_rows(verdict: Verdict, errand: Errand) -> Figures:
    """Purchase lines, the batches they name, and the credit per piece that follows."""
    changed = verdict.changed.filter(~pl.col("cancelled").fill_null(False))
    lines, made = pl.concat([verdict.new, changed], how="diagonal_relaxed"), verdict.extra["batches"]
    gone = verdict.extra["cancelled"]
    taken = cancel_purchases(gone["id"], errand) if gone.height else 0
    if lines.is_empty():
        return {"batches": 0, "cancelled_lines": taken}
    which = {
        **_batches_of(lines),
        "inventory_purchaseline": (
            "t.purchase_invoice = ANY(%s)",
            [lines["purchase_invoice"].unique().to_list()],
        ),
    }
    with remembered(errand.run, which):
        write_master("batches", made)
        write_purchases(lines.with_columns(pl.col("invoice_date").alias("date")))
    bought = lines["sku"].unique().to_list()
    ids = frame_of("SELECT id FROM inventory_sku WHERE code = ANY(%s)", {"id": pl.Int64}, [bought])["id"]
    age_again(ids, lines["invoice_date"], errand)
    return {"batches": made.height, "cancelled_lines": taken}


def write_receipts(verdict: Verdict, errand: Errand) -> Figures:
    gone = verdict.extra["cancelled"]
    taken = cancel_receipts(gone, errand) if gone.height else {}
    if verdict.new.is_empty():
        return taken
    lines = verdict.new.with_columns(
        receipt_reference().alias("what"), pl.lit(MovementKind.RECEIPT.value).alias("kind"),
        pl.col("received_at").alias("at"), pl.col("quantity").alias("change"),
    )  # fmt: skip
    moved = _move(lines, verdict, errand, "receipt")
    give_back_found(errand)
    return {**moved, **taken}


def write_stock(verdict: Verdict, errand: Errand) -> Figures:
    """Differences: `opening` where nothing ever stood, `adjustment` elsewhere. Opening stock is as old as
    purchases and sales say.
    """
    kinds = (
        (verdict.new, MovementKind.OPENING), (verdict.changed, MovementKind.ADJUSTMENT),
    )  # fmt: skip
    lines = pl.concat([part.with_columns(pl.lit(kind.value).alias("kind")) for part, kind in kinds])
    lines = lines.with_columns(
        pl.lit(f"stock:{errand.source}").alias("what"), pl.col("as_of").alias("at"),
        pl.col("difference").alias("change"),
    )  # fmt: skip
    return _move(lines, verdict, errand, "stock")


def write_sales(verdict: Verdict, errand: Errand) -> Figures:
    """Sales into the table and the roll-up; out of stock, unless their movements come by themselves or a
    later statement of the stock already knows of them."""
    new, cancelled = verdict.new, verdict.extra["cancelled"]
    moving, stated_pieces = Parted(new.clear(), 0) if errand.history else part_stated(new)
    done, named = Consumption(), Named(moving)
    if new.height:
        _make_months(new, errand)
        skus = moving["sku_id"].unique().to_list()
        with remembered_stock(None if errand.history else errand.run, skus):
            if is_named(moving):
                named = consume_named(moving, errand)
            done = _record(new, named.rest, errand)
        age_again(new["sku_id"], new["sold_on"], errand)
    if new.height and not errand.history:
        tell_outdated(new, lapsed_of(done.lapsed, named.lapsed), errand)
        tell_returned(new, errand)
    taken = cancel_sales(cancelled, errand) if cancelled.height else 0
    if taken:
        tell_cancelled(cancelled, errand)
        give_back_found(errand)
    return {
        "stock_updated": done.updated + named.updated, "found_pieces": done.found,
        "expired_pieces": done.expired + named.expired,
        "unheld_pieces": done.unheld, "unbooked_pieces": done.unbooked, "stated_pieces": stated_pieces,
        "cancelled_lines": taken,
    }  # fmt: skip


def _record(new: pl.DataFrame, taking: pl.DataFrame, errand: Errand) -> Consumption:
    """Sales into the table and the roll-up; those in `taking` out of stock.

    All that is asked of the database is asked first, while the rows are made ready for it; while it takes
    them in, we work out the rest.
    """
    stamped = new.with_columns(
        pl.lit(errand.at).dt.convert_time_zone("UTC").alias("received_at"),
        pl.lit(errand.number, dtype=pl.Int64).alias("import_run"),
    )
    lines = encode_ahead("inventory_sale", stamped, _SALE_TYPES)
    sold = sold_of(new)
    standing = find_standing(sold)
    seen = look(sold if taking is new else sold_of(taking)) if taking.height else None
    with copying(lines.result()):
        rolled = add_up(standing)
        reference = errand.reference(f"sales:{errand.source}")
        met = meet(seen, reference, actor=errand.actor) if seen else None
    write_demand(rolled)
    if errand.run is not None:
        month = pl.col("sold_on").dt.year().cast(pl.Int64) * 100 + pl.col("sold_on").dt.month()
        count_months(errand.run, dict(new.group_by(month.alias("month")).len().iter_rows()))
    return book_met(met, actor=errand.actor, at=errand.at) if met else Consumption()


def _make_months(new: pl.DataFrame, errand: Errand) -> None:
    first, last = new.select(pl.min("sold_on"), pl.max("sold_on").alias("last")).row(0)
    if ensure_sale_partitions(first, last):
        index_past_months(ist_day(errand.at))  # with a new month another one is over


# --- parts ---------------------------------------------------------------------------------------


def _move(lines: pl.DataFrame, verdict: Verdict, errand: Errand, reason: str) -> Figures:
    """Make the batches lines name, book `change` pieces of each, and tell of it."""
    made = verdict.extra["batches"]
    skus = lines["sku_id"].unique().to_list()
    with remembered_stock(errand.run, skus):
        write_master("batches", made)
        booked = _with_batch_ids(lines).with_columns(
            pl.col("change").alias("quantity"),
            (pl.lit(run_prefix(errand.number) if errand.number else "") + pl.col("what"))
            .str.slice(0, 120)
            .alias("reference"),
        )
        wanted = ["batch_id", "location_id", "kind", "quantity", "at", "reference", "receipt_date"]
        moved = _aged(booked).select("sku_id", *wanted)
        balanced = balance_stated(moved, errand) if reason == "receipt" else moved.clear()
        whole = pl.concat([moved, balanced], how="diagonal_relaxed")
        record_movements(whole.select(wanted), actor=errand.actor, at=errand.at)
    told = _tell(whole, errand, reason)
    figures = {"stated_pieces": -int(balanced["quantity"].sum())} if balanced.height else {}
    return {
        "batches": made.height, "stock_updated": told, "pieces": int(booked["quantity"].sum()), **figures
    }  # fmt: skip


def _aged(booked: pl.DataFrame) -> pl.DataFrame:
    """Movements with a `receipt_date` where they are openings; null counts as the day of the movement."""
    fresh = (pl.col("kind") == MovementKind.OPENING.value) & (pl.col("quantity") > 0)
    openings = booked.filter(fresh).with_columns(
        pl.col("at").dt.convert_time_zone("Asia/Kolkata").dt.date().alias("day")
    )
    rest = booked.filter(~fresh).with_columns(pl.lit(None, dtype=pl.Date).alias("receipt_date"))
    if openings.is_empty():
        return rest
    aged = openings.with_columns(stood_since(openings).alias("receipt_date")).drop("day")
    return pl.concat([aged, rest], how="diagonal_relaxed")


def _tell(booked: pl.DataFrame, errand: Errand, reason: str) -> int:
    homes = frame_of("SELECT id, territory_id FROM inventory_location WHERE id = ANY(%s)",
                     {"location_id": pl.Int64, "territory_id": pl.Int64},
                     [booked["location_id"].unique().to_list()])  # fmt: skip
    sums = booked.join(homes, on="location_id").group_by("sku_id", "territory_id").agg(
        pl.col("quantity").sum().alias("change")
    ).filter(pl.col("change") != 0)  # fmt: skip
    return tell_stock_changed(sums, reason=reason, actor=errand.actor, at=errand.at)


def _with_batch_ids(lines: pl.DataFrame) -> pl.DataFrame:
    ids = frame_of("SELECT s.code, b.number, b.id FROM inventory_batch b "
                   "JOIN inventory_sku s ON s.id = b.sku_id WHERE b.sku_id = ANY(%s)",
                   {"sku": pl.String, "batch": pl.String, "fresh": pl.Int64},
                   [lines["sku_id"].unique().to_list()])  # fmt: skip
    found = lines.join(ids, on=["sku", "batch"], how="left", maintain_order="left")
    return found.with_columns(pl.coalesce("batch_id", "fresh").alias("batch_id"))


def _both(verdict: Verdict) -> pl.DataFrame:
    return pl.concat([verdict.new, verdict.changed])


def _on_map(lines: pl.DataFrame) -> pl.DataFrame:
    return lines.with_columns(pl.col("latitude").alias("lat"), pl.col("longitude").alias("lon"))


def _batches_of(lines: pl.DataFrame) -> dict[str, tuple[str, list[list[str]]]]:
    which = "t.sku_id IN (SELECT id FROM inventory_sku WHERE code = ANY(%s))"
    return {"inventory_batch": (which, [lines["sku"].unique().to_list()])}
