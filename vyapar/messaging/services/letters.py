"""Taking letters: consent, caps and hours are settled before anything leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from vyapar.engine.services import emit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import kept
from vyapar.kernel.phrases import phrase as _
from vyapar.law.messaging import next_opening
from vyapar.messaging.contracts import CHANNEL_NAMES, Channel
from vyapar.messaging.events import MessagesQueued
from vyapar.messaging.letters import MARKETING, Letter
from vyapar.messaging.models import Enclosure, Message, Template
from vyapar.messaging.rules import CAP_WINDOW, MARKETING_CAP, category_of
from vyapar.messaging.selectors import consented, count_recent, find_template
from vyapar.tenancy.here import current_schema


@transaction.atomic
def queue(letters: Sequence[Letter], *, actor: Actor, at: datetime) -> tuple[int, int]:
    """Take letters of one origin; returns how many were queued and how many skipped, with reasons kept.

    Idempotent by each letter's key: letters already taken are left as they are. Offers are taken one call
    at a time, so that neither the same ones nor one too many get in side by side.
    """
    if any(letter.purpose == MARKETING for letter in letters):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"{current_schema()}:offers"])
    known = set(Message.objects.filter(key__in=[x.key for x in letters]).values_list("key", flat=True))
    fresh = [letter for letter in letters if letter.key not in known]
    if not fresh:
        return 0, 0
    parties = {letter.party for letter in fresh}
    allowed = consented(parties, MARKETING)
    recent = count_recent(parties, at - CAP_WINDOW, MARKETING)
    rows = [_row(letter, allowed, recent, at) for letter in fresh]
    made = Message.objects.bulk_create(rows, batch_size=1000)
    Enclosure.objects.bulk_create(
        Enclosure(
            message=row, name=one.name, media_type=one.media_type, size=len(one.content),
            sha256=hashlib.sha256(one.content).hexdigest(), content=one.content,
        )
        for row, letter in zip(made, fresh, strict=True)
        if row.status == Message.Status.QUEUED
        for one in letter.enclosures
    )  # fmt: skip
    queued = sum(row.status == Message.Status.QUEUED for row in made)
    emit(
        MessagesQueued(fresh[0].origin, queued, len(made) - queued),
        subject=fresh[0].origin,
        actor=actor,
        at=at,
    )
    return queued, len(made) - queued


def _row(letter: Letter, allowed: set[tuple[str, str]], recent: dict[str, int], at: datetime) -> Message:
    ways = [
        (channel, address)
        for channel, address in letter.ways
        if address and (letter.purpose != MARKETING or (letter.party, channel.value) in allowed)
    ]
    reason = _refusal(letter, ways, recent)
    channel, address = ways[0] if ways else (letter.ways[0] if letter.ways else (Channel.EMAIL, ""))
    text, words = kept(reason, 300)
    earliest = max(at, letter.send_after) if letter.send_after else at
    if not reason:
        recent[letter.party] = recent.get(letter.party, 0) + 1
    return Message(
        key=letter.key,
        origin=letter.origin,
        party=letter.party,
        channel=channel.value,
        address=address,
        purpose=letter.purpose,
        template=None if reason else _template(letter.template, channel, letter.language),
        language=letter.language,
        parameters=list(letter.parameters),
        buttons=list(letter.buttons),
        fallbacks=[[way.value, to] for way, to in ways[1:]],
        status=Message.Status.SKIPPED if reason else Message.Status.QUEUED,
        reason=text,
        words=words,
        next_try_at=next_opening(channel.value, category_of(letter.purpose), earliest),
        queued_at=at,
    )


def _refusal(letter: Letter, ways: list[tuple[Channel, str]], recent: dict[str, int]) -> str:
    if letter.refusal:
        return letter.refusal
    if not letter.ways:
        return _("no address is known")
    if not ways:
        return _("no consent on any channel we could use")
    if letter.purpose == MARKETING and recent.get(letter.party, 0) >= MARKETING_CAP:
        return _("had %(most)s offers within %(days)s days already", most=MARKETING_CAP, days=CAP_WINDOW.days)
    return ""


def _template(name: str, channel: Channel, language: str) -> Template:
    found = find_template(name, channel, language)
    if found is None:
        raise Misconfigured(
            _(
                "no approved template %(name)s for %(channel)s",
                name=f"{name!r}",
                channel=CHANNEL_NAMES[channel],
            ),
            code="no_template",
        )
    return found
