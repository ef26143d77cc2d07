"""Landing of sales: each line recorded once; what the source cancelled is looked up to be taken back."""

from __future__ import annotations

import polars as pl

from inventory.services.binary import pack
from inventory.services.landing.findings import Findings, Verdict, conclude
from inventory.services.landing.known import SCHEMAS, Known
from inventory.services.staging import frame_of
from vyapar.kernel.phrases import phrase as _

_RECORDED = """
SELECT transaction_id, line, sold_on, retailer_id, sku_id, quantity, unit_price_paise, false
FROM inventory_sale WHERE transaction_id = ANY(%s::text[])
UNION ALL
SELECT transaction_id, line, sold_on, retailer_id, sku_id, quantity, unit_price_paise, true
FROM inventory_cancelledsale WHERE transaction_id = ANY(%s::text[])
"""


def judge_sales(found: Findings, known: Known) -> Verdict:
    """Lines that are new; in `extra["cancelled"]` the recorded lines that were cancelled since."""
    gone = _take_cancelled(found)
    _identify(found, known)
    recorded = _recorded(pl.concat([found.lines["transaction_id"], gone["transaction_id"]]), known)
    same = _part(found, recorded)
    new = found.lines
    cancelled, cancelled_rows = _cancelled(gone, recorded, new)
    if known.promised is not None:
        _promise(new, cancelled, known)
    return conclude(
        found, new, cancelled_rows, same + gone.height - cancelled_rows.height, day="sold_on",
        extra={"cancelled": cancelled},
    )  # fmt: skip


def _take_cancelled(found: Findings) -> pl.DataFrame:
    """The rows that only say that something is cancelled, taken out: row, transaction_id, line."""
    is_cancelled = pl.col("cancelled").fill_null(False)
    gone = found.lines.filter(is_cancelled).select("row", "transaction_id", "line")
    if gone.height:
        found.lines = found.lines.filter(~is_cancelled)
    return gone


def _identify(found: Findings, known: Known) -> None:
    """Lines with the ids of their retailer, SKU and territory; faults of those that have none."""
    lines = found.lines
    outlets = known.outlets(lines["retailer_id"].unique())
    skus = known.sku_ids(lines["sku"].unique())
    found.lines = lines.join(outlets, on="retailer_id", how="left", maintain_order="left").join(
        skus, on="sku", how="left", maintain_order="left"
    )
    elsewhere = pl.col("territory").is_not_null() & (pl.col("territory") != pl.col("home"))
    found.reject_all((
        ("retailer_id", "unknown_retailer",
         _("no retailer has this id; send the retailer first, or look at its spelling"),
         pl.col("retailer_pk").is_null()),
        ("sku", "unknown_sku", _("no SKU has this code; send the SKU first, or look at its spelling"),
         pl.col("sku_id").is_null()),
        ("territory", "territory_mismatch",
         _("the retailer belongs to another territory; leave the territory out, or write the retailer's own"),
         elsewhere),
    ))  # fmt: skip
    _name_batches(found, known)
    _name_places(found, known)
    found.lines = found.lines.drop("retailer_id").rename({"retailer_pk": "retailer_id"})


def _name_batches(found: Findings, known: Known) -> None:
    """The id of the batch a line names; null where it names none, or one that nobody knows."""
    nothing = pl.lit(None, dtype=pl.Int64).alias("batch_id")
    found.lines = found.lines.with_columns(nothing)
    named = found.lines.filter(pl.col("batch").is_not_null())
    if named.is_empty():
        return
    batches = known.batches(named["sku"].unique()).select("sku", "batch", pl.col("id").alias("batch_id"))
    found.lines = found.lines.drop("batch_id").join(
        batches, on=["sku", "batch"], how="left", maintain_order="left"
    )
    message = _("this SKU has no such batch; pieces are taken first-expiry-first")
    strange = pl.col("batch").is_not_null() & pl.col("batch_id").is_null()
    found.warn("batch", "unknown_batch", message, strange)


