"""Imports from the file to the reconciliation and back, on real files and the real tables."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils.translation import override
from django_tenants.utils import tenant_context

from inventory.contracts.feeds import Uncovered
from inventory.models import (
    Feed,
    ImportPart,
    ImportRun,
    ImportTotal,
    Position,
    QuarantinedRow,
    Retailer,
    Sale,
    Sku,
)
from inventory.serializers.imports import left_out
from inventory.services import imports
from inventory.services.imports import checking
from inventory.services.imports.checking import told_with_words
from tests.chaos.worker import smaller
from tests.conftest import NOW
from tests.inventory.book import Book, make_book
from tests.living import a_worker_at
from vyapar.engine.models import AuditEntry, Event
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Invalid, Refused
from vyapar.kernel.phrases import coded, phrase
from vyapar.tenancy.holding import number_of

pytestmark = pytest.mark.usefixtures("in_alpha", "own_media")
OWNER = Actor("user", "1", "The owner")
#: Bytes in a parcel where a run shall have many.
BLOCK = 4096
SALES = "transaction_id,line,retailer_id,sku,quantity,unit_price,timestamp\n"
STOCK = "sku,batch,location,quantity,mrp,value\n"


@pytest.fixture
def book() -> Book:
    book = make_book()
    for sku in ("S1", "S2"):
        book.batch(sku, "A")
        book.receive(sku, "A", 500)
    return book


def sale(number: int, **changes) -> str:
    row = {"retailer_id": "R1", "sku": "S1", "quantity": 2, "unit_price": "80.00", **changes}
    when = "2026-11-20T10:00:00+05:30"
    return f"T{number},1,{row['retailer_id']},{row['sku']},{row['quantity']},{row['unit_price']},{when}\n"


def sales(*rows: str) -> bytes:
    return (SALES + "".join(rows)).encode()


def feed() -> Feed:
    return imports.ensure_feed(code="files", name="Files", system="files", actor=OWNER, at=NOW)


def opened(body: bytes, title: str = "sales.csv", **options) -> ImportRun:
    return imports.open_run(
        feed=feed(), content=io.BytesIO(body), title=title, options=options, actor=OWNER, at=NOW
    )


def checked(body: bytes, title: str = "sales.csv", **options) -> ImportRun:
    return imports.check_run(opened(body, title, **options).pk, at=NOW)


def written(body: bytes, title: str = "sales.csv", **options) -> ImportRun:
    run = checked(body, title, **options)
    assert run.state == "checked", run.error
    return imports.write_run(run.pk, actor=OWNER, at=NOW)


def causes(run: ImportRun) -> dict[str, tuple[int, int]]:
    return {one["code"]: (one["rows"], one["pieces"]) for one in run.reconciliation["causes"]}


# --- opening -------------------------------------------------------------------------------


def test_a_file_is_kept_in_the_distributors_own_folder_and_sealed(book: Book) -> None:
    run = opened(sales(sale(1)))
    path = Path(default_storage.path(run.file))
    assert "t_alpha" in str(path)
    assert path.read_bytes() == sales(sale(1))
    assert path.stat().st_mode & 0o077 == 0
    assert len(run.digest) == 64
    assert run.state == "uploaded"
    assert AuditEntry.objects.filter(verb="ImportOpened", subject=f"import:{run.number}").count() == 1


def test_the_same_file_again_is_answered_with_the_first_run_and_kept_once(book: Book) -> None:
    first, again = opened(sales(sale(1))), opened(sales(sale(1)))
    assert (again.pk, again.known, first.known) == (first.pk, True, False)
    assert len(default_storage.listdir("imports")[1]) == 1
    imports.cancel_run(first.pk, actor=OWNER, at=NOW)
    assert opened(sales(sale(1))).pk != first.pk


def test_a_file_read_another_way_is_another_import(book: Book) -> None:
    assert opened(sales(sale(1)), kind="sales").pk != opened(sales(sale(1)), kind="stock").pk


@pytest.mark.parametrize(("body", "code"), [(b"", "empty_file"), (b"x" * (1 << 20) + b"yz", "too_large")])
def test_what_is_empty_or_too_large_is_refused_and_leaves_nothing(book, settings, body, code) -> None:
    settings.IMPORT_MEGABYTES = 1
    with pytest.raises(Invalid) as refusal:
        opened(body)
    assert refusal.value.code == code
    assert not ImportRun.objects.exists()
    assert not default_storage.exists("imports") or default_storage.listdir("imports")[1] == []


# --- the check -----------------------------------------------------------------------------


def test_a_check_says_what_would_become_of_each_row_and_writes_none(book: Book) -> None:
    body = sales(sale(1), sale(2, sku="NO"), sale(3, quantity="many"), sale(4))
    run = checked(body)
    assert run.state == "checked"
    assert run.checks["counts"]["sales"] == {
        "rows": 4, "accepted": 2, "updated": 0, "duplicates": 0, "rejected": 2
    }  # fmt: skip
    told = {(one["row"], one["code"]) for one in run.checks["faults"]}
    assert {code for _row, code in told} == {"unknown_sku", "not_whole"}
    assert all(one["message"] for one in run.checks["faults"])
    assert not Sale.objects.exists()
    assert not QuarantinedRow.objects.exists()


def test_a_check_and_the_write_reject_the_same_rows(book: Book) -> None:
    body = sales(sale(1), sale(2, retailer_id="NO"), sale(3, quantity=0), sale(4, unit_price="-1"), sale(1))
    run = checked(body)
    found = {(one["row"], one["field"], one["code"]) for one in run.checks["faults"]}
    imports.write_run(run.pk, actor=OWNER, at=NOW)
    kept = {
        (row.row, one["field"], one["code"]) for row in QuarantinedRow.objects.all() for one in row.faults
    }
    assert found == kept
    assert len({row for row, _field, _code in found}) == 4


def test_a_preview_shows_rows_as_they_would_land(book: Book) -> None:
    run = checked(sales(sale(1, quantity=" 10 EA", unit_price='"Rs. 1,280.50"')))
    [row] = run.checks["preview"]["sales"]
    assert row["quantity"] == "10"
    assert row["unit_price"] == "1280.50"


def test_columns_nobody_takes_are_told_before_anything_is_written(book: Book) -> None:
    body = (SALES.strip() + ",salesman\n").encode() + sale(1).strip().encode() + b",Ravi\n"
    run = checked(body)
    assert [(one["name"], one["count"]) for one in run.coverage] == [("salesman", 1)]
    assert run.coverage[0]["reason"]
    assert run.coverage[0]["reason_words"]


def test_a_file_that_cannot_be_read_fails_with_its_reason(book: Book) -> None:
    run = opened(b"%PDF-1.4 not a table", "sales.csv")
    assert imports.drive(run.pk, at=NOW) is False
    run.refresh_from_db()
    assert run.state == "failed"
    assert "PDF" in run.error
    assert Event.objects.filter(name="ImportFailed").count() == 1


def test_a_run_that_would_go_on_by_itself_waits_when_too_much_is_wrong(book: Book) -> None:
    run = opened(sales(sale(1), sale(2, sku="NO")), write=True)
    imports.drive(run.pk, at=NOW)
    run.refresh_from_db()
    assert run.state == "checked"
    good = opened(sales(sale(3)), write=True)
    assert imports.drive(good.pk, at=NOW) is True
    assert imports.drive(good.pk, at=NOW) is False
    good.refresh_from_db()
    assert good.state == "reconciled"


# --- write and reconcile -------------------------------------------------------------------


def test_a_good_file_is_written_and_reconciled_to_the_piece_and_paisa(book: Book) -> None:
    run = written(
        sales(sale(1), sale(2, sku="S2", quantity=5), sale(3, retailer_id="R2", unit_price="79.99"))
    )
    assert run.state == "reconciled"
    assert Sale.objects.count() == 3
    assert run.reconciliation["unexplained_count"] == 0
    found = {
        (one.sku, one.location): (one.source_pieces, one.landed_pieces, one.source_paise, one.landed_paise)
        for one in ImportTotal.objects.filter(run=run)
    }
    assert found == {
        ("S1", "MUM"): (2, 2, 16_000, 16_000),
        ("S2", "MUM"): (5, 5, 40_000, 40_000),
        ("S1", "BLR"): (2, 2, 15_998, 15_998),
    }
    assert Event.objects.filter(name="ImportReconciled").count() == 1
    run.feed.refresh_from_db()
    assert (run.feed.last_ok_at, str(run.feed.last_day)) == (NOW, "2026-11-20")


def test_rows_set_aside_and_known_ones_are_named_as_causes(book: Book) -> None:
    written(sales(sale(1)))
    run = written(sales(sale(1), sale(2), sale(3, sku="NO", quantity=7), sale(4, quantity="many")))
    assert run.state == "reconciled"
    assert causes(run)["duplicate"] == (1, 2)
    assert causes(run)["quarantined.unknown_sku"] == (1, 7)
    assert Sale.objects.count() == 2
    [aside] = QuarantinedRow.objects.filter(run=run, faults__contains=[{"code": "unknown_sku"}])
    assert aside.values["sku"] == "NO"
    assert aside.values["quantity"] == "7"


def test_a_difference_nobody_can_explain_keeps_the_run_from_being_reconciled(book: Book) -> None:
    run = written(sales(sale(1), sale(2)))
    Sale.objects.filter(transaction_id="T2").delete()
    run = imports.reconcile(run.pk, actor=OWNER, at=NOW)
    assert run.state == "written"
    [open_one] = run.reconciliation["unexplained"]
    assert (open_one["sku"], open_one["location"], open_one["pieces"], open_one["paise"]) == (
        "S1", "MUM", 2, 16_000,
    )  # fmt: skip
    assert Event.objects.filter(name="ImportDiffers").count() == 1


def test_a_negative_godown_row_is_the_named_cause_of_the_missing_value(book: Book) -> None:
    body = STOCK + "S1,A,GD-MUM,100,100.00,5000.00\nS2,A,GD-MUM,-4,100.00,-200.00\n"
    run = written(body.encode(), "stock.csv", kind="stock")
    assert run.state == "reconciled", run.reconciliation
    assert causes(run) == {"negative_stock": (1, -4)}
    [cause] = run.reconciliation["causes"]
    assert cause["paise"] == -20_000
    assert Position.objects.get(batch=book.batches["S1", "A"]).on_hand == 100
    assert Position.objects.get(batch=book.batches["S2", "A"]).on_hand == 0


def test_stock_valued_otherwise_by_the_source_says_so(book: Book) -> None:
    run = written((STOCK + "S1,A,GD-MUM,100,100.00,4800.00\n").encode(), "stock.csv", kind="stock")
    assert run.state == "reconciled"
    [cause] = run.reconciliation["causes"]
    assert (cause["code"], cause["pieces"], cause["paise"]) == ("valued_at_cost", 0, -20_000)


def test_the_same_rows_in_another_file_change_nothing(book: Book) -> None:
    rows = [sale(n) for n in range(1, 6)]
    written(sales(*rows))
    before = Position.objects.get(batch=book.batches["S1", "A"]).on_hand
    run = written(sales(*reversed(rows)), "again.csv")
    assert run.counts["sales"]["duplicates"] == 5
    assert Sale.objects.count() == 5
    assert Position.objects.get(batch=book.batches["S1", "A"]).on_hand == before
    assert run.state == "reconciled"


def test_masters_and_what_refers_to_them_come_in_one_workbook_order(book: Book) -> None:
    skus = "sku,name,hsn,mrp,trade_price,cost\nN1,New biscuit,19053100,10.00,8.00,5.00\n"
    run = written(skus.encode(), "skus.csv", kind="skus")
    assert run.state == "reconciled"
    assert Sku.objects.filter(code="N1").exists()
    assert written(sales(sale(9, sku="N1"))).state == "reconciled"


# --- resumption, cancel, undo --------------------------------------------------------------


def many(count: int) -> bytes:
    return sales(*(sale(n, quantity=1 + n % 3) for n in range(count)))


@pytest.fixture
def small_parcels(monkeypatch) -> None:
    """Parcels of a few rows, so that a run has many: the reader's own limits, made small."""
    from inventory.feeds.files.limits import Limits

    monkeypatch.setattr(Limits.__init__, "__defaults__", smaller(Limits, BLOCK))


