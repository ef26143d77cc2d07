"""The channel clients over real sockets, and their mappings against recorded pairs."""

from __future__ import annotations

import email.policy
import hashlib
import hmac
import json
import logging
import shutil
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import redis
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.messaging.conftest import (
    API_KEY,
    DLT,
    TOKEN,
    Clock,
    Receiver,
    mail,
    offer,
    text,
)
from vyapar.farside.answers import Answer, is_signed
from vyapar.farside.http import Timeouts, masked
from vyapar.farside.resilience import (
    CIRCUIT_OPEN,
    Breakers,
    RetryPolicy,
    breaker_states,
    breakers,
    is_outage,
    with_retries,
)
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import (
    Forbidden,
    Invalid,
    Misconfigured,
    NotNow,
    Rejected,
    Unavailable,
    VyaparError,
)
from vyapar.messaging.channels import ERROR_TABLES, error_plan, find_error
from vyapar.messaging.channels.email import EmailClient, message_id, unsubscribe_headers
from vyapar.messaging.channels.email import mapping as email_mapping
from vyapar.messaging.channels.sms import SmsClient, parse_report, segments
from vyapar.messaging.channels.sms import mapping as sms_mapping
from vyapar.messaging.channels.whatsapp import (
    WhatsAppClient,
    answer_challenge,
    parse_preferences,
    parse_template_changes,
    parse_webhook,
)
from vyapar.messaging.channels.whatsapp import mapping as whatsapp_mapping
from vyapar.messaging.contracts import (
    Channel,
    DeliveryStatus,
    ErrorPlan,
    InboundText,
    StatusUpdate,
    TemplateSpec,
)
from vyapar.ops.sandbox import Sandbox

#: Fast, and never waits for what the far side asked to wait for.
QUICK = RetryPolicy(attempts=3, first_wait_seconds=0.01, longest_wait_seconds=0.05, budget_seconds=5)
#: Long enough to hold a connection, short enough for a test of silence.
SHORT = Timeouts(connect_seconds=2.0, read_seconds=0.4)


def samples(channel: str, name: str) -> list[dict[str, Any]]:
    """The recorded pairs of a channel."""
    package = f"vyapar.messaging.channels.{channel}"
    path = resources.files(package).joinpath("samples", name)
    return json.loads(path.read_text(encoding="utf-8"))["pairs"]


def shape(item: StatusUpdate | InboundText) -> dict[str, Any]:
    """An item as the samples write it: its type, and only the fields that say something."""
    fields = plain(item)
    kept = {name: value for name, value in fields.items() if value not in ("", None, False)}
    return {"type": type(item).__name__, **kept}


@pytest.fixture
def whatsapp(sandbox: Sandbox) -> WhatsAppClient:
    client = WhatsAppClient(sandbox.http_url, "101", TOKEN, retry=QUICK, timeout=SHORT, sandbox=True)
    with client:
        yield client


@pytest.fixture
def sms(sandbox: Sandbox) -> SmsClient:
    client = SmsClient(sandbox.http_url, DLT["entity_id"], "VYAPAR-P", API_KEY, retry=QUICK, timeout=SHORT)
    with client:
        yield client


@pytest.fixture
def relay(sandbox: Sandbox) -> EmailClient:
    return relay_of(sandbox)


def relay_of(sandbox: Sandbox, **options: Any) -> EmailClient:
    host, port = sandbox.smtp_address
    usual = {"tls": "none", "sender": "offers@vyapar.example", "retry": QUICK, "timeout": SHORT}
    return EmailClient(host, port, **{**usual, **options})


def order_fault(sandbox: Sandbox, channel: str, kind: str, **more: Any) -> None:
    sandbox.faults.add({"channel": channel, "kind": kind, **more})


# --- error tables ----------------------------------------------------------------------------


def test_every_error_row_maps_to_a_kernel_error_and_only_safe_ones_are_retried() -> None:
    for channel, table in ERROR_TABLES.items():
        assert len(table.rows()) > 15
        for row in table.rows():
            error = row.as_error(f"{channel}_{row.code}", row.meaning)
            assert isinstance(error, Rejected | Misconfigured | Unavailable)
            retried = row.plan in (ErrorPlan.RETRY, ErrorPlan.BACK_OFF)
            assert isinstance(error, Unavailable) is retried, row


@pytest.mark.parametrize(
    ("channel", "code", "plan"),
    [
        ("whatsapp", "131026", ErrorPlan.OTHER_CHANNEL),
        ("whatsapp", "131049", ErrorPlan.OTHER_CHANNEL),
        ("whatsapp", "131050", ErrorPlan.SUPPRESS),
        ("whatsapp", "131048", ErrorPlan.HALT_CAMPAIGN),
        ("whatsapp", "132015", ErrorPlan.HALT_CAMPAIGN),
        ("whatsapp", "132016", ErrorPlan.HALT_CAMPAIGN),
        ("whatsapp", "368", ErrorPlan.HALT_CAMPAIGN),
        ("whatsapp", "131031", ErrorPlan.HALT_CAMPAIGN),
        ("whatsapp", "131042", ErrorPlan.HALT_CAMPAIGN),
        ("whatsapp", "250", ErrorPlan.HALT_CAMPAIGN),
        ("whatsapp", "132001", ErrorPlan.STOP_TEMPLATE),
        ("whatsapp", "130429", ErrorPlan.BACK_OFF),
        ("whatsapp", "131000", ErrorPlan.RETRY),
        ("whatsapp", "whatsapp_131026", ErrorPlan.OTHER_CHANNEL),
        ("sms", "DLT_PROMO_WINDOW", ErrorPlan.BACK_OFF),
        ("sms", "sms_DLT_PREFERENCE_BLOCKED", ErrorPlan.SUPPRESS),
        ("email", "email_5.1.1", ErrorPlan.SUPPRESS),
        ("email", "5.2.2", ErrorPlan.OTHER_CHANNEL),
    ],
)
def test_an_error_code_has_a_plan(channel: str, code: str, plan: ErrorPlan) -> None:
    assert error_plan(Channel(channel), code) is plan


