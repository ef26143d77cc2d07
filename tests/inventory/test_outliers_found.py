"""Weeks that stand out of past demand: what is told of, what is not, and what explains a week."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.contracts import AnalysisPolicy
from inventory.contracts.demand import DemandSnapshot
from inventory.contracts.offers import SeriesOffer
from inventory.forecasting import forecast
from inventory.forecasting.effects import Effects, Lineage, Prices
from inventory.forecasting.methods import MIXTURE
from inventory.forecasting.outliers import AHEAD, LIFT, LOOKED_AT, PIECES, find_outliers, unusual
from inventory.forecasting.outlying import outliers_of
from inventory.forecasting.weeks import Weeks, in_weeks
from tests.inventory.test_festivals_kept import festive

AS_OF = date(2026, 6, 15)  # no festival's trade in the weeks before it that are looked at closely
POLICY = AnalysisPolicy()
SERIES = 12
HUNDRED = settings(max_examples=100, deadline=None)


def weekly(sales, seen=None) -> Weeks:
    sales = np.atleast_2d(np.asarray(sales, dtype=float))
    share = np.ones_like(sales) if seen is None else np.asarray(seen, dtype=float)
    start = (np.cumsum(share > 0, axis=1) == 0).sum(axis=1)
    return Weeks(sales, share, start.astype(np.int64), np.zeros(len(sales), dtype=np.int32))


def level(weeks: Weeks, _rows) -> np.ndarray:
    return MIXTURE.level(weeks, [weeks.count])[0]


def told(sales, seen=None) -> set[tuple[int, int]]:
    weeks = weekly(sales, seen)
    found = find_outliers(weeks, weeks.rate(), level)
    return set(zip(found.row.tolist(), found.week.tolist(), strict=True))


def noisy(seed: int, series: int = 5, count: int = 52, mean: float = 20.0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return chance.poisson(chance.uniform(0.2, mean, (series, 1)), (series, count)).astype(float)


seeds = st.integers(0, 2**32 - 1)


# --- what must hold of any series


@HUNDRED
@given(st.integers(0, 10_000), st.integers(0, 60), st.floats(0.0, 0.2), seeds)
@example(0, 52, 0.0, 0)
@example(1, 27, 0.0, 0)
def test_a_steady_series_is_never_told_of(pieces, count, strays, seed):
    chance = np.random.default_rng(seed)
    sales = np.round(pieces * (1.0 + chance.uniform(-strays, strays, (3, count))))
    assert told(sales) == set()


@HUNDRED
@given(seeds, st.integers(2, 144), st.integers(3, 40))
def test_pieces_counted_in_packs_stand_out_in_the_same_weeks(seed, pack, times):
    sales = noisy(seed)
    sales[0, 40] = times * (1 + sales[0].mean())
    one, many = (set(zip(*(part.tolist() for part in unusual(w, w.rate())[:2]), strict=True))
                 for w in (weekly(sales), weekly(sales * pack)))  # fmt: skip
    assert one == many


@HUNDRED
@given(seeds, st.randoms(use_true_random=False))
def test_the_order_of_the_series_does_not_matter(seed, shuffle):
    sales = noisy(seed, series=8)
    sales[np.arange(8), np.random.default_rng(seed).integers(26, 52, 8)] *= 9
    order = list(range(8))
    shuffle.shuffle(order)
    assert {(order[row], week) for row, week in told(sales[order])} == told(sales)


@HUNDRED
@given(st.integers(0, 60), st.integers(0, 3), seeds)
@example(52, 1, 0)
@example(0, 0, 0)
def test_zeros_gaps_and_short_histories_are_safe_and_figures_finite(count, sold, seed):
    chance = np.random.default_rng(seed)
    sales = np.zeros((4, count))
    for row in range(4):
        some = chance.permutation(count)[:sold]
        sales[row, some] = chance.integers(1, 10**6, some.size)
    weeks = weekly(sales, (chance.random((4, count)) < 0.5).astype(float))
    found = find_outliers(weeks, weeks.rate(), level)
    assert np.isfinite([*found.usual, *found.adds]).all()
    assert (np.diff(found.adds) <= 0).all()


@HUNDRED
@given(seeds)
def test_what_is_told_of_lies_in_the_half_year_and_matters(seed):
    sales = noisy(seed, series=6, count=70)
    chance = np.random.default_rng(seed)
    for _ in range(4):
        sales[np.arange(6), chance.integers(0, 70, 6)] *= chance.integers(2, 12, 6)
    weeks = weekly(sales)
    found = find_outliers(weeks, weeks.rate(), level)
    assert (found.week >= 70 - LOOKED_AT).all()
    for row, week, usual, adds in zip(found.row, found.week, found.usual, found.adds, strict=True):
        plain = sales[[row]].copy()
        plain[0, week] = usual
        without = AHEAD * level(weekly(plain), None)[0]
        assert adds == pytest.approx(AHEAD * level(weekly(sales[[row]]), None)[0] - without)
        assert adds >= PIECES or adds >= LIFT * without


# --- named weeks


def test_a_bulk_week_is_told_of_with_what_is_usual():
    sales = noisy(1, series=1, mean=30.0)
    sales[0, 45] = 400.0
    weeks = weekly(sales)
    found = find_outliers(weeks, weeks.rate(), level)
    assert found.week.tolist() == [45]
    assert found.usual[0] == pytest.approx(np.delete(sales[0], 45)[-26:].mean(), rel=0.02)


def test_two_bulk_weeks_do_not_hide_each_other():
    sales = noisy(2, series=1, mean=30.0)
    sales[0, [38, 47]] = 400.0
    assert told(sales) == {(0, 38), (0, 47)}


def test_a_rise_that_stays_is_no_outlier():
    sales = noisy(3, series=1, mean=30.0)
    sales[0, 40:] += 300.0
    assert told(sales) == set()


def test_what_came_in_the_same_week_a_year_ago_is_season():
    sales = noisy(4, series=2, count=104, mean=30.0)
    sales[:, 95] += 500.0
    sales[1, 95 - 52 + 1] += 600.0
    assert told(sales) == {(0, 95)}


def test_a_bulk_week_older_than_half_a_year_and_one_that_nobody_saw_are_left_alone():
    sales = noisy(5, series=2, mean=30.0)
    sales[0, 20] += 500.0
    sales[1, 45] += 500.0
    seen = np.ones_like(sales)
    seen[1, 45] = 0.0
    assert told(sales, seen) == set()


def test_where_not_three_weeks_of_the_year_sold_nothing_is_usual():
    sales = np.zeros((2, 52))
    sales[0, [30, 48]] = 4, 500
    sales[1, [3, 30, 48]] = 4, 4, 500
    assert told(sales) == {(1, 48)}


def test_chance_alone_is_told_of_about_as_often_as_it_says():
    sales = np.random.default_rng(6).exponential(100.0, (20_000, 52))
    row, _week, _usual = unusual(weekly(sales), sales)
    assert 10 <= 1_000 * np.unique(row).size / len(sales) <= 20


# --- what explains a week


def snapshot(bulk: int, **more) -> DemandSnapshot:
    """Twelve series of two years, 5 pieces a day; of the first, `bulk` pieces more on day 30 from the end."""
    chance = np.random.default_rng(7)
    demand = chance.poisson(5, (SERIES, 728)).astype(np.int32)
    demand[0, -30] += bulk
    keys = tuple((f"S{SERIES - row:02d}", "MUM") for row in range(SERIES))
    stocked = np.ones(demand.shape, dtype=bool)
    return DemandSnapshot(as_of=AS_OF, series_keys=keys, demand=demand, in_stock=stocked, **more)


def test_the_forecast_tells_its_outliers_by_day_and_in_pieces_as_sold():
    one = snapshot(700)
    (found,) = forecast(one, POLICY).outliers
    first = AS_OF - timedelta(days=35)
    assert (found.series, found.first, found.last) == (0, first, first + timedelta(days=6))
    assert found.sold == one.demand[0, -35:-28].sum()
    assert found.usual == pytest.approx(35, rel=0.1)
    assert found.adds > 100
    assert found.explained == {}
    assert forecast(snapshot(0), POLICY).outliers == ()


def test_pieces_of_an_own_offer_explain_so_many():
    def seen(pieces: int):
        offer = SeriesOffer(0, -31, -29, 0.2, pieces, 3)
        return forecast(snapshot(700, offers=(offer,)), POLICY).outliers

    assert seen(700) == ()
    assert [one.explained["offer"] for one in seen(100)] == [100.0]


def test_a_lower_price_explains_what_the_largest_response_could():
    paid = np.full((SERIES, 104), 1_000, dtype=np.float32)
    paid[:, 104 - 5] = 600  # 40 % off: four times its plain demand at the most, and never more than thrice
    assert [
        one.explained["cheaper"] for one in forecast(snapshot(700, paid_paise=paid), POLICY).outliers
    ] == [pytest.approx(0.4)]
    assert forecast(snapshot(75, paid_paise=paid), POLICY).outliers == ()
    assert len(forecast(snapshot(75), POLICY).outliers) == 1


def test_a_festival_that_moves_demand_explains_its_weeks_but_no_bulk_order_in_them():
    known = festive(2.5, date(2026, 12, 14))
    unknown = replace(known, state=np.zeros(6, dtype=np.int32))
    assert forecast(known, POLICY).outliers == ()
    assert len(forecast(unknown, POLICY).outliers) >= 6
    demand = known.demand.copy()
    diwali = known.days - (date(2026, 12, 14) - date(2026, 11, 7)).days
    demand[2, diwali] += 3_000
    (found,) = forecast(replace(known, demand=demand), POLICY).outliers
    assert found.series == 2
    assert found.explained["festival"] > 1.3


def test_what_has_left_the_list_is_not_told_of():
    one = snapshot(700)
    off = np.array([-3, *[2**30] * (SERIES - 1)], dtype=np.int32)
    assert forecast(replace(one, delisted_day=off), POLICY).outliers == ()


@pytest.mark.parametrize(("own_bulk", "handed_bulk"), [(0, 700), (700, 0)])
def test_of_a_week_that_another_handed_over_only_its_own_part_stands_out(own_bulk, handed_bulk):
    """The last weeks of a forerunner lie in the history of its heir, which sold beside it."""
    one = snapshot(own_bulk)
    own = in_weeks(one)
    sales = own.sales.copy()
    sales[0, 98:100] += 35
    sales[0, 99] += handed_bulk
    weeks = replace(own, sales=sales)
    ones, ahead = np.ones(own.sales.shape), np.ones((SERIES, 13))
    line = Lineage(weeks, np.full(SERIES, 2**31), ahead, np.full(SERIES, -1), 1.0)
    known = line, Prices(ones, ahead), Effects(ones, ahead)
    found = outliers_of(one, np.arange(SERIES), own, weeks, known, (), level)
    assert [one.series for one in found] == ([0] if own_bulk else [])


def test_an_outlier_under_another_order_is_the_same():
    one = snapshot(700)
    other = replace(
        one, series_keys=one.series_keys[::-1], demand=one.demand[::-1], in_stock=one.in_stock[::-1],
        first_seen=one.first_seen[::-1], arrived=one.arrived[::-1], group=one.group[::-1],
        state=one.state[::-1], delisted_day=one.delisted_day[::-1], heir=one.heir[::-1],
        brand=one.brand[::-1], pack=one.pack[::-1], price_paise=one.price_paise[::-1],
        paid_paise=one.paid_paise[::-1], corrected=one.corrected[::-1], off_ahead=one.off_ahead[::-1],
    )  # fmt: skip
    (first,), (second,) = forecast(one, POLICY).outliers, forecast(other, POLICY).outliers
    assert replace(first, series=SERIES - 1) == second
