"""Festivals from the database and back: the snapshot knows the State, the record and the page what stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import override

from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.forecasting import forecast
from inventory.forecasting.effects import list_festivals
from inventory.models import DailyDemand, ForecastModel, StockItem
from inventory.selectors.demand import take_demand_snapshot
from inventory.selectors.festivals import FestivalAhead, list_festivals_ahead
from inventory.serializers.festival_words import festival_name, festival_words
from inventory.services.forecasts import keep_forecasts
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")
POLICY = AnalysisPolicy()
DAY = date(2026, 10, 12)
DAYS = 728


@pytest.fixture
def book() -> Book:
    return make_book()


def festive(uplift: float, on: date = DAY) -> DemandSnapshot:
    """SIMULATED sales of the book's SKUs in both territories, more by `uplift` before Diwali."""
    chance = np.random.default_rng(3)
    diwali = next(one for one in list_festivals() if one.code == "diwali")
    factor = np.ones(DAYS)
    for day in diwali.days:
        end = (day - on).days + DAYS + 1
        factor[max(end - 1 - diwali.lead_days, 0) : max(end, 0)] = uplift
    keys = tuple((f"S{n}", place) for n in (1, 2, 3) for place in ("MUM", "BLR"))
    return DemandSnapshot(
        as_of=on, series_keys=keys,
        demand=chance.poisson(30.0 * factor, size=(len(keys), DAYS)).astype(np.int32),
        in_stock=np.ones((len(keys), DAYS), dtype=bool),
        state=np.array([27, 29] * 3, dtype=np.int32),
    )  # fmt: skip


def test_the_snapshot_knows_the_state_of_each_territory(book: Book) -> None:
    today = ist_day(timezone.now())
    for place in ("MUM", "BLR"):
        for ago in (20, 1):
            DailyDemand.objects.create(
                sku=book.skus["S1"], territory=book.territories[place], day=today - timedelta(days=ago),
                quantity=3,
            )  # fmt: skip
    taken = take_demand_snapshot(timezone.now(), POLICY)
    assert dict(zip((place for _sku, place in taken.series_keys), taken.state.tolist(), strict=True)) == {
        "MUM": 27,
        "BLR": 29,
    }


def test_the_record_of_a_training_says_which_festivals_stand(book: Book) -> None:
    keep_forecasts(forecast(festive(1.6), POLICY), cycle_id=1)
    [told] = [one for one in ForecastModel.objects.get().effects if one.get("festival") == "diwali"]
    assert (told["stands"], told["seen"], told["reason"]) == (True, 2, "tested")
    assert told["factors"]["BIS"] == pytest.approx(1.6, rel=0.1)
    [ahead] = [one for one in list_festivals_ahead("S1", "MUM", DAY) if one.festival == "diwali"]
    assert ahead.day == date(2026, 11, 8)
    assert ahead.factor == told["factors"]["BIS"]


def test_without_effects_the_record_is_empty_and_the_forecast_is_as_without_states(book: Book) -> None:
    plain = festive(1.0)
    found = forecast(plain, POLICY)
    assert [one for one in found.festivals if one.stands] == []
    blind = forecast(replace(plain, state=np.zeros(6, dtype=np.int32)), POLICY)
    np.testing.assert_array_equal(found.weekly_mean, blind.weekly_mean)


def stood() -> None:
    effects = [
        {"festival": "christmas", "seen": 2, "stands": True, "reason": "tested", "gain": 0.1,
         "factors": {"BIS": 1.18}},
        {"festival": "pongal", "seen": 2, "stands": True, "reason": "tested", "gain": 0.1,
         "factors": {"BIS": 1.4}},
        {"festival": "makar_sankranti", "seen": 2, "stands": False, "reason": "lost", "gain": -0.1,
         "factors": {"BIS": 1.4}},
        {"festival": "diwali", "seen": 2, "stands": True, "reason": "tested", "gain": 0.1,
         "factors": {"BIS": 1.4}},
    ]  # fmt: skip
    ForecastModel.objects.create(
        cycle_id=7, as_of=TODAY, version="x", data_from=TODAY, data_to=TODAY, series=1,
        plan={"choices": [], "correction": 0.0}, promoted=True, reason="the first model", effects=effects,
    )  # fmt: skip


