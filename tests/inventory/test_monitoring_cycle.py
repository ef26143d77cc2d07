"""The two agents on a small demonstration distributor, through the spine: snapshots, scores, alarms."""

from __future__ import annotations

import json
from datetime import date, timedelta
from uuid import uuid4

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from inventory.contracts import MonitoringPolicy, StockStatus
from inventory.contracts.forecasts import ForecastPlan
from inventory.feeds.demonstration import generate
from inventory.models import (
    BatchRisk,
    DailyDemand,
    DemandForecast,
    ForecastModel,
    ForecastScore,
    Position,
    Purpose,
    Sale,
    StockItem,
)
from inventory.selectors import take_demand_snapshot, take_stock_snapshot
from inventory.selectors.book.positions import _check_ids, read_positions
from inventory.selectors.columns import codes_of
from inventory.selectors.impact import sum_impact
from inventory.services import StockLine, check_positions, ingest_sales, release, reserve, write_off
from inventory.services import demonstration as demo
from tests.conftest import NOW
from vyapar.engine.models import AuditEntry, Cycle, Event
from vyapar.engine.selectors import get_policy, verify_audit
from vyapar.engine.services import run_cycle, set_policy
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import Role
from vyapar.people.models import User
from vyapar.tenancy.models import Distributor
from vyapar.tenancy.selectors import current_distributor
from vyapar.tenancy.services import close_distributor, open_distributor

ME = system("tests")
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def data():
    """A small demonstration, generated once for the module."""
    return demo.shrink(generate("second", TODAY))


@pytest.fixture(scope="module")
def small(data, django_db_setup, django_db_blocker):
    """A distributor with the small demonstration after one cycle of each agent, for the module."""
    with django_db_blocker.unblock():
        distributor = open_distributor(slug="small-demo", name="Small", domain="small-demo.localhost")
        told: list[str] = []
        with tenant_context(distributor):
            demo.load_data(data, actor=ME, at=NOW, tell=told.append)
            run_cycle("analysis", NOW, at=NOW)
            run_cycle("monitoring", NOW, at=NOW)
        yield distributor, told
        close_distributor(distributor)


@pytest.fixture
def scored(small, django_db_blocker):
    """Inside that distributor; what the test writes is rolled back. What loading told."""
    distributor, told = small
    with django_db_blocker.unblock(), tenant_context(distributor), transaction.atomic():
        yield told
        transaction.set_rollback(True)


# --- the demonstration ---------------------------------------------------------------------


def test_the_small_demonstration_is_small_and_whole(data):
    assert data.skus.height == 30
    assert data.retailers.height == 20
    assert (data.sales["at"].max() - data.sales["at"].min()).days > 365
    assert set(data.sales["retailer_id"]) <= set(data.retailers["retailer_id"])
    assert data.truth.height > 0


def test_the_loaded_book_is_the_one_that_was_played(scored, data):
    held = {
        (sku, batch, place): (n, day)
        for sku, batch, place, n, day in Position.objects.values_list(
            "sku__code", "batch__number", "location__code", "on_hand", "first_receipt_date"
        )
    }
    wanted = {(p["sku"], p["batch"], p["location"]): (p["on_hand"], p["first_receipt_date"])
              for p in data.positions.iter_rows(named=True)}  # fmt: skip
    assert held == wanted
    assert check_positions() == []


def test_the_loaded_sales_are_rolled_up(scored, data):
    assert Sale.objects.count() == data.sales.height
    assert DailyDemand.objects.aggregate(n=Sum("quantity"))["n"] == data.sales["quantity"].sum()
    assert scored[-1].startswith("consents")
    assert any("lines" in line for line in scored)
    assert verify_audit()[1] == []


# --- snapshots -----------------------------------------------------------------------------


