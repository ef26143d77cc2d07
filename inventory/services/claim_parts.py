"""What the verbs of a claim's goods share: which lot is meant, its pieces in the ledger, its trail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from inventory.contracts.outcomes import MAY_LEAVE, SendingState
from inventory.models import Claim, ClaimSending, MovementKind
from inventory.selectors.claim_books import number_of
from inventory.selectors.claim_goods import sendings_of
from inventory.services.claim_books import book_homecoming
from inventory.services.holding import lock_spots, tell_spots
from inventory.services.ledger import record_movements
from inventory.services.lines import MovementLine, Spot, StockLine
from inventory.services.transfers import write_off
from vyapar.engine import registry
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.facts import CreditNote
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import RETURN_ROUTES

#: How goods of a claim went, for the middle of a sentence.
BY_ROUTE = dict(
    zip(
        RETURN_ROUTES,
        (
            _("a supply of yours, on a tax invoice"),
            _("goods against its GST credit note"),
            _("goods against its financial credit note"),
        ),
        strict=True,
    )
)


def one_of(
    claim: Claim,
    sending_id: int | None,
    *,
    is_meant: Callable[[ClaimSending], bool],
    none: Refused | None = None,
) -> ClaimSending:
    """The sending that is named while it is meant; the only one that is meant where none is named.

    `none` is raised where none is meant; without it, that none is on its way.
    """
    found = [one for one in sendings_of(claim) if sending_id in (None, one.pk) and is_meant(one)]
    if not found:
        raise none or Refused(_("no goods of this claim are on their way"), code="claim_not_sent")
    if len(found) > 1:
        fault = Fault("required", _("say which of them"), "sending")
        told = _("several lots are on their way") if none is None else _("several lots could be meant")
        raise Invalid(told, code="which_sending", faults=[fault])
    return found[0]


def why_of(reason: str) -> str:
    """A reason as it is kept; `Invalid` without one."""
    if not reason.strip():
        fault = Fault("required", _("say why"), "reason")
        raise Invalid(_("goods change their way with a reason"), code="bad_claim", faults=[fault])
    return reason.strip()[:300]


def check_open(claim: Claim) -> None:
    """`Refused` for a claim that was refused or withdrawn."""
    if claim.state not in MAY_LEAVE:
        raise Refused(_("this claim is %(state)s already", state=coded(claim.state)), code="claim_closed")


def stock_line(claim: Claim, pieces: int) -> StockLine:
    """Pieces of a claim as a line of stock."""
    return StockLine(claim.batch.sku.code, claim.batch.number, pieces, claim.location.code)


def spot_of(claim: Claim, pieces: int) -> Spot:
    """Where a claim's goods stand, locked until the transaction ends."""
    line = stock_line(claim, pieces)
    return lock_spots([line])[line.key]


def check_free(spot: Spot, pieces: int) -> None:
    """`Refused` when other plans hold some of the pieces, or fewer stand there."""
    if pieces > spot.free:
        told = _(
            "%(free)s pieces are free there; let go of what other plans hold, or send fewer", free=spot.free
        )
        fault = Fault("not_enough_stock", told, "pieces", value=str(pieces))
        raise Refused(told, code="not_enough_stock", faults=[fault])


def move(
    sending: ClaimSending, spot: Spot, kind: MovementKind, quantity: int, actor: Actor, at: datetime
) -> None:
    """One line of the ledger; age goes on where they come home to."""
    line = MovementLine(
        spot.batch_id, spot.location_id, kind, quantity, reference=sending.key,
        receipt_date=spot.first_receipt_date,
    )  # fmt: skip
    record_movements([line], actor=actor, at=at)
    tell_spots([(spot, quantity)], reason=kind.value, actor=actor, at=at, action_id=None)


def bring_home(sending: ClaimSending, pieces: int, actor: Actor, at: datetime) -> None:
    """Pieces of a sending stand again where they left."""
    spot = spot_of(sending.claim, pieces)
    move(sending, spot, MovementKind.COMPANY_BACK, pieces, actor, at)


def come_home(
    sending: ClaimSending, pieces: int, *, why: str, actor: Actor, at: datetime, key: str = "home"
) -> CreditNote | None:
    """Pieces of a sending stand here again, in the books too; what an invoice charged for them is credited
    as far as s.34(2) CGST Act still allows, by the note that is returned. `key` as for the books."""
    line = stock_line(sending.claim, pieces)
    note = registry.paper_desk().credit(
        sending.key, {(line.sku, line.batch): pieces}, reason=why, actor=actor, at=at
    )
    bring_home(sending, pieces, actor, at)
    book_homecoming(sending, pieces, note, actor=actor, at=at, key=key)
    return note


def destroy(sending: ClaimSending, pieces: int, why: str, actor: Actor, at: datetime) -> None:
    """Pieces that came home are gone: written off under the number of the paper they left with."""
    write_off(
        [stock_line(sending.claim, pieces)], reason=why, reference=sending.key, number=number_of(sending),
        actor=actor, at=at,
    )  # fmt: skip


def end(sending: ClaimSending, state: SendingState, why: str, actor: Actor, at: datetime) -> None:
    """Keep what became of a sending, by whom it was told and why."""
    sending.state, sending.ended_at, sending.ended_by = state.value, at, str(actor)
    sending.reason = why
    sending.save()


def tell(
    verb: str, sending: ClaimSending, actor: Actor, at: datetime, *, reason: str = "",
    before: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """A sending's entry in the trail."""
    append_audit(
        actor=actor, verb=verb, subject=f"claim:{sending.claim_id}", at=at, before=before,
        after=told_of(sending), reason=reason,
    )  # fmt: skip


def told_of(sending: ClaimSending) -> dict[str, Any]:
    """A sending as the trail keeps it."""
    goods = sending.claim.batch
    return {
        "sku": goods.sku.code,
        "batch": goods.number,
        "location": sending.claim.location.code,
        "pieces": sending.pieces,
        "route": sending.route,
        "papers": [paper["number"] for paper in sending.papers],
        "state": str(sending.state),
        "reason": sending.reason,
        "credit_note": sending.credited["paper"]["number"] if sending.credited else "",
    } | _receipt(sending)


def _receipt(sending: ClaimSending) -> dict[str, Any]:
    if sending.received is None:
        return {}
    note = sending.missing_credited
    return {
        "received": sending.received,
        "damaged": sending.damaged,
        "missing": str(sending.missing),
        "missing_credit_note": note["paper"]["number"] if note else "",
    }
