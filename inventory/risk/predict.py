"""The chance of no sale: learnt from a distributor's own past, judged on days it has not seen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from inventory.contracts.arrays import Flags, Floats
from inventory.contracts.history import SalesHistory
from inventory.contracts.prediction import HORIZONS, PredictionPolicy
from inventory.risk.ensemble import Ensemble, train
from inventory.risk.features import (
    ITEM_COLUMNS,
    ITEM_LEANING,
    ITEM_UPRIGHT,
    PAIR_COLUMNS,
    PAIR_LEANING,
    PAIR_UPRIGHT,
    Features,
    item_features,
    pair_features,
    sells_within,
)

#: Days between two mornings that are learnt from (items are few), how many of them at most, and how
#: much past each must have behind it: half of it where there would be none.
_STEP = {"item": 15, "outlet": 30}
_MORNINGS, _BEFORE = 14, 120
#: A difference of average precision that is chance and not a loss.
TOLERANCE = 0.01
_BINS = 10
#: Days of past that a morning must have behind it to put the rule's chances right by, and the share of the
#: rule's own Brier score that doing so must save there: what it saves of less, a season takes back.
_RIGHTED_BEHIND, _RIGHTED_SAVES = 30, 0.1
#: The rule's chances as they are: slope and height of a line through log-odds.
AS_IT_IS = (1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Judged:
    """How well chances told the outcome of rows that nobody had learnt from.

    `auc`: area under the ROC curve; `ap`: average precision of "no sale"; `brier`: mean squared
    error; `off`: mean distance between what was told and what happened, by tenths of the rows.
    """

    rows: int
    cases: int
    auc: float
    ap: float
    brier: float = 0.0
    off: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Horizon:
    """What is known about one number of days ahead.

    `method` is `ensemble` or `rule`; why it is the rule stands in `reason` (`short`, `few_cases`,
    `lost_to_rule`). `judged`: of the ensemble; `rules`: of "days since last sale", "few orders" and the
    rule that stands in, on the same rows. `reliability`: (told, happened, rows) of tenths of the rows,
    lowest first. `righted`: the line by which the rule's log-odds are put right where it stands in.
    """

    days: int
    method: str
    reason: str = ""
    ensemble: Ensemble | None = None
    judged: Judged | None = None
    rules: dict[str, Judged] = field(default_factory=dict)
    reliability: tuple[tuple[float, float, int], ...] = ()
    righted: tuple[float, float] = AS_IT_IS

    @property
    def wins(self) -> bool:
        """Whether the ensemble ranks better than every rule: a larger area, and no loss of precision."""
        if (told := self.judged) is None:
            return False
        return all(told.auc > one.auc and told.ap > one.ap - TOLERANCE for one in self.rules.values())


@dataclass(frozen=True, slots=True, eq=False)
class Learnt:
    """What was learnt of one level, `item` or `outlet`: one `Horizon` each of `HORIZONS`.

    `typical`: (columns,) the middle position of the last morning, which reasons compare with.
    """

    level: str
    history_days: int
    rows: int
    horizons: tuple[Horizon, ...]
    typical: Floats


def columns(level: str) -> dict[str, int]:
    """Names of a level's columns, with the way in which each may move the chance."""
    return ITEM_COLUMNS if level == "item" else PAIR_COLUMNS


def features(history: SalesHistory, level: str, cut: int, chosen: NDArray[np.intp] | None = None) -> Features:
    """What was known on the morning of a day; of the rows `chosen`, where given."""
    of = item_features if level == "item" else pair_features
    return of(history, cut, chosen)


def learn(
    history: SalesHistory,
    level: str,
    policy: PredictionPolicy,
    seed: int,
    horizons: tuple[int, ...] = HORIZONS,
) -> Learnt:
    """Learn every horizon of a level, the shortest first.

    Outcomes need days: for `n` days ahead the last morning whose outcome is known lies `n` days back.
    It is the judge; the morning `n` days before calibrates, and those before that are learnt from, so
    no outcome reaches into a later part. What is put to use is learnt once more, one part later.
    """
    past = _Mornings(history, level, policy, seed)
    found = tuple(_horizon(past, days, policy, seed) for days in horizons)
    return Learnt(level, history.days, past.rows, found, past.typical())


