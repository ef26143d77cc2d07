"""With how much life left batches count as unsold whose items not only general trade buys."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from inventory.contracts import MonitoringPolicy
from inventory.contracts.arrays import Ints
from inventory.risk.lives import mixed_lives
from inventory.selectors.book.buyers import SPAN_DAYS, read_buyers, read_taken
from inventory.selectors.columns import codes_of, ids_of, of_skus, positions_of, read_columns

_SOLD = """
SELECT p.sku_id, p.territory_id, sum(p.quantity)::bigint FROM inventory_dailydemand p
WHERE p.day > %s AND p.day <= %s AND {scope} GROUP BY 1, 2
"""
_NEAR = """
SELECT p.id, p.sku_id, l.territory_id, b.expiry_date - %s, coalesce(b.expiry_date - b.manufacture_date, -1)
FROM inventory_position p JOIN inventory_batch b ON b.id = p.batch_id
JOIN inventory_location l ON l.id = p.location_id
WHERE p.on_hand > 0 AND b.expiry_date > %s AND b.expiry_date <= %s AND {scope}
"""
_LONGEST = 730


def find_mixed_lives(day: date, policy: MonitoringPolicy, horizon_days: int) -> tuple[Ints, Ints]:
    """(rows,) ids of positions and their least life on a day, as `minimum_lives` has it for a score of it.

    Only of items that others than general trade buy, and of batches that expire within `horizon_days` and the
    longest life anybody wants. One query where all outlets are of general trade.
    """
    _kinds, taken, _kind, _pieces = read_taken(day)
    code = np.unique(taken)
    if not code.size:
        return code, code
    scope = np.unique(ids_of(code)[0]).tolist()
    sold = read_columns(
        _SOLD.format(scope=of_skus(scope)), {"sku": "int", "territory": "int", "pieces": "int"},
        [day - timedelta(days=SPAN_DAYS), day],
    )  # fmt: skip
    whole = np.zeros(code.size, dtype=np.int64)
    place = positions_of(code, codes_of(sold["sku"], sold["territory"]))
    whole[place[place >= 0]] = sold["pieces"][place >= 0]
    near = read_columns(
        _NEAR.format(scope=of_skus(scope)),
        {"id": "int", "sku": "int", "territory": "int", "left": "int", "whole": "int"},
        [day, day, day + timedelta(days=horizon_days + _LONGEST)],
    )
    item = positions_of(code, codes_of(near["sku"], near["territory"]))
    mine = item >= 0
    buyers = read_buyers(day, code, whole)
    lives = mixed_lives(buyers, policy, item[mine], near["left"][mine], near["whole"][mine], code.size)
    return near["id"][mine], lives
