"""Quantities as systems write them, in whole base units: figures, units and packs, `2 CASE 3 PCS`."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from inventory.feeds.canonical.texts import each_once, empty, is_number, where
from inventory.feeds.canonical.units import UNKNOWN, size, units_of

_PLAIN = r"^[+-]?\d{1,15}(\.0+)?$"
_DIGITS = 15
_NUMBER = r"(\d{1,3}(?:,\d{2,3})*,\d{3}(?:\.\d{1,4})?|\d{1,12}(?:\.\d{1,4})?)"
_ONE = rf"^([+-]?)\s*{_NUMBER}\s*([A-Za-z][A-Za-z.]*)?"
# Tally writes the alternate unit behind: 10 EA = 1 CTN
_TWO = rf"{_ONE}(?:\s*(?:-|\+|and|,)?\s*{_NUMBER}\s*([A-Za-z][A-Za-z.]*))?\s*(?:=.*)?$"
_PARTS = 10_000  # of a unit: quantities have at most four decimals
_MOST = 10**18

#: Columns of what is known of SKUs: code, pieces in a case (null: unknown), own unit.
PACK_SCHEMA = {"sku": pl.String, "case_pack": pl.Int64, "uqc": pl.String}


@dataclass(frozen=True, slots=True)
class Measured:
    """Quantities in base units (null: none can be read); where a unit, or what it holds, is not known.

    `unnamed`: two figures of which the first has no unit of its own, as in `5-3 PCS`.

    `numerator` over `denominator`: base units in one unit of the row, for its prices.
    """

    pieces: pl.Series
    unknown_unit: pl.Series
    unknown_pack: pl.Series
    unnamed: pl.Series
    numerator: pl.Series
    denominator: pl.Series


def is_plain(column: pl.Series, text: pl.Series) -> bool:
    """Whether every quantity is a bare figure, so that no unit needs to be known."""
    if is_number(column.dtype) or column.dtype == pl.Null:
        return True
    if column.dtype != pl.String:
        return False
    return _bare(text) is not None or bool(text.unique().str.contains(_PLAIN).fill_null(True).all())


def _bare(text: pl.Series) -> pl.Series | None:
    """Figures with nothing around them, read at once: what most systems write. None when one has more."""
    if (text.str.len_bytes().max() or 0) > _DIGITS:  # type: ignore[operator]
        return None
    value = text.cast(pl.Int64, strict=False)
    return value if value.null_count() == text.null_count() else None


def whole_of(column: pl.Series, text: pl.Series) -> pl.Series:
    """Whole numbers; null where the value is none."""
    kind = column.dtype
    if kind.is_integer():
        return column.cast(pl.Int64, strict=False)
    if kind.is_float():
        value = column.cast(pl.Float64)
        exact = (value == value.floor()) & (value.abs() < 2**53)
        return where(exact, value).cast(pl.Int64, strict=False)
    if kind != pl.String and not kind.is_decimal():
        return empty(column.name, pl.Int64, len(column))
    bare = _bare(text) if text.dtype == pl.String else None
    return each_once(_whole_of_text, text) if bare is None else bare


def _whole_of_text(text: pl.Series) -> pl.Series:
    plain = where(text.str.contains(_PLAIN), text).str.replace(r"\.0+$", "")
    return plain.cast(pl.Int64, strict=False)


def measure(
    column: pl.Series, text: pl.Series, unit: pl.Series, sku: pl.Series, packs: pl.DataFrame | None
) -> Measured:
    """Quantities of rows in base units of their SKUs. `unit`: the row's own name for its unit, or null."""
    unit = units_of(unit)
    count, second_count = text.str.extract(_TWO, 2), text.str.extract(_TWO, 4)
    named = empty("u", pl.String, len(text)) if is_number(column.dtype) else text.str.extract(_TWO, 3)
    first = units_of(named).fill_null(unit)
    second = units_of(text.str.extract(_TWO, 5))
    sizes = size_in(first, sku, packs), size_in(second, sku, packs)
    rest = _scaled(second_count, *sizes[1])
    nothing = pl.Series([0], dtype=pl.Int64).new_from_index(0, len(text))
    total = _scaled(count, *sizes[0]) + rest.zip_with(second_count.is_not_null(), nothing)
    whole = where((total % _PARTS == 0) & (total.abs() < _MOST), total) // _PARTS
    signed = (-whole).zip_with(text.str.extract(_TWO, 1).fill_null("") == "-", whole)
    strange = (first == UNKNOWN).fill_null(False) | (second == UNKNOWN).fill_null(False)
    readable = count.is_not_null()
    # a range, or pieces twice: only where the row's own unit is another is it a pair of units
    unnamed = second_count.is_not_null() & named.is_null() & ~(unit != second).fill_null(False)
    unsized = readable & ~strange & ~unnamed & (sizes[0][0].is_null() | sizes[1][0].is_null())
    pieces = where(~unnamed, signed).alias(column.name)
    return Measured(pieces, readable & strange & ~unnamed, unsized, unnamed, *size_in(unit, sku, packs))


def size_in(unit: pl.Series, sku: pl.Series, packs: pl.DataFrame | None) -> tuple[pl.Series, pl.Series]:
    """Base units of each row's SKU in one of its `unit` (null: its own), as numerators and denominators."""
    asked = pl.DataFrame({"unit": unit.fill_null(""), "sku": sku})
    known = pl.DataFrame(schema=PACK_SCHEMA) if packs is None else packs.unique("sku", keep="last")
    asked = asked.join(known, on="sku", how="left", maintain_order="left")
    keys = ["unit", "uqc", "case_pack"]
    pairs = asked.select(keys).unique()
    found = [size(name, own or "", pack) or (None, None) for name, own, pack in pairs.iter_rows()]
    sizes = pairs.with_columns(
        pl.Series("numerator", [n for n, _ in found], dtype=pl.Int64),
        pl.Series("denominator", [d for _, d in found], dtype=pl.Int64),
    )
    joined = asked.join(sizes, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return joined["numerator"], joined["denominator"]


def per_piece(paise: pl.Series, numerator: pl.Series, denominator: pl.Series) -> pl.Series:
    """Prices of units as prices of base units, half-up to the paisa."""
    return (2 * paise * denominator + numerator) // (2 * numerator)


def _scaled(number: pl.Series, numerator: pl.Series, denominator: pl.Series) -> pl.Series:
    """Ten-thousandths of base units; null where they are not whole or beyond all measure."""
    figure = number.str.replace_all(",", "", literal=True).cast(pl.Decimal(20, 4), strict=False)
    parts = (figure * _PARTS).cast(pl.Int64, strict=False)
    product = where(parts.cast(pl.Float64) * numerator.cast(pl.Float64) < 9e18, parts) * numerator
    return where(product % denominator == 0, product) // denominator
