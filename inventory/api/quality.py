"""The door of data quality: every grade with its figures and its trend."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.contracts.quality import Grade, SubjectKind
from inventory.selectors.quality import list_grades
from inventory.serializers.quality import QualityReport, grade_out
from vyapar.engine.api import read_text
from vyapar.engine.selectors import get_policy
from vyapar.gateway.views import ApiView, bad_query
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.phrases import phrase as _

_EXAMPLE = {
    "gate": "D",
    "results": [
        {
            "kind": "feed",
            "code": "tally",
            "name": "Tally at the office",
            "territory": "",
            "grade": "B",
            "marks": 82.5,
            "holdsBack": False,
            "day": "2026-11-23",
            "gradedAt": "2026-11-23T06:30:00Z",
            "policyVersion": 0,
            "figures": [
                {
                    "code": "negative_stock",
                    "value": 7,
                    "of": 80,
                    "weight": 20,
                    "limitPercentage": 10.0,
                    "lost": 17.5,
                    "message": "7 of 80 rows of stock are below zero. Enter the missing purchases or "
                    "receipts in the books, then send the stock again.",
                }
            ],
            "trend": [{"marks": 82.5}],
        }
    ],
}


class QualityDoor(ApiView):
    """How good the data of each feed, location and territory are."""

    @extend_schema(
        operation_id="getDataQuality",
        summary="Grades of feeds, locations and territories, with figures and what to do",
        parameters=[OpenApiParameter("kind", str, enum=[one.value for one in SubjectKind])],
        responses=QualityReport,
        examples=[OpenApiExample("a feed with negative stock", response_only=True, value=_EXAMPLE)],
    )
    def get(self, request: Request) -> Response:
        kind = read_text(request, "kind")
        if kind and kind not in set(SubjectKind):
            raise bad_query("kind", _("one of %(known)s", known=", ".join(SubjectKind)), kind)
        today = ist_day(timezone.now())
        gate = Grade(get_policy("monitoring", today)[0].quality_gate)
        rows = [row for row in list_grades(today) if not kind or row.grade.kind == kind]
        return Response({"gate": gate.value, "results": [grade_out(row, gate) for row in rows]})
