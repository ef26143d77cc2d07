"""Days of the week: planted profiles are found, weeks keep their sums, and even weeks stay even."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts import AnalysisPolicy, DemandDistribution, DemandSnapshot
from inventory.forecasting import forecast
from inventory.forecasting.effects import weekdays_of
from inventory.forecasting.effects.weekdays import profile
from inventory.models import ForecastModel
from inventory.selectors.forecasts import list_forecasts
from inventory.selectors.weekdays import weekday_shares
from inventory.services.forecasts import keep_forecasts
from tests.inventory.book import make_book

POLICY = AnalysisPolicy()
WEDNESDAY = date(2026, 11, 4)
#: Monday first: nothing on Sundays, twice as much on Mondays.
BUSY = np.array([2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0]) / 7.0
EVEN = np.full(7, 1.0 / 7.0)


def sold(shares: dict[str, np.ndarray], *, weeks: int = 60, series: int = 3, seed: int = 1) -> DemandSnapshot:
    """SIMULATED: SKUs that sell seventy pieces a week in each territory, on its own days."""
    chance, days = np.random.default_rng(seed), 7 * weeks
    first = WEDNESDAY - timedelta(days=days)
    weekday = (first.weekday() + np.arange(days)) % 7
    keys = tuple((f"S{n + 1}", place) for place in shares for n in range(series))
    demand = np.vstack([chance.poisson(70.0 * shares[place][weekday]) for _sku, place in keys])
    return DemandSnapshot(
        as_of=WEDNESDAY, series_keys=keys, demand=demand.astype(np.int32),
        in_stock=np.ones(demand.shape, dtype=bool),
    )  # fmt: skip


def test_each_territory_has_its_own_days_from_monday_on():
    found = weekdays_of(sold({"MUM": BUSY, "BLR": EVEN}))
    np.testing.assert_allclose(found.shares["MUM"], BUSY, atol=0.02)
    np.testing.assert_allclose(found.shares["BLR"], EVEN, atol=0.02)
    assert found.shares["MUM"][6] == 0.0
    [told] = found.told
    assert (told.effect, told.stands, told.reason) == ("weekdays", True, "tested")
    assert told.gain > 0.1


def test_a_short_history_is_drawn_to_an_even_week_and_a_very_short_one_says_nothing():
    three = profile(np.tile(70.0 * BUSY, (1, 3, 1)))[0]
    assert EVEN[0] < three[0] < BUSY[0]
    assert 0 < three[6] < EVEN[6]
    assert not weekdays_of(sold({"MUM": BUSY}, weeks=7)).shares


def test_where_days_are_alike_next_to_nothing_is_found():
    found = weekdays_of(sold({"MUM": EVEN}, seed=3))
    for week in found.shares.values():
        np.testing.assert_allclose(week, EVEN, atol=0.01)


def test_days_that_change_stand_only_where_they_foretell():
    # what was Monday's goes to another day every week
    chance = np.random.default_rng(2)
    weeks = np.zeros((60, 7))
    for week in weeks:
        week[chance.permutation(7)[:1]] = 70.0
    demand = weeks.reshape(1, -1).astype(np.int32)
    snapshot = DemandSnapshot(
        as_of=WEDNESDAY, series_keys=(("S1", "MUM"),), demand=demand, in_stock=np.ones(demand.shape, bool)
    )
    found = weekdays_of(snapshot)
    assert not found.shares or np.abs(np.array(found.shares["MUM"]) - EVEN).max() < 0.1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(0, 30), st.data())
def test_profiles_sum_to_one_and_do_not_depend_on_order(seed, places, weeks, data):
    chance = np.random.default_rng(seed)
    week = chance.poisson(1.0, size=(places, weeks, 7)) * chance.integers(0, 2, size=(places, weeks, 1))
    found = profile(week.astype(float))
    assert np.isfinite(found).all()
    assert found.min() >= 0
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    order = np.array(data.draw(st.permutations(range(places))))
    np.testing.assert_allclose(profile(week[order].astype(float)), found[order])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(0, 40))
def test_a_week_keeps_its_sum_and_days_add_up(seed, weeks, extra):
    chance = np.random.default_rng(seed)
    means, size = chance.gamma(1.0, 9.0, size=(2, weeks)), np.array([1.0, 2.0])
    within = chance.dirichlet(np.ones(7), size=2)
    plain = DemandDistribution(means, size)
    found = DemandDistribution(means, size, within=within, profile=np.array([1, 0], dtype=np.int32))
    whole = 7 * np.arange(weeks + 4)
    for rows in (0, 1):
        for one, other in zip(found.moments(rows, whole), plain.moments(rows, whole), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-9)
        days, _noise = found.moments(rows, np.arange(7 * weeks + extra))
        assert (np.diff(days) >= -1e-9).all()
    for one, other in zip(found.moments(0, np.arange(60)), found.moments(0, np.arange(60.0)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)
    first, _noise = found.moments(0, np.arange(8))
    np.testing.assert_allclose(np.diff(first), means[0, 0] * within[1], rtol=1e-6, atol=1e-9)


def test_days_that_are_alike_are_as_if_none_were_told():
    means = np.array([[7.0, 14.0]])
    even = DemandDistribution(means, np.ones(1), within=EVEN[None, :], profile=np.zeros(1))
    days = np.linspace(0, 40, 81)
    np.testing.assert_allclose(
        even.moments(0, days)[0], DemandDistribution(means, np.ones(1)).moments(0, days)[0]
    )


@pytest.mark.usefixtures("in_alpha")
def test_the_api_tells_days_as_they_are_and_the_walk_knows_them() -> None:
    make_book()
    keep_forecasts(forecast(sold({"MUM": BUSY, "BLR": EVEN}), POLICY), cycle_id=1)
    assert any(one.get("effect") == "weekdays" for one in ForecastModel.objects.get().effects)
    np.testing.assert_allclose(weekday_shares(["MUM", "NOWHERE"]), [BUSY, EVEN], atol=0.02)
    [daily] = list_forecasts(sku="S1", territory="MUM", daily=True)
    [weekly] = list_forecasts(sku="S1", territory="MUM")
    week = [step.mean for step in daily.steps[:7]]
    assert sum(week) == pytest.approx(weekly.steps[0].mean)
    by_day = {step.starts.weekday(): step for step in daily.steps[:7]}
    assert by_day[6].mean == 0
    assert by_day[6].high == 0
    assert by_day[0].mean > 1.5 * by_day[1].mean
    assert daily.steps[6].total_high == weekly.steps[0].total_high