@pytest.mark.usefixtures("small_parcels")
def test_a_write_goes_on_where_it_stopped(book: Book) -> None:
    run = checked(many(600))
    imports.write_run(run.pk, actor=OWNER, at=NOW, most=2)
    run.refresh_from_db()
    assert (run.state, run.claimed_at) == ("writing", None)
    assert 0 < Sale.objects.count() < 600
    while run.state == "writing":
        run = imports.write_run(run.pk, actor=OWNER, at=NOW, most=3)
    assert run.state == "reconciled"
    assert Sale.objects.count() == 600
    assert run.rows_read == 600
    assert sum(part.rows for part in ImportPart.objects.filter(run=run)) == 600


@pytest.mark.usefixtures("small_parcels")
def test_cancelled_while_it_is_written_it_leaves_whole_parcels_and_can_go_on_or_be_undone(book: Book) -> None:
    run = checked(many(600))
    imports.write_run(run.pk, actor=OWNER, at=NOW, most=2)
    run = imports.cancel_run(run.pk, actor=OWNER, at=NOW)
    assert run.state == "cancelled"
    assert Sale.objects.count() == sum(part.rows for part in run.parts.all()) < 600
    imports.begin_write(run.pk, actor=OWNER, at=NOW)
    while imports.drive(run.pk, at=NOW):
        pass
    run.refresh_from_db()
    assert (run.state, Sale.objects.count()) == ("reconciled", 600)


