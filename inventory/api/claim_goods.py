"""Doors of a claim's goods: sent, called back, received, home or destroyed; and of a corrected answer."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.api.claims import EXAMPLE, GOODS
from inventory.contracts.outcomes import SendingState, Stay
from inventory.selectors.claim_goods import company_party
from inventory.selectors.claims import get_claim
from inventory.serializers.claims import (
    ClaimCallIn,
    ClaimCorrectIn,
    ClaimFateIn,
    ClaimOut,
    ClaimReceiptIn,
    ClaimRestIn,
    ClaimSendIn,
    claim_out,
)
from inventory.services.claim_goods import call_back_claim, send_claim, settle_claim_goods
from inventory.services.claim_receipt_back import take_back_receipt
from inventory.services.claim_receipts import receive_claim_goods
from inventory.services.claim_rest import close_claim
from inventory.services.claims import correct_answer
from vyapar.engine.api import read
from vyapar.gateway.views import ApiView
from vyapar.kernel.money import parse_rupees
from vyapar.people.contracts import May

_SEND = {
    "pieces": 40, "route": "financial_credit_note", "company": "Tivrano Foods Ltd",
    "gstin": "24AAACT2727Q1Z2", "address": "1 Mill Road", "place": "Ahmedabad", "pincode": "380001",
    "distanceKm": 530, "vehicleNumber": "MH12AB1234",
}  # fmt: skip
_SENT: dict[str, Any] = {
    "id": 7, "pieces": 40, "route": "financial_credit_note", "state": "sent",
    "papers": [{
        "number": "DC/27/2627/00014", "kind": "delivery_challan",
        "documentId": "0b0f6f0e-5a83-4c0f-9a55-0a4c8f1b1f10", "simulated": False,
    }],
    "sentAt": "2026-11-29T10:00:00+05:30", "sentBy": "Asha", "endedAt": None,
    "reason": "", "creditNote": "", "received": None, "damaged": 0, "missing": "", "missingCreditNote": "",
}  # fmt: skip
_ENDED = _SENT | {"endedAt": "2026-11-29T12:00:00+05:30"}
_REST = {"stay": "destroyed", "reason": "the company's officer saw it, certificate 14"}
_SHORT = {"received": 30, "damaged": 4, "missing": "transporter", "reason": "a carton fell off the lorry"}
_GOODS = GOODS | {"here": 0, "onTheWay": 40}
_ANSWERED = {"credited": "90.00", "answeredOn": "2026-11-28", "creditNote": "CN-4471"}


class ClaimCorrectDoor(ApiView):
    """An answer that was recorded wrongly."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="correctClaimAnswer",
        summary="Put another answer in place of a wrong one: the trail keeps both, and why",
        request=ClaimCorrectIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("a slip", request_only=True, value=_ANSWERED | {"reason": "one nought too many"}),
            OpenApiExample(
                "corrected", response_only=True,
                value=EXAMPLE | _ANSWERED | {"state": "credited", "answeredBy": "Asha"},
            ),
        ],
    )  # fmt: skip
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimCorrectIn, request)
        correct_answer(
            claim_id, credited_paise=parse_rupees(given["credited"], field="credited"),
            answered_on=given["answeredOn"], credit_note=given["creditNote"], note=given["note"],
            reason=given["reason"], actor=self.actor, at=timezone.now(),
        )  # fmt: skip
        return Response(claim_out(get_claim(claim_id)))


class ClaimSendDoor(ApiView):
    """Goods of a claim on their way to the company."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="sendClaimGoods",
        summary="Let goods of a claim leave, all or a part: out of the stock, with the paper of their way",
        request=ClaimSendIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("forty pieces", request_only=True, value=_SEND),
            OpenApiExample(
                "sent", response_only=True, value=EXAMPLE | {"goods": _GOODS, "sendings": [_SENT]}
            ),
        ],
    )
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimSendIn, request)
        send_claim(
            claim_id, pieces=given["pieces"], route=given["route"], distance_km=given["distanceKm"],
            vehicle_number=given["vehicleNumber"], actor=self.actor, at=timezone.now(),
            company=company_party(
                given["company"], given["gstin"], address=given["address"], place=given["place"],
                pincode=given["pincode"],
            ),
        )  # fmt: skip
        return Response(claim_out(get_claim(claim_id)))


class ClaimCallDoor(ApiView):
    """Goods that did not leave after all."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="callClaimGoodsBack",
        summary="Goods of a claim did not leave after all: they stand here, and their paper is taken back",
        request=ClaimCallIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("no lorry", request_only=True, value={"reason": "the lorry never came"}),
            OpenApiExample(
                "called back", response_only=True,
                value=EXAMPLE | {"sendings": [_ENDED | {"state": "called_back", "reason": "no lorry"}]},
            ),
        ],
    )  # fmt: skip
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimCallIn, request)
        call_back_claim(
            claim_id, sending_id=given.get("sending"), reason=given["reason"], actor=self.actor,
            at=timezone.now(),
        )  # fmt: skip
        return Response(claim_out(get_claim(claim_id)))


