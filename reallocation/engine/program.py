"""The transfer program as arrays: maximise net paise over pieces to move and trips to make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from reallocation.engine.board import Board, Floats, Ints
from reallocation.engine.candidates import Pairs


class RowKind(StrEnum):
    """What a constraint of the program stands for."""

    SURPLUS = "surplus"
    SAFETY = "safety"
    NEED = "need"
    WINDOW = "window"
    RECEIVER = "receiver"
    GRAMS = "grams"
    VOLUME = "volume"
    LINK = "link"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class Rows:
    """Constraints of one kind, `coefficient . columns <= limit`.

    `row`, `column`, `coefficient`: (entries,), rows counted from 0 within the kind; `limit`:
    (rows,).
    """

    kind: RowKind
    row: Ints
    column: Ints
    coefficient: Floats
    limit: Floats


@dataclass(frozen=True, slots=True)
class Program:
    """Maximise `value . columns` with `0 <= columns <= upper` and every row kept.

    Columns 0 to `pairs` - 1 are units moved on each pair, the rest trips on each lane of `lanes`
    (board numbers of the lanes that any pair uses, ascending).
    """

    pairs: int
    lanes: Ints
    value: Floats
    upper: Floats
    rows: tuple[Rows, ...]

    @property
    def columns(self) -> int:
        return len(self.value)

    @property
    def limit(self) -> Floats:
        """(rows,), kind after kind."""
        return np.concatenate([block.limit for block in self.rows] or [np.zeros(0)])

    @property
    def kinds(self) -> NDArray[np.object_]:
        """(rows,): what each row stands for."""
        kinds = [kind for block in self.rows for kind in [block.kind] * len(block.limit)]
        return np.array(kinds, dtype=object)

    def matrix(self) -> sparse.csr_array:
        """(rows, columns): the coefficients, rows in the order of `limit`."""
        base = np.cumsum([0, *(len(block.limit) for block in self.rows)])
        row = [block.row + base[n] for n, block in enumerate(self.rows)]
        column = [block.column for block in self.rows]
        entry = [block.coefficient for block in self.rows]
        where = (np.concatenate([_NONE, *row]), np.concatenate([_NONE, *column]))
        shape = (int(base[-1]), self.columns)
        return sparse.csr_array((np.concatenate([np.zeros(0), *entry]), where), shape=shape)


def state(board: Board, pairs: Pairs, receiver_cap: int, *, strong: bool) -> Program:
    """The program over `pairs`. Its optimum bounds the net paise of every whole plan from above.

    `receiver_cap`: pieces one location may take in all, 0 = no cap. Trips may be fractional here.
    What one trip can serve is capped by what the lane could carry at all, which keeps the bound
    honest for loads smaller than a vehicle; `strong` adds one row per pair (`units <= upper x
    trips`), a tighter bound at many times the rows.

    Limits in pieces are floored to a common multiple of the units that share them, so that a
    transport program in whole cases has whole optima.
    """
    lanes = np.unique(pairs.lane)
    rows = [
        _shared(RowKind.SURPLUS, pairs, pairs.surplus, board.stock),
        _shared(RowKind.SAFETY, pairs, board.group[pairs.surplus], _by_group(board)),
        _shared(RowKind.NEED, pairs, pairs.need, board.need),
        _windows(board, pairs),
    ]
    if receiver_cap:
        caps = np.full(board.places, receiver_cap, np.int64)
        rows.append(_shared(RowKind.RECEIVER, pairs, board.receiver[pairs.need], caps))
    rows.extend(_trip_rows(board, pairs, lanes, strong=strong))
    return Program(
        pairs=len(pairs),
        lanes=lanes,
        value=np.concatenate([pairs.gain, -board.fixed[lanes].astype(np.float64)]),
        upper=np.concatenate([pairs.upper, np.full(len(lanes), np.inf)]).astype(np.float64),
        rows=tuple(block for block in rows if len(block.limit)),
    )


_NONE = np.zeros(0, np.int64)


def _by_group(board: Board) -> Ints:
    """`leave` per SKU and location: the same in each of its rows, so any of them will do."""
    limit = np.zeros(int(board.group.max(initial=-1)) + 1, np.int64)
    limit[board.group] = board.leave
    return limit


def _shared(kind: RowKind, pairs: Pairs, member: Ints, limit: Ints) -> Rows:
    """One row per group of pairs whose pieces could together exceed the group's limit in pieces."""
    could = np.zeros(len(limit), np.int64)
    np.add.at(could, member, pairs.unit * pairs.upper)
    step = np.zeros(len(limit), np.int64)
    np.gcd.at(step, member, pairs.unit)
    step = np.maximum(step, 1)
    whole = limit // step
    binds = could > whole * step
    number = np.cumsum(binds) - 1
    column = np.flatnonzero(binds[member])
    group = member[column]
    return Rows(
        kind,
        number[group],
        column,
        (pairs.unit[column] // step[group]).astype(np.float64),
        whole[binds].astype(np.float64),
    )


def _windows(board: Board, pairs: Pairs) -> Rows:
    """What expires first must also sell first: nested limits per need, one per shorter window."""
    short = np.flatnonzero(pairs.window < board.need[pairs.need])
    members: list[Ints] = []
    limits: list[int] = []
    for columns in _runs(short, pairs.need):
        for window in np.unique(pairs.window[columns]):
            inside = columns[pairs.window[columns] <= window]
            if int((pairs.unit * pairs.upper)[inside].sum()) > window:
                members.append(inside)
                limits.append(int(window))
    row = np.repeat(np.arange(len(members)), [len(inside) for inside in members])
    column = np.concatenate(members) if members else _NONE
    stacked = np.array(limits, dtype=np.int64)
    step = np.zeros(len(members), np.int64)
    np.gcd.at(step, row, pairs.unit[column])
    return Rows(
        RowKind.WINDOW,
        row,
        column,
        (pairs.unit[column] // step[row]).astype(np.float64),
        (stacked // np.maximum(step, 1)).astype(np.float64),
    )


def _runs(columns: Ints, group: Ints) -> Iterator[Ints]:
    """`columns` split by their group, groups in ascending order."""
    order = columns[np.argsort(group[columns], kind="stable")]
    if len(order):
        yield from np.split(order, np.flatnonzero(np.diff(group[order])) + 1)


def _trip_rows(board: Board, pairs: Pairs, lanes: Ints, *, strong: bool) -> Iterator[Rows]:
    """No load without trips: by weight and by volume where vehicles are limited, by pieces always."""
    lane = np.searchsorted(lanes, pairs.lane)
    pieces = potential(board, pairs, lanes)
    yield _linked(RowKind.LINK, pairs.unit, np.arange(len(pairs)), lane, pieces, len(pairs))
    for kind, load, capacity in (
        (RowKind.GRAMS, pairs.grams, board.capacity_grams[lanes]),
        (RowKind.VOLUME, pairs.cc, board.capacity_cc[lanes]),
    ):
        column = np.flatnonzero(capacity[lane] > 0)
        yield _linked(kind, load[column], column, lane[column], capacity, len(pairs))
    if strong:
        column = np.arange(len(pairs))
        yield Rows(
            RowKind.STRONG,
            np.concatenate([column, column]),
            np.concatenate([column, len(pairs) + lane]),
            np.concatenate([np.ones(len(pairs)), -pairs.upper.astype(np.float64)]),
            np.zeros(len(pairs)),
        )


def potential(board: Board, pairs: Pairs, lanes: Ints) -> Ints:
    """(lanes,): most pieces each could carry: per need on it, the lesser of need and offers."""
    needs = max(len(board.needs), 1)
    key, member = np.unique(np.searchsorted(lanes, pairs.lane) * needs + pairs.need, return_inverse=True)
    offered = np.zeros(len(key), np.int64)
    np.add.at(offered, member, pairs.unit * pairs.upper)
    most = np.zeros(len(lanes), np.int64)
    np.add.at(most, key // needs, np.minimum(offered, board.need[key % needs]))
    return most


def _linked(kind: RowKind, load: Ints, column: Ints, lane: Ints, capacity: Ints, pairs: int) -> Rows:
    """`load . units - capacity x trips <= 0` for every lane among `lane`."""
    used, row = np.unique(lane, return_inverse=True)
    return Rows(
        kind,
        np.concatenate([row, np.arange(len(used))]),
        np.concatenate([column, pairs + used]),
        np.concatenate([load, -capacity[used]]).astype(np.float64),
        np.zeros(len(used)),
    )
