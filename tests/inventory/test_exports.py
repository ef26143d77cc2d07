"""Decisions reach the books exactly once: queued, locked, handed over, answered, taken back."""

from __future__ import annotations

import csv
import io
import json
import os
import threading
import time
import zipfile
from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.conf import settings as house
from django.core.files.storage import default_storage
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django_tenants.utils import tenant_context
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import services as campaigns
from compliance.models import Paper
from inventory import tasks
from inventory.contracts.exports import read_document, takes_back
from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine
from inventory.feeds import SYSTEMS
from inventory.feeds.files.exports import COLUMNS, write, write_xlsx
from inventory.models import Export, Feed
from inventory.selectors.exports import get_export, read_lock
from inventory.services import StockLine, queue_export, reverse_export, write_off
from inventory.services.exports import (
    acknowledge,
    acknowledge_file,
    hand_over,
    handing,
    list_due_exports,
    lock_exports,
    release_exports,
    retry_export,
)
from inventory.services.exports.handing import LEASE, MAX_ATTEMPTS
from reallocation import services as transfers
from tests.builders import (
    AT,
    OWNER,
    build_world,
    campaign_payload,
    deliver_all,
    propose_campaign,
    propose_transfer,
    transfer_payload,
)
from tests.gateway.test_gateway import Caller
from tests.inventory.books import keep_books, open_feed, systems
from vyapar.engine import registry
from vyapar.engine.models import AuditEntry, Event
from vyapar.farside.resilience import breakers
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person
from vyapar.tenancy.here import current_schema
from vyapar.tenancy.services import close_distributor, open_distributor

SOON = AT + timedelta(seconds=1)


@pytest.fixture(autouse=True)
def our_systems():
    with systems():
        yield


@pytest.fixture
def books():
    with keep_books() as kept:
        yield kept


@pytest.fixture
def ledger(alpha, books):
    """A feed whose system takes documents by a call; its name differs, so its breaker is its own."""
    return open_feed(f"ledger-{uuid4().hex[:8]}", "ledger", AT, url=books.url)


@pytest.fixture
def sheets(alpha):
    return open_feed("sheets", "sheets", AT)


@pytest.fixture(scope="module")
def open_house(django_db_setup, django_db_blocker):
    """A distributor for tests that open connections of their own; opened once, it takes seconds."""
    with django_db_blocker.unblock():
        distributor = open_distributor(slug="open-house", name="Open", domain="open-house.localhost")
        yield distributor
        close_distributor(distributor)


@pytest.fixture
def committed(open_house, django_db_blocker):
    """The open house, entered, without exports; what the test writes is committed."""
    with django_db_blocker.unblock(), tenant_context(open_house):
        Export.objects.all().delete()
        Feed.objects.all().delete()
        yield open_house
        connections.close_all()


def line(sku="BIS-100", pieces=5, name="Kuruvi", batch="B1", **more) -> ExportLine:
    return ExportLine(sku, name, batch, pieces, 6_000, 6_000 * pieces, **more)


def document(key="transfer:1", kind=ExportKind.TRANSFER, lines=None, **more) -> ExportDocument:
    usual = {"source": "GD-PUNE", "target": "GD-NAGPUR", "narration": "moved"}
    return ExportDocument(kind, key, "DC/1", AT, lines or (line(),), **{**usual, **more})


def queue(one: ExportDocument, at=AT):
    return queue_export(one, action_id=None, actor=OWNER, at=at)


def only() -> Export:
    return Export.objects.get()


# --- the document ------------------------------------------------------------------------------

words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
pieces = st.integers(1, 10**9)
days = st.none() | st.dates(date(2020, 1, 1), date(2035, 1, 1))
lines = st.builds(
    ExportLine, words, words, words, pieces, st.integers(0, 10**9), st.integers(0, 10**12), expiry_date=days
)
documents = st.builds(
    ExportDocument, st.sampled_from(ExportKind), words, words, st.just(AT),
    st.lists(lines, min_size=1, max_size=4).map(tuple), words, words, words, words, days, days, words,
    st.dictionaries(words, words | st.integers()),
)  # fmt: skip


