"""Shapes of compliance at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from compliance.models import Paper, ReportFile
from vyapar.kernel.money import rupees


class FindingOut(serializers.Serializer[Any]):
    """What a rule objects to or remarks."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(["block", "warn", "info"])
    message = serializers.CharField()
    basis = serializers.CharField(allow_blank=True)
    fix = serializers.CharField(allow_blank=True)
    facts = serializers.JSONField()


class CheckOut(serializers.Serializer[Any]):
    """The law's answer on one movement or action."""

    complianceStatus = serializers.ChoiceField(["compliant", "requires_review"])
    findings = FindingOut(many=True)
    documents = serializers.ListField(child=serializers.CharField())
    ewayBillNeeded = serializers.BooleanField()
    taxableValue = serializers.CharField()
    tax = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    ruleVersion = serializers.CharField()


class PaperOut(serializers.Serializer[Any]):
    """An issued document."""

    documentId = serializers.UUIDField()
    kind = serializers.CharField()
    number = serializers.CharField()
    gstin = serializers.CharField()
    financialYear = serializers.CharField()
    documentDate = serializers.DateField()
    party = serializers.CharField()
    partyGstin = serializers.CharField(allow_blank=True)
    taxableValue = serializers.CharField()
    tax = serializers.CharField()
    total = serializers.CharField()
    sha256 = serializers.CharField()
    status = serializers.ChoiceField(Paper.State.choices)
    ewayBillNeeded = serializers.BooleanField()
    ewayBillNumber = serializers.CharField(allow_blank=True)
    simulated = serializers.BooleanField()
    ruleVersion = serializers.CharField()
    actionId = serializers.UUIDField(allow_null=True)
    issuedAt = serializers.DateTimeField()


class PaperPage(serializers.Serializer[Any]):
    """Documents, newest first; go on with `cursor=nextCursor`."""

    results = PaperOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class RegulatoryOut(serializers.Serializer[Any]):
    """The period report as data."""

    period = serializers.CharField()
    distributor = serializers.CharField()
    ruleVersion = serializers.CharField()
    generatedAt = serializers.DateTimeField()
    series = serializers.JSONField()
    documents = serializers.JSONField()
    writeOffs = serializers.JSONField(help_text="credit reversed in GSTR-3B 4(B)(1), s.17(5)(h) CGST Act")
    companyCreditNotes = serializers.JSONField(
        help_text="GST credit notes over claims: credit reversed in 4(B)(2), s.34(2) CGST Act"
    )
    exceptions = serializers.JSONField()
    sums = serializers.JSONField()
    checks = serializers.JSONField()
    chain = serializers.JSONField()


class ReportOut(serializers.Serializer[Any]):
    """A report that a worker prints; ask its address again until it answers with the PDF."""

    reportId = serializers.UUIDField()
    period = serializers.CharField()
    status = serializers.ChoiceField(ReportFile.State.choices)
    askedAt = serializers.DateTimeField()


def report_out(report: ReportFile) -> dict[str, Any]:
    """The outside form of a report that was asked for."""
    return {
        "reportId": str(report.pk),
        "period": report.period,
        "status": report.state,
        "askedAt": report.asked_at,
    }


def paper_out(paper: Paper) -> dict[str, Any]:
    """The outside form of a document."""
    return {
        "documentId": str(paper.pk),
        "kind": paper.kind,
        "number": paper.number,
        "gstin": paper.gstin,
        "financialYear": paper.financial_year,
        "documentDate": paper.document_date.isoformat(),
        "party": paper.party,
        "partyGstin": paper.party_gstin,
        "taxableValue": rupees(paper.taxable_paise),
        "tax": rupees(paper.tax_paise),
        "total": rupees(paper.total_paise),
        "sha256": paper.sha256,
        "status": paper.state,
        "ewayBillNeeded": paper.eway_needed,
        "ewayBillNumber": paper.eway_number,
        "simulated": paper.simulated,
        "ruleVersion": paper.rule_version,
        "actionId": str(paper.action_id) if paper.action_id else None,
        "issuedAt": paper.issued_at,
    }
