"""Tallies of a parcel: what its source said of each SKU and place, under what became of each row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import polars as pl

from inventory.contracts.feeds import Landed, Parcel, RecordKind
from inventory.feeds.canonical import read
from inventory.feeds.canonical.quantities import whole_of
from inventory.models import ImportRun
from inventory.selectors.twins import list_other_names
from inventory.services.imports.rows import packs_for, unread_of
from inventory.services.imports.sums import PLACES, sums, text_column
from inventory.services.landing.findings import Findings
from inventory.services.landing.following import renamed
from inventory.services.landing.goods import name_batches
from inventory.services.staging import copy_frame, frame_of

#: A row that landed as the source said it; compared with the tables.
LANDED = "landed"
#: Kinds whose rupees are those of the batches they land in.
BATCHED = (RecordKind.STOCK, RecordKind.RECEIPTS)
_HOMES = """
SELECT r.retailer_id, t.code FROM inventory_retailer r JOIN inventory_territory t ON t.id = r.territory_id
WHERE r.retailer_id = ANY(%s)
"""
# What a parcel's land() inserted is younger than all else: it is one COPY. What the same parcel cancelled
# was recorded by it too.
_RECORDED = """
SELECT transaction_id, line, import_run IS NOT DISTINCT FROM %s, age(xmin)::bigint
FROM inventory_sale WHERE transaction_id = ANY(%s)
UNION ALL
SELECT transaction_id, line, true, age(xmin)::bigint
FROM inventory_cancelledsale WHERE transaction_id = ANY(%s) AND import_run = %s AND cancelled_run = %s
"""
_BOUGHT = """
SELECT p.purchase_invoice, s.code, b.number, l.code,
    EXISTS (SELECT FROM inventory_importchange c
            WHERE c."table" = 'inventory_purchaseline' AND c.row_id = p.id AND c.run_id = %s)
FROM inventory_purchaseline p JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_sku s ON s.id = b.sku_id JOIN inventory_location l ON l.id = p.location_id
WHERE p.purchase_invoice = ANY(%s)
"""
_RECEIVED = """
SELECT split_part(m.reference, ':receipt:', 2), s.code, b.number, l.code, true
FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
JOIN inventory_sku s ON s.id = b.sku_id JOIN inventory_location l ON l.id = m.location_id
WHERE m.kind = 'receipt' AND m.reference = ANY(%s)
"""
# Purchases that the run itself told, by what a later self of their voucher takes back.
_OWN = """
SELECT s.code, l.code, count(*)::bigint, sum(p.quantity)::bigint, sum(p.quantity * p.cost_paise)::bigint
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[]) k(invoice, sku, batch, location)
JOIN inventory_purchaseline p ON p.purchase_invoice = k.invoice
JOIN inventory_batch b ON b.id = p.batch_id AND b.number = k.batch
JOIN inventory_sku s ON s.id = b.sku_id AND s.code = k.sku
JOIN inventory_location l ON l.id = p.location_id AND l.code = k.location
JOIN inventory_importchange c ON c.run_id = %s AND c."table" = 'inventory_purchaseline' AND c.row_id = p.id
    AND c.before IS NULL AND c.undone_at IS NULL
