"""Classes of goods, and the last day of each way out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from inventory.contracts import NEVER, NO_DAY
from inventory.contracts.policy import MoneyRates
from inventory.contracts.prediction import PredictionPolicy
from inventory.risk.deadlines import last_days
from inventory.risk.matrix import matrix
from vyapar.kernel.errors import Invalid

POLICY = PredictionPolicy()


def test_classes_follow_value_variation_and_movement():
    weekly = np.array([[10.0] * 8, [8, 0, 9, 0, 8, 0, 9, 0], [0, 0, 0, 0, 0, 0, 0, 9], [0.0] * 8])
    found = matrix(weekly, np.array([8_000, 1_500, 500, 0]), np.zeros(4, int), POLICY)
    assert [found.name(row) for row in range(4)] == ["AXF", "BZF", "CZS", "CZN"]
    assert found.share_bp.tolist() == [8_000, 1_500, 500, 0]


def test_value_is_shared_within_the_territory_and_cut_offs_are_the_distributors():
    value, where = np.array([900, 100, 9, 1]), np.array([0, 0, 1, 1])
    found = matrix(np.ones((4, 4)), value, where, POLICY)
    assert [found.name(row)[0] for row in range(4)] == ["A", "B", "A", "B"]
    strict = PredictionPolicy(a_share_bp=9_500, b_share_bp=9_900)
    assert [matrix(np.ones((4, 4)), value, where, strict).name(row)[0] for row in (0, 1)] == ["A", "A"]
    with pytest.raises(Invalid, match="a_share_bp"):
        PredictionPolicy(a_share_bp=9_600, b_share_bp=9_500)


ROWS = st.integers(1, 12)


@given(ROWS.flatmap(lambda n: st.tuples(
    arrays(np.float64, (n, 6), elements=st.sampled_from([0.0, 1.0, 7.0])),
    arrays(np.int64, n, elements=st.sampled_from([0, 1, 5, 5, 100])),
    arrays(np.int64, n, elements=st.integers(0, 2)),
    st.permutations(range(n)),
)))  # fmt: skip
def test_order_of_rows_does_not_matter_and_more_value_is_never_a_worse_class(given_):
    weekly, value, where, order = given_
    found, turned = (
        matrix(weekly, value, where, POLICY),
        matrix(weekly[order], value[order], where[order], POLICY),
    )
    assert [found.name(row) for row in order] == [turned.name(row) for row in range(len(order))]
    for one in range(value.size):
        worse = (where == where[one]) & (value < value[one])
        assert (found.abc[worse] >= found.abc[one]).all()
    for territory in set(where[value > 0].tolist()):
        assert (found.abc[where == territory] == 0).any()


def days(**changes: int) -> dict[str, int]:
    given_ = {
        "expiry_day": 1_000, "minimum_life": 30, "quantity": 100, "return_bp": 9_000, "return_until_day": 955,
        "lane_days": 3, "lane_daily": 10, **changes,
    }  # fmt: skip
    found = last_days(
        **{name: np.array([value]) for name, value in given_.items()},
        rates=MoneyRates(discount_days=21, donate_minimum_life_days=7),
    )
    return {name: int(getattr(found, name)[0]) for name in ("claim", "transfer", "offer", "donation")}


def test_each_way_has_its_own_last_day():
    assert days() == {
        "claim": 955,
        "transfer": 1_000 - 30 - 3 - 10,
        "offer": 1_000 - 30 - 21,
        "donation": 993,
    }


def test_a_way_that_is_closed_never_was_and_one_without_expiry_never_ends():
    assert days(return_bp=0)["claim"] == NEVER
    assert days(lane_days=-1)["transfer"] == NEVER
    assert days(lane_daily=0)["transfer"] == NEVER
    forever = days(expiry_day=NO_DAY, return_until_day=NO_DAY)
    assert set(forever.values()) == {NO_DAY}


@given(
    st.integers(1, 5_000), st.integers(0, 200), st.integers(0, 10_000), st.integers(0, 60), st.integers(1, 50)
)
def test_no_way_outlasts_the_goods_and_more_pieces_leave_less_time(expiry, life, pieces, lane, daily):
    given_ = {"expiry_day": expiry, "minimum_life": life, "lane_days": lane, "lane_daily": daily}
    few, many = days(quantity=pieces, **given_), days(quantity=pieces + 50, **given_)
    assert max(few["transfer"], few["offer"], few["donation"]) <= expiry
    assert many["transfer"] <= few["transfer"]
