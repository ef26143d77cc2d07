"""Papers on the real database: numbers without gaps, races, guards, and the event before execution."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.db import connections, transaction
from django_tenants.utils import tenant_context

from compliance import services
from compliance.models import Paper, RaisedFinding, Series
from compliance.rules import inspect
from compliance.selectors import document_of
from inventory.models import Batch
from tests.builders import (
    AT,
    OWNER,
    add_batch,
    build_world,
    deliver_all,
    propose_transfer,
    receive_stock,
    transfer_payload,
)
from tests.compliance.movements import BENGALURU, biscuits, movement
from vyapar.engine import registry
from vyapar.engine.models import AuditEntry, Event
from vyapar.engine.selectors import verify_audit
from vyapar.engine.services import approve, carry_out
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.kernel.lifecycle import Status

ALPHA = pytest.mark.usefixtures("in_alpha")


def issue(key: str = "transfer:one", **changes) -> Paper:
    return services.issue(movement(**changes), key=key, actor=OWNER, at=AT)


# --- numbers -----------------------------------------------------------------------------------


@ALPHA
def test_a_paper_is_numbered_frozen_sealed_told_and_in_the_trail() -> None:
    paper = issue()
    assert (paper.number, paper.sequence, paper.financial_year) == ("DC/27/2627/00001", 1, "2026-27")
    document = document_of(paper)
    assert document.number == paper.number
    assert services.seal_of(document) == paper.sha256
    assert inspect(document) == () or not any(f.blocks for f in inspect(document))
    assert Event.objects.get(name="DocumentIssued").payload["number"] == paper.number
    assert AuditEntry.objects.filter(verb="DocumentIssued", subject=f"document:{paper.number}").exists()


@ALPHA
def test_a_rollback_takes_the_number_back() -> None:
    issue("a:1")
    with transaction.atomic():
        assert issue("a:2").sequence == 2
        transaction.set_rollback(True)
    assert issue("a:3").sequence == 2
    assert Series.objects.get().last_sequence == 2


@ALPHA
def test_a_paper_that_is_refused_takes_no_number_and_leaves_no_trace() -> None:
    issue("a:1")
    counts = Event.objects.count(), AuditEntry.objects.count()
    with pytest.raises(Refused, match="expired on") as refused:
        issue("a:2", lines=(biscuits(expiry_date=date(2026, 11, 1)),))
    assert [fault.code for fault in refused.value.faults] == ["T08"]
    assert (Event.objects.count(), AuditEntry.objects.count()) == counts
    assert issue("a:3").sequence == 2


@ALPHA
def test_kinds_registrations_and_years_number_apart() -> None:
    assert issue("a:1").number == "DC/27/2627/00001"
    assert issue("a:2", destination=BENGALURU).number == "TI/27/2627/00001"
    assert issue("a:3", source=BENGALURU).number == "TI/29/2627/00001"
    april = AT + timedelta(days=130)
    later = services.issue(
        movement(dispatch_date=april.date(), minimum_days_on_arrival=0), key="a:4", actor=OWNER, at=april
    )
    assert later.number == "DC/27/2728/00001"


@ALPHA
def test_the_desk_gives_the_same_papers_for_the_same_key() -> None:
    desk = services.PaperClerk()
    first = desk.issue(movement(), key="transfer:x", actor=OWNER, at=AT)
    assert desk.issue(movement(), key="transfer:x", actor=OWNER, at=AT + timedelta(hours=1)) == first
    assert Paper.objects.count() == 1
    assert registry.paper_desk().issue(movement(), key="transfer:x", actor=OWNER, at=AT) == first


@ALPHA
def test_a_cancelled_paper_keeps_its_number_and_says_why() -> None:
    paper = issue()
    with pytest.raises(Invalid, match="why"):
        services.cancel(paper.pk, reason="  ", actor=OWNER, at=AT)
    services.cancel(paper.pk, reason="typed twice", actor=OWNER, at=AT)
    services.cancel(paper.pk, reason="again", actor=OWNER, at=AT + timedelta(hours=1))
    paper.refresh_from_db()
    assert (paper.state, paper.cancelled_reason, paper.cancelled_at) == ("cancelled", "typed twice", AT)
    assert Event.objects.filter(name="DocumentCancelled").count() == 1
    assert issue("a:2").sequence == 2
    with pytest.raises(NotFound):
        services.cancel("00000000-0000-0000-0000-000000000000", reason="x", actor=OWNER, at=AT)


@ALPHA
@pytest.mark.parametrize("number", ["12345678901", "1234567890123", "12345678901a", "१२३४५६७८९०१२", ""])
def test_an_eway_number_has_twelve_digits(number: str) -> None:
    paper = issue()
    with pytest.raises(Invalid):
        services.note_eway_number(paper.pk, number, actor=OWNER, at=AT)


@ALPHA
def test_an_eway_number_is_recorded_once() -> None:
    paper = issue()
    for _ in range(2):
        services.note_eway_number(paper.pk, "331002345678", actor=OWNER, at=AT)
    with pytest.raises(Refused, match="recorded already"):
        services.note_eway_number(paper.pk, "331002345679", actor=OWNER, at=AT)


def in_threads(distributor, verbs: list[Callable[[], object]]) -> list[object]:
    """Run verbs at once, each on a connection of its own; what each returned or raised."""
    gate, results = threading.Barrier(len(verbs)), [None] * len(verbs)

    def run(index: int) -> None:
        try:
            with tenant_context(distributor):
                gate.wait(10)
                results[index] = verbs[index]()
        except Exception as error:  # noqa: BLE001 - what went wrong is what the test looks at
            results[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_racing_connections_get_consecutive_numbers(fresh_distributor) -> None:
    """The first numbers of a series, where even the series' row is created in the race."""
    verbs = [lambda n=n: issue(f"race:{n}").sequence for n in range(6)]
    assert sorted(in_threads(fresh_distributor, verbs)) == [1, 2, 3, 4, 5, 6]
    assert Series.objects.get().last_sequence == 6
    assert verify_audit()[1] == []


