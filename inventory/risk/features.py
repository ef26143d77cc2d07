"""What was known of a position on a day: the columns that the predictive score is learnt from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Codes, Flags, Floats, Ints
from inventory.contracts.history import SalesHistory

#: Days that a first purchase says nothing about when the next will be; draws short intervals of few
#: purchases towards it.
_PRIOR_INTERVAL = 60.0
#: Days looked back for pace and evenness: the same on every morning, however long the history, so that
#: what was learnt on an early morning still means the same on a late one.
LOOK_BACK = 180
_SEASON_DAYS = 90
_YEAR = 365
#: Stock over demand beyond this says nothing more.
_LONGEST_COVER = 1_000.0

#: Columns of a pair, and which way each alone may move the chance of no sale (0: either): its own, then
#: those of its item and of the outlet.
PAIR_COLUMNS: dict[str, int] = {
    "wait": 1, "idle": 1, "idle_own": 1, "gap_share": 1, "orders_30": -1, "orders_90": -1, "orders_180": -1,
    "pieces_90": 0, "trend": -1, "age": 0, "unevenness": 0, "last_pieces": 0, "price": 0,
    "same_season": -1, "season": -1, "group_active": -1, "delisted": 1,
    "item_idle": 1, "item_orders_90": -1, "item_outlets_recent": -1, "item_outlets_kept": -1,
    "item_reordered": -1, "shop_idle": 1, "shop_idle_own": 1, "shop_calls_90": -1, "shop_breadth": 0,
}  # fmt: skip
#: Columns of an item. Items are few: on two years of real wholesale demand what pairs have besides
#: (season, price, trend, evenness) taught more noise than it told, and cost a tenth of the precision.
ITEM_COLUMNS: dict[str, int] = {
    "wait": 1, "idle": 1, "idle_own": 1, "gap_share": 1, "orders_30": -1, "orders_90": -1, "orders_180": -1,
    "outlets_recent": -1, "outlets_kept": -1, "cover": 1, "delisted": 1,
}  # fmt: skip

#: Columns of the line that leans on the wait, the wait first: few enough for a hundred cases.
PAIR_LEANING = ("wait", "idle", "orders_90", "item_outlets_recent", "item_outlets_kept")
ITEM_LEANING = ("wait", "idle", "orders_90", "outlets_recent", "outlets_kept")
#: Columns that are told in a sentence of their own: nothing that is learnt may lean the other way on them.
ITEM_UPRIGHT, PAIR_UPRIGHT = ("cover",), ()


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """`rows`: (rows,) numbers of items or pairs; `table`: (rows, columns), NaN where not known.

    Counts and days are as ln(1 + x), shares and ratios as they are, so that straight lines fit them.
    `plain`: the same before any logarithm, by name, for sentences.
    """

    rows: Ints
    table: Floats
    plain: dict[str, Floats]


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """Figures of series of purchases before a day; (series,) each. `count`, `first` and `last` of all
    history, `orders` of so many days, everything else of the last `LOOK_BACK` days.
    """

    count: Ints
    first: Ints
    last: Ints
    interval: Floats
    unevenness: Floats
    longest: Floats
    orders: dict[int, Floats]
    pieces_90: Floats
    pieces_before: Floats
    last_pieces: Floats
    price: Floats
    same_season: Floats


def item_features(history: SalesHistory, cut: int, chosen: NDArray[np.intp] | None = None) -> Features:
    """Items that had sold before day `cut`, by what was known that morning; of those `chosen`."""
    pair_last = _last_days(history, cut)
    past = _past(*_item_visits(history, cut), history.items, cut)
    seen = np.flatnonzero(past.count)
    recent, usual = (_outlets(history, pair_last, cut, days) for days in (90, _YEAR))
    plain = _own(past, history, history.item_group, history.item_delisted, cut)
    plain |= {
        "outlets_recent": recent,
        "outlets_usual": usual,
        "outlets_kept": recent / np.maximum(usual, 1.0),
        "cover": _cover(history, past, cut),
    }
    return _settled(plain, ITEM_COLUMNS, seen if chosen is None else np.intersect1d(seen, chosen))


def pair_features(history: SalesHistory, cut: int, chosen: NDArray[np.intp] | None = None) -> Features:
    """Pairs that had bought before day `cut`, of those `chosen` where given."""
    before = history.visit_day < cut
    pair_last = _last_days(history, cut)
    past = _past(
        history.visit_pair[before], history.visit_day[before], history.visit_pieces[before],
        history.visit_paise[before], history.pairs, cut,
    )  # fmt: skip
    item, outlet = history.pair_item, history.pair_outlet
    of_item = _past(*_item_visits(history, cut), history.items, cut)
    recent, usual = (_outlets(history, pair_last, cut, days) for days in (90, _YEAR))
    called = history.call_day < cut
    calls = history.call_outlet[called], history.call_day[called]
    ones = np.ones(calls[0].size, np.int64)
    of_shop = _past(*calls, ones, ones, history.outlets, cut)
    active = pair_last >= cut - 90
    breadth = np.bincount(outlet[active], minlength=history.outlets).astype(np.float64)
    again = np.bincount(item[past.count > 1], minlength=history.items)
    ever = np.bincount(item[past.count > 0], minlength=history.items)
    plain = _own(past, history, history.item_group[item], history.item_delisted[item], cut)
    plain |= {
        "item_idle": (cut - of_item.last)[item].astype(np.float64),
        "item_orders_90": of_item.orders[90][item],
        "item_outlets_recent": recent[item],
        "item_outlets_kept": (recent / np.maximum(usual, 1.0))[item],
        "item_reordered": (again / np.maximum(ever, 1))[item],
        "shop_idle": (cut - of_shop.last)[outlet].astype(np.float64),
        "shop_idle_own": ((cut - of_shop.last) / of_shop.interval)[outlet],
        "shop_calls_90": of_shop.orders[90][outlet],
        "shop_breadth": breadth[outlet],
    }
    seen = np.flatnonzero(past.count)
    return _settled(plain, PAIR_COLUMNS, seen if chosen is None else np.intersect1d(seen, chosen))


def sells_within(history: SalesHistory, cut: int, days: int, *, pairs: bool) -> Flags:
    """(items,) or (pairs,): whether there is a sale in the `days` days from `cut` on."""
    mine = (history.visit_day >= cut) & (history.visit_day < cut + days)
    who = history.visit_pair[mine]
    found = np.zeros(history.pairs if pairs else history.items, np.bool_)
    found[who if pairs else history.pair_item[who]] = True
    return found


# --- parts ---------------------------------------------------------------------------------

_SHARES = {
    "idle_own", "gap_share", "trend", "unevenness", "price", "season", "group_active",
    "outlets_kept", "delisted",
    "item_outlets_kept", "item_reordered", "shop_idle_own",
}  # fmt: skip
_CLIPPED = {"idle_own": 20.0, "shop_idle_own": 20.0, "gap_share": 20.0, "unevenness": 10.0}


#: What moves with the calendar for all at once counts against the day's mean: a few mornings cannot
#: teach what a season does to everything.
_OF_THE_DAY = frozenset({"trend", "same_season", "season", "group_active"})


def _among(values: Floats) -> Floats:
    known = values[~np.isnan(values)]
    return values - (known.mean() if known.size else 0.0)


def _settled(plain: dict[str, Floats], columns: dict[str, int], rows: NDArray[np.intp]) -> Features:
    kept = {name: values[rows] for name, values in plain.items()}
    table = np.empty((rows.size, len(columns)))
    for place, name in enumerate(columns):
        values = np.clip(kept[name], None, _CLIPPED.get(name))
        values = values if name in _SHARES else np.log1p(values)
        table[:, place] = _among(values) if name in _OF_THE_DAY else values
    return Features(rows.astype(np.int64), table, kept)


def _item_visits(history: SalesHistory, cut: int) -> tuple[Ints, Ints, Ints, Ints]:
    """Visits before a day put together by item and day, sorted: item, day, pieces, paise."""
    before = history.visit_day < cut
    code = history.pair_item[history.visit_pair[before]].astype(np.int64) * history.days
    code += history.visit_day[before]
    found, where = np.unique(code, return_inverse=True)
    pieces = np.bincount(where, weights=history.visit_pieces[before], minlength=found.size)
    paise = np.bincount(where, weights=history.visit_paise[before], minlength=found.size)
    day = max(history.days, 1)
    return found // day, found % day, pieces.astype(np.int64), paise.astype(np.int64)


def _past(key: Ints | Codes, day: Ints | Codes, pieces: Ints, paise: Ints, series: int, cut: int) -> _Past:
    """Figures of each series; `key` and `day` are sorted, and every day lies before the cut."""
    count, first, last = _ends(key, day, series, cut)
    orders = {n: _sum(key, None, day >= cut - n, series) for n in (30, 90, LOOK_BACK, _YEAR)}
    season = (day >= cut - _YEAR) & (day < cut - _YEAR + _SEASON_DAYS)
    same_season = _sum(key, None, season, series) if cut >= _YEAR else np.full(series, np.nan)
    near = day >= cut - LOOK_BACK
    key, day, pieces, paise = key[near], day[near], pieces[near], paise[near]
    recent, begin, end = _ends(key, day, series, cut)
    same = key[1:] == key[:-1]
    gap, of = (day[1:] - day[:-1])[same].astype(np.float64), key[1:][same]
    squares = np.bincount(of, weights=gap**2, minlength=series)
    mean = (end - begin) / np.maximum(recent - 1, 1)
    variance = np.maximum(squares / np.maximum(recent - 1, 1) - mean**2, 0.0)
    longest = np.zeros(series)
    np.maximum.at(longest, of, gap)
    price = paise / np.maximum(pieces, 1)
    usual = _sum(key, price, day >= 0, series) / np.maximum(recent, 1.0)
    last_price, last_pieces = np.zeros((2, series))
    known = np.flatnonzero(recent)
    ends = (np.cumsum(recent) - 1)[known]
    last_price[known], last_pieces[known] = price[ends], pieces[ends]
    return _Past(
        count=count,
        first=first,
        last=last,
        interval=(end - begin + _PRIOR_INTERVAL) / np.maximum(recent, 1),
        unevenness=np.where(recent > 2, np.sqrt(variance) / np.maximum(mean, 1.0), np.nan),
        longest=longest,
        orders=orders,
        pieces_90=_sum(key, pieces, day >= cut - 90, series),
        pieces_before=_sum(key, pieces, day < cut - 90, series),
        last_pieces=last_pieces,
        price=np.where(usual > 0, last_price / np.maximum(usual, 1e-9), np.nan),
        same_season=same_season,
    )


def _ends(key: Ints | Codes, day: Ints | Codes, series: int, cut: int) -> tuple[Ints, Ints, Ints]:
    """Purchases of each series, the first day and the last; the cut where there are none."""
    count = np.bincount(key, minlength=series)
    known = np.flatnonzero(count)
    stop = np.cumsum(count)[known]
    first, last = np.full((2, series), cut, dtype=np.int64)
    first[known], last[known] = day[stop - count[known]], day[stop - 1]
    return count, first, last


def _sum(key: Ints | Codes, values: NDArray[np.float64] | Ints | None, where: Flags, series: int) -> Floats:
    weights = None if values is None else values[where]
    return np.bincount(key[where], weights=weights, minlength=series).astype(np.float64)


def _own(
    past: _Past, history: SalesHistory, group: Ints | Codes, delisted: Ints, cut: int
) -> dict[str, Floats]:
    """Columns that items and pairs have in common."""
    idle = (cut - past.last).astype(np.float64)
    age = np.minimum(cut - past.first, LOOK_BACK).astype(np.float64)
    wave, active = _groups(history, cut)
    return {
        "wait": _wait(past, idle, age),
        "idle": idle,
        "idle_own": idle / past.interval,
        "gap_share": np.where(past.longest > 0, idle / np.maximum(past.longest, 1.0), np.nan),
        "orders_30": past.orders[30],
        "orders_90": past.orders[90],
        "orders_180": past.orders[LOOK_BACK],
        "orders_365": past.orders[_YEAR],
        "pieces_90": past.pieces_90,
        "trend": np.log((past.pieces_90 + 1.0) / (past.pieces_before + 1.0)),
        "age": age,
        "unevenness": past.unevenness,
        "last_pieces": past.last_pieces,
        "price": past.price,
        "same_season": past.same_season,
        "season": wave[group],
        "group_active": active[group],
        "delisted": (delisted <= cut).astype(np.float64),
    }


def _wait(past: _Past, idle: Floats, age: Floats) -> Floats:
    """(series,) days to wait for the next order, half way (by the geometric mean) between two guesses:
    one order a silence, and the pace so far, (orders + 1/2) in (age + 30) days, slower by as much as the
    silence is longer than the own interval.
    """
    pace = (past.orders[LOOK_BACK] + 0.5) / (age + 30.0)
    quiet = np.maximum(idle / past.interval, 1.0)
    return np.asarray(np.sqrt((idle + 1.0) * quiet / pace))


def _groups(history: SalesHistory, cut: int) -> tuple[Floats, Floats]:
    """(groups,): a year ago, the next season's sales over the year's mean (NaN without that year);
    and the last 90 days' sales over those of the 90 before.
    """
    table = history.group_days
    recent = table[:, max(cut - 90, 0) : cut].sum(axis=1)
    before = table[:, max(cut - 180, 0) : max(cut - 90, 0)].sum(axis=1)
    active = np.log((recent + 1.0) / (before + 1.0))
    if cut < _YEAR:
        return np.full(table.shape[0], np.nan), active
    year = table[:, cut - _YEAR : cut].sum(axis=1)
    ahead = table[:, cut - _YEAR : cut - _YEAR + _SEASON_DAYS].sum(axis=1)
    return np.where(year > 0, ahead / np.maximum(year, 1.0) * _YEAR / _SEASON_DAYS, np.nan), active


def _last_days(history: SalesHistory, cut: int) -> Ints:
    """(pairs,) last day on which each had bought before the cut; far back when it had not."""
    last = np.full(history.pairs, -(10**6), np.int64)
    before = history.visit_day < cut
    np.maximum.at(last, history.visit_pair[before], history.visit_day[before])
    return last


def _outlets(history: SalesHistory, pair_last: Ints, cut: int, days: int) -> Floats:
    """(items,) outlets that bought in the last `days` days."""
    mine = history.pair_item[pair_last >= cut - days]
    return np.bincount(mine, minlength=history.items).astype(np.float64)


def _cover(history: SalesHistory, past: _Past, cut: int) -> Floats:
    """(items,) days that the stock of that morning would last; NaN where stock is not known or there is none:
    nothing to sell and too much of it are no two ends of one scale.
    """
    if history.move_item.size == 0:
        return np.full(history.items, np.nan)
    mine = history.move_day < cut
    stock = np.bincount(history.move_item[mine], weights=history.move_pieces[mine], minlength=history.items)
    daily = np.maximum(past.pieces_90, 0.5) / 90
    return np.where(stock > 0, np.minimum(stock / daily, _LONGEST_COVER), np.nan)
