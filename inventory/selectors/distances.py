"""How far godowns lie apart, and what a kilogram costs on the way, until a carrier's tariff is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inventory.selectors.flows import ROAD_FACTOR

_EARTH_KM = 6371.0
#: Part-load road carriage: what a kilogram costs at once and for every hundred kilometres, in paise,
#: and how far goods get in a day. The same figures as the Reallocation agent's starting tariff.
BASE_PAISE_PER_KG = 150
PAISE_PER_KG_100_KM = 90
KM_PER_DAY = 350


def road_kilometres(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.int64]:
    """(places, places) road kilometres: great circle (haversine) times `ROAD_FACTOR`, rounded up.

    0 on the diagonal, at least 1 elsewhere; degrees in.
    """
    lat, lon = np.radians(latitude), np.radians(longitude)
    half = np.sin((lat[:, None] - lat) / 2) ** 2
    half += np.cos(lat)[:, None] * np.cos(lat) * np.sin((lon[:, None] - lon) / 2) ** 2
    straight = 2 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    road: NDArray[np.int64] = np.maximum(np.ceil(straight * ROAD_FACTOR).astype(np.int64), 1)
    np.fill_diagonal(road, 0)
    return road


def lane_paise_per_kg(kilometres: NDArray[np.int64]) -> NDArray[np.int64]:
    """Freight of a kilogram over each distance, rounded up to the paisa."""
    return np.asarray(BASE_PAISE_PER_KG - (-PAISE_PER_KG_100_KM * kilometres // 100))


def lane_days(kilometres: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days on the road, rounded up; at least one between two places."""
    return np.asarray(-(-kilometres // KM_PER_DAY))
