"""Rows of one width in the binary form of COPY: records whose numbers are written a column at a time.

What is the same in all rows (lengths, texts, a number for all) is laid down once and sent again and again.
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

#: One number per row, one number or text for all of them, or nothing in any.
Even = np.ndarray[Any, Any] | str | int | None


def is_even(column: object) -> bool:
    """Whether a column takes the same room in every row."""
    return column is None or isinstance(column, np.ndarray | str | int)


def records(columns: Mapping[str, Even], types: Mapping[str, str], rows: int) -> Iterator[bytes]:
    """So many rows as pieces of a COPY stream, without its head and end, in the order of `types`.

    Days are counted from 1970, instants in microseconds from 1970 in UTC; numbers are never null.
    """
    fields, moving = [("count", ">i2")], []
    always: dict[str, bytes | int] = {"count": len(types)}
    for name, kind in types.items():
        column, (dtype, shift) = columns[name], WIDTHS.get(kind, ("", 0))
        value = column.encode() if isinstance(column, str) else column
        size = -1 if value is None else len(value) if isinstance(value, bytes) else np.dtype(dtype).itemsize
        fields.append((f"{name} size", ">i4"))
        always[f"{name} size"] = size
        if size > 0:
            fields.append((name, f"S{size}" if isinstance(value, bytes) else dtype))
        if isinstance(value, np.ndarray):
            moving.append((name, value, shift))
        elif isinstance(value, bytes) and value:
            always[name] = value
        elif isinstance(value, int):
            always[name] = value - shift
    laid = np.zeros(min(rows, SLICE), fields)
    for name, value in always.items():
        laid[name] = value
    for start in range(0, rows, SLICE):
        some = laid[: min(SLICE, rows - start)]
        for name, column, shift in moving:
            part = column[start : start + some.size]
            some[name] = part - shift if shift else part
        yield some.tobytes()
