"""A far side's documented errors as a table: code, meaning, class, plan and how long to wait."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources

from vyapar.kernel.errors import Misconfigured, NotNow, Rejected, Unavailable, VyaparError
from vyapar.messaging.contracts import ErrorPlan

#: Classes of error that are ours to mend: credentials, settings, the account and its standing.
OURS = frozenset({"auth", "config", "account", "billing"})


@dataclass(frozen=True, slots=True)
class KnownError:
    """One documented error. `wait_seconds` is the least time before a repeat; 0: not said."""

    code: str
    meaning: str
    group: str
    plan: ErrorPlan
    wait_seconds: int
    note: str

    def as_error(self, code: str, message: str, *, retry_after: int = 0) -> VyaparError:
        """The kernel's error for it; `retry_after` is what this very answer asked for."""
        wait = retry_after or self.wait_seconds
        if self.plan is ErrorPlan.RETRY:
            return Unavailable(message, code=code, retry_after=wait)
        if self.plan is ErrorPlan.BACK_OFF:
            return NotNow(message, code=code, retry_after=wait)
        if self.group in OURS:
            return Misconfigured(message, code=code)
        return Rejected(message, code=code)


class ErrorTable:
    """Documented errors by code; a row may stand for a range of numbers (`200-299`)."""

    def __init__(self, rows: Iterable[KnownError]) -> None:
        self._rows: dict[str, KnownError] = {}
        for row in rows:
            for code in _codes(row.code):
                if code in self._rows:
                    raise ValueError(f"error code {code} stands twice in the table")
                self._rows[code] = row

    def find(self, code: str) -> KnownError | None:
        """The row for a code, or None when nobody documented it."""
        return self._rows.get(code)

    def rows(self) -> tuple[KnownError, ...]:
        """Every row once, in the table's order."""
        return tuple(dict.fromkeys(self._rows.values()))


def read_table(package: str) -> ErrorTable:
    """The table in `errors.csv` of a channel's package."""
    text = resources.files(package).joinpath("errors.csv").read_text(encoding="utf-8")
    return ErrorTable(_row(record) for record in csv.DictReader(text.splitlines()))


def _row(record: Mapping[str, str]) -> KnownError:
    return KnownError(
        code=record["code"],
        meaning=record["meaning"],
        group=record["class"],
        plan=ErrorPlan(record["plan"]),
        wait_seconds=int(record["wait_seconds"] or 0),
        note=record["note"],
    )


def _codes(text: str) -> list[str]:
    low, dash, high = text.partition("-")
    if dash and low.isdigit() and high.isdigit():
        return [str(number) for number in range(int(low), int(high) + 1)]
    return [text]