@given(documents)
@settings(max_examples=150, deadline=None)
def test_a_document_read_back_from_its_plain_form_is_the_same(one):
    assert read_document(json.loads(json.dumps(plain(one)))) == one


@given(st.lists(documents, min_size=1, max_size=3).map(tuple))
@settings(max_examples=100, deadline=None)
def test_a_file_has_a_row_for_each_line_and_no_formula(several):
    name, body = write(several)
    assert name.endswith(".csv")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert rows[0] == list(COLUMNS)
    assert len(rows) - 1 == sum(len(one.lines) for one in several)
    assert all(len(row) == len(COLUMNS) for row in rows)
    texts = [cell for row in rows[1:] for cell in row]
    assert not [cell for cell in texts if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]
    assert write(several)[1] == body


def test_the_workbook_holds_numbers_as_numbers_and_formulas_as_text():
    evil = document(lines=(line(sku="=1+1", name="@SUM(A1)"),), extra={"simulated": True})
    _name, body = write_xlsx((evil,))
    zipped = zipfile.ZipFile(io.BytesIO(body))
    sheet = zipped.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "<v>30000</v>" not in sheet
    assert "<v>300.00</v>" in sheet
    strings = zipped.read("xl/sharedStrings.xml").decode()
    assert "'=1+1" in strings
    assert "SIMULATED" in strings


def test_a_reversal_takes_back_what_it_sends_the_other_way_only():
    first = document()
    back = document("transfer:1:recall", ExportKind.REVERSAL, source="GD-NAGPUR", target="GD-PUNE",
                    refers_to=first.key)  # fmt: skip
    loss = document("transfer:1:loss", ExportKind.REVERSAL, (line(pieces=2),), source="GD-NAGPUR", target="",
                    refers_to=first.key)  # fmt: skip
    assert takes_back(back, first)
    assert not takes_back(loss, first)
    assert not takes_back(back, document("transfer:2"))


# --- who takes what ----------------------------------------------------------------------------


def test_nothing_is_queued_where_no_system_takes_documents(alpha):
    assert queue(document()) == ()
    assert not Export.objects.exists()


def test_a_document_is_queued_once_however_often_it_is_sent(sheets):
    first, again = queue(document()), queue(document())
    assert [row.pk for row in first] == [row.pk for row in again]
    assert Event.objects.filter(name="ExportQueued").count() == 1
    assert only().simulated  # alpha is a sandbox
    assert read_document(only().document).extra["simulated"] is True


def test_a_system_that_is_called_goes_before_one_that_reads_files(ledger, sheets):
    assert [row.feed.system for row in queue(document())] == ["ledger"]


def test_a_feed_without_an_address_takes_files_and_is_never_called(alpha, books):
    SYSTEMS["ledger"] = replace(SYSTEMS["ledger"], write=write)
    open_feed("uploads", "ledger", AT)
    queue(document())
    assert list_due_exports(SOON) == []
    assert not hand_over(only().pk, at=SOON)
    assert lock_exports("uploads", actor=OWNER, at=SOON).keys == ("transfer:1",)


def test_feeds_that_name_the_kind_all_take_it(ledger, sheets):
    for feed in (ledger, sheets):
        feed.settings = {**feed.settings, "exports": ["transfer"]}
        feed.save()
    assert {row.feed.system for row in queue(document())} == {"ledger", "sheets"}
    assert queue(document("c:1", ExportKind.CREDIT_NOTE)) == ()
    with pytest.raises(Invalid, match="which feed"):
        get_export("transfer:1")


@pytest.mark.parametrize("bad", [{"key": "a/b"}, {"key": "x" * 121}, {"lines": ()}, {"key": ""}])
def test_a_document_that_cannot_be_exported_is_refused_with_its_field(sheets, bad):
    with pytest.raises(Invalid) as refused:
        queue(ExportDocument(**{"kind": ExportKind.TRANSFER, "key": "k", "number": "1", "at": AT,
                                "lines": (line(),), **bad}))  # fmt: skip
    assert refused.value.faults


