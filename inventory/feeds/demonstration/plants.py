"""Chooses the receipts that should not have been: the known causes of dead stock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt

from inventory.feeds.demonstration.calendar import Calendar
from inventory.feeds.demonstration.demand import RANGE_SALE_DAYS, DemandBook, Terms
from inventory.feeds.demonstration.gst import Ints
from inventory.feeds.demonstration.skus import Range
from inventory.feeds.demonstration.stockroom import LIFE_AT_SALE_DAYS, Plant

OVER_BUY = "over_buy"
SCHEME_PUSH = "scheme_push"
DELISTING = "delisting"
SHORT_DATED = "short_dated"
WRONG_TERRITORY = "wrong_territory"
OLD_MRP = "old_mrp"
#: Not planted: brought back by outlets; bought in step with demand, which then fell away.
RETURNED = "returned"
DEMAND_FELL = "demand_fell"
PLANTED_CAUSES = (OVER_BUY, SCHEME_PUSH, DELISTING, SHORT_DATED, WRONG_TERRITORY, OLD_MRP)

#: Planted receipts per thousand pairs that are kept in stock on the day before the run.
_PER_THOUSAND = {
    OVER_BUY: 11,
    SCHEME_PUSH: 12,
    SHORT_DATED: 12,
    WRONG_TERRITORY: 11,
    OLD_MRP: 9,
}
_BUYING_DAYS = 12
_MONTH_DAYS = 30
#: No planted receipt is worth more than this share of a month's sales at cost; with few pairs in
#: stock, than this many of their even shares.
_LARGEST = 0.0028
_LARGEST_PER_PAIR = 3.0
_QUARTER_ENDS = ((3, 31), (6, 30), (9, 30), (12, 31))

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class _Planner:
    book: DemandBook
    terms: Terms
    goods: Range
    when: Calendar
    chance: np.random.Generator
    free: Flags = field(init=False)
    plants: list[Plant] = field(default_factory=list)
    sku: Ints = field(init=False)
    views: dict[int, tuple[Floats, Ints]] = field(default_factory=dict)

    cost: Ints = field(init=False)
    kept: int = field(init=False)
    most_paise: int = field(init=False)

    def __post_init__(self) -> None:
        self.sku = np.arange(len(self.terms)) // self.terms.areas
        self.cost = self.goods.array("cost_paise")[self.sku]
        month = self.book.sold[:, max(self.run - _MONTH_DAYS, 0) : self.run].sum(axis=1)
        self.kept = int((self.view(self.run)[1] >= RANGE_SALE_DAYS).sum())
        self.most_paise = int((month * self.cost).sum() * max(_LARGEST, _LARGEST_PER_PAIR / self.kept))
        current = self.goods.frame["delisted_date"].is_null().to_numpy()
        self.free = np.asarray(current[self.sku])

    @property
    def run(self) -> int:
        return self.when.run_index

    def view(self, day: int) -> tuple[Floats, Ints]:
        """(pairs,) rate and days with sales that the buyer sees on the morning of a day."""
        if day not in self.views:
            self.views[day] = self.book.rates_before(day)
        return self.views[day]

    def days(self, oldest: int, newest: int, count: int) -> list[int]:
        """Up to `count` different days, that many days before the run."""
        ago = self.chance.choice(np.arange(newest, oldest), min(count, oldest - newest), replace=False)
        return sorted((self.run - ago).tolist())

    def spread(self, oldest: int, newest: int, count: int) -> list[tuple[int, int]]:
        """`count` receipts over at most `_BUYING_DAYS` days, as (day, receipts)."""
        days = self.days(oldest, newest, min(_BUYING_DAYS, count))
        return [(day, count // len(days) + (i < count % len(days))) for i, day in enumerate(days)]

    def pick(self, wanted: Flags, count: int) -> Ints:
        """At most `count` of the pairs that are wanted and free; they are free no longer."""
        found = np.flatnonzero(wanted & self.free)
        taken = self.chance.permutation(found)[:count]
        self.free[taken] = False
        return np.sort(taken)

    def cases(self, pair: int, pieces: float) -> int:
        """`pieces` in whole cases, one at least, worth no more than `most_paise`."""
        case = int(self.terms.case_pack[pair])
        most = self.most_paise // int(self.cost[pair]) // case
        return max(1, min(round(pieces / case), most)) * case

    def plant(self, pair: int, day: int, pieces: float, cause: str, life: float, mrp_bp: int = 0) -> None:
        """Put down one receipt with `life` days to expiry."""
        quantity = self.cases(pair, pieces)
        self.plants.append(Plant(pair, day, quantity, cause, int(life), mrp_bp))

    def life(self, pair: int) -> float:
        """Days to expiry of goods that arrive as they usually do."""
        return float(self.terms.shelf_life_days[pair] * self.chance.uniform(0.85, 0.97))

    def sold_since(self, day: int) -> Ints:
        """Pieces that each pair really sold from `day` to the run."""
        return np.asarray(self.book.sold[:, day : self.run].sum(axis=1))


def choose(book: DemandBook, goods: Range, when: Calendar, chance: np.random.Generator) -> list[Plant]:
    """All planted receipts of a run. A pair is planted once; delisted SKUs bear only that cause."""
    planner = _Planner(book, book.terms, goods, when, chance)
    recipes: dict[str, Callable[[_Planner, int], None]] = {
        WRONG_TERRITORY: _wrong_territory,
        SCHEME_PUSH: _scheme_push,
        OVER_BUY: _over_buy,
        SHORT_DATED: _short_dated,
        OLD_MRP: _old_mrp,
    }
    _delisting(planner)
    for cause, recipe in recipes.items():
        recipe(planner, max(3, round(planner.kept * _PER_THOUSAND[cause] / 1_000)))
    return planner.plants


def _over_buy(planner: _Planner, count: int) -> None:
    """Four to nine months of stock in one order, two to seven months ago."""
    for day, share in planner.spread(210, 62, count):
        rate, seen = planner.view(day)
        for pair in planner.pick((seen >= 4) & (rate > 0), share).tolist():
            pieces = rate[pair] * planner.chance.uniform(130, 270)
            planner.plant(pair, day, pieces, OVER_BUY, planner.life(pair))


def _scheme_push(planner: _Planner, count: int) -> None:
    """At the end of a quarter a maker presses four to eight months of stock on several godowns."""
    ends = _quarter_ends(planner.when)
    makers = planner.goods.array("supplier")[planner.sku]
    for day in ends:
        rate, seen = planner.view(day)
        for maker in planner.chance.choice(np.unique(makers), 2, replace=False).tolist():
            wanted = (makers == maker) & (seen >= 3) & (rate > 0)
            for pair in planner.pick(wanted, -(-count // (2 * len(ends)))).tolist():
                pieces = rate[pair] * planner.chance.uniform(120, 240)
                planner.plant(pair, day, pieces, SCHEME_PUSH, planner.life(pair))


def _quarter_ends(when: Calendar) -> list[int]:
    """The last days of quarters that lie 45 to 240 days before the run."""
    years = range(when.first.year, when.run_day.year + 1)
    ends = [when.number(date(year, *end)) for year in years for end in _QUARTER_ENDS]
    return [number for number in ends if 45 <= when.run_index - number <= 240]


def _delisting(planner: _Planner) -> None:
    """The last order before the maker's notice: six to eleven weeks of a SKU that then stops."""
    last = planner.goods.array("last")
    gone = planner.goods.frame["delisted_date"].is_not_null().to_numpy()
    recent = gone & (planner.run - last <= 200)
    for good in np.flatnonzero(recent).tolist():
        day = (int(last[good]) - int(planner.chance.integers(8, 25))) // 7 * 7
        rate, seen = planner.view(day)
        areas = range(good * planner.terms.areas, (good + 1) * planner.terms.areas)
        for pair in sorted(areas, key=lambda p: -rate[p])[:1]:
            if seen[pair] >= 2:
                pieces = rate[pair] * planner.chance.uniform(40, 80)
                planner.plant(pair, day, pieces, DELISTING, planner.life(pair))


