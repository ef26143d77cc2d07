"""Doors of actions: listed, shown, decided, edited, asked about, undone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.engine import services
from vyapar.engine.api.reading import read, read_text
from vyapar.engine.models import Action
from vyapar.engine.selectors import (
    get_action,
    judge_quality,
    list_actions,
    list_transitions,
)
from vyapar.engine.serializers import (
    ActionDetail,
    ActionOut,
    ActionPage,
    AskIn,
    DecisionIn,
    EditIn,
    RejectIn,
    action_out,
)
from vyapar.engine.services.actions import preview_edit
from vyapar.gateway.etags import WithETag, etag
from vyapar.gateway.speech import say
from vyapar.gateway.views import ApiView, next_cursor, read_cursor, read_instant, read_limit
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import again
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_LIMIT = OpenApiParameter("limit", int, description="1 to 1000")
_CURSOR = OpenApiParameter("cursor", str)
_SINCE = OpenApiParameter("updated_since", datetime)


class ActionList(ApiView):
    """Actions, changed last last."""

    @extend_schema(
        operation_id="listActions",
        parameters=[
            OpenApiParameter("status", str, enum=[s.value for s in Status]),
            OpenApiParameter("kind", str),
            _LIMIT,
            _CURSOR,
            _SINCE,
        ],
        responses=ActionPage,
    )
    def get(self, request: Request) -> Response:
        status = request.query_params.get("status", "")
        if status and status not in {s.value for s in Status}:
            fault = Fault(
                "bad_query", _("one of %(known)s", known=", ".join(Status)), "status", value=status[:40]
            )
            raise Invalid(_("there is no such status"), code="bad_query", faults=[fault])
        statuses = (Status(status),) if status else ()
        rows = list_actions(statuses=statuses, kind=read_text(request, "kind"))
        since, cursor, limit = (
            read_instant(request, "updated_since"),
            read_cursor(request),
            read_limit(request),
        )
        if since:
            rows = rows.filter(updated_at__gte=since)
        if cursor:
            rows = rows.filter(_beyond(cursor))
        page = list(rows.order_by("updated_at", "id")[: limit + 1])
        more = len(page) > limit
        last = page[:limit][-1] if page else None
        quality = judge_quality(page[:limit], timezone.now())
        return Response(
            {
                "results": [action_out(action, quality.get(action.pk)) for action in page[:limit]],
                "nextCursor": next_cursor([last.updated_at.isoformat(), str(last.pk)])
                if more and last
                else None,
            }
        )


def _beyond(cursor: list[Any]) -> Q:
    try:
        at, pk = datetime.fromisoformat(cursor[0]), UUID(cursor[1])
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        raise Invalid(_("this cursor is not one of ours"), code="bad_query") from error
    return Q(updated_at__gt=at) | Q(updated_at=at, id__gt=pk)


class ActionVersions(WithETag):
    """A door to one action; its version moves with every edit and transition."""

    def version_of(self, **address: Any) -> str | None:
        return str(get_action(address["action_id"]).version)


class ActionOne(ActionVersions):
    """One action with its life and its decision record."""

    @extend_schema(operation_id="getAction", responses=ActionDetail)
    def get(self, request: Request, action_id: UUID) -> Response:
        action = get_action(action_id)
        record = getattr(action, "record", None)
        return Response(
            {
                **_out(action),
                "transitions": [
                    {
                        "source": t.source,
                        "target": t.target,
                        "actor": t.actor_name,
                        "reason": say(again(t.reason, t.words)),
                        "at": t.at,
                    }
                    for t in list_transitions(action.pk)
                ],
                "record": record and _record_out(record),
            }
        )


def _record_out(record: Any) -> dict[str, Any]:
    return {
        "snapshotDigest": record.snapshot_digest,
        "policyVersion": record.policy_version,
        "policy": record.policy,
        "ruleVersions": record.rule_versions,
        "autonomyVersion": record.autonomy_version,
        "autonomy": record.autonomy,
        "verdict": record.verdict,
        "approver": record.approver,
        "approvedAt": record.approved_at,
        "outcome": record.outcome,
    }


class ActionDecision(ActionVersions):
    """Deciding on an action: one verb a door."""

    needs = May.DECIDE


def _decided(action: Action) -> Response:
    return Response(_out(action), headers={"ETag": etag(action.version)})


def _out(action: Action) -> dict[str, Any]:
    return action_out(action, judge_quality([action], timezone.now()).get(action.pk))


class ActionApprove(ActionDecision):
    """Approve a proposal."""

    @extend_schema(operation_id="approveAction", request=DecisionIn, responses=ActionOut)
    def post(self, request: Request, action_id: UUID) -> Response:
        body = read(DecisionIn, request)
        action = services.approve(
            action_id,
            actor=self.actor,
            at=timezone.now(),
            seen_version=self.seen(body.get("version")),
            reason=body["reason"],
        )
        return _decided(action)


class ActionReject(ActionDecision):
    """Reject a proposal, saying why."""

    @extend_schema(operation_id="rejectAction", request=RejectIn, responses=ActionOut)
    def post(self, request: Request, action_id: UUID) -> Response:
        body = read(RejectIn, request)
        action = services.reject(
            action_id,
            actor=self.actor,
            at=timezone.now(),
            seen_version=self.seen(body.get("version")),
            reason=body["reason"],
        )
        return _decided(action)


class ActionEdit(ActionDecision):
    """Edit a proposal, or see what an edit would do. An edit says which version it was made from."""

    match_required = frozenset({"POST"})

    @extend_schema(operation_id="editAction", request=EditIn, responses=ActionOut)
    def post(self, request: Request, action_id: UUID) -> Response:
        body, now = read(EditIn, request), timezone.now()
        if body["preview"]:
            view = preview_edit(action_id, body["changes"], now)
            return Response(
                {
                    **_out(get_action(action_id)),
                    "payload": plain(view.payload),
                    "value": rupees(view.value_paise),
                    "netValue": rupees(view.net_paise),
                    "quantity": view.quantity,
                    "discountPercentage": view.discount_bp / 100,
                }
            )
        action = services.edit(
            action_id, body["changes"], actor=self.actor, at=now, seen_version=self.seen(body.get("version"))
        )
        return _decided(action)


class ActionAsk(ApiView):
    """Ask something about an action."""

    needs = May.DECIDE

    @extend_schema(operation_id="askAboutAction", request=AskIn, responses={204: None})
    def post(self, request: Request, action_id: UUID) -> Response:
        services.ask(action_id, read(AskIn, request)["text"], actor=self.actor, at=timezone.now())
        return Response(status=204)


class ActionUndo(ActionDecision):
    """Undo an action while the world allows it."""

    whole = False  # a far side may have to be called

    @extend_schema(operation_id="undoAction", request=DecisionIn, responses=ActionOut)
    def post(self, request: Request, action_id: UUID) -> Response:
        body = read(DecisionIn, request)
        action = services.undo(action_id, actor=self.actor, at=timezone.now(), reason=body["reason"])
        return _decided(action)
