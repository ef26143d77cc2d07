"""Pages of compliance: findings, documents, period reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from compliance import services
from compliance.contracts import NoteRow, PaperKind, WriteOffRow
from compliance.documents import eway_json
from compliance.documents.period_report import build
from compliance.documents.render import render_document, render_period_report
from compliance.documents.told import told
from compliance.models import Paper, RaisedFinding, Series
from compliance.selectors import (
    collect_period,
    document_of,
    find_invoice,
    get_paper,
    get_report,
    is_long,
    list_credit_notes,
    list_findings,
    list_papers,
    open_report,
)
from compliance.tasks import print_report
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.sheets import lines_of, rupees, sheet
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import plain, sign
from vyapar.engine.asked import wake
from vyapar.gateway.renderers import pdf_file
from vyapar.gateway.speech import reader_language
from vyapar.kernel.calendar import ist_day
from vyapar.law.itc import DESTROY, itc_effect
from vyapar.people.contracts import May


@page(May.AUDIT)
def documents(request: HttpRequest) -> HttpResponseBase:
    """Documents by kind and words, series, findings, and the months that can be reported."""
    kind, words = _asked(request)
    today = ist_day(timezone.now())
    months = [(today.replace(day=1) - timedelta(days=31 * n)).strftime("%Y-%m") for n in range(6)]
    return render(
        request,
        "compliance/documents.html",
        {
            "page": Paginator(list_papers(kind, words), 25).get_page(request.GET.get("page")),
            "kind": kind,
            "kinds": [
                PaperKind.DELIVERY_CHALLAN,
                PaperKind.TAX_INVOICE,
                PaperKind.BILL_OF_SUPPLY,
                PaperKind.CREDIT_NOTE,
            ],
            "series": Series.objects.order_by("gstin", "kind", "financial_year"),
            "findings": list_findings(50),
            "months": months,
        },
    )


@page(May.AUDIT)
def documents_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The papers of the page's filter."""
    heads = [
        _("Number"), _("Kind"), _("Date"), _("Our GSTIN"), _("Party"), _("GSTIN of the party"),
        _("Taxable, ₹"), _("Tax, ₹"), _("Total, ₹"), _("State"), _("E-way bill needed"), _("E-way bill"),
        _("Issued"), _("Cancelled"), _("Why it was cancelled"), _("SHA-256"), _("Simulated"),
    ]  # fmt: skip
    lines = lines_of(list_papers(*_asked(request)), _paper_line)
    return sheet(lines, heads, form, name="documents", title=_("Documents"))


def _paper_line(row: Paper) -> list[Any]:
    return [
        row.number, plain(row.kind), row.document_date, row.gstin, row.party, row.party_gstin,
        rupees(row.taxable_paise), rupees(row.tax_paise), rupees(row.total_paise),
        str(sign(row.state).label), _("yes") if row.eway_needed else "", row.eway_number, row.issued_at,
        row.cancelled_at, row.cancelled_reason, row.sha256, "SIMULATED" if row.simulated else "",
    ]  # fmt: skip


@page(May.AUDIT)
def findings_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every finding, newest first."""
    heads = [
        _("When"), _("Action"), _("Subject"), _("Code"), _("Severity"), _("Finding"), _("Basis"),
        _("What to do"), _("Rule version"),
    ]  # fmt: skip
    lines = lines_of(RaisedFinding.objects.order_by("-at", "-pk"), _finding_line)
    return sheet(lines, heads, form, name="findings", title=_("Findings"))


def _finding_line(row: RaisedFinding) -> list[Any]:
    return [
        row.at, row.action_number, row.subject, row.code, str(sign(row.severity).label),
        spoken(row, "message"), row.basis, spoken(row, "fix"), row.rule_version,
    ]  # fmt: skip


def _asked(request: HttpRequest) -> tuple[str, str]:
    """The kind and the words that are asked for."""
    kind, words = (request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("kind", "q"))
    return kind, words


@page(May.AUDIT)
def document(request: HttpRequest, paper_id: UUID) -> HttpResponseBase:
    """One document with its lines, seal and e-way state."""
    paper = get_paper(paper_id)
    issued = document_of(paper)
    context = {
        "paper": paper,
        "document": issued,
        "told": told(issued),
        "notes": list_credit_notes(paper),
        "invoice": find_invoice(paper),
    }
    return render(request, "compliance/document.html", context)


@page(May.AUDIT)
def document_pdf(request: HttpRequest, paper_id: UUID) -> HttpResponseBase:
    """The document as PDF, always the same bytes."""
    paper = get_paper(paper_id)
    return pdf_file(render_document(document_of(paper), generated_at=paper.issued_at), paper.number)


@page(May.AUDIT)
def eway_file(request: HttpRequest, paper_id: UUID) -> HttpResponseBase:
    """The e-way bill's upload file."""
    paper = get_paper(paper_id)
    answer = JsonResponse(eway_json(document_of(paper), at_date=ist_day(timezone.now())))
    name = paper.number.replace("/", "-")
    answer["Content-Disposition"] = f'attachment; filename="eway-{name}.json"'
    return answer


