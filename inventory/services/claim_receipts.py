"""What a company says it received of a claim's goods, and what becomes of the pieces it says it has not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction

from inventory.contracts.outcomes import GONE, Missing, SendingState
from inventory.models import ClaimSending
from inventory.selectors.claim_books import short_key
from inventory.selectors.claim_goods import awaits_receipt
from inventory.services.claim_books import book_answer
from inventory.services.claim_parts import check_open, come_home, destroy, end, one_of, tell, why_of
from inventory.services.claims import lock_claim, void_pieces
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _


@transaction.atomic
def receive_claim_goods(
    claim_id: int,
    *,
    received: int,
    actor: Actor,
    at: datetime,
    damaged: int = 0,
    missing: str = "",
    reason: str = "",
    sending_id: int | None = None,
) -> ClaimSending:
    """What the company has of a sending in order, and where the rest went (`Missing`), with the reason.

    `damaged` of the rest reached it spoilt. What the transporter or the distributor lost is booked home and
    written off, its input tax credit reversed (s.17(5)(h) CGST Act); what came home stands here again; an
    invoice is credited for either as far as s.34(2) still allows, and neither is credited by the company any
    more. Where the company is mistaken nothing moves: the pieces stay claimed, and this is asked once more
    when it is settled. `Refused` when none are on their way, and for a claim that was refused or withdrawn;
    `Invalid` names every field that is wrong.
    """
    claim = lock_claim(claim_id)
    check_open(claim)
    sending = one_of(claim, sending_id, is_meant=awaits_receipt)
    _check(sending, received, damaged, missing, reason)
    why = why_of(reason) if received < sending.pieces else reason.strip()[:300]
    sending.received, sending.damaged, sending.missing = received, damaged, missing
    end(sending, SendingState.RECEIVED, why, actor, at)
    if sending.short and missing != Missing.COMPANY:
        _let_go(sending, why, actor, at)
    tell("ClaimGoodsReceived", sending, actor, at)
    return sending


def _check(sending: ClaimSending, received: int, damaged: int, missing: str, reason: str) -> None:
    if 0 <= received <= sending.pieces:
        faults = list(_faults(sending.pieces - received, damaged, missing, reason))
    else:
        told = _("0 to %(most)s, what left", most=sending.pieces)
        faults = [Fault("out_of_range", told, "received", value=str(received))]
    if faults:
        raise Invalid(_("this receipt cannot be kept"), code="bad_claim", faults=faults)


def _faults(short: int, damaged: int, missing: str, reason: str) -> Iterator[Fault]:
    """What is wrong with what is told of the pieces that are not in order."""
    if not 0 <= damaged <= short:
        told = _("0 to %(most)s, what it has not in order", most=short)
        yield Fault("out_of_range", told, "damaged", value=str(damaged))
    if short and missing not in set(Missing):
        told = _("say what became of the %(short)s others", short=short)
        yield Fault("required", told, "missing", value=missing)
    if missing and not short:
        told = _("nothing is missing: leave this empty")
        yield Fault("nothing_missing", told, "missing", value=missing)
    if short and not reason.strip():
        yield Fault("required", _("say why"), "reason")


def _let_go(sending: ClaimSending, why: str, actor: Actor, at: datetime) -> None:
    """Pieces that the company will not credit: home, and written off where they are gone."""
    claim, pieces = sending.claim, sending.short
    note = come_home(sending, pieces, why=why, actor=actor, at=at, key=short_key(sending))
    if note is not None:
        sending.missing_credited = plain(note)
        sending.save()
    if sending.missing in GONE:
        destroy(sending, pieces, why, actor, at)
    void_pieces(claim, pieces)
    book_answer(claim, reason=why, actor=actor, at=at)
