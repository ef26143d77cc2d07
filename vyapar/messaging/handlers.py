"""What the door does on events and every few seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from vyapar.engine import registry
from vyapar.engine.contracts import Chore, EventView, Lack, Readiness, Setup, Subscriber, Tally, Weight
from vyapar.kernel.actor import Actor
from vyapar.messaging import services
from vyapar.messaging.contracts import Channel
from vyapar.messaging.models import Message
from vyapar.messaging.selectors import get_account, list_accounts, never_called, stale_unknown
from vyapar.tenancy.selectors import current_distributor, primary_host


def start_sending(event: EventView) -> None:
    """Letters were queued: a worker sends them."""
    from vyapar.messaging.tasks import send_due

    if event.payload["queued"]:
        transaction.on_commit(send_due.delay)


def tend(at: datetime) -> None:
    """Wake a worker for messages that are due and for hand-overs that were cut off; drop sent files."""
    from vyapar.messaging.tasks import look_after, send_due

    if Message.objects.filter(status=Message.Status.QUEUED, next_try_at__lte=at).exists():
        send_due.apply_async(expires=30)
    if stale_unknown(at).exists() or never_called(at).exists():
        look_after.apply_async(expires=30)
    services.drop_sent_files()


def count_messages() -> dict[str, Any]:
    """Messages by channel and status."""
    table: dict[str, dict[str, int]] = {}
    rows = Message.objects.values("channel", "status").annotate(n=Count("pk"))
    for row in rows.order_by("channel", "status"):
        table.setdefault(row["channel"], {})[row["status"]] = row["n"]
    return table


def connect_sandbox(actor: Actor, at: datetime) -> None:
    """Give a sandbox distributor accounts at the local protocol servers, and tell those of it."""
    distributor = current_distributor()
    if not distributor.sandbox:
        return
    host = primary_host(distributor)
    if get_account(Channel.WHATSAPP) is None:
        services.open_sandbox_accounts(slug=distributor.slug, public_url=f"http://{host}:{settings.PORT}")
    services.announce_to_sandbox(webhook_base=f"http://127.0.0.1:{settings.PORT}", host_header=host)


def look_at_accounts(at: datetime) -> Lack | None:
    """No channel by which an outlet could be reached."""
    accounts = list_accounts()
    if any(account.active and account.halted_at is None for account in accounts):
        return None
    return Lack(
        message=gettext("no channel is open: outlets can be told of no offer"),
        fix=gettext("Have whoever runs this installation open an account for WhatsApp, SMS or e-mail"),
        count=max(1, len(accounts)),
        examples=tuple(account.channel for account in accounts[:5]),
    )


def register() -> None:
    """Hang the door's parts in the registry."""
    registry.hang(Subscriber("messaging.start_sending", "MessagesQueued", start_sending))
    registry.hang(Chore("messaging.tend", tend))
    registry.hang(Tally("messages", count_messages))
    registry.hang(Setup("messaging.sandbox", connect_sandbox, order=100))  # after the texts are there
    registry.hang(Readiness("channel", _("A channel to outlets"), Weight.WARNING, look_at_accounts, 70))
