"""What a lower price makes of demand: learnt by category from weeks that were cheaper than those around.

The figure is that of the money room's offers: each percent off adds so many hundredths of plain demand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.forecasting.effects.fit import AROUND, HIGHEST, LOWEST, SURE
from inventory.forecasting.effects.told import AHEAD, LEVEL, OVER, STEP, EffectTold, verdict
from inventory.forecasting.weeks import Weeks

#: Weeks on either side that the usual price is the middle of; a price nearer to it than this is usual.
USUAL_WEEKS, DEAL = 13, 0.05
#: No price is taken to be further off than this.
DEEPEST = 0.75
#: Spread of the response before any is seen; and of a category's around that of all goods.
PRIOR, GROUP_PRIOR = 3.0, 1.0
#: Responses within which every one stays: at 2.5 ten percent off sell a quarter more.
MOST = 8.0
#: Above this it is not the price that moves demand, but large orders that have a price of their own.
BELIEVED = 6.0
#: Share of the weeks around whose price must be known, or only busy weeks would be compared.
KNOWN = 0.8
#: Weeks of history before which nothing is learnt.
LEAST = 26
#: Least share of variance over mean that a SKU is believed to have.
_POISSON = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Factors on demand: `past` (series, weeks of history) of each week against the mean of a year with as
    many cheaper weeks, `ahead` (series, horizon) of prices to come; `told`: what was found, standing or not.
    """

    past: Floats
    ahead: Floats
    told: tuple[EffectTold, ...] = ()

    def without(self, weeks: Weeks) -> Weeks:
        """History as if cheaper weeks lay evenly on the year: as many are held to come, nobody knows when."""
        if not any(one.stands for one in self.told):
            return weeks
        return replace(weeks, sales=weeks.sales / self.past)


@dataclass(frozen=True, slots=True, eq=False)
class _Goods:
    """Sums by SKU. `sold`, `off`: (skus, weeks), pieces had all been seen, and share off the usual price;
    `known`: whether the price is; `group`: (skus,); `of`: (series,), each series' SKU.
    """

    sold: Floats
    off: Floats
    known: Flags
    group: Ints
    of: Ints


def prices_of(weeks: Weeks, sku: Ints, paid: Floats, off_ahead: Floats) -> Prices:
    """What prices make of demand.

    `sku`: (series,), numbers; `paid`: (series, weeks), what a piece of the SKU usually cost that week, 0
    where not known; `off_ahead`: (series, horizon), share that the price to come is below today's
    (negative: above). The same whatever the order of the series. Nothing before half a year of history.
    """
    none = Prices(np.ones((weeks.series, weeks.count)), np.ones(off_ahead.shape))
    if weeks.count < LEAST or not (paid > 0).any():
        return none
    goods = _goods_of(weeks, sku, paid)
    response = _learn(goods, weeks.count)
    if not response.any():
        return none
    deals = int((goods.off > 0).sum())
    usual = float(_usual(goods, weeks.count))
    told = _examined(goods, weeks.count, usual, deals)
    if usual > BELIEVED:
        told = replace(told, stands=False, reason="unlikely")
    if not told.stands:
        return Prices(none.past, none.ahead, (told,))
    mine = response[weeks.group][:, None]
    past = _factor(response[goods.group][:, None], goods.off)
    past = past / _usual_uplift(goods.sold, past, weeks.count)[:, None]
    return Prices(np.maximum(past, LOWEST)[goods.of], _factor(mine, off_ahead), (told,))


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


def _goods_of(weeks: Weeks, sku: Ints, paid: Floats) -> _Goods:
    _names, first, of = np.unique(sku, return_index=True, return_inverse=True)
    sold = np.zeros((first.size, weeks.count))
    np.add.at(sold, of, weeks.rate())
    price = paid[first].astype(np.float64)
    return _Goods(sold, below_usual(price), price > 0, weeks.group[first].astype(np.int64), of)


def _factor(response: Floats, off: Floats) -> Floats:
    return np.asarray(np.clip(1.0 + response * off, LOWEST, HIGHEST))


def _usual_uplift(sold: Floats, factor: Floats, until: int) -> Floats:
    """(skus,), what cheaper weeks added to the year before the weeks that the level before week `until` is
    read from: taking them out must not lower what is expected of a SKU, only even it out.
    """
    year = slice(max(until - LEVEL - OVER, 0), max(until - LEVEL, 1))
    whole, plain = sold[:, year].sum(axis=1), (sold[:, year] / factor[:, year]).sum(axis=1)
    return np.where(plain > 0, whole / np.where(plain > 0, plain, 1.0), 1.0)


def _level(goods: _Goods, until: int) -> tuple[Floats, Flags]:
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


def _evidence(goods: _Goods, until: int) -> tuple[Floats, Floats]:
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


def _usual(goods: _Goods, until: int) -> float:
    """The response of all goods; 0 unless it stands out of its error."""
    more, would = _evidence(goods, until)
    precision = float(would.sum()) + 1.0 / PRIOR**2
    found = float(more.sum()) / precision
    return min(found, MOST) if found * np.sqrt(precision) > SURE else 0.0


def _learn(goods: _Goods, until: int) -> Floats:
    """(groups,), the response of each, as known before week `until`; 0 where none is sure."""
    groups = int(goods.group.max(initial=0)) + 1
    usual = _usual(goods, until)
    if usual <= 0:
        return np.zeros(groups)
    more, would = _evidence(goods, until)
    own = np.bincount(goods.group, weights=more, minlength=groups)
    size = np.bincount(goods.group, weights=would, minlength=groups)
    drawn = (own + usual / GROUP_PRIOR**2) / (size + 1.0 / GROUP_PRIOR**2)
    return np.clip(drawn, 0.0, MOST)


def _examined(goods: _Goods, count: int, usual: float, deals: int) -> EffectTold:
    """Forecasts of the last year's weeks from levels cleaned of cheaper weeks, and from levels as sold.

    Nobody is taken to have known which weeks ahead would be cheap. Both expect the same of a usual year, and
    squared errors of sums, over what is usual of the SKU, tell between them: absolute ones like the middle of
    skewed weeks best, and so whatever lowers a level.
    """
    plain, better, tested = 0.0, 0.0, False
    for origin in range(max(LEAST, count - OVER), count - AHEAD + 1, STEP):
        recent, ahead = slice(origin - LEVEL, origin), slice(origin, origin + AHEAD)
        response = _learn(goods, origin)
        moved = (goods.off[:, recent] > 0).any(axis=1) & (response[goods.group] > 0)
        if not moved.any():
            continue
        sold = goods.sold[moved]
        factor = _factor(response[goods.group][moved][:, None], goods.off[moved][:, :origin])
        level = sold[:, recent].mean(axis=1)
        cleaned = (sold[:, recent] / factor[:, recent]).mean(axis=1)
        cleaned *= _usual_uplift(sold, factor, origin)
        came, scale = sold[:, ahead].mean(axis=1), np.maximum(sold[:, :origin].mean(axis=1), 1e-9)
        as_sold, evened = (float(((one - came) ** 2 / scale).sum()) for one in (level, cleaned))
        if as_sold > 0:
            # each origin has one voice, or a month in which everything was on offer would decide alone
            plain, better, tested = plain + 1.0, better + evened / as_sold, True
    return verdict("price", usual, deals, plain, better, tested)
