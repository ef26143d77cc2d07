"""Reads the dated tables, once each, and picks the rows in force on a day."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from vyapar.kernel.digest import sha256_of

Row = Mapping[str, str]

_PACKAGE = "vyapar.law.tables"


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which something is in force, both ends included; None is open."""

    first: date | None = None
    last: date | None = None

    def __contains__(self, day: date) -> bool:
        after_start = self.first is None or self.first <= day
        return after_start and (self.last is None or day <= self.last)


@cache
def table(name: str) -> tuple[Row, ...]:
    """All rows of `tables/<name>.csv` in file order, every cell as text."""
    text = (files(_PACKAGE) / f"{name}.csv").read_text(encoding="utf-8")
    return tuple(MappingProxyType(row) for row in csv.DictReader(text.splitlines()))


def period(row: Row) -> Period:
    """When a row is in force, from its `effective_from` and `effective_to`."""
    return Period(_day(row.get("effective_from", "")), _day(row.get("effective_to", "")))


def in_force(rows: Iterable[Row], on_date: date) -> tuple[Row, ...]:
    """The rows whose period holds `on_date`, in the order given."""
    return tuple(row for row in rows if on_date in period(row))


@cache
def names() -> tuple[str, ...]:
    """Every table there is, sorted."""
    found = [entry.name for entry in files(_PACKAGE).iterdir()]
    return tuple(sorted(name.removesuffix(".csv") for name in found if name.endswith(".csv")))


def tables_digest() -> str:
    """Hex SHA-256 over the cells of every table; line ends and quoting do not matter."""
    cells: dict[str, Any] = {name: [dict(row) for row in table(name)] for name in names()}
    return sha256_of(cells)


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
