"""The best split of a lot: exact against every split there is, never below the best single way."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.contracts import MonitoringPolicy
from inventory.impact import Branch, best_split, intervals, ladder, price_ways, split_lot
from inventory.impact.interval import Span, demand_span
from inventory.impact.ways import WAYS
from tests.inventory.test_impact import POLICY, lots
from vyapar.kernel.errors import Invalid

HUNDRED = settings(max_examples=100, deadline=None)
worths = st.one_of(st.sampled_from([-5, 0, 0, 7]), st.integers(-30, 30))


@st.composite
def ways_to_share(draw):
    """Up to four ways of a small lot; the last takes anything, as destroying does."""
    quantity, pack = draw(st.integers(0, 9)), draw(st.integers(2, 4))
    found = []
    for number in range(draw(st.integers(0, 3))):
        steps = draw(st.lists(st.integers(0, 6), min_size=1, max_size=3))
        worth = sorted(draw(st.lists(worths, min_size=len(steps), max_size=len(steps))), reverse=True)
        fixed = draw(st.sampled_from([0, 0, 3, 40]))
        size = pack if draw(st.booleans()) else 1
        found.append(Branch(f"way{number}", tuple(zip(steps, worth, strict=True)), fixed, size))
    found.append(Branch("destroy", ((quantity, draw(worths)),), draw(st.sampled_from([0, 10]))))
    return quantity, found


def best_by_trying(quantity: int, branches: list[Branch]) -> int:
    """The highest net of every split there is."""
    choices = [range(0, min(branch.room, quantity) + 1, branch.pack) for branch in branches]
    splits = (pieces for pieces in product(*choices) if sum(pieces) == quantity)
    return max(sum(b.value(n) for b, n in zip(branches, pieces, strict=True)) for pieces in splits)


@settings(max_examples=150, deadline=None)
@given(ways_to_share())
@example((8, [Branch("offer", ((4, 10), (4, -3)), 0, 2), Branch("destroy", ((8, 0),))]))
@example(
    (
        9,
        [
            Branch("move", ((3, 7), (6, 2)), 5, 3),
            Branch("hold", ((4, 6), (5, 1))),
            Branch("destroy", ((9, 0),)),
        ],
    )
)
@example((5, [Branch("offer", ((4, 9),), 3, 4), Branch("destroy", ((5, -2),), 10)]))
def test_no_split_of_the_lot_is_worth_more(drawn):
    quantity, branches = drawn
    found = best_split(quantity, branches)
    by_name = {branch.name: branch for branch in branches}
    assert sum(pieces for _, pieces in found.pieces) == quantity
    assert sum(by_name[name].value(pieces) for name, pieces in found.pieces) == found.net_paise
    assert all(pieces % by_name[name].pack == 0 for name, pieces in found.pieces)
    assert found.net_paise == best_by_trying(quantity, branches)


def test_slopes_that_rise_and_ways_without_room_are_refused():
    with pytest.raises(Invalid, match="slopes must fall"):
        Branch("odd", ((1, 2), (1, 3)))
    with pytest.raises(Invalid, match="no room"):
        best_split(3, [Branch("small", ((2, 5),))])
    with pytest.raises(Invalid, match="cannot be weighed"):
        best_split(6, [Branch("a", ((6, 1),), 0, 2), Branch("b", ((6, 1),), 0, 3)])


# --- of a real lot -------------------------------------------------------------------------

quantities = st.one_of(st.sampled_from([1, 2, 12, 100]), st.integers(1, 3_000))
some_lots = st.fixed_dictionaries(
    {
        "quantity": quantities,
        "held_sold": st.integers(0, 3_000),
        "moved_sold": st.integers(0, 3_000),
        "days": st.integers(0, 180),
        "life_days": st.integers(0, 200),
        "perishes": st.booleans(),
        "expired": st.just(False),
        "return_open": st.booleans(),
        "return_bp": st.sampled_from([0, 5_000, 10_000]),
        "crosses": st.booleans(),
        "moved_paise_per_kg": st.sampled_from([-1, 0, 400, 40_000]),
        "cost": st.sampled_from([0, 1, 1_000, 25_000]),
        "price": st.sampled_from([0, 900, 1_200]),
        "itc": st.sampled_from([0, 180]),
        "grams": st.sampled_from([0, 500, 5_000]),
    }
)


def lot_of(values):
    top = values["quantity"]
    return lots(**(values | {name: min(values[name], top) for name in ("held_sold", "moved_sold")}))


@HUNDRED
@given(some_lots, st.sampled_from([1, 6, 24]))
def test_a_split_nets_at_least_what_the_best_single_way_does_and_adds_up(values, pack):
    lot = lot_of(values)
    ways = price_ways(lot, POLICY)
    found = split_lot(lot, POLICY, pack=pack)
    assert sum(share.pieces for share in found) == values["quantity"]
    assert all(sum(share.components.values()) == share.net_paise for share in found)
    assert all(share.pieces > 0 for share in found)
    net = sum(share.net_paise for share in found)
    assert net >= int(ways.net[ways.best()[0], 0])
    assert len({share.name for share in found}) == len(found)
    packed = [share.pieces % pack for share in found if share.name in ("transfer", "discount")]
    assert len(found) == 1 or not any(packed)


def test_what_sells_here_is_held_and_the_rest_goes_back_where_that_pays():
    lot = lots(quantity=100, held_sold=40, moved_paise_per_kg=-1, return_bp=10_000, life_days=90)
    found = {share.name: share.pieces for share in split_lot(lot, MonitoringPolicy(claim_success_bp=10_000))}
    assert found == {"hold": 40, "return_to_company": 60}


# --- ladder and intervals ------------------------------------------------------------------


@HUNDRED
@given(some_lots)
def test_the_ladder_shows_the_rung_that_nets_the_most_and_deeper_rungs_sell_no_less(values):
    lot = lot_of(values)
    found, ways = ladder(lot, POLICY), price_ways(lot, POLICY)
    assert found.rungs == (1_000, 2_000, 3_000, 4_000)
    assert (found.sold[1:] >= found.sold[:-1]).all()
    assert found.sold.max() <= values["quantity"]
    way = WAYS.index("discount")
    assert not ways.available[way, 0] or ways.net[way, 0] == found.net[:, 0].max()


@HUNDRED
@given(some_lots, st.integers(-200, 0), st.integers(0, 200))
def test_the_net_lies_within_its_interval_and_what_is_certain_has_none(values, low, high):
    lot = lot_of(values)
    ways = price_ways(lot, POLICY)
    span = Span(low=_one(low), high=_one(high))
    found = intervals(lot, POLICY, here=span, there=span)
    assert (found.low <= ways.net).all()
    assert (ways.net <= found.high).all()
    for name in ("donate", "destroy"):
        number = WAYS.index(name)
        assert found.low[number, 0] == found.high[number, 0] == ways.net[number, 0]


def test_a_claim_is_paid_or_refused():
    nothing = Span(low=_one(0), high=_one(0))
    found = intervals(lots(), POLICY, here=nothing, there=nothing)
    way = WAYS.index("return_to_company")
    sure = [price_ways(lots(), MonitoringPolicy(claim_success_bp=bp)).net[way, 0] for bp in (0, 10_000)]
    assert [found.low[way, 0], found.high[way, 0]] == sure


def test_demand_strays_by_its_own_percentiles():
    import numpy as np

    from inventory.contracts.demand import DemandDistribution

    demand = DemandDistribution(np.array([[7.0]]), np.array([1_000.0]))
    found = demand_span(demand, np.array([0, -1]), np.array([70, 70]))
    total = demand.total(0, 70)
    assert found.low[0] == np.ceil(total.quantile(0.1) - total.mean) < 0
    assert found.high[0] == np.floor(total.quantile(0.9) - total.mean) > 0
    assert found.low[1] == found.high[1] == 0


def _one(value):
    import numpy as np

    return np.array([value], dtype=np.int64)
