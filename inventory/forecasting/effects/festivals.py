"""The dated table of festivals, and which weeks of which States each one touches."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.contracts.demand import DAYS_PER_WEEK

#: Every State, in the table's own word.
ALL = "all"


@dataclass(frozen=True, slots=True)
class Festival:
    """One festival: where it is kept, how its day comes about, and its days.

    - `states`: GST State codes as numbers; empty: everywhere.
    - `basis`: fixed, solar, lunar or estimated; `lead_days`: days of trade before the main day.
    """

    code: str
    name: str
    states: frozenset[int]
    basis: str
    lead_days: int
    days: tuple[date, ...]

    def is_kept_in(self, state: int) -> bool:
        """Whether a State keeps it; a State that is not known (0) keeps none."""
        return state > 0 and (not self.states or state in self.states)

    def next_day(self, day: date) -> date | None:
        """Its first main day on or after a day; None beyond the table."""
        return next((one for one in self.days if one >= day), None)


@cache
def list_festivals() -> tuple[Festival, ...]:
    """All festivals of the table, by code."""
    text = (files(f"{__package__}.data") / "festivals.csv").read_text(encoding="utf-8")
    found: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        found.setdefault(row["festival"], []).append(row)
    return tuple(
        Festival(
            code=code,
            name=rows[0]["name"],
            states=_states(rows[0]["states"]),
            basis=rows[0]["basis"],
            lead_days=int(rows[0]["lead_days"]),
            days=tuple(sorted(date.fromisoformat(row["date"]) for row in rows)),
        )
        for code, rows in sorted(found.items())
    )


def touched(
    first: date, weeks: int, states: Sequence[int], festivals: Iterable[Festival] | None = None
) -> Floats:
    """(festivals, states, weeks), share of each week's days that belong to a festival's trade, 0..1.

    The first week starts on `first`. Days of trade are the lead days and the main day.
    """
    known = tuple(list_festivals() if festivals is None else festivals)
    shares = np.zeros((len(known), len(states), weeks))
    for number, festival in enumerate(known):
        kept = np.array([festival.is_kept_in(state) for state in states], dtype=np.bool_)
        days = np.zeros(weeks * DAYS_PER_WEEK)
        for day in festival.days:
            start = (day - timedelta(days=festival.lead_days) - first).days
            days[max(start, 0) : max((day - first).days + 1, 0)] = 1.0
        shares[number, kept] = days.reshape(weeks, DAYS_PER_WEEK).mean(axis=1)
    return shares


def _states(text: str) -> frozenset[int]:
    return frozenset() if text == ALL else frozenset(int(code) for code in text.split())
