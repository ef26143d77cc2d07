"""What prices make of demand: cheaper weeks of the past, and lower prices and offers to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from inventory.contracts.arrays import Floats, Ints, empty
from inventory.contracts.offers import SeriesOffer
from inventory.forecasting.effects.fit import LOWEST
from inventory.forecasting.effects.offered import NO_LIFTS, Lifts, lifts_of, past_factors
from inventory.forecasting.effects.responses import (
    MOST,
    Goods,
    factor_of,
    goods_of,
    learn_response,
    share_of_largest,
    usual_response,
)
from inventory.forecasting.effects.told import EffectTold, verdict
from inventory.forecasting.effects.trials import Errors, try_evening, try_knowing
from inventory.forecasting.effects.uplift import drawn, usual_uplift
from inventory.forecasting.weeks import Weeks

#: Above this it is not the price that moves demand, but large orders that have a price of their own; unless
#: a SKU's largest series brings less than the second of what cheaper weeks sell more: then all places answer.
BELIEVED, ALONE = 6.0, 0.5
#: Share of the error that evening out must have saved: of the little that it saves a few origins say nothing,
#: and wherever it could be judged on more it lost.
EVENED_SAVES = 0.02
#: Weeks of history before which nothing is learnt.
LEAST = 26


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """Factors on demand: `past` (series, weeks of history) of each week against the mean of a year with as
    many cheaper weeks, `ahead` (series, horizon) of prices to come; `offers` to come; `told`: what was found,
    standing or not; `response`: (groups,), share of plain demand that the whole price off would add, 0 where
    nothing stands. `goods`: what they were read off, None where nobody knows what pieces cost; `evened`:
    whether `past` holds the cheaper weeks.
    """

    past: Floats
    ahead: Floats
    told: tuple[EffectTold, ...] = ()
    offers: Lifts = NO_LIFTS
    response: Floats = field(default_factory=empty)
    goods: Goods | None = None
    evened: bool = False

    def most(self) -> Floats:
        """(series, weeks), the most that a lower price, not yet evened out, can have made of each week."""
        if self.goods is None or self.evened:
            return np.ones(self.past.shape)
        return factor_of(np.array(MOST), self.goods.off)[self.goods.of]

    def without(self, weeks: Weeks) -> Weeks:
        """History as if own offers, and other cheaper weeks where evening them out helps, lay evenly on the
        year: as many are held to come, nobody knows when.
        """
        if not self.response.size:
            return weeks
        return replace(weeks, sales=weeks.sales / self.past)


def prices_of(
    weeks: Weeks, sku: Ints, paid: Floats, off_ahead: Floats, offers: Sequence[SeriesOffer] = ()
) -> Prices:
    """What prices make of demand.

    `sku`: (series,), numbers; `paid`: (series, weeks), what a piece of the SKU usually cost that week, 0
    where not known; `off_ahead`: (series, horizon), share that the price to come is below today's
    (negative: above); `offers`: of these series, whose response is the same. The same whatever the order of
    the series. Nothing before half a year of history.
    """
    none = Prices(np.ones((weeks.series, weeks.count)), np.ones(off_ahead.shape))
    if weeks.count < LEAST or not (paid > 0).any():
        return none
    goods = goods_of(weeks, sku, paid)
    none = replace(none, goods=goods)
    response = learn_response(goods, weeks.count)
    if not response.any():
        return none
    deals = int((goods.off > 0).sum())
    usual = float(usual_response(goods, weeks.count))
    told = _verdict("price", usual, deals, try_knowing(weeks, goods, LEAST))
    if usual > BELIEVED and share_of_largest(weeks, goods) >= ALONE:
        told = replace(told, stands=False, reason="unlikely")
    if not told.stands:
        return replace(none, told=(told,))
    mine = response[weeks.group]
    factor = factor_of(response[goods.group][:, None], goods.off)
    added = usual_uplift(goods.sold, factor, weeks.count)
    whole = float((goods.sold / factor).sum())
    even = _verdict("evened", float(goods.sold.sum()) / whole, deals, try_evening(weeks, goods, LEAST))
    if even.gain < EVENED_SAVES:
        even = replace(even, stands=False, reason="lost" if even.reason == "tested" else even.reason)
    past, held = np.ones((weeks.series, weeks.count)), added[goods.of]
    if even.stands:
        past = (factor / added[:, None])[goods.of]
    rows, own = past_factors(weeks, mine, offers)
    if rows.size:
        own = np.maximum(own, factor[goods.of[rows]]) if even.stands else own
        held[rows] = drawn(weeks.rate()[rows], own, weeks.count, held[rows])
        past[rows] = own / held[rows][:, None]
    return Prices(
        np.maximum(past, LOWEST),
        factor_of(mine[:, None], off_ahead),
        (told, even),
        lifts_of(mine, held, offers, off_ahead.shape[1]),
        response,
        goods,
        even.stands,
    )


def _verdict(effect: str, figure: float, deals: int, errors: Errors) -> EffectTold:
    return verdict(effect, figure, deals, errors.without, errors.with_it, errors.tried)
