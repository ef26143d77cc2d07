"""The transfer program at 200 SKUs x 30 territories: its optimum, its time, and a greedy beside it."""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import highspy
import numpy as np
import pulp

from reallocation.engine.board import lay_out
from reallocation.engine.candidates import Pairs, pair_up
from reallocation.engine.plan import plan
from reallocation.engine.program import Program, state
from reallocation.engine.solver import Solver, state_in_pulp
from reallocation.engine.terms import (
    LaneRow,
    NeedRow,
    ReallocationPolicy,
    ReallocationSnapshot,
    SurplusRow,
)
from reallocation.engine.trips import Fleet, muster

RUNS = 3
POLICY = ReallocationPolicy(
    reallocation_radius_km=5_000, safety_stock_days=0, max_transfers_per_cycle=1_000, why_not_limit=0
)


def instance(skus: int = 200, places: int = 30, seed: int = 20260401) -> ReallocationSnapshot:
    """A seeded distributor: places in a square of 600 km, a van of 2.5 t and 9 cubic metres per trip.

    In each territory a SKU is over-stocked (35 %), lacking (40 %) or neither; all lanes are open.
    """
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 600, (places, 2))
    km = np.rint(1.25 * np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))).astype(int)
    names = [f"L{n:02d}" for n in range(places)]
    surplus: list[SurplusRow] = []
    needs: list[NeedRow] = []
    for n in range(skus):
        price, pack = int(rng.integers(1_000, 30_000)), int(rng.choice([6, 12, 24, 48]))
        grams, means = int(rng.integers(50, 1_200)), rng.gamma(1.2, 4, places)
        for place, mean, role in zip(names, means.tolist(), rng.random(places).tolist(), strict=True):
            if role < 0.35:
                row = SurplusRow(
                    f"S{n:04d}", f"T-{place}", place, "B1",
                    surplus_pieces=int(rng.integers(1, 20)) * pack // 2, location_pieces=10_000,
                    daily_mean=mean, days_to_expiry=int(rng.integers(20, 150)),
                    unit_cost_paise=price * 4 // 5, hold_price_paise=int(price * rng.uniform(-0.1, 0.5)),
                    case_pack=pack, weight_grams=grams, volume_cc=int(grams * rng.uniform(1, 3)),
                )  # fmt: skip
                surplus.append(row)
            elif role < 0.75:
                wanted = int(mean * rng.uniform(5, 60)) + 1
                needs.append(NeedRow(f"S{n:04d}", f"T-{place}", place, wanted, price, mean))
    lanes = [
        LaneRow(
            a, b, int(km[i, j]), 1 + int(km[i, j]) // 350,
            trip_cost_paise=40_000 + 1_600 * int(km[i, j]), document_cost_paise=5_000,
            freight_paise_per_kg=int(km[i, j]) // 4, vehicle_weight_grams=2_500_000,
            vehicle_volume_cc=9_000_000, same_gstin=i % 3 == j % 3, tax_cash_bp=30,
        )
        for i, a in enumerate(names) for j, b in enumerate(names) if i != j
    ]  # fmt: skip
    as_of = datetime(2026, 4, 1, tzinfo=UTC)
    return ReallocationSnapshot(as_of, tuple(surplus), tuple(needs), tuple(lanes))


def through_pulp(program: Program) -> float:
    """Our default way: PuLP states, HiGHS solves."""
    return Solver(program, through_pulp=True).optimum().value


def through_arrays(program: Program) -> float:
    """Our way for large programs: arrays straight into HiGHS."""
    return Solver(program, through_pulp=False).optimum().value