def _name_places(found: Findings, known: Known) -> None:
    """The id of the place a line names, if it is one of the retailer's territory; null otherwise."""
    found.lines = found.lines.with_columns(pl.lit(None, dtype=pl.Int64).alias("location_id"))
    named = found.lines.filter(pl.col("location").is_not_null())
    if named.is_empty():
        return
    places = known.locations(named["location"]).select(
        pl.col("code").alias("location"), pl.col("territory").alias("place_home"),
        pl.col("id").alias("location_id"),
    )  # fmt: skip
    found.lines = found.lines.drop("location_id").join(
        places, on="location", how="left", maintain_order="left"
    )
    message = _("no godown or van has this code; send the location first")
    strange = pl.col("location").is_not_null() & pl.col("place_home").is_null()
    found.reject("location", "unknown_location", message, strange)
    elsewhere = pl.col("place_home") != pl.col("home")
    message = _(
        "this place belongs to another territory than the retailer; pieces are taken in the retailer's"
    )
    found.warn("location", "location_elsewhere", message, elsewhere)
    found.lines = found.lines.with_columns(pl.when(~elsewhere).then("location_id").alias("location_id"))


def _recorded(transactions: pl.Series, known: Known) -> pl.DataFrame:
    """What is recorded of some transactions, by line; cancelled lines too (`known_gone`)."""
    names = transactions.drop_nulls().unique()
    asked = pack(names, "text")
    found = frame_of(_RECORDED, SCHEMAS["sales"], [asked, asked])
    if known.promised is None:
        return found
    promised = known.promised.among("sales", "transaction_id", names.to_list())
    return pl.concat([found, promised]).unique(["transaction_id", "line"], keep="last", maintain_order=True)


def _part(found: Findings, recorded: pl.DataFrame) -> int:
    """Leave the lines that are new; how many are recorded already. Those recorded otherwise are faults."""
    if recorded.is_empty():
        return 0
    key = ["transaction_id", "line"]
    lines = found.lines.join(recorded, on=key, how="left", maintain_order="left")
    if lines["known_on"].null_count() == lines.height:
        return 0
    met = pl.col("known_on").is_not_null()
    same = (
        (pl.col("known_retailer") == pl.col("retailer_id"))
        & (pl.col("known_sku") == pl.col("sku_id"))
        & (pl.col("known_quantity") == pl.col("quantity"))
        & (pl.col("known_paise") == pl.col("unit_price_paise"))
    )
    other_day = pl.col("known_on") != pl.col("sold_on")
    repeated = lines.filter(met & same & ~other_day).height
    found.lines = lines.filter(~(met & same & ~other_day).fill_null(False))
    gone = pl.col("known_gone").fill_null(False)
    found.reject_all((
        ("transaction_id", "cancelled_before",
         _("this line was cancelled; give the new one a line of its own"), met & gone),
        ("timestamp", "recorded_on_another_day", _("this line is recorded on another day"),
         met & ~gone & other_day),
        ("transaction_id", "recorded_differently", _("this line is recorded with other content"),
         met & ~gone & ~other_day),
    ))  # fmt: skip
    found.lines = found.lines.drop([n for n in found.lines.columns if n.startswith("known_")])
    return repeated


def _cancelled(
    gone: pl.DataFrame, recorded: pl.DataFrame, new: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Recorded lines that are cancelled (transaction_id, line), and the rows that say so.

    A row without a line cancels the whole transaction, also what the same sheet records of it.
    """
    if gone.is_empty():
        return gone.select("transaction_id", "line"), gone
    alive = pl.concat([
        recorded.filter(~pl.col("known_gone")).select("transaction_id", "line", "known_on"),
        new.select("transaction_id", "line", pl.col("sold_on").alias("known_on")),
    ])  # fmt: skip
    pairs = gone.join(alive, on="transaction_id", how="inner", suffix="_known").filter(
        pl.col("line").is_null() | (pl.col("line") == pl.col("line_known"))
    )
    lines = pairs.select("transaction_id", pl.col("line_known").alias("line")).unique(maintain_order=True)
    days = pairs.group_by("row").agg(pl.col("known_on").max().alias("sold_on"))
    return lines, gone.join(days, on="row", how="inner", maintain_order="left")


def _promise(new: pl.DataFrame, cancelled: pl.DataFrame, known: Known) -> None:
    promised = known.promised
    assert promised is not None
    promised.keep("sales", new.select(
        "transaction_id", "line", pl.col("sold_on").alias("known_on"),
        pl.col("retailer_id").alias("known_retailer"), pl.col("sku_id").alias("known_sku"),
        pl.col("quantity").alias("known_quantity"), pl.col("unit_price_paise").alias("known_paise"),
        pl.lit(False).alias("known_gone"),
    ))  # fmt: skip
    if cancelled.height:
        dead = _recorded(cancelled["transaction_id"], known).join(
            cancelled, on=["transaction_id", "line"], how="semi"
        )
        promised.keep("sales", dead.with_columns(pl.lit(True).alias("known_gone")))
