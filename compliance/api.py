"""Doors of compliance: the check, the documents, the regulatory report."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import FileResponse, HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import services
from compliance.documents import eway_json
from compliance.documents.period_report import build
from compliance.documents.render import render_document, render_period_report
from compliance.models import Paper, ReportFile
from compliance.selectors import collect_period, document_of, get_paper, get_report, is_long, open_report
from compliance.serializers import (
    CheckOut,
    PaperOut,
    PaperPage,
    RegulatoryOut,
    ReportOut,
    paper_out,
    report_out,
)
from compliance.tasks import print_report
from inventory.selectors.facts import get_place, list_goods, party_at
from inventory.selectors.flows import list_godowns, road_km
from vyapar.engine import registry
from vyapar.engine.api import read_text
from vyapar.engine.asked import wake
from vyapar.engine.selectors import get_action
from vyapar.engine.wire import outward
from vyapar.gateway.renderers import JsonRenderer, PdfRenderer, pdf_file
from vyapar.gateway.speech import reader_language, say
from vyapar.gateway.views import ApiView, next_cursor, read_cursor, read_limit
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Finding
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.kernel.facts import Examination, MovementFacts
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May


class ComplianceCheck(ApiView):
    """Would this be lawful, and with which papers? For an action, or for a movement that is planned."""

    @extend_schema(
        operation_id="checkCompliance",
        parameters=[
            OpenApiParameter("actionId", UUID),
            OpenApiParameter("sku", str),
            OpenApiParameter("batch", str),
            OpenApiParameter("quantity", int),
            OpenApiParameter("sourceTerritory", str),
            OpenApiParameter("targetTerritory", str),
        ],
        responses=CheckOut,
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        facts = self._action_facts(request) if request.query_params.get("actionId") else _planned(request)
        answer = registry.paper_desk().examine(facts, at=now)
        return Response(_check_out(answer))

    def _action_facts(self, request: Request) -> Any:
        try:
            action_id = UUID(request.query_params["actionId"])
        except ValueError as error:
            raise _bad("actionId", _("an action's id"), request.query_params["actionId"]) from error
        action = get_action(action_id)
        facts = registry.kind(action.kind).facts(action.view())
        if facts is None:
            raise NotFound(_("this action has no facts to check"), code="no_facts")
        return facts


_PLAN = ("sku", "batch", "quantity", "sourceTerritory", "targetTerritory")


def _planned(request: Request) -> MovementFacts:
    given = {name: read_text(request, name) for name in _PLAN}
    missing = [n for n in ("sku", "quantity", "sourceTerritory", "targetTerritory") if not given.get(n)]
    if missing:
        faults = [Fault("required", _("name it, or give actionId"), name) for name in missing]
        raise Invalid(_("say what should be checked"), code="required", faults=faults)
    text = given["quantity"]
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**9):
        raise _bad("quantity", _("whole pieces, 1 or more"), text)
    godowns = {place.territory: place for place in reversed(list_godowns())}
    for name in ("sourceTerritory", "targetTerritory"):
        if given[name] not in godowns:
            raise NotFound(
                _("there is no godown in territory %(territory)s", territory=f"{given[name]!r}"),
                code="no_such_territory",
            )
    source, target = godowns[given["sourceTerritory"]], godowns[given["targetTerritory"]]
    one, other = get_place(source.code), get_place(target.code)
    goods = list_goods([(given["sku"], given["batch"], int(text), 0, 0)])
    km = road_km(source, target)
    return MovementFacts(
        source=party_at(one),
        destination=party_at(other),
        lines=goods,
        dispatch_date=ist_day(timezone.now()),
        transit_days=1 + km // 350,
        distance_km=km,
        source_location=one.name,
        destination_location=other.name,
        destination_registered=other.registered,
        receiver_full_itc=other.territory.registration.full_itc,
    )


def _bad(field: str, message: str, value: str) -> Invalid:
    fault = Fault("bad_query", message, field, value=value[:60])
    return Invalid(_("%(field)s is not right", field=field), code="bad_query", faults=[fault])


def _check_out(answer: Examination) -> dict[str, Any]:
    findings = [f for f in answer.findings if isinstance(f, Finding)]
    doubtful = any(f.severity.value in ("block", "warn") for f in findings)
    return {
        "complianceStatus": "requires_review" if doubtful else "compliant",
        "findings": [outward(f) for f in findings],
        "documents": list(answer.papers),
        "ewayBillNeeded": answer.eway_bill_needed,
        "taxableValue": rupees(answer.taxable_paise),
        "tax": rupees(answer.tax_paise),
        "reasons": list(answer.reasons),
        "ruleVersion": answer.rule_version,
    }


class PaperList(ApiView):
    """Issued documents."""

    needs = May.AUDIT

    @extend_schema(
        operation_id="listDocuments",
        parameters=[
            OpenApiParameter("kind", str),
            OpenApiParameter("limit", int),
            OpenApiParameter("cursor", str),
        ],
        responses=PaperPage,
    )
    def get(self, request: Request) -> Response:
        rows = Paper.objects.order_by("-issued_at", "-id")
        if kind := read_text(request, "kind"):
            rows = rows.filter(kind=kind)
        cursor, limit = read_cursor(request), read_limit(request)
        if cursor:
            rows = rows.filter(_before(cursor))
        page = list(rows[: limit + 1])
        last = page[limit - 1] if len(page) > limit else None
        return Response(
            {
                "results": [paper_out(paper) for paper in page[:limit]],
                "nextCursor": next_cursor([str(last.pk)]) if last else None,
            }
        )


def _before(cursor: list[Any]) -> Q:
    try:
        last = get_paper(UUID(cursor[0]))
    except (ValueError, IndexError, TypeError, AttributeError, NotFound) as error:
        raise Invalid(_("this cursor is not one of ours"), code="bad_query") from error
    return Q(issued_at__lt=last.issued_at) | Q(issued_at=last.issued_at, id__lt=last.pk)


class PaperOne(ApiView):
    """One document as data."""

    needs = May.AUDIT

    @extend_schema(operation_id="getDocument", responses=PaperOut)
    def get(self, request: Request, paper_id: UUID) -> Response:
        return Response(paper_out(get_paper(paper_id)))


class PaperPdf(ApiView):
    """One document as PDF, with all its copies."""

    needs = May.AUDIT
    renderer_classes = [PdfRenderer, JsonRenderer]

    @extend_schema(operation_id="getDocumentPdf", responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    def get(self, request: Request, paper_id: UUID) -> HttpResponse:
        paper = get_paper(paper_id)
        return pdf_file(render_document(document_of(paper), generated_at=paper.issued_at), paper.number)


class PaperEway(ApiView):
    """The e-way bill of a document in the portal's bulk-upload format."""

    needs = May.AUDIT

    @extend_schema(operation_id="getDocumentEway", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, paper_id: UUID) -> Response:
        return Response(eway_json(document_of(get_paper(paper_id)), at_date=ist_day(timezone.now())))


