"""The catalogue of checks that the law and good practice want before an action."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache

from vyapar.kernel.decision import Severity
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _
from vyapar.law.store import Period, period, table


@dataclass(frozen=True, slots=True)
class Clause:
    """One check: its code, what it says, how strongly, on what basis, and since when."""

    code: str
    action: str
    text: str
    severity: Severity
    basis: str
    confidence: str
    period: Period

    def in_force(self, on_date: date) -> bool:
        """Whether it binds documents of that day."""
        return on_date in self.period


@cache
def clauses() -> dict[str, Clause]:
    """Every check by its code, in the catalogue's order."""
    return {
        row["rule_id"]: Clause(
            code=row["rule_id"],
            action=row["action"],
            text=row["check"],
            severity=Severity.INFO if row["severity"] == "allow" else Severity(row["severity"]),
            basis=row["legal_basis"],
            confidence=row["confidence"],
            period=period(row),
        )
        for row in table("preflight_rules")
    }


def clause(code: str) -> Clause:
    """One check by its code; `Misconfigured` when the catalogue lacks it."""
    found = clauses().get(code)
    if found is None:
        raise Misconfigured(_("the catalogue of checks has no %(code)s", code=code), code="no_such_clause")
    return found
