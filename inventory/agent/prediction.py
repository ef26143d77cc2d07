"""The Prediction agent: what will not sell, why it lies there, what stands at outlets, classes of goods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from inventory.agent.monitoring import lots_of
from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.events import STATUSES, StockStatus
from inventory.contracts.history import SalesHistory
from inventory.contracts.policy import MonitoringPolicy
from inventory.contracts.prediction import HORIZONS, LEVELS, PredictionPolicy
from inventory.contracts.stock import StockSnapshot
from inventory.risk import Exposure, exposure, motion, status
from inventory.risk.cause import CauseFacts, Causes, causes
from inventory.risk.deadlines import LastDays, last_days
from inventory.risk.lives import minimum_lives
from inventory.risk.matrix import Matrix, matrix
from inventory.risk.outlets import Standing, standing
from inventory.risk.predict import Horizon, Learnt, by_pace, chances, features, is_worse, learn
from inventory.risk.reasons import Reason, reasons
from vyapar.kernel.decision import Decision, PassedOver
from vyapar.kernel.phrases import phrase as _

#: Chance comes into samples and trees alone; the same seed learns the same.
SEED = 20_260_401


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PastSnapshot:
    """What was sold, item by item and outlet by outlet; everything that can be learnt from.

    - `weekly`, `value_paise`: (items, weeks) pieces and (items,) sales value of the last year;
      `item_territory`, `item_sku`: (items,) numbers.
    - `now`: what was learnt and is in force, by level, and its `versions`; `relearn`: whether it is time
      to learn anew.
    """

    history: SalesHistory
    weekly: Floats
    value_paise: Ints
    item_sku: Ints
    item_territory: Ints
    now: Mapping[str, Learnt] = field(metadata={"known_by": "versions"})
    versions: Mapping[str, int]
    relearn: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ShelfSnapshot:
    """What lies on the shelves, of all SKUs or of some: no SKU needs to know of another's.

    - `case_pack`: (items of the stock,) pieces of a case. `facts`: of the stock's positions.
    - `monitoring`: the thresholds in force.
    """

    stock: StockSnapshot
    case_pack: Ints
    facts: CauseFacts
    monitoring: MonitoringPolicy


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OutlookSnapshot:
    """What the agent reads; a part of a large cycle has the past, or some of the shelves."""

    past: PastSnapshot | None
    shelf: ShelfSnapshot | None


@dataclass(frozen=True, slots=True, eq=False)
class PastOutlook:
    """What the agent concludes from what was sold.

    - `learnt`: by level, what is in force now; `candidates`: what was learnt today, with the reason it
      is not in force (empty: it is).
    - `item_chance`: (items, 3), `item_reasons`; `pair_rows`, `pair_chance`: (rows,), (rows, 3).
    - `within`, `overall`: classes of items in their territory, and of their SKUs.
    - `standing`: of pairs.
    """

    learnt: Mapping[str, Learnt]
    candidates: Mapping[str, tuple[Learnt, str]]
    item_chance: Floats
    item_reasons: list[tuple[Reason, ...]]
    pair_rows: Ints
    pair_chance: Floats
    within: Matrix
    overall: Matrix
    standing: Standing


@dataclass(frozen=True, slots=True, eq=False)
class ShelfOutlook:
    """What the agent concludes about stock.

    - `overstock`: (items,) usable pieces beyond the cover, in whole cases.
    - `causes` of positions, `caused`: those that are dead, slow, at risk or expired; `last`: last days;
      `expected_paise`, `p90_paise`: unsold at expiry, at cost. `item_cause`: (items,) index into
      `CAUSES` by value, -1 without.
    """

    overstock: Ints
    causes: Causes
    caused: Flags
    item_cause: NDArray[np.int64]
    last: LastDays
    expected_paise: Ints
    p90_paise: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """Both conclusions; None for what the snapshot did not have."""

    past: PastOutlook | None
    shelf: ShelfOutlook | None


def decide(snapshot: OutlookSnapshot, policy: PredictionPolicy) -> Decision:
    """A decision whose outcome is an `Outlook`; it proposes nothing.

    Passed over are horizons for which a plain rule stands in, and what was learnt but is worse. Counts
    and passed over of all parts of a cycle, one after another, are those of the cycle in one piece.
    """
    past, shelf = None, None
    counts: dict[str, int] = {}
    over: tuple[PassedOver, ...] = ()
    if snapshot.past is not None:
        past = _of_past(snapshot.past, policy)
        over = _passed_over(past.learnt, past.candidates)
        counts |= {"items": snapshot.past.history.items, "pairs": snapshot.past.history.pairs}
        counts |= {"overdue": int(past.standing.overdue.sum())}
    if snapshot.shelf is not None:
        shelf = _of_shelf(snapshot.shelf)
        counts |= {"positions": snapshot.shelf.stock.positions, "caused": int(shelf.caused.sum())}
    return Decision(passed_over=over, outcome=Outlook(past, shelf), counts=counts)


def _of_past(snapshot: PastSnapshot, policy: PredictionPolicy) -> PastOutlook:
    history = snapshot.history
    learnt, candidates = _learnt(snapshot, policy)
    item_chance, item_reasons = _items(history, learnt["item"])
    pairs = features(history, "outlet", history.days)
    return PastOutlook(
        learnt=learnt,
        candidates=candidates,
        item_chance=item_chance,
        item_reasons=item_reasons,
        pair_rows=pairs.rows,
        pair_chance=chances(learnt["outlet"], pairs),
        within=matrix(snapshot.weekly, snapshot.value_paise, snapshot.item_territory, policy),
        overall=_overall(snapshot, policy),
        standing=standing(history, policy),
    )


def _of_shelf(snapshot: ShelfSnapshot) -> ShelfOutlook:
    stock, rules = snapshot.stock, snapshot.monitoring
    risks, moves = exposure(stock, rules), motion(stock)
    codes = status(stock, moves, rules)
    ailing = np.isin(codes, [STATUSES.index(s) for s in (StockStatus.DEAD, StockStatus.SLOW_MOVING)])
    caused = ailing[stock.position_item] | (risks.at_risk > 0) | risks.expired
    found = causes(snapshot.facts)
    return ShelfOutlook(
        overstock=_overstock(stock, risks.usable, snapshot.case_pack, rules),
        causes=found,
        caused=caused,
        item_cause=_item_causes(stock, found, caused),
        last=_last(stock, risks, rules),
        expected_paise=np.floor(risks.expected_unsold * stock.cost_paise + 0.5).astype(np.int64),
        p90_paise=risks.p90_unsold * stock.cost_paise,
    )


# --- parts ---------------------------------------------------------------------------------


def _learnt(
    snapshot: PastSnapshot, policy: PredictionPolicy
) -> tuple[dict[str, Learnt], dict[str, tuple[Learnt, str]]]:
    """What holds for each level, and what was learnt today."""
    holds, fresh = dict(snapshot.now), {}
    for level in LEVELS:
        if level in holds and not snapshot.relearn:
            continue
        new = learn(snapshot.history, level, policy, SEED)
        old = holds.get(level)
        worse = old is not None and is_worse(new, old, snapshot.history, policy, SEED)
        fresh[level] = new, "worse" if worse else ""
        if not worse:
            holds[level] = new
    return holds, fresh


def _items(history: SalesHistory, learnt: Learnt) -> tuple[Floats, list[tuple[Reason, ...]]]:
    """(items, 3) chances and reasons; what never sold goes by the rule of one half order."""
    known = features(history, "item", history.days)
    chance = np.stack([by_pace(np.zeros(history.items), days) for days in HORIZONS], axis=1)
    chance[known.rows] = chances(learnt, known)
    told: list[tuple[Reason, ...]] = [(Reason("never_sold", 0.0, {}),)] * history.items
    for row, why in zip(known.rows.tolist(), reasons(learnt, known, HORIZONS[-1]), strict=True):
        told[row] = why
    return chance, told


def _overall(snapshot: PastSnapshot, policy: PredictionPolicy) -> Matrix:
    """Classes of SKUs over all territories, told for each item."""
    skus = int(snapshot.item_sku.max(initial=-1)) + 1
    weekly, value = np.zeros((skus, snapshot.weekly.shape[1])), np.zeros(skus, np.int64)
    np.add.at(weekly, snapshot.item_sku, snapshot.weekly)
    np.add.at(value, snapshot.item_sku, snapshot.value_paise)
    found, row = matrix(weekly, value, np.zeros(skus, np.int64), policy), snapshot.item_sku
    return Matrix(found.abc[row], found.xyz[row], found.fsn[row], found.share_bp[row], found.cv[row])


def _overstock(stock: StockSnapshot, usable: Ints, case_pack: Ints, rules: MonitoringPolicy) -> Ints:
    """(items,) usable pieces that `cover_days_slow` days of demand leave, in whole cases, rounded down."""
    if not stock.items:
        return np.zeros(0, np.int64)
    wanted = np.ceil(stock.demand.daily_mean() * rules.cover_days_slow).astype(np.int64)
    over = np.maximum(stock.per_item(usable) - wanted, 0)
    return np.asarray(over // case_pack * case_pack)


def _item_causes(stock: StockSnapshot, found: Causes, caused: Flags) -> NDArray[np.int64]:
    """The cause behind most of an item's value; -1 where none of its batches has one."""
    value = np.zeros((stock.items, found.scores.shape[1]), np.int64)
    worth = np.where(caused, stock.on_hand * np.maximum(stock.cost_paise, 1), 0)
    np.add.at(value, (stock.position_item, found.cause), worth)
    return np.asarray(np.where(value.sum(axis=1) > 0, value.argmax(axis=1), -1), dtype=np.int64)


