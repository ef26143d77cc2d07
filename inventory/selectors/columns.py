"""Whole columns out of Postgres as arrays: binary COPY, read as records of fixed width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

_HEADER = 19  # signature, flags, length of the extension area
_TRAILER = 2
_KINDS = {"int": ("bigint", ">i8"), "float": ("double precision", ">f8")}


def read_columns(sql: str, columns: Mapping[str, str], values: Sequence[Any] = ()) -> dict[str, NDArray[Any]]:
    """The answer to `sql` as one array per column; `columns`: name -> `int` or `float`, in order.

    No value may be null: whoever asks says what stands for nothing. Ten times faster than rows,
    because nothing becomes a Python object on the way.
    """
    fields: list[tuple[str, str]] = [("count", ">i2")]
    for name, kind in columns.items():
        fields += [(f"{name} size", ">i4"), (name, _KINDS[kind][1])]
    record = np.dtype(fields)
    casts = ", ".join(f'"{name}"::{_KINDS[kind][0]}' for name, kind in columns.items())
    names = ", ".join(f'"{name}"' for name in columns)
    statement = _COPY.format(casts=casts, sql=sql, names=names)
    # the driver's own cursor: Django's debugging one takes no values for COPY
    with connection.cursor() as cursor, cursor.cursor.copy(statement, list(values)) as pipe:
        body = b"".join(bytes(part) for part in pipe)
    table = np.frombuffer(body, dtype=record, offset=_HEADER, count=_count(body, record))
    return {
        name: table[name].astype(np.int64 if kind == "int" else np.float64) for name, kind in columns.items()
    }


_COPY = "COPY (SELECT {casts} FROM ({sql}) AS asked ({names})) TO STDOUT (FORMAT BINARY)"


def _count(body: bytes, record: np.dtype[Any]) -> int:
    count, rest = divmod(len(body) - _HEADER - _TRAILER, record.itemsize)
    if rest:
        raise ValueError("a column has nulls or another width")
    return count


def positions_of(keys: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each of `wanted` stands in `keys`; -1 where it does not. `keys` in any order, unique."""
    if keys.size == 0:
        return np.full(wanted.shape, -1, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    place = np.searchsorted(keys[order], wanted)
    place = np.minimum(place, keys.size - 1)
    found = order[place]
    return np.where(keys[found] == wanted, found, -1)