def test_the_demand_snapshot_says_what_was_sold_and_when_it_could_be(scored, data):
    policy, _ = get_policy("analysis")
    snapshot = take_demand_snapshot(NOW, policy)
    rows = {key: n for n, key in enumerate(snapshot.series_keys)}
    first = TODAY - timedelta(days=snapshot.days)
    for day in DailyDemand.objects.select_related("sku", "territory")[:400]:
        row, column = rows[day.sku.code, day.territory.code], (day.day - first).days
        assert snapshot.demand[row, column] == max(day.quantity, 0)
    sold = snapshot.demand > 0
    # the generator sells nothing that is not there, so its sales never fall on a day without stock
    assert snapshot.in_stock[sold].mean() == 1.0
    assert not snapshot.in_stock.all()


def test_the_mask_is_the_ledger_played_day_by_day(scored, data):
    policy, _ = get_policy("analysis")
    snapshot = take_demand_snapshot(NOW, policy)
    first = TODAY - timedelta(days=snapshot.days)
    sku = snapshot.series_keys[0][0]
    place = {row["code"]: row["territory"] for row in data.locations.iter_rows(named=True)}
    for key, row in ((k, n) for n, k in enumerate(snapshot.series_keys) if k[0] == sku):
        moves = data.movements.filter(data.movements["sku"] == sku)
        balance, came = np.zeros(snapshot.days + 1, dtype=int), np.zeros(snapshot.days, dtype=int)
        for move in moves.iter_rows(named=True):
            if place[move["location"]] != key[1]:
                continue
            column = max((ist_day(move["at"]) - first).days, -1)
            balance[column + 1 :] += move["quantity"]
            if column >= 0 and move["quantity"] > 0:
                came[column] += move["quantity"]
        assert np.array_equal(snapshot.in_stock[row], (balance[:-1] + came) > 0)


def test_there_is_nothing_to_watch_before_the_first_forecast(scored):
    DemandForecast.objects.all().delete()
    assert take_stock_snapshot(NOW, MonitoringPolicy()) is None
    later = NOW + timedelta(minutes=1)
    assert run_cycle("monitoring", later, at=later) is None


# --- a whole cycle -------------------------------------------------------------------------


def test_a_cycle_scores_every_item_and_position(scored, data):
    assert Cycle.objects.filter(state="done").count() == 2
    assert DemandForecast.objects.count() > 0
    assert ForecastScore.objects.filter(chosen=True).exists()
    stock = Position.objects.filter(on_hand__gt=0)
    assert set(BatchRisk.objects.values_list("position_id", flat=True)) == set(
        stock.values_list("pk", flat=True)
    )
    for item in StockItem.objects.all():
        on_hand = stock.filter(sku=item.sku, location__territory=item.territory)
        assert item.current_stock == sum(on_hand.values_list("on_hand", flat=True))
        assert sum(item.score_parts.values()) == pytest.approx(item.dead_stock_score)
        risks = BatchRisk.objects.filter(position__sku=item.sku, position__location__territory=item.territory)
        assert item.at_risk_paise == sum(risks.values_list("at_risk_paise", flat=True))


def test_known_dead_stock_is_found_and_told_once(scored, data):
    dead = {(i.sku.code, i.territory.code) for i in StockItem.objects.filter(status="dead")}
    known = {(t["sku"], t["territory"]) for t in data.truth.iter_rows(named=True) if t["dead"]}
    assert dead
    assert dead <= {(t["sku"], t["territory"]) for t in data.truth.iter_rows(named=True)}
    assert dead & known
    told = Event.objects.filter(name="DeadStockDetected")
    assert {(e.payload["sku"], e.payload["territory"]) for e in told} == dead
    assert all(e.payload["recommendedActions"] for e in told)
    assert AuditEntry.objects.filter(verb="DeadStockDetected").count() == 1
    run_cycle("analysis", NOW + timedelta(days=1), at=NOW)
    run_cycle("monitoring", NOW + timedelta(days=1), at=NOW)
    again = Event.objects.filter(name="DeadStockDetected", cycle_id=Cycle.objects.latest("pk").pk)
    newly = {(e.payload["sku"], e.payload["territory"]) for e in again}
    assert not newly & dead


