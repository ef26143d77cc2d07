"""The FEFO walk: who gets the demand, lot after lot, and what is left when its time is up."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import special

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.demand import COMMON_SHARE, DemandDistribution
from inventory.contracts.stock import NO_DAY

#: The share of outcomes that the cautious figure is not exceeded in.
CAUTIOUS = 0.9
#: Outcomes of demand that are followed past a lot that may be wasted.
OUTCOMES = 32
#: (steps + 1, outcomes), evenly spread chances: the first row orders the outcomes by the level that
#: all weeks share, each other row orders them differently, for the days between two deadlines. The
#: orders are those of the multiples of square roots of primes, which keep clear of each other.
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53)
LEVELS = (
    np.stack(
        [np.arange(OUTCOMES)]
        + [np.argsort(np.argsort(np.arange(1, OUTCOMES + 1) * np.sqrt(prime) % 1)) for prime in _PRIMES]
    )
    + 0.5
) / OUTCOMES
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
    """Per series, what stands before the next lot.

    `stock`: (series,) pieces of all earlier lots; `wasted`: (series,) whether some may be. Followed
    from then on, (series, outcomes): what of it is `sold`, and what was `asked` for by the last
    deadline, whose moments are `mean` and `noise`: (series,), after `steps` deadlines.
    """

    stock: Floats
    wasted: Flags
    sold: Floats
    asked: Floats
    mean: Floats
    noise: Floats
    steps: Ints


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

    Exact for the first lot of a series, for lots of one deadline, and for later ones as long as
    nothing before them is wasted. Where it may be, the demand that wasted pieces no longer absorb is
    followed through 32 outcomes, evenly spread, the same for every walk.
    """
    lots, rows = series.shape[0], demand.weekly_mean.shape[0]
    order = np.lexsort((place, batch_id, quantity, turn, series))
    rank = _rank_in_series(series[order])
    found = Walk(*(np.zeros(lots, kind) for kind in (float, np.int64, float, np.int64, float)))
    queue = _Queue(
        *(np.zeros(rows), np.zeros(rows, np.bool_)),
        *(np.zeros((rows, OUTCOMES)), np.zeros((rows, OUTCOMES)), np.zeros(rows), np.zeros(rows)),
        np.zeros(rows, np.int64),
    )
    is_last = np.append(np.diff(series[order]) != 0, True)[:lots]
    by_rank = np.argsort(rank, kind="stable")
    bounds = np.searchsorted(rank[by_rank], np.arange(int(rank.max(initial=-1)) + 2))
    for first, last in pairwise(bounds):
        sorted_rows = by_rank[first:last]
        sorted_rows = sorted_rows[deadline[order[sorted_rows]] < NO_DAY]
        now = order[sorted_rows]
        lot = _Lots(now, series[now], deadline[now], quantity[now], ~is_last[sorted_rows])
        _serve(demand, lot, queue, found)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Lots:
    """One lot of each of some series; `followed`: whether the series has another after it."""

    number: NDArray[np.intp]
    series: Ints
    deadline: Ints
    quantity: Ints
    followed: Flags


def _serve(demand: DemandDistribution, lots: _Lots, queue: _Queue, found: Walk) -> None:
    """Note what is left of each lot, and let it join the queue.

    Closed forms as if wasted pieces went on absorbing demand, less what the outcomes say of that.
    """
    now, pieces = lots.number, lots.quantity
    total = demand.total(lots.series, lots.deadline)
    before = queue.stock[lots.series]
    behind = before + pieces
    chance = total.probability_at_most(behind - 1)
    cautious = np.clip(behind - total.quantile(1.0 - CAUTIOUS), 0, pieces)
    late = queue.wasted[lots.series]
    unsold, absorbed = _outcomes(demand, lots, queue, chance)

    left = total.expected_excess(behind) - total.expected_excess(before)
    left = np.clip(left - (absorbed - unsold).mean(axis=1), 0.0, pieces)
    rounded = np.floor(left + 0.5)
    last = total.expected_excess(behind) - total.expected_excess(behind - rounded)
    cut = rounded[:, None]
    fewer = np.minimum(absorbed, cut) - np.minimum(unsold, cut)
    likelier = (absorbed >= 0.5).mean(axis=1) - (unsold >= 0.5).mean(axis=1)
    chance = np.clip(chance - likelier, left / np.maximum(pieces, 1), 1.0)
    followed = np.floor(np.quantile(unsold, CAUTIOUS, axis=1) + 0.5)

    found.expected_unsold[now], found.rounded[now] = left, rounded
    found.probability_unsold[now] = np.where(pieces > 0, chance, 0.0)
    found.p90_unsold[now] = np.where(late, followed, cautious)
    found.last_unsold[now] = np.clip(last - fewer.mean(axis=1), 0.0, rounded)
    queue.stock[lots.series] = behind


