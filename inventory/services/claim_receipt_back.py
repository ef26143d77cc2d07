"""Takes a receipt back that was told wrongly: its pieces are on their way again, in stock, tax and books."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from inventory.contracts.outcomes import GONE, MAY_LEAVE, Missing, SendingState
from inventory.models import Claim, ClaimSending, MovementKind
from inventory.selectors.claim_goods import has_receipt
from inventory.selectors.claims import claimed_at
from inventory.services.claim_books import book_answer, book_receipt_back
from inventory.services.claim_parts import move, one_of, spot_of, tell, told_of, why_of
from inventory.services.claims import lock_claim, void_pieces
from inventory.services.lines import Spot
from vyapar.engine import registry
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _
from vyapar.law.papers import rectification_last_date


@transaction.atomic
def take_back_receipt(
    claim_id: int,
    *,
    reason: str,
    actor: Actor,
    at: datetime,
    of_others: bool = False,
    sending_id: int | None = None,
) -> ClaimSending:
    """What the company was said to have of a sending is forgotten but by the trail: all of it is on its way
    again, and a receipt may be told anew. `of_others`: the caller may take back what somebody else told.

    What was written off is booked back by a movement of its own and the reversal of its input tax credit with
    it, in the month of this, while s.39(9) CGST Act lets a return be put right; what came home leaves again
    while it stands here free; our credit note over the missing pieces is cancelled in its own month.
    `Refused` where one of these cannot be, when nothing was told or its goods went another way since, for a
    claim that was refused or withdrawn, and for whoever did not tell it; `Invalid` without a reason.
    """
    claim = lock_claim(claim_id)
    _check_state(claim)
    nothing = Refused(_("no receipt of these goods stands"), code="no_receipt")
    sending = one_of(claim, sending_id, is_meant=has_receipt, none=nothing)
    _check_teller(sending, actor, of_others=of_others)
    why, before = why_of(reason), told_of(sending)
    short, missing = sending.short, sending.missing
    if short and missing != Missing.COMPANY:
        _check_in_time(sending, at)
        _cancel_note(sending, why, actor, at)
        _leave_again(sending, short, actor, at)
    _forget(sending)
    if short and missing != Missing.COMPANY:
        book_receipt_back(sending, reason=why, actor=actor, at=at)
        void_pieces(claim, -short)
        book_answer(claim, reason=why, actor=actor, at=at)
    tell("ClaimReceiptTakenBack", sending, actor, at, before=before, reason=why)
    return sending


def _check_state(claim: Claim) -> None:
    if claim.state in MAY_LEAVE:
        return
    raise Refused(
        _("this claim is %(state)s: correct its answer first", state=coded(claim.state)), code="claim_closed"
    )


def _check_teller(sending: ClaimSending, actor: Actor, *, of_others: bool) -> None:
    if not of_others and sending.ended_by != str(actor):
        raise Refused(
            _("%(who)s told this receipt: only they or an owner take it back", who=sending.ended_by),
            code="not_yours",
        )


def _check_in_time(sending: ClaimSending, at: datetime) -> None:
    """The credit on lost goods was reversed in the return of the month in which they were written off."""
    if sending.missing not in GONE or sending.ended_at is None:
        return
    if ist_day(at) > (last := rectification_last_date(ist_day(sending.ended_at))):
        told = _(
            "the credit on these goods was reversed in a return that could be put right until %(day)s "
            "(section 39(9) of the CGST Act): the receipt stands",
            day=f"{last:%d-%m-%Y}",
        )
        raise Refused(told, code="too_late", faults=[Fault("too_late", told, "reason")])


def _cancel_note(sending: ClaimSending, why: str, actor: Actor, at: datetime) -> None:
    note = sending.missing_credited
    if not note:
        return
    paper = note["paper"]
    if not registry.paper_desk().cancel_credit(paper["document_id"], reason=why, actor=actor, at=at):
        told = _(
            "%(number)s, the credit note over these pieces, stands in the return of an earlier month: have a "
            "debit note raised over the invoice instead (section 34(3) of the CGST Act)",
            number=paper["number"],
        )
        raise Refused(told, code="note_reported", faults=[Fault("note_reported", told, "reason")])


def _leave_again(sending: ClaimSending, pieces: int, actor: Actor, at: datetime) -> None:
    spot = spot_of(sending.claim, pieces)
    if sending.missing in GONE:
        move(sending, spot, MovementKind.WRITE_OFF, pieces, actor, at)
    else:
        _check_stands_free(spot, pieces)
    move(sending, spot, MovementKind.COMPANY_OUT, -pieces, actor, at)


def _check_stands_free(spot: Spot, pieces: int) -> None:
    """What came home may have been sold, planned for or claimed anew since."""
    free = max(min(spot.free, spot.on_hand - claimed_at(spot.id)), 0)
    if pieces > free:
        told = _(
            "%(pieces)s pieces came home and %(free)s stand here free: let go of what other plans and claims "
            "hold, or the receipt stands",
            pieces=pieces,
            free=free,
        )
        raise Refused(told, code="not_enough_stock", faults=[Fault("not_enough_stock", told, "reason")])


def _forget(sending: ClaimSending) -> None:
    sending.state, sending.ended_at, sending.ended_by = SendingState.SENT.value, None, ""
    sending.reason, sending.received, sending.damaged, sending.missing = "", None, 0, ""
    sending.missing_credited = None
    sending.save()
