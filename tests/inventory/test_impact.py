"""Impact: exact rates, what opens and closes each way out, the tax of each, lanes and totals."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.agent.monitoring import lots_of
from inventory.contracts import NO_DAY, MonitoringPolicy
from inventory.impact import COMPONENTS, WAYS, Lots, loss_if_nothing_is_done, price_ways, total_by
from inventory.impact.packed import pack_ways, unpack_ways
from inventory.impact.rates import scaled
from inventory.risk import exposure
from tests.inventory.stock import Item, Lot, stock
from tests.strategies import monitoring_policies, stock_snapshots
from vyapar.kernel.errors import Invalid

POLICY = MonitoringPolicy()
HUNDRED = settings(max_examples=100, deadline=None)


def lots(**values) -> Lots:
    """One lot of 100 pieces with 60 days to go, unless said otherwise."""
    usual = {
        "quantity": 100,
        "days": 60,
        "perishes": True,
        "expired": False,
        "life_days": 90,
        "cost": 1_000,
        "price": 1_200,
        "itc": 180,
        "grams": 500,
        "held_sold": 10,
        "moved_sold": 80,
        "moved_days": 3,
        "moved_paise_per_kg": 400,
        "crosses": False,
        "return_bp": 9_000,
        "return_open": True,
    }
    return Lots(**{name: [value] for name, value in (usual | values).items()})


def ways(**values):
    return {way.name: way for way in price_ways(lots(**values), POLICY).of(0)}


@HUNDRED
@given(
    st.integers(0, 10**14), st.integers(0, 7_300_000), st.sampled_from([1_000, 10_000, 3_650_000, 7_300_000])
)
@example(5, 1_000, 10_000)
@example(10**14, 7_300_000, 3_650_000)
def test_rates_round_half_up_exactly_once_however_large(amount, numerator, denominator):
    exact = Fraction(amount * numerator, denominator) + Fraction(1, 2)
    if exact < 2**62:
        assert int(scaled(amount, numerator, denominator)) == exact // 1


def test_the_ways_out_of_a_lot_written_out_in_paise():
    """100 pieces at 10 rupees cost, 12 net; 60 days; 18 % + 12 % a year; half a kilogram a piece."""
    found = ways()
    assert {name: value for name, value in found["hold"].components.items() if value} == {
        "recovered": 12_000,
        "carrying": -(148 + 2_663),
        "opportunity": -(99 + 1_775),
        "transport": -13_500,
        "handling": -1_800,
        "documents": -5_000,
        "disposal": -36_000,
        "itc_reversal": -16_200,
    }
    assert {name: value for name, value in found["destroy"].components.items() if value} == {
        "transport": -15_000,
        "handling": -2_000,
        "documents": -5_000,
        "disposal": -40_000,
        "itc_reversal": -18_000,
    }
    assert found["destroy"].net_paise == -80_000
    assert found["donate"].net_paise == -40_000
    assert found["return_to_company"].components["claim"] == 58_500


def test_ways_are_told_best_first_and_closed_ones_last_with_a_reason():
    told = price_ways(lots(moved_paise_per_kg=-1, return_open=False), POLICY).of(0)
    assert [way.name for way in told if way.available] == ["discount", "donate", "hold", "destroy"]
    assert [way.name for way in told][-2:] == ["transfer", "return_to_company"]
    assert all(way.note and way.net_paise == 0 for way in told[-2:])


@pytest.mark.parametrize(
    ("closed", "values"),
    [
        ({"hold", "transfer", "discount", "donate"}, {"expired": True, "days": 0, "life_days": -1}),
        ({"transfer"}, {"moved_paise_per_kg": -1}),
        ({"transfer"}, {"moved_sold": 0}),
        ({"discount"}, {"days": 0, "held_sold": 0}),
        ({"return_to_company"}, {"return_bp": 0}),
        ({"return_to_company"}, {"return_open": False}),
        ({"donate"}, {"life_days": 6}),
        (set(), {"life_days": 7}),
        (set(), {"life_days": NO_DAY}),
    ],
)
def test_each_way_closes_for_its_own_reason_only(closed, values):
    assert {name for name, way in ways(**values).items() if not way.available} == closed


def test_input_tax_is_reversed_for_what_is_destroyed_or_given_away_and_for_nothing_sold():
    found = ways(held_sold=100, moved_sold=100)
    assert found["hold"].components["itc_reversal"] == 0
    assert found["transfer"].components["itc_reversal"] == 0
    assert found["donate"].components["itc_reversal"] == -18_000
    assert found["destroy"].components["itc_reversal"] == -18_000
    half_refused = found["return_to_company"].components["itc_reversal"]
    assert half_refused == -18_000 * (10_000 - POLICY.claim_success_bp) // 10_000


def test_what_does_not_perish_keeps_its_residual_and_its_input_tax():
    found = ways(perishes=False, life_days=NO_DAY)["hold"].components
    assert found["residual"] == 90 * 1_000 * 2_000 // 10_000
    assert found["disposal"] == found["itc_reversal"] == found["documents"] == 0


def test_a_transfer_to_another_registration_locks_the_tax_and_within_one_does_not():
    assert ways(crosses=True)["transfer"].components["output_tax"] == -266
    assert ways(crosses=False)["transfer"].components["output_tax"] == 0


def test_a_lot_of_nothing_costs_nothing_by_any_way():
    found = price_ways(lots(quantity=0, held_sold=0, moved_sold=0), POLICY)
    assert not found.components.any()
    assert not loss_if_nothing_is_done(lots(quantity=0, held_sold=0, moved_sold=0), found).total.any()


@HUNDRED
@given(
    st.sampled_from(["carrying_rate_bp", "opportunity_rate_bp"]), st.integers(0, 5_000), st.integers(1, 5_000)
)
def test_a_higher_rate_never_makes_holding_better(name, rate, more):
    cheap, dear = (
        price_ways(lots(), MonitoringPolicy(**{name: value})).net[WAYS.index("hold"), 0]
        for value in (rate, rate + more)
    )
    assert dear <= cheap


def test_the_loss_of_expired_stock_is_its_cost_and_what_destroying_it_takes():
    lot = lots(expired=True, days=0, life_days=-1, held_sold=0, moved_sold=0)
    found = loss_if_nothing_is_done(lot, price_ways(lot, POLICY))
    assert found.total.tolist() == [100_000 + 80_000]
    assert found.names == ("value_at_cost", *COMPONENTS)


def test_lots_refuse_arrays_of_different_lengths():
    values = {item.name: getattr(lots(), item.name) for item in fields(Lots)}
    with pytest.raises(Invalid, match="cost"):
        Lots(**(values | {"cost": [1, 2]}))


# --- lanes

STUCK = Item((Lot(100, life=120),), territory="A")
SELLS = Item((Lot(20, life=400),), territory="B", weekly=7, sold=0)


def lane_of(*items: Item, lanes, **more):
    snapshot = stock(*items, lanes=lanes, **more)
    return lots_of(snapshot, exposure(snapshot, POLICY), POLICY)


def test_a_lane_leads_to_where_demand_is_left_after_the_stock_that_is_there():
    found, lane = lane_of(STUCK, SELLS, lanes={("A", "B"): (400, 10)})
    assert lane.territory.tolist() == [1, -1]
    assert lane.sold[0] == pytest.approx(80 - 20, abs=3)
    assert found.quantity[0] == 100
    assert found.moved_days[0] == 10


@pytest.mark.parametrize(
    "lanes",
    [
        {},
        {("B", "A"): (400, 1)},
        {("A", "A"): (0, 0)},
        {("A", "B"): (400, 90)},
        {("A", "B"): (10_000_000, 1)},
    ],
)
def test_no_lane_is_taken_that_is_closed_too_slow_or_too_dear(lanes):
    _, lane = lane_of(STUCK, SELLS, lanes=lanes)
    assert lane.territory.tolist() == [-1, -1]
    assert lane.sold.tolist() == [0, 0]


def test_of_two_lanes_the_one_that_earns_more_after_freight_is_taken():
    brisk = Item((), territory="C", weekly=14, sold=0)
    near = {("A", "B"): (100, 1), ("A", "C"): (100, 1)}
    assert lane_of(STUCK, SELLS, brisk, lanes=near)[1].territory[0] == 2
    far = {("A", "B"): (100, 1), ("A", "C"): (200_000, 1)}
    assert lane_of(STUCK, SELLS, brisk, lanes=far)[1].territory[0] == 1


def test_a_lane_within_one_registration_beats_a_little_better_one_that_locks_tax():
    """C asks for one piece more, which is worth less than the tax of 100 pieces lent for 45 days."""
    inside = Item((), territory="B", weekly=14, sold=0)
    across = Item((), territory="C", weekly=14.2, sold=0)
    lanes = {("A", "B"): (100, 1), ("A", "C"): (100, 1)}
    one = Item((Lot(100, life=60, cost=10_000, price=1_000, itc=9_000),), territory="A")
    snapshot = (one, inside, across)
    assert lane_of(*snapshot, lanes=lanes, territory_gstin=[0, 0, 0])[1].territory[0] == 2
    assert lane_of(*snapshot, lanes=lanes, territory_gstin=[0, 0, 1])[1].territory[0] == 1


def test_what_is_long_on_the_road_waits_the_whole_transit():
    near, far = (ways(moved_days=days)["transfer"].components for days in (0, 20))
    assert (
        near["carrying"] - far["carrying"] == 394
    )  # 80 pieces at 10 rupees, 10 days more at 18 %: 2,170 less 1,776
    assert near["recovered"] == far["recovered"]


def test_a_lane_that_does_not_pay_for_its_papers_is_none():
    few = Item((Lot(2, life=400, cost=1_000, price=1_200),), territory="A", weekly=0)
    lanes = {("A", "B"): (100, 1)}
    assert lane_of(few, Item((), territory="B", weekly=7, sold=0), lanes=lanes)[1].territory[0] == -1


def check_lanes_by_hand(snapshot, policy: MonitoringPolicy) -> None:
    """Every lot's lane nets what the best of all its lanes nets when each is priced as a way out."""
    risks = exposure(snapshot, policy)
    found, lane = lots_of(snapshot, risks, policy)
    own = snapshot.per_item(risks.usable)
    hold, move = WAYS.index("hold"), WAYS.index("transfer")

    def gain(lot: int, sold: int, source: int, target: int) -> int:
        one = replace(
            found.some(np.array([lot])),
            expired=[False],
            held_sold=[0],
            moved_sold=[sold],
            moved_days=[snapshot.lane_days[source, target]],
            moved_paise_per_kg=[snapshot.lane_paise_per_kg[source, target]],
            crosses=[snapshot.territory_gstin[source] != snapshot.territory_gstin[target]],
        )
        net = price_ways(one, policy).net[:, 0]
        return int(net[move] - net[hold])

    for lot in range(snapshot.positions):
        item, pieces = snapshot.position_item[lot], int(found.quantity[lot])
        source = snapshot.item_territory[item]
        gains = [0]
        for other in range(snapshot.items):
            target = snapshot.item_territory[other]
            left = int(found.days[lot] - snapshot.lane_days[source, target])
            is_open = snapshot.lane_paise_per_kg[source, target] >= 0 and target != source
            same = snapshot.item_sku[other] == snapshot.item_sku[item]
            if same and is_open and left > 0 and pieces:
                demand = snapshot.demand.total([other], [left])
                unsold = demand.expected_excess(own[other] + pieces) - demand.expected_excess(own[other])
                sold = int(np.floor(pieces - unsold[0] + 1e-9))
                gains += [gain(lot, sold, source, target)] if sold > 0 else []
        target = int(lane.territory[lot])
        assert (gain(lot, int(lane.sold[lot]), source, target) if target >= 0 else 0) == max(gains)