GROUP BY s.code, l.code
"""
_GROUP = ("sku", "location", "batch", "as_of", "outcome")
_SAID = ("sku", "location", "source_pieces", "source_paise")


def keep_tallies(
    run: ImportRun, parcel: Parcel, landed: Landed, at: datetime, instead_of: pl.DataFrame | None = None
) -> None:
    """Write the tallies of a parcel that has just landed, in its transaction.

    `landed` with the rows that could not be read among its rejected ones. `instead_of`: the rows as
    they first came, where a person corrected them: only those that landed are tallied then, and what
    differs by the correction as `corrected`.
    """
    if parcel.kind not in PLACES:
        return
    rows = _told(parcel.kind, parcel.rows, at)
    codes = _first_codes(landed)
    rows = rows.with_columns(_by_row(codes).alias("outcome"))
    if parcel.kind is RecordKind.SALES:
        rows = rows.with_columns(_or("cancelled", pl.col("cancelled")))
    if landed.duplicates:
        known = _known(run, parcel.kind, rows.filter(pl.col("outcome").is_null()), landed)
        rows = rows.with_columns(_or("duplicate", pl.col("row").is_in(known)))
    rows = rows.with_columns(pl.col("outcome").fill_null(LANDED))
    if instead_of is not None:
        right = rows.filter(~pl.col("outcome").str.starts_with("quarantined"))
        rows = _corrected(right, _told(parcel.kind, instead_of, at))
    unread = [f"quarantined.{faults[0].code}"[:60] for faults in unread_of(parcel).values()]
    _write(run, parcel.kind, pl.concat([rows, _nameless(unread)], how="diagonal") if unread else rows)


def add_tallies(run: ImportRun, parcel: Parcel, at: datetime, outcomes: Mapping[int, str], sign: int) -> None:
    """Tally rows under an outcome each (by row), once more (1) or taken back (-1)."""
    if parcel.kind not in PLACES or parcel.rows.is_empty():
        return
    rows = _told(parcel.kind, parcel.rows, at).with_columns(
        _by_row(outcomes).alias("outcome"), pl.lit("").alias("batch"), pl.lit(None).alias("as_of"),
        *(pl.col(name) * sign for name in ("rows", "source_pieces", "source_paise")),
    )  # fmt: skip
    _write(run, parcel.kind, rows)


def tally_unbought(run: ImportRun, keys: pl.DataFrame) -> None:
    """Tally purchases that the run told and is about to take back, since a later self of theirs came.

    Must run before they are gone. `keys`: purchase_invoice, sku, batch, location.
    """
    schema = dict.fromkeys(("sku", "location"), pl.String) | dict.fromkeys(
        ("rows", "source_pieces", "source_paise"), pl.Int64
    )
    names = ("purchase_invoice", "sku", "batch", "location")
    own = frame_of(_OWN, schema, [*(keys[name].to_list() for name in names), run.pk])
    figures = ("rows", "source_pieces", "source_paise")
    back = own.with_columns(*(-pl.col(name) for name in figures), pl.lit(LANDED).alias("outcome"))
    both = pl.concat([back, own.with_columns(pl.lit("cancelled").alias("outcome"))])
    if not both.is_empty():
        _write(run, RecordKind.PURCHASES, both)


def _told(kind: RecordKind, rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Every row with what it says, and what it is known by in the tables."""
    said = sums(kind, rows, packs_for(kind, rows))
    if names := list_other_names():  # what was merged is tallied under the one that was kept
        said = renamed(said, names, ["sku"] if kind is RecordKind.SALES else ["sku", "place"])
    if kind is RecordKind.SALES:
        said = pl.concat([_at_home(said, rows), _sale_keys(rows)], how="horizontal")
    elif kind in BATCHED:
        said = _batched(kind, said, rows, at)
    if kind in (RecordKind.RECEIPTS, RecordKind.PURCHASES):
        key = "reference" if kind is RecordKind.RECEIPTS else "purchase_invoice"
        said = said.with_columns(text_column(rows, key).alias("document"))
    if kind is RecordKind.PURCHASES:
        said = said.with_columns(text_column(rows, "batch").alias("number"))
    return said.rename(
        {"place": "location", "pieces": "source_pieces", "paise": "source_paise"}
    ).with_columns(pl.lit(1, dtype=pl.Int64).alias("rows"))


