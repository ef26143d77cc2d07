"""The program stated in PuLP's algebra or handed over as arrays, and solved by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import highspy
import numpy as np
import pulp

from reallocation.engine.board import Floats, Ints
from reallocation.engine.program import Program
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _

#: Above this many columns PuLP's objects cost more than the solve; arrays say the same program.
PULP_COLUMNS = 30_000


def state_in_pulp(program: Program) -> pulp.LpProblem:
    """The program as a person would write it: a PuLP problem, columns named by their number."""
    problem, kinds = pulp.LpProblem("transfer", pulp.LpMaximize), program.kinds
    uppers = [None if np.isinf(upper) else float(upper) for upper in program.upper]
    columns = [problem.add_variable(f"c{n:09d}", 0, upper) for n, upper in enumerate(uppers)]
    problem += pulp.LpAffineExpression(zip(columns, program.value.tolist(), strict=True))
    matrix, limits = program.matrix(), program.limit.tolist()
    inside = [columns[n] for n in matrix.indices.tolist()]
    terms = list(zip(inside, matrix.data.tolist(), strict=True))
    for number, (start, end) in enumerate(pairwise(matrix.indptr.tolist())):
        left = pulp.LpAffineExpression(terms[start:end])
        problem += left <= limits[number], f"{kinds[number]}_{number}"
    return problem


@dataclass(frozen=True, slots=True)
class Solution:
    """An optimum: `units` (pairs,), `trips` (lanes,), both possibly fractional; `value` paise."""

    units: Floats
    trips: Floats
    value: float


class Solver:
    """HiGHS holding one program, solved again and again from where it last stood.

    The same calls in the same order give the same answers: one thread, fixed seed, no time limit.
    """

    def __init__(self, program: Program, *, through_pulp: bool | None = None) -> None:
        self.program = program
        if through_pulp is None:
            through_pulp = program.columns <= PULP_COLUMNS
        self._highs = _through_pulp(program) if through_pulp else _from_arrays(program)

    def optimum(self) -> Solution:
        """The program as stated."""
        return self.solve(self.program.value, None)

    def solve(self, value: Floats, trips: Ints | None) -> Solution:
        """The program with another `value` per column and, when given, `trips` fixed per lane."""
        program, highs = self.program, self._highs
        count = len(program.lanes)
        columns = np.arange(program.columns, dtype=np.int32)
        highs.changeColsCost(program.columns, columns, -value)
        lower = np.zeros(count) if trips is None else trips.astype(np.float64)
        upper = np.full(count, np.inf) if trips is None else lower
        highs.changeColsBounds(count, columns[program.pairs :], lower, upper)
        highs.run()
        _check(highs)
        found = np.asarray(highs.getSolution().col_value)
        return Solution(
            found[: program.pairs], found[program.pairs :], -highs.getInfo().objective_function_value
        )


def _through_pulp(program: Program) -> Any:
    """PuLP states and solves; HiGHS keeps the model and the basis for what follows."""
    problem = state_in_pulp(program)
    problem.solve(pulp.HiGHS(msg=False, **_OPTIONS))
    return problem.solverModel


def _from_arrays(program: Program) -> Any:
    highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    for name, setting in _OPTIONS.items():
        highs.setOptionValue(name, setting)
    matrix = program.matrix()
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_, lp.col_lower_ = -program.value, np.zeros(program.columns)
    lp.col_upper_ = program.upper
    lp.row_lower_ = np.full(len(program.limit), -highspy.kHighsInf)
    lp.row_upper_ = program.limit
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    if highs.passModel(lp) == highspy.HighsStatus.kError:
        raise Misconfigured(_("HiGHS did not accept the transfer program"), code="solver")
    return highs


_OPTIONS: dict[str, Any] = {"parallel": "off", "random_seed": 0}


def _check(highs: Any) -> None:
    """The program always has the empty plan and is bounded, so anything but an optimum is a fault."""
    status = highs.getModelStatus()
    if status not in (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty):
        name = highs.modelStatusToString(status)
        raise Misconfigured(_("HiGHS stopped without an optimum: %(name)s", name=name), code="solver")