def _outcomes(
    demand: DemandDistribution, lots: _Lots, queue: _Queue, chance: Floats
) -> tuple[Floats, Floats]:
    """(lots, outcomes), pieces unsold, and pieces unsold had the waste before gone on absorbing
    demand. Both 0 where nothing before can be wasted: there they are the same.
    """
    unsold, absorbed = np.zeros((2, lots.series.size, OUTCOMES))
    late, doubtful = queue.wasted[lots.series], chance > UNLIKELY
    sure = lots.series[late & ~doubtful]
    queue.sold[sure] += lots.quantity[late & ~doubtful, None]
    risky = np.flatnonzero(doubtful & (late | lots.followed))
    row, pieces, late = lots.series[risky], lots.quantity[risky, None], late[risky, None]
    stock = queue.stock[row, None]
    asked = _asked(demand, row, lots.deadline[risky], queue)
    ahead = np.where(late, queue.sold[row], stock)
    sold = np.clip(asked, ahead, ahead + pieces)
    unsold[risky] = np.where(late, ahead + pieces - sold, 0.0)
    absorbed[risky] = np.where(late, np.clip(stock + pieces - asked, 0.0, pieces), 0.0)
    queue.sold[row], queue.wasted[row] = sold, True
    return unsold, absorbed


def _asked(demand: DemandDistribution, row: Ints, deadline: Ints, queue: _Queue) -> Floats:
    """(rows, outcomes), demand by the deadline: what was asked for before, and in the days since.

    Given the level that all weeks of an outcome share, the days since ask for a gamma's quantile;
    mean and variance over the outcomes are those of the demand distribution.
    """
    mean, noise = demand.moments(row, deadline)
    since, wobble = mean - queue.mean[row], noise - queue.noise[row]
    spread = demand.spread(row)
    common = COMMON_SHARE * spread
    one = np.ones((row.size, OUTCOMES))
    level = _gamma(one, common[:, None] * one, LEVELS[0])
    own = (1.0 - COMMON_SHARE) * spread * wobble / (1.0 + common)
    expected = level * since[:, None]
    step = 1 + queue.steps[row] % (len(LEVELS) - 1)
    asked = queue.asked[row] + _gamma(expected, expected + level**2 * own[:, None], LEVELS[step])
    queue.asked[row], queue.mean[row], queue.noise[row] = asked, mean, noise
    queue.steps[row] += 1
    return np.asarray(asked)


def _gamma(mean: Floats, variance: Floats, chance: Floats) -> Floats:
    """Quantiles of gammas by their moments; 0 where the mean is.

    Wilson and Hilferty's cube (1931) from shape 1 upwards, where it is within a few per cent and
    many times faster; exact below.
    """
    scale = np.maximum(variance, 1e-12) / np.maximum(mean, 1e-12)
    shape = np.maximum(mean, 1e-12) / scale
    level = np.broadcast_to(chance, shape.shape)
    ninth = 1.0 / (9.0 * np.maximum(shape, 1.0))
    value = shape * np.maximum(1.0 - ninth + special.ndtri(chance) * np.sqrt(ninth), 0.0) ** 3
    odd = shape < 1.0
    value[odd] = special.gammaincinv(shape[odd], level[odd])
    return np.where(mean > 0, value * scale, 0.0)


def _rank_in_series(series: Ints) -> Ints:
    """0, 1, 2… within runs of equal, sorted series."""
    starts = np.flatnonzero(np.diff(series, prepend=-1))
    lengths = np.diff(np.append(starts, series.shape[0]))
    return np.asarray(np.arange(series.shape[0]) - np.repeat(starts, lengths))
