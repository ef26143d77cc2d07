"""What a piece of each SKU usually cost, week by week, read off what was sold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.demand import DAYS_PER_WEEK

#: Days and territories that sold in a week, below which one large order may have made its price.
_LEAST_ROWS = 2


def paid_by_week(sku: NDArray[np.int64], sold: Mapping[str, NDArray[Any]], days: int) -> NDArray[np.float32]:
    """(series, whole weeks), paise a piece of each SKU: the middle of what it was sold at on the days of the
    week and in the territories, so that one large order at its own price does not move it.

    `sku`: (series,), ids; `sold`: sku, day, quantity and revenue of each day and territory. What was given
    free counts: it is sold at nothing. 0 where too little was sold to tell.
    """
    weeks, odd = days // DAYS_PER_WEEK, days % DAYS_PER_WEEK
    names, of = np.unique(sku, return_inverse=True)
    if not names.size:
        return np.zeros((0, weeks), dtype=np.float32)
    row = np.minimum(np.searchsorted(names, sold["sku"]), names.size - 1)
    known = names[row] == sold["sku"]
    counts = known & (sold["quantity"] > 0) & (sold["revenue"] > 0) & (sold["day"] >= odd)
    place = row[counts] * max(weeks, 1) + (sold["day"][counts] - odd) // DAYS_PER_WEEK
    price = sold["revenue"][counts] / sold["quantity"][counts]
    order = np.lexsort((price, place))
    cell, start, count = np.unique(place[order], return_index=True, return_counts=True)
    paid = np.zeros(names.size * weeks, dtype=np.float32)
    enough = count >= _LEAST_ROWS
    paid[cell[enough]] = price[order][(start + (count - 1) // 2)[enough]]
    return np.asarray(paid.reshape(names.size, weeks)[of])
