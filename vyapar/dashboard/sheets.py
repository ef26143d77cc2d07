"""A page's list as a file: all of its rows, as CSV or as an Excel workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import IO, Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import FileResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from vyapar.gateway.renderers import attachment, safe_name
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.sheets import CSV, XLSX, csv_into, xlsx_into

#: Rows fetched at once, and bytes kept in memory before a file goes to the disk.
CHUNK, IN_MEMORY = 2_000, 1 << 20

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Table:
    """A list to be written: its heads, its lines, the name of its file without day and ending, its title.

    The lines are read as they are written, once. `day`: of which they tell, when that is not today.
    """

    heads: Sequence[str]
    lines: Iterable[Sequence[Any]]
    name: str
    title: str
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A list as a file: its name, its media type, its size in bytes, and its bytes from the first on."""

    name: str
    kind: str
    size: int
    content: IO[bytes]


def write(table: Table, form: str) -> Written:
    """The list as a file; `form`: csv or xlsx.

    On the disk when it is long: however many rows there are, a few thousand stand in memory. Whoever
    asked closes `content`.
    """
    named = f"{table.name}-{(table.day or ist_day(timezone.now())).isoformat()}.{form}"
    out = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the caller closes it
    try:
        if form == "xlsx":
            cut = _("A sheet holds no more; the CSV file has every row.")
            xlsx_into(out, table.lines, table.heads, title=table.title, cut=cut)
        else:
            csv_into(out, table.lines, table.heads)
        size = out.tell()
        out.seek(0)
    except BaseException:
        out.close()
        raise
    return Written(safe_name(named), XLSX if form == "xlsx" else CSV, size, out)


def answer(table: Table, form: str) -> HttpResponseBase:
    """The list as a file to keep.

    It is written whole before the answer begins: the rows are read in the request's own schema and
    transaction, and a failure is a failure and not half a file.
    """
    written = write(table, form)
    if written.size <= IN_MEMORY:
        with written.content as out:
            return attachment(out.read(), written.name, written.kind)
    whole = FileResponse(written.content, content_type=written.kind)
    for header, value in attachment(b"", written.name, written.kind).headers.items():
        whole[header] = value
    whole["Content-Length"] = str(written.size)
    return whole


def sheet(
    lines: Iterable[Sequence[Any]], heads: Sequence[str], form: str, *, name: str, title: str
) -> HttpResponseBase:
    """The lines as a file to keep, as `answer` gives it."""
    return answer(Table(heads, lines, name, title), form)


def lines_of(rows: QuerySet[M], line: Callable[[M], Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """A line for each row of a query, some thousands fetched at a time."""
    return map(line, rows.iterator(chunk_size=CHUNK))


def rupees(paise: int | None) -> Decimal | None:
    """Paise as a decimal of rupees, which a spreadsheet can sum."""
    return None if paise is None else Decimal(paise).scaleb(-2)
