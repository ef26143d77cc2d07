"""How often a caller may call, per distributor and caller, told in headers."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class KeyThrottle(SimpleRateThrottle):
    """A sliding window in the cache; the cache's keys carry the distributor already."""

    scope = "key"

    def get_cache_key(self, request: Request, view: Any) -> str:
        caller: Any = request.user
        ident = caller.actor.ref if getattr(caller, "is_authenticated", False) else self.get_ident(request)
        return f"throttle:{ident}"

    def allow_request(self, request: Request, view: Any) -> bool:
        rate = getattr(request.user, "rate", "")
        if rate:
            self.rate = rate
            self.num_requests, self.duration = self.parse_rate(rate)
        allowed = super().allow_request(request, view)
        left = max(0, (self.num_requests or 0) - len(getattr(self, "history", ())))
        request._request.rate_limit = (self.num_requests, left, self.duration)  # type: ignore[attr-defined]
        return bool(allowed)
