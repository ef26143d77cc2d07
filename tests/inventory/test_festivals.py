"""Festivals: the dated table, what is learnt of it from simulated sales, and what forecasts make of it."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.forecasting import forecast
from inventory.forecasting.effects import effects_of, list_festivals
from inventory.forecasting.effects.festivals import touched
from inventory.forecasting.effects.fit import HIGHEST, LOWEST
from inventory.forecasting.weeks import in_weeks

POLICY = AnalysisPolicy()
MAHARASHTRA, KERALA = 27, 32
DAYS = 728
DIWALI = next(one for one in list_festivals() if one.code == "diwali")


def simulated(
    as_of: date, *, uplift: float = 1.0, seed: int = 1, series: int = 40, state: int = MAHARASHTRA, days=DAYS
) -> DemandSnapshot:
    """SIMULATED sales: Poisson around a steady level, more by `uplift` on the days of Diwali's trade."""
    chance = np.random.default_rng(seed)
    first = as_of - timedelta(days=days)
    factor = np.ones(days)
    for day in DIWALI.days:
        end = (day - first).days + 1
        factor[max(end - 1 - DIWALI.lead_days, 0) : max(end, 0)] = uplift
    level = chance.gamma(2.0, 2.0, size=(series, 1)) + 0.5
    return DemandSnapshot(
        as_of=as_of,
        series_keys=tuple((f"SKU-{n:03d}", "T0") for n in range(series)),
        demand=chance.poisson(level * factor).astype(np.int32),
        in_stock=np.ones((series, days), dtype=bool),
        first_seen=np.zeros(series, dtype=np.int32),
        group=(np.arange(series) % 2).astype(np.int32),
        state=np.full(series, state, dtype=np.int32),
    )


def found_in(snapshot: DemandSnapshot):
    return effects_of(in_weeks(snapshot), snapshot.as_of, snapshot.state, POLICY.horizon_weeks)


def diwali_of(effects):
    return next((one for one in effects.festivals if one.festival == "diwali"), None)


# --- the table


def test_the_table_knows_days_of_many_years_and_where_each_festival_is_kept():
    by_code = {one.code: one for one in list_festivals()}
    assert {day.year for day in DIWALI.days} == set(range(2009, 2036))
    assert DIWALI.next_day(date(2026, 1, 1)) == date(2026, 11, 8)
    assert by_code["onam"].is_kept_in(KERALA)
    assert not by_code["onam"].is_kept_in(MAHARASHTRA)
    assert by_code["eid_al_fitr"].basis == "estimated"
    assert by_code["christmas"].days[0] == date(2009, 12, 25)
    assert not DIWALI.is_kept_in(0)


@pytest.mark.parametrize("festival", list_festivals(), ids=lambda one: one.code)
def test_every_festival_comes_every_year_of_the_table(festival):
    years = {day.year for day in festival.days}
    assert years == set(range(2009, 2036))
    assert 0 < festival.lead_days <= 14


def test_a_week_is_touched_by_the_days_of_trade_in_it():
    # 2026-11-08 is the main day, 14 days lead: from 25 October on
    shares = touched(date(2026, 10, 22), 4, [MAHARASHTRA, 0], [DIWALI])
    assert shares[0, 0] == pytest.approx([4 / 7, 1.0, 4 / 7, 0.0])
    assert not shares[0, 1].any()


# --- what is learnt


def test_a_planted_uplift_is_found_and_moves_along_with_the_festival():
    # Diwali: 2024-10-31, 2025-10-20, 2026-11-08. Two are seen; the third falls in other weeks
    snapshot = simulated(date(2026, 10, 12), uplift=1.6)
    effects = found_in(snapshot)
    told = diwali_of(effects)
    assert told is not None
    assert (told.stands, told.seen) == (True, 2)
    assert told.factors == pytest.approx([1.6, 1.6], rel=0.15)
    ahead = effects.ahead[0]
    # first week 12 to 18 October: where Diwali was the year before; not this year
    assert ahead[0] == pytest.approx(1.0, abs=0.05)
    assert ahead[2] > 1.35
    assert ahead[6] == pytest.approx(1.0, abs=0.05)


