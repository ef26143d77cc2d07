"""Papers: issued with gapless numbers, cancelled, their e-way numbers noted. One verb, one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from django.db import transaction

from compliance.contracts import (
    Document,
    DocumentCancelled,
    DocumentIssued,
    PaperKind,
    violation,
)
from compliance.documents import build, credit_note, freeze, seal_of
from compliance.documents.credit_note import left_to_credit
from compliance.models import Paper, RaisedFinding, Series
from compliance.rules import examine, inspect
from compliance.selectors import document_of, get_paper, get_standing, list_credit_notes
from vyapar.engine.services import append_audit, emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.facts import (
    CreditedLine,
    CreditNote,
    Examination,
    MovementFacts,
    OfferFacts,
    PaperRef,
    Withdrawn,
)
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _
from vyapar.law.papers import credit_note_last_date
from vyapar.law.preflight import clause
from vyapar.law.version import RULE_VERSION
from vyapar.tenancy.selectors import current_distributor

_MARKS = {PaperKind.DELIVERY_CHALLAN: "DC", PaperKind.TAX_INVOICE: "TI", PaperKind.BILL_OF_SUPPLY: "BS",
          PaperKind.CREDIT_NOTE: "CN"}  # fmt: skip


class PaperClerk:
    """Keeps the PaperDesk: the only door through which papers are issued."""

    def examine(self, facts: MovementFacts | OfferFacts, *, at: datetime) -> Examination:
        """What the law says of facts, with what is known of this distributor."""
        day = ist_day(at)
        return examine(facts, at_date=day, standing=get_standing(day))

    def issue(self, facts: MovementFacts, *, key: str, actor: Actor, at: datetime) -> tuple[PaperRef, ...]:
        """The papers of a movement, in the caller's transaction; the same key gives the same papers."""
        kept = tuple(Paper.objects.filter(key=key).order_by("kind"))
        if kept:
            return tuple(_ref(paper) for paper in kept)
        return (_ref(issue(facts, key=key, actor=actor, at=at)),)

    def withdraw(self, key: str, *, reason: str, actor: Actor, at: datetime) -> Withdrawn:
        """Take back what was issued under a key: cancelled, or credited once its month is over."""
        cancelled, credited = [], None
        for paper in Paper.objects.filter(key=key, state=Paper.State.ISSUED):
            if paper.kind == PaperKind.TAX_INVOICE and _month(paper.document_date) != _month(ist_day(at)):
                left = left_to_credit(document_of(paper), _credited(paper))
                credited = self.credit(key, left, reason=reason, actor=actor, at=at) if left else None
            else:
                cancelled.append(_ref(cancel(paper.pk, reason=reason, actor=actor, at=at)))
        return Withdrawn(tuple(cancelled), credited)

    def credit(
        self, key: str, pieces: Mapping[tuple[str, str], int], *, reason: str, actor: Actor, at: datetime
    ) -> CreditNote | None:
        """Credit pieces of the invoice issued under a key; None where no tax is to be credited any more."""
        invoice = Paper.objects.filter(key=key, kind=PaperKind.TAX_INVOICE, state=Paper.State.ISSUED).first()
        if invoice is None:
            return None
        if ist_day(at) > (last := credit_note_last_date(invoice.document_date)):
            _tell_too_late(invoice, last, actor, at)
            return None
        note = credit(invoice.pk, pieces, reason=reason, actor=actor, at=at)
        lines = tuple(
            CreditedLine(line.sku, line.batch, line.quantity, line.taxable_paise, line.tax_paise)
            for line in document_of(note).lines
        )
        return CreditNote(_ref(note), invoice.number, lines)

    def cancel_credit(self, document_id: str, *, reason: str, actor: Actor, at: datetime) -> bool:
        """Cancel a credit note in its own month; later it stands in a return, and False says so."""
        note = get_paper(UUID(document_id))
        if note.state != Paper.State.CANCELLED and _month(note.document_date) != _month(ist_day(at)):
            return False
        cancel(note.pk, reason=reason, actor=actor, at=at)
        return True


@transaction.atomic
def issue(facts: MovementFacts, *, key: str, actor: Actor, at: datetime) -> Paper:
    """Build, check, number, freeze and tell of the paper that a movement needs.

    The number is taken under a row lock in this transaction, so a rollback takes it back and no gap
    arises. Raises `Refused` with every blocking finding.
    """
    _check_facts(facts, ist_day(at))
    draft = build(facts, document_date=ist_day(at), simulated=current_distributor().sandbox)
    return _keep(draft, key=key, actor=actor, at=at)


