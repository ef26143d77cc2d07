"""Purchases and receipts that their source cancelled: lines out of the books, pieces out of the stock."""

from __future__ import annotations

import polars as pl

from inventory.models import MovementKind
from inventory.services.landing.changes import remembered, remembered_stock
from inventory.services.landing.errand import Errand
from inventory.services.landing.stated import balance_stated
from inventory.services.ledger import record_movements
from inventory.services.staging import frame_of, staged, take_trail
from inventory.services.staging import run as run_sql
from inventory.services.telling import tell_stock_changed

#: How the reference of a movement goes on that takes a receipt's back.
CANCEL = "cancel:"
_FOUND = "cancel:found"
_REMEMBER = """
INSERT INTO inventory_importchange AS c (run_id, "table", row_id, before, after)
SELECT %s, 'inventory_purchaseline', t.id, to_jsonb(t), '{}'
FROM inventory_purchaseline t WHERE t.id = ANY(%s)
ON CONFLICT (run_id, "table", row_id) DO UPDATE SET
    before = CASE WHEN c.undone_at IS NOT NULL THEN excluded.before
                  WHEN c.before IS NULL THEN NULL ELSE excluded.before || c.before END,
    after = '{}', undone_at = NULL
"""
# Credit per piece of what is left of a batch's purchases, half-up.
_CREDIT = """
UPDATE inventory_batch b SET itc_paise = coalesce((
    SELECT floor(sum(p.itc_paise)::numeric / sum(p.quantity) + 0.5)::bigint
    FROM inventory_purchaseline p WHERE p.batch_id = b.id AND p.quantity > 0), 0)
WHERE b.id = ANY(%s)
"""
# What was booked under a reference and was not taken back, instant by instant, and what is free there.
_BOOKED = """
SELECT m.batch_id, m.location_id, k.reference, m.at, b.sku_id, l.territory_id, sum(m.quantity)::bigint,
       coalesce((SELECT p.on_hand - p.reserved FROM inventory_position p
                 WHERE p.batch_id = m.batch_id AND p.location_id = m.location_id), 0)
FROM {keys} k JOIN inventory_movement m ON m.batch_id = k.batch_id AND m.location_id = k.location_id
    AND m.kind = 'receipt'
    AND regexp_replace(m.reference, '^((import|undo):[0-9]+:)?(cancel:)?', '') = 'receipt:' || k.reference
JOIN inventory_batch b ON b.id = m.batch_id JOIN inventory_location l ON l.id = m.location_id
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum(m.quantity) <> 0 ORDER BY 3, 1, 2, 4
"""
_BOOKED_SCHEMA = {
    "batch_id": pl.Int64, "location_id": pl.Int64, "what": pl.String, "at": pl.Datetime("us", "UTC"),
    "sku_id": pl.Int64, "territory_id": pl.Int64, "pieces": pl.Int64, "free": pl.Int64,
}  # fmt: skip


def cancel_purchases(ids: pl.Series, errand: Errand) -> int:
    """Delete purchase lines, so that undoing puts them back; the credit of their batches follows."""
    gone = ids.to_list()
    batches = frame_of(
        "SELECT DISTINCT batch_id FROM inventory_purchaseline WHERE id = ANY(%s)", {"id": pl.Int64}, [gone]
    )["id"].to_list()
    if errand.run is not None:
        run_sql(_REMEMBER, [errand.run.pk, gone])
    with remembered(errand.run, {"inventory_batch": ("t.id = ANY(%s)", [batches])}):
        run_sql("DELETE FROM inventory_purchaseline WHERE id = ANY(%s)", [gone])
        run_sql(_CREDIT, [batches])
    return len(gone)


