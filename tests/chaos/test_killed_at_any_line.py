"""A worker killed at any line of an execution leaves work that is taken up again, with one effect."""

import os
import sys
import time
from datetime import timedelta

import pytest
from django.db import connections

from tests.probe import AT, Probe, effects, hung, open_action
from vyapar.engine import services
from vyapar.engine.models import Action, Delivery, Transition
from vyapar.engine.selectors import verify_audit
from vyapar.engine.services.execution import LEASE
from vyapar.kernel.lifecycle import Status

pytestmark = pytest.mark.chaos
DUE = AT + timedelta(minutes=5)
WATCHED = ("vyapar/engine/services/", "tests/probe.py")


def die_at(step: int, work) -> bool:
    """Run `work` in a forked process that is killed at its `step`-th watched line; True if it was."""
    child = os.fork()
    if child == 0:
        for one in connections.all():
            one.connection = None  # the parent's socket is not ours to use or close
            one.search_path_set_schemas = None  # and neither is what was set on it
        count = 0

        def trace(frame, event, _):
            nonlocal count
            if not any(part in frame.f_code.co_filename for part in WATCHED):
                return None
            if event == "line":
                count += 1
                if count == step:
                    os._exit(9)
            return trace

        sys.settrace(trace)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 9


@pytest.mark.usefixtures("fresh_distributor")
def test_an_execution_killed_at_each_line_has_exactly_one_effect_after_recovery():
    with hung(Probe()):
        step, killed = 0, True
        while killed:
            step += 1
            # a cap far above, so that every action of the sweep is approved alone
            action = open_action(f"thing:{step}", value_paise=1)
            killed = die_at(step, lambda pk=action.pk: services.carry_out(pk, at=DUE))
            later = DUE + LEASE + timedelta(seconds=1)
            for pk in [*services.list_due(later), *services.list_stuck(later)]:
                services.carry_out(pk, at=later)
            assert Action.objects.get(pk=action.pk).status == Status.EXECUTED, f"killed at line {step}"
            assert effects(action.key) == 1, f"killed at line {step}"
            done = Transition.objects.filter(action=action, target="executed")
            assert done.count() == 1, f"killed at line {step}"
    assert step > 40, "the tracer must have seen the execution's lines"
    assert verify_audit()[1] == []


def recover(ids: list[int]) -> None:
    """Deliver again; the database may need a moment to notice that the dead worker's lock is free."""
    for _ in range(100):
        services.deliver(ids, at=AT)
        if not Delivery.objects.filter(pk__in=ids, state="pending").exists():
            return
        time.sleep(0.05)


@pytest.mark.usefixtures("fresh_distributor")
def test_a_delivery_killed_at_each_line_is_handed_over_once():
    from vyapar.engine import registry
    from vyapar.engine.contracts import Subscriber, TrailNoted
    from vyapar.kernel.actor import system

    def hear(event):
        services.append_audit(actor=system(), verb="Heard", subject=event.subject, at=AT)

    registry.hang(Subscriber("tests.chaos", "TrailNoted", hear))
    try:
        step, killed = 0, True
        while killed:
            step += 1
            event = services.emit(TrailNoted("n", {}), subject=f"door:{step}", actor=system(), at=AT)
            ids = list(Delivery.objects.filter(event=event).values_list("pk", flat=True))
            killed = die_at(step, lambda ids=ids: services.deliver(ids, at=AT))
            recover(ids)
            assert effects(f"door:{step}", "Heard") == 1, f"killed at line {step}"
    finally:
        registry._subscribers.pop("tests.chaos")
    assert step > 8
