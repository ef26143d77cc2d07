"""What other apps may know of compliance: papers, e-way bills, event payloads, the period report."""

from compliance.contracts.events import (
    ComplianceViolation,
    DocumentCancelled,
    DocumentIssued,
    violation,
)
from compliance.contracts.eway import EwayBill, EwayItem, EwayParty
from compliance.contracts.papers import (
    INVOICE_DATE,
    RETURN_ROUTE,
    Document,
    DocumentLine,
    Standing,
    Totals,
    Transport,
)
from compliance.contracts.report import (
    WRITTEN_BACK,
    ApprovalRow,
    ChainCheck,
    DiscountRow,
    FindingRow,
    NoteRow,
    PeriodFacts,
    PeriodReport,
    RegisterRow,
    SeriesOpening,
    SeriesSummary,
    WriteOffRow,
)
from vyapar.law.papers import COPIES, PaperKind

__all__ = [
    "COPIES",
    "INVOICE_DATE",
    "RETURN_ROUTE",
    "WRITTEN_BACK",
    "ApprovalRow",
    "ChainCheck",
    "ComplianceViolation",
    "DiscountRow",
    "Document",
    "DocumentCancelled",
    "DocumentIssued",
    "DocumentLine",
    "EwayBill",
    "EwayItem",
    "EwayParty",
    "FindingRow",
    "NoteRow",
    "PaperKind",
    "PeriodFacts",
    "PeriodReport",
    "RegisterRow",
    "SeriesOpening",
    "SeriesSummary",
    "Standing",
    "Totals",
    "Transport",
    "WriteOffRow",
    "violation",
]
