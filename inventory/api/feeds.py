"""Doors of feeds: set up, checked, pulled, and told of news by their own systems."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.models import MappingProfile
from inventory.selectors.feeds import get_feed_state, list_feed_states
from inventory.selectors.imports import get_profile
from inventory.serializers.feeds import FeedChange, FeedChecked, FeedIn, FeedList, FeedOut, feed_out
from inventory.services import pulls
from vyapar.gateway.etags import WithETag, etag
from vyapar.gateway.problems import MEDIA_TYPE, problem
from vyapar.gateway.views import ApiView
from vyapar.kernel.digest import sha256_of
from vyapar.kernel.errors import VyaparError
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_ERPNEXT = {
    "code": "erp",
    "name": "ERPNext",
    "system": "erpnext",
    "settings": {"address": "https://erp.example.in", "key": "8c3f0e9a7b21d54", "company": "Sona Foods"},
    "secrets": {"secret": "1f6b0c2d9e8a743"},
    "everySeconds": 900,
}


class FeedsDoor(ApiView):
    """Feeds by name; and the door for a new one."""

    needs = {"GET": May.READ, "POST": May.RULES}

    @extend_schema(operation_id="listFeeds", responses=FeedList)
    def get(self, request: Request) -> Response:
        return Response({"results": [feed_out(one.feed, one.breaker) for one in list_feed_states()]})

    @extend_schema(
        operation_id="setUpFeed",
        request=FeedIn,
        responses={
            201: FeedOut,
            200: OpenApiResponse(FeedOut, "a feed of this code was there and is changed"),
        },
        examples=[OpenApiExample("an ERPNext site", request_only=True, value=_ERPNEXT)],
    )
    def post(self, request: Request) -> Response:
        told = _read(FeedIn, request)
        known = {one.feed.code for one in list_feed_states()}
        feed = pulls.set_up_feed(
            code=told["code"], name=told["name"], system=told["system"], settings=told["settings"],
            secrets=told["secrets"], every_seconds=told["everySeconds"], fresh_hours=told["freshHours"],
            profile=_profile(told.get("profile")), actor=self.actor, at=timezone.now(),
        )  # fmt: skip
        return Response(_out(feed.code), status=200 if feed.code in known else 201)


class FeedDoor(WithETag):
    """One feed."""

    needs = {"GET": May.READ, "PATCH": May.RULES}
    match_required = frozenset({"PATCH"})
    version_in_body = False

    def version_of(self, **address: Any) -> str | None:
        """Of all that is told of a feed: a pull in between moves it too."""
        return sha256_of(_out(address["code"]))[:32]

    @extend_schema(operation_id="getFeed", responses=FeedOut)
    def get(self, request: Request, code: str) -> Response:
        return Response(_out(code))

    @extend_schema(operation_id="changeFeed", request=FeedChange, responses=FeedOut)
    def patch(self, request: Request, code: str) -> Response:
        told, feed, now = _read(FeedChange, request), get_feed_state(code).feed, timezone.now()
        if set(told) - {"active"}:
            profile = _profile(told["profile"]) if "profile" in told else feed.profile
            pulls.set_up_feed(
                code=code, name=told.get("name", feed.name), system=feed.system,
                settings=told.get("settings", feed.settings), secrets=told.get("secrets", {}),
                every_seconds=told.get("everySeconds", feed.every_seconds),
                fresh_hours=told.get("freshHours", feed.fresh_hours), profile=profile, actor=self.actor,
                at=now,
            )  # fmt: skip
        if "active" in told:
            pulls.switch_feed(code, on=told["active"], actor=self.actor, at=now)
        return Response(_out(code), headers={"ETag": etag(self.version_of(code=code))})


class FeedPull(ApiView):
    """Have a feed pulled now."""

    needs = May.FEED

    @extend_schema(operation_id="pullFeed", request=None, responses={202: FeedOut})
    def post(self, request: Request, code: str) -> Response:
        pulls.pull_soon(code, actor=self.actor, at=timezone.now())
        return Response(_out(code), status=202)


class FeedCheck(ApiView):
    """One small call to the feed's system: is it there, does it know us, what does it run?"""

    needs = May.FEED
    whole = False

    @extend_schema(operation_id="checkFeed", request=None, responses=FeedChecked)
    def post(self, request: Request, code: str) -> Response:
        return Response({"version": pulls.check_feed(code, at=timezone.now())})


@csrf_exempt
@require_POST
def events(request: HttpRequest, code: str) -> HttpResponse:
    """A body that a feed's system sends by itself: 202 when it is kept, 401 when its proof is wrong."""
    length = request.headers.get("Content-Length", "")
    if not length.isdigit() or int(length) > pulls.LARGEST_EVENT:
        most = pulls.LARGEST_EVENT >> 10
        return _problem(
            "too_large", _("send at most %(most)s KiB in a body, with its length", most=most), 413
        )
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        new = pulls.receive_event(code, body=request.body, headers=headers, at=timezone.now())
    except VyaparError as error:
        return _problem(error.code, error.message, error.status)
    return JsonResponse({"kept": new}, status=202)


def _problem(code: str, detail: str, status: int) -> HttpResponse:
    return JsonResponse(problem(code, detail, status), status=status, content_type=MEDIA_TYPE)


def _read(shape: type[Any], request: Request) -> dict[str, Any]:
    form = shape(data=request.data)
    form.is_valid(raise_exception=True)
    told: dict[str, Any] = form.validated_data
    return told


def _profile(number: int | None) -> MappingProfile | None:
    return get_profile(number) if number else None


def _out(code: str) -> dict[str, Any]:
    state = get_feed_state(code)
    return feed_out(state.feed, state.breaker)
