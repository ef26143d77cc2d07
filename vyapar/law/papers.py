"""Which paper a movement of goods needs, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from vyapar.kernel.calendar import financial_year
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import Phrase, together
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import RETURN_ROUTES
from vyapar.law.store import Row, table


class PaperKind(StrEnum):
    """The papers of the house, by the name they bear in records."""

    DELIVERY_CHALLAN = "delivery_challan"
    TAX_INVOICE = "tax_invoice"
    BILL_OF_SUPPLY = "bill_of_supply"
    CREDIT_NOTE = "credit_note"
    EWAY_BILL = "eway_bill"
    PERIOD_REPORT = "period_report"


@dataclass(frozen=True, slots=True)
class PaperNeed:
    """A paper, the sentence that says why, and its legal basis.

    `is_supply` tells whether tax rules of a supply apply to the movement.
    """

    kind: PaperKind
    reason: Phrase
    basis: str
    is_supply: bool


_CONTENTS = {
    PaperKind.DELIVERY_CHALLAN: "Delivery challan",
    PaperKind.TAX_INVOICE: "Tax invoice",
    PaperKind.CREDIT_NOTE: "Credit/debit note",
}

#: Legends of the copies. Source: Rules 48(1) and 55(2) CGST.
COPIES: dict[PaperKind, tuple[str, ...]] = {
    PaperKind.DELIVERY_CHALLAN: (
        "ORIGINAL FOR CONSIGNEE",
        "DUPLICATE FOR TRANSPORTER",
        "TRIPLICATE FOR CONSIGNER",
    ),
    PaperKind.TAX_INVOICE: (
        "ORIGINAL FOR RECIPIENT",
        "DUPLICATE FOR TRANSPORTER",
        "TRIPLICATE FOR SUPPLIER",
    ),
    PaperKind.BILL_OF_SUPPLY: (
        "ORIGINAL FOR RECIPIENT",
        "DUPLICATE FOR TRANSPORTER",
        "TRIPLICATE FOR SUPPLIER",
    ),
    # Rule 53 names no copies; one for either side is the custom
    PaperKind.CREDIT_NOTE: ("ORIGINAL FOR RECIPIENT", "DUPLICATE FOR SUPPLIER"),
}


def paper_for(
    source_gstin: str, destination_gstin: str, *, all_nil: bool, return_route: str = ""
) -> PaperNeed:
    """The paper that goes with goods between two places, by the registrations at both ends.

    `all_nil` says that every line is exempt by a nil-rate notification; it matters only between
    registrations. `return_route` says how goods go back to the company that supplied them: against its
    credit note they are no supply of ours. Source: s.25(4) and Schedule I para 2 CGST
    Act (registrations of one PAN are distinct persons), Rules 46, 49 and 55(1)(c) CGST; Circular
    72/46/2018 for returned goods.
    """
    if not source_gstin:
        fault = Fault("unregistered_sender", _("enter the sender's GSTIN"), "source.gstin")
        message = _("The sending place has no GSTIN, so no GST paper can be issued for it")
        raise Refused(message, code="unregistered_sender", faults=[fault])
    if return_route:
        return _returned(source_gstin, destination_gstin, all_nil, return_route)
    if source_gstin == destination_gstin:
        return PaperNeed(
            PaperKind.DELIVERY_CHALLAN,
            _(
                "Both places stand on the registration %(gstin)s, so this is a movement other than by way of "
                "supply: a delivery challan and no tax.",
                gstin=source_gstin,
            ),
            "Rule 55(1)(c) CGST; s.25(4) CGST Act",
            is_supply=False,
        )
    cause, basis = _supply(source_gstin, destination_gstin)
    if all_nil:
        return PaperNeed(
            PaperKind.BILL_OF_SUPPLY,
            together(cause, _("All goods are exempt, so it is a bill of supply without tax.")),
            f"s.31(3)(c) CGST Act; Rule 49 CGST; {basis}",
            is_supply=True,
        )
    reason = together(cause, _("It needs a tax invoice."))
    return PaperNeed(PaperKind.TAX_INVOICE, reason, f"Rule 46 CGST; {basis}", True)


def particulars(kind: PaperKind) -> tuple[Row, ...]:
    """What the Rules want a paper to show: rows of `document_contents`, in the Rule's order."""
    return tuple(r for r in table("document_contents") if r["document"] == _CONTENTS.get(kind))


