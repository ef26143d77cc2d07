"""Frames and arrays in the binary forms of Postgres, written column by column, without an object per row."""

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
    frame = frame.select(_cast(name, kind, frame.schema[name]) for name, kind in types.items())
    for start in range(0, frame.height, _SLICE):
        part = frame.slice(start, _SLICE)
        yield _rows([_CELLS[kind](part[name]) for name, kind in types.items()])
    yield _END


def _cast(name: str, kind: str, given: Any) -> pl.Expr:
    """A column in the type its cells are made of; bytes, and texts that are numbered, stay as they are."""
    as_is = isinstance(given, (pl.Binary, pl.Enum))
    return pl.col(name) if as_is else pl.col(name).cast(_KINDS[kind])


def can_encode(types: Mapping[str, str]) -> bool:
    """Whether every one of these types has a binary form here."""
    return set(types.values()) <= set(_CELLS)


class Packed(bytes):
    """An array in the binary form in which Postgres takes values."""


def pack(column: pl.Series, kind: str = "") -> Packed:
    """A column as an array, to be cast by the query: whole numbers, days, instants in UTC.

    Numbers are bigint but for Int32, which is integer; `kind` names the Postgres type where the column's own
    does not say it (see `encode`).
    """
    kind = kind or _kind_of(column)
    head = np.array([1 if len(column) else 0, 1, _OIDS[kind]], ">i4")
    if not len(column):
        return Packed(head.tobytes())
    cells = _CELLS[kind](column.cast(_KINDS[kind]))
    ends = np.array([len(column), 1], ">i4")
    return Packed(head.tobytes() + ends.tobytes() + _side_by_side([cells], b""))


_OIDS = {"bigint": 20, "integer": 23, "date": 1082, "timestamptz": 1184, "bytea": 17, "text": 25}


def _kind_of(column: pl.Series) -> str:
    if column.dtype.is_integer():
        return "integer" if column.dtype == pl.Int32 else "bigint"
    return "date" if column.dtype == pl.Date else "timestamptz"


def _rows(columns: list[_Cells]) -> bytes:
    return _side_by_side(columns, len(columns).to_bytes(2, "big"))


def _side_by_side(columns: list[_Cells], head: bytes) -> bytes:
    """Rows, each with a head, laid out with room for the widest value of each column, then closed up."""
    rows, at = len(columns[0].sizes), len(head)
    width = at + sum(4 + cells.body.shape[1] for cells in columns)
    laid = np.empty((rows, width), np.uint8)
    laid[:, :at] = np.frombuffer(head, np.uint8)
    gaps: list[tuple[int, _Cells]] = []
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
    if isinstance(series.dtype, pl.Enum):
        return _numbered(series)
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


def _numbered(series: pl.Series) -> _Cells:
    """Texts of a few kinds, none of them null: each kind is encoded once."""
    kinds = [one.encode() for one in series.dtype.categories.to_list()]  # type: ignore[attr-defined]
    codes = series.to_physical().to_numpy()
    sizes = np.array([len(one) for one in kinds], np.int32)[codes]
    widest = int(sizes.max(initial=0))
    table = np.frombuffer(b"".join(one[:widest].ljust(widest, b"\0") for one in kinds), np.uint8)
    return _Cells(table.reshape(len(kinds), widest)[codes], sizes)


def _jsonb(series: pl.Series) -> _Cells:
    """Its text after a byte that names the version of the format."""
    return _text(pl.select(pl.lit("\x01") + series).to_series())


def _uuid(series: pl.Series) -> _Cells:
    digits = series.str.replace_all("-", "", literal=True).fill_null("0" * 32)
    blob = unhexlify("".join(digits.to_list()))
    return _Cells(np.frombuffer(blob, np.uint8).reshape(len(series), 16), _sizes(series, 16))


def _bytea(series: pl.Series) -> _Cells:
    if isinstance(series.dtype, pl.Binary):
        return _bytes(series)
    sizes = (series.str.len_bytes().cast(pl.Int32) // 2).fill_null(-1).to_numpy()
    widest = max(0, int(sizes.max(initial=0)))
    blob = unhexlify("".join(series.fill_null("").str.pad_end(2 * widest, "0").to_list()))
    return _Cells(np.frombuffer(blob, np.uint8).reshape(len(series), widest), sizes)


def _bytes(series: pl.Series) -> _Cells:
    sizes = series.bin.size().cast(pl.Int32).fill_null(-1).to_numpy()
    widest = max(0, int(sizes.max(initial=0)))
    body = np.zeros((len(series), widest), np.uint8)
    if not widest:
        return _Cells(body, sizes)
    body[np.arange(widest) < sizes[:, None]] = np.frombuffer(b"".join(series.drop_nulls()), np.uint8)
    return _Cells(body, sizes)


_CELLS: dict[str, Callable[[pl.Series], _Cells]] = {
    "bigint": _fixed(">i8"),
    "double precision": _fixed(">f8"),
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
    "double precision": pl.Float64,
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
