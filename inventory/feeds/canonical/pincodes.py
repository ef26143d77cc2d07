"""Where Indian pincodes lie: their State and, roughly, their place on the map."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from io import BytesIO

import polars as pl


@cache
def pincodes() -> pl.DataFrame:
    """Every known pincode, once: pincode (text), state_code, latitude, longitude (degrees, or null)."""
    body = (files("inventory.feeds.canonical") / "data" / "pincodes.parquet").read_bytes()
    frame = pl.read_parquet(BytesIO(body))
    return frame.with_columns(
        pl.col("pincode").cast(pl.String), pl.col("latitude", "longitude").cast(pl.Float64).round(2)
    )


def locate(codes: pl.Series) -> pl.DataFrame:
    """A row for each code in order: pin_state, pin_latitude, pin_longitude; null where unknown.

    A pincode without coordinates lies where its neighbours of the same first three digits do.
    """
    districts = pincodes().group_by(pl.col("pincode").str.slice(0, 3).alias("area")).agg(
        pl.col("latitude", "longitude").median()
    )  # fmt: skip
    asked = codes.alias("pincode").to_frame().with_columns(pl.col("pincode").str.slice(0, 3).alias("area"))
    found = asked.join(pincodes(), on="pincode", how="left", maintain_order="left").join(
        districts, on="area", how="left", maintain_order="left", suffix="_area"
    )
    return found.select(
        pl.col("state_code").alias("pin_state"),
        pl.coalesce("latitude", "latitude_area").alias("pin_latitude"),
        pl.coalesce("longitude", "longitude_area").alias("pin_longitude"),
    )


@cache
def middle_of_state(state_code: str) -> tuple[float, float]:
    """Where the pincodes of a State lie on the whole; the middle of India for a code without any."""
    mine = pincodes().filter(pl.col("state_code") == state_code)
    lat, lon = (
        (mine if mine.height else pincodes()).select(pl.median("latitude"), pl.median("longitude")).row(0)
    )
    return round(float(lat), 2), round(float(lon), 2)
