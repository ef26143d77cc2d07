"""Goods of a claim: what was sent of them, how many are where, and as whom their company stands on papers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

from django.db.models import QuerySet

from inventory.contracts.outcomes import ClaimState, Missing, SendingState
from inventory.models import Claim, ClaimSending
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.facts import Party


@dataclass(frozen=True, slots=True)
class ClaimGoods:
    """Pieces of a claim by what became of them: each counts once, so they add up to what was claimed.

    `here` stand where they stood and may leave yet; `away` are on their way; `received`: the company has
    them; `disputed`: it says it has not, and is mistaken; `home` came back because it did not take them;
    `lost` on the road; `destroyed` there or here; `kept` here and credited all the same; `released` from the
    claim.
    """

    here: int = 0
    away: int = 0
    received: int = 0
    disputed: int = 0
    home: int = 0
    lost: int = 0
    destroyed: int = 0
    kept: int = 0
    released: int = 0


def with_goods(rows: QuerySet[Claim]) -> QuerySet[Claim]:
    """Claims with what was sent of them, in one query more."""
    return rows.prefetch_related("sendings")


def sendings_of(claim: Claim) -> list[ClaimSending]:
    """What was sent of a claim, the first one first. One query, none where the claim came `with_goods`."""
    return sorted(claim.sendings.all(), key=lambda one: one.pk)


def standing_of(claim: Claim) -> list[ClaimSending]:
    """What was sent of a claim and not called back, the first one first."""
    return [one for one in sendings_of(claim) if one.state != SendingState.CALLED_BACK]


def goods_of(claim: Claim) -> ClaimGoods:
    """The pieces of a claim by what became of them. One query, none where the claim came `with_goods`."""
    found: Counter[str] = Counter()
    for sending in standing_of(claim):
        found[_where(sending, claim)] += sending.pieces - sending.short
        if sending.short:
            found[_MISSING[Missing(sending.missing)]] += sending.short
    if claim.stay:
        found[claim.stay] += claim.stayed
    known = {one.name: found[one.name] for one in fields(ClaimGoods)}
    return ClaimGoods(**{**known, "here": claim.pieces - found.total()})


_WHERE = {
    SendingState.RECEIVED: "received",
    SendingState.RETURNED: "home",
    SendingState.DESTROYED: "destroyed",
}
_MISSING = {
    Missing.TRANSPORTER: "lost",
    Missing.LOST: "lost",
    Missing.HOME: "home",
    Missing.COMPANY: "disputed",
}


def _where(sending: ClaimSending, claim: Claim) -> str:
    if sending.state == SendingState.SENT:
        return "received" if is_with_company(sending, claim) else "away"
    return _WHERE[SendingState(sending.state)]


def is_with_company(sending: ClaimSending, claim: Claim) -> bool:
    """Whether goods that were sent and of which nothing was told since have arrived: what a company credits
    after they left, it has."""
    answered = claim.answered_on if claim.state == ClaimState.CREDITED else None
    is_sent = sending.state == SendingState.SENT
    return is_sent and answered is not None and answered >= ist_day(sending.sent_at)


def awaits_receipt(sending: ClaimSending) -> bool:
    """Whether its company has not said what it has of a sending, or is mistaken about it."""
    if sending.state == SendingState.RECEIVED:
        return sending.missing == Missing.COMPANY
    return sending.state == SendingState.SENT


def has_receipt(sending: ClaimSending) -> bool:
    """Whether what its company has of a sending was told, and the goods went no other way since."""
    return sending.state == SendingState.RECEIVED


def is_gone(sending: ClaimSending) -> bool:
    """Whether pieces of a sending are on their way or with the company: not home, lost or destroyed."""
    return awaits_receipt(sending) or (sending.state == SendingState.RECEIVED and bool(sending.received))


def company_party(name: str, gstin: str, *, address: str, place: str, pincode: str) -> Party:
    """A company as it stands on a paper; its State is that of its GSTIN."""
    number = gstin.strip().upper()
    return Party(
        legal_name=name.strip(), gstin=number, state_code=number[:2], pincode=pincode.strip(),
        place=place.strip(), address=address.strip(),
    )  # fmt: skip


def find_company_party(claim: Claim) -> dict[str, str]:
    """The company of a claim as it stood on the last paper to it, or as far as its goods' list names it."""
    last = ClaimSending.objects.filter(claim__brand_id=claim.brand_id).order_by("-sent_at").first()
    if last is not None:
        return dict(last.company)
    return {"legal_name": claim.brand.supplier_name or claim.brand.name, "gstin": claim.brand.supplier_gstin}
