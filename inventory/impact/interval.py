"""How sure the rupees of a way out are: its net when demand and claims turn out badly, and well."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inventory.contracts.arrays import Ints
from inventory.contracts.demand import DemandDistribution
from inventory.contracts.policy import MoneyRates
from inventory.impact.ladder import ladder
from inventory.impact.lots import Lots
from inventory.impact.rates import BASIS_POINTS
from inventory.impact.ways import WAYS, price_rung, price_ways

#: One time in ten it is worse than the low end, one time in ten better than the high end.
LOW, HIGH = 0.1, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Pieces of a lot that sell beyond what should: `low` and `high`, (lots,), negative and positive."""

    low: Ints
    high: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """(ways, lots) paise each: `low` and `high` of every way, around its net; 0 where it is closed."""

    low: Ints
    high: Ints


def spans_in_turn(
    demand: DemandDistribution, series: Ints, days: Ints, *, pieces: Ints, quantity: Ints, sold: Ints
) -> Span:
    """How far what sells of each lot strays, with demand of its series going down the FEFO order.

    (lots,) each: `pieces` of the lot that can be sold within its `days`; `quantity` of them need a way
    out, of which `sold` should sell after all. What an earlier lot sells, a later one does not: demand
    that strays is given out once, however many lots share it. What is at risk sells last.
    """
    ends = [np.zeros(series.size, dtype=np.int64) for _ in (LOW, HIGH)]
    wanted = [demand.total(series, days).quantile(chance) for chance in (LOW, HIGH)]
    taken: list[dict[int, int]] = [{}, {}]
    for lot in np.lexsort((days, series)).tolist():
        for end, asked, before in zip(ends, wanted, taken, strict=True):
            gone = before.get(int(series[lot]), 0)
            serves = min(max(int(asked[lot]) - gone, 0), int(pieces[lot]))
            before[int(series[lot])] = gone + serves
            end[lot] = max(int(quantity[lot]) - (int(pieces[lot]) - serves), 0)
    return _span(ends, quantity, sold)


def span_behind(
    demand: DemandDistribution, series: Ints, days: Ints, *, ahead: Ints, quantity: Ints, sold: Ints
) -> Span:
    """How far what sells of each lot strays where `ahead` pieces of the place's own stock sell first.

    -1 stands for no series: nothing strays.
    """
    total = demand.total(np.maximum(series, 0), days)
    asked = [np.floor(total.quantile(chance)).astype(np.int64) for chance in (LOW, HIGH)]
    ends = [np.where(series >= 0, np.clip(pieces - ahead, 0, quantity), sold) for pieces in asked]
    return _span(ends, quantity, sold)


def _span(ends: list[Ints], quantity: Ints, sold: Ints) -> Span:
    low, high = (np.clip(end, 0, quantity) - sold for end in ends)
    return Span(np.minimum(low, 0), np.maximum(high, 0))


def intervals(lots: Lots, rates: MoneyRates, *, here: Span, there: Span) -> Interval:
    """The 10th and the 90th percentile of the net of every way out.

    `here` and `there`: how what sells strays where the lot is and where its lane leads. An offer strays as
    far as plain demand does, and at least as far as chance alone moves so many buyers. A claim is
    paid or refused; giving away and destroying are certain.
    """
    usual = price_ways(lots, rates)
    nets = [usual.net, *(_net(lots, rates, here, there, is_high) for is_high in (False, True))]
    low, high = np.minimum.reduce(nets), np.maximum.reduce(nets)
    return Interval(np.where(usual.available, low, 0), np.where(usual.available, high, 0))


def _net(lots: Lots, rates: MoneyRates, here: Span, there: Span, is_high: bool) -> Ints:
    at_home, away = (here.high, there.high) if is_high else (here.low, there.low)
    strayed = replace(
        lots,
        held_sold=np.clip(lots.held_sold + at_home, 0, lots.quantity),
        moved_sold=np.clip(lots.moved_sold + away, 0, lots.quantity),
    )
    accepted = np.where(lots.claim_success_bp < 0, rates.claim_success_bp, lots.claim_success_bp)
    chance = int((HIGH if is_high else LOW) * BASIS_POINTS)
    is_paid = accepted > BASIS_POINTS - chance
    # a lane that may sell nothing is still open: its net is that of what comes back
    opened = replace(
        strayed,
        moved_sold=np.maximum(strayed.moved_sold, np.minimum(lots.moved_sold, 1)),
        claim_success_bp=np.where(is_paid, BASIS_POINTS, 0),
    )
    net = price_ways(opened, rates).net.copy()
    net[WAYS.index("discount")] = _offer(lots, rates, at_home, is_high)
    return net


def _offer(lots: Lots, rates: MoneyRates, shift: Ints, is_high: bool) -> Ints:
    """Net of the rung that is shown when it sells more or fewer than it should: by `shift`, or by chance
    alone where that is more, so that goods without any plain demand are not sure to sell on offer.
    """
    found = ladder(lots, rates)
    rows = np.arange(len(lots))
    sold = found.sold[found.best, rows]
    chance = np.ceil(np.sqrt(np.maximum(sold, 1)) * 1.2816).astype(np.int64)
    strayed = np.maximum(shift, chance) if is_high else np.minimum(shift, -chance)
    pieces = np.clip(sold + strayed, 0, lots.quantity)
    net = np.zeros(len(lots), dtype=np.int64)
    for number, rung in enumerate(found.rungs):
        parts = price_rung(lots, rates, rung, pieces)
        value = np.sum(list(parts.values()), axis=0, dtype=np.int64)
        net = np.where((found.best == number) & (lots.quantity > 0), value, net)
    return net
