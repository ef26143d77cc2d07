"""Health and metrics, answered on any host name before a distributor is looked for."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django_prometheus.exports import ExportToDjangoView

from vyapar.ops.health import check_ready


class HealthMiddleware:
    """`/healthz`: the process answers. `/readyz`: its far sides do. `/metrics`: Prometheus."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return JsonResponse({"status": "ok"})
        if request.path == "/readyz":
            parts = check_ready()
            good = set(parts.values()) == {"ok"}
            return JsonResponse(
                {"status": "ok" if good else "not ready", **parts}, status=200 if good else 503
            )
        if request.path == "/metrics":
            answer: HttpResponse = ExportToDjangoView(request)
            return answer
        return self.get_response(request)
