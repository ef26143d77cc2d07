"""Text as it comes, made tidy: ends trimmed, one form of each letter, line ends inside names as spaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

#: Characters no text may hold; tabs and line ends are forgiven before this is asked.
CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\u{9F}]"
#: Words that systems write where there is nothing; only where a figure, a day or a number is due.
NOTHING = ("-", "--", "na", "n/a", "nil", "none", "null", "nan", "#n/a")

_EDGES = " \t\r\n\ufeff\u200b\u200e\u200f\u00a0\u2003\u3000"


def as_text(column: pl.Series) -> pl.Series:
    """Any column as text, whatever it holds; structures become a word that says so. Never raises."""
    kind = column.dtype
    if kind == pl.String:
        return column
    if kind == pl.Null:
        return column.cast(pl.String)
    if kind.is_nested():
        return pl.Series(
            column.name, [None if v is None else "(a structure)" for v in column], dtype=pl.String
        )
    if kind.is_float():
        return _floats_as_text(column)
    if isinstance(kind, pl.Datetime):
        return column.dt.to_string("iso:strict")
    if (
        kind.is_integer()
        or kind.is_decimal()
        or kind in (pl.Boolean, pl.Date)
        or isinstance(kind, pl.Categorical)
    ):
        return column.cast(pl.String)
    return pl.Series(column.name, [_loose(v) for v in column.to_list()], dtype=pl.String)


def tidy(column: pl.Series) -> pl.Series:
    """As `tidy_all`, of one column."""
    return tidy_all([column])[0][0]


def tidy_all(columns: Sequence[pl.Series]) -> tuple[list[pl.Series], frozenset[str]]:
    """Text columns trimmed and in NFC, runs of tabs and line ends as one space, blanks as null.

    With the names of those that still hold a character that no text may hold.
    """
    done, odd = [], set()
    for column in columns:
        known = column.drop_nulls().unique()
        if known.is_empty():
            done.append(column)
            continue
        text, is_odd = _tidy(known)
        same = text.null_count() == 0 and text.equals(known)
        done.append(column if same else _spread(column, known, text))
        odd |= {column.name} if is_odd else set()
    return done, frozenset(odd)


def _tidy(text: pl.Series) -> tuple[pl.Series, bool]:
    """One column tidied, and whether it still holds a character that no text may hold."""
    text = text.str.strip_chars()
    size = text.str.len_bytes()
    is_odd, is_wide = bool(text.str.contains(r"[\x00-\x1F\x7F]").any()), not text.str.len_chars().equals(size)
    is_blank = size.min() == 0
    if is_wide:
        text = text.str.normalize("NFC").str.strip_chars(_EDGES)
    if is_odd:
        text = text.str.replace_all(r"[ \t\r\n]*[\t\r\n][ \t\r\n]*", " ")
    has_odd = (is_odd or is_wide) and bool(has_control(text).any())
    if is_blank or is_wide:
        text = where(text.str.len_bytes() > 0, text)
    return text, has_odd


def each_once(read: Callable[[pl.Series], pl.Series], column: pl.Series) -> pl.Series:
    """What `read` makes of a column, value by value, worked out once for each different one.

    `read` makes null of null. Days, prices and numbers of a sheet repeat, and reading a text costs more than
    finding it again; where they hardly repeat the column is read as it is.
    """
    if len(column) < _FEW:
        return read(column)
    known = column.drop_nulls().unique()
    if known.is_empty() or 2 * len(known) > len(column):
        return read(column)
    return _spread(column, known, read(known))


#: Columns shorter than this are read as they are.
_FEW = 500


def _spread(column: pl.Series, known: pl.Series, values: pl.Series) -> pl.Series:
    """`values` of `known` wherever they stand in a column."""
    return column.replace_strict(known, values, default=None, return_dtype=values.dtype)


def has_control(text: pl.Series) -> pl.Series:
    """Where text holds a character that no text may hold."""
    return text.str.contains(CONTROL).fill_null(False)


def says_something(text: pl.Series) -> pl.Series:
    """Where there is text, and not a word that says there is nothing."""
    return text.is_not_null() & ~text.str.to_lowercase().is_in(NOTHING).fill_null(False)


def where(keep: pl.Series, values: pl.Series) -> pl.Series:
    """`values` where `keep` says so, null elsewhere."""
    nothing = pl.Series(values.name, [None], dtype=values.dtype)
    return values.zip_with(keep.fill_null(False), nothing.new_from_index(0, len(values)))


def is_number(kind: pl.DataType) -> bool:
    """Whether a type is one of whole numbers or floats; decimals are read as text, exactly."""
    return kind.is_integer() or kind.is_float()


def empty(name: str, dtype: Any, height: int) -> pl.Series:
    """A column of nothing."""
    return pl.Series(name, [None], dtype=dtype).new_from_index(0, height)


def _floats_as_text(column: pl.Series) -> pl.Series:
    """Whole numbers without their `.0`: a spreadsheet's code 1001 is `1001`."""
    whole = (column == column.floor()) & (column.abs() < 2**53)
    plain = column.cast(pl.String)
    return column.cast(pl.Int64, strict=False).cast(pl.String).zip_with(whole.fill_null(False), plain)


def _loose(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value).encode("utf-8", "replace").decode()
