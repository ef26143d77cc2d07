"""Reading rows of any kind: forms forgiven, rules checked column by column, every fault with its row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import identities as ids
from inventory.feeds.canonical.amounts import paise_of, split_rate
from inventory.feeds.canonical.days import INSTANT, days_of, instants_of
from inventory.feeds.canonical.fields import MAX_PRICE_PAISE, FieldSpec, Form
from inventory.feeds.canonical.quantities import PACK_SCHEMA, is_plain, measure, per_piece, size_in, whole_of
from inventory.feeds.canonical.rules import RULES, prepare
from inventory.feeds.canonical.sheet import Sheet
from inventory.feeds.canonical.table import FIELDS
from inventory.feeds.canonical.texts import empty, has_control, says_something, where
from inventory.feeds.canonical.units import UNKNOWN, units_of
from vyapar.kernel.errors import Fault

#: Clocks of tills may run ahead by so much; what is older than so many days belongs in no feed.
CLOCK_SKEW = timedelta(minutes=5)
OLDEST_DAYS = 3_660

#: Pieces in a case by SKU; or a frame that knows the unit they are counted in too (`PACK_SCHEMA`).
Packs = Mapping[str, int] | pl.DataFrame


@dataclass(frozen=True, slots=True)
class Reading:
    """Rows that can be understood, what is wrong with the others, and what a person should know.

    `lines` has `row` and a column for each field of the kind (`FieldSpec.column`): text, whole paise,
    whole base units, days, instants in UTC. Fields the frame does not have are null throughout.
    """

    lines: pl.DataFrame
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()


def read(kind: RecordKind, frame: pl.DataFrame, *, at: datetime, packs: Packs | None = None) -> Reading:
    """Normalise a frame in canonical columns and find everything wrong with each row. Never raises.

    `packs`: what is known of the SKUs named, for quantities in units and packs. `at`: now.
    """
    sheet = Sheet(kind, frame, at)
    known = _packs(packs)
    prepare(sheet)
    for spec in FIELDS[kind]:
        if spec.form not in _LATE:
            sheet.done[spec.column] = _READERS[spec.form](sheet, spec)
    for spec in FIELDS[kind]:  # what is counted or priced needs the SKU and the unit
        if spec.form is Form.QUANTITY:
            sheet.done[spec.column] = _quantity(sheet, spec, known)
    for spec in FIELDS[kind]:
        if spec.form is Form.MONEY:
            sheet.done[spec.column] = _money(sheet, spec, known)
    for rule in RULES[kind]:
        rule(sheet)
    lines = pl.DataFrame([sheet.row, *(c.alias(n) for n, c in sheet.done.items() if n != "unit")])
    if sheet.bad.any():
        lines = lines.filter(~sheet.bad)
    return Reading(lines, _sorted(sheet.faults), _sorted(sheet.warnings))


def is_counted_in_packs(kind: RecordKind, frame: pl.DataFrame) -> bool:
    """Whether reading the frame needs to know packs: some unit is named, or some quantity has one."""
    sheet = Sheet(kind, frame, datetime.min)
    specs = [s for s in FIELDS[kind] if s.form in (Form.QUANTITY, Form.MONEY) and sheet.source(s)]
    if not any(s.form is Form.QUANTITY for s in FIELDS[kind]):
        return False
    if sheet.text("unit").null_count() < sheet.height:
        return True
    for spec in specs:
        text = sheet.text(spec.name)
        worded = text.str.contains(r"/\s*[A-Za-z]").any() if spec.form is Form.MONEY else not is_plain(
            sheet.column(spec.name), text
        )  # fmt: skip
        if worded:
            return True
    return False


def _packs(packs: Packs | None) -> pl.DataFrame | None:
    if packs is None or isinstance(packs, pl.DataFrame):
        return packs
    rows = [(sku, pack, None) for sku, pack in packs.items()]
    return pl.DataFrame(rows, schema=PACK_SCHEMA, orient="row")


def _sorted(faults: list[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda f: (f.row or 0, f.field)))


# --- one reader for each form ----------------------------------------------------------------


def _required(sheet: Sheet, spec: FieldSpec, value: pl.Series, code: str = "missing") -> None:
    if spec.required and value.null_count():
        message = (
            f"write {spec.says}" if code != "missing" else f"every row names its {spec.api}: {spec.says}"
        )
        sheet.fault(value.is_null(), spec.name, code, message)


def _wrong(sheet: Sheet, name: str, value: pl.Series) -> pl.Series:
    """Where something is written that could not be read, words for nothing aside."""
    wrong = value.is_null() & sheet.given(name)
    return wrong & says_something(sheet.text(name)) if wrong.any() else wrong


def _text(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    text = sheet.text(spec.name)
    if spec.name in sheet.frame.columns and sheet.frame.schema[spec.name].is_nested():
        sheet.fault(text.is_not_null(), spec.name, "not_text", f"write {spec.says}, not a structure")
    if spec.name in sheet.odd:
        message = "take out the control characters, which no text may hold"
        sheet.fault(has_control(text), spec.name, "control_character", message)
    if spec.most and (text.str.len_bytes().max() or 0) > spec.most:  # type: ignore[operator]
        sheet.fault(
            text.str.len_chars() > spec.most, spec.name, "too_long", f"at most {spec.most} characters"
        )
    _required(sheet, spec, text)
    return text


def _read_each(
    code: str, read: Callable[[str], str | None], *, forgiven: bool = False
) -> Callable[[Sheet, FieldSpec], pl.Series]:
    """A reader of texts of few kinds; what cannot be read is a fault, or is left out with a warning."""

    def reader(sheet: Sheet, spec: FieldSpec) -> pl.Series:
        if not sheet.has(spec.name):
            return _absent(sheet, spec)
        value = ids.each(sheet.text(spec.name), read)
        wrong = _wrong(sheet, spec.name, value)
        message = f"write {spec.says}"
        if forgiven and not spec.required:
            sheet.warn(wrong, spec.name, code, f"{message}; it is left out")
        else:
            sheet.fault(wrong, spec.name, code, message)
        if spec.required:
            sheet.fault(value.is_null() & ~wrong, spec.name, "missing", message)
        return value

    return reader


def _absent(sheet: Sheet, spec: FieldSpec, dtype: Any = pl.String, code: str = "missing") -> pl.Series:
    nothing = empty(spec.column, dtype, sheet.height)
    _required(sheet, spec, nothing, code)
    return nothing


def _gstin(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return _absent(sheet, spec)
    text = sheet.text(spec.name)
    value = ids.each(text, ids.gstin_of)
    wrong = _wrong(sheet, spec.name, value)
    for one in text.filter(wrong).unique().to_list():
        code, message = ids.gstin_fault(one)
        sheet.fault(wrong & (text == one), spec.name, code, message)
    value = where(value != "", value)
    if spec.required:
        sheet.fault(value.is_null() & ~wrong, spec.name, "missing", f"write {spec.says}")
    return value


def _choice(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    text = sheet.text(spec.name).str.to_lowercase()
    known = text.is_in(spec.choices)
    sheet.fault(text.is_not_null() & ~known, spec.name, "not_a_choice", f"write {spec.says}")
    _required(sheet, spec, text)
    return where(known, text)


def _whole(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return _absent(sheet, spec, pl.Int64, "not_whole")
    column = sheet.column(spec.name)
    value = whole_of(column, column if column.dtype.is_integer() else sheet.text(spec.name))
    low = spec.least if spec.least is not None else -spec.most
    wrong = _wrong(sheet, spec.name, value) | ~value.is_between(low, spec.most).fill_null(True)
    sheet.fault(wrong, spec.name, "not_whole", f"write {spec.says}, from {low} to {spec.most}")
    return value


def _decimal(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return _absent(sheet, spec, pl.Float64)
    value = sheet.text(spec.name).cast(pl.Float64, strict=False)
    good = value.is_between(float(spec.least or 0), spec.most).fill_null(False)
    value = where(good, value)
    sheet.fault(_wrong(sheet, spec.name, value), spec.name, "not_a_number", f"write {spec.says}")
    return value


def _day(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return _absent(sheet, spec, pl.Date)
    value = days_of(sheet.column(spec.name), sheet.text(spec.name), months=spec.form is Form.LAST_DAY)
    value = where(value.dt.year().is_between(*_YEARS), value)
    wrong = _wrong(sheet, spec.name, value)
    sheet.fault(wrong, spec.name, "not_a_day", f"write {spec.says}")
    if spec.required:
        sheet.fault(value.is_null() & ~wrong, spec.name, "missing", f"write {spec.says}")
    return value


def _instant(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    ends = spec.form is Form.END_OF_DAY
    if not sheet.has(spec.name):
        return _absent(sheet, spec, INSTANT, "not_an_instant")
    value = instants_of(sheet.column(spec.name), sheet.text(spec.name), end_of_day=ends)
    unread = value.is_null() if spec.required else _wrong(sheet, spec.name, value)
    sheet.fault(unread, spec.name, "not_an_instant", f"write {spec.says}")
    at = pl.lit(sheet.at).dt.convert_time_zone("UTC").cast(INSTANT)
    if ends:  # today's closing stock is what stands there now
        late = (value > sheet.at) & (value < sheet.at + timedelta(days=1))
        value = pl.select(pl.when(late).then(at).otherwise(value)).to_series()
    bounds = pl.select(
        (pl.lit(value) > at + CLOCK_SKEW).alias("late"),
        (pl.lit(value) < at - timedelta(days=OLDEST_DAYS)).alias("early"),
    )
    sheet.fault(bounds["late"], spec.name, "in_the_future", "this has not happened yet")
    sheet.fault(bounds["early"], spec.name, "too_old", "more than ten years ago")
    return value


def _flag(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return empty(spec.name, pl.Boolean, sheet.height)
    value = ids.flags_of(sheet.column(spec.name), sheet.text(spec.name))
    sheet.fault(_wrong(sheet, spec.name, value), spec.name, "not_a_flag", f"write {spec.says}")
    return value


def _unit(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return _absent(sheet, spec)
    units = units_of(sheet.text(spec.name))
    value = where(units != UNKNOWN, units)
    sheet.fault(_wrong(sheet, spec.name, value), spec.name, "unknown_unit", f"write {spec.says}")
    return value


def _json(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    column = sheet.column(spec.name)
    if not sheet.has(spec.name):
        return empty(spec.name, pl.String, sheet.height)
    if isinstance(column.dtype, pl.Struct):
        coded = pl.select(pl.when(column.is_not_null()).then(column.struct.json_encode())).to_series()
    elif column.dtype == pl.String:
        text = sheet.text(spec.name)
        coded = ids.each(text, lambda one: one if _is_object(one) else None)
        left_out = text.is_not_null() & coded.is_null()
        sheet.warn(left_out, spec.name, "not_json", f"write {spec.says}; it is left out")
    else:
        coded = empty(spec.name, pl.String, sheet.height)
    hidden = coded.str.contains("\\u0000", literal=True)
    sheet.fault(hidden, spec.name, "control_character", "take out the NUL characters, which no text may hold")
    return coded


def _is_object(text: str) -> bool:
    try:
        return text.startswith("{") and isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


# --- what is counted and priced ----------------------------------------------------------------


def _quantity(sheet: Sheet, spec: FieldSpec, packs: pl.DataFrame | None) -> pl.Series:
    if not sheet.has(spec.name):
        return _absent(sheet, spec, pl.Int64, "not_whole")
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
            found.unknown_unit, spec.name, "unknown_unit", "write a GST unit such as PCS or KGS, or CASE"
        )
        message = "say how many pieces a case of this SKU holds (casePack), or write pieces"
        sheet.fault(found.unknown_pack, spec.name, "unknown_pack", message)
        unread = value.is_null() & ~found.unknown_unit & ~found.unknown_pack
    sheet.fault(unread, spec.name, "not_whole", f"write {spec.says}")
    large = value.abs() > spec.most
    sheet.fault(large, spec.name, "too_large", f"at most {spec.most} base units a line")
    return value


def _money(sheet: Sheet, spec: FieldSpec, packs: pl.DataFrame | None) -> pl.Series:
    source = sheet.source(spec)
    if not source or not sheet.has(source):
        return _absent(sheet, spec, pl.Int64, "not_money")
    column = sheet.column(source)
    text = column if column.dtype.is_numeric() else sheet.text(source)
    value = paise_of(column, text) if source == spec.name else whole_of(column, text)
    wrong, unit = value.is_null(), None
    if column.dtype == pl.String and source == spec.name and (wrong & text.is_not_null()).any():
        amount, unit = split_rate(text)
        value = value.fill_null(paise_of(amount, amount))
        wrong = value.is_null()
    if not spec.required:
        wrong = _wrong(sheet, source, value)
    sheet.fault(wrong, spec.name, "not_money", f"write {spec.says}")
    low, high = value.min(), value.max()
    if low is not None and low < (spec.least or 0):  # type: ignore[operator]
        message = _NEGATIVE.get(spec.name, "an amount is never negative")
        sheet.fault(value < (spec.least or 0), spec.name, "negative", message)
    if high is not None and high > spec.most:  # type: ignore[operator]
        sheet.fault(
            value > spec.most,
            spec.name,
            "too_large",
            _MOST.get(spec.most, f"at most {spec.most // 100} rupees"),
        )
    if spec.name in _PER_UNIT and "unit" in sheet.done:
        value = _per_piece(sheet, spec, value, unit, packs)
    return value


#: Prices per unit of the row; what is printed on a pack (MRP) is always per piece.
_PER_UNIT = frozenset({"unit_price", "cost"})
_NEGATIVE = {"unit_price": "a price is never negative; a return has a negative quantity"}
_MOST = {MAX_PRICE_PAISE: "at most one crore rupees"}
_YEARS = (1990, 2150)


def _per_piece(
    sheet: Sheet, spec: FieldSpec, value: pl.Series, named: pl.Series | None, packs: pl.DataFrame | None
) -> pl.Series:
    """Prices of a piece: of the unit a rate names (`300.00/CTN`), or else of the row's own unit."""
    unit = sheet.done["unit"]
    if named is not None and named.null_count() < sheet.height:
        units = units_of(named)
        sheet.fault(
            units == UNKNOWN, spec.name, "unknown_unit", "name a GST unit such as PCS, or CASE, after the /"
        )
        unit = where(units != UNKNOWN, units).fill_null(unit)
    if unit.null_count() == sheet.height:
        return value
    numerator, denominator = size_in(unit, sheet.done["sku"], packs)
    message = "say how many pieces a case of this SKU holds (casePack), or write the price of a piece"
    sheet.fault(value.is_not_null() & numerator.is_null(), spec.name, "unknown_pack", message)
    plain = ((numerator == 1) & (denominator == 1)).fill_null(True)
    return value.zip_with(plain, per_piece(value, numerator, denominator))


_LATE = frozenset({Form.QUANTITY, Form.MONEY})
_READERS: dict[Form, Callable[[Sheet, FieldSpec], pl.Series]] = {
    Form.TEXT: _text,
    Form.CODE: _text,
    Form.WHOLE: _whole,
    Form.DECIMAL: _decimal,
    Form.DAY: _day,
    Form.LAST_DAY: _day,
    Form.INSTANT: _instant,
    Form.END_OF_DAY: _instant,
    Form.FLAG: _flag,
    Form.CHOICE: _choice,
    Form.UNIT: _unit,
    Form.GSTIN: _gstin,
    Form.HSN: _read_each("not_hsn", ids.hsn_of),
    Form.PINCODE: _read_each("not_a_pincode", ids.pincode_of),
    Form.PHONE: _read_each("not_a_phone", ids.phone_of, forgiven=True),
    Form.EMAIL: _read_each("not_an_email", ids.email_of, forgiven=True),
    Form.LANGUAGE: _read_each("unknown_language", ids.language_of, forgiven=True),
    Form.CHANNELS: _read_each("unknown_channel", ids.channels_of, forgiven=True),
    Form.JSON: _json,
}
