"""Doors of the webhooks: endpoints, their secrets, what they were told, and telling them again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.engine.api import read, read_text
from vyapar.gateway.etags import WithETag, etag
from vyapar.gateway.views import ApiView, next_cursor, read_cursor, read_limit
from vyapar.kernel.digest import sha256_of
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May
from vyapar.webhooks import services
from vyapar.webhooks.models import WebhookDelivery
from vyapar.webhooks.selectors import get_delivery, get_endpoint, list_deliveries, list_endpoints
from vyapar.webhooks.serializers import (
    DeliveryDetail,
    DeliveryPage,
    EndpointChange,
    EndpointIn,
    EndpointList,
    EndpointOut,
    EndpointRotateIn,
    EndpointSecretOut,
    ReplayIn,
    ReplayOut,
    delivery_out,
    detail_out,
    endpoint_out,
)

_STATES = [str(state) for state in WebhookDelivery.State]


class Endpoints(ApiView):
    """Who outside is told of events."""

    needs = {"GET": May.OPERATE, "POST": May.RULES}

    @extend_schema(operation_id="listWebhooks", responses=EndpointList)
    def get(self, request: Request) -> Response:
        return Response({"results": [endpoint_out(row) for row in list_endpoints()]})

    @extend_schema(operation_id="addWebhook", request=EndpointIn, responses={201: EndpointSecretOut})
    def post(self, request: Request) -> Response:
        body = read(EndpointIn, request)
        endpoint, secret = services.add_endpoint(**body, actor=self.actor, at=timezone.now())
        return Response({**endpoint_out(endpoint), "secret": secret}, status=201)


class EndpointOne(WithETag):
    """One endpoint. Its version moves with what people change of it and with how it fares."""

    needs = {"GET": May.OPERATE, "PATCH": May.RULES, "DELETE": May.RULES}

    def version_of(self, **address: Any) -> str | None:
        return sha256_of(endpoint_out(get_endpoint(address["endpoint_id"])))[:32]

    @extend_schema(operation_id="getWebhook", responses=EndpointOut)
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        return Response(endpoint_out(get_endpoint(endpoint_id)))

    @extend_schema(operation_id="changeWebhook", request=EndpointChange, responses=EndpointOut)
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        body = read(EndpointChange, request)
        endpoint = services.change_endpoint(endpoint_id, **body, actor=self.actor, at=timezone.now())
        version = self.version_of(endpoint_id=endpoint_id)
        return Response(endpoint_out(endpoint), headers={"ETag": etag(version)})

    @extend_schema(operation_id="removeWebhook", responses={204: None})
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        services.remove_endpoint(endpoint_id, actor=self.actor, at=timezone.now())
        return Response(status=204)


class EndpointRotate(ApiView):
    """A new secret; the one before signs too for a while."""

    needs = May.RULES

    @extend_schema(operation_id="rotateWebhookSecret", request=EndpointRotateIn, responses=EndpointSecretOut)
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        overlap = timedelta(hours=read(EndpointRotateIn, request)["overlapHours"])
        endpoint, secret = services.rotate_secret(
            endpoint_id, overlap=overlap, actor=self.actor, at=timezone.now()
        )
        return Response({**endpoint_out(endpoint), "secret": secret})


class EndpointPing(ApiView):
    """A test message, now."""

    needs = May.OPERATE
    whole = False

    @extend_schema(operation_id="pingWebhook", request=None, responses=DeliveryDetail)
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        return Response(detail_out(services.ping(endpoint_id, actor=self.actor, at=timezone.now())))


class EndpointReplay(ApiView):
    """Tell an event again, or everything since an instant."""

    needs = May.OPERATE

    @extend_schema(operation_id="replayWebhook", request=ReplayIn, responses={202: ReplayOut})
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        body, now = read(ReplayIn, request), timezone.now()
        if ("deliveryId" in body) == ("since" in body):
            fault = Fault("which", _("one of deliveryId and since"), "deliveryId")
            raise Invalid(_("say what is to be told again"), code="which", faults=[fault])
        if "deliveryId" in body:
            services.replay_delivery(endpoint_id, body["deliveryId"], actor=self.actor, at=now)
            return Response({"events": 1}, status=202)
        count = services.replay_since(endpoint_id, body["since"], actor=self.actor, at=now)
        return Response({"events": count}, status=202)


class EndpointDeliveries(ApiView):
    """What an endpoint was told, newest first."""

    needs = May.OPERATE

    @extend_schema(
        operation_id="listWebhookDeliveries",
        parameters=[
            OpenApiParameter("state", str, enum=_STATES),
            OpenApiParameter("limit", int, description="1 to 1000"),
            OpenApiParameter("cursor", str),
        ],
        responses=DeliveryPage,
    )
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        state = read_text(request, "state")
        if state and state not in _STATES:
            fault = Fault(
                "bad_query", _("one of %(known)s", known=", ".join(_STATES)), "state", value=state[:40]
            )
            raise Invalid(_("there is no such state"), code="bad_query", faults=[fault])
        rows = list_deliveries(get_endpoint(endpoint_id).pk, state)
        cursor, limit = read_cursor(request), read_limit(request)
        if cursor:
            rows = rows.filter(_before(cursor))
        page = list(rows[: limit + 1])
        last = page[limit - 1] if len(page) > limit else None
        return Response(
            {
                "results": [delivery_out(row) for row in page[:limit]],
                "nextCursor": next_cursor([last.created_at.isoformat(), str(last.pk)]) if last else None,
            }
        )


def _before(cursor: list[Any]) -> Q:
    try:
        at, pk = datetime.fromisoformat(cursor[0]), UUID(cursor[1])
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        raise Invalid(_("this cursor is not one of ours"), code="bad_query") from error
    return Q(created_at__lt=at) | Q(created_at=at, id__lt=pk)


class EndpointDelivery(ApiView):
    """One delivery with every attempt."""

    needs = May.OPERATE

    @extend_schema(operation_id="getWebhookDelivery", responses=DeliveryDetail)
    def get(self, request: Request, endpoint_id: UUID, delivery_id: UUID) -> Response:
        return Response(detail_out(get_delivery(get_endpoint(endpoint_id).pk, delivery_id)))
