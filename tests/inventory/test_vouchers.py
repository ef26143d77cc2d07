"""Vouchers told again by files: altered, older, cancelled, undone; goods that a statement had counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from inventory.models import (
    CancelledSale,
    FeedVoucher,
    ImportRun,
    Movement,
    Position,
    PurchaseLine,
    Sale,
)
from inventory.services import imports
from tests.conftest import NOW
from tests.inventory.book import Book, make_book
from tests.inventory.test_imports import OWNER, opened
from tests.inventory.test_tally import envelope, item, line, voucher
from vyapar.kernel.errors import Refused

MASTERS = (
    '<GODOWN NAME="Main Location"/>'
    '<LEDGER NAME="Ram"><PARENT>Sundry Debtors</PARENT></LEDGER>'
    + item("Soap", "<HSNDETAILS.LIST><HSNCODE>34011190</HSNCODE></HSNDETAILS.LIST><MRPDETAILS.LIST>"
           "<MRPRATEDETAILS.LIST><MRPRATE>20.00/Nos</MRPRATE></MRPRATEDETAILS.LIST></MRPDETAILS.LIST>")
)  # fmt: skip
DAY = "20261010"


@pytest.fixture(autouse=True)
def book(in_alpha, own_media) -> Book:
    return make_book()


def bought(quantity: int, alter: int, *, number: int = 1, bill: str = "INV-1", batch: str = "B") -> str:
    inner = f"<REFERENCE>{bill}</REFERENCE>" + line(
        f"{quantity} Nos", f"-{quantity * 10}", inward=True, batch=batch
    )
    return voucher("Purchase", inner, day=DAY, number=number, alter=alter)


def sold(quantity: int, alter: int, *, number: int = 2, day: str = "20261012") -> str:
    return voucher("Sales", line(f"{quantity} Nos", f"{quantity * 12}"), day=day, number=number, alter=alter)


def cancelled(kind: str, alter: int, number: int) -> str:
    return voucher(kind, "<ISCANCELLED>Yes</ISCANCELLED>", day=DAY, number=number, alter=alter)


def take(tmp_path: Path, *vouchers: str, at: datetime = NOW, write: bool = True) -> ImportRun:
    path = tmp_path / f"{ImportRun.objects.count()}.xml"
    path.write_text(envelope(MASTERS + "".join(vouchers)))
    feed = imports.ensure_feed(code="tally", name="Tally", system="tally", actor=OWNER, at=NOW)
    options = {"territory": "MUM", "pincode": "400072", "stock": "none"}
    run = imports.open_run(feed=feed, content=path, title=path.name, options=options, actor=OWNER, at=at)
    run = imports.check_run(run.pk, at=at)
    if not write:
        return run
    assert run.state == "checked", (run.error, run.checks)
    predicted = {
        kind: {n: c[n] for n in imports.checking.OUTCOMES} for kind, c in run.checks["counts"].items()
    }
    run = imports.write_run(run.pk, actor=OWNER, at=at)
    assert run.state == "reconciled", (run.error, run.reconciliation)
    assert not run.quarantine.exists(), list(run.quarantine.values("kind", "values", "faults"))
    became = {kind: {n: c[n] for n in imports.checking.OUTCOMES} for kind, c in run.counts.items()}
    assert became == predicted, "the check foretells the write"
    return run


def books() -> dict[str, object]:
    """What stands: pieces on hand, sales, purchase lines."""
    return {
        "held": {p.batch.number: p.on_hand for p in Position.objects.filter(sku__code="Soap", on_hand__gt=0)},
        "sold": sorted(Sale.objects.values_list("quantity", flat=True)),
        "bought": sorted(PurchaseLine.objects.values_list("purchase_invoice", "quantity")),
    }


def undo(run: ImportRun) -> None:
    imports.undo_run(run.pk, actor=OWNER, at=NOW + timedelta(hours=9))


def test_an_altered_voucher_of_a_later_file_stands_instead_of_its_earlier_self(tmp_path: Path) -> None:
    take(tmp_path, bought(100, 1), sold(5, 2))
    assert books() == {"held": {"B": 95}, "sold": [5], "bought": [("INV-1", 100)]}
    run = take(tmp_path, bought(80, 3, bill="INV-1a"), sold(7, 4))
    now = {"held": {"B": 73}, "sold": [7], "bought": [("INV-1a", 80)]}
    assert books() == now
    take(tmp_path, bought(80, 3, bill="INV-1a"), sold(7, 4), sold(1, 5, number=3))
    assert books() == {**now, "held": {"B": 72}, "sold": [1, 7]}
    with pytest.raises(Refused, match="cannot be undone"):
        undo(ImportRun.objects.get(number=1))
    assert run.number == 2


def test_an_older_file_changes_nothing_and_the_coverage_says_so(tmp_path: Path) -> None:
    take(tmp_path, bought(80, 3), sold(7, 4))
    before, moves = books(), Movement.objects.count()
    run = take(tmp_path, bought(100, 1), sold(5, 2))
    assert (books(), Movement.objects.count()) == (before, moves)
    [told] = [one for one in run.coverage if one["name"] == "older versions of vouchers"]
    assert told["count"] == 2
    assert {one["code"] for one in run.reconciliation["causes"]} >= {"older_version"}


def test_a_cancelled_voucher_takes_its_lines_back_and_an_old_file_does_not_bring_them_again(
    tmp_path: Path,
) -> None:
    first = bought(100, 1), bought(30, 2, number=3, bill="INV-2", batch="C"), sold(5, 3)
    take(tmp_path, *first)
    take(tmp_path, cancelled("Purchase", 4, 3), cancelled("Sales", 5, 2))
    gone = {"held": {"B": 100}, "sold": [], "bought": [("INV-1", 100)]}
    assert books() == gone
    take(tmp_path, *first, sold(1, 6, number=9))
    assert books() == {**gone, "held": {"B": 99}, "sold": [1]}


def test_undoing_brings_the_earlier_selves_back_and_the_file_can_come_again(tmp_path: Path) -> None:
    take(tmp_path, bought(100, 1), bought(30, 2, number=3, bill="INV-2", batch="C"), sold(5, 3))
    before, ids = books(), sorted(PurchaseLine.objects.values_list("pk", flat=True))
    later = bought(80, 4), cancelled("Purchase", 5, 3), sold(7, 6)
    run = take(tmp_path, *later)
    after = books()
    undo(run)
    assert books() == before
    assert sorted(PurchaseLine.objects.values_list("pk", flat=True)) == ids
    assert not CancelledSale.objects.exists()
    assert not FeedVoucher.objects.filter(run=run).exists()
    take(tmp_path, *later)
    assert books() == after


def test_without_an_alter_id_what_a_voucher_says_decides_and_the_coverage_says_so(tmp_path: Path) -> None:
    take(tmp_path, bought(100, 0), sold(5, 0))
    moves = Movement.objects.count()
    run = take(tmp_path, bought(100, 0), sold(5, 0), sold(1, 0, number=9))
    assert Movement.objects.count() == moves + 1
    assert "vouchers without AlterID" in [one["name"] for one in run.coverage]
    take(tmp_path, bought(90, 0), sold(6, 0))
    assert books() == {"held": {"B": 83}, "sold": [1, 6], "bought": [("INV-1", 90)]}


def test_a_purchase_altered_after_its_goods_were_sold_leaves_nothing_below_zero(tmp_path: Path) -> None:
    take(tmp_path, bought(10, 1), sold(9, 2))
    take(tmp_path, bought(4, 3), sold(9, 2))
    assert books()["held"] == {}  # nine of four went: the five that the book lacked were found


RECEIPTS = "reference,received_at,sku,batch,location,quantity,cancelled\n"


def statement(quantity: int, turn: str = "") -> ImportRun:
    body = f"sku,batch,location,quantity,as_of\nS1,A,GD-MUM,{quantity},2026-11-20\n"
    return put(body + turn, "stock.csv")


def put(body: str, title: str) -> ImportRun:
    run = imports.check_run(opened(body.encode(), title).pk, at=NOW)
    run = imports.write_run(run.pk, actor=OWNER, at=NOW)
    assert run.state == "reconciled", (run.error, run.reconciliation)
    return run


def test_a_receipt_that_a_later_statement_had_counted_is_recorded_and_moves_nothing(book) -> None:
    book.batch("S1", "A")
    statement(50)
    early = RECEIPTS + "G1,2026-11-10,S1,A,GD-MUM,20,\nG2,2026-11-21,S1,A,GD-MUM,3,\n"
    run = put(early, "receipts.csv")
    assert book.position("S1", "A").on_hand == 53
    assert [one["code"] for one in run.reconciliation["causes"] if one["rows"]] == ["in_statement"]
    assert book.ledger("S1", "A")["receipt"] == 23
    again = put(early + "G3,2026-11-22,S1,A,GD-MUM,1,\n", "receipts2.csv")
    assert again.counts["receipts"]["duplicates"] == 2
    back = put(RECEIPTS + "G1,,S1,A,GD-MUM,,yes\nG2,,S1,A,GD-MUM,,yes\n", "cancelled.csv")
    assert back.counts["receipts"]["updated"] == 2
    assert book.position("S1", "A").on_hand == 51, "G1 had moved nothing; G2 had"
    assert statement(50, "\n").counts["stock"]["duplicates"] == 1, "the statement still holds"
    imports.undo_run(back.pk, actor=OWNER, at=NOW)
    assert book.position("S1", "A").on_hand == 54