@page(May.DECIDE)
@require_POST
def note_eway(request: HttpRequest, paper_id: UUID) -> HttpResponseBase:
    """Enter the number that the portal gave."""
    number = request.POST.get("number", "").replace(" ", "")
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: services.note_eway_number(paper_id, number, actor=actor, at=now),
        _("The e-way bill number is recorded."),
    )
    return redirect("compliance:document", paper_id)


@page(May.AUDIT)
def period_report(request: HttpRequest, period: str) -> HttpResponseBase:
    """The auditor's report of a month as PDF; a long one is printed by a worker and found again."""
    now = timezone.now()
    if not is_long(period):
        report = build(collect_period(period, now))
        return pdf_file(render_period_report(report, language=reader_language()), f"period-report-{period}")
    asked = services.ask_report(period, actor=person(request).actor, at=now, language=reader_language())
    wake(print_report, str(asked.pk))
    return redirect("compliance:report", asked.pk)


@page(May.AUDIT)
def credit_file(request: HttpRequest, period: str, form: str) -> HttpResponseBase:
    """Input tax credit that goes back in a month: what was written off, and companies' GST credit notes."""
    heads = [
        _("Date"), _("GSTR-3B"), _("Why"), _("Claim"), _("Credit note"), _("Its date"), _("Company"),
        _("GSTIN of the company"), _("Our GSTIN"), _("SKU"), _("Batch"), _("Quantity"),
        _("Purchase invoice"), _("Evidence"), _("Credited, ₹"), _("IGST, ₹"), _("CGST, ₹"), _("SGST, ₹"),
        _("Credit reversed, ₹"),
    ]  # fmt: skip
    facts = build(collect_period(period, timezone.now())).facts
    lines = [*map(_lost_line, facts.write_offs), *map(_note_line, facts.notes)]
    return sheet(iter(lines), heads, form, name=f"credit-{period}", title=_("Credit reversed"))


def _lost_line(row: WriteOffRow) -> list[Any]:
    where = itc_effect(DESTROY, row.on_date, quantity=0, itc_per_unit_paise=0).gstr3b
    return [
        row.on_date, where, plain(row.way), "", "", None, "", "", "", row.sku, row.batch, row.quantity,
        row.purchase_invoice, row.evidence, None, None, None, None, rupees(row.reversed_paise),
    ]  # fmt: skip


def _note_line(row: NoteRow) -> list[Any]:
    return [
        row.on_date, row.gstr3b, _("Credit note of the company"), row.claim, row.number, row.note_date,
        row.company, row.company_gstin, row.gstin, row.sku, row.batch, None, "", "",
        rupees(row.credited_paise), rupees(row.igst_paise), rupees(row.cgst_paise), rupees(row.sgst_paise),
        rupees(row.tax_paise),
    ]  # fmt: skip


@page(May.AUDIT)
def report(request: HttpRequest, report_id: UUID) -> HttpResponseBase:
    """A report that is being printed, or lies ready."""
    template = "_report_state" if request.headers.get("HX-Request") else "report"
    return render(request, f"compliance/{template}.html", {"report": get_report(report_id)})


@page(May.AUDIT)
def report_file(request: HttpRequest, report_id: UUID) -> HttpResponseBase:
    """The printed report."""
    asked = get_report(report_id)
    name = f"period-report-{asked.period}.pdf"
    return FileResponse(open_report(asked), filename=name, content_type="application/pdf")
