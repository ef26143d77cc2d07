"""How far data can be relied on: marks lost by figure, a grade from A to E. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from inventory.contracts.policy import MonitoringPolicy
from inventory.contracts.quality import WEIGHTS, Figure, Grade, Graded, Lost

#: A mark, and all of them, in hundredths.
MARK, FULL = 100, 10_000
_BASIS_POINTS = 10_000


def grade(figures: Iterable[Figure], policy: MonitoringPolicy) -> Graded:
    """The grade that figures give under a policy; independent of their order.

    A figure that is worse costs as much or more: from nothing at zero to all of its weight at its
    limit. What there was nothing to look at for costs nothing. Of several figures of one code their
    sums count. Raises `KeyError` for a code that is not measured.
    """
    losses = sorted((_lose(one, policy) for one in add(figures)), key=_dearest)
    marks = max(FULL - sum(one.lost for one in losses), 0)
    return Graded(_grade_of(marks, policy.quality_marks), marks, tuple(losses))


def add(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Figures of one code added up, in the order in which they are measured."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in figures:
        sums[one.code][0] += one.value
        sums[one.code][1] += one.of
    order = list(WEIGHTS)
    return tuple(Figure(code, *sums[code]) for code in sorted(sums, key=order.index))


def _lose(figure: Figure, policy: MonitoringPolicy) -> Lost:
    weight, limit = policy.quality_weights[figure.code], policy.quality_limits[figure.code]
    if figure.of <= 0 or figure.value <= 0:
        return Lost(figure, weight, limit, 0)
    all_lost = limit * figure.of
    share = min(figure.value * _BASIS_POINTS, all_lost)
    lost = weight * MARK if not all_lost else -(-weight * MARK * share // all_lost)
    return Lost(figure, weight, limit, lost)


def _grade_of(marks: int, fewest: Mapping[str, int]) -> Grade:
    for one in (Grade.A, Grade.B, Grade.C, Grade.D):
        if marks >= fewest[one] * MARK:
            return one
    return Grade.E


def _dearest(one: Lost) -> tuple[int, int]:
    return -one.lost, list(WEIGHTS).index(one.figure.code)
