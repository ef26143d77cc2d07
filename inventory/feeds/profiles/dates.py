"""Days and instants as systems write them, rewritten in ISO form. Pure, vectorised."""

from __future__ import annotations

import re

import polars as pl

#: What a day or an instant begins like, for guessing.
DATE_LOOK = re.compile(r"\d{1,4}[-/. ](\d{1,2}|[A-Za-z]{3,9})([-/. ]\d{2,4})?|(19|20)\d{6}|/Date\(")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = {name: f"{place:02d}" for place, name in enumerate(_MONTHS, 1)}
_THREE = r"^(\d{1,4})[-/. ]+(\d{1,2}|[A-Za-z]{3,9})[-/., ]+(\d{1,4})(?:[T, ]+(\d{1,2}:\d{2}.*))?$"
_MONTH = r"^(\d{1,2}|[A-Za-z]{3,9})[-/. ]+(\d{2}|\d{4})$"
_EIGHT = r"^(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2})(\d{2})(\d{2}))?$"
_EPOCH = r"^/Date\((-?\d+)(?:[+-]\d{4})?\)/$"
_SERIAL = r"^\d{5}(?:\.\d+)?$"
_ISO = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}.*)?$"
_TWELVE = r"(?i)^(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap])\.?m\.?$"


def iso(texts: pl.Series, order: str) -> pl.Series:
    """See `_iso`. What is in ISO form stays; of the rest each value is read once."""
    other = texts.drop_nulls().unique()
    other = other.filter(~other.str.contains(_ISO))
    if other.is_empty():
        return texts
    read = other.to_frame("text").select("text", _iso(pl.col("text"), order).alias("iso"))
    both = texts.alias("text").to_frame().join(read, on="text", how="left", maintain_order="left")
    return both.select(pl.coalesce("iso", "text").alias(texts.name)).to_series()


def _iso(text: pl.Expr, order: str) -> pl.Expr:
    """Days as `2026-11-20`, instants as `2026-11-20T10:15:00`, a month alone as `11/2026`.

    `order` says which number of `03/04/2026` is the day: dmy, mdy or ymd; four digits in front are
    always a year. Also read: names of months, years of two digits (20xx), `20261120`, `/Date(ms)/`, and
    the day numbers of spreadsheets. What is none of these, or is no day of the calendar, stays as it is.
    """
    text = text.str.strip_chars()
    return pl.coalesce(_three(text, order), _eight(text), _epoch(text), _month(text), _serial(text), text)


def _three(text: pl.Expr, order: str) -> pl.Expr:
    first, second, third = (text.str.extract(_THREE, place) for place in (1, 2, 3))
    year_first = first.str.len_bytes() == 4
    if order == "mdy":
        by_order = (third, first, second)
    elif order == "ymd":
        by_order = (first, second, third)
    else:
        by_order = (third, second, first)
    named = second.str.contains("[A-Za-z]")
    year = pl.when(year_first).then(first).when(named).then(third).otherwise(by_order[0])
    month = pl.when(year_first | named).then(second).otherwise(by_order[1])
    day = pl.when(year_first).then(third).when(named).then(first).otherwise(by_order[2])
    date = pl.concat_str(_year(year), _number(month), day.str.zfill(2), separator="-")
    real = date.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    time = _time(text.str.extract(_THREE, 4))
    return (
        pl.when(real & time.is_not_null())
        .then(pl.concat_str(date, time, separator="T"))
        .when(real)
        .then(date)
    )


def _time(text: pl.Expr) -> pl.Expr:
    hour = text.str.extract(_TWELVE, 1).cast(pl.Int64, strict=False) % 12
    later = text.str.extract(_TWELVE, 4).str.to_lowercase() == "p"
    twelve = pl.concat_str(
        (hour + pl.when(later).then(12).otherwise(0)).cast(pl.String).str.zfill(2),
        text.str.extract(_TWELVE, 2),
        text.str.extract(_TWELVE, 3).fill_null("00"),
        separator=":",
    )
    return pl.coalesce(twelve, text.str.strip_chars())


def _month(text: pl.Expr) -> pl.Expr:
    month, year = _number(text.str.extract(_MONTH, 1)), _year(text.str.extract(_MONTH, 2))
    real = month.cast(pl.Int64, strict=False).is_between(1, 12)
    return pl.when(real).then(pl.concat_str(month, year, separator="/"))


def _eight(text: pl.Expr) -> pl.Expr:
    date = pl.concat_str(*(text.str.extract(_EIGHT, place) for place in (1, 2, 3)), separator="-")
    time = pl.concat_str(*(text.str.extract(_EIGHT, place) for place in (4, 5, 6)), separator=":")
    real = date.str.to_date("%Y-%m-%d", strict=False).is_not_null()
    return (
        pl.when(real & time.is_not_null())
        .then(pl.concat_str(date, time, separator="T"))
        .when(real)
        .then(date)
    )


def _epoch(text: pl.Expr) -> pl.Expr:
    since = text.str.extract(_EPOCH, 1).cast(pl.Int64, strict=False)
    instant = pl.from_epoch(since.clip(-(10**14), 10**14), time_unit="ms")
    whole = since % 86_400_000 == 0
    return (
        pl.when(whole)
        .then(instant.dt.strftime("%Y-%m-%d"))
        .otherwise(instant.dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    )


def _serial(text: pl.Expr) -> pl.Expr:
    days = text.str.extract(f"({_SERIAL[1:-1]})", 1).cast(pl.Float64, strict=False)
    real = text.str.contains(_SERIAL) & days.is_between(20_000, 80_000)
    start = pl.date(1899, 12, 30).cast(pl.Datetime("ms"))
    seconds = (days * 86_400).round(0).cast(pl.Int64, strict=False)
    instant = start + pl.duration(seconds=seconds)
    whole = seconds % 86_400 == 0
    shown = (
        pl.when(whole)
        .then(instant.dt.strftime("%Y-%m-%d"))
        .otherwise(instant.dt.strftime("%Y-%m-%dT%H:%M:%S"))
    )
    return pl.when(real).then(shown)


def _number(month: pl.Expr) -> pl.Expr:
    named = (
        month.str.slice(0, 3).str.to_lowercase().replace_strict(_NAMED, default=None, return_dtype=pl.String)
    )
    return pl.coalesce(named, month.str.zfill(2))


def _year(year: pl.Expr) -> pl.Expr:
    return pl.when(year.str.len_bytes() == 2).then(pl.concat_str(pl.lit("20"), year)).otherwise(year)
