"""A small list as a person keeps it, a file or pasted text: its rows by the names of the columns wanted."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from inventory.feeds.files.delimited import Delimited
from inventory.feeds.files.limits import MIB, Limits, refuse
from inventory.feeds.files.sheets import sheets_of
from inventory.feeds.files.sniff import find_format
from inventory.feeds.files.table import Table
from vyapar.kernel.phrases import phrase as _

#: A list is read whole: it is short, or it is refused.
LIMITS = Limits(file=5 * MIB, unpacked=20 * MIB, workbook=32 * MIB)

Row = tuple[int, dict[str, str]]


def read_list(content: bytes, name: str, columns: Mapping[str, Sequence[str]], most: int) -> list[Row]:
    """Rows as (number as a person counts it, texts by column), empty cells left out.

    `columns`: each wanted one with the heads by which it may go, its own name included; case, spaces
    and signs in a head do not count. Raises `Invalid` for what cannot be read, a list that names none
    of them, and one of more than `most` rows.
    """
    heads = {_bare(head): column for column, known in columns.items() for head in (column, *known)}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("list" + Path(name).suffix.lower()[:8])
        path.write_bytes(content)
        rows = list(islice(_rows(_table(path, name, heads), heads), most + 1))
    if len(rows) > most:
        refuse("too_many_rows", _("more than %(most)s rows: send the list in parts", most=most))
    return rows


def _table(path: Path, name: str, heads: Mapping[str, str]) -> Table:
    def known(head: str) -> bool:
        return _bare(head) in heads

    kind = find_format(path, LIMITS, name)
    if kind == "workbook":
        tables: list[Table] = [sheet for sheet in sheets_of(path, LIMITS, known)[0] if sheet.count]
    elif kind == "delimited":
        tables = [Delimited(path, LIMITS, known)]
    else:
        refuse("wrong_content", _("send the list as CSV or Excel"), value=kind)
    found = next((table for table in tables if any(known(head) for head in table.header)), None)
    if found is None:
        wanted = ", ".join(dict.fromkeys(heads.values()))
        refuse("no_header", _("the first row must name the columns; known are %(wanted)s", wanted=wanted))
    return found


def _rows(table: Table, heads: Mapping[str, str]) -> Iterator[Row]:
    places = {column: heads[_bare(column)] for column in reversed(table.header) if _bare(column) in heads}
    for chunk in table.chunks():
        for record in chunk.rows.select("row", *places).iter_rows(named=True):
            texts = {places[name]: record[name].strip() for name in places if record[name]}
            if any(texts.values()):
                yield int(record["row"]), {name: text for name, text in texts.items() if text}


def _bare(head: str) -> str:
    return re.sub(r"[\W_]+", "", head.casefold())
