"""Days and instants in every usual Indian writing; what cannot be a day is null, never a guess."""

from __future__ import annotations

from datetime import date, timedelta
from functools import reduce
from operator import or_

import polars as pl

from inventory.feeds.canonical.texts import each_once, empty, is_number, where

INSTANT = pl.Datetime("us", "UTC")
_ZONE = "Asia/Kolkata"
#: Day 0 of a spreadsheet's serial numbers, and the serials that are taken for days (1954 to 2119).
_SERIAL_START, _SERIALS = date(1899, 12, 30), (20_000, 80_000)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ISO = r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$"
_INDIAN = r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4}|\d{2})$"
_NAMED = r"^(\d{1,2})(?:st|nd|rd|th)?[-/. ]*([A-Za-z]{3})[A-Za-z]*[-/., ']*(\d{4}|\d{2})$"
_NAMED_FIRST = r"^([A-Za-z]{3})[A-Za-z]*\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})$"
_DIGITS = r"^(\d{4})(\d{2})(\d{2})$"
_SERIAL = r"^(\d{5})(?:\.(\d+))?$"
_MONTH = r"^(\d{1,2})[-/. ](\d{4}|\d{2})$"
_MONTH_NAMED = r"^([A-Za-z]{3})[A-Za-z]*[-/. ']*(\d{4}|\d{2})$"
_YEAR_MONTH = r"^(\d{4})[-/.](\d{1,2})$"
_CLOCK = (
    r"^(.*?\d)[T ,]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?\s*"
    r"([AaPp]\.?[Mm]\.?)?\s*([Zz]|[+-]\d{2}:?\d{2})?$"
)


def days_of(column: pl.Series, text: pl.Series, *, months: bool = False) -> pl.Series:
    """Days of a column; with `months` a month alone is its last day. Day comes before month.

    Instants give their day in India. Two-digit years are of this century.
    """
    kind = column.dtype
    if kind == pl.Date:
        return column
    if isinstance(kind, pl.Datetime):
        return instants_of(column, text).dt.convert_time_zone(_ZONE).dt.date()
    if is_number(kind):
        text = column.cast(pl.Float64).floor().cast(pl.Int64, strict=False).cast(pl.String)
    elif kind != pl.String:
        return empty(column.name, pl.Date, len(column))
    known = text.drop_nulls().unique()
    return text.replace_strict(known, _read_days(known, months), default=None, return_dtype=pl.Date)


def instants_of(column: pl.Series, text: pl.Series, *, end_of_day: bool = False) -> pl.Series:
    """Instants in UTC; without an offset the clock is India's.

    A day alone is its beginning, or with `end_of_day` its last moment.
    """
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        aware = column if kind.time_zone else _local(column)
        return aware.dt.convert_time_zone("UTC").cast(INSTANT)
    if kind == pl.Date or is_number(kind):
        return _of_days(column, text, end_of_day)
    if kind != pl.String:
        return empty(column.name, INSTANT, len(column))
    read = each_once(_strict, text)
    left = text.is_not_null() & read.is_null()
    if not left.any():
        return read
    rest = text.filter(left)
    known = rest.unique()
    loose = rest.replace_strict(known, _loose(known, end_of_day), default=None, return_dtype=INSTANT)
    places = left.arg_true()
    return read.scatter(places.to_list(), loose)


def no_such_day(text: pl.Series) -> pl.Series:
    """Where a text is written as a day, alone or before a clock, and the calendar has no such day."""
    day = text.str.extract(_CLOCK, 1)
    day = text.zip_with(day.is_null(), day).str.strip_chars()
    month = (_NAMED, 2), (_NAMED_FIRST, 1)
    named = [day.str.extract(*one).str.to_lowercase().is_in(list(_MONTHS)).fill_null(False) for one in month]
    figures = [day.str.contains(shape).fill_null(False) for shape in (_ISO, _INDIAN, _DIGITS)]
    shaped = reduce(or_, [*named, *figures])
    return shaped & _read_days(day, months=False).is_null()


def _strict(text: pl.Series) -> pl.Series:
    """ISO 8601, which is what most systems write; null for all else."""
    name = text.name
    frame = text.alias("t").to_frame()
    iso = pl.col("t").str.replace(r"[Zz]$", "+00:00").str.replace(" ", "T")
    iso = iso.str.replace(r"^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2})($|[+-])", "$1:00$2")
    aware = iso.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", strict=False).cast(INSTANT)
    offset = pl.col("t").str.contains(r"([Zz]|\d[+-]\d{2}:?\d{2})$")
    if frame.select(offset.all()).item():
        return frame.select(aware.alias(name)).to_series()
    naive = iso.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
    local = naive.dt.replace_time_zone(_ZONE, ambiguous="earliest", non_existent="null")
    both = pl.when(offset).then(aware).otherwise(local.dt.convert_time_zone("UTC"))
    return frame.select(both.alias(name)).to_series()


