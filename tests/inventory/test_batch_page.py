"""The pages of a batch and of a SKU: sums that tie to the ledger, places, links, files, what is not there."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.models import DailyDemand, MovementKind, PurchaseLine, Sku, StockItem, Territory
from inventory.selectors.batch import WEEKS, _weeks, get_batch
from inventory.services import (
    ReceiptLine,
    StockLine,
    dispatch_transfer,
    receive_transfer,
    record_movements,
    reserve,
)
from inventory.services.lines import MovementLine
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book
from tests.inventory.test_pivot import someone
from vyapar.kernel.actor import system
from vyapar.kernel.errors import NotFound

ME = system("tests")
pytestmark = pytest.mark.usefixtures("in_alpha")


@pytest.fixture
def book() -> Book:
    """Of S1's batch B/1 (a number with a slash) 120 came to Mumbai 20 days ago, 50 sold 9 days ago, and 30
    left for Bengaluru today, of which 10 are on the road.
    """
    made = make_book(2)
    made.batch("S1", "B/1", expires_in=40)
    made.batch("S1", "B2", expires_in=90)
    made.receive("S1", "B/1", 120, at=NOW - timedelta(days=20))
    sold = MovementLine(
        made.batches["S1", "B/1"].pk, made.godowns["MUM"].pk, MovementKind.SALE, -50, reference="T1"
    )
    record_movements([sold], actor=ME, at=NOW - timedelta(days=9))
    action, lines = uuid4(), [StockLine("S1", "B/1", 30)]
    reserve(action, [replace(lines[0], location="GD-MUM")], actor=ME, at=NOW)
    dispatch_transfer(action, lines, source="GD-MUM", destination="GD-BLR", actor=ME, at=NOW)
    arrived = [ReceiptLine("S1", "B/1", 20)]
    receive_transfer(action, arrived, destination="GD-BLR", actor=ME, at=NOW)
    PurchaseLine.objects.create(
        purchase_invoice="PI-7", supplier_name="Tivrano Foods", invoice_date=TODAY - timedelta(days=20),
        batch=made.batches["S1", "B/1"], location=made.godowns["MUM"], quantity=120, cost_paise=5_000,
    )  # fmt: skip
    return made


def test_what_came_and_went_adds_up_to_what_stands_in_the_places(book: Book) -> None:
    found = get_batch("S1", "B/1", TODAY)
    assert {place.territory: (place.on_hand, place.in_transit) for place in found.places} == {
        "MUM": (40, 0), "BLR": (20, 10),
    }  # fmt: skip
    assert found.moved == (("receipt", 120), ("sale", -50), ("transfer_out", -30), ("transfer_in", 20))
    assert sum(pieces for _kind, pieces in found.moved) == 60
    assert found.weeks[-1] == (TODAY - timedelta(days=6), 60)
    assert [pieces for _first, pieces in found.weeks] == [120, 70, 60]
    assert found.first_came == (NOW - timedelta(days=20)).date()
    assert [line.purchase_invoice for line in found.purchases] == ["PI-7"]
    assert len(found.held_by) == 1


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 900), st.integers(-50, 100)), min_size=1, max_size=40))
def test_weeks_end_with_what_is_there_and_no_movement_is_lost(moves: list[tuple[int, int]]) -> None:
    days = sorted((TODAY - timedelta(days=ago), pieces) for ago, pieces in moves)
    weeks = _weeks(days, TODAY)
    assert weeks[-1] == (TODAY - timedelta(days=6), sum(pieces for _day, pieces in days))
    assert len(weeks) <= WEEKS
    for first, stands in weeks:
        assert stands == sum(pieces for day, pieces in days if day < first + timedelta(days=7))


def test_the_page_says_where_it_is_and_links_both_ways(book: Book) -> None:
    browser = someone("asha")[1]
    address = "/stock/S1/batches/B%252F1"
    shown = browser.get(address)
    text = shown.content.decode()
    assert (shown.status_code, shown.context["pieces"], shown.context["paise"]) == (200, 60, 60 * 5_000)
    assert "PI-7" in text
    assert "10 on the road" in text
    assert 'href="/stock/S1/MUM"' in text
    assert f'href="{address}"' in browser.get("/stock/batches").content.decode()
    assert f'href="{address}"' in browser.get("/stock/S1").content.decode()


def test_the_file_is_the_whole_ledger_of_the_batch(book: Book) -> None:
    content = someone("asha")[1].get("/stock/S1/batches/B%252F1/movements.csv").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [row["Pieces"] for row in rows] == ["20", "-30", "-50", "120"]
    assert rows[2]["Reference"] == "T1"


def test_a_batch_of_which_nothing_moved_has_a_page_and_one_that_is_none_has_not(book: Book) -> None:
    browser = someone("asha")[1]
    text = browser.get("/stock/S1/batches/B2").content.decode()
    assert "Nothing of it is left" in text
    for address in ("/stock/S1/batches/B3", "/stock/S9/batches/B%252F1", "/stock/S2/batches/B2", "/stock/S9"):
        assert browser.get(address).status_code == 404
    with pytest.raises(NotFound, match="there is no batch 'B3' of SKU 'S1'"):
        get_batch("S1", "B3", TODAY)


def test_a_sku_is_the_sum_of_its_territories(book: Book) -> None:
    for place, pieces in (("MUM", 7), ("BLR", 5)):
        DailyDemand.objects.create(
            sku=book.skus["S1"], territory=book.territories[place], day=TODAY - timedelta(days=9),
            quantity=pieces, revenue_paise=pieces * 8_000, lines=1, outlets=1,
        )  # fmt: skip
    shown = someone("asha")[1].get("/stock/S1")
    assert shown.status_code == 200
    sold = shown.context["chart"]["series"][0]["values"]
    assert sum(value or 0 for value in sold) == 12
    assert max(value or 0 for value in sold) == 12
    assert shown.context["pieces"] == sum(row["item"].current_stock for row in shown.context["rows"])


def test_a_sku_is_the_sum_of_all_its_territories_however_many(book: Book) -> None:
    registration = book.territories["MUM"].registration
    places = Territory.objects.bulk_create(
        Territory(code=f"T{n:03}", name=f"Town {n}", registration=registration) for n in range(120)
    )
    StockItem.objects.bulk_create(
        StockItem(sku=book.skus["S2"], territory=one, as_of=TODAY, updated_at=NOW, current_stock=3)
        for one in places
    )
    shown = someone("asha")[1].get("/stock/S2")
    assert (len(shown.context["rows"]), shown.context["pieces"]) == (120, 360)


def test_more_places_cost_no_more_queries(book: Book) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            get_batch("S1", "B2", TODAY)
        return len(seen)

    before = asked()
    for place in ("MUM", "BLR"):
        book.receive("S1", "B2", 10, place)
    assert asked() == before


#: What outside systems call their goods and lots, and what could be taken for a path or a page of ours.
NAMES = [
    "CHIPS 5/-", "/a", "a/", "a//b", "50%", "%2F", "#7", "a?b", "a\\b", "'\"<b>", "a;b", "बैच १/२", "..",
    "batches", "pivot", "ways", "ways.csv", "movements", "movements.csv", "a/movements.csv", "x" * 60,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_sku_and_its_batch_are_called_their_pages_are_there(in_alpha: None, name: str) -> None:
    made = make_book(1)
    sku = made.skus["S1"]
    Sku.objects.filter(pk=sku.pk).update(code=name)
    made.batch("S1", name)
    made.receive("S1", name, 5)
    StockItem.objects.create(
        sku=sku, territory=made.territories["MUM"], as_of=TODAY, updated_at=NOW, current_stock=5
    )
    browser = someone("asha")[1]
    for door, args in (
        ("sku", [name]), ("batch", [name, name]), ("item", [name, "MUM"]), ("lots", [name, "MUM"]),
        ("batch_movements", [name, name, "csv"]), ("movements_file", [name, "MUM", "csv"]),
    ):  # fmt: skip
        address = reverse(f"inventory:{door}", args=args)
        assert ".." not in address.split("/")  # a browser would go up
        answer = browser.get(address)
        assert (answer.status_code, answer.resolver_match.url_name) == (200, door)
    listed = browser.get("/stock/batches").content.decode()
    assert escape(reverse("inventory:item", args=[name, "MUM"])) in listed
