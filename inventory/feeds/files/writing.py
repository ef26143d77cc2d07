"""Tables for people as CSV or as an Excel workbook; no cell of theirs is taken for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import xlsxwriter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def guarded(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets a quote in front; all else is as it is.

    Text that already begins with such a quote gets one more: `unguarded` takes exactly one away.
    """
    dangerous = isinstance(value, str) and value.lstrip("'").startswith(_DANGEROUS)
    return f"'{value}" if dangerous else value


def unguarded(text: pl.Expr) -> pl.Expr:
    """Cells as they were before `guarded`."""
    marks = "=+\\-@\t\r\n"
    return pl.when(text.str.contains(f"^'+[{marks}]")).then(text.str.slice(1)).otherwise(text)


def write_csv(rows: Iterable[Sequence[Any]] | pl.DataFrame, heads: Sequence[str]) -> bytes:
    """Rows under their heads as CSV in UTF-8, with the mark that tells Excel so."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([guarded(head) for head in heads])
    writer.writerows([guarded(value) for value in row] for row in _rows(rows))
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def write_xlsx(
    rows: Iterable[Sequence[Any]] | pl.DataFrame, heads: Sequence[str], *, title: str = ""
) -> bytes:
    """Rows under their heads as a workbook of one sheet: decimals as money, days as days, text as text."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet(_sheet_name(title))
    bold = book.add_format({"bold": True})
    formats = {
        "money": book.add_format({"num_format": "#,##0.00"}),
        "day": book.add_format({"num_format": "dd-mm-yyyy"}),
        "instant": book.add_format({"num_format": "dd-mm-yyyy hh:mm:ss"}),
    }
    for column, head in enumerate(heads):
        sheet.write_string(0, column, str(guarded(head)), bold)
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(_rows(rows), 1):
        for column, value in enumerate(row):
            _cell(sheet, number, column, guarded(value), formats)
    book.close()
    return out.getvalue()


def _rows(rows: Iterable[Sequence[Any]] | pl.DataFrame) -> Iterable[Sequence[Any]]:
    return rows.iter_rows() if isinstance(rows, pl.DataFrame) else rows


def _sheet_name(title: str) -> str:
    """A title without what Excel forbids in the names of sheets."""
    plain = "".join(" " if one in "[]:*?/\\" else one for one in title).strip("' ")[:31]
    return plain or "Sheet1"


def _cell(sheet: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value)
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, Decimal):
        sheet.write_number(row, column, value, formats["money"])
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value.replace(tzinfo=None), formats["instant"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats["day"])
    else:
        sheet.write_string(row, column, str(guarded(str(value))))
