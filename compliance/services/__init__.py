"""Verbs of compliance: papers, findings, printed reports."""

from compliance.documents import seal_of
from compliance.services.papers import (
    PaperClerk,
    cancel,
    credit,
    issue,
    note_eway_number,
    raise_findings,
)
from compliance.services.reports import ask_report, clear_reports, print_report

__all__ = [
    "PaperClerk",
    "ask_report",
    "cancel",
    "clear_reports",
    "credit",
    "issue",
    "note_eway_number",
    "print_report",
    "raise_findings",
    "seal_of",
]
