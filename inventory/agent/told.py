"""What the Monitoring agent says out loud: newly dead items, and those it looked at and left alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Ints
from inventory.contracts.events import STATUSES, DeadStockDetected, StockStatus
from inventory.contracts.policy import MonitoringPolicy
from inventory.contracts.stock import StockSnapshot
from inventory.impact import WAYS, PricedBook
from inventory.impact.ways import rank
from inventory.risk import LONGEST, Motion, Scores
from vyapar.kernel.decision import PassedOver
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _

_ACTIVE = STATUSES.index(StockStatus.ACTIVE)
_DEAD = STATUSES.index(StockStatus.DEAD)


def newly_dead(snapshot: StockSnapshot, codes: NDArray[np.int8]) -> NDArray[np.bool_]:
    """(items,), dead and not so when last recorded; what an action was selling counts as new."""
    return np.asarray((codes == _DEAD) & (snapshot.prior_status != _DEAD))


def detected(
    snapshot: StockSnapshot,
    codes: NDArray[np.int8],
    moves: Motion,
    scores: Scores,
    priced: PricedBook,
    loss_paise: Ints,
) -> tuple[DeadStockDetected, ...]:
    """The newly dead items, the largest loss first, ties by SKU and territory."""
    advice = _Advice(snapshot, priced)

    def tell(item: int) -> DeadStockDetected:
        sku, territory = names_of(snapshot, item)
        return DeadStockDetected(
            sku=sku,
            territory=territory,
            dead_stock_score=scores.points(item),
            days_without_movement=int(moves.idle_days[item]),
            financial_impact_paise=int(loss_paise[item]),
            recommended_actions=advice.of(item),
        )

    told = [tell(item) for item in np.flatnonzero(newly_dead(snapshot, codes)).tolist()]
    return tuple(sorted(told, key=lambda one: (-one.financial_impact_paise, one.sku, one.territory)))


def passed_over(
    snapshot: StockSnapshot,
    codes: NDArray[np.int8],
    moves: Motion,
    scores: Scores,
    policy: MonitoringPolicy,
) -> tuple[tuple[PassedOver, ...], int]:
    """Items that are not active but not newly dead: the worst `passed_over_limit`, and how many more."""
    near = np.flatnonzero((codes != _ACTIVE) & ~newly_dead(snapshot, codes))
    limit = policy.passed_over_limit
    worst = near
    if 0 < limit < near.size:
        least = np.partition(scores.milli[near], near.size - limit)[near.size - limit]
        worst = near[scores.milli[near] >= least]
    ranked = sorted(worst.tolist(), key=lambda item: (-int(scores.milli[item]), names_of(snapshot, item)))
    told = tuple(_passed(snapshot, n, codes, moves, scores, policy) for n in ranked[:limit])
    return told, near.size - len(told)


def names_of(snapshot: StockSnapshot, item: int) -> tuple[str, str]:
    """(sku, territory) of an item."""
    return (
        snapshot.skus[int(snapshot.item_sku[item])],
        snapshot.territories[int(snapshot.item_territory[item])],
    )


class _Advice:
    """Which ways to recommend for an item: those open to any of its lots, the best net first.

    A lot for which a way is closed counts as held, or as destroyed when it has expired.
    """

    def __init__(self, snapshot: StockSnapshot, priced: PricedBook) -> None:
        ways, item = priced.ways, snapshot.position_item[priced.needs]
        usual = ways.fallback()
        self._nets = np.zeros((len(WAYS), snapshot.items), dtype=np.int64)
        self._lots = np.zeros((len(WAYS), snapshot.items), dtype=np.int64)
        for way, is_open in enumerate(ways.available):
            np.add.at(self._nets[way], item, np.where(is_open, ways.net[way], usual))
            np.add.at(self._lots[way], item, is_open.astype(np.int64))

    def of(self, item: int) -> tuple[str, ...]:
        """Names of ways; `hold` alone where everything is expected to sell."""
        usable = [way for way in range(len(WAYS)) if self._lots[way, item]]
        usable.sort(key=lambda way: (*rank(WAYS[way], int(self._nets[way, item]), True), way))
        return tuple(WAYS[way] for way in usable) or (WAYS[0],)


def _passed(
    snapshot: StockSnapshot,
    item: int,
    codes: NDArray[np.int8],
    moves: Motion,
    scores: Scores,
    policy: MonitoringPolicy,
) -> PassedOver:
    sku, territory = names_of(snapshot, item)
    idle, cover = int(moves.idle_days[item]), round(float(moves.cover_days[item]), 1)
    code, reason = _why(STATUSES[int(codes[item])], idle, cover, policy)
    numbers = {
        "score": scores.points(item),
        "days_here": int(moves.days_here[item]),
        "days_without_movement": idle,
        "cover_days": cover,
    }
    return PassedOver(f"item:{sku}:{territory}", code, reason, numbers)


def _why(status: StockStatus, idle: int, cover: float, policy: MonitoringPolicy) -> tuple[str, str]:
    if status is StockStatus.LIQUIDATING:
        return "liquidating", _("an open action is already selling it")
    if status is StockStatus.DEAD:
        return "already_dead", _("it was dead before and has been told")
    covered = _("no expected demand") if cover >= LONGEST else _("%(days)s days of cover", days=f"{cover:g}")
    return (
        "not_dead_yet",
        ngettext(
            "%(count)s day without movement and %(covered)s: slow, but short of the %(idle)s days or "
            "%(cover)s days of cover of dead stock",
            "%(count)s days without movement and %(covered)s: slow, but short of the %(idle)s days or "
            "%(cover)s days of cover of dead stock",
            idle,
            covered=covered,
            idle=policy.dead_stock_threshold,
            cover=policy.cover_days_dead,
        ),
    )
