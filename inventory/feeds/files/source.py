"""A file of any format as a source of canonical parcels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from inventory.contracts.feeds import Parcel, RecordKind, Uncovered
from inventory.feeds.files.columnar import Parquet
from inventory.feeds.files.delimited import Delimited
from inventory.feeds.files.limits import Limits, refuse
from inventory.feeds.files.records import Records
from inventory.feeds.files.sheets import sheets_of
from inventory.feeds.files.sniff import find_format
from inventory.feeds.files.table import ROW, Chunk, Table
from inventory.feeds.files.writing import unguarded
from inventory.feeds.profiles import SHIPPED, Memory, Plan, Profile, find_plan, plan, read
from inventory.feeds.profiles.words import all_names, plain
from vyapar.kernel.errors import Invalid
from vyapar.kernel.phrases import phrase as _

_ORDER = list(RecordKind)
_UNKNOWN = "no profile knows these columns; choose a profile or make one. The file has: {columns}"


@dataclass(frozen=True, slots=True)
class Planned:
    """A table of the file, and what comes of it."""

    table: Table
    plan: Plan
    profile: str


class File:
    """One file as a `Source`.

    Options: `profile` (a spec, or the name of a shipped one; else the shipped one that fits best),
    `kind`, `sheet` (of a workbook, or the list of a JSON object), `encoding`, `delimiter`,
    `header_row` (from 1), `name` (the file's own name, where the path has another).

    A chunk of rows gives one parcel for each kind that its table gives; numbers keep a place for each,
    so that they are the same whether a chunk has rows of the kind or not. `coverage` counts what was
    read: after `parcels(after=n)` the rows of chunks that were skipped are not in it. Raises `Invalid`
    when opened, if the file cannot be read, and while it is read, if it breaks further down.
    """

    def __init__(
        self, path: Path, options: Mapping[str, Any] | None = None, limits: Limits | None = None
    ) -> None:
        self._path, self._limits = path, limits or Limits()
        self._options = dict(options or {})
        self._size = 0
        self._around: list[Uncovered] = []
        self._left: dict[tuple[str, str], Uncovered] = {}
        profiles = _profiles(self._options.get("profile"))
        kind = _kind(self._options.get("kind"))
        tables = self._open(_known(profiles))
        self._size = path.stat().st_size
        self.planned = self._plan(tables, profiles, kind, chosen=bool(self._options.get("profile")))

    @property
    def bytes_total(self) -> int | None:
        """Size of the file as it lies."""
        return self._size

    def parcels(self, after: int = -1) -> Iterator[Parcel]:
        """See `Source`. Chunks before `after` are skipped by their reader."""
        self._left = {}
        base = 0
        for planned in self.planned:
            stride = len(planned.plan.kinds)
            count = planned.table.count
            if count is not None and base + count * stride - 1 <= after:
                base += count * stride
                continue
            skip = max((after + 1 - base) // stride, 0)
            memory, remembers = Memory(), planned.plan.remembers
            for place, chunk in enumerate(
                planned.table.chunks(0 if remembers else skip), 0 if remembers else skip
            ):
                yield from (
                    parcel
                    for parcel in self._given(
                        planned, chunk, base + place * stride, memory, quiet=place < skip
                    )
                    if parcel.number > after
                )
            base += (count or 0) * stride

    def coverage(self) -> Sequence[Uncovered]:
        """See `Source`."""
        return (*self._around, *self._left.values())

    # --- reading -------------------------------------------------------------------------

    def _given(
        self, planned: Planned, chunk: Chunk, number: int, memory: Memory, *, quiet: bool
    ) -> list[Parcel]:
        bad = sorted({fault.row for fault in chunk.faults if fault.row is not None})
        rows = _unguarded(chunk.rows.filter(~pl.col(ROW).is_in(bad)) if bad else chunk.rows)
        applied = planned.plan.apply(rows, memory)
        if quiet:
            return []
        for fault in chunk.faults:
            self._leave(
                Uncovered(
                    _("rows that could not be read"),
                    1,
                    fault.message,
                    _("row %(row)s: %(value)s", row=fault.row or 0, value=str(fault.value)[:140]),
                )
            )
        for one in applied.left:
            self._leave(one)
        for name, (count, example) in planned.plan.uncovered(rows).items():
            self._leave(Uncovered(name, count, _("the profile does not take this column"), example))
        parcels = []
        for place, kind in enumerate(planned.plan.kinds):
            frame = applied.frames[kind]
            faults = chunk.faults if place == 0 else ()
            if not frame.is_empty() or faults:
                parcels.append(Parcel(kind, number + place, frame, chunk.bytes_read, faults))
        return parcels

    def _leave(self, one: Uncovered) -> None:
        one = replace(one, name=_shown(one.name), example=_shown(one.example))
        key = (one.name, one.reason)
        had = self._left.get(key)
        self._left[key] = Uncovered(one.name, had.count + one.count, one.reason, had.example) if had else one

    # --- opening -------------------------------------------------------------------------

    def _open(self, known: Any) -> list[Table]:
        options, limits, path = self._options, self._limits, self._path
        sheet, encoding = str(options.get("sheet") or ""), str(options.get("encoding") or "")
        header_row = _whole(options.get("header_row"))
        match find_format(path, limits, str(options.get("name") or "")):
            case "workbook":
                sheets, self._around = sheets_of(path, limits, known, sheet=sheet, header_row=header_row)
                if not sheets:
                    refuse("no_rows", _("no sheet of this workbook holds a table with rows under a header"))
                return list(sheets)
            case "parquet":
                return [Parquet(path, limits)]
            case "ndjson" | "json" as form:
                return [Records(path, limits, lines=form == "ndjson", encoding=encoding, sheet=sheet)]
            case _:
                delimiter = str(options.get("delimiter") or "").replace("\\t", "\t")
                return [
                    Delimited(
                        path, limits, known, encoding=encoding, delimiter=delimiter, header_row=header_row
                    )
                ]

    def _plan(
        self, tables: Sequence[Table], profiles: Sequence[Profile], kind: RecordKind | None, *, chosen: bool
    ) -> list[Planned]:
        """Tables that a profile fits; of several, the ones others refer to come first."""
        made: list[Planned] = []
        refused: Invalid | None = None
        for table in tables:
            try:
                made.append(_planned(table, profiles, kind, chosen=chosen))
                self._around += table.notes
            except Invalid as error:
                refused = refused or error
                what = f"sheet {table.name}" if table.name else "the file"
                self._around.append(Uncovered(what, 0, error.message))
        if not made:
            assert refused is not None
            raise refused
        return sorted(made, key=lambda one: _ORDER.index(one.plan.kinds[0]))


def _shown(text: str) -> str:
    """A text that a page, a log and the database can keep."""
    clean = text.replace("\x00", " ")[:200]
    return text if clean == text else clean  # what has nothing to be cut keeps its words


def _unguarded(rows: pl.DataFrame) -> pl.DataFrame:
    """Cells without the quote that an export of ours puts before what looks like a formula."""
    quoted = rows.select(pl.col(pl.String).str.starts_with("'").any())
    names = [name for name in quoted.columns if quoted[name].item()] if rows.height else []
    return rows.with_columns(unguarded(pl.col(name)) for name in names) if names else rows


def _planned(table: Table, profiles: Sequence[Profile], kind: RecordKind | None, *, chosen: bool) -> Planned:
    if chosen:
        return Planned(table, plan(profiles[0], table.header, kind), profiles[0].name)
    found = find_plan(profiles, table.header, kind)
    if found is None:
        message = _UNKNOWN.format(columns=", ".join(table.header[:20]))
        raise Invalid(message, code="no_profile")
    return Planned(table, found[1], found[0].name)


def _profiles(given: Any) -> list[Profile]:
    if isinstance(given, str) and given:
        if given not in SHIPPED:
            refuse(
                "unknown_profile",
                _(
                    "there is no profile %(given)s; there are %(known)s",
                    given=f"{given!r}",
                    known=", ".join(SHIPPED),
                ),
            )
        return [read(SHIPPED[given])]
    return [read(given)] if given else [read(spec) for spec in SHIPPED.values()]


def _kind(given: Any) -> RecordKind | None:
    try:
        return RecordKind(given) if given else None
    except ValueError:
        return refuse(
            "unknown_kind",
            _(
                "there is no kind of record %(given)s; there are %(known)s",
                given=f"{given!r}",
                known=", ".join(RecordKind),
            ),
        )


def _whole(given: Any) -> int | None:
    if given in (None, ""):
        return None
    if not str(given).isdecimal() or not int(given):
        refuse("bad_header_row", _("the header's row is a whole number from 1"))
    return int(given)


def _known(profiles: Sequence[Profile]) -> Any:
    """Tells whether some profile knows a column of this name."""
    names = set(all_names())
    for profile in profiles:
        for table in profile.tables:
            names |= {plain(one) for need in table.needs for one in need}
            names |= {plain(one) for need in table.ignore for one in need}
            rules = [rule for gives in table.gives for rule in gives.columns.values()]
            names |= {plain(one) for rule in rules for column in rule.columns() for one in column}
    return lambda text: plain(text) in names