# --- taken as a file ---------------------------------------------------------------------------


def test_a_file_locks_its_documents_and_an_answer_ends_the_lock(sheets):
    queue(document()), queue(document("transfer:2"))
    lock = lock_exports("sheets", actor=OWNER, at=SOON)
    assert lock.keys == ("transfer:1", "transfer:2")
    name, body = read_lock(lock.token)
    assert (name, body.count(b"transfer:")) == (lock.name, 2)
    with pytest.raises(Refused, match="nothing waits"):
        lock_exports("sheets", actor=OWNER, at=SOON)
    row = acknowledge("transfer:1", accepted=True, number="JV/7", actor=OWNER, at=SOON)
    assert (row.state, row.acknowledged_number) == ("accepted", "JV/7")
    told = Event.objects.get(name="ExportAcknowledged")
    assert (told.payload["accepted"], told.payload["number"]) == (True, "JV/7")
    assert release_exports(lock.token, reason="lost the pen drive", actor=OWNER, at=SOON) == 1
    assert Export.objects.get(key="transfer:2").state == "queued"
    assert AuditEntry.objects.filter(verb="ExportsReleased", reason="lost the pen drive").exists()


def test_a_lock_is_released_with_a_reason_only(sheets):
    queue(document())
    lock = lock_exports("sheets", actor=OWNER, at=SOON)
    with pytest.raises(Invalid, match="reason"):
        release_exports(lock.token, reason=" ", actor=OWNER, at=SOON)
    with pytest.raises(NotFound):
        release_exports(uuid4(), reason="x", actor=OWNER, at=SOON)
    assert only().state == "locked"


def kept_files() -> int:
    folder = default_storage.path("exports")
    return sum(len(files) for _path, _folders, files in os.walk(folder))


def test_a_file_that_cannot_be_written_locks_nothing_and_leaves_no_file(sheets, monkeypatch):
    queue(document())
    before = kept_files()
    monkeypatch.setattr("inventory.services.exports.locking._lock", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        lock_exports("sheets", actor=OWNER, at=SOON)
    assert only().state == "queued"
    assert kept_files() == before


@pytest.mark.usefixtures("committed")
def test_two_who_take_a_file_at_once_never_get_the_same_document():
    open_feed("sheets", "sheets", AT)
    for number in range(20):
        queue(document(f"transfer:{number}"))
    got, refused, start = [], [], threading.Barrier(2)
    tenant = connection.tenant

    def take():
        with tenant_context(tenant):
            start.wait()
            try:
                got.append(lock_exports("sheets", actor=OWNER, at=SOON).keys)
            except Refused as error:
                refused.append(error.code)
            finally:
                connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(2)]
    [t.start() for t in threads]
    [t.join(20) for t in threads]
    taken = [key for keys in got for key in keys]
    assert sorted(taken) == sorted({f"transfer:{n}" for n in range(20)})
    assert len(got) + len(refused) == 2


def test_a_filled_in_file_brings_its_answers_row_by_row(sheets):
    queue(document(lines=(line(), line(sku="TEA-250")))), queue(document("transfer:2"))
    queue(document("transfer:3"))
    lock = lock_exports("sheets", actor=OWNER, at=SOON)
    rows = list(csv.DictReader(io.StringIO(read_lock(lock.token)[1].decode("utf-8-sig"), newline="")))
    for row in rows:
        row.update({"status": "OK", "acknowledged_number": "JV/9"} if row["key"] == "transfer:1" else {})
        row.update({"status": "rejected", "reason": "no such item"} if row["key"] == "transfer:2" else {})
    rows += [{**rows[0], "key": "nobody"}, {**rows[-1], "status": "perhaps"}]
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader(), writer.writerows(rows)
    said = acknowledge_file(out.getvalue().encode(), feed="sheets", actor=OWNER, at=SOON + LEASE)
    assert (said.taken, said.unchanged) == (2, 1)
    assert [(f.row, f.field) for f in said.faults] == [(6, "key"), (7, "status")]
    states = dict(Export.objects.values_list("key", "state"))
    assert states == {"transfer:1": "accepted", "transfer:2": "rejected", "transfer:3": "locked"}


