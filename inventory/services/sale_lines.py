"""Reading sales lines: forms forgiven, rules checked column by column, every fault with its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import orjson
import polars as pl

from vyapar.kernel.errors import Fault

#: Names at the API (the design document's Sales Transaction) of the canonical columns.
API_NAMES = {
    "transaction_id": "transactionId",
    "line": "line",
    "retailer_id": "retailerId",
    "sku": "sku",
    "quantity": "quantity",
    "unit_price": "unitPrice",
    "unit_price_paise": "unitPrice",
    "timestamp": "timestamp",
    "territory": "territory",
    "gst_details": "gstDetails",
}
MAX_QUANTITY = 100_000
MAX_PRICE_PAISE = 1_00_00_000_00
#: Clocks of tills may run ahead by so much; sales older than this many days belong in no feed.
CLOCK_SKEW = timedelta(minutes=5)
OLDEST_DAYS = 3_660
MAX_TEXT = 64

_UTC = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Reading:
    """Lines that can be understood, and what is wrong with the others.

    `lines`: row (from 1), transaction_id, line, retailer_id, sku, quantity, unit_price_paise,
    sold_at (UTC), sold_on (Indian day), territory (or null), gst (JSON text or null).
    """

    lines: pl.DataFrame
    faults: tuple[Fault, ...]


def from_json(body: bytes) -> pl.DataFrame:
    """A JSON array of sales in the API's names as a frame in canonical columns.

    Raises `ValueError` when it is not an array of objects.
    """
    try:
        frame = pl.read_json(body, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        records = orjson.loads(body)
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            raise ValueError("write a JSON array of sales") from None
        frame = frame_of_records(records)
    back = {api: name for name, api in API_NAMES.items() if name != "unit_price_paise"}
    return frame.rename({name: back[name] for name in frame.columns if name in back})


def frame_of_records(records: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Records as a frame whatever their values are: columns of mixed types become text."""
    names = list(dict.fromkeys(name for record in records for name in record))
    return pl.DataFrame([_column(name, [r.get(name) for r in records]) for name in names])


def read_lines(frame: pl.DataFrame, *, at: datetime) -> Reading:
    """Normalise a frame in canonical columns and find everything wrong with each line.

    `timestamp` is ISO 8601 text (without an offset: Indian time) or an instant; `unit_price` is
    rupees as decimal text or number, or `unit_price_paise` whole paise. A missing `line` is 1.
    """
    frame = frame.with_row_index("row", offset=1).with_columns(pl.col("row").cast(pl.Int64))
    raw = frame.select("row", *(_as_text(frame, name).alias(f"raw_{name}") for name in _TEXTS))
    read = pl.concat([frame, raw.drop("row")], how="horizontal").with_columns(
        _text("transaction_id"),
        pl.when(pl.col("raw_line").is_null()).then(1).otherwise(_whole(frame, "line")).alias("line"),
        _text("retailer_id"),
        _text("sku"),
        _whole(frame, "quantity").alias("quantity"),
        _paise(frame).alias("unit_price_paise"),
        _instant(frame).alias("sold_at"),
        _text("territory"),
        _gst(frame).alias("gst"),
    )
    read = read.with_columns(
        pl.col("sold_at").dt.convert_time_zone("Asia/Kolkata").dt.date().alias("sold_on"),
        pl.struct("transaction_id", "line").is_first_distinct().alias("first"),
    )
    faults, bad = _faults(read, _checks(at))
    lines = read.filter(~pl.col("row").is_in(list(bad))).select(*_LINES) if bad else read.select(*_LINES)
    return Reading(lines, faults)


def fault(row: int, name: str, code: str, message: str, value: Any = "") -> Fault:
    """A fault under the API's name of a canonical column."""
    shown = "" if value is None else str(value)[:200]
    return Fault(code, message, API_NAMES.get(name, name), row, shown)


# --- columns -------------------------------------------------------------------------------

_TEXTS = ("transaction_id", "line", "retailer_id", "sku", "quantity", "unit_price", "timestamp", "territory")
_LINES = (
    "row", "transaction_id", "line", "retailer_id", "sku", "quantity", "unit_price_paise", "sold_at",
    "sold_on", "territory", "gst",
)  # fmt: skip


def _column(name: str, values: list[Any]) -> pl.Series:
    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [_loose(value) for value in values], dtype=pl.String)


def _loose(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, default=str).decode()


def _as_text(frame: pl.DataFrame, name: str) -> pl.Expr:
    source = "unit_price_paise" if name == "unit_price" and name not in frame.columns else name
    if source not in frame.columns:
        return pl.lit(None, dtype=pl.String)
    kind = frame.schema[source]
    if kind == pl.String:
        return pl.col(source)
    if kind.is_nested():
        return pl.lit("(a structure)")
    return pl.col(source).cast(pl.String)


def _text(name: str) -> pl.Expr:
    trimmed = pl.col(f"raw_{name}").str.strip_chars()
    return pl.when(trimmed.str.len_chars() > 0).then(trimmed).alias(name)


