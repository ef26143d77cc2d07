"""What companies with a yearly cap still credit, shared between the positions that may claim it."""

from __future__ import annotations

from datetime import date

import numpy as np

from inventory.contracts import NO_CAP
from inventory.contracts.arrays import Ints
from inventory.selectors.columns import positions_of, read_columns
from vyapar.kernel.calendar import financial_year

# Each position's claim by what was last found at risk of it, all that is free where it has expired or was
# never looked at; what is left of the cap goes to what expires first. The shares of one company never come
# to more than its cap, whichever part of a book reads them.
_ROOMS = """
SELECT id, greatest(least(room - (through - claim), claim), 0)
FROM (SELECT id, room, claim, sum(claim) OVER (PARTITION BY brand_id ORDER BY expiry_date NULLS LAST, id)
      AS through
      FROM (SELECT p.id, s.brand_id, b.expiry_date, br.claim_cap_paise
                - CASE WHEN br.claimed_year = %s THEN br.claimed_paise ELSE 0 END AS room,
                   CASE WHEN br.return_days IS NULL OR b.expiry_date IS NULL
                             OR b.expiry_date + br.return_days >= %s
                        THEN (CASE WHEN r.position_id IS NULL OR b.expiry_date < %s
                                   THEN p.on_hand - p.reserved ELSE r.at_risk_quantity END)
                             * b.cost_paise * br.return_bp / 10000
                        ELSE 0 END AS claim
            FROM inventory_brand br JOIN inventory_sku s ON s.brand_id = br.id
            JOIN inventory_position p ON p.sku_id = s.id AND p.on_hand > 0
            JOIN inventory_batch b ON b.id = p.batch_id
            LEFT JOIN inventory_batchrisk r ON r.position_id = p.id
            WHERE br.claim_cap_paise IS NOT NULL AND br.return_bp > 0) each) run
ORDER BY id
"""


def claim_rooms(today: date, position_ids: Ints) -> Ints:
    """(positions,), paise that the company still credits for each; `NO_CAP` where it has no cap."""
    found = read_columns(_ROOMS, {"id": "int", "room": "int"}, [financial_year(today), today, today])
    rooms = np.full(position_ids.size, NO_CAP, dtype=np.int64)
    if found["id"].size:
        at = positions_of(found["id"], position_ids)
        rooms[at >= 0] = found["room"][at[at >= 0]]
    return rooms