def test_each_way_out_adds_up_and_the_best_is_first(scored):
    risks = [risk for risk in BatchRisk.objects.all() if risk.ways_out]
    assert risks
    for risk in risks:
        for way in risk.ways_out:
            assert way["net_paise"] == sum(way["components"].values())
        open_ways = [way for way in risk.ways_out if way["available"]]
        assert open_ways[0]["name"] == risk.best_way
        assert open_ways[0]["net_paise"] == risk.best_net_paise


def test_nothing_changed_means_no_cycle(scored):
    assert run_cycle("monitoring", NOW + timedelta(minutes=1), at=NOW) is None
    assert Cycle.objects.filter(agent="monitoring").count() == 1


def a_position() -> Position:
    return Position.objects.filter(on_hand__gt=5).order_by("pk").select_related("sku", "location").first()


def names(position: Position, quantity: int) -> list[StockLine]:
    return [StockLine(position.sku.code, position.batch.number, quantity, position.location.code)]


def test_only_the_sku_that_changed_is_looked_at_again(scored):
    position = a_position()
    shop = position.location.territory.retailers.first()
    line = {
        "transaction_id": "NEW", "line": 1, "retailer_id": shop.retailer_id, "sku": position.sku.code,
        "quantity": 1, "unit_price": "10", "timestamp": "2026-11-23T11:00:00+05:30",
    }  # fmt: skip
    ingest_sales([line], actor=ME, at=NOW, source="t")
    cycle = run_cycle("monitoring", NOW + timedelta(minutes=1), at=NOW + timedelta(minutes=1))
    assert cycle.counts["whole_book"] == 0
    assert set(StockItem.objects.filter(cycle_id=cycle.pk).values_list("sku__code", flat=True)) == {
        position.sku.code
    }
    item = StockItem.objects.get(sku=position.sku, territory=position.location.territory)
    assert item.last_movement_date == TODAY
    assert run_cycle("monitoring", NOW + timedelta(minutes=2), at=NOW) is None


def test_an_item_whose_row_says_the_same_keeps_its_instant_of_change(scored):
    position = a_position()
    before = dict(StockItem.objects.values_list("pk", "updated_at"))
    reserve(uuid4(), names(position, 2), actor=ME, at=NOW)
    later = NOW + timedelta(minutes=1)
    run_cycle("monitoring", later, at=later)
    changed = {pk for pk, at in StockItem.objects.values_list("pk", "updated_at") if at != before[pk]}
    item = StockItem.objects.get(sku=position.sku, territory=position.location.territory)
    assert changed == {item.pk}
    assert (item.reserved_stock, item.updated_at) == (2, later)


def test_what_is_on_offer_is_liquidating_until_it_is_let_go(scored):
    position, action = a_position(), uuid4()
    where = {"sku": position.sku, "territory": position.location.territory}
    reserve(action, names(position, 2), actor=ME, at=NOW, purpose=Purpose.OFFER)
    run_cycle("monitoring", NOW + timedelta(minutes=1), at=NOW)
    assert StockItem.objects.get(**where).status == StockStatus.LIQUIDATING
    release(action, actor=ME, at=NOW)
    run_cycle("monitoring", NOW + timedelta(minutes=2), at=NOW)
    assert StockItem.objects.get(**where).status != StockStatus.LIQUIDATING


def test_a_position_that_ran_out_loses_its_risk(scored):
    position = a_position()
    write_off(names(position, position.on_hand), reason="fire", reference="F", actor=ME, at=NOW)
    run_cycle("monitoring", NOW + timedelta(minutes=1), at=NOW)
    assert not BatchRisk.objects.filter(position=position).exists()


