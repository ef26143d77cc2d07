"""How a week of demand lies on its days, as the training in force found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inventory.contracts.arrays import Floats
from inventory.contracts.demand import DAYS_PER_WEEK
from inventory.models import ForecastModel


def weekday_shares(territories: Sequence[str]) -> Floats:
    """(territories, 7), share of a week's demand on each day from Monday on. One query."""
    found = ForecastModel.objects.order_by("-as_of", "-pk").values_list("effects", flat=True).first()
    known: dict[str, Any] = next((one for one in found or () if one.get("effect") == "weekdays"), {})
    return shares_of(known.get("shares", {}) if known.get("stands") else {}, territories)


def shares_of(known: Mapping[str, Sequence[float]], territories: Sequence[str]) -> Floats:
    """(territories, 7), of those that are known; of the others all days alike."""
    even = (1.0 / DAYS_PER_WEEK,) * DAYS_PER_WEEK
    shares = [known.get(territory, even) for territory in territories]
    return np.array(shares, dtype=np.float64).reshape(len(territories), DAYS_PER_WEEK)
