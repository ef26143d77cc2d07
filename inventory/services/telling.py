"""Telling the world that stock changed: many events of one kind in one go."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import polars as pl

from inventory.contracts import InventoryUpdated, ManyInventoryUpdated
from inventory.services.binary import pack
from inventory.services.staging import copy_frame, frame_of, numbers_of, run
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
    """`InventoryUpdated` of each SKU and territory in `changes`, many of them together; how many there are.

    `changes`: sku_id, territory_id, change (signed pieces), one row a pair.
    """
    if changes.is_empty():
        return 0
    asked = [pack(changes[name]) for name in ("sku_id", "territory_id", "change")]
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
    skus, territories = (
        _codes(_SKUS, changes["sku_id"], "sku"),
        _codes(_TERRITORIES, changes["territory_id"], "territory"),
    )
    told = changes.join(skus, on="sku_id").join(territories, on="territory_id").sort("sku_id", "territory_id")
    if told.height <= ManyInventoryUpdated.FEW:
        _append(_one_by_one(told, reason), InventoryUpdated, actor, at, action_id, None)
    else:
        _append(_together(told, reason), ManyInventoryUpdated, actor, at, action_id, None)
    return told.height


# payloads in their outside form, written column by column
_CHANGE = (
    pl.lit('{"sku":'), "sku_json", pl.lit(',"territory":'), "territory_json", pl.lit(',"change":'), "change",
    pl.lit(',"onHand":'), "on_hand", pl.lit(',"reserved":'), "reserved",
)  # fmt: skip


def _one_by_one(told: pl.DataFrame, reason: str) -> pl.DataFrame:
    """An event for each change: subject, payload."""
    tail = f',"reason":{orjson.dumps(reason).decode()},"location":"","batch":""}}'
    return told.select(
        pl.concat_str(pl.lit("stock:"), "sku", pl.lit("@"), "territory").alias("subject"),
        pl.concat_str(*_CHANGE, pl.lit(tail)).alias("payload"),
    )


def _together(told: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Events of many changes each: subject, payload."""
    head = f'{{"reason":{orjson.dumps(reason).decode()},"changes":['
    part = (pl.int_range(pl.len()) // ManyInventoryUpdated.MOST).alias("part")
    parts = told.select(part, pl.concat_str(*_CHANGE, pl.lit("}")).alias("one"))
    joined = parts.group_by("part", maintain_order=True).agg(pl.col("one").str.join(","))
    return joined.select(
        pl.lit(f"stock:{reason}"[:200]).alias("subject"),
        (pl.lit(head) + pl.col("one") + pl.lit("]}")).alias("payload"),
    )


_SKUS = "SELECT id, code FROM inventory_sku WHERE id = ANY(%s::bigint[])"
_TERRITORIES = "SELECT id, code FROM inventory_territory WHERE id = ANY(%s::bigint[])"


def _codes(sql: str, ids: pl.Series, name: str) -> pl.DataFrame:
    """Codes by id, plain and as JSON."""
    known = frame_of(sql, {f"{name}_id": pl.Int64, name: pl.String}, [pack(ids.unique())])
    coded = [orjson.dumps(code).decode() for code in known[name]]
    return known.with_columns(pl.Series(f"{name}_json", coded, dtype=pl.String))


def _append(
    events: pl.DataFrame,
    kind: type[Any],
    actor: Actor,
    at: datetime,
    action_id: UUID | None,
    cycle_id: int | None,
) -> int:
    """Append events with their deliveries. `events`: subject, payload as JSON text."""
    listeners = [s.name for s in registry.subscribers_of(kind.name)]
    frame = events.with_columns(
        pl.Series("event_id", _fresh_ids(events.height, at)),
        pl.lit(kind.name).alias("name"),
        pl.lit(kind.version).alias("version"),
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
        [at, pack(ids), subscribers],
    )
    wake_relay()
