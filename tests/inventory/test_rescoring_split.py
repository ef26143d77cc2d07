"""A cycle cut into parts: the same result as in one piece, each part once, and the last closes it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import transaction
from django_tenants.utils import tenant_context

from inventory.agent import monitoring
from inventory.contracts import MonitoringPolicy
from inventory.feeds.demonstration import generate
from inventory.impact import COMPONENTS, WAYS, WaysOut
from inventory.impact.packed import pack_plain, pack_ways, unpack_ways
from inventory.models import BatchRisk, Position, Sku, StockItem
from inventory.selectors import book
from inventory.selectors.cells import list_astray
from inventory.services import demonstration as demo
from tests.conftest import NOW
from tests.inventory.book import TODAY
from tests.inventory.cycles import backwards, in_turn
from tests.living import a_worker_at
from vyapar.engine import services, tasks
from vyapar.engine.models import Cycle, CyclePart, Event
from vyapar.kernel.actor import system
from vyapar.tenancy.services import close_distributor, open_distributor

LATER = NOW + timedelta(days=1)


@pytest.fixture(scope="module")
def house(django_db_setup, django_db_blocker):
    """A small demonstration with forecasts and no scores yet."""
    with django_db_blocker.unblock():
        distributor = open_distributor(slug="split-demo", name="Split", domain="split-demo.localhost")
        with tenant_context(distributor):
            demo.load_data(
                demo.shrink(generate("second", TODAY)), actor=system("tests"), at=NOW, tell=lambda _: None
            )
            services.run_cycle("analysis", NOW, at=NOW)
        yield distributor
        close_distributor(distributor)


@pytest.fixture
def here(house, django_db_blocker):
    """In that distributor; what the test writes is rolled back."""
    with django_db_blocker.unblock(), tenant_context(house), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(book, "PART_POSITIONS", 5)


ITEM = [
    field.attname
    for field in StockItem._meta.fields
    if field.attname not in ("id", "cycle_id", "detected_at")
]
RISK = [field.attname for field in BatchRisk._meta.fields if field.attname != "cycle_id"]


def result() -> dict[str, list]:
    """Everything that a cycle of Monitoring writes, but for the numbers of rows."""
    told = Event.objects.filter(name="DeadStockDetected").order_by("subject")
    return {
        "items": list(StockItem.objects.order_by("sku", "territory").values_list(*ITEM)),
        "risks": list(map(str, BatchRisk.objects.order_by("position").values_list(*RISK))),
        "told": list(told.values_list("subject", "payload")),
    }


def undone(work) -> dict[str, list]:
    """What `work` leaves, taken back at once."""
    with transaction.atomic():
        cycle = work()
        cycle.refresh_from_db()
        found = result()
        found["counts"] = {n: v for n, v in cycle.counts.items() if n != "whole_book"}
        found["passed"] = list(
            cycle.passed_over.order_by("pk").values_list("subject", "code", "reason", "numbers")
        )
        assert (cycle.state, list_astray()) == ("done", [])
        transaction.set_rollback(True)
    return found


def in_one() -> Cycle:
    return services.run_cycle("monitoring", NOW, at=NOW)


def test_a_cycle_in_parts_leaves_what_one_in_one_piece_leaves(here, monkeypatch):
    whole = undone(in_one)
    assert all(whole[name] for name in ("items", "risks", "told", "passed"))
    monkeypatch.setattr(book, "PART_POSITIONS", 5)
    assert undone(lambda: in_turn("monitoring")) == whole
    assert undone(lambda: backwards("monitoring")) == whole


def test_parts_cut_by_a_sample_of_a_large_book_leave_nothing_out(here, monkeypatch):
    whole = undone(in_one)
    monkeypatch.setattr(book, "PART_POSITIONS", 5)
    monkeypatch.setattr(book, "_LARGE", -2)  # below what Postgres says of a table it has not counted yet
    assert undone(in_one) == whole
    first = Sku.objects.create(**{**Sku.objects.values().first(), "id": None, "code": "NEVER-HELD"})
    monkeypatch.setattr(book, "_SAMPLED", book._SAMPLED | {"sample": "TABLESAMPLE SYSTEM (0)"})
    skus, _held = book._changed_skus(TODAY, "another mark")
    assert skus == sorted(Sku.objects.values_list("pk", flat=True)), first


def test_changed_goods_are_split_too_and_the_rest_is_left_alone(here, small_parts):
    services.run_cycle("monitoring", NOW, at=NOW)
    skus = list(Position.objects.filter(on_hand__gt=0).values_list("sku", flat=True).distinct()[:8])
    Position.objects.filter(sku__in=skus).update(changes=999)
    later = NOW + timedelta(minutes=1)
    cycle = services.run_cycle("monitoring", later, at=later)
    assert cycle.parts.count() > 1
    assert not cycle.parts.first().scope["whole"]
    assert set(StockItem.objects.filter(cycle_id=cycle.pk).values_list("sku", flat=True)) == set(skus)
    stock = Position.objects.filter(on_hand__gt=0).values_list("pk", flat=True)
    assert set(BatchRisk.objects.values_list("pk", flat=True)) == set(stock)
    assert list_astray() == []


def test_a_part_that_was_taken_over_leaves_nothing_when_its_first_worker_comes_late(here, small_parts):
    cycle = services.run_cycle("monitoring", NOW, at=NOW, spread=True)
    part = CyclePart.objects.get(cycle=cycle, number=0)
    spec_record = Event.objects.count()
    CyclePart.objects.filter(pk=part.pk).update(state="running", attempts=1, claimed_at=NOW)
    late = NOW + timedelta(minutes=6)
    with a_worker_at("part", part.pk):
        assert not services.run_part(cycle.pk, 0, at=NOW), "somebody has it"
        assert services.due_parts(NOW) == []
        assert (cycle.pk, 0) in services.due_parts(late)
        assert services.run_part(cycle.pk, 0, at=late)
    assert CyclePart.objects.get(pk=part.pk).attempts == 2
    assert Event.objects.count() >= spec_record


def test_while_one_is_split_no_other_begins(here, small_parts):
    assert services.run_cycle("monitoring", NOW, at=NOW, spread=True) is not None
    later = NOW + timedelta(minutes=1)
    assert services.run_cycle("monitoring", later, at=later) is None


def test_the_tasks_hand_out_the_parts_and_the_last_closes(here, small_parts, monkeypatch):
    handed: list[tuple[int, int]] = []
    monkeypatch.setattr(tasks.run_part, "delay", lambda *part: handed.append(part))
    tasks.run_cycle("monitoring", NOW.isoformat())
    assert len(handed) > 5
    for part in handed:
        assert Cycle.objects.get(agent="monitoring").state == "running"
        tasks.run_part(*part)
    assert Cycle.objects.get(agent="monitoring").state == "done"
    assert Event.objects.filter(name="CycleCompleted", payload__agent="monitoring").count() == 1


def test_a_part_that_always_fails_fails_its_cycle(here, small_parts, monkeypatch):
    cycle = services.run_cycle("monitoring", NOW, at=NOW, spread=True)

    def broken(*_args):
        raise ValueError("no luck")

    monkeypatch.setattr(monitoring, "motion", broken)
    for turn in range(3):
        with pytest.raises(ValueError, match="no luck"), transaction.atomic():
            services.work_on_part(cycle.pk, 0, at=NOW + timedelta(minutes=10 * turn))
        CyclePart.objects.filter(cycle=cycle, number=0).update(state="running", attempts=turn + 1)
    with pytest.raises(ValueError, match="no luck"):
        services.work_on_part(cycle.pk, 0, at=NOW + timedelta(minutes=40))
    cycle.refresh_from_db()
    assert (cycle.state, cycle.error) == ("failed", "ValueError: no luck")


def test_merging_keeps_the_worst_of_all_parts():
    policy = MonitoringPolicy(passed_over_limit=2)
    from vyapar.kernel.decision import Decision, PassedOver

    def passed(name: str, score: float) -> PassedOver:
        return PassedOver(f"item:{name}:MUM", "not_dead_yet", "", {"score": score})

    parts = [
        Decision(passed_over=(passed("B", 5.0), passed("C", 1.0)), counts={"items": 3, "passed_over": 4}),
        Decision(passed_over=(passed("A", 5.0),), counts={"items": 2, "passed_over": 1}),
    ]
    whole = monitoring.merge(parts, policy)
    assert [one.subject for one in whole.passed_over] == ["item:A:MUM", "item:B:MUM"]
    assert whole.counts == {"items": 5, "passed_over": 5, "passed_over_more": 3}


def test_ways_out_come_back_from_their_bytes_as_they_were():
    chance = np.random.default_rng(7)
    shape = (len(WAYS), len(COMPONENTS), 50)
    table = chance.integers(-(2**62), 2**62, shape) * (chance.random(shape) < 0.4)
    table[..., 0] = 0
    ways = WaysOut(
        table // len(COMPONENTS), (table // len(COMPONENTS)).sum(axis=1), chance.random((6, 50)) < 0.5
    )
    for lot, packed in enumerate(pack_ways(ways, np.arange(50))):
        plain = unpack_ways(packed)
        assert pack_plain(plain) == packed
        for one, told in zip(ways.of(lot), plain, strict=True):
            assert (told["name"], told["net_paise"]) == (one.name, one.net_paise)
            assert (told["available"], told["note"]) == (one.available, one.note)
            assert told["components"] == {name: n for name, n in one.components.items() if n}
    assert unpack_ways(pack_plain([])) == []
    with pytest.raises(ValueError, match="not in tuple"):
        pack_plain([{"name": "hold", "components": {"nowhere": 1}, "available": True}])
