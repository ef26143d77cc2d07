"""Frames and arrays in the binary forms of Postgres, written column by column, without an object per row."""

from __future__ import annotations

from binascii import unhexlify
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from inventory.services.groups import group, keys_of
from inventory.services.records import WIDTHS, are_records, records

Bytes = np.ndarray[Any, np.dtype[np.uint8]]

_HEAD = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_END = b"\xff\xff"
#: Rows encoded at a time: the widest text of a slice decides how much room each of its rows gets.
_SLICE = 16_384


Sizes = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True, slots=True)
class Strung:
    """Values of a text or bytea column one behind the other, and how many bytes each has."""

    blob: bytes
    sizes: Sizes

    def where(self, keep: np.ndarray[Any, np.dtype[np.bool_]]) -> Strung:
        """Those that are kept."""
        bytes_kept = np.frombuffer(self.blob, np.uint8)[np.repeat(keep, self.sizes)]
        return Strung(bytes_kept.tobytes(), self.sizes[keep])


@dataclass(frozen=True, slots=True)
class Chosen:
    """A column that has one of a few texts in each row."""

    texts: tuple[str, ...]
    which: np.ndarray[Any, np.dtype[np.int64]]


#: A column that need be none of a frame: numbers as they are, one text or number for all rows, nothing in
#: any, or (beside such columns alone, and last) bytes of any length.
Column = pl.Series | np.ndarray[Any, Any] | Strung | Chosen | str | int | None | list[bytes]


@dataclass(frozen=True, slots=True)
class _Cells:
    """A column's values side by side: `(rows, width)` bytes, and how many of them count; -1 is null."""

    body: Bytes
    sizes: Sizes

    @property
    def width(self) -> int:
        return int(self.body.shape[1])

    @property
    def uneven(self) -> bool:
        """Whether values differ in length."""
        return bool((self.sizes != self.sizes[0]).any()) or self.width != max(0, int(self.sizes[0]))

    def among(self, places: np.ndarray[Any, np.dtype[np.intp]]) -> _Cells:
        """Those of some rows, all of them of one length."""
        sizes = self.sizes[places]
        return _Cells(self.body[places, : max(0, int(sizes[0]))], sizes)


def encode(frame: pl.DataFrame, types: Mapping[str, str], *, in_order: bool = True) -> Iterator[bytes]:
    """`frame` as pieces of one COPY stream, its columns in the order of `types`.

    Where rows need not keep their order, those of one length travel together, which costs less.

    `types` names Postgres types: bigint, integer, smallint, boolean, date, timestamptz (instants in UTC),
    text (also for varchar), jsonb (its text), uuid (its text) and bytea (its hexadecimal digits).
    """
    yield _HEAD
    frame = frame.select(_cast(name, kind, frame.schema[name]) for name, kind in types.items())
    for start in range(0, frame.height, _SLICE):
        part = frame.slice(start, _SLICE)
        cells = [_of_column(part[name], kind, part.height) for name, kind in types.items()]
        yield from [_rows(cells)] if in_order else map(_rows, _alike(cells))
    yield _END


def encode_columns(columns: Mapping[str, Column], types: Mapping[str, str], rows: int) -> Iterator[bytes]:
    """As `encode`, of so many rows whose columns stand by themselves (see `Column`)."""
    yield _HEAD
    if are_records(columns, types):
        yield from records(columns, types, rows)  # type: ignore[arg-type]  # asked just before
    else:
        for start in range(0, rows, _SLICE):
            end = min(start + _SLICE, rows)
            parts = {name: _part(columns[name], start, end) for name in types}
            yield _rows([_of_column(parts[name], kind, end - start) for name, kind in types.items()])
    yield _END


def _part(column: Column, start: int, end: int) -> Column:
    """A column's values from one row to before another."""
    if column is None or isinstance(column, (str, int)):
        return column
    if isinstance(column, Strung):
        ends = np.concatenate([[0], np.cumsum(column.sizes, dtype=np.int64)])
        return Strung(column.blob[ends[start] : ends[end]], column.sizes[start:end])
    if isinstance(column, Chosen):
        return Chosen(column.texts, column.which[start:end])
    return column[start:end]


def _of_column(column: Column, kind: str, rows: int) -> _Cells:
    if column is None or (isinstance(column, pl.Series) and column.null_count() == rows):
        return _Cells(np.empty((rows, 0), np.uint8), np.full(rows, -1, np.int32))
    if isinstance(column, str):
        one = np.frombuffer(column.encode(), np.uint8)
        return _Cells(np.broadcast_to(one, (rows, len(one))), np.full(rows, len(one), np.int32))
    if isinstance(column, int):
        column = np.broadcast_to(np.int64(column), rows)
    if isinstance(column, list):
        column = Strung(b"".join(column), np.array([len(one) for one in column], np.int32))
    if isinstance(column, Strung):
        return _strung(column)
    if isinstance(column, Chosen):
        return _chosen(column.texts, column.which)
    if isinstance(column, np.ndarray):
        dtype, shift = WIDTHS[kind]
        return _Cells(_turned(column, dtype, shift), np.full(rows, np.dtype(dtype).itemsize, np.int32))
    return _CELLS[kind](
        column if isinstance(column.dtype, (pl.Binary, pl.Enum)) else column.cast(_KINDS[kind])
    )


