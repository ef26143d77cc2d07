"""Holding stock for an action: while it is open, its cartons belong to no other plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import polars as pl
from django.db import transaction

from inventory.models import MovementKind, Purpose, Reservation
from inventory.services.ledger import record_movements
from inventory.services.lines import Key, MovementLine, Spot, StockLine
from inventory.services.staging import rows, take_trail
from inventory.services.telling import tell_stock_changed
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Fault, Invalid, NotFound, Refused
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _

_SPOTS = """
SELECT p.id, p.sku_id, p.batch_id, p.location_id, l.territory_id, s.code, b.number, l.code,
       p.on_hand, p.reserved, p.in_transit, p.first_receipt_date
FROM inventory_position p
JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_location l ON l.id = p.location_id
{which} ORDER BY p.batch_id, p.location_id FOR UPDATE OF p
"""
_NAMED_SPOTS = _SPOTS.format(
    which="JOIN unnest(%s::text[], %s::text[], %s::text[]) AS w(sku, batch, place) "
    "ON w.sku = s.code AND w.batch = b.number AND w.place = l.code"
)
_HELD_SPOTS = _SPOTS.format(
    which="WHERE p.id IN (SELECT position_id FROM inventory_reservation "
    "WHERE action_id = %s AND released_at IS NULL)"
)


def lock_spots(lines: Sequence[StockLine]) -> dict[Key, Spot]:
    """The positions that lines name, locked in the ledger's order, by (SKU, batch, location).

    Raises `NotFound` with one fault for each line that names a position that does not exist, and
    `Invalid` when a position stands twice or a quantity is not positive.
    """
    _check_lines(lines)
    take_trail()
    keys = [line.key for line in lines]
    columns = [list(column) for column in zip(*keys, strict=True)] or [[], [], []]
    spots = {spot.key: spot for spot in (Spot(*row) for row in rows(_NAMED_SPOTS, columns))}
    missing = [
        Fault(
            "no_such_position",
            _("there is no %(sku)s batch %(batch)s at %(place)s", sku=sku, batch=batch, place=place),
            f"lines[{row}]",
            row,
        )
        for row, (sku, batch, place) in enumerate(keys, 1)
        if (sku, batch, place) not in spots
    ]
    if missing:
        raise NotFound(listed([f.message for f in missing[:5]]), code="no_such_position", faults=missing)
    return spots


@transaction.atomic
def reserve(
    action_id: UUID,
    lines: Sequence[StockLine],
    *,
    actor: Actor,
    at: datetime,
    purpose: Purpose = Purpose.TRANSFER,
) -> int:
    """Hold pieces for an open action; returns how many it holds by this call.

    Called again with the same lines it changes nothing. Raises `Refused`, with every line that is
    short, when the free pieces do not suffice, or when the action holds another quantity already.
    """
    spots = lock_spots(lines)
    held = held_by(action_id)
    wanted = {spots[line.key]: line.quantity for line in lines}
    new = {spot: n for spot, n in wanted.items() if spot.id not in held}
    _check_same(held, wanted)
    short = [
        _(
            "%(spot)s: %(pieces)s pieces are asked for, %(free)s of %(there)s are free",
            spot=s.named, pieces=n, free=s.free, there=s.on_hand,
        )
        for s, n in new.items() if s.free < n
    ]  # fmt: skip
    if short:
        raise Refused(listed(short), code="not_enough_stock")
    Reservation.objects.bulk_create(
        Reservation(action_id=action_id, purpose=purpose, position_id=s.id, quantity=n, held_at=at)
        for s, n in new.items()
    )
    record_movements([_hold(s, n) for s, n in new.items()], actor=actor, at=at)
    tell_spots([(s, 0) for s in new], reason="reserved", actor=actor, at=at, action_id=action_id)
    return sum(new.values())


@transaction.atomic
def release(action_id: UUID, *, actor: Actor, at: datetime) -> int:
    """Let go of whatever an action still holds; returns how many pieces. Twice is once."""
    take_trail()
    spots = {spot.id: spot for spot in (Spot(*row) for row in rows(_HELD_SPOTS, [action_id]))}
    held = {position: n for position, n in held_by(action_id).items() if position in spots}
    Reservation.objects.filter(
        action_id=action_id, released_at__isnull=True, position_id__in=list(held)
    ).update(released_at=at)
    record_movements([_hold(spots[p], -n) for p, n in held.items()], actor=actor, at=at)
    told = [(spots[p], 0) for p in held]
    tell_spots(told, reason="released", actor=actor, at=at, action_id=action_id)
    return sum(held.values())


@transaction.atomic
def take_reserved(
    action_id: UUID,
    lines: Sequence[StockLine],
    *,
    kind: MovementKind,
    reference: str,
    actor: Actor,
    at: datetime,
) -> int:
    """Move held pieces out of their positions under `kind`; returns how many pieces left.

    The step is known by `reference`: called again after a crash it moves nothing and returns 0.
    Raises `Refused` when the action holds less than that, because somebody sold it meanwhile.
    """
    if has_moved(action_id, reference):
        return 0
    spots = lock_spots(lines)
    check_held(action_id, spots, lines)
    record_movements(
        [
            MovementLine(
                batch_id=spot.batch_id, location_id=spot.location_id, kind=kind, quantity=-line.quantity,
                reserved=-line.quantity, reference=reference, action_id=action_id,
            )
            for line in lines
            for spot in [spots[line.key]]
        ],
        actor=actor,
        at=at,
    )  # fmt: skip
    taken = {spots[n.key].id: n.quantity for n in lines}
    shrink_reservations(taken, at=at, action_id=action_id)
    gone = [(spots[n.key], -n.quantity) for n in lines]
    tell_spots(gone, reason=kind.value, actor=actor, at=at, action_id=action_id)
    return sum(taken.values())


def held_by(action_id: UUID) -> dict[int, int]:
    """Pieces that an action holds, by position."""
    held = Reservation.objects.filter(action_id=action_id, released_at__isnull=True)
    return dict(held.values_list("position_id", "quantity"))


def has_moved(action_id: UUID, reference: str) -> bool:
    """Whether a step of an action has written to the ledger."""
    return bool(
        rows(
            "SELECT 1 FROM inventory_movement WHERE action_id = %s AND reference = %s LIMIT 1",
            [action_id, reference],
        )
    )


def shrink_reservations(
    taken: dict[int, int], *, at: datetime, action_id: UUID | None = None, offers: bool | None = None
) -> None:
    """Take pieces off the open reservations of positions, the newest first.

    `taken`: pieces by position. `action_id` and `offers` narrow down whose. The positions' own
    `reserved` is the caller's to change; their rows must be locked.
    """
    found = Reservation.objects.filter(position_id__in=list(taken), released_at__isnull=True)
    if action_id is not None:
        found = found.filter(action_id=action_id)
    if offers is not None:
        found = found.filter(purpose=Purpose.OFFER) if offers else found.exclude(purpose=Purpose.OFFER)
    left = dict(taken)
    for row in found.order_by("-held_at", "-id").select_for_update():
        if not (cut := min(left[row.position_id], row.quantity)):
            continue
        left[row.position_id] -= cut
        if cut == row.quantity:
            row.released_at = at
        else:
            row.quantity -= cut
        row.save(update_fields=["quantity", "released_at"])
    if any(left.values()):
        raise Refused(_("more held pieces were taken than are held"), code="not_held")


def tell_spots(
    changes: Sequence[tuple[Spot, int]], *, reason: str, actor: Actor, at: datetime, action_id: UUID | None
) -> None:
    """`InventoryUpdated` for the SKUs and territories of positions and their changes in pieces."""
    schema = {"sku_id": pl.Int64, "territory_id": pl.Int64, "change": pl.Int64}
    records = [(spot.sku_id, spot.territory_id, change) for spot, change in changes]
    frame = pl.DataFrame(records, schema=schema, orient="row")
    summed = frame.group_by("sku_id", "territory_id").agg(pl.col("change").sum())
    tell_stock_changed(summed, reason=reason, actor=actor, at=at, action_id=action_id)


def _hold(spot: Spot, quantity: int) -> MovementLine:
    return MovementLine(spot.batch_id, spot.location_id, MovementKind.ADJUSTMENT, 0, reserved=quantity)


def _check_lines(lines: Iterable[StockLine]) -> None:
    seen: set[Key] = set()
    faults = []
    for row, line in enumerate(lines, 1):
        if line.quantity <= 0:
            faults.append(
                Fault("quantity", _("1 piece or more"), f"lines[{row}].quantity", row, str(line.quantity))
            )
        if line.key in seen:
            faults.append(Fault("repeated", _("each position stands once"), f"lines[{row}]", row))
        seen.add(line.key)
    if faults:
        raise Invalid(_("the lines cannot be used"), code="bad_lines", faults=faults)


def _check_same(held: dict[int, int], wanted: dict[Spot, int]) -> None:
    other = [s.named for s, n in wanted.items() if held.get(s.id, n) != n]
    if other:
        raise Refused(
            _(
                "the action holds another quantity already of %(other)s; release it first",
                other=listed(other, ", "),
            ),
            code="held_differently",
        )


def check_held(action_id: UUID, spots: dict[Key, Spot], lines: Sequence[StockLine]) -> None:
    """`Refused`, naming every line of which the action holds less."""
    held = held_by(action_id)
    short = []
    for line in lines:
        spot = spots[line.key]
        if (has := held.get(spot.id, 0)) < line.quantity:
            short.append(f"{spot}: {line.quantity} pieces should move, the action still holds {has}")
    if short:
        raise Refused(listed(short), code="not_held")
