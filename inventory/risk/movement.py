"""How stock moves: days here, days without movement, days of cover."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts.arrays import Floats, Ints
from inventory.contracts.stock import StockSnapshot

#: Days beyond which longer says nothing more; also stands for "since nobody knows when".
LONGEST = 9_999


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """(items,) each, for items with stock; 0 for those without.

    - `days_here`: since the distributor first received the oldest of what is on hand.
    - `idle_days`: days without movement: since the last sale here, or since the oldest of what is
      on hand was received if that was later (stock cannot sell before it is there).
    - `cover_days`: usable free stock over expected daily demand; `LONGEST` when none is expected.

    Days and cover stop at `LONGEST`.
    """

    days_here: Ints
    idle_days: Ints
    cover_days: Floats


def motion(snapshot: StockSnapshot) -> Motion:
    """Motion of every item; expired stock covers no demand."""
    stocked = snapshot.per_item(snapshot.on_hand) > 0
    received = np.full(snapshot.items, snapshot.today, dtype=np.int64)
    there = snapshot.on_hand > 0
    np.minimum.at(received, snapshot.position_item[there], snapshot.first_receipt_day[there])
    days_here = _days(snapshot.today - received, stocked)
    idle = _days(snapshot.today - np.maximum(snapshot.last_sale_day, received), stocked)
    usable = snapshot.per_item(np.where(snapshot.expired, 0, snapshot.free))
    daily = snapshot.demand.daily_mean() if snapshot.items else np.zeros(0)
    cover = np.where(usable > 0, LONGEST, 0.0)
    expected = daily * LONGEST > usable
    cover[expected] = usable[expected] / daily[expected]
    return Motion(days_here, idle, np.where(stocked, cover, 0.0))


def _days(days: Ints, stocked: np.ndarray) -> Ints:
    return np.asarray(np.where(stocked, np.clip(days, 0, LONGEST), 0).astype(np.int64))