@settings(deadline=None)
@given(st.text(max_size=12))
@example("139999")
def test_a_code_nobody_documented_is_never_repeated(code: str) -> None:
    for channel in Channel:
        if find_error(channel, code) is None:
            assert error_plan(channel, code) is ErrorPlan.NEVER


# --- WhatsApp mapping ------------------------------------------------------------------------


@pytest.mark.parametrize("pair", samples("whatsapp", "webhooks.json"), ids=lambda p: p["case"])
def test_a_recorded_webhook_reads_as_recorded(pair: dict[str, Any]) -> None:
    found = parse_webhook(json.dumps(pair["body"]).encode())
    assert [shape(item) for item in found] == pair["expect"]


@pytest.mark.parametrize("pair", samples("whatsapp", "answers.json"), ids=lambda p: p["case"])
def test_a_recorded_answer_reads_as_recorded(pair: dict[str, Any]) -> None:
    answer = Answer(pair["status"], pair["body"], False, 0, True)
    expect = pair["expect"]
    if "error" not in expect:
        handed = whatsapp_mapping.read_handed(answer)
        assert (handed.provider_id, handed.status) == (expect["provider_id"], expect["status"])
        return
    with pytest.raises(VyaparError) as caught:
        whatsapp_mapping.read_handed(answer)
    assert (type(caught.value).__name__, caught.value.code) == (expect["error"], expect["code"])
    if "outcome_unknown" in expect:
        assert caught.value.outcome_unknown is expect["outcome_unknown"]


def test_a_template_message_is_written_as_the_cloud_api_reads_it() -> None:
    body = whatsapp_mapping.to_template_message(offer(parameters=("Two\nlines   here", "12")))
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "919812345678",
        "type": "template",
        "biz_opaque_callback_data": "campaign-1:outlet-7",
        "template": {
            "name": "clearance_offer",
            "language": {"code": "en"},
            "components": [
                {
                    "type": "body",
                    "parameters": [
                        {"type": "text", "text": "Two lines here"},
                        {"type": "text", "text": "12"},
                    ],
                },
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "0",
                    "parameters": [{"type": "payload", "payload": "order:7"}],
                },
                {
                    "type": "button",
                    "sub_type": "quick_reply",
                    "index": "1",
                    "parameters": [{"type": "payload", "payload": "later:7"}],
                },
            ],
        },
    }


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": "98123"}, "to"),
        ({"to": "0919812345678"}, "to"),
        ({"to": ""}, "to"),
        ({"template": ""}, "template"),
        ({"parameters": ("Retailer", " \n ")}, "parameters.2"),
        ({"callback_data": "x" * 513}, "callbackData"),
    ],
)
def test_a_whatsapp_message_that_cannot_be_written_names_the_field(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        whatsapp_mapping.to_template_message(offer(**changes))
    assert [fault.field for fault in caught.value.faults] == [field]


OUTER = ("entry", "changes", "value", "field", "statuses", "messages", "metadata", "simulated")
INNER = ("id", "status", "timestamp", "errors", "type", "text", "button", "context", "from")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*OUTER, *INNER]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
ITEM = st.dictionaries(
    st.sampled_from([*INNER, "recipient_id", "pricing", "interactive", "reaction", "order", "body", "image"]),
    JSON | st.sampled_from(["read", "failed", "text", "button", "wamid.1", "1669233778"]),
    max_size=7,
)


