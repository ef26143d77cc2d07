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

_TOTALS = """
SELECT s.code, t.code, max(c.change), sum(p.on_hand)::bigint, sum(p.reserved)::bigint
FROM {pairs} c
JOIN inventory_sku s ON s.id = c.sku_id
JOIN inventory_territory t ON t.id = c.territory_id
JOIN inventory_position p ON p.sku_id = c.sku_id
JOIN inventory_location l ON l.id = p.location_id AND l.territory_id = c.territory_id
GROUP BY 1, 2 ORDER BY 1, 2
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
    changes: pl.DataFrame,
    *,
    reason: str,
    actor: Actor,
    at: datetime,
    action_id: UUID | None = None,
) -> int:
    """One `InventoryUpdated` for each SKU and territory in `changes`; returns how many.

    `changes`: sku_id, territory_id, change (signed pieces), one row a pair.
    """
    types = {"sku_id": "bigint", "territory_id": "bigint", "change": "bigint"}
    if changes.is_empty():
        return 0
    with staged(changes, types) as table:
        found = rows(_TOTALS.format(pairs=table))
    return emit_many(
        (
            (
                f"stock:{sku}@{territory}",
                InventoryUpdated(sku, territory, change, on_hand, reserved, reason),
            )
            for sku, territory, change, on_hand, reserved in found
        ),
        actor=actor,
        at=at,
        action_id=action_id,
    )
