"""The API's manners: scopes, repeated calls, rates, problems, pages."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from tests.builders import AT, OWNER
from tests.gateway.calling import NOTE, Caller, problem
from tests.living import a_worker_at
from tests.probe import Probe, hung, open_action
from vyapar.engine.models import Action, Event
from vyapar.gateway.models import StoredReply
from vyapar.gateway.services import begin_reply, keep_reply, revoke_key
from vyapar.kernel.errors import Invalid, Refused
from vyapar.people.contracts import May
from vyapar.tenancy.holding import holding

pytestmark = pytest.mark.usefixtures("in_alpha")


# --- who may -------------------------------------------------------------------------------------


def test_without_a_key_nobody_enters() -> None:
    answer = Client(HTTP_HOST="alpha.localhost").get("/api/v1/actions")
    problem(answer, 401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["vs_x_y", "vs__", "nonsense", "vs_" + "a" * 500])
def test_a_key_that_is_not_ours_is_refused(token: str) -> None:
    client = Client(HTTP_HOST="alpha.localhost", HTTP_AUTHORIZATION=f"Bearer {token}")
    problem(client.get("/api/v1/actions"), 401, "authentication_failed")


def test_a_revoked_and_an_expired_key_are_refused() -> None:
    revoked, expired = Caller(May.READ), Caller(May.READ, made_ago=timedelta(days=366))
    assert revoked.get("/api/v1/actions").status_code == 200
    revoke_key(revoked.key.prefix, actor=OWNER, at=timezone.now())
    problem(revoked.get("/api/v1/actions"), 401, "authentication_failed")
    problem(expired.get("/api/v1/actions"), 401, "authentication_failed")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("get", "/api/v1/actions", May.READ),
        ("get", "/api/v1/events", May.READ),
        ("get", "/api/v1/documents", May.AUDIT),
        ("get", "/audit/v1/trail", May.AUDIT),
        ("get", "/reports/v1/regulatory/2026-11", May.AUDIT),
        ("post", "/audit/v1/trail/create", May.FEED),
        ("post", "/api/v1/stop", May.STOP),
        ("put", "/api/v1/business-rules", May.RULES),
        ("put", "/api/v1/inventory/BIS-100/reallocation", May.DECIDE),
        ("post", "/api/v1/transfers/1/receipt", May.RECEIVE),
        ("post", "/api/v1/transfers/1/freight", May.RECEIVE),
    ],
)
def test_each_door_opens_to_its_scope_only(method: str, path: str, scope: May) -> None:
    others = Caller(*(set(May) - {scope}))
    call = (lambda c: c.get(path)) if method == "get" else (lambda c: c.post(path, method=method))
    before = Event.objects.count()
    problem(call(others), 403, "permission_denied")
    assert Event.objects.count() == before
    assert call(Caller(scope)).status_code not in (401, 403)


def test_a_person_with_a_session_has_what_the_role_has() -> None:
    from vyapar.people.contracts import Role
    from vyapar.people.services import add_person

    analyst = add_person(username="ana", password="a long pass phrase", role=Role.ANALYST)
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(analyst)
    assert client.get("/api/v1/actions").status_code == 200
    assert client.post("/api/v1/stop", "{}", content_type="application/json").status_code == 403


# --- repeated calls --------------------------------------------------------------------------------


def test_a_repeated_call_is_carried_out_once_and_gets_the_first_reply() -> None:
    caller = Caller(May.FEED)
    first = caller.post("/audit/v1/trail/create", NOTE, key="n-1")
    again = caller.post("/audit/v1/trail/create", NOTE, key="n-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (again["Idempotent-Replayed"], "Idempotent-Replayed" in first) == ("true", False)
    assert again["Content-Type"] == first["Content-Type"]
    assert Event.objects.filter(name="TrailNoted").count() == 1


def test_without_the_header_each_call_counts_and_keys_belong_to_their_caller() -> None:
    one, other = Caller(May.FEED), Caller(May.FEED)
    one.post("/audit/v1/trail/create", NOTE)
    one.post("/audit/v1/trail/create", NOTE)
    one.post("/audit/v1/trail/create", NOTE, key="same")
    other.post("/audit/v1/trail/create", NOTE, key="same")
    assert Event.objects.filter(name="TrailNoted").count() == 4


def test_the_same_key_for_another_request_is_refused() -> None:
    caller = Caller(May.FEED)
    caller.post("/audit/v1/trail/create", NOTE, key="n-1")
    other = caller.post("/audit/v1/trail/create", {**NOTE, "verb": "Other"}, key="n-1")
    problem(other, 422, "key_reused")
    assert Event.objects.filter(name="TrailNoted").count() == 1


def test_a_refusal_is_an_answer_too_and_is_replayed() -> None:
    caller = Caller(May.FEED)
    first = caller.post("/audit/v1/trail/create", {}, key="n-1")
    problem(first, 422, "invalid")
    again = caller.post("/audit/v1/trail/create", {}, key="n-1")
    assert (again.status_code, again.content) == (422, first.content)
    assert again["Content-Type"] == "application/problem+json"


def test_a_method_that_a_door_has_not_is_refused_with_a_key_as_without() -> None:
    caller = Caller(May.FEED)
    for key in ("", "n-1", "n-1"):
        problem(caller.post("/audit/v1/trail/create", NOTE, key=key, method="put"), 405, "method_not_allowed")


@pytest.mark.parametrize("key", ["x" * 121, "tab\there"])
def test_an_idempotency_key_has_a_shape(key: str) -> None:
    problem(Caller(May.FEED).post("/audit/v1/trail/create", NOTE, key=key), 422, "bad_key")
    assert not StoredReply.objects.exists()


def test_while_the_first_call_runs_its_repetition_waits_and_one_that_died_is_taken_over_at_once() -> None:
    with holding("reply") as hold:
        given = {"caller": "key:x", "key": "k", "digest": "d", "hold": hold}
        reply = begin_reply(**given, at=AT)
    with holding("reply") as hold:
        given["hold"] = hold
        with a_worker_at("reply", reply.pk), pytest.raises(Refused, match="still running"):
            begin_reply(**given, at=AT + timedelta(days=1))
        later = begin_reply(**given, at=AT + timedelta(seconds=1))
        assert later.status is None
        keep_reply(reply, status=200, content_type="application/json", body=b"late")
        assert StoredReply.objects.get().status is None, "who was taken over keeps nothing"
        keep_reply(later, status=503, content_type="application/json", body=b"{}")
        assert not StoredReply.objects.exists(), "what may go otherwise next time is not kept"
        begin_reply(**given, at=AT)
        with pytest.raises(Invalid):
            begin_reply(**{**given, "digest": "e"}, at=AT)


# --- rates -----------------------------------------------------------------------------------------


def test_the_rate_is_told_and_enforced_for_each_caller_alone() -> None:
    caller, other = Caller(May.READ, rate="3/min"), Caller(May.READ, rate="3/min")
    left = [caller.get("/api/v1/events")["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = caller.get("/api/v1/events")
    problem(refused, 429, "throttled")
    assert (refused["RateLimit-Limit"], refused["RateLimit-Remaining"]) == ("3", "0")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert other.get("/api/v1/events").status_code == 200


# --- problems --------------------------------------------------------------------------------------


def test_bad_input_names_rows_and_fields() -> None:
    caller = Caller(May.RECEIVE)
    lines = [{"sku": "A", "batch": "B", "received": 1}, {"sku": "A", "batch": "B", "received": -1}]
    body = problem(caller.post("/api/v1/transfers/1/receipt", {"lines": lines}), 422, "invalid")
    (fault,) = body["errors"]
    assert (fault["row"], fault["field"], fault["code"]) == (2, "lines.received", "min_value")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/actions/00000000-0000-0000-0000-000000000000", 404, "no_such_action"),
        ("/api/v1/actions?limit=0", 422, "bad_query"),
        ("/api/v1/actions?limit=1001", 422, "bad_query"),
        ("/api/v1/actions?limit=%D9%A3", 422, "bad_query"),
        ("/api/v1/actions?status=nowhere", 422, "bad_query"),
        ("/api/v1/actions?cursor=!!", 422, "bad_query"),
        ("/api/v1/actions?cursor=WzFd", 422, "bad_query"),
        ("/api/v1/actions?updated_since=yesterday", 422, "bad_query"),
        ("/api/v1/actions?updated_since=2026-11-23T06:30:00", 422, "bad_query"),
        ("/api/v1/events?after=-1", 422, "bad_query"),
        ("/reports/v1/regulatory/2026-13", 422, "period"),
        ("/api/v1/documents?cursor=WyJ4Il0=", 422, "bad_query"),
        ("/gst/v1/compliance-check", 422, "required"),
        ("/gst/v1/compliance-check?actionId=7", 422, "bad_query"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_with_its_own_code(path, status, code) -> None:
    problem(Caller(*May).get(path), status, code)


def test_a_body_that_is_no_json_is_a_problem() -> None:
    body = problem(Caller(May.FEED).post("/audit/v1/trail/create", "{'a': 1"), 422, "not_json")
    assert body["errors"][0]["code"] == "not_json"


def test_another_content_type_is_refused() -> None:
    caller = Caller(May.FEED)
    answer = caller.client.post("/audit/v1/trail/create", "a=1", content_type="text/plain")
    problem(answer, 415, "unsupported_media_type")


# --- pages -----------------------------------------------------------------------------------------


@pytest.fixture
def actions(in_alpha):
    with hung(Probe()):
        made = [open_action(f"thing:{n}") for n in range(7)]
        for number, action in enumerate(made):  # three instants, so that ids must break ties
            Action.objects.filter(pk=action.pk).update(updated_at=AT + timedelta(hours=number // 3))
        yield made


def pages(caller: Caller, limit: int, **query) -> list[list[dict]]:
    found, cursor = [], None
    while True:
        extra = {"cursor": cursor} if cursor else {}
        body = caller.get("/api/v1/actions", limit=limit, **query, **extra).json()
        found.append(body["results"])
        cursor = body["nextCursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_a_walk_by_cursor_meets_each_action_once(actions, limit: int) -> None:
    walked = pages(Caller(May.READ), limit)
    ids = [row["actionId"] for page in walked for row in page]
    assert sorted(ids) == sorted(str(a.pk) for a in actions)
    assert all(len(page) <= limit for page in walked)
    assert all(page for page in walked), "no empty page at the end"


def test_updated_since_gives_what_changed_at_or_after_an_instant(actions) -> None:
    caller = Caller(May.READ)
    since = AT + timedelta(hours=1)
    for text in (since.isoformat(), since.isoformat().replace("+00:00", "Z")):
        rows = caller.get("/api/v1/actions", updated_since=text).json()["results"]
        assert len(rows) == 4
    unescaped = f"/api/v1/actions?updated_since={quote(since.isoformat(), safe='+:')}"
    assert len(caller.get(unescaped).json()["results"]) == 4
    assert [len(p) for p in pages(caller, 3, updated_since=since.isoformat())] == [3, 1]


def test_events_go_on_after_the_last_one_seen(actions) -> None:
    caller = Caller(May.READ)
    first = caller.get("/api/v1/events", limit=3).json()
    rest = caller.get("/api/v1/events", after=first["nextAfter"]).json()
    assert len(first["results"]) == 3
    assert len(first["results"]) + len(rest["results"]) == Event.objects.count()
    last = caller.get("/api/v1/events", after=rest["nextAfter"]).json()
    assert (last["results"], last["nextAfter"]) == ([], rest["nextAfter"])


def test_an_action_is_decided_over_http_and_a_stale_answer_is_refused(actions) -> None:
    caller = Caller(May.READ, May.DECIDE)
    action = open_action("thing:late", value_paise=10**9, expires_at=timezone.now() + timedelta(hours=1))
    path = f"/api/v1/actions/{action.pk}"
    shown = caller.get(path).json()
    assert shown["status"] == "proposed"
    caller.post(f"{path}/ask", {"text": "why now?"})
    stale = caller.post(f"{path}/approve", {"version": shown["version"] + 5})
    problem(stale, 409, "stale")
    done = caller.post(f"{path}/approve", {"version": shown["version"]})
    assert done.json()["status"] == "approved"
    problem(caller.post(f"{path}/approve", {}), 409, "already_decided")
