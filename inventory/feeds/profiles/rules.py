"""Rules of a profile as expressions over a frame of text. Pure, vectorised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from inventory.feeds.profiles.spec import Rule, Test

#: From a column's synonyms to the column that stands in the frame, if any.
Finder = Callable[[tuple[str, ...]], str | None]
#: One number of pieces; packs and compounds ("2 CASE 3 PCS") have no price of a piece.
_SINGLE = (
    r"(?i)^\s*[-+(]?\s*[\d,]+(\.\d+)?\s*[-)]?\s*(pcs?|pces?|pieces?|nos?|numbers?|ea|each|units?|st)?\.?\s*$"
)
_NONE = pl.lit(None, dtype=pl.String)


def value_of(rule: Rule, find: Finder) -> pl.Expr:
    """The text of a canonical column; `plan` reads days and counts ordinals."""
    text = _source(rule, find)
    if rule.split:
        text = text.str.extract(*rule.split)
    if rule.mapped or rule.otherwise is not None:
        text = _mapped(text, rule)
    if rule.default is not None:
        text = pl.coalesce(_filled(text), pl.lit(rule.default))
    return _signed(text, rule, find)


def holds(tests: Sequence[Test], find: Finder) -> pl.Expr:
    """Do all conditions hold? A column that is not there is empty."""
    return pl.all_horizontal([_holds(test, find) for test in tests]) if tests else pl.lit(value=True)


def number(text: pl.Expr) -> pl.Expr:
    """The first number in a text, without commas; in brackets or with a minus behind it is negative."""
    bare = text.str.replace_all(",", "", literal=True).str.strip_chars()
    figure = bare.str.extract(r"(\d+(?:\.\d+)?)", 1).cast(pl.Decimal(30, 6), strict=False)
    negative = bare.str.contains(r"^\D*-\s*\d|^\(.*\)$|\d\s*-$")
    return pl.when(negative).then(-figure).otherwise(figure)


def _source(rule: Rule, find: Finder) -> pl.Expr:
    if rule.fixed is not None:
        return pl.lit(rule.fixed)
    if rule.ratio:
        return _ratio(*(_column(one, find) for one in rule.ratio))
    if rule.join:
        parts = [(_column(one, find), suffix) for one, suffix in rule.join]
        shown = [
            pl.when(_filled(part).is_not_null() & (number(part).fill_null(1) != 0)).then(
                pl.concat_str(part.str.strip_chars(), pl.lit(suffix))
            )
            for part, suffix in parts
        ]
        return _filled(pl.concat_str(shown, separator=" ", ignore_nulls=True))
    return _column(rule.source, find) if rule.source else _NONE


def _column(names: tuple[str, ...], find: Finder) -> pl.Expr:
    name = find(names)
    return _NONE if name is None else pl.col(name)


def _filled(text: pl.Expr) -> pl.Expr:
    """The text, null where there is nothing but blanks."""
    return pl.when(text.str.strip_chars() != "").then(text)


def _mapped(text: pl.Expr, rule: Rule) -> pl.Expr:
    known = {key.strip().casefold(): value for key, value in rule.mapped.items()}
    key = text.str.strip_chars().str.to_lowercase()
    if not known:
        return pl.lit(rule.otherwise)
    found = key.replace_strict(known, default=None, return_dtype=pl.String)
    other = text if rule.otherwise is None else pl.lit(rule.otherwise)
    return pl.when(key.is_in(list(known))).then(found).otherwise(other)


def _ratio(amount: pl.Expr, quantity: pl.Expr) -> pl.Expr:
    """Rupees of one piece: an amount over whole pieces, rounded to the paisa, halves up."""
    paise = (number(amount).abs() * 100).cast(pl.Int64, strict=False)
    single = quantity.str.contains(_SINGLE)
    pieces = pl.when(single).then(number(quantity).abs())
    whole = pl.when((pieces > 0) & (pieces % 1 == 0)).then(pieces.cast(pl.Int64, strict=False))
    each = (2 * paise + whole) // (2 * whole)
    return pl.concat_str(
        (each // 100).cast(pl.String), (each % 100).cast(pl.String).str.zfill(2), separator="."
    )


def _signed(text: pl.Expr, rule: Rule, find: Finder) -> pl.Expr:
    if rule.sign == "trailing":
        text = text.str.strip_chars().str.replace(r"^(.*\S)\s*-$", "-${1}")
    bare = text.str.strip_chars().str.replace(r"^[-+]\s*", "")
    if rule.sign == "drop":
        text = bare
    minus = pl.concat_str(pl.lit("-"), bare)
    if rule.sign == "flip":
        below = text.str.strip_chars().str.starts_with("-")
        text = pl.when(below).then(bare).otherwise(minus)
    return pl.when(holds(rule.negative, find)).then(minus).otherwise(text) if rule.negative else text


def _holds(test: Test, find: Finder) -> pl.Expr:
    text = _column(test.column, find).str.strip_chars()
    if test.kind == "empty":
        blank = text.is_null() | (text == "")
        return blank if test.value else ~blank
    if test.kind == "in":
        return (
            text.str.to_lowercase()
            .is_in([one.strip().casefold() for one in test.value])
            .fill_null(value=False)
        )
    if test.kind == "matches":
        return text.str.contains(test.value).fill_null(value=False)
    figure = number(text)
    signs = {"zero": figure == 0, "negative": figure < 0, "positive": figure > 0, "nonzero": figure != 0}
    return signs[test.value].fill_null(value=False)
