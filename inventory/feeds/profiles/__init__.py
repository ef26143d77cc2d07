"""Mapping profiles: how the columns of one system's files become canonical, as plain JSON.

A spec, version 1 (`check` says what is wrong with one; `apply` uses it):

    {"version": 1, "name": "marg", "label": "Marg ERP", "tables": [TABLE, ...]}

TABLE, one shape of file. The table whose `needs` are all in the header and that takes the most of its
columns is used:

    name       for people
    needs      columns that must be there. A COLUMN is a header's text or a list of synonyms; case,
               points and blanks do not count ("Bill No." is "BILLNO"). Of several columns with the same
               name the later ones are called "Qty (2)", "Qty (3)"
    gives      what comes of each row: a list of {kind, columns, where, unique, needs}. One row may give
               several kinds: a sales register with batches gives SKUs, batches and sales. `where` is a
               list of TESTs; `unique` names canonical columns of which one row each is kept, the last;
               without its own `needs` a kind is not given
    skip       rows not taken: a list of {"when": [TEST, ...], "reason": "..."}
    fill_down  columns whose empty cells mean "as above"
    fill_within  the same, but only down to the next row in which a column of `fill_down` is filled: a
               party without GSTIN does not get that of the one before
    heading    a name for what stands alone in a row and is about the rows below it (a godown, a company);
               it becomes a column of that name
    totals     false: rows that begin with "Total" are rows like others
    ignore     columns known and left out on purpose, so that coverage does not list them

RULE, the value of a canonical column: a COLUMN, or an object with exactly one of

    from       a COLUMN
    fixed      the same text for every row
    join       [{"from": COLUMN, "suffix": " CASE"}, ...]: parts that are empty or zero are left out
    ratio      [amount, quantity]: rupees of one piece, to the paisa
    ordinal    a number: the line's place within its transaction, counted on from it

and any of, applied in this order

    split      {"pattern": "(\\\\d+) x (\\\\d+)", "take": 2}: a group of a regular expression
    map        {"Yes": "true", ...}, with `otherwise` for all that is not in it
    date       dmy, mdy or ymd: which number of 03/04/2026 is the day
    default    for empty cells
    sign       drop, flip, or trailing (a minus behind the number goes to its front)
    negative   TESTs that make the number negative: sale returns, credit notes

TEST, a condition: {"column": COLUMN} and one of {"in": [...]}, {"matches": "..."}, {"empty": true},
{"number": "zero" | "nonzero" | "positive" | "negative"}. All conditions of a list must hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.profiles.plan import ROW, Memory, Plan, find_plan, plan
from inventory.feeds.profiles.shipped import SHIPPED
from inventory.feeds.profiles.spec import Profile, check, read
from inventory.feeds.profiles.suggest import suggest


def apply(
    spec: Mapping[str, Any], frame: pl.DataFrame, kind: RecordKind | None = None
) -> dict[RecordKind, pl.DataFrame]:
    """The canonical frames that a frame of text gives, by kind in the order they refer to one another.

    Each has `row`: the frame's own, or counted from 1. Raises `Invalid` when the spec is not valid, or
    fits none of the frame's columns.
    """
    rows = frame if ROW in frame.columns else frame.with_row_index(ROW, offset=1)
    rows = rows.with_columns(pl.col(ROW).cast(pl.Int64), pl.exclude(ROW).cast(pl.String))
    header = [name for name in rows.columns if name != ROW]
    return dict(plan(read(spec), header, kind).apply(rows).frames)


__all__ = ["SHIPPED", "Memory", "Plan", "Profile", "apply", "check", "find_plan", "plan", "read", "suggest"]
