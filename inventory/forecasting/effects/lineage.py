"""SKUs that leave: their demand fades to nothing, and what follows them takes it over."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from inventory.contracts.arrays import Codes, Flags, Floats, Ints
from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.forecasting.effects.told import AHEAD, LEVEL, OVER, STEP, EffectTold, verdict
from inventory.forecasting.weeks import Weeks

#: Weeks after a SKU left that teach how demand fades and passes over.
AFTER = 13
#: Shares of a week's demand that may still be there a week later, the usual one, and how far from it
#: a distributor's own is taken to lie.
KEPT = (0.0, 0.25, 0.5, 0.6, 0.7, 0.8, 0.9)
USUAL_KEPT, KEPT_SPREAD = 0.7, 0.3
#: A share of demand below this is none.
_NOTHING = 0.01
#: Pairs of average size that a share handed over is drawn to the whole by.
PRIOR_PAIRS = 2.0
#: Least share of its level that a fading week is taken to expect, so that one odd sale proves nothing.
_FLOOR = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Lineage:
    """What leaves and what follows.

    - `weeks`: history of regular demand: sell-out of what left is unseen, an heir has its forerunner's
      history before it took over.
    - `gone`: (series,), first week without regular demand, counted from the first of the history.
    - `left`: (series, horizon), share of demand that is still there, 0..1.
    - `heir`: (series,), number of the series that takes over, -1: none; `handed`: share that it gets.
    - `told`: what was found, standing or not.
    """

    weeks: Weeks
    gone: Ints
    left: Floats
    heir: Ints
    handed: float
    told: tuple[EffectTold, ...] = ()

    @property
    def heirs(self) -> Flags:
        """(series,), whether it takes over from another."""
        found = np.zeros(self.heir.size, dtype=np.bool_)
        found[self.heir[self.heir >= 0]] = True
        return found

    def passed_on(self, means: Floats) -> Floats:
        """(series, horizon) `means` of regular demand, faded and handed over; no piece is counted twice.

        An heir that shares the history of what left has all of its demand in its own mean already, so
        what is still asked for of the other comes off; one that takes over later gets what will be gone.
        """
        if not (self.left < 1.0).any():
            return means
        found = means.copy()
        for old in _in_order(self.gone, self.heir):
            heir, lost = int(self.heir[old]), found[old] * (1.0 - self.left[old])
            shared = self.gone[old] <= self.weeks.count
            found[heir] += self.handed * (lost - found[old] if shared else lost)
        return np.asarray(np.maximum(found * self.left, 0.0))


def lineage_of(weeks: Weeks, delisted_day: Codes, heir: Codes, horizon: int) -> Lineage:
    """What leaves and what follows, of series that are delisted `delisted_day` (series,) days from now.

    `heir`: (series,), number of the series in the same place that follows, -1: none. The same whatever
    the order of the series but for rounding.
    """
    gone = weeks.count + -(-delisted_day.astype(np.int64) // DAYS_PER_WEEK)
    follows = heir.astype(np.int64)
    # what goes before or with what it should follow takes nothing over: no circles either
    follows = np.where((follows >= 0) & (gone[follows] > gone), follows, -1)
    none = Lineage(
        weeks, np.full_like(gone, 2**31), np.ones((weeks.series, horizon)), np.full_like(gone, -1), 0.0
    )
    if not (gone < weeks.count + horizon).any():
        return none
    kept = _kept(weeks, gone, weeks.count)
    told = [_fading(weeks, gone, kept)]
    if not told[0].stands:
        return replace(none, told=tuple(told))
    handed = 0.0
    if (follows[gone < weeks.count + horizon] >= 0).any():
        handed = _handed(weeks, gone, follows, weeks.count)
        told.append(_handing(weeks, gone, follows, handed))
        if not told[1].stands:
            follows = np.full_like(follows, -1)
    age = np.maximum(weeks.count + np.arange(horizon) - gone[:, None] + 1, 0)
    left = kept**age
    left = np.where(left < _NOTHING, 0.0, left)
    regular = _shared(_unseen_after(weeks, gone), gone, follows, handed)
    return Lineage(regular, gone, left, follows, handed, tuple(told))


def _in_order(gone: Ints, heir: Ints) -> list[int]:
    """Those that hand over, the first to leave first: an heir is complete before it hands on."""
    some = np.flatnonzero(heir >= 0)
    return [int(row) for row in some[np.lexsort((some, gone[some]))]]


def _unseen_after(weeks: Weeks, gone: Ints) -> Weeks:
    """Sell-out of what has left is no regular demand: it is not seen."""
    after = np.arange(weeks.count) >= gone[:, None]
    return replace(
        weeks, sales=np.where(after, 0.0, weeks.sales), seen=np.where(after, 0.0, weeks.seen),
        start=np.minimum(weeks.start, weeks.count),
    )  # fmt: skip


def _shared(weeks: Weeks, gone: Ints, heir: Ints, handed: float) -> Weeks:
    """History with that of what left added to its heir's, before it left."""
    sales, seen, start = weeks.sales.copy(), weeks.seen.copy(), weeks.start.copy()
    for old in _in_order(gone, heir):
        if gone[old] > weeks.count:
            continue
        new = int(heir[old])
        before = slice(0, max(int(gone[old]), 0))
        # of its first week it had a part, and the other the rest
        own = (seen[new, before] > 0) & (np.arange(before.stop) > weeks.start[new])
        rate = replace(weeks, sales=sales[[old]], seen=seen[[old]]).rate()[0, before]
        sales[new, before] += handed * np.where(own, rate * seen[new, before], sales[old, before])
        # its own first week keeps what it saw: pieces that nobody saw sold would be a pace without end
        seen[new, before] = np.where(own, seen[new, before], np.maximum(seen[new, before], seen[old, before]))
        start[new] = min(start[new], start[old])
    return replace(weeks, sales=sales, seen=seen, start=start)


