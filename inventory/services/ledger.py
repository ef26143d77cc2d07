"""The stock ledger: the only place where positions and movements are written, and always together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from django.db import transaction

from inventory.services.binary import Column, Packed, pack
from inventory.services.groups import Numbers, sums_at
from inventory.services.lines import MovementLine, Moves
from inventory.services.staging import (
    Rows,
    copy_rows,
    frame_of,
    rows,
    rows_of,
    run,
    staged,
    take_trail,
)
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Invalid, Refused, Stale
from vyapar.kernel.phrases import Phrase, listed
from vyapar.kernel.phrases import phrase as _

#: Columns of a frame of lines, as in `MovementLine`.
LINE_TYPES = {
    "batch_id": "bigint",
    "location_id": "bigint",
    "kind": "text",
    "quantity": "bigint",
    "reserved": "bigint",
    "in_transit": "bigint",
    "at": "timestamptz",
    "reference": "text",
    "action_id": "uuid",
    "receipt_date": "date",
}
LINE_SCHEMA: dict[str, Any] = {
    "batch_id": pl.Int64,
    "location_id": pl.Int64,
    "kind": pl.String,
    "quantity": pl.Int64,
    "reserved": pl.Int64,
    "in_transit": pl.Int64,
    "at": pl.Datetime("us", "UTC"),
    "reference": pl.String,
    "action_id": pl.String,
    "receipt_date": pl.Date,
}
#: How many objections one refusal names.
_SHOWN = 5

_NET = """
SELECT batch_id, location_id, sum(quantity)::bigint AS quantity, sum(reserved)::bigint AS reserved,
       sum(in_transit)::bigint AS in_transit,
       min(coalesce(receipt_date, CASE WHEN quantity > 0
           THEN (at AT TIME ZONE 'Asia/Kolkata')::date END)) AS receipt_date,
       bool_or(kind = 'receipt' AND quantity > 0) AS arrives
FROM {lines} GROUP BY batch_id, location_id
"""
# What comes to nothing needs no position: the ledger alone remembers batches that are long gone.
_OPEN = """
INSERT INTO inventory_position
    (sku_id, batch_id, location_id, on_hand, reserved, in_transit, changes, updated_at)
SELECT b.sku_id, n.batch_id, n.location_id, 0, 0, 0, 0, %s
FROM ({net}) n
JOIN inventory_batch b ON b.id = n.batch_id
LEFT JOIN inventory_position p ON p.batch_id = n.batch_id AND p.location_id = n.location_id
WHERE p.id IS NULL AND (n.quantity <> 0 OR n.reserved <> 0 OR n.in_transit <> 0)
ORDER BY n.batch_id, n.location_id
ON CONFLICT DO NOTHING
"""
_STRANGE = """
SELECT EXISTS (SELECT 1 FROM {lines} w LEFT JOIN inventory_batch b ON b.id = w.batch_id
               LEFT JOIN inventory_location l ON l.id = w.location_id
               WHERE b.id IS NULL OR l.id IS NULL)
"""
_LOCK = """
SELECT 1 FROM inventory_position p
JOIN (SELECT DISTINCT batch_id, location_id FROM {lines}) n
  ON n.batch_id = p.batch_id AND n.location_id = p.location_id
ORDER BY p.batch_id, p.location_id FOR UPDATE OF p
"""
_OBJECTIONS = """
SELECT s.code, b.number, l.code, p.on_hand, p.reserved, p.in_transit,
       n.quantity, n.reserved, n.in_transit
FROM ({net}) n
JOIN inventory_position p ON p.batch_id = n.batch_id AND p.location_id = n.location_id
JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_location l ON l.id = p.location_id
WHERE p.on_hand + n.quantity < p.reserved + n.reserved
   OR p.reserved + n.reserved < 0 OR p.in_transit + n.in_transit < 0
ORDER BY s.code, b.number, l.code LIMIT {shown}
"""
_WRITE = """
INSERT INTO inventory_movement (at, batch_id, location_id, kind, quantity, reference, action_id, actor_ref)
SELECT at, batch_id, location_id, kind, quantity, reference, action_id, %s
FROM {lines} WHERE quantity <> 0 ORDER BY at, batch_id, location_id
"""
_APPLY = """
UPDATE inventory_position p SET
    on_hand = p.on_hand + n.quantity, reserved = p.reserved + n.reserved,
    in_transit = p.in_transit + n.in_transit, changes = p.changes + 1, updated_at = %s,
    first_receipt_date = CASE WHEN p.on_hand = 0 AND n.arrives THEN n.receipt_date
                              ELSE least(p.first_receipt_date, n.receipt_date) END
