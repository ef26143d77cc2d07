"""What the period report shows, cut into sheets that are laid out one by one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from compliance.contracts import (
    ApprovalRow,
    DiscountRow,
    FindingRow,
    NoteRow,
    PeriodReport,
    RegisterRow,
    SeriesSummary,
    WriteOffRow,
)
from compliance.documents.figures import (
    EMPTY,
    address_lines,
    amount,
    clock,
    day,
    figure,
    instant,
    runs,
    state_name,
    whole,
)
from compliance.documents.period_report import credit_due
from vyapar.kernel.decision import Finding
from vyapar.kernel.money import indian

#: Rows laid out at once; the cost of one text grows faster than its length.
ROWS_PER_SHEET = 400
#: Exceptions that fit on the first page; where there are more, all follow on a sheet of their own.
_FIRST_EXCEPTIONS = 4
_SHORT_SEAL = 8

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One text to lay out: a template and what it prints."""

    template: str
    context: dict[str, Any]


def report_heading(report: PeriodReport) -> str:
    """The line that runs along every page."""
    facts = report.facts
    return f"{facts.distributor} · {facts.period} · {instant(facts.generated_at)}"


def report_sheets(report: PeriodReport) -> Iterator[Sheet]:
    """The sheets in printing order: summary, exceptions, then the registers one after the other."""
    simulated = {"simulated": report.facts.sandbox}
    yield Sheet("report_summary.html", simulated | _summary(report))
    parts: list[dict[str, Any]] = []
    for part in report_parts(report):
        if parts and sum(len(one["rows"]) for one in (*parts, part)) > ROWS_PER_SHEET:
            yield Sheet("registers.html", simulated | {"parts": parts})
            parts = []
        parts.append(part)
    yield Sheet("registers.html", simulated | {"parts": parts})


def report_parts(report: PeriodReport) -> Iterator[dict[str, Any]]:
    """The registers in printing order, each in parts of at most `ROWS_PER_SHEET` rows; an empty one too."""
    facts = report.facts
    if len(report.exceptions) > _FIRST_EXCEPTIONS:
        yield from _register(report, "report_exceptions", report.exceptions, _exception)
    yield from _register(report, "report_series", report.series, _series)
    yield from _register(report, "report_documents", facts.documents, _document)
    yield from _register(report, "report_transfers", report.transfers, _transfer)
    yield from _register(report, "report_findings", facts.findings, _finding)
    yield from _register(report, "report_discounts", facts.discounts, _discount)
    yield from _register(report, "report_write_offs", facts.write_offs, _write_off)
    yield from _register(report, "report_notes", facts.notes, _note)
    yield from _register(report, "report_approvals", facts.approvals, _approval)


