"""What landing finds about rows that could be read: which of them cannot be taken, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from inventory.contracts.feeds import Landed, RecordKind
from inventory.feeds.canonical import Reading, api_names, shown
from vyapar.kernel.errors import Fault


class Findings:
    """Rows of one kind while they are judged, and what was found so far."""

    def __init__(self, kind: RecordKind, reading: Reading, rows: int) -> None:
        self.kind, self.rows = kind, rows
        self.lines = reading.lines
        self.faults = list(reading.faults)
        self.warnings = list(reading.warnings)
        self.same = 0  # rows that are there already and were taken out for it
        self._api = api_names(kind)

    def reject(self, name: str, code: str, message: str, where: pl.Expr) -> None:
        """Note a fault of the lines in `where` and take them out."""
        bad = self.lines.select(where.fill_null(False).alias("bad")).to_series()
        if bad.any():
            self.faults += self._tell(bad, name, code, message)
            self.lines = self.lines.filter(~bad)

    def reject_all(self, checks: tuple[tuple[str, str, str, pl.Expr], ...]) -> None:
        """As `reject` for several checks at once: a line may have a fault of each."""
        marks = self.lines.select(e.fill_null(False).alias(str(n)) for n, (*_, e) in enumerate(checks))
        bad = pl.Series("bad", [False]).new_from_index(0, self.lines.height)
        for n, (name, code, message, _) in enumerate(checks):
            if marks[str(n)].any():
                self.faults += self._tell(marks[str(n)], name, code, message)
                bad = bad | marks[str(n)]
        if bad.any():
            self.lines = self.lines.filter(~bad)

    def warn(self, name: str, code: str, message: str, where: pl.Expr) -> None:
        """Note something about the lines in `where` that a person should know."""
        found = self.lines.select(where.fill_null(False).alias("found")).to_series()
        if found.any():
            self.warnings += self._tell(found, name, code, message)

    def fault(self, row: int, name: str, code: str, message: str, value: object) -> None:
        """Note one fault; the caller takes the line out."""
        self.faults.append(Fault(code, message, self._api.get(name, name), row, shown(value)))

    def _tell(self, where: pl.Series, name: str, code: str, message: str) -> list[Fault]:
        found = self.lines.filter(where)
        values = (
            found[name].cast(pl.String)
            if name in found.columns
            else pl.Series([None]).new_from_index(0, found.height)
        )
        api = self._api.get(name, name)
        return [Fault(code, message, api, row, shown(v)) for row, v in zip(found["row"], values, strict=True)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What shall become of rows: the lines to write, and how many are there already.

    `new` and `changed` have a line each (`rows`: how many rows it stands for, 1 when there is no such
    column); `extra` are lines of other tables that must be there first, by the name of their table.
    """

    kind: RecordKind
    rows: int
    new: pl.DataFrame
    changed: pl.DataFrame
    same: int
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    day: str = ""  # column of the business day
    figures: Mapping[str, int] = field(default_factory=dict)
    extra: Mapping[str, pl.DataFrame] = field(default_factory=dict)

    def landed(self, figures: Mapping[str, int] | None = None) -> Landed:
        """The outcome, with figures of the writing beside its own."""
        accepted, updated = count_rows(self.new), count_rows(self.changed)
        days = [
            f[self.day] for f in (self.new, self.changed) if self.day and self.day in f.columns and f.height
        ]
        span = pl.concat(days) if days else None
        return Landed(
            kind=self.kind,
            accepted=accepted,
            updated=updated,
            duplicates=self.same,
            rejected=self.rows - accepted - updated - self.same,
            faults=self.faults,
            first_day=span.min() if span is not None else None,  # type: ignore[arg-type]
            last_day=span.max() if span is not None else None,  # type: ignore[arg-type]
            figures={**self.figures, **(figures or {})},
            warnings=self.warnings,
        )


def conclude(
    found: Findings,
    new: pl.DataFrame,
    changed: pl.DataFrame,
    same: int,
    *,
    day: str = "",
    figures: Mapping[str, int] | None = None,
    extra: Mapping[str, pl.DataFrame] | None = None,
) -> Verdict:
    """A verdict with the faults and warnings of all findings in order of rows."""
    return Verdict(
        found.kind, found.rows, new, changed, found.same + same, _sorted(found.faults),
        _sorted(found.warnings), day,
        figures or {}, extra or {},
    )  # fmt: skip


def _sorted(faults: list[Fault]) -> tuple[Fault, ...]:
    return tuple(sorted(faults, key=lambda f: (f.row or 0, f.field)))


def count_rows(lines: pl.DataFrame) -> int:
    """How many rows lines stand for."""
    return int(lines["rows"].sum()) if "rows" in lines.columns else lines.height