FROM ({net}) n WHERE p.batch_id = n.batch_id AND p.location_id = n.location_id
"""


@transaction.atomic
def record_movements(movements: Sequence[MovementLine] | pl.DataFrame, *, actor: Actor, at: datetime) -> int:
    """Write lines to the ledger and change the positions they name; returns how many were written.

    Positions are locked in one order, by batch and location, whoever calls. A line without `at`
    happened at `at`; positions that do not exist yet are opened. Raises `Refused` and changes
    nothing when pieces would fall below zero or below what open actions hold.
    """
    lines = line_frame(movements, at)
    if lines.is_empty():
        return 0
    take_trail()
    with staged(lines, LINE_TYPES) as table:
        if rows(_STRANGE.format(lines=table))[0][0]:
            raise Invalid(_("a movement names a batch or a place that does not exist"), code="no_such_batch")
        open_positions(table, at=at)
        run(_LOCK.format(lines=table))
        _check_never_negative(_NET.format(lines=table))
        return book(table, actor=actor, at=at)


def open_positions(lines: str, *, at: datetime) -> None:
    """Open the positions that a table of lines changes and that do not exist."""
    run(_OPEN.format(net=_NET.format(lines=lines)), [at])


def book(lines: str, *, actor: Actor, at: datetime) -> int:
    """Write a table of lines whose positions are open, locked and known to suffice; how many lines.

    Only for this ledger and for those who have just worked the lines out under the same locks; the
    constraints of the table stand behind it.
    """
    written = run(_WRITE.format(lines=lines), [actor.ref])
    run(_APPLY.format(net=_NET.format(lines=lines)), [at])
    return written


@dataclass(frozen=True, slots=True)
class Entry:
    """Lines drawn up for the ledger: the movements, and the positions they change, packed (`_APPLY_AT`)."""

    movements: Rows
    positions: Sequence[Packed]
    touched: int


def draw_up(moves: Moves, *, actor: Actor) -> Entry:
    """What `book_at` writes. Pure, so that it can be worked out while the database does something else."""
    count = len(moves.quantity)
    columns: dict[str, Column] = {
        "at": moves.at, "batch_id": moves.batch_id, "location_id": moves.location_id, "kind": moves.kind,
        "quantity": moves.quantity, "reference": moves.reference, "actor_ref": actor.ref,
    }  # fmt: skip
    order, places = np.unique(moves.position_id, return_inverse=True)
    changes = np.zeros(len(order), np.int64)
    changes[places] = moves.changes
    sums = [sums_at(places, values, len(order)) for values in (moves.quantity, moves.reserved)]
    return Entry(
        rows_of("inventory_movement", columns, _MOVEMENT_TYPES, count),
        [*map(pack, (order, changes, *sums)), pack(_received(moves, places))],
        len(order),
    )


def book_at(entry: Entry, *, at: datetime) -> None:
    """As `book`, for lines of positions that were read in the trail's turn and are known to suffice.

    Raises `Stale` when one of them was changed by somebody who did not wait for his turn.
    """
    copy_rows(entry.movements)
    if run(_APPLY_AT, [at, *entry.positions]) != entry.touched:
        raise Stale(_("stock changed while it was being booked; send it again"), code="stock_changed")


def _received(moves: Moves, places: Numbers) -> pl.Series:
    """By position: the Indian day of the first line that adds, null where none does."""
    more = moves.quantity > 0
    days = np.full(int(places.max(initial=-1)) + 1, _NEVER, np.int64)
    np.minimum.at(days, places[more], (moves.at[more] + _INDIA) // _DAY)
    found = pl.DataFrame({"day": days}).select(pl.when(pl.col("day") != _NEVER).then("day"))
    return found.to_series().cast(pl.Int32).cast(pl.Date)


#: Microseconds: how far Indian clocks are ahead of UTC, and a day.
_INDIA, _DAY, _NEVER = 19_800_000_000, 86_400_000_000, 2**62
_MOVEMENT_TYPES = {
    **{name: LINE_TYPES[name] for name in ("at", "batch_id", "location_id", "kind", "quantity", "reference")},
    "actor_ref": "text",
}  # fmt: skip
_APPLY_AT = """
UPDATE inventory_position p SET
    on_hand = p.on_hand + n.quantity, reserved = p.reserved + n.reserved, changes = p.changes + 1,
    updated_at = %s, first_receipt_date = least(p.first_receipt_date, n.receipt_date)
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::date[])
     n(id, changes, quantity, reserved, receipt_date)
