"""Claims on companies: filed, answered, corrected, withdrawn. Their goods are moved by `claim_goods`."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from inventory.agent.learnt import with_learnt
from inventory.contracts.outcomes import ANSWERED, FATES, ClaimState, Predicted
from inventory.models import Batch, Claim, Prediction
from inventory.selectors.claim_goods import standing_of
from inventory.selectors.claims import claimed_at
from inventory.selectors.outcomes import current_learnt
from inventory.services.claim_books import book_answer
from inventory.services.holding import lock_spots
from inventory.services.lines import Spot, StockLine
from vyapar.engine.selectors import get_policy
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.kernel.money import BASIS_POINTS, rupees
from vyapar.kernel.phrases import coded, listed
from vyapar.kernel.phrases import phrase as _

#: The agent whose figures a claim is set against, and the way out it takes.
AGENT, WAY = "monitoring", "return_to_company"
#: A claim that was filed longer ago than this is a slip of the finger.
OLDEST_DAYS = 730


@transaction.atomic
def file_claim(
    *,
    sku: str,
    batch: str,
    location: str,
    pieces: int,
    amount_paise: int,
    filed_on: date,
    reference: str,
    actor: Actor,
    at: datetime,
) -> Claim:
    """Record that a company was asked for credit, and what is expected to come of it.

    From now on the pieces are not claimed again, and the amount counts towards the company's yearly cap.
    `Invalid` names every field that is wrong; `Refused` when fewer unclaimed pieces stand there, or the
    same claim is on record.
    """
    _check(pieces, amount_paise, filed_on, reference, ist_day(at))
    line = StockLine(sku, batch, pieces, location)
    spot = lock_spots([line])[line.key]
    goods = Batch.objects.select_related("sku__brand").get(pk=spot.batch_id)
    _check_amount(pieces, amount_paise, goods)
    _check_free(spot, pieces, reference.strip())
    claim = Claim.objects.create(
        brand=goods.sku.brand, batch=goods, location_id=spot.location_id, reference=reference.strip(),
        pieces=pieces, amount_paise=amount_paise, filed_on=filed_on, filed_by=str(actor), filed_at=at,
    )  # fmt: skip
    _expect(claim, spot)
    append_audit(
        actor=actor, verb="ClaimFiled", subject=f"claim:{claim.pk}", at=at, after=_told(claim, sku, batch)
    )
    return claim


@transaction.atomic
def answer_claim(
    claim_id: int,
    *,
    credited_paise: int,
    answered_on: date,
    credit_note: str = "",
    note: str = "",
    actor: Actor,
    at: datetime,
) -> Claim:
    """Record what a company answered: what it credits, in full or in part; 0 refuses the claim.

    What was expected of the claim is settled by it. `Refused` when the claim is answered or withdrawn.
    """
    claim = _open(claim_id)
    _check_answer(claim, credited_paise, answered_on, at)
    _put_answer(claim, credited_paise, answered_on, credit_note, note, actor)
    _settle(claim, answered_on)
    book_answer(claim, reason=claim.note, actor=actor, at=at)
    append_audit(
        actor=actor, verb="ClaimAnswered", subject=f"claim:{claim.pk}", at=at,
        before={"state": ClaimState.OPEN.value}, after=_told(claim),
    )  # fmt: skip
    return claim


@transaction.atomic
def correct_answer(
    claim_id: int,
    *,
    credited_paise: int,
    answered_on: date,
    reason: str,
    credit_note: str = "",
    note: str = "",
    actor: Actor,
    at: datetime,
) -> Claim:
    """Put another answer in place of one that was recorded wrongly; the trail keeps both, and why.

    The company's cap and what was expected of the claim follow. `Refused` when the claim has no answer,
    when nothing would change, or when its goods came back because it had been refused.
    """
    claim = lock_claim(claim_id)
    if claim.state not in ANSWERED:
        raise Refused(
            _("this claim is %(state)s: it has no answer to correct", state=coded(claim.state)),
            code="claim_not_answered",
        )
    if not reason.strip():
        fault = Fault("required", _("say what was wrong with it"), "reason")
        raise Invalid(_("an answer is corrected with a reason"), code="bad_claim", faults=[fault])
    _check_answer(claim, credited_paise, answered_on, at)
    _check_goods_agree(claim, credited_paise)
    before = _told(claim)
    _put_answer(claim, credited_paise, answered_on, credit_note, note, actor)
    after = _told(claim)
    if after == before:
        raise Refused(_("this answer is on record already"), code="nothing_changes")
    _settle(claim, answered_on, again=True)
    book_answer(claim, reason=reason.strip()[:300], actor=actor, at=at)
    append_audit(
        actor=actor, verb="ClaimAnswerCorrected", subject=f"claim:{claim.pk}", at=at, before=before,
        after=after, reason=reason.strip()[:300],
    )  # fmt: skip
    return claim


@transaction.atomic
def withdraw_claim(claim_id: int, *, reason: str, actor: Actor, at: datetime) -> Claim:
    """Take back a claim that was not answered: it counts as never made, and stays on record."""
    claim = _open(claim_id)
    if standing_of(claim):
        raise Refused(_("its goods have left: call them back first"), code="claim_sent")
    if not reason.strip():
        fault = Fault("required", _("say why it is withdrawn"), "reason")
        raise Invalid(_("a claim is withdrawn with a reason"), code="bad_claim", faults=[fault])
    claim.state, claim.answered_on = ClaimState.WITHDRAWN.value, ist_day(at)
    claim.answered_by, claim.note = str(actor), reason.strip()
    claim.save()
    _settle(claim, ist_day(at))
    append_audit(
        actor=actor, verb="ClaimWithdrawn", subject=f"claim:{claim.pk}", at=at,
        before={"state": ClaimState.OPEN.value}, after=_told(claim),
    )  # fmt: skip
    return claim


# --- checks --------------------------------------------------------------------------------


def _check(pieces: int, amount_paise: int, filed_on: date, reference: str, today: date) -> None:
    faults = []
    if pieces <= 0:
        faults.append(Fault("out_of_range", _("1 piece or more"), "pieces", value=str(pieces)))
    if amount_paise <= 0:
        faults.append(
            Fault("out_of_range", _("what was asked for, above 0"), "amount", value=rupees(amount_paise))
        )
    if not today - timedelta(days=OLDEST_DAYS) <= filed_on <= today:
        days = _("the day on which it was filed, not after today and within two years")
        faults.append(Fault("out_of_range", days, "filedOn", value=filed_on.isoformat()))
    if not reference.strip():
        faults.append(Fault("required", _("the number under which it was filed"), "reference"))
    if faults:
        raise Invalid(_("the claim cannot be recorded"), code="bad_claim", faults=faults)


def _check_amount(pieces: int, amount_paise: int, goods: Batch) -> None:
    """No company credits more than is printed on the pack."""
    if amount_paise > (most := pieces * goods.mrp_paise):
        told = _("at most %(most)s, the MRP of %(pieces)s pieces", most=rupees(most), pieces=pieces)
        fault = Fault("out_of_range", told, "amount", value=rupees(amount_paise))
        raise Invalid(_("the claim cannot be recorded"), code="bad_claim", faults=[fault])


def _check_free(spot: Spot, pieces: int, reference: str) -> None:
    same = Claim.objects.filter(batch_id=spot.batch_id, location_id=spot.location_id, reference=reference)
    if same.exclude(state=ClaimState.WITHDRAWN.value).exists():
        fault = Fault(
            "claimed_already", _("another number, or withdraw the first"), "reference", value=reference
        )
        raise Refused(
            _("%(spot)s is on claim %(reference)s already", spot=spot.named, reference=reference),
            code="claimed_already",
            faults=[fault],
        )
    claimed = claimed_at(spot.id)
    if pieces > (free := spot.on_hand - claimed):
        told = _(
            "%(on_hand)s pieces stand there, %(claimed)s of them are claimed: at most %(free)s",
            on_hand=spot.on_hand,
            claimed=claimed,
            free=max(free, 0),
        )
        fault = Fault("not_enough_stock", told, "pieces", value=str(pieces))
        raise Refused(listed([spot.named, told], ": "), code="not_enough_stock", faults=[fault])


def _check_answer(claim: Claim, credited_paise: int, answered_on: date, at: datetime) -> None:
    faults = []
    if not 0 <= credited_paise <= claim.amount_paise:
        most = _(
            "0 to %(amount)s, what was asked for; 0 when it is refused",
            amount=rupees(claim.amount_paise),
        )
        faults.append(Fault("out_of_range", most, "credited", value=rupees(credited_paise)))
    if not claim.filed_on <= answered_on <= ist_day(at):
        days = _("a day from %(day)s, when it was filed, to today", day=claim.filed_on.isoformat())
        faults.append(Fault("out_of_range", days, "answeredOn", value=answered_on.isoformat()))
    if faults:
        raise Invalid(_("the answer cannot be recorded"), code="bad_claim", faults=faults)


def _check_goods_agree(claim: Claim, credited_paise: int) -> None:
    """Goods that came back because the company took none of them earn no credit."""
    if credited_paise and any(sent.state in FATES for sent in standing_of(claim)):
        told = _("its goods came back or were destroyed: file a new claim for what the company credits")
        fault = Fault("goods_came_back", told, "credited", value=rupees(credited_paise))
        raise Refused(told, code="goods_came_back", faults=[fault])


def _put_answer(
    claim: Claim, credited_paise: int, answered_on: date, credit_note: str, note: str, actor: Actor
) -> None:
    claim.state = (ClaimState.CREDITED if credited_paise else ClaimState.REFUSED).value
    claim.credited_paise, claim.answered_on = credited_paise, answered_on
    claim.answered_by, claim.credit_note, claim.note = str(actor), credit_note.strip(), note.strip()
    claim.save()


def lock_claim(claim_id: int) -> Claim:
    """A claim with its goods, place and company, held until the transaction ends; `NotFound` without one."""
    rows = Claim.objects.select_for_update(of=("self",)).select_related("batch__sku", "location", "brand")
    claim = rows.filter(pk=claim_id).first()
    if claim is None:
        raise NotFound(_("there is no such claim"), code="no_such_claim")
    return claim


def _open(claim_id: int) -> Claim:
    claim = lock_claim(claim_id)
    if claim.state != ClaimState.OPEN:
        raise Refused(_("this claim is %(state)s already", state=coded(claim.state)), code="claim_closed")
    return claim


# --- what is expected of it ----------------------------------------------------------------


def _expect(claim: Claim, spot: Spot) -> None:
    """The claim as a prediction: the chance and the days by which its way out was priced."""
    kept, _version = get_policy("monitoring")
    rates, brand = with_learnt(kept, current_learnt()), claim.brand
    chance = rates.claim_success_bp if brand.claim_success_bp is None else brand.claim_success_bp
    days = rates.claim_days if brand.claim_days is None else brand.claim_days
    Prediction.objects.create(
        kind=Predicted.ACTION, subject=_subject(claim), agent=AGENT, group=WAY, made_on=claim.filed_on,
        due_on=claim.filed_on + timedelta(days=days), flagged=True, probability=chance / BASIS_POINTS,
        expected=claim.pieces * chance / BASIS_POINTS, pieces=claim.pieces,
        paise=claim.amount_paise * chance // BASIS_POINTS, sku_id=spot.sku_id,
        territory_id=spot.territory_id, position_id=spot.id,
    )  # fmt: skip


def void_pieces(claim: Claim, pieces: int) -> None:
    """Pieces of a claim that its company cannot credit any more: they count towards its cap no more, and a
    claim that lost some is no test of the chance that companies credit. Below 0 it can after all."""
    claim.void += pieces
    claim.save(update_fields=["void"])
    if claim.state in ANSWERED and claim.answered_on is not None:
        _settle(claim, claim.answered_on, again=True)


def _settle(claim: Claim, day: date, *, again: bool = False) -> None:
    """Set what was expected against the answer, or `again` against a corrected one; a claim taken back or
    with pieces that were never its company's to credit teaches nothing."""
    paid = claim.credited_paise or 0
    rows = Prediction.objects.filter(kind=Predicted.ACTION, subject=_subject(claim))
    (rows if again else rows.filter(settled_on=None)).update(
        settled_on=day, happened=claim.pieces * paid / claim.amount_paise, realised_paise=paid,
        disturbed=claim.state == ClaimState.WITHDRAWN or claim.void > 0,
    )  # fmt: skip


def _subject(claim: Claim) -> str:
    return f"claim:{claim.pk}"


def _told(claim: Claim, sku: str = "", batch: str = "") -> dict[str, Any]:
    """A claim as the trail keeps it."""
    goods = {"sku": sku, "batch": batch} if sku else {}
    return (
        goods
        | {
            "company": claim.brand.name,
            "reference": claim.reference,
            "pieces": claim.pieces,
            "amount_paise": claim.amount_paise,
            "filed_on": claim.filed_on.isoformat(),
            "state": str(claim.state),
            "credited_paise": claim.credited_paise,
            "answered_on": claim.answered_on.isoformat() if claim.answered_on else None,
            "credit_note": claim.credit_note,
            "note": claim.note,
        }
        | ({"void": claim.void} if claim.void else {})
    )