def _register(
    report: PeriodReport, template: str, rows: Sequence[Row], show: Callable[[Row], dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    for start in range(0, max(len(rows), 1), ROWS_PER_SHEET):
        yield {
            "template": f"compliance/papers/{template}.html",
            "rows": [show(row) for row in rows[start : start + ROWS_PER_SHEET]],
            "count": len(rows),
            "shown": whole(len(rows)),
            "continued": start > 0,
            "last": start + ROWS_PER_SHEET >= len(rows),
            "totals": _sums(report, amount),
        }


def _summary(report: PeriodReport) -> dict[str, Any]:
    facts, chain = report.facts, report.facts.chain
    first = report.exceptions[:_FIRST_EXCEPTIONS]
    return {
        "distributor": facts.distributor,
        "period": facts.period,
        "first_date": day(facts.first_date),
        "last_date": day(facts.last_date),
        "generated_at": instant(facts.generated_at),
        "cut_off_at": instant(facts.data_cut_off_at),
        "rule_version": report.rule_version,
        "registrations": [
            {"gstin": party.gstin, "name": party.trade_name or party.legal_name,
             "address": ", ".join(address_lines(party)), "fssai": party.fssai or EMPTY}
            for party in facts.registrations
        ],
        "sums": _sums(report, indian),
        "transfers": report.sums["transfers"],
        "company_notes": len(facts.notes),
        "report_credit_notes": report.sums["credit_notes"],
        "checks": [{"name": name, "held": held} for name, held in report.checks],
        "exceptions": [_exception(finding) for finding in first],
        "exception_count": len(report.exceptions),
        "more_exceptions": len(report.exceptions) - len(first),
        "chain": {
            "intact": chain.intact,
            "entries": whole(chain.entries),
            "first": whole(chain.first_sequence),
            "last": whole(chain.last_sequence),
            "seal": chain.last_seal,
            "checked_at": instant(chain.checked_at),
            "broken_at": chain.broken_at,
            "detail": chain.detail,
        },
    }  # fmt: skip


def _sums(report: PeriodReport, money: Callable[[int], str]) -> dict[str, str]:
    return {
        name.removesuffix("_paise"): money(value) if name.endswith("_paise") else whole(value)
        for name, value in report.sums.items()
    }


def _exception(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": finding.message,
        "basis": finding.basis,
        "fix": finding.fix,
    }


def _series(one: SeriesSummary) -> dict[str, Any]:
    return {
        "gstin": one.gstin,
        "kind": one.kind.value,
        "year": one.financial_year,
        "series": one.series,
        "class": one.table_13_class,
        "nature": one.nature,
        "first": one.first_number,
        "last": one.last_number,
        "issued": whole(one.issued),
        "cancelled": whole(one.cancelled),
        "net": whole(one.net_issued),
        "missing": runs(one.missing) or EMPTY,
        "has_gap": bool(one.missing),
        "taxable": amount(one.taxable_paise),
        "tax": amount(one.tax_paise),
        "total": amount(one.total_paise),
    }


def _document(row: RegisterRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "date": day(row.document_date),
        "kind": row.kind.value,
        "gstin": row.gstin,
        "party": row.party,
        "party_gstin": row.party_gstin or EMPTY,
        "place": row.place_of_supply,
        "taxable": figure(row.sign * row.taxable_paise),
        "cgst": figure(row.sign * row.cgst_paise),
        "sgst": figure(row.sign * row.sgst_paise),
        "igst": figure(row.sign * row.igst_paise),
        "cess": figure(row.sign * row.cess_paise),
        "total": figure(row.sign * row.total_paise),
        "eway": row.eway_number or ("?" if row.eway_needed else EMPTY),
        "eway_missing": row.eway_needed and not row.eway_number and not row.cancelled,
        "seal": row.sha256[:_SHORT_SEAL],
        "simulated": row.simulated,
        "cancelled": row.cancelled,
        "cancelled_reason": row.cancelled_reason,
    }


def _transfer(row: RegisterRow) -> dict[str, Any]:
    return _document(row) | {
        "valuation": row.valuation,
        "from_state": state_name(row.gstin[:2]),
        "to_state": state_name(row.party_gstin[:2]),
        "tax": amount(row.tax_paise),
    }


def _finding(row: FindingRow) -> dict[str, Any]:
    return {
        "at": clock(row.at),
        "subject": row.subject,
        "action": row.action,
        "code": row.code,
        "severity": row.severity.value,
        "message": row.message,
        "basis": row.basis,
        "outcome": row.outcome or EMPTY,
    }


def _discount(row: DiscountRow) -> dict[str, Any]:
    given = row.list_price_paise - row.offer_price_paise
    share = given * 100 / row.list_price_paise if row.list_price_paise else 0
    return {
        "date": day(row.on_date),
        "sku": row.sku,
        "description": row.description,
        "batch": row.batch,
        "quantity": whole(row.quantity),
        "mrp": amount(row.mrp_paise),
        "list": amount(row.list_price_paise),
        "offer": amount(row.offer_price_paise),
        "share": f"{share:.1f} %",
        "landed": amount(row.landed_cost_paise),
        "given": amount(given * row.quantity),
        "class": row.offer_class,
        "approver": row.approver,
        "reason": row.reason,
        "action": row.action,
    }


def _write_off(row: WriteOffRow) -> dict[str, Any]:
    due = credit_due(row)
    return {
        "date": day(row.on_date),
        "sku": row.sku,
        "description": row.description,
        "batch": row.batch,
        "way": row.way,
        "quantity": whole(row.quantity),
        "cost": amount(row.cost_paise * row.quantity),
        "invoice": row.purchase_invoice or EMPTY,
        "traced": row.traced,
        "per_unit": amount(row.itc_per_unit_paise),
        "due": amount(due),
        "reversed": amount(row.reversed_paise),
        "differs": due != row.reversed_paise,
        "evidence": row.evidence or EMPTY,
    }


def _note(row: NoteRow) -> dict[str, Any]:
    return {
        "date": day(row.on_date),
        "claim": row.claim,
        "sku": row.sku,
        "batch": row.batch,
        "number": row.number or EMPTY,
        "note_date": day(row.note_date),
        "gstin": row.gstin,
        "company": row.company,
        "company_gstin": row.company_gstin,
        "credited": amount(row.credited_paise),
        "igst": amount(row.igst_paise),
        "cgst": amount(row.cgst_paise),
        "sgst": amount(row.sgst_paise),
        "tax": amount(row.tax_paise),
        "gstr3b": row.gstr3b,
    }


def _approval(row: ApprovalRow) -> dict[str, Any]:
    return {
        "at": clock(row.at),
        "action": row.action,
        "kind": row.kind,
        "title": row.title,
        "value": amount(row.value_paise),
        "proposed_by": row.proposed_by,
        "approved_by": row.approved_by,
        "automatic": row.automatic,
        "policy": row.policy,
        "outcome": row.outcome,
    }
