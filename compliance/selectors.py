"""Reads of papers and findings; the facts of a period for the auditor."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any, cast

from django.core.files.storage import default_storage
from django.db.models import Count, Max, Q, QuerySet, Sum

from compliance.agent import CompliancePolicy, PaperState, RegisterSnapshot
from compliance.contracts import (
    WRITTEN_BACK,
    ApprovalRow,
    ChainCheck,
    DiscountRow,
    Document,
    FindingRow,
    NoteRow,
    PaperKind,
    PeriodFacts,
    RegisterRow,
    SeriesOpening,
    Standing,
    WriteOffRow,
)
from compliance.documents import thaw
from compliance.models import Paper, RaisedFinding, ReportFile, Series
from inventory.selectors.facts import list_note_reversals, list_registered_parties, list_write_offs
from vyapar.engine import registry
from vyapar.engine.models import Action, AuditEntry, DecisionRecord, Transition
from vyapar.engine.selectors import get_policy, verify_audit
from vyapar.kernel.calendar import ist_day, ist_instant, month_bounds
from vyapar.kernel.decision import Severity
from vyapar.kernel.errors import Fault, Invalid, NotFound, VyaparError
from vyapar.kernel.facts import OfferFacts
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.phrases import again
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import RETURN_ROUTES, RETURN_TO_COMPANY, itc_effect
from vyapar.tenancy.selectors import current_distributor

#: Rows of registers that are printed while a person waits: about ten seconds.
LONG_ROWS = 500
_LET_GO = (Status.APPROVED.value, Status.AUTO_APPROVED.value)


def get_standing(on_date: date) -> Standing:
    """What is known of the distributor on a day, from its compliance policy."""
    policy, _version = get_policy("compliance", on_date)
    return standing_of(policy)


def standing_of(policy: CompliancePolicy) -> Standing:
    """A policy in the terms of the rules."""
    known = [
        amount * 100 if amount >= 0 else None
        for amount in (policy.turnover_rupees, policy.preceding_turnover_rupees)
    ]
    return Standing(
        turnover_paise=known[0],
        preceding_turnover_paise=known[1],
        blocked_gstins=frozenset() if policy.returns_filed else None,
        irn_elsewhere=policy.irn_elsewhere,
    )


def take_snapshot(as_of: datetime, policy: CompliancePolicy) -> RegisterSnapshot:
    """The registers of this financial year and the last."""
    rows = Paper.objects.filter(document_date__gte=ist_day(as_of) - timedelta(days=730))
    return RegisterSnapshot(
        as_of=as_of,
        today=ist_day(as_of),
        papers=tuple(
            PaperState(
                number=row.number,
                gstin=row.gstin,
                kind=row.kind,
                financial_year=row.financial_year,
                sequence=row.sequence,
                document_date=row.document_date,
                eway_needed=row.eway_needed,
                eway_number=row.eway_number,
                cancelled=row.state == Paper.State.CANCELLED,
            )
            for row in rows.order_by("pk")
        ),
    )


def get_paper(paper_id: Any) -> Paper:
    """One paper; `NotFound` when there is none of that id."""
    found = Paper.objects.filter(pk=paper_id).first()
    if found is None:
        raise NotFound(_("there is no such document"), code="no_such_document")
    return found


def document_of(paper: Paper) -> Document:
    """The frozen document of a paper, exactly as it was issued, with its number."""
    return thaw(paper.data)


def list_credit_notes(invoice: Paper) -> list[Paper]:
    """The credit notes over an invoice that stand, in the order in which they were issued."""
    own = {"key__startswith": f"{invoice.key}:credit:", "kind": PaperKind.CREDIT_NOTE}
    return list(Paper.objects.filter(**own, state=Paper.State.ISSUED).order_by("issued_at", "sequence"))


def find_invoice(note: Paper) -> Paper | None:
    """The invoice that a credit note refers to; None for every other paper."""
    if note.kind != PaperKind.CREDIT_NOTE:
        return None
    key = note.key.rpartition(":credit:")[0]
    return Paper.objects.filter(key=key, kind=PaperKind.TAX_INVOICE).first()


def list_papers(kind: str = "", words: str = "") -> QuerySet[Paper]:
    """Papers, newest first."""
    rows = Paper.objects.all()
    if kind:
        rows = rows.filter(kind=kind)
    if words:
        rows = rows.filter(number__icontains=words) | rows.filter(party__icontains=words)
    return rows.order_by("-issued_at", "-sequence")


def list_findings(limit: int = 100) -> list[RaisedFinding]:
    """Findings, newest first."""
    return list(RaisedFinding.objects.order_by("-at", "-pk")[:limit])


def count_papers() -> dict[str, Any]:
    """Papers and rupees by kind."""
    rows = Paper.objects.values("kind").annotate(n=Count("pk"), total=Sum("total_paise")).order_by("kind")
    return {row["kind"]: {"documents": row["n"], "total_paise": row["total"]} for row in rows}


# --- the auditor's period ------------------------------------------------------------------


def read_period(period: str) -> tuple[date, date]:
    """First and last day of `YYYY-MM`; `Invalid` says what to write."""
    try:
        first, after = month_bounds(period)
    except ValueError as error:
        fault = Fault("period", _("write a month as YYYY-MM"), "period", value=period[:20])
        raise Invalid(_("this is not a month"), code="period", faults=[fault]) from error
    return first, after - timedelta(days=1)


def is_long(period: str) -> bool:
    """Whether the report of a month takes longer to print than a person waits for a page."""
    first, last = read_period(period)
    start, end = ist_instant(first), ist_instant(last + timedelta(days=1))
    papers = Paper.objects.filter(document_date__range=(first, last)).count()
    findings = RaisedFinding.objects.filter(at__gte=start, at__lt=end).count()
    decided = Transition.objects.filter(target__in=_LET_GO, at__gte=start, at__lt=end).count()
    return 2 * papers + findings + decided > LONG_ROWS


def get_report(report_id: Any) -> ReportFile:
    """One printed report, or one being printed; `NotFound` when there is none of that id."""
    found = ReportFile.objects.filter(pk=report_id).first()
    if found is None:
        raise NotFound(_("there is no such report"), code="no_such_report")
    return found


def open_report(report: ReportFile) -> IO[bytes]:
    """The file of a report; `NotFound` while there is none."""
    if report.state != ReportFile.State.READY or not default_storage.exists(report.file):
        raise NotFound(_("this report is not printed yet, or no longer kept"), code="no_file")
    return cast(IO[bytes], default_storage.open(report.file, "rb"))


def waiting_reports() -> QuerySet[ReportFile]:
    """Reports that were asked for and are neither printed nor given up, the oldest first."""
    return ReportFile.objects.filter(state=ReportFile.State.WAITING).order_by("asked_at")


def collect_period(period: str, at: datetime) -> PeriodFacts:
    """Everything that happened in a month, for the period report."""
    first, last = read_period(period)
    start, end = ist_instant(first), ist_instant(last + timedelta(days=1))
    return PeriodFacts(
        distributor=current_distributor().name,
        period=period,
        first_date=first,
        last_date=last,
        registrations=list_registered_parties(),
        documents=tuple(_register(first, last)),
        findings=tuple(_findings(start, end)),
        discounts=tuple(_discounts(start, end)),
        write_offs=tuple(_write_offs(start, end)),
        notes=tuple(_notes(start, end)),
        approvals=tuple(_approvals(start, end)),
        chain=_chain(at),
        data_cut_off_at=min(end, at),
        generated_at=at,
        openings=tuple(_openings(first)),
        sandbox=current_distributor().sandbox,
    )


def _register(first: date, last: date) -> Iterable[RegisterRow]:
    rows = Paper.objects.filter(document_date__range=(first, last)).select_related("series")
    for row in rows.order_by("gstin", "kind", "sequence"):
        document = document_of(row)
        totals = document.totals
        yield RegisterRow(
            document_id=str(row.pk),
            kind=PaperKind(row.kind),
            gstin=row.gstin,
            financial_year=row.financial_year,
            series=row.series.prefix,
            sequence=row.sequence,
            number=row.number,
            document_date=row.document_date,
            party=row.party,
            party_gstin=row.party_gstin,
            place_of_supply=document.place_of_supply,
            taxable_paise=totals.taxable_paise,
            cgst_paise=totals.cgst_paise,
            sgst_paise=totals.sgst_paise,
            igst_paise=totals.igst_paise,
            cess_paise=totals.cess_paise,
            round_off_paise=totals.round_off_paise,
            total_paise=totals.total_paise,
            valuation=document.valuation,
            eway_needed=row.eway_needed,
            eway_number=row.eway_number,
            sha256=row.sha256,
            simulated=row.simulated,
            cancelled=row.state == Paper.State.CANCELLED,
            cancelled_reason=row.cancelled_reason,
        )


def _openings(first: date) -> Iterable[SeriesOpening]:
    """Every series with the last number it had used before a day; ours begin at 1, so 0 when none."""
    earlier = Max("papers__sequence", filter=Q(papers__document_date__lt=first))
    for row in Series.objects.annotate(last=earlier).order_by("pk"):
        yield SeriesOpening(row.gstin, PaperKind(row.kind), row.financial_year, row.prefix, row.last or 0)


def _findings(start: datetime, end: datetime) -> Iterable[FindingRow]:
    rows = RaisedFinding.objects.filter(at__gte=start, at__lt=end).order_by("at", "pk")
    outcome = {str(pk): status for pk, status in Action.objects.values_list("pk", "status")}
    for row in rows[:5000]:
        yield FindingRow(
            at=row.at,
            subject=row.subject,
            action=f"{row.action_number or ''}",
            code=row.code,
            severity=Severity(row.severity),
            message=again(row.message, row.words.get("message")),
            basis=row.basis,
            outcome=outcome.get(str(row.action_id), ""),
        )


def _discounts(start: datetime, end: datetime) -> Iterable[DiscountRow]:
    done = Transition.objects.filter(
        target=Status.EXECUTED.value, at__gte=start, at__lt=end, action__discount_bp__gt=0
    ).select_related("action")
    for step in done.order_by("id"):
        action = step.action
        try:
            facts = registry.kind(action.kind).facts(action.view())
        except VyaparError:
            continue
        if not isinstance(facts, OfferFacts):
            continue
        for line in facts.lines:
            share = 10_000 - action.discount_bp
            yield DiscountRow(
                on_date=ist_day(step.at),
                sku=line.sku,
                description=line.description,
                batch=line.batch,
                quantity=line.quantity,
                mrp_paise=line.mrp_paise,
                list_price_paise=line.offer_price_paise * 10_000 // share,
                offer_price_paise=line.offer_price_paise,
                landed_cost_paise=line.cost_paise,
                offer_class=facts.offer_class,
                approver=action.decided_by_name,
                reason=again(action.reason, action.words.get("reason")),
                action=str(action.number),
            )


def _write_offs(start: datetime, end: datetime) -> Iterable[WriteOffRow]:
    for row in list_write_offs(start, end):
        pieces, sign = abs(row.quantity), -1 if row.quantity < 0 else 1
        effect = itc_effect("destroy", row.on_date, quantity=pieces, itc_per_unit_paise=row.itc_paise)
        yield WriteOffRow(
            on_date=row.on_date,
            sku=row.sku,
            description=row.description,
            batch=row.batch,
            way=row.kind if row.quantity > 0 else WRITTEN_BACK,
            quantity=row.quantity,
            cost_paise=row.cost_paise,
            purchase_invoice=row.purchase_invoice,
            itc_per_unit_paise=row.itc_paise,
            reversed_paise=sign * effect.reverse_paise,
            evidence=row.reference,
            traced=bool(row.purchase_invoice),
        )


def _notes(start: datetime, end: datetime) -> Iterable[NoteRow]:
    heads = ("credited_paise", "igst_paise", "cgst_paise", "sgst_paise")
    for row in list_note_reversals(start, end):
        where = itc_effect(
            RETURN_TO_COMPANY, row.on_date, quantity=0, itc_per_unit_paise=0, return_route=RETURN_ROUTES[1]
        )
        yield NoteRow(
            on_date=row.on_date,
            claim=row.claim,
            sku=row.sku,
            batch=row.batch,
            number=row.note,
            note_date=row.noted_on,
            gstin=row.gstin,
            company=row.company,
            company_gstin=row.company_gstin,
            gstr3b=where.gstr3b,
            **{head: getattr(row, head) for head in heads},
        )


def _approvals(start: datetime, end: datetime) -> Iterable[ApprovalRow]:
    rows = Transition.objects.filter(target__in=_LET_GO, at__gte=start, at__lt=end).select_related(
        "action__record"
    )
    for step in rows.order_by("id"):
        action = step.action
        record = getattr(action, "record", None)
        yield ApprovalRow(
            at=step.at,
            action=str(action.number),
            kind=action.kind,
            title=again(action.title, action.words.get("title")),
            value_paise=action.value_paise,
            proposed_by=action.agent,
            approved_by=step.actor_name,
            automatic=step.target == Status.AUTO_APPROVED.value,
            policy=_limits(record) if record else "",
            outcome=action.status,
        )


def _limits(record: DecisionRecord) -> str:
    return _(
        "autonomy v%(autonomy)s, policy v%(policy)s",
        autonomy=record.autonomy_version,
        policy=record.policy_version,
    )


def _chain(at: datetime) -> ChainCheck:
    count, breaks = verify_audit()
    last = AuditEntry.objects.order_by("-seq").first()
    return ChainCheck(
        intact=not breaks,
        entries=count,
        first_sequence=1 if count else 0,
        last_sequence=last.seq if last else 0,
        last_seal=last.seal if last else "",
        checked_at=at.astimezone(UTC),
        broken_at=None,
        detail="; ".join(breaks[:5]),
    )
