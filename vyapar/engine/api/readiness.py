"""Doors of going live: what is missing, the switch, and the way back."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.engine import services
from vyapar.engine.api.reading import read
from vyapar.engine.contracts import Weight
from vyapar.engine.selectors import is_live as live
from vyapar.engine.selectors import list_modes, look_at_readiness
from vyapar.engine.serializers import LiveIn, ReadinessOut
from vyapar.gateway.views import ApiView
from vyapar.people.contracts import May

_EXAMPLE = {
    "live": False,
    "ready": False,
    "modes": {"transfer": "observe", "campaign": "observe"},
    "missing": [
        {
            "code": "sku_cost",
            "severity": "blocker",
            "title": "Cost of SKUs",
            "message": "2 SKUs have no cost",
            "fix": "Add the cost in your books and upload the SKUs or their prices again",
            "count": 2,
            "examples": ["BIS-100", "TEA-250"],
            "link": "/data",
        }
    ],
}
_EXAMPLES = [OpenApiExample("a new distributor", response_only=True, value=_EXAMPLE)]
_WHY = OpenApiExample("with a reason", request_only=True, value={"reason": "stock reconciled today"})


class ReadinessDoor(ApiView):
    """What is missing before a distributor goes live."""

    @extend_schema(operation_id="getReadiness", responses=ReadinessOut, examples=_EXAMPLES)
    def get(self, request: Request) -> Response:
        return Response(_readiness())


class GoLive(ApiView):
    """Let the agents propose; 409 with the blockers while some stand."""

    needs = May.RULES

    @extend_schema(operation_id="goLive", request=LiveIn, responses=ReadinessOut, examples=[_WHY, *_EXAMPLES])
    def post(self, request: Request) -> Response:
        services.go_live(actor=self.actor, at=timezone.now(), reason=read(LiveIn, request)["reason"])
        return Response(_readiness())


class ObserveAgain(ApiView):
    """Let the agents only observe."""

    needs = May.RULES

    @extend_schema(
        operation_id="observeAgain", request=LiveIn, responses=ReadinessOut, examples=[_WHY, *_EXAMPLES]
    )
    def post(self, request: Request) -> Response:
        services.observe_again(actor=self.actor, at=timezone.now(), reason=read(LiveIn, request)["reason"])
        return Response(_readiness())


def _readiness() -> dict[str, Any]:
    missing = [(one, lack) for one, lack in look_at_readiness(timezone.now()) if lack is not None]
    return {
        "live": live(),
        "ready": not any(one.weight is Weight.BLOCKER for one, _lack in missing),
        "modes": {kind: str(mode) for kind, mode in list_modes().items()},
        "missing": [
            {
                "code": one.name,
                "severity": str(one.weight),
                "title": str(one.label),
                "message": lack.message,
                "fix": lack.fix,
                "count": lack.count,
                "examples": list(lack.examples),
                "link": lack.link,
            }
            for one, lack in missing
        ],
    }
