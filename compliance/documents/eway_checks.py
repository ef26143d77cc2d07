"""What the e-way bill portal would refuse, in its own error codes, before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from compliance.contracts import EwayBill, EwayParty
from compliance.rules import NUMBER
from compliance.rules.movement import VEHICLE
from vyapar.kernel import gstin
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.phrases import phrase as _
from vyapar.law.codes import enum_codes, eway_refusal, is_unit
from vyapar.law.eway import document_is_too_old, limit
from vyapar.law.rates import is_hsn
from vyapar.law.states import find_state, pin_matches
from vyapar.law.tax import IGST, tax_kind

_UNREGISTERED = "URP"
_OTHERS = 8
#: Sub-supply types that a paper may declare (NIC 205): supply for invoices, others for challans.
_PAIRS = {"INV": {1}, "BIL": {1}, "CHL": {4, 5, 6, 7, 8, 9, 10, 11, 12}}


def check_eway(
    bill: EwayBill, *, at_date: date, sandbox_gstins: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """Everything the portal would object to on a day; empty when it would take the bill.

    Codes are `NIC-` and the portal's error number, so that its replies and ours read alike.
    """
    return (
        *_paper(bill, at_date),
        *_parties(bill, sandbox_gstins),
        *_goods(bill, at_date),
        *_amounts(bill),
        *_transport(bill, at_date),
    )


def _object(code: int, message: str, **facts: Any) -> Finding:
    basis = f"e-way bill portal error {code}: {eway_refusal(str(code))}"
    return Finding(f"NIC-{code}", Severity.BLOCK, message, basis, facts)


def _paper(bill: EwayBill, at_date: date) -> Iterator[Finding]:
    if not NUMBER.fullmatch(bill.document_number):
        yield _object(
            206,
            _("%(document_number)s is not a number the portal takes.", document_number=bill.document_number),
        )
    if bill.document_type not in enum_codes("docType"):
        yield _object(204, _("%(document_type)s is not a document type.", document_type=bill.document_type))
    elif bill.sub_supply_type not in _PAIRS.get(bill.document_type, set()):
        yield _object(
            205,
            _(
                "%(document_type)s does not go with type %(sub_supply_type)s.",
                document_type=bill.document_type,
                sub_supply_type=bill.sub_supply_type,
            ),
        )
    if bill.sub_supply_type == _OTHERS and not bill.sub_supply_description:
        yield _object(377, _("Sub-supply type 8 needs a description."))
    if document_is_too_old(bill.document_date, at_date):
        yield _object(
            207,
            _(
                "The paper of %(document_date)s is too old for a bill.",
                document_date=f"{bill.document_date:%d-%m-%Y}",
            ),
        )


def _parties(bill: EwayBill, allow: frozenset[str]) -> Iterator[Finding]:
    ends = ((bill.source, 208, 211, 437), (bill.destination, 212, 215, 436))
    for party, bad_number, bad_state, bad_pin in ends:
        yield from _party(party, allow, bad_number, bad_state, bad_pin)
    if bill.user_gstin != bill.source.gstin:
        yield _object(
            359,
            _(
                "%(user_gstin)s may not declare goods sent by %(gstin)s.",
                user_gstin=bill.user_gstin,
                gstin=bill.source.gstin,
            ),
        )


def _party(
    party: EwayParty, allow: frozenset[str], bad_number: int, bad_state: int, bad_pin: int
) -> Iterator[Finding]:
    registered = party.gstin != _UNREGISTERED
    if registered and not gstin.is_valid(party.gstin, allow=allow):
        yield _object(bad_number, _("%(gstin)s is not a GSTIN.", gstin=party.gstin), gstin=party.gstin)
    if find_state(party.state_code) is None:
        yield _object(bad_state, _("There is no State %(state_code)s.", state_code=party.state_code))
    elif registered and party.gstin not in allow and party.gstin[:2] != party.state_code:
        yield _object(
            bad_state,
            _("%(gstin)s is not of State %(state_code)s.", gstin=party.gstin, state_code=party.state_code),
        )
    elif not pin_matches(party.state_code, party.pincode):
        yield _object(
            bad_pin,
            _(
                "Pincode %(pincode)s does not lie in State %(state_code)s.",
                pincode=party.pincode,
                state_code=party.state_code,
            ),
        )


def _goods(bill: EwayBill, at_date: date) -> Iterator[Finding]:
    if not bill.items:
        yield _object(233, _("There are no goods."))
    most = limit("items", at_date)
    if len(bill.items) > most:
        yield _object(
            233,
            _(
                "The portal takes %(most)s items, not %(items)s: split the paper.",
                most=most,
                items=len(bill.items),
            ),
        )
    for item in bill.items:
        if not is_hsn(item.hsn):
            yield _object(
                216,
                _("Item %(serial)s: %(hsn)s is not an HSN code.", serial=item.serial, hsn=item.hsn),
                row=item.serial,
            )
        if not is_unit(item.uqc):
            yield _object(
                217,
                _("Item %(serial)s: %(uqc)s is not a unit.", serial=item.serial, uqc=item.uqc),
                row=item.serial,
            )
        if item.taxable_paise < 0:
            yield _object(
                234, _("Item %(serial)s: the value is negative.", serial=item.serial), row=item.serial
            )
        if item.cgst_bp != item.sgst_bp:
            yield _object(
                251, _("Item %(serial)s: the two halves differ.", serial=item.serial), row=item.serial
            )


def _amounts(bill: EwayBill) -> Iterator[Finding]:
    if sum(item.taxable_paise for item in bill.items) != bill.taxable_paise:
        yield _object(234, _("The taxable value is not the sum of the items."))
    if bill.cgst_paise != bill.sgst_paise:
        yield _object(251, _("Central and State tax differ."))
    states = (bill.source.state_code, bill.destination.state_code)
    if all(find_state(code) for code in states):
        between = tax_kind(*states) == IGST
        if bill.igst_paise and not between:
            yield _object(623, _("Integrated tax stands on a movement inside a State."))
        if (bill.cgst_paise or bill.sgst_paise) and between:
            yield _object(624, _("Central and State tax stand on a movement between States."))
    tax = bill.cgst_paise + bill.sgst_paise + bill.igst_paise + bill.cess_paise
    if bill.total_paise != bill.taxable_paise + tax + bill.other_paise:
        yield _object(620, _("The total is not the value with its tax and round-off."))


def _transport(bill: EwayBill, at_date: date) -> Iterator[Finding]:
    most, near = limit("distance", at_date), limit("same_pin_distance", at_date)
    same_pin = bill.source.pincode == bill.destination.pincode
    if not 0 <= bill.distance_km <= most:
        yield _object(
            221,
            _(
                "%(distance_km)s km is not a distance from 0 to %(most)s km.",
                distance_km=bill.distance_km,
                most=most,
            ),
        )
    elif same_pin and not 1 <= bill.distance_km <= near:
        yield _object(702, _("Inside one pincode the distance is 1 to %(near)s km.", near=near))
    if bill.vehicle_number and not VEHICLE.fullmatch(bill.vehicle_number):
        yield _object(
            225,
            _(
                "%(vehicle_number)s is not a vehicle number the portal takes.",
                vehicle_number=bill.vehicle_number,
            ),
        )
    if not bill.vehicle_number and not bill.transporter_id:
        yield _object(619, _("Neither a vehicle nor a transporter is known."))
