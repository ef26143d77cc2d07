"""Sales of goods past their last day: told once a batch and import, and raised as an alert."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_tenants.utils import tenant_context

from alerts.models import Alert
from inventory.contracts.imports import ImportUndone
from inventory.models import Batch, Retailer
from inventory.services import ingest_sales
from tests.builders import deliver_all
from tests.conftest import NOW
from tests.inventory.book import Book, make_book, sale
from vyapar.engine.models import Event
from vyapar.engine.services import emit
from vyapar.kernel.actor import system

ME = system("tests")
SUBJECT = "batch:S1/OLD@t:2026-11-23"
pytestmark = [pytest.mark.usefixtures("in_alpha"), pytest.mark.django_db]


def stocked(**days: int) -> Book:
    """S1's batches with five pieces each and so many days to their expiry."""
    book = make_book()
    for name, left in days.items():
        book.batch("S1", name, expires_in=left)
        book.receive("S1", name, 5)
    return book


def feed(*lines: dict, **options):
    report = ingest_sales(list(lines), actor=ME, at=NOW, source="t", **options)
    deliver_all(NOW)
    return report


def test_an_expired_batch_that_the_books_name_is_one_high_alert_with_outlet_and_invoice(beta) -> None:
    stocked(OLD=-3, NEW=60)
    feed(
        sale("T1", "S1", 2, batch="OLD"), sale("T2", "S1", 1, batch="OLD", shop="R3"),
        sale("T3", "S1", 1, batch="NEW"),
    )  # fmt: skip
    (event,) = Event.objects.filter(name="ExpiredStockSold")
    assert (event.subject, event.payload["quantity"], event.payload["named"]) == (SUBJECT, 3, True)
    assert event.payload["value"] == "240.00"
    (alert,) = Alert.objects.filter(cause__startswith="expired_")
    assert (alert.cause, alert.urgency, alert.value_paise) == ("expired_sale", "high", 240_00)
    assert alert.title == "3 pieces of S1, batch OLD, were sold up to 3 days past expiry"
    assert "Shop 1 (R1), invoice T1 of 23-11-2026, 2 pieces" in alert.detail
    assert "Shop 3 (R3), invoice T2" in alert.detail
    assert "s.27(2)(a)" in alert.recommended_action
    with tenant_context(beta):
        assert not Alert.objects.exists()
        assert not Event.objects.filter(name="ExpiredStockSold").exists()


def test_parcels_of_a_day_add_up_in_one_alert_and_a_line_sent_again_does_not() -> None:
    stocked(OLD=-1)
    feed(sale("T1", "S1", 2, batch="OLD"))
    feed(sale("T1", "S1", 2, batch="OLD"))
    feed(sale("T2", "S1", 1, batch="OLD"))
    (alert,) = Alert.objects.filter(cause="expired_sale")
    assert alert.title == "3 pieces of S1, batch OLD, were sold up to 1 days past expiry".replace(
        "up to 1 days", "1 day"
    )
    assert "T1" in alert.detail
    assert "T2" in alert.detail


def test_a_batch_is_sold_on_its_last_day_without_an_alert_of_expiry_but_short() -> None:
    stocked(OLD=0)
    feed(sale("T1", "S1", 2, batch="OLD"))
    (alert,) = Alert.objects.all()
    assert (alert.cause, alert.title) == ("short_sale", "2 pieces were sold with less than 30 days of life")


def test_enough_life_is_nothing_to_tell() -> None:
    stocked(OLD=30)
    feed(sale("T1", "S1", 2, batch="OLD"))
    assert not Alert.objects.exists()


def test_what_only_an_expired_batch_could_give_says_that_it_is_not_sure() -> None:
    stocked(OLD=-3, NEW=60)
    feed(sale("T1", "S1", 4), sale("T2", "S1", 3, shop="R3"))
    (alert,) = Alert.objects.all()
    assert (alert.cause, alert.urgency) == ("expired_taken", "medium")
    assert alert.title == "2 pieces of S1 were sold with only the expired batch OLD in the book"
    assert alert.value_paise == 160_00
    assert "T1" in alert.detail
    assert "T2" in alert.detail


def test_a_place_gives_its_expired_batches_last() -> None:
    book = stocked(OLD=-3, NEW=60)
    report = feed(sale("T1", "S1", 4, location="GD-MUM"))
    assert report.expired_pieces == 0
    assert book.position("S1", "OLD").on_hand == 5
    feed(sale("T2", "S1", 3, location="GD-MUM"))
    assert Event.objects.get(name="ExpiredStockSold").payload["quantity"] == 2


def test_history_is_counted_and_what_comes_as_history_is_not_told() -> None:
    stocked(OLD=-60)
    then = "2026-10-20T10:00:00+05:30"
    feed(sale("T1", "S1", 1, batch="OLD", timestamp=then), sale("T2", "S1", 2, batch="OLD", timestamp=then))
    (alert,) = Alert.objects.all()
    assert (alert.cause, alert.urgency) == ("expired_past", "low")
    assert alert.title == "2 past sales were of goods past their expiry"
    assert "3 pieces, sold from 20-10-2026" in alert.detail
    feed(sale("T3", "S1", 1, batch="OLD"), history=True)
    assert not Event.objects.filter(name="ExpiredStockSold").exists()


def test_an_import_that_is_undone_closes_its_alert() -> None:
    alert = Alert.objects.create(
        cause="expired_sale", subject="batch:S1/OLD@import:4", urgency="high", urgency_rank=2, title="x",
        first_at=NOW, last_at=NOW,
    )  # fmt: skip
    for number, closed in ((14, False), (4, True)):
        emit(ImportUndone("u1", number, "f", "x", {}), subject=f"import:{number}", actor=ME, at=NOW)
        deliver_all(NOW)
        alert.refresh_from_db()
        assert (alert.state == Alert.State.CLOSED) is closed


