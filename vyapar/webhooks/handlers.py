"""Wants every event that an endpoint wants; wakes a worker for what is due."""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache
from django.db import transaction

from vyapar.engine import registry
from vyapar.engine.contracts import EVERY, Chore, EventView, Subscriber, Tally
from vyapar.webhooks import services
from vyapar.webhooks.selectors import count_deliveries, is_event_wanted, list_endpoints_due

#: Many events in a breath wake one worker: the mark is taken away as the worker starts.
_WAKE = "webhooks:woken"
_WAKE_SECONDS = 10


def enqueue(event: EventView) -> None:
    """An event was written: a row for each endpoint that wants it, and a worker soon."""
    if services.enqueue(event):
        transaction.on_commit(wake)


def wake() -> None:
    """Have a worker look for what is due, once for many events."""
    from vyapar.webhooks.tasks import tell_due

    if cache.add(_WAKE, 1, timeout=_WAKE_SECONDS):
        tell_due.apply_async(countdown=0.2)


def forget_wake() -> None:
    """The worker looks now: what comes from here on wakes another."""
    cache.delete(_WAKE)


def tend(at: datetime) -> None:
    """Wake a worker for deliveries whose time has come."""
    if list_endpoints_due(at, 1):
        wake()


def register() -> None:
    """Hang the webhooks in the registry."""
    registry.hang(Subscriber("webhooks.enqueue", EVERY, enqueue, wants=is_event_wanted))
    registry.hang(Chore("webhooks.tend", tend))
    registry.hang(Tally("webhooks", count_deliveries))
