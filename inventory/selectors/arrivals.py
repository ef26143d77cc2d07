"""How batches came to where they lie: the order that brought them, or stock that stood there already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Flags, Ints
from inventory.models import Retailer
from inventory.selectors.columns import codes_of, of_skus, positions_of, read_packed

#: In no day's ordinal.
_NEVER = 0
_FAR = 10_000_000
_BY_DAY = """
SELECT m.batch_id, m.location_id, p.sku_id, l.territory_id,
       (m.at AT TIME ZONE 'Asia/Kolkata')::date - DATE '0001-01-01' + 1,
       coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'receipt'), 0),
       coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'opening'), 0),
       coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'transfer_in'), 0),
       coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'return'), 0),
       coalesce(sum(m.quantity) FILTER (WHERE m.kind = 'found'), 0)
FROM inventory_movement m JOIN inventory_batch p ON p.id = m.batch_id
JOIN inventory_location l ON l.id = m.location_id
WHERE m.kind IN ('receipt', 'opening', 'transfer_in', 'return', 'found') AND {scope} GROUP BY 1, 2, 3, 4, 5
"""
_COLUMNS = (
    "batch", "location", "sku", "territory", "day", "receipt", "opening", "moved", "back", "found",
)  # fmt: skip
_BOOKS_BEGAN = """
SELECT location_id, min((at AT TIME ZONE 'Asia/Kolkata')::date) - DATE '0001-01-01' + 1
FROM inventory_movement WHERE kind = 'opening' AND quantity > 0 GROUP BY 1
"""


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Batches at the places they ever came to, (spots,) each, by `key`: see `of`.

    - `code`: SKU and territory of the place where it came into the house: transfers do not change it.
    - `day`: ordinal of the largest receipt, 0 where none is known; `ordered`: pieces of its SKU that came
      there that day, 0 likewise.
    - `came`: pieces that came to this spot in any way but back from outlets; `back`: those, and those that
      came back where it was before.
    - `opened`: it stood there when the books began; `moved`: it came to this spot from another one.

    A batch that a later statement of the stock names for the first time came on that day. What a depot,
    a territory without outlets, hands on counts as ordered where it went.
    """

    key: Ints
    code: Ints
    day: Ints
    ordered: Ints
    came: Ints
    back: Ints
    opened: Flags
    moved: Flags

    def of(self, batch: Ints, location: Ints) -> dict[str, NDArray[Any]]:
        """The columns for some batches at some places; nothing and no day where none ever came."""
        row = positions_of(self.key, batch * _FAR + location)
        names = [one.name for one in fields(self) if one.name != "key"]
        padded = {name: np.append(getattr(self, name), 0) for name in names}
        return {name: column[row] for name, column in padded.items()}


def read_arrivals(skus: Sequence[int] | None) -> Arrivals:
    """How all batches of some SKUs (by id; None: of all) came."""
    rows = read_packed(_BY_DAY.format(scope=of_skus(skus)), _COLUMNS)
    began = read_packed(_BOOKS_BEGAN, ("location", "day"))
    return arrivals(
        rows, began, np.array(sorted(set(Retailer.objects.values_list("territory_id", flat=True))))
    )


def arrivals(rows: dict[str, Ints], began: dict[str, Ints], selling: Ints) -> Arrivals:
    """Arrivals from pieces by batch, place and day. `began`: `location` and `day` of first openings;
    `selling`: territories with outlets.
    """
    place = positions_of(began["location"], rows["location"])
    first = np.append(began["day"], _NEVER)[place]
    stated = np.where(rows["day"] > first, rows["opening"], 0)
    order = np.lexsort((rows["day"], rows["location"], rows["batch"]))
    mine = {name: column[order] for name, column in (rows | {"in": rows["receipt"] + stated}).items()}
    key, start, spot = np.unique(
        mine["batch"] * _FAR + mine["location"], return_index=True, return_inverse=True
    )
    code = codes_of(mine["sku"], mine["territory"])
    sums = {
        name: _sum(spot, mine[name], key.size)
        for name in ("in", "receipt", "opening", "moved", "back", "found")
    }
    ours = _largest(spot, mine["in"], code, mine["day"], sums["in"] > 0)
    theirs = _largest(spot, mine["moved"], code, mine["day"], sums["moved"] > 0)
    own = sums["receipt"] + sums["opening"]
    moved = (sums["moved"] > own) & (sums["moved"] > 0)
    home = _homes(key // _FAR, own, np.where(ours[0] > 0, ours[0], mine["day"][start]))
    far = moved & (home >= 0)
    depot = far & ~np.isin(mine["territory"][start][home], selling)
    far &= ~depot
    source = np.where(far, home, np.arange(key.size))
    day, ordered = (np.where(depot, b, a[source]) for a, b in zip(ours, theirs, strict=True))
    return Arrivals(
        key=key,
        code=code[start][source],
        day=day,
        ordered=ordered,
        came=own + sums["moved"] + sums["found"],
        back=sums["back"] + np.where(far, sums["back"][source], 0),
        opened=(day == _NEVER) & (sums["opening"] > 0)[source],
        moved=far,
    )


def _sum(spot: Ints, pieces: Ints, count: int) -> Ints:
    total = np.zeros(count, np.int64)
    np.add.at(total, spot, pieces)
    return total


def _largest(spot: Ints, pieces: Ints, code: Ints, day: Ints, known: Flags) -> tuple[Ints, Ints]:
    """(spots,) each: the day on which most came, the first of equals, and what came of the item that day;
    0 where nothing is `known`.
    """
    _, which = np.unique(np.stack([code, day]), axis=1, return_inverse=True)
    which = which.reshape(-1)
    total = _sum(which, np.maximum(pieces, 0), int(which.max(initial=-1)) + 1)
    order = np.lexsort((day, -pieces, spot))
    best = order[np.searchsorted(spot[order], np.arange(known.size))]
    return np.where(known, day[best], _NEVER), np.where(known, total[which[best]], 0)


def _homes(batch: Ints, own: Ints, day: Ints) -> Ints:
    """(spots,) the spot at which most of the same batch came from outside, the first of equals; -1: none."""
    order = np.lexsort((np.arange(batch.size), day, -own, batch))
    best = order[np.searchsorted(batch[order], batch)]
    return np.where(own[best] > 0, best, -1)
