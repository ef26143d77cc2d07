"""A worker killed on its part of a cycle: another takes over, and the result is the undisturbed one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from inventory.models import BatchRisk, DemandForecast, StockItem
from inventory.selectors import book as book_module
from inventory.selectors.cells import list_astray
from inventory.services import renew_sums
from tests.chaos.worker import House, Place, part_dies_at
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.ops.conftest import within
from vyapar.engine import services
from vyapar.engine.models import Cycle, CyclePart, Event
from vyapar.engine.selectors import list_cut_off, verify_audit

pytestmark = pytest.mark.chaos
#: Where the worker dies: before it looks, while it records (items, risks, sums, events), at the end.
PLACES = (
    Place("inventory/selectors/book/__init__.py", "read_book", 1),
    Place("inventory/services/analysis.py", "_item_frame", 1),
    Place("inventory/services/analysis.py", "_risk_columns", 1),
    Place("inventory/services/analysis.py", "_tell_dead", 1),
    Place("vyapar/engine/services/cycles.py", "close_split", 1),
)


@pytest.fixture
def goods(fresh_distributor):
    book = make_book(skus=3)
    for sku in book.skus:
        for place in book.territories:
            DemandForecast.objects.create(
                sku=book.skus[sku], territory=book.territories[place], cycle_id=1, as_of=TODAY,
                pattern="lumpy", method="tsb", weekly_mean=[0.5] * 13, dispersion=0.8,
            )  # fmt: skip
        for number, life in (("A", 40), ("B", 200)):
            book.batch(sku, number, life)
            book.receive(sku, number, 30, at=NOW - timedelta(days=100))
    return book


def standing() -> tuple[list, list, list]:
    items = StockItem.objects.order_by("sku", "territory").values_list(
        "sku", "territory", "status", "dead_stock_score", "at_risk_quantity", "loss_paise"
    )
    risks = BatchRisk.objects.order_by("pk").values_list(
        "pk", "at_risk_quantity", "best_way", "best_net_paise"
    )
    told = (
        Event.objects.filter(name="DeadStockDetected").order_by("subject").values_list("subject", flat=True)
    )
    return list(items), list(risks), list(told)


def test_a_part_whose_worker_is_killed_is_done_by_another_and_everything_stands_once(
    fresh_distributor, goods, monkeypatch
) -> None:
    monkeypatch.setattr(book_module, "PART_POSITIONS", 1)
    house = House(connection.settings_dict["NAME"], fresh_distributor.schema_name, "", 0)
    expected = None
    for number, place in enumerate(PLACES):
        at = NOW + timedelta(minutes=20 * number)
        StockItem.objects.update(basis="", status="active")
        renew_sums()
        told_before = Event.objects.filter(name="DeadStockDetected").count()
        cycle = services.run_cycle("monitoring", at, at=at, spread=True)
        first, *others = services.list_open_parts(cycle.pk)
        last = others.pop()
        for part in others:
            services.work_on_part(cycle.pk, part, at=at)
        services.work_on_part(cycle.pk, first, at=at)

        assert part_dies_at(place, house, cycle.pk, last, at), f"never got there: {place.name}"
        cycle.refresh_from_db()
        assert cycle.state == Cycle.State.RUNNING
        done = place.name == "close_split"
        assert CyclePart.objects.get(cycle=cycle, number=last).state == ("done" if done else "running")
        alone = frozenset({cycle.pk})
        assert within(5, lambda wanted=alone: list_cut_off() == wanted), "nobody is at it, and that is said"
        later = at + timedelta(seconds=1)
        [(of, again)] = services.due_parts(later)
        assert (of, again) == (cycle.pk, 0 if done else last)
        services.work_on_part(of, again, at=later)

        cycle.refresh_from_db()
        assert cycle.state == Cycle.State.DONE, place.name
        items, risks, told = standing()
        assert len(told) - told_before == len([one for one in items if one[2] == "dead"]) == 3, place.name
        assert list_astray() == []
        assert Event.objects.filter(name="CycleCompleted", cycle_id=cycle.pk).count() == 1
        expected = expected or (items, risks)
        assert (items, risks) == expected, place.name
    assert verify_audit()[1] == []
