"""How often a caller may call and how many rows it may push, told in headers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from vyapar.gateway.addresses import client_address
from vyapar.gateway.limits import Bucket, Taken, read_rate, take


class KeyThrottle(BaseThrottle):
    """One call of the caller's and of the distributor's."""

    def __init__(self) -> None:
        self._taken = Taken(True, 0, ())

    def allow_request(self, request: Request, view: Any) -> bool:
        """Take one call; what is left is told in the answer's headers."""
        rate = getattr(request.user, "rate", "") or settings.API_RATE
        self._taken = take(
            [
                Bucket("key", f"calls:{_ident(request)}", read_rate(rate)),
                Bucket("distributor", "calls", read_rate(settings.API_TENANT_RATE)),
            ]
        )
        request._request.taken = self._taken  # type: ignore[attr-defined]
        return self._taken.allowed

    def wait(self) -> float:
        """Seconds until the call would be allowed."""
        return float(self._taken.wait)


def charge(request: Request, rows: int) -> None:
    """Rows of a push, taken from the caller's and the distributor's share before they are written.

    Raises `Throttled` (429 with Retry-After) when there is not enough; nothing is taken then. A push
    larger than a whole share asks for the whole. Also keeps the count for the log of calls.
    """
    request._request.rows_in = rows  # type: ignore[attr-defined]
    taken = take(
        [
            Bucket("rows", f"rows:{_ident(request)}", read_rate(settings.API_ROWS_RATE)),
            Bucket("distributor-rows", "rows", read_rate(settings.API_TENANT_ROWS_RATE)),
        ],
        rows,
    )
    if not taken.allowed:
        raise Throttled(wait=taken.wait, detail="too many rows for now; push the rest later")


def rate_headers(request: HttpRequest) -> dict[str, str]:
    """What a caller is told of its limits: how many calls, how many left, when there are all again."""
    taken: Taken | None = getattr(request, "taken", None)
    tightest = taken.tightest if taken else None
    if taken is None or tightest is None:
        return {}
    policies = (f'"{n.bucket.label}";q={n.bucket.rate.size};w={n.bucket.rate.window}' for n in taken.levels)
    return {
        "RateLimit-Limit": str(tightest.bucket.rate.size),
        "RateLimit-Remaining": str(max(tightest.left, 0)),
        "RateLimit-Reset": str(tightest.full_in),
        "RateLimit-Policy": ", ".join(policies),
    }


def _ident(request: Request) -> str:
    caller: Any = request.user
    if getattr(caller, "is_authenticated", False):
        return str(caller.actor.ref)
    return f"address:{client_address(request)}"
