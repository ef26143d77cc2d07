"""Rows in the binary form of COPY as records: numbers are written a column at a time.

What is the same in all rows (lengths, texts, a number for all) is laid down once and sent again and again.
Values of uneven lengths stand at the end of a row and are put in behind its record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

#: Rows laid out at a time: they stay where the processor reaches them quickly.
SLICE = 16_384
EPOCH_MICROSECONDS = 946_684_800_000_000  # 1 January 2000, from which Postgres counts
EPOCH_DAYS = 10_957
#: How Postgres writes what has one width, and what its zero is in ours.
WIDTHS = {
    "bigint": (">i8", 0), "double precision": (">f8", 0), "integer": (">i4", 0), "smallint": (">i2", 0),
    "boolean": ("u1", 0), "date": (">i4", EPOCH_DAYS), "timestamptz": (">i8", EPOCH_MICROSECONDS),
}  # fmt: skip

#: One number per row, one number or text for all of them, nothing in any, or one value of any length per row.
Record = np.ndarray[Any, Any] | str | int | None | list[bytes]


def are_records(columns: Mapping[str, object], types: Mapping[str, str]) -> bool:
    """Whether rows of these columns are records, those of uneven lengths last."""
    kinds = [columns[name] for name in types]
    uneven = [isinstance(column, list) for column in kinds]
    return uneven == sorted(uneven) and all(
        column is None or isinstance(column, np.ndarray | str | int | list) for column in kinds
    )


def records(columns: Mapping[str, Record], types: Mapping[str, str], rows: int) -> Iterator[bytes]:
    """So many rows as pieces of a COPY stream, without its head and end, in the order of `types`.

    Days are counted from 1970, instants in microseconds from 1970 in UTC; numbers are never null.
    """
    laid, moving = _laid_out(columns, types, min(rows, SLICE))
    uneven = [column for name in types if isinstance(column := columns[name], list)]
    for start in range(0, rows, SLICE):
        some = laid[: min(SLICE, rows - start)]
        for name, column, shift in moving:
            part = column[start : start + some.size]
            some[name] = part - shift if shift else part
        laid_out = some.tobytes()
        if uneven:
            ends = [column[start : start + some.size] for column in uneven]
            laid_out = _with_ends(laid_out, laid.itemsize, ends)
        yield laid_out


_Moving = list[tuple[str, np.ndarray[Any, Any], int]]


def _laid_out(
    columns: Mapping[str, Record], types: Mapping[str, str], rows: int
) -> tuple[np.ndarray[Any, Any], _Moving]:
    """Records with all that never changes, and what does: by name, with the day or instant that is zero."""
    fields, moving = [("count", ">i2")], []
    always: dict[str, bytes | int] = {"count": len(types)}
    for name, kind in types.items():
        column, (dtype, shift) = columns[name], WIDTHS.get(kind, ("", 0))
        if isinstance(column, list):
            continue
        value = column.encode() if isinstance(column, str) else column
        size = -1 if value is None else len(value) if isinstance(value, bytes) else np.dtype(dtype).itemsize
        fields.append((f"{name} size", ">i4"))
        always[f"{name} size"] = size
        if size > 0:
            fields.append((name, f"S{size}" if isinstance(value, bytes) else dtype))
        if isinstance(value, np.ndarray):
            moving.append((name, value, shift))
        elif size > 0:
            always[name] = value - shift if isinstance(value, int) else value  # type: ignore[assignment]
    laid = np.zeros(rows, fields)
    for name, constant in always.items():
        laid[name] = constant
    return laid, moving


def _with_ends(laid_out: bytes, width: int, ends: list[list[bytes]]) -> bytes:
    """Each record with the values at its end, and how long they are."""
    step = 1 + 2 * len(ends)
    pieces = [b""] * (len(laid_out) // width * step)
    pieces[::step] = [laid_out[at : at + width] for at in range(0, len(laid_out), width)]
    for place, values in enumerate(ends):
        sizes = list(map(len, values))
        heads = {size: size.to_bytes(4, "big") for size in set(sizes)}
        pieces[1 + 2 * place :: step] = map(heads.__getitem__, sizes)
        pieces[2 + 2 * place :: step] = values
    return b"".join(pieces)