def _short_dated(planner: _Planner, count: int) -> None:
    """More goods with six to fifteen weeks to expiry than can be sold in that time."""
    brief = planner.terms.shelf_life_days <= 365
    for day, share in planner.spread(75, 8, count):
        rate, seen = planner.view(day)
        for pair in planner.pick(brief & (seen >= 4) & (rate > 0), share).tolist():
            life = planner.chance.uniform(42, min(105.0, 0.5 * planner.terms.shelf_life_days[pair]))
            saleable = max(life - LIFE_AT_SALE_DAYS, 10.0)
            pieces = rate[pair] * saleable * planner.chance.uniform(1.8, 3.5)
            planner.plant(pair, day, pieces, SHORT_DATED, life)


def _wrong_territory(planner: _Planner, count: int) -> None:
    """Goods that sell elsewhere, sent to a godown whose shops do not ask for them."""
    for day, share in planner.spread(200, 65, count):
        rate, seen = planner.view(day)
        best = rate.reshape(-1, planner.terms.areas).max(axis=1)[planner.sku]
        idle = (seen == 0) & (planner.sold_since(day) == 0)
        known = best > np.quantile(best[best > 0], 0.4)
        for pair in planner.pick(idle & known, share).tolist():
            pieces = best[pair] * planner.chance.uniform(30, 75)
            planner.plant(pair, day, pieces, WRONG_TERRITORY, planner.life(pair))


def _old_mrp(planner: _Planner, count: int) -> None:
    """Stock bought before the maker lowered the MRP: outlets take only the new packs."""
    lasting = planner.terms.shelf_life_days >= 180
    for day, share in planner.spread(150, 95, count):
        rate, seen = planner.view(day)
        for pair in planner.pick(lasting & (seen >= 4) & (rate > 0), share).tolist():
            pieces = rate[pair] * planner.chance.uniform(70, 130)
            uplift = int(planner.chance.integers(6, 13)) * 100
            planner.plant(pair, day, pieces, OLD_MRP, planner.life(pair), uplift)
            held = planner.run - int(planner.chance.integers(62, 90))
            planner.plants.append(Plant(pair, held, 0, OLD_MRP, 0, held=True))
