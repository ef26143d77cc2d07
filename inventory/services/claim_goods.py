"""Goods of a claim: sent to the company with their paper, called back, brought home or destroyed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from django.db import transaction

from inventory.contracts.outcomes import FATES, MAY_LEAVE, ClaimState, SendingState
from inventory.models import Batch, Claim, ClaimSending, MovementKind
from inventory.selectors.claims import find_standing_sending
from inventory.selectors.facts import get_place, list_goods, party_at
from inventory.services.claim_books import book_call_back, book_homecoming, book_return
from inventory.services.claims import lock_claim
from inventory.services.holding import lock_spots, tell_spots
from inventory.services.ledger import record_movements
from inventory.services.lines import MovementLine, Spot, StockLine
from inventory.services.transfers import write_off
from vyapar.engine import registry
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.facts import MovementFacts, Party
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import RETURN_ROUTES, RETURN_TO_COMPANY, itc_effect
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
) -> ClaimSending:
    """Let goods of a claim leave for the company: out of the ledger by a kind of their own, with the paper
    that their `route` (`vyapar.law.itc.RETURN_ROUTES`) asks for.

    Goods leave once: `Refused` when they have left, when the claim was refused or withdrawn, when fewer
    pieces are free, when the law forbids the paper, or when s.34(2) CGST Act leaves no time for the
    company's GST credit note. `Invalid` names every field that is wrong.
    """
    claim = lock_claim(claim_id)
    _check_may_leave(claim)
    _check_asked(claim, pieces, route, company)
    spot = _spot(claim, pieces)
    _check_free(spot, pieces)
    _check_in_time(route, spot, at)
    goods = claim.batch
    sending = ClaimSending(
        claim=claim, key=f"claim-{uuid4()}", pieces=pieces, route=route, company=plain(company),
        itc_paise=itc_effect(
            RETURN_TO_COMPANY, ist_day(at), quantity=pieces, itc_per_unit_paise=goods.itc_paise,
            return_route=route,
        ).reverse_paise,
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
    _move(sending, spot, MovementKind.COMPANY_OUT, -pieces, actor, at)
    book_return(sending, facts, actor=actor, at=at)
    _tell("ClaimGoodsSent", sending, actor, at)
    return sending


@transaction.atomic
def call_back_claim(claim_id: int, *, reason: str, actor: Actor, at: datetime) -> ClaimSending:
    """Goods that did not leave after all stand where they stood, and their paper is taken back.

    `Refused` when none are on their way, or when the claim was refused: then a person says what becomes
    of the goods (`settle_claim_goods`).
    """
    claim = lock_claim(claim_id)
    sending = _on_the_way(claim)
    if claim.state == ClaimState.REFUSED:
        raise Refused(
            _("the company has refused this claim: say whether its goods came back or were destroyed"),
            code="claim_refused",
        )
    why = _why(reason)
    taken = registry.paper_desk().withdraw(sending.key, reason=why, actor=actor, at=at)
    sending.credited = plain(taken.credited) if taken.credited else None
    _bring_home(sending, actor, at)
    book_call_back(sending, taken.credited, reason=why, actor=actor, at=at)
    _end(sending, SendingState.CALLED_BACK, why, actor, at)
    _tell("ClaimGoodsCalledBack", sending, actor, at)
    return sending


@transaction.atomic
def settle_claim_goods(
    claim_id: int, *, fate: SendingState, reason: str, actor: Actor, at: datetime
) -> ClaimSending:
    """What became of goods that a company did not take: they came home, or they were destroyed.

    The choice is a person's. Destroyed goods are booked home and written off, so that the input tax
    credit on them is reversed like that of any loss (s.17(5)(h) CGST Act); what an invoice charged is
    credited as far as s.34(2) still allows. `Refused` unless the claim was refused and goods are away.
    """
    claim = lock_claim(claim_id)
    sending = _on_the_way(claim)
    if fate not in FATES:
        fault = Fault("fate", _("one of %(known)s", known=", ".join(FATES)), "fate", value=str(fate))
        raise Invalid(_("say what became of the goods"), code="bad_claim", faults=[fault])
    if claim.state != ClaimState.REFUSED:
        raise Refused(
            _("this claim is %(state)s: goods come back once the company has refused it",
              state=coded(claim.state)),
            code="claim_not_refused",
        )  # fmt: skip
    why, line = _why(reason), _line(claim, sending.pieces)
    note = registry.paper_desk().credit(
        sending.key, {(line.sku, line.batch): line.quantity}, reason=why, actor=actor, at=at
    )
    sending.credited = plain(note) if note else None
    _bring_home(sending, actor, at)
    book_homecoming(sending, note, actor=actor, at=at)
    if fate is SendingState.DESTROYED:
        write_off([line], reason=why, reference=sending.key, actor=actor, at=at)
    _end(sending, fate, why, actor, at)
    _tell("ClaimGoodsSettled", sending, actor, at)
    return sending


# --- checks --------------------------------------------------------------------------------


def _check_may_leave(claim: Claim) -> None:
    if claim.state not in MAY_LEAVE:
        raise Refused(_("this claim is %(state)s already", state=coded(claim.state)), code="claim_closed")
    if (sent := find_standing_sending(claim.pk)) is not None:
        raise Refused(
            _("goods of this claim left on %(day)s already", day=ist_day(sent.sent_at).isoformat()),
            code="claim_sent",
        )


def _check_asked(claim: Claim, pieces: int, route: str, company: Party) -> None:
    faults = []
    if not 0 < pieces <= claim.pieces:
        most = _("1 to %(most)s, what was claimed", most=claim.pieces)
        faults.append(Fault("out_of_range", most, "pieces", value=str(pieces)))
    if route not in RETURN_ROUTES:
        known = _("one of %(known)s", known=", ".join(RETURN_ROUTES))
        faults.append(Fault("return_route", known, "route", value=route))
    for name, field in _ON_PAPER:
        if not getattr(company, name).strip():
            faults.append(Fault("required", _("as it stands on the paper"), field))
    if faults:
        raise Invalid(_("the goods cannot leave"), code="bad_claim", faults=faults)


def _check_free(spot: Spot, pieces: int) -> None:
    if pieces > spot.free:
        told = _(
            "%(free)s pieces are free there; let go of what other plans hold, or send fewer", free=spot.free
        )
        fault = Fault("not_enough_stock", told, "pieces", value=str(pieces))
        raise Refused(told, code="not_enough_stock", faults=[fault])


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


def _on_the_way(claim: Claim) -> ClaimSending:
    found = ClaimSending.objects.filter(claim=claim, state=SendingState.SENT.value).first()
    if found is None:
        raise Refused(_("no goods of this claim are on their way"), code="claim_not_sent")
    return found


def _why(reason: str) -> str:
    if not reason.strip():
        fault = Fault("required", _("say why"), "reason")
        raise Invalid(_("goods change their way with a reason"), code="bad_claim", faults=[fault])
    return reason.strip()[:300]


# --- parts ---------------------------------------------------------------------------------


def _line(claim: Claim, pieces: int) -> StockLine:
    return StockLine(claim.batch.sku.code, claim.batch.number, pieces, claim.location.code)


def _spot(claim: Claim, pieces: int) -> Spot:
    line = _line(claim, pieces)
    return lock_spots([line])[line.key]


def _move(
    sending: ClaimSending, spot: Spot, kind: MovementKind, quantity: int, actor: Actor, at: datetime
) -> None:
    """One line of the ledger; age goes on where they come home to."""
    move = MovementLine(
        spot.batch_id, spot.location_id, kind, quantity, reference=sending.key,
        receipt_date=spot.first_receipt_date,
    )  # fmt: skip
    record_movements([move], actor=actor, at=at)
    tell_spots([(spot, quantity)], reason=kind.value, actor=actor, at=at, action_id=None)


def _bring_home(sending: ClaimSending, actor: Actor, at: datetime) -> None:
    spot = _spot(sending.claim, sending.pieces)
    _move(sending, spot, MovementKind.COMPANY_BACK, sending.pieces, actor, at)


def _end(sending: ClaimSending, state: SendingState, why: str, actor: Actor, at: datetime) -> None:
    sending.state, sending.ended_at, sending.ended_by = state.value, at, str(actor)
    sending.reason = why
    sending.save()


def _tell(verb: str, sending: ClaimSending, actor: Actor, at: datetime) -> None:
    append_audit(
        actor=actor, verb=verb, subject=f"claim:{sending.claim_id}", at=at, after=_told(sending)
    )  # fmt: skip


def _told(sending: ClaimSending) -> dict[str, Any]:
    """A sending as the trail keeps it."""
    goods: Batch = sending.claim.batch
    return {
        "sku": goods.sku.code,
        "batch": goods.number,
        "location": sending.claim.location.code,
        "pieces": sending.pieces,
        "route": sending.route,
        "papers": [paper["number"] for paper in sending.papers],
        "itc_paise": sending.itc_paise,
        "state": str(sending.state),
        "reason": sending.reason,
        "credit_note": sending.credited["paper"]["number"] if sending.credited else "",
    }