def _cast(name: str, kind: str, given: Any) -> pl.Expr:
    """A column in the type its cells are made of; bytes, and texts that are numbered, stay as they are."""
    as_is = isinstance(given, (pl.Binary, pl.Enum))
    return pl.col(name) if as_is else pl.col(name).cast(_KINDS[kind])


def can_encode(types: Mapping[str, str]) -> bool:
    """Whether every one of these types has a binary form here."""
    return set(types.values()) <= set(_CELLS)


class Packed(bytes):
    """An array in the binary form in which Postgres takes values."""


def pack(column: pl.Series | np.ndarray[Any, Any] | Strung, kind: str = "") -> Packed:
    """A column as an array, to be cast by the query: whole numbers, days, instants in UTC.

    Numbers are bigint but for Int32, which is integer; `kind` names the Postgres type where the column's own
    does not say it (see `encode`).
    """
    kind = kind or _kind_of(column)
    rows = len(column.sizes) if isinstance(column, Strung) else len(column)
    head = np.array([1 if rows else 0, 1, _OIDS[kind]], ">i4")
    if not rows:
        return Packed(head.tobytes())
    ends = np.array([rows, 1], ">i4")
    cells = _of_column(column, kind, rows)
    return Packed(head.tobytes() + ends.tobytes() + _side_by_side([cells], b""))


_OIDS = {"bigint": 20, "integer": 23, "date": 1082, "timestamptz": 1184, "bytea": 17, "text": 25}


def _kind_of(column: pl.Series | np.ndarray[Any, Any] | Strung) -> str:
    if not isinstance(column, pl.Series):
        return "bytea" if isinstance(column, Strung) else "bigint"
    if column.dtype.is_integer():
        return "integer" if column.dtype == pl.Int32 else "bigint"
    return "date" if column.dtype == pl.Date else "timestamptz"


def _rows(columns: list[_Cells]) -> bytes:
    return _side_by_side(columns, len(columns).to_bytes(2, "big"))


#: With more lengths of rows than this they are not told apart.
_LENGTHS = 16


def _alike(columns: list[_Cells]) -> Iterator[list[_Cells]]:
    """Rows whose values have the same lengths, part by part; all as they are when they differ too much."""
    uneven = [cells.sizes.astype(np.int64) for cells in columns if cells.uneven]
    if not uneven:
        yield columns
        return
    alike = group(keys_of(*uneven).of(*uneven))
    if len(alike) > _LENGTHS:
        yield columns
        return
    for start, size in zip(alike.starts.tolist(), alike.sizes.tolist(), strict=True):
        mine = alike.order[start : start + size]
        yield [cells.among(mine) for cells in columns]


def _side_by_side(columns: list[_Cells], head: bytes) -> bytes:
    """Rows, each with a head, laid out with room for the widest value of each column, then closed up."""
    rows = len(columns[0].sizes)
    first = b"".join(
        int(cells.sizes[0]).to_bytes(4, "big", signed=True) + bytes(cells.width) for cells in columns
    )
    laid = np.empty((rows, len(head) + len(first)), np.uint8)
    laid[:] = np.frombuffer(head + first, np.uint8)
    at, gaps = len(head), []
    for cells in columns:
        if cells.uneven:
            laid[:, at : at + 4] = cells.sizes.astype(">i4").view(np.uint8).reshape(rows, 4)
            gaps.append((at + 4, cells))
        at += 4 + cells.width
        if cells.width:
            laid[:, at - cells.width : at] = cells.body
    if not gaps:
        return laid.tobytes()
    kept = np.ones(laid.shape, np.bool_)
    for start, cells in gaps:
        kept[:, start : start + cells.width] = np.arange(cells.width) < cells.sizes[:, None]
    return laid[kept].tobytes()


# --- columns -------------------------------------------------------------------------------


def _fixed(dtype: str, shift: int = 0) -> Callable[[pl.Series], _Cells]:
    width = np.dtype(dtype).itemsize

    def cells(series: pl.Series) -> _Cells:
        sizes = _sizes(series, width)
        physical = series.to_physical()
        values = (physical.fill_null(0) if series.null_count() else physical).to_numpy()
        return _Cells(_turned(values, dtype, shift), sizes)

    return cells


def _turned(values: np.ndarray[Any, Any], dtype: str, shift: int) -> Bytes:
    """Numbers in the order of bytes and from the day on which Postgres counts."""
    turned = (values - shift if shift else values).astype(dtype)
    return turned.view(np.uint8).reshape(len(values), np.dtype(dtype).itemsize)


def _strung(column: Strung) -> _Cells:
    widest = max(0, int(column.sizes.max(initial=0)))
    body = np.zeros((len(column.sizes), widest), np.uint8)
    if widest:
        body[np.arange(widest) < column.sizes[:, None]] = np.frombuffer(column.blob, np.uint8)
    return _Cells(body, column.sizes)


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
    """Texts of a few kinds, none of them null."""
    kinds = series.dtype.categories.to_list()  # type: ignore[attr-defined]
    return _chosen(kinds, series.to_physical().to_numpy())


def _chosen(texts: Sequence[str], codes: np.ndarray[Any, Any]) -> _Cells:
    """Each text is encoded once."""
    kinds = [one.encode() for one in texts]
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
    **{kind: _fixed(*width) for kind, width in WIDTHS.items()},
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
