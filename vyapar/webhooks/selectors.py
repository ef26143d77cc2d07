"""Reads of endpoints and of what was told to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet

from vyapar.engine.models import Event
from vyapar.engine.serializers import event_out
from vyapar.farside.resilience import BreakerState, breaker_states
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.tenancy.here import current_schema
from vyapar.tenancy.selectors import current_distributor
from vyapar.webhooks.models import Endpoint, WebhookDelivery
from vyapar.webhooks.rules import EVERY

State = WebhookDelivery.State
#: Name under which a test message goes; it is no event of the distributor's.
PING = "WebhookPing"


def is_event_wanted(name: str) -> bool:
    """Whether any active endpoint of this distributor wants events of a name."""
    wanted = Q(events__contains=[name]) | Q(events__contains=[EVERY])
    return Endpoint.objects.filter(wanted, active=True).exists()


def list_endpoints() -> list[Endpoint]:
    """Endpoints that were not removed, oldest first, each with `waiting` and `dead`."""
    rows = Endpoint.objects.filter(removed_at__isnull=True).annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=State.PENDING)),
        dead=Count("deliveries", filter=Q(deliveries__state=State.DEAD)),
        told_at=Max("deliveries__done_at", filter=Q(deliveries__state=State.DELIVERED)),
    )
    return list(rows.order_by("created_at", "pk"))


def get_endpoint(endpoint_id: UUID, *, for_update: bool = False) -> Endpoint:
    """An endpoint that was not removed."""
    rows = Endpoint.objects.filter(pk=endpoint_id, removed_at__isnull=True)
    found = (rows.select_for_update() if for_update else rows).first()
    if found is None:
        raise NotFound(_("there is no such endpoint"), code="no_such_endpoint")
    return found


def breaker_of(endpoint_id: UUID) -> BreakerState | None:
    """The endpoint's breaker where it is not closed: it is left alone for a while then."""
    states = breaker_states(current_schema(), settings.REDIS_URL)
    mine = (one for one in states if one.far_side == f"webhook:{endpoint_id}" and one.state != "closed")
    return next(mine, None)


def list_deliveries(endpoint_id: UUID, state: str = "") -> QuerySet[WebhookDelivery]:
    """What was told to an endpoint, newest first, with events."""
    rows = WebhookDelivery.objects.filter(endpoint_id=endpoint_id).select_related("event")
    return (rows.filter(state=state) if state else rows).order_by("-created_at", "-pk")


def get_delivery(endpoint_id: UUID, delivery_id: UUID) -> WebhookDelivery:
    """One delivery of an endpoint."""
    found = list_deliveries(endpoint_id).filter(pk=delivery_id).first()
    if found is None:
        raise NotFound(_("there is no such delivery"), code="no_such_delivery")
    return found


def list_endpoints_due(at: datetime, limit: int = 200) -> list[UUID]:
    """Active endpoints for which something is due and that no worker is telling."""
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=at)
    due = Q(deliveries__state=State.PENDING, deliveries__next_try_at__lte=at)
    rows = Endpoint.objects.filter(free, due, active=True).order_by("pk").distinct()
    return list(rows.values_list("pk", flat=True)[:limit])


def message_id(delivery: WebhookDelivery) -> str:
    """The id of the message: the same for every attempt and replay, so that receivers can know it again."""
    if delivery.event is None:
        return f"ping_{delivery.pk}"
    return f"evt_{delivery.event.event_id}"


def envelope_of(delivery: WebhookDelivery) -> Mapping[str, Any]:
    """What is told: the event as at the events API, or a ping in the same form."""
    slug = current_distributor().slug
    event = delivery.event
    if event is None:
        event = Event(
            event_id=delivery.pk,
            name=PING,
            subject=f"webhook:{delivery.endpoint_id}",
            payload={"endpointId": str(delivery.endpoint_id)},
            actor_ref="system:webhooks",
            at=delivery.created_at,
        )
    return event_out(event, slug)


def count_deliveries() -> dict[str, int]:
    """How many deliveries stand in each state."""
    return {r["state"]: r["n"] for r in WebhookDelivery.objects.values("state").annotate(n=Count("pk"))}


def known_events() -> list[str]:
    """Names of events this distributor has seen, for the form that picks them."""
    return list(Event.objects.order_by("name").values_list("name", flat=True).distinct())
