"""Telling the world that stock changed: many events of one kind in one go."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import polars as pl

from inventory.contracts import InventoryUpdated, ManyInventoryUpdated
from inventory.services.binary import Packed, pack
from inventory.services.groups import Numbers, distinct, numbers
from inventory.services.staging import frame_of, numbers_of, run
from vyapar.engine import registry
from vyapar.engine.services.events import wake_relay
from vyapar.engine.wire import outward
from vyapar.kernel.actor import Actor
from vyapar.kernel.digest import canonical_json

# Events and their deliveries in one statement: the ids of the ones are the others' keys.
_TELL = """
WITH told AS (
    INSERT INTO engine_event (event_id, name, version, subject, payload, actor_ref, at, action_id, cycle_id)
    SELECT n.event_id::uuid, %s, %s, n.subject, n.payload::jsonb, %s, %s, %s::uuid, %s::bigint
    FROM unnest(%s::text[], %s::text[], %s::text[]) n(event_id, subject, payload)
    RETURNING id
)
INSERT INTO engine_delivery (event_id, subscriber, state, attempts, next_try_at, last_error)
SELECT t.id, s, 'pending', 0, %s, '' FROM told t, unnest(%s::text[]) s
"""
_STANDING = """
SELECT c.sku_id, c.territory_id, c.change, coalesce(sum(p.on_hand), 0) AS on_hand,
       coalesce(sum(p.reserved), 0) AS reserved
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) c(sku_id, territory_id, change)
LEFT JOIN inventory_location l ON l.territory_id = c.territory_id
LEFT JOIN inventory_position p ON p.sku_id = c.sku_id AND p.location_id = l.id
GROUP BY 1, 2, 3
"""
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
    written = _told(events, type(pairs[0][1]), len(pairs))
    return tell(written, actor=actor, at=at, action_id=action_id, cycle_id=cycle_id)


@dataclass(frozen=True, slots=True)
class Told:
    """Events of one kind in their outside form, not yet told; `count`: of how many changes they tell."""

    kind: type[Any]
    subjects: Packed
    payloads: Packed
    events: int
    count: int


@dataclass(frozen=True, slots=True)
class Names:
    """What SKUs (`sku_id`) and territories (`territory_id`) are called: their code, and the code as JSON."""

    skus: pl.DataFrame
    territories: pl.DataFrame


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
    names = find_names(*(distinct(numbers(changes[name])) for name in ("sku_id", "territory_id")))
    told = put_in_words(standing, names, reason=reason)
    return tell(told, actor=actor, at=at, action_id=action_id)


def find_names(skus: Numbers, territories: Numbers) -> Names:
    """What some SKUs and territories are called."""
    return Names(_codes(_SKUS, skus, "sku"), _codes(_TERRITORIES, territories, "territory"))


def put_in_words(changes: pl.DataFrame, names: Names, *, reason: str) -> Told:
    """Changes, one at least, as the events that tell of them. Pure.

    `changes`: sku_id, territory_id, change (signed pieces), and what stands there now: on_hand, reserved.
    """
    told = changes.join(names.skus, on="sku_id").join(names.territories, on="territory_id")
    told = told.sort("sku_id", "territory_id")
    if told.height <= ManyInventoryUpdated.FEW:
        return _told(_one_by_one(told, reason), InventoryUpdated, told.height)
    return _told(_together(told, reason), ManyInventoryUpdated, told.height)


def tell(
    told: Told,
    *,
    actor: Actor,
    at: datetime,
    action_id: UUID | None = None,
    cycle_id: int | None = None,
) -> int:
    """Append events and their deliveries, in the transaction of the write; returns `told.count`."""
    listeners = [s.name for s in registry.subscribers_of(told.kind.name)]
    run(_TELL, [
        told.kind.name, told.kind.version, actor.ref, at, action_id, cycle_id,
        pack(pl.Series(_fresh_ids(told.events, at)), "text"), told.subjects, told.payloads, at, listeners,
    ])  # fmt: skip
    if listeners:
        wake_relay()
    return told.count


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


def _codes(sql: str, ids: Numbers, name: str) -> pl.DataFrame:
    """Codes by id, plain and as JSON."""
    known = frame_of(sql, {f"{name}_id": pl.Int64, name: pl.String}, [pack(ids)])
    coded = [orjson.dumps(code).decode() for code in known[name]]
    return known.with_columns(pl.Series(f"{name}_json", coded, dtype=pl.String))


def _told(events: pl.DataFrame, kind: type[Any], count: int) -> Told:
    """`events`: subject, payload as JSON text."""
    subjects, payloads = (pack(events[name], "text") for name in ("subject", "payload"))
    return Told(kind, subjects, payloads, events.height, count)


def _fresh_ids(count: int, at: datetime) -> list[str]:
    """Ids that sort by time (UUID version 7), so that an index takes them at its end."""
    moment, chance = f"{int(at.timestamp() * 1000):012x}7", secrets.token_hex(10 * count)
    return [
        f"{moment}{chance[n : n + 3]}8{chance[n + 3 : n + 18]}" for n in range(0, 20 * count, 20)
    ]  # fmt: skip