def credit_note_last_date(supplied_on: date, *, annual_return_on: date | None = None) -> date:
    """The last day on which a credit note may reduce the tax of a supply.

    30 November after the end of the financial year of the supply, or the day the annual return
    was filed, whichever comes first. Source: s.34(2) CGST Act.
    """
    last = rectification_last_date(supplied_on)
    return min(last, annual_return_on) if annual_return_on else last


def rectification_last_date(reported_on: date) -> date:
    """The last day on which what a return said of a day may still be put right in a later one.

    30 November after the end of that day's financial year, while no annual return was filed before.
    Source: s.39(9) CGST Act.
    """
    return date(int(financial_year(reported_on)[:4]) + 1, 11, 30)


def table_13_class(kind: PaperKind) -> tuple[int, str]:
    """Class and name under which a paper's series is reported in Table 13 of GSTR-1."""
    number = {PaperKind.DELIVERY_CHALLAN: "12", PaperKind.CREDIT_NOTE: "5"}.get(kind, "1")
    row = next(r for r in table("gstr1_doc_issue") if r["doc_num"] == number)
    return int(number), row["nature_of_document"]


def _returned(source_gstin: str, destination_gstin: str, all_nil: bool, route: str) -> PaperNeed:
    """Goods that go back to who supplied them: a supply of ours, or a challan against a credit note."""
    if route not in RETURN_ROUTES:
        fault = Fault(
            "return_route", _("one of %(known)s", known=", ".join(RETURN_ROUTES)), "route", value=route
        )
        raise Refused(_("the law knows no such way back"), code="return_route", faults=[fault])
    if source_gstin[2:12] == destination_gstin[2:12]:
        fault = Fault("same_party", _("enter the company's own GSTIN"), "gstin", value=destination_gstin)
        raise Refused(
            _("%(gstin)s is your own registration: nothing goes back to it", gstin=destination_gstin),
            code="same_party",
            faults=[fault],
        )
    if route == RETURN_ROUTES[0]:
        cause = _("The goods go back to the company as a fresh supply at their purchase value.")
        kind = PaperKind.BILL_OF_SUPPLY if all_nil else PaperKind.TAX_INVOICE
        rule = "s.31(3)(c) CGST Act; Rule 49 CGST" if all_nil else "Rule 46 CGST"
        return PaperNeed(kind, cause, f"{rule}; Circular 72/46/2018 para 3(A)", is_supply=True)
    return PaperNeed(
        PaperKind.DELIVERY_CHALLAN,
        _("The goods go back to the company against its credit note: a delivery challan and no tax."),
        "Rule 55(1)(c) CGST; s.34(1) CGST Act; Circular 72/46/2018 para 3(B)",
        is_supply=False,
    )


def _supply(source_gstin: str, destination_gstin: str) -> tuple[Phrase, str]:
    if not destination_gstin:
        return _("The receiver is not registered: this is a supply to it."), "s.7(1)(a) CGST Act"
    if source_gstin[2:12] == destination_gstin[2:12]:
        return (
            _(
                "%(source)s and %(destination)s are two registrations of one PAN, hence distinct persons: "
                "moving goods between them is a supply even without a price.",
                source=source_gstin,
                destination=destination_gstin,
            ),
            "Schedule I para 2 and s.25(4) CGST Act",
        )
    return (
        _(
            "%(source)s and %(destination)s belong to different persons: this is a supply.",
            source=source_gstin,
            destination=destination_gstin,
        ),
        "s.7(1)(a) CGST Act",
    )
