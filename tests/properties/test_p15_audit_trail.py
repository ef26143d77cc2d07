"""Property 15: every operation leaves a sealed entry that says who, what, when and why."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.services import StockLine, release, reserve, write_off
from tests.builders import (
    AT,
    OWNER,
    TODAY,
    World,
    build_world,
    campaign_payload,
    propose_campaign,
    propose_transfer,
    transfer_payload,
)  # fmt: skip
from vyapar.engine.models import Action, AuditEntry, Event
from vyapar.engine.selectors import verify_audit
from vyapar.engine.services import carry_out, edit, reject, set_autonomy, set_policy, withdraw
from vyapar.engine.services.actions import approve
from vyapar.kernel.errors import Refused
from vyapar.kernel.lifecycle import Status

DB = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def undone() -> Iterator[None]:
    """What an example writes is taken back; the world is built once."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def world(in_alpha: None) -> World:
    return build_world(outlets=2)


def _transfer(world: World) -> Action:
    return propose_transfer(transfer_payload(world, ("BIS-100", "B1", 5)))


def _campaign(world: World) -> Action:
    return propose_campaign(campaign_payload(world, ("R001",)), confidence=0.1)


def move(world: World, n: int) -> set[str]:
    action = _transfer(world)
    if action.status == Status.PROPOSED:
        approve(action.pk, actor=OWNER, at=AT)
    assert carry_out(action.pk, at=AT + timedelta(hours=1)).status == Status.EXECUTED
    return {"ActionProposed", "ActionMoved", "StockDispatched", "DocumentIssued"}


def destroy(world: World, n: int) -> set[str]:
    write_off([StockLine("TEA-250", "B1", n, "GD-PUNE")], reason="wet", reference=str(uuid4()),
              actor=OWNER, at=AT)  # fmt: skip
    return {"StockWrittenOff"}


def hold(world: World, n: int) -> set[str]:
    action_id = uuid4()
    reserve(action_id, [StockLine("SOAP-75", "B1", n, "GD-PUNE")], actor=OWNER, at=AT)
    release(action_id, actor=OWNER, at=AT)
    return set()  # holding moves nothing: the ledger and the event keep it


def price(world: World, n: int) -> set[str]:
    action = _campaign(world)
    edit(action.pk, {"discount_bp": 100 * n}, actor=OWNER, at=AT)
    reject(action.pk, actor=OWNER, at=AT, reason="not this week")
    return {"ActionProposed", "ActionEdited", "ActionMoved"}


def offer(world: World, n: int) -> set[str]:
    action = _campaign(world)
    withdraw(action.pk, actor=OWNER, at=AT, reason="stock count")
    return {"ActionProposed", "ActionMoved"}


def rule(world: World, n: int) -> set[str]:
    set_policy("liquidation", {"campaign_days": n}, effective_date=TODAY, actor=OWNER, at=AT, reason="season")
    set_autonomy("transfer", {"max_quantity": 5_000 + n}, actor=OWNER, at=AT, reason="season")
    return {"PolicyChanged"}


def refused(world: World, n: int) -> set[str]:
    before = AuditEntry.objects.count()
    with pytest.raises(Refused):
        write_off([StockLine("TEA-250", "B1", 10**6, "GD-PUNE")], reason="x", reference="x",
                  actor=OWNER, at=AT)  # fmt: skip
    assert AuditEntry.objects.count() == before
    return set()


steps = st.lists(
    st.tuples(st.sampled_from([move, destroy, hold, price, offer, rule, refused]), st.integers(1, 9)),
    min_size=1, max_size=2,
)  # fmt: skip


@DB
@given(steps=steps)
def test_every_operation_leaves_a_sealed_entry_with_who_what_when_and_why(world, steps):
    """Feature: vyapar-sahayak-distributor, Property 15: Audit Trail Completeness.

    For any system operation involving inventory movements, pricing changes, or promotional
    activities, complete audit logs should be maintained with all required details for regulatory
    compliance.
    """
    with undone():
        start = AuditEntry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
        for step, n in steps:
            last = AuditEntry.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
            wanted = step(world, n)
            new = AuditEntry.objects.filter(seq__gt=last)
            assert wanted <= set(new.values_list("verb", flat=True)), step.__name__
        entries = list(AuditEntry.objects.filter(seq__gt=start).order_by("seq"))
        assert [e.seq for e in entries] == list(range(start + 1, start + 1 + len(entries)))
        assert all(e.actor_ref and e.actor_name and e.verb and e.subject and e.at for e in entries)
        told = {e.verb for e in entries} & {"PolicyChanged", "ActionMoved"}
        assert all(e.reason or e.verb not in told or e.verb == "ActionMoved" for e in entries)
        for action in Action.objects.filter(status=Status.REJECTED.value):
            assert AuditEntry.objects.filter(action_id=action.pk, reason="not this week").exists()
        for event in Event.objects.filter(name__in=["ActionMoved", "DocumentIssued", "PolicyChanged"]):
            assert AuditEntry.objects.filter(verb=event.name, subject=event.subject).exists()
        assert verify_audit()[1] == []
