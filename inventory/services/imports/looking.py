"""A look into a file before anything is read from it: its tables, and a mapping proposed for one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import FIELDS
from inventory.feeds.files import open_file
from inventory.feeds.profiles import SHIPPED, apply, find_plan, plan, read, suggest
from inventory.feeds.profiles.plan import finder
from inventory.models import ImportRun, MappingProfile
from inventory.services.imports.reading import options_of
from inventory.services.imports.storage import local_file

#: Fits every table and takes nothing: opens a file whatever its columns are called.
_ANYTHING = {
    "version": 1,
    "name": "look",
    "tables": [
        {"name": "any", "needs": [], "gives": [{"kind": "territories", "columns": {"code": {"fixed": "-"}}}]}
    ],
}
#: Rows of a table that are tried with a mapping.
_PREVIEW = 8


@dataclass(frozen=True, slots=True)
class Look:
    """One table of a file: its sheet's name, its header and its first rows."""

    name: str
    header: tuple[str, ...]
    sample: tuple[tuple[str | None, ...], ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """A mapping for a table: its spec, where it comes from (a profile or `suggested`), what it lacks."""

    spec: Mapping[str, Any]
    origin: str
    missing: tuple[str, ...] = ()


def look(run: ImportRun) -> tuple[Look, ...]:
    """The tables of a run's file, with the run's own encoding and delimiter. Raises `Invalid`."""
    options = {
        name: value
        for name, value in options_of(run).items()
        if name in ("encoding", "delimiter", "header_row")
    }
    with local_file(run.file) as path:
        opened = open_file(path, {**options, "profile": _ANYTHING, "name": run.title})
        return tuple(
            Look(one.table.name, tuple(one.table.header), tuple(tuple(row) for row in one.table.sample))
            for one in opened.planned
        )


def propose_mapping(
    table: Look, *, kind: RecordKind | None = None, profile: MappingProfile | None = None, shipped: str = ""
) -> Proposed:
    """The mapping of a saved or shipped profile, else the shipped one that fits best, else a suggestion.

    Raises `Invalid` when a chosen profile does not fit, or when nothing of the table is recognised.
    """
    if profile is not None:
        return Proposed(_only(profile.spec, table, kind), str(profile))
    if shipped:
        return Proposed(_only(SHIPPED[shipped], table, kind), shipped)
    found = find_plan([read(spec) for spec in SHIPPED.values()], table.header, kind)
    if found is not None:
        return Proposed(_only(SHIPPED[found[0].name], table, kind), found[0].name)
    spec = suggest(table.header, table.sample, kind)
    return Proposed(spec, "suggested", tuple(spec.get("missing", ())))


def draft_mapping(kind: RecordKind) -> Proposed:
    """An empty mapping for a kind: every column is still to be chosen."""
    needed = tuple(spec.name for spec in FIELDS[kind] if spec.required)
    table: dict[str, Any] = {"name": kind.value, "needs": [], "gives": [{"kind": kind.value, "columns": {}}]}
    return Proposed({"version": 1, "name": "", "tables": [table]}, "", needed)


def edit_mapping(
    spec: Mapping[str, Any], header: Sequence[str], chosen: Mapping[RecordKind, Mapping[str, str]], name: str
) -> dict[str, Any]:
    """A spec of one table with columns as a person chose them: kind -> field -> column ("" for none).

    A field that keeps its column keeps its rule with everything that hangs on it; another column
    starts afresh. What comes from no single column (fixed, joined, counted) stays.
    """
    table = dict(spec["tables"][0])
    given = {RecordKind(one["kind"]): dict(one) for one in table["gives"]}
    gives = []
    for kind, columns in chosen.items():
        old = given.get(kind, {"kind": kind.value, "columns": {}})
        rules = {
            field: rule
            for field, rule in old["columns"].items()
            if field not in columns or not _source(rule, header)
        }
        for field, column in columns.items():
            before = old["columns"].get(field)
            kept = before is not None and _source(before, header) == column
            if column:
                rules[field] = before if kept else _afresh(kind, field, column)
            elif before is not None and _source(before, header):
                rules.pop(field, None)
        gives.append({**old, "columns": rules})
    table["gives"] = gives
    table["needs"] = [
        [rule]
        if isinstance(rule, str)
        else rule["from"]
        if isinstance(rule["from"], list)
        else [rule["from"]]
        for kind, columns in chosen.items()
        for field in columns
        if _is_required(kind, field)
        and (rule := _as_column(next(g for g in gives if g["kind"] == kind.value)["columns"].get(field)))
    ]
    return {"version": 1, "name": name, "label": name, "tables": [table]}


def source_of(spec: Mapping[str, Any], kind: RecordKind, field: str, header: Sequence[str]) -> str:
    """The column of a header that a field is taken from; empty when it comes from none."""
    for one in spec["tables"][0]["gives"]:
        if one["kind"] == kind.value and field in one["columns"]:
            return _source(one["columns"][field], header)
    return ""


def kinds_of(spec: Mapping[str, Any]) -> tuple[RecordKind, ...]:
    """The kinds that the table of a spec gives, in the order they refer to one another."""
    given = {RecordKind(one["kind"]) for one in spec["tables"][0]["gives"]}
    return tuple(kind for kind in RecordKind if kind in given)


def try_mapping(spec: Mapping[str, Any], table: Look) -> dict[RecordKind, pl.DataFrame]:
    """The first rows of a table as a mapping reads them, by kind. Raises `Invalid`."""
    rows = [list(row) for row in table.sample[:_PREVIEW]]
    schema = dict.fromkeys(table.header, pl.String)
    return apply(spec, pl.DataFrame(rows, schema=schema, orient="row"))


def _only(spec: Mapping[str, Any], table: Look, kind: RecordKind | None) -> Mapping[str, Any]:
    """The spec with only the table of it that fits."""
    profile = read(spec)
    fits = plan(profile, table.header, kind).table
    place = profile.tables.index(fits)
    only = dict(spec["tables"][place])
    if kind is not None:
        only["gives"] = [one for one in only["gives"] if one["kind"] == kind.value]
    return {**spec, "tables": [only]}


def _source(rule: Any, header: Sequence[str]) -> str:
    """The column of the header a rule takes; empty for rules of no single column."""
    names = rule if isinstance(rule, str | list) else rule.get("from") if isinstance(rule, Mapping) else None
    if not names:
        return ""
    return finder(list(header))((names,) if isinstance(names, str) else tuple(names)) or ""


def _as_column(rule: Any) -> Any:
    """A rule that takes one column; None for any other."""
    if isinstance(rule, list):
        return {"from": rule}
    if isinstance(rule, str) or (isinstance(rule, Mapping) and "from" in rule and "default" not in rule):
        return rule
    return None


def _afresh(kind: RecordKind, field: str, column: str) -> Any:
    form = next((str(spec.form) for spec in FIELDS[kind] if spec.name == field), "")
    return {"from": column, "date": "dmy"} if "day" in form or form == "instant" else column


def _is_required(kind: RecordKind, field: str) -> bool:
    return any(spec.name == field and spec.required for spec in FIELDS[kind])
