"""What merging moves and how it is moved back: each row with its trace, the ledger by lines of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import polars as pl

from inventory.models import Twins
from inventory.services.demand import rework_demand
from inventory.services.landing.tables import columns_of
from inventory.services.ledger import record_movements
from inventory.services.staging import frame_of, rows, run
from inventory.services.telling import tell_stock_changed
from inventory.services.twins.relations import ONLY, How, columns
from vyapar.kernel.actor import Actor

#: Tables of sales: a line may have gone from one to the other since.
_SALES = ("inventory_sale", "inventory_cancelledsale")
#: What a row is known by, as JSON; of a sale, its three columns.
_KEYS = dict.fromkeys(_SALES, "jsonb_build_array(transaction_id, line, sold_on)")
_MOVE = """
WITH moved AS (UPDATE {table} SET {column} = %s WHERE {column} = %s {which} RETURNING *)
INSERT INTO inventory_twinschange (twins_id, "table", key, before, gone)
SELECT %s, '{table}', {key}, jsonb_build_object('{column}', %s::bigint), false FROM moved
"""
_BY_ID = "t.id = (c.key ->> 0)::bigint"
_BY_LINE = (
    "t.transaction_id = c.key ->> 0 AND t.line = (c.key ->> 1)::int AND t.sold_on = (c.key ->> 2)::date"
)
_BACK = """
UPDATE {table} t SET {column} = (c.before ->> '{column}')::bigint FROM inventory_twinschange c
WHERE c.twins_id = %s AND c."table" = '{source}' AND NOT c.gone AND c.before ? '{column}' AND t.{column} = %s
  AND {same}
"""
_FORGET = """
WITH gone AS (DELETE FROM {table} WHERE {column} = %s {which} RETURNING *)
INSERT INTO inventory_twinschange (twins_id, "table", key, before, gone)
SELECT %s, '{table}', jsonb_build_array(id), to_jsonb(gone), true FROM gone
"""
_RECALL = """
INSERT INTO {table} ({columns}) SELECT {columns} FROM inventory_twinschange c,
    jsonb_populate_record(NULL::{table}, c.before)
WHERE c.twins_id = %s AND c."table" = '{table}' AND c.gone ON CONFLICT DO NOTHING
"""
_TRACE = """
INSERT INTO inventory_twinschange (twins_id, "table", key, before, gone) VALUES (%s, %s, %s, %s, false)
"""


def move(twins: Twins, table: str, column: str, other: int, kept: int, which: str = "") -> int:
    """Have rows refer to the kept one, with a trace of each; how many."""
    key = _KEYS.get(table, "jsonb_build_array(id)")
    sql = _MOVE.format(table=table, column=column, which=which, key=key)
    return run(sql, [kept, other, twins.pk, other])


def move_back(twins: Twins, table: str, column: str, kept: int) -> int:
    """Have rows refer to what they referred to before, if they still refer to the kept one; how many.

    Sales that were cancelled since are found among the cancelled ones, and the other way round.
    """
    if table in _SALES:
        return sum(_back(twins, table, column, kept, source, _BY_LINE) for source in _SALES)
    return _back(twins, table, column, kept, table, _BY_ID)


def _back(twins: Twins, table: str, column: str, kept: int, source: str, same: str) -> int:
    # the driver takes a question mark for itself as it is: no value stands in its place
    sql = _BACK.format(table=table, column=column, source=source, same=same)
    return run(sql, [twins.pk, kept])


def forget(twins: Twins, table: str, column: str, other: int) -> int:
    """Put rows away; how many."""
    sql = _FORGET.format(table=table, column=column, which=ONLY.get(table, ""))
    return run(sql, [other, twins.pk])


def recall(twins: Twins, table: str) -> int:
    """Put rows back that were put away, unless newer ones are there; how many."""
    names = ", ".join(f'"{name}"' for name in columns_of(table))
    return run(_RECALL.format(table=table, columns=names), [twins.pk])


def trace(twins: Twins, table: str, key: Sequence[Any], before: dict[str, Any]) -> None:
    """Keep one thing that taking apart must know."""
    run(_TRACE, [twins.pk, table, json.dumps(list(key)), json.dumps(before)])


# --- the roll-up -----------------------------------------------------------------------------------

_TRIPLES = """
SELECT DISTINCT s.sku_id, s.territory_id, s.sold_on FROM inventory_twinschange c
JOIN inventory_sale s ON s.transaction_id = c.key ->> 0 AND s.line = (c.key ->> 1)::int
     AND s.sold_on = (c.key ->> 2)::date
