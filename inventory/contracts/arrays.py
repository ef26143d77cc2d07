"""How frozen dataclasses hold arrays: one type, the agreed shape, read-only."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _

Ints = NDArray[np.int64]
Codes = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """What an array field must be: its axes by name, its type, its bounds, and how it is filled.

    An empty array given for a column with a `fill` stands for that value everywhere.
    """

    axes: tuple[str, ...]
    dtype: DTypeLike
    fill: int | float | bool | None = None
    low: float | None = 0
    high: float | None = None


def settle(owner: Any, sizes: Mapping[str, int], columns: Mapping[str, Column]) -> None:
    """Make every column of a frozen dataclass an array of its type and shape, closed for writing.

    Raises `Invalid` with one fault per column whose shape, range or numbers are wrong.
    """
    faults = []
    for name, column in columns.items():
        shape = tuple(sizes[axis] for axis in column.axes)
        values = np.asarray(getattr(owner, name))
        if values.size == 0 and column.fill is not None:
            values = np.full(shape, column.fill)
        if objection := _objection(values, shape, column):
            faults.append(Fault("bad_array", objection, name))
            continue
        settled = np.ascontiguousarray(values, dtype=column.dtype).view()
        settled.setflags(write=False)
        object.__setattr__(owner, name, settled)
    if faults:
        what = listed([listed([fault.field, fault.message], ": ") for fault in faults], "; ")
        raise Invalid(listed([type(owner).__name__, what], ": "), code="bad_array", faults=faults)


def _objection(values: NDArray[Any], shape: tuple[int, ...], column: Column) -> str:
    if values.shape != shape:
        return _("has shape %(shape)s, expected %(expected)s", shape=str(values.shape), expected=str(shape))
    if values.size == 0 or values.dtype == np.bool_:
        return ""
    if not np.isfinite(values).all():
        return _("has numbers that are not finite")
    if column.low is not None and values.min() < column.low:
        return _("must not be below %(low)s", low=column.low)
    if column.high is not None and values.max() > column.high:
        return _("must not be above %(high)s", high=column.high)
    return ""


def empty() -> NDArray[Any]:
    """Stands for a column left at its default."""
    return np.empty(0)
