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
class _Groups:
    """Lots of one series and one deadline, side by side in the order in which they are sold.

    (groups,): `first` and `end` of its lots, `series`, `deadline`, `before`: pieces of the series'
    earlier groups, `pieces`: its own, `followed`: whether the series has another group with a deadline.
    """

    first: NDArray[np.intp]
    series: Ints
    deadline: Ints
    before: Floats
    pieces: Floats
    followed: Flags


@dataclass(frozen=True, slots=True, eq=False)
class _Queue:
    """Per series, what stands before the next group.

    `wasted`: (series,) whether earlier pieces may be. Followed from then on, (series, outcomes): what
    of them is `sold`, and what was `asked` for by the last deadline, whose moments are `mean` and
    `noise`: (series,), after `steps` deadlines.
    """

    wasted: Flags
    sold: Floats
    asked: Floats
    mean: Floats
    noise: Floats
    steps: Ints


@dataclass(frozen=True, slots=True, eq=False)
class _Followed:
    """What the outcomes say of groups that come late, (groups, outcomes) rising; `late`: (groups,).

    `asked`: pieces asked for by the deadline, less what stands `before` the group; `short`: the same,
    less what of that was sold. The first would count if wasted pieces went on absorbing demand.
    """

    late: Flags
    asked: Floats
    short: Floats


def walk(
    demand: DemandDistribution,
    series: Ints,
    deadline: Ints,
    quantity: Ints,
    *,
    turn: Ints,
    batch_id: Ints,
    place: Ints | NDArray[np.int32],
    asked: Flags | None = None,
) -> Walk:
    """Lots sold first-expiry-first from the demand of their series.

    All (lots,): `series` number, `deadline` days from `as_of` by which a piece must be sold (0: none
    can be; `NO_DAY`: no deadline, nothing is ever left), `quantity` pieces, `turn` the day by which
    FEFO orders them (deadlines must not fall as turns rise). Ties: smaller lots first, then by
    `batch_id`, then by `place`. `asked`: lots that are to be told of, all where not given; of the others
    all figures are 0, but they stand in the queue like any.

    Exact for the first deadline of a series, and for later ones as long as nothing before them is
    wasted. Where it may be, the demand that wasted pieces no longer absorb is followed through 32
    outcomes, evenly spread, the same for every walk. Lots of one deadline share all that depends on it:
    what is left of each is a difference along one curve.
    """
    order = in_turn(series, quantity, turn=turn, batch_id=batch_id, place=place)
    return walk_in_turn(demand, series, deadline, quantity, order=order, asked=asked)


def in_turn(
    series: Ints, quantity: Ints, *, turn: Ints, batch_id: Ints, place: Ints | NDArray[np.int32]
) -> NDArray[np.intp]:
    """Numbers of the lots in the order in which they are sold, series after series (see `walk`)."""
    keys: list[Ints] = []
    span = 2**63
    for key in (place, batch_id, quantity, turn, series):
        values = key.astype(np.int64)
        low = int(values.min(initial=0))
        size = int(values.max(initial=0)) - low + 1
        if size * span < 2**63:  # sorting by one number costs half of sorting by two
            keys[-1] += (values - low) * span
            span *= size
        else:
            keys.append(values - low if size < 2**62 else values)
            span = size
    return np.lexsort(keys)


def walk_in_turn(
    demand: DemandDistribution,
    series: Ints,
    deadline: Ints,
    quantity: Ints,
    *,
    order: NDArray[np.intp],
    asked: Flags | None = None,
) -> Walk:
    """As `walk`, where the `order` is known: two walks with other deadlines may share one."""
    found = Walk(*(np.zeros(series.shape[0], kind) for kind in (float, np.int64, float, np.int64, float)))
    order = order[deadline[order] < NO_DAY]
    if order.size == 0:
        return found
    groups, group = _grouped(series[order], deadline[order], quantity[order])
    total = demand.total(groups.series, groups.deadline)
    followed = _follow(demand, total, groups)
    cautious = total.quantile(1.0 - CAUTIOUS)
    pieces = quantity[order].astype(np.float64)
    end = np.cumsum(pieces)
    end -= (end - pieces)[groups.first][group]
    if asked is not None:
        told = asked[order]
        order, group, pieces, end = order[told], group[told], pieces[told], end[told]
    for start in range(0, order.size, _TOGETHER):
        some = slice(start, start + _TOGETHER)
        lots = _Lots(order[some], group[some], pieces[some], end[some])
        _settle(lots, total, groups, cautious, followed, found)
    return found


