"""Rows with the same numbers as one group: sums and largest values of whole numbers, without a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

Numbers = np.ndarray[Any, np.dtype[np.int64]]
Marks = np.ndarray[Any, np.dtype[np.bool_]]

#: Keys so many times as far apart as there are rows are sorted; closer ones are ticked off in a list.
_SPARSE = 64


@dataclass(frozen=True, slots=True)
class Keys:
    """One number for the numbers of several columns, in their order; each column has its range."""

    lows: tuple[int, ...]
    spans: tuple[int, ...]

    def of(self, *columns: Numbers) -> Numbers:
        """The key of each row; -1 where a number lies outside the range of its column."""
        key, inside = np.zeros(len(columns[0]), np.int64), np.ones(len(columns[0]), np.bool_)
        for column, low, span in zip(columns, self.lows, self.spans, strict=True):
            at = column.astype(np.int64) - low
            inside &= (at >= 0) & (at < span)
            key = key * span + at
        return np.where(inside, key, -1)


def keys_of(*columns: Numbers) -> Keys:
    """Keys for the numbers that stand in some columns, which must not be empty."""
    lows = tuple(int(column.min()) for column in columns)
    spans = tuple(int(column.max()) - low + 1 for column, low in zip(columns, lows, strict=True))
    return Keys(lows, spans)


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by the group they are of: groups are counted from 0 in the order of their keys.

    `of`: each row's group; `order`: the rows, group by group, each in its old order; `starts`: where in
    that order a group begins; `sizes`: how many rows it has.
    """

    of: Numbers
    order: Numbers
    starts: Numbers
    sizes: Numbers

    def __len__(self) -> int:
        return len(self.starts)

    def firsts(self, values: Numbers) -> Numbers:
        """The value of the first row of each group."""
        return values[self.order[self.starts]]

    def sums(self, values: Numbers) -> Numbers:
        """Whole numbers added up, exactly."""
        if not len(self):
            return np.zeros(0, np.int64)
        added: Numbers = np.add.reduceat(values[self.order].astype(np.int64), self.starts)
        return added

    def largest(self, values: Numbers) -> Numbers:
        if not len(self):
            return values[:0]
        found: Numbers = np.maximum.reduceat(values[self.order], self.starts)
        return found


def group(keys: Numbers) -> Groups:
    """Rows grouped by their keys, which are not negative."""
    of, count = _numbered(keys)
    order = np.argsort(of.astype(np.uint16) if count <= 1 << 16 else of, kind="stable")
    sizes = np.bincount(of, minlength=count).astype(np.int64)
    return Groups(of, order, np.cumsum(sizes) - sizes, sizes)


def distinct(values: Numbers) -> Numbers:
    """The different numbers there are, in order: sorted, which is faster by far than looking each one up."""
    ordered: Numbers = np.sort(values)
    return ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if len(ordered) else ordered


def _numbered(keys: Numbers) -> tuple[Numbers, int]:
    """Which of the different keys, in their order, each row has; how many there are."""
    if not len(keys):
        return keys, 0
    top = int(keys.max()) + 1
    if top > _SPARSE * len(keys):
        known, of = np.unique(keys, return_inverse=True)
        return of.astype(np.int64), len(known)
    there = np.zeros(top, np.bool_)
    there[keys] = True
    place = np.cumsum(there) - 1
    return place[keys], int(place[-1]) + 1


def sums_at(places: Numbers, values: Numbers, count: int) -> Numbers:
    """Whole numbers added up, exactly, by the place each belongs to, of `count` places."""
    added = np.zeros(count, np.int64)
    np.add.at(added, places, values)
    return added


def sums_within(values: Numbers, places: Numbers) -> Numbers:
    """What values add up to so far among those of one place, each included; places go up."""
    upto: Numbers = np.cumsum(values)
    if not len(values):
        return upto
    begins = np.concatenate([[True], places[1:] != places[:-1]])
    within: Numbers = upto - (upto - values)[begins][np.cumsum(begins) - 1]
    return within


def numbers(column: pl.Series) -> Numbers:
    """A column of whole numbers, days or instants as the numbers behind them; it has no nulls."""
    found: Numbers = column.to_physical().to_numpy().astype(np.int64, copy=False)
    return found
