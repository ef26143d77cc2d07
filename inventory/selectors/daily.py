"""Demand by item and day, as far back as Prediction looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from django.db import connection

from inventory.contracts.arrays import Floats, Ints
from inventory.selectors.columns import codes_of, ids_of, of_skus, positions_of, read_packed

HISTORY_DAYS = 730
_WEEKS = 52
_RATE_DAYS = 60
#: A day counts for at most so many of the item's mean days with a sale: one large order is no trend.
_SPIKE = 4
#: Days that may pass between an order and its coming.
_LEAD_DAYS = 7
_YEAR_DAYS = 365
#: A season lifts what is expected at most so many times; days with a sale that speak against any season.
_MOST_LIFT, _DOUBT_DAYS = 3.0, 20.0
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

    def since(self, code: Ints, day: Ints) -> Floats:
        """(n,) pieces per day from a day to the end of the window; 0 at its end."""
        sold = self.until(code, np.full_like(day, self.days)) - self.until(code, day)
        return np.asarray(sold / np.maximum(self.days - day, 1))

    def usual(self) -> Daily:
        """The same days without their spikes, in whole pieces, rounded up."""
        found, row = np.unique(self.code, return_inverse=True)
        on = self.pieces > 0
        total = np.bincount(row, weights=self.pieces, minlength=found.size)
        days = np.bincount(row[on], minlength=found.size)
        most = np.ceil(_SPIKE * total / np.maximum(days, 1)).astype(np.int64)
        return replace(self, pieces=np.minimum(self.pieces, most[row]))

    def expected(self, code: Ints, day: Ints) -> Floats:
        """(n,) pieces per day that a buyer could expect of an item when he ordered what came on a day.

        The mean of 60 days on the day it came or a week before, whichever is more, lifted by the season.
        Of `usual` days.
        """
        before = np.maximum(self.rate(code, day), self.rate(code, np.maximum(day - _LEAD_DAYS, 0)))
        return before * self._lift(ids_of(code)[0], day)

    def _lift(self, sku: Ints, day: Ints) -> Floats:
        """(n,) 1 or more: how many more days with a sale a SKU had a year before in the 60 days that follow
        such a day than in the 60 before it; 1 where history does not go back so far.
        """
        on = self.pieces > 0
        stride = self.days + 1
        keys = np.sort(ids_of(self.code[on])[0] * stride + self.day[on])

        def count(first: Ints) -> Floats:
            ends = sku * stride + np.stack([first, first + _RATE_DAYS])
            return np.asarray(np.diff(np.searchsorted(keys, ends), axis=0)[0], dtype=np.float64)

        start = day - _YEAR_DAYS - _RATE_DAYS
        known = np.maximum(start, 0)
        lift = (count(known + _RATE_DAYS) + _DOUBT_DAYS) / (count(known) + _DOUBT_DAYS)
        return np.where(start >= 0, np.clip(lift, 1.0, _MOST_LIFT), 1.0)


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