@transaction.atomic
def credit(
    invoice_id: UUID, pieces: Mapping[tuple[str, str], int], *, reason: str, actor: Actor, at: datetime
) -> Paper:
    """Issue a credit note over pieces, by SKU and batch, of an issued tax invoice.

    Raises `Refused` for a paper without tax, a cancelled one, or after the last day of s.34(2);
    `Invalid` for pieces that were not invoiced or are credited already.
    """
    invoice = Paper.objects.select_for_update().get(pk=get_paper(invoice_id).pk)
    if invoice.state == Paper.State.CANCELLED:
        raise Refused(
            _("%(number)s is cancelled; nothing of it stands", number=invoice.number), code="cancelled"
        )
    if not reason.strip():
        raise Invalid(_("say why the invoice is credited"), code="reason_missing")
    draft = credit_note.build(
        document_of(invoice),
        pieces,
        reason=reason.strip()[:300],
        document_date=ist_day(at),
        earlier=_credited(invoice),
        simulated=invoice.simulated,
    )
    count = Paper.objects.filter(key__startswith=f"{invoice.key}:credit:").count()
    return _keep(draft, key=f"{invoice.key}:credit:{count + 1}", actor=actor, at=at)


def _keep(draft: Document, *, key: str, actor: Actor, at: datetime) -> Paper:
    """Number, check, freeze and tell of a paper, in the caller's transaction."""
    series = _lock_series(draft)
    document = replace(draft, number=f"{series.prefix}{series.last_sequence + 1:05d}")
    _check(document, ist_day(at))
    series.last_sequence += 1
    series.save(update_fields=["last_sequence"])
    paper = Paper.objects.create(
        series=series,
        sequence=series.last_sequence,
        number=document.number,
        kind=document.kind.value,
        gstin=document.seller.gstin,
        financial_year=document.financial_year,
        document_date=document.document_date,
        party=document.buyer.legal_name,
        party_gstin=document.buyer.gstin,
        taxable_paise=document.totals.taxable_paise,
        tax_paise=document.totals.tax_paise,
        total_paise=document.totals.total_paise,
        data=freeze(document),
        sha256=seal_of(document),
        key=key,
        action_id=_action_of(key),
        eway_needed=document.eway.needed,
        simulated=document.simulated,
        rule_version=RULE_VERSION,
        issued_at=at,
        issued_by=actor.ref,
    )
    _tell_issued(paper, actor, at)
    return paper


@transaction.atomic
def cancel(paper_id: UUID, *, reason: str, actor: Actor, at: datetime) -> Paper:
    """Cancel an issued paper; its number is kept for Table 13. Twice is once."""
    paper = Paper.objects.select_for_update().get(pk=get_paper(paper_id).pk)
    if paper.state == Paper.State.CANCELLED:
        return paper
    if not reason.strip():
        raise Invalid(_("say why the document is cancelled"), code="reason_missing")
    if notes := list_credit_notes(paper):
        numbers = ", ".join(note.number for note in notes)
        raise Refused(
            _("%(numbers)s credits a part of it; cancel that first", numbers=numbers), code="credited"
        )
    paper.state, paper.cancelled_at, paper.cancelled_by = Paper.State.CANCELLED, at, actor.ref
    paper.cancelled_reason = reason.strip()[:300]
    paper.save()
    emit(
        DocumentCancelled(
            str(paper.pk), paper.kind, paper.number, paper.gstin, reason, str(paper.action_id or "")
        ),
        subject=f"document:{paper.number}",
        actor=actor,
        at=at,
        action_id=paper.action_id,
        reason=reason,
    )
    return paper


@transaction.atomic
def note_eway_number(paper_id: UUID, number: str, *, actor: Actor, at: datetime) -> Paper:
    """Keep the number that the portal gave; 12 digits, once."""
    paper = Paper.objects.select_for_update().get(pk=get_paper(paper_id).pk)
    if not (number.isascii() and number.isdigit() and len(number) == 12):
        fault = Fault("eway_number", _("the portal's number has 12 digits"), "number", value=number[:20])
        raise Invalid(_("this is not an e-way bill number"), code="eway_number", faults=[fault])
    if paper.eway_number and paper.eway_number != number:
        raise Refused(_("another e-way number is recorded already"), code="eway_recorded")
    paper.eway_number = number
    paper.save(update_fields=["eway_number"])
    append_audit(actor=actor, verb="EwayNumberNoted", subject=f"document:{paper.number}", at=at, after=number)
    return paper


