"""Cycles: claimed once, recorded whole or not at all."""

from datetime import timedelta

import pytest
from django.db import connection

from tests.probe import AT, proposal
from vyapar.engine import registry, services
from vyapar.engine.models import Action, Cycle, Event, PassedOver
from vyapar.engine.services.cycles import LEASE

pytestmark = pytest.mark.usefixtures("alpha", "probe")


def test_a_cycle_keeps_its_proposals_reasons_and_figures(probe):
    probe.proposals = (proposal("thing:1"), proposal("thing:2"))
    cycle = services.run_cycle("probe", AT, at=AT)
    assert (cycle.state, cycle.counts["proposed"], cycle.counts["looked"]) == ("done", 2, 3)
    assert len(cycle.snapshot_digest) == 64
    assert PassedOver.objects.get().reason == "not worth it"
    assert Event.objects.filter(name="CycleCompleted", cycle_id=cycle.pk).count() == 1


def test_a_cycle_delivered_twice_acts_once(probe):
    probe.proposals = (proposal(),)
    assert services.run_cycle("probe", AT, at=AT) is not None
    assert services.run_cycle("probe", AT, at=AT) is None
    assert Action.objects.count() == 1


def test_a_mind_that_breaks_leaves_a_failed_cycle_and_nothing_else(probe):
    probe.proposals = ("not a proposal",)
    with pytest.raises(AttributeError):
        services.run_cycle("probe", AT, at=AT)
    cycle = Cycle.objects.get()
    assert cycle.state == "failed"
    assert "AttributeError" in cycle.error
    assert not Action.objects.exists()
    assert Event.objects.filter(name="CycleFailed").exists()


def test_a_cycle_that_was_cut_off_is_taken_over_after_its_lease(probe):
    probe.proposals = (proposal(),)
    Cycle.objects.create(agent="probe", as_of=AT, claimed_at=AT)
    assert services.run_cycle("probe", AT, at=AT + timedelta(minutes=1)) is None
    late = AT + LEASE + timedelta(seconds=1)
    assert ("probe", AT) in services.due_cycles(late)
    cycle = services.run_cycle("probe", AT, at=late)
    assert (cycle.attempts, cycle.state) == (2, "done")


def test_nothing_to_look_at_keeps_no_cycle(probe):
    spec = registry.agent("probe")
    registry.hang(
        spec.__class__(
            **{**{f: getattr(spec, f) for f in spec.__slots__}, "take_snapshot": lambda a, p: None}
        )
    )
    assert services.run_cycle("probe", AT, at=AT) is None
    assert not Cycle.objects.exists()


def test_a_cycle_that_its_first_worker_gave_back_meanwhile_is_left_alone(probe):
    Cycle.objects.create(agent="probe", as_of=AT, claimed_at=AT)

    def given_back(execute, sql, params, many, context):
        if "FOR UPDATE" in sql:
            Cycle.objects.filter(agent="probe", as_of=AT).delete()
        return execute(sql, params, many, context)

    with connection.execute_wrapper(given_back):
        assert services.run_cycle("probe", AT, at=AT) is None
    assert not Cycle.objects.exists()
