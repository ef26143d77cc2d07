"""Prices by day: kept as they come, and put in force on the SKU when their day is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from inventory.services.staging import run, staged
from vyapar.kernel.calendar import ist_day

_TYPES = {
    "sku_id": "bigint", "valid_from": "date", "mrp_paise": "bigint", "trade_price_paise": "bigint",
    "cost_paise": "bigint",
}  # fmt: skip
_WRITE = """
INSERT INTO inventory_skuprice (sku_id, valid_from, mrp_paise, trade_price_paise, cost_paise)
SELECT sku_id, valid_from, mrp_paise, trade_price_paise, cost_paise FROM {lines} ORDER BY sku_id, valid_from
ON CONFLICT (sku_id, valid_from) DO UPDATE SET mrp_paise = excluded.mrp_paise,
    trade_price_paise = excluded.trade_price_paise, cost_paise = excluded.cost_paise
"""
# Of each price the latest that is told on or before the day: a row may leave some of them out.
_IN_FORCE = """
UPDATE inventory_sku s SET mrp_paise = coalesce(n.mrp, s.mrp_paise),
    trade_price_paise = coalesce(n.trade, s.trade_price_paise), cost_paise = coalesce(n.cost, s.cost_paise),
    updated_at = %s
FROM (SELECT sku_id,
             (array_agg(mrp_paise ORDER BY valid_from DESC) FILTER (WHERE mrp_paise IS NOT NULL))[1] AS mrp,
             (array_agg(trade_price_paise ORDER BY valid_from DESC)
                 FILTER (WHERE trade_price_paise IS NOT NULL))[1] AS trade,
             (array_agg(cost_paise ORDER BY valid_from DESC) FILTER (WHERE cost_paise IS NOT NULL))[1] AS cost
      FROM inventory_skuprice WHERE valid_from <= %s AND {which} GROUP BY sku_id) n
WHERE n.sku_id = s.id AND (s.mrp_paise, s.trade_price_paise, s.cost_paise) IS DISTINCT FROM
    (coalesce(n.mrp, s.mrp_paise), coalesce(n.trade, s.trade_price_paise), coalesce(n.cost, s.cost_paise))
"""
_TODAY = "sku_id IN (SELECT sku_id FROM inventory_skuprice WHERE valid_from = %s)"


def write_prices(lines: pl.DataFrame) -> int:
    """Keep prices by SKU and day; returns how many rows."""
    with staged(lines, _TYPES) as name:
        return run(_WRITE.format(lines=name))


def put_prices_in_force(*, at: datetime, skus: Sequence[int] | None = None) -> int:
    """Give SKUs the prices of the Indian day of `at`; returns how many changed.

    Without `skus`, those whose prices begin on that very day: what a sweep does every morning.
    """
    today = ist_day(at)
    which, values = ("sku_id = ANY(%s)", list(skus)) if skus is not None else (_TODAY, today)
    return run(_IN_FORCE.format(which=which), [at, today, values])
