"""Turns the published invoices and the pincode directory into the compact files under `data/`.

Run by maintainers only, when the selection changes:

    python -m inventory.feeds.demonstration.build INVOICES.parquet PINCODE_DIRECTORY.parquet
"""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

import polars as pl

EPOCH = date(2009, 12, 1)
DATA = Path(__file__).parent / "data"

OUTLETS = 900
SKUS = 1_460
#: Every third of the first 180 outlets and of the first 450 SKUs goes to the second distributor.
SECOND_EVERY = 3
SECOND_OUTLETS = 60
SECOND_SKUS = 150

#: Latitude, longitude and GST State code of the seven cities whose pincodes are kept.
CITIES: dict[str, tuple[float, float, str, str]] = {
    "MUM": (19.120, 72.900, "27", "MAHARASHTRA"),
    "PUN": (18.530, 73.860, "27", "MAHARASHTRA"),
    "AMD": (23.030, 72.580, "24", "GUJARAT"),
    "BLR": (12.970, 77.590, "29", "KARNATAKA"),
    "CHN": (13.060, 80.240, "33", "TAMIL NADU"),
    "HYD": (17.400, 78.470, "36", "TELANGANA"),
    "VJA": (16.510, 80.640, "37", "ANDHRA PRADESH"),
}
PINCODES_PER_CITY = 70
CITY_RADIUS_KM = 32.0
_KM_PER_DEGREE = 111.2


def clean(source: pl.DataFrame) -> pl.DataFrame:
    """Lines of goods sold to known shops, in source order, with whole pence, days and minutes.

    Dropped: bad-debt entries, stock codes that do not start with five digits (postage, fees,
    samples), lines without a customer, more than 600 pieces, prices outside 5 pence to 25 pounds,
    and the few Saturdays.
    """
    instant = pl.col("InvoiceDate")
    frame = source.with_row_index("row").select(
        "row",
        pl.col("InvoiceNo")
        .cast(pl.String)
        .str.strip_prefix("C")
        .cast(pl.Int32, strict=False)
        .alias("invoice"),
        pl.col("StockCode").cast(pl.String).str.to_uppercase().alias("code"),
        pl.col("CustomerID").alias("buyer"),
        (instant.dt.date() - EPOCH).dt.total_days().cast(pl.Int16).alias("day"),
        (instant.dt.hour().cast(pl.Int16) * 60 + instant.dt.minute()).alias("minute"),
        pl.col("Quantity").alias("quantity"),
        (pl.col("UnitPrice") * 100).round().cast(pl.Int32).alias("pence"),
        instant.dt.weekday().alias("weekday"),
    )
    return frame.filter(
        pl.col("invoice").is_not_null(),
        pl.col("code").str.contains(r"^\d{5}"),
        pl.col("buyer").is_not_null(),
        pl.col("quantity").abs().is_between(1, 600),
        pl.col("pence").is_between(5, 2_500),
        pl.col("weekday") != 6,
    ).drop("weekday")


def _ranked(lines: pl.DataFrame, key: str, count: int) -> pl.DataFrame:
    """The `count` busiest values of `key` with their rank; ties go to the smaller value."""
    tally = lines.group_by(key).len().sort(["len", key], descending=[True, False])
    return tally.head(count).select(key).with_row_index("rank")


def _shares(ranked: pl.DataFrame, second: int, name: str) -> pl.DataFrame:
    """Ranks dealt to distributor 0 (demo) and 1 (second), each numbered on without a gap."""
    is_second = (pl.col("rank") % SECOND_EVERY == 1) & (pl.col("rank") < second * SECOND_EVERY)
    dealt = ranked.with_columns(is_second.cast(pl.Int8).alias("distributor"))
    return dealt.sort("distributor", "rank").with_row_index(name)


