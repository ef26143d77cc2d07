"""What cheaper weeks make of demand: planted responses are found, bulk orders and bare chance are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.forecasting import forecast
from inventory.forecasting.effects.fit import HIGHEST, LOWEST
from inventory.forecasting.effects.prices import prices_of
from inventory.forecasting.effects.responses import below_usual, goods_of, learn_response
from inventory.forecasting.effects.trials import try_evening
from inventory.forecasting.weeks import Weeks, in_weeks
from inventory.models import DailyDemand, ForecastModel, SkuPrice
from inventory.selectors.demand import take_demand_snapshot
from inventory.services.forecasts import keep_forecasts
from tests.inventory.book import Book, make_book
from vyapar.kernel.calendar import ist_day, ist_instant

POLICY = AnalysisPolicy()
AS_OF, WEEKS, SKUS = date(2026, 11, 2), 104, 60


def offered(
    response: tuple[float, float], *, seed: int = 5, recent: bool = False
) -> tuple[DemandSnapshot, np.ndarray]:
    """SIMULATED: sixty SKUs in two categories, in one week of ten 10 to 30 % off; and pieces in a usual week.

    `recent`: the last four weeks were all at 30 % off.
    """
    chance = np.random.default_rng(seed)
    group = np.arange(SKUS) % 2
    level = chance.gamma(3.0, 2.0, SKUS) + 1.0
    off = np.where(chance.random((SKUS, WEEKS)) < 0.1, chance.choice([0.1, 0.2, 0.3], (SKUS, WEEKS)), 0.0)
    if recent:
        off[:, -4:] = 0.3
    factor = 1.0 + np.array(response)[group][:, None] * off
    demand = chance.poisson(np.repeat(level[:, None] * factor, 7, axis=1)).astype(np.int32)
    paid = (1_000.0 + 50.0 * np.arange(SKUS))[:, None] * (1.0 - off)
    snapshot = DemandSnapshot(
        as_of=AS_OF, series_keys=tuple((f"SKU-{n:03d}", "T0") for n in range(SKUS)), demand=demand,
        in_stock=np.ones(demand.shape, dtype=bool), group=group, paid_paise=paid.astype(np.float32),
    )  # fmt: skip
    return snapshot, 7 * level


def test_the_response_of_each_category_is_found():
    snapshot, _level = offered((2.0, 4.0))
    goods = goods_of(in_weeks(snapshot), np.arange(SKUS), snapshot.paid_paise)
    np.testing.assert_allclose(learn_response(goods, WEEKS), [2.0, 4.0], rtol=0.15)


def test_what_an_offer_sold_does_not_raise_the_weeks_after_it():
    snapshot, level = offered((2.5, 2.5), recent=True)
    found = forecast(snapshot, POLICY)
    [told] = [one for one in found.effects if one.effect == "price"]
    assert (told.stands, told.reason) == (True, "tested")
    assert told.figure == pytest.approx(2.5, rel=0.15)
    blind = forecast(replace(snapshot, paid_paise=np.zeros(0)), POLICY)
    # one week of ten at 20 % off goes on adding 5 %
    assert found.weekly_mean.mean(axis=1).sum() == pytest.approx(1.05 * level.sum(), rel=0.05)
    assert blind.weekly_mean.mean(axis=1).sum() > 1.15 * level.sum()


def test_a_price_known_to_come_is_answered():
    snapshot, _level = offered((2.5, 2.5))
    ahead = np.zeros((SKUS, 13))
    ahead[0, 4:] = 0.2
    ahead[1, 4:] = -0.1
    found = prices_of(in_weeks(snapshot), np.arange(SKUS), snapshot.paid_paise, ahead).ahead
    np.testing.assert_allclose(found[0], [1.0] * 4 + [1.5] * 9, rtol=0.08)
    np.testing.assert_allclose(found[1], [1.0] * 4 + [0.75] * 9, rtol=0.08)
    np.testing.assert_allclose(found[2:], 1.0)


@pytest.mark.parametrize("seed", [0, 1, 2, 5])
def test_offers_that_nobody_answers_are_no_effect(seed):
    snapshot, _level = offered((0.0, 0.0), seed=seed)
    found = prices_of(in_weeks(snapshot), np.arange(SKUS), snapshot.paid_paise, np.full((SKUS, 13), 0.2))
    assert not found.told
    assert (found.past == 1.0).all()
    assert (found.ahead == 1.0).all()


def test_a_response_beyond_belief_does_not_stand():
    snapshot, _level = offered((7.5, 7.5))
    found = prices_of(in_weeks(snapshot), np.arange(SKUS), snapshot.paid_paise, np.full((SKUS, 13), 0.2))
    told = found.told[0]
    assert (told.stands, told.reason) == (False, "unlikely")
    assert (found.ahead == 1.0).all()


def in_places(snapshot: DemandSnapshot, shares: tuple[float, ...]) -> Weeks:
    """The same sales dealt to several places of each SKU."""
    weeks, chance = in_weeks(snapshot), np.random.default_rng(6)
    dealt = chance.multinomial(weeks.sales.astype(int), shares)  # (SKUs, weeks, places)
    sales = np.moveaxis(dealt, 2, 1).reshape(-1, weeks.count).astype(float)
    many = len(shares)
    return Weeks(sales, np.ones(sales.shape), np.repeat(weeks.start, many), np.repeat(weeks.group, many))


@pytest.mark.parametrize(("shares", "stands"), [((0.25,) * 4, True), ((0.97, 0.01, 0.01, 0.01), False)])
def test_a_large_response_is_believed_where_all_places_answer(shares, stands):
    snapshot, _level = offered((7.5, 7.5))
    sku = np.repeat(np.arange(SKUS), len(shares))
    paid = np.repeat(snapshot.paid_paise, len(shares), axis=0)
    found = prices_of(in_places(snapshot, shares), sku, paid, np.full((sku.size, 13), 0.2)).told[0]
    assert (found.stands, found.reason) == ((True, "tested") if stands else (False, "unlikely"))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_large_orders_with_a_price_of_their_own_do_not_lower_what_is_expected(seed):
    """SIMULATED: in one week of ten an order as large as a week comes in, at 20 % off."""
    snapshot, level = offered((0.0, 0.0), seed=seed)
    large = np.random.default_rng(seed).random((SKUS, WEEKS)) < 0.1
    weeks = in_weeks(snapshot)
    weeks.sales[large] += np.broadcast_to(level[:, None], large.shape)[large]
    paid = np.where(large, 800.0, 1_000.0)
    found = prices_of(weeks, np.arange(SKUS), paid, np.zeros((SKUS, 13)))
    told = found.told[0]
    assert told.stands  # who cannot tell them from offers may even them out
    even = found.without(weeks).sales
    assert even.sum() == pytest.approx(weeks.sales.sum(), rel=0.02)
    assert even[large].mean() < 0.6 * weeks.sales[large].mean()


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("response", [1.0, 2.0, 5.0])
def test_a_planted_response_is_found_and_stands_whatever_the_seed(seed, response):
    snapshot, _level = offered((response, response), seed=seed)
    found = prices_of(in_weeks(snapshot), np.arange(SKUS), snapshot.paid_paise, np.zeros((SKUS, 13)))
    told = found.told[0]
    assert (told.stands, told.figure) == (True, pytest.approx(response, rel=0.15))


def test_a_response_of_goods_that_sell_seldom_stands_though_single_series_say_little():
    """SIMULATED: 600 SKUs that sell a piece in three weeks on the mean, in one week of ten at 20 % off."""
    chance = np.random.default_rng(7)
    off = np.where(chance.random((600, WEEKS)) < 0.1, 0.2, 0.0)
    sales = chance.poisson(0.3 * (1.0 + 4.0 * off)).astype(np.float64)
    weeks = Weeks(sales, np.ones_like(sales), np.zeros(600, np.int64), np.zeros(600, np.int32))
    found = prices_of(weeks, np.arange(600), 1_000.0 * (1.0 - off), np.full((600, 13), 0.1))
    told = {one.effect: one for one in found.told}
    assert told["price"].stands
    assert told["price"].figure == pytest.approx(4.0, rel=0.2)
    np.testing.assert_allclose(found.ahead, 1.0 + 0.1 * told["price"].figure, rtol=0.02)


def test_levels_are_evened_out_only_where_single_series_gain_by_it():
    """SIMULATED: where weeks are cheap by chance evening out gains; where cheap follows cheap it loses."""
    told = {}
    for name, lasting in (("chance", 1), ("lasting", 13)):
        chance = np.random.default_rng(11)
        level = chance.gamma(3.0, 7.0, SKUS) + 7.0
        blocks = np.repeat(chance.random((SKUS, WEEKS // lasting + 1)) < 0.2, lasting, axis=1)
        off = np.where(blocks[:, 5 : 5 + WEEKS], 0.3, 0.0)
        sales = chance.poisson(level[:, None] * (1.0 + 3.0 * off)).astype(np.float64)
        weeks = Weeks(sales, np.ones_like(sales), np.zeros(SKUS, np.int64), np.zeros(SKUS, np.int32))
        goods = goods_of(weeks, np.arange(SKUS), 1_000.0 * (1.0 - off))
        told[name] = try_evening(weeks, replace(goods, off=off), 26)
    assert told["chance"].with_it < told["chance"].without
    assert told["lasting"].with_it > told["lasting"].without


def test_a_price_that_changed_for_good_is_usual_on_either_side():
    paid = np.full((1, 60), 100.0)
    paid[0, 30:] = 80.0
    paid[0, 45] = 60.0
    off = below_usual(paid)
    assert off[0, 45] == pytest.approx(0.25)
    assert np.count_nonzero(off) <= 1


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 6), st.sampled_from([5, 26, 60]), st.data())
def test_prices_are_bounded_and_do_not_depend_on_the_order_of_series(seed, series, count, data):
    chance = np.random.default_rng(seed)
    demand = chance.poisson(4.0, size=(series, 7 * count)).astype(np.int32)
    snapshot = DemandSnapshot(
        as_of=AS_OF, series_keys=tuple((f"S{n}", "T") for n in range(series)), demand=demand,
        in_stock=np.ones(demand.shape, bool), group=np.arange(series) % 2,
    )  # fmt: skip
    weeks = in_weeks(snapshot)
    deal = chance.random((series, count)) < 0.2
    weeks.sales[deal] *= 1 + seed % 5
    paid = np.where(deal, 60.0, 100.0) * (chance.random((series, count)) < 0.9)
    ahead = chance.uniform(-0.75, 0.75, size=(series, 13))
    sku = np.arange(series)
    found = prices_of(weeks, sku, paid, ahead)
    for factors in (found.past, found.ahead):
        assert np.isfinite(factors).all()
        assert LOWEST <= factors.min() <= factors.max() <= HIGHEST
    assert (found.without(weeks).sales >= 0).all()
    order = np.array(data.draw(st.permutations(range(series))))
    other = prices_of(weeks.take(order), sku[order], paid[order], ahead[order])
    np.testing.assert_allclose(other.past, found.past[order], rtol=1e-9)
    np.testing.assert_allclose(other.ahead, found.ahead[order], rtol=1e-9)


# --- from the database


@pytest.fixture
def book(in_alpha) -> Book:
    return make_book()


def test_the_price_of_a_week_is_the_middle_of_its_days_and_one_large_order_does_not_move_it(
    book: Book,
) -> None:
    today = ist_day(ist_instant(AS_OF))
    days = ((20, 1, 100), (6, 1, 100), (5, 1, 100), (4, 900, 60), (3, 2, 100))
    for ago, pieces, price in days:
        DailyDemand.objects.create(
            sku=book.skus["S1"], territory=book.territories["MUM"], day=today - timedelta(days=ago),
            quantity=pieces, revenue_paise=pieces * price,
        )  # fmt: skip
    found = take_demand_snapshot(ist_instant(today), POLICY)
    row = found.series_keys.index(("S1", "MUM"))
    # one day alone tells too little
    assert found.paid_paise[row].tolist() == [0.0, 100.0]


def test_a_price_to_come_is_known_ahead_but_not_of_the_past(book: Book) -> None:
    today = ist_day(timezone.now())
    sku = book.skus["S1"]
    sku.trade_price_paise = 1_000
    sku.save()
    for ago in (40, 20, 1):
        DailyDemand.objects.create(
            sku=sku, territory=book.territories["MUM"], day=today - timedelta(days=ago), quantity=3
        )
    SkuPrice.objects.create(sku=sku, valid_from=today + timedelta(days=14), trade_price_paise=900)
    found = take_demand_snapshot(ist_instant(today), POLICY)
    row = found.series_keys.index(("S1", "MUM"))
    np.testing.assert_allclose(found.off_ahead[row, :4], [0.0, 0.0, 0.1, 0.1])
    earlier = take_demand_snapshot(ist_instant(today - timedelta(days=10)), POLICY)
    assert earlier.off_ahead.shape[1] == 0


def test_the_record_of_a_training_says_whether_prices_stand(book: Book) -> None:
    snapshot, _level = offered((2.5, 2.5))
    keys = tuple((f"S{n + 1}", "MUM") for n in range(3))
    some = replace(
        snapshot, series_keys=keys, demand=snapshot.demand[:3], in_stock=snapshot.in_stock[:3],
        first_seen=snapshot.first_seen[:3], group=snapshot.group[:3], state=snapshot.state[:3],
        delisted_day=snapshot.delisted_day[:3], heir=snapshot.heir[:3], brand=snapshot.brand[:3],
        pack=snapshot.pack[:3], price_paise=snapshot.price_paise[:3], paid_paise=snapshot.paid_paise[:3],
        off_ahead=snapshot.off_ahead[:3], arrived=snapshot.arrived[:3],
        corrected=snapshot.corrected[:3],
    )  # fmt: skip
    keep_forecasts(forecast(some, POLICY), cycle_id=1)
    [told] = [one for one in ForecastModel.objects.get().effects if one.get("effect") == "price"]
    assert told["stands"] in (True, False)
    assert told["figure"] > 1
