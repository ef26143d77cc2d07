"""The FEFO walk against the same walk done piece of demand by piece of demand, in exact decimals."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inventory.contracts import NO_DAY, DemandDistribution
from inventory.contracts.forecasts import COMMON_SHARE
from inventory.risk import Walk, walk
from inventory.risk.fefo import CAUTIOUS, UNLIKELY, in_turn

#: What a chance or a piece may differ by: floats against fifty digits.
NEAR = 1e-6
HUNDRED = settings(max_examples=120, deadline=None)


@dataclass(frozen=True)
class Lot:
    series: int
    deadline: int
    quantity: int
    batch: int
    cost_paise: int


@dataclass(frozen=True)
class Left:
    """Of one lot: pieces expected to be left, the chance of any, pieces left in nine cases of ten."""

    unsold: Decimal
    chance: Decimal
    cautious: int


def chances_of(
    weekly: list[float], dispersion: float, days: int, most: int, share: float = COMMON_SHARE
) -> list[Decimal]:
    """P(N = 0), P(N = 1) … P(N = most) of the demand over some days, one after the other.

    A week asks for its mean, a part of a week for that part; of the variance beyond chance a share is
    common to all weeks, so it grows with the square of the sum, and the rest with the sum of squares.
    """
    means = [Decimal(one) for one in weekly]
    usual = sum(means) / len(means)
    mean = squares = Decimal(0)
    for week in range(-(-days // 7)):
        part = Decimal(min(7, days - 7 * week)) / 7
        this = means[week] if week < len(means) else usual
        mean += part * this
        squares += part * this**2
    common = Decimal(share)
    beyond = ((1 - common) * squares + common * mean**2) / Decimal(dispersion)
    if mean == 0:
        return [Decimal(1)] + [Decimal(0)] * most
    size = mean**2 / beyond
    found = [(size / (size + mean)) ** size]
    for n in range(most):
        found.append(found[n] * (n + size) / (n + 1) * mean / (size + mean))
    return found


def walked_slowly(
    weekly: list[list[float]], dispersion: list[float], lots: list[Lot], share: float = COMMON_SHARE
) -> list[Left]:
    """What is left of each lot: every number of pieces asked for is served, lot after lot."""
    found = []
    for lot in lots:
        ahead = sum(other.quantity for other in lots if other is not lot and goes_first(other, lot))
        if lot.deadline >= NO_DAY:
            found.append(Left(Decimal(0), Decimal(0), 0))
            continue
        end = ahead + lot.quantity
        chances = chances_of(weekly[lot.series], dispersion[lot.series], lot.deadline, end, share)
        left = [min(lot.quantity, max(0, end - asked)) for asked in range(end + 1)]
        unsold = sum((p * pieces for p, pieces in zip(chances, left, strict=True)), Decimal(0))
        chance = sum((p for p, pieces in zip(chances, left, strict=True) if pieces), Decimal(0))
        found.append(Left(unsold, chance, cautious(chances, left)))
    return found


def goes_first(other: Lot, lot: Lot) -> bool:
    """First expiry first; of equals the smaller, then the earlier batch."""
    mine = (lot.deadline, lot.quantity, lot.batch)
    return other.series == lot.series and (other.deadline, other.quantity, other.batch) < mine


def cautious(chances: list[Decimal], left: list[int]) -> int:
    """Pieces left when so little is asked for as happens in one case of ten."""
    so_far = Decimal(0)
    for chance, pieces in zip(chances, left, strict=True):
        so_far += chance
        if so_far >= 1 - Decimal(str(CAUTIOUS)):
            return pieces
    return 0


def walked(
    weekly: list[list[float]], dispersion: list[float], lots: list[Lot], share: float = COMMON_SHARE
) -> Walk:
    columns = [np.array([getattr(lot, name) for lot in lots], np.int64) for name in Lot.__annotations__]
    series, deadline, quantity, batch, _cost = columns
    demand = DemandDistribution(np.array(weekly), np.array(dispersion), share)
    return walk(
        demand, series, deadline, quantity, turn=deadline, batch_id=batch, place=np.zeros(len(lots), np.int64)
    )


def assert_same(found: Walk, slow: list[Left], lots: list[Lot]) -> None:
    for n, (left, lot) in enumerate(zip(slow, lots, strict=True)):
        unsold = float(left.unsold)
        assert abs(found.expected_unsold[n] - unsold) < NEAR * max(lot.quantity, 1)
        sold = lot.quantity - found.expected_unsold[n]
        assert abs(sold - (lot.quantity - unsold)) < NEAR * max(lot.quantity, 1)
        assert abs(found.probability_unsold[n] - float(left.chance)) < NEAR
        if abs(unsold % 1 - 0.5) > NEAR:  # a float may fall on the other side of the half
            assert found.rounded[n] == int(left.unsold + Decimal("0.5"))
        paise = int(left.unsold * lot.cost_paise + Decimal("0.5"))
        assert abs(int(found.expected_unsold[n] * lot.cost_paise + 0.5) - paise) <= 1
        assert found.p90_unsold[n] == left.cautious


WEEKS = st.lists(st.sampled_from([0.0, 0.3, 2.0, 7.5, 21.0, 60.0]), min_size=3, max_size=3)
DEADLINES = st.sampled_from([0, 1, 6, 7, 20, 30, NO_DAY])


@st.composite
def one_deadline_each(draw):
    """Up to three series, each with lots of one deadline and with some that never expire."""
    count = draw(st.integers(1, 3))
    lots: list[Lot] = []
    for series in range(count):
        deadline = draw(DEADLINES)
        for quantity in draw(st.lists(st.integers(0, 40), min_size=1, max_size=5)):
            days = NO_DAY if draw(st.integers(0, 9)) == 0 else deadline
            lots.append(Lot(series, days, quantity, len(lots), draw(st.integers(1, 90_000))))
    weekly = [draw(WEEKS) for _ in range(count)]
    dispersion = [draw(st.sampled_from([0.05, 0.4, 1.0, 6.0, 300.0])) for _ in range(count)]
    return weekly, dispersion, draw(st.permutations(lots))


@HUNDRED
@given(one_deadline_each(), st.sampled_from([0.0, COMMON_SHARE, 0.5, 1.0]))
def test_lots_of_one_deadline_are_left_as_serving_every_possible_demand_leaves_them(case, share):
    weekly, dispersion, lots = case
    with localcontext() as context:
        context.prec = 50
        slow = walked_slowly(weekly, dispersion, lots, share)
    assert_same(walked(weekly, dispersion, lots, share), slow, lots)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.lists(st.integers(1, 60), min_size=1, max_size=3),
    st.sampled_from([21.0, 60.0, 90.0]),
    st.sampled_from([2.0, 6.0, 300.0]),
    st.sampled_from([(14, 15), (14, 30), (20, 21)]),
)
def test_a_later_deadline_is_served_after_an_earlier_one_that_surely_sells(first, then, mean, spread, days):
    lots = [Lot(0, days[0], pieces, n, 700) for n, pieces in enumerate(first)]
    lots += [Lot(0, days[1], pieces, 10 + n, 700) for n, pieces in enumerate(then)]
    weekly, dispersion = [[mean] * 3], [spread]
    with localcontext() as context:
        context.prec = 50
        waste = sum(chances_of(weekly[0], spread, days[0], sum(first) - 1))
        assume(waste < Decimal(UNLIKELY) / 2)
        slow = walked_slowly(weekly, dispersion, lots)
    assert_same(walked(weekly, dispersion, lots), slow, lots)


_KEY = st.one_of(st.integers(0, 3), st.sampled_from([NO_DAY, 2**40, 2**61, 2**62 + 1]))


@HUNDRED
@given(st.lists(st.tuples(_KEY, _KEY, _KEY, _KEY, _KEY), max_size=12))
def test_lots_stand_in_the_order_of_all_their_keys_however_large(rows):
    series, turn, quantity, batch_id, place = np.array(rows, np.int64).reshape(-1, 5).T
    order = in_turn(series, quantity, turn=turn, batch_id=batch_id, place=place)
    assert order.tolist() == sorted(range(len(rows)), key=lambda row: rows[row])
