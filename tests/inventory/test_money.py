"""Money at the API and on the page: sums of days, outcomes, lots weighed, reports of past days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from inventory.agent import monitoring
from inventory.contracts import MonitoringPolicy
from inventory.models import Brand, DemandForecast, LearntFactor, Prediction, ReplayReport, StockItem
from inventory.selectors.book import read_book
from inventory.selectors.ways import list_weighed_lots
from inventory.services.cells import renew_sums
from inventory.services.impact import keep_impact
from inventory.services.outcomes import note_predictions
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.inventory.test_api import caller
from tests.inventory.test_outcomes import _score
from vyapar.kernel.actor import system
from vyapar.kernel.errors import NotFound
from vyapar.kernel.money import parse_rupees
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

ME = system("tests")


@pytest.fixture
def book(in_alpha):
    """S1 is dead in Mumbai and sells in Bangalore; the company takes it back for 30 days more."""
    made = make_book(2)
    Brand.objects.update(return_bp=6_000, return_days=-30)
    made.batch("S1", "B1", expires_in=60)
    made.batch("S2", "B2", expires_in=200)
    for sku, number in (("S1", "B1"), ("S2", "B2")):
        made.receive(sku, number, 103, at=NOW - timedelta(days=90))
        _score(made, sku, number, 0.6 if sku == "S1" else 0.1)
    DemandForecast.objects.create(
        sku=made.skus["S1"], territory=made.territories["BLR"], cycle_id=1, as_of=TODAY, pattern="smooth",
        method="mean", weekly_mean=[30.0] * 13, dispersion=5.0,
    )  # fmt: skip
    renew_sums()
    return made


def test_the_lots_of_a_sku_are_weighed_with_all_that_decides(book):
    (lot,) = list_weighed_lots("S1", TODAY)
    assert (lot.batch, lot.location, lot.pieces) == ("B1", "GD-MUM", 103)
    ways = {way.name: way for way in lot.ways}
    for way in lot.ways:
        assert way.low_paise <= way.net_paise <= way.high_paise
        assert sum(way.components.values()) == way.net_paise
    assert ways["transfer"].available
    assert ways["transfer"].low_paise < ways["transfer"].high_paise
    assert ways["return_to_company"].last_day == TODAY + timedelta(days=30)
    assert ways["destroy"].last_day is None
    best = max(way.net_paise for way in lot.ways if way.available)
    assert lot.split_paise >= best
    assert sum(share.pieces for share in lot.split) == 103
    shown = next(rung for rung in lot.ladder if rung.is_best)
    assert shown.net_paise == ways["discount"].net_paise
    assert list_weighed_lots("S1", TODAY, "BLR") == ()
    with pytest.raises(NotFound):
        list_weighed_lots("NO", TODAY)


def test_what_is_weighed_is_what_the_cycle_finds(book):
    (lot,) = list_weighed_lots("S1", TODAY)
    outcome = monitoring.decide(read_book(TODAY, "", [book.skus["S1"].pk]), MonitoringPolicy()).outcome
    nets = {way.name: way.net_paise for way in outcome.ways.of(int(outcome.lots.quantity.argmax()))}
    assert {way.name: way.net_paise for way in lot.ways} == nets


def test_the_door_of_lots_speaks_in_rupees(book):
    answer = caller(May.READ).get("/api/v1/ways-out/S1?territory=MUM")
    assert answer.status_code == 200
    (lot,) = answer.json()["results"]
    split = sum(parse_rupees(share["net"]) for share in lot["split"])
    assert parse_rupees(lot["splitNet"]) == split
    assert {rung["discountPercentage"] for rung in lot["ladder"]} == {10.0, 20.0, 30.0, 40.0}
    assert caller(May.READ).get("/api/v1/ways-out/NO").status_code == 404


def test_the_door_of_sums_cuts_any_day_and_refuses_what_is_no_cut(book):
    keep_impact(actor=ME, at=NOW)
    client = caller(May.READ)
    found = client.get("/api/v1/impact?by=territory,status").json()
    assert found["day"] == TODAY.isoformat()
    assert [row["keys"] for row in found["results"]] == [
        {"territory": "MUM", "status": "active"}, {"territory": "MUM", "status": "dead"},
    ]  # fmt: skip
    assert found["total"]["loss"] == "2469.14"
    assert found["total"] == client.get("/api/v1/impact").json()["total"]
    bad = client.get("/api/v1/impact?by=colour")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "by")
    assert client.get("/api/v1/impact?on=yesterday").status_code == 422
    assert client.get("/api/v1/impact?on=2020-01-01").status_code == 404


def test_the_door_of_outcomes_tells_what_waits_and_what_was_learnt(book):
    note_predictions(actor=ME, at=NOW)
    LearntFactor.objects.create(
        name="expiry", version=1, factor_bp=9_000, seen=40, predicted=20, happened=16, learnt_at=NOW
    )
    client = caller(May.READ)
    found = client.get("/api/v1/outcomes?kind=dead").json()
    assert {(row["kind"], row["group"], row["waiting"]) for row in found["results"]} == {
        ("dead", "30", 2), ("dead", "90", 2),
    }  # fmt: skip
    assert found["learnt"][0]["factor"] == 0.9
    assert found["learning"] is True
    assert client.get("/api/v1/outcomes?kind=weather").status_code == 422
    later = (TODAY + timedelta(days=1)).isoformat()
    assert client.get(f"/api/v1/outcomes?since={later}").json()["results"] == []


# --- the page ------------------------------------------------------------------------------


@pytest.fixture
def browser(in_alpha) -> Client:
    person = add_person(
        username="analyst", password="look-at-stock-1", role=Role.ANALYST, name="A", email="a@alpha.example"
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


def test_the_page_shows_predictions_corrections_and_losses_to_come(book, browser):
    assert "Nothing has been predicted yet" in browser.get("/outcomes").content.decode()
    note_predictions(actor=ME, at=NOW)
    Prediction.objects.filter(kind="dead").update(settled_on=TODAY, happened=1, realised_paise=7)
    LearntFactor.objects.create(
        name="expiry", version=1, factor_bp=9_000, seen=40, predicted=20, happened=16, learnt_at=NOW
    )
    text = browser.get("/outcomes").content.decode()
    for words in ("No sale within 30 days", "90.0 %", "Pieces sold in four weeks, smooth demand"):
        assert words in text


def test_the_report_of_a_past_day_is_handed_out_to_those_who_may_look(book, browser, own_media):
    default_storage.save("replays/x/report.html", ContentFile(b"<svg></svg>"))
    row = ReplayReport.objects.create(
        day=TODAY, until=TODAY, made_at=NOW, folder="replays/x", figures={"batches": {"precision": 0.5}}
    )
    page = browser.get("/outcomes").content.decode()
    assert f"/outcomes/replays/{row.pk}/report" in page
    answer = browser.get(f"/outcomes/replays/{row.pk}/report")
    assert answer.content == b"<svg></svg>"
    assert "attachment" in answer["Content-Disposition"]
    assert browser.get(f"/outcomes/replays/{row.pk}/rows").status_code == 404, "that file was never kept"
    assert Client(HTTP_HOST="alpha.localhost").get(f"/outcomes/replays/{row.pk}/report").status_code == 302


def test_the_page_of_lots_shows_every_way_and_parts_that_add_up(book):
    person = add_person(
        username="asha", password="look-at-lots-1", role=Role.ANALYST, name="Asha", email="asha@alpha.example"
    )
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(person)
    StockItem.objects.get_or_create(
        sku=book.skus["S1"], territory=book.territories["MUM"], defaults={"as_of": TODAY, "updated_at": NOW}
    )
    answer = browser.get("/stock/S1/MUM/ways")
    assert answer.status_code == 200
    (shown,) = answer.context["lots"]
    (lot,) = list_weighed_lots("S1", TODAY, "MUM")
    assert len(shown["lot"].ways) == len(lot.ways)
    assert sum(part["pieces"] for part in shown["parts"]) == shown["lot"].pieces
    assert sum(part["net_paise"] for part in shown["parts"]) == shown["lot"].split_paise
    assert browser.get("/stock/S1/NOWHERE/ways").status_code == 404
