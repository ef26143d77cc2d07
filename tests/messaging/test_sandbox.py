"""The protocol server: it keeps the far sides' rules, fails in their ways, and says it is simulated."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import time as clock_time
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.messaging.conftest import (
    API_KEY,
    DLT,
    NOTICE,
    OFFER,
    QUIET,
    SERVICE_DLT,
    TOKEN,
    Clock,
    Receiver,
    mail,
    offer,
    routes,
    text,
)
from vyapar.farside.answers import is_signed
from vyapar.kernel.errors import Rejected
from vyapar.messaging.channels.email import EmailClient, unsubscribe_headers
from vyapar.messaging.channels.sms import SmsClient, parse_report
from vyapar.messaging.channels.whatsapp import (
    WhatsAppClient,
    parse_preferences,
    parse_template_changes,
    parse_webhook,
)
from vyapar.messaging.contracts import DeliveryStatus, InboundText, StatusUpdate
from vyapar.ops.management.commands.sandbox import Command
from vyapar.ops.sandbox import Sandbox, Settings, Shares, behaviour
from vyapar.ops.sandbox.cli import read_settings
from vyapar.ops.sandbox.limits import Bucket, PerSecond
from vyapar.ops.sandbox.registry import DltTemplate
from vyapar.ops.sandbox.whatsapp import target_of

ALL = 10_000
STRANGER = httpx.Client(trust_env=False, timeout=10)


def sure(**certain: int) -> Shares:
    """Nobody does anything but what is named, and that in every case."""
    return dataclasses.replace(QUIET, **certain)


def whatsapp_of(sandbox: Sandbox, line: str = "101", token: str = TOKEN) -> WhatsAppClient:
    return WhatsAppClient(sandbox.http_url, line, token)


def sms_of(sandbox: Sandbox, header: str = "VYAPAR-P") -> SmsClient:
    return SmsClient(sandbox.http_url, DLT["entity_id"], header, API_KEY)


def ask(sandbox: Sandbox, path: str, body: Any = None, **more: Any) -> httpx.Response:
    """A request as a stranger would make it: POST with a body, GET without."""
    method = more.pop("method", "GET" if body is None else "POST")
    headers = {"Authorization": f"Bearer {more.pop('token', TOKEN)}"}
    url = sandbox.http_url + path
    return STRANGER.request(method, url, json=body, headers=headers, **more)


def graph(sandbox: Sandbox, **changes: Any) -> httpx.Response:
    """A raw template message."""
    usual = {
        "messaging_product": "whatsapp",
        "to": "919812345678",
        "type": "template",
        "template": {"name": "order_notice", "language": {"code": "hi"}, "components": BODY},
    }
    return ask(sandbox, "/v23.0/101/messages", {**usual, **changes})


BODY = [{"type": "body", "parameters": [{"type": "text", "text": "Retailer"}]}]


def code_of(answer: httpx.Response) -> int:
    return int(answer.json()["error"]["code"])


def read_all(receiver: Receiver) -> list[StatusUpdate | InboundText]:
    """Everything that WhatsApp webhooks have told so far."""
    found: list[StatusUpdate | InboundText] = []
    for caught in receiver.caught:
        if caught.path.endswith("/whatsapp"):
            found += parse_webhook(caught.raw)
    return found


# --- WhatsApp: what is refused at once -------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"messaging_product": "sms"}, 400, 100),
        ({"to": ""}, 400, 100),
        ({"to": "not a number"}, 400, 131009),
        ({"type": "sticker"}, 400, 131051),
        ({"type": "text", "text": {}}, 400, 131008),
        ({"biz_opaque_callback_data": "x" * 513}, 400, 100),
        ({"template": {"name": "nobody", "language": {"code": "hi"}}}, 404, 132001),
        ({"template": {"name": "order_notice", "language": {"code": "en"}}}, 404, 132001),
        ({"template": {"name": "order_notice", "language": {"code": "hi"}}}, 400, 132000),
    ],
)
def test_the_cloud_api_refuses_what_meta_refuses(
    sandbox: Sandbox, changes: dict[str, Any], status: int, code: int
) -> None:
    answer = graph(sandbox, **changes)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.json()["error"]["fbtrace_id"]
    assert not sandbox.journal.sent


@pytest.mark.parametrize(
    ("words", "code"),
    [("two\nlines", 132018), ("five     spaces", 132018), ("", 131008), ("x" * 1100, 132005)],
)
def test_a_parameter_that_meta_would_not_print_is_refused(sandbox: Sandbox, words: str, code: int) -> None:
    parameters = [{"type": "body", "parameters": [{"type": "text", "text": words}]}]
    template = {"name": "order_notice", "language": {"code": "hi"}, "components": parameters}
    assert code_of(graph(sandbox, template=template)) == code


def test_a_wrong_token_or_an_unknown_number_is_refused(sandbox: Sandbox) -> None:
    body = {"messaging_product": "whatsapp", "to": "919812345678"}
    assert ask(sandbox, "/v23.0/101/messages", body, token="wrong").status_code == 401
    unknown = ask(sandbox, "/v23.0/404/messages", body).json()["error"]
    assert (unknown["code"], unknown["error_subcode"]) == (100, 33)
    assert ask(sandbox, "/nothing/here").status_code == 404


def test_every_answer_and_webhook_says_that_it_is_simulated(sandbox: Sandbox, receiver: Receiver) -> None:
    for answer in (graph(sandbox), graph(sandbox, to=""), ask(sandbox, "/_sandbox/state")):
        assert answer.headers["X-Simulated"] == "true"
        assert answer.json()["simulated"] is True
    caught = receiver.wait_for(1)[0]
    assert caught.headers["x-simulated"] == "true"
    assert caught.body["simulated"] is True
    assert all(item.simulated for item in read_all(receiver))


def test_more_messages_a_second_than_the_line_may_send_are_throttled(
    make_sandbox: Callable[..., Sandbox],
) -> None:
    narrow = make_sandbox(messages_per_second=3)
    narrow.registry.add_routes(routes("http://127.0.0.1:9"))
    codes = [graph(narrow, to=f"9198000000{n:02d}").status_code for n in range(6)]
    assert codes.count(200) in (3, 4, 5)  # a slow machine may spread them over two seconds
    throttled = [graph(narrow, to=f"9198000001{n:02d}") for n in range(6)]
    assert 130429 in [code_of(answer) for answer in throttled if answer.is_error]


def test_too_many_messages_to_one_person_reach_the_pair_limit(sandbox: Sandbox) -> None:
    body = {"type": "text", "text": {"body": "hello"}}
    codes = [graph(sandbox, **body) for _ in range(50)]
    refused = [code_of(answer) for answer in codes if answer.is_error]
    assert refused
    assert set(refused) == {131056}
    assert graph(sandbox, to="919812345679").status_code == 200


@settings(deadline=None)
@given(st.lists(st.floats(0, 20), max_size=60))
def test_a_second_never_holds_more_passes_than_allowed(moments: list[float]) -> None:
    gate = PerSecond(4)
    passed = [now for now in sorted(moments) if gate.admits("line", now)]
    for start in passed:
        assert sum(start <= now < start + 1 for now in passed) <= 4


@settings(deadline=None)
@given(st.lists(st.floats(0, 100), max_size=60))
def test_a_bucket_gives_its_burst_and_then_its_rate(moments: list[float]) -> None:
    bucket = Bucket(burst=5, seconds=6)
    moments.sort()
    passed = [now for now in moments if bucket.admits("pair", now)]
    span = passed[-1] - passed[0] if passed else 0
    assert len(passed) <= 5 + span / 6 + 1e-6
    assert passed[:5] == moments[:5]


# --- WhatsApp: what follows ------------------------------------------------------------------


def test_a_message_is_reported_sent_delivered_and_read_under_a_good_signature(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver
) -> None:
    readers = make_sandbox(shares=sure(read=ALL))
    readers.registry.add_routes(routes(receiver.url))
    with whatsapp_of(readers) as client:
        handed = client.send_template(offer())
    assert readers.outbox.drain(8)
    assert set(receiver.statuses_of(handed.provider_id)) == {"sent", "delivered", "read"}
    for caught in receiver.caught:
        assert is_signed(caught.raw, caught.headers["x-hub-signature-256"], "app-secret")
        assert not is_signed(caught.raw + b" ", caught.headers["x-hub-signature-256"], "app-secret")
        assert caught.path == "/webhooks/whatsapp"
    first, *_ = read_all(receiver)
    assert isinstance(first, StatusUpdate)
    assert (first.category, first.billable, first.account) == ("marketing", True, "101")
    assert (first.recipient, first.callback_data) == ("919812345678", "campaign-1:outlet-7")


@pytest.mark.parametrize(
    ("share", "code"),
    [
        ("not_on_whatsapp", 131026),
        ("marketing_capped", 131049),
        ("in_experiment", 130472),
        ("opted_out", 131050),
    ],
)
def test_a_message_that_cannot_be_delivered_fails_by_webhook_with_its_code(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver, share: str, code: int
) -> None:
    failing = make_sandbox(shares=sure(**{share: ALL}))
    failing.registry.add_routes(routes(receiver.url))
    with whatsapp_of(failing) as client:
        client.send_template(offer())
        notice = client.send_template(
            offer(template="order_notice", language="hi", parameters=("A",), buttons=())
        )
    assert failing.outbox.drain(8)
    failed = [i for i in read_all(receiver) if isinstance(i, StatusUpdate) and i.error_code]
    assert {i.error_code for i in failed} == {str(code)}
    assert all(i.status is DeliveryStatus.FAILED and i.error_title for i in failed)
    spared = "failed" not in receiver.statuses_of(notice.provider_id)
    assert spared is (code != 131026)  # marketing faults do not strike utility messages


def test_free_text_passes_only_within_24_hours_of_the_persons_message(
    sandbox: Sandbox, receiver: Receiver, clock: Clock
) -> None:
    reply = offer(template="", body_text="We keep two cases for you.")
    with whatsapp_of(sandbox) as client:
        cold = client.send_text(reply)
        ask(sandbox, "/_sandbox/inbound", {"phone_number_id": "101", "from": "919812345678", "text": "2"})
        clock.move(hours=23)
        warm = client.send_text(reply)
        clock.move(hours=2)
        late = client.send_text(reply)
    assert sandbox.outbox.drain(8)
    assert receiver.statuses_of(cold.provider_id) == ["failed"]
    assert "delivered" in receiver.statuses_of(warm.provider_id)
    assert receiver.statuses_of(late.provider_id) == ["failed"]
    codes = {i.error_code for i in read_all(receiver) if isinstance(i, StatusUpdate)}
    assert codes == {"", "131047"}


@pytest.mark.parametrize(
    ("share", "status", "kind"),
    [
        ("clicked", DeliveryStatus.CLICKED, "button"),
        ("ordered", DeliveryStatus.REPLIED, "text"),
        ("wrote_stop", DeliveryStatus.REPLIED, "text"),
    ],
)
def test_a_simulated_retailer_answers_in_reply_to_the_message(
    make_sandbox: Callable[..., Sandbox],
    receiver: Receiver,
    share: str,
    status: DeliveryStatus,
    kind: str,
) -> None:
    lively = make_sandbox(shares=sure(read=ALL, **{share: ALL}))
    lively.registry.add_routes(routes(receiver.url))
    with whatsapp_of(lively) as client:
        handed = client.send_template(offer())
    assert lively.outbox.drain(8)
    found = read_all(receiver)
    (said,) = [item for item in found if isinstance(item, InboundText)]
    assert (said.from_, said.reply_to, said.kind) == ("919812345678", handed.provider_id, kind)
    assert f"{handed.provider_id}:{status}" in [i.identity for i in found if isinstance(i, StatusUpdate)]
    if share == "clicked":
        assert (said.text, said.payload) in {("Order now", "order:7"), ("Not now", "later:7")}
    elif share == "ordered":
        assert any(letter.isdigit() for letter in said.text)
    else:
        assert said.text.lower() in ("stop", "unsubscribe")


def test_whatsapps_stop_switch_ends_marketing_and_resume_brings_it_back(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver
) -> None:
    switching = make_sandbox(shares=sure(read=ALL, used_stop_switch=ALL))
    switching.registry.add_routes(routes(receiver.url))
    with whatsapp_of(switching) as client:
        client.send_template(offer())
        assert switching.outbox.drain(8)
        (change,) = [p for caught in receiver.caught for p in parse_preferences(caught.raw)]
        assert (change.from_, change.marketing_allowed) == ("919812345678", False)
        after = client.send_template(offer(key="later"))
        assert switching.outbox.drain(8)
        assert receiver.statuses_of(after.provider_id) == ["failed"]
        resume = {"phone_number_id": "101", "from": "919812345678", "marketing": True}
        assert ask(switching, "/_sandbox/inbound", resume).status_code == 201
        again = client.send_template(offer(key="resumed"))
        assert switching.outbox.drain(8)
    assert "delivered" in receiver.statuses_of(again.provider_id)


def test_one_person_gets_only_so_many_marketing_messages_a_day(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver, clock: Clock
) -> None:
    capped = make_sandbox(marketing_per_day=2)
    capped.registry.add_routes(routes(receiver.url))
    with whatsapp_of(capped) as client:
        sent = [client.send_template(offer(key=str(n))) for n in range(3)]
        clock.move(hours=25)
        sent.append(client.send_template(offer(key="tomorrow")))
    assert capped.outbox.drain(8)
    failed = ["failed" in receiver.statuses_of(handed.provider_id) for handed in sent]
    assert failed == [False, False, True, False]


# --- webhooks --------------------------------------------------------------------------------


def test_a_webhook_that_is_refused_comes_again_until_it_is_taken(
    sandbox: Sandbox, receiver: Receiver
) -> None:
    receiver.statuses = [500, 302, 503]
    with whatsapp_of(sandbox) as client:
        handed = client.send_template(offer())
    assert sandbox.outbox.drain(8)
    assert set(receiver.statuses_of(handed.provider_id)) == {"sent", "delivered"}
    assert sandbox.journal.webhooks["failed"] == 3
    assert receiver.caught[0].raw in [caught.raw for caught in receiver.caught[1:]]


def test_a_webhook_that_is_never_taken_is_given_up(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver
) -> None:
    stubborn = make_sandbox(webhook_attempts=3, webhook_first_wait_seconds=0.01)
    stubborn.registry.add_routes(routes(receiver.url))
    receiver.statuses = [500] * 99
    with whatsapp_of(stubborn) as client:
        client.send_template(offer())
    assert stubborn.outbox.drain(8)
    assert stubborn.journal.webhooks["given_up"] >= 1
    assert stubborn.journal.webhooks["failed"] == 3 * stubborn.journal.webhooks["given_up"]
    assert not stubborn.journal.webhooks["delivered"]


def test_duplicates_and_disorder_are_read_as_the_same_facts(sandbox: Sandbox, receiver: Receiver) -> None:
    for kind in ("duplicate", "reorder"):
        sandbox.faults.add({"channel": "webhook", "kind": kind, "times": -1})
    with whatsapp_of(sandbox) as client:
        handed = client.send_template(offer())
    assert sandbox.outbox.drain(8)
    told = receiver.statuses_of(handed.provider_id)
    assert len(told) > len(set(told))
    identities = {item.identity for item in read_all(receiver) if isinstance(item, StatusUpdate)}
    assert identities == {f"{handed.provider_id}:sent", f"{handed.provider_id}:delivered"}


def test_updates_that_fall_due_together_travel_in_one_webhook(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver
) -> None:
    gathered = make_sandbox(pace=0.0)
    gathered.registry.add_routes(routes(receiver.url))
    line = gathered.registry.find_line("101")
    assert line
    for number in range(120):
        gathered.outbox.post(target_of(line), {"field": "messages", "value": {"n": number}})
    assert gathered.outbox.drain(8)
    assert sorted(change["value"]["n"] for change in receiver.changes()) == list(range(120))
    assert all(len(caught.body["entry"][0]["changes"]) <= 50 for caught in receiver.caught)


def test_each_line_reports_to_its_own_distributor(sandbox: Sandbox, receiver: Receiver) -> None:
    port = receiver.url.rpartition(":")[2]
    second = {
        "202": {
            "webhook_url": f"http://second.localhost:{port}/hook",
            "app_secret": "other-secret",
            "token": "other-token",
            "waba_id": "900",
        },
        "303": {
            "webhook_url": f"{receiver.url}/hook",
            "host_header": "third.localhost",
            "app_secret": "third-secret",
            "waba_id": "900",
        },
    }
    assert ask(sandbox, "/_sandbox/routes", second).status_code == 200
    for line, token in (("101", TOKEN), ("202", "other-token"), ("303", "any")):
        with whatsapp_of(sandbox, line, token) as client:
            client.send_template(offer())
    assert sandbox.outbox.drain(8)
    hosts = {caught.headers["host"] for caught in receiver.caught}
    assert hosts == {f"127.0.0.1:{port}", f"second.localhost:{port}", "third.localhost"}
    secrets = {"second": "other-secret", "third": "third-secret", "127": "app-secret"}
    for caught in receiver.caught:
        secret = secrets[caught.headers["host"].partition(".")[0]]
        assert is_signed(caught.raw, caught.headers["x-hub-signature-256"], secret)
    shown = ask(sandbox, "/_sandbox/routes").text
    assert "secret" in shown
    assert "other-secret" not in shown
    assert TOKEN not in shown


def test_without_routes_every_number_reports_to_the_address_given_at_start(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver
) -> None:
    plain = make_sandbox(webhook_url=f"{receiver.url}/all", app_secret="start-secret")
    plain.registry.add_routes({"templates": {"777": [OFFER]}})
    with whatsapp_of(plain, "777", "any token") as client:
        client.send_template(offer())
    caught = receiver.wait_for(1)[0]
    assert caught.path == "/all"
    assert is_signed(caught.raw, caught.headers["x-hub-signature-256"], "start-secret")


# --- templates -------------------------------------------------------------------------------


def submit(sandbox: Sandbox, **changes: Any) -> httpx.Response:
    body_part = {"type": "BODY", "text": changes.pop("text", "Your order leaves today.")}
    if changes.get("example"):
        body_part["example"] = {"body_text": [changes.pop("example")]}
    usual = {"name": "fresh", "language": "en", "category": "UTILITY", "components": [body_part]}
    return ask(sandbox, "/v23.0/900/message_templates", {**usual, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Not Lower"},
        {"name": ""},
        {"language": ""},
        {"category": "PROMO"},
        {"components": []},
        {"components": [{"type": "FOOTER", "text": "x"}]},
        {"text": "{{1}} is first", "example": ["a"]},
        {"text": "last is {{1}}.", "example": ["a"]},
        {"text": "no example for {{1}} here"},
        {"text": "a gap {{2}} here", "example": ["a"]},
        {"name": "clearance_offer"},
    ],
)
def test_a_template_that_meta_refuses_is_refused(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    answer = submit(sandbox, **changes)
    assert (answer.status_code, code_of(answer)) == (400, 100)


def test_a_price_offer_filed_as_utility_becomes_marketing(sandbox: Sandbox) -> None:
    for number, words in enumerate(("A 10% discount for you.", "आज 10% छूट है जी।")):
        filed = submit(sandbox, name=f"offer_{number}", text=words).json()
        assert (filed["category"], filed["status"]) == ("MARKETING", "APPROVED")
    assert submit(sandbox).json()["category"] == "UTILITY"


def test_variables_side_by_side_are_rejected_at_review(sandbox: Sandbox) -> None:
    text_of = "Take {{1}} {{2}} today."
    assert submit(sandbox, text=text_of, example=["a", "b"]).json()["status"] == "REJECTED"


def test_review_takes_its_time_and_is_told_by_webhook(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver
) -> None:
    slow = make_sandbox(approval_seconds=20.0, pace=0.02)
    slow.registry.add_routes(routes(receiver.url))
    assert submit(slow).json()["status"] == "PENDING"
    message = {"name": "fresh", "language": {"code": "en"}}
    assert code_of(graph(slow, template=message)) == 132001
    assert slow.outbox.drain(8)
    (change,) = [t for caught in receiver.caught for t in parse_template_changes(caught.raw)]
    assert (change.name, change.status, change.reason) == ("fresh", "APPROVED", "")
    assert graph(slow, template=message).status_code == 200


@pytest.mark.parametrize(("standing", "code"), [("PAUSED", 132015), ("DISABLED", 132016)])
def test_a_template_that_meta_stops_cannot_be_sent(
    sandbox: Sandbox, receiver: Receiver, standing: str, code: int
) -> None:
    order = {"waba_id": "900", "name": "order_notice", "language": "hi", "status": standing}
    assert ask(sandbox, "/_sandbox/templates", order).status_code == 200
    assert code_of(graph(sandbox)) == code
    receiver.wait_for(1)
    (change,) = parse_template_changes(receiver.caught[0].raw)
    assert change.status == standing


# --- SMS -------------------------------------------------------------------------------------


def submit_sms(sandbox: Sandbox, key: str = API_KEY, **changes: Any) -> httpx.Response:
    usual = {
        "reference": "r-1",
        "entity_id": DLT["entity_id"],
        "header": "VYAPAR-P",
        "template_id": DLT["template_id"],
        "to": "919812345678",
        "text": "Biscuits at 12% less till 9 Oct. Reply STOP to opt out.",
    }
    return ask(sandbox, "/sms/v1/submit", {**usual, **changes}, token=key)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"key": "wrong"}, 401, "UNAUTHORISED"),
        ({"reference": ""}, 400, "BAD_REQUEST"),
        ({"to": 919812345678}, 400, "BAD_REQUEST"),
        ({"to": "915812345678"}, 400, "BAD_NUMBER"),
        ({"entity_id": "1"}, 422, "DLT_ENTITY_UNKNOWN"),
        ({"header": "OTHERS-P"}, 422, "DLT_HEADER_UNKNOWN"),
        ({"template_id": "1"}, 422, "DLT_TEMPLATE_UNKNOWN"),
        ({"header": "VYAPAR-S"}, 422, "DLT_TEMPLATE_UNKNOWN"),
        ({"text": "Something else. Reply STOP to opt out."}, 422, "DLT_TEMPLATE_MISMATCH"),
        (
            {"text": f"{'x' * 41} at 12% less till 9 Oct. Reply STOP to opt out."},
            422,
            "DLT_TEMPLATE_MISMATCH",
        ),
        (
            {"text": "Biscuits at https://x.example.in less till 9 Oct. Reply STOP to opt out."},
            422,
            "DLT_URL_NOT_WHITELISTED",
        ),
    ],
)
def test_the_gateway_scrubs_what_dlt_forbids(
    sandbox: Sandbox, changes: dict[str, Any], status: int, code: str
) -> None:
    answer = submit_sms(sandbox, **changes)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert not sandbox.journal.texts


def test_an_offer_that_hides_the_way_out_is_scrubbed(sandbox: Sandbox) -> None:
    quiet = DltTemplate("9", DLT["entity_id"], "VYAPAR-P", "promotional", "Only today {#var#} less")
    sandbox.registry.add_routes({"dlt": [dataclasses.asdict(quiet)]})
    answer = submit_sms(sandbox, template_id="9", text="Only today 5% less")
    assert answer.json()["error"]["code"] == "DLT_OPT_OUT_MISSING"


@pytest.mark.parametrize(
    ("hours", "passes"), [(-2.01, False), (-2, True), (0, True), (8.99, True), (9, False), (15, False)]
)
def test_offers_pass_between_ten_and_nine_and_service_texts_at_any_hour(
    sandbox: Sandbox, clock: Clock, hours: float, passes: bool
) -> None:
    clock.move(hours=hours)
    answer = submit_sms(sandbox)
    assert answer.is_success is passes
    if not passes:
        assert answer.json()["error"]["code"] == "DLT_PROMO_WINDOW"
        opens = clock.now.timestamp() + int(answer.headers["Retry-After"])
        assert (opens + 5.5 * 3600) % 86400 == pytest.approx(10 * 3600, abs=1)
    service = {"header": "VYAPAR-S", "template_id": SERVICE_DLT["template_id"], "reference": "r-2"}
    assert submit_sms(sandbox, **service, text="Order 77 leaves today.").status_code == 202


@pytest.mark.parametrize(
    ("share", "status", "code"),
    [
        ("sms_absent", "expired", "ABSENT_SUBSCRIBER"),
        ("sms_inactive", "failed", "NUMBER_INACTIVE"),
        ("sms_blocked", "failed", "DLT_PREFERENCE_BLOCKED"),
    ],
)
def test_a_text_that_does_not_arrive_is_reported_with_its_code(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver, share: str, status: str, code: str
) -> None:
    failing = make_sandbox(shares=sure(**{share: ALL}))
    failing.registry.add_routes(routes(receiver.url))
    with sms_of(failing) as client:
        client.send(text())
        assert failing.outbox.drain(8)
        found = client.find(text().key)
    assert found
    assert (found.status, found.error_code) == (DeliveryStatus.FAILED, code)
    last = parse_report(receiver.caught[-1].raw)[-1]
    assert isinstance(last, StatusUpdate)
    assert (last.error_code, last.callback_data) == (code, text().key)
    assert failing.journal.find_text(API_KEY, text().key).status == status


def test_a_delivered_text_is_reported_signed_and_some_people_answer_stop(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver
) -> None:
    weary = make_sandbox(shares=sure(sms_stop=ALL))
    weary.registry.add_routes(routes(receiver.url))
    with sms_of(weary) as client:
        handed = client.send(text())
    assert weary.outbox.drain(8)
    found = [item for caught in receiver.caught for item in parse_report(caught.raw)]
    statuses = {item.status for item in found if isinstance(item, StatusUpdate)}
    assert statuses == {DeliveryStatus.SENT, DeliveryStatus.DELIVERED}
    (said,) = [item for item in found if isinstance(item, InboundText)]
    assert (said.text, said.from_, said.reply_to) == ("STOP", "919812345678", handed.provider_id)
    for caught in receiver.caught:
        assert is_signed(caught.raw, caught.headers["x-signature-256"], "sms-secret")


@settings(deadline=None)
@given(st.text(max_size=45), st.text(max_size=45), st.text(max_size=45))
def test_a_dlt_template_matches_its_own_filling_and_nothing_longer(a: str, b: str, c: str) -> None:
    template = DltTemplate(**DLT)
    filled = f"{a} at {b} less till {c}. Reply STOP to opt out."
    if max(len(a), len(b), len(c)) <= 40:
        assert template.matches(filled)
    assert not template.matches(filled + "!")
    assert not template.matches("x" + "y" * 200 + filled)


# --- mail ------------------------------------------------------------------------------------


def mailer(sandbox: Sandbox) -> EmailClient:
    host, port = sandbox.smtp_address
    return EmailClient(host, port, tls="none", sender="offers@vyapar.example")


def test_stored_mails_can_be_listed_and_read_as_they_came(sandbox: Sandbox) -> None:
    handed = mailer(sandbox).send(mail())
    (listed,) = ask(sandbox, "/_sandbox/mail").json()["mails"]
    assert listed["message_id"] == handed.provider_id
    assert listed["subject"] == mail().subject
    assert listed["recipients"] == ["shop@example.in"]
    raw = ask(sandbox, f"/_sandbox/mail/{listed['id']}")
    assert raw.headers["Content-Type"] == "message/rfc822"
    assert raw.content == Path(listed["path"]).read_bytes()
    assert Path(listed["path"]).parent == sandbox.home / "mail"
    assert ask(sandbox, "/_sandbox/mail/none").status_code == 404


def test_some_people_unsubscribe_with_one_click_but_only_on_this_machine(
    make_sandbox: Callable[..., Sandbox], receiver: Receiver
) -> None:
    weary = make_sandbox(shares=sure(mail_unsubscribed=ALL))
    local = unsubscribe_headers(f"{receiver.url}/u/7", on_this_machine=True)
    mailer(weary).send(mail(headers=local))
    mailer(weary).send(mail(key="far", headers=unsubscribe_headers("https://example.in/u/7")))
    mailer(weary).send(mail(key="none", headers=local[:1]))
    assert weary.outbox.drain(8)
    (caught,) = receiver.wait_for(1)
    assert (caught.path, caught.raw) == ("/u/7", b"List-Unsubscribe=One-Click")
    assert weary.journal.webhooks == Counter(unsubscribed=1)


def test_mailboxes_that_do_not_exist_are_always_the_same_ones(
    make_sandbox: Callable[..., Sandbox],
) -> None:
    strict = make_sandbox(shares=sure(mail_unknown=ALL))
    with pytest.raises(Rejected, match=r"5\.1\.1"):
        mailer(strict).send(mail())
    grey = Shares(mail_unknown=0, mail_greylisted=ALL)
    assert behaviour.mail_fault("shop@example.in", grey) == "greylisted"
    assert behaviour.mail_fault("Shop@Example.in", Shares()) == behaviour.mail_fault(
        "shop@example.in", Shares()
    )


# --- behaviour -------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(6_000_000_000, 9_999_999_999), st.sampled_from(["a", "b"]))
def test_a_persons_fate_is_the_same_every_time(number: int, template: str) -> None:
    person = f"91{number}"
    fates = [behaviour.whatsapp_fate(person, template, "MARKETING", Shares()) for _ in range(2)]
    assert fates[0] == fates[1]
    fate = fates[0]
    if fate.error:
        assert (fate.read_after, fate.act) == (0, "")
    if fate.read_after:
        assert fate.read_after > fate.delivered_after
    if fate.act:
        assert fate.act_after > fate.read_after


def test_shares_of_many_people_come_out_as_set() -> None:
    people = [f"9198{number:08d}" for number in range(20_000)]
    fates = [behaviour.whatsapp_fate(person, "offer", "MARKETING", Shares()) for person in people]
    errors = Counter(fate.error for fate in fates)
    for code, share in ((131026, 0.04), (131049, 0.03), (130472, 0.005), (131050, 0.01)):
        assert errors[code] / len(people) == pytest.approx(share, rel=0.25)
    reads = [fate for fate in fates if fate.read_after]
    assert len(reads) / errors[0] == pytest.approx(0.78, rel=0.03)
    acts = Counter(fate.act for fate in reads)
    for act, share in (("clicked", 0.16), ("ordered", 0.07), ("wrote_stop", 0.012)):
        assert acts[act] / len(reads) == pytest.approx(share, rel=0.2)
    utility = [behaviour.whatsapp_fate(person, "offer", "UTILITY", Shares()) for person in people]
    assert {fate.error for fate in utility} == {0, 131026}
    assert {f.error == 131026 for f, u in zip(fates, utility, strict=True) if u.error} == {True}


# --- routes, faults, life --------------------------------------------------------------------


def test_what_is_on_file_survives_a_restart(make_sandbox: Callable[..., Sandbox], receiver: Receiver) -> None:
    first = make_sandbox()
    first.registry.add_routes(routes(receiver.url))
    assert submit(first).json()["status"] == "APPROVED"
    before = first.registry.describe()
    second = make_sandbox()
    assert second.registry.describe() == before
    with whatsapp_of(second) as client:
        assert client.send_template(offer()).simulated
    assert submit_sms(second).status_code == 202


def test_a_routes_file_is_taken_at_start_and_again_when_it_changes(
    make_sandbox: Callable[..., Sandbox], tmp_path: Path, receiver: Receiver
) -> None:
    file = tmp_path / "routes.json"
    file.write_text(json.dumps(routes(receiver.url)))
    made = make_sandbox(routes=file)
    with whatsapp_of(made) as client:
        assert client.send_template(offer()).provider_id
    assert graph(made).status_code == 200
    assert ask(made, "/v23.0/505/messages", {"to": "9"}).status_code == 400
    late = {"505": {"token": "late", "waba_id": "900"}}
    fresh = tmp_path / "fresh"
    fresh.write_text(json.dumps(late))
    fresh.replace(file)
    with whatsapp_of(made, "505", "late") as client:
        assert client.send_template(offer()).provider_id


@pytest.mark.parametrize(
    "document",
    [
        {"101": {"webhok_url": "typo"}},
        {"101": "http://x"},
        {"dlt": [{"template_id": "1"}]},
        {"templates": {"900": [{"name": "x"}]}},
    ],
)
def test_a_route_that_cannot_be_understood_is_refused_whole(
    sandbox: Sandbox, document: dict[str, Any]
) -> None:
    before = sandbox.registry.describe()
    answer = ask(sandbox, "/_sandbox/routes", document)
    assert answer.status_code == 400
    assert "routes" in answer.text
    assert sandbox.registry.describe() == before


def test_faults_are_ordered_used_up_and_cleared_over_http(sandbox: Sandbox) -> None:
    order = {"channel": "whatsapp", "kind": "status", "status": 500, "times": 2, "match": "5678"}
    assert ask(sandbox, "/_sandbox/faults", order).status_code == 201
    assert graph(sandbox, to="919812340000").status_code == 200
    assert [graph(sandbox).status_code for _ in range(3)] == [500, 500, 200]
    ask(sandbox, "/_sandbox/faults", order | {"times": -1})
    assert graph(sandbox).status_code == 500
    assert ask(sandbox, "/_sandbox/faults", method="DELETE").status_code == 200
    assert graph(sandbox).status_code == 200
    for wrong in ({"channel": "fax", "kind": "drop"}, {"channel": "sms", "kind": "drop", "tims": 1}):
        assert ask(sandbox, "/_sandbox/faults", wrong).status_code == 400


def test_the_state_counts_requests_and_reset_forgets_them(sandbox: Sandbox, receiver: Receiver) -> None:
    graph(sandbox)
    submit_sms(sandbox)
    mailer(sandbox).send(mail())
    assert sandbox.outbox.drain(8)
    state = ask(sandbox, "/_sandbox/state").json()
    assert state["requests"]["POST /messages"] == 1
    assert state["requests"]["SMTP DATA"] == 1
    assert (state["messages"], state["mails"], state["texts"]) == (1, 1, {"delivered": 1})
    assert state["message_statuses"] == {"sent": 1, "delivered": 1}
    assert state["waiting"] == 0
    assert (
        ask(sandbox, "/_sandbox/messages?to=919812345678").json()["messages"][0]["template"]
        == (NOTICE["name"])
    )
    ask(sandbox, "/_sandbox/reset", {})
    state = ask(sandbox, "/_sandbox/state").json()
    assert (state["messages"], state["mails"], state["texts"]) == (0, 0, {})
    assert graph(sandbox).status_code == 200


def test_a_person_can_be_played_over_http(sandbox: Sandbox, receiver: Receiver) -> None:
    person = {"phone_number_id": "101", "from": "919812345678"}
    tap = {**person, "button": ["Order now", "order:7"], "context": "wamid.x"}
    assert ask(sandbox, "/_sandbox/inbound", tap).status_code == 201
    words = {"channel": "sms", "api_key": API_KEY, "from": "919812345678", "text": "बंद"}
    assert ask(sandbox, "/_sandbox/inbound", words).status_code == 201
    assert sandbox.outbox.drain(8)
    (clicked, tapped) = read_all(receiver)
    assert (clicked.provider_id, clicked.detail) == ("wamid.x", "order:7")
    assert (tapped.text, tapped.payload) == ("Order now", "order:7")
    (said,) = [i for c in receiver.caught if c.path.endswith("sms") for i in parse_report(c.raw)]
    assert said.text == "बंद"
    lost = person | {"phone_number_id": "404"}
    assert ask(sandbox, "/_sandbox/inbound", lost).status_code == 404


def test_stopping_leaves_no_port_open_and_no_throw_away_file() -> None:
    with Sandbox(Settings(http_port=0, smtp_port=0)) as short:
        url, home = short.http_url, short.home
        assert httpx.get(url + "/", trust_env=False).json()["simulated"] is True
        assert home.exists()
    assert not home.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)


def test_the_server_runs_without_django_says_when_it_is_ready_and_ends_on_sigterm(
    tmp_path: Path,
) -> None:
    words = [sys.executable, "-m", "vyapar.ops.sandbox", "--http-port", "0", "--smtp-port", "0"]
    process = subprocess.Popen([*words, "--home", str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        ready = json.loads(process.stdout.readline())
        assert httpx.get(ready["ready"] + "/", trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
    assert (tmp_path / "sandbox" / "mail").is_dir()


def test_the_management_command_takes_the_same_options() -> None:
    parser = Command().create_parser("manage.py", "sandbox")
    words = ["--http-port", "9001", "--promo-opens", "09:30", "--mps", "20", "--pace", "0.1"]
    told = read_settings(vars(parser.parse_args(words)))
    assert (told.http_port, told.smtp_port, told.messages_per_second) == (9001, 8025, 20)
    assert (told.promo_opens, told.pace) == (clock_time(9, 30), 0.1)
