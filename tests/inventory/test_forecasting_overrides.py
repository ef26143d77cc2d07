"""What people change of a forecast: laid over the baseline, kept apart from it, measured afterwards."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context
from hypothesis import given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from inventory.contracts.forecasts import LEVELS, ForecastPlan, Override
from inventory.forecasting.overrides import Places, baseline_over, factor_of, overridden, value_added
from inventory.models import DailyDemand, DemandForecast, ForecastModel, ForecastOverride
from inventory.selectors.flows import list_lacking
from inventory.selectors.forecasts import list_forecasts
from inventory.selectors.overrides import list_overrides
from inventory.selectors.sku import get_sku
from inventory.services import drop_override, measure_overrides, set_override
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from vyapar.engine.models import AuditEntry
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.people.contracts import May

ACTOR = system("tests")
START = date(2026, 11, 23)


def places(rows: int) -> Places:
    number = np.arange(rows)
    return Places(
        np.array([f"S{n % 3}" for n in number]),
        np.array([f"C{n % 2}" for n in number]),
        np.array([f"T{n // 3}" for n in number]),
    )


overrides = st.builds(
    Override,
    number=st.integers(1, 99),
    level=st.sampled_from(LEVELS),
    first=st.integers(-10, 40).map(lambda n: START + timedelta(days=n)),
    last=st.integers(-5, 60).map(lambda n: START + timedelta(days=n)),
    sku=st.sampled_from(["", "S0", "S1"]),
    category=st.sampled_from(["", "C1"]),
    territory=st.sampled_from(["", "T0", "T1"]),
    factor=st.floats(0, 20),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(overrides, max_size=4), st.integers(0, 2**32 - 1))
def test_an_override_touches_what_it_covers_and_nothing_else_and_never_goes_below_nothing(told, seed):
    weekly = np.random.default_rng(seed).gamma(1, 20, (6, 5))
    whose = places(6)
    found = overridden(weekly, [START] * 6, whose, told)
    assert (found >= 0).all()
    untouched = ~np.any([whose.covered(one) for one in told], axis=0) if told else np.ones(6, bool)
    assert np.allclose(found[untouched], weekly[untouched])
    most = max([1.0, *(one.factor for one in told)])
    assert (found <= weekly * most + 1e-9).all()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 34), st.integers(0, 20), st.integers(0, 10_000), st.integers(0, 2**32 - 1))
def test_pieces_in_all_are_what_comes_out_in_all(first, more, pieces, seed):
    weekly = np.random.default_rng(seed).gamma(1, 20, (6, 8)) + 0.1
    starts = [START] * 6
    one = Override(
        1, "category", START + timedelta(days=first), START + timedelta(days=first + more),
        category="C1", pieces=pieces,
    )  # fmt: skip
    base = baseline_over(weekly, starts, places(6), one)
    as_factor = Override(1, "category", one.first, one.last, category="C1", factor=factor_of(one, base))
    found = overridden(weekly, starts, places(6), [as_factor])
    assert (found - weekly).sum() == pytest.approx(pieces - base, rel=1e-6, abs=1e-6)


def test_the_nearer_level_holds_and_of_equals_the_latest():
    weekly = np.full((6, 1), 7.0)
    week = {"first": START, "last": START + timedelta(days=6)}
    told = [
        Override(9, "all", **week, factor=2.0),
        Override(1, "item", **week, sku="S0", territory="T0", factor=3.0),
        Override(2, "sku", **week, sku="S1", factor=4.0),
        Override(3, "sku", **week, sku="S1", factor=5.0),
    ]
    found = overridden(weekly, [START] * 6, places(6), told)[:, 0]
    assert found.tolist() == [21, 35, 14, 14, 35, 14]


def test_value_added_is_error_saved_over_what_was_sold():
    assert value_added(100, 130, 140) == pytest.approx(30 / 140)
    assert value_added(100, 60, 100) == pytest.approx(-0.4)


# --- kept, applied, measured


@pytest.fixture
def book(in_alpha):
    book = make_book()
    for place in ("MUM", "BLR"):
        DemandForecast.objects.create(
            sku=book.skus["S1"], territory=book.territories[place], cycle_id=1, as_of=TODAY,
            pattern="smooth", method="mixture", weekly_mean=[70.0] * 13, dispersion=2.0,
        )  # fmt: skip
    return book


def override(**more):
    told = {"level": "sku", "sku": "S1", "from_date": TODAY, "to_date": TODAY + timedelta(days=6),
            "factor": 1.5, "reason": "school opens", "actor": ACTOR, "at": NOW}  # fmt: skip
    return set_override(**{**told, **more})


def test_an_override_shows_in_forecasts_while_the_baseline_stays(book):
    override()
    first, second = list_forecasts(sku="S1")[0].steps[:2]
    assert (first.mean, first.baseline, second.mean) == (105, 70, 70)
    assert DemandForecast.objects.first().weekly_mean == [70.0] * 13
    assert get_sku("S1", TODAY).expected[0].weeks[0][0] == 105
    assert AuditEntry.objects.filter(verb="ForecastOverridden").count() == 1


def test_transfers_are_planned_by_what_people_expect(book):
    def wanted() -> dict[str, int]:
        return {one.territory: one.pieces for one in list_lacking(["S1"], TODAY, 14)}

    assert wanted() == {"MUM": 140, "BLR": 140}
    row = override(level="item", territory="MUM")
    assert wanted() == {"MUM": 175, "BLR": 140}
    drop_override(row.pk, actor=ACTOR, at=NOW)
    assert wanted() == {"MUM": 140, "BLR": 140}


def test_transfers_are_planned_by_the_weekdays_of_a_place_and_by_how_alike_its_weeks_are(book):
    def wanted() -> dict[str, tuple[int, float]]:
        return {one.territory: (one.pieces, one.dispersion) for one in list_lacking(["S1"], TODAY, 10)}

    shares = np.full(7, 0.1)
    shares[TODAY.weekday()] = 0.4
    ForecastModel.objects.create(
        cycle_id=1, as_of=TODAY, version="one", data_from=TODAY, data_to=TODAY, series=2, promoted=True,
        reason="the first model", plan=ForecastPlan((), common=1.0).as_json(),
        effects=[{"effect": "weekdays", "stands": True, "shares": {"MUM": shares.tolist()}}],
    )  # fmt: skip
    even = 70 * 10 / 7
    assert wanted() == {
        "MUM": (112, pytest.approx(1 + 112 / 2.0)),
        "BLR": (100, pytest.approx(1 + even / 2.0)),
    }


def test_what_will_be_lacking_is_counted_from_today_however_old_the_forecast_is(book):
    ahead = [70.0, 70.0, 7.0] + [0.0] * 10
    DemandForecast.objects.filter(territory__code="MUM").update(
        as_of=TODAY - timedelta(days=7), weekly_mean=ahead
    )
    wanted = {one.territory: one.pieces for one in list_lacking(["S1"], TODAY, 14)}
    assert wanted == {"MUM": 77, "BLR": 140}


def test_pieces_are_shared_out_over_all_that_they_cover(book):
    row = override(factor=None, pieces=280)
    assert (row.baseline_pieces, row.adjusted_pieces) == (140, 280)
    assert [one.steps[0].mean for one in list_forecasts(sku="S1")] == [140, 140]


def test_days_of_a_forecast_add_up_to_its_weeks(book):
    override(to_date=TODAY + timedelta(days=2))
    weeks, days = list_forecasts(sku="S1")[0], list_forecasts(sku="S1", daily=True)[0]
    assert len(days.steps) == 91
    for number, week in enumerate(weeks.steps):
        assert sum(s.mean for s in days.steps[number * 7 : number * 7 + 7]) == pytest.approx(week.mean)
    assert days.steps[6].total_high == weeks.steps[0].total_high


def test_totals_are_spread_as_the_model_in_force_says_and_single_weeks_are_not(book):
    def wide() -> tuple[int, int]:
        steps = list_forecasts(sku="S1")[0].steps
        return steps[-1].total_high, steps[-1].high

    before = wide()
    plan = ForecastPlan((), common=1.0)
    ForecastModel.objects.create(
        cycle_id=1, as_of=TODAY, version=plan.version, data_from=TODAY, data_to=TODAY, series=2,
        plan=plan.as_json(), promoted=True, reason="the first model",
    )  # fmt: skip
    assert wide()[0] > 1.2 * before[0]
    assert wide()[1] == before[1]


def test_a_dropped_override_leaves_the_baseline_and_cannot_be_dropped_twice(book):
    row = override()
    drop_override(row.pk, actor=ACTOR, at=NOW)
    assert not list_forecasts(sku="S1")[0].overridden
    with pytest.raises(Refused, match="before"):
        drop_override(row.pk, actor=ACTOR, at=NOW)
    with pytest.raises(NotFound):
        drop_override(row.pk + 99, actor=ACTOR, at=NOW)


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"pieces": 3}, "factor"),
        ({"factor": None}, "factor"),
        ({"factor": 21.0}, "factor"),
        ({"reason": " "}, "reason"),
        ({"sku": "NOPE"}, "sku"),
        ({"territory": "MUM"}, "territory"),
        ({"level": "shop"}, "level"),
        ({"to_date": TODAY - timedelta(days=1), "from_date": TODAY - timedelta(days=2)}, "toDate"),
        ({"factor": None, "pieces": 5, "sku": "S2"}, "pieces"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(book, more, field):
    with pytest.raises(Invalid) as refused:
        override(**more)
    assert field in {fault.field for fault in refused.value.faults}
    assert not ForecastOverride.objects.exists()
    assert not AuditEntry.objects.filter(verb="ForecastOverridden").exists()


def test_an_override_is_measured_once_its_days_are_over(book):
    row = override()
    assert measure_overrides(at=NOW) == 0
    for place, pieces in (("MUM", 120), ("BLR", 100)):
        DailyDemand.objects.create(
            sku=book.skus["S1"], territory=book.territories[place], day=TODAY, quantity=pieces
        )
    assert measure_overrides(at=NOW + timedelta(days=8)) == 1
    row.refresh_from_db()
    assert row.actual_pieces == 220
    # baseline 140, with it 210: 70 of the 80 pieces of error were saved
    assert list_overrides()[0].value_added == pytest.approx(70 / 220)
    assert measure_overrides(at=NOW + timedelta(days=9)) == 0


# --- at the API


def test_overrides_are_set_listed_and_dropped_at_the_api(book):
    _row, secret = issue_key(name="erp", scopes=May, actor=ACTOR, at=timezone.now())
    alpha_api = APIClient(HTTP_HOST="alpha.localhost")
    alpha_api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    body = {"level": "all", "fromDate": "2026-11-23", "toDate": "2099-01-01", "factor": 2, "reason": "why"}
    made = alpha_api.post("/api/v1/forecast-overrides", body, format="json")
    assert made.status_code == 201, made.content
    told = alpha_api.get("/api/v1/forecasts?sku=S1&territory=MUM").json()["results"]
    assert [step["mean"] for step in told[0]["steps"][:2]] == [140, 140]
    listed = alpha_api.get("/api/v1/forecast-overrides").json()["results"]
    assert listed[0]["id"] == made.json()["id"]
    gone = alpha_api.delete(f"/api/v1/forecast-overrides/{made.json()['id']}")
    assert gone.json()["droppedAt"]
    assert not alpha_api.get("/api/v1/forecasts?sku=S1").json()["results"][0]["overridden"]
    bad = alpha_api.get("/api/v1/forecasts?step=hour")
    assert bad.status_code == 422 or bad.status_code == 400
    assert {fault["field"] for fault in bad.json()["errors"]} == {"sku", "step"}


def test_the_same_said_again_stands_once_until_it_is_taken_back(book):
    first = override()
    assert override(at=NOW + timedelta(minutes=1)).pk == first.pk
    assert AuditEntry.objects.filter(verb="ForecastOverridden").count() == 1
    others = [
        {"factor": 1.6},
        {"reason": "fair"},
        {"to_date": TODAY + timedelta(days=7)},
        {"level": "item", "territory": "MUM"},
        {"actor": Actor("user", "2", "Another")},
    ]
    assert len({first.pk, *(override(**other).pk for other in others)}) == 1 + len(others)
    drop_override(first.pk, actor=ACTOR, at=NOW)
    assert override().pk != first.pk


def test_of_callers_who_say_the_same_at_once_one_makes_it_and_all_hear_of_it(fresh_distributor):
    made = make_book()
    DemandForecast.objects.create(
        sku=made.skus["S1"], territory=made.territories["MUM"], cycle_id=1, as_of=TODAY, pattern="smooth",
        method="mixture", weekly_mean=[70.0] * 13, dispersion=2.0,
    )  # fmt: skip
    gate, answers = threading.Barrier(4), []

    def call() -> None:
        with tenant_context(fresh_distributor):
            gate.wait(10)
            answers.append(override().pk)
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 4
    assert len(set(answers)) == ForecastOverride.objects.count() == 1
