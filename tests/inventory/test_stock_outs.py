"""Days without stock are told apart from days without demand: in the snapshot, on the page, at the API."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.forecasting import forecast
from inventory.forecasting.weeks import in_weeks
from inventory.models import MovementKind, Sku, StockItem
from inventory.selectors.demand import take_demand_snapshot, take_sku_history
from inventory.selectors.sku import find_stock_outs, get_sku
from inventory.services import MovementLine, record_movements
from tests.builders import MACHINE, World, build_world, sell_each
from vyapar.gateway.services import issue_key
from vyapar.kernel.calendar import ist_day, ist_instant
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

POLICY = AnalysisPolicy()
AS_OF = date(2026, 11, 23)
WEEKS = 30


def history(daily, in_stock) -> DemandSnapshot:
    daily = np.atleast_2d(np.asarray(daily, dtype=np.int32))
    keys = tuple((f"S{n}", "PUNE") for n in range(daily.shape[0]))
    return DemandSnapshot(as_of=AS_OF, series_keys=keys, demand=daily, in_stock=np.atleast_2d(in_stock))


# --- the property ---------------------------------------------------------------------------

days_of = st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=60)


@given(days_of)
@example([(0, False)])
@example([(0, True), (0, False), (3, False)])
def test_a_day_is_sold_seen_empty_or_not_begun_and_never_two_of_them(days) -> None:
    demand, stocked = zip(*days, strict=True)
    taken = history(demand, np.array(stocked))
    seen, out = taken.seen()[0], taken.stock_outs()[0]
    started = np.arange(taken.days) >= taken.first_seen[0]
    assert not (seen & out).any()
    assert ((seen | out) == started).all()
    assert not out[np.array(demand) > 0].any(), "what was sold was there"
    assert not out[np.array(stocked)].any()


gone_days = st.sets(st.integers(0, WEEKS * 7 - 1), max_size=WEEKS * 6)


@given(st.integers(1, 9), gone_days)
@example(5, set(range(WEEKS * 7)))
@example(1, set())
def test_a_day_without_stock_never_counts_as_zero_demand(rate, gone) -> None:
    """Weeks are made of the days on which demand could show: at a steady rate, so much each, not less."""
    stocked = np.ones(WEEKS * 7, dtype=bool)
    stocked[list(gone)] = False
    taken = history(np.where(stocked, rate, 0), stocked)
    weeks = in_weeks(taken)
    assert np.allclose(weeks.sales[0], rate * 7 * weeks.seen[0])
    assert weeks.seen.sum() * 7 == pytest.approx(taken.seen().sum())


@settings(deadline=None)
@given(st.integers(1, 9), st.sets(st.integers(0, WEEKS - 1), max_size=WEEKS - 8))
@example(5, set(range(8, WEEKS)))
@example(5, set(range(WEEKS - 8)))
def test_weeks_without_stock_leave_a_steady_forecast_where_it_was(rate, gone) -> None:
    stocked = np.ones((WEEKS, 7), dtype=bool)
    stocked[list(gone)] = False
    daily = np.where(stocked.ravel(), rate, 0)
    expected = forecast(history(daily, stocked.ravel()), POLICY).weekly_mean.mean()
    assert expected == pytest.approx(7 * rate, rel=0.05)


# --- read off the ledger -----------------------------------------------------------------------


@pytest.fixture
def world(alpha) -> World:
    """Shops and SKUs; no stock yet."""
    return build_world(pieces=0)


def move(world: World, pieces: int, day: date, place: str = "PUNE", kind: str = "receipt") -> None:
    batch, location = world.batches["BIS-100", "B1"], world.godowns[place]
    line = MovementLine(batch.pk, location.pk, MovementKind(kind), pieces)
    record_movements([line], actor=MACHINE, at=ist_instant(day) + timedelta(hours=10))


def sold(*lines: tuple[int, int]) -> None:
    """(days ago, pieces) of biscuits in Pune; leaves the ledger alone."""
    sell_each([("R001", "BIS-100", pieces, TODAY - timedelta(days=ago), 8_500) for ago, pieces in lines])


TODAY = ist_day(timezone.now())


def outs(days: int = 40) -> dict[str, list[int]]:
    """Days ago without stock, by territory, oldest first."""
    taken = take_sku_history(Sku.objects.get(code="BIS-100").pk, TODAY, days)
    return {
        territory: [days - int(n) for n in np.flatnonzero(row)]
        for (_sku, territory), row in zip(taken.series_keys, taken.stock_outs(), strict=True)
    }


def test_days_between_selling_out_and_the_next_receipt_are_stock_outs(world) -> None:
    move(world, 10, TODAY - timedelta(days=20))
    sold((19, 4), (15, 6))
    move(world, -4, TODAY - timedelta(days=19), kind="sale")
    move(world, -6, TODAY - timedelta(days=15), kind="sale")
    move(world, 50, TODAY - timedelta(days=10))
    assert outs() == {"PUNE": [14, 13, 12, 11]}


def test_one_territorys_stock_fills_no_other_shelf(world) -> None:
    move(world, 10, TODAY - timedelta(days=20))
    move(world, 5, TODAY - timedelta(days=20), "NAGPUR")
    move(world, -5, TODAY - timedelta(days=3), "NAGPUR", kind="damaged")
    move(world, 1, TODAY - timedelta(days=1), "NAGPUR")
    assert outs() == {"NAGPUR": [2], "PUNE": []}


def test_sales_before_the_books_tell_of_any_stock_leave_no_stock_outs_behind(world) -> None:
    sold((30, 4), (20, 4))
    move(world, 100, TODAY - timedelta(days=5), kind="opening")
    assert outs() == {"PUNE": []}
    taken = take_demand_snapshot(timezone.now(), POLICY)
    row = taken.series_keys.index(("BIS-100", "PUNE"))
    assert taken.seen()[row].sum() == 30, "every day since the first sale counts, most with no demand"


def test_the_whole_snapshot_and_a_single_skus_history_say_the_same(world) -> None:
    sold((35, 1), (19, 4))
    move(world, 10, TODAY - timedelta(days=20))
    move(world, -10, TODAY - timedelta(days=18), kind="damaged")
    whole = take_demand_snapshot(timezone.now(), POLICY)
    one = take_sku_history(Sku.objects.get(code="BIS-100").pk, TODAY, whole.days)
    row = whole.series_keys.index(("BIS-100", "PUNE"))
    assert one.series_keys == (("BIS-100", "PUNE"),)
    assert (one.demand[0] == whole.demand[row]).all()
    assert (one.seen()[0] == whole.seen()[row]).all()
    assert one.stock_outs()[0].sum() == 17


def test_what_moved_only_elsewhere_and_long_ago_touches_no_other_series(world) -> None:
    """A pair that has neither stock nor a sale is left out, and its rows with it."""
    move(world, 10, TODAY - timedelta(days=20), "NAGPUR")
    move(world, -10, TODAY - timedelta(days=19), "NAGPUR", kind="damaged")
    sold((18, 2))
    move(world, 5, TODAY - timedelta(days=4))
    assert outs() == {"PUNE": []}


def test_nothing_is_missed_after_delisting(world) -> None:
    move(world, 10, TODAY - timedelta(days=20))
    sold((19, 10))
    move(world, -10, TODAY - timedelta(days=19), kind="sale")
    sku = Sku.objects.get(code="BIS-100")
    assert len(find_stock_outs(sku, TODAY)["PUNE"]) == 18
    sku.delisted_date = TODAY - timedelta(days=10)
    sku.save()
    assert len(find_stock_outs(sku, TODAY)["PUNE"]) == 8
    assert sum(week.days_out for week in get_sku("BIS-100", TODAY).history["PUNE"]) == 8


def test_the_page_of_a_sku_marks_and_counts_them_and_the_api_tells_them(world) -> None:
    move(world, 10, TODAY - timedelta(days=20))
    sold((19, 10))
    move(world, -10, TODAY - timedelta(days=19), kind="sale")
    move(world, 9, TODAY - timedelta(days=10))
    StockItem.objects.create(
        sku=world.skus["BIS-100"], territory=world.territories["PUNE"], as_of=TODAY,
        updated_at=timezone.now(), status="active", current_stock=9, value_paise=9,
        days_without_movement=19, dead_stock_score=1.0, score_parts={},
    )  # fmt: skip
    person = add_person(username="a", password="look-at-data-1", role=Role.ANALYST)
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    page = client.get("/stock/BIS-100/PUNE")
    assert page.context["outs"]["days"] == 8
    assert page.context["chart"]["shade"]
    assert 'id="stock-outs"' in page.content.decode()
    assert "Days without stock" in page.content.decode()
    _row, secret = issue_key(name="erp", scopes=[May.READ], actor=MACHINE, at=timezone.now())
    caller = APIClient(HTTP_HOST="alpha.localhost", HTTP_AUTHORIZATION=f"Bearer {secret}")
    (told,) = caller.get("/api/v1/inventory/BIS-100/history").json()["results"]
    assert (told["territory"], told["stockOutDays"], len(told["stockOutDates"])) == ("PUNE", 8, 8)
    assert sum(week["stockOutDays"] for week in told["weeks"]) == 8
    assert caller.get("/api/v1/inventory/NONE/history").status_code == 404


def test_another_distributor_knows_nothing_of_it(world, beta) -> None:
    move(world, 10, TODAY - timedelta(days=20))
    pk = Sku.objects.get(code="BIS-100").pk
    with tenant_context(beta):
        assert take_sku_history(pk, TODAY, 40).series_keys == ()
