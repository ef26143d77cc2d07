"""Sales as what they ask of each SKU, territory and day: worked out once for the roll-up and for stock."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from inventory.services.groups import Groups, Keys, Numbers, group, keys_of, numbers


@dataclass(frozen=True, slots=True)
class Sold:
    """Lines of sales by SKU, territory and day, and these by SKU and territory, which are a pair.

    Of the days, in order of SKU, territory and day (since 1970), an entry each: `sku_id`, `territory_id`,
    `day`, and `pair`, which counts the pairs from 0. `starts`: the first day of each pair.
    """

    lines: pl.DataFrame
    days: Groups
    sku_id: Numbers
    territory_id: Numbers
    day: Numbers
    pair: Numbers
    starts: Numbers
    _keys: Keys
    _known: Numbers

    def pair_of(self, sku_id: Numbers, territory_id: Numbers) -> Numbers:
        """Which pair some SKUs and territories are; -1 for those that were not sold."""
        keys = self._keys.of(sku_id, territory_id)
        at = np.minimum(np.searchsorted(self._known, keys), len(self._known) - 1)
        return np.where(self._known[at] == keys, at, -1)


def sold_of(sales: pl.DataFrame) -> Sold:
    """Sales by SKU, territory and day. Pure. `sales`, one at least: sku_id, territory_id, sold_on."""
    columns = [numbers(sales[name]) for name in ("sku_id", "territory_id", "sold_on")]
    days = group(keys_of(*columns).of(*columns))
    sku, territory, day = (days.firsts(column) for column in columns)
    keys = keys_of(sku, territory)
    known, starts, pair = np.unique(keys.of(sku, territory), return_index=True, return_inverse=True)
    return Sold(sales, days, sku, territory, day, pair, starts, keys, known)
