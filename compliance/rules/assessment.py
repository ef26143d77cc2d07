"""What a movement is in law: which paper, what value, which tax, e-way bill or not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from vyapar.kernel.facts import GoodsLine, MovementFacts
from vyapar.law.eway import EwayNeed, eway_need
from vyapar.law.papers import PaperKind, PaperNeed, paper_for
from vyapar.law.rates import Rate, RateUnclear, rate_for
from vyapar.law.tax import Tax, no_tax, place_of_supply, split_tax, tax_kind
from vyapar.law.valuation import Valuation, find_valuation


@dataclass(frozen=True, slots=True)
class AssessedLine:
    """One line with its value and tax; `rate` is None where the table does not settle one."""

    row: int
    goods: GoodsLine
    rate: Rate | None
    unclear: RateUnclear | None
    taxable_paise: int
    tax: Tax

    @property
    def is_exempt(self) -> bool:
        return self.rate is not None and self.rate.is_nil


@dataclass(frozen=True, slots=True)
class Assessment:
    """A movement as the law sees it on the day of dispatch."""

    facts: MovementFacts
    need: PaperNeed
    valuation: Valuation | None
    place_of_supply: str
    tax_kind: str
    lines: tuple[AssessedLine, ...]
    eway: EwayNeed

    @property
    def taxable_paise(self) -> int:
        return sum(line.taxable_paise for line in self.lines)

    @property
    def tax_paise(self) -> int:
        return sum(line.tax.total for line in self.lines)


def assess(facts: MovementFacts) -> Assessment:
    """Paper, values, taxes and e-way need under the law of the dispatch date.

    Goods whose rate is unclear bear no tax here and count as taxable for the e-way bill; the
    rules object to them where it matters. Raises `Refused` where the parties are so incomplete
    that no paper can be chosen.
    """
    day = facts.dispatch_date
    rates = [find_rate(goods, day) for goods in facts.lines]
    all_nil = bool(rates) and all(rate is not None and rate.is_nil for rate, _ in rates)
    need = paper_for(
        facts.source.gstin, facts.destination.gstin, all_nil=all_nil, return_route=facts.return_route
    )
    supplier, receiver = facts.source.state_code, facts.destination.state_code
    place = place_of_supply(delivery_state=receiver)
    # Rule 28 is for one's own registrations; what goes back to a company goes at its purchase value
    own = need.is_supply and not facts.return_route
    valuation = find_valuation(facts.valuation, day) if own else None
    lines = []
    for row, (goods, (rate, unclear)) in enumerate(zip(facts.lines, rates, strict=True), start=1):
        taxable = _value(goods, valuation)
        tax = no_tax(supplier, place)
        if rate is not None and need.kind is PaperKind.TAX_INVOICE:
            tax = split_tax(taxable, rate.basis_points, supplier, place, cess_bp=rate.cess_bp)
        lines.append(AssessedLine(row, goods, rate, unclear, taxable, tax))
    counted = [line for line in lines if not line.is_exempt]
    eway = eway_need(
        sum(line.taxable_paise + line.tax.total for line in counted),
        supplier,
        receiver,
        day,
        hsns=[line.goods.hsn for line in counted],
    )
    kind = tax_kind(supplier, place)
    return Assessment(facts, need, valuation, place, kind, tuple(lines), eway)


def find_rate(goods: GoodsLine, on_date: date) -> tuple[Rate | None, RateUnclear | None]:
    """The rate of goods on a day, or why there is none."""
    try:
        rate = rate_for(goods.hsn, on_date, rate_item=goods.rate_item, packed=goods.packed)
    except RateUnclear as unclear:
        return None, unclear
    return rate, None


def _value(goods: GoodsLine, valuation: Valuation | None) -> int:
    if valuation is None:
        return goods.quantity * (goods.unit_value_paise or goods.cost_paise)
    return valuation.value(
        quantity=goods.quantity,
        unit_value_paise=goods.unit_value_paise,
        cost_paise=goods.cost_paise,
    )
