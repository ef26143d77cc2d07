"""Goods of a claim: sent to the company with their paper, called back, brought home or destroyed."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from django.db import transaction

from inventory.contracts.outcomes import FATES, ClaimState, Missing, SendingState
from inventory.models import Claim, ClaimSending, MovementKind
from inventory.selectors.claim_goods import goods_of, is_gone, sendings_of, standing_of
from inventory.selectors.facts import get_place, list_goods, party_at
from inventory.services.claim_books import book_call_back, book_return
from inventory.services.claim_parts import (
    BY_ROUTE,
    bring_home,
    check_free,
    check_open,
    come_home,
    destroy,
    end,
    move,
    one_of,
    spot_of,
    tell,
    why_of,
)
from inventory.services.claims import lock_claim
from inventory.services.lines import Spot
from vyapar.engine import registry
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid, Refused, Stale
from vyapar.kernel.facts import MovementFacts, Party
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import RETURN_ROUTES
from vyapar.law.papers import credit_note_last_date

_GST_NOTE = RETURN_ROUTES[1]
#: What a paper says of the company, and the field in which a person writes it.
_ON_PAPER = (("legal_name", "company"), ("gstin", "gstin"), ("address", "address"), ("place", "place"))


@transaction.atomic
def send_claim(
    claim_id: int,
    *,
    pieces: int,
    route: str,
    company: Party,
    actor: Actor,
    at: datetime,
    distance_km: int = 0,
    vehicle_number: str = "",
    earlier: int | None = None,
) -> ClaimSending:
    """Let goods of a claim leave for the company, all or a part: out of the ledger by a kind of their own,
    with the paper that their `route` (`vyapar.law.itc.RETURN_ROUTES`) asks for.

    All that leaves of a claim never comes to more than was claimed, and goes one way: its company answers
    with one note. `earlier`: how many times goods of it had left when the caller looked; `Stale` when others
    have left since. `Refused` when all have left, when the claim was refused or withdrawn, when fewer pieces
    are free, when the law forbids the paper, or when s.34(2) CGST Act leaves no time for the company's GST
    credit note. `Invalid` names every field that is wrong.
    """
    claim = lock_claim(claim_id)
    _check_may_leave(claim, earlier)
    _check_asked(claim, pieces, route, company)
    _check_one_way(claim, route)
    spot = spot_of(claim, pieces)
    check_free(spot, pieces)
    _check_in_time(route, spot, at)
    goods = claim.batch
    sending = ClaimSending(
        claim=claim, key=f"claim-{uuid4()}", pieces=pieces, route=route, company=plain(company),
        sent_at=at, sent_by=str(actor),
    )  # fmt: skip
    place = get_place(claim.location.code)
    facts = MovementFacts(
        source=party_at(place), destination=company,
        lines=list_goods([(goods.sku.code, goods.number, pieces, goods.cost_paise, 0)]),
        dispatch_date=ist_day(at), transit_days=0, distance_km=distance_km, source_location=place.name,
        destination_location=company.place, vehicle_number=vehicle_number, return_route=route,
    )  # fmt: skip
    sending.papers = plain(registry.paper_desk().issue(facts, key=sending.key, actor=actor, at=at))
    sending.save()
    move(sending, spot, MovementKind.COMPANY_OUT, -pieces, actor, at)
    book_return(sending, facts, actor=actor, at=at)
    tell("ClaimGoodsSent", sending, actor, at)
    return sending


@transaction.atomic
def call_back_claim(
    claim_id: int, *, reason: str, actor: Actor, at: datetime, sending_id: int | None = None
) -> ClaimSending:
    """Goods that did not leave after all stand where they stood, and their paper is taken back.

    `sending_id` says which; it may be left out where one lot is on its way. `Refused` when none is, or when
    the claim was refused: then a person says what becomes of the goods (`settle_claim_goods`).
    """
    claim = lock_claim(claim_id)
    sending = one_of(claim, sending_id, is_meant=lambda one: one.state == SendingState.SENT)
    if claim.state == ClaimState.REFUSED:
        raise Refused(
            _("the company has refused this claim: say whether its goods came back or were destroyed"),
            code="claim_refused",
        )
    why = why_of(reason)
    taken = registry.paper_desk().withdraw(sending.key, reason=why, actor=actor, at=at)
    sending.credited = plain(taken.credited) if taken.credited else None
    bring_home(sending, sending.pieces, actor, at)
    end(sending, SendingState.CALLED_BACK, why, actor, at)
    book_call_back(sending, taken.credited, reason=why, actor=actor, at=at)
    tell("ClaimGoodsCalledBack", sending, actor, at)
    return sending


@transaction.atomic
def settle_claim_goods(
    claim_id: int,
    *,
    fate: SendingState,
    reason: str,
    actor: Actor,
    at: datetime,
    sending_id: int | None = None,
) -> ClaimSending:
    """What became of goods that a company did not take: they came home, or they were destroyed.

    The choice is a person's, for each sending (`sending_id`, as for `call_back_claim`). Destroyed goods are
    booked home and written off, so that the input tax credit on them is reversed like that of any loss
    (s.17(5)(h) CGST Act); what an invoice charged is credited as far as s.34(2) still allows. `Refused`
    unless the claim was refused and goods are away.
    """
    claim = lock_claim(claim_id)
    sending = one_of(claim, sending_id, is_meant=is_gone)
    if fate not in FATES:
        fault = Fault("fate", _("one of %(known)s", known=", ".join(FATES)), "fate", value=str(fate))
        raise Invalid(_("say what became of the goods"), code="bad_claim", faults=[fault])
    if claim.state != ClaimState.REFUSED:
        raise Refused(
            _("this claim is %(state)s: goods come back once the company has refused it",
              state=coded(claim.state)),
            code="claim_not_refused",
        )  # fmt: skip
    _forget_dispute(sending)
    pieces = sending.pieces - sending.short
    why = why_of(reason)
    note = come_home(sending, pieces, why=why, actor=actor, at=at)
    sending.credited = plain(note) if note else None
    if fate is SendingState.DESTROYED:
        destroy(sending, pieces, why, actor, at)
    end(sending, fate, why, actor, at)
    tell("ClaimGoodsSettled", sending, actor, at)
    return sending


# --- checks --------------------------------------------------------------------------------


def _forget_dispute(sending: ClaimSending) -> None:
    """A company that refused all of a claim has no say any more in what it received: all share one fate."""
    if sending.missing == Missing.COMPANY:
        sending.received, sending.damaged, sending.missing = None, 0, ""


def _check_may_leave(claim: Claim, earlier: int | None) -> None:
    check_open(claim)
    if not goods_of(claim).here:
        raise Refused(_("all goods of this claim have left already"), code="claim_sent")
    if earlier is not None and earlier != len(sendings_of(claim)):
        raise Stale(
            _("goods of this claim have left since this was shown: look at what is still here"),
            code="claim_goods_moved",
        )


def _check_asked(claim: Claim, pieces: int, route: str, company: Party) -> None:
    faults, left = [], goods_of(claim).here
    if not 0 < pieces <= left:
        most = _("1 to %(most)s, what was claimed and has not left", most=left)
        faults.append(Fault("out_of_range", most, "pieces", value=str(pieces)))
    if route not in RETURN_ROUTES:
        known = _("one of %(known)s", known=", ".join(RETURN_ROUTES))
        faults.append(Fault("return_route", known, "route", value=route))
    for name, field in _ON_PAPER:
        if not getattr(company, name).strip():
            faults.append(Fault("required", _("as it stands on the paper"), field))
    if faults:
        raise Invalid(_("the goods cannot leave"), code="bad_claim", faults=faults)


def _check_one_way(claim: Claim, route: str) -> None:
    """A company answers a claim with one note, so its goods go one way, however many lorries take them."""
    gone = standing_of(claim)
    if gone and gone[0].route != route:
        told = _(
            "goods of this claim went as %(route)s: the rest goes the same way, because its company answers "
            "a claim with one note",
            route=BY_ROUTE[gone[0].route],
        )
        fault = Fault("another_way", told, "route", value=route)
        raise Refused(told, code="another_way", faults=[fault])


def _check_in_time(route: str, spot: Spot, at: datetime) -> None:
    """They were received on or after the day of supply, so a last day that is past by it is past."""
    if route != _GST_NOTE or spot.first_receipt_date is None:
        return
    if ist_day(at) > (last := credit_note_last_date(spot.first_receipt_date)):
        told = _(
            "a GST credit note was possible until %(day)s: choose a financial credit note or a fresh supply",
            day=last.isoformat(),
        )
        fault = Fault("too_late", told, "route", value=route)
        raise Refused(told, code="too_late", faults=[fault])
