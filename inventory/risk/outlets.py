"""What stands at outlets: bought in, not ordered again, and so perhaps still on their shelves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from inventory.contracts.arrays import Flags, Floats, Ints
from inventory.contracts.history import SalesHistory
from inventory.contracts.prediction import PredictionPolicy

#: Own intervals that weigh as much as what peers do.
_PRIOR_ORDERS = 2.0
#: Interval of goods that nobody has ordered twice.
_UNKNOWN_DAYS = 60.0
#: How much the logarithm of intervals varies at least, and when nobody knows.
_SPREAD_LOW, _SPREAD_USUAL = 0.4, 0.9
#: Chance that an outlet that has sold out does not order again, when nobody knows; never quite 0 or 1.
_DROPPED_USUAL, _DROPPED_LOW, _DROPPED_HIGH = 0.5, 0.05, 0.95


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What stands at each outlet, (pairs,) in the order of the history's pairs.

    - `idle_days` since it last bought, `interval_days` in which it would have ordered again.
    - `pieces`, `paise`: of its last purchase; `orders`: days on which it ever bought.
    - `probability`: that some of these pieces still stand there, if nothing more was heard.
    - `expected`: pieces expected to stand there, 0 to `pieces`; `expected_paise` at what it paid.
    - `overdue`: silent for `overdue_intervals` intervals or more.
    """

    idle_days: Ints
    interval_days: Floats
    pieces: Ints
    paise: Ints
    orders: Ints
    probability: Floats
    expected: Floats
    expected_paise: Ints
    overdue: Flags


def standing(history: SalesHistory, policy: PredictionPolicy) -> Standing:
    """How likely what each outlet bought last is still there.

    A purchase sells off in a time whose logarithm is normal: its middle is the outlet's own interval of
    orders, drawn towards that of its peers for the same item in step with the pieces bought; its spread
    is the peers'. An outlet that sold off orders again, or drops the item as often as peers did. Silence
    for t days then leaves, by Bayes, P(T > t) against P(T <= t) x P(dropped).
    """
    count = np.bincount(history.visit_pair, minlength=history.pairs)
    known = np.flatnonzero(count)
    stop = np.cumsum(count)[known] - 1
    last, first, pieces, paise = np.zeros((4, history.pairs), np.int64)
    last[known], pieces[known] = history.visit_day[stop], history.visit_pieces[stop]
    paise[known], first[known] = history.visit_paise[stop], history.visit_day[stop + 1 - count[known]]
    idle = np.where(count > 0, history.days - last, 0)
    interval, spread, dropped = _peers(history, count, first, last, pieces)
    time = np.maximum(idle, 0.5)
    far = (np.log(time) - np.log(interval)) / spread
    unsold = special.ndtr(-far)
    silent = unsold + dropped * (1.0 - unsold)
    left = unsold - time / interval * np.exp(spread**2 / 2.0) * special.ndtr(-far - spread)
    expected = np.where(count > 0, pieces * np.clip(left, 0.0, 1.0) / np.maximum(silent, 1e-12), 0.0)
    expected = np.minimum(expected, pieces)
    return Standing(
        idle_days=idle,
        interval_days=interval,
        pieces=pieces,
        paise=paise,
        orders=count,
        probability=np.where(count > 0, unsold / np.maximum(silent, 1e-12), 0.0),
        expected=expected,
        expected_paise=np.floor(expected * paise / np.maximum(pieces, 1) + 0.5).astype(np.int64),
        overdue=(count > 0) & (idle >= policy.overdue_intervals * interval),
    )


def stands_there(found: Standing) -> Flags:
    """(pairs,) whether it is said that goods stand there: overdue, and half a piece or more is expected."""
    return np.asarray(found.overdue & (found.expected >= 0.5))


def _peers(
    history: SalesHistory, count: Ints, first: Ints, last: Ints, pieces: Ints
) -> tuple[Floats, Floats, Floats]:
    """(pairs,) each: interval in days, spread of its logarithm, chance of having dropped the item."""
    item, days = history.pair_item, history.visit_day.astype(np.float64)
    same = history.visit_pair[1:] == history.visit_pair[:-1]
    gap = np.log(np.maximum((days[1:] - days[:-1])[same], 1.0))
    bought = history.visit_pieces[:-1][same]
    of = item[history.visit_pair[1:][same]]
    gaps = np.bincount(of, minlength=history.items)
    whole = float(gap.mean()) if gap.size else np.log(_UNKNOWN_DAYS)
    mean = (_sums(of, gap, history.items) + 3.0 * whole) / (gaps + 3.0)
    squares = _sums(of, (gap - mean[of]) ** 2, history.items)
    spread = np.sqrt((squares + 5.0 * _SPREAD_USUAL**2) / (gaps + 5.0))
    typical = np.exp((_sums(of, np.log(bought), history.items) + 1e-9) / np.maximum(gaps, 1))
    size = np.where(gaps[item] > 0, pieces / np.maximum(typical[item], 1.0), 1.0)
    peer = np.exp(mean)[item] * np.clip(size, 0.5, 3.0)
    own = np.maximum(last - first, 1) / np.maximum(count - 1, 1)
    weight = np.maximum(count - 1, 0) / (np.maximum(count - 1, 0) + _PRIOR_ORDERS)
    interval = np.exp(weight * np.log(np.maximum(own, 1.0)) + (1.0 - weight) * np.log(peer))
    old = history.days - first >= 2.0 * np.exp(mean)[item]
    buyers = np.bincount(item[old & (count > 0)], minlength=history.items)
    once = np.bincount(item[old & (count == 1)], minlength=history.items)
    dropped = (once + 4.0 * _DROPPED_USUAL) / (buyers + 4.0)
    return (
        np.maximum(interval, 1.0),
        np.maximum(spread, _SPREAD_LOW)[item],
        np.clip(dropped, _DROPPED_LOW, _DROPPED_HIGH)[item],
    )


def _sums(of: np.ndarray, values: Floats, size: int) -> Floats:
    return np.bincount(of, weights=values, minlength=size).astype(np.float64)
