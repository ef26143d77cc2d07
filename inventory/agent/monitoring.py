"""The Monitoring agent: how stock moves, what is at risk, what newly became dead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.agent.told import detected, passed_over
from inventory.contracts.arrays import Ints
from inventory.contracts.events import STATUSES, DeadStockDetected
from inventory.contracts.policy import MonitoringPolicy
from inventory.contracts.stock import StockSnapshot
from inventory.impact import Loss, Lots, PricedBook, WaysOut, price_book
from inventory.impact.lanes import BestLane, best_lane
from inventory.risk import (
    Exposure,
    Motion,
    Scores,
    exposure,
    motion,
    score,
    status,
)
from vyapar.kernel.decision import Decision


@dataclass(frozen=True, slots=True, eq=False)
class MonitoringOutcome:
    """What the agent found, in the order of the snapshot's items and positions.

    - `status`: (items,) index into `STATUSES`; `motion`, `scores`: of items.
    - `on_hand`, `reserved`: (items,) pieces; `value_paise`: (items,) on hand at cost.
    - `exposure`: of positions; `lots`: of positions too, one lot each, whose quantity is what needs a
      way out: `at_risk` pieces, or all free pieces when expired. `priced`: the ways of those with any.
    - `lane`: of positions, the lane behind `transfer`.
    - `at_risk`, `at_risk_paise` (at cost), `loss_paise`: (items,) sums.
    - `detected`: items that newly became dead, the largest loss first.
    """

    status: NDArray[np.int8]
    motion: Motion
    scores: Scores
    on_hand: Ints
    reserved: Ints
    value_paise: Ints
    exposure: Exposure
    lots: Lots
    priced: PricedBook
    lane: BestLane
    at_risk: Ints
    at_risk_paise: Ints
    loss_paise: Ints
    detected: tuple[DeadStockDetected, ...]

    @property
    def ways(self) -> WaysOut:
        """The ways of all positions, put together anew each time it is asked for."""
        return self.priced.all_ways()

    @property
    def loss(self) -> Loss:
        """The losses of all positions, put together anew each time it is asked for."""
        return self.priced.all_losses()


def decide(snapshot: StockSnapshot, policy: MonitoringPolicy) -> Decision:
    """A decision whose outcome is a `MonitoringOutcome`; it proposes nothing.

    Passed over are items that are not active and yet not newly dead, the highest scores first, each
    with its reason; how many more there are is in `counts`, with items by status.
    """
    moves, risks = motion(snapshot), exposure(snapshot, policy)
    scores, codes = score(snapshot, moves, policy), status(snapshot, moves, policy)
    lots, lane = lots_of(snapshot, risks, policy)
    priced = price_book(lots, policy)
    loss_paise = snapshot.per_item(priced.spread(priced.loss.total))
    told = detected(snapshot, codes, moves, scores, priced, loss_paise)
    over, more = passed_over(snapshot, codes, moves, scores, policy)
    outcome = MonitoringOutcome(
        status=codes,
        motion=moves,
        scores=scores,
        on_hand=snapshot.per_item(snapshot.on_hand),
        reserved=snapshot.per_item(snapshot.reserved),
        value_paise=snapshot.per_item(snapshot.on_hand * snapshot.cost_paise),
        exposure=risks,
        lots=lots,
        priced=priced,
        lane=lane,
        at_risk=snapshot.per_item(risks.at_risk),
        at_risk_paise=snapshot.per_item(risks.at_risk * snapshot.cost_paise),
        loss_paise=loss_paise,
        detected=told,
    )
    counts = {"items": snapshot.items, "positions": snapshot.positions, "detected": len(told)}
    counts |= {name.value: int((codes == code).sum()) for code, name in enumerate(STATUSES)}
    counts |= {"passed_over": len(over) + more, "passed_over_more": more}
    return Decision(passed_over=over, outcome=outcome, counts=counts)


def lots_of(snapshot: StockSnapshot, risks: Exposure, policy: MonitoringPolicy) -> tuple[Lots, BestLane]:
    """What needs a way out in each position, and the lane it could take."""
    quantity = np.where(risks.expired, snapshot.free, risks.at_risk)
    days = np.where(risks.expired, 0, risks.leave_days)
    perishes = risks.sell_days <= policy.cover_days_dead
    lane = best_lane(
        snapshot,
        np.arange(snapshot.positions),
        quantity=quantity,
        days=days,
        perishes=perishes,
        usable=risks.usable,
        rates=policy,
    )
    lots = Lots(
        quantity=quantity,
        days=days,
        perishes=perishes,
        expired=risks.expired,
        life_days=risks.days_to_expiry,
        cost=snapshot.cost_paise,
        price=snapshot.net_price_paise,
        itc=snapshot.itc_paise,
        grams=snapshot.weight_grams,
        held_sold=risks.held_sold,
        moved_sold=lane.sold,
        moved_days=lane.days,
        moved_paise_per_kg=lane.paise_per_kg,
        crosses=lane.crosses,
        return_bp=snapshot.return_bp,
        return_open=snapshot.return_until_day >= snapshot.today,
        claim_room=snapshot.claim_room_paise,
        claim_success_bp=snapshot.claim_success_bp,
        claim_days=snapshot.claim_days,
    )
    return lots, lane


def merge(decisions: Sequence[Decision], policy: MonitoringPolicy) -> Decision:
    """The decisions over parts of a book as the one over the whole: counts added, the worst passed over."""
    over = [one for decision in decisions for one in decision.passed_over]
    over.sort(key=lambda one: (-float(one.numbers["score"]), tuple(one.subject.split(":")[1:])))
    kept = tuple(over[: policy.passed_over_limit])
    counts: dict[str, int] = {}
    for decision in decisions:
        for name, count in decision.counts.items():
            counts[name] = counts.get(name, 0) + count
    counts["passed_over_more"] = counts.get("passed_over", 0) - len(kept)
    return Decision(passed_over=kept, counts=counts)
