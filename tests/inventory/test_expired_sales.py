"""Sales of goods past their last day: told once a batch and import, and raised as an alert."""

from __future__ import annotations

import pytest
from django_tenants.utils import tenant_context

from alerts.models import Alert
from inventory.contracts.imports import ImportUndone
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
