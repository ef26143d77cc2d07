"""The spine's doors: actions, events, business rules, the trail, the stop button."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.engine import registry, services
from vyapar.engine.models import AuditEntry
from vyapar.engine.rulebook import business_rules, read_changes
from vyapar.engine.selectors import (
    get_action,
    get_policy,
    list_actions,
    list_audit,
    list_events,
    list_halts,
    list_transitions,
)
from vyapar.engine.serializers import (
    ActionDetail,
    ActionOut,
    ActionPage,
    AskIn,
    DecisionIn,
    EditIn,
    EventPage,
    HaltIn,
    HaltOut,
    RejectIn,
    RulesIn,
    RulesOut,
    TrailIn,
    TrailOut,
    TrailPage,
    action_out,
    event_out,
)
from vyapar.engine.services.actions import preview_edit
from vyapar.gateway.views import ApiView, next_cursor, read_cursor, read_instant, read_limit
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.money import rupees
from vyapar.people.contracts import May
from vyapar.tenancy.selectors import current_distributor

_LIMIT = OpenApiParameter("limit", int, description="1 to 1000")
_CURSOR = OpenApiParameter("cursor", str)
_SINCE = OpenApiParameter("updated_since", datetime)
_AFTER = OpenApiParameter("after", int, description="sequence of the last one you have")


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body in a serializer's shape; DRF's errors become 422 problems."""
    shape = serializer(data=request.data)
    shape.is_valid(raise_exception=True)
    return dict(shape.validated_data)


def read_text(request: Request, name: str) -> str:
    """`?name=` as it is, empty when absent; `Invalid` for what no text in the database can hold."""
    return check_text(name, request.query_params.get(name, ""))


def check_text(name: str, value: str) -> str:
    """A text of the query or the path, at most 200 characters and without NUL; `Invalid` otherwise."""
    if "\x00" in value or len(value) > 200:
        fault = Fault("bad_query", "at most 200 printable characters", name, value=value[:80])
        raise Invalid(f"{name} is not right", code="bad_query", faults=[fault])
    return value


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
            fault = Fault("bad_query", "one of " + ", ".join(Status), "status", value=status[:40])
            raise Invalid("there is no such status", code="bad_query", faults=[fault])
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
        return Response(
            {
                "results": [action_out(action) for action in page[:limit]],
                "nextCursor": next_cursor([last.updated_at.isoformat(), str(last.pk)])
                if more and last
                else None,
            }
        )


def _beyond(cursor: list[Any]) -> Q:
    try:
        at, pk = datetime.fromisoformat(cursor[0]), UUID(cursor[1])
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        raise Invalid("this cursor is not one of ours", code="bad_query") from error
    return Q(updated_at__gt=at) | Q(updated_at=at, id__gt=pk)


