"""Cycles, and transfers with papers, killed at many lines: taken up at once, done once, numbers gapless."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from compliance.models import Paper, RaisedFinding, Series
from reallocation.models import Transfer
from tests.builders import AT, OWNER, build_world, propose_transfer, transfer_payload
from tests.chaos.worker import House, Line, call_dies_at
from tests.compliance.movements import BENGALURU, biscuits, movement
from tests.ops.conftest import within
from tests.probe import Probe, hung, proposal
from vyapar.engine import services
from vyapar.engine.models import Action, Cycle, CycleWish, Event, PassedOver, Transition
from vyapar.engine.selectors import verify_audit
from vyapar.engine.services.execution import LEASE
from vyapar.kernel.lifecycle import Status

pytestmark = pytest.mark.chaos
SOON = timedelta(seconds=5)


@pytest.fixture
def house(fresh_distributor) -> House:
    return House(connection.settings_dict["NAME"], fresh_distributor.schema_name, "", 0)


def run_probe(as_of, at) -> None:
    """A cycle with two proposals and a reason; run in a worker that is killed, and by who takes it up."""
    with hung(Probe(proposals=tuple(proposal(f"thing:{as_of}:{n}", value_paise=1) for n in range(2)))):
        services.run_cycle("probe", as_of, at=at)


def is_due(agent, as_of, at) -> bool:
    """The database may need a moment to notice that the dead worker's session is over."""
    return within(10, lambda: (agent, as_of) in services.due_cycles(at))


def test_a_cycle_killed_at_many_lines_proposes_everything_once(house: House) -> None:
    watched = ("vyapar/engine/services/cycles.py", "vyapar/engine/services/actions.py")
    number, nth, died = 0, 1, 0
    while True:
        number, nth = number + 1, nth + 5
        as_of, name = AT + timedelta(days=number), f"killed at line {nth}"
        services.wish_cycle("probe", as_of, at=as_of)
        if not call_dies_at(Line(watched, nth), house, __name__, "run_probe", as_of, as_of):
            break
        died += 1
        cycle = Cycle.objects.filter(as_of=as_of).first()
        begun = cycle is not None and cycle.state == "done"
        assert Action.objects.filter(cycle__as_of=as_of).count() == 2 * begun, name
        assert PassedOver.objects.filter(cycle__as_of=as_of).count() == begun, name
        later = as_of + timedelta(seconds=30)
        with hung(Probe()):
            assert begun or is_due("probe", as_of, later), name
        run_probe(as_of, later)
        assert Cycle.objects.get(as_of=as_of).state == "done", name
        assert Action.objects.filter(cycle__as_of=as_of).count() == 2, name
        done = Cycle.objects.get(as_of=as_of)
        assert Event.objects.filter(name="CycleCompleted", cycle_id=done.pk).count() == 1, name
        assert not CycleWish.objects.filter(as_of=as_of).exists(), name
    assert died > 20, "the killer must have seen the cycle's lines"
    assert verify_audit()[1] == []


def test_the_compliance_agent_killed_at_many_lines_tells_each_finding_once(house: House) -> None:
    from compliance.services import issue

    issue(movement(destination=BENGALURU, lines=(biscuits(quantity=20_000),)), key="a:1", actor=OWNER, at=AT)
    watched = ("vyapar/engine/services/cycles.py", "compliance/handlers.py", "compliance/services/")
    day, nth, died = 1, 1, 0
    while True:
        day, nth = day + 1, nth + 3
        as_of, name = AT + timedelta(days=day), f"killed at line {nth}"
        before = found()
        given = ("vyapar.engine.services", "run_cycle", "compliance", as_of)
        killed = call_dies_at(Line(watched, nth), house, *given, at=as_of)
        if killed and not Cycle.objects.filter(agent="compliance", as_of=as_of, state="done").exists():
            assert found() == before, f"{name}: half a cycle"
            cycle = Cycle.objects.filter(agent="compliance", as_of=as_of).first()
            assert cycle is None or is_due("compliance", as_of, as_of + SOON), name
            services.run_cycle("compliance", as_of, at=as_of + SOON)
        assert found() == before + 1, f"{name}: the sentence counts days, so there is one a day"
        if not killed:
            break
        died += 1
    assert died > 10, "the killer must have seen the cycle's lines"
    assert verify_audit()[1] == []


def found() -> int:
    return RaisedFinding.objects.filter(action_id__isnull=True, code="T05").count()


def test_a_transfer_killed_at_many_lines_leaves_once_with_one_paper_and_no_gap(house: House) -> None:
    world = build_world(pieces=2_000)
    watched = (
        "vyapar/engine/services/execution.py", "reallocation/executors.py", "reallocation/services",
        "compliance/services/papers.py", "inventory/services/transfers.py",
    )  # fmt: skip
    nth, sent = 1, 0
    while True:
        nth += 9
        action = propose_transfer(transfer_payload(world, ("BIS-100", "B1", 10)))
        if action.status == Status.PROPOSED:
            services.approve(action.pk, actor=OWNER, at=AT)
        due = AT + timedelta(hours=1)
        given = ("vyapar.engine.services", "carry_out", action.pk)
        killed = call_dies_at(Line(watched, nth), house, *given, at=due)
        later = due + LEASE + timedelta(seconds=1)
        for pk in [*services.list_due(later), *services.list_stuck(later)]:
            services.carry_out(pk, at=later)
        sent += 1
        name = f"killed at line {nth}"
        action.refresh_from_db()
        assert action.status == Status.EXECUTED, f"{name}: {action.last_error}"
        assert Transition.objects.filter(action=action, target="executed").count() == 1, name
        assert Transfer.objects.filter(action_id=action.pk).count() == 1, name
        assert world.position().on_hand == 2_000 - 10 * sent, name
        assert numbers() == list(range(1, sent + 1)), name
        if not killed:
            break
    assert sent > 10, "the killer must have seen the transfer's lines"
    assert verify_audit()[1] == []


def numbers() -> list[int]:
    """What was numbered in the one series of these papers; the series knows of no more."""
    kept = sorted(Paper.objects.values_list("sequence", flat=True))
    assert Series.objects.get().last_sequence == len(kept)
    return kept
