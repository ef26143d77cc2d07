"""The distributor's own offers: what past ones brought and those to come will, at most what they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.contracts.offers import SeriesOffer
from inventory.forecasting.effects.fit import HIGHEST
from inventory.forecasting.weeks import Weeks


@dataclass(frozen=True, slots=True, eq=False)
class Lifts:
    """Offers to come. `rows`: (offers,), series; `more`: (offers, horizon), share that each week sells more
    than its level; `most`: (offers,), pieces that are on offer in those weeks.
    """

    rows: Ints
    more: Floats
    most: Floats

    def over(self, means: Floats) -> Floats:
        """(series, horizon) with the offers; no offer brings more pieces than it has.

        Where two hold in a week the larger counts.
        """
        if not self.rows.size:
            return means
        extra = means[self.rows] * self.more
        whole = extra.sum(axis=1)
        extra *= np.minimum(1.0, self.most / np.where(whole > 0, whole, 1.0))[:, None]
        largest = np.zeros_like(means)
        np.maximum.at(largest, self.rows, extra)
        return means + largest


NO_LIFTS = Lifts(np.zeros(0, dtype=np.int64), np.zeros((0, 0)), np.zeros(0))


def past_factors(weeks: Weeks, response: Floats, offers: Sequence[SeriesOffer]) -> tuple[Ints, Floats]:
    """Series with offers in their history, and (those, weeks) what the offers made of each week.

    `response`: (series,), share of plain demand that the whole price off would add. A week is never taken
    to have sold more through an offer than the pieces that were on offer on its days.
    """
    found: dict[int, Floats] = {}
    for one in offers:
        days = _days(one, -DAYS_PER_WEEK * weeks.count, weeks.count)
        if not days.any():
            continue
        factor = np.minimum(1.0 + response[one.series] * one.off * days / DAYS_PER_WEEK, HIGHEST)
        sold = weeks.sales[one.series]
        least = np.maximum(sold - one.pieces * days / one.days, 0.0)
        factor = np.where(sold > 0, np.minimum(factor, sold / np.maximum(least, 1e-9)), 1.0)
        found[one.series] = np.maximum(found.get(one.series, np.ones(weeks.count)), factor)
    rows = np.array(sorted(found), dtype=np.int64)
    return rows, np.array([found[row] for row in rows.tolist()]).reshape(rows.size, weeks.count)


def on_offer(weeks: Weeks, offers: Sequence[SeriesOffer]) -> Floats:
    """(series, weeks), pieces that were on offer in each week of the history: all of an offer's in each."""
    found = np.zeros((weeks.series, weeks.count))
    for one in offers:
        found[one.series] += one.pieces * (_days(one, -DAYS_PER_WEEK * weeks.count, weeks.count) > 0)
    return found


def lifts_of(response: Floats, usual: Floats, offers: Sequence[SeriesOffer], horizon: int) -> Lifts:
    """What offers to come add.

    `response`, `usual`: (series,), as above, and what the level holds of cheaper weeks already: on the days
    of an offer the larger of the two counts, not both.
    """
    ahead = [(one, _days(one, 0, horizon)) for one in offers]
    known = [(one, days) for one, days in ahead if days.any() and response[one.series] > 0]
    if not known:
        return NO_LIFTS
    rows = np.array([one.series for one, _ in known], dtype=np.int64)
    share = np.array([days for _, days in known]) / DAYS_PER_WEEK
    factor = np.minimum(1.0 + response[rows] * np.array([one.off for one, _ in known]), HIGHEST)
    more = np.maximum(factor / usual[rows], 1.0) - 1.0
    most = np.array([one.pieces * days.sum() / one.days for one, days in known])
    return Lifts(rows, share * more[:, None], most)


def _days(one: SeriesOffer, first: int, weeks: int) -> Floats:
    """(weeks,), days of an offer in each week from day `first` on."""
    starts = first + DAYS_PER_WEEK * np.arange(weeks)
    stops = np.minimum(one.last_day + 1, starts + DAYS_PER_WEEK)
    return np.asarray(np.maximum(stops - np.maximum(one.first_day, starts), 0), dtype=np.float64)
