"""Outliers of a forecast's history: by day and in pieces as sold, with what explains a part of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.demand import DAYS_PER_WEEK, DemandSnapshot
from inventory.contracts.offers import SeriesOffer
from inventory.forecasting.effects import Effects, Lineage, Prices, on_offer
from inventory.forecasting.methods import ENTRANTS, MIXTURE, NAIVE, SEASONAL_NAIVE
from inventory.forecasting.outliers import LevelOf, find_outliers
from inventory.forecasting.weeks import Weeks

#: A factor nearer to 1 than this explains nothing worth telling.
_WORTH_TELLING = 0.02


@dataclass(frozen=True, slots=True)
class Outlier:
    """A week that sold far more than can be explained.

    `series`: number in the snapshot; `last` included; `sold`, `usual`: pieces in the week, the second with
    what is explained; `adds`: pieces that it adds to what is expected of 13 weeks. `explained`: factors that
    `festival` and `price` made of the week, the share that it was `cheaper` by where no factor is known, and
    pieces on `offer` in it; what there was.
    """

    series: int
    first: date
    last: date
    sold: int
    usual: float
    adds: float
    explained: Mapping[str, float] = field(default_factory=dict)


def outliers_of(
    snapshot: DemandSnapshot,
    order: Ints,
    own: Weeks,
    weeks: Weeks,
    known: tuple[Lineage, Prices, Effects],
    offers: Sequence[SeriesOffer],
    level: LevelOf,
) -> tuple[Outlier, ...]:
    """Those of the snapshot's series, those that add most first.

    `order`: (series,), numbers of the sorted series, which all else is of; `own`: history as it was told,
    `weeks`: what forecasts read, with what is `known` taken out; `offers`: own ones, of the sorted series.
    What another SKU handed over, and what has left the list, is not told of.
    """
    if not weeks.series or not weeks.count:
        return ()
    line, prices, effects = known
    offered = on_offer(weeks, offers)
    stays = (line.gone > weeks.count)[:, None]
    # of a week that holds what another handed over, only its own part
    part = np.divide(own.sales, line.weeks.sales, out=np.zeros_like(own.sales), where=line.weeks.sales > 0)
    rate = weeks.rate() * np.minimum(part, 1.0) / prices.most()
    plain = np.where(stays, np.maximum(rate - offered, 0.0), 0.0)
    found = find_outliers(weeks, plain, level)
    if not found.row.size:
        return ()
    at = found.row, found.week
    moved = effects.past[at] * prices.past[at]
    usual = found.usual * weeks.seen[at] * moved
    told = []
    for place, (row, week) in enumerate(zip(found.row.tolist(), found.week.tolist(), strict=True)):
        back = DAYS_PER_WEEK * (weeks.count - week)
        days = slice(snapshot.days - back, snapshot.days - back + DAYS_PER_WEEK)
        first = snapshot.as_of - timedelta(days=back)
        factors = {"festival": effects.past[row, week], "price": prices.past[row, week]}
        why = {name: round(float(one), 3) for name, one in factors.items() if one > 1.0 + _WORTH_TELLING}
        if prices.goods is not None and not prices.evened and prices.goods.off[prices.goods.of[row], week]:
            why["cheaper"] = round(float(prices.goods.off[prices.goods.of[row], week]), 3)
        if offered[row, week]:
            why["offer"] = float(offered[row, week])
        told.append(
            Outlier(
                series=int(order[row]),
                first=first,
                last=first + timedelta(days=DAYS_PER_WEEK - 1),
                sold=int(snapshot.demand[order[row], days].sum()),
                usual=float(usual[place]),
                adds=float(found.adds[place]),
                explained=why,
            )
        )
    return tuple(told)


def level_by(methods: Ints) -> LevelOf:
    """Levels by the method of each series, (series,) numbers of the entrants; trees by their mixture, and by
    it what repeats the last week too: its level does not know a bulk week, yet it may stand because of one.
    """
    stand_in = ENTRANTS.index(MIXTURE)
    methods = np.where(
        np.isin(methods, [ENTRANTS.index(NAIVE), ENTRANTS.index(SEASONAL_NAIVE)]), stand_in, methods
    )

    def level(weeks: Weeks, rows: Ints) -> Floats:
        found = np.zeros(rows.size)
        for number in np.unique(methods[rows]).tolist():
            mine = np.flatnonzero(methods[rows] == number)
            found[mine] = ENTRANTS[number].level(weeks.take(mine), [weeks.count])[0]
        return found

    return level
