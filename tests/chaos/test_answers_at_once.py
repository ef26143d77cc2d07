"""Many answers to one action in the same moment: one lawful life, and everybody else is told why not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connections
from django.utils import timezone
from django_tenants.utils import tenant_context

from tests.gateway.calling import Caller
from tests.probe import Probe, effects, hung, open_action
from vyapar.engine import registry, services
from vyapar.engine.models import Action, Event, Transition
from vyapar.engine.selectors import verify_audit
from vyapar.kernel.lifecycle import Status, check_transition
from vyapar.people.contracts import May

pytestmark = pytest.mark.chaos
LARGE = 10**9  # beyond what any agent may do alone
TOLD = {"stale", "already_decided"}


@pytest.fixture
def probe():
    with hung(Probe()) as one:
        yield one


@pytest.fixture
def caller(fresh_distributor) -> Caller:
    return Caller(*May, host=fresh_distributor.slug)


def at_once(distributor, verbs: list[Callable[[], object]]) -> list[object]:
    """Run verbs at once, each on a connection of its own; what each returned."""
    gate, results = threading.Barrier(len(verbs)), [None] * len(verbs)

    def run(index: int) -> None:
        try:
            with tenant_context(distributor):
                gate.wait(20)
                results[index] = verbs[index]()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads), "a deadlock"
    return results


def life_of(action: Action) -> list[Transition]:
    """The steps of an action; each is lawful and begins where the one before ended."""
    steps = list(Transition.objects.filter(action=action).order_by("pk"))
    for before, step in pairwise(steps):
        assert step.source == before.target
        check_transition(Status(step.source), Status(step.target))
    assert steps[-1].target == Action.objects.get(pk=action.pk).status
    return steps


def test_approve_reject_edit_and_ask_at_once_over_http(fresh_distributor, probe, caller) -> None:
    for turn in range(8):
        until = timezone.now() + timedelta(hours=1)
        action = open_action(f"thing:{turn}", at=timezone.now(), value_paise=LARGE, expires_at=until)
        path, seen = f"/api/v1/actions/{action.pk}", {"version": action.version}
        verbs = {
            "approve": lambda: caller.post(f"{path}/approve", seen),  # noqa: B023
            "approve too": lambda: caller.post(f"{path}/approve", seen),  # noqa: B023
            "reject": lambda: caller.post(f"{path}/reject", {**seen, "reason": "no"}),  # noqa: B023
            "edit": lambda: caller.post(f"{path}/edit", {**seen, "changes": {"quantity": 4}}),  # noqa: B023
            "edit too": lambda: caller.post(f"{path}/edit", {**seen, "changes": {"quantity": 6}}),  # noqa: B023
            "ask": lambda: caller.post(f"{path}/ask", {"text": "why?"}),  # noqa: B023
        }
        answers = dict(zip(verbs, at_once(fresh_distributor, list(verbs.values())), strict=True))
        won = [name for name, answer in answers.items() if answer.status_code == 200]
        assert len(won) == 1, {name: answer.content for name, answer in answers.items()}
        assert answers["ask"].status_code == 204
        for name, answer in answers.items():
            if name not in (*won, "ask"):
                body = answer.json()
                assert (answer.status_code, body["code"] in TOLD) == (409, True), body
                assert f"action {action.number}" in body["detail"]
        action.refresh_from_db()
        expected = {"approve": "approved", "reject": "rejected", "edit": "proposed"}[won[0].split()[0]]
        assert (action.status, life_of(action)[-1].target) == (expected, expected)
        assert action.quantity == {"edit": 4, "edit too": 6}.get(won[0], 10)
        assert Event.objects.filter(name="ActionEdited", action_id=action.pk).count() == ("edit" in won[0])
    assert verify_audit()[1] == []


def test_the_stop_button_pulled_while_actions_are_approved_and_carried_out(
    fresh_distributor, probe, caller
) -> None:
    now = timezone.now()
    given = {"at": now, "value_paise": LARGE, "expires_at": now + timedelta(hours=1)}
    actions = [open_action(f"thing:{n}", **given) for n in range(4)]
    due = now + timedelta(minutes=5)
    verbs: list[Callable[[], object]] = [lambda: caller.post("/api/v1/stop", {"reason": "fire"})]
    for action in actions:
        verbs.append(lambda pk=action.pk: caller.post(f"/api/v1/actions/{pk}/approve"))
        verbs.append(lambda pk=action.pk: services.carry_out(pk, at=due))
    stopped, *_rest = at_once(fresh_distributor, verbs)
    assert stopped.status_code in (200, 201), stopped.content
    for action in actions:
        life_of(action)
        before = Action.objects.get(pk=action.pk).status
        services.carry_out(action.pk, at=due)
        after = Action.objects.get(pk=action.pk)
        assert after.status == before, "nothing leaves once the button is pulled"
        assert effects(action.key) == (before == Status.EXECUTED)
    assert verify_audit()[1] == []


def test_undo_and_carrying_out_in_the_same_moment_are_one_of_both(fresh_distributor, probe, caller) -> None:
    for turn in range(8):
        now = timezone.now()
        action = open_action(f"thing:{turn}", at=now - timedelta(hours=1), value_paise=1)
        assert action.status == Status.AUTO_APPROVED
        path = f"/api/v1/actions/{action.pk}"
        answer, *_done = at_once(
            fresh_distributor,
            [
                lambda: caller.post(f"{path}/undo", {"reason": "not today"}),  # noqa: B023
                lambda: services.carry_out(action.pk, at=now),  # noqa: B023
                lambda: services.carry_out(action.pk, at=now),  # noqa: B023
            ],
        )
        steps = [step.target for step in life_of(action)]
        undone = effects(action.key, "ProbeUndone")
        assert effects(action.key) <= 1
        assert (answer.status_code, steps[-1], undone) in {
            (200, "withdrawn", 0),
            (200, "rolled_back", 1),
            (409, "executed", 0),
        }, (answer.content, steps)
        assert effects(action.key) == ("executed" in steps)
    assert verify_audit()[1] == []


def test_undo_while_it_is_being_carried_out_is_told_so_and_works_afterwards(
    fresh_distributor, probe, caller, monkeypatch
) -> None:
    kind, at_it, go_on = registry.kind("probe"), threading.Event(), threading.Event()

    def slowly(view, actor, at):
        at_it.set()
        assert go_on.wait(20)
        return kind.execute(view, actor, at)

    monkeypatch.setitem(registry._kinds, "probe", replace(kind, execute=slowly))
    now = timezone.now()
    action = open_action(at=now - timedelta(hours=1), value_paise=1)
    path = f"/api/v1/actions/{action.pk}/undo"

    def undo() -> object:
        assert at_it.wait(20)
        try:
            return caller.post(path, {"reason": "wait"})
        finally:
            go_on.set()

    early, _done = at_once(fresh_distributor, [undo, lambda: services.carry_out(action.pk, at=now)])
    assert (early.status_code, early.json()["code"]) == (409, "being_carried_out")
    assert "being carried out just now" in early.json()["detail"]
    assert [step.target for step in life_of(action)][-2:] == ["executing", "executed"]
    late = caller.post(path, {"reason": "now"})
    assert (late.status_code, late.json()["status"]) == (200, "rolled_back")
    assert (effects(action.key), effects(action.key, "ProbeUndone")) == (1, 1)
    assert verify_audit()[1] == []
