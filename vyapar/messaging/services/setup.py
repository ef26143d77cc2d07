"""What an owner sets up by himself: accounts at far sides, with a call that shows they work; addresses."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.phone import phone_of
from vyapar.messaging.channels.email import EmailClient
from vyapar.messaging.channels.sms import SmsClient
from vyapar.messaging.channels.whatsapp import WhatsAppClient
from vyapar.messaging.clients import client_of
from vyapar.messaging.contracts import Channel
from vyapar.messaging.models import ChannelAccount
from vyapar.messaging.selectors import get_account
from vyapar.messaging.services.accounts import retell_sandbox, save_account
from vyapar.people.models import User
from vyapar.tenancy.selectors import current_distributor

#: What an account needs, by channel: settings that are shown, secrets that are only ever written.
KNOWN = {
    Channel.WHATSAPP: ("phone_number_id", "waba_id"),
    Channel.SMS: ("entity_id", "header"),
    Channel.EMAIL: ("sender", "sender_name"),
}
SECRETS = {
    Channel.WHATSAPP: ("token", "app_secret", "verify_token"),
    Channel.SMS: ("api_key", "callback_secret"),
    Channel.EMAIL: ("user", "password"),
}
#: What may stay empty: a relay that asks for no sign-in, a sender without a name.
_OPTIONAL = {"sender_name", "user", "password"}
_DIGITS = {"phone_number_id": (5, 20), "waba_id": (5, 20), "entity_id": (19, 19)}
_MOST = 500


@transaction.atomic
def set_up_account(
    channel: Channel, *, known: Mapping[str, str], secrets: Mapping[str, str], actor: Actor, at: datetime
) -> ChannelAccount:
    """Create or change an account; a secret left empty stays as it was, and none is ever told.

    The far side of a SIMULATED distributor, a local server, takes what is set here for its own.

    `Invalid` names each field that is missing or has the wrong form.
    """
    old = get_account(channel)
    told = {name: " ".join(known.get(name, "").split()) for name in KNOWN[channel]}
    fresh = {name: secrets.get(name, "").strip() for name in SECRETS[channel]}
    kept = {**(old.secrets if old else {}), **{name: value for name, value in fresh.items() if value}}
    faults = [fault for name, value in told.items() if (fault := _fault(name, value)) is not None]
    faults += [
        Fault("required", _("this secret is missing"), name)
        for name in SECRETS[channel]
        if name not in _OPTIONAL and not kept.get(name)
    ]
    faults += [
        Fault("too_long", _("at most %(most)d letters") % {"most": _MOST}, name)
        for name, value in {**told, **fresh}.items()
        if len(value) > _MOST
    ]
    if faults:
        raise Invalid(_("The account cannot be kept so"), code="bad_account", faults=faults)
    account = save_account(
        channel,
        known={**(old.settings if old else {}), **told},
        secrets=kept,
        sandbox=current_distributor().sandbox,
    )
    if old is not None and old.sandbox and account.sandbox:
        transaction.on_commit(partial(retell_sandbox, old, account))
    append_audit(
        actor=actor, verb="ChannelAccountSet", subject=f"channel:{channel.value}", at=at,
        after={**told, "secrets": sorted(name for name, value in fresh.items() if value)},
    )  # fmt: skip
    return account


def check_account(channel: Channel) -> str:
    """One small call to the far side that sends nothing to anybody; what it said, in a sentence.

    Raises `Refused` without an account, and whatever the far side or the way to it says otherwise.
    """
    account = get_account(channel)
    if account is None:
        raise Refused(_("there is no account for this channel yet"), code="no_account")
    client = client_of(account)
    if isinstance(client, WhatsAppClient):
        count = len(client.list_templates(str(account.settings.get("waba_id", ""))))
        return ngettext(
            "It answers and knows the account: %(n)d template is there.",
            "It answers and knows the account: %(n)d templates are there.",
            count,
        ) % {"n": count}
    if isinstance(client, SmsClient):
        client.find("check-of-the-account")
        return _("It answers and knows the key. The entity id and header are looked at when a text is sent.")
    assert isinstance(client, EmailClient)
    client.check()
    return _("The relay answers and lets us in.")


@transaction.atomic
def set_email(person: User, email: str, *, actor: Actor, at: datetime) -> None:
    """Change where a person is written to; empty takes the address away, and with it alerts by mail."""
    email = email.strip()
    if email:
        try:
            validate_email(email)
        except ValidationError as error:
            fault = Fault("email", _("write an address such as name@example.in"), "email", value=email[:80])
            raise Invalid(_("This is no e-mail address"), code="bad_email", faults=[fault]) from error
    if email == person.email:
        raise Refused(_("nothing was changed"), code="nothing_changed")
    before, person.email = person.email, email
    ways = [way for way in person.alert_channels if way != "email"]
    if email and (not before or "email" in person.alert_channels):
        ways.append("email")
    person.alert_channels = ways
    person.save(update_fields=["email", "alert_channels"])
    append_audit(
        actor=actor, verb="PersonEmailSet", subject=f"user:{person.pk}", at=at, after={"email": bool(email)}
    )


@transaction.atomic
def set_phone(person: User, phone: str, *, actor: Actor, at: datetime) -> None:
    """Change the number a person is called at; empty takes it away. `Invalid` for what is no number."""
    told = phone.strip()
    number = phone_of(told) if told else ""
    if number is None:
        fault = Fault("phone", _("write ten digits, such as 98765 43210"), "phone", value=told[:40])
        raise Invalid(_("This is no telephone number in India"), code="bad_phone", faults=[fault])
    if number == person.phone:
        raise Refused(_("nothing was changed"), code="nothing_changed")
    person.phone = number
    person.save(update_fields=["phone"])
    append_audit(
        actor=actor, verb="PersonPhoneSet", subject=f"user:{person.pk}", at=at, after={"phone": bool(number)}
    )


def _fault(name: str, value: str) -> Fault | None:
    if not value:
        return None if name in _OPTIONAL else Fault("required", _("this is missing"), name)
    if name in _DIGITS:
        low, high = _DIGITS[name]
        if not (value.isascii() and value.isdigit() and low <= len(value) <= high):
            most = _("%(low)d to %(high)d digits") % {"low": low, "high": high}
            words = most if low != high else _("%(n)d digits") % {"n": low}
            return Fault("bad_form", words, name, value=value[:40])
    if name == "sender":
        try:
            validate_email(value)
        except ValidationError:
            return Fault("bad_form", _("write an address such as name@example.in"), name, value=value[:80])
    return None
