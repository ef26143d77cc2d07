"""The roll-up of sales: pieces, paise, lines and outlets per SKU, territory and day."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from django.db import transaction

from inventory.services.staging import array_of, rows, run, staged

_COLUMNS = ("sku_id", "territory_id", "day", "quantity", "revenue_paise", "lines", "outlets")
_ADD = """
INSERT INTO inventory_dailydemand AS d
    (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::date[], %s::bigint[], %s::bigint[], %s::int[], %s::int[])
ON CONFLICT (sku_id, territory_id, day) DO UPDATE SET
    quantity = d.quantity + excluded.quantity, revenue_paise = d.revenue_paise + excluded.revenue_paise,
    lines = d.lines + excluded.lines, outlets = d.outlets + excluded.outlets
"""
_KNOWN_DAYS = """
SELECT day FROM unnest(%s::date[]) day
WHERE EXISTS (SELECT 1 FROM inventory_dailydemand d WHERE d.day = day.day)
"""
# Outlets cannot be added up: one that bought twice that day is one. Who bought these SKUs before is
# read from the sales of the days that had some, SKU and retailer in one number.
_BUYERS = """
SELECT sold_on, territory_id, string_agg(int8send((sku_id << 32) | retailer_id), ''::bytea)
FROM inventory_sale
WHERE sold_on = ANY(%s::date[]) AND quantity > 0
  AND ((sku_id << 32) | retailer_id) = ANY(%s::bigint[])
GROUP BY 1, 2
"""
_REBUILD = """
INSERT INTO inventory_dailydemand (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets)
SELECT sku_id, territory_id, sold_on, sum(quantity), sum(quantity * unit_price_paise), count(*),
       count(DISTINCT retailer_id) FILTER (WHERE quantity > 0)
FROM inventory_sale WHERE sold_on BETWEEN %s AND %s GROUP BY 1, 2, 3
"""
_TRIPLE_TYPES = {"sku_id": "bigint", "territory_id": "bigint", "day": "date"}
_FORGET = """
DELETE FROM inventory_dailydemand d USING {triples} t
WHERE d.sku_id = t.sku_id AND d.territory_id = t.territory_id AND d.day = t.day
"""
_REWORK = """
INSERT INTO inventory_dailydemand (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets)
SELECT s.sku_id, s.territory_id, s.sold_on, sum(s.quantity), sum(s.quantity * s.unit_price_paise), count(*),
       count(DISTINCT s.retailer_id) FILTER (WHERE s.quantity > 0)
FROM inventory_sale s
JOIN {triples} t ON t.sku_id = s.sku_id AND t.territory_id = s.territory_id AND t.day = s.sold_on
WHERE s.sold_on = ANY(%s) GROUP BY 1, 2, 3
"""


def add_demand(sales: pl.DataFrame) -> int:
    """Add sales to the roll-up, before they are in the table themselves; returns the rows touched.

    `sales`: sku_id, territory_id, retailer_id, sold_on, quantity, unit_price_paise. Must run in
    the transaction that records them.
    """
    sales = sales.rename({"sold_on": "day"})
    quantity = pl.col("quantity").cast(pl.Int64)
    added = sales.group_by("sku_id", "territory_id", "day").agg(
        quantity.sum().alias("quantity"),
        (quantity * pl.col("unit_price_paise")).sum().alias("revenue_paise"),
        pl.len().alias("lines"),
        pl.col("retailer_id").filter(quantity > 0).n_unique().alias("outlets"),
    )
    added = _less_known_outlets(added, sales).sort("sku_id", "territory_id", "day")
    return run(_ADD, [array_of(added[name]) for name in _COLUMNS])


def _less_known_outlets(added: pl.DataFrame, sales: pl.DataFrame) -> pl.DataFrame:
    """`added` without the outlets that had bought the SKU earlier that day."""
    days = [day for (day,) in rows(_KNOWN_DAYS, [array_of(sales["day"].unique())])]
    if not days:
        return added
    bought = sales.filter(pl.col("day").is_in(days) & (pl.col("quantity") > 0))
    buyer = (pl.col("sku_id") * 2**32 + pl.col("retailer_id")).alias("buyer")
    buyers = bought.select("sku_id", "territory_id", "day", buyer).unique()
    again = buyers.join(
        _known_buyers(days, buyers["buyer"].unique()), on=["territory_id", "day", "buyer"], how="semi"
    )
    counted = again.group_by(_KEY).agg(pl.len().cast(pl.Int64).alias("again"))
    less = pl.col("outlets").cast(pl.Int64) - pl.col("again").fill_null(0)
    return added.join(counted, on=_KEY, how="left").with_columns(less.alias("outlets"))


def _known_buyers(days: list[date], buyers: pl.Series) -> pl.DataFrame:
    """Which of these bought before, on those days: day, territory_id, buyer."""
    parts = [pl.DataFrame(schema={"day": pl.Date, "territory_id": pl.Int64, "buyer": pl.Int64})]
    for day, territory_id, packed in rows(_BUYERS, [array_of(pl.Series(days)), array_of(buyers)]):
        found = pl.DataFrame({"buyer": np.frombuffer(packed, ">i8").astype(np.int64)})
        place = pl.lit(territory_id, dtype=pl.Int64).alias("territory_id")
        parts.append(found.select(pl.lit(day).alias("day"), place, "buyer"))
    return pl.concat(parts)


_KEY = ["sku_id", "territory_id", "day"]


@transaction.atomic
def rebuild_demand(first_day: date, last_day: date) -> int:
    """Work the roll-up of some days out anew from the sales; returns how many rows it has."""
    run("DELETE FROM inventory_dailydemand WHERE day BETWEEN %s AND %s", [first_day, last_day])
    return run(_REBUILD, [first_day, last_day])


def rework_demand(triples: pl.DataFrame) -> int:
    """Work some rows of the roll-up out anew from the sales; returns how many are left.

    `triples`: sku_id, territory_id, day. What has no sale left is gone. Must run in the transaction
    that changed the sales.
    """
    triples = triples.unique()
    if triples.is_empty():
        return 0
    with staged(triples, _TRIPLE_TYPES) as table:
        run(_FORGET.format(triples=table))
        return run(_REWORK.format(triples=table), [triples["day"].unique().to_list()])
