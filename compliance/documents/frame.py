"""What the goods papers have in common: lines, totals, parties, transport. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from compliance.contracts import RETURN_ROUTE, Document, DocumentLine, PaperKind, Totals, Transport
from compliance.rules import AssessedLine, Assessment, assess
from vyapar.kernel.calendar import financial_year
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.facts import MovementFacts
from vyapar.kernel.phrases import phrase as _
from vyapar.law.rates import governing_date
from vyapar.law.tax import round_to_rupee
from vyapar.law.version import RULE_VERSION


def build_as(
    kind: PaperKind,
    facts: MovementFacts,
    *,
    document_date: date | None = None,
    number: str = "",
    transporter_name: str = "",
    simulated: bool = False,
) -> Document:
    """The paper of one kind for a movement, dated on dispatch unless told otherwise.

    Where the paper's date and the dispatch lie on two sides of a change of rate, s.14 CGST Act
    decides; no payment is expected for goods of one's own.

    Raises `Refused` when the registrations ask for another kind, when a rate is unclear, or when
    Rule 28 knows no such valuation: a paper never holds a guess.
    """
    day = document_date or facts.dispatch_date
    assessment = assess(replace(facts, dispatch_date=governing_date(facts.dispatch_date, day)))
    _check(kind, assessment)
    lines = tuple(_line(line, assessment) for line in assessment.lines)
    valuation = assessment.valuation
    return Document(
        kind=kind,
        number=number,
        document_date=day,
        financial_year=financial_year(day),
        seller=facts.source,
        buyer=facts.destination,
        dispatched_from=facts.source_location,
        delivered_to=facts.destination_location,
        place_of_supply=assessment.place_of_supply,
        tax_kind=assessment.tax_kind,
        lines=lines,
        totals=add_up(lines),
        reason=assessment.need.reason,
        basis=assessment.need.basis,
        valuation=valuation.method if valuation else "",
        valuation_note=f"{valuation.label} ({valuation.source})" if valuation else "",
        eway=assessment.eway,
        transport=Transport(
            distance_km=facts.distance_km,
            transit_days=facts.transit_days,
            vehicle_number=facts.vehicle_number,
            transporter_id=facts.transporter_id,
            transporter_name=transporter_name,
        ),
        rule_version=RULE_VERSION,
        simulated=simulated,
        extra={RETURN_ROUTE: facts.return_route} if facts.return_route else {},
    )


def add_up(lines: tuple[DocumentLine, ...]) -> Totals:
    """The sums of the lines, and the total rounded to the rupee with its round-off."""
    taxable = sum(line.taxable_paise for line in lines)
    tax = sum(line.tax_paise for line in lines)
    total, round_off = round_to_rupee(taxable + tax)
    return Totals(
        quantity=sum(line.quantity for line in lines),
        taxable_paise=taxable,
        cgst_paise=sum(line.cgst_paise for line in lines),
        sgst_paise=sum(line.sgst_paise for line in lines),
        igst_paise=sum(line.igst_paise for line in lines),
        cess_paise=sum(line.cess_paise for line in lines),
        round_off_paise=round_off,
        total_paise=total,
    )


def _check(kind: PaperKind, assessment: Assessment) -> None:
    need = assessment.need
    if need.kind is not kind:
        wanted, asked = need.kind.replace("_", " "), kind.replace("_", " ")
        message = _(
            "%(reason)s It cannot go on a %(asked)s; issue a %(wanted)s.",
            reason=need.reason,
            asked=asked,
            wanted=wanted,
        )
        raise Refused(message, code="wrong_paper")
    if not need.is_supply:
        return
    if assessment.valuation is None and not assessment.facts.return_route:
        method = assessment.facts.valuation
        message = _("Rule 28 knows no valuation %(method)s", method=f"{method!r}")
        raise Refused(message, code="valuation", faults=[Fault("valuation", message, "valuation")])
    faults = [
        Fault(line.unclear.code, line.unclear.message, "hsn", line.row, line.goods.hsn)
        for line in assessment.lines
        if line.unclear is not None
    ]
    if faults:
        rows = ", ".join(str(fault.row) for fault in faults)
        message = _(
            "no single GST rate is known for row %(rows)s: %(message)s", rows=rows, message=faults[0].message
        )
        raise Refused(message, code="rate_unclear", faults=faults)


def _line(line: AssessedLine, assessment: Assessment) -> DocumentLine:
    goods, tax, valuation = line.goods, line.tax, assessment.valuation
    rate = line.rate if assessment.need.is_supply else None
    base = goods.cost_paise if valuation and valuation.base == "cost" else goods.unit_value_paise
    return DocumentLine(
        serial=line.row,
        sku=goods.sku,
        description=goods.description,
        hsn=goods.hsn,
        batch=goods.batch,
        quantity=goods.quantity,
        uqc=goods.uqc,
        mrp_paise=goods.mrp_paise,
        unit_value_paise=base or goods.cost_paise,
        taxable_paise=line.taxable_paise,
        rate_bp=rate.basis_points if rate else 0,
        cgst_paise=tax.cgst,
        sgst_paise=tax.sgst,
        igst_paise=tax.igst,
        cess_bp=rate.cess_bp if rate else 0,
        cess_paise=tax.cess,
        exempt=line.is_exempt,
        rate_item=line.rate.item if line.rate else "",
        rate_source=line.rate.source if line.rate else "",
        manufacture_date=goods.manufacture_date,
        expiry_date=goods.expiry_date,
    )
