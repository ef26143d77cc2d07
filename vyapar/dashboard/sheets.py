"""A page's list as a file: all of its rows, as CSV or as an Excel workbook."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import FileResponse, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from vyapar.gateway.renderers import attachment
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.sheets import CSV, XLSX, csv_into, xlsx_into

#: Rows fetched at once, and bytes kept in memory before a file goes to the disk.
CHUNK, IN_MEMORY = 2_000, 1 << 20

M = TypeVar("M", bound=Model)


def sheet(
    lines: Iterable[Sequence[Any]], heads: Sequence[str], form: str, *, name: str, title: str
) -> HttpResponseBase:
    """The lines as a file to keep; `form`: csv or xlsx, `name`: of the file, without day and ending.

    It is written whole before the answer begins, on the disk when it is long: the rows are read in
    the request's own schema and transaction, a failure is a failure and not half a file, and however
    many rows there are, a few thousand stand in memory.
    """
    named, kind = f"{name}-{ist_day(timezone.now()).isoformat()}.{form}", XLSX if form == "xlsx" else CSV
    out = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # the answer closes it
    try:
        if form == "xlsx":
            cut = _("A sheet holds no more; the CSV file has every row.")
            xlsx_into(out, lines, heads, title=title, cut=cut)
        else:
            csv_into(out, lines, heads)
        size = out.tell()
        out.seek(0)
        if size <= IN_MEMORY:
            with out:
                return attachment(out.read(), named, kind)
    except BaseException:
        out.close()
        raise
    answer = FileResponse(out, content_type=kind)
    for header, value in attachment(b"", named, kind).headers.items():
        answer[header] = value
    answer["Content-Length"] = str(size)
    return answer


def lines_of(rows: QuerySet[M], line: Callable[[M], Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """A line for each row of a query, some thousands fetched at a time."""
    return map(line, rows.iterator(chunk_size=CHUNK))


def rupees(paise: int | None) -> Decimal | None:
    """Paise as a decimal of rupees, which a spreadsheet can sum."""
    return None if paise is None else Decimal(paise).scaleb(-2)
