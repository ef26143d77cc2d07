"""The real invoice lines as sales of the invented SKUs."""

from __future__ import annotations

import numpy as np
import polars as pl

from inventory.feeds.demonstration.calendar import Calendar
from inventory.feeds.demonstration.gst import Ints, half_up_share
from inventory.feeds.demonstration.outlets import Shops
from inventory.feeds.demonstration.profiles import Profile
from inventory.feeds.demonstration.skus import PAISE_PER_PENNY, Range
from vyapar.kernel.money import BASIS_POINTS

#: A line is never priced below this share of the trade price, nor above MRP.
_LOWEST_PRICE_BP = 5_000


def numbered(lines: pl.DataFrame, goods: Range, shops: Shops, areas: int) -> pl.DataFrame:
    """Lines with `good`, `outlet` and `pair`: position in the range, in the shops, of SKU x territory."""
    stocks = goods.frame.select("stock", pl.row_index("good").cast(pl.Int64))
    joined = lines.join(stocks, on="stock", how="left", maintain_order="left").with_columns(
        (pl.col("customer").cast(pl.Int64) - (shops.first_number - 1)).alias("outlet")
    )
    area = pl.Series(shops.territory[joined["outlet"].to_numpy()])
    return joined.with_columns((pl.col("good") * areas + area).alias("pair"), pl.lit(0).alias("copy"))


def unit_prices(lines: pl.DataFrame, goods: Range) -> Ints:
    """(lines,) paise per piece with GST: the source's own price, held below MRP."""
    good = lines["good"].to_numpy()
    trade, mrp = goods.array("trade_price_paise")[good], goods.array("mrp_paise")[good]
    price = lines["pence"].to_numpy().astype(np.int64) * PAISE_PER_PENNY
    floor = -(-trade * _LOWEST_PRICE_BP // BASIS_POINTS)
    return np.asarray(np.clip(price, floor, mrp))


def transaction_ids() -> pl.Expr:
    """The source's own invoice number: the same line has the same id on every run.

    Copies made for a benchmark (column `copy`, 0 for the original) carry the number of the copy.
    """
    prefix = pl.when(pl.col("quantity") < 0).then(pl.lit("CN-")).otherwise(pl.lit("INV-"))
    number = pl.concat_str(prefix, pl.col("invoice"))
    copied = pl.concat_str(number, pl.lit("-"), pl.col("copy"))
    return pl.when(pl.col("copy") > 0).then(copied).otherwise(number)


def sales(
    lines: pl.DataFrame,
    profile: Profile,
    goods: Range,
    shops: Shops,
    when: Calendar,
    *,
    with_gst: bool = True,
) -> pl.DataFrame:
    """Lines (as `numbered` gives them) in the columns of `Ledger.sales`, batches left null."""
    areas = len(profile.territories)
    codes = goods.frame["sku"].gather(lines["good"])
    outlets = pl.Series(shops.ids).gather(lines["outlet"])
    territory = pl.Series([t.code for t in profile.territories]).gather(lines["pair"] % areas)
    prices = unit_prices(lines, goods)
    details = gst_details(lines, prices, profile, goods) if with_gst else None
    return lines.select(
        transaction_ids().alias("transaction_id"),
        pl.col("line").cast(pl.Int64),
        outlets.alias("retailer_id"),
        codes.alias("sku"),
        pl.col("quantity").cast(pl.Int64),
        pl.Series("unit_price_paise", prices),
        when.instants(pl.col("day"), pl.col("minute")).alias("at"),
        territory.alias("territory"),
        pl.lit(None, pl.String).alias("batch"),
        (pl.lit(None, pl.String) if details is None else details).alias("gst_details"),
    )


def gst_details(lines: pl.DataFrame, prices: Ints, profile: Profile, goods: Range) -> pl.Series:
    """What the invoice says of tax, as JSON text.

    The taxable value is what is left of the price when its GST is taken out, half-up; the two
    halves of the tax are computed from it, half-up each. Every outlet lies in the State of its
    godown, so the tax is always CGST and SGST.
    """
    good, day = lines["good"].to_numpy(), lines["day"].to_numpy().astype(np.int64)
    rate, cess = goods.rates.gst_on(good, day), goods.rates.cess_on(good, day)
    gross = lines["quantity"].to_numpy().astype(np.int64) * prices
    divisor = BASIS_POINTS + rate + cess
    taxable = np.sign(gross) * ((2 * np.abs(gross) * BASIS_POINTS + divisor) // (2 * divisor))
    half = half_up_share(taxable, rate, 2 * BASIS_POINTS)
    codes = pl.Series([t.state_code for t in profile.territories])
    columns = {
        "hsn": goods.frame["hsn"].gather(good),
        "rate": pl.Series(rate),
        "taxable": pl.Series(taxable),
        "half": pl.Series(half),
        "cess": pl.Series(half_up_share(taxable, cess)),
        "state": codes.gather(lines["pair"] % len(codes)),
    }
    return pl.DataFrame(columns).select(_as_json().alias("gst_details")).to_series()


def _as_json() -> pl.Expr:
    return pl.concat_str(
        pl.lit('{"hsn":"'),
        "hsn",
        pl.lit('","rateBp":'),
        "rate",
        pl.lit(',"taxablePaise":'),
        "taxable",
        pl.lit(',"cgstPaise":'),
        "half",
        pl.lit(',"sgstPaise":'),
        "half",
        pl.lit(',"cessPaise":'),
        "cess",
        pl.lit(',"placeOfSupply":"'),
        "state",
        pl.lit('"}'),
    )
