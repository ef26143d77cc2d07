"""The sheet a reader works on: columns as they came and as tidy text, and what was found wrong with them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.fields import FieldSpec, Form
from inventory.feeds.canonical.table import api_names
from inventory.feeds.canonical.texts import as_text, empty, is_number, tidy_all
from vyapar.kernel.errors import Fault


class Sheet:
    """Rows of one kind while they are read. `row` counts from 1; `done` collects the columns read.

    `relaxed` marks rows of which only the fields in `strict` are asked for.
    """

    def __init__(self, kind: RecordKind, frame: pl.DataFrame, at: datetime) -> None:
        self.kind, self.frame, self.at = kind, frame, at
        self.height = frame.height
        self.row = _rows(frame)
        self.done: dict[str, pl.Series] = {}
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.bad = pl.Series("bad", [False], dtype=pl.Boolean).new_from_index(0, self.height)
        self.relaxed: pl.Series | None = None
        self.strict: frozenset[str] = frozenset()
        self._api = api_names(kind)
        names = [n for n in self._api if frame.schema.get(n) == pl.String]
        texts, self.odd = tidy_all([frame[n] for n in names])
        self._texts = dict(zip(names, texts, strict=True))

    def source(self, spec: FieldSpec) -> str:
        """Name of the column a field is read from; empty when the frame has none."""
        if spec.name in self.frame.columns:
            return spec.name
        paise = f"{spec.name}_paise"
        return paise if spec.form is Form.MONEY and paise in self.frame.columns else ""

    def column(self, name: str) -> pl.Series:
        """A column as it came; nothing when there is none."""
        return self.frame[name] if name in self.frame.columns else empty(name, pl.String, self.height)

    def text(self, name: str) -> pl.Series:
        """A column as tidy text; nothing when there is none."""
        if name not in self._texts:
            column = self.column(name)
            if name in self.frame.columns:
                (column,), odd = tidy_all([as_text(column)])
                self.odd |= odd
            self._texts[name] = column
        return self._texts[name]

    def given(self, name: str) -> pl.Series:
        """Where a row says something in a column."""
        column = self.column(name)
        return column.is_not_null() if is_number(column.dtype) else self.text(name).is_not_null()

    def has(self, name: str) -> bool:
        """Whether there is such a column, and something in it."""
        return name in self.frame.columns and self.frame[name].null_count() < self.height

    def fault(self, where: pl.Series, name: str, code: str, message: str) -> None:
        """Note a fault of the rows in `where`: they will not be taken."""
        found = self._found(where, name)
        if found is not None:
            self.bad = self.bad | found
            self.faults += self._tell(found, name, code, message)

    def warn(self, where: pl.Series, name: str, code: str, message: str) -> None:
        """Note something about the rows in `where` that a person should know; they are taken."""
        found = self._found(where, name)
        if found is not None:
            self.warnings += self._tell(found, name, code, message)

    def _found(self, where: pl.Series, name: str) -> pl.Series | None:
        if where.null_count():
            where = where.fill_null(False)
        if self.relaxed is not None and name not in self.strict:
            where = where & ~self.relaxed
        return where if where.any() else None

    def _tell(self, where: pl.Series, name: str, code: str, message: str) -> list[Fault]:
        rows = self.row.filter(where).to_list()
        values = self.text(name).filter(where).to_list()
        api = self._api.get(name, name)
        return [Fault(code, message, api, row, shown(value)) for row, value in zip(rows, values, strict=True)]


def shown(value: Any) -> str:
    """A value as a fault shows it."""
    return "" if value is None else str(value)[:200]


def _rows(frame: pl.DataFrame) -> pl.Series:
    """The rows' own numbers where they are numbers of 64 bits, or places counted from 1."""
    if "row" in frame.columns and frame.schema["row"].is_integer():
        own = frame["row"].cast(pl.Int64, strict=False)
        if not own.null_count():
            return own
    return pl.int_range(1, frame.height + 1, dtype=pl.Int64, eager=True).alias("row")
