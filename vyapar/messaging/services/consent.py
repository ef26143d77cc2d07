"""Keeping people's word on being written to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from vyapar.engine.services import append_audit, emit
from vyapar.kernel.actor import Actor
from vyapar.messaging.contracts import Channel
from vyapar.messaging.events import ConsentChanged
from vyapar.messaging.letters import MARKETING, ConsentRow
from vyapar.messaging.models import Consent


@transaction.atomic
def record_consents(rows: Iterable[ConsentRow], *, actor: Actor, at: datetime) -> int:
    """Append consents in bulk (an import, a form); the same word twice is kept once."""
    entries = [
        Consent(
            party=row.party,
            channel=row.channel.value,
            purpose=row.purpose,
            granted=row.granted,
            at=row.at,
            source=row.source,
            proof=row.proof,
            recorded_by=actor.ref,
        )
        for row in rows
    ]
    before = Consent.objects.count()
    Consent.objects.bulk_create(entries, ignore_conflicts=True, batch_size=2000)
    kept = Consent.objects.count() - before
    if kept:
        append_audit(
            actor=actor,
            verb="ConsentsRecorded",
            subject="consent",
            at=at,
            after={"rows": kept},
        )
    return kept


@transaction.atomic
def withdraw(
    party: str, *, actor: Actor, at: datetime, source: str, channels: Iterable[Channel] = tuple(Channel)
) -> None:
    """Withdraw marketing consent: STOP on any channel stops them all."""
    record_word(party, False, actor=actor, at=at, source=source, channels=channels)


@transaction.atomic
def record_word(
    party: str, granted: bool, *, actor: Actor, at: datetime, source: str, channels: Iterable[Channel]
) -> None:
    """Append one person's word on marketing and tell of it."""
    for channel in channels:
        _, made = Consent.objects.get_or_create(
            party=party,
            channel=channel.value,
            purpose=MARKETING,
            at=at,
            granted=granted,
            defaults={"source": source, "recorded_by": actor.ref},
        )
        if made:
            emit(
                ConsentChanged(party, channel.value, MARKETING, granted, source),
                subject=party,
                actor=actor,
                at=at,
            )
