"""Totals by any cut, equal to the base to the last paisa."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Ints
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as gettext


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """`keys`: per dimension (groups,) its value, groups sorted by them; `values`: per measure
    (groups,) int64 sums; `rows`: (groups,) how many rows each sum holds.
    """

    keys: Mapping[str, NDArray[Any]]
    values: Mapping[str, Ints]
    rows: Ints

    def table(self) -> list[dict[str, Any]]:
        """One plain mapping per group."""
        columns = {**self.keys, **self.values, "rows": self.rows}
        lists = [column.tolist() for column in columns.values()]
        return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=True)]


def total_by(keys: Mapping[str, NDArray[Any]], values: Mapping[str, Ints]) -> Totals:
    """Sums of whole-number measures over the distinct combinations of the keys.

    `keys`, `values`: (rows,) arrays by name. Without keys there is one group, the grand total. Sums
    are exact integers, so the totals of any cut add up to those of any coarser one.
    """
    _check(keys, values)
    rows = len(next(iter({**keys, **values}.values()), ()))
    group = np.zeros(rows, dtype=np.int64)
    groups = 1
    for column in keys.values():
        _, codes = np.unique(column, return_inverse=True)
        found, group = np.unique(group * (codes.max(initial=0) + 1) + codes, return_inverse=True)
        groups = found.size
    first = np.full(groups, rows, dtype=np.int64)
    np.minimum.at(first, group, np.arange(rows))
    sums = {name: np.zeros(groups, dtype=np.int64) for name in values}
    for name, measure in values.items():
        np.add.at(sums[name], group, measure)
    kept = {name: np.asarray(column)[first] for name, column in keys.items()}
    return Totals(kept, sums, np.bincount(group, minlength=groups).astype(np.int64))


def _check(keys: Mapping[str, NDArray[Any]], values: Mapping[str, Ints]) -> None:
    lengths = {name: len(column) for name, column in {**keys, **values}.items()}
    faults = [
        Fault("not_whole", gettext("must be whole numbers"), name)
        for name, measure in values.items()
        if not np.issubdtype(np.asarray(measure).dtype, np.integer)
    ]
    if len(set(lengths.values())) > 1:
        faults.append(Fault("lengths", gettext("have different lengths: %(lengths)s", lengths=str(lengths))))
    if faults:
        what = listed([listed([fault.field, fault.message], " ") for fault in faults], "; ")
        raise Invalid(listed(["total_by", what], ": "), code="bad_measure", faults=faults)
