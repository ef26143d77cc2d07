"""A push that changes stock is heard outside: few changes one by one, many of them together as version 2."""

from __future__ import annotations

import orjson
import pytest
from django.utils import timezone

from inventory.contracts import InventoryUpdated, ManyInventoryUpdated
from tests.builders import deliver_all
from tests.gateway.calling import Caller
from tests.inventory.book import make_book
from tests.webhooks.test_webhooks import ear, listen, rows, tell  # noqa: F401
from vyapar.engine.models import Delivery, Event
from vyapar.people.contracts import May

FEW = ManyInventoryUpdated.FEW


def push(count: int) -> Caller:
    """Two pieces of each of so many SKUs sold, at the API; each of them had ten."""
    book = make_book(skus=count)
    for sku in book.skus:
        book.batch(sku, "A")
        book.receive(sku, "A", 10)
    lines = [
        {"transactionId": "T1", "line": number, "retailerId": "R1", "sku": sku, "quantity": 2,
         "unitPrice": "80.00", "timestamp": "2026-11-23T10:00:00+05:30"}
        for number, sku in enumerate(book.skus, 1)
    ]  # fmt: skip
    caller = Caller(May.FEED, May.READ)
    answer = caller.post("/api/v1/sales/batch", orjson.dumps({"transactions": lines}).decode())
    assert (answer.status_code, answer.json()["accepted"]) == (200, count), answer.content
    return caller


@pytest.mark.parametrize("most", [1_000, 40])
def test_many_changes_of_one_push_come_as_events_of_version_2(alpha, ear, monkeypatch, most):  # noqa: F811
    monkeypatch.setattr(ManyInventoryUpdated, "MOST", most)
    endpoint = listen(ear, "InventoryUpdated")
    caller = push(FEW + 1)
    events = Event.objects.filter(name="InventoryUpdated").order_by("id")
    assert [event.version for event in events] == [2] * -(-(FEW + 1) // most)
    assert Delivery.objects.filter(subscriber="webhooks.enqueue").count() == len(events)
    deliver_all(timezone.now())
    tell(endpoint, timezone.now())
    assert ear.forged == []
    assert {row.state for row in rows()} == {"delivered"}
    heard = [one.event for one in ear.heard]
    assert [one["sequence"] for one in heard] == [event.pk for event in events]
    assert {(one["version"], one["reason"], one["subject"]) for one in heard} == {(2, "sales", "stock:sales")}
    changes = [change for one in heard for change in one["changes"]]
    assert {change["sku"] for change in changes} == {f"S{n}" for n in range(1, FEW + 2)}
    assert len(changes) == FEW + 1
    assert all(len(one["changes"]) <= most for one in heard)
    told = {"territory": "MUM", "change": -2, "onHand": 8, "reserved": 0}
    assert all(change == {"sku": change["sku"], **told} for change in changes)
    shown = caller.get("/api/v1/events", name="InventoryUpdated").json()["results"]
    assert [one["changes"] for one in shown] == [one["changes"] for one in heard]


def test_few_changes_of_one_push_come_one_by_one_as_version_1(alpha, ear):  # noqa: F811
    endpoint = listen(ear, "InventoryUpdated")
    push(2)
    deliver_all(timezone.now())
    tell(endpoint, timezone.now())
    heard = {one.event["subject"]: one.event for one in ear.heard}
    assert set(heard) == {"stock:S1@MUM", "stock:S2@MUM"}
    for sku in ("S1", "S2"):
        event = heard[f"stock:{sku}@MUM"]
        assert (event["name"], event["version"]) == (InventoryUpdated.name, InventoryUpdated.version)
        assert (event["sku"], event["territory"], event["change"], event["onHand"]) == (sku, "MUM", -2, 8)
        assert "changes" not in event


@pytest.mark.parametrize(("count", "version"), [(FEW, 1), (FEW + 1, 2)])
def test_the_limit_between_both_is_where_it_is_said_to_be(alpha, count, version):
    push(count)
    assert set(Event.objects.filter(name="InventoryUpdated").values_list("version", flat=True)) == {version}
