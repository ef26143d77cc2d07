"""Which batch could serve which need, what a piece would bring, and what rules the others out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from reallocation.engine.board import Board, Floats, Ints
from reallocation.engine.terms import ReallocationPolicy
from reallocation.rules import Cause, arrives_too_late, can_sell, was_moved_recently

CAUSES: tuple[Cause, ...] = tuple(Cause)
_CODE = {cause: n for n, cause in enumerate(CAUSES)}
_GRAMS_PER_KG = 1000
_BP = 10_000


@dataclass(frozen=True, slots=True)
class Pairs:
    """Moves that may be made, one entry each: arrays (pairs,), sorted by surplus, then need.

    `surplus`, `need`, `lane`: row numbers on the board. `unit`: pieces that move together.
    `gain`: paise that one unit brings over leaving it, carriage and tax paid, trips not.
    `upper`: units that could move at most. `grams`, `cc`: of one unit. `window`: pieces that the
    receiver can sell of the batch before it expires.
    """

    surplus: Ints
    need: Ints
    lane: Ints
    unit: Ints
    gain: Floats
    upper: Ints
    grams: Ints
    cc: Ints
    window: Ints

    def __len__(self) -> int:
        return len(self.gain)


@dataclass(frozen=True, slots=True)
class Ruled:
    """Pieces ruled out before the program, by cause: `needs` (need rows, causes), `surplus` alike."""

    needs: Ints
    surplus: Ints


def pair_up(board: Board, policy: ReallocationPolicy) -> tuple[Pairs, Ruled]:
    """Every surplus against every need of its SKU in another place: what may move, what may not.

    A pair is ruled out by the first cause that applies, in the order of `_causes`.
    """
    ruled = Ruled(
        np.zeros((len(board.needs), len(CAUSES)), np.int64),
        np.zeros((len(board.surplus), len(CAUSES)), np.int64),
    )
    blocks = [_block(board, policy, s, n, ruled) for s, n in _by_sku(board)]
    names = [field.name for field in fields(Pairs)]
    if not blocks:
        blocks = [_nothing()]
    return Pairs(**{k: np.concatenate([getattr(b, k) for b in blocks]) for k in names}), ruled


def _nothing() -> Pairs:
    none = np.zeros(0, np.int64)
    return Pairs(none, none, none, none, none.astype(np.float64), none, none, none, none)


def _by_sku(board: Board) -> Iterator[tuple[Ints, Ints]]:
    """Surplus rows x need rows of each SKU, flattened, pairs within one place left out."""
    of_surplus = np.array([r.sku for r in board.surplus], dtype=object)
    of_need = np.array([r.sku for r in board.needs], dtype=object)
    for sku in sorted(set(of_surplus) & set(of_need)):
        s_first, s_end = _span(of_surplus, sku)
        n_first, n_end = _span(of_need, sku)
        s = np.repeat(np.arange(s_first, s_end), n_end - n_first)
        n = np.tile(np.arange(n_first, n_end), s_end - s_first)
        apart = board.place[s] != board.receiver[n]
        yield s[apart], n[apart]


def _span(sorted_codes: NDArray[np.object_], code: str) -> tuple[int, int]:
    left = int(np.searchsorted(sorted_codes, code, side="left"))
    return left, int(np.searchsorted(sorted_codes, code, side="right"))


def _block(board: Board, policy: ReallocationPolicy, s: Ints, n: Ints, ruled: Ruled) -> Pairs:
    lane = board.lane_of(board.place[s], board.receiver[n])
    pairs = _priced(board, s, n, lane)
    causes = _causes(board, policy, pairs)
    out = causes >= 0
    pieces = np.minimum(board.stock[s], board.need[n])
    np.add.at(ruled.needs, (n[out], causes[out]), pieces[out])
    np.add.at(ruled.surplus, (s[out], causes[out]), pieces[out])
    keep = ~out
    return Pairs(**{f.name: getattr(pairs, f.name)[keep] for f in fields(Pairs)})


def _priced(board: Board, s: Ints, n: Ints, lane: Ints) -> Pairs:
    """All pairs of one SKU with their gain; where there is no lane the numbers mean nothing."""
    freight, tax, transit = board.freight[lane], board.tax[lane], board.transit[lane]
    unit = board.unit[s]
    carriage = board.grams[s] * freight / _GRAMS_PER_KG + board.cost[s] * tax / _BP
    gain = unit * (board.price[n] - board.hold[s] - carriage)
    window = np.minimum(can_sell(board.mean[n], board.life[s] - transit), board.need[n])
    most = np.minimum(np.minimum(board.stock[s], board.leave[s]), window)
    return Pairs(s, n, lane, unit, gain, most // unit, board.grams[s] * unit, board.cc[s] * unit, window)


def _causes(board: Board, policy: ReallocationPolicy, pairs: Pairs) -> Ints:
    """Number of the first cause that rules each pair out; -1 where none does."""
    s, n, lane, unit = pairs.surplus, pairs.need, pairs.lane, pairs.unit
    transit = board.transit[lane]
    checks: list[tuple[Cause, NDArray[np.bool_]]] = [
        (Cause.EXPIRED, board.life[s] <= 0),
        (Cause.RECENTLY_MOVED, was_moved_recently(board.moved[s], policy.recently_moved_days)),
        (Cause.BELOW_CASE, np.minimum(board.stock[s], board.need[n]) < unit),
        (Cause.SAFETY_STOCK, board.leave[s] < unit),
        (Cause.NO_LANE, lane < 0),
        (Cause.LANE_FORBIDDEN, ~board.open[lane]),
        (Cause.RADIUS, board.km[lane] > policy.reallocation_radius_km),
        (
            Cause.SHELF_LIFE,
            arrives_too_late(board.life[s], transit, policy.minimum_days_on_arrival),
        ),
        (Cause.SHORT_WINDOW, pairs.window < unit),
        (Cause.DOES_NOT_PAY, pairs.gain <= 0),
    ]
    codes = [_CODE[cause] for cause, _ in checks]
    return np.select([hit for _, hit in checks], codes, default=-1).astype(np.int64)
