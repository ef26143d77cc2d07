"""What is counted and priced: quantities in base units, money in whole paise of a base unit."""

from __future__ import annotations

import polars as pl

from inventory.feeds.canonical.amounts import paise_of, split_rate
from inventory.feeds.canonical.fields import MAX_PRICE_PAISE, FieldSpec
from inventory.feeds.canonical.forms import absent, written_wrong
from inventory.feeds.canonical.quantities import is_plain, measure, per_piece, size_in, whole_of
from inventory.feeds.canonical.sheet import Sheet
from inventory.feeds.canonical.texts import empty, is_number, where
from inventory.feeds.canonical.units import CASES, UNKNOWN, units_of
from vyapar.kernel.phrases import phrase as _


def read_quantity(sheet: Sheet, spec: FieldSpec, packs: pl.DataFrame | None) -> pl.Series:
    if not sheet.has(spec.name):
        return absent(sheet, spec, pl.Int64, "not_whole")
    column = sheet.column(spec.name)
    text = column if column.dtype.is_integer() else sheet.text(spec.name)
    unit = sheet.done.get("unit", empty("unit", pl.String, sheet.height))
    if is_plain(column, text) and unit.null_count() == sheet.height:
        value = whole_of(column, text)
        unread = value.is_null()
    else:
        found = measure(column, sheet.text(spec.name), unit, sheet.done["sku"], packs)
        value = found.pieces
        sheet.fault(
            found.unknown_unit, spec.name, "unknown_unit", _("write a GST unit such as PCS or KGS, or CASE")
        )
        message = _("say how many pieces a case of this SKU holds (casePack), or write pieces")
        sheet.fault(found.unknown_pack, spec.name, "unknown_pack", message)
        message = _("name the unit of the first figure too, e.g. 5 CASE 3 PCS")
        sheet.fault(found.unnamed, spec.name, "unnamed_unit", message)
        unread = value.is_null() & ~found.unknown_unit & ~found.unknown_pack & ~found.unnamed
        if packs is not None:
            _warn_of_single_cases(sheet, spec, unit, packs)
    sheet.fault(unread, spec.name, "not_whole", _("write %(what)s", what=spec.says))
    large = ~value.is_between(-spec.most, spec.most)  # the least of 64 bits has no `abs`
    sheet.fault(large, spec.name, "too_large", _("at most %(most)s base units a line", most=spec.most))
    return value


def _warn_of_single_cases(sheet: Sheet, spec: FieldSpec, unit: pl.Series, packs: pl.DataFrame) -> None:
    """Cases of SKUs whose case holds one piece: nobody may have told how many there are."""
    single = packs.filter((pl.col("case_pack") == 1) & ~pl.col("uqc").fill_null("").is_in(CASES))["sku"]
    named = unit.is_in(CASES).fill_null(False) | sheet.text(spec.name).str.contains(_CASE_WORD).fill_null(
        False
    )
    message = _("a case of this SKU holds one piece, its master says; send casePack if that is wrong")
    sheet.warn(named & sheet.done["sku"].is_in(single.to_list()), spec.name, "case_of_one", message)


_CASE_WORD = r"(?i)[0-9 ](case|cases|cs|ctn|ctns|carton|cartons|box|boxes)\b"


def read_money(sheet: Sheet, spec: FieldSpec, packs: pl.DataFrame | None) -> pl.Series:
    source = sheet.source(spec)
    if not source or not sheet.has(source):
        return absent(sheet, spec, pl.Int64, "not_money")
    column = sheet.column(source)
    text = column if is_number(column.dtype) else sheet.text(source)
    value = paise_of(column, text) if source == spec.name else whole_of(column, text)
    wrong, unit = value.is_null(), None
    if column.dtype == pl.String and source == spec.name and (wrong & text.is_not_null()).any():
        amount, unit = split_rate(text)
        value = value.fill_null(paise_of(amount, amount))
        wrong = value.is_null()
    if not spec.required:
        wrong = written_wrong(sheet, source, value)
    sheet.fault(wrong, spec.name, "not_money", _("write %(what)s", what=spec.says))
    low, high = value.min(), value.max()
    if low is not None and low < (spec.least or 0):  # type: ignore[operator]
        message = _NEGATIVE.get(spec.name, _("an amount is never negative"))
        sheet.fault(value < (spec.least or 0), spec.name, "negative", message)
    if high is not None and high > spec.most:  # type: ignore[operator]
        sheet.fault(
            value > spec.most,
            spec.name,
            "too_large",
            _MOST.get(spec.most, _("at most %(rupees)s rupees", rupees=spec.most // 100)),
        )
    if spec.name in _PER_UNIT and "unit" in sheet.done:
        value = _per_piece(sheet, spec, value, unit, packs)
    return value


#: Prices per unit of the row; what is printed on a pack (MRP) is always per piece.
_PER_UNIT = frozenset({"unit_price", "cost"})
_NEGATIVE = {"unit_price": _("a price is never negative; a return has a negative quantity")}
_MOST = {MAX_PRICE_PAISE: _("at most one crore rupees")}


def _per_piece(
    sheet: Sheet, spec: FieldSpec, value: pl.Series, named: pl.Series | None, packs: pl.DataFrame | None
) -> pl.Series:
    """Prices of a piece: of the unit a rate names (`300.00/CTN`), or else of the row's own unit."""
    unit = sheet.done["unit"]
    if named is not None and named.null_count() < sheet.height:
        units = units_of(named)
        sheet.fault(
            units == UNKNOWN,
            spec.name,
            "unknown_unit",
            _("name a GST unit such as PCS, or CASE, after the /"),
        )
        unit = where(units != UNKNOWN, units).fill_null(unit)
    if unit.null_count() == sheet.height:
        return value
    numerator, denominator = size_in(unit, sheet.done["sku"], packs)
    message = _("say how many pieces a case of this SKU holds (casePack), or write the price of a piece")
    sheet.fault(value.is_not_null() & numerator.is_null(), spec.name, "unknown_pack", message)
    plain = ((numerator == 1) & (denominator == 1)).fill_null(True)
    return value.zip_with(plain, per_piece(value, numerator, denominator))
