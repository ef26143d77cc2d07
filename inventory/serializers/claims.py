"""Shapes of claims on companies at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.contracts.outcomes import FATES, ClaimState, SendingState
from inventory.models import Claim, ClaimSending
from inventory.selectors.claims import Company, sending_of
from vyapar.kernel.money import rupees
from vyapar.law.itc import RETURN_ROUTES

_PAPER = {"number": "number", "kind": "kind", "documentId": "document_id", "simulated": "simulated"}
_STATES = [one.value for one in ClaimState]


class ClaimIn(serializers.Serializer[Any]):
    """A claim as it was filed with the company; nothing is sent to it by this, and no stock moves."""

    sku = serializers.CharField(max_length=60)
    batch = serializers.CharField(max_length=60)
    location = serializers.CharField(max_length=40)
    pieces = serializers.IntegerField(max_value=10**12)
    amount = serializers.CharField(max_length=20, help_text="rupees asked for, without GST")
    filedOn = serializers.DateField()
    reference = serializers.CharField(max_length=60, help_text="the number under which it was filed")


class ClaimAnswerIn(serializers.Serializer[Any]):
    """What the company answered."""

    credited = serializers.CharField(max_length=20, help_text="rupees, without GST; 0 when it is refused")
    answeredOn = serializers.DateField()
    creditNote = serializers.CharField(max_length=60, required=False, allow_blank=True, default="")
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class ClaimBackIn(serializers.Serializer[Any]):
    """Why a claim is taken back."""

    reason = serializers.CharField(max_length=300)


class ClaimCorrectIn(ClaimAnswerIn):
    """Another answer in place of one that was recorded wrongly."""

    reason = serializers.CharField(max_length=300, help_text="what was wrong with it")


class ClaimSendIn(serializers.Serializer[Any]):
    """Goods of a claim as they leave, and the company as it stands on their paper."""

    pieces = serializers.IntegerField(max_value=10**12, help_text="1 to the pieces of the claim")
    route = serializers.ChoiceField(
        RETURN_ROUTES, help_text="a challan against a credit note, or a tax invoice of ours"
    )
    company = serializers.CharField(max_length=200, help_text="its legal name")
    gstin = serializers.CharField(max_length=15)
    address = serializers.CharField(max_length=200)
    place = serializers.CharField(max_length=60)
    pincode = serializers.CharField(max_length=6)
    distanceKm = serializers.IntegerField(min_value=0, max_value=4000, required=False, default=0)
    vehicleNumber = serializers.CharField(max_length=20, required=False, allow_blank=True, default="")


class ClaimFateIn(serializers.Serializer[Any]):
    """What became of goods that the company did not take, and why."""

    fate = serializers.ChoiceField([one.value for one in FATES])
    reason = serializers.CharField(max_length=300)


class ClaimPaperOut(serializers.Serializer[Any]):
    """A paper that left with goods of a claim."""

    number = serializers.CharField()
    kind = serializers.CharField()
    documentId = serializers.CharField()
    simulated = serializers.BooleanField()


class ClaimGoodsOut(serializers.Serializer[Any]):
    """Goods of a claim that left for the company."""

    pieces = serializers.IntegerField()
    route = serializers.ChoiceField(RETURN_ROUTES)
    state = serializers.ChoiceField([one.value for one in SendingState])
    papers = ClaimPaperOut(many=True)
    creditToReverse = serializers.CharField(help_text="rupees of input tax credit, by the way back")
    sentAt = serializers.DateTimeField()
    sentBy = serializers.CharField()
    endedAt = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    creditNote = serializers.CharField(allow_blank=True, help_text="ours, over the invoice, where one was")


class ClaimOut(serializers.Serializer[Any]):
    """A claim on a company and what became of it; money as decimal strings of rupees."""

    id = serializers.IntegerField()
    company = serializers.CharField()
    sku = serializers.CharField()
    batch = serializers.CharField()
    location = serializers.CharField()
    territory = serializers.CharField()
    pieces = serializers.IntegerField()
    amount = serializers.CharField()
    filedOn = serializers.DateField()
    reference = serializers.CharField()
    state = serializers.ChoiceField(_STATES)
    credited = serializers.CharField(allow_null=True)
    answeredOn = serializers.DateField(allow_null=True)
    creditNote = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    filedBy = serializers.CharField()
    answeredBy = serializers.CharField(allow_blank=True)
    goods = ClaimGoodsOut(allow_null=True, help_text="null while nothing of it was ever sent")


class ClaimCompanyOut(serializers.Serializer[Any]):
    """What a company was asked this financial year, what its cap leaves, and how it answered ever."""

    company = serializers.CharField()
    cap = serializers.CharField(allow_null=True, help_text="a financial year's; null: none")
    claimedElsewhere = serializers.CharField()
    claimed = serializers.CharField(help_text="open claims of the year, and what others were credited")
    room = serializers.CharField(allow_null=True)
    open = serializers.IntegerField()
    credited = serializers.IntegerField()
    refused = serializers.IntegerField()
    creditedShare = serializers.FloatField(allow_null=True, help_text="of the rupees that were answered")
    days = serializers.IntegerField(allow_null=True, help_text="until it credits, the middle one")


class ClaimList(serializers.Serializer[Any]):
    """Claims, the latest first, and the companies."""

    results = ClaimOut(many=True)
    companies = ClaimCompanyOut(many=True)


def claim_out(row: Claim) -> dict[str, Any]:
    """The outside form of a claim."""
    return {
        "id": row.pk,
        "company": row.brand.name,
        "sku": row.batch.sku.code,
        "batch": row.batch.number,
        "location": row.location.code,
        "territory": row.location.territory.code,
        "pieces": row.pieces,
        "amount": rupees(row.amount_paise),
        "filedOn": row.filed_on,
        "reference": row.reference,
        "state": str(row.state),
        "credited": None if row.credited_paise is None else rupees(row.credited_paise),
        "answeredOn": row.answered_on,
        "creditNote": row.credit_note,
        "note": row.note,
        "filedBy": row.filed_by,
        "answeredBy": row.answered_by,
        "goods": _goods_out(sending_of(row)),
    }


def _goods_out(sent: ClaimSending | None) -> dict[str, Any] | None:
    if sent is None:
        return None
    return {
        "pieces": sent.pieces,
        "route": sent.route,
        "state": str(sent.state),
        "papers": [{name: paper[key] for name, key in _PAPER.items()} for paper in sent.papers],
        "creditToReverse": rupees(sent.itc_paise),
        "sentAt": sent.sent_at,
        "sentBy": sent.sent_by,
        "endedAt": sent.ended_at,
        "reason": sent.reason,
        "creditNote": sent.credited["paper"]["number"] if sent.credited else "",
    }


def company_out(one: Company) -> dict[str, Any]:
    """The outside form of a company."""
    cap = one.brand.claim_cap_paise
    return {
        "company": one.brand.name,
        "cap": None if cap is None else rupees(cap),
        "claimedElsewhere": rupees(one.typed),
        "claimed": rupees(one.asked),
        "room": None if one.room is None else rupees(one.room),
        "open": one.open,
        "credited": one.credited,
        "refused": one.refused,
        "creditedShare": None if one.share_bp is None else one.share_bp / 10_000,
        "days": one.days,
    }