def test_positions_are_read_as_they_stand_with_the_writes_of_those_that_ran_out(scored):
    held, unknown, gone = Position.objects.filter(on_hand__gt=2).order_by("pk")[:3]
    Position.objects.filter(pk=held.pk).update(reserved=2)
    Position.objects.filter(pk=unknown.pk).update(first_receipt_date=None, on_hand=2**61)
    Position.objects.filter(pk=gone.pk).update(on_hand=0, reserved=0, changes=2**40)
    rows = Position.objects.select_related("location", "batch").order_by("pk")
    read, (codes, writes) = read_positions(None)
    stands = [
        (p.pk, p.sku_id, p.location_id, p.batch_id, p.on_hand, p.reserved,
         p.first_receipt_date.toordinal() if p.first_receipt_date else 0, p.batch.cost_paise)
        for p in rows if p.on_hand
    ]  # fmt: skip
    names = ("id", "sku", "location", "batch", "on_hand", "reserved", "received", "cost")
    assert list(zip(*(read[name].tolist() for name in names), strict=True)) == stands
    written: dict[int, int] = {}
    for p in rows:
        code = int(codes_of(np.int64(p.sku_id), np.int64(p.location.territory_id)))
        written[code] = written.get(code, 0) + p.changes
    assert dict(zip(codes.tolist(), writes.tolist(), strict=True)) == written


def test_ids_that_no_longer_fit_into_their_bits_are_refused():
    _check_ids(np.array([2**32 - 1]), np.array([2**31 - 1]))
    for batch, place in ((2**32, 1), (1, 2**31)):
        with pytest.raises(ValueError, match="no longer fit"):
            _check_ids(np.array([batch]), np.array([place]))


def test_another_policy_makes_the_whole_book_be_looked_at(scored):
    owner = Actor("user", "1", "The owner")
    set_policy(
        "monitoring",
        {"dead_stock_threshold": 35},
        effective_date=TODAY,
        actor=owner,
        at=NOW,
        reason="stricter",
    )
    cycle = run_cycle("monitoring", NOW + timedelta(minutes=1), at=NOW)
    assert cycle.counts["whole_book"] == 1
    assert cycle.counts["items"] == StockItem.objects.count()


def test_a_new_forecast_makes_the_whole_book_be_looked_at(scored):
    run_cycle("analysis", NOW + timedelta(minutes=1), at=NOW)
    assert run_cycle("monitoring", NOW + timedelta(minutes=1), at=NOW).counts["whole_book"] == 1


def test_a_day_before_the_one_scored_last_is_not_looked_at(scored):
    assert take_stock_snapshot(NOW - timedelta(days=1), MonitoringPolicy()) is None
    assert take_stock_snapshot(NOW + timedelta(days=1), MonitoringPolicy()).whole


def test_what_lasts_of_the_spread_is_read_with_the_model_in_force(scored):
    model = ForecastModel.objects.get()
    tomorrow = NOW + timedelta(days=1)
    kept = ForecastPlan.from_json(model.plan).common
    assert take_stock_snapshot(tomorrow, MonitoringPolicy()).common == kept
    model.plan = {**model.plan, "common": 0.9}
    model.save()
    assert take_stock_snapshot(tomorrow, MonitoringPolicy()).demand.common == 0.9


def test_the_whole_book_is_read_in_as_many_queries_as_a_part_of_it(scored):
    reserve(uuid4(), names(a_position(), 2), actor=ME, at=NOW)
    taken = []
    for at in (NOW + timedelta(minutes=1), NOW + timedelta(days=1)):
        with CaptureQueriesContext(connection) as context:
            book = take_stock_snapshot(at, MonitoringPolicy())
        taken.append((book.items, len(context)))
    (part, few), (whole, many) = taken
    assert part < whole == 60
    assert few == many


# --- feeding -------------------------------------------------------------------------------