def alerts(cause: str = "expired_sale") -> list[tuple[str, str]]:
    return list(Alert.objects.filter(cause=cause).values_list("state", "title"))


def cancelled(transaction: str, shop: str = "R1") -> dict:
    return {**sale(transaction, "S1", 1, shop=shop), "cancelled": True}


def reasons() -> list[str]:
    return [one.payload["reason"] for one in Event.objects.filter(name="AlertClosed").order_by("id")]


def test_a_sale_that_is_cancelled_later_leaves_the_alert_and_the_last_one_closes_it() -> None:
    stocked(OLD=-3)
    feed(sale("T1", "S1", 2, batch="OLD"), sale("T2", "S1", 1, batch="OLD", shop="R3"))
    feed(cancelled("T1"))
    ((state, title),) = alerts()
    assert (state, title) == ("open", "1 piece of S1, batch OLD, were sold up to 3 days past expiry")
    alert = Alert.objects.get(cause="expired_sale")
    assert "T1" not in alert.detail
    assert alert.value_paise == 80_00
    feed(cancelled("T2", "R3"))
    assert [state for state, _title in alerts()] == ["closed"]
    assert reasons() == ["its sales were cancelled by a later import"]


def test_goods_that_the_outlet_brings_back_close_the_alert() -> None:
    stocked(OLD=-3)
    feed(sale("T1", "S1", 3, batch="OLD"))
    feed(sale("C1", "S1", -1, batch="OLD"), sale("C2", "S1", -2, batch="OLD", shop="R3"))
    assert alerts()[0][1] == "2 pieces of S1, batch OLD, were sold up to 3 days past expiry"
    feed(sale("C3", "S1", -2, batch="OLD"))
    assert [state for state, _title in alerts()] == ["closed"]
    assert reasons() == ["the goods came back from the outlet"]
    alert = Alert.objects.get(cause="expired_sale")
    assert alert.end_reason == "the goods came back from the outlet"
    assert alert.words["end_reason"], "it is said again in the reader's language"


def test_a_return_that_names_no_batch_closes_nothing() -> None:
    stocked(OLD=-3, NEW=60)
    feed(sale("T1", "S1", 2, batch="OLD"))
    feed(sale("C1", "S1", -2))
    assert [state for state, _title in alerts()] == ["open"]


def test_a_line_that_comes_again_corrected_is_told_anew() -> None:
    stocked(OLD=-3)
    feed(sale("T1", "S1", 4, batch="OLD"))
    feed(cancelled("T1"), sale("T9", "S1", 1, batch="OLD"))
    ((state, title),) = alerts()
    assert (state, title) == ("open", "1 piece of S1, batch OLD, were sold up to 3 days past expiry")
    assert "T9" in Alert.objects.get(cause="expired_sale").detail


def test_what_perhaps_came_from_an_expired_batch_is_closed_with_the_last_of_its_sales() -> None:
    stocked(OLD=-3, NEW=60)
    feed(sale("T1", "S1", 4), sale("T2", "S1", 3, shop="R3"))
    feed(cancelled("T1"))
    assert [state for state, _title in alerts("expired_taken")] == ["open"]
    feed(cancelled("T2", "R3"))
    assert [state for state, _title in alerts("expired_taken")] == ["closed"]


@pytest.mark.parametrize(
    ("terms", "left", "told"),
    [
        ({}, 44, None),
        ({"trade_channel": "e_commerce"}, 44, "2 pieces were sold with less than 45 days of life"),
        ({"trade_channel": "e_commerce"}, 45, None),
        ({"trade_channel": "modern_trade"}, 44, None),  # no rule of its own: as general trade
        ({"minimum_life_days": 60}, 59, "2 pieces were sold with less than 60 days of life"),
        ({"trade_channel": "e_commerce", "minimum_life_days": 5}, 6, None),
    ],
)
def test_too_little_life_is_what_the_outlet_itself_counts_as_too_little(terms, left, told) -> None:
    stocked(NEAR=left)
    Retailer.objects.filter(retailer_id="R1").update(**terms)
    feed(sale("T1", "S1", 2, batch="NEAR"))
    assert [alert.title for alert in Alert.objects.all()] == ([told] if told else [])


def test_a_share_of_a_short_life_is_enough_for_e_commerce() -> None:
    book = stocked(NEAR=20, SHORT=20)
    Retailer.objects.filter(retailer_id="R1").update(trade_channel="quick_commerce")
    Batch.objects.filter(pk=book.batches["S1", "SHORT"].pk).update(
        manufacture_date=book.batches["S1", "SHORT"].expiry_date - timedelta(days=60)
    )
    feed(sale("T1", "S1", 2, batch="SHORT"))  # 30 % of 60 days are 18
    assert not Alert.objects.exists()
    feed(sale("T2", "S1", 2, batch="NEAR"))
    assert Alert.objects.get().title == "2 pieces were sold with less than 45 days of life"


def test_buyers_who_want_different_lives_are_told_of_together_the_worst_by_name() -> None:
    stocked(NEAR=25)
    Retailer.objects.filter(retailer_id="R3").update(trade_channel="e_commerce")
    feed(sale("T1", "S1", 2, batch="NEAR"), sale("T2", "S1", 1, batch="NEAR", shop="R3"))
    alert = Alert.objects.get(cause="short_sale")
    assert alert.title == "3 pieces were sold with less life than their buyers want"
    assert "Outlet R3 (E commerce) wants 45 days." in alert.detail
