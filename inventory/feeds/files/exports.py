"""Outgoing documents as files that any system can be taught to read: one row for each line. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from decimal import Decimal

import xlsxwriter

from inventory.contracts.feeds import ExportDocument, ExportKind
from inventory.feeds.files.writing import guarded
from vyapar.kernel.calendar import IST
from vyapar.kernel.digest import canonical_json
from vyapar.kernel.money import rupees

#: All of what goes out can be written in this format.
KINDS = frozenset(ExportKind)
#: The columns, in their order; `round_off` is its document's and stands on its first line; the last ones are
#: for the answer and come back with the file.
COLUMNS = (
    "key", "kind", "number", "date", "time", "source", "target", "party", "refers_to", "narration",
    "valid_from", "valid_to", "line", "sku", "name", "batch", "expiry_date", "hsn", "uqc", "quantity",
    "unit_price", "amount", "tax", "round_off", "mrp", "extra", "simulated",
    "status", "acknowledged_number", "reason",
)  # fmt: skip
_NUMBERS = frozenset({"line", "quantity", "unit_price", "amount", "tax", "round_off", "mrp"})
_WIDTHS = {"key": 40, "number": 18, "narration": 40, "name": 32}


def write(documents: tuple[ExportDocument, ...]) -> tuple[str, bytes]:
    """CSV in UTF-8 with a mark, a row for each line of each document, in the order given."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(documents))
    return f"{_name(documents)}.csv", out.getvalue().encode("utf-8-sig")


def write_xlsx(documents: tuple[ExportDocument, ...]) -> tuple[str, bytes]:
    """The same as a workbook; numbers are numbers, and no text is ever a formula."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("Documents")
    head = book.add_format({"bold": True})
    for column, name in enumerate(COLUMNS):
        sheet.set_column(column, column, _WIDTHS.get(name, 12))
        sheet.write_string(0, column, name, head)
    for row, values in enumerate(_rows(documents), 1):
        for column, (name, value) in enumerate(zip(COLUMNS, values, strict=True)):
            if name in _NUMBERS:
                sheet.write_number(row, column, Decimal(value))
            elif value:
                sheet.write_string(row, column, value)
    sheet.freeze_panes(1, 0)
    book.close()
    return f"{_name(documents)}.xlsx", out.getvalue()


def _name(documents: tuple[ExportDocument, ...]) -> str:
    last = max(document.at for document in documents)
    return f"exports-{last.astimezone(IST):%Y%m%d-%H%M%S}"


def _rows(documents: Iterable[ExportDocument]) -> Iterator[list[str]]:
    for document in documents:
        when = document.at.astimezone(IST)
        extra = {name: item for name, item in document.extra.items() if name != "simulated"}
        head = [
            document.key, document.kind.value, document.number, f"{when:%Y-%m-%d}", f"{when:%H:%M:%S}",
            document.source, document.target, document.party, document.refers_to, document.narration,
            document.valid_from.isoformat() if document.valid_from else "",
            document.valid_to.isoformat() if document.valid_to else "",
        ]  # fmt: skip
        tail = [canonical_json(extra) if extra else "", _SIMULATED if document.extra.get("simulated") else ""]
        for number, line in enumerate(document.lines, 1):
            goods = [
                line.sku, line.name, line.batch, line.expiry_date.isoformat() if line.expiry_date else "",
                line.hsn, line.uqc,
            ]  # fmt: skip
            figures = [
                str(line.quantity), rupees(line.unit_paise), rupees(line.amount_paise),
                rupees(line.tax_paise), rupees(0 if number > 1 else document.round_off_paise),
                rupees(line.mrp_paise),
            ]  # fmt: skip
            yield [
                *map(guarded, head),
                str(number),
                *map(guarded, goods),
                *figures,
                *map(guarded, tail),
                "",
                "",
                "",
            ]


_SIMULATED = "SIMULATED"
