"""Doors for the books: what waits, taken under a lock, answered with a number or a reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.contracts.exports import read_document
from inventory.contracts.feeds import ExportDocument, ExportKind
from inventory.models import Export
from inventory.selectors.exports import documents_of, get_export, list_exports, read_lock
from inventory.services.exports import acknowledge, lock_exports, release_exports
from vyapar.engine.api import check_text, read, read_text
from vyapar.engine.wire import outward
from vyapar.gateway.renderers import attachment
from vyapar.gateway.speech import say
from vyapar.gateway.views import ApiView, next_cursor, read_cursor, read_instant, read_limit
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import again
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_FEED = OpenApiParameter("feed", str, description="code of the feed, where several systems took it")


class ExportOut(serializers.Serializer[Any]):
    """A document on its way to the books."""

    key = serializers.CharField(help_text="never changes; a system books a key once")
    kind = serializers.ChoiceField([kind.value for kind in ExportKind])
    feed = serializers.CharField()
    number = serializers.CharField()
    state = serializers.ChoiceField([str(state) for state in Export.State])
    refersTo = serializers.CharField(allow_blank=True)
    actionId = serializers.UUIDField(allow_null=True)
    simulated = serializers.BooleanField()
    lockToken = serializers.UUIDField(allow_null=True)
    acknowledgedNumber = serializers.CharField(allow_blank=True)
    reason = serializers.CharField(allow_blank=True)
    lastError = serializers.CharField(allow_blank=True)
    attempts = serializers.IntegerField()
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class ExportDetail(ExportOut):
    """The same with the document itself; money as decimal strings of rupees without GST."""

    document = serializers.JSONField()


class ExportPage(serializers.Serializer[Any]):
    """Exports, changed last last."""

    results = ExportOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class LockIn(serializers.Serializer[Any]):
    """Which feed's documents are taken, and at most how many."""

    feed = serializers.CharField(max_length=40)
    limit = serializers.IntegerField(min_value=1, max_value=1000, default=1000)


class LockOut(serializers.Serializer[Any]):
    """What was taken: nobody else gets these documents until the lock is released."""

    lockToken = serializers.UUIDField()
    feed = serializers.CharField()
    fileName = serializers.CharField()
    file = serializers.CharField(help_text="where the file in the system's own format is fetched")
    documents = serializers.JSONField()


class ReleaseIn(serializers.Serializer[Any]):
    """Which lock is released, and why the file was not imported."""

    lockToken = serializers.UUIDField()
    reason = serializers.CharField(max_length=500)


class ReleaseOut(serializers.Serializer[Any]):
    """How many documents wait again."""

    released = serializers.IntegerField()


class AcknowledgeIn(serializers.Serializer[Any]):
    """What the books say: accepted under their number, or rejected and why."""

    accepted = serializers.BooleanField()
    number = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    feed = serializers.CharField(max_length=40, required=False, allow_blank=True, default="")


def export_out(row: Export) -> dict[str, Any]:
    """The outside form of an export."""
    return {
        "key": row.key,
        "kind": row.kind,
        "feed": row.feed.code,
        "number": row.number,
        "state": row.state,
        "refersTo": row.refers_to,
        "actionId": row.action_id,
        "simulated": row.simulated,
        "lockToken": row.lock_token,
        "acknowledgedNumber": row.acknowledged_number,
        "reason": say(again(row.reason, row.words.get("reason"))),
        "lastError": say(again(row.last_error, row.words.get("last_error"))),
        "attempts": row.attempts,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
    }


def document_out(document: ExportDocument) -> Mapping[str, Any]:
    """A document as the outside reads it."""
    said: Mapping[str, Any] = outward(document)
    return said


class ExportList(ApiView):
    """Decisions for the books."""

    @extend_schema(
        operation_id="listExports",
        parameters=[
            OpenApiParameter("state", str, enum=[str(state) for state in Export.State]),
            OpenApiParameter("since", datetime, description="changed at or after this instant"),
            _FEED,
            OpenApiParameter("limit", int, description="1 to 1000"),
            OpenApiParameter("cursor", str),
        ],
        responses=ExportPage,
    )
    def get(self, request: Request) -> Response:
        state = read_text(request, "state")
        if state and state not in Export.State.values:
            fault = Fault(
                "bad_query",
                _("one of %(known)s", known=", ".join(Export.State.values)),
                "state",
                value=state[:40],
            )
            raise Invalid(_("there is no such state"), code="bad_query", faults=[fault])
        rows = list_exports(state=state, feed=read_text(request, "feed"))
        since, cursor, limit = read_instant(request, "since"), read_cursor(request), read_limit(request)
        if since:
            rows = rows.filter(updated_at__gte=since)
        if cursor:
            rows = rows.filter(_beyond(cursor))
        page = list(rows.order_by("updated_at", "id")[: limit + 1])
        last = page[limit - 1] if len(page) > limit else None
        return Response(
            {
                "results": [export_out(row) for row in page[:limit]],
                "nextCursor": next_cursor([last.updated_at.isoformat(), last.pk]) if last else None,
            }
        )


def _beyond(cursor: list[Any]) -> Q:
    try:
        at, pk = datetime.fromisoformat(cursor[0]), int(cursor[1])
    except (ValueError, IndexError, TypeError) as error:
        raise Invalid(_("this cursor is not one of ours"), code="bad_query") from error
    return Q(updated_at__gt=at) | Q(updated_at=at, id__gt=pk)


class ExportLock(ApiView):
    """Take what waits for a feed, and keep others from taking it."""

    needs = May.FEED

    @extend_schema(operation_id="lockExports", request=LockIn, responses={201: LockOut})
    def post(self, request: Request) -> Response:
        body = read(LockIn, request)
        feed = check_text("feed", body["feed"])
        lock = lock_exports(feed, actor=self.actor, at=timezone.now(), limit=body["limit"])
        return Response(
            {
                "lockToken": lock.token,
                "feed": lock.feed,
                "fileName": lock.name,
                "file": f"/api/v1/exports/locks/{lock.token}",
                "documents": [document_out(one) for one in documents_of(lock.token)],
            },
            status=201,
        )


class ExportLockFile(ApiView):
    """The file of a lock, byte for byte as it was first written."""

    needs = May.FEED

    @extend_schema(
        operation_id="getExportFile", responses={(200, "application/octet-stream"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, token: UUID) -> HttpResponse:
        name, body = read_lock(token)
        return attachment(body, name)


class ExportRelease(ApiView):
    """Release a lock whose file was never imported."""

    needs = May.FEED

    @extend_schema(operation_id="releaseExports", request=ReleaseIn, responses=ReleaseOut)
    def post(self, request: Request) -> Response:
        body = read(ReleaseIn, request)
        count = release_exports(body["lockToken"], reason=body["reason"], actor=self.actor, at=timezone.now())
        return Response({"released": count})


class ExportOne(ApiView):
    """One document."""

    @extend_schema(operation_id="getExport", parameters=[_FEED], responses=ExportDetail)
    def get(self, request: Request, key: str) -> Response:
        row = get_export(check_text("key", key), read_text(request, "feed"))
        return Response({**export_out(row), "document": document_out(read_document(row.document))})


class ExportAcknowledge(ApiView):
    """Say what became of a document."""

    needs = May.FEED

    @extend_schema(operation_id="acknowledgeExport", request=AcknowledgeIn, responses=ExportOut)
    def post(self, request: Request, key: str) -> Response:
        body = read(AcknowledgeIn, request)
        row = acknowledge(check_text("key", key), **body, actor=self.actor, at=timezone.now())
        return Response(export_out(row))
