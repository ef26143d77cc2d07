"""Shapes of claims on companies at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.contracts.outcomes import ClaimState
from inventory.models import Claim
from inventory.selectors.claims import Company
from vyapar.kernel.money import rupees

_STATES = [one.value for one in ClaimState]


class ClaimIn(serializers.Serializer[Any]):
    """A claim as it was filed with the company; nothing is sent to it and no stock moves."""

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
