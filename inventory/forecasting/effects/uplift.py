"""What cheaper weeks add to usual ones: taking them out must even a level out, not lower or raise it."""

from __future__ import annotations

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.forecasting.effects.told import LEVEL, OVER

#: Weeks of its own pace that what is usual of all goods weighs against what a SKU's own year says.
PRIOR_WEEKS = 8.0
#: What was added to all goods is shared out among those that had cheaper weeks, at most so many times theirs.
_MOST = 3.0


def usual_uplift(sold: Floats, factor: Floats, until: int) -> Floats:
    """(skus,), what is held to be added to each by cheaper weeks to come, nobody knows which.

    `sold`, `factor`: (skus, weeks), pieces and what the price made of them. Read from the year before the
    weeks that the level before week `until` is a mean of, drawn to what is usual of all goods. All goods
    together are held to gain halfway between that and what they gained in the weeks of the level, within
    what any such weeks of the year gained: fewer weeks are seen to be cheap near the end of a history, and
    of what came, now the one was nearer, now the other.
    """
    year, recent = _spans(until)
    plain = sold[:, :until] / factor[:, :until]
    whole = _ratio(sold[:, year].sum(), plain[:, year].sum())
    found = drawn(sold, factor, until, np.full(sold.shape[0], whole))
    level = plain[:, recent].sum(axis=1)
    added = float((level * (found - 1.0)).sum())
    if added <= 0:
        return found
    held = float(level.sum()) * (_held(sold[:, :until].sum(axis=0), plain.sum(axis=0)) - 1.0)
    return np.asarray(1.0 + (found - 1.0) * min(max((held / added + 1.0) / 2.0, 0.0), _MOST))


def drawn(sold: Floats, factor: Floats, until: int, usual: Floats) -> Floats:
    """(rows,), what cheaper weeks added to each row's own year, drawn to what is `usual` (rows,)."""
    year, recent = _spans(until)
    plain = sold[:, :until] / factor[:, :until]
    whole, own = sold[:, year].sum(axis=1), plain[:, year].sum(axis=1)
    pace = np.maximum(own / (year.stop - year.start), plain[:, recent].sum(axis=1) / LEVEL)
    size = own + PRIOR_WEEKS * pace
    return np.where(size > 0, (whole + PRIOR_WEEKS * pace * usual) / np.where(size > 0, size, 1.0), 1.0)


def _spans(until: int) -> tuple[slice, slice]:
    """The year before the weeks of the level, and those."""
    start = max(until - LEVEL, 0)
    return slice(max(start - OVER, 0), max(start, 1)), slice(start, until)


def _held(sold: Floats, plain: Floats) -> float:
    """What all goods gained in the last weeks, within what they gained in such weeks of a year."""
    weeks = sold.size
    ends = np.arange(min(LEVEL, weeks), weeks + 1)[-(OVER + 1) :]
    sums = [np.concatenate([[0.0], np.cumsum(one)]) for one in (sold, plain)]
    whole, bare = (one[ends] - one[np.maximum(ends - LEVEL, 0)] for one in sums)
    gained = [_ratio(*pair) for pair in zip(whole.tolist(), bare.tolist(), strict=True)]
    before = gained[:-LEVEL] or gained
    return min(max(gained[-1], min(before)), max(before))


def _ratio(whole: float, plain: float) -> float:
    return float(whole / plain) if plain > 0 else 1.0
