"""Doors of what is foreseen: chances of no sale, causes and last days, stock at outlets, models."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.risk.cause import CAUSES
from inventory.selectors.foreseen import (
    grades_by_territory,
    list_item_outlooks,
    list_outlet_stock,
    list_position_outlooks,
    list_risk_models,
)
from inventory.serializers.risk import (
    BatchCausePage,
    ItemOutlookPage,
    OutletStockPage,
    RiskModelList,
    batch_cause_out,
    item_outlook_out,
    outlet_stock_out,
    risk_model_out,
)
from vyapar.engine.api import read_text
from vyapar.gateway.views import ApiView, bad_query, next_cursor, read_cursor, read_limit
from vyapar.kernel.phrases import phrase as _

_PAGE = [
    OpenApiParameter("sku", str),
    OpenApiParameter("territory", str),
    OpenApiParameter("limit", int, description="1 to 1000"),
    OpenApiParameter("cursor", str),
]
_CHANCE = {"days30": 0.71, "days60": 0.62, "days90": 0.55}
_ITEM: dict[str, Any] = {
    "sku": "BIS-0042", "territory": "MUM", "noSale": _CHANCE, "method": "ensemble",
    "reasons": [
        {
            "topic": "silence", "points": 31.5,
            "message": "Last sale 74 days ago: 4.2 times its own interval. "
            "It raises the chance of no sale by 31.5 points.",
        }
    ],
    "matrix": "CZS", "matrixOverall": "BYS", "valueSharePercentage": 0.04, "demandVariation": 2.131,
    "overstockQuantity": 96, "overstockPacks": 2, "dataGrade": "B", "asOf": "2026-11-23",
}  # fmt: skip
_BATCH: dict[str, Any] = {
    "sku": "BIS-0042", "batch": "B2611A", "location": "GD-MUM", "territory": "MUM", "cause": "over_buy",
    "causeLabel": "Over-buying", "confidence": 0.76,
    "message": "480 pieces came: 240 days of demand at 2 a day before.",
    "evidence": {"order_days": 240, "received": 480, "daily_before": 2}, "expectedValue": "5120.00",
    "p90Value": "6400.00", "lastClaimDate": "2027-01-12", "lastTransferDate": "2026-12-20",
    "lastOfferDate": "2027-01-06", "lastDonationDate": "2027-02-19", "asOf": "2026-11-23",
}  # fmt: skip
_OUTLET: dict[str, Any] = {
    "retailerId": "R00017", "name": "Shri Ganesh Stores", "territory": "MUM", "sku": "BIS-0042",
    "lastBoughtDate": "2026-07-02", "orders": 2, "intervalDays": 41.5, "pieces": 48,
    "standingProbability": 0.31, "expectedQuantity": 9.2, "expectedValue": "331.20", "noSale": _CHANCE,
    "dataGrade": "B", "asOf": "2026-11-23",
}  # fmt: skip
_MODEL: dict[str, Any] = {
    "level": "outlet", "version": 3, "method": "ensemble", "inForce": True, "whyNot": "",
    "windowFirst": "2024-11-23", "windowLast": "2026-11-22", "rows": 90_835,
    "metrics": {"90": {"method": "ensemble", "reason": "", "ensemble": {"auc": 0.8, "ap": 0.95}}},
    "reliability": {"90": [[0.12, 0.14, 5_400]]},
    "message": "Learnt from your own sales and checked on days it had not seen.",
}  # fmt: skip


class ItemOutlookDoor(ApiView):
    """The chance that each SKU does not sell in each territory, and why; its class and its overstock."""

    @extend_schema(
        operation_id="listItemOutlooks",
        summary="Chance of no sale in 30, 60 and 90 days, with reasons, classes and overstock",
        parameters=_PAGE,
        responses=ItemOutlookPage,
        examples=[
            OpenApiExample(
                "one page", response_only=True, value={"results": [_ITEM], "nextCursor": None}
            )
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        limit = read_limit(request)
        rows = list_item_outlooks(**_narrow(request), after=_after(request, float), limit=limit + 1)
        grades = grades_by_territory()
        return _page([item_outlook_out(row, grades) for row in rows[:limit]], rows, limit, "no_sale_90")


class BatchCauseDoor(ApiView):
    """Why each batch that is dead, slow, at risk or expired lies there, and the last day of each way out."""

    @extend_schema(
        operation_id="listBatchCauses",
        summary="Causes of dead and at-risk batches, rupees at stake, last day of each way out",
        parameters=[*_PAGE, OpenApiParameter("cause", str, enum=CAUSES)],
        responses=BatchCausePage,
        examples=[
            OpenApiExample(
                "one page", response_only=True, value={"results": [_BATCH], "nextCursor": None}
            )
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        cause, limit = read_text(request, "cause"), read_limit(request)
        if cause and cause not in CAUSES:
            raise bad_query("cause", _("one of %(known)s", known=", ".join(CAUSES)), cause)
        causes = (cause,) if cause else ()
        rows = list_position_outlooks(
            **_narrow(request), causes=causes, after=_after(request, int), limit=limit + 1
        )
        return _page([batch_cause_out(row) for row in rows[:limit]], rows, limit, "expected_paise")


class OutletStockDoor(ApiView):
    """What outlets bought in and did not order again, so that it may still stand there."""

    @extend_schema(
        operation_id="listOutletDeadStock",
        summary="Dead stock at outlets: bought in, not ordered again, probably still there",
        parameters=[*_PAGE, OpenApiParameter("retailer", str)],
        responses=OutletStockPage,
        examples=[
            OpenApiExample(
                "one page", response_only=True, value={"results": [_OUTLET], "nextCursor": None}
            )
        ],
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        retailer, limit = read_text(request, "retailer"), read_limit(request)
        rows = list_outlet_stock(
            **_narrow(request), retailers=(retailer,) if retailer else (), after=_after(request, int),
            limit=limit + 1,
        )  # fmt: skip
        grades = grades_by_territory()
        return _page([outlet_stock_out(row, grades) for row in rows[:limit]], rows, limit, "expected_paise")


class RiskModelDoor(ApiView):
    """What was learnt to foresee with, and how it did."""

    @extend_schema(
        operation_id="listRiskModels",
        summary="Models behind the chances: versions, windows, figures beside plain rules, reliability",
        responses=RiskModelList,
        examples=[OpenApiExample("one model", response_only=True, value={"results": [_MODEL]})],
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [risk_model_out(row) for row in list_risk_models()]})


# --- parts ---------------------------------------------------------------------------------


def _narrow(request: Request) -> dict[str, tuple[str, ...]]:
    given = {"skus": read_text(request, "sku"), "territories": read_text(request, "territory")}
    return {name: (value,) for name, value in given.items() if value}


def _after(request: Request, kind: type) -> Any:
    """The last row of the page before: its figure and its id; None on the first page."""
    cursor = read_cursor(request)
    if not cursor:
        return None
    whole = len(cursor) == 2 and isinstance(cursor[1], int)
    if not whole or isinstance(cursor[0], bool) or not isinstance(cursor[0], int | float):
        raise bad_query("cursor", _("a cursor from an earlier answer"), str(cursor))
    if not abs(cursor[0]) < 2**63 or not 0 <= cursor[1] < 2**63:
        raise bad_query("cursor", _("a cursor from an earlier answer"), str(cursor))
    return kind(cursor[0]), cursor[1]


def _page(shown: list[dict[str, Any]], rows: list[Any], limit: int, figure: str) -> Response:
    last = rows[limit - 1] if len(rows) > limit else None
    cursor = next_cursor([getattr(last, figure), last.pk]) if last else None
    return Response({"results": shown, "nextCursor": cursor})