def test_a_run_that_is_at_work_stops_between_parcels_when_asked(book: Book) -> None:
    run = checked(sales(sale(1)))
    ImportRun.objects.filter(pk=run.pk).update(state="writing", claimed_at=NOW)
    assert imports.cancel_run(run.pk, actor=OWNER, at=NOW).state == "writing"
    later = NOW + imports.LEASE + timedelta(seconds=1)
    run = imports.write_run(run.pk, actor=OWNER, at=later)
    assert run.state == "cancelled"
    assert not Sale.objects.exists()


def test_undo_takes_back_exactly_what_a_run_wrote(book: Book) -> None:
    written(sales(sale(1)))
    pieces = Position.objects.get(batch=book.batches["S1", "A"]).on_hand
    run = written(sales(sale(1), sale(2), sale(3, sku="NO")), "second.csv")
    run = imports.undo_run(run.pk, actor=OWNER, at=NOW)
    assert run.state == "undone"
    assert [one.transaction_id for one in Sale.objects.all()] == ["T1"]
    assert Position.objects.get(batch=book.batches["S1", "A"]).on_hand == pieces
    assert Event.objects.filter(name="ImportUndone").count() == 1
    again = written(sales(sale(1), sale(2), sale(3, sku="NO")), "second.csv")
    assert again.pk != run.pk
    assert again.state == "reconciled"
    assert Sale.objects.count() == 2


