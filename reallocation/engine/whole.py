"""From fractional units to whole ones, with every limit kept and no paying room left unused."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reallocation.engine.board import Floats, Ints
from reallocation.engine.program import Program, RowKind
from reallocation.engine.trips import Fleet

_NEARLY = 1e-6


class Slack:
    """Whole units and trips so far, and what each limit still leaves.

    `units`: (pairs,). `trips`: (lanes,), at first as many as the units need. `lines`: (lanes,)
    pairs in use, at most `most_lines`. `left`: (rows,) of the program. All are changed only through
    `add`, `set_trips` and `clear`, which keep them true to each other.
    """

    def __init__(self, program: Program, fleet: Fleet, units: Ints, most_lines: int) -> None:
        self.program, self.fleet, self.most_lines = program, fleet, most_lines
        self.units = units
        self.trips = fleet.trips(units.astype(np.float64))
        self.lines = np.bincount(fleet.lane[units > 0], minlength=len(self.trips))
        matrix = program.matrix()
        self.left = program.limit - matrix @ np.concatenate([units, self.trips]).astype(np.float64)
        self._by_column = matrix.tocsc()
        self._trip_rows = matrix[:, program.pairs :]
        entries = matrix[:, : program.pairs].tocoo()
        taking = entries.data > 0
        self._row, self._pair = entries.coords[0][taking], entries.coords[1][taking]
        self._taken = entries.data[taking]

    def add(self, pair: int, units: int) -> None:
        """Move `units` more (fewer when negative) on a pair."""
        rows, taken = self._column(pair)
        self.left[rows] -= taken * units
        was_used = self.units[pair] > 0
        self.units[pair] += units
        self.lines[self.fleet.lane[pair]] += int(self.units[pair] > 0) - int(was_used)

    def set_trips(self, lane: int, trips: int) -> None:
        """Make so many trips on a lane."""
        rows, taken = self._column(self.program.pairs + lane)
        self.left[rows] -= taken * (trips - self.trips[lane])
        self.trips[lane] = trips

    def clear(self, lane: int) -> None:
        """Take everything off a lane."""
        for pair in np.flatnonzero((self.fleet.lane == lane) & (self.units > 0)).tolist():
            self.add(pair, -int(self.units[pair]))
        self.set_trips(lane, 0)

    def room_on(self, pair: int) -> int:
        """Units that one pair could still add."""
        if not self.units[pair] and self.lines[self.fleet.lane[pair]] >= self.most_lines:
            return 0
        rows, taken = self._column(pair)
        steps = (self.left[rows][taken > 0] + _NEARLY) / taken[taken > 0]
        most = int(self.fleet.pairs.upper[pair] - self.units[pair])
        return max(min(most, int(np.floor(steps.min(initial=most)))), 0)

    def room(self, more_trips: int = 0) -> Ints:
        """(pairs,): units that each pair alone could still add, were there more trips on its lane."""
        left = self.left - self._trip_rows @ np.full(len(self.trips), float(more_trips))
        step = np.full(self.program.pairs, np.inf)
        np.minimum.at(step, self._pair, (left[self._row] + _NEARLY) / self._taken)
        room = np.minimum(np.floor(np.maximum(step, 0)), self.fleet.pairs.upper - self.units)
        return np.where(self.out_of_lines(), 0, np.maximum(room, 0)).astype(np.int64)

    def out_of_lines(self) -> NDArray[np.bool_]:
        """(pairs,): true where the lane's paper set has no line left for a new pair."""
        full: NDArray[np.bool_] = (self.lines >= self.most_lines)[self.fleet.lane]
        shut: NDArray[np.bool_] = (self.units == 0) & full
        return shut

    def blocked(self, kind: RowKind) -> NDArray[np.bool_]:
        """(pairs,): true where a limit of this kind leaves no room for one more unit."""
        full = (self.program.kinds == kind)[self._row] & (self.left[self._row] + _NEARLY < self._taken)
        found = np.zeros(self.program.pairs, dtype=np.bool_)
        found[self._pair[full]] = True
        return found

    def net(self) -> Floats:
        """(lanes,): paise that each lane's load brings, trips paid."""
        return self.fleet.net(self.units.astype(np.float64), self.trips)

    def _column(self, column: int) -> tuple[NDArray[np.int32], Floats]:
        start, end = self._by_column.indptr[column : column + 2]
        return self._by_column.indices[start:end], self._by_column.data[start:end]


