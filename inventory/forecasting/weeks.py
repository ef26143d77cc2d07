"""History in whole weeks: what was sold, and how much of each week demand could be seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Codes, Floats, Ints
from inventory.contracts.demand import DAYS_PER_WEEK, DemandSnapshot
from inventory.forecasting.visibility import visibility

#: A week seen for less than this share is scaled up as if it had been seen this long.
LEAST_SEEN = 3 / 7
#: A week seen for less than a day says nothing.
_A_DAY = 1 / DAYS_PER_WEEK - 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Weeks:
    """Weekly history; the last week ends on the day before `as_of`, older odd days are left off.

    Weeks rather than days, because shops order by the week and closed days are not demand.

    - `sales`: (series, weeks), pieces.
    - `seen`: (series, weeks), share of the week's days on which demand could be seen, 0..1.
    - `start`: (series,), first week with a seen day; number of weeks when there is none.
    - `group`: (series,), number of the season's group.
    """

    sales: Floats
    seen: Floats
    start: Ints
    group: Codes

    @property
    def count(self) -> int:
        return int(self.sales.shape[1])

    @property
    def series(self) -> int:
        return int(self.sales.shape[0])

    def until(self, week: int) -> Weeks:
        """History as it was known before `week`."""
        return Weeks(self.sales[:, :week], self.seen[:, :week], np.minimum(self.start, week), self.group)

    def take(self, rows: Ints) -> Weeks:
        """Some of the series, in the order of `rows`."""
        return Weeks(self.sales[rows], self.seen[rows], self.start[rows], self.group[rows])

    def rate(self) -> Floats:
        """(series, weeks), pieces had the week been seen whole; 0 where nothing was seen."""
        return np.asarray(self.sales / np.maximum(self.seen, LEAST_SEEN))


def in_weeks(snapshot: DemandSnapshot) -> Weeks:
    """Daily history summed into weeks; days that began with an empty shelf are seen as `visibility` tells.

    Sales of weeks that are not seen are part of none, unless the series has no other.
    """
    count = snapshot.days // DAYS_PER_WEEK
    shape = (len(snapshot.series_keys), count, DAYS_PER_WEEK)
    odd = snapshot.days - count * DAYS_PER_WEEK
    started = snapshot.started()[:, odd:].reshape(shape)
    sales = np.where(started, snapshot.demand[:, odd:].reshape(shape), 0).sum(axis=2)
    barren = snapshot.barren()[:, odd:].reshape(shape).mean(axis=2)
    share = started.mean(axis=2) - barren * (1.0 - visibility(snapshot))[:, None]
    told = share >= _A_DAY
    told |= ~told.any(axis=1, keepdims=True)
    sales, share = np.where(told, sales, 0), np.where(told, share, 0.0)
    never_seen = np.cumsum(share > 0, axis=1) == 0
    start = never_seen.sum(axis=1)
    return Weeks(sales.astype(np.float64), share, start.astype(np.int64), snapshot.group)
