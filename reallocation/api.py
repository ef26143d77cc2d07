"""Doors for transfers: ask for one, list them, book a receipt."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from reallocation import services
from reallocation.models import Transfer
from reallocation.serializers import (
    ReallocationIn,
    ReceiptIn,
    TransferOut,
    TransferPage,
    transfer_out,
)
from vyapar.engine.api import check_text, read, read_after
from vyapar.engine.serializers import ActionOut, action_out
from vyapar.gateway.views import ApiView, read_limit
from vyapar.kernel.errors import Fault, Invalid
from vyapar.people.contracts import May


class Reallocation(ApiView):
    """Ask for stock of a SKU to be moved between territories."""

    needs = May.DECIDE

    @extend_schema(operation_id="requestReallocation", request=ReallocationIn, responses={202: ActionOut})
    def put(self, request: Request, sku: str) -> Response:
        body = read(ReallocationIn, request)
        if body["sourceTerritory"] == body["targetTerritory"]:
            fault = Fault("same_territory", "name another territory", "targetTerritory")
            raise Invalid("source and target are one territory", code="same_territory", faults=[fault])
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
        return Response(
            {"results": [transfer_out(row) for row in rows], "nextAfter": rows[-1].pk if rows else after}
        )


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
        return Response(transfer_out(row))
