"""Large bodies in pieces of whole rows, however they are written; memory stays bounded by a piece."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from inventory.feeds.push.forms import Form, under_which
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _

#: Bytes read at a time, and the longest row.
BLOCK, LONGEST = 4 * 1024 * 1024, 16 * 1024 * 1024
HEAD = 64 * 1024

_Bytes = NDArray[np.uint8]
_Places = np.ndarray[Any, np.dtype[np.intp]]


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows: objects a line, or CSV with its header. `rows` is their count where it is known.

    `upto`: how many bytes of the body are consumed with it.
    """

    body: bytes
    upto: int
    rows: int | None = None


def blocks_of(file: IO[bytes], form: Form, kind: str) -> Iterator[Block]:
    """The rows of a body from its beginning. Raises `Invalid` where it cannot be cut into rows."""
    file.seek(0)
    return {Form.JSON: _of_array, Form.LINES: _of_lines, Form.CSV: _of_csv}[form](file, kind)


def count_rows(file: IO[bytes], form: Form, kind: str) -> int:
    """How many rows a body has, as far as it can be cut into rows; blank lines count. Never raises."""
    count = 0
    with suppress(Invalid):
        for block in blocks_of(file, form, kind):
            if block.rows is not None:
                count += block.rows
            else:
                ends = len(_csv_ends(block.body)) - 1 if form is Form.CSV else block.body.count(b"\n")
                count += ends + (not block.body.endswith(b"\n"))
    return count


def check_start(head: bytes, form: Form, kind: str) -> None:
    """Refuse a body that does not begin as one of its form does; `head`: its first bytes."""
    if form is Form.JSON:
        _start_of_array(head, kind)


def _of_lines(file: IO[bytes], kind: str) -> Iterator[Block]:
    for body, upto in _cut(file, b"", lambda body: body.rfind(b"\n") + 1):
        yield Block(body, upto)


def _of_csv(file: IO[bytes], kind: str) -> Iterator[Block]:
    header = file.readline(HEAD)
    for body, upto in _cut(file, b"", _end_of_csv_row):
        yield Block(header + body, upto)


def _end_of_csv_row(body: bytes) -> int:
    """Where the last whole row ends."""
    ends = _csv_ends(body)
    return int(ends[-1]) + 1 if len(ends) else 0


def _csv_ends(body: bytes) -> _Places:
    """Where rows end; a line end between quotes ends none."""
    found = np.frombuffer(body, np.uint8)
    return np.flatnonzero((found == 10) & (np.cumsum(found == 34) % 2 == 0))


def _cut(file: IO[bytes], rest: bytes, end: Any) -> Iterator[tuple[bytes, int]]:
    """Pieces up to where `end` says that rows are whole, and how far the file was read with each."""
    while part := file.read(BLOCK):
        rest += part
        upto = end(rest)
        if not upto:
            _check_length(rest)
            continue
        yield rest[:upto], file.tell() - len(rest) + upto
        rest = rest[upto:]
    if rest.strip():
        yield rest, file.tell()


def _check_length(rest: bytes) -> None:
    if len(rest) > LONGEST:
        raise Invalid(
            _(
                "a row is longer than %(longest)s MiB: look for a quote that is not closed",
                longest=LONGEST >> 20,
            ),
            code="too_long",
        )


# --- JSON ----------------------------------------------------------------------------------


def _start_of_array(head: bytes, kind: str) -> int:
    under = under_which(kind)
    found = re.match(rb'\s*(?:\{\s*"%b"\s*:\s*)?\[' % under.encode(), head)
    if not found:
        message = _(
            "write a list of %(kind)s, or an object that begins with it under %(under)s",
            kind=coded(kind),
            under=under,
        )
        raise Invalid(
            message,
            code=f"no_{kind}",
            faults=[Fault("required", _("a list of %(kind)s", kind=coded(kind)), under)],
        )
    return found.end()


def _of_array(file: IO[bytes], kind: str) -> Iterator[Block]:
    """Elements of an array as lines: commas between them become line ends."""
    head = file.read(HEAD)
    rest, more, first = head[_start_of_array(head, kind) :], True, True
    while more:
        part = file.read(BLOCK)
        rest += part
        commas, end = _marks(rest)
        more = end is None
        if end is None and not part:
            raise _not_json(_("the list has no end: the body breaks off"), rest[-40:])
        if end is None and not len(commas):
            _check_length(rest)
            continue
        upto = int(commas[-1]) + 1 if end is None else end
        count = len(commas) + (end is not None)
        if end is not None and count == 1 and first and not rest[:end].strip():
            count = 0  # an empty list
        yield Block(_as_lines(rest[:upto], commas), file.tell() - len(rest) + upto, count)
        rest, first = rest[upto:], False
    if rest[1:].strip()[:1] not in (b"", b"}", b","):
        raise _not_json(_("something stands behind the list"), rest[:40])


def _marks(body: bytes) -> tuple[_Places, int | None]:
    """Commas between the elements of an array that is open where `body` begins, and where it ends."""
    found = np.frombuffer(body, np.uint8)
    outside = np.cumsum(_quotes(found)) % 2 == 0
    opens = outside & ((found == 0x7B) | (found == 0x5B))
    closes = outside & ((found == 0x7D) | (found == 0x5D))
    depth = np.cumsum(opens.astype(np.int8) - closes.astype(np.int8), dtype=np.int32)
    ends = np.flatnonzero(depth < 0)
    end = int(ends[0]) if len(ends) else None
    commas = np.flatnonzero(outside & (found == 0x2C) & (depth == 0))
    return (commas if end is None else commas[commas < end]), end


def _quotes(found: _Bytes) -> NDArray[np.bool_]:
    """Quotes that begin or end a text: those behind an even number of backslashes."""
    quotes: NDArray[np.bool_] = np.equal(found, 0x22)
    slashes: NDArray[np.bool_] = np.equal(found, 0x5C)
    if not slashes.any():
        return quotes
    place = np.arange(len(found))
    before = np.maximum.accumulate(np.where(slashes, -1, place))  # the last byte that is no backslash
    run = place[1:] - 1 - before[:-1]
    quotes[1:] &= run % 2 == 0
    return quotes


def _as_lines(body: bytes, commas: _Places) -> bytes:
    lines = np.frombuffer(body, np.uint8).copy()
    lines[(lines == 10) | (lines == 13)] = 32
    lines[commas] = 10
    return lines.tobytes()


def _not_json(message: str, near: bytes) -> Invalid:
    fault = Fault("not_json", message, value=near.decode("utf-8", "replace"))
    return Invalid(_("the body is not JSON"), code="not_json", faults=[fault])
