"""Doors of forecasts: demand to come, and what people know better."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.selectors.festivals import list_effects, list_known
from inventory.selectors.forecasts import list_forecasts
from inventory.selectors.overrides import OverrideRow, list_overrides
from inventory.serializers.forecasts import (
    ForecastEffects,
    ForecastList,
    OverrideIn,
    OverrideList,
    OverrideOut,
    effects_out,
    forecast_out,
    override_out,
)
from inventory.services import drop_override, set_override
from vyapar.engine.api import read, read_text
from vyapar.gateway.views import ApiView, read_limit
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_SKU = OpenApiParameter("sku", str)
_TERRITORY = OpenApiParameter("territory", str)
_STEPS = ("week", "day")
_EXAMPLE = OpenApiExample(
    "Diwali",
    {
        "level": "category", "category": "sweets", "fromDate": "2026-11-01", "toDate": "2026-11-08",
        "factor": 1.6, "reason": "Diwali falls in this week",
    },
    request_only=True,
)  # fmt: skip


class ForecastDoor(ApiView):
    """Demand to come of a SKU."""

    @extend_schema(
        operation_id="getForecasts",
        summary="Demand to come of a SKU, week by week or day by day, with quantiles",
        parameters=[
            OpenApiParameter("sku", str, required=True),
            _TERRITORY,
            OpenApiParameter("step", str, enum=_STEPS, description="week unless day is asked for"),
        ],
        responses=ForecastList,
    )
    def get(self, request: Request) -> Response:
        sku, step = read_text(request, "sku"), read_text(request, "step") or _STEPS[0]
        faults = []
        if not sku:
            faults.append(Fault("required", _("name a SKU"), "sku"))
        if step not in _STEPS:
            faults.append(Fault("bad_query", _("week or day"), "step", value=step[:80]))
        if faults:
            raise Invalid(_("the query is not right"), code="bad_query", faults=faults)
        found = list_forecasts(sku=sku, territory=read_text(request, "territory"), daily=step == "day")
        return Response({"results": [forecast_out(one) for one in found]})


class ForecastEffectsDoor(ApiView):
    """What moves demand beside its own past."""

    @extend_schema(
        operation_id="getForecastEffects",
        summary="Festivals, prices, days of the week and other effects: what was found, and what stands",
        responses=ForecastEffects,
    )
    def get(self, request: Request) -> Response:
        return Response(effects_out(list_known(ist_day(timezone.now())), list_effects()))


class OverridesDoor(ApiView):
    """What people know better than the baseline."""

    needs = {"GET": May.READ, "POST": May.DECIDE}

    @extend_schema(
        operation_id="listForecastOverrides",
        summary="Overrides, the newest first, with what they were worth",
        parameters=[_SKU, _TERRITORY, OpenApiParameter("limit", int, description="1 to 1000")],
        responses=OverrideList,
    )
    def get(self, request: Request) -> Response:
        found = list_overrides(
            sku=read_text(request, "sku"),
            territory=read_text(request, "territory"),
            limit=read_limit(request),
        )
        return Response({"results": [override_out(one) for one in found]})

    @extend_schema(
        operation_id="setForecastOverride",
        summary="Override the forecast at any level for some days; the baseline is kept beside it",
        request=OverrideIn,
        responses={201: OverrideOut},
        examples=[_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        given: dict[str, Any] = read(OverrideIn, request)
        row = set_override(
            level=given["level"], sku=given["sku"], category=given["category"],
            territory=given["territory"], from_date=given["fromDate"], to_date=given["toDate"],
            factor=given["factor"], pieces=given["pieces"], reason=given["reason"],
            actor=self.actor, at=timezone.now(),
        )  # fmt: skip
        return Response(override_out(OverrideRow(row, None)), status=201)


class OverrideDoor(ApiView):
    """One override."""

    needs = {"DELETE": May.DECIDE}

    @extend_schema(
        operation_id="dropForecastOverride",
        summary="Take an override back: the baseline holds again, the override stays on record",
        responses=OverrideOut,
    )
    def delete(self, request: Request, override_id: int) -> Response:
        row = drop_override(override_id, actor=self.actor, at=timezone.now())
        return Response(override_out(OverrideRow(row, None)))
