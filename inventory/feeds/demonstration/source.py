"""Reads the files under `data/`: real invoice lines, places, goods and their makers."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files

import polars as pl

from inventory.feeds.demonstration.shapes import Distributor

_DATA = files("inventory.feeds.demonstration") / "data"
_NUMBER: dict[Distributor, int] = {"demo": 0, "second": 1}


@cache
def _wholesale() -> pl.DataFrame:
    with as_file(_DATA / "wholesale.parquet") as path:
        return pl.read_parquet(path, memory_map=False)


@cache
def _csv(name: str) -> pl.DataFrame:
    text = (_DATA / name).read_bytes()
    return pl.read_csv(text, schema_overrides={"state_code": pl.String, "hsn": pl.String})


def lines(distributor: Distributor) -> pl.DataFrame:
    """Invoice lines of one distributor, ordered by invoice and line.

    Columns invoice, line, stock, customer, day (number), minute, quantity (negative: a return),
    pence. `stock` and `customer` number the goods and shops of both distributors without overlap.
    """
    return _wholesale().filter(pl.col("distributor") == _NUMBER[distributor]).drop("distributor")


def places() -> pl.DataFrame:
    """Pincodes near each city, nearest to its centre first.

    Columns city, pincode, place, district, state_code, lat, lon.
    """
    return _csv("places.csv").with_columns(pl.col("pincode").cast(pl.String))


def products() -> pl.DataFrame:
    """Kinds of goods with HSN, rate item, shelf life, usual price per gram, variants and weight."""
    return _csv("products.csv")


def suppliers() -> pl.DataFrame:
    """Invented makers with PAN, State, the departments they serve and their brands."""
    return _csv("suppliers.csv")