def _level(weeks: Weeks, rows: Ints, end: Ints) -> Floats:
    """(rows,), pieces in a seen week over the eight before `end`; 0 where none was seen."""
    ago = end[:, None] - np.arange(1, LEVEL + 1)
    inside = (ago >= 0) & (ago < weeks.count)
    at = np.clip(ago, 0, max(weeks.count - 1, 0))
    seen = np.where(inside, weeks.seen[rows[:, None], at], 0.0).sum(axis=1)
    sold = np.where(inside, weeks.sales[rows[:, None], at], 0.0).sum(axis=1)
    return np.where(seen > 0, sold / np.maximum(seen, 1e-12), 0.0)


def _had(weeks: Weeks, rows: Ints, end: Ints) -> Floats:
    """(rows,), as `_level`, but what had not begun sold nothing."""
    ago = end[:, None] - np.arange(1, LEVEL + 1)
    at = np.clip(ago, 0, max(weeks.count - 1, 0))
    inside = (ago >= 0) & (ago < weeks.count)
    seen = np.where(at > weeks.start[rows][:, None], weeks.seen[rows[:, None], at], 1.0)
    seen = np.where(inside, seen, 0.0).sum(axis=1)
    sold = np.where(inside, weeks.sales[rows[:, None], at], 0.0).sum(axis=1)
    return np.where(seen > 0, sold / np.maximum(seen, 1e-12), 0.0)


def _ahead(weeks: Weeks, rows: Ints, start: Ints, span: int, until: int) -> tuple[Floats, Floats]:
    """(rows, span) pieces sold and share seen from `start` on; nothing from `until` on."""
    at = start[:, None] + np.arange(span)
    inside = (at >= 0) & (at < until)
    place = np.clip(at, 0, max(weeks.count - 1, 0))
    sold, seen = weeks.sales[rows[:, None], place], weeks.seen[rows[:, None], place]
    return np.where(inside, sold, 0.0), np.where(inside, seen, 0.0)


# --- how demand fades ----------------------------------------------------------------------