@pytest.mark.parametrize("body", [b"\xff\xfe\x00x", b"", b"a,b\n1,2\n", b"key,status\n\x00,1\n"])
def test_a_file_of_answers_that_is_none_is_refused(sheets, body):
    with pytest.raises(Invalid):
        acknowledge_file(body, feed="sheets", actor=OWNER, at=AT)


def test_what_is_booked_stays_booked_and_what_was_never_sent_is_not_answered(sheets):
    queue(document())
    with pytest.raises(Refused, match="not handed over"):
        acknowledge("transfer:1", accepted=True, number="1", actor=OWNER, at=AT)
    lock_exports("sheets", actor=OWNER, at=SOON)
    for missing in ({"accepted": True}, {"accepted": False}):
        with pytest.raises(Invalid):
            acknowledge("transfer:1", **missing, actor=OWNER, at=AT)
    acknowledge("transfer:1", accepted=False, reason="closed", actor=OWNER, at=AT)
    acknowledge("transfer:1", accepted=True, number="JV/1", actor=OWNER, at=AT)
    acknowledge("transfer:1", accepted=True, number="JV/1", actor=OWNER, at=AT)
    for other in ({"accepted": True, "number": "JV/2"}, {"accepted": False, "reason": "no"}):
        with pytest.raises(Refused, match="booked under JV/1"):
            acknowledge("transfer:1", **other, actor=OWNER, at=AT)
    assert Event.objects.filter(name="ExportAcknowledged").count() == 2


# --- handed over -------------------------------------------------------------------------------


def test_a_document_is_handed_over_and_keeps_the_number_of_the_books(ledger, books):
    queue(document())
    assert list_due_exports(SOON) == [only().pk]
    assert hand_over(only().pk, at=SOON)
    assert (only().state, only().acknowledged_number, only().attempts) == ("accepted", "JV/1", 1)
    assert not hand_over(only().pk, at=SOON)
    assert books.posted == ["transfer:1"]


def test_a_far_side_that_says_no_number_yet_is_answered_for_later(ledger, books):
    books.plan = ["quiet"]
    queue(document())
    assert hand_over(only().pk, at=SOON)
    assert only().state == "handed_over"
    acknowledge("transfer:1", accepted=True, number="JV/1", actor=OWNER, at=SOON)
    assert only().state == "accepted"


def test_a_refusal_of_the_books_is_kept_with_its_reason_and_tried_again_by_a_person_only(ledger, books):
    books.plan = ["no"]
    queue(document())
    hand_over(only().pk, at=SOON)
    assert (only().state, only().reason) == ("rejected", "period is closed")
    assert list_due_exports(SOON + timedelta(days=1)) == []
    retry_export(only().pk, reason="period opened", actor=OWNER, at=SOON)
    hand_over(only().pk, at=SOON)
    assert only().state == "accepted"
    with pytest.raises(Refused):
        retry_export(only().pk, reason="again", actor=OWNER, at=SOON)


@pytest.mark.parametrize("step", ["lost", "late"])
def test_an_answer_that_never_came_is_asked_about_and_booked_once(ledger, books, step):
    books.plan = [step]
    queue(document())
    assert not hand_over(only().pk, at=SOON)
    doubtful = only()
    assert (doubtful.state, doubtful.file) == ("locked", "")
    assert hand_over(doubtful.pk, at=doubtful.next_try_at)
    assert (only().state, only().acknowledged_number) == ("accepted", "JV/1")
    assert (books.posted, books.asked, books.twice) == (["transfer:1"], ["transfer:1"], [])


