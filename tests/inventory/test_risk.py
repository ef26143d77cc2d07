"""Risk: motion and thresholds on both sides, the FEFO walk against simulation, the score's parts."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.contracts import (
    NO_DAY,
    SCORE_WEIGHTS,
    STATUSES,
    DemandDistribution,
    MonitoringPolicy,
    StockStatus,
)
from inventory.risk import (
    LONGEST,
    PARTS,
    exposure,
    motion,
    score,
    status,
    walk,
)
from inventory.rules import is_expired, is_near_expiry
from tests.inventory.stock import Item, Lot, stock
from tests.strategies import TODAY, monitoring_policies, stock_snapshots
from vyapar.kernel.errors import Invalid

POLICY = MonitoringPolicy()
HUNDRED = settings(max_examples=100, deadline=None)
REGULAR = 1_000.0


def demand(weekly: float, dispersion: float = REGULAR, series: int = 1) -> DemandDistribution:
    return DemandDistribution(np.full((series, 13), weekly), np.full(series, dispersion))


def walked(distribution, lots, series=None):
    """A walk of (deadline, quantity) or (deadline, quantity, batch) lots."""
    days, pieces = [np.array([lot[n] for lot in lots], np.int64) for n in (0, 1)]
    batch = np.array([lot[2] if len(lot) > 2 else n for n, lot in enumerate(lots)], np.int64)
    place = np.zeros(len(lots), np.int64)
    rows = np.zeros(len(lots), np.int64) if series is None else np.array(series, np.int64)
    return walk(distribution, rows, days, pieces, turn=days, batch_id=batch, place=place)


def status_of(*items: Item, policy: MonitoringPolicy = POLICY) -> list[StockStatus]:
    snapshot = stock(*items)
    return [STATUSES[code] for code in status(snapshot, motion(snapshot), policy)]


# --- motion and status


@pytest.mark.parametrize(
    ("idle", "expected"),
    [
        (29, StockStatus.ACTIVE),
        (30, StockStatus.SLOW_MOVING),
        (59, StockStatus.SLOW_MOVING),
        (60, StockStatus.DEAD),
    ],
)
def test_thresholds_of_days_without_movement_include_their_own_day(idle, expected):
    assert status_of(Item(weekly=70, sold=idle)) == [expected]


@pytest.mark.parametrize(
    ("on_hand", "expected"),
    [
        (899, StockStatus.ACTIVE),
        (900, StockStatus.SLOW_MOVING),
        (1_799, StockStatus.SLOW_MOVING),
        (1_800, StockStatus.DEAD),
    ],
)
def test_thresholds_of_cover_include_their_own_figure(on_hand, expected):
    assert status_of(Item((Lot(on_hand),), weekly=70, sold=0)) == [expected]


@pytest.mark.parametrize(("received", "expected"), [(59, StockStatus.SLOW_MOVING), (60, StockStatus.DEAD)])
def test_nothing_is_dead_before_it_has_been_here_for_the_threshold(received, expected):
    never_sold = Item((Lot(received=received),))
    piled = Item((Lot(9_999, received=received),), sku="SKU-1", weekly=7, sold=0)
    assert status_of(never_sold, piled) == [expected, expected]


def test_what_came_yesterday_is_active_although_the_sku_last_sold_long_ago():
    assert status_of(Item((Lot(received=1),), sold=300)) == [StockStatus.ACTIVE]


def test_one_old_piece_lets_the_clock_run_from_the_last_sale():
    item = Item((Lot(1, received=400), Lot(50, received=1, batch=2)), sold=75)
    snapshot = stock(item)
    assert motion(snapshot).idle_days.tolist() == [75]
    assert motion(snapshot).days_here.tolist() == [400]


def test_an_emptied_position_does_not_make_stock_look_old():
    snapshot = stock(Item((Lot(0, received=400), Lot(50, received=3, batch=2))))
    assert motion(snapshot).days_here.tolist() == [3]


def test_an_open_action_makes_dead_and_slow_stock_liquidating_and_no_stock_is_active():
    items = (
        Item(liquidating=True),
        Item((Lot(0),), sku="SKU-1", liquidating=True),
        Item((), sku="SKU-2"),
    )
    assert status_of(*items) == [StockStatus.LIQUIDATING, StockStatus.ACTIVE, StockStatus.ACTIVE]


def test_cover_counts_free_unexpired_stock_only_and_stops_at_its_cap():
    lots = (Lot(100, reserved=30), Lot(500, life=-1, batch=2))
    snapshot = stock(Item(lots, weekly=7), Item(sku="SKU-1"), Item((Lot(5, reserved=5),), sku="SKU-2"))
    assert motion(snapshot).cover_days.tolist() == [70, LONGEST, 0]


# --- the FEFO walk


def test_the_last_day_of_sale_is_still_a_day_of_sale():
    days = np.array([-1, 0, 90, 91])
    assert is_expired(days).tolist() == [True, False, False, False]
    assert is_near_expiry(days, POLICY).tolist() == [False, True, True, False]


def test_regular_demand_is_carried_from_batch_to_batch():
    """10 a day: 400 by day 30 leave 100; the 200 more by day 60 take 300, not the 500 of batch 2."""
    found = walked(demand(70), [(30, 400), (60, 500)])
    assert found.expected_unsold == pytest.approx([100, 200], abs=8)
    assert found.probability_unsold == pytest.approx([1, 1], abs=0.01)


def test_spare_demand_before_an_expiry_serves_the_next_batch():
    found = walked(demand(70), [(30, 100), (40, 250)])
    assert found.expected_unsold == pytest.approx([0, 0], abs=6)
    short = walked(demand(70), [(30, 100), (40, 450)])
    assert short.expected_unsold == pytest.approx([0, 150], abs=2)


def test_no_deadline_leaves_nothing_and_a_past_one_leaves_all():
    found = walked(demand(70), [(NO_DAY, 9_999), (0, 40)])
    assert found.expected_unsold.tolist() == [0, 40]
    assert found.probability_unsold.tolist() == [0, 1]
    assert found.p90_unsold.tolist() == [0, 40]


def test_ties_of_expiry_go_to_the_smaller_lot_then_to_the_older_batch():
    found = walked(demand(7), [(30, 30, 1), (30, 20, 2), (30, 20, 1)])
    assert found.expected_unsold == pytest.approx([30, 10, 0], abs=1.5)
    first, second = walked(demand(7), [(30, 20, 2), (30, 20, 1)]).expected_unsold
    assert first > second + 5


def test_series_do_not_share_their_demand():
    lots = [(30, 400), (30, 400), (60, 500)]
    both = walked(demand(70, series=2), lots, series=[1, 0, 1])
    alone = walked(demand(70), [lots[0], lots[2]])
    assert both.expected_unsold[[0, 2]] == pytest.approx(alone.expected_unsold)
    assert both.expected_unsold[1] == pytest.approx(alone.expected_unsold[0])


def simulated(weekly: float, dispersion: float, lots, runs: int = 20_000):
    """FEFO day by day: a level common to all weeks and one per week, as the distribution has it."""
    chance = np.random.default_rng(1)
    days = max(day for day, _ in lots)
    weeks = -(-days // 7)
    spread = 1 / dispersion
    common = chance.gamma(1 / (0.25 * spread), 0.25 * spread, (runs, 1))
    own = 0.75 * spread / (1 + 0.25 * spread)
    week = chance.gamma(1 / own, own, (runs, weeks))
    daily = chance.poisson(np.repeat(common * week, 7, axis=1)[:, :days] * weekly / 7)
    left = np.tile(np.array([pieces for _, pieces in lots]), (runs, 1))
    unsold = np.zeros_like(left)
    for day in range(days):
        asked = daily[:, day]
        for number, (deadline, _) in enumerate(lots):
            if day < deadline:
                taken = np.minimum(left[:, number], asked)
                left[:, number] -= taken
                asked = asked - taken
            if day + 1 == deadline:
                unsold[:, number], left[:, number] = left[:, number], 0
    return unsold


@pytest.mark.parametrize("dispersion", [0.5, 2.0, 50.0])
@pytest.mark.parametrize(
    "lots", [[(28, 30)], [(21, 15), (42, 30)], [(14, 40), (28, 10), (70, 60)], [(35, 60), (36, 20), (70, 30)]]
)
def test_the_walk_agrees_with_a_simulation_of_every_day(dispersion, lots):
    found = walked(demand(7, dispersion), lots)
    unsold = simulated(7, dispersion, lots)
    pieces = np.array([amount for _, amount in lots])
    assert (np.abs(found.expected_unsold - unsold.mean(axis=0)) <= 0.05 * pieces).all()
    assert found.probability_unsold == pytest.approx((unsold > 0).mean(axis=0), abs=0.08)
    assert (np.abs(found.p90_unsold - np.quantile(unsold, 0.9, axis=0)) <= 0.1 * pieces).all()


DISPERSIONS = st.floats(0.05, 1_000)
LOTS = st.lists(
    st.tuples(st.one_of(st.sampled_from([0, 1, 90, NO_DAY]), st.integers(0, 400)), st.integers(0, 300)),
    min_size=1,
    max_size=8,
)


@HUNDRED
@given(LOTS, st.floats(0, 300), st.floats(0.05, 1_000))
@example([(30, 0), (30, 0)], 0.0, 1.0)
def test_no_lot_leaves_more_than_it_had_and_all_figures_agree(lots, weekly, dispersion):
    found = walked(demand(weekly, dispersion), lots)
    pieces = np.array([amount for _, amount in lots])
    bound = np.array([day < NO_DAY for day, _ in lots])
    assert (found.expected_unsold >= 0).all()
    assert (found.expected_unsold <= pieces + 1e-9).all()
    assert ((found.probability_unsold >= 0) & (found.probability_unsold <= 1)).all()
    assert ((found.p90_unsold >= 0) & (found.p90_unsold <= pieces)).all()
    assert not found.expected_unsold[~bound].any()
    assert (found.expected_unsold <= pieces * found.probability_unsold + 1e-6 * (1 + pieces)).all()


@HUNDRED
@given(
    st.integers(0, 200), st.integers(0, 200), st.integers(0, 500), st.floats(0, 200), st.floats(0.05, 1_000)
)
def test_a_later_deadline_never_leaves_more_and_more_stock_never_less(days, more, pieces, weekly, size):
    found = walked(
        demand(weekly, size, series=3),
        [(days, pieces), (days + more, pieces), (days, pieces + more)],
        [0, 1, 2],
    )
    sooner, later, larger = found.expected_unsold
    assert later <= sooner + 1e-6 * (1 + pieces)
    assert larger >= sooner - 1e-6 * (1 + pieces)


@HUNDRED
@given(LOTS, st.floats(0, 300), st.floats(0.05, 1_000))
def test_lots_with_one_deadline_leave_together_what_one_lot_would(lots, weekly, dispersion):
    pieces = [amount for _, amount in lots]
    apart = walked(demand(weekly, dispersion), [(45, amount) for amount in pieces])
    together = walked(demand(weekly, dispersion), [(45, sum(pieces))])
    assert apart.expected_unsold.sum() == pytest.approx(
        together.expected_unsold[0], abs=1e-3 * (1 + sum(pieces))
    )


def test_the_pieces_expected_to_be_left_sell_last_and_some_of_them_sell_after_all():
    found = walked(demand(7, 2.0), [(28, 30), (56, 40)])
    unsold = simulated(7, 2.0, [(28, 30), (56, 40)])
    assert found.rounded.tolist() == np.floor(found.expected_unsold + 0.5).tolist()
    by_simulation = np.minimum(unsold, found.rounded).mean(axis=0)
    assert found.last_unsold == pytest.approx(by_simulation, abs=0.6)
    assert (found.last_unsold < found.rounded).all()
    certain = walked(demand(0), [(28, 30)])
    assert certain.last_unsold.tolist() == [30]


# --- what is at risk


def test_expired_stock_is_neither_usable_nor_at_risk_and_serves_no_demand():
    snapshot = stock(Item((Lot(500, life=-1), Lot(50, life=60, batch=2)), weekly=70, sold=0))
    found = exposure(snapshot, POLICY)
    assert found.expired.tolist() == [True, False]
    assert found.usable.tolist() == [0, 50]
    assert found.at_risk.tolist() == [0, 0]
    assert found.probability_unsold[0] == 0


@pytest.mark.parametrize(("life", "sell_days"), [(29, 0), (30, 0), (31, 1), (None, NO_DAY)])
def test_the_minimum_life_of_the_channel_shortens_the_days_to_sell(life, sell_days):
    assert exposure(stock(Item((Lot(life=life),))), POLICY).sell_days.tolist() == [sell_days]


def test_each_channel_has_its_own_minimum_life():
    policy = MonitoringPolicy(minimum_life_at_sale_days={"general_trade": 30, "quick_commerce": 45})
    buyers = {"channels": ("quick_commerce", "institution"), "mix_item": [0, 1], "mix_channel": [0, 1]}
    items = (Item((Lot(life=100),)), Item((Lot(life=100),), sku="SKU-1"))
    assert sell_days(items, policy, **buyers, mix_share=[1, 1]) == [55, 70]
    assert sell_days(items, policy, **buyers, mix_share=[1, 1], channel_life=[-1, 80]) == [55, 20]


def sell_days(items, policy=POLICY, **buyers):
    return exposure(stock(*items, **buyers), policy).sell_days.tolist()


ONLINE = {"channels": ("e_commerce",), "mix_item": [0], "mix_channel": [0]}


@pytest.mark.parametrize(
    ("life", "share", "expected"),
    [
        (100, 0.0, 70),  # general trade alone: 100 - 30
        (100, 0.2, 67),  # four parts of 70 and one of 55
        (100, 1.0, 55),
        (40, 0.2, 8),  # only general trade still takes it: four fifths of ten days
        (40, 1.0, 0),
        (45, 0.9, 2),  # one and a half, to the nearest day
        (30, 0.2, 0),
        (-3, 0.2, 0),
    ],
)
def test_days_to_sell_are_those_of_the_buyers_by_what_each_takes(life, share, expected):
    assert sell_days([Item((Lot(life=life),))], **ONLINE, mix_share=[share]) == [expected]


def test_a_share_of_the_whole_life_is_enough_where_it_is_less():
    lots = (Lot(life=20), Lot(life=20, batch=2), Lot(life=20, batch=3))
    made = [TODAY - 20, 0, TODAY - 400]  # 40 days in all: 12 are enough; not known: 45; 420 days: 45
    snapshot = {**ONLINE, "mix_share": [1.0], "manufacture_day": made}
    assert sell_days([Item(lots)], **snapshot) == [8, 0, 0]


def test_what_sells_together_is_what_the_channels_sell_at_an_even_pace():
    sold = sell_days([Item((Lot(life=120),), weekly=70)], **ONLINE, mix_share=[0.25])[0] * 10
    assert sold == pytest.approx(90 * 7.5 + 75 * 2.5, abs=5)


@HUNDRED
@given(snapshot=stock_snapshots(), policy=monitoring_policies())
def test_an_item_that_only_general_trade_buys_is_scored_as_if_there_were_nobody_else(snapshot, policy):
    plain = replace(
        snapshot, channels=(), channel_life=[], mix_item=np.zeros(0), mix_channel=np.zeros(0),
        mix_share=np.zeros(0),
    )  # fmt: skip
    mixed = np.isin(snapshot.position_item, snapshot.mix_item)
    one, other = exposure(snapshot, policy), exposure(plain, policy)
    for field in fields(one):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        assert ours[~mixed].tolist() == theirs[~mixed].tolist(), field.name


def test_stock_that_never_expires_is_at_risk_beyond_the_days_of_cover_of_dead_stock():
    snapshot = stock(Item((Lot(2_500),), weekly=70, sold=0))
    found = exposure(snapshot, POLICY)
    assert found.leave_days.tolist() == [180]
    assert found.at_risk[0] == pytest.approx(700, abs=20)
    assert found.expected_unsold.tolist() == [0]


def test_reserved_pieces_are_another_actions_and_not_at_risk():
    snapshot = stock(Item((Lot(100, life=90, reserved=40),)))
    assert exposure(snapshot, POLICY).at_risk.tolist() == [60]


@settings(max_examples=100, deadline=None)
@given(stock_snapshots(), monitoring_policies())
def test_exposure_stays_within_the_free_stock(snapshot, policy):
    found = exposure(snapshot, policy)
    free = np.where(snapshot.expired, 0, snapshot.free)
    assert (found.usable == free).all()
    for pieces in (found.at_risk, found.p90_unsold, found.expected_unsold):
        assert ((pieces >= 0) & (pieces <= free + 1e-9)).all()
    assert (found.held_sold >= 0).all()
    assert (found.held_sold <= found.at_risk).all()


# --- the score


@settings(max_examples=100, deadline=None)
@given(stock_snapshots(), monitoring_policies())
def test_the_parts_add_up_to_the_score_and_stay_within_their_weights(snapshot, policy):
    found = score(snapshot, motion(snapshot), policy)
    assert (found.parts.sum(axis=1) == found.milli).all()
    assert ((found.milli >= 0) & (found.milli <= 100_000)).all()
    limits = np.array([policy.score_weights[part] * 1_000 for part in PARTS])
    assert ((found.parts >= 0) & (found.parts <= limits)).all()
    empty = snapshot.per_item(snapshot.on_hand) == 0
    assert not found.milli[empty].any()


def parts_of(item: Item, policy: MonitoringPolicy = POLICY) -> dict[str, float]:
    snapshot = stock(item)
    found = score(snapshot, motion(snapshot), policy)
    return {part: found.parts[0, n] / 1_000 for n, part in enumerate(PARTS)}


def test_the_worst_stock_scores_a_hundred_and_fresh_selling_stock_nothing():
    worst = Item((Lot(life=0),), earlier=5, outlets=(0, 9))
    assert parts_of(worst) == SCORE_WEIGHTS
    best = Item((Lot(1, received=100),), weekly=70_000, sold=0, recent=9, earlier=9, outlets=(4, 4))
    assert sum(parts_of(best).values()) == 0


def test_each_part_is_its_share_of_its_weight():
    item = Item((Lot(900),), weekly=70, sold=30, recent=1, earlier=4, outlets=(3, 4))
    assert parts_of(item) == {"movement": 17.5, "cover": 12.5, "trend": 7.5, "expiry": 0, "breadth": 2.5}


def test_stock_that_came_lately_is_not_held_against_cover_trend_or_breadth():
    young = parts_of(Item((Lot(received=29),)))
    settled = parts_of(Item((Lot(received=30),)))
    assert (young["cover"], young["trend"], young["breadth"]) == (0, 0, 0)
    assert (settled["cover"], settled["trend"], settled["breadth"]) == (25, 10, 10)


def test_the_expiry_part_is_the_mean_over_pieces():
    both = Item((Lot(300, life=0), Lot(100, life=None, batch=2)), weekly=7, sold=0)
    assert parts_of(both)["expiry"] == 15


# --- refusals


def test_a_snapshot_refuses_numbers_that_point_nowhere_and_too_much_reserved():
    with pytest.raises(Invalid, match="more is reserved"):
        stock(Item((Lot(5, reserved=6),)))
    with pytest.raises(Invalid, match="position_item"):
        stock(Item(), position_item=[3])
    with pytest.raises(Invalid, match="twice"):
        stock(Item(), Item())
    with pytest.raises(Invalid, match="on_hand"):
        stock(Item((Lot(-1),)))


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("dead_stock_threshold", 0),
        ("slow_moving_threshold", 61),
        ("cover_days_slow", 181),
        ("carrying_rate_bp", 10_001),
        ("expiry_horizon_days", "90"),
        ("discount_days", 2.5),
        ("minimum_life_at_sale_days", {"quick_commerce": 45}),
        ("minimum_life_at_sale_days", {"general_trade": 30, "ecommerce": 45}),
        ("minimum_life_share_bp", {"e_commerce": 0}),
        ("minimum_life_share_bp", {"online": 3_000}),
        ("score_weights", {**SCORE_WEIGHTS, "cover": 26}),
        ("score_weights", {"movement": 100}),
    ],
)
def test_a_policy_refuses_what_makes_no_sense_and_names_the_rule(rule, value):
    head, *rest = rule.split("_")
    with pytest.raises(Invalid) as refusal:
        MonitoringPolicy(**{rule: value})
    assert [fault.field for fault in refusal.value.faults] == [head + "".join(word.title() for word in rest)]
