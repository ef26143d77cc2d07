"""Telling the world that stock changed: many events of one kind in one go."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import polars as pl

from inventory.contracts import InventoryUpdated
from inventory.services.staging import array_of, copy_frame, numbers_of, rows, run
from vyapar.engine import registry
from vyapar.engine.services.events import wake_relay
from vyapar.engine.wire import outward
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import canonical_json

_EVENT_TYPES = {
    "event_id": "uuid", "name": "text", "version": "smallint", "subject": "text", "payload": "jsonb",
    "actor_ref": "text", "at": "timestamptz", "action_id": "uuid", "cycle_id": "bigint",
}  # fmt: skip
_STANDING = """
SELECT c.sku_id, c.territory_id, c.change, coalesce(sum(p.on_hand), 0) AS on_hand,
       coalesce(sum(p.reserved), 0) AS reserved
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) c(sku_id, territory_id, change)
LEFT JOIN inventory_location l ON l.territory_id = c.territory_id
LEFT JOIN inventory_position p ON p.sku_id = c.sku_id AND p.location_id = l.id
GROUP BY 1, 2, 3
"""
_NEXT = "SELECT nextval(pg_get_serial_sequence('engine_event', 'id')) AS id FROM generate_series(1, %s)"
_CHANGE_COLUMNS = ("sku_id", "territory_id", "change", "on_hand", "reserved")


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
    events = pl.DataFrame(
        {
            "subject": [subject for subject, _ in pairs],
            "payload": [canonical_json(outward(payload)) for _, payload in pairs],
        }
    )
    return _append(events, type(pairs[0][1]), actor, at, action_id, cycle_id)


def tell_stock_changed(
    changes: pl.DataFrame, *, reason: str, actor: Actor, at: datetime, action_id: UUID | None = None
) -> int:
    """One `InventoryUpdated` for each SKU and territory in `changes`; returns how many.

    `changes`: sku_id, territory_id, change (signed pieces), one row a pair.
    """
    if changes.is_empty():
        return 0
    asked = [array_of(changes[name]) for name in ("sku_id", "territory_id", "change")]
    standing = numbers_of(_STANDING, _CHANGE_COLUMNS, asked)
    return tell_of(standing, reason=reason, actor=actor, at=at, action_id=action_id)


def tell_of(
    changes: pl.DataFrame, *, reason: str, actor: Actor, at: datetime, action_id: UUID | None = None
) -> int:
    """As `tell_stock_changed` for those who know what stands there now.

    `changes` also has on_hand and reserved: pieces of the SKU in the territory after the change.
    """
    if changes.is_empty():
        return 0
    changes = changes.sort("sku_id", "territory_id")
    sku, territory = _codes(_SKUS, changes["sku_id"]), _codes(_TERRITORIES, changes["territory_id"])
    # the payload is `InventoryUpdated` in its outside form, written column by column
    number = [changes[name].cast(pl.String) for name in ("change", "on_hand", "reserved")]
    payload = pl.select(
        pl.concat_str(
            pl.lit('{"sku":'), _quoted(sku), pl.lit(',"territory":'), _quoted(territory),
            pl.lit(',"change":'), number[0], pl.lit(',"onHand":'), number[1],
            pl.lit(',"reserved":'), number[2],
            pl.lit(f',"reason":{orjson.dumps(reason).decode()},"location":"","batch":""}}'),
        ).alias("payload"),
        pl.concat_str(pl.lit("stock:"), sku, pl.lit("@"), territory).alias("subject"),
    )  # fmt: skip
    return _append(payload, InventoryUpdated, actor, at, action_id, None)


_SKUS = "SELECT id, code FROM inventory_sku WHERE id = ANY(%s::bigint[])"
_TERRITORIES = "SELECT id, code FROM inventory_territory WHERE id = ANY(%s::bigint[])"


def _codes(sql: str, ids: pl.Series) -> pl.Series:
    known = dict(rows(sql, [array_of(ids.unique())]))
    return ids.replace_strict(known, return_dtype=pl.String)


def _quoted(texts: pl.Series) -> pl.Series:
    """Texts as JSON; each different one is written once."""
    known = {one: orjson.dumps(one).decode() for one in texts.unique()}
    return texts.replace_strict(known, return_dtype=pl.String)


def _append(
    events: pl.DataFrame,
    kind: type[Any],
    actor: Actor,
    at: datetime,
    action_id: UUID | None,
    cycle_id: int | None,
) -> int:
    """Append events with their deliveries. `events`: subject, payload as JSON text."""
    listeners = [s.name for s in registry.subscribers_of(kind.__name__)]
    frame = events.with_columns(
        pl.Series("event_id", _fresh_ids(events.height, at)),
        pl.lit(kind.__name__).alias("name"),
        pl.lit(getattr(kind, "VERSION", 1)).alias("version"),
        pl.lit(actor.ref).alias("actor_ref"),
        pl.lit(at).dt.convert_time_zone("UTC").alias("at"),
        pl.lit(None if action_id is None else action_id.hex, dtype=pl.String).alias("action_id"),
        pl.lit(cycle_id, dtype=pl.Int64).alias("cycle_id"),
    )
    types = {**({"id": "bigint"} if listeners else {}), **_EVENT_TYPES}
    if listeners:
        frame = frame.with_columns(_next_ids(frame.height))
    copy_frame("engine_event", frame, types)
    if listeners:
        _deliver_later(frame["id"], listeners, at)
    return frame.height


def _fresh_ids(count: int, at: datetime) -> list[str]:
    """Ids that sort by time (UUID version 7), so that an index takes them at its end."""
    moment, chance = f"{int(at.timestamp() * 1000):012x}7", secrets.token_hex(10 * count)
    return [
        f"{moment}{chance[n : n + 3]}8{chance[n + 3 : n + 18]}" for n in range(0, 20 * count, 20)
    ]  # fmt: skip


def _next_ids(count: int) -> pl.Series:
    return numbers_of(_NEXT, ["id"], [count])["id"].sort()


def _deliver_later(ids: pl.Series, subscribers: list[str], at: datetime) -> None:
    run(
        "INSERT INTO engine_delivery (event_id, subscriber, state, attempts, next_try_at, last_error) "
        "SELECT e, s, 'pending', 0, %s, '' FROM unnest(%s::bigint[]) e, unnest(%s::text[]) s",
        [at, array_of(ids), subscribers],
    )
    wake_relay()
