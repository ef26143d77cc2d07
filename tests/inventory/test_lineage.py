"""SKUs that leave, that follow and that are new: learnt from simulated sales, and told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.contracts.demand import NOT_DELISTED
from inventory.forecasting import forecast
from inventory.forecasting.effects import Goods, lineage_of, newcomers_of
from inventory.forecasting.levels import begun, moving_average, pooled
from inventory.forecasting.weeks import Weeks, in_weeks
from inventory.models import DemandForecast, ForecastModel
from inventory.selectors.demand import take_demand_snapshot
from inventory.selectors.sku import get_sku
from inventory.serializers.demand_words import rests_words
from inventory.services.forecasts import keep_forecasts
from tests.inventory.book import Book, make_book
from tests.inventory.test_festivals_kept import festive
from vyapar.kernel.calendar import ist_day, ist_instant

POLICY = AnalysisPolicy()
AS_OF, DAYS, PAIRS = date(2026, 11, 2), 364, 10


def leaving(*, kept: float = 0.6, handed: float = 1.0, seed: int = 1, ahead: int = 0) -> DemandSnapshot:
    """SIMULATED: ten SKUs that leave one after the other, their heirs, and ten that stay.

    After a SKU left, each week keeps `kept` of its demand and its heir has `handed` of it. The last two
    leave `ahead` days from now when that is not 0.
    """
    chance = np.random.default_rng(seed)
    level = chance.gamma(4.0, 2.0, size=3 * PAIRS) + 3.0
    demand = chance.poisson(level[:, None], size=(3 * PAIRS, DAYS)).astype(np.int32)
    first = np.zeros(3 * PAIRS, dtype=np.int32)
    off = np.full(3 * PAIRS, NOT_DELISTED, dtype=np.int32)
    heir = np.full(3 * PAIRS, -1, dtype=np.int32)
    for old in range(PAIRS):
        new, ago = PAIRS + old, 21 + 28 * old
        heir[old] = new
        if ahead and old >= PAIRS - 2:
            off[old] = ahead
            continue
        off[old], first[new], left = -ago, DAYS - ago, np.arange(ago)
        demand[old, DAYS - ago :] = chance.poisson(level[old] * kept ** (left / 7))
        demand[new, : DAYS - ago] = 0
        demand[new, DAYS - ago :] = chance.poisson(level[old] * handed, size=ago)
    return DemandSnapshot(
        as_of=AS_OF, series_keys=tuple((f"SKU-{n:03d}", "T0") for n in range(3 * PAIRS)), demand=demand,
        in_stock=np.ones(demand.shape, dtype=bool), first_seen=first, delisted_day=off, heir=heir,
    )  # fmt: skip


def told(found, effect: str):
    return next(one for one in found.effects if one.effect == effect)


def test_what_left_fades_as_it_was_seen_to_and_its_heir_has_all_of_its_demand():
    snapshot = leaving()
    found = forecast(snapshot, POLICY)
    assert told(found, "fading").figure == pytest.approx(0.6, abs=0.1)
    assert told(found, "fading").stands
    assert told(found, "handover").figure == pytest.approx(1.0, abs=0.15)
    assert told(found, "handover").stands
    assert found.weekly_mean[1:PAIRS].sum(axis=0).max() < 10
    before = 7 * snapshot.demand[0, : DAYS - 21].mean()
    # three weeks of its own, and the history of what it follows: with what the other still sells, once
    joint = found.weekly_mean[PAIRS] + found.weekly_mean[0]
    np.testing.assert_allclose(joint, before, rtol=0.12)
    assert found.rests_on[PAIRS]["after"] == ["SKU-000"]


def test_a_part_of_the_demand_is_handed_over_when_only_a_part_was_seen_to_pass():
    found = forecast(leaving(handed=0.5), POLICY)
    assert told(found, "handover").figure == pytest.approx(0.6, abs=0.15)


def test_an_heir_that_came_while_its_forerunner_was_out_of_stock_keeps_what_it_saw():
    """Pieces sold in a week that nobody saw would be a pace without end."""
    snapshot = leaving()
    first, demand, in_stock = snapshot.first_seen.copy(), snapshot.demand.copy(), snapshot.in_stock.copy()
    for old in range(PAIRS):
        came = DAYS - (21 + 28 * old) - 14
        first[PAIRS + old] = came
        demand[PAIRS + old, came : came + 14] = 5
        demand[old, came:], in_stock[old, came:] = 0, False
    mixed = replace(snapshot, first_seen=first, demand=demand, in_stock=in_stock)
    weeks = in_weeks(mixed)
    found = lineage_of(weeks, mixed.delisted_day, mixed.heir, POLICY.horizon_weeks)
    assert any(one.effect == "handover" and one.stands for one in found.told)
    assert not ((found.weeks.sales > 0) & (found.weeks.seen <= 0)).any()


def test_what_leaves_later_hands_over_then():
    snapshot = leaving(ahead=42)
    found = forecast(snapshot, POLICY)
    old, new = found.weekly_mean[PAIRS - 1], found.weekly_mean[2 * PAIRS - 1]
    usual = 7 * snapshot.demand[[PAIRS - 1, 2 * PAIRS - 1]].mean(axis=1)
    assert old[:6] == pytest.approx(usual[0], rel=0.1)
    assert new[:6] == pytest.approx(usual[1], rel=0.1)
    assert old[12] < 0.1 * usual[0]
    assert old[12] + new[12] == pytest.approx(usual.sum(), rel=0.12)


def test_goods_called_delisted_that_go_on_selling_do_not_fade():
    snapshot = replace(leaving(), heir=np.full(3 * PAIRS, -1, dtype=np.int32))
    demand = snapshot.demand.copy()
    demand[:PAIRS] = np.random.default_rng(2).poisson(12.0, size=(PAIRS, DAYS))
    found = forecast(replace(snapshot, demand=demand), POLICY)
    assert not told(found, "fading").stands
    np.testing.assert_allclose(found.weekly_mean[:PAIRS], 84.0, rtol=0.15)


def test_an_heir_that_gained_nothing_takes_nothing_over():
    snapshot = leaving()
    demand = snapshot.demand.copy()
    demand[PAIRS : 2 * PAIRS] = np.random.default_rng(2).poisson(12.0, size=(PAIRS, DAYS))
    found = forecast(replace(snapshot, demand=demand, first_seen=np.zeros(3 * PAIRS, np.int32)), POLICY)
    assert told(found, "handover").figure < 0.35
    np.testing.assert_allclose(found.weekly_mean[PAIRS : 2 * PAIRS], 84.0, rtol=0.25)


def test_without_any_that_leaves_nothing_is_looked_for():
    plain = replace(leaving(), delisted_day=np.zeros(0), heir=np.zeros(0))
    looked_for = {one.effect for one in forecast(plain, POLICY).effects}
    assert not looked_for & {"fading", "handover"}


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 7), st.sampled_from([3, 9, 40]), st.data())
def test_lineage_loses_no_sign_and_does_not_depend_on_order(seed, series, count, data):
    chance = np.random.default_rng(seed)
    demand = chance.poisson(3.0, size=(series, 7 * count)).astype(np.int32)
    off = np.array(data.draw(st.lists(st.integers(-400, 200), min_size=series, max_size=series)), np.int32)
    heir = np.array(data.draw(st.lists(st.integers(-1, series - 1), min_size=series, max_size=series)))
    snapshot = DemandSnapshot(
        as_of=AS_OF, series_keys=tuple((f"S{n}", "T") for n in range(series)), demand=demand,
        in_stock=np.ones(demand.shape, bool),
    )  # fmt: skip
    weeks = in_weeks(snapshot)
    found = lineage_of(weeks, off, heir.astype(np.int32), 13)
    means = chance.gamma(2.0, 4.0, size=(series, 13))
    passed = found.passed_on(means)
    assert np.isfinite(passed).all()
    assert passed.min() >= 0
    assert (found.weeks.sales >= 0).all()
    assert 0 <= found.handed <= 1
    # what is handed over was there before: no more than all means together
    assert (passed.sum(axis=0) <= means.sum(axis=0) + 1e-6).all()
    order = np.array(data.draw(st.permutations(range(series))))
    back = np.argsort(order)
    turned = np.where(heir[order] >= 0, back[heir[order]], -1).astype(np.int32)
    other = lineage_of(weeks.take(order), off[order], turned, 13)
    if len(set(off.tolist())) == series:
        np.testing.assert_allclose(other.passed_on(means[order]), passed[order], rtol=1e-6, atol=1e-9)


# --- what is new


def launched(*, alike: bool = True, seed: int = 3) -> DemandSnapshot:
    """SIMULATED: forty brands at their own levels; of each two SKUs are old and one began in the last year.

    When `alike`, a new SKU sells as its brand does; otherwise as no one does.
    """
    chance = np.random.default_rng(seed)
    brands = 40
    level = np.repeat(chance.gamma(1.0, 6.0, size=brands) + 0.3, 4)
    new = np.arange(4 * brands) % 4 == 3
    if not alike:
        level[new] = chance.permutation(level[new]) * 0.02
    demand = chance.poisson(level[:, None], size=(4 * brands, DAYS)).astype(np.int32)
    first = np.zeros(4 * brands, dtype=np.int32)
    first[new] = DAYS - 10 - 7 * np.arange(brands)
    demand[np.arange(DAYS) < first[:, None]] = 0
    return DemandSnapshot(
        as_of=AS_OF, series_keys=tuple((f"SKU-{n:03d}", "T0") for n in range(4 * brands)), demand=demand,
        in_stock=np.ones(demand.shape, dtype=bool), first_seen=first,
        brand=np.repeat(np.arange(brands), 4), price_paise=np.repeat(1_000 + 37 * np.arange(brands), 4),
    )  # fmt: skip


def test_a_new_sku_is_forecast_by_those_alike_and_more_widely():
    snapshot = launched()
    found = forecast(snapshot, POLICY)
    one = told(found, "alike")
    assert (one.stands, one.reason) == (True, "tested")
    assert one.gain > 0.05
    assert set(found.rests_on[3]["alike"]) >= {"SKU-000", "SKU-001", "SKU-002"}
    assert rests_words(found.rests_on[3])[0].startswith("New here: expected as sold by 6 similar SKUs")
    plain = forecast(replace(snapshot, brand=np.zeros(0), price_paise=np.zeros(0)), POLICY)
    assert found.dispersion[3] < plain.dispersion[0]


def test_own_weeks_take_over():
    snapshot = launched()
    weeks = in_weeks(snapshot)
    goods = Goods(
        np.zeros(weeks.series, np.int64), snapshot.group, snapshot.brand, snapshot.price_paise, snapshot.pack
    )
    young = np.flatnonzero(np.arange(weeks.series) % 4 == 3)[:6]
    sold = weeks.sales.copy()
    sold[young] *= 10.0  # they sell ten times what their like does
    new = np.zeros(weeks.series, bool)
    new[young] = True
    found = newcomers_of(replace(weeks, sales=sold), goods, new, POLICY.new_days, 4)
    if not found.rows.size:
        pytest.fail("those alike did not stand")
    like = np.array([weeks.rate()[list(near)][:, -26:].mean() for near in found.alike])
    over = found.means.mean(axis=1) / like
    extra = found.extra[np.argsort(found.rows)]
    assert over[np.argmax(found.rows)] > over[np.argmin(found.rows)]
    assert extra[-1] < extra[0] * 3


def test_where_what_looks_alike_sells_otherwise_it_is_not_used():
    found = forecast(launched(alike=False), POLICY)
    assert not told(found, "alike").stands
    assert not any("alike" in one for one in found.rests_on.values())


# --- what is known since its first order


def begun_by_order(*, chance_of_a_week: float = 0.15, series: int = 4_000, seed: int = 8) -> Weeks:
    """SIMULATED: goods that sell in few weeks, orders of very unlike sizes, each known since its first."""
    chance = np.random.default_rng(seed)
    week = np.arange(120)
    usual = chance.gamma(0.8, 30.0, size=(series, 1)) + 1
    orders = np.ceil(usual * chance.gamma(2.0, 0.5, (series, 120)))
    asked = week >= chance.integers(0, 120, size=(series, 1))  # nobody knew of them before
    sales = np.where(asked & (chance.random((series, 120)) < chance_of_a_week), orders, 0.0)
    start = np.where(sales.any(axis=1), np.argmax(sales > 0, axis=1), 120)
    seen = (week >= start[:, None]).astype(float)
    return Weeks(sales, seen, start, np.zeros(series, np.int32))


def test_of_what_is_known_since_an_order_that_order_says_nothing_of_how_often_they_come():
    weeks = begun_by_order()
    young = (weeks.start < 100) & (weeks.start > 92)
    sold = weeks.sales[young, 100:].sum()
    told, usual = (level(weeks, [100])[0][young].sum() * 20 for level in (begun, moving_average(8)))
    assert told == pytest.approx(sold, rel=0.15)
    assert usual > 1.5 * sold


def test_what_followed_an_order_is_known_from_nothing_later():
    weeks = begun_by_order(series=300)
    now = weeks.until(80)
    np.testing.assert_array_equal(begun(weeks, [80]), begun(now, [80]))


def test_goods_in_stock_before_they_sold_stand_as_those_of_their_category():
    weeks = begun_by_order(series=300)
    stocked = replace(weeks, seen=np.ones_like(weeks.seen), start=np.zeros_like(weeks.start))
    np.testing.assert_array_equal(begun(stocked, [80]), pooled(stocked, [80]))


def test_where_no_launch_could_be_examined_those_alike_tell_only_of_what_has_not_sold():
    snapshot = launched()
    weeks = in_weeks(snapshot)
    goods = Goods(
        np.zeros(weeks.series, np.int64), snapshot.group, snapshot.brand, snapshot.price_paise, snapshot.pack
    )
    # history ends when the newest began: no earlier launch lies far enough back
    new = np.zeros(weeks.series, bool)
    new[[3, 7]] = True
    start = np.where(new, weeks.count - 2, 0)
    sales = np.where(np.arange(weeks.count) < start[:, None], 0.0, weeks.sales)
    seen = np.where(np.arange(weeks.count) < start[:, None], 0.0, 1.0)
    sales[3] = 0.0
    found = newcomers_of(Weeks(sales, seen, start, weeks.group), goods, new, POLICY.new_days, 4)
    assert found.told[0].reason == "untested"
    assert found.rows.tolist() == [3]


# --- from the database and back


@pytest.fixture
def book(in_alpha) -> Book:
    return make_book()


def test_the_snapshot_knows_what_leaves_and_the_page_whose_demand_it_has(book: Book) -> None:
    today = ist_day(ist_instant(AS_OF))
    sku = book.skus["S1"]
    sku.delisted_date, sku.replaced_by = today - timedelta(days=10), book.skus["S2"]
    sku.save()
    taken = replace(festive(1.0), as_of=today)
    for place in ("MUM", "BLR"):
        for code in ("S1", "S2"):
            for ago in (20, 1):
                book.territories[place].demand.create(
                    sku=book.skus[code], day=today - timedelta(days=ago), quantity=3
                )
    found = take_demand_snapshot(ist_instant(today), POLICY)
    at = {key: number for number, key in enumerate(found.series_keys)}
    assert found.delisted_day[at["S1", "MUM"]] == -10
    assert found.heir[at["S1", "MUM"]] == at["S2", "MUM"]
    assert found.delisted_day[at["S2", "MUM"]] == NOT_DELISTED
    assert (
        take_demand_snapshot(ist_instant(today - timedelta(days=11)), POLICY) is None
        or (
            take_demand_snapshot(ist_instant(today - timedelta(days=11)), POLICY).delisted_day == NOT_DELISTED
        ).all()
    )

    off = np.full(6, NOT_DELISTED, dtype=np.int32)
    heir = np.full(6, -1, dtype=np.int32)
    off[:2], heir[:2] = -10, (2, 3)
    keep_forecasts(forecast(replace(taken, delisted_day=off, heir=heir), POLICY), cycle_id=1)
    effects = {one["effect"]: one for one in ForecastModel.objects.get().effects if "effect" in one}
    assert set(effects) >= {"fading", "handover"}
    assert DemandForecast.objects.get(sku__code="S3", territory__code="MUM").rests_on is None
    expected = {one.territory: one for one in get_sku("S1", today).expected}
    assert "Taken off the list" in rests_words(expected["MUM"].rests_on)[0]


def test_what_a_forecast_rests_on_is_told_in_words() -> None:
    assert rests_words({"after": ["OLD"], "share": 0.98}) == [
        "Taken over from OLD: 98 % of its demand, with its history."
    ]
    assert rests_words({"kept": 0.0}) == ["Taken off the list: no regular demand is expected after that day."]
    assert rests_words({"kept": 0.6}) == [
        "Taken off the list: after that day each week keeps 60 % of the demand of the last."
    ]
    assert rests_words({}) == []