def _loose(text: pl.Series, end_of_day: bool) -> pl.Series:
    """Instants in Indian writing, of few different texts."""
    day_text = text.str.extract(_CLOCK, 1)
    clocked = day_text.is_not_null()
    days = _read_days(where(clocked, day_text).fill_null(text), months=False)
    hour, minute = (text.str.extract(_CLOCK, n).cast(pl.Int64, strict=False) for n in (2, 3))
    second = text.str.extract(_CLOCK, 4).cast(pl.Int64, strict=False).fill_null(0)
    half = text.str.extract(_CLOCK, 6).str.to_lowercase().str.slice(0, 1)
    twelve = half.is_not_null()
    hour = (hour % 12 + (half == "p").cast(pl.Int64) * 12).zip_with(twelve, hour)
    sane = (hour < 24) & (minute < 60) & (second < 60)
    moments = days.cast(pl.Datetime("us")) + ((hour * 3600 + minute * 60 + second) * 1_000_000).cast(
        pl.Duration("us")
    )
    offset = text.str.extract(_CLOCK, 7)
    local = _local(where(sane, moments)).dt.convert_time_zone("UTC")
    shifted = where(sane, moments).dt.replace_time_zone("UTC") - _offset(offset)
    at_clock = shifted.zip_with(offset.is_not_null(), local)
    alone = _edge(days, end_of_day)
    serial = _serial_instants(text)
    return at_clock.zip_with(clocked, alone.zip_with(serial.is_null(), serial)).cast(INSTANT)


def _of_days(column: pl.Series, text: pl.Series, end_of_day: bool) -> pl.Series:
    if column.dtype.is_float():
        serial = _serial_instants(column.cast(pl.String))
        return serial.zip_with(serial.is_not_null(), _edge(days_of(column, text), end_of_day))
    return _edge(days_of(column, text), end_of_day)


def _edge(days: pl.Series, end: bool) -> pl.Series:
    local = _local(days.cast(pl.Datetime("us")))
    utc = local.dt.convert_time_zone("UTC").cast(INSTANT)
    return utc + timedelta(days=1, microseconds=-1) if end else utc


def _local(naive: pl.Series) -> pl.Series:
    return naive.cast(pl.Datetime("us")).dt.replace_time_zone(
        _ZONE, ambiguous="earliest", non_existent="null"
    )


def _offset(text: pl.Series) -> pl.Series:
    """`+05:30` as a span; `Z` and nothing are none."""
    digits = text.str.replace_all(":", "", literal=True)
    sign = pl.Series([-1]).new_from_index(0, len(text)).zip_with(
        digits.str.starts_with("-").fill_null(False), pl.Series([1]).new_from_index(0, len(text))
    )  # fmt: skip
    hours = digits.str.slice(1, 2).cast(pl.Int64, strict=False).fill_null(0)
    minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    return (sign * (hours * 60 + minutes) * 60_000_000).cast(pl.Duration("us"))


def _serial_instants(text: pl.Series) -> pl.Series:
    """A spreadsheet's serial with a fraction, to the second; null for all else."""
    fraction = text.str.extract(_SERIAL, 2)
    whole = where(fraction.is_not_null(), text.str.extract(_SERIAL, 1)).cast(pl.Int64, strict=False)
    whole = where(whole.is_between(*_SERIALS), whole)
    seconds = (("0." + fraction).cast(pl.Float64, strict=False) * 86_400).round().cast(pl.Int64, strict=False)
    days = (whole * 86_400_000_000).cast(pl.Duration("us")) + pl.Series([_SERIAL_START]).cast(
        pl.Datetime("us")
    )[0]
    return (
        _local(days + (seconds * 1_000_000).cast(pl.Duration("us"))).dt.convert_time_zone("UTC").cast(INSTANT)
    )


def _read_days(text: pl.Series, months: bool) -> pl.Series:
    """Days of texts; each shape fills what the ones before it left."""
    frame = text.alias("t").str.strip_chars().to_frame()
    t = pl.col("t")
    named = pl.col("t").str.extract

    def month_number(part: pl.Expr) -> pl.Expr:
        numbers = {name: f"{n:02d}" for n, name in enumerate(_MONTHS, 1)}
        return part.str.to_lowercase().replace_strict(numbers, default=None, return_dtype=pl.String)

    shapes = [
        _day(named(_ISO, 1), named(_ISO, 2), named(_ISO, 3)),
        _day(named(_INDIAN, 3), named(_INDIAN, 2), named(_INDIAN, 1)),
        _day(named(_NAMED, 3), month_number(named(_NAMED, 2)), named(_NAMED, 1)),
        _day(named(_NAMED_FIRST, 3), month_number(named(_NAMED_FIRST, 1)), named(_NAMED_FIRST, 2)),
        _day(named(_DIGITS, 1), named(_DIGITS, 2), named(_DIGITS, 3)),
        _serial_day(named(_SERIAL, 1)),
    ]
    if months:
        shapes += [
            _day(named(_MONTH, 2), named(_MONTH, 1), pl.lit("1")).dt.month_end(),
            _day(named(_MONTH_NAMED, 2), month_number(named(_MONTH_NAMED, 1)), pl.lit("1")).dt.month_end(),
            _day(named(_YEAR_MONTH, 1), named(_YEAR_MONTH, 2), pl.lit("1")).dt.month_end(),
        ]
    # a day followed by midnight, as databases and spreadsheets export it
    frame = frame.with_columns(t.str.replace(r"[T ]0{1,2}:00(:00(\.0+)?)?$", ""))
    return frame.select(pl.coalesce(shapes)).to_series().alias(text.name)


def _day(year: pl.Expr, month: pl.Expr, day: pl.Expr) -> pl.Expr:
    year = pl.when(year.str.len_chars() == 2).then(pl.lit("20") + year).otherwise(year)
    iso = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)
    return iso.str.to_date("%Y-%m-%d", strict=False)


def _serial_day(number: pl.Expr) -> pl.Expr:
    days = number.cast(pl.Int64, strict=False)
    sane = pl.when(days.is_between(*_SERIALS)).then(days)
    return pl.lit(_SERIAL_START) + pl.duration(days=sane)