def webhook(value: dict[str, Any], field: str = "messages") -> dict[str, Any]:
    """A Cloud API webhook body around one change."""
    change = {"field": field, "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "900", "changes": [change]}]}


@settings(max_examples=300, deadline=None)
@given(JSON)
@example([])
@example({"entry": [{"changes": [{"field": "messages", "value": {"statuses": [{"status": []}]}}]}]})
def test_any_json_is_read_or_refused_but_never_breaks_the_reader(document: Any) -> None:
    raw = json.dumps(document).encode()
    for read in (parse_webhook, parse_preferences, parse_template_changes, parse_report):
        if isinstance(document, dict):
            assert isinstance(read(raw), list)
        else:
            with pytest.raises(Invalid):
                read(raw)


@settings(max_examples=300, deadline=None)
@given(st.lists(ITEM, max_size=4), st.lists(ITEM, max_size=4))
def test_a_malformed_item_never_hides_its_neighbour(
    statuses: list[dict[str, Any]], messages: list[dict[str, Any]]
) -> None:
    good = {"id": "wamid.good", "status": "delivered", "timestamp": "1669233778"}
    body = webhook({"statuses": [*statuses, good], "messages": messages})
    found = parse_webhook(body)
    assert "wamid.good:delivered" in [i.identity for i in found if isinstance(i, StatusUpdate)]
    assert len(set(found)) == len(found)
    again = parse_webhook(webhook({"statuses": [good, *statuses, good], "messages": messages}))
    assert set(again) == set(found)
    assert len(again) == len(set(again))


@settings(deadline=None)
@given(st.binary(max_size=40))
def test_bytes_that_are_no_json_object_are_refused(raw: bytes) -> None:
    try:
        document = json.loads(raw)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        with pytest.raises(Invalid):
            parse_webhook(raw)


def test_a_timestamp_that_cannot_be_read_falls_back_to_the_time_of_receipt() -> None:
    at = datetime(2026, 10, 5, tzinfo=UTC)
    items = [{"id": "wamid.1", "status": "read", "timestamp": stamp} for stamp in ("soon", None, 1e99)]
    found = parse_webhook(webhook({"statuses": items}), received_at=at)
    assert [item.at for item in found] == [at]


def test_whatsapps_own_stop_switch_and_template_news_are_read() -> None:
    switch = {
        "metadata": {"phone_number_id": "101"},
        "user_preferences": [
            {
                "wa_id": "919812345678",
                "category": "marketing_messages",
                "value": "stop",
                "timestamp": 1731705721,
            }
        ],
    }
    (change,) = parse_preferences(webhook(switch, "user_preferences"))
    assert (change.from_, change.marketing_allowed, change.account) == ("919812345678", False, "101")
    news = {
        "event": "PAUSED",
        "message_template_id": 1689556908129832,
        "message_template_name": "clearance_offer",
        "message_template_language": "en",
        "reason": "NONE",
    }
    (template,) = parse_template_changes(webhook(news, "message_template_status_update"))
    assert (template.provider_id, template.status) == ("1689556908129832", "PAUSED")


# --- signatures and challenge ----------------------------------------------------------------


@settings(deadline=None)
@given(st.binary(max_size=60), st.text(min_size=1, max_size=20), st.data())
def test_a_signature_holds_for_its_own_body_and_secret_only(
    raw: bytes, secret: str, data: st.DataObject
) -> None:
    good = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    assert is_signed(raw, good, secret)
    assert not is_signed(raw + b" ", good, secret)
    assert not is_signed(raw, good, secret + "x")
    spot = data.draw(st.integers(0, len(good) - 1))
    assert not is_signed(raw, good[:spot] + "z" + good[spot + 1 :], secret)


@pytest.mark.parametrize("header", ["", "sha256=", "sha1=abc", "sha256=é", "sha256=" + "0" * 64])
def test_a_body_without_a_good_signature_is_not_signed(header: str) -> None:
    assert not is_signed(b"{}", header, "secret")


def test_an_empty_secret_verifies_nothing() -> None:
    forged = "sha256=" + hmac.new(b"", b"{}", hashlib.sha256).hexdigest()
    assert not is_signed(b"{}", forged, "")


def test_the_subscription_challenge_is_answered_only_to_our_own_token() -> None:
    asked = {"hub.mode": "subscribe", "hub.verify_token": "tök", "hub.challenge": "1158201444"}
    assert answer_challenge(asked, "tök") == "1158201444"
    for wrong in ({"hub.verify_token": "other"}, {"hub.mode": "unsubscribe"}):
        with pytest.raises(Forbidden):
            answer_challenge(asked | wrong, "tök")
    with pytest.raises(Forbidden):
        answer_challenge(asked | {"hub.verify_token": ""}, "")


# --- WhatsApp client -------------------------------------------------------------------------


def test_a_template_is_handed_over_once_and_marked_simulated(
    sandbox: Sandbox, whatsapp: WhatsAppClient
) -> None:
    handed = whatsapp.send_template(offer())
    assert handed.provider_id.startswith("wamid.")
    assert (handed.status, handed.simulated) == ("accepted", True)
    (message,) = sandbox.journal.list_messages("919812345678")
    assert message["text"] == "Hello Retailer, 12 cases are going at a lower price today."
    assert message["callback_data"] == "campaign-1:outlet-7"


def test_an_answer_that_says_simulated_marks_the_hand_over_whatever_the_setting(
    sandbox: Sandbox,
) -> None:
    with WhatsAppClient(sandbox.http_url, "101", TOKEN, retry=QUICK) as client:
        assert client.send_template(offer()).simulated is True


@pytest.mark.parametrize(
    ("code", "family", "attempts"),
    [
        (190, Misconfigured, 1),
        (131042, Misconfigured, 1),
        (131031, Misconfigured, 1),
        (131048, Rejected, 1),
        (131026, Rejected, 1),
        (131049, Rejected, 1),
        (131050, Rejected, 1),
        (131047, Rejected, 1),
        (132001, Rejected, 1),
        (132015, Rejected, 1),
        (100, Rejected, 1),
        (131056, NotNow, 1),
        (80007, NotNow, 1),
        (1, Unavailable, 3),
        (2, Unavailable, 3),
        (131000, Unavailable, 3),
        (131016, Unavailable, 3),
        (133004, Unavailable, 3),
    ],
)
def test_each_error_family_is_raised_as_such_after_a_bounded_number_of_requests(
    sandbox: Sandbox, whatsapp: WhatsAppClient, code: int, family: type[VyaparError], attempts: int
) -> None:
    status = 503 if family is Unavailable else 400
    order_fault(sandbox, "whatsapp", "status", code=code, status=status, times=-1)
    with pytest.raises(VyaparError) as caught:
        whatsapp.send_template(offer())
    assert type(caught.value) is family
    assert caught.value.code == f"whatsapp_{code}"
    assert sandbox.journal.requests["POST /messages"] == attempts
    assert not sandbox.journal.sent


def test_a_transient_error_that_passes_is_not_seen_by_the_caller(
    sandbox: Sandbox, whatsapp: WhatsAppClient
) -> None:
    order_fault(sandbox, "whatsapp", "status", code=131016, status=503, times=2)
    assert whatsapp.send_template(offer()).provider_id
    assert sandbox.journal.requests["POST /messages"] == 3
    assert len(sandbox.journal.sent) == 1


def test_a_throttle_is_waited_out_for_as_long_as_it_asks(sandbox: Sandbox) -> None:
    order_fault(sandbox, "whatsapp", "status", code=130429, status=400)
    patient = RetryPolicy(first_wait_seconds=0.01, longest_wait_seconds=2.0)
    started = time.monotonic()
    with WhatsAppClient(sandbox.http_url, "101", TOKEN, retry=patient) as client:
        assert client.send_template(offer()).provider_id
    assert time.monotonic() - started >= 1.0
    assert sandbox.journal.requests["POST /messages"] == 2


def test_a_throttle_that_asks_for_longer_than_we_may_wait_comes_back_with_its_wait(
    sandbox: Sandbox, whatsapp: WhatsAppClient
) -> None:
    order_fault(sandbox, "whatsapp", "status", code=4, status=429, retry_after=90, times=-1)
    with pytest.raises(NotNow) as caught:
        whatsapp.send_template(offer())
    assert (caught.value.retry_after, caught.value.outcome_unknown) == (90, False)
    assert sandbox.journal.requests["POST /messages"] == 1


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("timeout", {"seconds": 3}, "whatsapp_timeout"),
        ("drop", {}, "whatsapp_broken_off"),
        ("garbage", {}, "whatsapp_unreadable"),
    ],
)
def test_a_message_that_was_taken_without_an_answer_is_unknown_and_never_repeated(
    sandbox: Sandbox,
    whatsapp: WhatsAppClient,
    receiver: Receiver,
    kind: str,
    more: dict[str, Any],
    code: str,
) -> None:
    order_fault(sandbox, "whatsapp", kind, **more)
    with pytest.raises(Unavailable) as caught:
        whatsapp.send_template(offer())
    assert (caught.value.code, caught.value.outcome_unknown) == (code, True)
    assert sandbox.journal.requests["POST /messages"] == 1
    assert len(sandbox.journal.sent) == 1
    receiver.wait_for(1)
    (first, *_) = parse_webhook(receiver.caught[0].raw)
    assert isinstance(first, StatusUpdate)
    assert first.callback_data == "campaign-1:outlet-7"


