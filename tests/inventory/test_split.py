"""The best split of a lot: exact against every split there is, never below the best single way."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.contracts import MonitoringPolicy
from inventory.contracts.demand import DemandDistribution
from inventory.impact import Branch, best_split, intervals, ladder, price_ways, split_lot
from inventory.impact.interval import Span, span_behind, spans_in_turn
from inventory.impact.packed import unpack_ways
from inventory.impact.ways import COMPONENTS, WAYS, price_rung
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


def test_an_offer_of_goods_that_nobody_asks_for_is_not_sure_to_sell():
    """20 % off should sell half of 100 pieces; chance alone moves that by 10 (1.28 times its root)."""
    nothing, way = Span(low=_one(0), high=_one(0)), WAYS.index("discount")
    policy = MonitoringPolicy(discount_bp=2_000, discount_sell_through_bp=5_000, discount_rungs_bp=())
    lot = lots(quantity=100, held_sold=0)
    found, usual = intervals(lot, policy, here=nothing, there=nothing), price_ways(lot, policy).net[way, 0]
    nets = [int(sum(price_rung(lot, policy, 2_000, _one(n)).values())[0]) for n in (40, 50, 60)]
    assert [found.low[way, 0], usual, found.high[way, 0]] == nets
    assert nets[0] < nets[1] < nets[2]


def demand_of_a_piece_a_day():
    return DemandDistribution(np.array([[7.0]]), np.array([1_000.0]))


def test_demand_that_strays_is_given_to_lots_in_turn_and_once():
    """Two lots of one series, by the 40th and the 70th day: the first sells first."""
    demand, days = demand_of_a_piece_a_day(), np.array([70, 40])
    pieces = np.array([60, 50])
    low40, high40, low70, high70 = (
        int(demand.total(0, day).quantile(chance)) for day in (40, 70) for chance in (0.1, 0.9)
    )
    assert low40 < 40 < high40 < 50
    found = spans_in_turn(
        demand, np.array([0, 0]), days, pieces=pieces, quantity=np.array([60, 50]), sold=np.array([30, 40])
    )
    assert (found.low[1], found.high[1]) == (low40 - 40, high40 - 40)
    assert (found.low[0], found.high[0]) == (
        min(low70 - low40 - 30, 0),
        max(high70 - high40 - 30, 0),
    )
    alone = spans_in_turn(
        demand, np.array([0]), days[:1], pieces=pieces[:1], quantity=pieces[:1], sold=np.array([60])
    )
    assert alone.low[0] == min(low70, 60) - 60


@HUNDRED
@given(
    st.lists(st.tuples(st.integers(0, 120), st.integers(0, 80), st.integers(0, 80)), min_size=1, max_size=6)
)
def test_lots_of_one_series_never_sell_more_together_than_is_asked_for(drawn):
    demand = demand_of_a_piece_a_day()
    days, pieces, quantity = (np.array(column, dtype=np.int64) for column in zip(*drawn, strict=True))
    quantity = np.minimum(quantity, pieces)
    none = np.zeros(len(drawn), dtype=np.int64)
    found = spans_in_turn(demand, none, days, pieces=pieces, quantity=quantity, sold=none)
    assert found.high.sum() <= demand.total(0, int(days.max())).quantile(0.9)
    assert (found.high <= quantity).all()
    assert (found.low == 0).all()


def test_where_a_lane_leads_the_stock_that_is_there_takes_the_straying_demand_first():
    demand, days = demand_of_a_piece_a_day(), np.array([70, 70, 70])
    high = int(demand.total(0, 70).quantile(0.9))
    found = span_behind(
        demand,
        np.array([0, 0, -1]),
        days,
        ahead=np.array([0, 75, 0]),
        quantity=np.array([100, 100, 100]),
        sold=np.array([70, 0, 50]),
    )
    assert found.high.tolist() == [high - 70, max(high - 75, 0), 0]
    assert found.low[0] < 0
    assert found.low[1:].tolist() == [0, 0]


def _one(value):
    return np.array([value], dtype=np.int64)


# --- ways as bytes


def test_ways_and_components_keep_their_places_in_bytes_written_before():
    """Bytes of a lot of 100 pieces as an earlier version wrote them: new names go to the end only."""
    assert WAYS[:6] == ("hold", "transfer", "discount", "return_to_company", "donate", "destroy")
    assert COMPONENTS[:13] == (
        "recovered", "residual", "claim", "carrying", "opportunity", "transport", "handling", "documents",
        "discount", "message", "disposal", "output_tax", "itc_reversal",
    )  # fmt: skip
    assert len(WAYS) <= 8, "which ways are open is one byte"
    before = bytes([6, 13, 0b100001, 0x80, *[0] * 8, 0x04])
    before += (12_000).to_bytes(8, "little") + (-18_000).to_bytes(8, "little", signed=True)
    told = {way["name"]: way for way in unpack_ways(before)}
    assert told["hold"]["components"] == {"recovered": 12_000}
    assert told["destroy"]["net_paise"] == -18_000
    assert told["donate"]["note"] == "closed_no_life_for_charity"
    assert [name for name, way in told.items() if way["available"]] == ["hold", "destroy"]


@pytest.mark.parametrize("head", [[9, 13, 0], [6, 200, 0]])
def test_bytes_that_know_more_ways_than_this_code_are_refused(head):
    with pytest.raises(ValueError, match="more than are known"):
        unpack_ways(bytes(head))
