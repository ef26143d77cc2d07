"""One model of all series: boosted trees that say how far each level will be missed, and which way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from inventory.contracts.arrays import Codes, Floats, Ints
from inventory.forecasting.levels import mixture, moving_average, smoothed, tsb
from inventory.forecasting.season import BASE_WEEKS, YEAR, shape
from inventory.forecasting.weeks import Weeks

#: Blocks of weeks ahead that are forecast each by itself: first week and the week after the last.
BLOCKS = ((0, 4), (4, 8), (8, 13))
#: Weeks between the origins that the model learns from, and how many of them at most.
STRIDE, MOST_ORIGINS = 2, 26
#: Examples that a model learns from at most, and fewer than which it does not learn at all.
MOST_EXAMPLES, FEWEST_EXAMPLES = 45_000, 3_000
#: A level is never moved further than this factor, either way.
STRONGEST = 3.0
#: Bins of a feature.
BINS = 64
#: Weeks of history before the first origin that is learnt from.
FIRST_ORIGIN = 13
SEED = 20_260_101
#: Spread that an example's count is taken to have: above 1 / this, more pieces say no more.
SPREAD = 0.5

#: What the trees look at, in the order of their columns.
FEATURES = (
    "level", "mean_1", "mean_2", "mean_4", "mean_8", "mean_13", "mean_26", "mean_52", "weeks_since_sale",
    "selling_13", "selling_52", "variation", "age_weeks", "group_4", "group_13", "all_4", "all_13",
    "last_year", "season", "weeks_ahead",
)  # fmt: skip
_WINDOWS = (1, 2, 4, 8, 13, 26, 52)
_LEVEL = mixture(tsb(0.1, 0.2), smoothed(0.2), moving_average(8))


@dataclass(frozen=True, slots=True, eq=False)
class Boosted:
    """Trees that have learnt from `examples`.

    `edges`: per feature, where its bins part; a feature that told nothing has none and is left out.
    """

    trees: HistGradientBoostingRegressor
    edges: tuple[Floats, ...]
    examples: int

    def forecasts(self, weeks: Weeks, origins: Sequence[int], horizon: int) -> Floats:
        """(origins, series, horizon), pieces per week, from what was known before each origin week."""
        seen = _Seen(weeks, origins)
        ahead = np.zeros((len(origins), weeks.series, horizon))
        for number, origin in enumerate(origins):
            base = seen.base[number]
            for first, stop in _blocks(horizon):
                told = self.trees.predict(_binned(seen.features(number, origin, first), self.edges))
                factor = np.clip(told, 1.0 / STRONGEST, STRONGEST)
                ahead[number, :, first:stop] = (base * factor)[:, None]
        return ahead


def learn(weeks: Weeks, until: int, sku: Codes) -> Boosted | None:
    """Trees that learnt from the weeks before `until`; None when these hold too few examples.

    `sku`: (series,), numbers. A SKU's places share its offers and its fashion, so they count as one here:
    eighty shops of ten SKUs are few examples. Seeded: the same history gives the same trees. The target is
    what was sold a week over the level; the weight of an example is what a count of its size, spread as its
    series is, has to say.
    """
    origins = list(range(until - BLOCKS[0][1], FIRST_ORIGIN - 1, -STRIDE))[:MOST_ORIGINS]
    if not origins or not weeks.series:
        return None
    most = MOST_EXAMPLES // (len(origins) * len(BLOCKS))
    chance = np.random.default_rng(SEED)
    rows = np.sort(chance.permutation(weeks.series)[:most])
    if np.unique(sku[rows]).size * len(origins) * len(BLOCKS) < FEWEST_EXAMPLES:
        return None
    seen = _Seen(weeks.until(until), origins, rows)
    table = [_examples(seen, number, origin, until) for number, origin in enumerate(origins)]
    features, target, weight = (np.concatenate(column) for column in zip(*table, strict=True))
    if target.size < FEWEST_EXAMPLES or not target.any():
        return None
    edges = tuple(_edges(column[~np.isnan(column)]) for column in features.T)
    trees = HistGradientBoostingRegressor(
        loss="poisson", learning_rate=0.1, max_iter=60, max_leaf_nodes=15, min_samples_leaf=100,
        l2_regularization=10.0, early_stopping=False, random_state=SEED,
    )  # fmt: skip
    # one thread: two that wait for each other on a busy machine took ten times as long
    with threadpool_limits(1):
        trees.fit(_binned(features, edges), target, sample_weight=weight)
    return Boosted(trees, edges, int(target.size))


class _Seen:
    """What can be known of a history before each of some origins."""

    def __init__(self, weeks: Weeks, origins: Sequence[int], rows: Ints | None = None) -> None:
        grouped = np.zeros((int(weeks.group.max(initial=0)) + 1, weeks.count))
        np.add.at(grouped, weeks.group, weeks.rate())
        self.grouped = _running(grouped)
        self.shapes = {
            origin: shape(weeks, origin, BLOCKS[-1][1]) for origin in origins if origin >= YEAR + BASE_WEEKS
        }
        self.weeks = weeks = weeks if rows is None else weeks.take(rows)
        self.sold, self.share = _running(weeks.sales), _running(weeks.seen)
        self.on = _running((weeks.sales > 0).astype(np.float64))
        self.squares = _running(weeks.rate() ** 2)
        self.last = np.maximum.accumulate(np.where(weeks.sales > 0, np.arange(weeks.count), -1), axis=1)
        level = _LEVEL(weeks, origins)
        year = np.array([np.nan_to_num(self.mean(origin, YEAR)) for origin in origins])
        self.base = level + 0.1 * year

    def mean(self, origin: int, span: int) -> Floats:
        """(series,), pieces per seen week of the `span` weeks before `origin`; NaN where none was seen."""
        first = max(origin - span, 0)
        share = self.share[:, origin] - self.share[:, first]
        sold = self.sold[:, origin] - self.sold[:, first]
        return np.where(share > 0, sold / np.maximum(share, 3 / 7), np.nan)

    def features(self, number: int, origin: int, first: int) -> Floats:
        """(series, features) before `origin`, for the block that starts `first` weeks ahead."""
        weeks, base = self.weeks, np.maximum(self.base[number], 1e-9)
        back = [max(origin - span, 0) for span in (13, 52)]
        selling = [(self.on[:, origin] - self.on[:, start]) / max(origin - start, 1) for start in back]
        year = self.mean(origin, YEAR)
        square = (self.squares[:, origin] - self.squares[:, back[1]]) / max(origin - back[1], 1)
        since = np.where(
            self.last[:, origin - 1] >= 0,
            self.share[:, origin] - self.share[np.arange(weeks.series), self.last[:, origin - 1] + 1],
            np.nan,
        )
        group = [_momentum(self.grouped, origin, span)[weeks.group] for span in (4, 13)]
        whole = [_momentum(self.grouped.sum(axis=0, keepdims=True), origin, span) for span in (4, 13)]
        columns = [
            np.log(base),
            *(self.mean(origin, span) / base for span in _WINDOWS),
            since,
            *selling,
            square / np.maximum(year, 1e-9) ** 2,
            np.minimum(self.share[:, origin], YEAR),
            *group,
            *(np.repeat(one, weeks.series) for one in whole),
            *self._year_before(origin, first),
            np.full(weeks.series, float(first)),
        ]
        return np.column_stack(columns)

    def _year_before(self, origin: int, first: int) -> tuple[Floats, Floats]:
        """What the block was a year earlier to the weeks before it: of the series, of its group."""
        stop = next(stop for start, stop in BLOCKS if start == first)
        if origin not in self.shapes:
            nothing = np.full(self.weeks.series, np.nan)
            return nothing, nothing
        then = origin - YEAR
        before = self.mean(then, BASE_WEEKS)
        sold = self.sold[:, then + stop] - self.sold[:, then + first]
        share = self.share[:, then + stop] - self.share[:, then + first]
        own = np.where(share > 0, sold / np.maximum(share, 3 / 7), np.nan)
        pooled = self.shapes[origin][:, first:stop].mean(axis=1)[self.weeks.group]
        return own / np.maximum(before, 0.1 * self.mean(then + stop, YEAR) + 1e-9), pooled


def _examples(seen: _Seen, number: int, origin: int, until: int) -> tuple[Floats, Floats, Floats]:
    """Features, targets and weights of the blocks after `origin` that end before `until`."""
    base = seen.base[number]
    parts = []
    for first, stop in BLOCKS:
        if origin + stop > until:
            continue
        sold = seen.sold[:, origin + stop] - seen.sold[:, origin + first]
        share = seen.share[:, origin + stop] - seen.share[:, origin + first]
        kept = (base > 0) & (share > 0)
        expected = base * share
        target = np.minimum(sold / np.maximum(expected, 1e-12), 20.0)
        weight = expected / (1.0 + SPREAD * expected)
        table = seen.features(number, origin, first)
        parts.append((table[kept], target[kept], weight[kept]))
    features, target, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    return features, target, weight


def _edges(values: Floats) -> Floats:
    """Where the bins of a feature part; none where it has one value only."""
    if values.size == 0:
        return np.empty(0)
    parts = np.unique(np.quantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
    return parts if parts.size > 1 or (parts.size and values.min() < parts[0]) else np.empty(0)


def _binned(features: Floats, edges: Sequence[Floats]) -> Floats:
    """(rows, features that tell) numbers of bins; NaN stays NaN.

    Binned here, because the trees' own binning weighs examples, which took most of the time.
    """
    columns = []
    for column, parts in zip(features.T, edges, strict=True):
        if parts.size:
            columns.append(np.where(np.isnan(column), np.nan, np.searchsorted(parts, column, side="right")))
    return np.column_stack(columns).astype(np.float64)


def _momentum(running: Floats, origin: int, span: int) -> Floats:
    """(rows,), what was sold a week in the last `span` weeks, to the year before `origin`."""
    year = max(origin - YEAR, 0)
    recent = (running[:, origin] - running[:, max(origin - span, 0)]) / min(span, origin)
    usual = (running[:, origin] - running[:, year]) / max(origin - year, 1)
    return np.where(usual > 0, recent / np.maximum(usual, 1e-12), 1.0)


def _running(values: Floats) -> Floats:
    """Running sums along weeks with a zero in front: (rows, weeks + 1)."""
    total = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=total[:, 1:])
    return total


def _blocks(horizon: int) -> list[tuple[int, int]]:
    """The blocks that make up `horizon` weeks; the last one goes on as long as it must."""
    cut = [(first, min(stop, horizon)) for first, stop in BLOCKS if first < horizon]
    return [*cut[:-1], (cut[-1][0], horizon)]