class ClaimReceiptDoor(ApiView):
    """What the company says it received."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="receiveClaimGoods",
        summary="What the company has of a sending in order, and what has become of the rest",
        request=ClaimReceiptIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("ten are missing", request_only=True, value=_SHORT),
            OpenApiExample(
                "kept", response_only=True,
                value=EXAMPLE | {
                    "due": "900.00", "goods": _GOODS | {"onTheWay": 0, "received": 30, "lost": 10},
                    "sendings": [_ENDED | _SHORT | {"state": "received"}],
                },
            ),
        ],
    )  # fmt: skip
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimReceiptIn, request)
        receive_claim_goods(
            claim_id, sending_id=given.get("sending"), received=given["received"], damaged=given["damaged"],
            missing=given["missing"], reason=given["reason"], actor=self.actor, at=timezone.now(),
        )  # fmt: skip
        return Response(claim_out(get_claim(claim_id)))


class ClaimReceiptBackDoor(ApiView):
    """A receipt that was told wrongly."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="takeBackClaimReceipt",
        summary="Take back what a company was said to have received: its goods are on their way again",
        description=(
            "By whoever told it, or with the permission `rules`. What was written off is booked back and its "
            "input tax credit with it, what came home leaves again, our credit note over it is cancelled in "
            "its own month; 409 says which of these cannot be any more, and what to do instead."
        ),
        request=ClaimCallIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("a slip", request_only=True, value={"reason": "it was another claim's receipt"}),
            OpenApiExample(
                "taken back", response_only=True, value=EXAMPLE | {"goods": _GOODS, "sendings": [_SENT]}
            ),
        ],
    )
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimCallIn, request)
        caller: Any = request.user
        take_back_receipt(
            claim_id, sending_id=given.get("sending"), reason=given["reason"], actor=self.actor,
            of_others=caller.may(May.RULES), at=timezone.now(),
        )  # fmt: skip
        return Response(claim_out(get_claim(claim_id)))


class ClaimFateDoor(ApiView):
    """Goods that the company did not take."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="settleClaimGoods",
        summary="Goods of a refused claim came home, or were destroyed and are written off",
        request=ClaimFateIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("home", request_only=True, value={"fate": "returned", "reason": "seal broken"}),
            OpenApiExample(
                "came home", response_only=True,
                value=EXAMPLE | {
                    "goods": _GOODS | {"onTheWay": 0, "cameHome": 40},
                    "sendings": [_ENDED | {"state": "returned", "reason": "seal broken"}],
                },
            ),
        ],
    )  # fmt: skip
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimFateIn, request)
        settle_claim_goods(
            claim_id, sending_id=given.get("sending"), fate=SendingState(given["fate"]),
            reason=given["reason"], actor=self.actor, at=timezone.now(),
        )  # fmt: skip
        return Response(claim_out(get_claim(claim_id)))


class ClaimRestDoor(ApiView):
    """Pieces of a claim that never leave."""

    needs = {"POST": May.DECIDE}

    @extend_schema(
        operation_id="settleClaimRest",
        summary="Pieces that are still here: kept or destroyed by the company's leave, or claimed no more",
        request=ClaimRestIn,
        responses=ClaimOut,
        examples=[
            OpenApiExample("destroyed", request_only=True, value=_REST),
            OpenApiExample(
                "written off", response_only=True,
                value=EXAMPLE | _ANSWERED | {
                    "state": "credited", "answeredBy": "Asha", "goods": GOODS | {"here": 0, "destroyed": 40},
                    "creditToReverse": {"byNote": "0.00", "expected": False, "byLoss": "60.00"},
                },
            ),
        ],
    )  # fmt: skip
    def post(self, request: Request, claim_id: int) -> Response:
        given: dict[str, Any] = read(ClaimRestIn, request)
        close_claim(
            claim_id, stay=Stay(given["stay"]), reason=given["reason"], actor=self.actor, at=timezone.now()
        )
        return Response(claim_out(get_claim(claim_id)))