class Regulatory(ApiView):
    """The report of a month, as JSON or PDF (`Accept: application/pdf` or `?format=pdf`)."""

    needs = May.AUDIT
    renderer_classes = [JsonRenderer, PdfRenderer]

    @extend_schema(
        operation_id="getRegulatoryReport",
        parameters=[
            OpenApiParameter("period", str, OpenApiParameter.PATH, pattern=r"^\d{4}-\d{2}$"),
            OpenApiParameter("format", str, enum=["json", "pdf"]),
        ],
        responses={
            (200, "application/json"): RegulatoryOut,
            (200, "application/pdf"): OpenApiTypes.BINARY,
            202: ReportOut,
        },
    )
    def get(self, request: Request, period: str) -> HttpResponse | Response:
        """A month of many papers is printed by a worker: 202, and its address is polled."""
        now, as_pdf = timezone.now(), getattr(request.accepted_renderer, "format", "") == "pdf"
        if as_pdf and is_long(period):
            asked = services.ask_report(period, actor=self.actor, at=now, language=reader_language())
            wake(print_report, str(asked.pk))
            return HttpResponse(
                JsonRenderer().render(report_out(asked)),
                status=202,
                content_type="application/json",
                headers={"Location": f"/reports/v1/files/{asked.pk}", "Retry-After": "10"},
            )
        facts = collect_period(period, now)
        report = build(facts)
        if as_pdf:
            return pdf_file(
                render_period_report(report, language=reader_language()), f"period-report-{period}"
            )
        return Response(
            {
                "period": period,
                "distributor": facts.distributor,
                "ruleVersion": report.rule_version,
                "generatedAt": facts.generated_at,
                "series": [outward(row) for row in report.series],
                "documents": [outward(row) for row in report.facts.documents],
                "writeOffs": [outward(row) for row in report.facts.write_offs],
                "companyCreditNotes": [
                    outward(row) | {"tax": rupees(row.tax_paise)} for row in report.facts.notes
                ],
                "exceptions": [_exception(f) for f in report.exceptions],
                "sums": {name: rupees(value) for name, value in report.sums.items()},
                "checks": [{"check": name, "holds": holds} for name, holds in report.checks],
                "chain": outward(plain(facts.chain)),
            }
        )


class ReportOne(ApiView):
    """A report that a worker prints: 202 while it does, the PDF when it is ready."""

    needs = May.AUDIT
    renderer_classes = [JsonRenderer, PdfRenderer]

    @extend_schema(
        operation_id="getReportFile",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, 202: ReportOut},
    )
    def get(self, request: Request, report_id: UUID) -> HttpResponse | FileResponse:
        asked = get_report(report_id)
        if asked.state == ReportFile.State.READY:
            name = f"period-report-{asked.period}.pdf"
            return FileResponse(open_report(asked), filename=name, content_type="application/pdf")
        if asked.state == ReportFile.State.FAILED:
            raise Refused(_("it could not be printed: %(reason)s", reason=asked.reason), code="report_failed")
        return HttpResponse(
            JsonRenderer().render(report_out(asked)),
            status=202,
            content_type="application/json",
            headers={"Retry-After": "10"},
        )


def _exception(finding: Finding) -> dict[str, Any]:
    """One exception of a report, said in the caller's language."""
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "message": say(finding.message),
        "basis": finding.basis,
        "facts": outward(plain(finding.facts)),
        "fix": say(finding.fix),
    }
