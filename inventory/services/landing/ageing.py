"""Since when opening stock lies where it is stated: a list of stock has no receipts to tell it."""

from __future__ import annotations

import polars as pl

from inventory.services.landing.changes import remembered_stock
from inventory.services.landing.errand import Errand
from inventory.services.staging import frame_of, run, staged, take_trail

_KNOWN = """
SELECT n.place,
       (SELECT min(u.invoice_date) FROM inventory_purchaseline u
        WHERE u.batch_id = n.batch_id AND u.location_id = n.location_id AND u.invoice_date <= n.day
       ) AS bought,
       (SELECT max(d.day) FROM inventory_dailydemand d
        WHERE d.sku_id = n.sku_id AND d.territory_id = l.territory_id AND d.day < n.day AND d.quantity > 0
       ) AS sold,
       b.manufacture_date AS made
FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::date[])
     AS n(place, batch_id, location_id, sku_id, day)
JOIN inventory_location l ON l.id = n.location_id
JOIN inventory_batch b ON b.id = n.batch_id
"""
_TYPES = {"place": pl.Int64, "bought": pl.Date, "sold": pl.Date, "made": pl.Date}


def stood_since(openings: pl.DataFrame) -> pl.Series:
    """(rows,) the day from which each opening line counts as received; null: the day it is stated.

    `openings`: `batch_id`, `location_id`, `sku_id` and `day`, the day of the statement. The batch's first
    purchase at the place, where one is known. Otherwise the last day on which its SKU sold in the
    territory before: no receipt since is known, so what stands now stood then; but no batch is older
    than its own making. Goods of which no sale is known may have come yesterday.
    """
    asked = openings.with_row_index("place")
    found = frame_of(
        _KNOWN, _TYPES, [asked[n].to_list() for n in ("place", "batch_id", "location_id", "sku_id", "day")]
    )
    at = asked.select(pl.col("place").cast(pl.Int64), "day").join(
        found, on="place", how="left", maintain_order="left"
    )
    since = pl.coalesce(
        "bought", pl.max_horizontal("sold", pl.when(pl.col("sold").is_not_null()).then("made"))
    )
    return at.select(pl.min_horizontal(since, "day").alias("since"))["since"]


# Openings of some SKUs stated on a day or later, where nothing else has come in: an arrival of another kind
# brought its own day, which only the position knows. The partial index of statements answers.
_OPENINGS = """
SELECT m.batch_id, m.location_id, b.sku_id, (min(m.at) AT TIME ZONE 'Asia/Kolkata')::date AS day
FROM inventory_movement m JOIN inventory_batch b ON b.id = m.batch_id
WHERE m.kind = 'opening' AND m.quantity > 0 AND b.sku_id = ANY(%s::bigint[])
  AND m.at >= %s::timestamp AT TIME ZONE 'Asia/Kolkata'
  AND NOT EXISTS (SELECT 1 FROM inventory_movement o
                  WHERE o.batch_id = m.batch_id AND o.location_id = m.location_id AND o.quantity > 0
                    AND o.kind NOT IN ('opening', 'adjustment', 'return', 'found'))
GROUP BY 1, 2, 3
"""
_OPENING_TYPES = {"batch_id": pl.Int64, "location_id": pl.Int64, "sku_id": pl.Int64, "day": pl.Date}
_SINCE_TYPES = {"batch_id": "bigint", "location_id": "bigint", "since": "date"}
_AGE = """
UPDATE inventory_position p SET first_receipt_date = n.since, changes = p.changes + 1, updated_at = %s
FROM {found} n WHERE p.batch_id = n.batch_id AND p.location_id = n.location_id
  AND p.first_receipt_date IS DISTINCT FROM n.since
"""


def age_again(sku_ids: pl.Series, days: pl.Series, errand: Errand) -> None:
    """Have opening stock of some SKUs be as old as what is known now says: sales or purchases of these `days`
    have come after the list of stock, and it is aged as if they had come before it.
    """
    skus = sku_ids.unique().to_list()
    openings = frame_of(_OPENINGS, _OPENING_TYPES, [skus, days.min()])
    if openings.is_empty():
        return
    take_trail()
    aged = openings.with_columns(pl.coalesce(stood_since(openings), "day").alias("since"))
    with remembered_stock(errand.run, skus), staged(aged, _SINCE_TYPES) as found:
        run(_AGE.format(found=found), [errand.at])
