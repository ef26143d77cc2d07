"""What goods are worth when they pass between registrations of one person (Rule 28)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.money import half_up
from vyapar.kernel.phrases import phrase as _
from vyapar.law.store import in_force, table


@dataclass(frozen=True, slots=True)
class Valuation:
    """One option of Rule 28: so many percent of a base, `value` or `cost`, under a condition."""

    method: str
    percent: int
    base: str
    condition: str
    label: str
    source: str

    @property
    def needs_full_itc(self) -> bool:
        """True for the option that stands only when the recipient may take all of the credit."""
        return "full ITC" in self.condition

    def value(self, *, quantity: int, unit_value_paise: int, cost_paise: int) -> int:
        """Taxable paise of `quantity` base units, half-up once on the whole line."""
        unit = cost_paise if self.base == "cost" else unit_value_paise
        return half_up(Decimal(quantity) * unit * self.percent / 100)


def find_valuation(method: str, on_date: date) -> Valuation | None:
    """The option by its name on a day, or None."""
    for row in in_force(table("valuation_methods"), on_date):
        if row["method"] == method:
            return Valuation(
                method=method,
                percent=int(row["percent"]),
                base=row["base"],
                condition=row["condition"],
                label=row["label"],
                source=row["source"],
            )
    return None


def get_valuation(method: str, on_date: date) -> Valuation:
    """The option by its name on a day; `Invalid` when Rule 28 knows no such option."""
    found = find_valuation(method, on_date)
    if found is None:
        known = ", ".join(row["method"] for row in in_force(table("valuation_methods"), on_date))
        message = _(
            "Rule 28 knows no valuation %(method)s; choose one of: %(known)s",
            method=f"{method!r}",
            known=known,
        )
        raise Invalid(message, faults=[Fault("valuation", message, "valuation", value=method)])
    return found
