"""Doors of saved views: a person's own and shared ones; a key reads what is shared."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.models import SavedView
from inventory.selectors.saved_views import list_views
from inventory.serializers.saved_views import (
    SavedViewIn,
    SavedViewList,
    SavedViewName,
    SavedViewOut,
    saved_view_out,
)
from inventory.services.saved_views import remove_view, rename_view, save_view
from vyapar.engine.api import read, read_text
from vyapar.gateway.views import LARGEST_NUMBER, ApiView, bad_query
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Forbidden, NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_KEEP = {"page": "pivot", "name": "Age by State", "query": "rows=age&columns=state", "shared": True}
_VIEW = {"id": 3, **_KEEP, "mine": True, "madeAt": "2026-11-23T06:30:00Z"}
_SHOWN = OpenApiExample("a view", response_only=True, value=_VIEW)


class SavedViewsDoor(ApiView):
    """Views of a page."""

    needs = {"GET": May.READ, "POST": May.READ}

    @extend_schema(
        operation_id="listSavedViews",
        summary="A person's own views of a page and what others share, by name; for a key what is shared",
        parameters=[OpenApiParameter("page", str, enum=SavedView.Page.values, required=True)],
        responses=SavedViewList,
        examples=[OpenApiExample("one view", response_only=True, value={"results": [_VIEW]})],
    )
    def get(self, request: Request) -> Response:
        page = read_text(request, "page")
        if page not in SavedView.Page.values:
            raise bad_query("page", _("one of %(known)s", known=", ".join(SavedView.Page.values)), page)
        me = _person(self.actor)
        return Response({"results": [saved_view_out(row, me) for row in list_views(page, me)]})

    @extend_schema(
        operation_id="keepSavedView",
        summary="Keep a page's filters under a name; the same name is replaced",
        request=SavedViewIn,
        responses={201: SavedViewOut},
        examples=[
            OpenApiExample("shared", request_only=True, value=_KEEP),
            OpenApiExample("kept", response_only=True, value=_VIEW, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        given: dict[str, Any] = read(SavedViewIn, request)
        me = _must_be_a_person(self.actor)
        row = save_view(**given, user_id=me, actor=self.actor, at=timezone.now())
        return Response(saved_view_out(row, me), status=201)


class SavedViewDoor(ApiView):
    """One view of one's own."""

    needs = {"PATCH": May.READ, "DELETE": May.READ}

    @extend_schema(
        operation_id="renameSavedView",
        summary="Give a view of one's own another name",
        request=SavedViewName,
        responses=SavedViewOut,
        examples=[
            OpenApiExample("a name", request_only=True, value={"name": "Age by State"}),
            _SHOWN,
        ],
    )
    def patch(self, request: Request, view_id: int) -> Response:
        given: dict[str, Any] = read(SavedViewName, request)
        me = _must_be_a_person(self.actor)
        row = rename_view(_known(view_id), **given, user_id=me, actor=self.actor, at=timezone.now())
        return Response(saved_view_out(row, me))

    @extend_schema(
        operation_id="removeSavedView",
        summary="Remove a view of one's own",
        request=None,
        responses={204: None},
    )
    def delete(self, request: Request, view_id: int) -> Response:
        remove_view(_known(view_id), user_id=_must_be_a_person(self.actor))
        return Response(status=204)


def _person(actor: Actor) -> int | None:
    return int(actor.ident) if actor.is_human else None


def _must_be_a_person(actor: Actor) -> int:
    me = _person(actor)
    if me is None:
        raise Forbidden(_("views are people's own: a key keeps none"), code="people_only")
    return me


def _known(view_id: int) -> int:
    if view_id > LARGEST_NUMBER:
        raise NotFound(_("there is no such view of yours"), code="no_such_view")
    return view_id