def test_undoing_a_run_that_brought_nothing_new_undoes_nothing_and_ends(book: Book) -> None:
    written(sales(sale(1), sale(2)))
    again = checked(sales(sale(2), sale(1)), "the-same-again.csv")
    again = imports.write_run(again.pk, actor=OWNER, at=NOW)
    assert again.state == "reconciled"
    pieces = Position.objects.get(batch=book.batches["S1", "A"]).on_hand
    undone = imports.undo_run(again.pk, actor=OWNER, at=NOW)
    assert undone.state == "undone"
    assert Event.objects.get(name="ImportUndone").payload["undone"] == {}
    assert Sale.objects.count() == 2
    assert Position.objects.get(batch=book.batches["S1", "A"]).on_hand == pieces
    with pytest.raises(Refused) as refusal:
        imports.undo_run(again.pk, actor=OWNER, at=NOW)
    assert refusal.value.code == "nothing_to_undo"


def test_what_depends_on_a_run_stands_in_the_way_of_its_undo_and_is_listed(book: Book) -> None:
    shops = "retailer_id,name,territory,pincode\nN7,Shop seven,MUM,400072\n"
    run = written(shops.encode(), "shops.csv", kind="retailers")
    written(sales(sale(1, retailer_id="N7")))
    with pytest.raises(Refused) as refusal:
        imports.ask_undo(run.pk, actor=OWNER, at=NOW)
    assert refusal.value.code == "depends_on_it"
    assert refusal.value.faults
    run.refresh_from_db()
    assert run.state == "reconciled"
    assert Retailer.objects.filter(retailer_id="N7").exists()


