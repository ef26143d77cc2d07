"""Bodies that systems send by themselves: proved, kept once, answered at once, taken in by a run."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory import handlers
from inventory.models import Feed, FeedEvent, ImportRun, Territory
from inventory.services import imports, pulls
from tests.conftest import NOW
from vyapar.farside.signatures import Scheme, standard_signature, verify
from vyapar.kernel.actor import Actor

pytestmark = pytest.mark.usefixtures("in_alpha", "own_media")
OWNER = Actor("user", "1", "The owner")
SECRET = "event-secret-5512"
ROWS = {"rows": [{"code": "MUM", "name": "Mumbai", "gstin": "27AABCU9603R1ZN"}]}
HEADER = "X-Frappe-Webhook-Signature"


def feed(code: str = "dms", **more: object) -> Feed:
    told = {
        "event_scheme": "hmac_sha256", "event_header": HEADER, "event_id_header": "X-Event-Id",
        "event_rows": "rows", "row_key": "code", "address": "https://dms.example", **more,
    }  # fmt: skip
    return pulls.set_up_feed(
        code=code, name="DMS", system="rest", settings=told, secrets={"event_secret": SECRET}, actor=OWNER,
        at=NOW,
    )  # fmt: skip


def seal(body: bytes, secret: str = SECRET) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).digest()


def send(body: bytes, code: str = "dms", host: str = "alpha.localhost", **headers: str):
    client = Client(HTTP_HOST=host)
    return client.post(f"/api/v1/feeds/{code}/events", body, content_type="application/json", headers=headers)


def signed(body: bytes = orjson.dumps(ROWS), event: str = "e1", **more: str):
    return send(body, **{HEADER: base64.b64encode(seal(body)).decode(), "X-Event-Id": event, **more})


def take_in() -> list[ImportRun]:
    """What the clockwork would do: everything that waits, driven to its end."""
    runs = []
    for feed_id in pulls.list_awaited():
        if run := pulls.take_in_events(feed_id, at=NOW):
            while imports.drive(run.pk, at=NOW):
                pass
            run.refresh_from_db()
            runs.append(run)
    return runs


# --- proof ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", [lambda s: s.hex(), lambda s: f"sha256={s.hex()}", lambda s: s.hex().upper(),
             lambda s: base64.b64encode(s).decode()],
)  # fmt: skip
def test_every_form_of_a_right_signature_is_taken(form) -> None:
    feed()
    body = orjson.dumps(ROWS)
    assert send(body, **{HEADER: form(seal(body))}).status_code == 202
    assert bytes(FeedEvent.objects.get().body) == body


@pytest.mark.parametrize("given", ["", "sha256=", "0" * 64, "é", seal(b"other").hex(), "\u0661" * 64])
def test_a_wrong_signature_is_401_and_says_nothing_more(given: str) -> None:
    feed()
    headers = {HEADER: given.encode().decode("latin-1")} if given else {}
    wrong = send(orjson.dumps(ROWS), **headers)
    unknown = send(orjson.dumps(ROWS), code="nobody", **headers)
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.content == unknown.content
    assert SECRET not in wrong.content.decode()
    assert FeedEvent.objects.count() == 0


def test_a_feed_without_a_secret_takes_nothing() -> None:
    found = feed()
    Feed.objects.filter(pk=found.pk).update(secrets={})
    body = orjson.dumps(ROWS)
    assert send(body, **{HEADER: seal(body, "").hex()}).status_code == 401


def test_a_feed_that_is_switched_off_takes_nothing() -> None:
    feed()
    pulls.switch_feed("dms", on=False, actor=OWNER, at=NOW)
    assert signed().status_code == 401


def test_while_a_secret_is_changed_both_are_taken() -> None:
    feed()
    pulls.set_up_feed(
        code="dms", name="DMS", system="rest", settings=Feed.objects.get().settings,
        secrets={"event_secret": "new-secret-1", "event_secret_old": SECRET}, actor=OWNER, at=NOW,
    )  # fmt: skip
    assert signed(event="old").status_code == 202
    body = orjson.dumps(ROWS)
    new = send(body, **{HEADER: seal(body, "new-secret-1").hex(), "X-Event-Id": "new"})
    assert new.status_code == 202


def test_a_fixed_secret_in_a_header_is_a_proof_too() -> None:
    feed(event_scheme="secret_header", event_header="X-Token")
    assert send(b"{}", **{"X-Token": SECRET}).status_code == 202
    assert send(b"{} ", **{"X-Token": SECRET[:-1]}).status_code == 401


def standard(body: bytes, at: datetime, name: str = "msg_1", secret: str = SECRET) -> dict[str, str]:
    instant = int(at.timestamp())
    return {
        "webhook-id": name, "webhook-timestamp": str(instant),
        "webhook-signature": f"v1a,none {standard_signature(secret, name, instant, body)}",
    }  # fmt: skip


def test_standard_webhooks_are_taken_once_and_only_while_they_are_fresh() -> None:
    feed(event_scheme="standard_webhooks")
    body, now = orjson.dumps(ROWS), datetime.now(UTC)
    first = send(body, **standard(body, now))
    again = send(body, **standard(body, now))
    assert [(one.status_code, one.json()["kept"]) for one in (first, again)] == [(202, True), (202, False)]
    for skew in (-301, 301):
        assert send(body, **standard(body, now + timedelta(seconds=skew * 1.1), "msg_2")).status_code == 401
    other = {**standard(body, now), "webhook-id": "msg_3"}  # the id is signed
    assert send(body, **other).status_code == 401
    assert FeedEvent.objects.count() == 1


def test_the_published_example_of_standard_webhooks_verifies() -> None:
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'
    said = standard_signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@settings(max_examples=150)
@given(
    body=st.binary(max_size=60),
    flipped=st.integers(0, 10_000),
    kind=st.sampled_from(["hmac_sha256", "standard_webhooks"]),
)
@example(body=b"", flipped=0, kind="hmac_sha256")
def test_one_changed_bit_of_a_body_or_another_secret_breaks_the_proof(
    body: bytes, flipped: int, kind: str
) -> None:
    scheme = Scheme(kind, "X-S")
    headers = {"x-s": seal(body).hex(), **standard(body, NOW)}
    assert verify(scheme, body, headers, (SECRET, ""), NOW) is not None
    place = flipped % (8 * len(body) + 8)
    raw = bytearray(body + b"\x00")
    raw[place // 8] ^= 1 << (place % 8)
    assert verify(scheme, bytes(raw), headers, (SECRET,), NOW) is None
    assert verify(scheme, body, headers, ("", "other"), NOW) is None


# --- kept once, taken in -------------------------------------------------------------------


def test_a_message_is_kept_once_and_becomes_rows() -> None:
    feed()
    assert [signed().json()["kept"] for _ in range(3)] == [True, False, False]
    (run,) = take_in()
    assert run.state == ImportRun.State.RECONCILED, run.error
    assert Territory.objects.get(code="MUM").name == "Mumbai"
    assert FeedEvent.objects.get().run == run
    assert take_in() == []


def test_a_message_without_an_id_is_known_by_its_body() -> None:
    feed(event_id_header="")
    assert [signed().json()["kept"] for _ in range(2)] == [True, False]


def test_messages_wait_for_one_run_in_the_order_in_which_they_came() -> None:
    feed()
    for number in range(5):
        row = {"code": "MUM", "name": f"Mumbai {number}", "gstin": "27AABCU9603R1ZN"}
        signed(orjson.dumps({"rows": [row]}), event=f"e{number}")
    (run,) = take_in()
    assert run.events.count() == 5
    assert Territory.objects.get(code="MUM").name == "Mumbai 4", run.checks


def test_a_message_that_cannot_be_read_is_kept_with_its_reason_and_holds_up_no_other() -> None:
    feed()
    signed(b"not json", event="bad-1")
    signed(event="good")
    signed(b'{"rows": 5}', event="bad-2")
    (run,) = take_in()
    assert run.state == ImportRun.State.RECONCILED
    assert sorted(FeedEvent.objects.exclude(refused="").values_list("event_id", flat=True)) == [
        "bad-1",
        "bad-2",
    ]
    assert pulls.list_awaited() == []


def test_a_message_that_only_says_there_is_news_has_the_feed_pulled() -> None:
    feed(event_does="pull")
    assert Feed.objects.get().next_pull_at is None
    assert signed().status_code == 202
    assert Feed.objects.get().next_pull_at is not None
    assert FeedEvent.objects.count() == 0


def test_a_system_that_takes_no_bodies_says_so_on_the_message(settings, tmp_path: Path) -> None:
    settings.DROP_ROOT = tmp_path
    pulls.set_up_feed(
        code="in", name="In", system="drop", secrets={"event_secret": SECRET}, actor=OWNER, at=NOW,
        settings={"event_scheme": "secret_header", "event_header": "X-T"},
    )  # fmt: skip
    assert send(b"{}", code="in", **{"X-T": SECRET}).status_code == 202
    assert take_in() == []
    assert "takes no bodies" in FeedEvent.objects.get().refused


def test_a_body_that_is_too_large_is_refused_before_it_is_read() -> None:
    feed()
    body = b"x" * (pulls.LARGEST_EVENT + 1)
    answer = send(body, **{HEADER: seal(body).hex()})
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")


def test_only_posts_are_taken() -> None:
    feed()
    assert Client(HTTP_HOST="alpha.localhost").get("/api/v1/feeds/dms/events").status_code == 405


def test_a_signature_of_one_distributor_opens_no_door_of_another(beta) -> None:
    feed()
    body = orjson.dumps(ROWS)
    proof = {HEADER: seal(body).hex(), "X-Event-Id": "e1"}
    assert send(body, host="beta.localhost", **proof).status_code == 401
    with tenant_context(beta):
        assert FeedEvent.objects.count() == 0


def test_an_answer_costs_a_handful_of_queries_and_reads_nothing() -> None:
    feed()
    signed(event="warm")
    with CaptureQueriesContext(connection) as asked:
        assert signed(event="next").status_code == 202
    assert len(asked) <= 9, [one["sql"][:90] for one in asked]
    assert ImportRun.objects.count() == 0


def test_the_clockwork_sends_feeds_with_messages_to_workers(monkeypatch) -> None:
    sent: list[tuple] = []
    monkeypatch.setattr(
        "inventory.tasks.take_in_feed_events.apply_async", lambda args, **_: sent.append(args)
    )
    found = feed()
    handlers.tend_pulls(NOW)
    signed()
    handlers.tend_pulls(NOW)
    assert sent == [(found.pk,)]
