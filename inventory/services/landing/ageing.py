"""Since when opening stock lies where it is stated: a list of stock has no receipts to tell it."""

from __future__ import annotations

import polars as pl

from inventory.services.staging import frame_of

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
