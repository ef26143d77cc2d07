"""Frames in the binary form of Postgres' COPY, written column by column, without an object per row."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"
#: Rows encoded at a time: the widest text of a slice decides how much room each of its rows gets.
_SLICE = 16_384
_EPOCH_MICROSECONDS = 946_684_800_000_000  # 1 January 2000, from which Postgres counts
_EPOCH_DAYS = 10_957


@dataclass(frozen=True, slots=True)
class _Cells:
    """A column's values side by side: `(rows, width)` bytes, and how many of them count; -1 is null."""

    body: Bytes
    sizes: np.ndarray[Any, np.dtype[np.int32]]


def encode(frame: pl.DataFrame, types: Mapping[str, str]) -> Iterator[bytes]:
    """`frame` as pieces of one COPY stream, its columns in the order of `types`.

    `types` names Postgres types: bigint, integer, smallint, boolean, date, timestamptz (instants in UTC),
    text (also for varchar), jsonb (its text), uuid (its text) and bytea (its hexadecimal digits).
    """
    yield _HEAD
    frame = frame.select(pl.col(name).cast(_KINDS[kind]) for name, kind in types.items())
    for start in range(0, frame.height, _SLICE):
        part = frame.slice(start, _SLICE)
        yield _rows([_CELLS[kind](part[name]) for name, kind in types.items()])
    yield _END


def can_encode(types: Mapping[str, str]) -> bool:
    """Whether every one of these types has a binary form here."""
    return set(types.values()) <= set(_CELLS)


def _rows(columns: list[_Cells]) -> bytes:
    """Rows laid out with room for the widest value of each column, then closed up."""
    rows = len(columns[0].sizes)
    width = 2 + sum(4 + cells.body.shape[1] for cells in columns)
    laid = np.empty((rows, width), np.uint8)
    laid[:, :2] = np.frombuffer(len(columns).to_bytes(2, "big"), np.uint8)
    gaps: list[tuple[int, _Cells]] = []
    at = 2
    for cells in columns:
        laid[:, at : at + 4] = cells.sizes.astype(">i4").view(np.uint8).reshape(rows, 4)
        at += 4
        wide = cells.body.shape[1]
        laid[:, at : at + wide] = cells.body
        if wide and not (cells.sizes == wide).all():
            gaps.append((at, cells))
        at += wide
    if not gaps:
        return laid.tobytes()
    kept = np.ones((rows, width), np.bool_)
    for start, cells in gaps:
        wide = cells.body.shape[1]
        kept[:, start : start + wide] = np.arange(wide) < cells.sizes[:, None]
    return laid[kept].tobytes()


# --- columns -------------------------------------------------------------------------------


def _fixed(dtype: str, shift: int = 0) -> Callable[[pl.Series], _Cells]:
    width = np.dtype(dtype).itemsize

    def cells(series: pl.Series) -> _Cells:
        sizes = _sizes(series, width)
        physical = series.to_physical()
        values = (physical.fill_null(0) if series.null_count() else physical).to_numpy()
        turned = (values - shift if shift else values).astype(dtype)
        return _Cells(turned.view(np.uint8).reshape(len(series), width), sizes)

    return cells


def _sizes(series: pl.Series, width: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    sizes = np.full(len(series), width, np.int32)
    if series.null_count():
        sizes[series.is_null().to_numpy()] = -1
    return sizes


def _text(series: pl.Series) -> _Cells:
    if len(series) > 1 and series.n_unique() == 1 and series[0] is not None:  # the same in every row
        one = np.frombuffer(series[0].encode(), np.uint8)
        return _Cells(np.broadcast_to(one, (len(series), len(one))), np.full(len(series), len(one), np.int32))
    sizes = series.str.len_bytes().cast(pl.Int32).fill_null(-1).to_numpy()
    widest = max(0, int(sizes.max(initial=0)))
    filled = series.fill_null("")
    if filled.str.len_bytes().equals(filled.str.len_chars()):
        blob = "".join(filled.str.pad_end(widest, "\0").to_list()).encode()
    else:  # characters and bytes differ: padded as hexadecimal digits
        digits = filled.cast(pl.Binary).bin.encode("hex").str.pad_end(2 * widest, "0")
        blob = unhexlify("".join(digits.to_list()))
    return _Cells(np.frombuffer(blob, np.uint8).reshape(len(series), widest), sizes)


def _jsonb(series: pl.Series) -> _Cells:
    """Its text after a byte that names the version of the format."""
    return _text(pl.select(pl.lit("\x01") + series).to_series())


def _uuid(series: pl.Series) -> _Cells:
    digits = series.str.replace_all("-", "", literal=True).fill_null("0" * 32)
    blob = unhexlify("".join(digits.to_list()))
    return _Cells(np.frombuffer(blob, np.uint8).reshape(len(series), 16), _sizes(series, 16))


def _bytea(series: pl.Series) -> _Cells:
    sizes = (series.str.len_bytes().cast(pl.Int32) // 2).fill_null(-1).to_numpy()
    widest = max(0, int(sizes.max(initial=0)))
    blob = unhexlify("".join(series.fill_null("").str.pad_end(2 * widest, "0").to_list()))
    return _Cells(np.frombuffer(blob, np.uint8).reshape(len(series), widest), sizes)


_CELLS: dict[str, Callable[[pl.Series], _Cells]] = {
    "bigint": _fixed(">i8"),
    "integer": _fixed(">i4"),
    "smallint": _fixed(">i2"),
    "boolean": _fixed("u1"),
    "date": _fixed(">i4", _EPOCH_DAYS),
    "timestamptz": _fixed(">i8", _EPOCH_MICROSECONDS),
    "text": _text,
    "jsonb": _jsonb,
    "uuid": _uuid,
    "bytea": _bytea,
}
_KINDS: dict[str, Any] = {
    "bigint": pl.Int64,
    "integer": pl.Int32,
    "smallint": pl.Int16,
    "boolean": pl.Boolean,
    "date": pl.Date,
    "timestamptz": pl.Datetime("us", "UTC"),
    "text": pl.String,
    "jsonb": pl.String,
    "uuid": pl.String,
    "bytea": pl.String,
}
