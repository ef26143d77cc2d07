"""Writing events and the trail, in the transaction that made them true."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from vyapar.engine import registry
from vyapar.engine.contracts import TrailNoted
from vyapar.engine.models import AuditEntry, Delivery, Event
from vyapar.engine.sealing import GENESIS, seal
from vyapar.engine.wire import outward
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import canonical_json
from vyapar.kernel.phrases import words_of
from vyapar.tenancy.here import current_schema

#: Channel on which the relay listens; the notification's text is the schema.
CHANNEL = "vyapar_events"


def emit(
    payload: Any,
    *,
    subject: str,
    actor: Actor,
    at: datetime,
    action_id: UUID | None = None,
    cycle_id: int | None = None,
    reason: str = "",
    before: Any = None,
    audited: bool = True,
) -> Event:
    """Append an event named after the payload's class, with a delivery for each subscriber.

    Must run inside the transaction of the write it tells of. With `audited` the trail gets an
    entry too; high-volume facts that the ledger already keeps may do without.
    """
    name = type(payload).__name__
    event = Event.objects.create(
        name=name, version=getattr(payload, "VERSION", 1), subject=subject, payload=outward(payload),
        actor_ref=actor.ref, at=at, action_id=action_id, cycle_id=cycle_id,
    )  # fmt: skip
    wanted = [Delivery(event=event, subscriber=s.name, next_try_at=at) for s in registry.subscribers_of(name)]
    if wanted:
        Delivery.objects.bulk_create(wanted)
        wake_relay()
    if audited:
        append_audit(
            actor=actor, verb=name, subject=subject, after=event.payload, before=before,
            reason=reason, at=at, action_id=action_id,
        )  # fmt: skip
    return event


def wake_relay() -> None:
    """Tell the relay, on commit, that this schema has work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, current_schema()])


@transaction.atomic
def append_audit(
    *,
    actor: Actor,
    verb: str,
    subject: str,
    at: datetime,
    after: Any = None,
    before: Any = None,
    reason: str = "",
    action_id: UUID | None = None,
) -> AuditEntry:
    """Append one sealed entry to the distributor's trail.

    Entries are sealed one after another under a lock that is held until the caller's transaction
    ends, so the chain has no gaps and no forks.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [current_schema() + ":audit"])
    last = AuditEntry.objects.order_by("-seq").values_list("seq", "seal").first() or (0, GENESIS)
    entry = AuditEntry(
        seq=last[0] + 1, at=at, actor_ref=actor.ref, actor_name=str(actor)[:160], verb=verb[:64],
        subject=subject[:200], reason=reason, words=list(words_of(reason)), action_id=action_id,
        previous_seal=last[1], body=canonical_json({"before": before, "after": after}),
    )  # fmt: skip
    entry.seal = seal(entry, last[1])
    entry.save(force_insert=True)
    return entry


@transaction.atomic
def note(
    *,
    verb: str,
    subject: str,
    detail: Mapping[str, Any],
    actor: Actor,
    at: datetime,
    reason: str = "",
) -> Event:
    """Keep something an outside system did in the trail (`POST /audit/v1/trail/create`)."""
    return emit(TrailNoted(verb=verb, detail=detail), subject=subject, actor=actor, at=at, reason=reason)
