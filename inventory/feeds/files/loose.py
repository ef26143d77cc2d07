"""Delimited text as people write it: quotes anywhere, rows too long, rows that never end. Pure."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

#: The module's own limit is there to catch unclosed quotes; records are bounded before they come here.
csv.field_size_limit(64 * 1024 * 1024)

_WIDE = "the row has {n} cells, the header {width}: a name with the delimiter in it must stand in quotes"
_OPEN = "a quote that opens in this row is never closed; close it or take it away"


@dataclass(slots=True)
class Record:
    """One record: its cells, and what is wrong with it."""

    cells: list[str | None]
    code: str = ""
    message: str = ""
    raw: str = ""


class _Lines(Iterator[str]):
    """Lines from a place on, which tells whether more were asked for than there are."""

    def __init__(self, lines: Sequence[str], at: int) -> None:
        self.lines, self.at, self.spent = lines, at, False

    def __next__(self) -> str:
        if self.at >= len(self.lines):
            self.spent = True
            raise StopIteration
        self.at += 1
        return self.lines[self.at - 1]


class Loose:
    """Records of some lines. `width` is the header's; None while there is no header yet.

    `trusted`: quotes stand only where the format wants them, so that a record over several lines is one.
    """

    def __init__(
        self, lines: Sequence[str], delimiter: str, width: int | None, *, trusted: bool = False
    ) -> None:
        self._lines, self._delimiter, self._width, self._trusted = lines, delimiter, width, trusted

    def rows(self) -> Iterator[Record]:
        """One record after the other; an empty line is a record without cells.

        A record that runs over several lines and does not come out at the header's width, or never
        ends, is taken for a stray quote: its first line becomes a faulty row, reading goes on at the next.
        """
        feed = _Lines(self._lines, 0)
        reader = csv.reader(feed, delimiter=self._delimiter)
        while feed.at < len(self._lines):
            start = feed.at
            cells = next(reader)
            code, message = self._wrong(cells, feed.at - start, feed.spent)
            if code == "open_quote" and not self._trusted:
                line = self._lines[start].rstrip("\r\n")
                yield Record(self._literal(line), code, message, line)
                feed = _Lines(self._lines, start + 1)
                reader = csv.reader(feed, delimiter=self._delimiter)
            else:
                raw = self._delimiter.join(cells) if code else ""
                yield Record([cell or None for cell in cells], code, message, raw)

    def _wrong(self, cells: Sequence[str], lines: int, spent: bool) -> tuple[str, str]:
        width = self._width
        lost = lines > 1 and width is not None and len(cells) != width and not self._trusted
        if spent or lost:
            return "open_quote", _OPEN
        if width is not None and any(cells[width:]):
            return "too_many_cells", _WIDE.format(n=len(cells), width=width)
        return "", ""

    def _literal(self, line: str) -> list[str | None]:
        """The cells of a line when its quotes mean nothing."""
        return [cell.strip('"') or None for cell in line.split(self._delimiter)]
