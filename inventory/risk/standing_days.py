"""What stood at outlets on one day as one body: small, read in milliseconds, summed by any cut."""

from __future__ import annotations

import io
from collections.abc import Sequence

import polars as pl

#: What sums of stock at outlets can be cut by. `age`: number of the band of days since it was last bought.
CUTS = ("territory", "outlet", "category", "brand", "age", "cause", "beat")
MEASURES = ("expected_paise", "pieces", "items")
_KINDS: dict[str, pl.DataType] = {
    **{name: pl.String() for name in CUTS},
    "age": pl.Int64(),
    **{name: pl.Int64() for name in MEASURES},
}


def pack_day(cells: pl.DataFrame) -> bytes:
    """A day's cells, one row for each combination of `CUTS`, as a body that `sum_day` reads."""
    body = io.BytesIO()
    frame = cells.select(pl.col(name).cast(kind) for name, kind in _KINDS.items())
    frame.sort(CUTS).write_parquet(body, compression="zstd")
    return body.getvalue()


def sum_day(body: bytes, by: Sequence[str]) -> pl.DataFrame:
    """Sums of `MEASURES` by some of `CUTS`, sorted by them; without a cut, one row."""
    sums = [pl.col(name).sum() for name in MEASURES]
    frame = pl.read_parquet(io.BytesIO(body), columns=[*by, *MEASURES])
    return frame.group_by(*by).agg(sums).sort(by) if by else frame.select(sums)