def test_one_key_asked_for_by_two_connections_is_one_paper(fresh_distributor) -> None:
    desk = services.PaperClerk()

    def ask() -> object:
        return desk.issue(movement(), key="race:same", actor=OWNER, at=AT)

    answers = in_threads(fresh_distributor, [ask, ask])
    papers = [answer for answer in answers if isinstance(answer, tuple)]
    assert papers
    assert Paper.objects.count() == Series.objects.get().last_sequence == 1
    assert desk.issue(movement(), key="race:same", actor=OWNER, at=AT) == papers[0]


# --- guards ------------------------------------------------------------------------------------


@pytest.fixture
def expired(in_alpha):
    world = build_world()
    add_batch(world, "BIS-100", "OLD", expires_in=-3)
    receive_stock(world, "BIS-100", "OLD", 50)
    return propose_transfer(transfer_payload(world, ("BIS-100", "OLD", 20)))


def test_an_expired_batch_cannot_be_approved(expired) -> None:
    assert expired.status == Status.PROPOSED
    assert "T08" in [f["code"] for f in expired.findings if f["severity"] == "block"]
    with pytest.raises(Refused, match="expired on"):
        approve(expired.pk, actor=OWNER, at=AT)
    expired.refresh_from_db()
    assert expired.status == Status.PROPOSED


def test_a_violation_is_kept_and_told_before_anything_can_run(expired) -> None:
    deliver_all()
    told = Event.objects.get(name="ComplianceViolation", action_id=expired.pk)
    assert told.payload["severity"] == "block"
    assert "T08" in told.payload["ruleIds"]
    assert RaisedFinding.objects.filter(action_id=expired.pk, code="T08", severity="block").exists()
    assert not Event.objects.filter(name="DocumentIssued").exists()


@ALPHA
def test_what_expires_after_approval_is_stopped_at_execution_and_told() -> None:
    world = build_world()
    action = propose_transfer(transfer_payload(world))
    if action.status == Status.PROPOSED:
        approve(action.pk, actor=OWNER, at=AT)
    deliver_all()
    Batch.objects.filter(number="B1").update(expiry_date=date(2026, 11, 22))
    done = carry_out(action.pk, at=AT + timedelta(hours=1))
    assert done.status == Status.WITHDRAWN
    assert world.position().reserved == 0
    assert not Paper.objects.exists()
    deliver_all(AT + timedelta(hours=1))
    told = Event.objects.filter(name="ComplianceViolation", action_id=action.pk).latest("id")
    assert "T08" in told.payload["ruleIds"]
    assert told.payload["severity"] == "block"


