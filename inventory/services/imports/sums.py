"""What the rows of a parcel say in pieces and paise, as they came: read leniently, judged by nobody. Pure."""

from __future__ import annotations

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.amounts import paise_of, split_rate
from inventory.feeds.canonical.quantities import Measured, is_plain, measure, whole_of
from inventory.feeds.canonical.texts import as_text, empty, tidy

#: Kinds that have quantities, and the column that says where.
PLACES = {
    RecordKind.STOCK: "location",
    RecordKind.SALES: "territory",
    RecordKind.RECEIPTS: "location",
    RecordKind.PURCHASES: "location",
}
#: The amount of a kind: a price per unit of the row, or the whole row's.
_PRICES = {RecordKind.SALES: "unit_price", RecordKind.RECEIPTS: "cost", RecordKind.PURCHASES: "cost"}
_AMOUNTS = {RecordKind.STOCK: "value"}
_YES = ("yes", "y", "true", "t", "1", "cancelled", "x")

#: Columns of what `sums` gives: `paise` is null where the source names no amount.
SCHEMA = {
    "row": pl.Int64, "sku": pl.String, "place": pl.String, "pieces": pl.Int64, "paise": pl.Int64,
    "cancelled": pl.Boolean,
}  # fmt: skip


def sums(kind: RecordKind, rows: pl.DataFrame, packs: pl.DataFrame) -> pl.DataFrame:
    """Pieces and paise of every row (see `SCHEMA`), in their order; what cannot be read counts 0.

    `packs`: see `inventory.feeds.canonical.quantities.PACK_SCHEMA`.
    """
    sku, unit = text_column(rows, "sku"), text_column(rows, "unit")
    measured = _measured(rows, unit, sku, packs)
    pieces = measured.pieces.cast(pl.Int64)
    return pl.DataFrame(
        {
            "row": rows["row"].cast(pl.Int64),
            "sku": sku.fill_null("").str.slice(0, 60),
            "place": text_column(rows, PLACES[kind]).fill_null("").str.slice(0, 40),
            "pieces": pieces.fill_null(0),
            "paise": _paise(kind, rows, pieces, measured, sku, packs),
            "cancelled": text_column(rows, "cancelled").str.to_lowercase().is_in(_YES).fill_null(False),
        },
        schema=SCHEMA,
    )


def text_column(rows: pl.DataFrame, name: str) -> pl.Series:
    """A column as tidy text; nulls when it is not there."""
    if name not in rows.columns:
        return empty(name, pl.String, rows.height)
    return tidy(as_text(rows[name]))


def _measured(rows: pl.DataFrame, unit: pl.Series, sku: pl.Series, packs: pl.DataFrame) -> Measured:
    name = "quantity"
    column = rows[name] if name in rows.columns else empty(name, pl.Null, rows.height)
    text = text_column(rows, name)
    if is_plain(column, text) and unit.null_count() == len(unit):
        no, one = (
            pl.Series([False]).new_from_index(0, rows.height),
            pl.Series([1]).new_from_index(0, rows.height),
        )
        return Measured(whole_of(column, text), no, no, no, one, one)
    return measure(column, text, unit, sku, packs)


def _paise(
    kind: RecordKind, rows: pl.DataFrame, pieces: pl.Series, measured: Measured, sku: pl.Series,
    packs: pl.DataFrame,
) -> pl.Series:  # fmt: skip
    if kind in _AMOUNTS:
        return _money(rows, _AMOUNTS[kind])[0].cast(pl.Int64)
    price, rate_unit = _money(rows, _PRICES[kind])
    numerator, denominator = measured.numerator, measured.denominator
    if rate_unit.null_count() < len(rate_unit):
        ones = pl.Series(["1"]).new_from_index(0, rows.height)
        rated = measure(ones, ones, rate_unit.fill_null(text_column(rows, "unit")), sku, packs)
        numerator, denominator = rated.numerator, rated.denominator
    # half-up, exact within 64 bits: a line of a lakh pieces at a crore each still fits
    wide = pl.DataFrame({"n": pieces, "price": price, "up": denominator, "down": numerator}).with_columns(
        pl.all().cast(pl.Int128)
    )
    two = pl.lit(2, dtype=pl.Int128)
    amount = pl.col("n") * pl.col("price") * pl.col("up") * two + pl.col("down")
    return wide.select((amount // (pl.col("down") * two)).cast(pl.Int64, strict=False)).to_series()


def _money(rows: pl.DataFrame, name: str) -> tuple[pl.Series, pl.Series]:
    """Paise of a money column under its own name or as whole paise, and the unit of its rate."""
    nothing = empty("unit", pl.String, rows.height)
    whole = f"{name}_paise"
    if whole in rows.columns:
        return whole_of(rows[whole], text_column(rows, whole)), nothing
    if name not in rows.columns:
        return empty(name, pl.Int64, rows.height), nothing
    amount, unit = split_rate(text_column(rows, name))
    return paise_of(rows[name], amount), unit
