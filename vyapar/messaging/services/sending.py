"""Sending: the intent is kept first, then the call, then what came of it. Nothing is repeated blindly."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from vyapar.engine.services import emit
from vyapar.farside.resilience import breakers
from vyapar.kernel.actor import system
from vyapar.kernel.errors import Misconfigured, Refused, Rejected, Unavailable, VyaparError
from vyapar.kernel.phrases import kept
from vyapar.kernel.phrases import phrase as _
from vyapar.law.messaging import next_opening
from vyapar.messaging.channels import error_plan
from vyapar.messaging.clients import hand_over, look_up
from vyapar.messaging.contracts import Channel, ErrorPlan, Handed, StatusUpdate
from vyapar.messaging.events import ChannelHalted
from vyapar.messaging.letters import MARKETING
from vyapar.messaging.models import ChannelAccount, Enclosure, Message
from vyapar.messaging.rules import MAX_ATTEMPTS, UNKNOWN_FOR, category_of, wait_seconds
from vyapar.messaging.selectors import consented, find_template, never_called, stale_unknown
from vyapar.messaging.services.consent import record_word
from vyapar.tenancy.here import current_schema

log = structlog.get_logger(__name__)


@transaction.atomic
def claim_due(at: datetime, limit: int = 100) -> list[UUID]:
    """Take queued messages that are due; until they are called for, another worker may have them."""
    halted = ChannelAccount.objects.filter(halted_at__isnull=False).values_list("channel", flat=True)
    rows = (
        Message.objects.select_for_update(skip_locked=True)
        .filter(status=Message.Status.QUEUED, next_try_at__lte=at)
        .exclude(channel__in=list(halted))
        .order_by("next_try_at")[:limit]
    )
    ids = [row.pk for row in _still_allowed(list(rows), at)]
    Message.objects.filter(pk__in=ids).update(status=Message.Status.SENDING, next_try_at=at, called_at=None)
    return ids


def _still_allowed(due: list[Message], at: datetime) -> list[Message]:
    """Consent and hours, asked again: hours or days may have passed since a message was queued."""
    willing = consented({row.party for row in due if row.purpose == MARKETING}, MARKETING)
    allowed = []
    for row in due:
        opens = next_opening(row.channel, category_of(row.purpose), at)
        if row.purpose == MARKETING and (row.party, row.channel) not in willing:
            row.status = Message.Status.SKIPPED
            row.reason, row.words = kept(_("consent was withdrawn before it was sent"), 300)
            row.save(update_fields=["status", "reason", "words"])
        elif opens > at:
            row.next_try_at = opens
            row.save(update_fields=["next_try_at"])
        else:
            allowed.append(row)
    return allowed


def send(ids: Sequence[UUID], *, at: datetime) -> int:
    """Hand claimed messages over, one by one; returns how many the far sides took."""
    began = time.monotonic()
    return sum(_send_one(pk, at + timedelta(seconds=int(time.monotonic() - began))) for pk in ids)


def _send_one(pk: UUID, at: datetime) -> bool:
    # the intent is committed before the call: who finds it never calls a second time
    ours = Message.objects.filter(pk=pk, status=Message.Status.SENDING, called_at=None)
    if not ours.update(called_at=at, next_try_at=at):
        return False
    message = Message.objects.select_related("template").get(pk=pk)
    channel = Channel(message.channel)
    try:
        handed = breakers(settings.REDIS_URL).call(channel.value, current_schema(), hand_over, message)
    except Unavailable as error:
        _put_off(pk, error, at)
    except Misconfigured as error:
        _halt(channel, error.code, error.message, at)
        _requeue(pk, at + timedelta(minutes=10), error.message)
    except (Rejected, Refused) as error:
        _refuse(pk, error, at)
    else:
        _keep_handed(pk, handed, at)
        return True
    return False


@transaction.atomic
def _keep_handed(pk: UUID, handed: Handed, at: datetime) -> None:
    message = Message.objects.select_for_update().get(pk=pk)
    message.provider_id, message.simulated = handed.provider_id, handed.simulated
    message.attempts += 1
    message.sent_at = message.sent_at or at
    if message.status in (Message.Status.SENDING, Message.Status.UNKNOWN):
        message.status = Message.Status.SENT
    message.save()


@transaction.atomic
def _put_off(pk: UUID, error: Unavailable, at: datetime) -> None:
    message = Message.objects.select_for_update().get(pk=pk)
    message.attempts += 1
    message.error_code = error.code
    message.reason, message.words = kept(error.message, 300)
    if error.outcome_unknown:
        message.status, message.next_try_at = Message.Status.UNKNOWN, at
    elif message.attempts >= MAX_ATTEMPTS:
        _fall_back(message, at)
    else:
        message.status = Message.Status.QUEUED
        message.next_try_at = at + timedelta(seconds=wait_seconds(message.attempts, error.retry_after))
    message.save()


@transaction.atomic
def _refuse(pk: UUID, error: VyaparError, at: datetime) -> None:
    message = Message.objects.select_for_update().get(pk=pk)
    message.error_code = error.code
    message.reason, message.words = kept(error.message, 300)
    fail(message, error.code, at)
    message.save()


@transaction.atomic
def _requeue(pk: UUID, again: datetime, reason: str) -> None:
    text, words = kept(reason, 300)
    Message.objects.filter(pk=pk).update(
        status=Message.Status.QUEUED, next_try_at=again, reason=text, words=words
    )


def fail(message: Message, code: str, at: datetime) -> None:
    """What an error code asks for: another channel, silence, or a halt. Does not save the message."""
    plan = error_plan(Channel(message.channel), code)
    if plan is ErrorPlan.HALT_CAMPAIGN:
        _halt(Channel(message.channel), code, message.reason, at)
    if plan is ErrorPlan.SUPPRESS:
        record_word(
            message.party, False, actor=system(message.channel), at=at, source=f"error {code}",
            channels=(Channel(message.channel),),
        )  # fmt: skip
    if plan in (ErrorPlan.OTHER_CHANNEL, ErrorPlan.RETRY, ErrorPlan.BACK_OFF):
        _fall_back(message, at)
    else:
        message.status, message.failed_at = Message.Status.FAILED, at


def _fall_back(message: Message, at: datetime) -> None:
    """The message failed here; the next way that consent allows gets a message of its own."""
    message.status, message.failed_at = Message.Status.FAILED, at
    for index, (way, address) in enumerate(message.fallbacks):
        template = message.template and find_template(message.template.name, Channel(way), message.language)
        if template is None:
            continue
        Message.objects.get_or_create(
            key=f"{message.key}>{way}"[:160],
            defaults={
                "origin": message.origin,
                "party": message.party,
                "channel": way,
                "address": address,
                "purpose": message.purpose,
                "template": template,
                "language": message.language,
                "parameters": message.parameters,
                "buttons": message.buttons,
                "fallbacks": message.fallbacks[index + 1 :],
                "next_try_at": at,
                "queued_at": at,
            },
        )
        return


@transaction.atomic
def _halt(channel: Channel, code: str, reason: str, at: datetime) -> None:
    """Stop a channel until a person lets it go on; told once."""
    first = ChannelAccount.objects.filter(channel=channel.value, halted_at__isnull=True)
    if first.update(halted_at=at, halted_reason=reason[:300]):
        emit(
            ChannelHalted(channel.value, code, reason),
            subject=f"channel:{channel}",
            actor=system("messaging"),
            at=at,
        )
        log.error("channel_halted", channel=channel.value, code=code)


def look_after(at: datetime) -> int:
    """Ask the far sides about hand-overs that were cut off; returns how many were settled.

    What a lost worker had taken and not come to is due again: no far side was called for it. Where the
    far side cannot be asked (WhatsApp, e-mail) its webhook may still tell; after a day without a word the
    message counts as failed. It is never sent again on the same channel.
    """
    settled = never_called(at).update(status=Message.Status.QUEUED, next_try_at=at)
    for message in stale_unknown(at)[:200]:
        found = look_up(message)
        if isinstance(found, StatusUpdate):
            _keep_handed(message.pk, Handed(found.provider_id, found.status.value, found.simulated), at)
            settled += 1
        elif found is False:
            _requeue(message.pk, at, _("the far side does not know it; sent again"))
            settled += 1
        elif message.next_try_at < at - UNKNOWN_FOR:
            text, words = kept(_("no word from the far side for a day"), 300)
            Message.objects.filter(pk=message.pk).update(
                status=Message.Status.FAILED, failed_at=at, reason=text, words=words
            )
            settled += 1
    return settled


def drop_sent_files() -> int:
    """Drop the bytes of files whose mails need them no more; returns of how many. What they were stays."""
    open_ones = (Message.Status.QUEUED, Message.Status.SENDING)
    held = Enclosure.objects.filter(content__isnull=False).exclude(message__status__in=open_ones)
    return held.update(content=None)
