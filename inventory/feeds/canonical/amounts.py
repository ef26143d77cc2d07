"""Rupees in every usual Indian writing as whole paise; what is no amount is null, never a guess."""

from __future__ import annotations

import polars as pl

from inventory.feeds.canonical.texts import each_once, empty, where

#: Beyond this an amount is a slip of the keyboard, in rupees; keeps every product within 64 bits.
_MOST = 10**13
_PLAIN = r"^-?\d{1,12}(\.\d{1,2}0*)?$"
# The last group has three digits, the others two or three: 12,34,567 and 1,234,567, but not 12,34.
_GROUPED = r"^-?\d{1,3}(,\d{2,3})*,\d{3}(\.\d*)?$"
_RATE = r"^(.*\d[/-]{0,2}.*?)\s*/\s*([A-Za-z][A-Za-z. ]*)$"


def paise_of(column: pl.Series, text: pl.Series) -> pl.Series:
    """Paise of a column in rupees; `text` is the same column as tidy text. Null where it is no amount.

    Forgiven: `₹`, `Rs.` or `INR` in front, `/-` behind, Indian and thousands' grouping, parentheses or
    a trailing minus for what is negative. Refused: a third decimal, exponents, NaN and infinity.
    """
    kind = column.dtype
    if kind.is_integer():
        value = column.cast(pl.Int64, strict=False)
        sane = value.is_between(-_MOST, _MOST, closed="none")  # the least of 64 bits has no `abs`
        return where(sane, value) * 100
    if kind.is_float():
        # JSON has no decimals: what a till wrote as 12.35 is the float nearest to it
        value = column.cast(pl.Float64)
        sane = value.is_finite() & (value.abs() < _MOST)
        scaled = where(sane, value) * 100
        paise = scaled.round()
        exact = (scaled - paise).abs() < 1e-6 * (1 + 1e-9 * paise.abs())
        return where(exact, paise).cast(pl.Int64, strict=False)
    if kind == pl.String or kind.is_decimal():
        return each_once(_of_text, text)
    return empty(column.name, pl.Int64, len(column))


def split_rate(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """`300.00/CTN` as its amount and its unit; the unit is null where none is named."""
    marked = text.str.contains(r"/\s*[A-Za-z]").fill_null(False)
    if not marked.any():
        return text, empty("unit", pl.String, len(text))
    amount, unit = text.str.extract(_RATE, 1), text.str.extract(_RATE, 2)
    return where(marked & amount.is_not_null(), amount).fill_null(text), where(marked, unit)


def _of_text(text: pl.Series) -> pl.Series:
    plain = text.str.contains(_PLAIN)
    if not plain.all():
        text = where(plain, text).fill_null(_loosened(text))
    exact = where(text.str.contains(_PLAIN), text).cast(pl.Decimal(30, 2), strict=False)
    return (exact * 100).cast(pl.Int64, strict=False)


def _loosened(text: pl.Series) -> pl.Series:
    """The figure in an amount with its ornaments taken off."""
    text = text.str.replace(r"^\s*(?i:₹|rs\.?|inr)\s*", "").str.replace(r"\s*/-\s*$", "")
    back = text.str.contains(r"^\(.*\)$|^[^-].*-$").fill_null(False)
    text = text.str.strip_chars("()").str.replace(r"-$", "").str.replace(r"^-\s*(?i:₹|rs\.?|inr)?\s*", "-")
    text = text.str.strip_chars().str.strip_prefix("+")
    grouped = text.str.contains(_GROUPED).fill_null(False)
    text = text.str.replace_all(",", "", literal=True).zip_with(grouped, text)
    text = text.str.replace(r"^(-?)\.", "${1}0.").str.replace(r"\.$", "")
    return (pl.Series(["-"]).new_from_index(0, len(text)) + text).zip_with(back, text)
