"""Rules about how goods move: value between registrations, e-way bill, e-invoice."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compliance.rules.rule import MovementCase, day, row_facts, row_name, say
from vyapar.kernel import gstin
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.money import indian
from vyapar.kernel.phrases import phrase as _
from vyapar.law import einvoice
from vyapar.law.eway import document_is_too_old, limit
from vyapar.law.papers import PaperKind
from vyapar.law.wordings import worded

#: Vehicle numbers the portal takes: plates, defence (DF) and temporary (TR) ones. NIC 225, 304.
VEHICLE = re.compile(
    r"[A-Z]{2}[0-9]{1,2}[A-Z]{0,3}[0-9]{4}|(?:DF|TR)[A-Z0-9]{5,13}|[0-9]{2}BH[0-9]{4}[A-Z]{1,2}"
)
#: Transporter ids that are not GSTINs (TRANSIN): 15 characters, State code first.
TRANSIN = re.compile(r"[0-9]{2}[0-9A-Z]{13}")


def t03(case: MovementCase) -> Iterator[Finding]:
    """Between registrations a value by one of the options of Rule 28 stands behind every line."""
    assessment = case.assessment
    if assessment is None or not assessment.need.is_supply or case.facts.return_route:
        return
    if assessment.valuation is None:
        yield say(
            "T03",
            _("Rule 28 knows no valuation '%(method)s'.", method=case.facts.valuation),
            fix=_("Choose open_market, ninety_percent, invoice_value or cost_plus_10."),
            field="valuation",
        )
        return
    for line in assessment.lines:
        if line.taxable_paise == 0 and line.goods.quantity > 0:
            deemed = assessment.valuation.needs_full_itc
            yield say(
                "T03",
                _(
                    "%(row)s is valued at nothing by %(method)s.",
                    row=row_name(line.row, line.goods),
                    method=worded(assessment.valuation.label),
                ),
                severity=Severity.WARN if deemed else Severity.BLOCK,
                fix=_("Enter the value per unit without GST, or choose another option of Rule 28."),
                **row_facts(line.row, line.goods),
            )


def t04(case: MovementCase) -> Iterator[Finding]:
    """Who may not take the whole credit may not use the declared value."""
    assessment = case.assessment
    if assessment is None or assessment.valuation is None or case.facts.receiver_full_itc:
        return
    if assessment.valuation.needs_full_itc:
        yield say(
            "T04",
            _(
                "%(gstin)s may not take full credit, so the declared value is not deemed to be the open "
                "market value.",
                gstin=case.facts.destination.gstin,
            ),
            fix=_("Value the goods by open_market, ninety_percent or cost_plus_10."),
            field="valuation",
        )


def t05(case: MovementCase) -> Iterator[Finding]:
    """Where an e-way bill is needed, Part A and Part B can be filled before the goods move."""
    facts, assessment = case.facts, case.assessment
    if facts.vehicle_number and not VEHICLE.fullmatch(_plate(facts.vehicle_number)):
        yield say(
            "T05",
            _(
                "Vehicle number %(vehicle)s is not one the e-way bill portal takes.",
                vehicle=facts.vehicle_number,
            ),
            fix=_("Write it as on the plate, e.g. MH12AB1234."),
            field="vehicle_number",
        )
    if assessment is None or not assessment.eway.needed:
        return
    if facts.transporter_id and not _is_transporter(facts.transporter_id, case):
        yield say(
            "T05",
            _(
                "Transporter id %(transporter)s is neither a GSTIN nor a 15-character TRANSIN.",
                transporter=facts.transporter_id,
            ),
            fix=_("Correct the transporter's id."),
            field="transporter_id",
        )
    if facts.distance_km > limit("distance", case.own_date):
        yield say(
            "T05",
            _(
                "The e-way bill portal takes no distance above %(most)s km; this is %(distance)s km.",
                most=limit("distance", case.own_date),
                distance=facts.distance_km,
            ),
            fix=_("Check the coordinates of both places."),
            field="distance_km",
        )
    if not facts.vehicle_number and not facts.transporter_id:
        yield say(
            "T05",
            _(
                "%(need)s Part B needs a vehicle or a transporter before the goods leave.",
                need=assessment.eway.reason,
            ),
            severity=Severity.WARN,
            fix=_("Enter the vehicle number or the transporter's id."),
            value=indian(assessment.eway.value_paise),
            threshold=indian(assessment.eway.threshold_paise),
        )


def t07(case: MovementCase) -> Iterator[Finding]:
    """The paper is young enough for an e-way bill."""
    if case.assessment is None or not case.assessment.eway.needed:
        return
    if document_is_too_old(case.own_date, case.at_date):
        yield say(
            "T07",
            _(
                "A paper of %(day)s is too old for an e-way bill on %(today)s.",
                day=day(case.own_date),
                today=day(case.at_date),
            ),
            fix=_("Issue a new paper with the date on which the goods leave."),
            field="dispatch_date",
        )


def t09(case: MovementCase) -> Iterator[Finding]:
    """A tax invoice to a registered person has its IRN first, where the seller is in scope."""
    assessment = case.assessment
    if assessment is None or assessment.need.kind is not PaperKind.TAX_INVOICE:
        return
    if not case.facts.destination.gstin:
        return
    turnover = case.standing.turnover_paise
    if case.standing.irn_elsewhere:
        message = _("The IRN of this invoice is obtained in another system before the goods leave.")
        yield say("T09", message, severity=Severity.INFO)
    elif turnover is None:
        yield say(
            "T09",
            _(
                "Not checked: whether this invoice needs an IRN, because the turnover of the PAN in past "
                "years is not known."
            ),
            severity=Severity.WARN,
            fix=_("Enter the highest turnover of any year since 2017-18 in the settings."),
        )
    elif einvoice.applies(case.own_date, turnover):
        yield say(
            "T09",
            _(
                "This invoice needs an IRN: without one it is not a valid invoice and the receiver gets no "
                "credit."
            ),
            fix=_("Obtain the IRN before the goods leave, here or in another system."),
        )


def _plate(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper()


def _is_transporter(text: str, case: MovementCase) -> bool:
    known = gstin.is_valid(text, allow=case.standing.sandbox_gstins)
    return known or (bool(TRANSIN.fullmatch(text)) and not gstin.kind_of(text))
