"""Sales that their source cancelled: out of the sales and the roll-up, their pieces back by the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import polars as pl

from inventory.models import MovementKind
from inventory.services.demand import rework_demand
from inventory.services.landing.changes import remembered_stock
from inventory.services.landing.errand import Errand
from inventory.services.landing.stated import part_stated
from inventory.services.ledger import record_movements
from inventory.services.staging import frame_of, rows, staged, take_trail
from inventory.services.telling import tell_stock_changed

_DELETE = """
WITH gone AS (
    DELETE FROM inventory_sale s USING {keys} k
    WHERE s.transaction_id = k.transaction_id AND s.line = k.line RETURNING s.*),
kept AS (
    INSERT INTO inventory_cancelledsale (transaction_id, line, sold_on, sold_at, retailer_id, sku_id,
        territory_id, quantity, unit_price_paise, gst, received_at, import_run, cancelled_at, cancelled_run)
    SELECT transaction_id, line, sold_on, sold_at, retailer_id, sku_id, territory_id, quantity,
           unit_price_paise, gst, received_at, import_run, %s, %s FROM gone)
SELECT sku_id, territory_id, sold_on, sum(quantity) FILTER (WHERE quantity > 0),
       -sum(quantity) FILTER (WHERE quantity < 0), max(sold_at)
FROM gone GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
# What each position gave for sales of a SKU on a day in a territory, the one that gave last first:
# expired batches gave last, and among the others the later expiry did.
_GAVE = """
SELECT b.id, l.id, -coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'sale'), 0)::bigint,
       coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'found'), 0)::bigint,
       coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'return'), 0)::bigint,
       coalesce((SELECT p.on_hand - p.reserved FROM inventory_position p
                 WHERE p.batch_id = b.id AND p.location_id = l.id), 0)
FROM inventory_batch b
JOIN inventory_location l ON l.territory_id = %s
JOIN inventory_movement m ON m.batch_id = b.id AND m.location_id = l.id
WHERE b.sku_id = %s AND m.kind IN ('sale', 'found', 'return')
  AND m.at >= %s::date::timestamp AT TIME ZONE 'Asia/Kolkata'
  AND m.at < (%s::date + 1)::timestamp AT TIME ZONE 'Asia/Kolkata'
GROUP BY b.id, l.id, b.expiry_date
ORDER BY coalesce(b.expiry_date < %s, false) DESC, b.expiry_date DESC NULLS FIRST, b.id DESC, l.id DESC
"""


class _Part(NamedTuple):
    sku_id: int
    territory_id: int
    sold_on: object
    sold: int | None
    returned: int | None
    at: datetime


class _Line(NamedTuple):
    batch_id: int
    location_id: int
    kind: str
    quantity: int
    at: datetime


def cancel_sales(keys: pl.DataFrame, errand: Errand) -> int:
    """Take recorded lines back; returns how many. `keys`: transaction_id, line. In a transaction.

    Pieces go back to the positions that gave for that SKU, territory and day, those that gave last
    first; what was found to be sold was never there and goes away again.
    """
    take_trail()
    with staged(
        keys.select("transaction_id", "line"), {"transaction_id": "text", "line": "integer"}
    ) as table:
        parts = [_Part(*row) for row in rows(_DELETE.format(keys=table), [errand.at, errand.number])]
    triples = pl.DataFrame(
        [part[:3] for part in parts],
        schema={"sku_id": pl.Int64, "territory_id": pl.Int64, "day": pl.Date}, orient="row",
    )  # fmt: skip
    rework_demand(triples)
    if not errand.history:
        _give_back(_unstated(parts), errand)
    return keys.height


def _unstated(parts: list[_Part]) -> list[_Part]:
    """Parts whose pieces no later statement of the stock has counted: those alone go back."""
    frame = pl.DataFrame(
        [(n, part.sku_id, part.territory_id, part.at, (part.sold or 0) - (part.returned or 0))
         for n, part in enumerate(parts)],
        schema={"n": pl.Int64, "sku_id": pl.Int64, "territory_id": pl.Int64,
                "sold_at": pl.Datetime("us", "UTC"), "quantity": pl.Int64}, orient="row",
    )  # fmt: skip
    return [parts[n] for n in part_stated(frame).moving["n"]]


def _give_back(parts: list[_Part], errand: Errand) -> None:
    lines = [line for part in parts for line in _lines(part)]
    if not lines:
        return
    reference = errand.reference(f"cancel:{errand.source}")
    frame = pl.DataFrame(lines, schema=["batch_id", "location_id", "kind", "quantity", "at"], orient="row")
    frame = frame.with_columns(pl.lit(reference).alias("reference"), pl.col("at").dt.convert_time_zone("UTC"))
    skus = sorted({part.sku_id for part in parts})
    with remembered_stock(errand.run, skus):
        record_movements(frame, actor=errand.actor, at=errand.at)
    homes = frame_of(
        "SELECT b.id, b.sku_id FROM inventory_batch b WHERE b.id = ANY(%s)",
        {"batch_id": pl.Int64, "sku_id": pl.Int64}, [frame["batch_id"].unique().to_list()],
    )  # fmt: skip
    places = frame_of(
        "SELECT id, territory_id FROM inventory_location WHERE id = ANY(%s)",
        {"location_id": pl.Int64, "territory_id": pl.Int64}, [frame["location_id"].unique().to_list()],
    )  # fmt: skip
    placed = frame.join(homes, on="batch_id").join(places, on="location_id")
    sums = placed.group_by("sku_id", "territory_id").agg(
        pl.col("quantity").sum().alias("change")
    )  # fmt: skip
    tell_stock_changed(sums, reason="sale cancelled", actor=errand.actor, at=errand.at)


def _lines(part: _Part) -> Iterator[_Line]:
    day = part.sold_on
    lots = rows(_GAVE, [part.territory_id, part.sku_id, day, day, day])
    left = int(part.sold or 0)
    for batch, place, _gave, found, _came, _free in lots:
        if (n := min(left, max(found, 0))) > 0:
            left -= n
            yield _Line(batch, place, MovementKind.FOUND.value, -n, part.at)
            yield _Line(batch, place, MovementKind.SALE.value, n, part.at)
    for batch, place, gave, found, _came, _free in lots:
        if (n := min(left, gave - max(found, 0))) > 0:
            left -= n
            yield _Line(batch, place, MovementKind.SALE.value, n, part.at)
    left = int(part.returned or 0)
    for batch, place, _gave, _found, came, free in lots:
        if (n := min(left, came)) > 0:
            left -= n
            if n > free:  # what came back was sold on: the book had less than it thought
                yield _Line(batch, place, MovementKind.FOUND.value, n - free, part.at)
            yield _Line(batch, place, MovementKind.SALE_RETURN.value, -n, part.at)