def _whole(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Whole numbers; null where the value is none."""
    kind = frame.schema.get(name, pl.Null())
    if kind.is_integer():
        return pl.col(name).cast(pl.Int64)
    if kind.is_float():
        value = pl.col(name)
        exact = (value == value.floor()) & (value.abs() < 2**53)
        return pl.when(exact).then(value).cast(pl.Int64, strict=False)
    text = pl.col(f"raw_{name}").str.strip_chars()
    shaped = text.str.contains(r"^[+-]?\d{1,15}(\.0+)?$")
    return pl.when(shaped).then(text.str.replace(r"\.0+$", "")).cast(pl.Int64, strict=False)


def _paise(frame: pl.DataFrame) -> pl.Expr:
    """Paise; null where rupees are not an amount with at most two decimals."""
    if "unit_price" not in frame.columns:
        return _whole(frame, "unit_price_paise") if "unit_price_paise" in frame.columns else _nothing()
    kind = frame.schema["unit_price"]
    value = pl.col("unit_price")
    if kind.is_integer():
        return value.cast(pl.Int64) * 100
    if kind.is_float():
        # JSON has no decimals: what a till wrote as 12.35 is the float nearest to it
        paise = (value * 100).round()
        return pl.when(((value * 100) - paise).abs() < 1e-6).then(paise).cast(pl.Int64, strict=False)
    text = pl.col("raw_unit_price").str.strip_chars().str.replace_all(",", "", literal=True)
    shaped = text.str.contains(r"^-?\d{1,12}(\.\d{1,2})?$")
    exact = pl.when(shaped).then(text).cast(pl.Decimal(18, 2), strict=False)
    return (exact * 100).cast(pl.Int64)


def _instant(frame: pl.DataFrame) -> pl.Expr:
    kind = frame.schema.get("timestamp", pl.Null())
    if isinstance(kind, pl.Datetime):
        value = pl.col("timestamp")
        aware = value if kind.time_zone else value.dt.replace_time_zone("Asia/Kolkata")
        return aware.dt.convert_time_zone("UTC").cast(_UTC)
    if kind != pl.String:
        return pl.lit(None, dtype=_UTC)
    text = pl.col("raw_timestamp").str.strip_chars().str.replace(r"[Zz]$", "+00:00").str.replace(" ", "T")
    text = text.str.replace(r"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})($|[+-])", "$1:00$2")
    aware = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", strict=False).cast(_UTC)
    if frame["timestamp"].str.contains(r"([Zz]|[+-]\d{2}:?\d{2})\s*$").all():
        return aware
    naive = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    local = naive.dt.replace_time_zone("Asia/Kolkata", ambiguous="earliest", non_existent="null")
    has_offset = text.str.contains(r"[+-]\d{2}:?\d{2}$")
    return pl.when(has_offset).then(aware).otherwise(local.dt.convert_time_zone("UTC"))


def _gst(frame: pl.DataFrame) -> pl.Expr:
    kind = frame.schema.get("gst_details", pl.Null())
    if isinstance(kind, pl.Struct):
        return pl.when(pl.col("gst_details").is_not_null()).then(pl.col("gst_details").struct.json_encode())
    if kind == pl.String:
        text = pl.col("gst_details").str.strip_chars()
        return pl.when(text.str.starts_with("{") & text.str.ends_with("}")).then(text)
    return pl.lit(None, dtype=pl.String)


def _nothing() -> pl.Expr:
    return pl.lit(None, dtype=pl.Int64)


# --- rules ---------------------------------------------------------------------------------


def _checks(at: datetime) -> list[tuple[str, str, str, pl.Expr]]:
    """(column, code, sentence, where it is broken); each says what to write instead."""
    late = pl.lit(at + CLOCK_SKEW).dt.convert_time_zone("UTC")
    early: date = (at - timedelta(days=OLDEST_DAYS)).date()
    quantity, price = pl.col("quantity"), pl.col("unit_price_paise")
    required = [
        (name, "missing", f"every sale names its {API_NAMES[name]}", pl.col(name).is_null())
        for name in ("transaction_id", "retailer_id", "sku")
    ]
    return [
        *required,
        ("transaction_id", "too_long", f"at most {MAX_TEXT} characters",
         pl.col("transaction_id").str.len_chars() > MAX_TEXT),
        ("line", "not_whole", "a whole number from 1 to 1000000",
         pl.col("line").is_null() | ~pl.col("line").is_between(1, 1_000_000)),
        ("quantity", "not_whole", "whole base units, negative for a return", quantity.is_null()),
        ("quantity", "zero", "a sale of nothing is no sale", quantity == 0),
        ("quantity", "too_large", f"at most {MAX_QUANTITY} base units a line", quantity.abs() > MAX_QUANTITY),
        ("unit_price", "not_money", "rupees with at most two decimals, e.g. \"123.45\"", price.is_null()),
        ("unit_price", "negative", "a price is never negative; a return has a negative quantity", price < 0),
        ("unit_price", "too_large", "at most one crore rupees", price > MAX_PRICE_PAISE),
        ("timestamp", "not_an_instant", "ISO 8601, e.g. 2026-11-23T10:15:00+05:30",
         pl.col("sold_at").is_null()),
        ("timestamp", "in_the_future", "this has not happened yet", pl.col("sold_at") > late),
        ("timestamp", "too_old", "more than ten years ago", pl.col("sold_on") < early),
        ("transaction_id", "repeated_in_batch", "this transaction and line stand in the batch already",
         ~pl.col("first")),
    ]  # fmt: skip


def _faults(
    read: pl.DataFrame, checks: list[tuple[str, str, str, pl.Expr]]
) -> tuple[tuple[Fault, ...], set[int]]:
    marks = read.select(expr.fill_null(False).any().alias(str(i)) for i, (*_, expr) in enumerate(checks))
    found: list[Fault] = []
    for i, (name, code, message, expr) in enumerate(checks):
        if marks[0, i]:
            rows = read.filter(expr.fill_null(False)).select("row", f"raw_{name}")
            found += [fault(row, name, code, message, value) for row, value in rows.iter_rows()]
    found.sort(key=lambda f: (f.row or 0, f.field))
    return tuple(found), {f.row for f in found if f.row is not None}
