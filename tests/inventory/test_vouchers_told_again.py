"""Vouchers that became another kind, are gone from a whole export, or are driven out of quarantine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from inventory.contracts.feeds import RecordKind
from inventory.feeds.tally import passage
from inventory.feeds.tally.source import TallySource
from inventory.models import FeedVoucher, ImportRun, Movement, Sale
from inventory.services import imports
from tests.conftest import NOW
from tests.inventory.book import Book, make_book
from tests.inventory.test_imports import OWNER
from tests.inventory.test_tally import envelope, line, voucher
from tests.inventory.test_vouchers import DAY, MASTERS, books, bought, put, sold, statement, take, undo
from vyapar.kernel.errors import Refused


@pytest.fixture(autouse=True)
def book(in_alpha, own_media) -> Book:
    return make_book()


def names(run: ImportRun) -> list[str]:
    return [one["name"] for one in run.coverage]


@pytest.mark.parametrize("kind", ["Journal", "Stock Journal", "Our Own Type"])
def test_a_voucher_that_became_a_kind_not_told_takes_its_lines_back(kind: str, tmp_path: Path) -> None:
    first = bought(100, 1), sold(5, 2), sold(7, 3, number=4)
    take(tmp_path, *first)
    inner = line("5 Nos", "60")
    run = take(tmp_path, voucher(kind, inner, day=DAY, number=2, alter=5))
    now = {"held": {"B": 93}, "sold": [7], "bought": [("INV-1", 100)]}
    assert books() == now
    assert "vouchers that are of another kind now" in names(run)
    moves = Movement.objects.count()
    again = take(tmp_path, *first, voucher("Payment", "", day=DAY, number=7, alter=4))  # an older export
    assert (books(), Movement.objects.count()) == (now, moves), "brings nothing back"
    assert "older versions of vouchers" in names(again)
    run = take(tmp_path, voucher(kind, inner, day=DAY, number=1, alter=6))
    assert books() == {"held": {}, "sold": [7], "bought": []}
    undo(run)
    assert books() == now
    take(tmp_path, sold(4, 7))
    assert books() == {**now, "held": {"B": 89}, "sold": [4, 7]}, "and it may become a sale again"


def test_an_older_journal_changes_nothing_of_the_sale_it_became(tmp_path: Path) -> None:
    take(tmp_path, bought(100, 1), sold(5, 4))
    take(tmp_path, voucher("Journal", "", day=DAY, number=2, alter=3))
    assert books()["sold"] == [5]


def test_in_one_file_the_self_with_the_higher_alter_id_stands(tmp_path: Path) -> None:
    journal = voucher("Journal", "", day=DAY, number=2, alter=3)
    take(tmp_path, bought(100, 1), sold(5, 2), journal, sold(6, 4, number=3))
    assert books()["sold"] == [6]
    take(tmp_path, journal.replace(">3<", ">9<"), sold(5, 8))
    assert books()["sold"] == [6]
    take(tmp_path, voucher("Journal", "", day=DAY, number=2, alter=10), sold(5, 11))
    assert books()["sold"] == [5, 6]


def whole(tmp_path: Path, *vouchers: str) -> ImportRun:
    path = tmp_path / f"{ImportRun.objects.count()}.xml"
    path.write_text(envelope(MASTERS + "".join(vouchers)))
    feed = imports.ensure_feed(code="tally", name="Tally", system="tally", actor=OWNER, at=NOW)
    options = {"territory": "MUM", "pincode": "400072", "stock": "none", "complete": True}
    run = imports.open_run(feed=feed, content=path, title=path.name, options=options, actor=OWNER, at=NOW)
    return imports.check_run(run.pk, at=NOW)


def write(run: ImportRun) -> ImportRun:
    run = imports.write_run(run.pk, actor=OWNER, at=NOW)
    assert run.state == "reconciled", (run.error, run.reconciliation)
    return run


def test_a_voucher_that_a_whole_export_of_its_days_has_no_more_is_taken_back(tmp_path: Path) -> None:
    early = sold(3, 9, number=8, day="20260920")
    take(tmp_path, bought(100, 1), early, sold(5, 2), sold(7, 3, number=4))
    take(tmp_path, sold(7, 3, number=4), bought(100, 1))
    assert books()["sold"] == [3, 5, 7], "without the word nothing is missing"
    run = whole(tmp_path, bought(100, 1), sold(7, 3, number=4))
    [told] = [one for one in run.coverage if one["name"] == "vouchers that are gone"]
    assert (told["count"], Sale.objects.count()) == (1, 3), "the check says it and does nothing"
    run = write(run)
    now = {"held": {"B": 90}, "sold": [3, 7], "bought": [("INV-1", 100)]}
    assert books() == now, "what lies outside the days of the export stands"
    undo(run)
    assert books()["sold"] == [3, 5, 7]


def test_an_export_that_lacks_more_than_a_fifth_is_not_whole_and_says_so(tmp_path: Path) -> None:
    take(tmp_path, *(sold(1, n, number=n) for n in range(1, 16)))
    with pytest.raises(Refused, match="is said to be complete and lacks 13 of 15 vouchers"):
        whole(tmp_path, sold(1, 1, number=1), sold(1, 2, number=2))
    assert len(books()["sold"]) == 15


def test_a_row_of_a_voucher_that_has_a_newer_self_is_not_driven_again(tmp_path: Path) -> None:
    ghost = line("5 Nos", "60").replace("Soap", "Ghost")
    mixed = voucher("Sales", line("2 Nos", "24") + ghost, day=DAY, number=2, alter=2)
    feed = imports.ensure_feed(code="tally", name="Tally", system="tally", actor=OWNER, at=NOW)

    def bring(*vouchers: str) -> ImportRun:
        path = tmp_path / f"{ImportRun.objects.count()}.xml"
        path.write_text(envelope(MASTERS + "".join(vouchers)))
        options = {"territory": "MUM", "pincode": "400072", "stock": "none"}
        run = imports.open_run(feed=feed, content=path, title="x.xml", options=options, actor=OWNER, at=NOW)
        return write(imports.check_run(run.pk, at=NOW))

    old = bring(bought(100, 1), mixed)
    [row] = old.quarantine.filter(kind="sales")
    assert row.told[1] == 2
    bring(sold(9, 5))
    imports.correct_row(row.pk, values={"sku": "Soap"}, actor=OWNER, at=NOW)
    done = imports.drive_again(old.pk, actor=OWNER, at=NOW)
    assert (done.taken, done.wrong) == (0, 1)
    row.refresh_from_db()
    assert [one["code"] for one in row.faults] == ["newer_version"]
    assert "AlterID 5, this row is of 2" in row.faults[0]["message"]
    assert books()["sold"] == [9]
    old.refresh_from_db()
    assert old.state == "reconciled", old.reconciliation
    imports.drop_row(row.pk, actor=OWNER, at=NOW)


def test_a_corrected_receipt_is_taken_back_with_its_voucher(tmp_path: Path) -> None:
    ghost = line("50 Nos", "-500", inward=True, batch="C").replace("Soap", "Ghost")
    inner = "<REFERENCE>INV-1</REFERENCE>" + line("100 Nos", "-1000", inward=True) + ghost
    path = tmp_path / "g.xml"
    path.write_text(envelope(MASTERS + voucher("Purchase", inner, day=DAY, number=1, alter=1)))
    feed = imports.ensure_feed(code="tally", name="Tally", system="tally", actor=OWNER, at=NOW)
    options = {"territory": "MUM", "pincode": "400072", "stock": "none"}
    run = imports.open_run(feed=feed, content=path, title="g.xml", options=options, actor=OWNER, at=NOW)
    run = write(imports.check_run(run.pk, at=NOW))
    for row in run.quarantine.filter(kind__in=("purchases", "receipts")):
        imports.correct_row(row.pk, values={"sku": "Soap"}, actor=OWNER, at=NOW)
    assert imports.drive_again(run.pk, actor=OWNER, at=NOW).taken == 2
    assert books()["held"] == {"B": 100, "C": 50}
    take(tmp_path, voucher("Purchase", "<ISCANCELLED>Yes</ISCANCELLED>", day=DAY, number=1, alter=2))
    assert books() == {"held": {}, "sold": [], "bought": []}


SALES = "transaction_id,line,retailer_id,sku,quantity,unit_price,timestamp,cancelled\n"


def test_a_cancelled_sale_that_a_statement_had_counted_moves_no_stock_again(book) -> None:
    book.batch("S1", "A")
    book.receive("S1", "A", 60, at=datetime(2026, 11, 1, tzinfo=UTC))
    lines = "T1,1,R1,S1,10,10.00,2026-11-10,\nT2,1,R1,S1,4,10.00,2026-11-22,\n"
    put(SALES + lines, "sales.csv")
    assert book.position("S1", "A").on_hand == 46
    statement(45)  # of the 20th, after T1 and before T2
    assert book.position("S1", "A").on_hand == 41
    back = put(SALES + "T1,1,R1,S1,,,,yes\nT2,1,R1,S1,,,,yes\n", "back.csv")
    assert back.counts["sales"]["updated"] == 2
    assert book.position("S1", "A").on_hand == 45, "T1's pieces were not there when it was counted"
    assert statement(45, "\n").counts["stock"]["duplicates"] == 1, "the statement still holds"
    imports.undo_run(back.pk, actor=OWNER, at=NOW)
    assert (book.position("S1", "A").on_hand, Sale.objects.count()) == (41, 2)


def test_a_file_of_vouchers_over_several_parcels_lands_and_is_altered_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "_ROWS", 3)
    first = [bought(100, 1), *(sold(1, n, number=n) for n in range(2, 12))]
    run = take(tmp_path, *first)
    assert run.parts.filter(kind="sales").count() > 2
    later = [sold(2, 20 + n, number=n) for n in range(2, 12, 2)]
    journals = [voucher("Journal", "", day=DAY, number=n, alter=20 + n) for n in (3, 5, 7, 9)]
    again = take(tmp_path, *(first + later + journals))
    assert again.parts.count() > run.parts.count()
    assert books() == {"held": {"B": 89}, "sold": [1, 2, 2, 2, 2, 2], "bought": [("INV-1", 100)]}
    newest = FeedVoucher.objects.filter(kind="sales").order_by("document", "-pk").distinct("document")
    assert sorted(one.gone for one in newest) == [False] * 6 + [True] * 4
    undo(again)
    assert books() == {"held": {"B": 90}, "sold": [1] * 10, "bought": [("INV-1", 100)]}


def between() -> list[str]:
    """Vouchers of their own that fill parcels between two selves of another."""
    return [sold(1, 100 + n, number=100 + n) for n in range(9)]


JOURNAL = voucher("Journal", "", day=DAY, number=2, alter=9)
GONE = voucher("Sales", "<ISCANCELLED>Yes</ISCANCELLED>", day=DAY, number=2, alter=9)
PURCHASE = bought(40, 9, number=2, bill="INV-2", batch="C")


@pytest.mark.parametrize("is_later_first", [True, False])
@pytest.mark.parametrize(
    ("older", "later", "held", "lines", "bills"),
    [
        (sold(5, 4), sold(7, 9), {"B": 84}, [7], []),
        (sold(5, 4), JOURNAL, {"B": 91}, [], []),
        (sold(5, 4), GONE, {"B": 91}, [], []),
        (sold(5, 4), PURCHASE, {"B": 91, "C": 40}, [], [("INV-2", 40)]),
        (bought(40, 4, number=2, bill="INV-2", batch="C"), sold(5, 9), {"B": 86}, [5], []),
        (bought(50, 4, number=2, bill="INV-2", batch="C"), PURCHASE, {"B": 91, "C": 40}, [], [("INV-2", 40)]),
    ],
    ids=["sale", "journal", "cancelled", "purchase", "purchase that became a sale", "altered purchase"],
)
def test_of_two_selves_parcels_apart_the_later_stands_in_whatever_order_and_in_files_of_their_own(
    is_later_first, older, later, held, lines, bills, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "_ROWS", 3)
    pair = (later, older) if is_later_first else (older, later)
    take(tmp_path, bought(100, 1), pair[0], *between(), pair[1])
    now = {"held": held, "sold": [1] * 9 + lines, "bought": [("INV-1", 100), *bills]}
    assert books() == now
    take(tmp_path, older)
    if later != JOURNAL or not is_later_first:  # a journal that had nothing to take back is not kept
        assert books() == now, "nor does a file of its own bring the older one back"


@pytest.mark.parametrize("is_later_first", [True, False])
@pytest.mark.parametrize("later", [sold(7, 9), GONE, sold(7, 9).replace(">9<", "><")])
def test_the_stock_is_walked_by_the_selves_that_count(
    is_later_first, later, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "_ROWS", 3)
    older = sold(5, 4) if ">9<" in later else sold(5, 4).replace(">4<", "><")
    pair = (later, older) if is_later_first else (older, later)
    opening = (
        "<BATCHALLOCATIONS.LIST><BATCHNAME>B</BATCHNAME><OPENINGBALANCE>100 Nos</OPENINGBALANCE>"
        "</BATCHALLOCATIONS.LIST>"
    )
    path = tmp_path / "walked.xml"
    path.write_text(envelope(MASTERS.replace("</STOCKITEM>", f"{opening}</STOCKITEM>")
                             + pair[0] + "".join(between()) + pair[1]))  # fmt: skip
    parcels = [one.rows for one in TallySource(path, {}).parcels() if one.kind is RecordKind.STOCK]
    [row] = parcels[-1].rows(named=True)
    counts = pair[1] if ">9<" not in later else later
    took = 7 if "7 Nos" in counts else 5 if "5 Nos" in counts else 0
    assert row["quantity"] == str(100 - 9 - took)
