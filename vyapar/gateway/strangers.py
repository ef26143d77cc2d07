"""What answers where no door does: problems under the API, ordinary pages elsewhere."""

from __future__ import annotations

import sys
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views import defaults

from vyapar.gateway.calls import Noted
from vyapar.gateway.paths import is_api
from vyapar.gateway.problems import AWAY, MEDIA_TYPE, problem, store_away
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.room import is_no_room


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404: an address that leads nowhere."""
    if is_api(request.path):
        return answer_problem(request, "not_found", _("there is no door at this address; see /api/docs"), 404)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """400: a request that the server itself cannot read."""
    if is_api(request.path):
        return answer_problem(request, "bad_request", _("the request cannot be read"), 400)
    return defaults.bad_request(request, exception)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """403 from outside of any door."""
    if is_api(request.path):
        return answer_problem(request, "permission_denied", _("your role or key does not allow this"), 403)
    return defaults.permission_denied(request, exception)


def failed(request: HttpRequest) -> HttpResponseBase:
    """500: a bug. The request's id leads to what the log says about it. 503 when a store of ours is gone."""
    away = isinstance(sys.exception(), AWAY)  # before any door, at the look for the distributor itself
    if away and is_api(request.path):
        told = store_away()
        return answer_problem(request, told.code, told.message, told.status, {"Retry-After": "30"})
    if is_api(request.path):
        known = getattr(request, "request_id", "")
        detail = _("something went wrong on our side; tell us the request id %(request)s", request=known)
        return answer_problem(request, "internal", detail, 500)
    page = defaults.server_error(request)
    page.status_code = 503 if away or is_no_room(sys.exception()) else page.status_code
    return page


def answer_problem(
    request: HttpRequest, code: str, detail: str, status: int, headers: dict[str, Any] | None = None
) -> HttpResponse:
    """A problem from outside of DRF, noted for the log of calls."""
    noted = getattr(request, "noted", None) or Noted()
    noted.code = code
    request.noted = noted  # type: ignore[attr-defined]
    body = orjson.dumps(problem(code, detail, status))
    return HttpResponse(body, status=status, content_type=MEDIA_TYPE, headers=headers)
