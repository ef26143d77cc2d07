"""Property 2: what is nearer to its expiry comes first."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from inventory.contracts import NO_DAY, SCORE_WEIGHTS, MonitoringPolicy, StockSnapshot
from inventory.risk import expiry_part, motion, score
from tests.strategies import AS_OF, TODAY, expiry_days, monitoring_policies, stock_snapshots

LIVES = st.one_of(st.sampled_from([0, 1, 89, 90, 91, NO_DAY]), st.integers(0, 800))


def alike_but_for_life(lives: list[int]) -> StockSnapshot:
    """Items with the same stock and sales, each with one batch of the given days of life."""
    count = len(lives)
    return StockSnapshot(
        as_of=AS_OF,
        skus=tuple(f"SKU-{n}" for n in range(count)),
        territories=("T0",),
        locations=("G1",),
        item_sku=np.arange(count),
        item_territory=np.zeros(count),
        last_sale_day=np.full(count, TODAY - 20),
        weekly_mean=np.ones((count, 13)),
        position_item=np.arange(count),
        location=np.zeros(count),
        batch_id=np.arange(count),
        on_hand=np.full(count, 120),
        cost_paise=np.full(count, 1_000),
        mrp_paise=np.full(count, 1_500),
        net_price_paise=np.full(count, 1_200),
        expiry_day=[NO_DAY if life == NO_DAY else TODAY + life for life in lives],
        first_receipt_day=np.full(count, TODAY - 200),
    )


@settings(max_examples=120, deadline=None)
@given(st.lists(LIVES, min_size=2, max_size=12), st.integers(1, 730), st.integers(1, 100))
@example([90, 91, 89, 0, NO_DAY], 90, 20)
def test_items_nearer_to_expiry_within_the_horizon_score_higher(lives, horizon, weight):
    """Feature: vyapar-sahayak-distributor, Property 2: Expiry-Based Prioritization.

    For any set of inventory items with varying expiry dates, items approaching the configured expiry
    horizon should receive higher priority scores than items with longer shelf life.
    """
    weights = dict.fromkeys(SCORE_WEIGHTS, 0) | {"expiry": weight, "movement": 100 - weight}
    policy = MonitoringPolicy(expiry_horizon_days=horizon, score_weights=weights)
    snapshot = alike_but_for_life(lives)
    found = score(snapshot, motion(snapshot), policy).milli
    for one, life in enumerate(lives):
        for other, longer in enumerate(lives):
            if life < longer and life <= horizon:
                assert found[one] > found[other]
            elif life < longer:
                assert found[one] == found[other]


@settings(max_examples=100, deadline=None)
@given(stock_snapshots(min_positions=2), monitoring_policies())
def test_in_any_stock_the_expiry_part_never_falls_as_expiry_nears(snapshot, policy):
    """Feature: vyapar-sahayak-distributor, Property 2: Expiry-Based Prioritization, in mixed stock."""
    assume(policy.score_weights["expiry"] > 0)
    points = expiry_part(snapshot, policy)
    left = snapshot.expiry_day - TODAY
    order = np.argsort(left, kind="stable")
    assert (np.diff(points[order]) <= 0).all()
    assert ((points > 0) == (left <= policy.expiry_horizon_days)).all()


@settings(max_examples=100, deadline=None)
@given(expiry_days(), monitoring_policies())
def test_the_expiry_part_stays_within_its_weight(day, policy):
    """Feature: vyapar-sahayak-distributor, Property 2: Expiry-Based Prioritization, bounds."""
    snapshot = alike_but_for_life([NO_DAY if day == NO_DAY else day - TODAY])
    assert 0 <= expiry_part(snapshot, policy)[0] <= policy.score_weights["expiry"] * 1_000
