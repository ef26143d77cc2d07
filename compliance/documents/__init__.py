"""One module per paper: built from facts, checked, frozen, and printed the same every time."""

from __future__ import annotations

from datetime import date

from compliance.contracts import Document, PaperKind
from compliance.documents import bill_of_supply, credit_note, delivery_challan, tax_invoice
from compliance.documents.eway import bill_json, eway_bill, eway_json
from compliance.documents.eway_checks import check_eway
from compliance.documents.frozen import freeze, read, seal_of, thaw
from compliance.rules import assess
from vyapar.kernel.facts import MovementFacts

__all__ = [
    "bill_json",
    "build",
    "check_eway",
    "credit_note",
    "eway_bill",
    "eway_json",
    "freeze",
    "read",
    "seal_of",
    "thaw",
]


_PAPERS = {
    PaperKind.DELIVERY_CHALLAN: delivery_challan.build,
    PaperKind.TAX_INVOICE: tax_invoice.build,
    PaperKind.BILL_OF_SUPPLY: bill_of_supply.build,
}


def build(
    facts: MovementFacts,
    *,
    document_date: date | None = None,
    number: str = "",
    transporter_name: str = "",
    simulated: bool = False,
) -> Document:
    """The paper that the law asks for: delivery challan, tax invoice or bill of supply.

    `number` stays empty until the paper is issued. Raises `Refused` with one fault per line whose
    rate is unclear.
    """
    paper = _PAPERS[assess(facts).need.kind]
    return paper(
        facts,
        document_date=document_date,
        number=number,
        transporter_name=transporter_name,
        simulated=simulated,
    )