def whole_units(program: Program, fleet: Fleet, units: Floats, most_lines: int) -> Slack:
    """`units` rounded down to whole ones, the worthiest lines kept, and what is left topped up.

    A transport program in cases has whole optima, so there is little to round: only receiver caps,
    vehicles and mixed case packs leave fractions.
    """
    whole = np.floor(units + _NEARLY).astype(np.int64)
    worth = fleet.pairs.gain * whole
    order = np.lexsort((-worth, fleet.lane))
    place_on_lane = np.arange(len(order)) - np.searchsorted(fleet.lane[order], fleet.lane[order])
    whole[order[place_on_lane >= most_lines]] = 0
    slack = Slack(program, fleet, whole, most_lines)
    top_up(slack, np.flatnonzero(slack.room() > 0))
    return slack


def top_up(slack: Slack, candidates: Ints) -> None:
    """Use what room is left on some pairs, the greatest gain per piece first."""
    pairs = slack.fleet.pairs
    per_piece = pairs.gain[candidates] / pairs.unit[candidates]
    for pair in candidates[np.argsort(-per_piece, kind="stable")].tolist():
        if units := slack.room_on(pair):
            slack.add(pair, units)


def drop_poor(slack: Slack, least_paise: int) -> None:
    """Close lanes that bring less than `least_paise`, the worst first; others take what they can."""
    while True:
        net = slack.net()
        poor = np.flatnonzero((slack.trips > 0) & (net < max(least_paise, 1)))
        if not len(poor):
            return
        slack.clear(int(poor[np.argmin(net[poor])]))
        top_up(slack, np.flatnonzero(slack.room() > 0))


def add_trips(slack: Slack, least_paise: int, most_lanes: int) -> Floats:
    """Make one more trip wherever what is left would pay for it, until none does.

    No lane beyond `most_lanes` is opened. Returns (lanes,): paise that a lane's next trip would bring
    over its cost with what is now left.
    """
    moved = True
    while moved:
        moved = False
        next_net = next_trips(slack)
        for lane in np.argsort(-next_net, kind="stable").tolist():
            opens = not slack.trips[lane]
            needed = max(least_paise, 1) if opens else 1
            full = opens and np.count_nonzero(slack.trips) >= most_lanes
            if next_net[lane] >= needed and not full:
                next_net[lane] = _one_more(slack, lane, needed)
                moved |= bool(next_net[lane] >= needed)
    return next_net


def next_trips(slack: Slack) -> Floats:
    """(lanes,): the most one more trip could bring over its cost, other lanes as they are.

    Never too low; too high where several lines of a lane want the same stock or need.
    """
    fleet = slack.fleet
    return fleet.total(fleet.pairs.gain, slack.room(1).astype(np.float64)) - fleet.fixed


def _one_more(slack: Slack, lane: int, needed: int) -> float:
    """Add a trip and load it with what is left; undone when it brings less than `needed`."""
    before, net = slack.units.copy(), float(slack.net()[lane])
    slack.set_trips(lane, int(slack.trips[lane]) + 1)
    top_up(slack, np.flatnonzero(slack.fleet.lane == lane))
    brought = float(slack.net()[lane]) - net
    if brought < needed:
        for pair in np.flatnonzero(slack.units != before).tolist():
            slack.add(pair, int(before[pair] - slack.units[pair]))
        slack.set_trips(lane, int(slack.trips[lane]) - 1)
    return brought
