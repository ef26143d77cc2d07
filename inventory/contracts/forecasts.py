"""The model in force: which method each pattern of demand has, and what people changed of forecasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from vyapar.kernel.digest import sha256_of

#: From the nearest to the widest; of two overrides of a day, the nearer one holds.
LEVELS = ("item", "sku", "category", "territory", "all")
#: Share of a forecast's excess variance that all weeks have in common, because a level that is
#: wrong stays wrong: what stands until a back-test has found a distributor's own. At 0.25 the 80 %
#: interval of two years of real wholesale demand covered 86, 83 and 80 % of the totals of 4, 8 and
#: 13 weeks; at 0 (independent weeks) 77, 64 and 53 %.
COMMON_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class ForecastPlan:
    """How forecasts are made: `choices` are (pattern, method, widening of the spread) each.

    `correction`: power of the factors that bring sums to what is expected of them (0: none); `common`:
    share of the spread that all weeks have in common, as in `DemandDistribution`, and `stretch` of every
    widening, both found at the whole horizon.
    """

    choices: tuple[tuple[str, str, float], ...]
    correction: float = 0.0
    common: float = COMMON_SHARE
    stretch: float = 1.0

    @property
    def version(self) -> str:
        """Twelve hex digits, equal for equal plans."""
        return sha256_of(list(self.as_json().values()))[:12]

    def as_json(self) -> dict[str, Any]:
        """Plain form, as it is stored."""
        return {
            "choices": [list(choice) for choice in self.choices],
            "correction": self.correction,
            "common": self.common,
            "stretch": self.stretch,
        }

    @staticmethod
    def from_json(stored: dict[str, Any]) -> ForecastPlan:
        """The plan of a plain form."""
        choices = tuple((str(p), str(m), float(w)) for p, m, w in stored["choices"])
        # plans that were kept before widths were learnt have none
        common, stretch = float(stored.get("common", COMMON_SHARE)), float(stored.get("stretch", 1.0))
        return ForecastPlan(choices, float(stored["correction"]), common, stretch)


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
