"""CSV and its kin: any delimiter, quoted line breaks, one parcel of text in memory at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
import polars as pl

from inventory.contracts.feeds import Uncovered
from inventory.feeds.files.header import find_header
from inventory.feeds.files.limits import Limits, in_words, refuse
from inventory.feeds.files.loose import Loose
from inventory.feeds.files.table import (
    ROW,
    Chunk,
    character_faults,
    frame,
    unique_names,
    without_empty,
)
from inventory.feeds.files.text import Encoding, blocks, body_of, find_encoding
from vyapar.kernel.errors import Fault
from vyapar.kernel.phrases import phrase as _

DELIMITERS = ",;\t|"
_SAMPLE = 25


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole records of a file as UTF-8. `regular`: quotes stand only where the format wants them."""

    data: bytes
    regular: bool
    height: int  # records, where it is regular
    position: int


class Delimited:
    """A text file of delimited records as a table."""

    name = ""
    count = None

    def __init__(
        self,
        path: Path,
        limits: Limits,
        known: Callable[[str], bool],
        *,
        encoding: str = "",
        delimiter: str = "",
        header_row: int | None = None,
    ) -> None:
        self._path, self._limits = path, limits
        self._encoding: Encoding = find_encoding(path, limits, encoding)
        lines = self._first_lines()
        self._skip, stated = _separator_line(lines)
        self._delimiter = delimiter or stated or find_delimiter(lines[self._skip :])
        if len(self._delimiter) != 1:
            refuse("bad_delimiter", _("a delimiter is one character: comma, semicolon, tab or bar"))
        rows = list(Loose(lines[self._skip :], self._delimiter, None).rows())
        cells = [one.cells for one in rows]
        found = find_header(cells[: limits.title_rows], known, header_row)
        if found is None:
            refuse("no_header", _no_header(cells, header_row))
        names = found.names
        while names and names[-1] is None:
            names = names[:-1]
        self.header = unique_names(names, limits)
        self._body_at = self._skip + found.row + 1  # records before the first row of the table
        below = [_fit(one.cells, len(names)) for one in rows[found.row + 1 : found.row + 1 + _SAMPLE]]
        self.sample: Sequence[Sequence[str | None]] = [cells for cells in below if any(cells)]
        if not self.sample and not self._more:
            refuse("no_rows", _("the file has a header but no rows under it"))
        titles = [words for one in cells[: found.first] if (words := [cell for cell in one if cell])]
        self.notes = [
            Uncovered(_("titles above the table"), len(titles), _("not part of the table"), _words(titles))
        ]
        self.notes = self.notes if any(titles) else []

    def _first_lines(self) -> list[str]:
        """Lines of the first block, whole ones."""
        size = self._limits.record
        with body_of(self._path, self._limits) as body:
            data = next((data for data, _ in blocks(body, self._encoding, size)), b"")
            more = bool(body.read(1))
        if not data.strip(b"\x00\r\n\t ,;|"):
            refuse("empty_file", _("there is nothing in this file"))
        if sum(one < 9 or 13 < one < 32 for one in data[:1024]) > 8:
            refuse("not_text", _("this is not a text file; export it as CSV, XLSX, ODS, JSON or Parquet"))
        if more and b"\n" not in data:
            self._too_long(1)
        lines = _lines(_single_spaced(data))[: self._limits.title_rows + _SAMPLE + 10]
        self._more = more or len(lines) > self._limits.title_rows + _SAMPLE
        return lines

    def _too_long(self, row: int | None) -> NoReturn:
        size = in_words(self._limits.record)
        message = (
            _("row %(row)s is longer than %(size)s: a line break or a quote is missing", row=row, size=size)
            if row
            else _("a row is longer than %(size)s: a line break or a quote is missing", size=size)
        )
        refuse("record_too_long", message, row=row)

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """See `Table`. Skipped chunks are cut off, not parsed, where their quotes are regular."""
        row, number = 1, 0
        with body_of(self._path, self._limits) as body:
            for piece in self._pieces(blocks(body, self._encoding, self._limits.block)):
                wanted = number >= skip
                rows, faults, row = self._parsed(piece, row, wanted=wanted)
                if wanted and (not rows.is_empty() or faults):
                    yield Chunk(rows, piece.position, faults)
                number += 1

    # --- cutting ---------------------------------------------------------------------------

    def _pieces(self, source: Iterator[tuple[bytes, int]]) -> Iterator[Piece]:
        """The file cut at ends of records: at most `limits.rows` records, about one block, each."""
        rest = b""
        position = 0
        for data, position in source:
            rest = _single_spaced(rest + data)
            ends, regular = record_ends(rest, self._delimiter)
            if not len(ends) and len(rest) > self._limits.record:
                ends, regular = newlines(rest), False  # a quote that opens here is never closed
                if not len(ends):
                    self._too_long(None)
            start = 0
            step = self._limits.rows
            cuts = list(range(step, len(ends) + 1, step))
            if not cuts and len(ends) and len(rest) >= self._limits.block:
                cuts = [len(ends)]
            for before, cut in zip([0, *cuts], cuts, strict=False):
                end = int(ends[cut - 1]) + 1
                yield Piece(rest[start:end], regular, cut - before, position)
                start = end
            rest = rest[start:]
        if rest:
            ends, regular = record_ends(rest, self._delimiter)
            regular = regular and rest.count(b'"') % 2 == 0
            yield Piece(rest, regular, len(ends) + (not rest.endswith(b"\n")), position)

    # --- parsing ---------------------------------------------------------------------------

    def _parsed(self, piece: Piece, row: int, *, wanted: bool) -> tuple[pl.DataFrame, tuple[Fault, ...], int]:
        """Rows of a piece whose first record has number `row`; the number of the record after it."""
        if piece.regular:
            if not wanted:
                return pl.DataFrame(), (), row + piece.height
            rows = self._strict(piece, row)
            if rows is not None:
                return rows, self._characters(piece, rows), row + piece.height
        loose = Loose(_lines(piece.data), self._delimiter, len(self.header), trusted=piece.regular)
        records = list(loose.rows())
        if not wanted:
            return pl.DataFrame(), (), row + len(records)
        first = max(self._body_at - (row - 1), 0)
        cells = [_fit(one.cells, len(self.header)) for one in records[first:]]
        numbers = range(row + first, row + len(records))
        rows = without_empty(frame(self.header, cells, numbers))
        faults = [
            Fault(one.code, one.message, field="row", row=row + place, value=one.raw[:200])
            for place, one in enumerate(records)
            if one.code and place >= first
        ]
        return rows, (*faults, *self._characters(piece, rows)), row + len(records)

    def _strict(self, piece: Piece, row: int) -> pl.DataFrame | None:
        """The fast way: None when the piece is not as regular as it looked."""
        quoted = b'"' in piece.data
        try:
            rows = pl.read_csv(
                io.BytesIO(piece.data),
                has_header=False,
                schema=dict.fromkeys(self.header, pl.String),
                separator=self._delimiter,
                quote_char='"' if quoted else None,
                infer_schema=False,
            )
        except pl.exceptions.PolarsError:
            return None
        height = piece.height
        if rows.height != height:
            return None
        rows = rows.insert_column(0, pl.int_range(row, row + height, dtype=pl.Int64, eager=True).alias(ROW))
        if row <= self._body_at:
            rows = rows.slice(self._body_at - row + 1)
        if quoted:
            rows = rows.with_columns(pl.col(pl.String).replace("", None))
        return without_empty(rows)

    def _characters(self, piece: Piece, rows: pl.DataFrame) -> tuple[Fault, ...]:
        suspicious = b"\xef\xbf\xbd" in piece.data or b"\x00" in piece.data
        return character_faults(rows) if suspicious else ()


