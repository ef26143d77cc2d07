"""Shapes of claims on companies at the API."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from inventory.contracts.outcomes import FATES, ClaimState, Missing, SendingState, Stay
from inventory.models import Claim, ClaimSending
from inventory.selectors.claim_credit import ClaimCredit, credit_of_claim
from inventory.selectors.claim_goods import ClaimGoods, goods_of, sendings_of
from inventory.selectors.claims import Company
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


class ClaimCallIn(ClaimBackIn):
    """Why goods of a claim did not leave after all, or their receipt was told wrongly, and which."""

    sending = serializers.IntegerField(required=False, help_text="its id; where one lot is meant, none")


class ClaimCorrectIn(ClaimAnswerIn):
    """Another answer in place of one that was recorded wrongly."""

    reason = serializers.CharField(max_length=300, help_text="what was wrong with it")


class ClaimSendIn(serializers.Serializer[Any]):
    """Goods of a claim as they leave, and the company as it stands on their paper."""

    pieces = serializers.IntegerField(max_value=10**12, help_text="1 to those that have not left")
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


class ClaimFateIn(ClaimCallIn):
    """What became of goods that the company did not take, and why."""

    fate = serializers.ChoiceField([one.value for one in FATES])


class ClaimReceiptIn(serializers.Serializer[Any]):
    """What the company has of a sending in order, and what has become of the rest."""

    sending = serializers.IntegerField(required=False, help_text="its id; where one lot is on its way, none")
    received = serializers.IntegerField(min_value=0, max_value=10**12)
    damaged = serializers.IntegerField(
        min_value=0, max_value=10**12, required=False, default=0, help_text="of the rest: came to it spoilt"
    )
    missing = serializers.ChoiceField(
        ["", *[one.value for one in Missing]], required=False, default="",
        help_text="of the rest: its carrier owes for it, it is lost, it came home, or the company errs",
    )  # fmt: skip
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class ClaimRestIn(serializers.Serializer[Any]):
    """What becomes of pieces of a claim that are still here."""

    stay = serializers.ChoiceField(
        [one.value for one in Stay],
        help_text="credited and kept, credited and destroyed here, or not claimed any more",
    )
    reason = serializers.CharField(max_length=300)


class ClaimPaperOut(serializers.Serializer[Any]):
    """A paper that left with goods of a claim."""

    number = serializers.CharField()
    kind = serializers.CharField()
    documentId = serializers.CharField()
    simulated = serializers.BooleanField()


class ClaimSendingOut(serializers.Serializer[Any]):
    """Goods of a claim that left for the company together."""

    id = serializers.IntegerField()
    pieces = serializers.IntegerField()
    route = serializers.ChoiceField(RETURN_ROUTES)
    state = serializers.ChoiceField([one.value for one in SendingState])
    papers = ClaimPaperOut(many=True)
    sentAt = serializers.DateTimeField()
    sentBy = serializers.CharField()
    endedAt = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    creditNote = serializers.CharField(allow_blank=True, help_text="ours, over the invoice, where one was")
    received = serializers.IntegerField(allow_null=True, help_text="in order; null until the company said so")
    damaged = serializers.IntegerField(help_text="of the rest: came to it spoilt")
    missing = serializers.ChoiceField(
        ["", *[one.value for one in Missing]], help_text="what has become of the rest"
    )
    missingCreditNote = serializers.CharField(allow_blank=True, help_text="ours, over the rest")


class ClaimGoodsOut(serializers.Serializer[Any]):
    """Pieces of a claim by what became of them; they add up to what was claimed."""

    here = serializers.IntegerField(help_text="may leave yet")
    onTheWay = serializers.IntegerField()
    received = serializers.IntegerField()
    disputed = serializers.IntegerField(help_text="the company says it has not, and errs")
    cameHome = serializers.IntegerField()
    lost = serializers.IntegerField(help_text="on the road")
    destroyed = serializers.IntegerField(help_text="there or here")
    kept = serializers.IntegerField(help_text="here, and credited all the same")
    released = serializers.IntegerField(help_text="not claimed any more")


class ClaimTaxOut(serializers.Serializer[Any]):
    """Input tax credit that goes back because of a claim; rupees as decimal strings."""

    byNote = serializers.CharField(help_text="attributable to the company's GST credit note (s.34(2))")
    expected = serializers.BooleanField(help_text="the company has not answered: all is counted")
    byLoss = serializers.CharField(help_text="of goods that were destroyed or lost (s.17(5)(h))")


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
    due = serializers.CharField(help_text="of the amount: for pieces that the company can still credit")
    filedOn = serializers.DateField()
    reference = serializers.CharField()
    state = serializers.ChoiceField(_STATES)
    credited = serializers.CharField(allow_null=True)
    answeredOn = serializers.DateField(allow_null=True)
    creditNote = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    filedBy = serializers.CharField()
    answeredBy = serializers.CharField(allow_blank=True)
    goods = ClaimGoodsOut()
    creditToReverse = ClaimTaxOut()
    sendings = ClaimSendingOut(many=True, help_text="the first one first, those called back too")


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
        "due": rupees(row.due_paise),
        "filedOn": row.filed_on,
        "reference": row.reference,
        "state": str(row.state),
        "credited": None if row.credited_paise is None else rupees(row.credited_paise),
        "answeredOn": row.answered_on,
        "creditNote": row.credit_note,
        "note": row.note,
        "filedBy": row.filed_by,
        "answeredBy": row.answered_by,
        "goods": _goods_out(goods_of(row)),
        "creditToReverse": _tax_out(credit_of_claim(row)),
        "sendings": [_sending_out(one) for one in sendings_of(row)],
    }


def _goods_out(goods: ClaimGoods) -> dict[str, int]:
    return {
        "here": goods.here,
        "onTheWay": goods.away,
        "received": goods.received,
        "disputed": goods.disputed,
        "cameHome": goods.home,
        "lost": goods.lost,
        "destroyed": goods.destroyed,
        "kept": goods.kept,
        "released": goods.released,
    }


def _tax_out(credit: ClaimCredit) -> dict[str, Any]:
    return {
        "byNote": rupees(credit.by_note),
        "expected": credit.is_expected,
        "byLoss": rupees(credit.by_loss),
    }


def _sending_out(sent: ClaimSending) -> dict[str, Any]:
    return {
        "id": sent.pk,
        "pieces": sent.pieces,
        "route": sent.route,
        "state": str(sent.state),
        "papers": [{name: paper[key] for name, key in _PAPER.items()} for paper in sent.papers],
        "sentAt": sent.sent_at,
        "sentBy": sent.sent_by,
        "endedAt": sent.ended_at,
        "reason": sent.reason,
        "creditNote": _number(sent.credited),
        "received": sent.received,
        "damaged": sent.damaged,
        "missing": str(sent.missing),
        "missingCreditNote": _number(sent.missing_credited),
    }


def _number(note: Any) -> str:
    return str(note["paper"]["number"]) if note else ""


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
