"""Doors of claims on companies: filed, answered, withdrawn. Records; goods have doors of their own."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.contracts.outcomes import ClaimState
from inventory.selectors.claim_goods import with_goods
from inventory.selectors.claims import get_claim, list_claims, list_companies
from inventory.serializers.claims import (
    ClaimAnswerIn,
    ClaimBackIn,
    ClaimIn,
    ClaimList,
    ClaimOut,
    claim_out,
    company_out,
)
from inventory.services.claims import answer_claim, file_claim, withdraw_claim
from vyapar.engine.api import read, read_text
from vyapar.gateway.views import ApiView, bad_query, read_limit
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.money import parse_rupees
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_FILED = {
    "sku": "BIS-100", "batch": "B2611A", "location": "GD-MUM", "pieces": 40, "amount": "1200.00",
    "filedOn": "2026-11-20", "reference": "CL/26-27/014",
}  # fmt: skip
#: A claim's pieces by what became of them.
GOODS = {
    "here": 40, "onTheWay": 0, "received": 0, "disputed": 0, "cameHome": 0, "lost": 0, "destroyed": 0,
    "kept": 0, "released": 0,
}  # fmt: skip
#: A claim as these doors tell it.
EXAMPLE = _FILED | {
    "id": 14, "company": "Tivrano", "territory": "MUM", "state": "open", "credited": None,
    "answeredOn": None, "creditNote": "", "note": "", "filedBy": "Asha", "answeredBy": "",
    "due": "1200.00", "goods": GOODS,
    "creditToReverse": {"byNote": "0.00", "expected": True, "byLoss": "0.00"}, "sendings": [],
}  # fmt: skip
_COMPANY = {
    "company": "Tivrano", "cap": "200000.00", "claimedElsewhere": "0.00", "claimed": "1200.00",
    "room": "198800.00", "open": 1, "credited": 0, "refused": 0, "creditedShare": None, "days": None,
}  # fmt: skip
_ANSWER = {"credited": "900.00", "answeredOn": "2026-11-28", "creditNote": "CN-4471"}
_ANSWERED = EXAMPLE | _ANSWER | {"state": "credited", "answeredBy": "Asha"}


class ClaimsDoor(ApiView):
    """Claims on companies, and what these still credit."""

    needs = {"GET": May.READ, "POST": May.DECIDE}

    @extend_schema(
        operation_id="listClaims",
        summary="Claims on companies, the latest first, with caps, what they credit and how soon",
        parameters=[
            OpenApiParameter("state", str, enum=[one.value for one in ClaimState]),
            OpenApiParameter("company", str),
            OpenApiParameter("sku", str),
            OpenApiParameter("limit", int, description="1 to 1000"),
        ],
        responses=ClaimList,
        examples=[
            OpenApiExample(
                "one claim", response_only=True, value={"results": [EXAMPLE], "companies": [_COMPANY]}
            )
        ],
    )
    def get(self, request: Request) -> Response:
        state = read_text(request, "state")
        if state and state not in set(ClaimState):
            raise bad_query("state", _("one of %(known)s", known=", ".join(ClaimState)), state)
        found = list_claims(state, read_text(request, "company"), read_text(request, "sku"))
        return Response(
            {
                "results": [claim_out(row) for row in with_goods(found)[: read_limit(request)]],
                "companies": [company_out(one) for one in list_companies(ist_day(timezone.now()))],
            }
        )

    @extend_schema(
        operation_id="fileClaim",
        summary="Record a claim that was filed with a company: it counts towards its cap; no stock moves",
        request=ClaimIn,
        responses={201: ClaimOut},
        examples=[
            OpenApiExample("forty pieces", request_only=True, value=_FILED),
            OpenApiExample("recorded", response_only=True, value=EXAMPLE, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        given: dict[str, Any] = read(ClaimIn, request)
        row = file_claim(
            sku=given["sku"], batch=given["batch"], location=given["location"], pieces=given["pieces"],
            amount_paise=parse_rupees(given["amount"]), filed_on=given["filedOn"],
            reference=given["reference"], actor=self.actor, at=timezone.now(),
        )  # fmt: skip
        return Response(claim_out(get_claim(row.pk)), status=201)


class ClaimDoor(ApiView):
    """One claim."""

    @extend_schema(
        operation_id="getClaim",
        summary="One claim on a company and what became of it",
        responses=ClaimOut,
        examples=[OpenApiExample("open", response_only=True, value=EXAMPLE)],
    )
    def get(self, request: Request, claim_id: int) -> Response:
        return Response(claim_out(get_claim(claim_id)))


class ClaimAnswerDoor(ApiView):
    """What a company answered."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="answerClaim",
        summary="Record what a company credits of a claim; 0 refuses it",
        request=ClaimAnswerIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("in part", request_only=True, value=_ANSWER),
            OpenApiExample("recorded", response_only=True, value=_ANSWERED),
        ],
    )
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimAnswerIn, request)
        answer_claim(
            claim_id, credited_paise=parse_rupees(given["credited"], field="credited"),
            answered_on=given["answeredOn"], credit_note=given["creditNote"], note=given["note"],
            actor=self.actor, at=timezone.now(),
        )  # fmt: skip
        return Response(claim_out(get_claim(claim_id)))


class ClaimBackDoor(ApiView):
    """A claim taken back."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="withdrawClaim",
        summary="Take back a claim that was not answered: it counts as never made",
        request=ClaimBackIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("a slip", request_only=True, value={"reason": "filed under the wrong number"}),
            OpenApiExample("withdrawn", response_only=True, value=EXAMPLE | {"state": "withdrawn"}),
        ],
    )
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimBackIn, request)
        withdraw_claim(claim_id, reason=given["reason"], actor=self.actor, at=timezone.now())
        return Response(claim_out(get_claim(claim_id)))