@HUNDRED
@given(stock_snapshots(min_positions=1), monitoring_policies())
def test_no_lane_that_was_not_looked_at_would_have_earned_more(snapshot, policy):
    check_lanes_by_hand(snapshot, policy)


@pytest.mark.parametrize("seed", range(6))
def test_no_lane_of_many_with_uncertain_demand_would_have_earned_more(seed):
    chance = np.random.default_rng(seed)
    places = [f"T{n:02d}" for n in range(9)]
    items = [
        Item(
            (Lot(int(chance.integers(0, 120)), life=int(chance.integers(40, 300))),),
            territory=place,
            weekly=float(chance.gamma(0.6, 6)),
            dispersion=float(chance.choice([0.02, 0.3, 5.0, 900.0])),
        )
        for place in places
    ]
    lanes = {
        (source, target): (int(chance.integers(0, 900)), int(chance.integers(0, 9)))
        for source in places
        for target in places
    }
    check_lanes_by_hand(stock(*items, lanes=lanes), POLICY)


def test_a_lane_between_registrations_is_known_as_such():
    lanes = {("A", "B"): (400, 1)}
    assert lane_of(STUCK, SELLS, lanes=lanes, territory_gstin=[0, 1])[1].crosses[0]
    assert not lane_of(STUCK, SELLS, lanes=lanes, territory_gstin=[4, 4])[1].crosses[0]


