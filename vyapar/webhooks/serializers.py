"""Shapes of webhooks at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from vyapar.gateway.speech import say
from vyapar.kernel.phrases import again
from vyapar.webhooks.models import Endpoint, WebhookDelivery
from vyapar.webhooks.selectors import message_id

_EVENTS = "names such as ReallocationExecuted, or * for all"


class EndpointIn(serializers.Serializer[Any]):
    """An endpoint to be told of events. A secret of your own is optional."""

    url = serializers.CharField(max_length=500)
    events = serializers.ListField(child=serializers.CharField(max_length=64), help_text=_EVENTS)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    secret = serializers.CharField(max_length=100, required=False, allow_blank=True, default="")


class EndpointChange(serializers.Serializer[Any]):
    """What is to be changed of an endpoint; what is left out stays."""

    url = serializers.CharField(max_length=500, required=False)
    events = serializers.ListField(child=serializers.CharField(max_length=64), required=False)
    description = serializers.CharField(max_length=200, required=False, allow_blank=True)
    active = serializers.BooleanField(required=False)


class EndpointOut(serializers.Serializer[Any]):
    """An endpoint as it stands."""

    endpointId = serializers.UUIDField()
    url = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    events = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField()
    failingSince = serializers.DateTimeField(allow_null=True)
    disabledAt = serializers.DateTimeField(allow_null=True)
    disabledReason = serializers.CharField(allow_blank=True)
    previousSecretUntil = serializers.DateTimeField(allow_null=True)
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class EndpointSecretOut(EndpointOut):
    """The same with its new secret, shown this once."""

    secret = serializers.CharField()


class EndpointList(serializers.Serializer[Any]):
    """All endpoints."""

    results = EndpointOut(many=True)


class EndpointRotateIn(serializers.Serializer[Any]):
    """How long the secret before still signs; 0 when it leaked."""

    overlapHours = serializers.IntegerField(min_value=0, max_value=720, required=False, default=24)


class ReplayIn(serializers.Serializer[Any]):
    """One delivery, or everything since an instant."""

    deliveryId = serializers.UUIDField(required=False)
    since = serializers.DateTimeField(required=False)


class ReplayOut(serializers.Serializer[Any]):
    """How many events are told again."""

    events = serializers.IntegerField()


class DeliveryOut(serializers.Serializer[Any]):
    """One event on its way to an endpoint."""

    deliveryId = serializers.UUIDField()
    webhookId = serializers.CharField(help_text="the same at every attempt and replay")
    name = serializers.CharField()
    sequence = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField([str(state) for state in WebhookDelivery.State])
    attempts = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    nextTryAt = serializers.DateTimeField(allow_null=True)
    createdAt = serializers.DateTimeField()
    doneAt = serializers.DateTimeField(allow_null=True)


class AttemptOut(serializers.Serializer[Any]):
    """One call to an endpoint."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    durationMs = serializers.IntegerField()
    responseHead = serializers.CharField(allow_blank=True)
    error = serializers.CharField(allow_blank=True)
    nextTryAt = serializers.DateTimeField(allow_null=True)


class DeliveryDetail(DeliveryOut):
    """The same with every attempt."""

    log = AttemptOut(many=True)


class DeliveryPage(serializers.Serializer[Any]):
    """Deliveries, newest first."""

    results = DeliveryOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


def endpoint_out(row: Endpoint) -> dict[str, Any]:
    """The outside form of an endpoint; never its secret."""
    return {
        "endpointId": row.pk,
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "active": row.active,
        "failingSince": row.failing_since,
        "disabledAt": row.disabled_at,
        "disabledReason": say(again(row.disabled_reason, row.words)),
        "previousSecretUntil": row.previous_until if row.previous_secret else None,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


def delivery_out(row: WebhookDelivery) -> dict[str, Any]:
    """The outside form of a delivery."""
    return {
        "deliveryId": row.pk,
        "webhookId": message_id(row),
        "name": row.name,
        "sequence": row.event_id,
        "state": row.state,
        "attempts": row.attempts,
        "status": row.status,
        "error": say(again(row.error, row.words)),
        "nextTryAt": row.next_try_at,
        "createdAt": row.created_at,
        "doneAt": row.done_at,
    }


def detail_out(row: WebhookDelivery) -> dict[str, Any]:
    """A delivery with every attempt, oldest first."""
    log = [
        {
            "number": one.number,
            "at": one.at,
            "status": one.status,
            "durationMs": one.duration_ms,
            "responseHead": one.response_head,
            "error": say(again(one.error, one.words)),
            "nextTryAt": one.next_try_at,
        }
        for one in row.log.order_by("id")
    ]
    return {**delivery_out(row), "log": log}