WHERE p.id = n.id AND p.changes = n.changes
"""


def line_frame(movements: Sequence[MovementLine] | pl.DataFrame, at: datetime) -> pl.DataFrame:
    """Lines as one frame in the columns of `LINE_SCHEMA`; columns left out get their defaults."""
    if not isinstance(movements, pl.DataFrame):
        movements = pl.DataFrame([_record(line) for line in movements], schema=LINE_SCHEMA, orient="row")
    fills: dict[str, Any] = {"reserved": 0, "in_transit": 0, "at": at, "reference": ""}
    missing = [n for n in LINE_SCHEMA if n not in movements.columns]
    frame = movements.with_columns(pl.lit(None).alias(n) for n in missing)
    return frame.select(
        pl.col(name).cast(kind).fill_null(pl.lit(fills[name]).cast(kind)) if name in fills
        else pl.col(name).cast(kind)
        for name, kind in LINE_SCHEMA.items()
    )  # fmt: skip


def _record(line: MovementLine) -> tuple[Any, ...]:
    action_id = None if line.action_id is None else str(line.action_id)
    return (
        line.batch_id, line.location_id, line.kind.value, line.quantity, line.reserved,
        line.in_transit, line.at, line.reference, action_id, line.receipt_date,
    )  # fmt: skip


def _check_never_negative(net: str) -> None:
    bad = rows(_OBJECTIONS.format(net=net, shown=_SHOWN))
    if bad:
        raise Refused(listed([_objection(row) for row in bad]), code="not_enough_stock")


def _objection(row: tuple[Any, ...]) -> Phrase:
    sku, batch, place, on_hand, reserved, in_transit, quantity, hold, transit = row
    what = _("%(sku)s batch %(batch)s at %(place)s", sku=sku, batch=batch, place=place)
    if in_transit + transit < 0:
        return _(
            "%(spot)s: %(pieces)s pieces cannot arrive, only %(coming)s are on their way",
            spot=what, pieces=-transit, coming=in_transit,
        )  # fmt: skip
    if reserved + hold < 0:
        return _(
            "%(spot)s: %(pieces)s held pieces cannot be taken, only %(held)s are held",
            spot=what, pieces=-hold, held=reserved,
        )  # fmt: skip
    return _(
        "%(spot)s: %(pieces)s pieces are asked for, %(free)s of %(there)s are free",
        spot=what, pieces=hold - quantity, free=on_hand - reserved, there=on_hand,
    )  # fmt: skip


# --- the book against itself ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Difference:
    """A position that does not say what its ledger says. Pieces."""

    sku: str
    batch: str
    location: str
    what: str
    position: int
    ledger: int

    def __str__(self) -> str:
        return (
            f"{self.sku} batch {self.batch} at {self.location or 'all places'}: {self.what} is "
            f"{self.position}, the ledger says {self.ledger}"
        )


_ON_HAND = """
SELECT s.code, b.number, l.code, 'on hand', coalesce(p.on_hand, 0), coalesce(m.quantity, 0)
FROM (SELECT batch_id, location_id, sum(quantity)::bigint AS quantity
      FROM inventory_movement GROUP BY 1, 2) m
FULL JOIN inventory_position p ON p.batch_id = m.batch_id AND p.location_id = m.location_id
JOIN inventory_batch b ON b.id = coalesce(p.batch_id, m.batch_id)
JOIN inventory_sku s ON s.id = b.sku_id
JOIN inventory_location l ON l.id = coalesce(p.location_id, m.location_id)
WHERE coalesce(p.on_hand, 0) <> coalesce(m.quantity, 0)
"""
_RESERVED = """
SELECT s.code, b.number, l.code, 'reserved', p.reserved, coalesce(r.quantity, 0)
FROM inventory_position p
LEFT JOIN (SELECT position_id, sum(quantity)::bigint AS quantity FROM inventory_reservation
           WHERE released_at IS NULL GROUP BY 1) r ON r.position_id = p.id
JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_sku s ON s.id = b.sku_id
JOIN inventory_location l ON l.id = p.location_id
WHERE p.reserved <> coalesce(r.quantity, 0)
"""
_IN_TRANSIT = """
SELECT s.code, b.number, '', 'in transit', coalesce(p.pieces, 0), coalesce(m.pieces, 0)
FROM (SELECT batch_id, -sum(quantity)::bigint AS pieces FROM inventory_movement
      WHERE kind IN ('transfer_out', 'transfer_in') GROUP BY 1) m
FULL JOIN (SELECT batch_id, sum(in_transit)::bigint AS pieces FROM inventory_position GROUP BY 1) p
  ON p.batch_id = m.batch_id
JOIN inventory_batch b ON b.id = coalesce(p.batch_id, m.batch_id)
JOIN inventory_sku s ON s.id = b.sku_id
WHERE coalesce(p.pieces, 0) <> coalesce(m.pieces, 0)
"""


def check_positions() -> list[Difference]:
    """Every difference between positions and what stands behind them, by SKU, batch and place.

    On hand is compared with the sum of movements, reserved with the open reservations, in transit
    with what was sent and has not been booked in.
    """
    found = [Difference(*row) for sql in (_ON_HAND, _RESERVED, _IN_TRANSIT) for row in rows(sql)]
    return sorted(found, key=lambda d: (d.sku, d.batch, d.location, d.what))


@transaction.atomic
def rebuild_positions(*, actor: Actor, at: datetime) -> int:
    """Set on-hand and reserved pieces to what the ledger and the reservations say; how many changed.

    In-transit pieces are not touched: the ledger does not say where they were going. The trail
    gets an entry that names the differences.
    """
    take_trail()
    run("LOCK TABLE inventory_position IN SHARE ROW EXCLUSIVE MODE")
    found = [d for d in check_positions() if d.what != "in transit"]
    if not found:
        return 0
    changed = run(_REOPEN, [at]) + run(_REBUILD, [at])
    append_audit(
        actor=actor, verb="PositionsRebuilt", subject="ledger", at=at,
        after={"positions": changed, "differences": [str(d) for d in found[:100]]},
    )  # fmt: skip
    return changed


_REOPEN = """
INSERT INTO inventory_position (sku_id, batch_id, location_id, on_hand, reserved, in_transit,
                                first_receipt_date, changes, updated_at)
SELECT b.sku_id, m.batch_id, m.location_id, sum(m.quantity), 0, 0,
       min((m.at AT TIME ZONE 'Asia/Kolkata')::date) FILTER (WHERE m.quantity > 0), 1, %s
FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
WHERE NOT EXISTS (SELECT 1 FROM inventory_position p
                  WHERE p.batch_id = m.batch_id AND p.location_id = m.location_id)
GROUP BY b.sku_id, m.batch_id, m.location_id HAVING sum(m.quantity) <> 0
"""
_REBUILD = """
UPDATE inventory_position p SET
    on_hand = t.on_hand, reserved = t.reserved, changes = p.changes + 1, updated_at = %s
FROM (SELECT q.id, coalesce(m.quantity, 0) AS on_hand, coalesce(r.quantity, 0) AS reserved
      FROM inventory_position q
      LEFT JOIN (SELECT batch_id, location_id, sum(quantity)::bigint AS quantity
                 FROM inventory_movement GROUP BY 1, 2) m
        ON m.batch_id = q.batch_id AND m.location_id = q.location_id
      LEFT JOIN (SELECT position_id, sum(quantity)::bigint AS quantity FROM inventory_reservation
                 WHERE released_at IS NULL GROUP BY 1) r ON r.position_id = q.id) t
WHERE t.id = p.id AND (p.on_hand, p.reserved) IS DISTINCT FROM (t.on_hand, t.reserved)
"""


def moved_already(action_id: Any, reference: str) -> pl.DataFrame:
    """What a step of an action has written before: batch_id, location_id, kind, quantity."""
    schema = {"batch_id": pl.Int64, "location_id": pl.Int64, "kind": pl.String, "quantity": pl.Int64}
    return frame_of(
        "SELECT batch_id, location_id, kind, quantity FROM inventory_movement "
        "WHERE action_id = %s AND reference = %s",
        schema,
        [action_id, reference],
    )
