"""Stock on its way: dispatch, receipt with short and damaged pieces, recall, write-off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from django.db import transaction

from inventory.contracts.exports import LOST
from inventory.contracts.feeds import ExportDocument, ExportKind
from inventory.models import Batch, Location, Movement, MovementKind
from inventory.selectors.exports import lost_lines
from inventory.services.exports import queue_export
from inventory.services.holding import (
    check_held,
    has_moved,
    held_by,
    lock_spots,
    shrink_reservations,
    tell_spots,
)
from inventory.services.ledger import moved_already, record_movements
from inventory.services.lines import Key, MovementLine, ReceiptLine, Spot, StockLine
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import plain, sha256_of
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _

DISPATCH = "dispatch"
RECALL = "recall"


@transaction.atomic
def dispatch_transfer(
    action_id: UUID,
    lines: Sequence[StockLine],
    *,
    source: str,
    destination: str,
    actor: Actor,
    at: datetime,
) -> int:
    """Send held pieces from one location to another; returns how many left.

    They leave the source's on-hand and reserved pieces and are in transit to the destination, where
    their age goes on. Called again after a crash it moves nothing and returns 0. Raises `Refused`
    when the action holds less than the lines say: somebody sold it meanwhile.
    """
    if has_moved(action_id, DISPATCH):
        return 0
    lines = [replace(line, location=source) for line in lines]
    spots = lock_spots(lines)
    target = _location(destination)
    check_held(action_id, spots, lines)
    moves = []
    for line in lines:
        spot = spots[line.key]
        n = line.quantity
        moves += [
            MovementLine(
                spot.batch_id, spot.location_id, MovementKind.TRANSFER_OUT, -n, reserved=-n,
                reference=DISPATCH, action_id=action_id,
            ),
            MovementLine(
                spot.batch_id, target.pk, MovementKind.TRANSFER_IN, 0, in_transit=n,
                receipt_date=spot.first_receipt_date,
            ),
        ]  # fmt: skip
    record_movements(moves, actor=actor, at=at)
    taken = {spots[line.key].id: line.quantity for line in lines}
    shrink_reservations(taken, at=at, action_id=action_id)
    gone = {line.key: -line.quantity for line in lines}
    where = f"{source} > {destination}"
    _tell(action_id, "StockDispatched", spots, gone, lines, where, DISPATCH, actor, at)
    return sum(taken.values())


@transaction.atomic
def receive_transfer(
    action_id: UUID,
    lines: Sequence[ReceiptLine],
    *,
    destination: str,
    actor: Actor,
    at: datetime,
    reference: str = "receipt",
) -> int:
    """Book in what arrived of a transfer; returns how many pieces can be sold.

    The ledger shows every piece that was sent as booked in, and those that are damaged or missing
    as booked out again under their own kinds. A receipt is known by `reference`: called again it
    moves nothing and returns 0; a second delivery of the same transfer takes another reference.
    Raises `Refused` when more would be booked in than is on the way under this action.
    """
    if has_moved(action_id, reference):
        return 0
    _check_receipt(lines)
    sent = [StockLine(n.sku, n.batch, n.sent, destination) for n in lines if n.sent]
    spots = lock_spots(sent)
    _check_on_the_way(action_id, spots, sent)
    moves = []
    for line in (n for n in lines if n.sent):
        spot = spots[line.sku, line.batch, destination]
        moves += _arrival(spot, line, reference, action_id)
    record_movements(moves, actor=actor, at=at)
    arrived = {(n.sku, n.batch, destination): n.received for n in lines if n.sent}
    _tell(action_id, "StockReceived", spots, arrived, lines, destination, reference, actor, at)
    return sum(arrived.values())


@transaction.atomic
def recall_transfer(action_id: UUID, *, source: str, destination: str, actor: Actor, at: datetime) -> int:
    """Bring back to `source` what is still on its way under an action; returns how many pieces.

    Twice is once.
    """
    if has_moved(action_id, RECALL):
        return 0
    away = on_the_way(action_id)
    batches = Batch.objects.filter(pk__in=list(away)).select_related("sku").order_by("pk")
    lines = [StockLine(b.sku.code, b.number, away[b.pk], source) for b in batches]
    spots = lock_spots([*lines, *(replace(line, location=destination) for line in lines)])
    moves = []
    for line in lines:
        home, far = spots[line.key], spots[line.sku, line.batch, destination]
        kind, n = MovementKind.TRANSFER_IN, line.quantity
        moves += [
            MovementLine(far.batch_id, far.location_id, kind, 0, in_transit=-n),
            MovementLine(home.batch_id, home.location_id, kind, n, reference=RECALL, action_id=action_id),
        ]
    record_movements(moves, actor=actor, at=at)
    back = {line.key: line.quantity for line in lines}
    _tell(action_id, "StockRecalled", spots, back, lines, source, RECALL, actor, at)
    return sum(back.values())


@transaction.atomic
def write_off(
    lines: Sequence[StockLine],
    *,
    reason: str,
    reference: str,
    actor: Actor,
    at: datetime,
    action_id: UUID | None = None,
    number: str = "",
) -> int:
    """Take free pieces out of the book for good; returns how many. `reason` goes into the trail; `number` is
    what the books call it, where that is not its `reference`.

    With an action the pieces it holds are taken, and a second call moves nothing. Raises `Refused`
    when there are not enough.
    """
    if action_id is not None and has_moved(action_id, reference):
        return 0
    spots = lock_spots(lines)
    held = held_by(action_id) if action_id is not None else {}
    moves, taken = [], {}
    for line in lines:
        spot = spots[line.key]
        taken[spot.id] = min(held.get(spot.id, 0), line.quantity)
        moves.append(
            MovementLine(
                spot.batch_id, spot.location_id, MovementKind.WRITE_OFF, -line.quantity,
                reserved=-taken[spot.id], reference=reference, action_id=action_id,
            )
        )  # fmt: skip
    record_movements(moves, actor=actor, at=at)
    if action_id is not None:
        shrink_reservations({k: n for k, n in taken.items() if n}, at=at, action_id=action_id)
    gone = {line.key: -line.quantity for line in lines}
    _tell(action_id, "StockWrittenOff", spots, gone, lines, reason, reference, actor, at)
    _book_write_off(lines, reason, reference, number or reference, action_id, actor, at)
    return -sum(gone.values())


def on_the_way(action_id: UUID) -> dict[int, int]:
    """Pieces that were sent under an action and are not booked in yet, by batch."""
    sent = moved_already(action_id, DISPATCH)
    away = {row["batch_id"]: -row["quantity"] for row in sent.iter_rows(named=True)}
    for batch_id, quantity in _booked_in(action_id):
        away[batch_id] = away.get(batch_id, 0) - quantity
    return {batch_id: quantity for batch_id, quantity in sorted(away.items()) if quantity}


# --- parts ---------------------------------------------------------------------------------


def _book_write_off(
    lines: Sequence[StockLine],
    reason: str,
    reference: str,
    number: str,
    action_id: UUID | None,
    actor: Actor,
    at: datetime,
) -> None:
    """Tell the books, place by place: the goods are gone, and the credit taken on them goes back."""
    deed = action_id or uuid4()
    for place in sorted({line.location for line in lines}):
        gone = lost_lines((n.sku, n.batch, n.quantity) for n in lines if n.location == place)
        queue_export(
            ExportDocument(
                kind=ExportKind.REVERSAL,
                key=f"write-off:{deed}:{sha256_of([reference, place])[:12]}",
                number=number[:60],
                at=at,
                lines=gone,
                source=place,
                narration=reason,
                extra={"reason": LOST, "reference": reference},
            ),
            action_id=action_id,
            actor=actor,
            at=at,
        )


def _booked_in(action_id: UUID) -> list[tuple[int, int]]:
    arrived = Movement.objects.filter(action_id=action_id, kind=MovementKind.TRANSFER_IN)
    return list(arrived.values_list("batch_id", "quantity"))


def _arrival(spot: Spot, line: ReceiptLine, reference: str, action_id: UUID) -> list[MovementLine]:
    whole = MovementLine(
        spot.batch_id, spot.location_id, MovementKind.TRANSFER_IN, line.sent, in_transit=-line.sent,
        reference=reference, action_id=action_id, receipt_date=spot.first_receipt_date,
    )  # fmt: skip
    lost = ((MovementKind.DAMAGED, line.damaged), (MovementKind.SHORT, line.short))
    return [whole, *(replace(whole, kind=kind, quantity=-n, in_transit=0) for kind, n in lost if n)]


def _check_receipt(lines: Sequence[ReceiptLine]) -> None:
    faults = [
        Fault("quantity", _("0 pieces or more of each"), f"lines[{row}]", row)
        for row, line in enumerate(lines, 1)
        if min(line.received, line.damaged, line.short) < 0
    ]
    if faults or not any(line.sent for line in lines):
        raise Invalid(_("the receipt cannot be used"), code="bad_lines", faults=faults)


def _check_on_the_way(action_id: UUID, spots: dict[Key, Spot], sent: Sequence[StockLine]) -> None:
    away = on_the_way(action_id)
    over = []
    for line in sent:
        spot = spots[line.key]
        if (coming := away.get(spot.batch_id, 0)) < line.quantity:
            message = _(
                "%(spot)s: %(pieces)s pieces would be booked in, %(coming)s are on their way",
                spot=spot.named, pieces=line.quantity, coming=coming,
            )  # fmt: skip
            over.append(message)
    if over:
        raise Refused(listed(over), code="not_on_the_way")


def _tell(
    action_id: UUID | None,
    verb: str,
    spots: dict[Key, Spot],
    changes: dict[Key, int],
    lines: Sequence[StockLine] | Sequence[ReceiptLine],
    where: str,
    reference: str,
    actor: Actor,
    at: datetime,
) -> None:
    told = [(spots[key], change) for key, change in changes.items()]
    tell_spots(told, reason=reference, actor=actor, at=at, action_id=action_id)
    append_audit(
        actor=actor, verb=verb, subject=f"stock:{action_id or reference}", at=at, action_id=action_id,
        after={"where": where, "reference": reference, "lines": plain(list(lines))},
    )  # fmt: skip


def _location(code: str) -> Location:
    found = Location.objects.filter(code=code).first()
    if found is None:
        raise NotFound(_("there is no location %(code)s", code=f"{code!r}"), code="no_such_location")
    return found