class ActionOne(ApiView):
    """One action with its life and its decision record."""

    @extend_schema(operation_id="getAction", responses=ActionDetail)
    def get(self, request: Request, action_id: UUID) -> Response:
        action = get_action(action_id)
        record = getattr(action, "record", None)
        return Response(
            {
                **action_out(action),
                "transitions": [
                    {
                        "source": t.source,
                        "target": t.target,
                        "actor": t.actor_name,
                        "reason": t.reason,
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


class ActionDecision(ApiView):
    """Deciding on an action: one verb a door."""

    needs = May.DECIDE


class ActionApprove(ActionDecision):
    """Approve a proposal."""

    @extend_schema(operation_id="approveAction", request=DecisionIn, responses=ActionOut)
    def post(self, request: Request, action_id: UUID) -> Response:
        body = read(DecisionIn, request)
        action = services.approve(
            action_id,
            actor=self.actor,
            at=timezone.now(),
            seen_version=body.get("version"),
            reason=body["reason"],
        )
        return Response(action_out(action))


class ActionReject(ActionDecision):
    """Reject a proposal, saying why."""

    @extend_schema(operation_id="rejectAction", request=RejectIn, responses=ActionOut)
    def post(self, request: Request, action_id: UUID) -> Response:
        body = read(RejectIn, request)
        action = services.reject(
            action_id,
            actor=self.actor,
            at=timezone.now(),
            seen_version=body.get("version"),
            reason=body["reason"],
        )
        return Response(action_out(action))


class ActionEdit(ActionDecision):
    """Edit a proposal, or see what an edit would do."""

    @extend_schema(operation_id="editAction", request=EditIn, responses=ActionOut)
    def post(self, request: Request, action_id: UUID) -> Response:
        body, now = read(EditIn, request), timezone.now()
        if body["preview"]:
            view = preview_edit(action_id, body["changes"], now)
            return Response(
                {
                    **action_out(get_action(action_id)),
                    "payload": plain(view.payload),
                    "value": rupees(view.value_paise),
                    "netValue": rupees(view.net_paise),
                    "quantity": view.quantity,
                    "discountPercentage": view.discount_bp / 100,
                }
            )
        action = services.edit(
            action_id, body["changes"], actor=self.actor, at=now, seen_version=body.get("version")
        )
        return Response(action_out(action))


class ActionAsk(ApiView):
    """Ask something about an action."""

    needs = May.DECIDE

    @extend_schema(operation_id="askAboutAction", request=AskIn, responses={204: None})
    def post(self, request: Request, action_id: UUID) -> Response:
        services.ask(action_id, read(AskIn, request)["text"], actor=self.actor, at=timezone.now())
        return Response(status=204)


class ActionUndo(ActionDecision):
    """Undo an action while the world allows it."""

    @extend_schema(operation_id="undoAction", request=DecisionIn, responses=ActionOut)
    def post(self, request: Request, action_id: UUID) -> Response:
        body = read(DecisionIn, request)
        action = services.undo(action_id, actor=self.actor, at=timezone.now(), reason=body["reason"])
        return Response(action_out(action))


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


def read_after(request: Request) -> int:
    """`?after=`, a sequence number."""
    text = request.query_params.get("after", "0")
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        fault = Fault("bad_query", "a sequence number", "after", value=text[:40])
        raise Invalid("after is not right", code="bad_query", faults=[fault])
    return int(text)


class BusinessRules(ApiView):
    """Thresholds by which the agents judge, dated and versioned."""

    needs = {"GET": May.READ, "PUT": May.RULES}

    @extend_schema(operation_id="getBusinessRules", responses=RulesOut)
    def get(self, request: Request) -> Response:
        return Response(_rules_out())

    @extend_schema(operation_id="setBusinessRules", request=RulesIn, responses=RulesOut)
    def put(self, request: Request) -> Response:
        body, now = read(RulesIn, request), timezone.now()
        spec = registry.agent(body["agent"])
        services.set_policy(
            spec.name,
            read_changes(spec.policy, body["changes"]),
            effective_date=body.get("effectiveDate") or ist_day(now),
            actor=self.actor,
            at=now,
            reason=body["reason"],
        )
        return Response(_rules_out())


def _rules_out() -> dict[str, Any]:
    in_force = {spec.name: get_policy(spec.name) for spec in registry.agents()}
    return {
        "distributorId": current_distributor().slug,
        "businessRules": business_rules({name: policy for name, (policy, _) in in_force.items()}),
        "versions": {name: version for name, (_, version) in in_force.items()},
    }


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


class Stop(ApiView):
    """The stop button: POST pulls it, DELETE lifts it."""

    needs = {"GET": May.READ, "POST": May.STOP, "DELETE": May.STOP}

    @extend_schema(operation_id="getHalts", responses=HaltOut)
    def get(self, request: Request) -> Response:
        return Response(_halts())

    @extend_schema(operation_id="pullHalt", request=HaltIn, responses=HaltOut)
    def post(self, request: Request) -> Response:
        body = read(HaltIn, request)
        if body["kind"]:
            registry.kind(body["kind"])
        services.pull(actor=self.actor, at=timezone.now(), kind=body["kind"], reason=body["reason"])
        return Response(_halts())

    @extend_schema(
        operation_id="liftHalt", parameters=[OpenApiParameter("kind", str)], responses={200: HaltOut}
    )
    def delete(self, request: Request) -> Response:
        services.lift(actor=self.actor, at=timezone.now(), kind=read_text(request, "kind"))
        return Response(_halts())


def _halts() -> dict[str, Any]:
    return {"halted": [halt.kind for halt in list_halts()]}
