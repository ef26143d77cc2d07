"""Makes `data/pincodes.parquet` from the directory of post offices; run by hand when a new one is out."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

from vyapar.law.states import all_states

#: Names in the directory that the State master writes otherwise.
_OTHERWISE = {
    "THE DADRA AND NAGAR HAVELI AND DAMAN AND DIU": "26",
    "JAMMU AND KASHMIR": "01",
    "ANDAMAN AND NICOBAR ISLANDS": "35",
    "ANDHRA PRADESH": "37",
    "LADAKH": "38",
    "ODISHA": "21",
    "DELHI": "07",
    "PUDUCHERRY": "34",
    "TELANGANA": "36",
}


def shrink(offices: pl.DataFrame) -> pl.DataFrame:
    """One row a pincode, in order: pincode, state_code, latitude, longitude (null where unknown)."""
    codes = {state.name.upper(): code for code, state in all_states().items() if not state.legacy}
    named = offices.with_columns(
        pl.col("state").replace_strict({**codes, **_OTHERWISE}, default=None).alias("state_code")
    )
    states = (
        named.drop_nulls("state_code").group_by("pincode").agg(pl.col("state_code").mode().sort().first())
    )
    sure = named.filter(pl.col("geo_quality") == "original").group_by("pincode").agg(
        pl.col("latitude").median().round(2).cast(pl.Float32),
        pl.col("longitude").median().round(2).cast(pl.Float32),
    )  # fmt: skip
    found = states.join(sure, on="pincode", how="left").sort("pincode")
    return found.select(pl.col("pincode").cast(pl.UInt32), "state_code", "latitude", "longitude")


def main(source: str) -> None:
    target = Path(__file__).parent / "data" / "pincodes.parquet"
    shrink(pl.read_parquet(source)).write_parquet(target, compression="zstd", compression_level=19)


if __name__ == "__main__":
    main(sys.argv[1])