def test_a_bare_5xx_is_unknown_and_never_repeated(sandbox: Sandbox, whatsapp: WhatsAppClient) -> None:
    order_fault(sandbox, "whatsapp", "status", status=502, times=-1)
    with pytest.raises(Unavailable) as caught:
        whatsapp.send_template(offer())
    assert (caught.value.code, caught.value.outcome_unknown) == ("whatsapp_http_502", True)
    assert sandbox.journal.requests["POST /messages"] == 1


def test_a_far_side_that_cannot_be_reached_was_certainly_not_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    client = WhatsAppClient(f"http://127.0.0.1:{port}", "101", TOKEN, retry=QUICK)
    with client, pytest.raises(Unavailable) as caught:
        client.send_template(offer())
    assert (caught.value.code, caught.value.outcome_unknown) == ("whatsapp_unreachable", False)


def test_a_slow_answer_within_the_limit_is_an_answer(sandbox: Sandbox, whatsapp: WhatsAppClient) -> None:
    order_fault(sandbox, "whatsapp", "slow", seconds=0.15)
    assert whatsapp.send_template(offer()).provider_id


@pytest.mark.parametrize(
    ("line", "token", "code"),
    [("101", "wrong", "whatsapp_190"), ("404", TOKEN, "whatsapp_33")],
)
def test_a_wrong_credential_or_number_stops_us_not_the_message(
    sandbox: Sandbox, line: str, token: str, code: str
) -> None:
    client = WhatsAppClient(sandbox.http_url, line, token, retry=QUICK)
    with client, pytest.raises(Misconfigured) as caught:
        client.send_template(offer())
    assert caught.value.code == code


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1:80"])
def test_an_address_that_is_none_is_ours_to_mend(url: str) -> None:
    client = WhatsAppClient(url, "101", TOKEN, retry=QUICK)
    with client, pytest.raises(Misconfigured) as caught:
        client.send_template(offer())
    assert caught.value.code == "whatsapp_bad_url"


def test_a_client_without_credentials_is_not_built() -> None:
    with pytest.raises(Misconfigured):
        WhatsAppClient("http://127.0.0.1", "101", "")
    with pytest.raises(Misconfigured):
        SmsClient("http://127.0.0.1", "", "VYAPAR-P", API_KEY)


