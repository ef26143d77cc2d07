"""What dead stock costs if nothing is done: the loss against cost, part by part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Ints
from inventory.impact.lots import Lots
from inventory.impact.ways import COMPONENTS, WAYS, WaysOut


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """Paise lost by doing nothing; costs positive, what still comes in negative.

    `names`: `value_at_cost` and then the components of a way out; `parts`: (names, lots);
    `total`: (lots,) their sums = cost of the lot less the net of holding it (of destroying it when
    it has expired).
    """

    names: tuple[str, ...]
    parts: Ints
    total: Ints


def loss_if_nothing_is_done(lots: Lots, ways: WaysOut) -> Loss:
    """The financial impact of each lot."""
    hold, destroy = WAYS.index("hold"), WAYS.index("destroy")
    needs = np.flatnonzero(lots.quantity > 0)
    kept = ways.available[hold, needs]
    parts = np.zeros((1 + len(COMPONENTS), len(lots)), dtype=np.int64)
    parts[0, needs] = lots.quantity[needs] * lots.cost[needs]
    for row, (held, destroyed) in enumerate(
        zip(ways.components[hold], ways.components[destroy], strict=True)
    ):
        parts[1 + row, needs] = -np.where(kept, held[needs], destroyed[needs])
    total = np.zeros(len(lots), dtype=np.int64)
    total[needs] = parts[:, needs].sum(axis=0)
    return Loss(("value_at_cost", *COMPONENTS), parts, total)
