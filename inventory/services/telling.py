"""Telling the world that stock changed: many events of one kind in one go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import polars as pl

from inventory.contracts import InventoryUpdated
from inventory.services.staging import copy_frame, rows, run, staged
from vyapar.engine import registry
from vyapar.engine.services.events import wake_relay
from vyapar.engine.wire import outward
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import canonical_json

# The payload is `InventoryUpdated` in its outside form, made by the database: thousands in a breath.
_STOCK_CHANGED = """
INSERT INTO engine_event (event_id, name, version, subject, payload, actor_ref, at, action_id)
SELECT gen_random_uuid(), '{name}', {version}, 'stock:' || s.code || '@' || t.code,
       jsonb_build_object('sku', s.code, 'territory', t.code, 'change', c.change, 'onHand', c.on_hand,
                          'reserved', c.reserved, 'reason', %s::text, 'location', '', 'batch', ''),
       %s, %s, %s
FROM {changes} c
JOIN inventory_sku s ON s.id = c.sku_id
JOIN inventory_territory t ON t.id = c.territory_id
ORDER BY c.sku_id, c.territory_id RETURNING id
"""
CHANGE_TYPES = dict.fromkeys(("sku_id", "territory_id", "change", "on_hand", "reserved"), "bigint")
_STANDING = """
UPDATE {changes} c SET on_hand = n.on_hand, reserved = n.reserved
FROM (SELECT w.sku_id, w.territory_id, sum(p.on_hand) AS on_hand, sum(p.reserved) AS reserved
      FROM {changes} w
      JOIN inventory_position p ON p.sku_id = w.sku_id
      JOIN inventory_location l ON l.id = p.location_id AND l.territory_id = w.territory_id
      GROUP BY 1, 2) n
WHERE n.sku_id = c.sku_id AND n.territory_id = c.territory_id
"""


def emit_many(
    told: Iterable[tuple[str, Any]],
    *,
    actor: Actor,
    at: datetime,
    action_id: UUID | None = None,
    cycle_id: int | None = None,
) -> int:
    """Append events `(subject, payload)` of one payload class with their deliveries, in bulk.

    As `vyapar.engine.services.emit` does one by one, but without trail entries: the caller keeps
    one for the whole. Must run inside the transaction of the write it tells of.
    """
    pairs = list(told)
    if not pairs:
        return 0
    kind = type(pairs[0][1])
    first = rows(
        "SELECT nextval(pg_get_serial_sequence('engine_event', 'id')) FROM generate_series(1, %s)",
        [len(pairs)],
    )
    ids = [row[0] for row in first]
    frame = pl.DataFrame(
        {
            "id": ids,
            "event_id": [str(uuid4()) for _ in pairs],
            "subject": [subject for subject, _ in pairs],
            "payload": [canonical_json(outward(payload)) for _, payload in pairs],
        }
    ).with_columns(
        pl.lit(kind.__name__).alias("name"),
        pl.lit(getattr(kind, "VERSION", 1)).alias("version"),
        pl.lit(actor.ref).alias("actor_ref"),
        pl.lit(at).dt.convert_time_zone("UTC").alias("at"),
        pl.lit(None if action_id is None else str(action_id), dtype=pl.String).alias("action_id"),
        pl.lit(cycle_id, dtype=pl.Int64).alias("cycle_id"),
    )
    copy_frame("engine_event", frame)
    _deliver_later(ids, [s.name for s in registry.subscribers_of(kind.__name__)], at)
    return len(ids)


def _deliver_later(ids: Sequence[int], subscribers: Sequence[str], at: datetime) -> None:
    if not subscribers:
        return
    run(
        "INSERT INTO engine_delivery (event_id, subscriber, state, attempts, next_try_at, last_error) "
        "SELECT e, s, 'pending', 0, %s, '' FROM unnest(%s::bigint[]) e, unnest(%s::text[]) s",
        [at, list(ids), list(subscribers)],
    )
    wake_relay()


def tell_stock_changed(
    changes: pl.DataFrame, *, reason: str, actor: Actor, at: datetime, action_id: UUID | None = None
) -> int:
    """One `InventoryUpdated` for each SKU and territory in `changes`; returns how many.

    `changes`: sku_id, territory_id, change (signed pieces), one row a pair.
    """
    if changes.is_empty():
        return 0
    nothing = pl.lit(0, dtype=pl.Int64)
    with staged(changes.with_columns(on_hand=nothing, reserved=nothing), CHANGE_TYPES) as table:
        run(_STANDING.format(changes=table))
        return tell_of_table(table, reason=reason, actor=actor, at=at, action_id=action_id)


def tell_of_table(
    changes: str, *, reason: str, actor: Actor, at: datetime, action_id: UUID | None = None
) -> int:
    """As `tell_stock_changed`, of a table with columns `CHANGE_TYPES` that is in the database."""
    kind = InventoryUpdated
    name, version = kind.__name__, getattr(kind, "VERSION", 1)
    sql = _STOCK_CHANGED.format(changes=changes, name=name, version=version)
    listeners = [s.name for s in registry.subscribers_of(name)]
    if not listeners:
        return run(sql.replace("RETURNING id", ""), [reason, actor.ref, at, action_id])
    ids = [row[0] for row in rows(sql, [reason, actor.ref, at, action_id])]
    _deliver_later(ids, listeners, at)
    return len(ids)
