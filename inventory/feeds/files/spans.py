"""Which cells of an OpenDocument sheet are merged: the reader of its values does not say."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.parsers import expat

from inventory.feeds.files.limits import refuse
from vyapar.kernel.phrases import phrase as _

Range = tuple[tuple[int, int], tuple[int, int]]
_TABLE = "urn:oasis:names:tc:opendocument:xmlns:table:1.0 "
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_PIECE = 1 << 16
_MOST = 20_000


def spans_of(path: Path) -> dict[str, list[Range]]:
    """By sheet: first and last (row, column) of what is merged over several rows, from 0.

    Nothing of a file that is no OpenDocument spreadsheet. The archive must have been checked.
    """
    reader = _Reader()
    try:
        with zipfile.ZipFile(path) as archive:
            if "content.xml" not in archive.namelist():
                return {}
            with archive.open("content.xml") as content:
                while piece := content.read(_PIECE):
                    reader.parser.Parse(piece, False)
    except (expat.ExpatError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return {}  # whether it can be read at all, the reader of its values says
    return reader.found


class _Reader:
    def __init__(self) -> None:
        self.found: dict[str, list[Range]] = {}
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = _no_doctype
        self._name, self._row, self._column, self._repeated = "", 0, 0, 1

    def _start(self, tag: str, said: dict[str, str]) -> None:
        if tag == f"{_TABLE}table":
            self._name, self._row = said.get(f"{_TABLE}name", ""), 0
        elif tag == f"{_TABLE}table-row":
            self._column, self._repeated = 0, _count(said, "number-rows-repeated")
        elif tag in _CELLS:
            rows, columns = _count(said, "number-rows-spanned"), _count(said, "number-columns-spanned")
            ranges = self.found.setdefault(self._name, [])
            if rows > 1 and len(ranges) < _MOST:
                last = (self._row + rows - 1, self._column + columns - 1)
                ranges.append(((self._row, self._column), last))
            self._column += _count(said, "number-columns-repeated")

    def _end(self, tag: str) -> None:
        if tag == f"{_TABLE}table-row":
            self._row += self._repeated


def _count(said: dict[str, str], name: str) -> int:
    text = said.get(_TABLE + name, "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 1


def _no_doctype(*_given: object) -> None:
    refuse("xml_doctype", _("the workbook defines a document type: no program writes one"))