def highs_alone(program: Program) -> float:
    """HiGHS without any of our code between: its own interior-point method, rows added as given."""
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # its stubs leave the constructor bare
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("solver", "ipm")
    matrix, none, nothing = program.matrix(), np.zeros(0, np.int32), np.zeros(0)
    highs.addCols(
        program.columns, -program.value, np.zeros(program.columns), program.upper, 0, none, none, nothing
    )
    below = np.full(len(program.limit), -highspy.kHighsInf)
    highs.addRows(
        len(program.limit), below, program.limit, matrix.nnz,
        matrix.indptr[:-1], matrix.indices, matrix.data,
    )  # fmt: skip
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        raise RuntimeError("HiGHS found no optimum")
    return -float(highs.getInfo().objective_function_value)


def through_cbc(program: Program) -> float:
    """PuLP's default solver on the same statement."""
    problem = state_in_pulp(program)
    problem.solve(pulp.PULP_CBC_CMD(msg=False))
    if pulp.LpStatus[problem.status] != "Optimal":
        raise RuntimeError("CBC found no optimum")
    return float(pulp.value(problem.objective))


def greedy(stock: np.ndarray, wanted: np.ndarray, pairs: Pairs, fleet: Fleet) -> float:
    """Net paise of the plan a person with a sorted list makes: dearest move first, trips paid after.

    Lanes that lose are dropped. It is let off the rule that batches share a selling window.
    """
    stock, wanted = stock.copy(), wanted.copy()
    units = np.zeros(len(pairs))
    for pair in np.argsort(-pairs.gain / pairs.unit, kind="stable").tolist():
        s, n, unit = pairs.surplus[pair], pairs.need[pair], pairs.unit[pair]
        units[pair] = min(stock[s] // unit, wanted[n] // unit, pairs.upper[pair])
        stock[s] -= units[pair] * unit
        wanted[n] -= units[pair] * unit
    net = fleet.net(units, fleet.trips(units))
    return float(net[net > 0].sum())


def timed(work: Callable[[], float]) -> tuple[float, float]:
    """What the work returns, and the median seconds of a few runs."""
    seconds, value = [], 0.0
    for _ in range(RUNS):
        start = time.perf_counter()
        value = work()
        seconds.append(time.perf_counter() - start)
    return value, statistics.median(seconds)


def run() -> dict[str, Any]:
    """Our optimum over HiGHS's own; times against CBC and the whole plan against a greedy beside it."""
    shot = instance()
    board = lay_out(shot, POLICY)
    pairs, _ = pair_up(board, POLICY)
    program = state(board, pairs, POLICY.max_pieces_per_receiver, strong=False)
    ours, pulp_seconds = timed(lambda: through_pulp(program))
    arrays, array_seconds = timed(lambda: through_arrays(program))
    alone, alone_seconds = timed(lambda: highs_alone(program))
    cbc, cbc_seconds = timed(lambda: through_cbc(program))
    whole, plan_seconds = timed(lambda: float(plan(shot, POLICY).net_paise))
    by_greed = greedy(board.stock, board.need, pairs, muster(board, pairs, program))
    return {
        "name": "transfer_program",
        "value": round(ours / 100, 2),
        "unit": "rupees, optimum of the linear program",
        "ratio": round(ours / alone, 9),
        "against": "HiGHS alone, interior point",
        "goal": 1.0,
        "met": abs(ours / alone - 1) <= 1e-6,
        "columns": program.columns,
        "rows": len(program.limit),
        "arrays_over_highs": round(arrays / alone, 9),
        "cbc_over_highs": round(cbc / alone, 9),
        "seconds": {
            "pulp_highs": round(pulp_seconds, 3),
            "arrays_highs": round(array_seconds, 3),
            "highs_alone": round(alone_seconds, 3),
            "pulp_cbc": round(cbc_seconds, 3),
            "whole_plan": round(plan_seconds, 3),
        },
        "time_over_cbc": round(pulp_seconds / cbc_seconds, 3),
        "plan_over_greedy": round(whole / by_greed, 4),
        "plan_over_bound": round(whole / ours, 4),
    }


if __name__ == "__main__":
    figure = run()
    sys.stdout.write(json.dumps(figure) + "\n")
    sys.exit(0 if figure["met"] else 1)