def test_secrets_and_numbers_never_reach_logs_messages_or_reprs(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.statuses = [400]
    receiver.reply = lambda caught: json.dumps(
        {
            "error": {
                "code": 100,
                "message": f"bad header {caught.headers['authorization']} for 919812345678",
            }
        }
    ).encode()
    with WhatsAppClient(receiver.url, "106540352242922", TOKEN, retry=QUICK) as client:
        with pytest.raises(Rejected) as caught:
            client.send_template(offer())
        shown = f"{caught.value} {client!r} {caplog.text}"
    assert "bad header Bearer •••" in str(caught.value)
    assert TOKEN not in shown
    ours = "".join(r.getMessage() for r in caplog.records if r.name.startswith("vyapar"))
    assert "/messages: 400" in ours
    assert "106540352242922" not in ours


def test_masking_keeps_the_last_four_digits_of_long_numbers_only() -> None:
    assert masked("to +919812345678, code 131026", ("x",)) == "to +•••5678, code 131026"


def test_templates_are_submitted_listed_over_pages_and_read_back(
    sandbox: Sandbox, whatsapp: WhatsAppClient
) -> None:
    spec = TemplateSpec(
        name="restock_0",
        language="en",
        category="MARKETING",
        body="Dear {{1}}, stock is back.",
        examples=("Retailer",),
        footer="Reply STOP to opt out",
        buttons=("Order now",),
    )
    filed = whatsapp.create_template("900", spec)
    assert (filed.status, filed.category) == ("APPROVED", "MARKETING")
    for number in range(1, 130):
        template = sandbox.registry.find_template("900", "restock_0", "en")
        assert template
        sandbox.registry._templates[("900", f"restock_{number}", "en")] = template.__class__(
            **{**{f: getattr(template, f) for f in template.__slots__}, "name": f"restock_{number}"}
        )
    listed = whatsapp.list_templates("900")
    assert len(listed) == 132
    assert filed in listed
    with pytest.raises(Rejected, match="already exists"):
        whatsapp.create_template("900", spec)


# --- SMS -------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", samples("sms", "reports.json"), ids=lambda p: p["case"])
def test_a_recorded_report_reads_as_recorded(pair: dict[str, Any]) -> None:
    found = parse_report(json.dumps(pair["body"]).encode())
    assert [shape(item) for item in found] == pair["expect"]


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("क" * 70, 1),
        ("क" * 71, 2),
        ("क" * 134, 2),
        ("क" * 135, 3),
        ("₹", 1),
    ],
)
def test_an_sms_is_billed_by_parts(words: str, parts: int) -> None:
    assert segments(words) == parts


@settings(deadline=None)
@given(st.text(max_size=400), st.text(max_size=40))
def test_a_longer_text_never_needs_fewer_parts(words: str, more: str) -> None:
    assert segments(words + more) >= segments(words) >= 1


@pytest.mark.parametrize("number", ["9812345678", "+91 98123 45678", "919812345678"])
def test_an_indian_mobile_has_one_form(number: str) -> None:
    assert sms_mapping.mobile(number) == "919812345678"


@pytest.mark.parametrize("number", ["", "5812345678", "98123", "+1 6505551234", "9198123456789"])
def test_what_is_no_indian_mobile_is_refused_before_it_is_sent(number: str) -> None:
    with pytest.raises(Invalid):
        sms_mapping.mobile(number)


def test_a_text_is_handed_over_once_however_often_it_is_sent(sandbox: Sandbox, sms: SmsClient) -> None:
    first, second = sms.send(text()), sms.send(text())
    assert first.provider_id == second.provider_id
    assert first.simulated
    assert len(sandbox.journal.texts) == 1


def test_a_reference_cannot_be_used_for_another_text(sms: SmsClient) -> None:
    sms.send(text())
    with pytest.raises(Rejected) as caught:
        sms.send(text(to="9812345679"))
    assert caught.value.code == "sms_REFERENCE_REUSED"


@pytest.mark.parametrize("kind", ["timeout", "drop", "garbage"])
def test_after_an_unknown_outcome_the_gateway_says_what_happened(
    sandbox: Sandbox, sms: SmsClient, kind: str
) -> None:
    order_fault(sandbox, "sms", kind, seconds=3)
    with pytest.raises(Unavailable) as caught:
        sms.send(text())
    assert caught.value.outcome_unknown
    assert sandbox.journal.requests["POST /sms/v1/submit"] == 1
    found = sms.find(text().key)
    assert found
    assert found.status in (DeliveryStatus.SENT, DeliveryStatus.DELIVERED)
    assert (found.callback_data, found.simulated) == (text().key, True)
    assert sms.find("a/key never?used") is None


def test_what_never_arrived_is_not_found(sandbox: Sandbox, sms: SmsClient) -> None:
    order_fault(sandbox, "sms", "drop_before")
    with pytest.raises(Unavailable) as caught:
        sms.send(text())
    assert caught.value.outcome_unknown
    assert sms.find(text().key) is None


@pytest.mark.parametrize(
    ("code", "status", "family", "attempts"),
    [
        ("UNAUTHORISED", 401, Misconfigured, 1),
        ("BALANCE_LOW", 402, Misconfigured, 1),
        ("DLT_HEADER_UNKNOWN", 422, Misconfigured, 1),
        ("DLT_TEMPLATE_MISMATCH", 422, Rejected, 1),
        ("BAD_NUMBER", 400, Rejected, 1),
        ("DLT_PROMO_WINDOW", 422, NotNow, 1),
        ("GATEWAY_BUSY", 503, Unavailable, 3),
        ("NEVER_HEARD_OF", 422, Rejected, 1),
    ],
)
def test_each_gateway_error_is_raised_as_its_family(
    sandbox: Sandbox,
    sms: SmsClient,
    code: str,
    status: int,
    family: type[VyaparError],
    attempts: int,
) -> None:
    order_fault(sandbox, "sms", "status", code=code, status=status, times=-1)
    with pytest.raises(VyaparError) as caught:
        sms.send(text())
    assert type(caught.value) is family
    assert caught.value.code == f"sms_{code}"
    assert sandbox.journal.requests["POST /sms/v1/submit"] == attempts


