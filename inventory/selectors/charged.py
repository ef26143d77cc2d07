"""What pieces were charged at, week by week, and what is known of prices to come."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.models import Sku, SkuPrice
from inventory.selectors.columns import positions_of
from vyapar.kernel.calendar import ist_day

#: Weeks ahead that prices are told of; the last goes on.
WEEKS_AHEAD = 26
#: Days and territories that sold in a week, below which one large order may have made its price.
_LEAST_ROWS = 2
#: No price to come is taken to be further off than this, either way.
_FURTHEST = 0.75


def paid_by_week(sku: NDArray[np.int64], sold: dict[str, NDArray[Any]], days: int) -> NDArray[np.float32]:
    """(series, whole weeks), paise a piece of each SKU: the middle of what it was sold at on the days of the
    week and in the territories, so that one large order at its own price does not move it.

    `sku`: (series,), ids; `sold`: sku, day, quantity and revenue of each day and territory. What was given
    free counts: it is sold at nothing. 0 where too little was sold to tell.
    """
    weeks, odd = days // DAYS_PER_WEEK, days % DAYS_PER_WEEK
    names, of = np.unique(sku, return_inverse=True)
    counts = (sold["quantity"] > 0) & (sold["revenue"] > 0) & (sold["day"] >= odd)
    row = positions_of(names, sold["sku"][counts])
    place = row * max(weeks, 1) + (sold["day"][counts] - odd) // DAYS_PER_WEEK
    price = sold["revenue"][counts] / sold["quantity"][counts]
    order = np.lexsort((price, place))
    cell, start, count = np.unique(place[order], return_index=True, return_counts=True)
    middle = price[order][start + (count - 1) // 2]
    paid = np.zeros(names.size * weeks, dtype=np.float32)
    enough = (count >= _LEAST_ROWS) & (row.size > 0)
    paid[cell[enough]] = middle[enough]
    return np.asarray(paid.reshape(names.size, weeks)[of])


def off_ahead(sku: NDArray[np.int64], today: date) -> NDArray[np.float64]:
    """(series, WEEKS_AHEAD), share that the price known to come is below today's; no column without any.

    Asked of a past day, prices from later days were not known yet.
    """
    to_come = SkuPrice.objects.filter(valid_from__gt=today).exclude(trade_price_paise=None)
    found = list(to_come.order_by("valid_from").values_list("sku_id", "valid_from", "trade_price_paise"))
    if not found or today < ist_day(timezone.now()):
        return np.zeros((sku.size, 0))
    now = dict(Sku.objects.filter(pk__in={one[0] for one in found}).values_list("pk", "trade_price_paise"))
    off = np.zeros((sku.size, WEEKS_AHEAD * DAYS_PER_WEEK))
    for pk, day, price in found:
        if now.get(pk) and price is not None:
            share = np.clip(1.0 - price / now[pk], -_FURTHEST, _FURTHEST)
            off[sku == pk, (day - today).days :] = share
    return np.asarray(off.reshape(sku.size, WEEKS_AHEAD, DAYS_PER_WEEK).mean(axis=2))