@transaction.atomic
def raise_findings(
    findings: Sequence[Finding],
    *,
    action_id: UUID | None,
    action_number: int | None,
    kind: str,
    subject: str,
    actor: Actor,
    at: datetime,
) -> None:
    """Keep findings and tell of a `ComplianceViolation`, before anything is carried out."""
    if not findings:
        return
    RaisedFinding.objects.bulk_create(
        RaisedFinding(
            at=at,
            action_id=action_id,
            action_number=action_number,
            subject=subject,
            code=f.code,
            severity=f.severity.value,
            message=f.message,
            basis=f.basis[:200],
            fix=f.fix,
            facts=dict(f.facts),
            words=plain({"message": f.words, "fix": f.fix_words}),
            rule_version=RULE_VERSION,
        )
        for f in findings
    )
    emit(
        violation(
            action_id=str(action_id or ""),
            kind=kind,
            subject=subject,
            findings=findings,
            rule_version=RULE_VERSION,
        ),
        subject=subject,
        actor=actor,
        at=at,
        action_id=action_id,
    )


# --- parts ---------------------------------------------------------------------------------


def _lock_series(document: Document) -> Series:
    year = document.financial_year
    prefix = f"{_MARKS[document.kind]}/{document.seller.state_code}/{year[2:4]}{year[5:]}/"
    series, _ = Series.objects.get_or_create(
        gstin=document.seller.gstin,
        kind=document.kind.value,
        financial_year=year,
        defaults={"prefix": prefix},
    )
    return Series.objects.select_for_update().get(pk=series.pk)


def _check_facts(facts: MovementFacts, day: date) -> None:
    """Guards asked this a moment ago; the door asks again, for it is the last one."""
    found = examine(facts, at_date=day, standing=get_standing(day)).findings
    _refuse([f for f in found if isinstance(f, Finding)])


def _check(document: Document, day: date) -> None:
    _refuse(inspect(document, standing=get_standing(day)))


def _refuse(findings: Sequence[Finding]) -> None:
    blocks = [f for f in findings if f.blocks]
    if blocks:
        faults = [Fault(f.code, f.message, str(f.facts.get("field") or "document")) for f in blocks]
        raise Refused(listed([f.message for f in blocks]), code="document_refused", faults=faults)


def _action_of(key: str) -> UUID | None:
    """The action in an execution key `kind:uuid`, or in one that goes on from it."""
    try:
        return UUID(key.split(":")[1])
    except (IndexError, ValueError):
        return None


def _tell_issued(paper: Paper, actor: Actor, at: datetime) -> None:
    emit(
        DocumentIssued(
            document_id=str(paper.pk),
            kind=paper.kind,
            number=paper.number,
            gstin=paper.gstin,
            financial_year=paper.financial_year,
            document_date=paper.document_date.isoformat(),
            taxable_paise=paper.taxable_paise,
            tax_paise=paper.tax_paise,
            total_paise=paper.total_paise,
            sha256=paper.sha256,
            action_id=str(paper.action_id or ""),
            simulated=paper.simulated,
            rule_version=paper.rule_version,
        ),
        subject=f"document:{paper.number}",
        actor=actor,
        at=at,
        action_id=paper.action_id,
    )


def _credited(invoice: Paper) -> list[Document]:
    """The credit notes over an invoice that stand, as they were issued."""
    return [document_of(note) for note in list_credit_notes(invoice)]


def _tell_too_late(invoice: Paper, last: date, actor: Actor, at: datetime) -> None:
    """The goods are gone and the tax stays paid: nobody is stopped, the register says so."""
    raise_findings(
        [
            Finding(
                "C01",
                Severity.WARN,
                _(
                    "%(number)s could be credited until %(day)s; its tax stays paid.",
                    number=invoice.number,
                    day=f"{last:%d-%m-%Y}",
                ),
                clause("C01").basis,
                {"number": invoice.number},
            )
        ],
        action_id=invoice.action_id,
        action_number=None,
        kind="register",
        subject=f"document:{invoice.number}",
        actor=actor,
        at=at,
    )


def _month(day: date) -> tuple[int, int]:
    return day.year, day.month


def _ref(paper: Paper) -> PaperRef:
    round_off = paper.total_paise - paper.taxable_paise - paper.tax_paise
    return PaperRef(paper.number, paper.kind, str(paper.pk), paper.sha256, paper.simulated, round_off)
