"""New SKUs: what sold alike tells what to expect, until their own weeks do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from inventory.contracts.arrays import Codes, Flags, Floats, Ints
from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.forecasting.effects.told import AHEAD, OVER, STEP, EffectTold, verdict
from inventory.forecasting.levels import begun
from inventory.forecasting.weeks import Weeks

#: SKUs that are looked to, and the fewest that tell anything.
ALIKE, FEWEST = 6, 3
#: Weeks of own history that weigh as much as those alike.
BORROWED = 4.0
#: Weeks that a SKU must have been seen to be looked to; those its level is read from.
SEASONED, RECENT = 13, 26
#: Weeks of a launch that differ from what follows, and launches of experience that none is drawn by.
LAUNCH, PRIOR_LAUNCHES = 13, 5.0
#: Factors within which a launch stays; the spread of levels of those alike stays within the other two.
SLOWEST, FASTEST = 0.25, 3.0
LEAST_EXTRA, MOST_EXTRA = 0.05, 2.0
#: A price this many times another (as a logarithm) is as far off as another brand is.
_PRICE_STEP, _PRICE_MOST, _OTHER_PACK = 0.25, 3.0, 0.5
#: Series of one place and category that are looked through, the best known first; rows examined.
_MOST, _EXAMINED = 2_000, 2_000


@dataclass(frozen=True, slots=True, eq=False)
class Goods:
    """What makes two series alike. All (series,): numbers of `place`, `group` and `brand`, `price` in
    paise (0: unknown), `pack` in grams or whatever tells packs apart.
    """

    place: Ints
    group: Codes
    brand: Codes
    price: Ints
    pack: Codes


@dataclass(frozen=True, slots=True, eq=False)
class Newcomers:
    """`rows`: (n,), series that are forecast by those alike; `means`: (n, horizon), pieces a week;
    `extra`: (n,), what not knowing their level adds to 1 / dispersion; `alike`: numbers of series each.
    """

    rows: Ints
    means: Floats
    extra: Floats
    alike: tuple[tuple[int, ...], ...]
    told: tuple[EffectTold, ...] = field(default=())

    def over(self, means: Floats) -> Floats:
        """`means` with those of the newcomers in their place."""
        found = means.copy()
        found[self.rows] = self.means
        return found

    def wider(self, dispersion: Floats) -> Floats:
        """`dispersion` (series,) with what is not known of the newcomers' level."""
        found = dispersion.copy()
        found[self.rows] = 1.0 / (1.0 / found[self.rows] + self.extra)
        return found


def newcomers_of(weeks: Weeks, goods: Goods, new: Flags, new_days: int, horizon: int) -> Newcomers:
    """Forecasts of the series that are `new` (series,) by those alike, where that did no harm before.

    Alike is what sells in the same place and category: the nearest six in price, brand and pack. The
    curve of a launch is that of all launches in the history. Where no launch could be examined, it is
    only of those that have not sold yet: of the others, what follows first orders tells more.
    """
    found = _forecast(weeks, goods, np.flatnonzero(new), weeks.count, horizon)
    if not found.rows.size:
        return found
    told = _examined(weeks, goods, new_days, found.rows.size)
    if told.reason == "untested":
        unsold = weeks.sales.sum(axis=1) <= 0
        found = _forecast(weeks, goods, np.flatnonzero(new & unsold), weeks.count, horizon)
        told = replace(told, figure=float(found.rows.size), stands=bool(found.rows.size))
    if told.stands:
        return replace(found, told=(told,))
    none = np.zeros(0, dtype=np.int64)
    return Newcomers(none, np.zeros((0, horizon)), np.zeros(0), (), (told,))


def _forecast(weeks: Weeks, goods: Goods, rows: Ints, origin: int, horizon: int) -> Newcomers:
    known = weeks.until(origin)
    rows, near, weight = _alike(known, goods, rows)
    rate = _recent(known)
    # what is nearest first weighs most; places that are not filled weigh nothing
    levels = rate[near]
    total = np.maximum(weight.sum(axis=1), 1e-12)
    level = (weight * levels).sum(axis=1) / total
    stray = (weight * (levels - level[:, None]) ** 2).sum(axis=1) / total / np.maximum(level, 1e-12) ** 2
    curve = launch(known)
    week = np.arange(origin)
    age = week - known.start[rows][:, None]
    # a first week that sold may have been chosen by its sale
    counts = (age > 0) | ((age == 0) & (known.sales[rows] <= 0))
    seen = np.where(counts, known.seen[rows], 0.0)
    sold = np.where(counts, known.sales[rows], 0.0).sum(axis=1)
    expected = (level[:, None] * curve[np.clip(age, 0, LAUNCH)] * seen).sum(axis=1)
    drawn = (BORROWED * level + sold) / np.maximum(BORROWED * level + expected, 1e-12)
    old = np.clip(origin - known.start[rows][:, None] + np.arange(horizon), 0, LAUNCH)
    means = (level * drawn)[:, None] * curve[old]
    extra = np.clip(stray, LEAST_EXTRA, MOST_EXTRA) * BORROWED / (BORROWED + seen.sum(axis=1))
    alike = tuple(
        tuple(int(one) for one, counted in zip(near[n], weight[n] > 0, strict=True) if counted)
        for n in range(rows.size)
    )
    return Newcomers(rows, means, extra, alike)


