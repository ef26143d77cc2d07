"""Batches by age and by expiry: bands that tie to the book, edges on both sides, pages and files."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from inventory.contracts import MonitoringPolicy
from inventory.models import Batch, MovementKind, Position
from inventory.selectors.ages import AGE, EXPIRY, GONE, UNKNOWN, BatchFilter, cut_batches, list_batches
from inventory.services import (
    ReceiptLine,
    StockLine,
    check_positions,
    dispatch_transfer,
    receive_transfer,
    record_movements,
    reserve,
)
from inventory.services.lines import MovementLine
from inventory.views import batches as pages
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book
from tests.inventory.test_pivot import someone
from vyapar.engine.services import set_policy
from vyapar.kernel.actor import system
from vyapar.kernel.errors import Invalid

ME = system("tests")
pytestmark = pytest.mark.usefixtures("in_alpha")
AGED = BatchFilter(TODAY, AGE, (30, 60))
LASTING = BatchFilter(TODAY, EXPIRY, (30, 60))


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "ist_day", lambda _at: TODAY)


@pytest.fixture
def book() -> Book:
    """Pieces at 50 rupees: 10 that came today, 20 of 30 days, 40 of 31, 80 of 61, 160 of no known day."""
    made = make_book(5)
    ages = (("S1", 10, 0, -1), ("S2", 20, 30, 0), ("S3", 40, 31, 30), ("S4", 80, 61, 31), ("S5", 160, 7, 61))
    for sku, pieces, age, left in ages:
        made.batch(sku, "B1", expires_in=left)
        made.receive(sku, "B1", pieces, at=NOW - timedelta(days=age))
    Position.objects.filter(sku__code="S5").update(first_receipt_date=None)
    return made


def found(wanted: BatchFilter) -> dict[str, int]:
    return {band: cut_batches(wanted).column(band).pieces for band, _ in cut_batches(wanted).columns}


def test_bands_end_on_their_day_and_tie_to_the_book(book: Book) -> None:
    assert found(AGED) == {"0": 30, "1": 40, "2": 80, UNKNOWN: 160}
    assert found(LASTING) == {GONE: 10, "0": 60, "1": 80, "2": 160}
    for wanted in (AGED, LASTING):
        whole = cut_batches(wanted).whole()
        assert (whole.items, whole.pieces) == (5, 310)
        assert whole.paise == sum(p.on_hand * p.batch.cost_paise for p in Position.objects.all())
        for band, _name in cut_batches(wanted).columns:
            rows = list_batches(replace(wanted, band=band))
            assert sum(row.on_hand for row in rows) == cut_batches(wanted).column(band).pieces


def test_what_does_not_expire_has_a_band_of_its_own_and_comes_last(book: Book) -> None:
    Batch.objects.filter(sku__code="S3").update(expiry_date=None)
    assert found(LASTING) == {GONE: 10, "0": 20, "1": 80, "2": 160, UNKNOWN: 40}
    assert [row.sku.code for row in list_batches(LASTING)] == ["S1", "S2", "S4", "S5", "S3"]
    assert [row.sku.code for row in list_batches(AGED)] == ["S4", "S3", "S2", "S1", "S5"]


def test_what_moved_keeps_its_age_at_the_other_place(book: Book) -> None:
    action, route = uuid4(), {"source": "GD-MUM", "destination": "GD-BLR"}
    lines = [StockLine("S4", "B1", 30)]
    reserve(action, [replace(lines[0], location="GD-MUM")], actor=ME, at=NOW)
    dispatch_transfer(action, lines, **route, actor=ME, at=NOW)
    receive_transfer(action, [ReceiptLine("S4", "B1", 30)], destination="GD-BLR", actor=ME, at=NOW)
    cut = cut_batches(AGED)
    assert {place: cut.cells[place, "2"].pieces for place, _ in cut.rows if (place, "2") in cut.cells} == {
        "GD-MUM": 50, "GD-BLR": 30,
    }  # fmt: skip


def test_every_figure_of_the_page_opens_its_batches(book: Book) -> None:
    browser = someone("asha")[1]
    page = browser.get("/stock/batches", {"by": "expiry"})
    assert page.status_code == 200
    table = page.context["cut"]
    assert table["columns"][:2] == ["expired", "0 to 30 days"]
    for row in table["rows"]:
        for cell in row["cells"]:
            if cell["url"]:
                opened = browser.get(cell["url"]).context
                assert opened["totals"] == cell["sums"]
                assert sum(one.on_hand for one in opened["page"].object_list) == cell["sums"].pieces


def test_bands_are_the_rules_own_or_those_of_the_address(book: Book) -> None:
    (person, browser) = someone("asha")
    set_policy("monitoring", {"age_bands": [10, 45]}, effective_date=TODAY, actor=person.actor, at=NOW)
    assert browser.get("/stock/batches").context["cut"]["columns"] == [
        "0 to 10 days", "11 to 45 days", "46 days and more", "not known",
    ]  # fmt: skip
    own = browser.get("/stock/batches", {"days": "60"}).context["cut"]["columns"]
    assert own == ["0 to 60 days", "61 days and more", "not known"]
    for strange in ("60,30", "x", "0", "1,2,3,4,5,6,7,8,9", "-5", "99999"):
        assert browser.get("/stock/batches", {"days": strange}).context["days"] == "10, 45"
    for bad in ([], [60, 30], [0], [5, 5], "x", [True]):
        with pytest.raises(Invalid):
            MonitoringPolicy(age_bands=bad)


def test_the_file_is_a_statement_of_every_batch_in_rupees(book: Book) -> None:
    browser = someone("asha")[1]
    content = browser.get("/stock/batches.csv", {"by": "age", "band": "2"}).content.decode("utf-8-sig")
    (head, row) = csv.reader(io.StringIO(content))
    told = dict(zip(head, row, strict=True))
    assert (told["SKU"], told["Days here"], told["Pieces"]) == ("S4", "61", "80")
    assert told["Worth at cost, ₹"] == f"{80 * Batch.objects.get(sku__code='S4').cost_paise / 100:.2f}"
    assert browser.get("/stock/batches.xlsx").content.startswith(b"PK")


# --- a batch number that comes again ----------------------------------------------------------


def ledger(book, *lines) -> None:
    """Lines of (kind, pieces, days ago) of S1's batch A at Mumbai's godown, one errand each."""
    batch, place = book.batches["S1", "A"], book.godowns["MUM"]
    for kind, pieces, ago in lines:
        line = MovementLine(batch.pk, place.pk, MovementKind(kind), pieces, at=NOW - timedelta(days=ago))
        record_movements([line], actor=system("tests"), at=NOW)


def age_of(book) -> int:
    return (TODAY - book.position("S1", "A").first_receipt_date).days


@pytest.mark.parametrize(
    ("lines", "age"),
    [
        ([("receipt", 10, 200), ("sale", -10, 150), ("receipt", 10, 5)], 5),
        ([("receipt", 10, 200), ("sale", -9, 150), ("receipt", 10, 5)], 200),
        ([("receipt", 10, 200), ("sale", -10, 150), ("return", 2, 5)], 200),
        ([("receipt", 10, 200), ("transfer_out", -10, 150), ("transfer_in", 10, 5)], 200),
        ([("receipt", 10, 200), ("sale", -10, 150), ("found", 1, 5)], 200),
        ([("receipt", 10, 20), ("receipt", 10, 200)], 200),
    ],
)
def test_age_restarts_with_a_receipt_into_an_empty_shelf_and_with_nothing_else(in_alpha, lines, age) -> None:
    book = make_book()
    book.batch("S1", "A")
    ledger(book, *lines)
    assert age_of(book) == age
    assert check_positions() == []