@ALPHA
def test_the_compliance_agent_tells_a_finding_of_the_registers_once() -> None:
    from vyapar.engine.services import run_cycle

    issue("a:1", destination=replace(BENGALURU), lines=(biscuits(quantity=20_000),))
    for day in (2, 2, 3):
        run_cycle("compliance", AT + timedelta(days=day, seconds=day), at=AT + timedelta(days=day))
    found = RaisedFinding.objects.filter(action_id__isnull=True, code="T05")
    assert found.count() == 2, "the sentence counts days: once a day, never twice"
    assert RaisedFinding.objects.filter(code="E00").count() == 1


@ALPHA
def test_the_period_report_sees_a_gap_even_at_the_very_first_number() -> None:
    from compliance.documents.period_report import build
    from compliance.selectors import collect_period

    first, second = issue("a:1"), issue("a:2")
    assert not [f for f in build(collect_period("2026-11", AT)).exceptions if f.code == "R-GAP"]
    Paper.objects.filter(pk=first.pk).delete()
    (gap,) = [f for f in build(collect_period("2026-11", AT)).exceptions if f.code == "R-GAP"]
    assert gap.facts["missing"] == [1]
    assert second.sequence == 2


# --- credit notes --------------------------------------------------------------------------------


@ALPHA
def test_credit_notes_over_all_pieces_add_up_to_the_invoice_and_no_piece_is_credited_twice() -> None:
    invoice = issue(destination=BENGALURU, lines=(biscuits(quantity=7, cost_paise=3_333),))
    (line,) = document_of(invoice).lines
    key = (line.sku, line.batch)
    notes = [
        services.credit(invoice.pk, {key: pieces}, reason="short", actor=OWNER, at=AT) for pieces in (3, 3, 1)
    ]
    assert [note.number[-5:] for note in notes] == ["00001", "00002", "00003"]
    assert sum(note.taxable_paise for note in notes) == invoice.taxable_paise
    assert sum(note.tax_paise for note in notes) == invoice.tax_paise
    with pytest.raises(Invalid, match="cannot be credited") as refused:
        services.credit(invoice.pk, {key: 1}, reason="short", actor=OWNER, at=AT)
    assert refused.value.faults[0].code == "too_many"
    with pytest.raises(Refused, match="credits a part of it"):
        services.cancel(invoice.pk, reason="wrong", actor=OWNER, at=AT)


@ALPHA
def test_a_note_is_not_written_over_a_challan_or_after_the_last_day_of_the_law() -> None:
    challan = issue("transfer:challan")
    with pytest.raises(Refused, match="bears no tax"):
        services.credit(challan.pk, {("x", "y"): 1}, reason="short", actor=OWNER, at=AT)
    invoice = issue(destination=BENGALURU)
    (line, *_) = document_of(invoice).lines
    late = AT.replace(year=AT.year + 1, month=12, day=1)
    with pytest.raises(Refused, match="is credited between"):
        services.credit(invoice.pk, {(line.sku, line.batch): 1}, reason="short", actor=OWNER, at=late)
    desk = registry.paper_desk()
    assert desk.credit(invoice.key, {(line.sku, line.batch): 1}, reason="short", actor=OWNER, at=late) is None
    assert RaisedFinding.objects.get(code="C01").subject == f"document:{invoice.number}"
    assert not Paper.objects.filter(kind="credit_note").exists()


@ALPHA
def test_a_note_that_was_cancelled_frees_its_pieces_and_keeps_its_number() -> None:
    invoice = issue(destination=BENGALURU)
    (line, *_) = document_of(invoice).lines
    whole = {(line.sku, line.batch): line.quantity}
    first = services.credit(invoice.pk, whole, reason="short", actor=OWNER, at=AT)
    services.cancel(first.pk, reason="counted again: all there", actor=OWNER, at=AT)
    second = services.credit(invoice.pk, whole, reason="short after all", actor=OWNER, at=AT)
    assert [first.sequence, second.sequence] == [1, 2]
