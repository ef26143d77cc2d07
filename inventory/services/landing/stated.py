"""What a stock statement already knows: what moved before it and lands after it moves nothing again."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from inventory.models import MovementKind
from inventory.services.binary import pack
from inventory.services.landing.errand import Errand
from inventory.services.staging import numbers_of, rows

_PAIR = ["sku_id", "territory_id"]
# An index of its own answers this: nearly always sales are younger than every statement.
_NEWEST = """
SELECT max(at) FROM inventory_movement WHERE kind IN ('opening', 'adjustment')
"""
# Statements that stand: a run that was undone stated nothing.
_STATED = """
SELECT b.sku_id, l.territory_id, (extract(epoch FROM max(m.at)) * 1000000)::bigint AS stated
FROM inventory_batch b
JOIN inventory_movement m ON m.batch_id = b.id AND m.kind IN ('opening', 'adjustment')
JOIN inventory_location l ON l.id = m.location_id
WHERE b.sku_id = ANY(%s::bigint[]) AND m.reference ~ '^(import:[0-9]+:)?stock:'
  AND NOT EXISTS (SELECT 1 FROM inventory_movement u
                  WHERE u.batch_id = m.batch_id AND u.location_id = m.location_id AND u.at = m.at
                    AND u.reference = regexp_replace(m.reference, '^import:', 'undo:')
                    AND u.reference <> m.reference)
GROUP BY 1, 2
"""


class Parted(NamedTuple):
    """Sales that move stock, and the pieces of those that a statement already knows."""

    moving: pl.DataFrame
    stated_pieces: int


def part_stated(sales: pl.DataFrame) -> Parted:
    """Leave out what was sold before the newest statement of its SKU in its territory.

    A statement says what stood there at its instant, whatever had been sold by then: to take earlier
    sales off it would count them twice. They count as demand all the same. `sales`: sku_id,
    territory_id, sold_at, quantity. Only statements that changed the book are known of.
    """
    newest = rows(_NEWEST)[0][0]
    if newest is None or sales.is_empty() or sales["sold_at"].min() > newest:
        return Parted(sales, 0)
    old = sales.filter(pl.col("sold_at") <= newest)
    stated = numbers_of(_STATED, [*_PAIR, "stated"], [pack(old["sku_id"].unique())])
    if stated.is_empty():
        return Parted(sales, 0)
    when = pl.col("stated").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    known = sales.join(stated.with_columns(when), on=_PAIR, how="left", maintain_order="left")
    is_known = (pl.col("sold_at") <= pl.col("stated")).fill_null(False)
    pieces = int(known.filter(is_known)["quantity"].sum())
    return Parted(known.filter(~is_known).drop("stated"), pieces)


_STATED_HERE = """
SELECT b.sku_id, m.location_id, (extract(epoch FROM max(m.at)) * 1000000)::bigint AS stated
FROM inventory_batch b
JOIN inventory_movement m ON m.batch_id = b.id AND m.kind IN ('opening', 'adjustment')
WHERE b.sku_id = ANY(%s::bigint[]) AND m.reference ~ '^(import:[0-9]+:)?stock:'
  AND NOT EXISTS (SELECT 1 FROM inventory_movement u
                  WHERE u.batch_id = m.batch_id AND u.location_id = m.location_id AND u.at = m.at
                    AND u.reference = regexp_replace(m.reference, '^import:', 'undo:')
                    AND u.reference <> m.reference)
GROUP BY 1, 2
"""
#: How movements are known that give back to a statement what it had counted already.
STATED = "stated:"


def balance_stated(moves: pl.DataFrame, errand: Errand) -> pl.DataFrame:
    """Lines that keep what moved before the newest statement of its SKU at its place from moving again.

    The movement stands at its own instant, for the ledger to tell; at the statement's instant as many
    pieces go the other way: the statement corrected so much less. `moves`: sku_id, batch_id,
    location_id, quantity (signed), at; the answer has its columns.
    """
    newest = rows(_NEWEST)[0][0]
    none = moves.clear()
    if newest is None or moves.is_empty() or moves["at"].min() > newest:
        return none
    stated = numbers_of(
        _STATED_HERE, ["sku_id", "location_id", "stated"], [pack(moves["sku_id"].unique().cast(pl.Int64))]
    )
    when = pl.col("stated").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    known = moves.join(
        stated.with_columns(when), on=["sku_id", "location_id"], how="inner", maintain_order="left"
    ).filter(pl.col("at") <= pl.col("stated"))
    reference = errand.reference(f"{STATED}{errand.source}")
    balanced = known.with_columns(
        pl.col("stated").alias("at"), (-pl.col("quantity")).alias("quantity"),
        pl.lit(MovementKind.ADJUSTMENT.value).alias("kind"), pl.lit(reference).alias("reference"),
    )  # fmt: skip
    return balanced.select(moves.columns)
