"""Cycles: claimed once, recorded whole or not at all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from tests.living import a_worker_at
from tests.probe import AT, proposal
from vyapar.engine import registry, services
from vyapar.engine.models import Action, Cycle, CycleWish, Event, PassedOver
from vyapar.engine.selectors import list_cut_off
from vyapar.people.contracts import Role
from vyapar.people.services import add_person
from vyapar.tenancy.holding import number_of

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


def test_a_cycle_whose_worker_died_is_taken_over_at_once_and_shown_as_cut_off_until_then(probe):
    probe.proposals = (proposal(),)
    lost = Cycle.objects.create(agent="probe", as_of=AT, claimed_at=AT)
    assert list_cut_off() == {lost.pk}
    assert ("probe", AT) in services.due_cycles(AT)
    cycle = services.run_cycle("probe", AT, at=AT + timedelta(seconds=1))
    assert (cycle.attempts, cycle.state) == (2, "done")
    assert list_cut_off() == frozenset()


def test_the_pages_say_that_a_cycle_was_cut_off_and_not_that_it_runs(probe):
    lost = Cycle.objects.create(agent="probe", as_of=AT, claimed_at=AT)
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(add_person(username="owner", password="alpha pass phrase", role=Role.OWNER))
    for page in ("/agents", f"/agents/cycles/{lost.pk}"):
        assert "Cut off; it goes on by itself" in client.get(page).content.decode()
        with a_worker_at("cycle", lost.pk):
            assert "it goes on by itself" not in client.get(page).content.decode()


def test_a_cycle_that_a_living_worker_is_at_is_left_to_it_however_long_it_takes(probe):
    taken = Cycle.objects.create(agent="probe", as_of=AT, claimed_at=AT)
    late = AT + timedelta(hours=3)
    with a_worker_at("cycle", taken.pk):
        assert list_cut_off() == frozenset()
        assert services.run_cycle("probe", AT, at=late) is None
        assert ("probe", AT) not in services.due_cycles(late)
    assert services.run_cycle("probe", AT, at=late).state == "done"


def test_while_a_living_worker_is_at_one_cycle_of_an_agent_no_other_of_it_begins(probe):
    with a_worker_at("agent", number_of("probe") % 2**31):
        assert services.run_cycle("probe", AT, at=AT) is None
    assert not Cycle.objects.exists(), "it is not claimed: beat tries again"
    assert services.run_cycle("probe", AT, at=AT).state == "done"


def test_what_killed_one_worker_is_given_to_the_next_at_once_and_to_the_third_after_a_while(probe):
    Cycle.objects.create(agent="probe", as_of=AT, claimed_at=AT, attempts=2)
    assert services.run_cycle("probe", AT, at=AT + timedelta(minutes=4)) is None
    assert services.run_cycle("probe", AT, at=AT + timedelta(minutes=4, seconds=1)).attempts == 3


def test_a_cycle_that_lost_its_worker_three_times_fails_and_says_so(probe):
    lost = Cycle.objects.create(agent="probe", as_of=AT, claimed_at=AT, attempts=3)
    with a_worker_at("cycle", lost.pk):
        assert services.fail_lost(AT) == []
    assert services.fail_lost(AT) == [lost.pk]
    lost.refresh_from_db()
    assert lost.state == "failed"
    assert "worker was lost 3 times" in lost.error
    assert Event.objects.filter(name="CycleFailed").count() == 1
    assert services.fail_lost(AT) == []


def test_what_a_worker_brings_for_a_cycle_that_was_taken_from_it_is_dropped(probe):
    probe.proposals = (proposal(),)
    spec = registry.agent("probe")

    def taken_meanwhile(snapshot, policy):
        Cycle.objects.update(attempts=2)
        return spec.decide(snapshot, policy)

    registry.hang(replace(spec, decide=taken_meanwhile))
    services.run_cycle("probe", AT, at=AT)
    assert Cycle.objects.get().state == "running"
    assert not Action.objects.exists()


def test_a_clock_that_jumps_back_an_hour_leaves_what_is_done_and_hinders_no_take_over(probe):
    probe.proposals = (proposal(),)
    services.run_cycle("probe", AT, at=AT)
    later = AT + timedelta(hours=1)
    Cycle.objects.create(agent="probe", as_of=later, claimed_at=later)
    due = [one for one in services.due_cycles(AT) if one[0] == "probe"]
    assert due == [("probe", later)], "done stays done, cut off is seen"
    assert services.run_cycle("probe", later, at=AT).state == "done"
    assert Action.objects.count() == 1


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


# --- cycles that were wished for -------------------------------------------------------------------

SOON = AT + timedelta(seconds=29)
LATE = AT + timedelta(seconds=30)


def test_a_wish_that_the_broker_lost_is_sent_again_and_comes_true_once(probe):
    services.wish_cycle("probe", AT, at=AT)
    services.wish_cycle("probe", AT, at=AT)
    assert ("probe", AT) not in services.due_cycles(SOON)
    assert services.due_cycles(LATE).count(("probe", AT)) == 1
    assert services.run_cycle("probe", AT, at=LATE) is not None
    assert ("probe", AT) not in services.due_cycles(LATE)
    services.wish_cycle("probe", AT, at=AT)
    assert services.run_cycle("probe", AT, at=LATE) is None, "it has come true already"
    assert ("probe", AT) not in services.due_cycles(LATE)


def test_a_wish_waits_while_a_living_worker_is_at_the_agent_and_of_several_the_last_counts(probe):
    for minutes in range(3):
        services.wish_cycle("probe", AT + timedelta(minutes=minutes), at=AT)
    last = AT + timedelta(minutes=2)
    assert [one for one in services.due_cycles(LATE) if one[0] == "probe"] == [("probe", last)]
    with a_worker_at("agent", number_of("probe") % 2**31):
        assert services.run_cycle("probe", last, at=LATE) is None
    assert ("probe", last) in services.due_cycles(LATE)
    assert services.run_cycle("probe", last, at=LATE) is not None
    assert not CycleWish.objects.exists()


def test_a_leader_that_is_done_wishes_for_its_followers_in_the_same_transaction(probe):
    led = registry.agent("probe")
    registry.hang(replace(led, name="follower", after=("probe",)))
    try:
        services.run_cycle("probe", AT, at=AT)
        told = Event.objects.get(name="CycleCompleted")
        services.deliver([one.pk for one in told.deliveries.all()], at=AT)
        assert list(CycleWish.objects.values_list("agent", "as_of")) == [("follower", AT)]
    finally:
        registry._agents.pop("follower")
