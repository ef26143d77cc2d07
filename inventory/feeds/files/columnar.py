"""Parquet: columns as text, a slice of rows in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from inventory.contracts.feeds import Uncovered
from inventory.feeds.files.limits import Limits, in_words, refuse
from inventory.feeds.files.panics import parsing
from inventory.feeds.files.table import ROW, Chunk, character_faults, unique_names
from vyapar.kernel.phrases import phrase as _

_SAMPLE = 200


class Parquet:
    """A Parquet file as a table. Nested and binary columns are not taken; rows count from 1."""

    name = ""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path, self._limits = path, limits
        with parsing("parquet"):
            schema = pl.read_parquet_schema(path)
            self._height: int = pl.scan_parquet(path).select(pl.len()).collect().item()
        unique_names(list(schema), limits)
        nested = [name for name, kind in schema.items() if kind.is_nested() or kind in (pl.Binary, pl.Object)]
        self.notes = [Uncovered(name, self._height, _("a nested or binary column")) for name in nested]
        self._kinds = {name: kind for name, kind in schema.items() if name not in nested}
        self.header = tuple(name for name in self._kinds if name != ROW)
        if not self._height or not self.header:
            refuse("no_rows", _("there are no rows in this file"))
        self.count = -(-self._height // limits.rows)
        first = self._slice(0, _SAMPLE)
        self.sample: Sequence[Sequence[str | None]] = first.drop(ROW).rows()

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """See `Table`; skipped chunks are not read."""
        size, step = self._path.stat().st_size, self._limits.rows
        for number in range(skip, self.count):
            rows = self._slice(number * step, step)
            done = min((number + 1) * step, self._height)
            yield Chunk(rows, size * done // self._height, character_faults(rows))

    def _slice(self, start: int, length: int) -> pl.DataFrame:
        with parsing("parquet"):
            rows = pl.scan_parquet(self._path).select(self.header).slice(start, length).collect()
            longest = (
                rows.select(
                    pl.max_horizontal(pl.col(pl.String, pl.Categorical).cast(pl.String).str.len_bytes().max())
                )
                if any(kind == pl.String for kind in rows.dtypes)
                else None
            )
            if longest is not None and (longest.item() or 0) > self._limits.record:
                refuse(
                    "record_too_long",
                    _("a cell is longer than %(size)s", size=in_words(self._limits.record)),
                )
            texts = [_text(name, rows.schema[name]).alias(name) for name in self.header]
            rows = rows.select(
                pl.int_range(start + 1, start + 1 + rows.height, dtype=pl.Int64).alias(ROW), *texts
            )
        return rows.with_columns(pl.col(pl.String).replace("", None))


def _text(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as text, in the forms the other readers give."""
    value = pl.col(name)
    if kind.is_float():
        whole = (value == value.round(0)) & (value.abs() < 1e15)
        return (
            pl.when(whole)
            .then(value.cast(pl.Int64, strict=False).cast(pl.String))
            .otherwise(value.cast(pl.String))
        )
    if isinstance(kind, pl.Datetime):
        zone = "%:z" if kind.time_zone else ""
        return value.dt.strftime(f"%Y-%m-%dT%H:%M:%S%.f{zone}")
    return value.cast(pl.String)
