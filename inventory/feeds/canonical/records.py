"""Records as frames: whatever their values are, columns of mixed types become text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.table import canonical_names


def from_json(body: bytes, kind: RecordKind = RecordKind.SALES) -> pl.DataFrame:
    """A JSON array of records in the API's names as a frame in canonical columns.

    Raises `ValueError` when it is not an array of objects.
    """
    try:
        frame = pl.read_json(body, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        records = orjson.loads(body)
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            raise ValueError("write a JSON array of records") from None
        frame = frame_of_records(records)
    back = canonical_names(kind)
    return frame.rename({name: back[name] for name in frame.columns if name in back})


def frame_of_records(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Records as a frame whatever their values are: columns of mixed types become text."""
    names = list(dict.fromkeys(name for record in records for name in record))
    return pl.DataFrame([_column(name, [r.get(name) for r in records]) for name in names])


def _column(name: str, values: list[Any]) -> pl.Series:
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return pl.Series(name, [_loose(value) for value in values], dtype=pl.String)


def _loose(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    try:
        return orjson.dumps(value, default=str).decode()
    except (TypeError, orjson.JSONEncodeError):
        return str(value)
