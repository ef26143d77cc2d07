"""How demand answers a lower price: the response of each category, read off weeks cheaper than those around.

The figure is that of the money room's offers: each percent off adds so many hundredths of plain demand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.forecasting.effects.fit import AROUND, HIGHEST, LOWEST, SURE
from inventory.forecasting.weeks import Weeks

#: Weeks on either side that the usual price is the middle of; a price nearer to it than this is usual.
USUAL_WEEKS, DEAL = 13, 0.05
#: No price is taken to be further off than this.
DEEPEST = 0.75
#: Spread of the response before any is seen; and of a category's around that of all goods.
PRIOR, GROUP_PRIOR = 3.0, 1.0
#: Responses within which every one stays: at 2.5 ten percent off sell a quarter more.
MOST = 8.0
#: Share of the weeks around whose price must be known, or only busy weeks would be compared.
KNOWN = 0.8
#: Least share of variance over mean that a SKU is believed to have.
_POISSON = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Goods:
    """Sums by SKU. `sold`, `off`: (skus, weeks), pieces had all been seen, and share off the usual price;
    `known`: whether the price is; `group`: (skus,); `of`: (series,), each series' SKU.
    """

    sold: Floats
    off: Floats
    known: Flags
    group: Ints
    of: Ints


def below_usual(paid: Floats) -> Floats:
    """(skus, weeks), share that a week's price is below the middle of those around; 0 where it is usual.

    A price that changed for good is usual on either side of the day.
    """
    weeks = paid.shape[1]
    off = np.zeros(paid.shape)
    some = np.flatnonzero((paid > 0).any(axis=1))
    filled = np.where(paid[some] > 0, paid[some], np.inf)
    for week in range(weeks):
        around = np.sort(filled[:, max(week - USUAL_WEEKS, 0) : week + USUAL_WEEKS + 1], axis=1)
        count = np.isfinite(around).sum(axis=1)
        middle = np.take_along_axis(around, np.maximum(count - 1, 0)[:, None] // 2, axis=1)[:, 0]
        told = (count > 2) & np.isfinite(filled[:, week])
        now, usual = np.where(told, filled[:, week], 1.0), np.where(told, middle, 1.0)
        share = 1.0 - now / usual
        off[some, week] = np.where(share >= DEAL, np.minimum(share, DEEPEST), 0.0)
    return off


def goods_of(weeks: Weeks, sku: Ints, paid: Floats) -> Goods:
    _names, first, of = np.unique(sku, return_index=True, return_inverse=True)
    sold = np.zeros((first.size, weeks.count))
    np.add.at(sold, of, weeks.rate())
    price = paid[first].astype(np.float64)
    return Goods(sold, below_usual(price), price > 0, weeks.group[first].astype(np.int64), of)


def factor_of(response: Floats, off: Floats) -> Floats:
    return np.asarray(np.clip(1.0 + response * off, LOWEST, HIGHEST))


def _level(goods: Goods, until: int) -> tuple[Floats, Flags]:
    """(skus, weeks) mean of the usual weeks around each whose price is known, and where that says much."""
    plain = goods.known[:, :until] & (goods.off[:, :until] <= 0)
    sold = _around(np.where(plain, goods.sold[:, :until], 0.0))
    count, known = _around(plain.astype(float)), _around(goods.known[:, :until].astype(float))
    whole = _around(np.ones((1, until)))
    return sold / np.maximum(count, 1.0), (count >= 3) & (known >= KNOWN * whole)


def _around(values: Floats) -> Floats:
    """(rows, weeks), sums over the weeks around each, without itself."""
    weeks = values.shape[1]
    totals = np.hstack([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)])
    number = np.arange(weeks)
    low, high = np.maximum(number - AROUND, 0), np.minimum(number + AROUND + 1, weeks)
    return np.asarray(totals[:, high] - totals[:, low] - values)


def _evidence(goods: Goods, until: int) -> tuple[Floats, Floats]:
    """(skus,) each: what cheaper weeks sold more, and what a response of 1 would, weighed by how steady a
    SKU is otherwise.
    """
    level, counts = _level(goods, until)
    counts &= goods.known[:, :until] & (level > 0)
    off, mean = goods.off[:, :until], np.where(level > 0, level, 1.0)
    gap = np.where(counts, goods.sold[:, :until] - level, 0.0)
    plain = counts & (off <= 0)
    stray = np.where(plain, gap**2 / mean, 0.0).sum(axis=1) / np.maximum(plain.sum(axis=1), 1)
    weight = 1.0 / np.maximum(stray, _POISSON)
    weight = np.where(plain.sum(axis=1) >= 3, weight, 0.0)
    more = (off * gap).sum(axis=1) * weight
    would = np.where(counts, off**2 * mean, 0.0).sum(axis=1) * weight
    return more, would


def share_of_largest(weeks: Weeks, goods: Goods) -> float:
    """Share that a SKU's largest series has in what its cheaper weeks sell more than the usual ones around.

    About 1 where single large orders have a price of their own; of many places that all answer a lower
    price, small. 1 where no cheaper week sold more.
    """
    off, known = goods.off[goods.of], goods.known[goods.of]
    rate, plain = weeks.rate(), known & (off <= 0)
    level = _around(np.where(plain, rate, 0.0)) / np.maximum(_around(plain.astype(float)), 1.0)
    gap = np.where((off > 0) & known & (weeks.seen > 0), rate - level, 0.0)
    more, largest = np.zeros(goods.sold.shape), np.zeros(goods.sold.shape)
    np.add.at(more, goods.of, gap)
    np.maximum.at(largest, goods.of, gap)
    counts = more > 0
    return float(largest[counts].sum() / more[counts].sum()) if counts.any() else 1.0


def usual_response(goods: Goods, until: int) -> float:
    """The response of all goods; 0 unless it stands out of its error."""
    more, would = _evidence(goods, until)
    precision = float(would.sum()) + 1.0 / PRIOR**2
    found = float(more.sum()) / precision
    return min(found, MOST) if found * np.sqrt(precision) > SURE else 0.0


def learn_response(goods: Goods, until: int) -> Floats:
    """(groups,), the response of each, as known before week `until`; 0 where none is sure."""
    groups = int(goods.group.max(initial=0)) + 1
    usual = usual_response(goods, until)
    if usual <= 0:
        return np.zeros(groups)
    more, would = _evidence(goods, until)
    own = np.bincount(goods.group, weights=more, minlength=groups)
    size = np.bincount(goods.group, weights=would, minlength=groups)
    drawn = (own + usual / GROUP_PRIOR**2) / (size + 1.0 / GROUP_PRIOR**2)
    return np.clip(drawn, 0.0, MOST)
