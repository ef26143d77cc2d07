"""Which lanes are worth opening and how many trips each: from fractional trips to whole ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reallocation.engine.board import Board, Floats, Ints
from reallocation.engine.candidates import Pairs
from reallocation.engine.program import Program, potential
from reallocation.engine.solver import Solver

#: Slope-scaling passes: past a dozen the plan gains less than a tenth of a percent.
_PASSES = 12
#: Lanes that are tried with one trip less, the least profitable per rupee of trip first.
_TRIALS = 60
#: Lanes that are closed in turn where one is opened.
_SWAPS = 3
_NEARLY = 1e-7


@dataclass(frozen=True, slots=True)
class Fleet:
    """The used lanes and the pairs on them.

    `lane`: (pairs,) number among the used lanes. `fixed`: (lanes,) paise a trip; `grams`, `cc`:
    (lanes,) a trip's capacity, infinite when unlimited. `share`: (pairs,) of a trip that one unit
    takes by the tightest of weight, volume and all that the lane could carry.
    """

    pairs: Pairs
    lane: Ints
    fixed: Floats
    grams: Floats
    cc: Floats
    share: Floats

    def total(self, each: Floats | Ints, units: Floats) -> Floats:
        """(lanes,): sum of `each` x units over the pairs of each lane."""
        totals = np.bincount(self.lane, each * units, len(self.fixed))
        return totals.astype(np.float64)

    def trips(self, units: Floats) -> Ints:
        """(lanes,): whole trips that a load needs; none for no load."""
        fill = np.maximum(
            self.total(self.pairs.grams, units) / self.grams, self.total(self.pairs.cc, units) / self.cc
        )
        loaded = self.total(self.pairs.unit, units) > _NEARLY
        return np.where(loaded, np.maximum(np.ceil(fill - _NEARLY), 1), 0).astype(np.int64)

    def net(self, units: Floats, trips: Ints) -> Floats:
        """(lanes,): paise that each lane's load brings over leaving it, trips paid."""
        return self.total(self.pairs.gain, units) - self.fixed * trips


def muster(board: Board, pairs: Pairs, program: Program) -> Fleet:
    """The fleet of a program's lanes."""
    lanes = program.lanes
    lane = np.searchsorted(lanes, pairs.lane)
    grams, cc = _capacity(board.capacity_grams[lanes]), _capacity(board.capacity_cc[lanes])
    most = np.maximum(potential(board, pairs, lanes), 1)
    share = np.maximum(pairs.grams / grams[lane], pairs.cc / cc[lane])
    share = np.maximum(share, pairs.unit / most[lane])
    return Fleet(pairs, lane, board.fixed[lanes].astype(np.float64), grams, cc, share)


def _capacity(limit: Ints) -> Floats:
    return np.where(limit > 0, limit, np.inf)


@dataclass(frozen=True, slots=True)
class Loading:
    """Units per pair (fractional) and whole trips per lane, with the net paise of each lane."""

    units: Floats
    trips: Ints
    net: Floats

    @property
    def value(self) -> float:
        return float(self.net.sum())


def fill(solver: Solver, fleet: Fleet, trips: Ints) -> Loading:
    """The best load that given trips can carry, charged for the trips it turns out to need."""
    value = np.concatenate([fleet.pairs.gain, np.zeros(len(trips))])
    units = solver.solve(value, trips).units
    needed = fleet.trips(units)
    return Loading(units, needed, fleet.net(units, needed))


def slope_scaling(solver: Solver, fleet: Fleet, units: Floats) -> Ints:
    """(lanes,): whole trips of the best load found by pricing trips into the units they carry.

    Each pass spreads a lane's trips over its last load, solves a program without trips, and keeps
    the lanes that pay (Kim and Pardalos 1999, dynamic slope scaling for fixed-charge networks).
    """
    free = np.zeros(len(fleet.fixed))
    price = fleet.fixed.copy()
    best, best_value = np.zeros(len(fleet.fixed), np.int64), 0.0
    for _ in range(_PASSES):
        trips = fleet.trips(units)
        net = fleet.net(units, trips)
        if net[net > 0].sum() > best_value:
            best, best_value = np.where(net > 0, trips, 0), float(net[net > 0].sum())
        load = fleet.total(fleet.share, units)
        loaded = load > _NEARLY
        price[loaded] = (fleet.fixed * np.maximum(trips, 1))[loaded] / load[loaded]
        scaled = fleet.pairs.gain - price[fleet.lane] * fleet.share
        scaled_units = solver.solve(np.concatenate([scaled, free]), None).units
        if np.array_equal(scaled_units, units):
            break
        units = scaled_units
    return best


def trim(solver: Solver, fleet: Fleet, trips: Ints, least_paise: int) -> Loading:
    """Close lanes until each brings `least_paise` and more than its trips cost.

    The worst half of those that do not is closed at a time, because what they carried may make the
    others pay.
    """
    loading = fill(solver, fleet, trips)
    while True:
        poor = np.flatnonzero((loading.trips > 0) & (loading.net < max(least_paise, 1)))
        if not len(poor):
            return loading
        worst = poor[np.argsort(loading.net[poor], kind="stable")][: (len(poor) + 1) // 2]
        loading = fill(solver, fleet, _without(loading.trips, worst))


def improve(solver: Solver, fleet: Fleet, loading: Loading, least_paise: int) -> Loading:
    """Try one trip less on the least profitable lanes; keep what brings more in all.

    Where all lanes can be tried, one trip more is tried on each of them as well.
    """
    return_on_trip = loading.net / np.maximum(fleet.fixed * loading.trips, 1)
    order = np.argsort(return_on_trip, kind="stable")
    for lane in order[(loading.trips * fleet.fixed)[order] > 0][:_TRIALS]:
        if not loading.trips[lane]:
            continue
        fewer = loading.trips.copy()
        fewer[lane] -= 1
        trial = fill(solver, fleet, fewer)
        if trial.value > loading.value + _NEARLY and _all_pay(trial, least_paise):
            loading = trial
    if len(fleet.fixed) <= _TRIALS:
        loading = _widen(solver, fleet, loading, least_paise)
    return loading


def _widen(solver: Solver, fleet: Fleet, loading: Loading, least_paise: int) -> Loading:
    """One trip more on each lane in turn, alone or in place of one on another; kept where all is worth more.

    What then does not pay is closed.
    """
    for lane in range(len(fleet.fixed)):
        more = loading.trips.copy()
        more[lane] += 1
        instead = [
            _without(more, np.array([other])) for other in np.flatnonzero(loading.trips) if other != lane
        ]
        trials = [trim(solver, fleet, trips, least_paise) for trips in [more, *instead[:_SWAPS]]]
        best = max(trials, key=lambda trial: trial.value)
        if best.value > loading.value + _NEARLY:
            loading = best
    return loading


def _all_pay(loading: Loading, least_paise: int) -> bool:
    return bool(((loading.trips == 0) | (loading.net >= max(least_paise, 1))).all())


def _without(trips: Ints, lanes: Ints) -> Ints:
    fewer = trips.copy()
    fewer[lanes] = 0
    return fewer