# --- leases and attempts -------------------------------------------------------------------


def test_a_run_has_one_worker_until_its_lease_is_over(book: Book) -> None:
    run = checked(sales(sale(1)))
    ImportRun.objects.filter(pk=run.pk).update(state="writing", claimed_at=NOW, attempts=1)
    with a_worker_at("import", number_of(str(run.pk)) % 2**31):
        assert imports.drive(run.pk, at=NOW + timedelta(seconds=30)) is False
        assert not Sale.objects.exists()
        assert imports.list_takeable(NOW + timedelta(seconds=30)) == []
        assert imports.list_takeable(NOW + imports.LEASE + timedelta(seconds=1)) == [run.pk], "it hangs"
    assert imports.list_takeable(NOW) == [run.pk], "it is dead"
    ImportRun.objects.filter(pk=run.pk).update(attempts=2)
    assert imports.list_takeable(NOW + timedelta(seconds=59)) == [], "what killed two may kill a third"
    assert imports.list_takeable(NOW + timedelta(seconds=61)) == [run.pk]
    imports.drive(run.pk, at=NOW + timedelta(seconds=61))
    assert Sale.objects.count() == 1


def test_a_run_whose_worker_dies_each_time_is_failed_with_the_reason(book: Book) -> None:
    run = opened(sales(sale(1)))
    ImportRun.objects.filter(pk=run.pk).update(attempts=imports.MOST_ATTEMPTS)
    assert imports.drive(run.pk, at=NOW) is False
    run.refresh_from_db()
    assert run.state == "failed"
    assert "attempts" in run.error


def test_a_file_a_person_still_chooses_for_is_left_alone(book: Book) -> None:
    asked = opened(sales(sale(9)))
    assert imports.list_takeable(NOW) == [asked.pk]
    imports.cancel_run(asked.pk, actor=OWNER, at=NOW)
    run = opened(sales(sale(1)), wait=True)
    assert imports.list_takeable(NOW) == []
    assert imports.drive(run.pk, at=NOW) is False
    imports.arrange_run(run.pk, options={"kind": "sales"}, actor=OWNER, at=NOW)
    assert imports.list_takeable(NOW) == [run.pk]


# --- quarantine ----------------------------------------------------------------------------


def test_a_corrected_row_is_driven_again_lands_and_leaves_the_causes(book: Book) -> None:
    run = written(sales(sale(1), sale(2, sku="S9", quantity=4)))
    [row] = run.quarantine.all()
    imports.correct_row(row.pk, values={"sku": "S2"}, actor=OWNER, at=NOW)
    done = imports.drive_again(run.pk, actor=OWNER, at=NOW)
    assert (done.taken, done.wrong) == (1, 0)
    run.refresh_from_db()
    row.refresh_from_db()
    assert (row.state, row.values["sku"], row.corrected) == ("taken", "S9", {"sku": "S2"})
    assert run.state == "reconciled"
    assert run.counts["sales"]["accepted"] == 2
    assert run.counts["sales"]["rejected"] == 0
    assert "quarantined.unknown_sku" not in causes(run)
    assert causes(run)["corrected"][1] == 0
    totals = {one.sku: (one.source_pieces, one.landed_pieces) for one in run.totals.all()}
    assert totals == {"S1": (2, 2), "S9": (4, 0), "S2": (0, 4)}


