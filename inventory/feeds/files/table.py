"""What every reader makes of its file: a header and chunks of text cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import polars as pl

from inventory.contracts.feeds import Uncovered
from inventory.feeds.files.limits import Limits, refuse
from vyapar.kernel.errors import Fault
from vyapar.kernel.phrases import phrase as _

ROW = "row"
_LOST = "\ufffd"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table.

    `rows`: `row` (number as a person counts it, Int64), then the columns of the header as text; an
    empty cell is null. `faults` are about rows that the reader itself could not read whole: they
    stand in `rows` as far as they could be read.
    """

    rows: pl.DataFrame
    bytes_read: int
    faults: tuple[Fault, ...] = ()


class Table(Protocol):
    """One table of a file. Reading it twice gives the same chunks."""

    @property
    def name(self) -> str:
        """Of the sheet; empty when the file is the table."""

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns, each once."""

    @property
    def sample(self) -> Sequence[Sequence[str | None]]:
        """The first rows under the header."""

    @property
    def notes(self) -> Sequence[Uncovered]:
        """What stands around the table."""

    @property
    def count(self) -> int | None:
        """How many chunks there are, where it is known before reading."""

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """The chunks from number `skip` on, counted from 0."""


def frame(
    columns: Sequence[str], cells: Sequence[Sequence[str | None]], numbers: Sequence[int]
) -> pl.DataFrame:
    """Rows of cells, all of the header's width, as a frame of text with their numbers."""
    by_column: Sequence[Sequence[str | None]] = (
        list(zip(*cells, strict=True)) if cells else [()] * len(columns)
    )
    series = [
        pl.Series(name, values, dtype=pl.String) for name, values in zip(columns, by_column, strict=True)
    ]
    return pl.DataFrame([pl.Series(ROW, numbers, dtype=pl.Int64), *series])


def without_empty(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows with at least one cell."""
    cells = [name for name in rows.columns if name != ROW]
    return rows.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in cells))


def character_faults(rows: pl.DataFrame) -> tuple[Fault, ...]:
    """Faults of cells that hold NUL or characters which were lost when the file was decoded."""
    found: list[Fault] = []
    for name in rows.columns:
        if name == ROW:
            continue
        text = pl.col(name)
        bad = rows.filter(text.str.contains(_LOST, literal=True) | text.str.contains("\x00", literal=True))
        found += [
            Fault(
                "nul_character",
                _("the cell holds a NUL character; retype it"),
                name,
                row,
                value[:200].replace("\x00", " "),
            )
            if "\x00" in value
            else Fault(
                "lost_characters",
                _(
                    "characters of this cell are not in the encoding of the rest of the file; retype it or "
                    "save the file as UTF-8"
                ),
                name,
                row,
                value[:200],
            )
            for row, value in bad.select(ROW, name).iter_rows()
        ]
    return tuple(sorted(found, key=lambda fault: fault.row or 0))


def unique_names(names: Sequence[str | None], limits: Limits) -> tuple[str, ...]:
    """Names of columns: blank ones by their letter, repeated ones numbered ("Qty", "Qty (2)")."""
    if len(names) > limits.columns:
        refuse(
            "too_many_columns",
            _(
                "the table has %(columns)s columns; at most %(most)s are read: "
                "export only the columns that are needed",
                columns=f"{len(names):,}",
                most=f"{limits.columns:,}",
            ),
        )
    seen: dict[str, int] = {ROW: 0}
    given: list[str] = []
    for place, name in enumerate(names):
        plain = " ".join((name or "").replace("\x00", " ").split()) or f"Column {letters(place)}"
        seen[plain] = seen.get(plain, -1) + 1
        unique = plain if not seen[plain] else f"{plain} ({seen[plain] + 1})"
        while unique in given:
            seen[plain] += 1
            unique = f"{plain} ({seen[plain] + 1})"
        given.append(unique)
    return tuple(given)


def letters(place: int) -> str:
    """A column's letters as spreadsheets give them; 0 is A."""
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text
