"""Bodies of rows as columns of text: JSON, a JSON object a line, or CSV, without an object per row."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
import polars as pl

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

_SHOWN = 100
_HEADER = 1 << 16  # bytes of a first line


class Form(StrEnum):
    """Content types that a push may have."""

    JSON = "application/json"
    LINES = "application/x-ndjson"
    CSV = "text/csv"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind as text: a column `row` from 1 and columns of canonical names.

    `ignored` are names that stand in the first row or the header and mean nothing to the kind.
    """

    rows: pl.DataFrame
    ignored: tuple[str, ...] = ()


def read_table(
    body: bytes, form: Form, *, kind: str, names: Mapping[str, str], amounts: Collection[str] = ()
) -> Table:
    """The rows of a body; what cannot be read at all is refused as a whole, with the line if there is one.

    `names`: the kind's names at the API, and the canonical name of each; `amounts`: canonical names of
    decimals. Rows count from 1, without header and blank lines. What JSON calls a number or an object is
    text here as JSON writes it.
    """
    table = _READERS[form](body, kind, names)
    if b"\\" in body and b"\\u" in body and _holds_nul(table.rows):
        raise Invalid(
            _("the body holds NUL or half of a paired character, which no text may"), code="not_text"
        )
    rows = table.rows if form is Form.CSV else _calmed(table.rows, amounts)
    return Table(rows.with_row_index("row", offset=1).cast({"row": pl.Int64}), table.ignored)


def _calmed(rows: pl.DataFrame, amounts: Collection[str]) -> pl.DataFrame:
    """Amounts as a till meant them: JSON has no decimals, and 12.35 may come as 12.350000000000001."""
    long = [name for name in amounts if name in rows.columns and (rows[name].str.len_bytes().max() or 0) > 12]  # type: ignore[operator]
    noisy = pl.col(long).str.contains(r"^-?\d{1,10}\.\d{9,}$")
    meant = pl.col(long).cast(pl.Float64, strict=False).round(6).cast(pl.String)
    return rows.with_columns(pl.when(noisy).then(meant).otherwise(pl.col(long)).name.keep()) if long else rows


def _holds_nul(rows: pl.DataFrame) -> bool:
    marks = rows.select(pl.col(pl.String).str.contains("\x00", literal=True).any())
    return any(marks.row(0)) if marks.width else False


# --- JSON ----------------------------------------------------------------------------------


def _read_json(body: bytes, kind: str, names: Mapping[str, str]) -> Table:
    array = _array(body, kind)
    if array is not None and b"\n" not in array:
        table = _columns(_as_lines(array[1:-1]), names)
        if table is not None:
            return table
    value = _loads(body)
    under = under_which(kind)
    rows = value.get(under) if isinstance(value, dict) else value
    if not isinstance(rows, list):
        fault = Fault("required", _("a list of %(kind)s", kind=coded(kind)), under)
        message = _(
            "write a list of %(kind)s, or an object with it under %(under)s", kind=coded(kind), under=under
        )
        raise Invalid(message, code=f"no_{kind}", faults=[fault])
    return _of_objects(rows, names)


def _as_lines(objects: bytes) -> bytes:
    """A line an object, if no text holds the mark between two; where one does the line is found broken."""
    mark = b"}, {" if b"}, {" in objects[:_HEADER] else b"},{"
    return objects.replace(mark, b"}\n{")


def under_which(kind: str) -> str:
    """The name under which an object holds the rows: the kind's own, but for sales."""
    return "transactions" if kind == "sales" else kind


def _read_lines(body: bytes, kind: str, names: Mapping[str, str]) -> Table:
    table = _columns(body, names)
    if table is not None:
        return table
    lines = enumerate(body.splitlines(), 1)
    return _of_objects([_loads(line, row) for row, line in lines if line.strip()], names)


def _array(body: bytes, kind: str) -> bytes | None:
    """The array in a body that is one, or an object with nothing else in it."""
    body = body.strip()
    if body[:1] == b"[" and body[-1:] == b"]":
        return body
    found = re.match(rb'\s*\{\s*"%b"\s*:\s*(\[.*\])\s*\}\s*\Z' % under_which(kind).encode(), body, re.DOTALL)
    return found.group(1) if found else None


def _columns(lines: bytes, names: Mapping[str, str]) -> Table | None:
    """Objects a line as columns; None when they must be looked at one by one."""
    try:
        rows = pl.read_ndjson(lines, schema=dict.fromkeys(names, pl.String))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return None
    return Table(rows.rename(dict(names)), _strange(lines, names))


def _strange(lines: bytes, names: Mapping[str, str]) -> tuple[str, ...]:
    first = lines.lstrip()[:_HEADER].partition(b"\n")[0]
    try:
        return tuple(name for name in orjson.loads(first) if name not in names)[:_SHOWN]
    except orjson.JSONDecodeError:  # nothing, or more than a row should be
        return ()


def _of_objects(rows: Sequence[Any], names: Mapping[str, str]) -> Table:
    strange = [number for number, row in enumerate(rows, 1) if not isinstance(row, dict)]
    if strange:
        faults = [Fault("not_an_object", _("a row is an object"), "", row) for row in strange[:_SHOWN]]
        raise Invalid(_("some rows are not objects"), code="not_an_object", faults=faults)
    table = _columns(b"\n".join(map(orjson.dumps, rows)), names)
    if table is None:
        raise Invalid(_("the rows cannot be read"), code="not_json")
    return table


def _loads(text: bytes, row: int | None = None) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        fault = Fault("not_json", str(error), row=row, value=text[:60].decode("utf-8", "replace"))
        raise Invalid(_("the body is not JSON"), code="not_json", faults=[fault]) from error


# --- CSV -----------------------------------------------------------------------------------


def _read_csv(body: bytes, kind: str, names: Mapping[str, str]) -> Table:
    known = {**{name: name for name in names.values()}, **names}
    if len(body.partition(b"\n")[0]) > _HEADER:
        raise Invalid(
            _("the first line names the columns, in %(header)s bytes at most", header=_HEADER),
            code="no_header",
        )
    try:
        found = pl.read_csv(body, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        fault = Fault("not_csv", _("a header and as many values in each line"), value=str(error)[:200])
        raise Invalid(_("the body cannot be read as CSV"), code="not_csv", faults=[fault]) from error
    header = {name: known[name.strip()] for name in found.columns if name.strip() in known}
    twice = any(re.search(r"_duplicated_\d+$", name) for name in found.columns)  # as the reader renames them
    if not header or twice or len(set(header.values())) < len(header):
        message = _("the first line names the columns, each once: %(names)s", names=", ".join(sorted(names)))
        raise Invalid(
            message, code="no_header", faults=[Fault("no_header", message, value=str(found.columns)[:200])]
        )
    ignored = tuple(name for name in found.columns if name not in header)
    blank = pl.all_horizontal(pl.all().is_null()) if found.width > 1 else pl.lit(False)
    return Table(found.filter(~blank).select(pl.col(name).alias(header[name]) for name in header), ignored)


_READERS: dict[Form, Callable[[bytes, str, Mapping[str, str]], Table]] = {
    Form.JSON: _read_json,
    Form.LINES: _read_lines,
    Form.CSV: _read_csv,
}