def test_a_document_in_doubt_is_not_taken_as_a_file(ledger, books):
    SYSTEMS["ledger"] = replace(SYSTEMS["ledger"], write=write)
    books.plan = ["lost"]
    queue(document())
    hand_over(only().pk, at=SOON)
    with pytest.raises(Refused, match="nothing waits"):
        lock_exports(ledger.code, actor=OWNER, at=SOON)


def test_a_far_side_that_is_down_is_tried_again_bounded_and_then_a_person_is_told(ledger, books):
    queue(document())
    books.on_post = lambda: books.plan.insert(0, "down")
    at = SOON
    for _ in range(60):
        hand_over(only().pk, at=at)
        if only().next_try_at is None:
            break
        at = only().next_try_at
        breakers(house.REDIS_URL).close(f"export:{ledger.code}", current_schema())
    assert only().attempts == MAX_ATTEMPTS
    assert only().can_be_retried
    assert Event.objects.filter(name="ExportGivenUp").count() == 1
    assert not books.booked


def test_a_breaker_leaves_a_sick_far_side_alone_and_costs_no_attempt(ledger, books):
    books.on_post = lambda: books.plan.insert(0, "down")
    for number in range(7):
        queue(document(f"transfer:{number}"))
    for pk in list_due_exports(SOON):
        hand_over(pk, at=SOON)
    # a bare 503 to a posting may come after it was booked: it stays locked until it is asked about
    assert len(books.posted) == 5
    spared = Export.objects.filter(attempts=0)
    assert spared.count() == 2
    assert set(spared.values_list("state", flat=True)) == {"queued"}


@pytest.mark.usefixtures("committed")
def test_a_worker_killed_between_call_and_settling_leaves_one_booking(books):
    """The child dies the moment the books have the document; the next worker asks before it repeats."""
    open_feed(f"ledger-{uuid4().hex[:8]}", "ledger", AT, url=books.url)
    queue(document())
    pk = only().pk
    child = os.fork()
    if child == 0:
        for one in connections.all():
            one.connection, one.search_path_set_schemas = None, None
        handing._settle = lambda *a: os._exit(9)
        try:
            handing.hand_over(pk, at=SOON)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (only().state, list(books.booked)) == ("locked", ["transfer:1"])
    assert not hand_over(pk, at=SOON + timedelta(seconds=5)), "its lease is not over"
    assert list_due_exports(SOON + LEASE) == [pk]
    assert hand_over(pk, at=SOON + LEASE)
    assert (books.posted, books.twice, books.asked) == (["transfer:1"], [], ["transfer:1"])
    assert only().acknowledged_number == "JV/1"


@pytest.mark.usefixtures("committed")
def test_two_workers_who_hand_over_at_once_book_once(books):
    open_feed(f"ledger-{uuid4().hex[:8]}", "ledger", AT, url=books.url)
    queue(document())
    pk, tenant, start, won = only().pk, connection.tenant, threading.Barrier(4), []
    books.on_post = lambda: time.sleep(0.1)

    def work():
        with tenant_context(tenant):
            start.wait()
            won.append(hand_over(pk, at=SOON))
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join(20) for t in threads]
    assert sorted(won) == [False, False, False, True]
    assert books.posted == ["transfer:1"]


def test_a_bug_in_a_package_is_kept_as_doubt_not_lost(ledger, books, monkeypatch):
    SYSTEMS["ledger"] = replace(SYSTEMS["ledger"], push=lambda a, d: 1 / 0)
    queue(document())
    assert not hand_over(only().pk, at=SOON)
    assert (only().state, only().last_error) == ("locked", "ZeroDivisionError while handing it over")


def test_an_answer_that_overtakes_the_call_wins(ledger, books, monkeypatch):
    queue(document())

    def answered_meanwhile(claim, answer, at):
        acknowledge(claim.document.key, accepted=True, number="BY-HAND", actor=OWNER, at=at)
        return settle(claim, answer, at)

    settle = handing._settle
    monkeypatch.setattr(handing, "_settle", answered_meanwhile)
    hand_over(only().pk, at=SOON)
    assert only().acknowledged_number == "BY-HAND"


