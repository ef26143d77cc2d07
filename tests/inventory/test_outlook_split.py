"""A cycle of Prediction cut into parts: the same result as in one piece, in whatever order they are done."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context

from inventory.contracts.prediction import PredictionPolicy
from inventory.feeds.demonstration import generate
from inventory.models import (
    ItemOutlook,
    OutletStock,
    Position,
    PositionOutlook,
    RiskModel,
    Sku,
    StandingDay,
    StockItem,
)
from inventory.risk import predict
from inventory.risk.cause import CauseFacts
from inventory.selectors import book, outlook
from inventory.selectors.cells import list_astray
from inventory.services import demonstration as demo
from inventory.services import prediction
from tests.conftest import NOW
from tests.inventory.book import TODAY
from tests.inventory.cycles import backwards, in_turn
from tests.living import a_worker_at
from vyapar.engine import services, tasks
from vyapar.engine.models import Cycle, CyclePart, Event
from vyapar.kernel.actor import system
from vyapar.tenancy.models import Distributor
from vyapar.tenancy.services import close_distributor, open_distributor

pytestmark = pytest.mark.django_db

SOON, LATE = NOW + timedelta(minutes=19), NOW + timedelta(minutes=21)


@pytest.fixture(scope="module")
def house(django_db_setup, django_db_blocker):
    """A small demonstration with forecasts and scores, and nothing foreseen yet."""
    with django_db_blocker.unblock():
        for old in Distributor.objects.filter(slug="split-outlook"):  # of a run that was cut off
            close_distributor(old)
        distributor = open_distributor(slug="split-outlook", name="Split", domain="split-outlook.localhost")
        with tenant_context(distributor):
            demo.load_data(
                demo.shrink(generate("second", TODAY)), actor=system("tests"), at=NOW, tell=lambda _: None
            )
            for agent in ("analysis", "monitoring"):
                services.run_cycle(agent, NOW, at=NOW)
        yield distributor
        close_distributor(distributor)


@pytest.fixture
def here(house, django_db_blocker, monkeypatch):
    """In that distributor; what the test writes is rolled back. To learn takes minutes: the rules stand in,
    what was learnt is kept all the same.
    """
    monkeypatch.setattr(predict, "_BEFORE", 10_000)
    with django_db_blocker.unblock(), tenant_context(house), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(book, "PART_POSITIONS", 20)


def names_of(model) -> list[str]:
    apart = ("id", "cycle_id", "kept_at")
    return [field.attname for field in model._meta.fields if field.attname not in apart]


def result() -> dict[str, list]:
    """Everything that a cycle of Prediction writes, but for the numbers of rows."""
    orders = {
        ItemOutlook: ("sku", "territory"), PositionOutlook: ("position",),
        OutletStock: ("retailer", "sku", "territory"), RiskModel: ("level", "version"),
        StandingDay: ("day",),
    }  # fmt: skip
    found = {
        model.__name__: list(map(repr, model.objects.order_by(*order).values_list(*names_of(model))))
        for model, order in orders.items()
    }
    causes = StockItem.objects.order_by("sku", "territory").values_list("sku", "territory", "cause")
    return found | {"causes": list(causes)}


def undone(work) -> dict[str, list]:
    """What `work` leaves, taken back at once."""
    with transaction.atomic():
        cycle = work()
        cycle.refresh_from_db()
        found = result()
        found["counts"] = sorted(cycle.counts.items())
        found["passed"] = list(
            cycle.passed_over.order_by("pk").values_list("subject", "code", "reason", "numbers")
        )
        assert (cycle.state, list_astray()) == ("done", [])
        assert not [name for name in connection.introspection.table_names() if name.endswith("_fresh")]
        transaction.set_rollback(True)
    return found


def test_an_outlook_in_parts_is_the_one_in_one_piece(here, monkeypatch):
    whole = undone(lambda: services.run_cycle("prediction", NOW, at=NOW))
    assert all(rows for rows in whole.values())
    assert any(cause for _sku, _territory, cause in whole["causes"])
    monkeypatch.setattr(book, "PART_POSITIONS", 20)
    for work in (in_turn, backwards):
        parts = undone(partial(work, "prediction"))
        for name, rows in whole.items():
            assert parts[name] == rows, name


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_what_sells_too_much_to_be_read_is_left_out_whole_and_in_parts(here, monkeypatch, share):
    most = sorted(
        outlook.read_columns(
            outlook._LINES, {"sku": "int", "lines": "int"}, [TODAY.replace(year=2020), TODAY]
        )["lines"]
    )
    monkeypatch.setattr(outlook, "MOST_LINES", int(sum(most[: int(len(most) * share)])))
    whole = undone(lambda: services.run_cycle("prediction", NOW, at=NOW))
    assert 0 < len(whole["PositionOutlook"]) < Position.objects.filter(on_hand__gt=0).count()
    assert 0 < len(whole["ItemOutlook"]) < StockItem.objects.count()
    monkeypatch.setattr(book, "PART_POSITIONS", 20)
    parts = undone(lambda: backwards("prediction"))
    for name, rows in whole.items():
        assert parts[name] == rows, name


def facts_of(found) -> dict[int, tuple]:
    """What is known of each position, by its id; numbers of items are those of the snapshot."""
    facts = found.shelf.facts
    names = [name for name in CauseFacts.__slots__ if name not in ("today", "item")]
    rows = zip(*(getattr(facts, name).tolist() for name in names), strict=True)
    return dict(zip(found.shelf.book.position_ids.tolist(), rows, strict=True))


def test_a_maker_who_pressed_with_goods_of_another_part_is_seen(here, monkeypatch):
    Sku.objects.update(brand=Sku.objects.first().brand)
    policy = PredictionPolicy()
    whole = facts_of(outlook.take_outlook_snapshot(NOW, policy))
    monkeypatch.setattr(book, "PART_POSITIONS", 20)
    past, *shelves = outlook.split_outlook(NOW, policy)
    assert past == {"past": True}

    def parts(counted):
        """Facts by position, of each part when these parts were counted for it."""
        found = {}
        for scope in shelves:
            prediction.lay_out_outlook(outlook.find_large_batches(NOW, counted(scope)))
            found |= facts_of(outlook.take_outlook_part(NOW, policy, scope))
        return found

    assert parts(lambda _scope: shelves) == whole
    assert parts(lambda scope: [scope]) != whole, "no maker pressed with goods of several parts"


def test_what_a_worker_was_cut_off_in_is_done_by_another_and_nothing_twice(here, small_parts, monkeypatch):
    whole = undone(lambda: in_turn("prediction"))

    def cut_off() -> Cycle:
        cycle = services.run_cycle("prediction", NOW, at=NOW, spread=True)
        first, lost, *rest = services.list_open_parts(cycle.pk)
        keep = prediction._keep_item_causes

        def dies(*_args):
            raise SystemExit("the machine is gone")

        monkeypatch.setattr(prediction, "_keep_item_causes", dies)
        with pytest.raises(SystemExit), transaction.atomic():
            services.run_part(cycle.pk, lost, at=NOW)
        CyclePart.objects.filter(cycle=cycle, number=lost).update(state="running", attempts=1, claimed_at=NOW)
        assert not PositionOutlook.objects.filter(cycle_id=cycle.pk).exists()
        monkeypatch.setattr(prediction, "_keep_item_causes", keep)
        for number in (*rest, first):
            services.work_on_part(cycle.pk, number, at=NOW)
        assert Cycle.objects.get(pk=cycle.pk).state == "running"
        with a_worker_at("part", CyclePart.objects.get(cycle=cycle, number=lost).pk):
            assert not services.run_part(cycle.pk, lost, at=SOON), "who learns has longer than five minutes"
            assert services.due_parts(SOON) == []
            assert services.due_parts(LATE) == [(cycle.pk, lost)], "a worker that hangs"
        assert services.due_parts(SOON) == [(cycle.pk, lost)], "a worker that is gone"
        services.work_on_part(cycle.pk, lost, at=LATE)
        return cycle

    assert undone(cut_off) == whole


def test_the_tasks_hand_out_the_parts_and_the_last_closes(here, small_parts, monkeypatch):
    PositionOutlook.objects.all().delete()
    handed: list[tuple[int, int]] = []
    monkeypatch.setattr(tasks.run_part, "delay", lambda *part: handed.append(part))
    tasks.run_cycle("prediction", NOW.isoformat())
    assert len(handed) > 2
    for part in handed:
        assert Cycle.objects.get(agent="prediction").state == "running"
        assert not ItemOutlook.objects.exists(), "items are told when all is known"
        tasks.run_part(*part)
    assert Cycle.objects.get(agent="prediction").state == "done"
    assert Event.objects.filter(name="CycleCompleted", payload__agent="prediction").count() == 1
    assert set(PositionOutlook.objects.values_list("position", flat=True)) == set(
        Position.objects.filter(on_hand__gt=0).values_list("pk", flat=True)
    )


def test_what_no_part_saw_any_more_is_gone_and_the_next_cycle_says_the_same(here, small_parts):
    services.run_cycle("prediction", NOW, at=NOW)
    gone = PositionOutlook.objects.order_by("pk").first().position
    Position.objects.filter(pk=gone.pk).update(on_hand=0, reserved=0)
    later = NOW + timedelta(minutes=1)
    cycle = services.run_cycle("prediction", later, at=later)
    assert not PositionOutlook.objects.filter(position=gone).exists()
    assert set(PositionOutlook.objects.values_list("cycle_id", flat=True)) == {cycle.pk}
    assert set(ItemOutlook.objects.values_list("cycle_id", flat=True)) == {cycle.pk}
    assert ItemOutlook.objects.values("sku").distinct().count() == Sku.objects.count()
