"""Shapes of transfers at the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from inventory.selectors.outcomes import Bill, last_bills
from reallocation.models import Transfer
from vyapar.kernel.money import rupees


class ReallocationIn(serializers.Serializer[Any]):
    """Ask for pieces of a SKU to be moved from one territory to another."""

    sourceTerritory = serializers.CharField(max_length=40)
    targetTerritory = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1, max_value=10_000_000)
    reason = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)


class ReceiptLineIn(serializers.Serializer[Any]):
    """What arrived of one batch; what is neither received nor damaged is short."""

    sku = serializers.CharField(max_length=60)
    batch = serializers.CharField(max_length=60, allow_blank=True)
    received = serializers.IntegerField(min_value=0, max_value=10**12)
    damaged = serializers.IntegerField(min_value=0, max_value=10**12, default=0)


class ReceiptIn(serializers.Serializer[Any]):
    """A receipt; lines left out count as fully received."""

    lines = ReceiptLineIn(many=True, required=False, default=list)


class FreightIn(serializers.Serializer[Any]):
    """What the carrier billed for a load; billed again, the last bill holds."""

    billed = serializers.CharField(
        max_length=20, help_text="rupees for freight, papers and handling, without GST"
    )
    reference = serializers.CharField(max_length=60, help_text="the number of the carrier's bill")


class FreightOut(serializers.Serializer[Any]):
    """The bill of a load that holds."""

    billed = serializers.CharField()
    reference = serializers.CharField()
    recordedOn = serializers.DateField()


class TransferLineOut(serializers.Serializer[Any]):
    """One batch on a transfer."""

    sku = serializers.CharField()
    batch = serializers.CharField(allow_blank=True)
    sent = serializers.IntegerField()
    received = serializers.IntegerField()
    damaged = serializers.IntegerField()
    short = serializers.IntegerField()


class TransferOut(serializers.Serializer[Any]):
    """A load on its way or arrived."""

    transferId = serializers.IntegerField()
    actionId = serializers.UUIDField()
    recommendationId = serializers.CharField()
    status = serializers.ChoiceField(Transfer.State.choices)
    sourceLocation = serializers.CharField()
    destinationLocation = serializers.CharField()
    sourceTerritory = serializers.CharField()
    targetTerritory = serializers.CharField()
    transportationCost = serializers.CharField()
    freight = FreightOut(allow_null=True, help_text="what the carrier billed; null before its bill")
    expectedRevenue = serializers.CharField()
    complianceDocuments = serializers.ListField(child=serializers.CharField())
    dispatchedAt = serializers.DateTimeField()
    dueDate = serializers.DateField()
    receivedAt = serializers.DateTimeField(allow_null=True)
    lines = TransferLineOut(many=True)


class TransferPage(serializers.Serializer[Any]):
    """Transfers, oldest first; go on with `after=nextAfter`."""

    results = TransferOut(many=True)
    nextAfter = serializers.IntegerField()


def transfers_out(rows: Sequence[Transfer]) -> list[dict[str, Any]]:
    """The outside form of transfers, with what was billed for each. One query more than the rows'."""
    bills = last_bills(row.action_id for row in rows)
    return [_transfer(row, bills.get(row.action_id)) for row in rows]


def _transfer(row: Transfer, bill: Bill | None) -> dict[str, Any]:
    return {
        "transferId": row.pk,
        "actionId": str(row.action_id),
        "recommendationId": row.recommendation_id,
        "status": row.state,
        "sourceLocation": row.source,
        "destinationLocation": row.destination,
        "sourceTerritory": row.source_territory,
        "targetTerritory": row.target_territory,
        "transportationCost": rupees(row.cost_paise),
        "freight": bill
        and {"billed": rupees(bill.paise), "reference": bill.reference, "recordedOn": bill.recorded_on},
        "expectedRevenue": rupees(row.expected_revenue_paise),
        "complianceDocuments": [paper["number"] for paper in row.documents],
        "dispatchedAt": row.dispatched_at,
        "dueDate": row.due_date.isoformat(),
        "receivedAt": row.received_at,
        "lines": [
            {
                "sku": line.sku,
                "batch": line.batch,
                "sent": line.sent,
                "received": line.received,
                "damaged": line.damaged,
                "short": line.short,
            }
            for line in row.lines.all()
        ],
    }
