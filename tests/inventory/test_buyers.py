"""Who buys an item, read from its sales; and what that makes of scores and of predictions kept."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.contracts import MonitoringPolicy
from inventory.contracts.feeds import RecordKind
from inventory.models import DemandForecast, Prediction, Retailer
from inventory.risk import exposure
from inventory.selectors import take_stock_snapshot
from inventory.selectors.book.mixed import find_mixed_lives
from inventory.services import imports, ingest_sales, merge_twins
from inventory.services.outcomes import note_predictions
from inventory.services.outlets import set_outlet_terms
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book, sale
from vyapar.engine.services import run_cycle
from vyapar.kernel.actor import system

pytestmark = pytest.mark.usefixtures("in_alpha")
ME = system("tests")
POLICY = MonitoringPolicy()


@pytest.fixture
def book() -> Book:
    """S1 and S2 in Mumbai, 100 pieces that last 100 days; R1 took three quarters of S1 and R3 one."""
    book = make_book()
    for sku in ("S1", "S2"):
        book.batch(sku, "A", expires_in=100)
        book.receive(sku, "A", 200)
        DemandForecast.objects.create(
            sku=book.skus[sku], territory=book.territories["MUM"], cycle_id=1, as_of=TODAY, pattern="smooth",
            method="mean", weekly_mean=[7.0] * 13, dispersion=1_000.0,
        )  # fmt: skip
    then = f"{TODAY - timedelta(days=20)}T10:00:00+05:30"
    lines = [
        sale("T1", "S1", 60, timestamp=then), sale("T2", "S1", 20, shop="R3", timestamp=then),
        sale("T3", "S2", 50, timestamp=then),
        sale("T4", "S2", 9, shop="R3", timestamp="2026-01-23T10:00:00Z"),
    ]  # fmt: skip
    ingest_sales(lines, actor=ME, at=NOW, source="t")
    return book


def terms(shop: str, channel: str = "general_trade", days: int | None = None) -> None:
    set_outlet_terms(shop, trade_channel=channel, minimum_life_days=days, actor=ME, at=NOW)


def sell_days() -> dict[str, int]:
    """Days left to sell by SKU, as Monitoring reads and counts them."""
    found = take_stock_snapshot(NOW, POLICY)
    assert found is not None
    days = exposure(found, POLICY).sell_days
    names = [found.skus[found.item_sku[item]] for item in found.position_item.tolist()]
    return dict(zip(names, days.tolist(), strict=True))


def reads_of_sales(queries) -> list[str]:
    """Queries that add up what some outlets bought."""
    return [one["sql"] for one in queries if "inventory_sale p" in one["sql"] and "unnest" in one["sql"]]


def test_the_sales_are_read_once_a_day_and_anew_once_terms_change(book):
    terms("R3", "e_commerce")
    with CaptureQueriesContext(connection) as queries:
        first = sell_days()
        assert len(reads_of_sales(queries)) == 1
        assert sell_days() == first
        assert len(reads_of_sales(queries)) == 1
    terms("R3", "quick_commerce")
    with CaptureQueriesContext(connection) as queries:
        sell_days()
        assert len(reads_of_sales(queries)) == 1


def test_where_all_outlets_are_of_general_trade_no_sale_is_read(book):
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert sell_days() == {"S1": 70, "S2": 70}
    assert not reads_of_sales(queries)
    ids, _lives = find_mixed_lives(TODAY, POLICY, 90)
    assert ids.size == 0


def test_an_item_has_the_days_of_those_who_bought_it_of_late(book):
    terms("R3", "e_commerce")
    assert sell_days() == {"S1": 66, "S2": 70}  # 0.75 of 70 and 0.25 of 55; S2 was bought too long ago
    terms("R3", "modern_trade")
    assert sell_days() == {"S1": 70, "S2": 70}, "a channel without a rule asks for what general trade does"
    terms("R3", "modern_trade", 90)
    assert sell_days() == {"S1": 55, "S2": 70}  # 0.75 of 70 and 0.25 of 10
    terms("R1", days=0)
    assert sell_days() == {"S1": 78, "S2": 100}


def test_an_outlets_terms_have_everything_scored_again(book):
    run_cycle("monitoring", NOW, at=NOW)
    assert take_stock_snapshot(NOW, POLICY) is None
    terms("R3", "e_commerce")
    assert take_stock_snapshot(NOW, POLICY) is not None
    run_cycle("monitoring", NOW + timedelta(minutes=1), at=NOW)
    assert take_stock_snapshot(NOW, POLICY) is None
    terms("R3", "e_commerce")
    assert take_stock_snapshot(NOW, POLICY) is None


def test_what_is_predicted_of_a_batch_is_due_when_its_buyers_stop_buying(book):
    terms("R3", "e_commerce")
    run_cycle("monitoring", NOW, at=NOW)
    ids, lives = find_mixed_lives(TODAY, POLICY, 90)
    assert dict(zip(ids.tolist(), lives.tolist(), strict=True)) == {book.position("S1", "A").pk: 34}
    note_predictions(actor=ME, at=NOW)
    due = dict(Prediction.objects.filter(kind="expiry").values_list("sku__code", "due_on"))
    assert due == {"S1": TODAY + timedelta(days=66), "S2": TODAY + timedelta(days=70)}


def test_returns_take_from_what_a_channel_bought_and_never_below_nothing(book):
    terms("R3", "e_commerce")
    ingest_sales([sale("C1", "S1", -30, shop="R3")], actor=ME, at=NOW, source="t")
    assert sell_days()["S1"] == 70
    assert Retailer.objects.get(retailer_id="R3").trade_channel == "e_commerce"


def test_sales_that_an_import_brings_count_at_once_and_not_from_tomorrow_on(book):
    terms("R3", "e_commerce")
    assert sell_days() == {"S1": 66, "S2": 70}
    files = imports.ensure_feed(code="files", name="Files", system="files", actor=ME, at=NOW)
    body = (
        "transaction_id,line,retailer_id,sku,quantity,unit_price,timestamp\n"
        f"T5,1,R3,S2,30,80.00,{TODAY - timedelta(days=20)}T10:00:00+05:30\n"
    )
    run = imports.open_run(
        feed=files, content=io.BytesIO(body.encode()), title="sales.csv", options={}, actor=ME, at=NOW
    )
    imports.check_run(run.pk, at=NOW)
    assert imports.write_run(run.pk, actor=ME, at=NOW).state == "reconciled"
    assert sell_days() == {"S1": 66, "S2": 64}  # 50 of 80 pieces for 70 days, 30 for 55
    imports.undo_run(run.pk, actor=ME, at=NOW + timedelta(minutes=1))
    assert sell_days() == {"S1": 66, "S2": 70}


def test_who_buys_a_sku_is_known_as_soon_as_it_has_a_twins_sales(book):
    terms("R3", "e_commerce")
    then = f"{TODAY - timedelta(days=20)}T10:00:00+05:30"
    ingest_sales([sale("T6", "S2", 80, shop="R3", timestamp=then)], actor=ME, at=NOW, source="t")
    assert sell_days()["S1"] == 66
    merge_twins(kind=RecordKind.SKUS, keep="S1", other="S2", actor=ME, at=NOW)
    assert sell_days() == {"S1": 63}  # 110 of 210 pieces for 70 days, 100 for 55: 62.9