def test_a_promotional_text_at_night_comes_back_with_the_hours_to_wait(sms: SmsClient, clock: Clock) -> None:
    clock.move(hours=10, minutes=30)  # 22:30 in India
    with pytest.raises(NotNow) as caught:
        sms.send(text())
    assert caught.value.code == "sms_DLT_PROMO_WINDOW"
    assert caught.value.retry_after == int(11.5 * 3600)


# --- e-mail ----------------------------------------------------------------------------------


def test_a_hindi_mail_arrives_whole_with_its_unsubscribe_headers(
    sandbox: Sandbox, relay: EmailClient
) -> None:
    link = "https://demo.example.in/u/6f1c"
    handed = relay.send(mail(headers=unsubscribe_headers(link, mailto="stop@example.in")))
    (stored,) = sandbox.journal.mails
    kept = message_from_bytes(Path(stored.path).read_bytes(), policy=email.policy.default)
    assert kept["Subject"] == "मृत स्टॉक ₹ 1,23,456.00 पर छूट"
    assert kept["Message-ID"] == handed.provider_id
    assert kept["List-Unsubscribe"] == f"<{link}>, <mailto:stop@example.in>"
    assert kept["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert kept.get_content_type() == "multipart/alternative"
    plain_part, html_part = kept.iter_parts()
    assert plain_part.get_content().strip() == "नमस्ते, आज 12% कम।"
    assert "<b>12%</b>" in html_part.get_content()
    assert Path(stored.path).read_bytes().isascii()
    assert handed.simulated


def test_the_same_key_is_the_same_mail_and_another_key_is_not() -> None:
    at = datetime(2026, 10, 5, tzinfo=UTC)
    sender = "offers@vyapar.example"
    built = email_mapping.to_message(mail(), sender=sender, sender_name="Vyapar", at=at)
    assert built["Message-ID"] == message_id(mail().key, sender)
    assert message_id("a", sender) != message_id("b", sender)
    assert built["Message-ID"].endswith("@vyapar.example>")


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "Offer\r\nBcc: all@example.in"},
        {"headers": (("X-Note", "a\nBcc: all@example.in"),)},
        {"headers": (("To", "other@example.in"),)},
        {"headers": (("message-id", "<mine@example.in>"),)},
        {"headers": (("Content-Type", "multipart/mixed"),)},
        {"to": "shop@example.in, other@example.in"},
        {"to": "दुकान@example.in"},
        {"to": "shop"},
        {"body_text": ""},
        {"subject": ""},
    ],
)
def test_a_mail_that_would_forge_or_miss_something_is_not_written(
    sandbox: Sandbox, relay: EmailClient, changes: dict[str, Any]
) -> None:
    with pytest.raises(Invalid):
        relay.send(mail(**changes))
    assert not sandbox.journal.mails


def test_a_bulk_mail_needs_an_https_link_to_unsubscribe() -> None:
    with pytest.raises(Misconfigured):
        unsubscribe_headers("http://demo.localhost:8000/u/1")
    with pytest.raises(Misconfigured):
        unsubscribe_headers("http://example.in/u/1", on_this_machine=True)
    local = unsubscribe_headers("http://demo.localhost:8000/u/1", on_this_machine=True)
    assert dict(local)["List-Unsubscribe"] == "<http://demo.localhost:8000/u/1>"


@pytest.mark.parametrize("pair", samples("email", "replies.json"), ids=lambda p: p["text"])
def test_a_recorded_smtp_reply_reads_as_recorded(pair: dict[str, Any]) -> None:
    error = email_mapping.failure(pair["code"], pair["text"])
    expect = pair["expect"]
    assert (type(error).__name__, error.code) == (expect["error"], expect["code"])
    assert error_plan(Channel.EMAIL, error.code) == expect["plan"]


@pytest.mark.parametrize(
    ("domain", "family", "code"),
    [
        ("unknown.invalid", Rejected, "email_5.1.1"),
        ("spam.invalid", Rejected, "email_5.7.1"),
        ("policy.invalid", Misconfigured, "email_5.7.26"),
        ("full.invalid", NotNow, "email_4.2.2"),
        ("grey.invalid", NotNow, "email_4.7.1"),
    ],
)
def test_a_refused_recipient_is_raised_as_its_family(
    relay: EmailClient, domain: str, family: type[VyaparError], code: str
) -> None:
    with pytest.raises(VyaparError) as caught:
        relay.send(mail(to=f"shop@{domain}"))
    assert (type(caught.value), caught.value.code) == (family, code)


def test_a_greylisted_mail_passes_when_it_comes_back(sandbox: Sandbox, relay: EmailClient) -> None:
    with pytest.raises(NotNow):
        relay.send(mail(to="shop@grey.invalid"))
    relay.send(mail(to="shop@grey.invalid"))
    assert len(sandbox.journal.mails) == 1


@pytest.mark.parametrize(("status", "family"), [(452, NotNow), (421, Unavailable), (554, Rejected)])
def test_a_refusal_of_the_text_itself_leaves_nothing_stored(
    sandbox: Sandbox, relay: EmailClient, status: int, family: type[VyaparError]
) -> None:
    order_fault(sandbox, "smtp", "status", status=status, times=-1)
    with pytest.raises(VyaparError) as caught:
        relay.send(mail())
    assert type(caught.value) is family
    assert not sandbox.journal.mails
    assert sandbox.journal.requests["SMTP DATA"] == (3 if family is Unavailable else 1)


