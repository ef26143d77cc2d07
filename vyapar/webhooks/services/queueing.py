"""Putting events in line for endpoints: as they happen, and again when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from uuid import UUID

from django.db import transaction

from vyapar.engine.contracts import EventView
from vyapar.engine.models import Event
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.webhooks.models import Endpoint, WebhookDelivery
from vyapar.webhooks.rules import EVERY, is_wanted
from vyapar.webhooks.selectors import get_delivery, get_endpoint

State = WebhookDelivery.State
#: Most events of one replay; more is read from the events API.
MOST_EVENTS = 50_000
_CHUNK = 1000


@transaction.atomic
def enqueue(event: EventView) -> int:
    """A row for each active endpoint that wants the event; the same event again makes none."""
    wanting = [one for one in Endpoint.objects.filter(active=True) if is_wanted(event.name, one.events)]
    rows = [
        WebhookDelivery(
            endpoint=one, event_id=event.id, name=event.name, next_try_at=event.at, created_at=event.at
        )
        for one in wanting
    ]
    WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


@transaction.atomic
def replay_delivery(endpoint_id: UUID, delivery_id: UUID, *, actor: Actor, at: datetime) -> WebhookDelivery:
    """Tell one event again, whether it was delivered or given up; it keeps its id."""
    endpoint = _active(endpoint_id)
    row = get_delivery(endpoint_id, delivery_id)
    _again(endpoint, [row.pk], at)
    row.refresh_from_db()
    _note(endpoint, 1, actor, at)
    return row


@transaction.atomic
def replay_since(endpoint_id: UUID, since: datetime, *, actor: Actor, at: datetime) -> int:
    """Tell everything since an instant again, also what was never in line; returns how many events.

    `Refused` when there are more than fifty thousand: read them from the events API instead.
    """
    endpoint = _active(endpoint_id)
    events = Event.objects.filter(at__gte=since).order_by("id")
    if EVERY not in endpoint.events:
        events = events.filter(name__in=endpoint.events)
    if events.count() > MOST_EVENTS:
        raise Refused(
            _("more than %(most)s events: read them at /api/v1/events", most=MOST_EVENTS),
            code="too_many",
        )
    count = 0
    for part in _chunks(events.values_list("id", "name").iterator(chunk_size=_CHUNK)):
        ids = [pk for pk, _name in part]
        known = WebhookDelivery.objects.filter(endpoint=endpoint, event_id__in=ids)
        _again(endpoint, list(known.values_list("pk", flat=True)), at)
        rows = [
            WebhookDelivery(endpoint=endpoint, event_id=pk, name=name, next_try_at=at, created_at=at)
            for pk, name in part
        ]
        WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
        count += len(part)
    _note(endpoint, count, actor, at)
    return count


def _chunks(rows: Iterable[tuple[int, str]]) -> Iterable[list[tuple[int, str]]]:
    source = iter(rows)
    while part := list(islice(source, _CHUNK)):
        yield part


def _active(endpoint_id: UUID) -> Endpoint:
    endpoint = get_endpoint(endpoint_id)
    if not endpoint.active:
        raise Refused(_("this endpoint is switched off; switch it on first"), code="endpoint_off")
    return endpoint


def _again(endpoint: Endpoint, ids: list[UUID], at: datetime) -> None:
    WebhookDelivery.objects.filter(endpoint=endpoint, pk__in=ids).update(
        state=State.PENDING, attempts=0, next_try_at=at, error="", done_at=None
    )


def _note(endpoint: Endpoint, events: int, actor: Actor, at: datetime) -> None:
    append_audit(
        actor=actor,
        verb="WebhookReplayed",
        subject=f"webhook:{endpoint.pk}",
        at=at,
        after={"events": events},
    )