def record_ends(data: bytes, delimiter: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], bool]:
    """Places of the newlines that end records, and whether every quote stands where it may.

    A quote may open at the start of a cell and close at its end; inside it is doubled. When a quote
    stands elsewhere all newlines are returned: the loose reader sorts them out.
    """
    octets = np.frombuffer(data, dtype=np.uint8)
    ends = newlines(data)
    if b'"' not in data:
        return ends, True
    quotes = np.flatnonzero(octets == 34)
    opening, closing = quotes[0::2], quotes[1::2]
    before = octets[opening[opening > 0] - 1]
    after = octets[closing[closing + 1 < len(octets)] + 1]
    allowed = np.zeros(256, dtype=bool)
    allowed[[ord(delimiter), 10, 13, 34]] = True
    if not (allowed[before].all() and allowed[after].all()):
        return ends, False
    return ends[np.searchsorted(quotes, ends) % 2 == 0], True


def newlines(data: bytes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Places of all newlines."""
    return np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == 10)


def find_delimiter(lines: Sequence[str]) -> str:
    """The delimiter that cuts the most of the lines into the same number of cells."""
    best, points = ",", 0.0
    for mark in DELIMITERS:
        try:
            widths = [len(cells) for cells in csv.reader(lines, delimiter=mark) if any(cells)]
        except csv.Error:
            continue
        many = [width for width in widths if width > 1]
        if not many:
            continue
        usual = max(set(many), key=many.count)
        reached = many.count(usual) / len(widths) * (1 + min(usual, 30) / 30) * len(many)
        if reached > points:
            best, points = mark, reached
    return best


def _separator_line(lines: Sequence[str]) -> tuple[int, str]:
    """Excel's own first line `sep=;`."""
    first = lines[0].strip().strip('"').casefold() if lines else ""
    return (1, first[4]) if first.startswith("sep=") and len(first) == 5 else (0, "")


def _single_spaced(data: bytes) -> bytes:
    """With newlines alone as line ends; a lone carriage return within a line is a space."""
    if b"\r" not in data:
        return data
    open_end = data.endswith(b"\r")
    body = data[:-1] if open_end else data
    return body.replace(b"\r\n", b"\n").replace(b"\r", b" ") + (b"\r" if open_end else b"")


def _lines(data: bytes) -> list[str]:
    return io.StringIO(data.decode("utf-8", "replace"), newline="\n").readlines()


def _fit(cells: Sequence[str | None], width: int) -> list[str | None]:
    return [*cells[:width], *[None] * (width - len(cells))]


def _words(rows: Sequence[Sequence[str | None]]) -> str:
    return " / ".join(" ".join(cell for cell in row if cell) for row in rows if row)[:200]


def _no_header(rows: Sequence[Sequence[str | None]], stated: int | None) -> str:
    if stated is not None:
        return _("row %(row)s was named as the header, but there is none there", row=stated)
    first = ", ".join(cell for cell in (rows[0] if rows else ()) if cell)[:120]
    return _("no row with names of columns was found; the file begins with %(first)s", first=f"{first!r}")