def _at_home(said: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Sales that name no territory are those of their outlet's."""
    if (said["place"] != "").all():
        return said
    shops = text_column(rows, "retailer_id")
    homes = frame_of(_HOMES, {"shop": pl.String, "home": pl.String}, [shops.drop_nulls().unique().to_list()])
    joined = pl.DataFrame({"shop": shops}).join(homes, on="shop", how="left", maintain_order="left")
    home = joined["home"].fill_null("")
    return said.with_columns(
        pl.when(pl.col("place") == "").then(home).otherwise(pl.col("place")).alias("place")
    )


def _sale_keys(rows: pl.DataFrame) -> pl.DataFrame:
    lines = pl.Series("line", [1], dtype=pl.Int64).new_from_index(0, rows.height)
    if "line" in rows.columns:
        lines = whole_of(rows["line"], text_column(rows, "line")).fill_null(1)
    return pl.DataFrame({"transaction_id": text_column(rows, "transaction_id"), "line": lines})


def _batched(kind: RecordKind, said: pl.DataFrame, rows: pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Rows with the batch they land in, named where they name none, and the instant they speak of."""
    found = Findings(kind, read(kind, rows, at=at, packs=packs_for(kind, rows)), rows.height)
    name_batches(found)
    names = ["row", pl.col("batch").alias("batch")]
    if kind is RecordKind.STOCK:
        now = pl.lit(at).dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        names.append(pl.col("as_of").fill_null(now))
    both = said.join(found.lines.select(names), on="row", how="left", maintain_order="left")
    return both.with_columns(pl.col("batch").fill_null(""))


def _by_row(values: Mapping[int, str]) -> pl.Expr:
    if not values:
        return pl.lit(None, dtype=pl.String)
    return pl.col("row").replace_strict(
        list(values), list(values.values()), default=None, return_dtype=pl.String
    )


def _or(outcome: str, where: pl.Expr) -> pl.Expr:
    """Rows that have no outcome yet get this one where it is so."""
    return pl.coalesce("outcome", pl.when(where).then(pl.lit(outcome))).alias("outcome")


def _first_codes(landed: Landed) -> dict[int, str]:
    """The outcome of each row that has a fault: its first one."""
    found: dict[int, str] = {}
    for one in landed.faults:
        found.setdefault(one.row or 0, f"quarantined.{one.code}"[:60])
    return found


def _known(run: ImportRun, kind: RecordKind, rows: pl.DataFrame, landed: Landed) -> list[int]:
    """Rows that were recorded before this parcel and changed nothing."""
    if kind is RecordKind.STOCK:
        return []  # a statement that says what the book says is as good as landed
    if kind is RecordKind.SALES:
        schema = {"transaction_id": pl.String, "line": pl.Int64, "mine": pl.Boolean, "age": pl.Int64}
        names = rows["transaction_id"].drop_nulls().unique().to_list()
        there = frame_of(_RECORDED, schema, [run.number, names, names, run.number, run.number])
        youngest = pl.col("age") == pl.col("age").filter(pl.col("mine")).min()
        fresh = there.filter(pl.col("mine") & youngest) if landed.accepted else there.clear()
        return rows.join(fresh, on=["transaction_id", "line"], how="anti")["row"].to_list()
    documents = rows["document"].drop_nulls().unique().to_list()
    if kind is RecordKind.PURCHASES:
        sql, values = _BOUGHT, [run.pk, documents]
    else:
        sql, values = _RECEIVED, [[f"import:{run.number}:receipt:{one}"[:120] for one in documents]]
    number = "number" if kind is RecordKind.PURCHASES else "batch"
    key = ["document", "sku", number, "location"]
    there = frame_of(sql, {**dict.fromkeys(key, pl.String), "mine": pl.Boolean}, values)
    return rows.join(there.filter("mine").unique(key), on=key, how="anti")["row"].to_list()


def _corrected(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Rows that a person corrected: where they stood, what they are now, the difference as `corrected`."""
    old = before.select("row", *(pl.col(name).alias(f"old_{name}") for name in _SAID))
    both = now.join(old, on="row", how="left", maintain_order="left")
    same = pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"old_{name}")) for name in _SAID)
    changed = both.filter(~same)
    label, none = pl.lit("corrected").alias("outcome"), pl.lit(0, dtype=pl.Int64).alias("rows")
    stood = changed.select(*(pl.col(f"old_{name}").alias(name) for name in _SAID), "rows", label)
    taken = changed.select("sku", "location", -pl.col("source_pieces"), -pl.col("source_paise"), none, label)
    moved = pl.col("row").is_in(changed["row"].to_list())
    landed = now.with_columns(pl.when(moved).then(0).otherwise(pl.col("rows")).alias("rows"))
    return pl.concat([landed, stood, taken], how="diagonal")


def _nameless(outcomes: list[str]) -> pl.DataFrame:
    """Rows of which nothing is known but that they are there."""
    return pl.DataFrame(
        [{"sku": "", "location": "", "outcome": one, "rows": 1, "source_pieces": 0} for one in outcomes]
    )


def _write(run: ImportRun, kind: RecordKind, lines: pl.DataFrame) -> None:
    for name, empty in (("batch", pl.lit("")), ("as_of", pl.lit(None, dtype=pl.Datetime("us", "UTC")))):
        if name not in lines.columns:
            lines = lines.with_columns(empty.alias(name))
    lines = lines.with_columns(pl.col("batch").fill_null(""), pl.col("as_of").cast(pl.Datetime("us", "UTC")))
    # rows whose source names no amount stand by themselves: nothing is not the same as no rupees
    parts = lines.with_columns(pl.col("source_paise").is_null().alias("unpriced"))
    totals = parts.group_by(*_GROUP, "unpriced", maintain_order=True).agg(
        pl.col("rows").sum(), pl.col("source_pieces").sum(), pl.col("source_paise").sum()
    )
    paise = pl.when("unpriced").then(None).otherwise(pl.col("source_paise")).alias("source_paise")
    stamped = totals.select(
        pl.lit(str(run.pk)).alias("run_id"), pl.lit(kind.value).alias("kind"), *_GROUP, "rows",
        "source_pieces", paise,
    )  # fmt: skip
    copy_frame("inventory_importtally", stamped)
