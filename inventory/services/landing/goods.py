"""Landing of goods: SKUs with their brands and categories, batches, and prices by day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import polars as pl

from inventory.services.consumption import UNKNOWN_BATCH
from inventory.services.landing.findings import Findings, Verdict, conclude
from inventory.services.landing.known import SCHEMAS, Known
from inventory.services.landing.settling import join_known, keep_first, settle
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import VyaparError
from vyapar.kernel.money import BASIS_POINTS
from vyapar.kernel.phrases import phrase as gettext
from vyapar.law.rates import rate_for

_SKU = (
    "name", "brand", "category", "hsn", "rate_item", "packed", "uqc", "mrp_paise", "trade_price_paise",
    "cost_paise", "weight_grams", "volume_cc", "case_pack", "shelf_life_days", "delisted_date", "replaced_by",
)  # fmt: skip
_BATCH = ("mrp_paise", "cost_paise", "manufacture_date", "expiry_date", "purchase_invoice", "itc_paise")
_PRICE = ("mrp_paise", "trade_price_paise", "cost_paise")
NO_BRAND, NO_CATEGORY = "Unbranded", ("OTHER", "Other")


def judge_skus(found: Findings, known: Known, at: datetime) -> Verdict:
    repeated = keep_first(found, ["sku"], [c for c in found.lines.columns if c != "row"])
    join_known(found, known.skus(found.lines["sku"]), ["sku"])
    _check_successors(found, known)
    brands, categories = _name_brands(found, known), _name_categories(found, known)
    found.lines = found.lines.with_columns(
        pl.col("uqc").replace("CASE", "CTN"), *_guessed_cost(found.lines, at)
    )
    is_new = pl.col("was_id").is_null()
    costless = is_new & pl.col("cost_paise").is_null()
    message = gettext("no cost is given: the trade price without GST stands for it until one is")
    found.warn("cost", "no_cost", message, costless)
    settled = settle(found, _SKU, {
        "brand": pl.lit(NO_BRAND), "category": pl.lit(NO_CATEGORY[0]), "rate_item": pl.lit(""),
        "packed": pl.lit(True), "uqc": pl.lit("PCS"), "trade_price_paise": pl.col("mrp_paise"),
        "cost_paise": pl.col("guessed_cost"), "weight_grams": pl.lit(0), "volume_cc": pl.lit(0),
        "case_pack": pl.lit(1),
    }, repeated)  # fmt: skip
    if known.promised is not None:
        known.promised.keep("brands", brands)
        known.promised.keep("categories", categories)
        for part in (settled.new, settled.changed):
            known.promised.keep("skus", part.with_columns(pl.col("was_id").alias("id")))
    extra = {"brands": brands, "categories": categories}
    return conclude(found, settled.new, settled.changed, settled.same, extra=extra)


def judge_batches(found: Findings, known: Known) -> Verdict:
    repeated = keep_first(found, ["sku", "batch"], [c for c in found.lines.columns if c != "row"])
    goods = find_skus(found, known)
    join_known(found, known.batches(goods["sku"]), ["sku", "batch"])
    made, expires = (pl.coalesce(n, f"was_{n}") for n in ("manufacture_date", "expiry_date"))
    message = gettext("with what is known of this batch it would expire before it is made")
    found.reject("expiry_date", "expires_before_made", message, expires < made)
    settled = settle(found, _BATCH, {
        "cost_paise": pl.col("sku_cost"), "purchase_invoice": pl.lit(""), "itc_paise": pl.lit(0),
    }, repeated)  # fmt: skip
    if known.promised is not None:
        for part in (settled.new, settled.changed):
            known.promised.keep("batches", part.with_columns(pl.col("was_id").alias("id")))
    return conclude(found, settled.new, settled.changed, settled.same)


def judge_prices(found: Findings, known: Known) -> Verdict:
    repeated = keep_first(found, ["sku", "valid_from"], [c for c in found.lines.columns if c != "row"])
    goods = find_skus(found, known)
    join_known(found, known.prices(goods["sku"]), ["sku", "valid_from"])
    settled = settle(found, _PRICE, {}, repeated)
    if known.promised is not None:
        for part in (settled.new, settled.changed):
            known.promised.keep("prices", part.with_columns(pl.col("was_id").alias("id")))
    return conclude(found, settled.new, settled.changed, settled.same, day="valid_from")


def find_skus(found: Findings, known: Known) -> pl.DataFrame:
    """Reject lines of unknown SKUs; put sku_id, sku_mrp and sku_cost beside the others. The SKUs."""
    goods = known.skus(found.lines["sku"])
    mine = goods.select(
        "sku", pl.col("id").alias("sku_id"), pl.col("mrp_paise").alias("sku_mrp"),
        pl.col("cost_paise").alias("sku_cost"),
    )  # fmt: skip
    found.lines = found.lines.join(mine, on="sku", how="left", maintain_order="left")
    message = gettext("no SKU has this code; send the SKU first")
    found.reject("sku", "unknown_sku", message, pl.col("sku_id").is_null())
    return goods


def name_batches(found: Findings) -> None:
    """Give lines without a batch the name of what is known of it: its MRP, its expiry, or `UNKNOWN`."""
    paise = (pl.col("mrp_paise") % 100).cast(pl.String).str.zfill(2)
    mrp = pl.when(pl.col("mrp_paise").is_not_null()).then(
        pl.format("MRP{}.{}", pl.col("mrp_paise") // 100, paise)
    )  # fmt: skip
    expiry = pl.lit("EXP") + pl.col("expiry_date").dt.strftime("%Y-%m-%d")
    named = pl.concat_str([mrp, expiry], separator=" ", ignore_nulls=True)
    named = pl.when(named.str.len_chars() > 0).then(named).otherwise(pl.lit(UNKNOWN_BATCH))
    found.lines = found.lines.with_columns(
        pl.col("batch").is_null().alias("unnamed"), pl.coalesce("batch", named).alias("batch")
    )


def join_batches(found: Findings, known: Known, skus: pl.DataFrame) -> None:
    """Put the id and dates of each line's batch beside it; null for a batch that is not there yet."""
    batches = known.batches(skus["sku"]).select(
        "sku", "batch", pl.col("id").alias("batch_id"), pl.col("mrp_paise").alias("was_mrp"),
        pl.col("expiry_date").alias("was_expiry"),
    )  # fmt: skip
    found.lines = found.lines.join(batches, on=["sku", "batch"], how="left", maintain_order="left")


