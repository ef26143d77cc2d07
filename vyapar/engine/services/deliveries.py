"""Handing events to their subscribers: exactly once in effect, with backoff and dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.db import transaction

from vyapar.engine import registry
from vyapar.engine.models import Delivery
from vyapar.engine.services.events import append_audit, wake_relay
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Refused
from vyapar.kernel.phrases import phrase as _

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 8
_BACKOFF_SECONDS = (1, 5, 15, 60, 300, 900, 3600)
#: A delivery handed to a worker is not handed out again for this long.
LEASE = timedelta(seconds=120)


@transaction.atomic
def lease_due(at: datetime, limit: int = 500) -> list[int]:
    """Take deliveries that are due, oldest first, and keep others from taking them for a while."""
    rows = (
        Delivery.objects.select_for_update(skip_locked=True)
        .filter(state=Delivery.State.PENDING, next_try_at__lte=at)
        .order_by("id")[:limit]
    )
    ids = [row.pk for row in rows]
    Delivery.objects.filter(pk__in=ids).update(next_try_at=at + LEASE)
    return ids


def give_back(ids: Sequence[int], *, at: datetime) -> None:
    """Make deliveries that were taken and could not be handed to a worker due again."""
    Delivery.objects.filter(pk__in=ids, state=Delivery.State.PENDING).update(next_try_at=at)


def deliver(ids: Sequence[int], *, at: datetime) -> int:
    """Hand over each delivery in a transaction of its own; returns how many were done.

    The subscriber's writes and the mark "done" commit together: killed in between, neither stays.
    """
    return sum(_deliver_one(pk, at) for pk in ids)


def _deliver_one(pk: int, at: datetime) -> bool:
    try:
        with transaction.atomic():
            row = (
                Delivery.objects.select_for_update(skip_locked=True)
                .filter(pk=pk, state=Delivery.State.PENDING)
                .first()
            )
            if row is None:
                return False
            subscriber = registry.subscriber(row.subscriber)
            if subscriber is None:
                raise Refused(
                    _("nobody is named %(subscriber)s any more", subscriber=row.subscriber),
                    code="no_subscriber",
                )
            subscriber.handle(row.event.view())
            row.state, row.done_at, row.last_error = Delivery.State.DONE, at, ""
            row.attempts += 1
            row.save()
    except Exception as error:  # noqa: BLE001 - whatever a subscriber raises is kept and retried
        _put_off(pk, error, at)
        return False
    return True


@transaction.atomic
def _put_off(pk: int, error: Exception, at: datetime) -> None:
    row = Delivery.objects.select_for_update().get(pk=pk)
    row.attempts += 1
    row.last_error = f"{type(error).__name__}: {error}"[:4000]
    hopeless = isinstance(error, Refused) or row.attempts >= MAX_ATTEMPTS
    row.state = Delivery.State.DEAD if hopeless else Delivery.State.PENDING
    wait = _BACKOFF_SECONDS[min(row.attempts, len(_BACKOFF_SECONDS)) - 1]
    row.next_try_at = at + timedelta(seconds=wait)
    row.save()
    log.warning("delivery_failed", delivery=pk, subscriber=row.subscriber, error=row.last_error)


@transaction.atomic
def replay(delivery_id: int, *, actor: Actor, at: datetime) -> Delivery:
    """Give a dead letter another life."""
    row = Delivery.objects.select_for_update().filter(pk=delivery_id, state=Delivery.State.DEAD).first()
    if row is None:
        raise Refused(_("this letter is not dead"), code="not_dead")
    row.state, row.attempts, row.next_try_at = Delivery.State.PENDING, 0, at
    row.save()
    append_audit(
        actor=actor, verb="DeadLetterReplayed", subject=f"delivery:{delivery_id}", at=at,
        after={"subscriber": row.subscriber, "event": row.event_id},
    )  # fmt: skip
    wake_relay()
    return row
