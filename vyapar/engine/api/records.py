"""Doors of what was: events and the trail, in order."""

from __future__ import annotations

import json
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.engine import services
from vyapar.engine.api.reading import read, read_after, read_text
from vyapar.engine.models import AuditEntry
from vyapar.engine.selectors import (
    list_audit,
    list_events,
)
from vyapar.engine.serializers import (
    EventPage,
    TrailIn,
    TrailOut,
    TrailPage,
    event_out,
)
from vyapar.gateway.views import ApiView, read_limit
from vyapar.kernel.digest import plain
from vyapar.people.contracts import May
from vyapar.tenancy.selectors import current_distributor

_LIMIT = OpenApiParameter("limit", int, description="1 to 1000")
_AFTER = OpenApiParameter("after", int, description="sequence of the last one you have")


class EventList(ApiView):
    """The distributor's events in order."""

    @extend_schema(
        operation_id="listEvents",
        parameters=[_AFTER, _LIMIT, OpenApiParameter("name", str), OpenApiParameter("subject", str)],
        responses=EventPage,
    )
    def get(self, request: Request) -> Response:
        after = read_after(request)
        rows = list_events(
            after=after,
            limit=read_limit(request),
            name=read_text(request, "name"),
            subject=read_text(request, "subject"),
        )
        slug = current_distributor().slug
        return Response(
            {"results": [event_out(row, slug) for row in rows], "nextAfter": rows[-1].pk if rows else after}
        )


class TrailCreate(ApiView):
    """Keep an entry of an outside system in the trail."""

    needs = May.FEED

    @extend_schema(operation_id="createTrailEntry", request=TrailIn, responses={201: TrailOut})
    def post(self, request: Request) -> Response:
        body = read(TrailIn, request)
        services.note(
            verb=body["verb"],
            subject=body["subject"],
            detail=plain(body["detail"]),
            actor=self.actor,
            at=timezone.now(),
            reason=body["reason"],
        )
        entry = list_audit(subject=body["subject"], actor_ref=self.actor.ref, limit=1, newest_first=True)[0]
        return Response(trail_out(entry), status=201)


class TrailList(ApiView):
    """The trail in order."""

    needs = May.AUDIT

    @extend_schema(
        operation_id="listTrail",
        parameters=[_AFTER, _LIMIT, OpenApiParameter("subject", str)],
        responses=TrailPage,
    )
    def get(self, request: Request) -> Response:
        after = read_after(request)
        rows = list_audit(after=after, limit=read_limit(request), subject=read_text(request, "subject"))
        return Response(
            {"results": [trail_out(row) for row in rows], "nextAfter": rows[-1].seq if rows else after}
        )


def trail_out(entry: AuditEntry) -> dict[str, Any]:
    """The outside form of a trail entry."""
    return {
        "sequence": entry.seq,
        "at": entry.at,
        "actor": entry.actor_ref,
        "verb": entry.verb,
        "subject": entry.subject,
        "reason": entry.reason,
        "detail": json.loads(entry.body),
        "previousSeal": entry.previous_seal,
        "seal": entry.seal,
    }