def test_only_what_stands_is_kept_in_the_state_and_comes_soon_is_told(book: Book) -> None:
    stood()
    # Pongal is not kept in Maharashtra, Makar Sankranti lost, Diwali is eleven months away
    assert [one.festival for one in list_festivals_ahead("S1", "MUM", TODAY)] == ["christmas"]


def test_the_page_of_a_sku_says_it_in_plain_words(book: Book) -> None:
    stood()
    today = ist_day(timezone.now())
    coming = min(
        (one for one in list_festivals() if one.is_kept_in(27)),
        key=lambda one: one.next_day(today) or date.max,
    )
    ForecastModel.objects.update(
        effects=[{"festival": coming.code, "seen": 2, "stands": True, "factors": {"BIS": 1.18}}]
    )
    StockItem.objects.create(
        sku=book.skus["S1"], territory=book.territories["MUM"], as_of=TODAY, updated_at=NOW,
        status="active", current_stock=1, value_paise=5_000, days_without_movement=1,
        at_risk_quantity=0, at_risk_paise=0, dead_stock_score=1.0, score_parts={},
    )  # fmt: skip
    person = add_person(
        username="analyst", password="look-at-stock-1", role=Role.ANALYST, name="A", email="a@alpha.example"
    )
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(person)
    page = browser.get(reverse("inventory:item", args=["S1", "MUM"])).content.decode()
    said = [festival_words(one) for one in list_festivals_ahead("S1", "MUM", ist_day(timezone.now()))]
    assert said
    assert all(words in page for words in map(escape, said))


def test_a_festival_is_told_with_its_day_its_figure_and_how_often_it_was_seen() -> None:
    ahead = FestivalAhead("christmas", date(2026, 12, 25), "fixed", 10, 1.18, 2)
    assert festival_words(ahead) == "Christmas on 25 Dec 2026: +18 % in the 10 days before. Seen 2 times."


@pytest.mark.parametrize("festival", list_festivals(), ids=lambda one: one.code)
def test_every_festival_has_a_name(festival) -> None:
    with override("en"):
        assert festival_name(festival.code) == festival.name


def test_a_festival_seen_once_and_one_that_the_moon_decides_are_told_as_that() -> None:
    with override("en"):
        words = festival_words(FestivalAhead("eid_al_fitr", date(2027, 3, 10), "estimated", 14, 0.93, 1))
    assert words == (
        "Eid al-Fitr on 10 Mar 2027: −7 % in the 14 days before. Seen 1 time only, so it is drawn "
        "strongly to no effect. The moon may move it by a day or two."
    )


def test_the_api_tells_every_festival_of_the_table_and_what_stands(book: Book) -> None:
    stood()
    ForecastModel.objects.update(
        effects=[
            {"festival": "diwali", "seen": 2, "stands": True, "reason": "tested", "gain": 0.1,
             "factors": {"BIS": 1.4}},
            {"effect": "weekdays", "figure": 1.5, "seen": 60, "stands": True, "reason": "tested", "gain": 0.2,
             "shares": {"MUM": [0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.0]}},
            {"effect": "price", "figure": 2.5, "seen": 9, "stands": False, "reason": "lost", "gain": -0.1},
        ]
    )  # fmt: skip
    person = add_person(
        username="analyst", password="look-at-stock-1", role=Role.ANALYST, name="A", email="a@alpha.example"
    )
    browser = Client(HTTP_HOST="alpha.localhost")
    browser.force_login(person)
    told = browser.get("/api/v1/forecast-effects").json()
    assert {one["festival"] for one in told["festivals"]} == {one.code for one in list_festivals()}
    [diwali] = [one for one in told["festivals"] if one["festival"] == "diwali"]
    assert (diwali["stands"], diwali["factors"]) == (True, {"BIS": 1.4})
    [pongal] = [one for one in told["festivals"] if one["festival"] == "pongal"]
    assert (pongal["stands"], "33" in pongal["states"]) == (False, True)
    assert [(one["effect"], one["stands"]) for one in told["effects"]] == [
        ("weekdays", True),
        ("price", False),
    ]
    assert told["weekdays"] == {"MUM": [0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.0]}
