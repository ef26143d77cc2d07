"""Positions with stock as a book has them, with what their batch and their place say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts import NO_DAY
from inventory.contracts.arrays import Ints
from inventory.selectors.book.items import ORDINAL
from inventory.selectors.columns import codes_of, of_skus, packed, positions_of, read_arrays, read_packed

#: Bits of a number that hold a day, or the id of a place; what shares the number with them stands above.
_DAY_BITS, _PLACE_BITS = 22, 31
_DAY, _PLACE = (1 << _DAY_BITS) - 1, (1 << _PLACE_BITS) - 1
# Positions with stock, and the writes of those without, added up by SKU and place: one statement, so that
# what is scored and what it rests on are of one moment. To send a number costs Postgres more than to find it:
# two that are small travel as one, what is mostly nothing travels only where it is something, and the SKU of
# a position is its batch's.
_HELD = """
SELECT held.*, gone.* FROM (
    SELECT {id}, {batch_and_place}, {on_hand}, {changes_and_received},
           {id} FILTER (WHERE p.reserved <> 0), {reserved} FILTER (WHERE p.reserved <> 0)
    FROM inventory_position p WHERE p.on_hand > 0 AND {scope}) held
CROSS JOIN (
    SELECT {sku}, {location}, {changes}
    FROM (SELECT p.sku_id, p.location_id, sum(p.changes)::bigint AS changes FROM inventory_position p
          WHERE p.on_hand = 0 AND {scope} GROUP BY 1, 2) p) gone
"""
_BATCHES = """
SELECT p.id, p.sku_id, p.cost_paise, p.mrp_paise, p.itc_paise, coalesce({expiry}, {no_day}),
       coalesce({made}, 0), br.return_bp,
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
    "sku",
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
    held, gone = _read_held(scope)
    days = {name: ORDINAL.format(f"p.{column}_date") for name, column in _DAYS.items()}
    lots = read_packed(_BATCHES.format(**days, no_day=NO_DAY, scope=of_skus(scope)), _BATCH_COLUMNS)
    places = read_packed("SELECT id, territory_id FROM inventory_location", ("id", "territory"))
    _check_ids(lots["id"], places["id"])
    lot = positions_of(lots["id"], held["batch"])
    held |= {name: lots[name][lot] for name in _BATCH_COLUMNS[1:]}
    held["territory"] = places["territory"][positions_of(places["id"], held["location"])]
    away = places["territory"][positions_of(places["id"], gone["location"])]
    written = np.concatenate([codes_of(held["sku"], held["territory"]), codes_of(gone["sku"], away)])
    codes, item = np.unique(written, return_inverse=True)
    writes = np.zeros(codes.size, np.int64)
    np.add.at(writes, item, np.concatenate([held.pop("changes"), gone["changes"]]))
    return held, (codes, writes)


def _read_held(scope: Sequence[int] | None) -> tuple[dict[str, Ints], dict[str, Ints]]:
    """Positions with stock by id, and what is gone by SKU and place."""
    words = {
        "id": "p.id", "batch_and_place": f"p.batch_id << {_PLACE_BITS} | p.location_id",
        "on_hand": "p.on_hand", "reserved": "p.reserved", "sku": "p.sku_id", "location": "p.location_id",
        "changes": "p.changes",
        "changes_and_received":
            f"p.changes << {_DAY_BITS} | coalesce({ORDINAL.format('p.first_receipt_date')}, 0)",
    }  # fmt: skip
    sql = _HELD.format(**{name: packed(word) for name, word in words.items()}, scope=of_skus(scope))
    ids, lots, on_hand, written, some, reserved, *gone = read_arrays(sql)
    order = np.argsort(ids, kind="stable")
    ids, lots, on_hand, written = (column[order] for column in (ids, lots, on_hand, written))
    held = {
        "id": ids, "batch": lots >> _PLACE_BITS, "location": lots & _PLACE, "on_hand": on_hand,
        "reserved": np.zeros_like(ids), "received": written & _DAY, "changes": written >> _DAY_BITS,
    }  # fmt: skip
    held["reserved"][np.searchsorted(ids, some)] = reserved
    return held, dict(zip(("sku", "location", "changes"), gone, strict=True))


def _check_ids(batches: Ints, places: Ints) -> None:
    """`ValueError` where ids have grown beyond what travels as one number."""
    if batches.max(initial=0) >= 1 << (63 - _PLACE_BITS) or places.max(initial=0) > _PLACE:
        raise ValueError("ids of batches or places no longer fit into the bits they travel in")


_DAYS = {"expiry": "expiry", "made": "manufacture"}
