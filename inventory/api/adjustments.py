"""Doors of past demand: weeks that stand out, and what people say that days count as."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.selectors.adjustments import list_adjustments
from inventory.selectors.outliers import list_outliers
from inventory.serializers.adjustments import (
    AdjustmentIn,
    AdjustmentList,
    AdjustmentOut,
    OutlierList,
    adjustment_out,
    outlier_out,
)
from inventory.services import set_adjustment, withdraw_adjustment
from vyapar.engine.api import read, read_text
from vyapar.gateway.views import ApiView, read_limit
from vyapar.people.contracts import May

_EXAMPLE = OpenApiExample(
    "A wedding",
    {
        "sku": "BIS-100", "territory": "PUNE", "fromDate": "2026-10-05", "toDate": "2026-10-11",
        "countsAs": 120, "reason": "One caterer bought for a wedding",
    },
    request_only=True,
)  # fmt: skip


_LIMIT = OpenApiParameter("limit", int, description="1 to 1000")


class OutliersDoor(ApiView):
    """Weeks that sold far more than can be explained."""

    @extend_schema(
        operation_id="listDemandOutliers",
        summary="Weeks of the past that stand out and that nobody has corrected, those that add most first",
        parameters=[OpenApiParameter("sku", str), OpenApiParameter("territory", str), _LIMIT],
        responses=OutlierList,
    )
    def get(self, request: Request) -> Response:
        rows = list_outliers(sku=read_text(request, "sku"), territory=read_text(request, "territory"))
        return Response({"results": [outlier_out(row) for row in rows[: read_limit(request)]]})


class AdjustmentsDoor(ApiView):
    """What past demand counts as."""

    needs = {"GET": May.READ, "POST": May.DECIDE}

    @extend_schema(
        operation_id="listDemandAdjustments",
        summary="Corrections of past demand, the newest first",
        parameters=[
            OpenApiParameter("sku", str),
            OpenApiParameter("territory", str, description="those of all territories too"),
            _LIMIT,
        ],
        responses=AdjustmentList,
    )
    def get(self, request: Request) -> Response:
        rows = list_adjustments(sku=read_text(request, "sku"), territory=read_text(request, "territory"))
        return Response({"results": [adjustment_out(row) for row in rows[: read_limit(request)]]})

    @extend_schema(
        operation_id="setDemandAdjustment",
        summary="Say what past days count as in forecasts; what was sold stays as it is",
        request=AdjustmentIn,
        responses={201: AdjustmentOut},
        examples=[_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        given: dict[str, Any] = read(AdjustmentIn, request)
        row = set_adjustment(
            sku=given["sku"], territory=given["territory"], from_date=given["fromDate"],
            to_date=given["toDate"], counts_as=given["countsAs"], reason=given["reason"], actor=self.actor,
            at=timezone.now(),
        )  # fmt: skip
        return Response(adjustment_out(row), status=201)


class AdjustmentDoor(ApiView):
    """One correction."""

    needs = {"DELETE": May.DECIDE}

    @extend_schema(
        operation_id="withdrawDemandAdjustment",
        summary="Withdraw a correction: the days count as sold again, the correction stays on record",
        responses=AdjustmentOut,
    )
    def delete(self, request: Request, adjustment_id: int) -> Response:
        row = withdraw_adjustment(adjustment_id, actor=self.actor, at=timezone.now())
        return Response(adjustment_out(row))