def chances(learnt: Learnt, known: Features) -> Floats:
    """(rows, horizons) chance of no sale; a longer wait never makes it larger."""
    told = [_told(one, known) for one in learnt.horizons]
    return np.minimum.accumulate(np.stack(told, axis=1), axis=1)


def by_rule(known: Features, days: int) -> Floats:
    """(rows,) chance of no sale if purchases went on at the pace so far, the last silence counted in:
    a Poisson stream of one order per `wait`.
    """
    return by_pace(1.0 / known.plain["wait"], days)


def by_pace(daily: Floats, days: int) -> Floats:
    """(rows,) chance of no order in so many days of a Poisson stream; without orders, of half an order
    in 180 + 30 days.
    """
    return np.asarray(np.exp(-days * np.where(daily > 0, daily, 0.5 / 210.0)))


def judge(told: Floats, outcome: Flags) -> Judged:
    """Chances against outcomes, both of them present."""
    reliability = reliability_of(told, outcome)
    off = sum(abs(a - b) * rows for a, b, rows in reliability) / max(outcome.size, 1)
    return Judged(
        rows=int(outcome.size),
        cases=int(outcome.sum()),
        auc=float(roc_auc_score(outcome, told)),
        ap=float(average_precision_score(outcome, told)),
        brier=float(((told - outcome) ** 2).mean()),
        off=float(off),
    )


def reliability_of(told: Floats, outcome: Flags) -> tuple[tuple[float, float, int], ...]:
    """(told, happened, rows) of tenths of the rows, the lowest chances first."""
    parts = [part for part in np.array_split(np.argsort(told, kind="stable"), _BINS) if part.size]
    return tuple((float(told[one].mean()), float(outcome[one].mean()), int(one.size)) for one in parts)


def rule_scores(known: Features) -> dict[str, Floats]:
    """(rows,) by plain rule, the higher the likelier no sale: long since the last sale; few orders in a
    year; and what stands in for what is learnt, the longest wait.
    """
    plain = known.plain
    return {"idle": plain["idle"], "few_orders": -plain["orders_365"], "wait": plain["wait"]}


def judged_rules(known: Features, outcome: Flags) -> dict[str, Judged]:
    """The plain rules on the same rows."""
    return {
        name: Judged(
            int(outcome.size), int(outcome.sum()),
            float(roc_auc_score(outcome, score)), float(average_precision_score(outcome, score)),
        )
        for name, score in rule_scores(known).items()
    }  # fmt: skip


def is_worse(
    candidate: Learnt, now: Learnt, history: SalesHistory, policy: PredictionPolicy, seed: int
) -> bool:
    """Whether a candidate ranks the judges' rows worse than what is in force, over all horizons."""
    past = _Mornings(history, candidate.level, policy, seed)
    lost = []
    for new, old in zip(candidate.horizons, now.horizons, strict=True):
        if new.judged is None or old.ensemble is None:
            continue
        known, outcome = past.morning(history.days - new.days, new.days)
        if known.table.shape[1] == old.ensemble.centre.size and outcome.any() and not outcome.all():
            lost.append(judge(old.ensemble.chance(known.table), outcome).ap - new.judged.ap)
    return bool(lost) and float(np.mean(lost)) > TOLERANCE


# --- parts ---------------------------------------------------------------------------------


class _Mornings:
    """What was known on past mornings, each looked up once; of a sample of rows where there are many."""

    def __init__(self, history: SalesHistory, level: str, policy: PredictionPolicy, seed: int) -> None:
        self.history, self.level = history, level
        self.rows = history.items if level == "item" else history.pairs
        self._chosen: NDArray[np.intp] | None = None
        if self.rows > policy.sample_rows:
            order = np.random.default_rng(seed).permutation(self.rows)
            self._chosen = np.sort(order[: policy.sample_rows])
        self._known: dict[int, Features] = {}

    def known(self, cut: int) -> Features:
        if cut not in self._known:
            self._known[cut] = features(self.history, self.level, cut, self._chosen)
        return self._known[cut]

    def morning(self, cut: int, days: int) -> tuple[Features, Flags]:
        """What was known, and whether nothing sold in the days after."""
        known = self.known(cut)
        sold = sells_within(self.history, cut, days, pairs=self.level == "outlet")
        return known, ~sold[known.rows]

    def typical(self) -> Floats:
        """(columns,) the middle of today's rows; 0 where nothing is known."""
        table = self.known(self.history.days).table
        middle = np.zeros(table.shape[1])
        for place in range(table.shape[1]):
            column = table[:, place]
            if (there := ~np.isnan(column)).any():
                middle[place] = np.median(column[there])
        return middle


