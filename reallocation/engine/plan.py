"""From snapshot to plan: which pieces go over which lane, what that brings, and how far from ideal."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from reallocation.contracts import LaneTerms, TransferLine, lane_subject
from reallocation.engine.account import Account, account
from reallocation.engine.board import Board, Floats, Ints, lay_out
from reallocation.engine.candidates import CAUSES, Pairs, pair_up
from reallocation.engine.program import Program, state
from reallocation.engine.solver import Solver
from reallocation.engine.terms import (
    LaneRow,
    NeedRow,
    ReallocationPolicy,
    ReallocationSnapshot,
    SurplusRow,
)
from reallocation.engine.trips import Fleet, Loading, improve, muster, slope_scaling, trim
from reallocation.engine.whole import Slack, add_trips, drop_poor, whole_units
from reallocation.engine.whynot import explain, lanes_left
from reallocation.rules import Cause, Opportunity, rank
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import PassedOver

#: Up to this many columns the strong bound takes seconds; above it, minutes.
_STRONG_COLUMNS = 3_000
_CODE = {cause: n for n, cause in enumerate(CAUSES)}


@dataclass(frozen=True, slots=True)
class Move:
    """Pieces of one batch that go to one need."""

    surplus: SurplusRow
    need: NeedRow
    quantity: int


@dataclass(frozen=True, slots=True)
class Load:
    """All that goes over one lane in one transfer: one paper set per vehicle."""

    lane: LaneRow
    terms: LaneTerms
    moves: tuple[Move, ...]
    lines: tuple[TransferLine, ...]
    account: Account
    opportunity: Opportunity


@dataclass(frozen=True, slots=True)
class TransferPlan:
    """Loads in canonical order of their lanes, with the proof of how good they are.

    `optimum_paise` is the linear program's own optimum, `bound_paise` the tightest upper bound on
    any whole plan that was computed; `bound_is_strong` tells whether the strong rows were in it.
    Bounds know nothing of the limits on transfers and lines: where those bind, the gap is theirs.
    """

    loads: tuple[Load, ...]
    passed_over: tuple[PassedOver, ...]
    net_paise: int
    optimum_paise: int
    bound_paise: int
    bound_is_strong: bool
    columns: int

    @property
    def gap_bp(self) -> int:
        """How far the plan may be below the best possible, in basis points of the bound."""
        if self.bound_paise <= 0:
            return 0
        return max(self.bound_paise - self.net_paise, 0) * 10_000 // self.bound_paise


def plan(
    snapshot: ReallocationSnapshot,
    policy: ReallocationPolicy,
    *,
    through_pulp: bool | None = None,
) -> TransferPlan:
    """The best transfers found under the policy, how good they are, and why nothing else moves.

    Solve the linear program; price trips into it until whole trips pay (`trips`); round to whole
    units and use what is left (`whole`); name what binds (`whynot`). Every load brings at least
    `minimum_net_paise` in whole paise. The same facts in any order give the same plan, by PuLP
    (`through_pulp`, the default up to `PULP_COLUMNS`) or by arrays.
    """
    board = lay_out(snapshot, policy)
    pairs, ruled = pair_up(board, policy)
    if not len(pairs):
        nothing = np.zeros(0, np.int64)
        return TransferPlan((), explain(board, pairs, ruled, None, nothing), 0, 0, 0, True, 0)
    program = state(board, pairs, policy.max_pieces_per_receiver, strong=False)
    solver = Solver(program, through_pulp=through_pulp)
    optimum = solver.optimum()
    fleet = muster(board, pairs, program)
    loading = _open_lanes(board, policy, solver, fleet, optimum.units)
    slack = whole_units(program, fleet, loading.units, policy.max_lines_per_transfer)
    drop_poor(slack, policy.minimum_net_paise)
    next_net = add_trips(slack, policy.minimum_net_paise, policy.max_transfers_per_cycle)
    loads = _loads(snapshot, policy, board, slack)
    closed = _closed(policy, slack, next_net)
    bound, is_strong = _bound(board, pairs, policy, optimum.value, program)
    return TransferPlan(
        loads=loads,
        passed_over=(
            *explain(board, pairs, ruled, slack, closed),
            *lanes_left(board, program.lanes, slack, closed, next_net),
        ),
        net_paise=sum(load.account.net_paise for load in loads),
        optimum_paise=_paise_up(optimum.value),
        bound_paise=_paise_up(bound),
        bound_is_strong=is_strong,
        columns=program.columns,
    )


def _open_lanes(
    board: Board, policy: ReallocationPolicy, solver: Solver, fleet: Fleet, units: Floats
) -> Loading:
    """A fractional load on lanes that pay, no more of them than a cycle may hold: when there are
    too many, those that rank highest stay."""
    least, most = policy.minimum_net_paise, policy.max_transfers_per_cycle
    trips = slope_scaling(solver, fleet, units)
    loading = improve(solver, fleet, trim(solver, fleet, trips, least), least)
    used = np.flatnonzero(loading.trips)
    if len(used) <= most:
        return loading
    lanes = solver.program.lanes
    offers = {
        k: _opportunity(board, policy, int(lanes[k]), fleet.pairs, on_lane, round(loading.net[k]))
        for k in used.tolist()
        for on_lane in [np.flatnonzero((fleet.lane == k) & (loading.units > 1e-6))]
    }
    first = {r.opportunity.subject for r in rank(offers.values(), policy.weights)[:most]}
    kept = np.zeros_like(loading.trips)
    for k, offer in offers.items():
        kept[k] = loading.trips[k] if offer.subject in first else 0
    return trim(solver, fleet, kept, least)


def _opportunity(
    board: Board, policy: ReallocationPolicy, lane: int, pairs: Pairs, chosen: Ints, net: int
) -> Opportunity:
    """What prioritisation sees of the `chosen` pairs of a lane."""
    row = board.lanes[lane]
    spare = [
        days - row.transit_days - policy.minimum_days_on_arrival
        for s in np.unique(pairs.surplus[chosen]).tolist()
        if (days := board.surplus[s].days_to_expiry) is not None
    ]
    return Opportunity(
        subject=lane_subject(row.source_location, row.destination_location),
        distance_km=row.distance_km,
        daily_demand=float(board.mean[np.unique(pairs.need[chosen])].sum()),
        spare_days=min(spare, default=None),
        net_paise=net,
    )


def _loads(
    snapshot: ReallocationSnapshot, policy: ReallocationPolicy, board: Board, slack: Slack
) -> tuple[Load, ...]:
    """Loads of the open lanes; one that exact paise put below the minimum is taken off `slack`."""
    loads = []
    for k in np.flatnonzero(slack.trips).tolist():
        load = _load(snapshot, policy, board, slack, k)
        if load.account.net_paise >= max(policy.minimum_net_paise, 1):
            loads.append(load)
        else:
            slack.clear(k)
    return tuple(loads)


def _load(
    snapshot: ReallocationSnapshot, policy: ReallocationPolicy, board: Board, slack: Slack, k: int
) -> Load:
    pairs, lane = slack.fleet.pairs, int(slack.program.lanes[k])
    pieces = slack.units * pairs.unit
    chosen = np.flatnonzero((slack.fleet.lane == k) & (pieces > 0))
    moves = tuple(
        Move(board.surplus[pairs.surplus[i]], board.needs[pairs.need[i]], int(pieces[i]))
        for i in chosen.tolist()
    )
    elsewhere = np.where(slack.fleet.lane == k, 0, pieces)
    met = np.bincount(pairs.need, elsewhere, len(board.needs)).astype(np.int64)
    left = board.need - met
    today = ist_day(snapshot.as_of)
    lines = tuple(
        _line(move, int(left[pairs.need[i]]), today) for move, i in zip(moves, chosen.tolist(), strict=True)
    )
    terms = _terms(board.lanes[lane], policy)
    result = account(lines, terms)
    offer = _opportunity(board, policy, lane, pairs, chosen, result.net_paise)
    return Load(board.lanes[lane], terms, moves, lines, result, offer)


def _line(move: Move, need_pieces: int, today: date) -> TransferLine:
    row = move.surplus
    days = row.days_to_expiry
    return TransferLine(
        sku=row.sku,
        batch=row.batch,
        quantity=move.quantity,
        unit_cost_paise=row.unit_cost_paise,
        expected_price_paise=move.need.net_price_paise,
        hold_price_paise=row.hold_price_paise,
        surplus_pieces=row.surplus_pieces,
        need_pieces=need_pieces,
        case_pack=row.case_pack,
        weight_grams=row.weight_grams,
        volume_cc=row.volume_cc,
        expiry_date=None if days is None else today + timedelta(days=days),
    )


def _terms(lane: LaneRow, policy: ReallocationPolicy) -> LaneTerms:
    return LaneTerms(
        trip_cost_paise=lane.trip_cost_paise,
        document_cost_paise=lane.document_cost_paise,
        freight_paise_per_kg=lane.freight_paise_per_kg,
        handling_paise_per_kg=policy.handling_paise_per_kg,
        tax_cash_bp=0 if lane.same_gstin else lane.tax_cash_bp,
        vehicle_weight_grams=lane.vehicle_weight_grams,
        vehicle_volume_cc=lane.vehicle_volume_cc,
    )


def _closed(policy: ReallocationPolicy, slack: Slack, next_net: Floats) -> Ints:
    """(lanes,): code of the cause that keeps a lane closed, or would keep it so."""
    full = np.count_nonzero(slack.trips) >= policy.max_transfers_per_cycle
    return np.select(
        [full & (next_net >= max(policy.minimum_net_paise, 1)), next_net > 0],
        [_CODE[Cause.TRANSFER_LIMIT], _CODE[Cause.BELOW_MINIMUM]],
        _CODE[Cause.TRIP_NOT_PAID],
    ).astype(np.int64)


def _bound(
    board: Board, pairs: Pairs, policy: ReallocationPolicy, optimum: float, program: Program
) -> tuple[float, bool]:
    """The tightest upper bound that is cheap enough to compute, and whether it is the strong one."""
    if program.columns > _STRONG_COLUMNS:
        return optimum, False
    strong = state(board, pairs, policy.max_pieces_per_receiver, strong=True)
    return min(Solver(strong, through_pulp=False).optimum().value, optimum), True


def _paise_up(value: float) -> int:
    """A bound stays a bound when it is rounded up to the paisa; the solver's dust is not a paisa."""
    return math.ceil(value - 1e-6)
