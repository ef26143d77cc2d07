"""Doors for transfers: ask for one, list them, book a receipt, record what the carrier billed."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from reallocation import services
from reallocation.models import Transfer
from reallocation.serializers import (
    FreightIn,
    ReallocationIn,
    ReceiptIn,
    TransferOut,
    TransferPage,
    transfers_out,
)
from vyapar.engine.api import check_text, read, read_after
from vyapar.engine.serializers import ActionOut, action_out
from vyapar.gateway.views import ApiView, read_limit
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.money import parse_rupees
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_BILL = {"billed": "2650.00", "reference": "LR-40817"}
_LOAD = {
    "transferId": 7, "actionId": "5b0f4a52-7c53-4f8e-9a54-0b0d8a3c6c11",
    "recommendationId": "0d6f4c1e-35a4-4d0e-8f29-6c6a4a4d6f10", "status": "received",
    "sourceLocation": "GD-MUM", "destinationLocation": "GD-PUN", "sourceTerritory": "MUM",
    "targetTerritory": "PUN", "transportationCost": "2140.00",
    "freight": _BILL | {"recordedOn": "2026-11-28"}, "expectedRevenue": "18400.00",
    "complianceDocuments": ["DC/26-27/00031"], "dispatchedAt": "2026-11-24T05:40:00Z",
    "dueDate": "2026-11-26", "receivedAt": "2026-11-26T09:12:00Z",
    "lines": [
        {"sku": "BIS-100", "batch": "B2611A", "sent": 240, "received": 240, "damaged": 0, "short": 0}
    ],
}  # fmt: skip


class Reallocation(ApiView):
    """Ask for stock of a SKU to be moved between territories."""

    needs = May.DECIDE

    @extend_schema(operation_id="requestReallocation", request=ReallocationIn, responses={202: ActionOut})
    def put(self, request: Request, sku: str) -> Response:
        body = read(ReallocationIn, request)
        if body["sourceTerritory"] == body["targetTerritory"]:
            fault = Fault("same_territory", _("name another territory"), "targetTerritory")
            raise Invalid(_("source and target are one territory"), code="same_territory", faults=[fault])
        action = services.ask_for(
            check_text("sku", sku),
            source_territory=body["sourceTerritory"],
            target_territory=body["targetTerritory"],
            quantity=body["quantity"],
            reason=body["reason"],
            actor=self.actor,
            at=timezone.now(),
        )
        return Response(action_out(action), status=202)


class TransferList(ApiView):
    """Transfers with their lines."""

    @extend_schema(
        operation_id="listTransfers",
        parameters=[OpenApiParameter("after", int), OpenApiParameter("limit", int)],
        responses=TransferPage,
    )
    def get(self, request: Request) -> Response:
        after = read_after(request)
        rows = list(
            Transfer.objects.filter(pk__gt=after)
            .prefetch_related("lines")
            .order_by("pk")[: read_limit(request)]
        )
        return Response({"results": transfers_out(rows), "nextAfter": rows[-1].pk if rows else after})


class TransferReceipt(ApiView):
    """Book what arrived of a transfer."""

    needs = May.RECEIVE

    @extend_schema(operation_id="receiveTransfer", request=ReceiptIn, responses=TransferOut)
    def post(self, request: Request, transfer_id: int) -> Response:
        body = read(ReceiptIn, request)
        counted = {
            (line["sku"], line["batch"]): (line["received"], line["damaged"]) for line in body["lines"]
        }
        row = services.receive(transfer_id, counted, actor=self.actor, at=timezone.now())
        return Response(transfers_out([row])[0])


class TransferFreight(ApiView):
    """Record what the carrier billed for a transfer."""

    needs = May.RECEIVE

    @extend_schema(
        operation_id="billFreight",
        summary="Record what the carrier billed for a load: the next proposals learn from it",
        request=FreightIn,
        responses=TransferOut,
        examples=[
            OpenApiExample("a lorry receipt", request_only=True, value=_BILL),
            OpenApiExample("recorded", response_only=True, value=_LOAD),
        ],
    )
    def post(self, request: Request, transfer_id: int) -> Response:
        body = read(FreightIn, request)
        row = services.bill_freight(
            transfer_id,
            billed_paise=parse_rupees(body["billed"], field="billed"),
            reference=body["reference"],
            actor=self.actor,
            at=timezone.now(),
        )
        return Response(transfers_out([row])[0])