def select(lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of both distributors; no outlet and no SKU is in both."""
    steady = lines.group_by("buyer").agg(pl.col("day").n_unique().alias("days"))
    lines = lines.join(steady.filter(pl.col("days") >= 12), on="buyer", how="semi")
    buyers = _shares(_ranked(lines, "buyer", OUTLETS), SECOND_OUTLETS, "customer")
    lines = lines.join(buyers, on="buyer", how="inner")
    goods = _shares(_ranked(lines, "code", SKUS), SECOND_SKUS, "stock")
    return lines.join(goods.select("code", "stock", "distributor"), on=["code", "distributor"], how="inner")


def without_stray_returns(lines: pl.DataFrame) -> pl.DataFrame:
    """Drops returns of pieces that the shop had not bought here before, in time order."""
    lines = lines.sort("day", "minute", "row")
    bought: dict[tuple[int, int], int] = {}
    kept: list[bool] = []
    for customer, stock, quantity in lines.select("customer", "stock", "quantity").iter_rows():
        balance = bought.get((customer, stock), 0) + quantity
        kept.append(balance >= 0)
        if balance >= 0:
            bought[customer, stock] = balance
    return lines.filter(pl.Series(kept))


def compact(lines: pl.DataFrame) -> pl.DataFrame:
    """The shipped columns in the narrowest types, lines numbered within their invoice."""
    number = pl.col("row").rank("ordinal").over("invoice").cast(pl.Int16).alias("line")
    return (
        lines.with_columns(number)
        .select(
            "distributor",
            "invoice",
            "line",
            pl.col("stock").cast(pl.Int16),
            pl.col("customer").cast(pl.Int16),
            "day",
            "minute",
            pl.col("quantity").cast(pl.Int16),
            pl.col("pence").cast(pl.Int16),
        )
        .sort("distributor", "invoice", "line")
    )


def places(directory: pl.DataFrame) -> pl.DataFrame:
    """Pincodes near each city: the median of their post offices' surveyed coordinates.

    Only offices whose coordinates stand as published (`geo_quality` original) count, and only
    pincodes whose offices lie within about 10 km of one another.
    """
    latitude, longitude = pl.col("latitude"), pl.col("longitude")
    surveyed = directory.filter(pl.col("geo_quality") == "original")
    by_code = surveyed.group_by("pincode").agg(
        pl.col("office_name").sort_by("delivery", "office_type", descending=[True, False]).first(),
        pl.col("district").drop_nulls().mode().sort().first(),
        pl.col("state").drop_nulls().mode().sort().first(),
        latitude.median(),
        longitude.median(),
        (latitude.max() - latitude.min() + longitude.max() - longitude.min()).alias("spread"),
    )
    tight = by_code.filter(pl.col("spread") < 0.1, pl.col("district").is_not_null())
    return pl.concat([_near(tight, city) for city in CITIES])


def _near(codes: pl.DataFrame, city: str) -> pl.DataFrame:
    """The pincodes of a city's State that lie closest to its centre."""
    lat, lon, state_code, state = CITIES[city]
    north = (pl.col("latitude") - lat) * _KM_PER_DEGREE
    east = (pl.col("longitude") - lon) * _KM_PER_DEGREE * 0.95
    distance = (north**2 + east**2).sqrt().alias("km")
    near = codes.filter(pl.col("state") == state).with_columns(distance)
    near = near.filter(pl.col("km") < CITY_RADIUS_KM).sort("km", "pincode").head(PINCODES_PER_CITY)
    suffix = r"\s+(SO|HO|BO|PO|S\.O|H\.O|B\.O|GPO)\s*(\(.*\))?$"
    return near.select(
        pl.lit(city).alias("city"),
        pl.col("pincode"),
        pl.col("office_name").str.replace(suffix, "").str.strip_chars().alias("place"),
        pl.col("district").str.to_titlecase(),
        pl.lit(state_code).alias("state_code"),
        pl.col("latitude").round(5).alias("lat"),
        pl.col("longitude").round(5).alias("lon"),
    )


def build(invoices: Path, directory: Path) -> None:
    """Write `wholesale.parquet` and `places.csv` beside this file."""
    lines = compact(without_stray_returns(select(clean(pl.read_parquet(invoices)))))
    target = DATA / "wholesale.parquet"
    lines.write_parquet(target, compression="zstd", compression_level=22, statistics=False)
    places(pl.read_parquet(directory)).write_csv(DATA / "places.csv")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("invoices", type=Path, help="Online Retail II as one parquet file")
    parser.add_argument("directory", type=Path, help="pincode directory as a parquet file")
    arguments = parser.parse_args()
    build(arguments.invoices, arguments.directory)