def cancel_receipts(keys: pl.DataFrame, errand: Errand) -> dict[str, int]:
    """Take receipts out of the stock at their own instants. `keys`: reference, batch_id, location_id.

    What is not there any more was sold on: the book had less than it thought, and says so as found. What
    a later statement counted without them stays as it was counted.
    """
    take_trail()
    with staged(keys, {"reference": "text", "batch_id": "bigint", "location_id": "bigint"}) as table:
        booked = frame_of(_BOOKED.format(keys=table), _BOOKED_SCHEMA)
    if booked.is_empty():
        return {"cancelled_lines": 0}
    prefix = errand.reference("")
    named = (pl.lit(prefix + CANCEL + "receipt:") + pl.col("what")).str.slice(0, 120).alias("reference")
    back = booked.with_columns(
        (-pl.col("pieces")).alias("quantity"), pl.lit(MovementKind.RECEIPT.value).alias("kind"), named
    )
    balanced = balance_stated(back, errand)
    lines = pl.concat([back, balanced], how="diagonal_relaxed")
    lines = pl.concat([lines, _missing(lines, booked, prefix)], how="diagonal_relaxed")
    wanted = ("batch_id", "location_id", "kind", "quantity", "at", "reference")
    with remembered_stock(errand.run, booked["sku_id"].unique().to_list()):
        record_movements(lines.select(wanted), actor=errand.actor, at=errand.at)
    sums = lines.group_by("sku_id", "territory_id").agg(pl.col("quantity").sum().alias("change"))
    sums = sums.filter(pl.col("change") != 0)
    if sums.height:
        tell_stock_changed(sums, reason="receipt cancelled", actor=errand.actor, at=errand.at)
    return {"cancelled_lines": keys.height, "stated_pieces": int(balanced["quantity"].sum())}


_LENT = """
SELECT m.batch_id, m.location_id, 'found', -least(sum(m.quantity), p.on_hand - p.reserved)::bigint, max(m.at),
       m.reference, b.sku_id, l.territory_id
FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
JOIN inventory_location l ON l.id = m.location_id
JOIN inventory_position p ON p.batch_id = m.batch_id AND p.location_id = m.location_id
WHERE m.reference LIKE 'import:%%' AND m.reference = %s AND m.kind = 'found' AND p.on_hand > p.reserved
GROUP BY m.batch_id, m.location_id, p.on_hand, p.reserved, m.reference, b.sku_id, l.territory_id
HAVING sum(m.quantity) > 0
"""


def give_back_found(errand: Errand) -> None:
    """Once the run brought pieces again: what was found only so that a receipt could go goes too."""
    if errand.run is None:
        return
    schema = {
        "batch_id": pl.Int64, "location_id": pl.Int64, "kind": pl.String, "quantity": pl.Int64,
        "at": pl.Datetime("us", "UTC"), "reference": pl.String, "sku_id": pl.Int64, "territory_id": pl.Int64,
    }  # fmt: skip
    lent = frame_of(_LENT, schema, [errand.reference(_FOUND)])
    if lent.is_empty():
        return
    record_movements(lent.drop("sku_id", "territory_id"), actor=errand.actor, at=errand.at)
    sums = lent.group_by("sku_id", "territory_id").agg(pl.col("quantity").sum().alias("change"))
    tell_stock_changed(sums, reason="receipt cancelled", actor=errand.actor, at=errand.at)


def _missing(lines: pl.DataFrame, booked: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Pieces that must be found before as many can go, position by position."""
    position = ["batch_id", "location_id"]
    free = booked.group_by(position).agg(pl.col("free").first())
    net = lines.group_by(position).agg(
        pl.col("quantity").sum(), pl.col("at").min(), pl.col("sku_id", "territory_id").first()
    )
    lacking = net.join(free, on=position).with_columns(
        (-pl.col("quantity") - pl.col("free")).alias("quantity")
    )
    return lacking.filter(pl.col("quantity") > 0).with_columns(
        pl.lit(MovementKind.FOUND.value).alias("kind"), pl.lit((prefix + _FOUND)[:120]).alias("reference")
    )
