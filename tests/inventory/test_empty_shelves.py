"""Demand behind empty shelves: how far it shows is estimated, and forecasts do not run away with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.forecasting import forecast
from inventory.forecasting.visibility import visibility
from inventory.forecasting.weeks import in_weeks
from inventory.models import MovementKind, Sku
from inventory.selectors.demand import take_sku_history
from inventory.services import MovementLine, record_movements
from tests.builders import MACHINE, World, build_world, sell_each
from vyapar.kernel.calendar import ist_day, ist_instant

AS_OF = date(2026, 11, 23)
SERIES, DAYS = 400, 364


def snapshot(demand, in_stock, arrived=None) -> DemandSnapshot:
    keys = tuple((f"S{n:04d}", "PUNE") for n in range(len(demand)))
    flags = {} if arrived is None else {"arrived": arrived}
    return DemandSnapshot(as_of=AS_OF, series_keys=keys, demand=demand, in_stock=in_stock, **flags)


def wanted(seed: int = 5) -> np.ndarray:
    """(series, days), pieces: a day in three to one in thirty has a wish to buy."""
    chance = np.random.default_rng(seed)
    often = chance.uniform(1 / 30, 1 / 3, (SERIES, 1))
    return np.where(chance.random((SERIES, DAYS)) < often, chance.integers(1, 6, (SERIES, DAYS)), 0)


def met(daily: np.ndarray, to_order: float, seed: int = 6) -> DemandSnapshot:
    """What shelves of a few pieces, filled some weeks after they are empty, let see of `daily`; a share
    of the days that they cannot serve is bought to order, the rest is lost.
    """
    chance = np.random.default_rng(seed)
    size, wait = chance.integers(8, 30, SERIES), chance.uniform(8, 60, SERIES)
    stock = np.where(chance.random(SERIES) < 0.5, size, 0)
    sold, there, came = np.zeros_like(daily), np.zeros(daily.shape, bool), np.zeros(daily.shape, bool)
    for day in range(daily.shape[1]):
        fills = np.where((stock == 0) & (chance.random(SERIES) < 1 / wait), size, 0)
        buys = np.where(chance.random(SERIES) < to_order, np.maximum(daily[:, day] - stock - fills, 0), 0)
        sold[:, day] = np.minimum(daily[:, day], stock + fills + buys)
        there[:, day] = stock + fills + buys > 0
        came[:, day] = there[:, day] & (stock == 0)
        stock = stock + fills + buys - sold[:, day]
    return snapshot(sold, there, came)


def as_before(known: DemandSnapshot) -> DemandSnapshot:
    """The same days, where one without stock counts if something sold on it and not otherwise."""
    return replace(known, in_stock=known.in_stock | (known.demand > 0), arrived=np.zeros_like(known.arrived))


def pace(known: DemandSnapshot) -> np.ndarray:
    """(series,), pieces a week of all that was seen."""
    weeks = in_weeks(known)
    return weeks.sales.sum(axis=1) / np.maximum(weeks.seen.sum(axis=1), 1.0)


@pytest.mark.parametrize("to_order", [0.0, 0.25, 0.5, 1.0])
def test_what_is_bought_to_order_is_found_whatever_its_share(to_order) -> None:
    daily = wanted()
    known = met(daily, to_order)
    empty = known.barren()
    shows = (known.demand > 0)[empty].sum() / (daily > 0)[empty].sum()
    assert np.average(visibility(known), weights=empty.sum(axis=1)) == pytest.approx(shows, abs=0.06)


@pytest.mark.parametrize("to_order", [0.0, 0.25, 0.5, 1.0])
def test_the_pace_read_off_shelves_is_that_of_demand_and_nearer_than_before(to_order) -> None:
    daily = wanted()
    known = met(daily, to_order)
    true = daily.mean(axis=1) * 7
    miss, before = np.abs(pace(known) - true).sum(), np.abs(pace(as_before(known)) - true).sum()
    # where all is lost, what came and went on one day is left out: the pace is the same but for noise
    assert miss < before * (1.03 if to_order == 0.0 else 0.6)
    assert pace(known).sum() == pytest.approx(true.sum(), rel=0.12)
    if to_order > 0.4:
        assert pace(as_before(known)).sum() > 1.3 * true.sum(), "the old way read it too high"


def test_a_forecast_of_goods_bought_to_order_is_that_of_goods_on_the_shelf() -> None:
    daily = wanted()
    made = met(daily, 1.0)
    assert (made.demand == daily).all()
    part = slice(0, 100), slice(-16 * 7, None)
    whole = snapshot(daily[part], np.ones((100, 16 * 7), bool))
    known = snapshot(daily[part], made.in_stock[part], made.arrived[part])
    expected, found, before = (
        forecast(one, AnalysisPolicy()).weekly_mean.sum() for one in (whole, known, as_before(known))
    )
    assert found == pytest.approx(expected, rel=0.08)
    assert before > 1.25 * expected


def test_only_series_that_buy_to_order_are_seen_when_half_of_them_do() -> None:
    daily = wanted()
    lost, served = met(daily, 0.0), met(daily, 1.0)
    half = np.arange(SERIES)[:, None] < SERIES // 2
    names = ("demand", "in_stock", "arrived")
    known = snapshot(*(np.where(half, getattr(served, name), getattr(lost, name)) for name in names))
    found = visibility(known)
    assert np.median(found[: SERIES // 2]) > 0.8
    assert np.median(found[SERIES // 2 :]) < 0.25


def test_goods_that_are_always_bought_to_order_are_seen_every_day() -> None:
    daily = wanted()
    assert visibility(snapshot(daily, daily > 0, daily > 0)).min() > 0.9


def test_a_shelf_that_never_stood_empty_is_seen_to_the_last_bit() -> None:
    daily = wanted()
    known = met(daily, 0.5)
    full = np.arange(SERIES) < 50
    in_stock, arrived = known.in_stock | full[:, None], known.arrived & ~full[:, None]
    demand = np.where(full[:, None], daily, known.demand)
    beside = in_weeks(snapshot(demand, in_stock, arrived))
    alone = in_weeks(snapshot(demand[full], in_stock[full]))
    assert (beside.seen[full] == alone.seen).all()
    assert (beside.sales[full] == alone.sales).all()
    assert set(np.unique(alone.seen[:, 20:])) == {1.0}


days = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), min_size=14, max_size=14 * 7)


@settings(max_examples=100, deadline=None)
@given(days, days)
@example([(1, False, False)] * 14, [(0, True, False)] * 14)
@example([(1, True, True)] * 40, [(0, True, True)] * 40)
@example([(0, False, False)] * 14, [(0, False, False)] * 14)
@example([(1, True, False), (1, False, False)] * 20, [(0, True, True)] * 40)
def test_visibility_is_a_share_and_no_sale_is_less_than_seen(one, other) -> None:
    count = min(len(one), len(other))
    demand, in_stock, arrived = (
        np.array([[day[part] for day in row[:count]] for row in (one, other)]) for part in range(3)
    )
    known = snapshot(demand, in_stock, arrived & in_stock)
    found, empty = visibility(known), known.barren()
    assert ((found >= 0) & (found <= 1)).all()
    assert (found * empty.sum(axis=1) >= ((demand > 0) & empty).sum(axis=1) - 1e-9).all()
    weeks = in_weeks(known)
    assert ((weeks.seen >= 0) & (weeks.seen <= 1)).all()
    assert (weeks.sales[weeks.seen == 0] == 0).all()
    assert np.isfinite(weeks.rate()).all()


def test_the_order_of_series_changes_nothing() -> None:
    known = met(wanted(), 0.5)
    turned = snapshot(known.demand[::-1], known.in_stock[::-1], known.arrived[::-1])
    assert visibility(turned)[::-1] == pytest.approx(visibility(known), rel=1e-9)


# --- read off the ledger ---------------------------------------------------------------------

TODAY = ist_day(timezone.now())


def move(world: World, pieces: int, ago: int, kind: str = "receipt") -> None:
    batch, location = world.batches["BIS-100", "B1"], world.godowns["PUNE"]
    line = MovementLine(batch.pk, location.pk, MovementKind(kind), pieces)
    record_movements([line], actor=MACHINE, at=ist_instant(TODAY - timedelta(days=ago)) + timedelta(hours=10))


def test_goods_that_came_on_an_empty_shelf_are_told_from_those_that_stood_there(alpha) -> None:
    world = build_world(pieces=0)
    sell_each([("R001", "BIS-100", n, TODAY - timedelta(days=ago), 8_500) for ago, n in ((30, 2), (18, 4))])
    move(world, 4, 18)  # came and went on one day
    move(world, -4, 18, "sale")
    move(world, 10, 15)  # came and stayed
    move(world, 5, 12)  # came beside them
    taken = take_sku_history(Sku.objects.get(code="BIS-100").pk, TODAY, 40)
    arrived = [40 - int(day) for day in np.flatnonzero(taken.arrived[0])]
    assert arrived == [18, 15]
    assert not taken.arrived[0, 40 - 30 : 40 - 18].any(), (
        "before the books begin nobody knows of empty mornings"
    )
    assert [40 - int(day) for day in np.flatnonzero(taken.barren()[0])] == [18, 17, 16, 15]
