"""The two minds: what is told and what is passed over, always the same for the same facts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.agent import analysis, monitoring
from inventory.contracts import (
    AnalysisPolicy,
    DeadStockDetected,
    DemandSnapshot,
    InventoryUpdated,
    MonitoringPolicy,
    StockStatus,
)
from inventory.impact import WAYS
from tests.inventory.stock import Item, Lot, stock
from tests.strategies import AS_OF, monitoring_policies, rearranged, stock_snapshots
from vyapar.engine.wire import outward
from vyapar.kernel.digest import sha256_of, snapshot_digest

POLICY = MonitoringPolicy()


def told(*items: Item, policy: MonitoringPolicy = POLICY, **more):
    return monitoring.decide(stock(*items, **more), policy)


# --- Monitoring


@pytest.mark.parametrize(
    ("prior", "is_told"),
    [
        (StockStatus.ACTIVE, True),
        (StockStatus.SLOW_MOVING, True),
        (StockStatus.DEAD, False),
        (StockStatus.LIQUIDATING, True),
    ],
)
def test_dead_stock_is_told_once_and_again_when_an_action_did_not_sell_it(prior, is_told):
    decision = told(Item(prior=prior))
    assert len(decision.outcome.detected) == is_told
    assert [one.code for one in decision.passed_over] == ([] if is_told else ["already_dead"])


def test_what_is_told_of_dead_stock():
    item = Item((Lot(100, life=400, return_bp=9_000, return_days=5),), sold=75, earlier=2, outlets=(0, 4))
    (found,) = told(item).outcome.detected
    assert (found.sku, found.territory, found.days_without_movement) == ("SKU-0", "T0", 75)
    assert found.dead_stock_score == 80.0
    assert found.financial_impact_paise == 100_000 + 8_877 + 5_918 - 20_000
    assert found.recommended_actions == ("discount", "return_to_company", "hold", "donate", "destroy")


def test_the_largest_loss_is_told_first_and_ties_go_by_name():
    items = [Item((Lot(pieces),), sku=sku) for sku, pieces in (("C", 5), ("B", 9), ("A", 5))]
    assert [one.sku for one in told(*items).outcome.detected] == ["B", "A", "C"]


def test_dead_stock_that_is_expected_to_sell_is_told_with_holding_as_the_only_advice():
    (found,) = told(Item((Lot(10),), weekly=7, sold=61)).outcome.detected
    assert found.recommended_actions == ("hold",)
    assert found.financial_impact_paise == 0


def test_expired_stock_is_advised_to_go_back_or_to_be_destroyed_and_nothing_else():
    (found,) = told(Item((Lot(life=-1, return_bp=9_000, return_days=0),))).outcome.detected
    assert found.recommended_actions == ("return_to_company", "destroy")


def test_what_is_near_but_not_dead_is_passed_over_with_its_numbers():
    items = (
        Item(sku="slow", sold=40, weekly=70, lots=(Lot(50),)),
        Item(sku="sold", liquidating=True),
        Item(sku="well", sold=1, weekly=70, lots=(Lot(50),)),
    )
    decision = told(*items)
    reasons = {one.subject: one.code for one in decision.passed_over}
    assert reasons == {"item:slow:T0": "not_dead_yet", "item:sold:T0": "liquidating"}
    slow = next(one for one in decision.passed_over if one.subject == "item:slow:T0")
    assert slow.numbers["days_without_movement"] == 40
    assert slow.numbers["cover_days"] == 5.0
    assert "60 days" in slow.reason


def test_only_the_worst_are_passed_over_one_by_one_and_the_rest_is_counted():
    items = [Item(sku=f"S{idle}", sold=idle, weekly=70, lots=(Lot(50),)) for idle in range(30, 50)]
    decision = told(*items, policy=MonitoringPolicy(passed_over_limit=3))
    assert [one.subject for one in decision.passed_over] == ["item:S49:T0", "item:S48:T0", "item:S47:T0"]
    assert decision.counts["passed_over"] == 20
    assert decision.counts["passed_over_more"] == 17
    assert told(*items, policy=MonitoringPolicy(passed_over_limit=0)).passed_over == ()


def test_counts_cover_every_item_and_position_and_nothing_is_proposed():
    decision = told(Item((Lot(), Lot(batch=2))), Item((), sku="SKU-1"), Item(sku="SKU-2", liquidating=True))
    assert decision.proposals == ()
    assert decision.counts == {
        "items": 3,
        "positions": 3,
        "detected": 1,
        "active": 1,
        "slow_moving": 0,
        "dead": 1,
        "liquidating": 1,
        "passed_over": 1,
        "passed_over_more": 0,
    }


def test_no_stock_at_all_is_a_decision_too():
    empty = stock(Item(()))
    assert monitoring.decide(empty, POLICY).counts["positions"] == 0


@settings(max_examples=100, deadline=None)
@given(stock_snapshots(), monitoring_policies(), st.randoms(use_true_random=False))
def test_the_order_in_which_stock_is_told_changes_nothing(snapshot, policy, dice):
    items, positions = list(range(snapshot.items)), list(range(snapshot.positions))
    dice.shuffle(items)
    dice.shuffle(positions)
    # lots that are alike in all that FEFO orders by are interchangeable: keep them apart
    snapshot = replace(snapshot, batch_id=np.arange(snapshot.positions))
    one = monitoring.decide(snapshot, policy)
    other = monitoring.decide(rearranged(snapshot, items, positions), policy)
    assert one.outcome.detected == other.outcome.detected
    assert one.passed_over == other.passed_over
    assert one.counts == other.counts
    assert (one.outcome.scores.parts[items] == other.outcome.scores.parts).all()
    assert (one.outcome.loss_paise[items] == other.outcome.loss_paise).all()
    assert (one.outcome.exposure.at_risk[positions] == other.outcome.exposure.at_risk).all()
    assert (one.outcome.ways.components[:, :, positions] == other.outcome.ways.components).all()


@settings(max_examples=30, deadline=None)
@given(stock_snapshots(), monitoring_policies())
def test_the_same_facts_lead_to_the_same_decision_and_are_left_as_they_were(snapshot, policy):
    before = snapshot_digest(snapshot)
    first, second = (monitoring.decide(snapshot, policy) for _ in range(2))
    assert first.outcome.detected == second.outcome.detected
    assert sha256_of(first.passed_over) == sha256_of(second.passed_over)
    assert (first.outcome.ways.net == second.outcome.ways.net).all()
    assert snapshot_digest(snapshot) == before


@settings(max_examples=100, deadline=None)
@given(stock_snapshots(min_positions=1), monitoring_policies())
def test_advice_is_open_ways_only_and_items_hold_the_sums_of_their_positions(snapshot, policy):
    outcome = monitoring.decide(snapshot, policy).outcome
    for one in outcome.detected:
        item = next(
            n
            for n in range(snapshot.items)
            if snapshot.skus[snapshot.item_sku[n]] == one.sku
            and snapshot.territories[snapshot.item_territory[n]] == one.territory
        )
        mine = (snapshot.position_item == item) & (outcome.lots.quantity > 0)
        is_open = {name for n, name in enumerate(WAYS) if outcome.ways.available[n, mine].any()}
        assert set(one.recommended_actions) == (is_open or {"hold"})
    assert outcome.on_hand.sum() == snapshot.on_hand.sum()
    assert outcome.value_paise.sum() == (snapshot.on_hand * snapshot.cost_paise).sum()
    assert outcome.at_risk.sum() == outcome.exposure.at_risk.sum()


# --- Analysis


def history(daily) -> DemandSnapshot:
    keys = tuple((f"SKU-{n}", "T0") for n in range(len(daily)))
    return DemandSnapshot(
        as_of=AS_OF, series_keys=keys, demand=daily, in_stock=np.ones(np.shape(daily), bool)
    )


def test_analysis_counts_its_series_by_pattern_and_keeps_its_forecast():
    chance = np.random.default_rng(1)
    decision = analysis.decide(history(chance.poisson([[9], [9], [0]], (3, 300))), AnalysisPolicy())
    assert decision.counts["series"] == 3
    assert (decision.counts["smooth"], decision.counts["silent"]) == (2, 1)
    assert decision.counts["scored"] == 12
    assert decision.outcome.weekly_mean[:2].mean() == pytest.approx(63, rel=0.1)
    assert decision.proposals == ()


def test_analysis_says_that_a_short_history_proves_nothing():
    (one,) = analysis.decide(history(np.ones((2, 60))), AnalysisPolicy()).passed_over
    assert one.code == "no_back_test"


def test_analysis_names_the_methods_that_lost_to_naive():
    """Demand that stays where it last jumped to: only the last week is worth knowing."""
    chance = np.random.default_rng(2)
    level = np.repeat(chance.integers(10, 4_000, (60, 26)), 14, axis=1)
    decision = analysis.decide(history(level), AnalysisPolicy(back_test_weeks=1, seasonal=False))
    found = decision.outcome
    chosen = {score.pattern: score.method for score in found.scores if score.chosen}
    lost = {one.subject for one in decision.passed_over if one.code == "lost_to_naive"}
    assert lost == {f"method:{pattern}" for pattern, _ in found.lost}
    assert all(chosen[pattern] == "naive" for pattern, _ in found.lost)


# --- events


def test_events_go_out_under_the_names_of_the_design_document():
    event = DeadStockDetected("SKU-1", "T1", 81.5, 75, 9_550, ("discount", "hold"))
    assert outward(event) == {
        "sku": "SKU-1",
        "territory": "T1",
        "deadStockScore": 81.5,
        "daysWithoutMovement": 75,
        "financialImpact": "95.50",
        "recommendedActions": ["discount", "hold"],
    }
    assert (event.name, event.version) == ("DeadStockDetected", 1)
    assert outward(InventoryUpdated("SKU-1", "T1", -4, 96))["onHand"] == 96
