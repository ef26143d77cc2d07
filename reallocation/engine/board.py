"""A snapshot laid out as arrays in one canonical order, so that input order cannot matter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reallocation.engine.terms import (
    LaneRow,
    NeedRow,
    ReallocationPolicy,
    ReallocationSnapshot,
    SurplusRow,
)
from reallocation.rules import NEVER, may_leave

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Board:
    """Rows sorted by their keys, and their columns as arrays.

    Surplus arrays (surplus rows,): `stock` free to go, pieces; `leave` pieces that safety stock
    lets go from the SKU and location; `unit` pieces that move together; `group` number of the SKU
    and location; `life` days to expiry; `moved` days since a transfer brought it; `cost` and `hold`
    paise; `grams`, `cc` of a piece; `place` number of the location. Need arrays (need rows,):
    `need` pieces, `price` paise, `mean` pieces a day, `receiver` number of the location. Lane
    arrays (lanes + 1,), the last entry standing for no lane at all: `km`, `transit` days, `freight`
    paise per kg with handling, `tax` basis points, `fixed` paise a trip, `capacity_grams` and
    `capacity_cc` (0 = no limit), `open`. `lane_key` (lanes,) is sorted: number of the source x
    `places` + number of the destination.
    """

    surplus: tuple[SurplusRow, ...]
    needs: tuple[NeedRow, ...]
    lanes: tuple[LaneRow, ...]
    places: int
    stock: Ints
    leave: Ints
    unit: Ints
    group: Ints
    life: Ints
    moved: Ints
    cost: Ints
    hold: Ints
    grams: Ints
    cc: Ints
    place: Ints
    need: Ints
    price: Ints
    mean: Floats
    receiver: Ints
    km: Ints
    transit: Ints
    freight: Ints
    tax: Ints
    fixed: Ints
    capacity_grams: Ints
    capacity_cc: Ints
    open: NDArray[np.bool_]
    lane_key: Ints

    def lane_of(self, source: Ints, destination: Ints) -> Ints:
        """Lane numbers between place numbers; -1, the entry for no lane, where there is none."""
        wanted = source * self.places + destination
        at = np.searchsorted(self.lane_key, wanted)
        found = np.append(self.lane_key, -1)[at] == wanted
        return np.where(found, at, -1)


def lay_out(snapshot: ReallocationSnapshot, policy: ReallocationPolicy) -> Board:
    """The board of a snapshot; rows without a piece are left off."""
    surplus = sorted((r for r in snapshot.surplus if r.surplus_pieces), key=lambda r: r.key)
    needs = sorted((r for r in snapshot.needs if r.need_pieces), key=lambda r: r.key)
    lanes = sorted(snapshot.lanes, key=lambda r: r.key)
    number = _place_numbers(surplus, needs, lanes)
    groups = {key: n for n, key in enumerate(sorted({(r.sku, r.location) for r in surplus}))}
    return Board(
        surplus=tuple(surplus),
        needs=tuple(needs),
        lanes=tuple(lanes),
        places=len(number),
        stock=_ints(r.surplus_pieces for r in surplus),
        leave=may_leave(
            _ints(r.location_pieces for r in surplus),
            _floats(r.daily_mean for r in surplus),
            policy.safety_stock_days,
        ),
        unit=_ints(r.case_pack if policy.whole_cases_only else 1 for r in surplus),
        group=_ints(groups[r.sku, r.location] for r in surplus),
        life=_ints(NEVER if r.days_to_expiry is None else r.days_to_expiry for r in surplus),
        moved=_ints(NEVER if (ago := r.received_by_transfer_days_ago) is None else ago for r in surplus),
        cost=_ints(r.unit_cost_paise for r in surplus),
        hold=_ints(r.hold_price_paise for r in surplus),
        grams=_ints(r.weight_grams for r in surplus),
        cc=_ints(r.volume_cc for r in surplus),
        place=_ints(number[r.location] for r in surplus),
        need=_ints(r.need_pieces for r in needs),
        price=_ints(r.net_price_paise for r in needs),
        mean=_floats(r.daily_mean for r in needs),
        receiver=_ints(number[r.location] for r in needs),
        km=_per_lane(r.distance_km for r in lanes),
        transit=_per_lane(r.transit_days for r in lanes),
        freight=_per_lane(r.freight_paise_per_kg + policy.handling_paise_per_kg for r in lanes),
        tax=_per_lane(0 if r.same_gstin else r.tax_cash_bp for r in lanes),
        fixed=_per_lane(r.trip_cost_paise + r.document_cost_paise for r in lanes),
        capacity_grams=_per_lane(r.vehicle_weight_grams for r in lanes),
        capacity_cc=_per_lane(r.vehicle_volume_cc for r in lanes),
        open=np.array([*(r.allowed for r in lanes), False], dtype=np.bool_),
        lane_key=_ints(
            number[r.source_location] * len(number) + number[r.destination_location] for r in lanes
        ),
    )


def _place_numbers(
    surplus: Iterable[SurplusRow], needs: Iterable[NeedRow], lanes: Iterable[LaneRow]
) -> dict[str, int]:
    codes = {r.location for r in surplus} | {r.location for r in needs}
    for lane in lanes:
        codes |= {lane.source_location, lane.destination_location}
    return {code: n for n, code in enumerate(sorted(codes))}


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _per_lane(values: Iterable[int]) -> Ints:
    return np.append(_ints(values), 0)


def _floats(values: Iterable[float]) -> Floats:
    return np.fromiter(values, dtype=np.float64)