def warn_of_batches(found: Findings) -> None:
    """Say which batches a line makes, and where it knows a batch otherwise than the book does."""
    message = gettext(
        "this batch was not known; it is made with what the row says of it and the SKU's own prices"
    )
    found.warn("batch", "batch_made", message, pl.col("batch_id").is_null())
    other = (pl.col("mrp_paise") != pl.col("was_mrp")) | (pl.col("expiry_date") != pl.col("was_expiry"))
    message = gettext("the row's MRP or expiry is another than the batch's; the batch stays as it is")
    found.warn("batch", "batch_differs", message, pl.col("batch_id").is_not_null() & other)


def new_batches(lines: pl.DataFrame) -> pl.DataFrame:
    """Batches that lines name and that are not there yet, in the columns of the batches' table."""
    missing = lines.filter(pl.col("batch_id").is_null())
    wanted = ("mrp_paise", "cost_paise", "manufacture_date", "expiry_date", "purchase_invoice")
    missing = missing.with_columns(
        pl.lit(None, dtype=SCHEMAS["batches"][n]).alias(n) for n in wanted if n not in missing.columns
    )
    first = missing.group_by("sku", "batch", maintain_order=True).agg(
        *(pl.col(n).drop_nulls().first() for n in wanted), pl.col("sku_mrp", "sku_cost").first()
    )  # fmt: skip
    return first.select(
        "sku", "batch", pl.coalesce("mrp_paise", "sku_mrp").alias("mrp_paise"),
        pl.coalesce("cost_paise", "sku_cost").alias("cost_paise"), "manufacture_date", "expiry_date",
        pl.col("purchase_invoice").fill_null(""), pl.lit(0, dtype=pl.Int64).alias("itc_paise"),
    )  # fmt: skip