def test_the_demonstration_is_fed_what_has_happened_since_and_nothing_twice(scored, data, settings, tmp_path):
    settings.HOME = tmp_path
    demo.keep_future(data)
    assert demo.find_due(NOW - timedelta(days=1)) is None
    at = NOW + timedelta(days=4)
    due = data.future_sales.filter(data.future_sales["at"] <= at).height
    assert due > 0
    report = demo.feed_due(at=at)
    assert (report.accepted, report.rejected) == (due, 0)
    assert demo.feed_due(at=at) is None
    assert check_positions() == []


def test_a_distributor_that_is_no_demonstration_is_not_fed(alpha, data, settings, tmp_path):
    settings.HOME = tmp_path
    demo.keep_future(data)
    alpha.sandbox = False
    assert demo.find_due(NOW + timedelta(days=30)) is None


def test_everyone_gets_an_account_with_a_password_that_only_we_can_read(in_alpha, settings, tmp_path):
    settings.HOME = tmp_path
    demo.open_desk(at=NOW)
    accounts = demo.read_accounts(current_distributor())
    assert {a["role"] for a in accounts} == {"owner", "manager", "analyst", "auditor", "integration"}
    for one in accounts:
        assert User.objects.get(username=one["username"]).check_password(one["password"])
    (file,) = (tmp_path / "demonstration").glob("*.json")
    assert file.stat().st_mode & 0o777 == 0o600
    demo.open_desk(at=NOW)
    assert demo.read_accounts(current_distributor()) == accounts


def test_the_commands_load_a_demonstration_once_score_it_and_check_it(
    django_db_setup, django_db_blocker, settings, tmp_path, capsys
):
    settings.HOME = tmp_path

    def said(*words: str) -> str:
        call_command(*words)
        return capsys.readouterr().out

    with django_db_blocker.unblock():
        try:
            first = said(
                "load_demonstration", "--distributor", "second", "--small", "--run-day", TODAY.isoformat()
            )
            assert "sales: 4,742/4,742 lines" in first
            again = said("load_demonstration", "--distributor", "second", "--small")
            assert again == "second: already loaded\n"
            scored = said("rescore", "--distributor", "second")
            assert "analysis" in scored
            assert "'whole_book': 1" in scored
            assert said("check_stock", "--distributor", "second") == "second: positions and ledger agree\n"
            accounts = json.loads(said("demonstration_accounts"))
            assert {a["role"] for a in accounts if a["distributor"] == "second"} == set(Role)
            with tenant_context(Distributor.objects.get(slug="second")):
                Position.objects.filter(pk=a_position().pk).update(on_hand=0)
            with pytest.raises(CommandError, match="1 positions differ"):
                said("check_stock", "--distributor", "second")
            capsys.readouterr()
            assert "1 positions rebuilt" in said("check_stock", "--distributor", "second", "--rebuild")
        finally:
            found = Distributor.objects.filter(slug="second").first()
            if found is not None:
                close_distributor(found)


def test_what_has_expired_and_still_stands_is_summed_at_cost(scored):
    position = Position.objects.filter(on_hand__gt=0, batch__expiry_date__gt=TODAY).order_by("pk").first()
    position.batch.expiry_date = TODAY - timedelta(days=1)
    position.batch.save()
    Position.objects.filter(pk=position.pk).update(changes=position.changes + 1)
    run_cycle("monitoring", NOW + timedelta(minutes=1), at=NOW + timedelta(minutes=1))
    there = Position.objects.filter(on_hand__gt=0, batch__expiry_date__lt=TODAY)
    worth = sum(one.on_hand * one.batch.cost_paise for one in there.select_related("batch"))
    assert worth >= position.on_hand * position.batch.cost_paise > 0
    assert StockItem.objects.aggregate(sum=Sum("expired_paise"))["sum"] == worth
    assert sum_impact(()).total["expired_paise"] == worth
    assert sum_impact(()).day == TODAY
