"""A page's file holds what the page shows: its filter, its order, and the rows of all its pages."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from inventory.models import Claim
from inventory.views import outlets as outlet_page
from inventory.views import stock as stock_page
from tests.inventory.test_claim_pages import FORM, person
from tests.inventory.test_claim_pages import book as claim_book  # noqa: F401  a fixture
from tests.inventory.test_outlet_pages import book as outlet_book  # noqa: F401  a fixture
from tests.inventory.test_outlet_pages import browser  # noqa: F401  a fixture
from tests.inventory.test_pages import book  # noqa: F401  a fixture
from vyapar.people.contracts import Role

pytestmark = pytest.mark.usefixtures("in_alpha")


def rows_of(client: Client, address: str) -> list[list[str]]:
    """The rows under the heads of a CSV file."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))[1:]


@pytest.mark.parametrize("query", ["", "sort=-stock", "sort=stock", "sort=sku", "status=dead", "q=biscuit+1"])
def test_the_stock_file_has_all_pages_rows_in_the_pages_order(book, browser, monkeypatch, query) -> None:  # noqa: F811
    monkeypatch.setattr(stock_page, "ROWS", 1)
    seen, number, pages = [], 1, 1
    while number <= pages:
        page = browser.get(f"/stock?{query}&page={number}").context["page"]
        seen += [*page]
        number, pages = number + 1, page.paginator.num_pages
    shown = [
        (row.sku.code, row.territory.name)
        for pk in seen
        for row in stock_page.StockItem.objects.select_related("sku", "territory").filter(pk=pk)
    ]
    assert [(row[0], row[3]) for row in rows_of(browser, f"/stock.csv?{query}")] == shown
    assert shown


def test_the_claims_file_follows_the_pages_state(claim_book) -> None:  # noqa: F811
    owner = person(Role.OWNER)
    owner.post("/claims/new", FORM)
    owner.post("/claims/new", FORM | {"reference": "CL/2", "pieces": "5", "amount": "50"})
    first, _second = Claim.objects.order_by("pk")
    owner.post(f"/claims/{first.pk}/withdraw", {"reason": "sent by mistake"})
    for state in ("", "open", "withdrawn"):
        shown = [row.reference for row, _label in owner.get(f"/claims?state={state}").context["claims"]]
        assert [row[3] for row in rows_of(owner, f"/claims.csv?state={state}")] == shown
    assert len(rows_of(owner, "/claims.csv?state=open")) == 1


def test_one_outlets_rows_come_page_by_page_and_its_file_has_them_all(
    outlet_book,  # noqa: F811
    browser,  # noqa: F811
    monkeypatch,
) -> None:
    monkeypatch.setattr(outlet_page, "STANDING", 1)
    seen = []
    for number in (1, 2):
        answer = browser.get(f"/outlets/R1?page={number}")
        page = answer.context["standing"]
        seen += [row.sku.code for row in page]
        assert (page.has_previous(), page.has_next()) == (number == 2, number == 1)
        assert answer.context["standing_paise"] == 9_000
    assert seen == ["S1", "S3"]
    assert [row[4] for row in rows_of(browser, "/outlets/R1/standing.csv?page=2")] == seen
    for nonsense, number in (("99", 2), ("0", 2), ("x", 1), ("-1", 2), ("", 1)):
        assert browser.get(f"/outlets/R1?page={nonsense}").context["standing"].number == number
    assert rows_of(browser, "/outlets/R1/bought.csv") == [
        [one.sku, one.name, str(one.pieces), f"{one.paise / 100:.2f}", str(one.orders), str(one.last_date)]
        for one in browser.get("/outlets/R1").context["bought"]
    ]
