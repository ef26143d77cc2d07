"""Asks every rule in force of a movement, an offer or a paper, and adds up what they say."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from compliance.contracts import Document, Standing
from compliance.rules import goods, movement, offer, paper, registration
from compliance.rules.assessment import Assessment, assess, find_rate
from compliance.rules.rule import (
    MovementCase,
    MovementRule,
    OfferCase,
    OfferRule,
    PaperCase,
    PaperRule,
    PricedLine,
    say,
)
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.errors import Refused
from vyapar.kernel.facts import Examination, GoodsLine, MovementFacts, OfferFacts
from vyapar.kernel.phrases import phrase as _
from vyapar.law.preflight import clause
from vyapar.law.tax import taxable_from_inclusive
from vyapar.law.version import RULE_VERSION
from vyapar.law.wordings import worded

#: Every rule under the code of its clause, in the order in which the law is asked.
MOVEMENT_RULES: tuple[tuple[str, MovementRule], ...] = (
    ("G01", registration.g01_movement),
    ("G02", registration.g02_movement),
    ("G03", goods.g03_movement),
    ("G04", goods.g04_movement),
    ("G05", goods.g05),
    ("G06", goods.g06_movement),
    ("T03", movement.t03),
    ("T04", movement.t04),
    ("T05", movement.t05),
    ("T06", registration.t06),
    ("T07", movement.t07),
    ("T08", goods.t08),
    ("T09", movement.t09),
    ("T10", registration.t10),
    ("P09", goods.p09_movement),
    ("F01", registration.f01),
)

OFFER_RULES: tuple[tuple[str, OfferRule], ...] = (
    ("G01", registration.g01_offer),
    ("G02", registration.g02_offer),
    ("G03", goods.g03_offer),
    ("G04", goods.g04_offer),
    ("G06", goods.g06_offer),
    ("P01", offer.p01),
    ("P03", offer.offer_class),
    ("P05", goods.p05),
    ("P06", offer.p06),
    ("P08", offer.p08),
    ("P09", goods.p09_offer),
    ("P10", offer.p10),
    ("M01", offer.m01),
)

PAPER_RULES: tuple[tuple[str, PaperRule], ...] = (
    ("D01", paper.d01),
    ("D02", paper.d02),
    ("T01", paper.t01),
    ("T02", paper.t02),
    ("C01", paper.c01),
    ("C02", paper.c02),
    ("F01", paper.f01_paper),
)

_STRENGTH = {Severity.BLOCK: 0, Severity.WARN: 1, Severity.INFO: 2}


def examine(
    facts: MovementFacts | OfferFacts, *, at_date: date, standing: Standing | None = None
) -> Examination:
    """Everything the law says of facts, under the rules in force on the facts' own date.

    `at_date` is the day on which it is asked: nothing can leave before it. Findings come with the
    blocking ones first; a rule that lacks a fact it needs says "not checked" rather than nothing.
    """
    known = standing or Standing()
    if isinstance(facts, MovementFacts):
        return _examine_movement(facts, at_date, known)
    return _examine_offer(facts, at_date, known)


def inspect(document: Document, *, standing: Standing | None = None) -> tuple[Finding, ...]:
    """What the rules say of a paper before it is issued; blocking findings first."""
    case = PaperCase(document, standing or Standing())
    return _ordered(f for code, rule in PAPER_RULES if _binds(code, case.own_date) for f in rule(case))


def _examine_movement(facts: MovementFacts, at_date: date, standing: Standing) -> Examination:
    assessment: Assessment | None = None
    refusals: list[Finding] = []
    try:
        assessment = assess(facts)
    except Refused as refused:
        refusals.append(say("T01", _("%(why)s.", why=refused.message), fix=_("Complete the parties first.")))
    case = MovementCase(facts, at_date, standing, assessment)
    found = (f for code, rule in MOVEMENT_RULES if _binds(code, case.own_date) for f in rule(case))
    findings = _ordered([*refusals, *found])
    if assessment is None:
        return Examination(findings, (), False, 0, 0, RULE_VERSION)
    return Examination(
        findings=findings,
        papers=(assessment.need.kind.value,),
        eway_bill_needed=assessment.eway.needed,
        tax_paise=assessment.tax_paise,
        taxable_paise=assessment.taxable_paise,
        rule_version=RULE_VERSION,
        reasons=_reasons(assessment),
    )


def _examine_offer(facts: OfferFacts, at_date: date, standing: Standing) -> Examination:
    lines = tuple(_priced(row, line, facts) for row, line in enumerate(facts.lines, start=1))
    case = OfferCase(facts, at_date, standing, lines)
    found = (f for code, rule in OFFER_RULES if _binds(code, case.own_date) for f in rule(case))
    gross = sum(line.goods.quantity * line.goods.offer_price_paise for line in lines)
    taxable = sum(line.goods.quantity * (line.net_paise or 0) for line in lines)
    unclear = any(line.net_paise is None for line in lines)
    return Examination(
        findings=_ordered(found),
        papers=(),
        eway_bill_needed=False,
        tax_paise=0 if unclear else gross - taxable,
        taxable_paise=taxable,
        rule_version=RULE_VERSION,
        reasons=(_("Each sale under the offer is billed by the invoicing system."),),
    )


def _priced(row: int, line: GoodsLine, facts: OfferFacts) -> PricedLine:
    rate, unclear = find_rate(line, facts.starts_on)
    net = None if rate is None else taxable_from_inclusive(line.offer_price_paise, rate.basis_points)
    return PricedLine(row, line, rate, unclear, net)


def _reasons(assessment: Assessment) -> tuple[str, ...]:
    reasons = [assessment.need.reason]
    if assessment.valuation is not None:
        reasons.append(
            _(
                "Valued at %(method)s (%(source)s).",
                method=worded(assessment.valuation.label),
                source=assessment.valuation.source,
            )
        )
    if assessment.need.is_supply:
        place = assessment.place_of_supply
        reasons.append(
            _(
                "Place of supply is State %(place)s, so the tax is %(tax)s.",
                place=place,
                tax=assessment.tax_kind,
            )
        )
    return (*reasons, assessment.eway.reason)


def _binds(code: str, own_date: date) -> bool:
    return clause(code).in_force(own_date)


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda f: (_STRENGTH[f.severity], f.code, f.facts.get("row", 0))))
