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
    chosen = np.where(ways.available[hold], ways.components[hold], ways.components[destroy])
    parts = np.vstack([lots.quantity * lots.cost, -chosen])
    return Loss(("value_at_cost", *COMPONENTS), parts, parts.sum(axis=0))