def _told(one: Horizon, known: Features) -> Floats:
    if one.ensemble is None or one.method == "rule":
        return _along(one.righted, by_rule(known, one.days))
    return one.ensemble.chance(known.table)


def _horizon(past: _Mornings, days: int, policy: PredictionPolicy, seed: int) -> Horizon:
    found = _learnt(past, days, policy, seed)
    return found if found.method == "ensemble" else replace(found, righted=_righted(past, days, policy))


def _learnt(past: _Mornings, days: int, policy: PredictionPolicy, seed: int) -> Horizon:
    whole = past.history.days
    if whole < policy.least_days or whole - 3 * days < _BEFORE // 2:
        return Horizon(days, "rule", "short")
    test, outcome = past.morning(whole - days, days)
    trial = _fit(past, whole - 2 * days, days, policy, seed)
    if trial is None or min(outcome.sum(), (~outcome).sum()) < policy.least_cases // 8:
        return Horizon(days, "rule", "few_cases")
    told = trial.chance(test.table)
    rules, bars = judged_rules(test, outcome), reliability_of(told, outcome)
    found = Horizon(days, "ensemble", "", trial, judge(told, outcome), rules, bars)
    if not found.wins:
        return replace(found, method="rule", reason="lost_to_rule", ensemble=None)
    return replace(found, ensemble=_fit(past, whole - days, days, policy, seed) or trial)


def _righted(past: _Mornings, days: int, policy: PredictionPolicy) -> tuple[float, float]:
    """The line that fits the rule to the last morning whose outcome is known (Platt 1999); it never turns
    their order round, and with few cases, or where it saves little, the rule stands as it is.

    Goods are bought in runs and then no more, which a steady stream of orders knows nothing of.
    """
    cut = past.history.days - days
    if cut < _RIGHTED_BEHIND:
        return AS_IT_IS
    known, happened = past.morning(cut, days)
    if min(happened.sum(), (~happened).sum()) < policy.least_cases:
        return AS_IT_IS
    told = by_rule(known, days)
    fit = LogisticRegression(C=1e6).fit(_log_odds(told)[:, None], happened)
    line = float(fit.coef_[0, 0]), float(fit.intercept_[0])
    left, before = (float(((one - happened) ** 2).mean()) for one in (_along(line, told), told))
    return line if line[0] > 0 and left <= (1 - _RIGHTED_SAVES) * before else AS_IT_IS


def _along(line: tuple[float, float], told: Floats) -> Floats:
    """Chances whose log-odds lie on a line of those told."""
    if line == AS_IT_IS:
        return told
    return np.asarray(special.expit(line[0] * _log_odds(told) + line[1]))


def _log_odds(chance: Floats) -> Floats:
    return np.asarray(special.logit(np.clip(chance, 1e-12, 1 - 1e-12)))


def _fit(past: _Mornings, last: int, days: int, policy: PredictionPolicy, seed: int) -> Ensemble | None:
    """Calibrated on morning `last`, learnt from mornings whose outcomes were known by then."""
    step = _STEP[past.level]
    mornings = [cut for n in range(_MORNINGS) if (cut := last - days - n * step) >= _BEFORE]
    parts = [past.morning(cut, days) for cut in mornings or [last - days]]
    table = np.concatenate([known.table for known, _ in parts])
    outcome = np.concatenate([one for _, one in parts])
    cases = min(outcome.sum(), (~outcome).sum())
    if cases < policy.least_cases // 4:
        return None
    if outcome.size > policy.sample_rows:
        chosen = np.sort(np.random.default_rng(seed).permutation(outcome.size)[: policy.sample_rows])
        table, outcome = table[chosen], outcome[chosen]
    known, happened = past.morning(last, days)
    names = list(columns(past.level))
    leaning = [names.index(name) for name in (ITEM_LEANING if past.level == "item" else PAIR_LEANING)]
    ways = list(columns(past.level).values())
    bound = ITEM_UPRIGHT if past.level == "item" else PAIR_UPRIGHT
    upright = tuple(names.index(name) for name in bound)
    plain = bool(cases < policy.least_cases)
    return train(table, outcome, ways, leaning, (known.table, happened), seed, plain=plain, upright=upright)