def launch(weeks: Weeks) -> Floats:
    """(LAUNCH + 1,), demand of each week since a SKU began over what it settled at; the last is 1.

    Of series that began within the history and were seen for half a year; few draw it to 1.
    """
    curve = np.ones(LAUNCH + 1)
    rows = np.flatnonzero((weeks.start > BORROWED) & (weeks.count - weeks.start >= 2 * LAUNCH))
    if not rows.size:
        return curve
    place = weeks.start[rows][:, None] + np.arange(2 * LAUNCH)
    rate, seen = weeks.rate()[rows[:, None], place], weeks.seen[rows[:, None], place] > 0
    late = seen[:, LAUNCH:].sum(axis=1)
    settled = rate[:, LAUNCH:].sum(axis=1) / np.maximum(late, 1)
    counts = (settled > 0) & (late > 0)
    began = np.where(seen[:, :LAUNCH], rate[:, :LAUNCH], 0.0)[counts].sum(axis=0)
    usual = np.where(seen[:, :LAUNCH], settled[:, None], 0.0)[counts].sum(axis=0)
    prior = PRIOR_LAUNCHES * (settled[counts].mean() if counts.any() else 1.0)
    curve[:LAUNCH] = np.clip((began + prior) / (usual + prior), SLOWEST, FASTEST)
    curve[0] = curve[1]
    return curve


def _recent(weeks: Weeks) -> Floats:
    """(series,), pieces in a seen week of the last half year."""
    recent = slice(max(weeks.count - RECENT, 0), weeks.count)
    seen = weeks.seen[:, recent].sum(axis=1)
    return np.where(seen > 0, weeks.sales[:, recent].sum(axis=1) / np.maximum(seen, 1e-12), 0.0)


def _alike(weeks: Weeks, goods: Goods, rows: Ints) -> tuple[Ints, Ints, Floats]:
    """Of `rows` those with three or more alike, (n, ALIKE) numbers of these, and (n, ALIKE) weights."""
    seasoned = (weeks.seen.sum(axis=1) >= SEASONED) & (_recent(weeks) > 0)
    seasoned[rows] = False
    block = goods.place * (int(goods.group.max(initial=0)) + 1) + goods.group
    exposure = weeks.seen.sum(axis=1)
    kept, near, weight = [], [], []
    for one in np.unique(block[rows]):
        old = np.flatnonzero(seasoned & (block == one))
        old = np.sort(old[np.argsort(-exposure[old], kind="stable")][:_MOST])
        if old.size < FEWEST:
            continue
        mine = rows[block[rows] == one]
        for start in range(0, mine.size, _MOST):
            some = mine[start : start + _MOST]
            far = _far(goods, some, old)
            order = np.argsort(far, axis=1, kind="stable")[:, :ALIKE]
            gap = ALIKE - order.shape[1]
            kept.append(some)
            near.append(np.pad(old[order], ((0, 0), (0, gap))))
            weight.append(np.pad(np.exp(-np.take_along_axis(far, order, axis=1)), ((0, 0), (0, gap))))
    if not kept:
        none = np.zeros((0, ALIKE))
        return np.zeros(0, dtype=np.int64), none.astype(np.int64), none
    return np.concatenate(kept), np.concatenate(near), np.concatenate(weight)


def _far(goods: Goods, some: Ints, old: Ints) -> Floats:
    """(some, old), how unlike two series are: 0 for the same brand, price and pack."""
    price = np.log(np.maximum(goods.price, 1).astype(np.float64))
    unknown = goods.price <= 0
    gap = np.minimum(np.abs(price[some][:, None] - price[old]) / _PRICE_STEP, _PRICE_MOST)
    gap = np.where(unknown[some][:, None] | unknown[old], 1.0, gap)
    gap += goods.brand[some][:, None] != goods.brand[old]
    return np.asarray(gap + _OTHER_PACK * (goods.pack[some][:, None] != goods.pack[old]))


def _examined(weeks: Weeks, goods: Goods, new_days: int, count: int) -> EffectTold:
    """Launches of the last year, forecast by those alike and, as without them, by their first orders."""
    plain, better, seen = 0.0, 0.0, 0
    young = np.arange(weeks.series)[weeks.start > BORROWED]
    for origin in range(max(SEASONED, weeks.count - OVER), weeks.count - AHEAD + 1, STEP):
        # not before its first week was seen: until then nobody knew of it
        exposure = weeks.seen[young, :origin].sum(axis=1) * DAYS_PER_WEEK
        rows = young[(weeks.start[young] < origin) & (exposure < new_days)][:_EXAMINED]
        found = _forecast(weeks, goods, rows, origin, AHEAD)
        if not found.rows.size:
            continue
        ahead = slice(origin, origin + AHEAD)
        sold, share = weeks.sales[found.rows, ahead], weeks.seen[found.rows, ahead]
        usual = begun(weeks, [origin])[0][found.rows]
        plain += float(np.abs((usual[:, None] * share - sold).sum(axis=1)).sum())
        better += float(np.abs((found.means * share - sold).sum(axis=1)).sum())
        seen += found.rows.size
    return verdict("alike", float(count), seen, plain, better, seen > 0)
