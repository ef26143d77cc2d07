"""What the demand of a series rests on beside its own past, to be kept and told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from inventory.contracts.arrays import Codes
from inventory.forecasting.effects.lineage import Lineage
from inventory.forecasting.effects.newcomers import Newcomers


def rests_on(
    line: Lineage, fresh: Newcomers, skus: Sequence[str], corrected: Codes
) -> dict[int, dict[str, Any]]:
    """By number of series, of those that there is something to tell of:

    - `after`: SKUs whose demand it takes over, the first to leave first, and `share`, how much of it;
    - `kept`: share of a week's demand that is still there a week later, of what leaves;
    - `alike`: SKUs that it is forecast by, the nearest first;
    - `corrected`: days of its past that are what people say they count as, from `corrected` (series,).
    """
    found: dict[int, dict[str, Any]] = {}
    fading = next((one for one in line.told if one.effect == "fading"), None)
    for old in np.flatnonzero((line.left < 1.0).any(axis=1)).tolist():
        found[old] = {"kept": round(fading.figure if fading else 0.0, 3)}
        heir = int(line.heir[old])
        if heir >= 0:
            told = found.setdefault(heir, {})
            told["share"] = round(line.handed, 3)
            told.setdefault("after", []).append(skus[old])
    for row, near in zip(fresh.rows.tolist(), fresh.alike, strict=True):
        found.setdefault(row, {})["alike"] = [skus[one] for one in near]
    for row in np.flatnonzero(corrected).tolist():
        found.setdefault(row, {})["corrected"] = int(corrected[row])
    return found
