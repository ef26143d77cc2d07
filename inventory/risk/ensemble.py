"""Boosted trees and two straight lines, blended and calibrated; kept as plain arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from inventory.contracts.arrays import Flags, Floats

#: Trees, leaves of each, and the least rows of a leaf: small trees, because histories are short.
TREES, LEAVES, LEAF_ROWS = 120, 15, 40
LEARNING_RATE = 0.07
#: Rows walked through the trees at a time.
_CHUNK = 65_536
_LEAST_ISOTONIC = 1_000
#: Cases of the rarer outcome on one morning from which it can say how to blend; with 130 it cannot.
_LEAST_BLEND = 2_000
#: What the leaning line takes for granted of the wait's logarithm, and how firmly, in mean log-loss for
#: a deviation of one standard deviation's worth.
_LEANS, _FIRMLY = 2.5, 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """What was learnt, without the library that learnt it.

    - Trees, (trees, nodes) each: `feature` (-1 at a leaf), `threshold`, `missing_left`, `left`, `right`,
      `value` in log-odds; `base`: (1,) the log-odds before the first tree.
    - The line: `centre`, `scale`, `weights`: (columns,), `intercept`: (1,); a missing value counts as
      the centre.
    - The leaning line: `lean`: (columns,) and `lean_base`: (1,), log-odds of a few columns that stay close
      to what the wait for the next order alone would say. With few cases there are no trees, and it is all.
    - `blend`: (4,) weights of the log-odds of trees, line and leaning line, and one: halves of trees and
      leaning line, or what later rows say where they are many; no member counts against itself.
    - `knots`, `heights`: (knots,) calibration, from the blend to the chance.
    """

    feature: NDArray[np.int16]
    threshold: Floats
    missing_left: Flags
    left: NDArray[np.int16]
    right: NDArray[np.int16]
    value: Floats
    base: Floats
    centre: Floats
    scale: Floats
    weights: Floats
    intercept: Floats
    lean: Floats
    lean_base: Floats
    blend: Floats
    knots: Floats
    heights: Floats

    def raw(self, table: Floats) -> Floats:
        """(rows,) log-odds of the blend, not calibrated. `table`: (rows, columns)."""
        return np.asarray(self.members(table) @ self.blend)

    def members(self, table: Floats) -> Floats:
        """(rows, 4) what is blended: trees, line, leaning line, one."""
        one = np.ones(table.shape[0])
        leaning = np.where(np.isnan(table), self.centre, table) @ self.lean + self.lean_base[0]
        return np.stack([_logit(self.by_trees(table)), _logit(self.by_line(table)), leaning, one], axis=1)

    def chance(self, table: Floats) -> Floats:
        """(rows,) calibrated chance, 0 to 1."""
        return np.asarray(np.interp(self.raw(table), self.knots, self.heights))

    def by_trees(self, table: Floats) -> Floats:
        """(rows,) chance by the trees alone."""
        found = [self._walk(table[at : at + _CHUNK]) for at in range(0, table.shape[0], _CHUNK)]
        return _logistic(np.concatenate(found)) if found else np.zeros(0)

    def by_line(self, table: Floats) -> Floats:
        """(rows,) chance by the line alone."""
        known = np.where(np.isnan(table), self.centre, table)
        return _logistic(((known - self.centre) / self.scale) @ self.weights + self.intercept[0])

    def _walk(self, table: Floats) -> Floats:
        """(rows,) log-odds of the trees: each splits its rows node by node, a column at a time."""
        columns = np.ascontiguousarray(table.T)
        total = np.full(table.shape[0], self.base[0])
        every = np.arange(table.shape[0])
        for tree in range(self.feature.shape[0]):
            open_nodes = [(0, every)]
            while open_nodes:
                node, rows = open_nodes.pop()
                column = int(self.feature[tree, node])
                if column < 0:
                    total[rows] += self.value[tree, node]
                    continue
                values = columns[column][rows]
                goes_left = values <= self.threshold[tree, node]
                if self.missing_left[tree, node]:
                    goes_left |= np.isnan(values)
                open_nodes.append((int(self.left[tree, node]), rows[goes_left]))
                open_nodes.append((int(self.right[tree, node]), rows[~goes_left]))
        return total


def train(
    table: Floats,
    outcome: Flags,
    ways: list[int],
    leaning: list[int],
    held: tuple[Floats, Flags],
    seed: int,
    *,
    plain: bool = False,
    upright: tuple[int, ...] = (),
) -> Ensemble:
    """Learn from (rows, columns) and (rows,), both outcomes present; calibrate on `held`, later rows.

    `ways`: per column the direction in which it alone may move the chance in the trees. `leaning`: the
    columns of the leaning line, the wait first. `plain`: the leaning line alone, as few cases ask for.
    `upright`: columns whose way binds the line of all columns too: it goes without one that leans the other.
    """
    known = ~np.isnan(table)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, table, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (table - centre) ** 2, 0.0).sum(axis=0) / count)
    scale = np.where(spread > 1e-9, spread, 1.0)
    standard = (np.where(known, table, centre) - centre) / scale
    lean, base = _leaning(standard[:, leaning], outcome, _LEANS * scale[leaning[0]])
    weights = np.zeros(table.shape[1])
    weights[leaning] = lean / scale[leaning]
    ensemble = Ensemble(
        **(
            _no_trees(outcome, table.shape[1])
            if plain
            else _learnt(table, outcome, ways, seed) | _line(standard, outcome, ways, upright)
        ),
        centre=centre, scale=scale, lean=weights, lean_base=np.array([base - centre @ weights]),
        blend=np.zeros(4), knots=np.zeros(1), heights=np.zeros(1),
    )  # fmt: skip
    members = ensemble.members(held[0])
    blend = np.array([0.0, 0.0, 1.0, 0.0]) if plain else blending(members, held[1])
    knots, heights = calibration(members @ blend, held[1])
    return replace(ensemble, blend=blend, knots=knots, heights=heights)


def blending(members: Floats, outcome: Flags) -> Floats:
    """(4,) weights of the members by a logistic fit, a member that would count against being left out;
    halves of trees and leaning line where the rows are too few to say.
    """
    halves = np.array([0.5, 0.0, 0.5, 0.0])
    if min(outcome.sum(), (~outcome).sum()) < _LEAST_BLEND:
        return halves
    weights, used = np.zeros(4), [0, 1, 2]
    while used:
        fit = LogisticRegression(C=10.0, max_iter=300).fit(members[:, used], outcome)
        if (fit.coef_[0] >= 0).all():
            weights[used], weights[3] = fit.coef_[0], fit.intercept_[0]
            return weights
        used.pop(int(np.argmin(fit.coef_[0])))
    return halves


def calibration(raw: Floats, outcome: Flags) -> tuple[Floats, Floats]:
    """Knots from log-odds to chances: Platt's curve, or isotonic steps where many rows say better.

    Better is a smaller Brier score, each half of the rows judged by the other. Without both outcomes
    the log-odds stand as they are.
    """
    grid = np.linspace(-12.0, 12.0, 97)
    if outcome.all() or not outcome.any():
        return grid, _logistic(grid)
    curve = _platt(raw, outcome, grid)
    if raw.size < _LEAST_ISOTONIC:
        return grid, curve
    half = np.arange(raw.size) % 2 == 0
    if not all(_mixed(outcome[part]) for part in (half, ~half)):
        return grid, curve
    loss = [0.0, 0.0]
    for part in (half, ~half):
        for way, fit in enumerate((_platt, _steps)):
            told = np.interp(raw[~part], grid, fit(raw[part], outcome[part], grid))
            loss[way] += float(((told - outcome[~part]) ** 2).sum())
    return grid, (_steps(raw, outcome, grid) if loss[1] < loss[0] * 0.995 else curve)


def _mixed(outcome: Flags) -> bool:
    return bool(outcome.any() and not outcome.all())


def _platt(raw: Floats, outcome: Flags, grid: Floats) -> Floats:
    fit = LogisticRegression(C=1e4, max_iter=300).fit(raw[:, None], outcome)
    slope = max(float(fit.coef_[0, 0]), 0.05)  # an order that turned round would be no calibration
    return _logistic(slope * grid + float(fit.intercept_[0]))


def _steps(raw: Floats, outcome: Flags, grid: Floats) -> Floats:
    """Isotonic steps blended with a trace of the curve, so that what ranks higher stays higher."""
    steps = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(raw, outcome.astype(float))
    return np.asarray(0.9 * steps.predict(grid) + 0.1 * _platt(raw, outcome, grid))


def _leaning(standard: Floats, outcome: Flags, prior: float) -> tuple[Floats, float]:
    """Weights of the standardised columns and the base, by a logistic fit that is held near the first
    column's `prior` and nothing of the others.
    """
    start = np.zeros(standard.shape[1] + 1)
    start[0] = prior

    def loss(at: Floats) -> tuple[float, Floats]:
        odds, away = standard @ at[:-1] + at[-1], at[:-1] - start[:-1]
        miss = _logistic(odds) - outcome
        slope = np.append(standard.T @ miss / outcome.size + 2.0 * _FIRMLY * away, miss.mean())
        return float((np.logaddexp(0.0, odds) - outcome * odds).mean() + _FIRMLY * (away**2).sum()), slope

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return found[:-1], float(found[-1])


def _line(standard: Floats, outcome: Flags, ways: list[int], upright: tuple[int, ...]) -> dict[str, Any]:
    """The line of all columns, without those of `upright` that would lean the other way."""
    line = LogisticRegression(C=0.5, max_iter=300, solver="newton-cholesky")
    weights = line.fit(standard, outcome).coef_[0]
    if leaning := [column for column in upright if weights[column] * ways[column] < 0]:
        without = standard.copy()
        without[:, leaning] = 0.0
        return _line(without, outcome, ways, tuple(set(upright) - set(leaning)))
    return {"weights": weights, "intercept": line.intercept_}


def _learnt(table: Floats, outcome: Flags, ways: list[int], seed: int) -> dict[str, Any]:
    """The trees."""
    trees = HistGradientBoostingClassifier(
        max_iter=TREES, max_leaf_nodes=LEAVES, learning_rate=LEARNING_RATE, min_samples_leaf=LEAF_ROWS,
        l2_regularization=1.0, monotonic_cst=ways, early_stopping=False, random_state=seed,
    )  # fmt: skip
    # a column that nothing is known of splits nothing
    some = (~np.isnan(table)).any(axis=0)
    with threadpool_limits(1):  # its threads wait for each other at every leaf: on busy cores for minutes
        trees.fit(np.where(some, table, 0.0), outcome)
    return _arrays(trees)


def _no_trees(outcome: Flags, columns: int) -> dict[str, Any]:
    """What stands where trees and line would, when neither is learnt: the share of the outcome."""
    share = _logit(np.array([outcome.mean()]))
    kinds = {"feature": np.int16, "missing_left": np.bool_, "left": np.int16, "right": np.int16}
    names = ("feature", "threshold", "missing_left", "left", "right", "value")
    found: dict[str, Any] = {name: np.zeros((0, 1), kinds.get(name, np.float64)) for name in names}
    return found | {"base": share, "weights": np.zeros(columns), "intercept": share}


def _arrays(trees: HistGradientBoostingClassifier) -> dict[str, Any]:
    """The library's nodes, tree beside tree; all splits are of numbers."""
    every = [stage[0].nodes for stage in trees._predictors]
    most = max(nodes.shape[0] for nodes in every)
    shape = (len(every), most)
    found: dict[str, Any] = {
        "feature": np.full(shape, -1, np.int16), "threshold": np.zeros(shape),
        "missing_left": np.zeros(shape, np.bool_), "left": np.zeros(shape, np.int16),
        "right": np.zeros(shape, np.int16), "value": np.zeros(shape),
    }  # fmt: skip
    names = ("num_threshold", "missing_go_to_left", "left", "right", "value")
    for row, nodes in enumerate(every):
        size = nodes.shape[0]
        found["feature"][row, :size] = np.where(nodes["is_leaf"], -1, nodes["feature_idx"].astype(np.int16))
        for ours, theirs in zip(("threshold", "missing_left", "left", "right", "value"), names, strict=True):
            found[ours][row, :size] = nodes[theirs]
    return found | {"base": np.ravel(trees._baseline_prediction).astype(np.float64)}


def _logistic(value: Any) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(value, -40.0, 40.0))))


def _logit(chance: Floats) -> Floats:
    safe = np.clip(chance, 1e-9, 1.0 - 1e-9)
    return np.asarray(np.log(safe / (1.0 - safe)))
