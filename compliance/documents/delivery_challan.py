"""Delivery challan: goods that move inside one registration (Rule 55(1)(c) CGST). Pure."""

from __future__ import annotations

from datetime import date

from compliance.contracts import Document, PaperKind
from compliance.documents.frame import build_as
from vyapar.kernel.facts import MovementFacts


def build(
    facts: MovementFacts,
    *,
    document_date: date | None = None,
    number: str = "",
    transporter_name: str = "",
    simulated: bool = False,
) -> Document:
    """The challan of a movement; it bears no tax. Raises `Refused` where the law wants another paper."""
    return build_as(
        PaperKind.DELIVERY_CHALLAN,
        facts,
        document_date=document_date,
        number=number,
        transporter_name=transporter_name,
        simulated=simulated,
    )