WHERE c.twins_id = %s AND c."table" IN ('inventory_sale', 'inventory_cancelledsale')
"""


def rework(twins: Twins, skus: Sequence[int] = ()) -> int:
    """Work out the days anew on which sales moved; of both SKUs where the sales changed theirs."""
    schema = {"sku_id": pl.Int64, "territory_id": pl.Int64, "day": pl.Date}
    triples = frame_of(_TRIPLES, schema, [twins.pk])
    days = triples.select("territory_id", "day").unique()
    for sku in skus:
        mine = days.select(pl.lit(sku, dtype=pl.Int64).alias("sku_id"), "territory_id", "day")
        triples = pl.concat([triples, mine])
    return rework_demand(triples)


# --- the ledger ------------------------------------------------------------------------------------

# Lines as they stand at a batch and a place, net of what was carried away before and back again.
_LINES = """
SELECT kind, at, regexp_replace(reference, '^(twins|apart):[0-9]+:', '') AS what, sum(quantity)::bigint
FROM inventory_movement WHERE batch_id = %s AND location_id = %s {which}
GROUP BY 1, 2, 3 HAVING sum(quantity) <> 0 ORDER BY 2, 1, 3
"""
_LINE = {"kind": pl.String, "at": pl.Datetime("us", "UTC"), "what": pl.String, "quantity": pl.Int64}
_OURS = "AND (reference LIKE %s OR reference LIKE %s)"
_SINCE = "SELECT first_receipt_date FROM inventory_position WHERE batch_id = %s AND location_id = %s"
# What comes to nothing needs no position, but one that an action once held pieces of has a history.
_CLEAR = """
DELETE FROM inventory_position p
WHERE p.batch_id = %s AND p.location_id = %s AND p.on_hand = 0 AND p.reserved = 0 AND p.in_transit = 0 {free}
"""
_FREE = "AND NOT EXISTS (SELECT 1 FROM {table} r WHERE r.{column} = p.id)"
_OPINION = """
DELETE FROM {table} r USING inventory_position p
WHERE r.{column} = p.id AND p.batch_id = %s AND p.location_id = %s AND p.on_hand = 0
"""
_SET_SINCE = """
UPDATE inventory_position SET first_receipt_date = %s WHERE batch_id = %s AND location_id = %s
"""
_HOME = """
SELECT b.sku_id, l.territory_id FROM inventory_batch b, inventory_location l WHERE b.id = %s AND l.id = %s
"""
Spot = tuple[int, int]  # a batch at a place


def carry(twins: Twins, source: Spot, target: Spot, *, actor: Actor, at: datetime) -> int:
    """Book every line of a position out here and in there, at its own instant; how many lines.

    So every past day has the stock at the kept one that both had, and the ledger stays append-only.
    """
    lines = frame_of(_LINES.format(which=""), _LINE, list(source))
    if lines.is_empty():
        return 0
    here, there = rows(_SINCE, list(source)), rows(_SINCE, list(target))
    since = here[0][0] if here else None
    was = there[0][0].isoformat() if there and there[0][0] else None
    known = {"existed": bool(there), "target_since": was, "since": since.isoformat() if since else None}
    trace(twins, "inventory_movement", [*source, *target], known)
    _book(lines, source, target, f"twins:{twins.pk}:", since, actor, at)
    _clear(source)
    return lines.height


def carry_back(
    twins: Twins, source: Spot, target: Spot, before: dict[str, Any], actor: Actor, at: datetime
) -> int:
    """Book what was carried to `target` back to `source`, and leave no empty position that was not there."""
    ours = [f"twins:{twins.pk}:%", f"apart:{twins.pk}:%"]
    lines = frame_of(_LINES.format(which=_OURS), _LINE, [*target, *ours])
    if lines.is_empty():
        return 0
    since = before.get("since")
    day = pl.Series([since]).str.to_date()[0] if since else None
    _book(lines, target, source, f"apart:{twins.pk}:", day, actor, at)
    if not before["existed"]:
        _clear(target)
    run(_SET_SINCE, [before.get("target_since"), *target])
    return lines.height


def _book(
    lines: pl.DataFrame, source: Spot, target: Spot, prefix: str, since: Any, actor: Actor, at: datetime
) -> None:
    reference = (pl.lit(prefix) + pl.col("what")).str.slice(0, 120).alias("reference")
    parts = [
        lines.select(
            pl.lit(spot[0], dtype=pl.Int64).alias("batch_id"),
            pl.lit(spot[1], dtype=pl.Int64).alias("location_id"), "kind",
            (pl.col("quantity") * sign).alias("quantity"), "at", reference,
            pl.lit(since, dtype=pl.Date).alias("receipt_date"),
        )
        for spot, sign in ((source, -1), (target, 1))
    ]  # fmt: skip
    record_movements(pl.concat(parts), actor=actor, at=at)
    pieces = int(lines["quantity"].sum())
    here, there = (rows(_HOME, list(spot))[0] for spot in (source, target))
    if here != there:  # of one SKU in one territory nothing changes
        tell({here: -pieces, there: pieces}, actor, at)


def _clear(spot: Spot) -> None:
    for table, column in columns("Position", How.OWN):
        run(_OPINION.format(table=table, column=column), list(spot))
    kept = columns("Position", How.REFUSED) + columns("Position", How.HISTORY)
    free = " ".join(_FREE.format(table=table, column=column) for table, column in kept)
    run(_CLEAR.format(free=free), list(spot))


def tell(changes: dict[tuple[int, int], int], actor: Actor, at: datetime) -> None:
    """Tell of pieces that changed, by SKU and territory."""
    told = [(sku, place, pieces) for (sku, place), pieces in changes.items() if pieces]
    schema = {"sku_id": pl.Int64, "territory_id": pl.Int64, "change": pl.Int64}
    tell_stock_changed(pl.DataFrame(told, schema=schema, orient="row"), reason="twins", actor=actor, at=at)