def test_the_forecast_has_the_uplift_in_its_new_weeks_and_not_twice():
    snapshot = simulated(date(2026, 10, 12), uplift=1.6)
    usual = snapshot.demand[:, -400:-60].mean() * 7 * len(snapshot.series_keys)
    weekly = forecast(snapshot, POLICY).weekly_mean.sum(axis=0) / usual
    assert weekly[0] == pytest.approx(1.0, abs=0.12)
    assert weekly[2] == pytest.approx(1.6, abs=0.25)
    assert weekly[8] == pytest.approx(1.0, abs=0.12)


def test_a_festival_just_over_does_not_raise_the_weeks_after_it():
    snapshot = simulated(date(2026, 11, 10), uplift=1.8)
    cleaned = found_in(snapshot).without(in_weeks(snapshot))
    raw = in_weeks(snapshot)
    usual = raw.sales[:, 40:90].mean()
    assert raw.sales[:, -2:].mean() > 1.5 * usual
    assert cleaned.sales[:, -2:].mean() == pytest.approx(usual, rel=0.12)


@pytest.mark.parametrize("seed", range(12))
def test_sales_without_festivals_show_none(seed):
    assert not [
        one.festival for one in found_in(simulated(date(2026, 11, 28), seed=seed)).festivals if one.stands
    ]


def test_a_festival_seen_once_is_drawn_strongly_to_none_and_says_so():
    told = diwali_of(found_in(simulated(date(2026, 10, 12), uplift=1.6, days=400)))
    assert told is not None
    assert (told.seen, told.reason) == (1, "seen_once")
    assert all(1.0 < factor < 1.6 for factor in told.factors)


def test_where_the_state_is_not_known_or_does_not_keep_it_nothing_is_found():
    assert found_in(simulated(date(2026, 10, 12), uplift=1.6, state=0)).festivals == ()
    shares = touched(date(2026, 8, 1), 8, [MAHARASHTRA])
    number = [one.code for one in list_festivals()].index("onam")
    assert not shares[number].any()


def test_an_uplift_that_last_year_had_and_this_year_has_not_is_not_used():
    snapshot = simulated(date(2026, 11, 28), uplift=2.0)
    demand = np.array(snapshot.demand)
    demand[:, -60:] = np.random.default_rng(7).poisson(demand[:, 100:200].mean(axis=1)[:, None], (40, 60))
    told = diwali_of(
        found_in(
            DemandSnapshot(
                as_of=snapshot.as_of, series_keys=snapshot.series_keys, demand=demand,
                in_stock=snapshot.in_stock, first_seen=snapshot.first_seen, group=snapshot.group,
                state=snapshot.state,
            )
        )
    )  # fmt: skip
    assert told is None or not told.stands


# --- what always holds


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from([0, MAHARASHTRA, KERALA]), st.data())
def test_effects_are_bounded_and_do_not_depend_on_the_order_of_series(seed, series, state, data):
    weeks = data.draw(st.sampled_from([10, 26, 60, 104]))
    snapshot = simulated(
        date(2026, 11, 2), seed=seed, series=series, state=state, days=7 * weeks, uplift=1 + seed % 9
    )
    history = in_weeks(snapshot)
    found = effects_of(history, snapshot.as_of, snapshot.state, 13)
    for factors in (found.past, found.ahead):
        assert np.isfinite(factors).all()
        assert LOWEST <= factors.min() <= factors.max() <= HIGHEST
    assert (found.without(history).sales >= 0).all()
    order = np.array(data.draw(st.permutations(range(series))))
    other = effects_of(history.take(order), snapshot.as_of, snapshot.state[order], 13)
    np.testing.assert_allclose(other.ahead, found.ahead[order], rtol=1e-6)
    np.testing.assert_allclose(other.past, found.past[order], rtol=1e-6)
