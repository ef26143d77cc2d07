"""Workbooks (XLSX and ODS): each sheet that holds a table, its cells as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import python_calamine as calamine

from inventory.contracts.feeds import Uncovered
from inventory.feeds.files.header import find_header
from inventory.feeds.files.limits import Limits, refuse
from inventory.feeds.files.packed import check_workbook
from inventory.feeds.files.panics import parsing
from inventory.feeds.files.spans import Range, spans_of
from inventory.feeds.files.table import Chunk, character_faults, frame, unique_names, without_empty
from vyapar.kernel.phrases import phrase as _

_SAMPLE = 25


class Sheet:
    """One sheet as a table."""

    def __init__(
        self,
        book: Any,
        name: str,
        size: int,
        limits: Limits,
        known: Callable[[str], bool],
        header_row: int | None = None,
        spans: Sequence[Range] = (),
    ) -> None:
        self.name = name
        self._limits, self._size = limits, size
        with parsing("workbook"):
            self._sheet = book.get_sheet_by_name(name)
        sheet = self._sheet
        self._left = sheet.start[1] if sheet.start else 0
        self._height = sheet.end[0] + 1 if sheet.end else 0
        width = sheet.end[1] + 1 if sheet.end else 0
        if width > limits.columns:
            unique_names([None] * width, limits)
        self._merged = _merged(sheet.merged_cell_ranges or spans)
        head = [cells for _, cells in self._rows(limits.title_rows + _SAMPLE)]
        found = find_header(head[: limits.title_rows], known, header_row)
        self.header: tuple[str, ...] = ()
        self.sample: Sequence[Sequence[str | None]] = ()
        self.notes: list[Uncovered] = []
        self.count = 0
        self._first = 0
        if found is None:
            return
        names = list(found.names)
        while names and names[-1] is None:
            names.pop()
        self.header = unique_names(names, limits)
        self._first = found.row + 1
        self.sample = [
            _fit(cells, len(names)) for cells in head[self._first : self._first + _SAMPLE] if any(cells)
        ]
        self.count = math.ceil(max(self._height - self._first, 0) / limits.rows)
        titles = [cells for cells in head[: found.first] if any(cells)]
        if titles:
            words = " / ".join(" ".join(cell for cell in cells if cell) for cells in titles)[:200]
            self.notes = [
                Uncovered(_("titles above the table"), len(titles), _("not part of the table"), words)
            ]

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """See `Table`."""
        step, width = self._limits.rows, len(self.header)
        rows = islice(self._rows(), self._first + skip * step, None)
        while batch := list(islice(rows, step)):
            numbers = [number for number, _ in batch]
            made = without_empty(frame(self.header, [_fit(cells, width) for _, cells in batch], numbers))
            if not made.is_empty():
                yield Chunk(made, self._size * numbers[-1] // max(self._height, 1), character_faults(made))

    def _rows(self, most: int | None = None) -> Iterator[tuple[int, list[str | None]]]:
        """Rows with their numbers from 1, cells from column A; what is merged stands in each of its rows."""
        padding = [None] * self._left
        with parsing("workbook"):
            for number, cells in enumerate(islice(self._sheet.iter_rows(), most)):
                texts = [*padding, *map(text_of, cells)]
                for column, top, value in self._merged.get(number, ()):
                    if number == top:
                        value[0] = texts[column]
                    texts[column] = value[0]
                yield number + 1, texts


def _merged(
    ranges: Sequence[Range],
) -> dict[int, list[tuple[int, int, list[str | None]]]]:
    """By row: the first column of what is merged there, its top row, and a place for its value."""
    by_row: dict[int, list[tuple[int, int, list[str | None]]]] = {}
    for (top, first), (bottom, _last) in ranges[:20_000]:
        value: list[str | None] = [None]
        for row in range(top, min(bottom, top + 5_000) + 1 if bottom > top else top):
            by_row.setdefault(row, []).append((first, top, value))
    return by_row


def sheets_of(
    path: Path,
    limits: Limits,
    known: Callable[[str], bool],
    *,
    sheet: str = "",
    header_row: int | None = None,
) -> tuple[list[Sheet], list[Uncovered]]:
    """The sheets with a table (or the one that is named), and those without."""
    check_workbook(path, limits)
    size = path.stat().st_size
    with parsing("workbook"):
        book = calamine.CalamineWorkbook.from_path(str(path))
        listed = {
            one.name: one.visible == calamine.SheetVisibleEnum.Visible
            for one in book.sheets_metadata
            if one.typ == calamine.SheetTypeEnum.WorkSheet
        }
        spans = spans_of(path)
    if sheet and sheet not in listed:
        refuse(
            "no_such_sheet",
            _(
                "there is no sheet %(sheet)s; the workbook has %(sheets)s",
                sheet=f"{sheet!r}",
                sheets=", ".join(listed),
            ),
        )
    wanted = [sheet] if sheet else [name for name, visible in listed.items() if visible] or list(listed)
    read = [Sheet(book, name, size, limits, known, header_row, spans.get(name, ())) for name in wanted]
    notes = [
        Uncovered(_sheet(name), 0, _("another sheet was chosen") if sheet else _("the sheet is hidden"))
        for name in listed
        if name not in wanted
    ]
    notes += [Uncovered(_sheet(one.name), 0, _("no table is on it")) for one in read if not one.count]
    return [one for one in read if one.count], notes


def _sheet(name: str) -> str:
    return _("sheet %(name)s", name=name)


def text_of(value: Any) -> str | None:
    """A cell as text: whole numbers without a fraction, days and instants in ISO form; empty is None."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        midnight = value.time() == time(0)
        return value.date().isoformat() if midnight else value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return None if value is None else str(value)


def _fit(cells: Sequence[str | None], width: int) -> list[str | None]:
    return [*cells[:width], *[None] * (width - len(cells))]