def _kept(weeks: Weeks, gone: Ints, until: int) -> float:
    """Share of demand that is still there a week later, as known before week `until`."""
    rows = np.flatnonzero((gone > 0) & (gone < until))
    level = _level(weeks, rows, gone[rows])
    sold, seen = _ahead(weeks, rows, gone[rows], AFTER, until)
    whole = level[:, None] * seen
    age = np.arange(1, AFTER + 1)
    best, found = -np.inf, USUAL_KEPT
    for kept in KEPT:
        expected = whole * np.maximum(kept**age, _FLOOR)
        likely = float((sold * np.log(np.maximum(expected, 1e-9)) - expected)[whole > 0].sum())
        likely -= (kept - USUAL_KEPT) ** 2 / (2.0 * KEPT_SPREAD**2)
        if likely > best:
            best, found = likely, kept
    return found


def _fading(weeks: Weeks, gone: Ints, kept: float) -> EffectTold:
    """Whether forecasts that fade were better than those that did not, from origins of the last year."""
    plain, better, pairs = 0.0, 0.0, 0
    for origin in _origins(weeks):
        rows = np.flatnonzero((gone > 0) & (gone <= origin) & (gone > origin - AFTER))
        if not rows.size:
            continue
        sold, seen = _ahead(weeks, rows, np.full(rows.size, origin), AHEAD, weeks.count)
        age = origin - gone[rows][:, None] + np.arange(1, AHEAD + 1)
        faded = _level(weeks, rows, gone[rows])[:, None] * _kept(weeks, gone, origin) ** age * seen
        going_on = _level(weeks, rows, np.full(rows.size, origin))[:, None] * seen
        plain += float(np.abs(going_on - sold).sum())
        better += float(np.abs(faded - sold).sum())
        pairs += rows.size
    seen_so_far = int(((gone > 0) & (gone < weeks.count)).sum())
    return verdict("fading", kept, seen_so_far, plain, better, pairs > 0)


# --- what passes over ----------------------------------------------------------------------


def _handed(weeks: Weeks, gone: Ints, heir: Ints, until: int) -> float:
    """Share of what left that its heirs were seen to gain, drawn to the whole; 0..1."""
    old = np.flatnonzero((heir >= 0) & (gone > 0) & (gone < until))
    if not old.size:
        return 1.0
    new = heir[old]
    lost = _level(weeks, old, gone[old])
    sold, seen = _ahead(weeks, new, gone[old], AFTER, until)
    watched = seen.sum(axis=1)
    now = sold.sum(axis=1) / np.maximum(watched, 1e-12)
    gained = np.clip(now - _had(weeks, new, gone[old]), -lost, 2.0 * lost)
    weight = np.minimum(watched / LEVEL, 1.0)
    usual = PRIOR_PAIRS * float(lost.mean())
    share = (float((weight * gained).sum()) + usual) / max(float((weight * lost).sum()) + usual, 1e-12)
    return float(np.clip(share, 0.0, 1.0))


def _handing(weeks: Weeks, gone: Ints, heir: Ints, handed: float) -> EffectTold:
    """Whether heirs were forecast better with the history of what they follow than with their own."""
    plain, better, pairs = 0.0, 0.0, 0
    for origin in _origins(weeks):
        old = np.flatnonzero((heir >= 0) & (gone > 0) & (gone <= origin) & (gone > origin - AFTER))
        if not old.size:
            continue
        new, at = heir[old], np.full(old.size, origin)
        known = weeks.until(origin)
        share = _handed(weeks, gone, heir, origin)
        joined = _shared(_unseen_after(known, np.minimum(gone, origin)), gone, heir, share)
        sold, seen = _ahead(weeks, new, at, AHEAD, weeks.count)
        plain += float(np.abs(_level(known, new, at)[:, None] * seen - sold).sum())
        better += float(np.abs(_level(joined, new, at)[:, None] * seen - sold).sum())
        pairs += old.size
    seen_so_far = int(((heir >= 0) & (gone > 0) & (gone < weeks.count)).sum())
    return verdict("handover", handed, seen_so_far, plain, better, pairs > 0)


def _origins(weeks: Weeks) -> range:
    return range(max(LEVEL, weeks.count - OVER), weeks.count - AHEAD + 1, STEP)
