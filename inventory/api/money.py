"""Doors of money: sums by any cut at any day, predictions against what happened, lots weighed."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.contracts.outcomes import Predicted
from inventory.selectors.impact import CUTS, list_expiring_loss, sum_impact
from inventory.selectors.months import list_months
from inventory.selectors.outcomes import list_factors, list_outcomes, list_replays, with_before
from inventory.selectors.ways import list_weighed_lots
from inventory.serializers.outcomes import (
    ImpactOut,
    OutcomesOut,
    WeighedLotsOut,
    factor_out,
    impact_out,
    lot_out,
    month_out,
    outcome_out,
    replay_out,
)
from vyapar.engine.api import read_text
from vyapar.engine.selectors import get_policy
from vyapar.gateway.views import ApiView, bad_query
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.phrases import phrase as _

_SUMS = {
    "items": 3, "pieces": 1_240, "value": "62000.00", "atRiskPieces": 310, "atRisk": "15500.00",
    "loss": "21340.50", "expired": "0.00", "writtenOff": "0.00",
}  # fmt: skip
_IMPACT = {
    "day": "2026-11-23",
    "by": ["territory"],
    "results": [{"keys": {"territory": "MUM"}, **_SUMS}],
    "total": _SUMS,
    "expiring": [
        {"starts": "2026-12-07", "batches": 2, "pieces": 84.5, "loss": "4225.00", "avoidable": "1310.00"}
    ],
}
_BAND = {"low": 0.6, "high": 0.7, "count": 40, "expected": 0.64, "happened": 0.58}
_OUTCOMES = {
    "results": [
        {
            "kind": "expiry", "group": "30", "agent": "monitoring", "waiting": 12, "settled": 44,
            "disturbed": 4, "expected": 25.6, "happened": 23.0, "brier": 0.18, "gap": -0.06,
            "standardErrors": -0.9, "within": None, "predicted": "81200.00", "realised": "77950.00",
            "factor": 0.9644, "signsDiffer": False, "reliability": [_BAND],
        }
    ],
    "months": [
        {
            "kind": "expiry", "group": "30", "agent": "monitoring", "month": "2026-11", "settled": 40,
            "expected": 25.6, "happened": 23.0, "brier": 0.18, "gap": -0.065, "within": None,
            "predicted": "81200.00", "realised": "77950.00", "reliability": [_BAND],
        }
    ],
    "learnt": [
        {
            "name": "expiry", "version": 1, "before": 1.0, "factor": 0.943, "seen": 40, "predicted": 25.6,
            "happened": 23.0, "learntAt": "2026-11-23T06:30:00Z",
        }
    ],
    "learning": True,
    "replays": [],
}  # fmt: skip
_WAY = {
    "name": "hold", "available": True, "net": "-120.00", "low": "-340.00", "high": "95.50",
    "weekOfWaiting": "14.20", "lastDay": "2027-01-07", "note": "", "components": {"recovered": "480.00"},
}  # fmt: skip
_LOTS = {
    "results": [
        {
            "batch": "B2611A", "location": "GD-MUM", "territory": "MUM", "pieces": 120,
            "expiryDate": "2027-01-07", "ways": [_WAY],
            "ladder": [{"discountPercentage": 20.0, "sold": 60, "net": "310.00", "best": True}],
            "split": [{"name": "hold", "pieces": 40, "net": "470.13", "territory": "MUM"}],
            "splitNet": "906.30",
        }
    ]
}  # fmt: skip


class ImpactDoor(ApiView):
    """What stock is worth, at risk and expected to be lost, by any cut, at any day that was kept."""

    @extend_schema(
        operation_id="getImpact",
        summary="Rupees at risk by territory, category, brand, age, cause and status, on a day",
        parameters=[
            OpenApiParameter("by", str, description=f"cuts, separated by commas: {', '.join(CUTS)}"),
            OpenApiParameter(
                "on", date, description="the last day kept on or before it; the newest otherwise"
            ),
        ],
        responses=ImpactOut,
        examples=[OpenApiExample("by territory", response_only=True, value=_IMPACT)],
    )
    def get(self, request: Request) -> Response:
        by = tuple(name for name in read_text(request, "by").split(",") if name)
        found = sum_impact(by, _day(request, "on"))
        return Response(impact_out(found, list_expiring_loss(ist_day(timezone.now()))))


class OutcomesDoor(ApiView):
    """What agents predicted and what happened; what was learnt of it."""

    @extend_schema(
        operation_id="getOutcomes",
        summary="Predictions set against what happened: calibration, rupees, corrections, replays",
        parameters=[
            OpenApiParameter("kind", str, enum=[kind.value for kind in Predicted]),
            OpenApiParameter("since", date, description="predictions made from this day on"),
        ],
        responses=OutcomesOut,
        examples=[OpenApiExample("batches within 30 days", response_only=True, value=_OUTCOMES)],
    )
    def get(self, request: Request) -> Response:
        kind = read_text(request, "kind")
        if kind and kind not in set(Predicted):
            raise bad_query("kind", _("one of %(known)s", known=", ".join(Predicted)), kind)
        policy, _version = get_policy("monitoring")
        return Response(
            {
                "results": [outcome_out(row) for row in list_outcomes(kind, _day(request, "since"))],
                "months": [month_out(one) for one in list_months(kind, _day(request, "since"))],
                "learnt": [factor_out(row, before) for row, before in with_before(list_factors())],
                "learning": policy.learning,
                "replays": [replay_out(row) for row in list_replays()],
            }
        )


class WaysOutDoor(ApiView):
    """Every lot of a SKU that needs a way out, weighed now."""

    @extend_schema(
        operation_id="getWaysOut",
        summary="Ways out of a SKU's lots: net with interval, discount ladder, cost of waiting, best split",
        parameters=[OpenApiParameter("territory", str)],
        responses=WeighedLotsOut,
        examples=[OpenApiExample("one lot", response_only=True, value=_LOTS)],
    )
    def get(self, request: Request, sku: str) -> Response:
        lots = list_weighed_lots(sku, ist_day(timezone.now()), read_text(request, "territory"))
        return Response({"results": [lot_out(lot) for lot in lots]})


def _day(request: Request, name: str) -> date | None:
    text = read_text(request, name)
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise bad_query(name, _("a day such as 2026-11-23"), text) from error
