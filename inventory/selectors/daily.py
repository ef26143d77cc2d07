"""Demand by item and day, as far back as Prediction looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from django.db import connection

from inventory.contracts.arrays import Floats, Ints
from inventory.selectors.columns import codes_of, of_skus, positions_of, read_packed

HISTORY_DAYS = 730
_WEEKS = 52
_RATE_DAYS = 60
_DAILY = """
SELECT sku_id, territory_id, day - %s::date, greatest(quantity, 0), greatest(revenue_paise, 0), lines
FROM inventory_dailydemand p WHERE day >= %s AND day < %s AND {scope}
"""


@dataclass(frozen=True, slots=True, eq=False)
class Daily:
    """Pieces and paise by item and day; `code`, `day`, `pieces`, `paise`, `lines`: (rows,), sorted."""

    days: int
    code: Ints
    day: Ints
    pieces: Ints
    paise: Ints
    lines: Ints

    def weeks(self, codes: Ints) -> tuple[Floats, Ints]:
        """(items, weeks) pieces and (items,) paise of the last whole weeks, a year at most."""
        weeks = min(_WEEKS, max(self.days // 7, 1))
        ago = (self.days - 1 - self.day) // 7
        row = positions_of(codes, self.code)
        mine = (ago < weeks) & (row >= 0)
        table, value = np.zeros((codes.size, weeks)), np.zeros(codes.size, np.int64)
        np.add.at(table, (row[mine], weeks - 1 - ago[mine]), self.pieces[mine])
        np.add.at(value, row[mine], self.paise[mine])
        return table, value

    def until(self, code: Ints, day: Ints) -> Ints:
        """(n,) pieces that an item had sold before a day, from the beginning of the window."""
        stride = self.days + 1
        place = np.searchsorted(self.code * stride + self.day, code * stride + np.clip(day, 0, self.days))
        start = np.searchsorted(self.code, code)
        sums = np.append(0, np.cumsum(self.pieces))
        return np.asarray(sums[place] - sums[start])

    def rate(self, code: Ints, day: Ints) -> Floats:
        """(n,) pieces per day in the 60 days before a day, or in what there is of them."""
        begin = np.maximum(day - _RATE_DAYS, 0)
        sold = self.until(code, day) - self.until(code, begin)
        return np.asarray(sold / np.maximum(day - begin, 1))


def first_day(today: date) -> date | None:
    """The first day of the window with demand of anything; None without any."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(day) FROM inventory_dailydemand WHERE day >= %s AND day < %s",
            [today - timedelta(days=HISTORY_DAYS), today],
        )
        found: date | None = cursor.fetchone()[0]
    return found


def read_daily(first: date, today: date, skus: Sequence[int] | None = None) -> Daily:
    """Demand of some SKUs (by id), or of all, from `first` to the day before `today`."""
    names = ("sku", "territory", "day", "pieces", "paise", "lines")
    sql = _DAILY.format(scope=of_skus(skus))
    found = read_packed(sql, names, [first, first, today])
    code = codes_of(found["sku"], found["territory"])
    order = np.lexsort((found["day"], code))
    return Daily((today - first).days, code[order], *(found[name][order] for name in names[2:]))
