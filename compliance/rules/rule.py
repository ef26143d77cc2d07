"""What a rule is, what it looks at, and how it speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from compliance.contracts import Document, Standing
from compliance.rules.assessment import Assessment
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.facts import GoodsLine, MovementFacts, OfferFacts, Party
from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _
from vyapar.law.preflight import clause
from vyapar.law.rates import Rate, RateUnclear


@dataclass(frozen=True, slots=True)
class MovementCase:
    """A movement to be judged on `at_date`; `assessment` is None when the parties forbid one."""

    facts: MovementFacts
    at_date: date
    standing: Standing
    assessment: Assessment | None

    @property
    def own_date(self) -> date:
        """The day whose rules bind: the document's own."""
        return self.facts.dispatch_date

    @property
    def arrival_date(self) -> date:
        """When the goods will be there: they cannot leave before today."""
        return max(self.facts.dispatch_date, self.at_date) + timedelta(days=self.facts.transit_days)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line of an offer with its rate; `net_paise` is the price without GST, None if unclear."""

    row: int
    goods: GoodsLine
    rate: Rate | None
    unclear: RateUnclear | None
    net_paise: int | None


@dataclass(frozen=True, slots=True)
class OfferCase:
    """An offer to be judged on `at_date`."""

    facts: OfferFacts
    at_date: date
    standing: Standing
    lines: tuple[PricedLine, ...]

    @property
    def own_date(self) -> date:
        """The day whose rules bind: the first day of the offer."""
        return self.facts.starts_on

    @property
    def first_date(self) -> date:
        """The first day on which goods can leave under the offer."""
        return max(self.facts.starts_on, self.at_date)


@dataclass(frozen=True, slots=True)
class PaperCase:
    """A paper to be judged before it is issued; its number may still be empty."""

    document: Document
    standing: Standing

    @property
    def own_date(self) -> date:
        return self.document.document_date


MovementRule = Callable[[MovementCase], Iterable[Finding]]
OfferRule = Callable[[OfferCase], Iterable[Finding]]
PaperRule = Callable[[PaperCase], Iterable[Finding]]


def say(
    code: str,
    message: str,
    /,
    *,
    fix: str = "",
    severity: Severity | None = None,
    **facts: Any,
) -> Finding:
    """A finding of a rule, with severity and legal basis from the catalogue unless told otherwise."""
    rule = clause(code)
    return Finding(code, severity or rule.severity, message, rule.basis, facts, fix)


def row_name(row: int, goods: GoodsLine) -> Phrase:
    """How findings name a line: `Row 3 (SKU-17, batch B12)`."""
    if not goods.batch:
        return _("Row %(row)s (%(sku)s)", row=row, sku=goods.sku)
    return _("Row %(row)s (%(sku)s, batch %(batch)s)", row=row, sku=goods.sku, batch=goods.batch)


def row_facts(row: int, goods: GoodsLine) -> dict[str, Any]:
    """The keys by which a screen finds the line again."""
    return {"row": row, "sku": goods.sku, "batch": goods.batch}


def day(value: date) -> str:
    """`23-11-2026`."""
    return f"{value:%d-%m-%Y}"


def days(count: int) -> Phrase:
    """`1 day`, `5 days`."""
    return ngettext("%(count)s day", "%(count)s days", count)


def or_empty(text: str) -> str:
    """What stands in a field, or that nothing does."""
    return text or _("(empty)")


def party_name(party: Party) -> str:
    """What people call a party."""
    return party.trade_name or party.legal_name
