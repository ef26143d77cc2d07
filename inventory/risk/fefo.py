"""The FEFO walk: who gets the demand, lot after lot, and what is left when its time is up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.demand import DemandDistribution, PieceCount
from inventory.contracts.stock import NO_DAY

#: The share of outcomes that the cautious figure is not exceeded in.
CAUTIOUS = 0.9
#: Outcomes of demand followed through the walk, from poor to good, all equally likely.
OUTCOMES = (np.arange(16) + 0.5) / 16
#: Earlier waste less likely than this does not change what a later lot can count on.
UNLIKELY = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """What becomes of each lot at its deadline; (lots,) each, in the order of the lots given.

    - `expected_unsold`: pieces, 0 to the lot's quantity; `rounded`: to the nearest piece.
    - `probability_unsold`: chance that at least one piece is left.
    - `p90_unsold`: pieces that are left at most, in nine cases of ten.
    - `last_unsold`: of the `rounded` pieces that would sell last, how many are expected to be left.
    """

    expected_unsold: Floats
    rounded: Ints
    probability_unsold: Floats
    p90_unsold: Ints
    last_unsold: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Queue:
    """Per series, what stands before the next lot: `stock` of all earlier lots (series,), what of it
    `sold` in each outcome (series, outcomes) and in the `cautious` one, and whether any is `wasted`.
    """

    stock: Floats
    sold: Floats
    cautious: Floats
    wasted: Flags


def walk(
    demand: DemandDistribution,
    series: Ints,
    deadline: Ints,
    quantity: Ints,
    *,
    turn: Ints,
    batch_id: Ints,
    place: Ints | NDArray[np.int32],
) -> Walk:
    """Lots sold first-expiry-first from the demand of their series.

    All (lots,): `series` number, `deadline` days from `as_of` by which a piece must be sold (0: none
    can be; `NO_DAY`: no deadline, nothing is ever left), `quantity` pieces, `turn` the day by which
    FEFO orders them (deadlines must not fall as turns rise). Ties: smaller lots first, then by
    `batch_id`, then by `place`.

    Exact for the first lot of a series, and for later ones as long as nothing before them is wasted.
    Where it may be, the demand that wasted pieces no longer absorb is followed through sixteen
    outcomes, from poor to good demand all along.
    """
    lots, rows = series.shape[0], demand.weekly_mean.shape[0]
    order = np.lexsort((place, batch_id, quantity, turn, series))
    rank = _rank_in_series(series[order])
    found = Walk(*(np.zeros(lots, kind) for kind in (float, np.int64, float, np.int64, float)))
    queue = _Queue(np.zeros(rows), np.zeros((rows, OUTCOMES.size)), np.zeros(rows), np.zeros(rows, np.bool_))
    by_rank = np.argsort(rank, kind="stable")
    bounds = np.searchsorted(rank[by_rank], np.arange(int(rank.max(initial=-1)) + 2))
    for first, last in pairwise(bounds):
        now = order[by_rank[first:last]]
        now = now[deadline[now] < NO_DAY]
        _serve(demand, now, series[now], deadline[now], quantity[now], queue, found)
    return found


def _serve(
    demand: DemandDistribution,
    now: NDArray[np.intp],
    series: Ints,
    deadline: Ints,
    quantity: Ints,
    queue: _Queue,
    found: Walk,
) -> None:
    """One lot of each series: note what is left of it, and let it join the queue."""
    total = demand.total(series, deadline)
    before, behind = queue.stock[series], queue.stock[series] + quantity
    chance = total.probability_at_most(behind - 1)
    left = total.expected_excess(behind) - total.expected_excess(before)
    unsold, unwasted = _outcomes(total, series, quantity, queue, chance)
    left = np.clip(left - (unwasted - unsold).mean(axis=1), 0.0, quantity)
    rounded = np.floor(left + 0.5)
    last = total.expected_excess(behind) - total.expected_excess(behind - rounded)
    fewer = np.minimum(unwasted, rounded[:, None]) - np.minimum(unsold, rounded[:, None])
    likelier = (unwasted > 0).mean(axis=1) - (unsold > 0).mean(axis=1)
    least = left / np.maximum(quantity, 1)

    asked = total.quantile(1.0 - CAUTIOUS)
    cautious = queue.cautious[series] + quantity
    queue.cautious[series] = np.minimum(cautious, np.maximum(asked, queue.cautious[series]))
    found.expected_unsold[now], found.rounded[now] = left, rounded
    found.probability_unsold[now] = np.where(quantity > 0, np.clip(chance - likelier, least, 1.0), 0.0)
    found.p90_unsold[now] = cautious - queue.cautious[series]
    found.last_unsold[now] = np.clip(last - fewer.mean(axis=1), 0.0, rounded)
    queue.stock[series] = behind


def _outcomes(
    total: PieceCount, series: Ints, quantity: Ints, queue: _Queue, chance: Floats
) -> tuple[Floats, Floats]:
    """(lots, outcomes), pieces unsold with earlier waste, and as if wasted pieces still absorbed
    demand; both 0 where nothing earlier was wasted, since there they are the same.

    Demand of an outcome is the gamma's of the same mean and variance.
    """
    unsold = np.zeros((series.size, OUTCOMES.size))
    unwasted = np.zeros_like(unsold)
    risky = np.flatnonzero(queue.wasted[series] | (chance > UNLIKELY))
    row, lot = series[risky], quantity[risky, None]
    scale = np.maximum(total.variance[risky] / np.maximum(total.mean[risky], 1e-12), 1e-12)
    shape = np.maximum(total.mean[risky] / scale, 1e-12)
    asked = special.gammaincinv(shape[:, None], OUTCOMES) * scale[:, None]
    ahead = np.where(queue.wasted[row, None], queue.sold[row], queue.stock[row, None])
    sold = np.minimum(ahead + lot, np.maximum(asked, ahead))
    late = queue.wasted[row]
    stock = queue.stock[row, None]
    whole = np.clip(stock + lot - asked, 0.0, lot)
    unsold[risky] = np.where(late[:, None], ahead + lot - sold, 0.0)
    unwasted[risky] = np.where(late[:, None], whole, 0.0)
    queue.sold[row] = sold
    queue.wasted[row] = True
    return unsold, unwasted


def _rank_in_series(series: Ints) -> Ints:
    """0, 1, 2… within runs of equal, sorted series."""
    starts = np.flatnonzero(np.diff(series, prepend=-1))
    lengths = np.diff(np.append(starts, series.shape[0]))
    return np.asarray(np.arange(series.shape[0]) - np.repeat(starts, lengths))
