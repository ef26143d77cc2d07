"""The model in force: which method each pattern of demand has, and what people changed of forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from vyapar.kernel.digest import sha256_of

#: From the nearest to the widest; of two overrides of a day, the nearer one holds.
LEVELS = ("item", "sku", "category", "territory", "all")


@dataclass(frozen=True, slots=True)
class ForecastPlan:
    """How forecasts are made: `choices` are (pattern, method, widening of the spread) each.

    `correction`: power of the factors that bring sums to what is expected of them (0: none).
    """

    choices: tuple[tuple[str, str, float], ...]
    correction: float = 0.0

    @property
    def version(self) -> str:
        """Twelve hex digits, equal for equal plans."""
        return sha256_of([list(map(list, self.choices)), self.correction])[:12]

    def as_json(self) -> dict[str, Any]:
        """Plain form, as it is stored."""
        return {"choices": [list(choice) for choice in self.choices], "correction": self.correction}

    @staticmethod
    def from_json(stored: dict[str, Any]) -> ForecastPlan:
        """The plan of a plain form."""
        choices = tuple((str(p), str(m), float(w)) for p, m, w in stored["choices"])
        return ForecastPlan(choices, float(stored["correction"]))


@dataclass(frozen=True, slots=True)
class Override:
    """What a person knows better: from one day to another (both included), at one level.

    Empty `sku`, `category` and `territory` are any. Either `factor` (of the baseline) or `pieces` (in
    all, over its days and everything it covers) is set. `number` grows with each that is made.
    """

    number: int
    level: str
    first: date
    last: date
    sku: str = ""
    category: str = ""
    territory: str = ""
    factor: float | None = None
    pieces: int | None = None
