"""Property 1: what is flagged as dead meets the distributor's thresholds, and nothing else is."""

from __future__ import annotations

from hypothesis import example, given, settings

from inventory.agent import monitoring
from inventory.contracts import STATUSES, MonitoringPolicy, StockStatus
from tests.inventory.stock import Item, Lot, stock
from tests.strategies import TODAY, monitoring_policies, stock_snapshots

LONGEST = 9_999


def criteria(snapshot, item: int) -> tuple[int, int, float] | None:
    """Days here, days without movement and days of cover of one item, in plain arithmetic."""
    rows = [n for n in range(snapshot.positions) if snapshot.position_item[n] == item]
    there = [n for n in rows if snapshot.on_hand[n] > 0]
    if not there:
        return None
    received = min(int(snapshot.first_receipt_day[n]) for n in there)
    moved = max(int(snapshot.last_sale_day[item]), received)
    usable = sum(
        int(snapshot.on_hand[n] - snapshot.reserved[n]) for n in there if snapshot.expiry_day[n] >= TODAY
    )
    daily = sum(snapshot.weekly_mean[item].tolist()) / 13 / 7
    cover = usable / daily if daily * LONGEST > usable else LONGEST if usable else 0.0
    return min(TODAY - received, LONGEST), min(TODAY - moved, LONGEST), cover


def expected_status(snapshot, item: int, policy) -> StockStatus:
    found = criteria(snapshot, item)
    if found is None:
        return StockStatus.ACTIVE
    here, idle, cover = found
    if snapshot.liquidating[item]:
        return StockStatus.LIQUIDATING
    dead, slow = policy.dead_stock_threshold, policy.slow_moving_threshold
    if here >= dead and (idle >= dead or cover >= policy.cover_days_dead):
        return StockStatus.DEAD
    if here >= slow and (idle >= slow or cover >= policy.cover_days_slow):
        return StockStatus.SLOW_MOVING
    return StockStatus.ACTIVE


def at_the_edge(days: int, pieces: int):
    """Stock that has not sold for `days` and covers `pieces` / 10 days of demand."""
    return stock(Item((Lot(pieces, received=400),), weekly=70, sold=days))


@settings(max_examples=120, deadline=None)
@given(stock_snapshots(min_positions=1), monitoring_policies())
@example(at_the_edge(60, 10), MonitoringPolicy())
@example(at_the_edge(59, 10), MonitoringPolicy())
@example(at_the_edge(0, 1_800), MonitoringPolicy())
@example(at_the_edge(0, 1_799), MonitoringPolicy())
@example(stock(Item((Lot(received=60),))), MonitoringPolicy())
@example(stock(Item((Lot(received=59),))), MonitoringPolicy())
def test_flagged_items_meet_the_thresholds_and_no_others_are_flagged(snapshot, policy):
    """Feature: vyapar-sahayak-distributor, Property 1: Dead Stock Detection Accuracy.

    For any inventory dataset with sales history, when the system analyzes slow-moving patterns, all
    items flagged as dead stock should meet the configured threshold criteria for movement velocity
    and time periods.
    """
    outcome = monitoring.decide(snapshot, policy).outcome
    flagged = {(one.sku, one.territory): one for one in outcome.detected}
    for item in range(snapshot.items):
        status = expected_status(snapshot, item, policy)
        assert STATUSES[outcome.status[item]] is status
        key = (
            snapshot.skus[snapshot.item_sku[item]],
            snapshot.territories[snapshot.item_territory[item]],
        )
        fresh = status is StockStatus.DEAD and STATUSES[snapshot.prior_status[item]] is not StockStatus.DEAD
        assert (key in flagged) == fresh
        if fresh:
            assert flagged[key].days_without_movement == criteria(snapshot, item)[1]
