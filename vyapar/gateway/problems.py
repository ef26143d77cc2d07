"""Every error at the API as RFC 9457 problem+json, with `code` and, for bad input, the rows and fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from kombu.exceptions import OperationalError as QueueAway
from redis.exceptions import RedisError
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import exception_handler, set_rollback

from vyapar.gateway.bodies import TooLarge
from vyapar.gateway.speech import say
from vyapar.kernel.errors import Fault, Misconfigured, Unavailable, VyaparError
from vyapar.kernel.phrases import phrase as _
from vyapar.kernel.room import is_no_room, no_room

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
#: What our own stores raise while they are gone, restart, or break off one of two that wait for each other.
AWAY = (OperationalError, InterfaceError, RedisError, QueueAway)


def problem(
    code: str, detail: str, http_status: int, errors: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """The body of a problem. `type` is a URN, so that nobody mistakes it for a page."""
    body: dict[str, Any] = {
        "type": f"urn:vyapar:problem:{code}",
        "title": code.replace("_", " "),
        "status": http_status,
        "code": code,
        "detail": say(detail),
    }
    rows = list(errors)
    if rows:
        body["errors"] = rows
    return body


def fault_row(fault: Fault) -> dict[str, Any]:
    """One fault as `{row, field, code, message, value}`."""
    return {
        "row": fault.row,
        "field": fault.field,
        "code": fault.code,
        "message": say(fault.message),
        "value": fault.value,
    }


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. What is not anticipated stays a bug: None, hence 500."""
    if isinstance(error, VyaparError):
        return _ours(error)
    if isinstance(error, AWAY):
        log.error("store_away", exc_info=error)
        return _ours(store_away())
    if is_no_room(error):
        log.error("disk_full", exc_info=error)
        return _ours(no_room())
    if isinstance(error, RequestDataTooBig):
        return _ours(TooLarge(_("the body is too large for one call: split it"), code="too_large"))
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    plain = exception_handler(error, dict(context))
    if plain is None or not isinstance(error, exceptions.APIException):
        return None
    errors = list(_fields(error.detail)) if isinstance(error, exceptions.ValidationError) else []
    detail = _("some fields are not right") if errors else str(error.detail)
    code = "invalid" if errors else str(getattr(error, "default_code", "error"))
    http_status = status.HTTP_422_UNPROCESSABLE_ENTITY if errors else plain.status_code
    return Response(
        problem(code, detail, http_status, errors),
        status=http_status,
        headers={name: value for name, value in plain.headers.items() if name.lower() != "content-type"},
        content_type=MEDIA_TYPE,
    )


def store_away() -> Unavailable:
    """What a call is told that met one of `AWAY`."""
    return Unavailable(_("our own database or cache is away: send the call again"), code="store_away")


def _ours(error: VyaparError) -> Response:
    set_rollback()
    if isinstance(error, Misconfigured):
        log.error("misconfigured", code=error.code, message=error.message)
    headers = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(error.retry_after or 30)
    body = problem(error.code, say(error.message), error.status, map(fault_row, error.faults))
    return Response(body, status=error.status, headers=headers, content_type=MEDIA_TYPE)


def _fields(detail: Any, path: str = "") -> Iterable[dict[str, Any]]:
    if isinstance(detail, Mapping) and detail and all(isinstance(key, int) for key in detail):
        for index, item in detail.items():  # DRF names only the entries of a list that are wrong
            for fault in _fields(item, path):
                yield {**fault, "row": fault["row"] or index + 1}
    elif isinstance(detail, Mapping):
        for name, item in detail.items():
            yield from _fields(item, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list) and any(isinstance(item, Mapping) for item in detail):
        for row, item in enumerate(detail, 1):
            for fault in _fields(item, path):
                yield {**fault, "row": fault["row"] or row}
    else:
        for message in detail if isinstance(detail, list) else [detail]:
            yield fault_row(Fault(getattr(message, "code", "invalid"), str(message), path))
