"""Events reach systems outside: signed, retried, in order, replayed, and never inside a private network."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import settings as house
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from django.urls import reverse
from django_tenants.utils import tenant_context
from hypothesis import example, given, settings
from hypothesis import strategies as st

from alerts.models import Alert
from tests.builders import AT, OWNER, deliver_all
from tests.gateway.test_gateway import Caller
from vyapar.engine import registry
from vyapar.engine import services as engine
from vyapar.engine.contracts import TrailNoted
from vyapar.engine.models import Delivery, Event
from vyapar.engine.serializers import event_out
from vyapar.farside import addresses
from vyapar.farside.addresses import ForbiddenAddress, forbidden_reason
from vyapar.farside.resilience import breakers
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person
from vyapar.tenancy.here import current_schema
from vyapar.tenancy.services import close_distributor, open_distributor
from vyapar.webhooks import client, services, tasks
from vyapar.webhooks.client import Call, call
from vyapar.webhooks.models import Endpoint, WebhookAttempt, WebhookDelivery
from vyapar.webhooks.rules import (
    MAX_ATTEMPTS,
    PATIENCE,
    check_url,
    headers_of,
    secret_of,
    wait_after,
)
from vyapar.webhooks.selectors import breaker_of
from vyapar.webhooks.services import telling

ROOT = Path(__file__).resolve().parents[2]
SECRET = secret_of(b"k" * 32)


def documented_verifier():
    """The snippet of the documentation, run as it stands there."""
    text = (ROOT / "docs/webhooks.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    found: dict = {}
    exec(compile(code, "docs/webhooks.md", "exec"), found)
    return found["verify"]


verify = documented_verifier()


@dataclass
class Heard:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict:
        return json.loads(self.body)


@dataclass
class Ear:
    """A receiver that verifies every message. `plan`: a status, `hang`, `drip`, `cut`, or a redirect."""

    url: str
    secret: str = SECRET
    heard: list[Heard] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    plan: list = field(default_factory=list)
    always: object = 200
    on_post: object = None


@pytest.fixture
def ear() -> Iterator[Ear]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            heard = Heard(self.path, {k.lower(): v for k, v in self.headers.items()}, raw)
            box.heard.append(heard)
            try:
                verify(box.secret, heard.headers, raw, 10**9)
            except ValueError as error:
                box.forged.append(str(error))
            if box.on_post is not None:
                box.on_post()
            self._act(box.plan.pop(0) if box.plan else box.always)

        def do_GET(self) -> None:
            box.heard.append(Heard(self.path, {}, b""))
            self._say(200)

        def _act(self, step) -> None:
            if step == "hang":
                time.sleep(1.2)
            elif step == "drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for _ in range(30):
                    time.sleep(0.1)
                    self.wfile.write(b"x-a: b\r\n")
            elif step == "cut":
                self.connection.close()
                self.close_connection = True
            elif isinstance(step, tuple):
                self._say(*step)
            else:
                self._say(step)

        def _say(self, status: int, headers: dict | None = None, body: bytes = b"thanks") -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except OSError:
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    box = Ear(f"http://127.0.0.1:{server.server_address[1]}/hooks")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield box
    server.shutdown()
    server.server_close()


def listen(ear: Ear, *events: str) -> Endpoint:
    """An endpoint at the receiver; its breaker is its own, for its id is new."""
    endpoint, _secret = services.add_endpoint(
        url=ear.url, events=events or ["*"], secret=SECRET, actor=OWNER, at=AT
    )
    return endpoint


def note(number: int = 1, at: datetime = AT) -> Event:
    return engine.emit(TrailNoted("opened", {"n": number}), subject=f"door:{number}", actor=OWNER, at=at)


def tell(endpoint: Endpoint, at: datetime = AT) -> bool:
    return services.tell(endpoint.pk, clock=lambda: at)


def rows(**wanted) -> list[WebhookDelivery]:
    return list(WebhookDelivery.objects.filter(**wanted).order_by("event_id"))


# --- rules -------------------------------------------------------------------------------------


@given(st.binary(min_size=24, max_size=64), st.binary(max_size=300), st.integers(0, 2**31), st.uuids())
@settings(max_examples=150, deadline=None)
def test_the_documented_snippet_takes_our_signatures_and_no_others(raw, body, seconds, ident):
    secret = secret_of(raw)
    headers = headers_of([secret], f"evt_{ident}", seconds, body)
    verify(secret, headers, body, 2**40)
    for changed in (
        {**headers, "webhook-id": f"evt_{uuid4()}"},
        {**headers, "webhook-timestamp": str(seconds + 1)},
    ):
        with pytest.raises(ValueError, match="not signed"):
            verify(secret, changed, body, 2**40)
    with pytest.raises(ValueError, match="not signed"):
        verify(secret, headers, body + b" ", 2**40)
    with pytest.raises(ValueError, match="not signed"):
        verify(secret_of(raw + b"x"), headers, body, 2**40)


def test_a_message_of_known_parts_has_the_known_signature():
    """Pinned with a signature that was computed apart from this code."""
    body = b'{"test": 2432232314}'
    headers = headers_of(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.9.9", "169.254.169.254", "0.0.0.0", "100.64.0.1",
     "::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "224.0.0.1",
     "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "255.255.255.255", "::"],
)  # fmt: skip
def test_addresses_inside_are_never_called(address):
    assert forbidden_reason(address, private=False)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fe80::1", "64:ff9b::a9fe:a9fe", "::ffff:169.254.169.254", "2002:a9fe:a9fe::1",
     "224.0.0.1", "0.0.0.0", "fd00:ec2::254"],
)  # fmt: skip
def test_a_sandbox_does_not_call_link_local_addresses_either(address):
    assert forbidden_reason(address, private=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "49.205.1.1"])
def test_the_public_internet_is_called(address):
    assert not forbidden_reason(address, private=False)


@pytest.mark.parametrize(
    "url",
    ["http://erp.example.in/h", "https://", "ftp://a.in/", "https://u:p@a.in/", "https://a.in/#x", "//a.in",
     "https://a.in:0/", "https://a.in:99999/", "https://a b.in/", "https://" + "a" * 600, "javascript:1", "",
     "https://ａ.in/", "https://[::1", "https://a.in/\r\nX: y"],
)  # fmt: skip
def test_addresses_of_a_wrong_form_are_refused_with_their_field(url):
    with pytest.raises(Invalid) as refused:
        check_url(url, sandbox=False)
    assert refused.value.faults[0].field == "url"


@given(st.integers(1, MAX_ATTEMPTS + 3), st.text(max_size=20), st.integers(0, 10**7))
@example(MAX_ATTEMPTS, "x", 0)
@settings(max_examples=150)
def test_waits_grow_are_spread_and_end(attempts, seed, asked):
    wait = wait_after(attempts, seed, asked)
    if attempts >= MAX_ATTEMPTS:
        assert wait is None
        return
    assert wait == wait_after(attempts, seed, asked)
    assert timedelta(seconds=4) <= wait <= timedelta(seconds=86_400 * 1.2)
    assert wait.total_seconds() >= min(asked, 86_400)


# --- enqueueing --------------------------------------------------------------------------------


def test_without_endpoints_events_cost_no_delivery(alpha):
    note()
    assert not Delivery.objects.filter(subscriber="webhooks.enqueue").exists()


def test_an_event_is_put_in_line_once_for_each_endpoint_that_wants_it(alpha, ear):
    everything, some = listen(ear), listen(ear, "TrailNoted", "CycleFailed")
    others, off = listen(ear, "DocumentIssued"), listen(ear)
    services.change_endpoint(off.pk, active=False, actor=OWNER, at=AT)
    event = note()
    deliver_all()
    services.enqueue(event.view())
    assert {row.endpoint_id for row in rows()} == {everything.pk, some.pk}
    assert not rows(endpoint=others)


def test_every_event_is_wanted_by_name_or_by_star(alpha, ear):
    listen(ear)
    names = {s.name for s in registry.subscribers_of("CycleCompleted")}
    assert {"engine.start_followers", "webhooks.enqueue"} <= names


# --- telling -----------------------------------------------------------------------------------


def test_the_receiver_gets_the_event_as_at_the_events_api_signed(alpha, ear):
    endpoint = listen(ear)
    event = note()
    deliver_all()
    assert not tell(endpoint)
    (heard,) = ear.heard
    expected = json.loads(json.dumps(event_out(event, "alpha"), default=str))
    assert {**heard.event, "timestamp": None} == {**expected, "timestamp": None}
    assert heard.event["timestamp"] == "2026-11-23T06:30:00Z"
    assert heard.headers["webhook-id"] == f"evt_{event.event_id}"
    assert heard.headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert heard.headers["x-simulated"] == "true"
    assert ear.forged == []
    (row,) = rows()
    assert (row.state, row.attempts, row.status) == ("delivered", 1, 200)
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.next_try_at, "thanks" in attempt.response_head) == (200, None, True)
    tell(endpoint, AT + timedelta(days=1))
    assert len(ear.heard) == 1


def test_events_are_told_in_their_order_and_a_failed_one_holds_nobody_up(alpha, ear):
    endpoint = listen(ear)
    for number in range(4):
        note(number)
    deliver_all()
    ear.plan = [200, 404]
    tell(endpoint)
    assert [h.event["subject"] for h in ear.heard] == ["door:0", "door:1", "door:2", "door:3"]
    assert [row.state for row in rows()] == ["delivered", "pending", "delivered", "delivered"]
    late = rows(state="pending")[0]
    assert late.error == "HTTP 404"
    tell(endpoint, late.next_try_at)
    assert ear.heard[-1].headers["webhook-id"] == ear.heard[1].headers["webhook-id"]
    assert not rows(state="pending")


def test_what_keeps_failing_is_given_up_after_its_attempts(alpha, ear, monkeypatch):
    monkeypatch.setattr(telling, "PATIENCE", timedelta(days=999))
    endpoint = listen(ear)
    note()
    deliver_all()
    ear.always = 400
    at = AT
    for _ in range(MAX_ATTEMPTS):
        tell(endpoint, at)
        (row,) = rows()
        at = row.next_try_at or at
    assert (row.state, row.attempts, len(ear.heard)) == ("dead", MAX_ATTEMPTS, MAX_ATTEMPTS)
    waits = list(WebhookAttempt.objects.order_by("id").values_list("next_try_at", flat=True))
    assert waits[-1] is None
    assert waits[:-1] == sorted(waits[:-1])


def test_retry_after_is_honoured(alpha, ear):
    endpoint = listen(ear)
    note()
    deliver_all()
    ear.plan = [(429, {"Retry-After": "900"})]
    tell(endpoint)
    assert rows()[0].next_try_at >= AT + timedelta(seconds=900)


@pytest.mark.parametrize("step", ["hang", "drip", "cut"])
def test_a_receiver_that_does_not_answer_is_left_after_its_time(ear, step):
    ear.plan = [step]
    began = time.monotonic()
    came = call(Call(ear.url, headers_of([SECRET], "evt_1", 1, b"{}"), b"{}", sandbox=True, seconds=0.5))
    assert time.monotonic() - began < 1.1
    assert came.status is None
    assert came.is_outage
    assert "within" in came.error or "broke" in came.error


def test_nobody_at_the_address_is_an_error_in_words(alpha):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    came = call(Call(f"http://127.0.0.1:{port}/", {}, b"{}", sandbox=True, seconds=1))
    assert came.error == "nobody answers at this address"


def test_a_redirect_is_not_followed_wherever_it_leads(alpha, ear):
    endpoint = listen(ear)
    note()
    deliver_all()
    ear.plan = [(307, {"Location": "http://169.254.169.254/latest/meta-data"})]
    tell(endpoint)
    (row,) = rows()
    assert (row.state, row.status, "redirects are not followed" in row.error) == ("pending", 307, True)
    assert len(ear.heard) == 1


def test_the_answer_is_read_no_further_than_its_head(ear):
    ear.plan = [(200, {}, b"x" * 5_000_000)]
    came = call(Call(ear.url, headers_of([SECRET], "evt_1", 1, b"{}"), b"{}", sandbox=True, seconds=5))
    assert came.is_success
    assert len(came.response_head) <= 600


def test_outside_a_sandbox_nobody_is_reached_on_this_machine(ear):
    secure = ear.url.replace("http://", "https://")
    for url in (ear.url, secure, secure.replace("127.0.0.1", "localhost")):
        came = call(Call(url, {}, b"{}", sandbox=False, seconds=1))
        assert came.status is None
    assert ear.heard == []


def test_a_name_that_changes_its_mind_is_called_where_it_was_judged(ear, monkeypatch):
    """The host is resolved once; what a second look-up would say changes nothing."""
    answers = iter(["127.0.0.1", "10.9.9.9"])
    real = socket.getaddrinfo

    def lookup(host, port, **more):
        if host == "erp.example.in":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]
        return real(host, port, **more)

    monkeypatch.setattr(addresses, "getaddrinfo", lookup)
    url = ear.url.replace("127.0.0.1", "erp.example.in")
    came = call(Call(url, headers_of([SECRET], "evt_1", 1, b"{}"), b"{}", sandbox=True, seconds=2))
    assert came.is_success
    assert ear.heard[0].headers["host"].startswith("erp.example.in")


def test_a_name_that_leads_outside_and_inside_is_refused(monkeypatch):
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, 443)) for a in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(addresses, "getaddrinfo", lambda *a, **k: found)
    with pytest.raises(ForbiddenAddress, match="do not call"):
        addresses.resolve("erp.example.in", 443, private=False)


def test_a_certificate_of_nobody_we_trust_is_not_taken(monkeypatch, tmp_path):
    """The connection goes to the pinned address; the certificate is judged for the name."""
    import ssl
    import subprocess

    key, cert = tmp_path / "k.pem", tmp_path / "c.pem"
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(cert),
         "-days", "2", "-subj", "/CN=erp.example.in", "-addext", "subjectAltName=DNS:erp.example.in"],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("no openssl on this machine")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        port = server.server_address[1]
        monkeypatch.setattr(
            addresses, "getaddrinfo",
            lambda host, p, **k: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", p))],
        )  # fmt: skip
        what = Call(f"https://erp.example.in:{port}/", {}, b"{}", sandbox=True, seconds=2)
        assert "secure connection failed" in call(what).error
        trusting = ssl.create_default_context(cafile=str(cert))
        monkeypatch.setattr(client, "_tls", lambda: trusting)
        assert call(what).status == 204
        other = Call(f"https://other.example.in:{port}/", {}, b"{}", sandbox=True, seconds=2)
        assert "secure connection failed" in call(other).error
    finally:
        server.shutdown()
        server.server_close()


def test_a_sick_receiver_is_left_alone_and_costs_no_attempts(alpha, ear):
    endpoint = listen(ear)
    for number in range(9):
        note(number)
    deliver_all()
    ear.always = 503
    tell(endpoint)
    assert len(ear.heard) == 5
    spared = rows(attempts=0)
    assert len(spared) == 4
    assert all(row.next_try_at > AT for row in spared)
    breakers(house.REDIS_URL).close(f"webhook:{endpoint.pk}", current_schema())
    ear.always = 200
    tell(endpoint, AT + timedelta(hours=1))
    assert not rows(state="pending")


def test_a_receiver_that_answers_again_is_told_at_once_what_it_did_not_hear(alpha, ear):
    endpoint = listen(ear)
    for number in range(3):
        note(number)
    deliver_all()
    ear.plan = ["cut"] * 3
    tell(endpoint)
    poison = rows(attempts=1)[0]
    WebhookDelivery.objects.filter(pk=poison.pk).update(status=500, next_try_at=AT + timedelta(hours=5))
    WebhookDelivery.objects.exclude(pk=poison.pk).update(next_try_at=AT + timedelta(hours=5))
    note(9)
    deliver_all()
    again = AT + timedelta(minutes=1)
    tell(endpoint, again)
    assert len(ear.heard) == 6, "the fresh one and the two that nobody heard"
    [waiting] = rows(state="pending")
    assert (waiting.pk, waiting.next_try_at) == (poison.pk, AT + timedelta(hours=5))
    assert Endpoint.objects.get(pk=endpoint.pk).failing_since is None


def test_the_breaker_of_a_receiver_is_told_while_it_is_open(alpha, ear):
    endpoint = listen(ear)
    for number in range(6):
        note(number)
    deliver_all()
    ear.always = 503
    tell(endpoint)
    assert breaker_of(endpoint.pk).state == "open"
    breakers(house.REDIS_URL).close(f"webhook:{endpoint.pk}", current_schema())
    assert breaker_of(endpoint.pk) is None


def test_many_events_wake_one_worker_that_has_each_endpoint_told(
    alpha, ear, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr(tasks.tell_due, "apply_async", lambda **options: woken.append(options))
    monkeypatch.setattr(tasks.tell_endpoint, "apply_async", lambda args, **_: tasks.tell_endpoint(*args))
    cache.clear()
    listen(ear), listen(ear)
    for number in range(5):
        note(number)
    with django_capture_on_commit_callbacks(execute=True):
        deliver_all()
    assert len(woken) == 1
    tasks.tell_due()
    assert len(ear.heard) == 10
    assert not rows(state="pending")
    note(6)
    with django_capture_on_commit_callbacks(execute=True):
        deliver_all()
    assert len(woken) == 2, "the mark goes as the worker starts"


# --- switched off ------------------------------------------------------------------------------


def test_an_endpoint_that_fails_for_days_is_switched_off_and_somebody_is_told(alpha, ear):
    add_person(username="boss", password="long-enough-1", role=Role.OWNER)
    endpoint = listen(ear)
    note()
    deliver_all()
    ear.always = 400
    tell(endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.failing_since) == (True, AT)
    note(2, AT + PATIENCE)
    deliver_all(AT + PATIENCE)
    tell(endpoint, AT + PATIENCE)
    endpoint.refresh_from_db()
    assert not endpoint.active
    assert "HTTP 400" in endpoint.disabled_reason
    told = Event.objects.get(name="WebhookDisabled")
    assert told.payload["host"] == ear.url.split("/")[2]
    deliver_all(AT + PATIENCE)
    assert Alert.objects.filter(cause="webhook_disabled").count() == 1
    waiting = len(rows(state="pending"))
    ear.always = 200
    assert not tell(endpoint, AT + PATIENCE + timedelta(days=1))
    assert len(rows(state="pending")) == waiting
    services.change_endpoint(endpoint.pk, active=True, actor=OWNER, at=AT + PATIENCE)
    tell(endpoint, AT + PATIENCE)
    assert not rows(state="pending")


def test_a_success_in_between_starts_the_days_anew(alpha, ear):
    endpoint = listen(ear)
    ear.plan = [400, 200, 400]
    for days in (0, 1, 8):
        at = AT + timedelta(days=days)
        WebhookDelivery.objects.all().delete()
        note(days, at)
        deliver_all(at)
        tell(endpoint, at)
    endpoint.refresh_from_db()
    assert (endpoint.active, endpoint.failing_since) == (True, AT + timedelta(days=8))


def test_gone_is_taken_at_its_word(alpha, ear):
    endpoint = listen(ear)
    note(), note(2)
    deliver_all()
    ear.always = 410
    tell(endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.active, len(ear.heard)) == (False, 1)


# --- secrets, pings, replays -------------------------------------------------------------------


def test_while_a_secret_is_rotated_both_are_good_and_afterwards_one(alpha, ear):
    endpoint = listen(ear)
    _row, fresh = services.rotate_secret(endpoint.pk, actor=OWNER, at=AT)
    assert fresh != SECRET
    for number, hours in enumerate((1, 25)):
        at = AT + timedelta(hours=hours)
        note(number, at)
        deliver_all(at)
        tell(endpoint, at)
    during, after = ear.heard
    for secret in (SECRET, fresh):
        verify(secret, during.headers, during.body, 10**9)
    verify(fresh, after.headers, after.body, 10**9)
    with pytest.raises(ValueError, match="not signed"):
        verify(SECRET, after.headers, after.body, 10**9)


def test_a_leaked_secret_is_worthless_at_once(alpha, ear):
    endpoint = listen(ear)
    services.rotate_secret(endpoint.pk, overlap=timedelta(0), actor=OWNER, at=AT)
    note()
    deliver_all()
    tell(endpoint)
    assert ear.forged == ["not signed with this secret"]


def test_a_ping_is_sent_now_and_says_what_came_of_it(alpha, ear):
    endpoint = listen(ear)
    told = services.ping(endpoint.pk, actor=OWNER, at=AT)
    assert (told.state, ear.heard[0].event["name"], ear.forged) == ("delivered", "WebhookPing", [])
    ear.plan = [500]
    assert services.ping(endpoint.pk, actor=OWNER, at=AT).error == "HTTP 500"
    assert not rows(state="pending")


def test_one_event_is_told_again_under_its_own_id(alpha, ear):
    endpoint = listen(ear)
    note()
    deliver_all()
    tell(endpoint)
    services.replay_delivery(endpoint.pk, rows()[0].pk, actor=OWNER, at=AT)
    tell(endpoint)
    first, again = ear.heard
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert first.body == again.body


def test_everything_since_is_told_again_also_what_was_never_in_line(alpha, ear):
    early = note(0, AT - timedelta(days=2))
    missed = note(1)
    endpoint = listen(ear, "TrailNoted")
    note(2)
    deliver_all()
    tell(endpoint)
    count = services.replay_since(endpoint.pk, AT - timedelta(days=1), actor=OWNER, at=AT)
    tell(endpoint)
    subjects = [h.event["subject"] for h in ear.heard]
    assert (count, subjects) == (2, ["door:2", missed.subject, "door:2"])
    assert early.subject not in subjects
    services.change_endpoint(endpoint.pk, active=False, actor=OWNER, at=AT)
    with pytest.raises(Refused, match="switched off"):
        services.replay_since(endpoint.pk, AT, actor=OWNER, at=AT)


def test_a_removed_endpoint_is_told_nothing_and_keeps_its_log(alpha, ear):
    endpoint = listen(ear)
    note()
    deliver_all()
    services.remove_endpoint(endpoint.pk, actor=OWNER, at=AT)
    assert not tell(endpoint)
    assert ear.heard == []
    assert rows()[0].state == "dead"
    assert Endpoint.objects.get().secret == ""
    with pytest.raises(NotFound):
        services.ping(endpoint.pk, actor=OWNER, at=AT)


@pytest.mark.parametrize(
    "bad", [{"url": "gopher://x"}, {"events": []}, {"events": ["a b"]}, {"secret": "short"}]
)
def test_what_cannot_be_an_endpoint_is_refused(alpha, ear, bad):
    with pytest.raises(Invalid):
        services.add_endpoint(**{"url": ear.url, "events": ["*"], **bad}, actor=OWNER, at=AT)
    assert not Endpoint.objects.exists()


# --- tenants, killed workers -------------------------------------------------------------------


def test_what_happens_at_one_distributor_is_told_to_nobody_of_another(alpha, beta, ear):
    with tenant_context(beta):
        theirs = listen(ear)
    note()
    deliver_all()
    with tenant_context(beta):
        assert not tell(theirs)
        assert not rows()
    assert ear.heard == []


@pytest.fixture(scope="module")
def tower(django_db_setup, django_db_blocker):
    """A distributor for tests that open connections of their own."""
    with django_db_blocker.unblock():
        distributor = open_distributor(slug="tower", name="Tower", domain="tower.localhost")
        yield distributor
        close_distributor(distributor)


@pytest.fixture
def committed(tower, django_db_blocker):
    with django_db_blocker.unblock(), tenant_context(tower):
        yield tower
        connections.close_all()


def now() -> datetime:
    return datetime.now(UTC)


def test_a_worker_killed_after_the_call_tells_again_under_the_same_id(committed, ear):
    endpoint = listen(ear)
    note(1, now() - timedelta(minutes=5))
    deliver_all(now())
    child = os.fork()
    if child == 0:
        for one in connections.all():
            one.connection, one.search_path_set_schemas = None, None
        telling._note = lambda *a: os._exit(9)
        try:
            services.tell(endpoint.pk, clock=now)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert (len(ear.heard), rows(endpoint=endpoint)[0].state) == (1, "pending")
    assert not services.tell(endpoint.pk, clock=now)
    assert len(ear.heard) == 1, "its claim is not over"
    services.tell(endpoint.pk, clock=lambda: now() + telling.LEASE)
    assert len({h.headers["webhook-id"] for h in ear.heard}) == 1
    assert (len(ear.heard), rows(endpoint=endpoint)[0].state) == (2, "delivered")
    services.remove_endpoint(endpoint.pk, actor=OWNER, at=now())


def test_two_workers_at_once_tell_each_event_once_and_in_order(committed, ear):
    endpoint = listen(ear)
    for number in range(12):
        note(number, now() - timedelta(minutes=5))
    deliver_all(now())
    tenant, start = connection.tenant, threading.Barrier(3)
    ear.on_post = lambda: time.sleep(0.01)

    def work():
        with tenant_context(tenant):
            start.wait()
            services.tell(endpoint.pk, clock=now)
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(3)]
    [t.start() for t in threads]
    [t.join(20) for t in threads]
    told = [h.event["sequence"] for h in ear.heard]
    assert told == sorted(set(told))
    assert len(told) == len(rows(endpoint=endpoint))
    services.remove_endpoint(endpoint.pk, actor=OWNER, at=now())


# --- doors and pages ---------------------------------------------------------------------------


def test_an_integrator_does_all_of_it_over_the_api(alpha, ear):
    owner = Caller(May.RULES, May.OPERATE)
    made = owner.post("/api/v1/webhooks", {"url": ear.url, "events": ["TrailNoted"], "secret": SECRET})
    assert (made.status_code, made.json()["secret"]) == (201, SECRET)
    one = f"/api/v1/webhooks/{made.json()['endpointId']}"
    assert "secret" not in owner.get(one).json()
    assert "secret" not in json.dumps(owner.get("/api/v1/webhooks").json()).lower().replace("secretuntil", "")
    assert owner.post(f"{one}/ping").json()["log"][0]["status"] == 200
    note(), note(2)
    deliver_all()
    tell(Endpoint.objects.get())
    page = owner.get(f"{one}/deliveries", limit=2).json()
    rest = owner.get(f"{one}/deliveries", limit=2, cursor=page["nextCursor"]).json()
    ids = [row["deliveryId"] for row in page["results"] + rest["results"]]
    assert len(ids) == len(set(ids)) == 3
    detail = owner.get(f"{one}/deliveries/{ids[-1]}").json()
    assert detail["log"][0]["number"] == 1
    told = next(row for row in page["results"] + rest["results"] if row["name"] == "TrailNoted")
    assert owner.post(f"{one}/replay", {"deliveryId": told["deliveryId"]}).json() == {"events": 1}
    assert owner.post(f"{one}/replay", {"since": AT.isoformat()}).json() == {"events": 2}
    assert owner.post(f"{one}/replay", {}).status_code == 422
    changed = owner.post(one, {"description": "ERP", "active": False}, method="patch").json()
    assert (changed["description"], changed["active"], changed["events"]) == ("ERP", False, ["TrailNoted"])
    assert owner.post(f"{one}/rotate", {"overlapHours": 1}).json()["secret"].startswith("whsec_")
    assert owner.post(one, method="delete").status_code == 204
    assert owner.get(one).status_code == 404
    assert (
        owner.post("/api/v1/webhooks", {"url": "http://169.254.169.254/", "events": ["*"]}).status_code == 422
    )
    stranger = Caller(May.READ, May.FEED)
    assert stranger.get("/api/v1/webhooks").status_code == 403
    assert Caller(May.OPERATE).post("/api/v1/webhooks", {}).status_code == 403


def test_the_owner_does_all_of_it_on_the_page_and_sees_the_secret_once(alpha, ear):
    add_person(username="owner@w", password="long-enough-1", role=Role.OWNER)
    browser = Client(HTTP_HOST="alpha.localhost")
    assert browser.login(username="owner@w", password="long-enough-1")
    home = reverse("dashboard:webhooks")
    assert home.encode() in browser.get(reverse("dashboard:settings")).content
    browser.post(reverse("dashboard:webhook_add"), {"url": ear.url, "events": "TrailNoted, CycleFailed"})
    endpoint = Endpoint.objects.get()
    assert endpoint.events == ["CycleFailed", "TrailNoted"]
    assert endpoint.secret in browser.get(home).content.decode()
    assert endpoint.secret not in browser.get(home).content.decode()
    ear.secret = endpoint.secret
    page = reverse("dashboard:webhook", args=[endpoint.pk])
    browser.post(reverse("dashboard:webhook_ping", args=[endpoint.pk]))
    note()
    deliver_all()
    tell(endpoint)
    shown = browser.get(page).content.decode()
    assert "WebhookPing" in shown
    assert "Delivered" in shown
    assert "thanks" in shown
    assert ear.forged == []
    browser.post(reverse("dashboard:webhook_rotate", args=[endpoint.pk]))
    endpoint.refresh_from_db()
    assert endpoint.secret in browser.get(page).content.decode()
    browser.post(reverse("dashboard:webhook_replay", args=[endpoint.pk]), {"since": "2026-11-01T10:00"})
    assert rows(state="pending")
    browser.post(reverse("dashboard:webhook_change", args=[endpoint.pk]), {"switch": "off"})
    endpoint.refresh_from_db()
    assert not endpoint.active
    browser.post(reverse("dashboard:webhook_remove", args=[endpoint.pk]))
    assert browser.get(page).status_code == 404
    add_person(username="clerk@w", password="long-enough-1", role=Role.MANAGER)
    clerk = Client(HTTP_HOST="alpha.localhost")
    assert clerk.login(username="clerk@w", password="long-enough-1")
    assert clerk.get(home).status_code == 403
