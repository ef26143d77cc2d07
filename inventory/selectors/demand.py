"""Sales history as the Analysis agent reads it: what was sold, and on which days it could be."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from inventory.contracts import AnalysisPolicy, DemandSnapshot
from inventory.models import Sku, Territory
from inventory.selectors.columns import positions_of, read_columns
from vyapar.kernel.calendar import ist_day

#: Two years: last year's season, and the year that it is compared with.
HISTORY_DAYS = 728
#: Less history than this is no history.
LEAST_DAYS = 14
#: Rows whose days are laid out at a time, so that a large distributor fits into memory.
_CHUNK = 4_096

_SOLD = """
SELECT sku_id, territory_id, day - %s::date, quantity
FROM inventory_dailydemand WHERE day >= %s AND day < %s
"""
# What came on a day is what came of each kind: a receipt, or pieces found, that was booked and taken
# back again at the same instant never came, and what a sale that never was gave back did not either.
_MOVED = """
SELECT b.sku_id, l.territory_id, m.day - %s::date, sum(m.quantity), sum(m.came)
FROM (SELECT batch_id, location_id, day, sum(quantity) AS quantity, sum(greatest(quantity, 0)) AS came
      FROM (SELECT batch_id, location_id, kind,
                   greatest((at AT TIME ZONE 'Asia/Kolkata')::date, %s::date - 1) AS day,
                   sum(quantity) AS quantity
            FROM inventory_movement WHERE (at AT TIME ZONE 'Asia/Kolkata')::date < %s GROUP BY 1, 2, 3, 4) k
      GROUP BY 1, 2, 3) m
JOIN inventory_batch b ON b.id = m.batch_id
JOIN inventory_location l ON l.id = m.location_id GROUP BY 1, 2, 3
"""


def take_demand_snapshot(as_of: datetime, policy: AnalysisPolicy) -> DemandSnapshot | None:
    """Every SKU and territory that sold in the last two years or has stock; None without history.

    Four queries whatever the size. Stock-out days are read off the ledger: a day counts as in stock
    when there was something in the morning or something came.
    """
    today = ist_day(as_of)
    first = max(_first_day() or today, today - timedelta(days=HISTORY_DAYS))
    days = (today - first).days
    if days < LEAST_DAYS:
        return None
    sold = read_columns(
        _SOLD, {"sku": "int", "territory": "int", "day": "int", "quantity": "int"}, [first, first, today]
    )
    moved = read_columns(
        _MOVED,
        {"sku": "int", "territory": "int", "day": "int", "quantity": "int", "came": "int"},
        [first, first, today],
    )
    pairs = _pairs(sold, moved)
    demand = np.zeros((pairs.size, days), dtype=np.int32)
    rows = positions_of(pairs, _code(sold))
    demand[rows, sold["day"]] = np.clip(sold["quantity"], 0, 2**31 - 1)
    in_stock = _in_stock(pairs, moved, days)
    could = in_stock | (demand > 0)
    first_seen = np.where(could.any(axis=1), could.argmax(axis=1), days)
    skus = {row[0]: row[1:] for row in Sku.objects.values_list("pk", "code", "category_id")}
    territories = dict(Territory.objects.values_list("pk", "code"))
    found = [(skus[code // _STRIDE], territories[code % _STRIDE]) for code in pairs.tolist()]
    groups = {number: place for place, number in enumerate(sorted({sku[1] for sku, _ in found}))}
    return DemandSnapshot(
        as_of=today,
        series_keys=tuple((sku[0], territory) for sku, territory in found),
        demand=demand,
        in_stock=in_stock,
        first_seen=first_seen.astype(np.int32),
        group=np.array([groups[sku[1]] for sku, _ in found], dtype=np.int32),
    )


_STRIDE = 1_000_000  # territories never get so many


def _code(columns: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """One number for a SKU and a territory."""
    return np.asarray(columns["sku"] * _STRIDE + columns["territory"])


def _pairs(sold: dict[str, NDArray[Any]], moved: dict[str, NDArray[Any]]) -> NDArray[np.int64]:
    """Pairs with a sale in the window or with stock at its end, in order."""
    code = _code(moved)
    stocked, where = np.unique(code, return_inverse=True)
    left = np.bincount(where, weights=moved["quantity"], minlength=stocked.size)
    return np.union1d(_code(sold), stocked[left > 0])


def _in_stock(pairs: NDArray[np.int64], moved: dict[str, NDArray[Any]], days: int) -> NDArray[np.bool_]:
    """(pairs, days): something stood there in the morning, or came that day."""
    row = positions_of(pairs, _code(moved))
    there = np.zeros((pairs.size, days), dtype=np.bool_)
    order = np.argsort(row, kind="stable")
    bounds = np.searchsorted(row[order], np.arange(0, pairs.size + _CHUNK, _CHUNK))
    for number, (start, stop) in enumerate(pairwise(bounds.tolist())):
        top = number * _CHUNK
        size = min(_CHUNK, pairs.size - top)
        mine = order[start:stop]
        change = np.zeros((size, days + 1), dtype=np.int64)  # column 0: before the window
        came = np.zeros((size, days + 1), dtype=np.int64)
        change[row[mine] - top, moved["day"][mine] + 1] = moved["quantity"][mine]
        came[row[mine] - top, moved["day"][mine] + 1] = moved["came"][mine]
        morning = np.cumsum(change, axis=1)[:, :-1]
        there[top : top + size] = (morning + came[:, 1:]) > 0
    return there


def _first_day() -> date | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(day) FROM inventory_dailydemand")
        row = cursor.fetchone()
    return row[0] if row else None
