"""Health and metrics, answered on any host name before a distributor is looked for."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_prometheus.exports import ExportToDjangoView

from vyapar.ops.health import check_ready


class HealthMiddleware:
    """`/healthz`: the process answers. `/readyz`: its far sides do. `/metrics`: for Prometheus."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        structlog.contextvars.clear_contextvars()  # what this thread did last was some distributor's
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            parts = check_ready()
            good = set(parts.values()) == {"ok"}
            return JsonResponse(
                {"status": "ok" if good else "not ready", **parts}, status=200 if good else 503
            )
        if request.path == "/metrics":
            if not may_scrape(request):
                return HttpResponse("metrics are for the scraper\n", status=403, content_type="text/plain")
            answer: HttpResponse = ExportToDjangoView(request)
            return answer
        return self.get_response(request)


def may_scrape(request: HttpRequest) -> bool:
    """Figures of all distributors are for the platform alone.

    With `METRICS_TOKEN` whoever shows it as a bearer; without one, only this machine itself, and
    nobody for whom a proxy speaks.
    """
    token = settings.METRICS_TOKEN
    if token:
        return hmac.compare_digest(
            request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()
        )
    near = request.META.get("REMOTE_ADDR", "") in {"127.0.0.1", "::1"}
    return near and "X-Forwarded-For" not in request.headers and "Forwarded" not in request.headers
