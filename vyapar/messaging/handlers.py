"""What the door does on events and every few seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count

from vyapar.engine import registry
from vyapar.engine.contracts import Chore, EventView, Subscriber, Tally
from vyapar.messaging.models import Message
from vyapar.messaging.selectors import stale_unknown


def start_sending(event: EventView) -> None:
    """Letters were queued: a worker sends them."""
    from vyapar.messaging.tasks import send_due

    if event.payload["queued"]:
        transaction.on_commit(send_due.delay)


def tend(at: datetime) -> None:
    """Wake a worker for messages whose time has come and for hand-overs that were cut off."""
    from vyapar.messaging.tasks import look_after, send_due

    if Message.objects.filter(status=Message.Status.QUEUED, next_try_at__lte=at).exists():
        send_due.apply_async(expires=30)
    if stale_unknown(at).exists():
        look_after.apply_async(expires=30)


def count_messages() -> dict[str, Any]:
    """Messages by channel and status."""
    table: dict[str, dict[str, int]] = {}
    rows = Message.objects.values("channel", "status").annotate(n=Count("pk"))
    for row in rows.order_by("channel", "status"):
        table.setdefault(row["channel"], {})[row["status"]] = row["n"]
    return table


def register() -> None:
    """Hang the door's parts in the registry."""
    registry.hang(Subscriber("messaging.start_sending", "MessagesQueued", start_sending))
    registry.hang(Chore("messaging.tend", tend))
    registry.hang(Tally("messages", count_messages))
