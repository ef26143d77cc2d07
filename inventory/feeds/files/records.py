"""NDJSON and JSON: records flattened to columns, lists within them spread over rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ijson
import numpy as np
import orjson
import polars as pl

from inventory.contracts.feeds import Uncovered
from inventory.feeds.files.limits import Limits, in_words, refuse
from inventory.feeds.files.sheets import text_of
from inventory.feeds.files.table import ROW, Chunk, character_faults, unique_names
from inventory.feeds.files.text import Body, blocks, body_of, find_encoding
from vyapar.kernel.errors import Fault
from vyapar.kernel.phrases import phrase as _

_SAMPLE = 200
_DEPTH = 6
_DEEP, _LONG_PREFIX = 300, 5000
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[[0x5B, 0x7B]], _STEPS[[0x5D, 0x7D]] = 1, -1  # [ { and ] }
_PLAIN = frozenset({str, type(None)})
_NESTED = frozenset({dict, list})
Record = dict[str, Any]  # of texts, numbers and flags
_NOT_OBJECT = _("this is not an object with named values")


class Records:
    """A file of records as a table; its header is the names met in the first of them.

    Row numbers: of the line for NDJSON, of the record for JSON. A record with a list of objects gives
    one row for each of them, all with the record's number. Names that only later records have are in
    the chunks where they are met.
    """

    name = ""
    count = None

    def __init__(
        self, path: Path, limits: Limits, *, lines: bool, encoding: str = "", sheet: str = ""
    ) -> None:
        self._path, self._limits = path, limits
        self._encoding = find_encoding(path, limits, encoding) if lines else None
        self._prefix = "" if lines else _find_list(path, limits, sheet)
        self.notes: list[Uncovered] = []
        rows: list[Record] = []
        broken: list[Fault] = []
        for number, value, _place in self._values():
            made, fault = rows_of(value, number)
            rows += made
            broken += [fault] if fault else []
            if number >= _SAMPLE:
                break
        names: dict[str, None] = {}
        for row in rows:
            names.update(dict.fromkeys(row))
        if not names:
            if not broken:
                refuse("no_rows", _("there are no records in this file"))
            message = _(
                "there are no records in this file: %(message)s (record %(row)s)",
                message=broken[0].message,
                row=str(broken[0].row),
            )
            refuse("no_rows", message)
        unique_names(list(names), limits)
        self.header = tuple(names)
        self.sample: Sequence[Sequence[str | None]] = [
            [text_of(row.get(name)) for name in names] for row in rows
        ]

    def chunks(self, skip: int = 0) -> Iterator[Chunk]:
        """See `Table`. Chunks are cut after so many records or bytes; skipped ones are still read."""
        limits = self._limits
        rows: list[tuple[int, Record]] = []
        faults: list[Fault] = []
        number, start, since = 0, 0, 0
        for ordinal, value, position in self._values():
            since += 1
            if number >= skip:
                made, fault = rows_of(value, ordinal)
                rows += [(ordinal, row) for row in made]
                faults += [fault] if fault else []
            if since >= limits.rows or len(rows) >= 2 * limits.rows or position - start > 8 * limits.block:
                if number >= skip:
                    yield self._chunk(rows, faults, position)
                rows, faults, start, since, number = [], [], position, 0, number + 1
        if rows or faults:
            yield self._chunk(rows, faults, self._path.stat().st_size)

    def _chunk(self, rows: list[tuple[int, Record]], faults: list[Fault], position: int) -> Chunk:
        names = dict.fromkeys(self.header)
        for _number, row in rows:
            if not names.keys() >= row.keys():
                names.update(dict.fromkeys(row))
        unique_names(list(names), self._limits)
        columns = [pl.Series(ROW, [number for number, _row in rows], dtype=pl.Int64)]
        columns += [_texts(name, [row.get(name) for _number, row in rows]) for name in names]
        made = pl.DataFrame(columns)
        return Chunk(made, position, (*faults, *character_faults(made)))

    def _values(self) -> Iterator[tuple[int, Any, int]]:
        """Ordinal from 1, value (an exception where it cannot be read) and position."""
        with body_of(self._path, self._limits) as body:
            yield from self._listed(body) if self._encoding is None else self._lines(body)

    def _lines(self, body: Body) -> Iterator[tuple[int, Any, int]]:
        number, rest = 0, b""
        assert self._encoding is not None
        for data, position in blocks(body, self._encoding, self._limits.block):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > self._limits.record:
                _too_long(number + len(lines) + 1, self._limits)
            for line in lines:
                number += 1
                if line.strip():
                    yield number, _loaded(line), position
        if rest.strip():
            yield number + 1, _loaded(rest), body.position

    def _listed(self, body: Body) -> Iterator[tuple[int, Any, int]]:
        tap = _Tap(body, self._limits)
        prefix = f"{self._prefix}.item" if self._prefix else "item"
        try:
            for number, value in enumerate(ijson.items(tap, prefix), 1):
                tap.ended()
                yield number, value, body.position
        except (ijson.JSONError, UnicodeDecodeError, ValueError, RecursionError) as error:
            refuse("broken_json", _("this is not valid JSON: %(error)s", error=_sentence(error)))


class _Tap:
    """The body as ijson reads it; refuses a record that does not end, or nests without end.

    Depth is counted before the parser sees the bytes: its cost grows with the square of it. Brackets
    within texts count too, which is why the limit is far above any real record's.
    """

    def __init__(self, body: Body, limits: Limits) -> None:
        self._body, self._limits, self._begun = body, limits, False
        self._since = self._depth = 0

    def ended(self) -> None:
        """A record has been read to its end."""
        self._since = self._depth = 0

    def read(self, size: int) -> bytes:
        data = self._body.read(size)
        if size and not self._begun:
            self._begun = True
            data = data.removeprefix(b"\xef\xbb\xbf")
        self._since += len(data)
        if self._since > 8 * self._limits.record:
            refuse(
                "record_too_long",
                _("a record is longer than %(size)s", size=in_words(8 * self._limits.record)),
            )
        if data:
            depths = self._depth + np.cumsum(_STEPS[np.frombuffer(data, dtype=np.uint8)], dtype=np.int64)
            if depths.max() > _DEEP:
                refuse(
                    "too_deep", _("objects or lists stand more than %(most)s deep in one another", most=_DEEP)
                )
            self._depth = int(depths[-1])
        return data


def _find_list(path: Path, limits: Limits, wanted: str) -> str:
    """Where the list of records stands: empty for a list at the top, else the names that lead to it."""
    found: list[str] = []
    with body_of(path, limits) as body:
        tap = _Tap(body, limits)
        try:
            for prefix, event, _value in ijson.parse(tap):
                tap.ended()
                if len(prefix) > _LONG_PREFIX:
                    refuse(
                        "too_deep",
                        _("objects or lists stand more than %(most)s deep in one another", most=_DEEP),
                    )
                inside = any(prefix == one or prefix.startswith((f"{one}.", "item")) for one in found)
                if event == "start_array" and not inside:
                    found.append(prefix)
                    if not prefix or (wanted and prefix.split(".")[-1] == wanted):
                        return str(prefix)
                    if body.position > 4 * limits.block:
                        break  # a long list: whatever follows it is beside the point
        except (ijson.JSONError, UnicodeDecodeError, ValueError, RecursionError) as error:
            refuse("broken_json", _("this is not valid JSON: %(error)s", error=_sentence(error)))
    if wanted:
        refuse(
            "no_such_list",
            _(
                "there is no list %(wanted)s; the file has %(found)s",
                wanted=f"{wanted!r}",
                found=", ".join(found) or _("none"),
            ),
        )
    if not found:
        refuse("no_list", _("the file holds no list of records"))
    if len(found) > 1:
        refuse(
            "several_lists",
            _("the file holds several lists (%(found)s); say which one to read", found=", ".join(found[:8])),
        )
    return found[0]


def rows_of(value: Any, number: int) -> tuple[list[Record], Fault | None]:
    """A record as flat rows, and what is wrong with it."""
    if isinstance(value, ValueError):
        return [], Fault(
            "not_json", _("this line is not valid JSON: %(why)s", why=_sentence(value)), "row", number
        )
    if not isinstance(value, Mapping):
        return [], Fault("not_an_object", _NOT_OBJECT, "row", number, str(value)[:200])
    if ROW not in value and _NESTED.isdisjoint(map(type, value.values())):
        return [dict(value)], None
    flat: Record = {}
    lists: list[tuple[str, list[Any]]] = []
    try:
        _flatten("", value, 0, flat, lists)
    except RecursionError:
        return [], Fault(
            "too_deep",
            _("objects stand more than %(depth)s deep in one another", depth=_DEPTH),
            "row",
            number,
        )
    if not lists:
        return [flat], None
    name, items = lists[0]
    rows: list[Record] = []
    further: list[tuple[str, list[Any]]] = []
    for item in items:
        inner: Record = {}
        _flatten(f"{name}.", item, 1, inner, further)
        rows.append({**flat, **inner})
    if len(lists) > 1 or further:
        other = ", ".join(dict.fromkeys(one for one, _ in (*lists[1:], *further)))
        return rows, Fault(
            "several_lists",
            _(
                "the record holds more than one list (%(other)s); only %(name)s is read",
                other=other,
                name=name,
            ),
            "row",
            number,
        )
    return rows, None


def _flatten(
    prefix: str, value: Mapping[str, Any], depth: int, flat: Record, lists: list[tuple[str, list[Any]]]
) -> None:
    if depth > _DEPTH:
        raise RecursionError
    for key, inner in value.items():
        name = f"{prefix}{key}" if prefix or key != ROW else f"{ROW} (2)"
        if isinstance(inner, Mapping):
            _flatten(f"{name}.", inner, depth + 1, flat, lists)
        elif isinstance(inner, list):
            if len(inner) == 1 and isinstance(inner[0], Mapping):
                _flatten(f"{name}.", inner[0], depth + 1, flat, lists)
            elif inner and all(isinstance(item, Mapping) for item in inner):
                lists.append((name, inner))
            elif inner:
                flat[name] = ", ".join(text_of(item) or "" for item in inner)
        else:
            flat[name] = inner


def _texts(name: str, values: list[Any]) -> pl.Series:
    """A column of values as text; empty texts are null."""
    if not _PLAIN.issuperset(map(type, values)):
        values = [text_of(value) for value in values]
    return pl.Series(name, values, dtype=pl.String).replace("", None)


def _loaded(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return error


def _too_long(row: int, limits: Limits) -> None:
    refuse(
        "record_too_long",
        _("line %(row)s is longer than %(size)s", row=f"{row:,}", size=in_words(limits.record)),
        row=row,
    )


def _sentence(error: BaseException) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(error)
    told = " ".join(text.split())[:120]
    if "lexical error" not in text:
        return told
    return _("%(error)s (JSON is always UTF-8: save it so)", error=told)
