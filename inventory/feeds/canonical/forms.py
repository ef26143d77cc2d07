"""One reader for each form a field may have: what is meant is understood, the rest is a fault or left out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import polars as pl

from inventory.feeds.canonical import identities as ids
from inventory.feeds.canonical.days import INSTANT, days_of, instants_of, no_such_day
from inventory.feeds.canonical.fields import FieldSpec, Form
from inventory.feeds.canonical.quantities import whole_of
from inventory.feeds.canonical.sheet import Sheet
from inventory.feeds.canonical.texts import empty, has_control, says_something, where
from inventory.feeds.canonical.units import UNKNOWN, units_of
from vyapar.kernel.calendar import ist_day, ist_instant
from vyapar.kernel.phrases import phrase as _

#: Clocks of tills may run ahead by so much; what is older than so many days belongs in no feed.
CLOCK_SKEW = timedelta(minutes=5)
OLDEST_DAYS = 3_660
#: Years in which goods are made, sold and expire.
_YEARS = (1990, 2150)
_NO_SUCH_DAY = _("the calendar has no such day; the day comes before the month, e.g. 28-02-2026")
_STRANGE_YEAR = _("write a year from %(first)s to %(last)s", first=_YEARS[0], last=_YEARS[1])


def _required(sheet: Sheet, spec: FieldSpec, value: pl.Series, code: str = "missing") -> None:
    if spec.required and value.null_count():
        message = (
            _("write %(what)s", what=spec.says)
            if code != "missing"
            else _("every row names its %(api)s: %(what)s", api=spec.api, what=spec.says)
        )
        sheet.fault(value.is_null(), spec.name, code, message)


def written_wrong(sheet: Sheet, name: str, value: pl.Series) -> pl.Series:
    """Where something is written that could not be read, words for nothing aside."""
    wrong = value.is_null() & sheet.given(name)
    return wrong & says_something(sheet.text(name)) if wrong.any() else wrong


def _text(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    text = sheet.text(spec.name)
    if spec.name in sheet.frame.columns and sheet.frame.schema[spec.name].is_nested():
        sheet.fault(
            text.is_not_null(), spec.name, "not_text", _("write %(what)s, not a structure", what=spec.says)
        )
    if spec.name in sheet.odd:
        message = _("take out the control characters, which no text may hold")
        sheet.fault(has_control(text), spec.name, "control_character", message)
    if spec.most and (text.str.len_bytes().max() or 0) > spec.most:  # type: ignore[operator]
        sheet.fault(
            text.str.len_chars() > spec.most,
            spec.name,
            "too_long",
            _("at most %(most)s characters", most=spec.most),
        )
    _required(sheet, spec, text)
    return text


def _read_each(
    code: str, read: Callable[[str], str | None], *, forgiven: bool = False
) -> Callable[[Sheet, FieldSpec], pl.Series]:
    """A reader of texts of few kinds; what cannot be read is a fault, or is left out with a warning."""

    def reader(sheet: Sheet, spec: FieldSpec) -> pl.Series:
        if not sheet.has(spec.name):
            return absent(sheet, spec)
        value = ids.each(sheet.text(spec.name), read)
        wrong = written_wrong(sheet, spec.name, value)
        message = _("write %(what)s", what=spec.says)
        if forgiven and not spec.required:
            sheet.warn(wrong, spec.name, code, _("%(message)s; it is left out", message=message))
        else:
            sheet.fault(wrong, spec.name, code, message)
        if spec.required:
            sheet.fault(value.is_null() & ~wrong, spec.name, "missing", message)
        return value

    return reader


def absent(sheet: Sheet, spec: FieldSpec, dtype: Any = pl.String, code: str = "missing") -> pl.Series:
    nothing = empty(spec.column, dtype, sheet.height)
    _required(sheet, spec, nothing, code)
    return nothing


def _gstin(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return absent(sheet, spec)
    text = sheet.text(spec.name)
    value = ids.each(text, ids.gstin_of)
    wrong = written_wrong(sheet, spec.name, value)
    for one in text.filter(wrong).unique().to_list():
        code, message = ids.gstin_fault(one)
        sheet.fault(wrong & (text == one), spec.name, code, message)
    value = where(value != "", value)
    if spec.required:
        sheet.fault(value.is_null() & ~wrong, spec.name, "missing", _("write %(what)s", what=spec.says))
    return value


def _choice(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    text = sheet.text(spec.name).str.to_lowercase()
    known = text.is_in(spec.choices)
    sheet.fault(text.is_not_null() & ~known, spec.name, "not_a_choice", _("write %(what)s", what=spec.says))
    _required(sheet, spec, text)
    return where(known, text)


def _whole(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return absent(sheet, spec, pl.Int64, "not_whole")
    column = sheet.column(spec.name)
    value = whole_of(column, column if column.dtype.is_integer() else sheet.text(spec.name))
    low = spec.least if spec.least is not None else -spec.most
    wrong = written_wrong(sheet, spec.name, value) | ~value.is_between(low, spec.most).fill_null(True)
    sheet.fault(
        wrong,
        spec.name,
        "not_whole",
        _("write %(what)s, from %(low)s to %(most)s", what=spec.says, low=low, most=spec.most),
    )
    return value


def _decimal(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return absent(sheet, spec, pl.Float64)
    value = sheet.text(spec.name).cast(pl.Float64, strict=False)
    good = value.is_between(float(spec.least or 0), spec.most).fill_null(False)
    value = where(good, value)
    sheet.fault(
        written_wrong(sheet, spec.name, value), spec.name, "not_a_number", _("write %(what)s", what=spec.says)
    )
    return value


def _day(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return absent(sheet, spec, pl.Date)
    value = days_of(sheet.column(spec.name), sheet.text(spec.name), months=spec.form is Form.LAST_DAY)
    sane = value.dt.year().is_between(*_YEARS)
    sheet.fault(~sane, spec.name, "not_a_day", _STRANGE_YEAR)
    wrong = written_wrong(sheet, spec.name, value)
    _fault_days(sheet, spec, wrong, "not_a_day", _("write %(what)s", what=spec.says))
    value = where(sane, value)
    if spec.required:
        missing = value.is_null() & ~wrong & sane.fill_null(True)
        sheet.fault(missing, spec.name, "missing", _("write %(what)s", what=spec.says))
    return value


def _fault_days(sheet: Sheet, spec: FieldSpec, wrong: pl.Series, code: str, message: str) -> None:
    """Of what could not be read, what is written as a day and is none is told so."""
    if wrong.any():
        none = wrong & no_such_day(sheet.text(spec.name)).fill_null(False)
        sheet.fault(none, spec.name, code, _NO_SUCH_DAY)
        sheet.fault(wrong & ~none, spec.name, code, message)


def _instant(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    ends = spec.form is Form.END_OF_DAY
    if not sheet.has(spec.name):
        return absent(sheet, spec, INSTANT, "not_an_instant")
    value = instants_of(sheet.column(spec.name), sheet.text(spec.name), end_of_day=ends)
    unread = value.is_null() if spec.required else written_wrong(sheet, spec.name, value)
    _fault_days(sheet, spec, unread, "not_an_instant", _("write %(what)s", what=spec.says))
    at = pl.lit(sheet.at).dt.convert_time_zone("UTC").cast(INSTANT)
    if ends:  # today's closing stock is what stands there now; tomorrow's stands nowhere yet
        tomorrow = pl.lit(ist_instant(ist_day(sheet.at) + timedelta(days=1))).dt.convert_time_zone("UTC")
        late = pl.select((pl.lit(value) > at) & (pl.lit(value) < tomorrow)).to_series()
        value = pl.select(pl.when(late).then(at).otherwise(value)).to_series()
    bounds = pl.select(
        (pl.lit(value) > at + CLOCK_SKEW).alias("late"),
        (pl.lit(value) < at - timedelta(days=OLDEST_DAYS)).alias("early"),
    )
    sheet.fault(
        bounds["late"],
        spec.name,
        "in_the_future",
        _("this has not happened yet; look at day, month and year"),
    )
    sheet.fault(
        bounds["early"],
        spec.name,
        "too_old",
        _("more than ten years ago; look at the year, or leave the row out"),
    )
    return value


def _flag(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return empty(spec.name, pl.Boolean, sheet.height)
    value = ids.flags_of(sheet.column(spec.name), sheet.text(spec.name))
    sheet.fault(
        written_wrong(sheet, spec.name, value), spec.name, "not_a_flag", _("write %(what)s", what=spec.says)
    )
    return value


def _unit(sheet: Sheet, spec: FieldSpec) -> pl.Series:
    if not sheet.has(spec.name):
        return absent(sheet, spec)
    units = units_of(sheet.text(spec.name))
    value = where(units != UNKNOWN, units)
    sheet.fault(
        written_wrong(sheet, spec.name, value), spec.name, "unknown_unit", _("write %(what)s", what=spec.says)
    )
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
        sheet.warn(left_out, spec.name, "not_json", _("write %(what)s; it is left out", what=spec.says))
    else:
        coded = empty(spec.name, pl.String, sheet.height)
    hidden = coded.str.contains("\\u0000", literal=True)
    sheet.fault(
        hidden, spec.name, "control_character", _("take out the NUL characters, which no text may hold")
    )
    long = coded.str.len_chars() > spec.most
    sheet.fault(
        long, spec.name, "too_long", _("at most %(most)s characters, written as JSON", most=spec.most)
    )
    return coded


def _is_object(text: str) -> bool:
    try:
        return text.startswith("{") and isinstance(orjson.loads(text), dict)
    except orjson.JSONDecodeError:
        return False


READERS: dict[Form, Callable[[Sheet, FieldSpec], pl.Series]] = {
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
    Form.TRADE_CHANNEL: _read_each("unknown_trade_channel", ids.trade_channel_of, forgiven=True),
    Form.JSON: _json,
}