#: Lots settled together; bounds the memory of lots x outcomes.
_TOGETHER = 4_000


@dataclass(frozen=True, slots=True, eq=False)
class _Lots:
    """(lots,): `number`, `group`, `pieces`, and pieces of the group up to the `end` of the lot."""

    number: NDArray[np.intp]
    group: NDArray[np.intp]
    pieces: Floats
    end: Floats


def _grouped(series: Ints, deadline: Ints, quantity: Ints) -> tuple[_Groups, NDArray[np.intp]]:
    """Groups of sorted lots, and the group of each lot."""
    starts = np.append(True, (np.diff(series) != 0) | (np.diff(deadline) != 0))
    first = np.flatnonzero(starts)
    group = np.cumsum(starts) - 1
    pieces = np.add.reduceat(quantity, first).astype(np.float64)
    own, last = series[first], np.append(np.diff(series[first]) != 0, True)
    ahead = np.cumsum(pieces) - pieces
    opens = np.append(True, last[:-1])
    before = ahead - ahead[np.flatnonzero(opens)][np.cumsum(opens) - 1]
    return _Groups(first, own, deadline[first], before, pieces, ~last), group


def _settle(
    lots: _Lots, total: PieceCount, groups: _Groups, cautious: Ints, followed: _Followed, found: Walk
) -> None:
    """Note what is left of each lot: closed forms as if wasted pieces went on absorbing demand, less
    what the outcomes say of that.
    """
    now, row, pieces = lots.number, lots.group, lots.pieces
    here = PieceCount(total.mean[row], total.variance[row])
    behind = groups.before[row] + lots.end
    under, excess = here.under(behind)
    left = excess - _shifted(excess, behind, here, lots)
    chance = under
    p90 = np.clip(behind - cautious[row], 0, pieces)
    late = np.flatnonzero(followed.late[row])
    if late.size:
        some = _Lots(now[late], row[late], pieces[late], lots.end[late])
        less, likelier, p90[late] = _of_outcomes(some, followed)
        left[late] -= less
        chance[late] -= likelier
    left = np.clip(left, 0.0, pieces)
    rounded = np.floor(left + 0.5)
    last = _last_of(lots, here, behind, excess, left, rounded, followed)
    found.expected_unsold[now], found.rounded[now] = left, rounded
    chance = np.clip(chance, left / np.maximum(pieces, 1), 1.0)
    found.probability_unsold[now] = np.where(pieces > 0, chance, 0.0)
    found.p90_unsold[now] = p90
    found.last_unsold[now] = np.clip(last, 0.0, rounded)


def _last_of(
    lots: _Lots,
    here: PieceCount,
    behind: Floats,
    excess: Floats,
    left: Floats,
    rounded: Floats,
    followed: _Followed,
) -> Floats:
    """Of the `rounded` pieces of each lot that would sell last, how many are expected to be left."""
    last = np.where(rounded == lots.pieces, left, 0.0)
    part = np.flatnonzero((rounded > 0) & (rounded < lots.pieces))
    cut, row, end = rounded[part], lots.group[part], lots.end[part]
    before = PieceCount(here.mean[part], here.variance[part]).expected_excess(behind[part] - cut)
    last[part] = excess[part] - before
    late = followed.late[row]
    row, end, cut, part = row[late], end[late], cut[late], part[late]
    for table, sign in ((followed.asked, 1.0), (followed.short, -1.0)):
        last[part] -= sign * (_mean_over(table, row, end)[0] - _mean_over(table, row, end - cut)[0])
    return last


def _shifted(excess: Floats, behind: Floats, here: PieceCount, lots: _Lots) -> Floats:
    """Excess of what stands before each lot: that of the lot before it, looked up anew where that one is not
    here: at a group's first."""
    before, first = np.roll(excess, 1), _firsts(lots)
    some = PieceCount(here.mean[first], here.variance[first])
    before[first] = some.expected_excess(behind[first] - lots.pieces[first])
    return before


def _firsts(lots: _Lots) -> NDArray[np.intp]:
    """Lots that the one that stands before them is not here with."""
    follows = (np.diff(lots.group) == 0) & (lots.end[1:] - lots.pieces[1:] == lots.end[:-1])
    return np.flatnonzero(np.append(True, ~follows))


