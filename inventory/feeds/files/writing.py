"""Tables for people as CSV or as an Excel workbook, in memory; and how to read their guarded cells."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

from vyapar.kernel.sheets import CSV, XLSX, csv_into, guarded, xlsx_into

__all__ = ["CSV", "XLSX", "guarded", "unguarded", "write_csv", "write_xlsx"]


def unguarded(text: pl.Expr) -> pl.Expr:
    """Cells as they were before `guarded`."""
    marks = "=+\\-@\t\r\n"
    return pl.when(text.str.contains(f"^'+[{marks}]")).then(text.str.slice(1)).otherwise(text)


def write_csv(rows: Iterable[Sequence[Any]] | pl.DataFrame, heads: Sequence[str]) -> bytes:
    """Rows under their heads as CSV in UTF-8, with the mark that tells Excel so."""
    out = io.BytesIO()
    csv_into(out, _rows(rows), heads)
    return out.getvalue()


def write_xlsx(
    rows: Iterable[Sequence[Any]] | pl.DataFrame, heads: Sequence[str], *, title: str = ""
) -> bytes:
    """Rows under their heads as a workbook of one sheet: decimals as money, days as days, text as text."""
    out = io.BytesIO()
    xlsx_into(out, _rows(rows), heads, title=title)
    return out.getvalue()


def _rows(rows: Iterable[Sequence[Any]] | pl.DataFrame) -> Iterable[Sequence[Any]]:
    return rows.iter_rows() if isinstance(rows, pl.DataFrame) else rows
