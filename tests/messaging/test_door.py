"""The messaging door: consent, caps, hours, hand-overs cut off, and what the far sides report."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from tests.builders import AT, MACHINE, consent, open_channels
from tests.messaging.conftest import QUIET
from vyapar.engine.models import Event
from vyapar.farside.resilience import breakers
from vyapar.messaging.clients import unsubscribe_token
from vyapar.messaging.contracts import Channel, DeliveryStatus, InboundText, StatusUpdate
from vyapar.messaging.letters import MARKETING, SERVICE, Letter
from vyapar.messaging.models import ChannelAccount, Inbound, Message, MessageStep
from vyapar.messaging.selectors import consented, funnel
from vyapar.messaging.services import apply_reports, claim_due, look_after, queue, send
from vyapar.tenancy.here import current_schema

pytestmark = pytest.mark.usefixtures("in_alpha")

PHONE = "+919812300001"


@pytest.fixture(autouse=True)
def closed_breakers(settings) -> None:
    """A breaker lives in Redis and would otherwise outlive the test that opened it."""
    for far_side in ("whatsapp", "sms", "email"):
        breakers(settings.REDIS_URL).close(far_side, "t_alpha")


@pytest.fixture
def channels(in_alpha: None) -> None:
    open_channels()


@pytest.fixture
def far_side(make_sandbox, in_alpha: None):
    """The real sandbox behind sockets, knowing our line, account and texts."""
    from vyapar.messaging.services.accounts import _routes

    made = make_sandbox(shares=QUIET)
    open_channels(base_url=made.http_url, smtp_port=made.smtp_address[1])
    routes = _routes("http://127.0.0.1:9", "alpha.localhost")
    routes["whatsapp"]["101"]["webhook_url"] = ""
    routes["sms"]["sms-key-51fe"]["callback_url"] = ""
    made.registry.add_routes(routes)
    return made


def letter(key: str = "C-1:R001", retailer: str = "R001", **changes) -> Letter:
    usual = {
        "key": key,
        "party": f"retailer:{retailer}",
        "ways": ((Channel.WHATSAPP, PHONE), (Channel.SMS, PHONE)),
        "template": "clearance_offer",
        "language": "en",
        "parameters": ("Shop 1", "30-11-2026", "Biscuits Rs 76.50 (MRP Rs 100)"),
        "purpose": MARKETING,
        "origin": "campaign:C-1",
        "buttons": ("I want it", "Not now"),
    }
    return Letter(**{**usual, **changes})


def post(one: Letter, at: datetime = AT) -> Message:
    queue([one], actor=MACHINE, at=at)
    return Message.objects.get(key=one.key)


def sent(one: Letter, provider_id: str = "wamid.1") -> Message:
    """A message that the far side has taken."""
    message = post(one)
    Message.objects.filter(pk=message.pk).update(status="sent", provider_id=provider_id, sent_at=AT)
    message.refresh_from_db()
    return message


def report(status: str, at: datetime = AT, provider_id: str = "wamid.1", **changes) -> StatusUpdate:
    return StatusUpdate(provider_id, DeliveryStatus(status), at, **changes)


def text(words: str, ident: str = "in-1", at: datetime = AT, **changes) -> InboundText:
    return InboundText(from_=PHONE.lstrip("+"), text=words, at=at, provider_id=ident, **changes)


# --- consent, caps, hours --------------------------------------------------------------------


def test_without_consent_nothing_is_queued_and_the_reason_is_kept(channels) -> None:
    message = post(letter())
    assert (message.status, message.reason) == ("skipped", "no consent on any channel we could use")
    assert claim_due(AT + timedelta(days=1)) == []


def test_the_first_channel_with_consent_is_taken_and_the_rest_are_fallbacks(channels) -> None:
    consent("R001", channels=("sms",))
    consent("R002")
    one = post(letter())
    other = post(letter("C-1:R002", "R002"))
    assert (one.channel, one.fallbacks) == ("sms", [])
    assert (other.channel, other.fallbacks) == ("whatsapp", [["sms", PHONE]])


def test_a_service_letter_needs_no_marketing_consent(channels) -> None:
    one = letter(
        "alert:1", party="user:7", ways=((Channel.EMAIL, "owner@example.in"),), template="alert",
        parameters=("HIGH", "t", "d", "a", "v", "u"), purpose=SERVICE,
    )  # fmt: skip
    assert post(one).status == "queued"


def test_the_same_letter_twice_is_one_message(channels) -> None:
    consent("R001")
    post(letter())
    assert queue([letter()], actor=MACHINE, at=AT) == (0, 0)
    assert Message.objects.count() == 1
    assert Event.objects.filter(name="MessagesQueued").count() == 1


def test_stop_on_one_channel_stops_every_channel_and_what_is_queued_already(channels) -> None:
    consent("R001", channels=("whatsapp", "sms", "email"))
    waiting = post(letter("C-2:R001", origin="campaign:C-2"), at=AT)
    sent(letter())
    apply_reports(Channel.WHATSAPP, [text("Stop!", reply_to="wamid.1")], at=AT)
    assert consented(["retailer:R001"], MARKETING) == set()
    assert {e.payload["channel"] for e in Event.objects.filter(name="ConsentChanged")} == {
        "whatsapp",
        "sms",
        "email",
    }
    assert claim_due(AT + timedelta(minutes=1)) == []
    waiting.refresh_from_db()
    assert (waiting.status, waiting.reason) == ("skipped", "consent was withdrawn before it was sent")
    assert post(letter("C-3:R001")).status == "skipped"
    assert not Event.objects.filter(name="ReplyReceived").exists(), "a STOP is not an order"


def test_a_start_gives_consent_to_that_channel_only(channels) -> None:
    consent("R001")
    sent(letter())
    apply_reports(Channel.WHATSAPP, [text("STOP", reply_to="wamid.1")], at=AT)
    again = text("start", "in-2", AT + timedelta(hours=1), reply_to="wamid.1")
    apply_reports(Channel.WHATSAPP, [again], at=AT + timedelta(hours=1))
    assert consented(["retailer:R001"], MARKETING) == {("retailer:R001", "whatsapp")}


def test_the_fourth_offer_in_a_week_is_not_sent(channels) -> None:
    consent("R001")
    statuses = [post(letter(f"C-{n}:R001"), AT + timedelta(days=n)).status for n in range(4)]
    assert statuses == ["queued", "queued", "queued", "skipped"]
    last = Message.objects.get(key="C-3:R001")
    assert last.reason == "had 3 offers within 7 days already"
    assert post(letter("C-9:R001"), AT + timedelta(days=8)).status == "queued"


def test_the_cap_counts_letters_of_one_batch(channels) -> None:
    consent("R001")
    batch = [letter(f"C-{n}:R001") for n in range(5)]
    assert queue(batch, actor=MACHINE, at=AT) == (3, 2)


@pytest.mark.parametrize(
    ("clock", "opens"),
    [
        (datetime(2026, 11, 23, 4, 29, tzinfo=UTC), datetime(2026, 11, 23, 4, 30, tzinfo=UTC)),
        (datetime(2026, 11, 23, 4, 30, tzinfo=UTC), datetime(2026, 11, 23, 4, 30, tzinfo=UTC)),
        (datetime(2026, 11, 23, 15, 29, tzinfo=UTC), datetime(2026, 11, 23, 15, 29, tzinfo=UTC)),
        (datetime(2026, 11, 23, 15, 30, tzinfo=UTC), datetime(2026, 11, 24, 4, 30, tzinfo=UTC)),
    ],
)
def test_an_offer_outside_of_its_hours_waits_for_the_morning(channels, clock, opens) -> None:
    consent("R001")
    message = post(letter(), at=clock)
    assert message.next_try_at == opens
    assert claim_due(opens) == [message.pk]


def test_a_message_put_off_into_the_night_waits_for_the_morning(channels) -> None:
    consent("R001")
    message = post(letter())
    night = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    Message.objects.filter(pk=message.pk).update(next_try_at=night)
    assert claim_due(night) == []
    message.refresh_from_db()
    assert message.next_try_at == datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


# --- sending, with a far side behind a socket --------------------------------------------------


def send_due(at: datetime = AT) -> int:
    return send(claim_due(at), at=at)


def test_the_far_side_takes_a_message_and_it_is_marked_simulated(far_side) -> None:
    consent("R001")
    message = post(letter())
    assert send_due() == 1
    message.refresh_from_db()
    assert (message.status, message.simulated, message.attempts) == ("sent", True, 1)
    assert message.provider_id.startswith("wamid.")
    (seen,) = far_side.journal.list_messages("")
    assert seen["id"] == message.provider_id
    assert send_due(AT + timedelta(hours=1)) == 0


def test_who_is_not_on_whatsapp_is_reached_by_sms(far_side) -> None:
    consent("R001")
    message = post(letter())
    far_side.faults.add({"channel": "whatsapp", "kind": "status", "status": 400, "code": "131026"})
    assert send_due() == 0
    message.refresh_from_db()
    assert (message.status, message.failed_at) == ("failed", AT)
    fallback = Message.objects.get(channel="sms")
    assert (fallback.status, fallback.key) == ("queued", "C-1:R001>sms")
    assert send_due(AT + timedelta(seconds=1)) == 1
    fallback.refresh_from_db()
    assert (fallback.status, fallback.simulated) == ("sent", True)
    assert funnel("campaign:C-1")["sent"] == 1


def test_a_reported_131026_falls_back_in_the_morning_not_at_night(channels) -> None:
    consent("R001")
    sent(letter())
    night = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    apply_reports(Channel.WHATSAPP, [report("failed", night, error_code="131026")], at=night)
    assert claim_due(night) == []
    fallback = Message.objects.get(channel="sms")
    assert fallback.next_try_at == datetime(2026, 11, 24, 4, 30, tzinfo=UTC)


def test_a_hand_over_whose_answer_was_lost_is_never_repeated_blindly(far_side) -> None:
    consent("R001")
    message = post(letter())
    far_side.faults.add({"channel": "whatsapp", "kind": "drop"})
    assert send_due() == 0
    message.refresh_from_db()
    assert message.status == "unknown"
    assert len(far_side.journal.list_messages("")) == 1
    for hours in (1, 2, 12):
        assert send_due(AT + timedelta(hours=hours)) == 0
        look_after(AT + timedelta(hours=hours))
    assert len(far_side.journal.list_messages("")) == 1, "it was sent twice"
    message.refresh_from_db()
    assert message.status == "unknown"


def test_a_webhook_settles_what_was_unknown(channels) -> None:
    consent("R001")
    message = post(letter())
    Message.objects.filter(pk=message.pk).update(status="unknown")
    apply_reports(Channel.WHATSAPP, [report("sent", callback_data=message.key)], at=AT)
    message.refresh_from_db()
    assert (message.status, message.provider_id) == ("sent", "wamid.1")


def test_after_a_day_without_a_word_it_counts_as_failed(channels) -> None:
    consent("R001")
    message = post(letter())
    Message.objects.filter(pk=message.pk).update(status="unknown", next_try_at=AT)
    assert look_after(AT + timedelta(hours=23)) == 0
    assert look_after(AT + timedelta(hours=25)) == 1
    message.refresh_from_db()
    assert message.status == "failed"


def test_an_sms_gateway_that_can_be_asked_settles_a_lost_answer(far_side) -> None:
    consent("R001", channels=("sms",))
    message = post(letter())
    far_side.faults.add({"channel": "sms", "kind": "drop"})
    send_due()
    message.refresh_from_db()
    assert message.status == "unknown"
    assert look_after(AT + timedelta(minutes=3)) == 1
    message.refresh_from_db()
    known = far_side.journal.find_text("sms-key-51fe", message.key)
    assert (message.status, message.provider_id) == ("sent", known.id)


def test_an_sms_that_never_arrived_is_sent_again(far_side) -> None:
    consent("R001", channels=("sms",))
    message = post(letter())
    Message.objects.filter(pk=message.pk).update(status="sending", next_try_at=AT)
    assert look_after(AT + timedelta(minutes=3)) == 1
    assert send_due(AT + timedelta(minutes=3)) == 1
    message.refresh_from_db()
    assert message.status == "sent"


def test_a_bad_token_halts_the_channel_once_and_keeps_the_message(far_side) -> None:
    consent("R001")
    consent("R002")
    post(letter())
    post(letter("C-1:R002", "R002"))
    account = ChannelAccount.objects.get(channel="whatsapp")
    account.secrets = {**account.secrets, "token": "wrong"}
    account.save()
    assert send_due() == 0
    account.refresh_from_db()
    assert account.halted_at == AT
    assert Event.objects.filter(name="ChannelHalted").count() == 1
    assert set(Message.objects.values_list("status", flat=True)) == {"queued"}
    assert claim_due(AT + timedelta(hours=1)) == []


def test_who_stopped_marketing_at_the_far_side_is_never_offered_anything_there_again(far_side) -> None:
    consent("R001")
    post(letter())
    far_side.faults.add({"channel": "whatsapp", "kind": "status", "status": 400, "code": "131050"})
    send_due()
    assert consented(["retailer:R001"], MARKETING) == {("retailer:R001", "sms")}
    assert not Message.objects.filter(channel="sms").exists(), "silence, not another channel"


# --- reports -----------------------------------------------------------------------------------


def test_reports_out_of_order_and_twice_only_move_forward(channels) -> None:
    consent("R001")
    message = sent(letter())
    steps = [report("read", AT + timedelta(minutes=3)), report("delivered", AT + timedelta(minutes=1))]
    assert apply_reports(Channel.WHATSAPP, [*steps, *steps, report("sent")], at=AT) == 3
    message.refresh_from_db()
    assert message.status == "read"
    assert message.sent_at <= message.delivered_at <= message.read_at
    assert MessageStep.objects.count() == 3
    figures = funnel("campaign:C-1")
    assert (figures["sent"], figures["delivered"], figures["read"]) == (1, 1, 1)
    assert figures["cost_paise"] == 86


def test_a_late_failure_of_what_arrived_changes_nothing(channels) -> None:
    consent("R001")
    message = sent(letter())
    apply_reports(Channel.WHATSAPP, [report("delivered")], at=AT)
    apply_reports(Channel.WHATSAPP, [report("failed", error_code="131026")], at=AT)
    message.refresh_from_db()
    assert (message.status, message.read_at, message.failed_at) == ("delivered", None, None)
    assert not Message.objects.filter(channel="sms").exists()


def test_a_report_on_a_message_that_is_not_ours_is_passed_over(channels) -> None:
    assert apply_reports(Channel.WHATSAPP, [report("read", provider_id="wamid.other")], at=AT) == 0
    assert MessageStep.objects.count() == 0


def test_an_answer_is_kept_once_and_told_with_its_campaign(channels) -> None:
    consent("R001")
    sent(letter())
    answer = text("24", reply_to="wamid.1")
    assert apply_reports(Channel.WHATSAPP, [answer, answer], at=AT) == 1
    told = Event.objects.get(name="ReplyReceived")
    assert (told.payload["origin"], told.payload["party"]) == ("campaign:C-1", "retailer:R001")
    assert Inbound.objects.get().text == "24"


# --- webhooks over HTTP ------------------------------------------------------------------------


def hook(body: dict, secret: str = "app-secret", path: str = "/webhooks/whatsapp") -> object:
    raw = json.dumps(body).encode()
    name = "HTTP_X_HUB_SIGNATURE_256" if "whatsapp" in path else "HTTP_X_SIGNATURE_256"
    seal = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    client = Client(HTTP_HOST="alpha.localhost")
    return client.post(path, raw, content_type="application/json", **{name: seal})


def envelope(status: str = "delivered") -> dict:
    item = {"id": "wamid.1", "status": status, "timestamp": "1795415460", "recipient_id": PHONE[1:]}
    value = {"metadata": {"phone_number_id": "101"}, "statuses": [item]}
    return {"entry": [{"id": "900", "changes": [{"field": "messages", "value": value}]}]}


def test_a_webhook_with_a_wrong_signature_changes_nothing(channels) -> None:
    consent("R001")
    message = sent(letter())
    assert hook(envelope(), secret="guessed").status_code == 401
    message.refresh_from_db()
    assert message.status == "sent"


def test_a_signed_webhook_moves_the_message_and_a_duplicate_does_not(channels) -> None:
    consent("R001")
    message = sent(letter())
    assert hook(envelope()).json() == {"new": 1}
    assert hook(envelope()).json() == {"new": 0}
    message.refresh_from_db()
    assert message.status == "delivered"


def test_a_signed_body_that_is_no_json_is_refused_with_a_word(channels) -> None:
    raw = b"{"
    seal = "sha256=" + hmac.new(b"app-secret", raw, hashlib.sha256).hexdigest()
    answer = Client(HTTP_HOST="alpha.localhost").post(
        "/webhooks/whatsapp", raw, content_type="application/json", HTTP_X_HUB_SIGNATURE_256=seal
    )
    assert (answer.status_code, "JSON" in answer.json()["error"]) == (422, True)


def test_the_gateways_report_needs_its_own_secret(channels) -> None:
    body = {"events": []}
    assert hook(body, secret="app-secret", path="/webhooks/sms").status_code == 401
    assert hook(body, secret="sms-secret", path="/webhooks/sms").status_code == 200


def test_the_subscription_challenge_is_answered_to_who_knows_the_word(channels) -> None:
    client = Client(HTTP_HOST="alpha.localhost")
    ask = {"hub.mode": "subscribe", "hub.challenge": "1158"}
    known = client.get("/webhooks/whatsapp", {**ask, "hub.verify_token": "word"})
    assert (known.status_code, known.content) == (200, b"1158")
    assert client.get("/webhooks/whatsapp", {**ask, "hub.verify_token": "other"}).status_code == 403


def test_a_link_in_a_mail_unsubscribes_by_post_only(channels) -> None:
    consent("R001", channels=("whatsapp", "email"))
    client = Client(HTTP_HOST="alpha.localhost", enforce_csrf_checks=True)
    address = f"/messages/unsubscribe?who={unsubscribe_token('retailer:R001')}"
    assert client.get(address).status_code == 200
    assert len(consented(["retailer:R001"], MARKETING)) == 2
    assert client.post(address).status_code == 200
    assert consented(["retailer:R001"], MARKETING) == set()
    assert client.post("/messages/unsubscribe?who=forged").status_code == 404


def test_the_breakers_of_these_tests_stand_in_alphas_schema(channels) -> None:
    assert current_schema() == "t_alpha"
