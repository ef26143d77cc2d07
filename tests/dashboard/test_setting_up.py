"""What an owner sets up in the browser: channels that are really called, FSSAI, consent, addresses."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from django.test import Client

from inventory.models import GstRegistration
from tests.builders import open_channels
from tests.inventory.book import make_book
from tests.messaging.conftest import clock as clock
from tests.messaging.conftest import make_sandbox, receiver, routes  # noqa: F401
from vyapar.engine.models import AuditEntry
from vyapar.messaging.letters import MARKETING
from vyapar.messaging.models import ChannelAccount
from vyapar.messaging.selectors import consented
from vyapar.people.contracts import Role
from vyapar.people.models import User
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")
WHATSAPP = {
    "phone_number_id": "10100", "waba_id": "90000", "token": "secret-token", "app_secret": "secret-app",
    "verify_token": "secret-word",
}  # fmt: skip


def signed_in(role: Role) -> tuple[User, Client]:
    person = add_person(
        username=role.value,
        password="set-it-up-1",
        role=role,
        name=role.value.title(),
        email="a@alpha.example",
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return person, client


@pytest.fixture
def owner() -> Client:
    return signed_in(Role.OWNER)[1]


def said(answer) -> str:
    return " ".join(str(one) for one in answer.context["messages"])


def test_an_account_is_kept_its_secrets_are_never_shown_and_stay_when_left_empty(owner):
    owner.post("/settings/channels/whatsapp", WHATSAPP)
    shown = owner.get("/settings/channels").content.decode()
    assert "90000" in shown
    assert "secret-" not in shown
    owner.post(
        "/settings/channels/whatsapp", {**WHATSAPP, "waba_id": "90001", "token": "", "app_secret": "new"}
    )
    account = ChannelAccount.objects.get()
    assert account.settings["waba_id"] == "90001"
    assert account.secrets == {"token": "secret-token", "app_secret": "new", "verify_token": "secret-word"}
    entry = AuditEntry.objects.filter(verb="ChannelAccountSet").latest("pk")
    assert json.loads(entry.body)["after"]["secrets"] == ["app_secret", "verify_token"]
    assert "secret-" not in entry.body


@pytest.mark.parametrize(
    ("channel", "wrong", "words"),
    [
        ("whatsapp", {"waba_id": "abc"}, "5 to 20 digits"),
        ("whatsapp", {"token": ""}, "this secret is missing"),
        (
            "sms",
            {"entity_id": "123", "header": "VYAPAR", "api_key": "k", "callback_secret": "s"},
            "19 digits",
        ),
        ("email", {"sender": "nobody"}, "name@example.in"),
    ],
)
def test_what_has_the_wrong_form_is_said_at_its_field_and_not_kept(owner, channel, wrong, words):
    answer = owner.post(f"/settings/channels/{channel}", {**WHATSAPP, **wrong})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not ChannelAccount.objects.exists()


def test_a_check_really_calls_the_far_side_and_says_what_it_said(owner, make_sandbox, receiver):  # noqa: F811
    made = make_sandbox()
    made.registry.add_routes(routes(receiver.url))
    open_channels(base_url=made.http_url, smtp_port=made.smtp_address[1])
    assert "It answers and knows the account" in said(
        owner.post("/settings/channels/whatsapp/check", follow=True)
    )
    assert "knows the key" in said(owner.post("/settings/channels/sms/check", follow=True))
    assert "lets us in" in said(owner.post("/settings/channels/email/check", follow=True))
    for channel, secret in (("whatsapp", "token"), ("sms", "api_key")):
        account = ChannelAccount.objects.get(channel=channel)
        account.secrets[secret] = "wrong"
        account.save()
        assert "answers and" not in said(owner.post(f"/settings/channels/{channel}/check", follow=True))


def test_a_simulated_far_side_takes_a_changed_secret_for_its_own(
    owner,
    make_sandbox,  # noqa: F811
    receiver,  # noqa: F811
    tmp_path,
    settings,
    monkeypatch,
    django_capture_on_commit_callbacks,
):
    settings.HOME = tmp_path
    known = tmp_path / "sandbox" / "routes.json"
    known.parent.mkdir()
    known.write_text(json.dumps(routes(receiver.url)))
    made = make_sandbox(routes=known)
    open_channels(base_url=made.http_url, smtp_port=made.smtp_address[1])
    monkeypatch.setattr(
        "vyapar.messaging.services.setup.current_distributor", lambda: SimpleNamespace(sandbox=True)
    )
    fresh = {
        "whatsapp": {"phone_number_id": "10101", "waba_id": "90909", "token": "fresh", "app_secret": "signs"},
        "sms": {
            "entity_id": "1101000000000000002",
            "header": "VYAPAR-N",
            "api_key": "fresh-key",
            "callback_secret": "signs",
        },
    }
    for channel, given in fresh.items():
        with django_capture_on_commit_callbacks(execute=True):
            owner.post(f"/settings/channels/{channel}", given)
        made.registry.refresh()  # it looks by itself every moment
        assert "It answers and knows" in said(owner.post(f"/settings/channels/{channel}/check", follow=True))
    told = json.loads(known.read_text())
    assert list(told["whatsapp"]) == ["10101"]
    assert told["whatsapp"]["10101"]["app_secret"] == "signs"
    assert told["whatsapp"]["10101"]["webhook_url"].startswith(receiver.url)
    assert list(told["sms"]) == ["fresh-key"]
    assert "90909" in told["templates"]


def test_a_far_side_that_is_not_there_is_said(owner):
    assert "no account" in said(owner.post("/settings/channels/sms/check", follow=True))
    open_channels()
    for channel in ("whatsapp", "sms", "email"):
        assert "answers" not in said(owner.post(f"/settings/channels/{channel}/check", follow=True))
    assert owner.post("/settings/channels/pigeon/check").status_code == 404


def test_an_fssai_number_is_kept_when_it_has_its_form(owner):
    make_book()
    gstin = GstRegistration.objects.first().gstin
    assert "14 digits" in said(owner.post(f"/settings/registrations/{gstin}", {"fssai": "123"}, follow=True))
    owner.post(f"/settings/registrations/{gstin}", {"fssai": "1001 2345 6789 01"})
    assert GstRegistration.objects.get(gstin=gstin).fssai == "10012345678901"
    assert AuditEntry.objects.filter(verb="FssaiSet").count() == 1
    assert owner.post("/settings/registrations/27XXXXX", {"fssai": ""}).status_code == 404


def test_an_outlets_word_is_recorded_and_withdrawn_channel_by_channel(owner):
    make_book()
    told = {"channel": ["whatsapp", "sms"], "source": "signed form", "day": "2026-01-05", "word": "yes"}
    owner.post("/outlets/R1/consent", told)
    assert consented(["retailer:R1"], MARKETING) == {("retailer:R1", "whatsapp"), ("retailer:R1", "sms")}
    owner.post("/outlets/R1/consent", {**told, "channel": ["sms"], "word": "no", "day": "2026-01-06"})
    assert consented(["retailer:R1"], MARKETING) == {("retailer:R1", "whatsapp")}
    assert "signed form" in owner.get("/outlets/R1").content.decode()
    for wrong in ({"channel": []}, {"source": " "}, {"day": "2999-01-01"}, {"day": "x"}, {"word": "maybe"}):
        owner.post("/outlets/R2/consent", {**told, **wrong})
    assert consented(["retailer:R2"], MARKETING) == set()


def test_people_set_their_own_address_and_owners_everybodys(owner):
    analyst, browser = signed_in(Role.ANALYST)
    browser.post("/settings/email", {"email": "me@alpha.example"})
    analyst.refresh_from_db()
    assert analyst.email == "me@alpha.example"
    browser.post("/settings/email", {"email": "no address"})
    boss = User.objects.get(username="owner")
    assert browser.post("/settings/email", {"person": boss.pk, "email": "x@x.example"}).status_code == 404
    owner.post("/settings/email", {"person": analyst.pk, "email": ""})
    analyst.refresh_from_db()
    assert (analyst.email, analyst.alert_channels) == ("", ["in_app"])
    assert browser.get("/alerts/preferences").status_code == 200


@pytest.mark.parametrize("path", ["/settings/channels", "/settings/registrations"])
def test_only_owners_open_these_pages(path):
    assert signed_in(Role.MANAGER)[1].get(path).status_code == 403
    assert signed_in(Role.OWNER)[1].get(path).status_code == 200


def test_a_person_keeps_a_number_and_an_owner_anybodys(owner):
    me = User.objects.get(role=Role.OWNER)
    assert "The number is kept" in said(owner.post("/settings/phone", {"phone": "098765-43210"}, follow=True))
    me.refresh_from_db()
    assert me.phone == "+919876543210"
    assert "ten digits" in said(owner.post("/settings/phone", {"phone": "12"}, follow=True))
    other, browser = signed_in(Role.ANALYST)
    assert browser.post("/settings/phone", {"phone": "98765 43211", "person": me.pk}).status_code == 404
    owner.post("/settings/phone", {"phone": "98765 43211", "person": other.pk})
    other.refresh_from_db()
    assert other.phone == "+919876543211"
    owner.post("/settings/phone", {"phone": "", "person": other.pk})
    other.refresh_from_db()
    assert other.phone == ""
    assert "98765" not in AuditEntry.objects.filter(verb="PersonPhoneSet").latest("pk").body
