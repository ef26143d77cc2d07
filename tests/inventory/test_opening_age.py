"""Stock that comes as a list on the first day: as old as purchases and sales say, and dead where it is."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from inventory.models import Batch, DailyDemand, Position, PurchaseLine, StockItem
from inventory.services import check_positions
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book
from tests.inventory.test_landing import K, put
from vyapar.engine import services

pytestmark = pytest.mark.usefixtures("in_alpha")
STATED = TODAY - timedelta(days=1)


@pytest.fixture
def book() -> Book:
    return make_book(4)


def sold(book: Book, sku: str, days_ago: int, pieces: int = 6, place: str = "MUM") -> None:
    DailyDemand.objects.create(
        sku=book.skus[sku], territory=book.territories[place], day=TODAY - timedelta(days=days_ago),
        quantity=pieces, revenue_paise=pieces * 8_000, lines=1,
    )  # fmt: skip


def stated(sku: str, quantity: int = 50, **more: object) -> dict:
    return {
        "sku": sku, "batch": "B1", "location": "GD-MUM", "quantity": quantity,
        "as_of": STATED.isoformat(), **more,
    }  # fmt: skip


def since(sku: str) -> date | None:
    return Position.objects.get(sku__code=sku, location__code="GD-MUM").first_receipt_date


def test_opening_stock_stands_since_its_last_sale_and_what_never_sold_since_it_was_stated(book):
    sold(book, "S1", 211)
    sold(book, "S1", 300)
    sold(book, "S2", 1)
    sold(book, "S3", 90, place="BLR")
    sold(book, "S4", 100, pieces=-3)
    put(K.STOCK, *(stated(sku) for sku in ("S1", "S2", "S3", "S4")))
    assert since("S1") == TODAY - timedelta(days=211)
    assert since("S2") == STATED, "the day's own sale tells nothing of the evening"
    assert since("S3") == STATED, "it sold elsewhere"
    assert since("S4") == STATED, "that came back"
    assert check_positions() == []


def test_no_batch_is_older_than_its_making_and_a_purchase_tells_more_than_sales(book):
    for sku, made in (("S1", 40), ("S2", 400), ("S3", 40)):
        Batch.objects.create(
            sku=book.skus[sku], number="B1", mrp_paise=10_000, cost_paise=5_000,
            manufacture_date=TODAY - timedelta(days=made),
        )  # fmt: skip
        sold(book, sku, 120)
    PurchaseLine.objects.create(
        purchase_invoice="P1", supplier_name="Maker", invoice_date=TODAY - timedelta(days=20),
        batch=Batch.objects.get(sku__code="S3"), location=book.godowns["MUM"], quantity=60, cost_paise=5_000,
    )  # fmt: skip
    put(K.STOCK, *(stated(sku) for sku in ("S1", "S2", "S3")))
    assert [(TODAY - since(sku)).days for sku in ("S1", "S2", "S3")] == [40, 120, 20]


def test_a_later_difference_does_not_make_it_younger_or_older(book):
    sold(book, "S1", 150)
    put(K.STOCK, stated("S1"))
    sold(book, "S1", 200)
    put(K.STOCK, stated("S1", 70, as_of=TODAY.isoformat()))
    assert since("S1") == TODAY - timedelta(days=150)


def test_on_the_first_day_what_has_not_sold_for_long_is_dead_and_what_sells_is_not(book):
    """A history of sales and a list of stock, as books of accounts give them: no receipt at all."""
    for days_ago in range(1, 200, 7):
        sold(book, "S2", days_ago, 12)
    sold(book, "S1", 211)
    put(K.STOCK, stated("S1"), stated("S2"), stated("S3"))
    for agent in ("analysis", "monitoring"):
        services.run_cycle(agent, NOW, at=NOW)
    found = {
        row.sku.code: row for row in StockItem.objects.filter(territory__code="MUM").select_related("sku")
    }
    assert found["S1"].status == "dead"
    assert found["S1"].days_without_movement == 211
    assert found["S2"].status != "dead"
    assert found["S3"].status != "dead", "nobody knows how long it has been there"


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def sale_line(sku: str, days_ago: int, pieces: int = 6) -> dict:
    return {
        "transaction_id": f"{sku}-{days_ago}", "line": 1, "retailer_id": "R1", "sku": sku,
        "quantity": pieces, "unit_price": "80.00", "timestamp": f"{ago(days_ago)}T10:00:00+05:30",
    }  # fmt: skip


def test_history_that_comes_after_the_list_of_stock_ages_it_as_if_it_had_come_before(book):
    put(K.STOCK, *(stated(sku) for sku in ("S1", "S2", "S3")))
    put(K.RECEIPTS, {
        "sku": "S3", "batch": "B1", "location": "GD-MUM", "quantity": 5, "received_at": ago(0),
        "reference": "G1",
    })  # fmt: skip
    put(K.SALES, sale_line("S1", 211), sale_line("S1", 300), sale_line("S3", 150))
    assert [(TODAY - since(sku)).days for sku in ("S1", "S2", "S3")] == [211, 1, 1]
    put(K.SALES, sale_line("S1", 40))
    assert (TODAY - since("S1")).days == 40, "the newest sale before the list is what tells"
    changes = Position.objects.get(sku__code="S1").changes
    put(K.SALES, sale_line("S1", 0), sale_line("S1", 90))
    assert (TODAY - since("S1")).days == 40, "neither an older sale nor one after the list makes it another"
    assert Position.objects.get(sku__code="S1").changes == changes + 1, "only the sale of today wrote to it"
    assert check_positions() == []


def test_a_purchase_that_comes_after_the_list_of_stock_tells_its_age(book):
    put(K.STOCK, stated("S1"))
    put(K.PURCHASES, {
        "purchase_invoice": "P1", "supplier_name": "Maker", "invoice_date": ago(77), "sku": "S1",
        "batch": "B1", "location": "GD-MUM", "quantity": 60, "cost": "50.00",
    })  # fmt: skip
    assert (TODAY - since("S1")).days == 77