def _last(stock: StockSnapshot, risks: Exposure, rules: MonitoringPolicy) -> LastDays:
    lots, lane = lots_of(stock, risks, rules)
    table = np.full((len(stock.skus), len(stock.territories) + 1), -1, np.int64)
    table[stock.item_sku, stock.item_territory] = np.arange(stock.items)
    target = table[stock.item_sku[stock.position_item], lane.territory]
    daily = np.append(stock.demand.daily_mean() if stock.items else np.zeros(0), 0.0)
    return last_days(
        expiry_day=stock.expiry_day,
        minimum_life=minimum_lives(stock, rules, risks.days_to_expiry),
        quantity=lots.quantity,
        return_bp=stock.return_bp,
        return_until_day=stock.return_until_day,
        lane_days=np.where(lane.territory >= 0, lane.days, -1),
        lane_daily=daily[target],
        rates=rules,
    )


def _passed_over(
    learnt: Mapping[str, Learnt], candidates: Mapping[str, tuple[Learnt, str]]
) -> tuple[PassedOver, ...]:
    rules = [
        PassedOver(f"model:{level}:{one.days}", one.reason or "rule", _WHY[one.reason], _figures(one))
        for level, found in learnt.items()
        for one in found.horizons
        if one.method == "rule"
    ]
    worse = [
        PassedOver(f"model:{level}", "worse", _("what was learnt today ranks worse than what is in force"))
        for level, (_learnt_today, why) in candidates.items()
        if why
    ]
    return tuple(rules + worse)


def _figures(one: Horizon) -> dict[str, float]:
    if one.judged is None:
        return {}
    return {"auc": one.judged.auc, "ap": one.judged.ap} | {
        f"{name}_{what}": getattr(rule, what) for name, rule in one.rules.items() for what in ("auc", "ap")
    }


_WHY = {
    "short": _("history is too short to learn from and to judge by; the pace of orders stands in"),
    "few_cases": _("too few positions sold, or did not, to learn from; the pace of orders stands in"),
    "lost_to_rule": _("what was learnt ranks no better than a plain rule; the pace of orders stands in"),
    "": _("the pace of orders stands in"),
}
