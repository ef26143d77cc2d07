"""ETag, If-Match, If-None-Match: nobody overwrites what they have not seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from inventory.services.imports import ensure_feed
from tests.builders import OWNER
from tests.gateway.calling import Caller, problem
from tests.probe import Probe, hung, open_action
from vyapar.engine import services
from vyapar.engine.models import Action, PolicyVersion
from vyapar.gateway.etags import read_tags
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")
RULES = "/api/v1/business-rules"


@given(st.lists(st.from_regex(r"[0-9A-Za-z.-]{1,20}", fullmatch=True), max_size=5))
def test_tags_are_read_as_they_were_written(tags: list[str]) -> None:
    assert read_tags(", ".join(f'"{tag}"' for tag in tags)) == tuple(tags)


def test_a_star_stands_for_itself_and_a_weak_tag_stays_weak() -> None:
    assert read_tags(" * ") == ("*",)
    assert read_tags('W/"1", "2"') == ("W/1", "2")
    assert read_tags("1") == ()


@pytest.fixture
def action(in_alpha):
    with hung(Probe()):
        yield open_action(
            "thing:1", value_paise=10**9, payload={"boxes": 4}, expires_at=timezone.now() + timedelta(hours=1)
        )


def test_what_did_not_change_is_not_sent_again(action) -> None:
    caller, path = Caller(May.READ), f"/api/v1/actions/{action.pk}"
    first = caller.get(path)
    assert first["ETag"] == f'"{action.version}"'
    for tag in (first["ETag"], f"W/{first['ETag']}", "*", f'"x", {first["ETag"]}'):
        same = caller.client.get(path, HTTP_IF_NONE_MATCH=tag)
        assert (same.status_code, same.content, same["ETag"]) == (304, b"", first["ETag"])
    assert caller.client.get(path, HTTP_IF_NONE_MATCH='"999"').status_code == 200


def test_an_approval_of_another_version_is_refused_and_changes_nothing(action) -> None:
    caller, path = Caller(May.READ, May.DECIDE), f"/api/v1/actions/{action.pk}"
    for tag in ('"999"', f'W/"{action.version}"', "nonsense"):
        problem(caller.post(f"{path}/approve", {}, if_match=tag), 412, "version_moved")
    assert Action.objects.get(pk=action.pk).status == "proposed"
    done = caller.post(f"{path}/approve", {}, if_match=caller.get(path)["ETag"])
    assert (done.status_code, done.json()["status"]) == (200, "approved")
    assert done["ETag"] == f'"{done.json()["version"]}"' != f'"{action.version}"'


def test_an_edit_must_say_which_version_it_was_made_from(action) -> None:
    caller, path = Caller(May.READ, May.DECIDE), f"/api/v1/actions/{action.pk}/edit"
    body = problem(caller.post(path, {"changes": {"boxes": 3}}), 428, "version_required")
    assert "If-Match" in body["detail"]
    assert caller.post(path, {"changes": {}, "version": action.version}).status_code != 428
    assert caller.post(path, {"changes": {}}, if_match="*").status_code != 428


def test_a_change_between_the_check_and_the_write_is_told_as_412(action, monkeypatch) -> None:
    """The row's own lock sees it: the version that was checked is handed to the verb."""
    caller, path = Caller(May.READ, May.DECIDE), f"/api/v1/actions/{action.pk}"
    tag, real = caller.get(path)["ETag"], services.approve

    def late(action_id, **how):
        Action.objects.filter(pk=action_id).update(version=action.version + 1)
        return real(action_id, **how)

    monkeypatch.setattr(services, "approve", late)
    problem(caller.post(f"{path}/approve", {}, if_match=tag), 412, "version_moved")
    assert Action.objects.get(pk=action.pk).status == "proposed"


def change(caller: Caller, tag: str, days: int, **more):
    body = {"agent": "monitoring", "changes": {"deadStockThreshold": days}, **more}
    return caller.post(RULES, body, method="put", if_match=tag)


def test_rules_are_set_by_those_who_saw_them_only() -> None:
    caller = Caller(May.READ, May.RULES)
    body = {"agent": "monitoring", "changes": {"deadStockThreshold": 70}}
    problem(caller.post(RULES, body, method="put"), 428, "version_required")
    problem(caller.post(RULES, {**body, "version": 1}, method="put"), 428, "version_required")
    first = caller.get(RULES)["ETag"]
    done = change(caller, first, 70)
    assert (done.status_code, done.json()["businessRules"]["deadStockThreshold"]) == (200, 70)
    assert done["ETag"] == caller.get(RULES)["ETag"] != first
    problem(change(caller, first, 71), 412, "version_moved")
    assert PolicyVersion.objects.filter(agent="monitoring").count() == 1


def test_a_feed_is_changed_by_those_who_saw_it_as_it_is() -> None:
    at, caller, path = timezone.now(), Caller(May.READ, May.RULES), "/api/v1/feeds/books"
    ensure_feed(code="books", name="Books", system="files", actor=OWNER, at=at)
    first = caller.get(path)["ETag"]
    assert caller.client.get(path, HTTP_IF_NONE_MATCH=first).status_code == 304
    assert caller.post(path, {"name": "Ledger"}, method="patch", if_match=first).status_code == 200
    problem(caller.post(path, {"name": "Daybook"}, method="patch", if_match=first), 412, "version_moved")
    assert caller.get(path).json()["name"] == "Ledger"


def test_a_rule_that_is_yet_to_come_moves_the_version_too() -> None:
    caller = Caller(May.READ, May.RULES)
    first = caller.get(RULES)["ETag"]
    tomorrow = ist_day(timezone.now()) + timedelta(days=1)
    assert change(caller, first, 70, effectiveDate=tomorrow.isoformat()).status_code == 200
    problem(change(caller, first, 80), 412, "version_moved")


def test_rules_set_in_between_are_told_as_412(monkeypatch) -> None:
    caller, real, late = Caller(May.READ, May.RULES), services.set_policy, []

    def slow(agent, changes, **how):
        if not late:
            late.append(real(agent, changes, **{**how, "actor": OWNER, "seen_version": None}))
        return real(agent, changes, **how)

    monkeypatch.setattr(services, "set_policy", slow)
    problem(change(caller, caller.get(RULES)["ETag"], 70), 412, "version_moved")
    assert PolicyVersion.objects.filter(agent="monitoring").count() == 1