def add_up(found: Findings, key: Sequence[str], sums: Sequence[str]) -> None:
    """Rows that name the same thing become one line with their sum; `rows` counts them."""
    rest = [c for c in found.lines.columns if c not in key and c not in sums]
    if not found.lines.select(pl.struct(key).is_duplicated().any()).item():
        found.lines = found.lines.with_columns(pl.lit(1, dtype=pl.Int64).alias("rows"))
        return
    message = gettext("several rows name the same; they are added up")
    again = ~pl.struct(key).is_first_distinct()
    found.warn(sums[0], "added_up", message, again)
    found.lines = found.lines.group_by(list(key), maintain_order=True).agg(
        pl.col(*rest).first(), pl.col(*sums).sum(), pl.len().cast(pl.Int64).alias("rows")
    )


# --- SKUs ------------------------------------------------------------------------------------


def _check_successors(found: Findings, known: Known) -> None:
    asked = found.lines["replaced_by"].drop_nulls().unique()
    if asked.is_empty():
        return
    here = {*known.skus(asked)["sku"], *found.lines["sku"]}
    strange = [code for code in asked if code not in here]
    message = gettext("no SKU has this code; send the successor first, or in the same sheet")
    found.reject("replaced_by", "unknown_successor", message, pl.col("replaced_by").is_in(strange))


def _name_brands(found: Findings, known: Known) -> pl.DataFrame:
    """Brands in the spelling they have here; those that must be made."""
    here = {name.casefold(): name for name in known.brands()["name"]}
    asked = found.lines["brand"].drop_nulls().unique(maintain_order=True).to_list()
    fresh: dict[str, str] = {}
    for name in asked:
        if name.casefold() not in here:
            fresh.setdefault(name.casefold(), name)
    if _lacks(found, "brand") and NO_BRAND.casefold() not in here:
        fresh.setdefault(NO_BRAND.casefold(), NO_BRAND)
    spelt = {name: (here | fresh)[name.casefold()] for name in asked}
    found.lines = found.lines.with_columns(_renamed("brand", spelt))
    return pl.DataFrame({"name": list(fresh.values())}, schema=SCHEMAS["brands"])


def _name_categories(found: Findings, known: Known) -> pl.DataFrame:
    """Categories by code, whether rows name the code or the name; those that must be made."""
    rows = known.categories().rows()
    here = {name.casefold(): code for code, name in rows} | {code.casefold(): code for code, _ in rows}
    asked = found.lines["category"].drop_nulls().unique(maintain_order=True).to_list()
    fresh: dict[str, tuple[str, str]] = {}
    for name in asked:
        code = category_code(name)
        if name.casefold() not in here and code.casefold() not in here:
            fresh.setdefault(code.casefold(), (code, name))
    if _lacks(found, "category") and NO_CATEGORY[0].casefold() not in here:
        fresh.setdefault(NO_CATEGORY[0].casefold(), NO_CATEGORY)
    made = {key: code for key, (code, _) in fresh.items()}
    coded = {}
    for name in asked:
        own = category_code(name).casefold()
        coded[name] = here.get(name.casefold()) or here.get(own) or made[own]
    found.lines = found.lines.with_columns(_renamed("category", coded))
    return pl.DataFrame(list(fresh.values()), schema=SCHEMAS["categories"], orient="row")


def category_code(name: str) -> str:
    """A code made of a category's name: capitals, digits and dashes; other scripts stay as they are."""
    return re.sub(r"[^\w]+", "-", name.upper()).strip("-")[:60] or NO_CATEGORY[0]


def _renamed(name: str, names: dict[str, str]) -> pl.Expr:
    return pl.col(name).replace_strict(names, default=None, return_dtype=pl.String)


def _lacks(found: Findings, name: str) -> bool:
    return bool(found.lines.select((pl.col(name).is_null() & pl.col("was_id").is_null()).any()).item())


def _guessed_cost(lines: pl.DataFrame, at: datetime) -> list[pl.Expr]:
    """What stands for a cost that nobody told: the trade price (or MRP) without its GST."""
    rates = {hsn: _rate(hsn, at) for hsn in lines["hsn"].drop_nulls().unique()}
    rate = pl.col("hsn").replace_strict(rates, default=0, return_dtype=pl.Int64)
    price = pl.coalesce("trade_price_paise", "mrp_paise")
    return [(price * BASIS_POINTS // (BASIS_POINTS + rate)).alias("guessed_cost")]


def _rate(hsn: str, at: datetime) -> int:
    try:
        return rate_for(hsn, ist_day(at)).basis_points
    except VyaparError:
        return 0
