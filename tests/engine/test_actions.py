"""The life of an action: proposed, judged, decided, carried out, undone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.probe import AT, OWNER, effects, open_action
from vyapar.engine import registry, services
from vyapar.engine.models import Action, AuditEntry, DecisionRecord, Event, Transition
from vyapar.engine.services.actions import preview_edit
from vyapar.engine.services.execution import LEASE
from vyapar.kernel.decision import PassedOver
from vyapar.kernel.errors import Invalid, Refused, Stale, Unavailable
from vyapar.kernel.lifecycle import Status

pytestmark = pytest.mark.usefixtures("alpha", "probe")
LATER = AT + timedelta(minutes=5)
BIG = {"value_paise": 900_000}


def test_a_small_action_is_approved_alone_and_a_large_one_waits():
    small, large = open_action("thing:1"), open_action("thing:2", **BIG)
    assert small.status == Status.AUTO_APPROVED
    assert small.undo_until == AT + timedelta(seconds=60)
    assert large.status == Status.PROPOSED
    assert "above the limit of ₹1,000.00" in large.record.verdict["reasons"][0]


def test_the_daily_cap_counts_what_was_approved_alone_today():
    states = [open_action(f"thing:{n}").status for n in range(7)]
    assert states == [Status.AUTO_APPROVED] * 5 + [Status.PROPOSED] * 2


def test_every_step_leaves_a_transition_an_event_and_a_trail_entry():
    action = open_action(**BIG)
    services.approve(action.pk, actor=OWNER, at=AT, seen_version=action.version, reason="fine")
    steps = list(Transition.objects.filter(action=action).values_list("source", "target", "actor_ref"))
    assert steps == [("", "proposed", "agent:probe"), ("proposed", "approved", "user:1")]
    names = list(Event.objects.filter(action_id=action.pk).values_list("name", flat=True))
    assert names == ["ActionProposed", "ActionMoved"]
    assert AuditEntry.objects.filter(action_id=action.pk).count() == 2
    record = DecisionRecord.objects.get(action=action)
    assert (record.approver, record.policy) == ("user:1", {"threshold_days": 30})


def test_one_subject_carries_one_open_action():
    open_action()
    second = open_action()
    assert isinstance(second, PassedOver)
    assert second.code == "open_action"
    assert Action.objects.count() == 1


def test_cartons_that_another_holds_are_passed_over_and_leave_nothing(probe):
    answer = open_action("taken:1")
    assert isinstance(answer, PassedOver)
    assert answer.code == "held"
    assert not Action.objects.exists()
    assert not Event.objects.exists()
    assert not probe.held


def test_a_stale_answer_is_refused():
    action = open_action(**BIG)
    services.edit(action.pk, {"quantity": 5}, actor=OWNER, at=AT)
    with pytest.raises(Stale):
        services.approve(action.pk, actor=OWNER, at=AT, seen_version=1)


def test_an_edit_is_recalculated_and_kept_with_what_was_before():
    action = open_action(**BIG)
    seen = preview_edit(action.pk, {"quantity": 4}, AT)
    assert (seen.net_paise, Action.objects.get().net_paise) == (2_800, 7_000)
    edited = services.edit(action.pk, {"quantity": 4}, actor=OWNER, at=AT, seen_version=1)
    assert (edited.quantity, edited.net_paise, edited.version) == (4, 2_800, 2)
    entry = AuditEntry.objects.get(verb="ActionEdited")
    assert '"before":{"quantity":10}' in entry.body


def test_only_named_fields_can_be_edited_and_never_beyond_what_there_is():
    action = open_action(**BIG)
    with pytest.raises(Invalid, match="quantity"):
        services.edit(action.pk, {"price": 5}, actor=OWNER, at=AT)
    with pytest.raises(Refused, match="not more"):
        services.edit(action.pk, {"quantity": 99}, actor=OWNER, at=AT)
    assert Action.objects.get().version == 1


def test_a_rejection_needs_a_reason_and_lets_the_cartons_go(probe):
    action = open_action(**BIG)
    assert probe.held == {action.key}
    with pytest.raises(Invalid):
        services.reject(action.pk, actor=OWNER, at=AT, reason="  ")
    services.reject(action.pk, actor=OWNER, at=AT, reason="not this month")
    assert not probe.held
    assert isinstance(open_action(**BIG), Action)


def test_the_second_approver_finds_it_decided():
    action = open_action(**BIG)
    services.approve(action.pk, actor=OWNER, at=AT)
    with pytest.raises(Stale, match="already Approved"):
        services.approve(action.pk, actor=OWNER, at=AT)
    assert Transition.objects.filter(action=action, target="approved").count() == 1


def test_undo_inside_the_window_leaves_no_effect():
    action = open_action()
    services.undo(action.pk, actor=OWNER, at=AT + timedelta(seconds=30))
    services.carry_out(action.pk, at=LATER)
    assert Action.objects.get().status == Status.WITHDRAWN
    assert effects() == 0


def test_nothing_is_carried_out_while_the_window_is_open():
    action = open_action()
    assert services.list_due(AT + timedelta(seconds=59)) == []
    services.carry_out(action.pk, at=AT + timedelta(seconds=59))
    assert effects() == 0
    assert services.list_due(LATER) == [action.pk]


def test_carrying_out_twice_has_one_effect_and_undo_rolls_back():
    action = open_action()
    for _ in range(3):
        services.carry_out(action.pk, at=LATER)
    done = Action.objects.get()
    assert (done.status, effects(action.key)) == (Status.EXECUTED, 1)
    assert done.record.outcome["outcome"] == "success"
    services.undo(action.pk, actor=OWNER, at=LATER)
    assert Action.objects.get().status == Status.ROLLED_BACK
    assert effects(action.key, "ProbeUndone") == 1


LOWERED = [
    {"mode": "propose"},
    {"mode": "observe"},
    {"max_value_paise": 49_999},
    {"max_quantity": 9},
    {"min_confidence": 0.95},
    {"daily_cap_paise": 99_999},
]


@pytest.mark.parametrize("limits", LOWERED, ids=str)
def test_limits_that_were_lowered_in_the_undo_window_hold(limits):
    alone, theirs, person = open_action("thing:1"), open_action("thing:2", **BIG), open_action("thing:3")
    services.approve(theirs.pk, actor=OWNER, at=AT)
    services.set_autonomy("probe", limits, actor=OWNER, at=AT)
    for action in (alone, theirs):
        services.carry_out(action.pk, at=LATER)
    assert Action.objects.get(pk=theirs.pk).status == Status.EXECUTED, "a person's word is a person's"
    asked = Action.objects.get(pk=alone.pk)
    assert (asked.status, asked.decided_by, effects(alone.key)) == (Status.PROPOSED, "", 0)
    last = Transition.objects.filter(action=alone).order_by("-pk")[0]
    assert last.reason.startswith("a person is asked after all: ")
    services.carry_out(person.pk, at=LATER)
    under = "daily_cap_paise" in limits  # one of the two fits below the new cap
    assert Action.objects.get(pk=person.pk).status == (Status.EXECUTED if under else Status.PROPOSED)


@pytest.fixture
def visited(monkeypatch):
    """When the far side is called; while it is, the same task comes a second time."""
    kind, calls = registry.kind("probe"), []

    def execute(view, actor, at):
        calls.append(at)
        if len(calls) < 5:
            services.carry_out(view.id, at=at + timedelta(seconds=1))
        return kind.execute(view, actor, at)

    monkeypatch.setitem(registry._kinds, "probe", replace(kind, execute=execute))
    return calls


def test_a_task_delivered_twice_calls_the_far_side_once(visited):
    action = open_action()
    services.carry_out(action.pk, at=LATER)
    assert (Action.objects.get().status, visited) == (Status.EXECUTED, [LATER])


@pytest.fixture
def recalled(monkeypatch):
    """Who called the far side to undo; while it answers, somebody undoes or retries the same action."""
    kind, calls, said = registry.kind("probe"), [], []

    def undo(view, actor, at):
        calls.append(actor.ref)
        for verb in (services.undo, services.retry):
            with pytest.raises(Refused) as refusal:
                verb(view.id, actor=replace(actor, ident="2"), at=at + timedelta(seconds=1))
            said.append(refusal.value.code)
        return kind.undo(view, actor, at)

    monkeypatch.setitem(registry._kinds, "probe", replace(kind, undo=undo))
    return calls, said


def test_two_undoing_one_action_at_once_call_the_far_side_once(recalled):
    action = open_action()
    services.carry_out(action.pk, at=LATER)
    Action.objects.filter(pk=action.pk).update(status=Status.FAILED)
    services.undo(action.pk, actor=OWNER, at=LATER)
    assert recalled == (["user:1"], ["being_undone", "being_undone"])
    assert Action.objects.get().status == Status.ROLLED_BACK
    assert Transition.objects.filter(target="rolled_back").count() == 1


def test_an_undoing_that_failed_or_was_cut_off_may_be_taken_up(monkeypatch):
    action = open_action()
    services.carry_out(action.pk, at=LATER)
    kind = registry.kind("probe")

    def down(view, actor, at):
        raise Unavailable("the far side is down")

    monkeypatch.setitem(registry._kinds, "probe", replace(kind, undo=down))
    with pytest.raises(Unavailable):
        services.undo(action.pk, actor=OWNER, at=LATER)
    assert Action.objects.get().undo_claimed_at is None
    Action.objects.update(undo_claimed_at=LATER)  # and its worker dies
    monkeypatch.setitem(registry._kinds, "probe", kind)
    services.undo(action.pk, actor=OWNER, at=LATER + LEASE + timedelta(seconds=1))
    assert (Action.objects.get().status, effects(action.key, "ProbeUndone")) == (Status.ROLLED_BACK, 1)


def test_an_execution_that_was_cut_off_is_taken_up_by_one_worker_alone(visited):
    action = open_action()
    services.claim(action.pk, actor=OWNER, at=LATER)  # and its worker dies
    again = LATER + LEASE + timedelta(seconds=1)
    assert services.list_stuck(again) == [action.pk]
    services.carry_out(action.pk, at=again)
    assert (Action.objects.get().status, visited) == (Status.EXECUTED, [again])


def test_a_far_side_that_is_down_puts_the_action_off_and_it_succeeds_later(probe):
    probe.fail_with = [Unavailable("the far side is down"), Unavailable("still down")]
    action = open_action()
    services.carry_out(action.pk, at=LATER)
    waiting = Action.objects.get()
    assert (waiting.status, waiting.attempts) == (Status.EXECUTING, 2)
    assert waiting.next_try_at > LATER
    assert services.list_stuck(LATER) == []
    services.carry_out(action.pk, at=LATER + timedelta(minutes=1))
    services.carry_out(action.pk, at=LATER + timedelta(minutes=10))
    assert Action.objects.get().status == Status.EXECUTED
    assert effects() == 1


def test_a_far_side_that_stays_down_fails_the_action_in_the_end_and_a_person_may_retry(probe):
    probe.fail_with = [Unavailable("down")] * 6
    action = open_action()
    for step in range(6):
        services.carry_out(action.pk, at=LATER + timedelta(hours=step))
    assert Action.objects.get().status == Status.FAILED
    services.retry(action.pk, actor=OWNER, at=LATER + timedelta(days=1))
    services.carry_out(action.pk, at=LATER + timedelta(days=1))
    assert Action.objects.get().status == Status.EXECUTED


def test_a_refusal_at_execution_fails_the_action_with_its_sentence(probe):
    probe.fail_with = [Refused("the batch expired this morning")]
    action = open_action()
    services.carry_out(action.pk, at=LATER)
    failed = Action.objects.get()
    assert (failed.status, failed.last_error) == (Status.FAILED, "the batch expired this morning")


def test_the_stop_button_holds_back_what_was_approved_and_lifting_it_lets_it_go():
    action = open_action()
    services.pull(actor=OWNER, at=AT, reason="stocktaking")
    assert services.list_due(LATER) == []
    services.carry_out(action.pk, at=LATER)
    assert effects() == 0
    services.lift(actor=OWNER, at=LATER)
    services.carry_out(action.pk, at=LATER)
    assert effects() == 1


def test_while_stopped_nothing_is_approved_alone_nor_by_a_person():
    services.pull(actor=OWNER, at=AT)
    action = open_action()
    assert action.status == Status.PROPOSED
    with pytest.raises(Refused, match="stop button"):
        services.approve(action.pk, actor=OWNER, at=AT)


def test_proposals_run_out(probe):
    action = open_action(**BIG)
    assert services.expire_due(AT) == 0
    assert services.expire_due(AT + timedelta(hours=25)) == 1
    assert Action.objects.get().status == Status.EXPIRED
    assert not probe.held
    with pytest.raises(Stale):
        services.approve(action.pk, actor=OWNER, at=AT + timedelta(hours=25))
