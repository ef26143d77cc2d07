"""How much of its stock an item sells of late: one figure on pages, in files, at the door, and to sort by."""

from __future__ import annotations

import csv
import io

import pytest

from inventory.models import StockItem
from inventory.rules import slow_moving_indicator
from inventory.services.cells import renew_sums
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.inventory.test_money import caller
from tests.inventory.test_pivot import someone
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")


@pytest.fixture(autouse=True)
def items(in_alpha: None) -> None:
    """S1 sold 14 of 100 in stock within 28 days, S2 14 of 10, S3 none of 5, S4 has no stock."""
    book = make_book(4)
    for sku, daily, stock in (("S1", 0.5, 100), ("S2", 0.5, 10), ("S3", 0.0, 5), ("S4", 1.0, 0)):
        StockItem.objects.create(
            sku=book.skus[sku], territory=book.territories["MUM"], as_of=TODAY, updated_at=NOW,
            average_daily_sales=daily, current_stock=stock,
        )  # fmt: skip
    renew_sums()


def test_it_is_what_sold_over_what_stands_whatever_the_size() -> None:
    assert slow_moving_indicator(0.5, 100) == pytest.approx(0.14)
    assert slow_moving_indicator(50, 10_000) == pytest.approx(0.14)
    assert slow_moving_indicator(0.0, 5) == 0
    assert slow_moving_indicator(1.0, 0) is None


def test_everybody_is_told_the_same_figure() -> None:
    rows = caller(May.READ).get("/api/v1/inventory/current").json()["results"]
    assert {row["sku"]: row["slowMovingIndicator"] for row in rows} == {
        "S1": 0.14, "S2": 1.4, "S3": 0.0, "S4": None,
    }  # fmt: skip
    browser = someone("asha")[1]
    body = browser.get("/stock.csv", {"sort": "turn"}).content.decode("utf-8-sig")
    told = [(row["SKU"], row["Sold in 28 days, of stock"]) for row in csv.DictReader(io.StringIO(body))]
    assert told == [("S3", "0.0"), ("S1", "0.14"), ("S2", "1.4")], (
        "the slowest first; without stock not at all"
    )
    last = browser.get("/stock", {"sort": "-turn"}).context["items"]
    assert [row.sku.code for row, _hint, _grade in last] == ["S2", "S1", "S3"]
    assert "14%" in browser.get("/stock/S1/MUM").content.decode()