def _of_outcomes(lots: _Lots, followed: _Followed) -> tuple[Floats, Floats, Floats]:
    """For lots of late groups: pieces fewer, chance less, and the cautious figure."""
    row, end = lots.group, lots.end
    less, likelier, first = np.zeros(row.size), np.zeros(row.size), _firsts(lots)
    for table, sign in ((followed.asked, 1.0), (followed.short, -1.0)):
        upper, one_left = _mean_over(table, row, end)
        before = np.roll(upper, 1)
        before[first] = _mean_over(table, row[first], end[first] - lots.pieces[first])[0]
        less += sign * (upper - before)
        likelier += sign * one_left
    place = CAUTIOUS * (OUTCOMES - 1)
    share, upper_place = place % 1.0, OUTCOMES - 1 - int(place)
    low = np.clip(end - followed.short[row, upper_place], 0.0, lots.pieces)
    high = np.clip(end - followed.short[row, upper_place - 1], 0.0, lots.pieces)
    return less, likelier, np.floor(low + share * (high - low) + 0.5)


def _mean_over(table: Floats, row: NDArray[np.intp], pieces: Floats) -> tuple[Floats, Floats]:
    """Mean over the outcomes of what of `pieces` is left, and the share of outcomes in which half a
    piece is, at least. `table`: (groups, outcomes), rising.
    """
    gap = pieces[:, None] - table[row]
    at_least = (gap >= 0.5).sum(axis=1) / OUTCOMES
    np.maximum(gap, 0.0, out=gap)
    return gap.sum(axis=1) / OUTCOMES, at_least


def _follow(demand: DemandDistribution, total: PieceCount, groups: _Groups) -> _Followed:
    """Follow the outcomes through the groups of all series, deadline after deadline."""
    rows, count = demand.weekly_mean.shape[0], groups.series.size
    queue = _Queue(
        np.zeros(rows, np.bool_), np.zeros((rows, OUTCOMES)), np.zeros((rows, OUTCOMES)),
        np.zeros(rows), np.zeros(rows), np.zeros(rows, np.int64),
    )  # fmt: skip
    doubtful = total.probability_at_most(groups.before + groups.pieces - 1) > UNLIKELY
    found = _Followed(np.zeros(count, np.bool_), np.zeros((count, OUTCOMES)), np.zeros((count, OUTCOMES)))
    rank = _rank_in_series(groups.series)
    by_rank = np.argsort(rank, kind="stable")
    bounds = np.searchsorted(rank[by_rank], np.arange(int(rank.max(initial=-1)) + 2))
    for first, last in pairwise(bounds):
        _serve(demand, groups, by_rank[first:last], doubtful, queue, found)
    return found


def _serve(
    demand: DemandDistribution,
    groups: _Groups,
    now: NDArray[np.intp],
    doubtful: Flags,
    queue: _Queue,
    found: _Followed,
) -> None:
    """Let one group of each of some series join the queue, and note what the outcomes say of it."""
    late = queue.wasted[groups.series[now]]
    sure = now[late & ~doubtful[now]]
    queue.sold[groups.series[sure]] += groups.pieces[sure, None]
    risky = now[doubtful[now] & (late | groups.followed[now])]
    row, pieces, before = groups.series[risky], groups.pieces[risky, None], groups.before[risky, None]
    late = queue.wasted[row]
    asked = _asked(demand, row, groups.deadline[risky], queue)
    ahead = np.where(late[:, None], queue.sold[row], before)
    found.late[risky] = late
    found.asked[risky] = np.sort(asked - before, axis=1)
    found.short[risky] = np.sort(asked - ahead, axis=1)
    queue.sold[row], queue.wasted[row] = np.clip(asked, ahead, ahead + pieces), True


def _asked(demand: DemandDistribution, row: Ints, deadline: Ints, queue: _Queue) -> Floats:
    """(rows, outcomes), demand by the deadline: what was asked for before, and in the days since.

    Given the level that all weeks of an outcome share, the days since ask for a gamma's quantile;
    mean and variance over the outcomes are those of the demand distribution.
    """
    mean, noise = demand.moments(row, deadline)
    since, wobble = mean - queue.mean[row], noise - queue.noise[row]
    spread = demand.spread(row)
    common = demand.common * spread
    one = np.ones((row.size, OUTCOMES))
    level = _gamma(one, common[:, None] * one, LEVELS[0])
    own = (1.0 - demand.common) * spread * wobble / (1.0 + common)
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
