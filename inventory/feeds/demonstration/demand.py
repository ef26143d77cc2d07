"""Daily demand of every SKU in every territory, and what a buyer reads from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from inventory.feeds.demonstration.gst import Ints

#: Days of sales that a buyer averages, and the fewest that count when history is short.
AVERAGE_DAYS = 60
_FEWEST_DAYS = 20
#: A pair of SKU and territory is kept in stock while it sold on this many days of the window.
RANGE_DAYS = 90
RANGE_SALE_DAYS = 3
#: An ordinary order never exceeds what shops really went on to take in this many days.
FORESIGHT_DAYS = 60
#: One day counts for at most this many times the pair's usual day: a single big order is no trend.
_SPIKE = 4


@dataclass(frozen=True, slots=True)
class Terms:
    """How each pair of SKU and territory is bought: (pairs,) whole days and pieces.

    Pair number = position of the SKU x number of territories + position of the territory.
    """

    areas: int
    lead_days: Ints
    safety_days: Ints
    cover_days: Ints
    case_pack: Ints
    shelf_life_days: Ints

    def __len__(self) -> int:
        return len(self.case_pack)


@dataclass(frozen=True, slots=True)
class Visits:
    """Days on which something happened to a pair, ordered by pair and day: (visits,) each.

    `sold` and `returned` in pieces; `level` and `target` are the stock below which the buyer
    orders, and up to which; both 0 where the pair is not kept in stock. `ahead` is what shops take
    in the `FORESIGHT_DAYS` that follow, at the usual rate where the run is nearer than that.
    """

    pair: Ints
    day: Ints
    sold: Ints
    returned: Ints
    level: Ints
    target: Ints
    ahead: Ints


class DemandBook:
    """Pieces sold and returned per pair and day, days 0 to the eve of the run."""

    def __init__(self, terms: Terms, days: int) -> None:
        self.terms = terms
        self.days = days
        self.sold = np.zeros((len(terms), days), dtype=np.int32)
        self.returned = np.zeros((len(terms), days), dtype=np.int32)

    def add(self, lines: pl.DataFrame) -> None:
        """Count the lines of a span of days (columns pair, day, quantity)."""
        key = lines["pair"].to_numpy() * self.sold.shape[1] + lines["day"].to_numpy()
        quantity = lines["quantity"].to_numpy().astype(np.int64)
        for book, pieces in ((self.sold, quantity), (self.returned, -quantity)):
            kept = pieces > 0
            places, where = np.unique(key[kept], return_inverse=True)
            total = np.bincount(where, weights=pieces[kept], minlength=len(places))
            book.reshape(-1)[places] += total.astype(np.int32)

    def rates(self, first: int, last: int) -> tuple[npt.NDArray[np.float64], Ints]:
        """Usual pieces per day and days with sales, as seen at the close of days first..last.

        Both (pairs, last - first + 1): the mean of the last `AVERAGE_DAYS` days with single big
        orders cut, and the count over the last `RANGE_DAYS` days.
        """
        start = max(first - RANGE_DAYS, 0)
        window = self.sold[:, start : last + 1].astype(np.float64)
        selling = window > 0
        usual = window.sum(axis=1) / np.maximum(selling.sum(axis=1), 1)
        pieces = _running(np.minimum(window, _SPIKE * usual[:, None]))
        days = _running(selling)
        ends = np.arange(first, last + 1) - start + 1
        length = np.clip(np.arange(first, last + 1) + 1, _FEWEST_DAYS, AVERAGE_DAYS)
        rate = (pieces[:, ends] - pieces[:, np.maximum(ends - AVERAGE_DAYS, 0)]) / length
        seen = days[:, ends] - days[:, np.maximum(ends - RANGE_DAYS, 0)]
        return np.maximum(rate, 0.0), seen.astype(np.int64)

    def rates_before(self, day: int) -> tuple[npt.NDArray[np.float64], Ints]:
        """(pairs,) rate and days with sales as a buyer sees them on the morning of `day`."""
        window = self.sold[:, max(day - RANGE_DAYS, 0) : day]
        selling = window > 0
        seen = selling.sum(axis=1)
        most = _SPIKE * window.sum(axis=1) / np.maximum(seen, 1)
        pieces = np.minimum(window[:, -AVERAGE_DAYS:], most[:, None]).sum(axis=1)
        return pieces / min(max(day, _FEWEST_DAYS), AVERAGE_DAYS), seen.astype(np.int64)

    def visits(self, first: int, last: int) -> Visits:
        """Everything that shops did between two days, both included."""
        span = slice(first, last + 1)
        sold, returned = self.sold[:, span], self.returned[:, span]
        pair, column = np.nonzero((sold > 0) | (returned > 0))
        rate, seen = self.rates(first, last)
        level, target = self.levels(pair, rate[pair, column], seen[pair, column])
        return Visits(
            pair=pair.astype(np.int64),
            day=column.astype(np.int64) + first,
            sold=sold[pair, column].astype(np.int64),
            returned=returned[pair, column].astype(np.int64),
            level=level,
            target=target,
            ahead=self._ahead(pair, column, rate[pair, column], first, last),
        )

    def _ahead(self, pair: Ints, column: Ints, rate: npt.NDArray[np.float64], first: int, last: int) -> Ints:
        """(visits,) pieces that shops take after each visit's day, within `FORESIGHT_DAYS`."""
        total = _running(self.sold[:, first : last + FORESIGHT_DAYS + 1])
        end = np.minimum(column + 1 + FORESIGHT_DAYS, total.shape[1] - 1)
        known = total[pair, end] - total[pair, column + 1]
        unknown = FORESIGHT_DAYS - (end - column - 1)
        return np.asarray(np.ceil(known + rate * unknown), dtype=np.int64)

    def levels(self, pair: Ints, rate: npt.NDArray[np.float64], seen: Ints) -> tuple[Ints, Ints]:
        """Order level and order-up-to stock of pairs that sell at `rate` pieces per day."""
        terms = self.terms
        wait = terms.lead_days[pair] + terms.safety_days[pair]
        target = np.ceil(rate * (wait + terms.cover_days[pair])).astype(np.int64)
        kept = (seen >= RANGE_SALE_DAYS) & (2 * target >= terms.case_pack[pair])
        level = np.ceil(rate * wait).astype(np.int64)
        return np.where(kept, level, 0), np.where(kept, target, 0)


def _running(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    """Running sums along days with a zero in front: (pairs, days + 1)."""
    total = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total
