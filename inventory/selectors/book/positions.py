"""Positions with stock as a book has them, with what their batch and their place say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts import NO_DAY
from inventory.contracts.arrays import Ints
from inventory.selectors.book.items import ORDINAL
from inventory.selectors.columns import codes_of, of_skus, positions_of, read_packed

# Positions with stock, and the writes of those without, added up by SKU and place: one look, so that what is
# scored and what it rests on are of one moment.
_HELD = """
SELECT p.id, p.sku_id, p.location_id, p.batch_id, p.on_hand, p.reserved, coalesce({received}, 0), p.changes
FROM inventory_position p WHERE p.on_hand > 0 AND {scope}
UNION ALL
SELECT 0, p.sku_id, p.location_id, 0, 0, 0, 0, sum(p.changes)
FROM inventory_position p WHERE p.on_hand = 0 AND {scope} GROUP BY 2, 3
"""
_HELD_COLUMNS = ("id", "sku", "location", "batch", "on_hand", "reserved", "received", "changes")
_BATCHES = """
SELECT p.id, p.cost_paise, p.mrp_paise, p.itc_paise, coalesce({expiry}, {no_day}), coalesce({made}, 0),
       br.return_bp,
       CASE WHEN br.return_bp = 0 THEN 0
            WHEN br.return_days IS NULL OR p.expiry_date IS NULL THEN {no_day}
            ELSE {expiry} + br.return_days END,
       coalesce(br.claim_success_bp, -1), coalesce(br.claim_days, -1)
FROM inventory_batch p
JOIN inventory_sku s ON s.id = p.sku_id
JOIN inventory_brand br ON br.id = s.brand_id
WHERE {scope}
"""
_BATCH_COLUMNS = (
    "id",
    "cost",
    "mrp",
    "itc",
    "expiry",
    "made",
    "return_bp",
    "return_until",
    "claim_success",
    "claim_days",
)


def read_positions(scope: Sequence[int] | None) -> tuple[dict[str, NDArray[Any]], tuple[Ints, Ints]]:
    """Positions with stock by id; codes of all items with a position, sorted, and how often theirs were
    written. What a position's batch and place say is read once for each of these.
    """
    received = ORDINAL.format("p.first_receipt_date")
    held = read_packed(_HELD.format(received=received, scope=of_skus(scope)), _HELD_COLUMNS)
    order = np.argsort(held["id"], kind="stable")
    held = {name: column[order] for name, column in held.items()}
    places = read_packed("SELECT id, territory_id FROM inventory_location", ("id", "territory"))
    held["territory"] = places["territory"][positions_of(places["id"], held["location"])]
    codes, item = np.unique(codes_of(held["sku"], held["territory"]), return_inverse=True)
    writes = np.zeros(codes.size, np.int64)
    np.add.at(writes, item, held.pop("changes"))
    stocked = int(np.searchsorted(held["id"], 1))
    held = {name: column[stocked:] for name, column in held.items()}
    days = {name: ORDINAL.format(f"p.{column}_date") for name, column in _DAYS.items()}
    lots = read_packed(_BATCHES.format(**days, no_day=NO_DAY, scope=of_skus(scope)), _BATCH_COLUMNS)
    lot = positions_of(lots["id"], held["batch"])
    return held | {name: lots[name][lot] for name in _BATCH_COLUMNS[1:]}, (codes, writes)


_DAYS = {"expiry": "expiry", "made": "manufacture"}
