"""Tables for people as CSV or as an Excel workbook; no cell of theirs is taken for a formula. Pure."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

import xlsxwriter

from vyapar.kernel.calendar import IST

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
#: A sheet holds 1,048,576 rows: its head, and no more than these under it.
MOST_ROWS = 1_000_000
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")

Rows = Iterable[Sequence[Any]]


def guarded(value: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets a quote in front; all else is as it is.

    Text that already begins with such a quote gets one more, so that exactly one can be taken away.
    """
    dangerous = isinstance(value, str) and value.lstrip("'").startswith(_DANGEROUS)
    return f"'{value}" if dangerous else value


def csv_into(out: IO[bytes], rows: Rows, heads: Sequence[str]) -> None:
    """Write rows under their heads, as they come, in UTF-8 with the mark that tells Excel so."""
    out.write(b"\xef\xbb\xbf")
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=False)
    writer = csv.writer(text)
    writer.writerow([guarded(head) for head in heads])
    writer.writerows([_plain(guarded(value)) for value in row] for row in rows)
    text.flush()
    text.detach()


def xlsx_into(out: IO[bytes], rows: Rows, heads: Sequence[str], *, title: str = "", cut: str = "") -> None:
    """Write a workbook of one sheet: decimals as money, days as days, text as text; a row at a time.

    `cut` is the sentence under the last row when there are more than a sheet holds.
    """
    book = xlsxwriter.Workbook(out, {"constant_memory": True, "strings_to_numbers": False})
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
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            sheet.write_string(number, 0, cut, bold)
            break
        for column, value in enumerate(row):
            _cell(sheet, number, column, guarded(value), formats)
    book.close()


def _plain(value: Any) -> Any:
    """An instant as it is read here; everything else as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(IST).strftime("%Y-%m-%d %H:%M:%S")
    return value


def _sheet_name(title: str) -> str:
    """A title without what Excel forbids in the names of sheets."""
    plain = "".join(" " if one in "[]:*?/\\" else one for one in title).strip("' ")[:31].strip("' ")
    return plain or "Sheet1"


def _cell(sheet: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(row, column, value[:32_767])
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, Decimal):
        sheet.write_number(row, column, value, formats["money"])
    elif isinstance(value, float) and not math.isfinite(value):
        return
    elif isinstance(value, int | float):
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        local = value.astimezone(IST) if value.tzinfo is not None else value
        sheet.write_datetime(row, column, local.replace(tzinfo=None), formats["instant"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats["day"])
    else:
        sheet.write_string(row, column, str(guarded(str(value)))[:32_767])
