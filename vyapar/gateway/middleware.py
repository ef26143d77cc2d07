"""Each call gets an id, and each call of the API is kept when its answer is out."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import structlog
from django.http import HttpRequest, HttpResponse

from vyapar.gateway.addresses import client_address, network_of
from vyapar.gateway.calls import noted_of
from vyapar.gateway.masking import mask_query, mask_text
from vyapar.gateway.paths import is_api
from vyapar.gateway.services import record_call
from vyapar.tenancy.here import is_public

_ID = re.compile(r"^[A-Za-z0-9._:-]{1,64}$")


class CallMiddleware:
    """Reads or makes `X-Request-Id`, puts it on log lines and the answer, and keeps calls of the API.

    Stands right behind the one that finds the distributor, so that a call is kept where it belongs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        at, start = datetime.now(UTC), time.perf_counter()
        given = request.headers.get("X-Request-Id", "")
        request_id = mask_text(given) if _ID.match(given) else uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request_id)
        answer = self.get_response(request)
        answer["X-Request-Id"] = request_id
        if is_api(request.path) and not is_public():
            _keep(request, answer, request_id, at, time.perf_counter() - start)
        return answer


def _keep(request: HttpRequest, answer: HttpResponse, request_id: str, at: datetime, seconds: float) -> None:
    noted, match = noted_of(request), request.resolver_match
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    spooled = getattr(request, "spooled", None)
    record_call(
        at=at,
        request_id=request_id,
        method=request.method or "",
        route=f"/{match.route}" if match else _unknown(request.path),
        query=mask_query(request.META.get("QUERY_STRING", "")),
        status=answer.status_code,
        code=noted.code,
        duration_ms=round(seconds * 1000),
        caller=noted.caller,
        caller_name=noted.caller_name,
        network=network_of(client_address(request)),
        bytes_in=spooled.size if spooled else int(length) if length.isdigit() else 0,
        bytes_out=0 if getattr(answer, "streaming", False) else len(answer.content),
        rows_in=int(getattr(request, "rows_in", 0)),
        rows_out=noted.rows_out,
        replayed="Idempotent-Replayed" in answer,
    )


def _unknown(path: str) -> str:
    """An address that leads nowhere: its beginning, since anything may stand in the rest."""
    return mask_text("/".join(path.split("/")[:4]))[:80] + " (unknown)"
