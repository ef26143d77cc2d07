"""Doors of twins: what is offered, and the four answers: merge, keep apart, undo, or wait."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.contracts.feeds import RecordKind
from inventory.models import Twins
from inventory.selectors.twins import get_twins, list_twins
from inventory.serializers.twins import KIND_NAMES, TwinsMerge, TwinsOut, TwinsPage, twins_out
from inventory.services import keep_apart, merge_twins, take_apart
from vyapar.engine.api import read_text
from vyapar.gateway.views import LARGEST_NUMBER, ApiView, bad_query, number_page
from vyapar.kernel.errors import Fault, Invalid, NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May


class TwinsList(ApiView):
    """Outlets and SKUs that may be one, in every state."""

    @extend_schema(
        operation_id="listTwins",
        summary="Outlets and SKUs that may be one",
        parameters=[
            OpenApiParameter("kind", str, enum=KIND_NAMES),
            OpenApiParameter("state", str, enum=Twins.State.values),
            OpenApiParameter("limit", int, description="1 to 1000"),
            OpenApiParameter("cursor", str),
        ],
        responses=TwinsPage,
    )
    def get(self, request: Request) -> Response:
        kind, state = _choice(request, "kind", KIND_NAMES), _choice(request, "state", Twins.State.values)
        rows = list_twins(kind, [state] if state else Twins.State.values)
        return number_page(request, rows, twins_out)


class TwinsMergeDoor(ApiView):
    """Make one of two another name of the other."""

    needs = May.FEED

    @extend_schema(
        operation_id="mergeTwins",
        summary="Merge two into one",
        request=TwinsMerge,
        responses=TwinsOut,
        examples=[OpenApiExample("keep the first", request_only=True, value={"keep": "R00017"})],
    )
    def post(self, request: Request, twins_id: int) -> Response:
        told = TwinsMerge(data=request.data)
        told.is_valid(raise_exception=True)
        row = _get(twins_id)
        keep = told.validated_data.get("keep", row.kept)
        if keep not in (row.kept, row.other):
            message = _("one of %(kept)s and %(other)s", kept=row.kept, other=row.other)
            fault = Fault("not_of_the_pair", message, "keep", value=keep)
            raise Invalid(_("only one of the two can be kept"), code="not_of_the_pair", faults=[fault])
        other = row.other if keep == row.kept else row.kept
        merged = merge_twins(
            kind=RecordKind(row.kind), keep=keep, other=other, actor=self.actor, at=timezone.now()
        )
        return Response(twins_out(merged))


class TwinsApartDoor(ApiView):
    """Say that two are two; they are never offered again."""

    needs = May.FEED

    @extend_schema(
        operation_id="keepTwinsApart", summary="Keep two apart for good", request=None, responses=TwinsOut
    )
    def post(self, request: Request, twins_id: int) -> Response:
        row = _get(twins_id)
        return Response(twins_out(keep_apart(row.pk, actor=self.actor, at=timezone.now())))


class TwinsUndoDoor(ApiView):
    """Take apart what was merged, exactly; refused while something depends on it."""

    needs = May.FEED

    @extend_schema(
        operation_id="takeTwinsApart", summary="Take apart what was merged", request=None, responses=TwinsOut
    )
    def post(self, request: Request, twins_id: int) -> Response:
        row = _get(twins_id)
        return Response(twins_out(take_apart(row.pk, actor=self.actor, at=timezone.now())))


def _get(twins_id: int) -> Twins:
    if twins_id > LARGEST_NUMBER:
        raise NotFound(_("there is no such pair"), code="no_such_twins")
    return get_twins(twins_id)


def _choice(request: Request, name: str, choices: list[str]) -> str:
    value = read_text(request, name)
    if value and value not in choices:
        raise bad_query(name, _("one of %(known)s", known=", ".join(choices)), value)
    return value
