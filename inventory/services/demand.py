"""The roll-up of sales: pieces, paise, lines and outlets per SKU, territory and day."""

from __future__ import annotations

from datetime import date

import polars as pl
from django.db import transaction

from inventory.services.staging import rows, run, staged

_TYPES = {
    "sku_id": "bigint",
    "territory_id": "bigint",
    "day": "date",
    "quantity": "bigint",
    "revenue_paise": "bigint",
    "lines": "integer",
    "outlets": "integer",
}
_BUYER_TYPES = {"sku_id": "bigint", "territory_id": "bigint", "day": "date", "retailer_id": "bigint"}
_ADD = """
INSERT INTO inventory_dailydemand AS d
    (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets)
SELECT sku_id, territory_id, day, quantity, revenue_paise, lines, outlets FROM {added}
ORDER BY sku_id, territory_id, day
ON CONFLICT (sku_id, territory_id, day) DO UPDATE SET
    quantity = d.quantity + excluded.quantity, revenue_paise = d.revenue_paise + excluded.revenue_paise,
    lines = d.lines + excluded.lines, outlets = d.outlets + excluded.outlets
"""
_KNOWN_DAYS = """
SELECT DISTINCT a.day FROM {added} a JOIN inventory_dailydemand d
  ON d.sku_id = a.sku_id AND d.territory_id = a.territory_id AND d.day = a.day
"""
# Outlets cannot be added up: one that bought twice that day is one. Those that bought before are
# looked for in the sales of the days that had some.
_BOUGHT_BEFORE = """
UPDATE {added} a SET outlets = a.outlets - n.outlets
FROM (SELECT b.sku_id, b.territory_id, b.day, count(*) AS outlets FROM {buyers} b
      WHERE EXISTS (SELECT 1 FROM inventory_sale s
                    WHERE s.sold_on = ANY(%s) AND s.quantity > 0 AND s.sold_on = b.day
                      AND s.sku_id = b.sku_id AND s.retailer_id = b.retailer_id
                      AND s.territory_id = b.territory_id)
      GROUP BY 1, 2, 3) n
WHERE a.sku_id = n.sku_id AND a.territory_id = n.territory_id AND a.day = n.day
"""
_REBUILD = """
INSERT INTO inventory_dailydemand (sku_id, territory_id, day, quantity, revenue_paise, lines, outlets)
SELECT sku_id, territory_id, sold_on, sum(quantity), sum(quantity * unit_price_paise), count(*),
       count(DISTINCT retailer_id) FILTER (WHERE quantity > 0)
FROM inventory_sale WHERE sold_on BETWEEN %s AND %s GROUP BY 1, 2, 3
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
    with staged(added, _TYPES) as table:
        days = [day for (day,) in rows(_KNOWN_DAYS.format(added=table))]
        if days:
            _forget_known_outlets(sales.filter(pl.col("day").is_in(days)), table, days)
        return run(_ADD.format(added=table))


def _forget_known_outlets(sales: pl.DataFrame, added: str, days: list[date]) -> None:
    pairs = sales.filter(pl.col("quantity") > 0).select(list(_BUYER_TYPES)).unique()
    with staged(pairs, _BUYER_TYPES) as buyers:
        run(_BOUGHT_BEFORE.format(added=added, buyers=buyers), [days])


@transaction.atomic
def rebuild_demand(first_day: date, last_day: date) -> int:
    """Work the roll-up of some days out anew from the sales; returns how many rows it has."""
    run("DELETE FROM inventory_dailydemand WHERE day BETWEEN %s AND %s", [first_day, last_day])
    return run(_REBUILD, [first_day, last_day])
