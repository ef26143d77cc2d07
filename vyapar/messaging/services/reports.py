"""What far sides report and people answer: kept once, moved forward only, told where it matters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.phrases import kept
from vyapar.messaging.contracts import Channel, InboundText, PreferenceChange, StatusUpdate
from vyapar.messaging.events import ReplyReceived
from vyapar.messaging.letters import consent_word
from vyapar.messaging.models import Inbound, Message, MessageStep
from vyapar.messaging.rules import moves_forward
from vyapar.messaging.services.consent import record_word
from vyapar.messaging.services.sending import fail

#: What a delivered message costs until the far side's own bill says otherwise (domain notes, 2025).
_COST_PAISE = {Channel.WHATSAPP: 86, Channel.SMS: 18, Channel.EMAIL: 1}


def apply_reports(
    channel: Channel, items: Sequence[StatusUpdate | InboundText | PreferenceChange], *, at: datetime
) -> int:
    """Take a webhook's items, each in a transaction of its own; returns how many were new."""
    return sum(_apply(channel, item, at) for item in items)


def _apply(channel: Channel, item: StatusUpdate | InboundText | PreferenceChange, at: datetime) -> bool:
    if isinstance(item, StatusUpdate):
        return _apply_status(channel, item, at)
    if isinstance(item, InboundText):
        return _apply_inbound(channel, item, at)
    party = _party_of(channel, item.from_)
    if party:
        record_word(
            party,
            item.marketing_allowed,
            actor=Actor("system", "webhook", f"{channel} preference"),
            at=item.at,
            source=f"{channel} switch",
            channels=(channel,),
        )
    return bool(party)


@transaction.atomic
def _apply_status(channel: Channel, update: StatusUpdate, at: datetime) -> bool:
    message = _find(channel, update)
    if message is None:
        return False
    _, made = MessageStep.objects.get_or_create(
        identity=f"{channel}:{update.identity}"[:260],
        defaults={
            "message": message,
            "status": update.status.value,
            "at": update.at,
            "error_code": update.error_code,
            "detail": (update.detail or update.error_title)[:300],
        },
    )
    if not made:
        return False
    _move(message, update, at)
    message.save()
    return True


def _find(channel: Channel, update: StatusUpdate) -> Message | None:
    rows = Message.objects.select_for_update().filter(channel=channel.value)
    found = rows.filter(provider_id=update.provider_id).first()
    if found is None and update.callback_data:
        found = rows.filter(key=update.callback_data).first()
    return found


def _move(message: Message, update: StatusUpdate, at: datetime) -> None:
    message.provider_id = message.provider_id or update.provider_id
    message.simulated = message.simulated or update.simulated
    said = update.status.value
    if said in ("clicked", "replied"):
        name = f"{said}_at"
        setattr(message, name, getattr(message, name) or update.at)
        said = "read"  # who answers has read it
    if said == "failed":  # a late failure of what is known to have arrived says nothing
        if moves_forward(message.status, said):
            _take_failure(message, update, at)
        return
    if moves_forward(message.status, said):
        message.status = said
    _stamp(message, said, update.at)


def _take_failure(message: Message, update: StatusUpdate, at: datetime) -> None:
    message.error_code = update.error_code
    message.reason, message.words = kept(update.error_title, 300)
    fail(message, update.error_code, at)


def _stamp(message: Message, said: str, at: datetime) -> None:
    """A later stage implies the earlier ones, so that the funnel only ever narrows."""
    for stage in ("sent", "delivered", "read"):
        name = f"{stage}_at"
        if getattr(message, name) is None:
            setattr(message, name, at)
        if stage == said:
            break
    if said in ("delivered", "read") and not message.cost_paise:
        message.cost_paise = _COST_PAISE[Channel(message.channel)]


@transaction.atomic
def _apply_inbound(channel: Channel, item: InboundText, at: datetime) -> bool:
    message = None
    if item.reply_to:
        message = Message.objects.filter(provider_id=item.reply_to, channel=channel.value).first()
    party = message.party if message else _party_of(channel, item.from_)
    _, made = Inbound.objects.get_or_create(
        provider_id=item.provider_id,
        defaults={
            "channel": channel.value,
            "address": item.from_,
            "party": party,
            "message": message,
            "kind": item.kind,
            "text": item.text,
            "payload": item.payload[:300],
            "at": item.at,
            "simulated": item.simulated,
        },
    )
    if not made or not party:
        return made
    word = consent_word(item.text)
    if word is not None:
        channels = tuple(Channel) if word is False else (channel,)
        record_word(
            party, word, actor=_retailer(party), at=item.at, source=f"{channel} message", channels=channels
        )
        return True
    origin = message.origin if message else _latest_origin(party)
    emit(
        ReplyReceived(party, origin, channel.value, item.kind, item.text, item.payload, item.simulated),
        subject=origin or party,
        actor=_retailer(party),
        at=at,
    )
    return True


def _retailer(party: str) -> Actor:
    return Actor("system", party, party)


def _latest_origin(party: str) -> str:
    last = Message.objects.filter(party=party, sent_at__isnull=False).order_by("-sent_at").first()
    return last.origin if last else ""


def _party_of(channel: Channel, address: str) -> str:
    digits = address.lstrip("+")
    last = (
        Message.objects.filter(channel=channel.value, address__in=[address, digits, f"+{digits}"])
        .order_by("-queued_at")
        .first()
    )
    return last.party if last else ""