@pytest.mark.parametrize("kind", ["timeout", "drop"])
def test_a_mail_that_was_taken_without_an_answer_is_unknown_and_never_repeated(
    sandbox: Sandbox, kind: str
) -> None:
    order_fault(sandbox, "smtp", kind, seconds=4)
    patient = relay_of(sandbox, timeout=Timeouts(read_seconds=1.0))
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        patient.send(mail())
    assert (caught.value.code, caught.value.outcome_unknown) == ("email_broken_off", True)
    assert time.monotonic() - started < 1.8  # one limit of silence, not a second one for QUIT
    assert sandbox.journal.requests["SMTP DATA"] == 1
    assert len(sandbox.journal.mails) == 1


def test_a_relay_that_cannot_be_reached_is_tried_a_bounded_number_of_times() -> None:
    tries = 0
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            nonlocal tries
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                tries += 1
                connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        client = EmailClient(*server.getsockname()[:2], tls="none", sender="a@vyapar.example", retry=QUICK)
        with pytest.raises(Unavailable) as caught:
            client.send(mail())
        server.shutdown(socket.SHUT_RDWR)
    assert (caught.value.code, caught.value.outcome_unknown) == ("email_unreachable", False)
    assert tries == 3


def test_mail_credentials_are_checked_and_never_shown(
    make_sandbox: Callable[..., Sandbox], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    guarded = make_sandbox(smtp_user="vyapar", smtp_password="right-77")
    relay_of(guarded, user="vyapar", password="right-77").send(mail())
    with pytest.raises(Misconfigured) as caught:
        relay_of(guarded, user="vyapar", password="wrong-77").send(mail())
    assert caught.value.code == "email_5.7.8"
    with pytest.raises(VyaparError):
        relay_of(guarded).send(mail())
    assert len(guarded.journal.mails) == 1
    ours = "".join(r.getMessage() for r in caplog.records if r.name.startswith("vyapar"))
    assert "email to s•••@example.in" in ours
    assert "-77" not in ours + repr(relay_of(guarded, password="right-77"))


def test_a_password_does_not_travel_in_clear_text_over_a_network() -> None:
    with pytest.raises(Misconfigured):
        EmailClient("mail.example.in", 587, "u", "p", "none", sender="a@vyapar.example")


def test_a_relay_without_starttls_is_not_used_in_clear(sandbox: Sandbox) -> None:
    with pytest.raises(Misconfigured) as caught:
        relay_of(sandbox, tls="starttls").send(mail())
    assert caught.value.code == "email_no_starttls"
    assert not sandbox.journal.mails


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes its certificate with openssl")
def test_starttls_is_used_and_a_stranger_certificate_refused(
    make_sandbox: Callable[..., Sandbox], tmp_path: Path
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    words += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*words, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    guarded = make_sandbox(smtp_certificate=certificate, smtp_key=key)
    with pytest.raises(Misconfigured) as caught:
        relay_of(guarded, tls="starttls").send(mail())
    assert caught.value.code == "email_tls"
    trusting = ssl.create_default_context(cafile=str(certificate))
    relay_of(guarded, tls="starttls", tls_context=trusting).send(mail())
    assert len(guarded.journal.mails) == 1


# --- retries and breakers --------------------------------------------------------------------


class FarSide:
    """Fails as often as it is told, counting calls."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@settings(deadline=None)
@given(attempts=st.integers(1, 6), failures=st.integers(0, 8))
def test_retries_are_bounded_and_stop_at_the_first_success(attempts: int, failures: int) -> None:
    far_side = FarSide(*(Unavailable("down") for _ in range(failures)))
    waits: list[float] = []
    policy = RetryPolicy(attempts=attempts, first_wait_seconds=0.5, longest_wait_seconds=3)
    if failures < attempts:
        assert with_retries(far_side, policy, sleep=waits.append) == "done"
    else:
        with pytest.raises(Unavailable, match="down"):
            with_retries(far_side, policy, sleep=waits.append)
    assert far_side.calls == min(failures + 1, attempts)
    assert len(waits) == far_side.calls - 1
    assert all(0 < wait <= 3 for wait in waits)


@pytest.mark.parametrize(
    "error",
    [
        Rejected("no"),
        Misconfigured("ours"),
        Unavailable("perhaps", outcome_unknown=True),
        Unavailable("resting", code=CIRCUIT_OPEN),
        NotNow("tomorrow", retry_after=86400),
        KeyError("bug"),
    ],
)
def test_what_repeating_cannot_help_is_raised_at_once(error: Exception) -> None:
    far_side = FarSide(error)
    with pytest.raises(type(error)):
        with_retries(far_side, RetryPolicy(), sleep=lambda _: pytest.fail("waited"))
    assert far_side.calls == 1


def test_the_budget_of_time_ends_retries_before_their_number_does() -> None:
    far_side = FarSide(*(Unavailable("down", retry_after=1) for _ in range(9)))
    policy = RetryPolicy(attempts=9, longest_wait_seconds=2, budget_seconds=0.5)
    with pytest.raises(Unavailable):
        with_retries(far_side, policy, sleep=lambda _: None)
    assert far_side.calls == 1


def down(far_side: Breakers, name: str, tenant: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unavailable, match="down"):
            far_side.call(name, tenant, FarSide(Unavailable("down")))


@pytest.fixture(params=["memory", "redis"])
def make_breakers(request: pytest.FixtureRequest) -> Callable[..., Breakers]:
    """Breakers of one worker: with Redis, each call makes another worker of the same house."""
    if request.param == "memory":
        return lambda **bounds: Breakers(**bounds)
    url = request.getfixturevalue("breaker_redis_url")
    redis.Redis.from_url(url).flushdb()
    return lambda **bounds: Breakers(url, **bounds)


def test_a_breaker_opens_spares_the_far_side_and_half_opens(
    make_breakers: Callable[..., Breakers],
) -> None:
    ward = make_breakers(fail_max=3, reset_seconds=1.2)
    down(ward, "whatsapp", "demo", 3)
    spared = FarSide()
    with pytest.raises(Unavailable) as caught:
        ward.call("whatsapp", "demo", spared)
    assert (caught.value.code, spared.calls) == (CIRCUIT_OPEN, 0)
    assert 1 <= caught.value.retry_after <= 2
    assert not caught.value.outcome_unknown
    (state,) = ward.breaker_states("demo")
    assert (state.far_side, state.state, state.failures) == ("whatsapp", "open", 3)
    assert state.opened_at
    assert state.retry_at
    time.sleep(1.3)
    down(ward, "whatsapp", "demo", 1)  # the trial fails: open again at once
    with pytest.raises(Unavailable) as caught:
        ward.call("whatsapp", "demo", spared)
    assert (caught.value.code, spared.calls) == (CIRCUIT_OPEN, 0)
    time.sleep(1.3)
    assert ward.call("whatsapp", "demo", spared) == "done"
    assert ward.breaker_states("demo")[0].state == "closed"
    assert ward.call("whatsapp", "demo", spared) == "done"


def test_refusals_and_throttles_show_that_the_far_side_is_well(
    make_breakers: Callable[..., Breakers],
) -> None:
    ward = make_breakers(fail_max=2)
    for error in (Rejected("no"), NotNow("slower", retry_after=1), Misconfigured("ours")):
        for _ in range(3):
            with pytest.raises(type(error)):
                ward.call("sms", "demo", FarSide(error))
    assert ward.breaker_states("demo")[0].state == "closed"
    down(ward, "sms", "demo", 1)
    with pytest.raises(Rejected):
        ward.call("sms", "demo", FarSide(Rejected("no")))
    down(ward, "sms", "demo", 1)
    assert ward.breaker_states("demo")[0].state == "closed"  # failures must be in a row


def test_one_distributors_outage_does_not_stop_another(
    make_breakers: Callable[..., Breakers],
) -> None:
    ward = make_breakers(fail_max=2)
    down(ward, "whatsapp", "demo", 2)
    assert ward.call("whatsapp", "second", FarSide()) == "done"
    assert ward.call("email", "demo", FarSide()) == "done"
    assert [(s.far_side, s.state) for s in ward.breaker_states("demo")] == [
        ("email", "closed"),
        ("whatsapp", "open"),
    ]
    assert [s.state for s in ward.breaker_states("second")] == ["closed"]
    with pytest.raises(ValueError, match="tenant"):
        ward.call("whatsapp", "", FarSide())


def test_workers_share_a_breaker_through_redis(breaker_redis_url: str) -> None:
    one, other = (Breakers(breaker_redis_url, fail_max=4, reset_seconds=60) for _ in range(2))
    down(one, "gsp", "shared", 2)
    down(other, "gsp", "shared", 2)
    for ward in (one, other):
        with pytest.raises(Unavailable, match="left alone"):
            ward.call("gsp", "shared", FarSide())
    assert breaker_states("shared", breaker_redis_url)[0].state == "open"
    other.close("gsp", "shared")
    assert one.call("gsp", "shared", FarSide()) == "done"


def test_without_redis_a_breaker_still_works_in_its_own_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ward = Breakers(f"redis://127.0.0.1:{port}/0", fail_max=2)
    assert ward.call("sms", "demo", FarSide()) == "done"
    down(ward, "sms", "demo", 2)
    with pytest.raises(Unavailable) as caught:
        ward.call("sms", "demo", FarSide())
    assert caught.value.code == CIRCUIT_OPEN
    assert [s.state for s in ward.breaker_states("demo")] == ["open"]


def test_calls_of_different_threads_run_side_by_side() -> None:
    ward = Breakers()
    both = threading.Barrier(2, timeout=5)
    threads = [threading.Thread(target=ward.call, args=("sms", "demo", both.wait)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(6)
    assert not both.broken


def test_the_process_has_one_set_of_breakers() -> None:
    assert breakers() is breakers()
    assert is_outage(KeyError("a bug counts as illness"))


def test_a_breaker_around_a_real_client_stops_asking_a_sick_far_side(
    sandbox: Sandbox, whatsapp: WhatsAppClient
) -> None:
    ward = Breakers(fail_max=2, reset_seconds=60)
    order_fault(sandbox, "whatsapp", "status", code=131016, status=503, times=-1)
    for _ in range(4):
        with pytest.raises(Unavailable):
            ward.call("whatsapp", "demo", whatsapp.send_template, offer())
    assert sandbox.journal.requests["POST /messages"] == 2 * QUICK.attempts


def test_smtplib_has_not_changed_what_data_raises() -> None:
    """The client tells a refused DATA command from a lost connection by these types."""
    assert issubclass(smtplib.SMTPDataError, smtplib.SMTPResponseException)
    assert issubclass(smtplib.SMTPServerDisconnected, smtplib.SMTPException)
    assert not issubclass(smtplib.SMTPServerDisconnected, smtplib.SMTPResponseException)
