"""Territories, places and the lanes between them as a book has them."""

from __future__ import annotations

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from inventory.contracts.arrays import Ints
from inventory.models import Location, LocationKind, Territory
from inventory.selectors.columns import array_of
from inventory.selectors.distances import lane_days, lane_paise_per_kg, road_kilometres


def read_territories() -> tuple[Ints, tuple[str, ...], NDArray[np.int32]]:
    rows = list(Territory.objects.order_by("pk").values_list("pk", "code", "registration_id"))
    numbers = {pk: n for n, pk in enumerate(sorted({row[2] for row in rows}))}
    return (
        np.fromiter((row[0] for row in rows), dtype=np.int64),
        tuple(row[1] for row in rows),
        np.array([numbers[row[2]] for row in rows], dtype=np.int32),
    )


def list_places(held: Ints) -> tuple[tuple[str, ...], Ints]:
    """Codes and ids of the places among `held`, by id."""
    ids = np.unique(held)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code FROM inventory_location WHERE id = ANY(%s::bigint[]) ORDER BY id", [array_of(ids)]
        )
        return tuple(row[0] for row in cursor.fetchall()), ids


def lanes_between(territory_ids: Ints) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Freight and days between territories, godown to godown; closed where one has none."""
    spot: dict[int, tuple[float, float]] = {}
    rows = Location.objects.filter(kind=LocationKind.GODOWN).order_by("-code")
    for territory, latitude, longitude in rows.values_list("territory_id", "latitude", "longitude"):
        spot[territory] = (latitude, longitude)  # the first by code stays
    known = np.array([pk in spot for pk in territory_ids.tolist()], dtype=np.bool_)
    places = np.array([spot.get(pk, (0.0, 0.0)) for pk in territory_ids.tolist()]).reshape(-1, 2)
    kilometres = road_kilometres(places[:, 0], places[:, 1])
    is_open = known[:, None] & known
    days = np.where(is_open, lane_days(kilometres), 0)
    return np.where(is_open, lane_paise_per_kg(kilometres), -1), days
