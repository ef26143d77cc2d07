"""Pieces of a claim that never leave: kept or destroyed as the company lets them be, or claimed no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from inventory.contracts.outcomes import CREDITED_HERE, MAY_LEAVE, ClaimState, Stay
from inventory.models import Claim
from inventory.selectors.claim_books import stay_reference
from inventory.selectors.claim_goods import goods_of, standing_of
from inventory.services.claim_books import book_answer
from inventory.services.claim_parts import BY_ROUTE, check_free, spot_of, stock_line, why_of
from inventory.services.claims import lock_claim, void_pieces
from inventory.services.transfers import write_off
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import RETURN_ROUTES


@transaction.atomic
def close_claim(claim_id: int, *, stay: Stay, reason: str, actor: Actor, at: datetime) -> Claim:
    """Say what becomes of a claim's pieces that are still here, for good.

    `kept`: the company credits them and lets them be sold; `destroyed`: it credits them and lets them be
    destroyed here, so they are written off and the input tax credit on them is reversed (s.17(5)(h) CGST
    Act). Either is covered by a financial credit note alone, which takes no credit back (Circular
    251/08/2025): a GST credit note is for goods that went back (s.34(1)). Its debit note goes to the books.
    `released`: they are claimed no more and may be claimed anew.

    `Refused` when none are here, when the claim is not credited (but for `released`), when its goods went
    another way than against a financial credit note, when expired goods would be kept for sale, or when all
    would be released; `Invalid` names every field that is wrong.
    """
    claim = lock_claim(claim_id)
    _check_state(claim, stay)
    pieces = _pieces(claim, stay)
    why = why_of(reason)
    if stay in CREDITED_HERE:
        _check_lawful(claim, stay, at)
    if stay is Stay.DESTROYED:
        check_free(spot_of(claim, pieces), pieces)
        write_off(
            [stock_line(claim, pieces)], reason=why, reference=stay_reference(claim), number=claim.reference,
            actor=actor, at=at,
        )  # fmt: skip
    claim.stay, claim.stayed, claim.stayed_at = stay.value, claim.stayed + pieces, at
    claim.stayed_by, claim.stay_reason = str(actor), why
    claim.save()
    if stay is Stay.RELEASED:
        void_pieces(claim, pieces)
    book_answer(claim, reason=why, actor=actor, at=at)
    append_audit(
        actor=actor, verb="ClaimRestSettled", subject=f"claim:{claim.pk}", at=at, after=_told(claim, pieces),
        reason=why,
    )  # fmt: skip
    return claim


def _check_state(claim: Claim, stay: Stay) -> None:
    if claim.state not in MAY_LEAVE:
        raise Refused(_("this claim is %(state)s already", state=coded(claim.state)), code="claim_closed")
    if stay in CREDITED_HERE and claim.state != ClaimState.CREDITED:
        raise Refused(
            _("its company has not credited this claim: record its answer first"), code="claim_not_credited"
        )
    if claim.stay not in ("", stay):
        raise Refused(
            _("other pieces of this claim were %(stay)s: the rest goes the same way", stay=coded(claim.stay)),
            code="claim_stayed",
        )


def _pieces(claim: Claim, stay: Stay) -> int:
    """Those that are still here; some must stay on the claim."""
    here = goods_of(claim).here
    if not here:
        raise Refused(_("no goods of this claim are here any more"), code="nothing_here")
    if stay is Stay.RELEASED and here == claim.due_pieces:
        told = _("nothing would be left of this claim: withdraw it, or correct the answer to 0")
        raise Refused(told, code="nothing_left")
    return here


def _check_lawful(claim: Claim, stay: Stay, at: datetime) -> None:
    if any(sent.route != RETURN_ROUTES[2] for sent in standing_of(claim)):
        told = _(
            "goods of this claim went as %(route)s, which does not cover what stays: release the rest and "
            "claim it anew against a financial credit note",
            route=BY_ROUTE[standing_of(claim)[0].route],
        )
        raise Refused(told, code="another_way", faults=[Fault("another_way", told, "stay", value=stay)])
    expiry = claim.batch.expiry_date
    if stay is Stay.KEPT and expiry is not None and expiry < ist_day(at):
        told = _(
            "these goods expired on %(day)s: they may not be sold, destroy them", day=f"{expiry:%d-%m-%Y}"
        )
        raise Invalid(
            _("these goods cannot be kept"), code="expired",
            faults=[Fault("expired", told, "stay", value=stay)],
        )  # fmt: skip


def _told(claim: Claim, pieces: int) -> dict[str, Any]:
    """What became of the rest, as the trail keeps it."""
    goods = claim.batch
    return {
        "sku": goods.sku.code, "batch": goods.number, "location": claim.location.code, "pieces": pieces,
        "stay": str(claim.stay), "credited_paise": claim.credited_paise, "void": claim.void,
    }  # fmt: skip
