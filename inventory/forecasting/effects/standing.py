"""Which festivals move demand, by how much, and whether the past says that reckoning with them helps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from inventory.contracts.arrays import Codes, Flags, Floats, Ints
from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.forecasting.effects.festivals import list_festivals, touched
from inventory.forecasting.effects.fit import HIGHEST, LOWEST, SEEN_ONCE, USUAL, Fitted, fit, sure
from inventory.forecasting.weeks import Weeks

#: Weeks between origins of the examination, weeks it looks ahead, and the weeks it looks back over.
STEP, AHEAD, OVER = 4, 4, 52
#: Weeks of history before which nothing is learnt; weeks that the examination's level is a mean of.
LEAST, LEVEL = 26, 8
#: How far a group may stray from all goods, as a logarithm, before it is seen to.
GROUP_PRIOR = 0.15
#: A festival counts as seen when this share of a week of its trade lies in the history.
_SEEN = 0.5


@dataclass(frozen=True, slots=True)
class FestivalEffect:
    """What was found of one festival.

    `factors`: by number of group, demand of a week wholly in its trade over that of the weeks around,
    0.5 to 3; `seen`: how often it lay in the history; `stands`: whether forecasts reckon with it, and
    `reason` why or why not; `gain`: error of the sums of its weeks that it saved in the examination, as
    a share of the error without it.
    """

    festival: str
    factors: tuple[float, ...]
    seen: int
    stands: bool
    reason: str
    gain: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Factors on demand: `past` (series, weeks of history), `ahead` (series, horizon), all positive;
    `festivals`: those that were found, standing or not.
    """

    past: Floats
    ahead: Floats
    festivals: tuple[FestivalEffect, ...] = ()

    def without(self, weeks: Weeks) -> Weeks:
        """History as it would have been without them: what levels and seasons are read from."""
        if not any(one.stands for one in self.festivals):
            return weeks
        return Weeks(weeks.sales / self.past, weeks.seen, weeks.start, weeks.group)


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Sums of series by State and group. `sold`: (cells, weeks), pieces had all been seen;
    `state`, `group`: (cells,), places in the States and numbers of groups; `shares`: (festivals,
    states, weeks of history and beyond); `of`: (series,), each series' cell.
    """

    sold: Floats
    state: Ints
    group: Ints
    shares: Floats
    of: Ints


def effects_of(weeks: Weeks, as_of: date, states: Codes, horizon: int) -> Effects:
    """What stands of the festivals, for series whose `states` (series,) are GST State codes (0: unknown).

    The same whatever the order of the series. Nothing before half a year of history.
    """
    none = Effects(np.ones((weeks.series, weeks.count)), np.ones((weeks.series, horizon)))
    if weeks.count < LEAST or not weeks.series or not (states > 0).any():
        return none
    cells = _cells_of(weeks, as_of, states, horizon)
    logs = _learn(cells, weeks.count)
    found = np.flatnonzero(logs.any(axis=1))
    if not found.size:
        return none
    gains, tested = _examined(cells, weeks.count, found)
    lost = gains < 0
    told = tuple(
        _told(cells, int(number), logs[number], float(gain), bool(was), weeks.count)
        for number, gain, was in zip(found, gains, tested, strict=True)
    )
    logs[found[lost]] = 0.0
    factors = _factors(cells, logs)[cells.of]
    return Effects(factors[:, : weeks.count], factors[:, weeks.count :], told)


def _cells_of(weeks: Weeks, as_of: date, states: Codes, horizon: int) -> _Cells:
    places, state = np.unique(states, return_inverse=True)
    groups = int(weeks.group.max(initial=0)) + 1
    pairs, of = np.unique(state * groups + weeks.group, return_inverse=True)
    sold = np.zeros((pairs.size, weeks.count))
    np.add.at(sold, of, weeks.rate())
    first = as_of - timedelta(days=DAYS_PER_WEEK * weeks.count)
    shares = touched(first, weeks.count + horizon, places.tolist())
    return _Cells(sold, pairs // groups, pairs % groups, shares, of)


def _learn(cells: _Cells, until: int) -> Floats:
    """(festivals, groups), logarithms of factors as known before week `until`; 0 where none is sure.

    First from the sums of whole States, then how groups stray from that.
    """
    shares = cells.shares[:, :, :until]
    states = np.zeros((cells.shares.shape[1], until))
    np.add.at(states, cells.state, cells.sold[:, :until])
    seen = _seen(cells, until)
    prior = np.where(seen >= 2, USUAL, SEEN_ONCE)
    whole = np.where(seen > 0, sure(fit(states, shares, prior)), 0.0)
    groups = int(cells.group.max()) + 1
    logs = np.repeat(whole[:, None], groups, axis=1)
    standing = np.flatnonzero(whole)
    if standing.size and groups > 1:
        moved = np.exp(np.einsum("f,fcw->cw", whole, shares[:, cells.state]))
        left = cells.sold[:, :until] / moved
        for group in range(groups):
            mine = cells.group == group
            own: Fitted = fit(
                left[mine], shares[standing][:, cells.state[mine]], np.full(standing.size, GROUP_PRIOR)
            )
            logs[standing, group] += own.log
    return np.asarray(np.clip(logs, np.log(LOWEST), np.log(HIGHEST)))


def _seen(cells: _Cells, until: int) -> Ints:
    """(festivals,), how often each lay in the history of the States that sell."""
    sells = np.zeros(cells.shares.shape[1], dtype=np.bool_)
    sells[cells.state[cells.sold[:, :until].sum(axis=1) > 0]] = True
    share = cells.shares[:, sells, :until].max(axis=1, initial=0.0)
    inside = np.hstack([np.zeros((share.shape[0], 1), np.bool_), share > 0])
    began = inside[:, 1:] & ~inside[:, :-1]
    # a run of weeks is one time; one cut off at either end counts when half a week of it is there
    count = np.zeros(share.shape[0], dtype=np.int64)
    for number in range(share.shape[0]):
        starts = np.flatnonzero(began[number])
        runs = np.split(share[number], starts)[1:] if starts.size else []
        count[number] = sum(float(run.sum()) >= _SEEN for run in runs)
    return count


def _factors(cells: _Cells, logs: Floats) -> Floats:
    """(cells, weeks of history and beyond), what the festivals that touch each week make of it."""
    moved = np.einsum("fc,fcw->cw", logs[:, cells.group], cells.shares[:, cells.state])
    return np.asarray(np.clip(np.exp(moved), LOWEST, HIGHEST))


def _examined(cells: _Cells, count: int, found: Ints) -> tuple[Floats, Flags]:
    """(found,), share of the error of sums that each festival saved, and whether it was tested at all.

    From origins of the last year, each with what was known before it: the mean of the last eight weeks,
    cleaned of festivals and bent by those to come, with all that were found and with all but one.
    """
    saved, without_it = np.zeros(found.size), np.zeros(found.size)
    for origin in range(max(LEAST, count - OVER), count - AHEAD + 1, STEP):
        logs = _learn(cells, origin)
        everything = _error(cells, logs, origin)
        for place, number in enumerate(found):
            if not logs[number].any():
                continue
            fewer = logs.copy()
            fewer[number] = 0.0
            error = _error(cells, fewer, origin)
            saved[place] += error - everything
            without_it[place] += error
    return saved / np.maximum(without_it, 1e-12), without_it > 0


def _error(cells: _Cells, logs: Floats, origin: int) -> float:
    factors = _factors(cells, logs)
    recent, ahead = slice(origin - LEVEL, origin), slice(origin, origin + AHEAD)
    base = (cells.sold[:, recent] / factors[:, recent]).mean(axis=1)
    return float(np.abs(base[:, None] * factors[:, ahead] - cells.sold[:, ahead]).sum())


def _told(cells: _Cells, number: int, logs: Floats, gain: float, tested: bool, count: int) -> FestivalEffect:
    seen = int(_seen(cells, count)[number])
    reason = "tested" if tested else "untested"
    if gain < 0:
        reason = "lost"
    elif seen < 2:
        reason = "seen_once"
    return FestivalEffect(
        list_festivals()[number].code, tuple(np.exp(logs).tolist()), seen, gain >= 0, reason, gain
    )
