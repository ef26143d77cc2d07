"""Prices by day: kept as they come, and put in force on the SKU when their day is there."""

from __future__ import annotations

from datetime import datetime

import polars as pl
from django.db import transaction

from inventory.services.staging import rows, run, staged, take_turns
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day

_TYPES = {
    "sku_id": "bigint", "valid_from": "date", "mrp_paise": "bigint", "trade_price_paise": "bigint",
    "cost_paise": "bigint",
}  # fmt: skip
_WRITE = """
INSERT INTO inventory_skuprice (sku_id, valid_from, mrp_paise, trade_price_paise, cost_paise)
SELECT sku_id, valid_from, mrp_paise, trade_price_paise, cost_paise FROM {lines} ORDER BY sku_id, valid_from
ON CONFLICT (sku_id, valid_from) DO UPDATE SET mrp_paise = excluded.mrp_paise,
    trade_price_paise = excluded.trade_price_paise, cost_paise = excluded.cost_paise,
    in_force_at = NULL
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
      FROM inventory_skuprice p WHERE valid_from <= %s
        AND sku_id IN (SELECT sku_id FROM inventory_skuprice WHERE in_force_at IS NULL AND valid_from <= %s)
      GROUP BY sku_id) n
WHERE n.sku_id = s.id AND (s.mrp_paise, s.trade_price_paise, s.cost_paise) IS DISTINCT FROM
    (coalesce(n.mrp, s.mrp_paise), coalesce(n.trade, s.trade_price_paise), coalesce(n.cost, s.cost_paise))
"""
_TAKEN = "UPDATE inventory_skuprice SET in_force_at = %s WHERE in_force_at IS NULL AND valid_from <= %s"


def write_prices(lines: pl.DataFrame) -> int:
    """Keep prices by SKU and day; returns how many rows."""
    with staged(lines, _TYPES) as name:
        return run(_WRITE.format(lines=name))


@transaction.atomic
def put_prices_in_force(*, actor: Actor, at: datetime) -> int:
    """Give SKUs the prices whose day has come; returns how many changed.

    Each price is given once: what somebody says of a SKU later stands until the next price's day.
    """
    if not rows("SELECT 1 FROM inventory_skuprice WHERE in_force_at IS NULL AND valid_from <= %s LIMIT 1",
                [ist_day(at)]):  # fmt: skip
        return 0
    take_turns("masters")
    changed = bring_in(at)
    if changed:
        append_audit(actor=actor, verb="PricesInForce", subject="prices", at=at, after={"skus": changed})
    return changed


def bring_in(at: datetime) -> int:
    """As `put_prices_in_force`, within a caller's turn and trail entry."""
    today = ist_day(at)
    changed = run(_IN_FORCE, [at, today, today])
    run(_TAKEN, [at, today])
    return changed