# --- totals


def test_totals_of_nothing_are_no_groups_and_a_grand_total_of_nought():
    none = np.zeros(0, np.int64)
    assert total_by({"a": none}, {"paise": none}).table() == []
    assert total_by({}, {"paise": none}).table() == [{"paise": 0, "rows": 0}]


def test_totals_come_sorted_by_their_keys():
    keys = {"place": np.array(["B", "A", "B"]), "year": np.array([2, 1, 1])}
    assert total_by(keys, {"paise": np.array([1, 2, 4])}).table() == [
        {"place": "A", "year": 1, "paise": 2, "rows": 1},
        {"place": "B", "year": 1, "paise": 4, "rows": 1},
        {"place": "B", "year": 2, "paise": 1, "rows": 1},
    ]


def test_totals_refuse_fractions_of_paise_and_columns_of_different_lengths():
    with pytest.raises(Invalid, match="whole"):
        total_by({}, {"paise": np.array([1.5])})
    with pytest.raises(Invalid, match="lengths"):
        total_by({"a": np.array([1, 2])}, {"paise": np.array([1])})


def test_what_nothing_can_sell_any_more_is_destroyed_and_not_held():
    """Too short-lived for the trade today: holding costs what destroying does, and is no advice."""
    found = price_ways(
        lots(days=0, life_days=3, held_sold=0, moved_sold=0, moved_paise_per_kg=-1, return_open=False), POLICY
    )
    ways_ = found.of(0)
    nets = {way.name: way.net_paise for way in ways_ if way.available}
    assert nets["hold"] == nets["destroy"] < 0
    assert [way.name for way in ways_][:2] == ["destroy", "hold"]
    assert WAYS[int(found.best()[0])] == "destroy"
    assert [way["name"] for way in unpack_ways(pack_ways(found, np.array([0]))[0])][:2] == ["destroy", "hold"]
    nothing = price_ways(lots(quantity=0, held_sold=0, moved_sold=0), POLICY)
    assert WAYS[int(nothing.best()[0])] == "hold", "what needs no way out is held"