def test_a_row_that_is_still_wrong_stays_with_what_is_wrong_now(book: Book) -> None:
    run = written(sales(sale(1), sale(2, sku="S9")))
    [row] = run.quarantine.all()
    imports.correct_row(row.pk, values={"sku": "S2", "quantity": "none"}, actor=OWNER, at=NOW)
    done = imports.drive_again(run.pk, actor=OWNER, at=NOW)
    assert (done.taken, done.wrong) == (0, 1)
    row.refresh_from_db()
    run.refresh_from_db()
    assert row.state == "open"
    assert row.faults[0]["field"] == "quantity"
    assert list(causes(run)) == [f"quarantined.{row.faults[0]['code']}"]
    assert run.state == "reconciled"


def test_rows_can_be_driven_again_as_they_are_once_what_they_lacked_is_there(book: Book) -> None:
    run = written(sales(sale(2, sku="N1")))
    written(b"sku,name,hsn,mrp,trade_price,cost\nN1,New,19053100,10.00,8.00,5.00\n", "skus.csv", kind="skus")
    done = imports.drive_again(run.pk, actor=OWNER, at=NOW, rows=[run.quarantine.get().pk])
    assert done.taken == 1
    run.refresh_from_db()
    assert run.state == "reconciled"
    assert run.reconciliation["causes"] == []


def test_a_dropped_row_is_the_cause_from_then_on_and_cannot_be_changed(book: Book) -> None:
    run = written(sales(sale(1), sale(2, sku="S9", quantity=4)))
    [row] = run.quarantine.all()
    imports.drop_row(row.pk, actor=OWNER, at=NOW)
    run.refresh_from_db()
    assert causes(run) == {"dropped": (1, 4)}
    with pytest.raises(Refused):
        imports.correct_row(row.pk, values={"sku": "S1"}, actor=OWNER, at=NOW)


def test_a_field_the_kind_does_not_have_is_refused_by_name(book: Book) -> None:
    run = written(sales(sale(2, sku="S9")))
    with pytest.raises(Invalid) as refusal:
        imports.correct_row(run.quarantine.get().pk, values={"colour": "red"}, actor=OWNER, at=NOW)
    assert refusal.value.faults[0].field == "colour"


# --- apart ---------------------------------------------------------------------------------


def test_two_distributors_see_nothing_of_each_other(book: Book, beta) -> None:
    run = written(sales(sale(1)))
    with tenant_context(beta):
        assert not ImportRun.objects.exists()
        mine = opened(sales(sale(1)))
        assert mine.known is False
        assert mine.number == 1
        assert "t_beta" in default_storage.path(mine.file)
        assert not Sale.objects.exists()
    assert ImportRun.objects.get().pk == run.pk


@pytest.mark.usefixtures("small_parcels")
def test_a_check_of_a_large_file_forgets_the_oldest_rows_and_says_so(book: Book, monkeypatch) -> None:
    monkeypatch.setattr(checking, "REMEMBERED", 100)
    body = many(300) + sale(250, quantity=1 + 250 % 3).encode() + sale(0, quantity=1).encode()
    run = checked(body)
    assert run.checks["counts"]["sales"]["duplicates"] == 1, "the near one is found, the far one is not"
    assert [one["code"] for one in run.checks["warnings"]] == ["not_compared"]
    run = imports.write_run(run.pk, actor=OWNER, at=NOW)
    assert run.counts["sales"]["duplicates"] == 2
    assert (run.state, causes(run)["duplicate"][0]) == ("reconciled", 2)


def test_what_is_left_out_is_told_in_the_readers_language_with_its_figures() -> None:
    reason = phrase("means nothing to %(kind)s", kind=coded("sales"))
    kept = told_with_words(
        Uncovered("salesman", 3, reason, phrase("row %(row)s: %(value)s", row=7, value="x"))
    )
    kept = json.loads(json.dumps(kept))
    assert (kept["reason"], kept["example"]) == ("means nothing to Sales", "row 7: x")
    with override("hi"):
        told = left_out(kept)
    assert re.search("[\u0900-\u097f]", told["reason"])
    assert left_out({"name": "a", "count": 1, "reason": "as it was kept", "example": ""}) == {
        "name": "a", "count": 1, "reason": "as it was kept", "example": "",
    }  # fmt: skip
