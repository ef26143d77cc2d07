"""Large bodies: spooled once, hashed while they come; repeated calls under load and after a crash."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import clear_url_caches, path
from django.utils import timezone
from django_tenants.utils import schema_context, tenant_context
from rest_framework.request import Request
from rest_framework.response import Response

import vyapar.urls
from tests.builders import OWNER
from tests.gateway.calling import NOTE, Caller, machine, problem
from tests.living import a_worker_at
from vyapar.engine.models import Event
from vyapar.gateway.bodies import TooLarge, fingerprint, spool
from vyapar.gateway.models import StoredReply
from vyapar.gateway.renderers import JsonRenderer
from vyapar.gateway.services import begin_reply, issue_key, keep_house
from vyapar.gateway.services.keeping import REPLY_LIFE
from vyapar.gateway.views import ApiView
from vyapar.kernel.errors import Refused
from vyapar.people.contracts import May
from vyapar.tenancy.holding import holding

DOOR = "/audit/v1/trail/create"


def request(body: bytes = b"rows", path: str = "/x", kind: str = "text/csv", **more):
    return RequestFactory().post(path, body, content_type=kind, **more)


# --- spooling ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 1 << 18, (1 << 20) + 7])
def test_a_body_is_spooled_once_and_read_from_its_beginning_each_time(size: int) -> None:
    body = b"x" * size
    one = request(body)
    first = spool(one, most_bytes=1 << 21)
    assert (first.size, first.file.read()) == (size, body)
    assert spool(one, most_bytes=1 << 21).file.read() == body


def test_too_large_a_body_is_refused_before_and_while_it_comes() -> None:
    with pytest.raises(TooLarge):
        spool(request(b"x" * 101), most_bytes=100)
    liar = request(b"")
    liar.META["CONTENT_LENGTH"] = "5"
    liar._stream, liar._read_started = io.BytesIO(b"y" * 1000), False
    with pytest.raises(TooLarge):
        spool(liar, most_bytes=100)


def test_a_spooled_and_a_read_body_have_one_fingerprint() -> None:
    spooled, read = request(), request()
    spool(spooled, most_bytes=100)
    assert fingerprint(spooled) == fingerprint(read) == fingerprint(Request(request()))


@pytest.mark.parametrize(
    "other",
    [
        request(b"rowz"), request(path="/y"), request(path="/x?dryRun=true"),
        request(kind="application/json"), request(HTTP_CONTENT_ENCODING="gzip"),
        RequestFactory().put("/x", b"rows", content_type="text/csv"),
    ],
)  # fmt: skip
def test_whatever_makes_it_another_request_makes_another_fingerprint(other) -> None:
    assert fingerprint(other) != fingerprint(request())


# --- repeated calls ------------------------------------------------------------------------


class Echo(ApiView):
    """Answers in each way that a door may, and counts how often it ran."""

    needs = May.FEED
    most_bytes = 1 << 22
    ran = 0

    def post(self, request: Request) -> HttpResponse:
        type(self).ran += 1
        way = request.query_params["way"]
        size = spool(request, most_bytes=self.most_bytes).size
        if way == "made":
            return Response({"size": size}, status=201, headers={"Location": "/x/1", "ETag": '"1"'})
        if way == "plain":
            return HttpResponse(b"%PDF", content_type="application/pdf")
        if way == "stream":
            return StreamingHttpResponse(iter([b"a", b"b"]), content_type="text/csv")
        if way == "none":
            return Response(status=204)
        raise RuntimeError("a bug")


@pytest.fixture
def echo(in_alpha, settings, monkeypatch):

    Echo.ran = 0
    monkeypatch.setattr(
        vyapar.urls, "urlpatterns", [path("api/echo", Echo.as_view()), *vyapar.urls.urlpatterns]
    )

    clear_url_caches()
    yield Caller(May.FEED)
    clear_url_caches()


@pytest.mark.parametrize("way", ["made", "plain", "stream", "none"])
def test_every_kind_of_answer_is_given_again_with_its_headers(echo, way: str) -> None:
    body = "x" * 2_000_000
    first, again = (echo.post(f"/api/echo?way={way}", body, key="k") for _ in range(2))
    content = b"".join(first.streaming_content) if first.streaming else first.content
    assert (again.status_code, again.content) == (first.status_code, content)
    for name in ("Content-Type", "Location", "ETag"):
        assert again.headers.get(name) == first.headers.get(name), name
    assert again["Idempotent-Replayed"] == "true"
    assert Echo.ran == 1


def test_a_door_that_will_go_says_since_when_and_until_when(echo, monkeypatch) -> None:
    assert "Sunset" not in echo.post("/api/echo?way=made", "x")
    since, until = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 12, 1, tzinfo=UTC)
    monkeypatch.setattr(Echo, "deprecated", (since, until))
    answer = echo.post("/api/echo?way=made", "x")
    assert answer["Deprecation"] == "@1796083200"
    assert answer["Sunset"] == "Wed, 01 Dec 2027 00:00:00 GMT"


def test_after_a_bug_the_same_key_tries_again(echo) -> None:
    echo.client.raise_request_exception = False
    for _ in range(2):
        problem(echo.post("/api/echo?way=bug", "x", key="k"), 500, "internal")
    assert Echo.ran == 2
    assert not StoredReply.objects.exists()


@pytest.mark.usefixtures("in_alpha")
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_every_writing_method_keeps_its_reply(method: str) -> None:
    boss = Caller(*May)
    made, _secret = issue_key(name="other", scopes=[May.READ], actor=OWNER, at=timezone.now())
    path = f"/api/v1/keys/{made.prefix}"
    call = {
        "post": ("/api/v1/stop", {"reason": "test"}, {}),
        "put": ("/api/v1/business-rules", {"agent": "nobody", "changes": {}}, {"if_match": "*"}),
        "patch": (path, {"version": 1, "name": "new"}, {}),
        "delete": (path, {}, {}),
    }
    address, body, headers = call[method]
    first, again = (boss.post(address, body, key="k", method=method, **headers) for _ in range(2))
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotent-Replayed"] == "true"


@pytest.mark.usefixtures("in_alpha")
def test_a_412_is_not_kept_so_that_the_caller_may_look_again_with_the_same_key() -> None:
    boss = Caller(*May)
    made, _secret = issue_key(name="other", scopes=[May.READ], actor=OWNER, at=timezone.now())
    path = f"/api/v1/keys/{made.prefix}"
    problem(boss.post(path, {"name": "n"}, key="k", method="patch", if_match='"9"'), 412, "version_moved")
    done = boss.post(path, {"name": "n"}, key="k", method="patch", if_match='"1"')
    assert done.status_code == 200
    again = boss.post(path, {"name": "n"}, key="k", method="patch", if_match='"1"')
    assert (again.status_code, again.content) == (200, done.content), "although the version moved since"


@pytest.mark.usefixtures("in_alpha")
def test_of_two_at_once_one_runs_and_the_other_is_told_to_wait() -> None:
    """Two real connections whose writes are committed; the row is removed by a third."""
    at, gate, mark = timezone.now(), threading.Barrier(2, timeout=20), uuid4().hex

    def call(_: int) -> str:
        gate.wait()
        with holding("reply") as hold:
            try:
                reply = begin_reply(caller=mark, key="k", digest="d", at=at, hold=hold)
            except Refused as error:
                return error.code
            finally:
                gate.wait()
        return "runs" if reply.status is None else "kept"

    def clear(_: int) -> str:
        return str(StoredReply.objects.filter(caller=mark).delete()[0])

    assert sorted(side_by_side(call, 2)) == ["in_progress", "runs"]
    assert side_by_side(clear, 1) == ["1"]


def side_by_side(task: Callable[[int], str], count: int) -> list[str]:
    """What each of some threads says, each with a connection of its own in alpha's schema."""

    def run(number: int) -> str:
        try:
            with schema_context("t_alpha"):
                return task(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


@pytest.mark.usefixtures("in_alpha")
def test_a_call_holds_its_key_as_long_as_its_server_lives() -> None:
    caller = Caller(May.FEED)
    first = RequestFactory().post(DOOR, b'{"a": 1}', content_type="application/json")
    seal, now = fingerprint(first), timezone.now()
    with holding("reply") as hold:
        reply = begin_reply(caller=caller.key.actor.ref, key="k", digest=seal, at=now, hold=hold)
    with a_worker_at("reply", reply.pk):
        problem(caller.post(DOOR, '{"a": 1}', key="k"), 409, "in_progress")
    assert caller.post(DOOR, '{"a": 1}', key="k").status_code == 422
    assert StoredReply.objects.get().status == 422


@pytest.mark.usefixtures("in_alpha")
def test_replies_are_cleared_after_two_days() -> None:
    caller = Caller(May.FEED)
    caller.post(DOOR, NOTE, key="k")
    kept = StoredReply.objects.get()
    keep_house(kept.started_at + REPLY_LIFE)
    assert StoredReply.objects.exists()
    keep_house(kept.started_at + REPLY_LIFE + timedelta(seconds=1))
    assert not StoredReply.objects.exists()


@pytest.mark.usefixtures("in_alpha")
def test_a_reply_of_one_distributor_is_never_given_to_the_other(beta) -> None:
    ours = Caller(May.FEED)
    with tenant_context(beta):
        theirs, secret = issue_key(name="ERP", scopes=[May.FEED], actor=OWNER, at=timezone.now())
        theirs.prefix = ours.key.prefix  # even if both keys bore one name
        theirs.save(update_fields=["prefix"])
        secret = secret.replace(secret.split("_")[1], ours.key.prefix)
    ours.post(DOOR, NOTE, key="k")
    client = machine(secret, "beta")
    answer = client.post(DOOR, NOTE, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
    assert answer.status_code == 201, answer.content
    assert "Idempotent-Replayed" not in answer
    with tenant_context(beta):
        assert Event.objects.filter(name="TrailNoted", subject=NOTE["subject"]).count() == 1


def test_a_number_beyond_64_bits_is_repeated_by_its_digits() -> None:
    said = {"errors": [{"value": 2**70, "row": 3}], "least": -(2**63) - 1, "known": True}
    assert json.loads(JsonRenderer().render(said)) == {
        "errors": [{"value": "1180591620717411303424", "row": 3}], "least": "-9223372036854775809",
        "known": True,
    }  # fmt: skip