def test_a_queued_document_wakes_a_worker_that_hands_it_over(
    ledger, books, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(tasks.hand_over_exports, "delay", tasks.hand_over_exports)
    queue(document()), queue(document("transfer:2"))
    with django_capture_on_commit_callbacks(execute=True):
        deliver_all()
    assert books.posted == ["transfer:1", "transfer:2"]
    assert set(Export.objects.values_list("state", flat=True)) == {"accepted"}


def test_the_sweeper_takes_up_what_nobody_woke(ledger, books, monkeypatch):
    monkeypatch.setattr(tasks.hand_over_exports, "apply_async", lambda **_: tasks.hand_over_exports())
    queue(document())
    registry._chores["inventory.exports"].run(SOON)
    assert only().state == "accepted"
    registry._chores["inventory.exports"].run(SOON)
    assert books.posted == ["transfer:1"]


# --- taking back -------------------------------------------------------------------------------


def recall(at=SOON):
    return reverse_export("transfer:1", key="transfer:1:recall", narration="called back", actor=OWNER, at=at)


def test_what_the_books_never_heard_of_is_cancelled_not_reversed(sheets):
    queue(document())
    assert recall() == ()
    assert (only().state, "called back" in only().reason) == ("cancelled", True)
    assert recall() == ()
    with pytest.raises(Refused):
        lock_exports("sheets", actor=OWNER, at=SOON)


def test_what_the_books_have_is_reversed_the_other_way_once(sheets):
    queue(document())
    lock_exports("sheets", actor=OWNER, at=SOON)
    acknowledge("transfer:1", accepted=True, number="JV/1", actor=OWNER, at=SOON)
    assert len(recall()) == len(recall()) == 1
    back = read_document(Export.objects.get(kind="reversal").document)
    assert (back.source, back.target, back.refers_to) == ("GD-NAGPUR", "GD-PUNE", "transfer:1")
    assert lock_exports("sheets", actor=OWNER, at=SOON).keys == ("transfer:1:recall",)


def test_a_reversal_waits_for_what_it_takes_back_and_falls_away_with_it(ledger, books):
    books.plan = ["lost"]
    queue(document())
    first = only()
    hand_over(first.pk, at=SOON)
    (back,) = recall()
    assert not hand_over(back.pk, at=SOON + timedelta(seconds=2))
    assert books.posted == ["transfer:1"]
    Export.objects.filter(pk=first.pk).update(state="rejected", reason="closed")
    hand_over(back.pk, at=SOON + timedelta(hours=1))
    back.refresh_from_db()
    assert (back.state, books.posted) == ("cancelled", ["transfer:1"])


# --- who queues --------------------------------------------------------------------------------


@pytest.fixture
def world(alpha, sheets):
    return build_world()


def of(kind: str) -> ExportDocument:
    return read_document(Export.objects.get(kind=kind).document)


def test_a_dispatched_transfer_goes_to_the_books_with_its_paper_and_its_tax(world):
    action = propose_transfer(transfer_payload(world, ("BIS-100", "B1", 100), ("DET-1KG", "B1", 10),
                                               target="BENGALURU"))  # fmt: skip
    transfers.send_off(action.view(), actor=OWNER, at=SOON)
    transfers.send_off(action.view(), actor=OWNER, at=SOON)
    sent, paper = of("transfer"), Paper.objects.get()
    assert (sent.key, sent.number) == (action.key, paper.number)
    assert (sent.source, sent.target) == ("GD-PUNE", "GD-BENGALURU")
    assert sum(n.tax_paise for n in sent.lines) == paper.tax_paise == 42_600
    assert sum(n.amount_paise for n in sent.lines) == paper.taxable_paise
    assert only().action_id == action.pk
    assert sent.extra["source_gstin"][:2] == "27"


def test_a_transfer_called_back_before_the_books_had_it_is_cancelled_there(world):
    action = propose_transfer(transfer_payload(world))
    transfers.send_off(action.view(), actor=OWNER, at=SOON)
    transfers.call_back(action.pk, key=action.key, actor=OWNER, at=SOON, reason="rain")
    assert only().state == "cancelled"


def test_a_transfer_called_back_after_it_was_booked_is_reversed_there(world):
    action = propose_transfer(transfer_payload(world))
    transfers.send_off(action.view(), actor=OWNER, at=SOON)
    lock_exports("sheets", actor=OWNER, at=SOON)
    transfers.call_back(action.pk, key=action.key, actor=OWNER, at=SOON, reason="rain")
    back = of("reversal")
    assert (back.target, back.refers_to, back.narration) == ("GD-PUNE", action.key, "rain")


def test_what_arrives_short_goes_to_the_books_with_the_credit_to_reverse(world):
    action = propose_transfer(transfer_payload(world, ("BIS-100", "B1", 100)))
    transfer = transfers.send_off(action.view(), actor=OWNER, at=SOON)
    transfers.receive(transfer.pk, {("BIS-100", "B1"): (90, 6)}, actor=OWNER, at=SOON)
    loss = of("reversal")
    assert [(n.quantity, n.amount_paise, n.tax_paise) for n in loss.lines] == [(10, 60_000, 3_000)]
    assert (loss.source, loss.target, loss.refers_to) == ("GD-NAGPUR", "", action.key)
    assert lock_exports("sheets", actor=OWNER, at=SOON).keys == (action.key, f"{action.key}:loss")


def test_what_arrives_short_between_registrations_is_credited_in_the_books_too(world):
    action = propose_transfer(transfer_payload(world, ("BIS-100", "B1", 100), target="BENGALURU"))
    transfer = transfers.send_off(action.view(), actor=OWNER, at=SOON)
    transfers.receive(transfer.pk, {("BIS-100", "B1"): (90, 6)}, actor=OWNER, at=SOON)
    note, paper = of("credit_note"), Paper.objects.get(kind="credit_note")
    assert [(n.quantity, n.amount_paise, n.tax_paise) for n in note.lines] == [
        (10, paper.taxable_paise, paper.tax_paise)
    ]
    assert (note.number, note.party, note.refers_to) == (paper.number, "GD-BENGALURU", action.key)
    assert not note.extra["goods_come_back"]
    keys = lock_exports("sheets", actor=OWNER, at=SOON).keys
    assert set(keys) == {action.key, f"{action.key}:credit", f"{action.key}:loss"}


def test_a_whole_receipt_books_nothing_more(world):
    action = propose_transfer(transfer_payload(world))
    transfer = transfers.send_off(action.view(), actor=OWNER, at=SOON)
    transfers.receive(transfer.pk, {}, actor=OWNER, at=SOON)
    assert only().kind == "transfer"


def test_an_offer_sends_its_prices_and_its_end_the_usual_ones(world):
    campaigns.ensure_templates()
    action = propose_campaign(campaign_payload(world, ()))
    running = campaigns.start(action.view(), actor=OWNER, at=SOON)
    prices = of("price_list")
    assert (prices.valid_from, prices.valid_to) == (running.starts_on, running.ends_on)
    (one,) = prices.lines
    assert one.amount_paise + one.tax_paise == 100 * running.lines.get().offer_price_paise
    lock_exports("sheets", actor=OWNER, at=SOON)
    campaigns.end(running.campaign_id, actor=OWNER, at=SOON, reason="sold out")
    over = read_document(Export.objects.get(key=f"{action.key}:end").document)
    (usual,) = over.lines
    assert usual.amount_paise + usual.tax_paise == 100 * running.lines.get().trade_price_paise
    assert (over.refers_to, over.valid_to) == (action.key, None)


def test_an_offer_that_ends_before_the_books_heard_of_it_leaves_them_alone(world):
    campaigns.ensure_templates()
    action = propose_campaign(campaign_payload(world, ()))
    running = campaigns.start(action.view(), actor=OWNER, at=SOON)
    campaigns.end(running.campaign_id, actor=OWNER, at=SOON, reason="stopped")
    assert only().state == "cancelled"


def test_a_write_off_goes_to_the_books_with_the_credit_to_reverse(world):
    write_off([StockLine("BIS-100", "B1", 4, "GD-PUNE")], reason="wet", reference="W-1", actor=OWNER, at=AT)
    gone = of("reversal")
    assert (gone.source, gone.number, gone.narration) == ("GD-PUNE", "W-1", "wet")
    assert gone.lines[0].tax_paise == 4 * 300


# --- doors and pages ---------------------------------------------------------------------------


def test_an_erp_takes_answers_and_releases_over_the_api(sheets):
    queue(document()), queue(document("transfer:2"))
    erp = Caller(May.READ, May.FEED)
    page = erp.get("/api/v1/exports", state="queued", limit=1).json()
    assert [row["key"] for row in page["results"]] == ["transfer:1"]
    rest = erp.get("/api/v1/exports", state="queued", cursor=page["nextCursor"]).json()
    assert [row["key"] for row in rest["results"]] == ["transfer:2"]
    lock = erp.post("/api/v1/exports/lock", {"feed": "sheets"})
    assert lock.status_code == 201, lock.content
    assert lock.json()["documents"][0]["lines"][0]["amount"] == "300.00"
    file = erp.get(lock.json()["file"])
    assert file["Content-Disposition"].startswith("attachment")
    assert file.content == read_lock(lock.json()["lockToken"])[1]
    assert erp.post("/api/v1/exports/lock", {"feed": "sheets"}).json()["code"] == "nothing_to_export"
    said = erp.post("/api/v1/exports/transfer:1/acknowledge", {"accepted": True, "number": "JV/1"})
    assert (said.status_code, said.json()["state"]) == (200, "accepted")
    released = erp.post("/api/v1/exports/release", {"lockToken": lock.json()["lockToken"], "reason": "x"})
    assert released.json() == {"released": 1}
    assert erp.get("/api/v1/exports/transfer:2").json()["document"]["number"] == "DC/1"
    assert erp.get("/api/v1/exports/nobody").status_code == 404
    assert erp.get("/api/v1/exports", state="odd").status_code == 422
    assert Caller(May.READ).post("/api/v1/exports/lock", {"feed": "sheets"}).status_code == 403


def test_what_one_distributor_exports_no_other_sees(sheets, beta):
    queue(document())
    with tenant_context(beta):
        assert not Export.objects.exists()
        with pytest.raises(NotFound):
            lock_exports("sheets", actor=OWNER, at=SOON)


def test_the_page_takes_a_file_and_keeps_answers_and_the_action_shows_them(world):
    action = propose_transfer(transfer_payload(world))
    transfers.send_off(action.view(), actor=OWNER, at=SOON)
    add_person(username="owner@x", password="long-enough-1", role=Role.OWNER)
    client = Client(HTTP_HOST="alpha.localhost")
    assert client.login(username="owner@x", password="long-enough-1")
    page = client.get(reverse("inventory:exports"))
    assert (page.status_code, b"1 document waits" in page.content) == (200, True)
    client.post(reverse("inventory:export_lock", args=["sheets"]))
    token = only().lock_token
    for form in ("file", "xlsx"):
        assert client.get(reverse("inventory:export_file", args=[token, form])).status_code == 200
    client.post(reverse("inventory:export_answer", args=[only().pk]), {"verb": "rejected", "words": "no"})
    assert client.get(reverse("inventory:exports") + "?state=rejected&q=DC").status_code == 200
    shown = client.get(reverse("dashboard:action", args=[action.pk])).content.decode()
    assert "In the books" in shown
    assert "Refused by the books" in shown
    client.post(reverse("inventory:export_answer", args=[only().pk]), {"verb": "accepted", "words": "JV/5"})
    assert "JV/5" in client.get(reverse("dashboard:action", args=[action.pk])).content.decode()
