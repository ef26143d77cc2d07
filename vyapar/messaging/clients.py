"""From accounts to clients: one hand-over by whichever channel a message goes."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import orjson
from django.conf import settings
from django.utils.html import escape

from vyapar.kernel.digest import canonical_json
from vyapar.kernel.errors import Misconfigured, Unavailable
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.channels.email import EmailClient, unsubscribe_headers
from vyapar.messaging.channels.sms import SmsClient
from vyapar.messaging.channels.whatsapp import WhatsAppClient
from vyapar.messaging.contracts import CHANNEL_NAMES, Attachment, Channel, Handed, Outgoing, StatusUpdate
from vyapar.messaging.letters import MARKETING, fill
from vyapar.messaging.models import ChannelAccount, Message
from vyapar.messaging.selectors import get_account
from vyapar.tenancy.links import read, sign

_PURPOSE = "messaging.unsubscribe"


def hand_over(message: Message) -> Handed:
    """Give one message to its far side."""
    channel = Channel(message.channel)
    account = get_account(channel)
    if account is None or not account.active:
        raise Misconfigured(
            _("no %(channel)s account is set up", channel=CHANNEL_NAMES[channel]), code="no_account"
        )
    client = _client(channel, canonical_json([account.settings, account.secrets, account.sandbox]))
    outgoing = _outgoing(message, account)
    if isinstance(client, WhatsAppClient):
        return client.send_template(outgoing)
    return client.send(outgoing)


def client_of(account: ChannelAccount) -> WhatsAppClient | SmsClient | EmailClient:
    """The client by which an account's channel is reached."""
    facts = canonical_json([account.settings, account.secrets, account.sandbox])
    return _client(Channel(account.channel), facts)


def look_up(message: Message) -> StatusUpdate | bool | None:
    """What the far side knows: an update, False when it never got it, None when it cannot be asked."""
    if Channel(message.channel) is not Channel.SMS:
        return None
    account = get_account(Channel.SMS)
    if account is None:
        return None
    client = _client(Channel.SMS, canonical_json([account.settings, account.secrets, account.sandbox]))
    assert isinstance(client, SmsClient)
    try:
        return client.find(message.key) or False
    except Unavailable:
        return None


@lru_cache(maxsize=64)
def _client(channel: Channel, facts: str) -> WhatsAppClient | SmsClient | EmailClient:
    known, secrets, sandbox = orjson.loads(facts)
    if channel is Channel.WHATSAPP:
        return WhatsAppClient(
            known.get("base_url") or settings.WHATSAPP_BASE_URL,
            known.get("phone_number_id", ""),
            secrets.get("token", ""),
            sandbox=sandbox,
        )
    if channel is Channel.SMS:
        return SmsClient(
            known.get("base_url") or settings.SMS_BASE_URL,
            known.get("entity_id", ""),
            known.get("header", ""),
            secrets.get("api_key", ""),
            sandbox=sandbox,
        )
    return EmailClient(
        known.get("host") or settings.EMAIL_HOST,
        int(known.get("port") or settings.EMAIL_PORT),
        secrets.get("user", ""),
        secrets.get("password", ""),
        known.get("tls", "none" if sandbox else "starttls"),
        sender=known.get("sender") or settings.DEFAULT_FROM_EMAIL,
        sender_name=known.get("sender_name", ""),
        sandbox=sandbox,
        clock=lambda: datetime.now(UTC),
    )


def _outgoing(message: Message, account: ChannelAccount) -> Outgoing:
    template = message.template
    if template is None:
        raise Misconfigured(_("a queued message lost its template"), code="no_template")
    text = fill(template.body, message.parameters)
    mail: dict[str, Any] = {}
    if message.channel == Channel.EMAIL:
        mail = _mail(message, account, fill(template.subject, message.parameters), text)
        mail["attachments"] = _attachments(message)
    return Outgoing(
        channel=Channel(message.channel),
        to=message.address,
        key=message.key,
        template=template.provider_template,
        language=template.language,
        parameters=tuple(message.parameters),
        buttons=tuple(f"{button}|{message.key}"[:250] for button in message.buttons),
        body_text=text,
        callback_data=message.key,
        **mail,
    )


def _mail(message: Message, account: ChannelAccount, subject: str, text: str) -> dict[str, Any]:
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line.strip())
    mail: dict[str, Any] = {"subject": subject, "html": f"<html><body>{paragraphs}</body></html>"}
    base = account.settings.get("public_url", "")
    if message.purpose == MARKETING:
        if not base:
            raise Misconfigured(
                _("e-mail offers need public_url for one-click unsubscribe"), code="no_public_url"
            )
        link = f"{base}/messages/unsubscribe?{urlencode({'who': unsubscribe_token(message.party)})}"
        mail["headers"] = unsubscribe_headers(link, on_this_machine=account.sandbox)
    return mail


def _attachments(message: Message) -> tuple[Attachment, ...]:
    files = [(one.name, one.media_type, one.content) for one in message.enclosures.order_by("pk")]
    if any(content is None for _name, _kind, content in files):
        raise Misconfigured(_("a queued mail lost its file"), code="no_file")
    return tuple(Attachment(name, kind, bytes(content or b"")) for name, kind, content in files)


def unsubscribe_token(party: str) -> str:
    """A signed name that opens one door: this person's own unsubscribe."""
    return sign(party, purpose=_PURPOSE)


def party_of_token(token: str) -> str | None:
    """The person in a token; None when we did not sign it, or another distributor did."""
    party = read(token, purpose=_PURPOSE)
    return None if party is None else str(party)
