"""What stands in the way of a transfer, in words, and which transfer comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import phrase as _

#: `days_to_expiry` of goods that never expire, in arrays.
NEVER = 1_000_000


class Cause(StrEnum):
    """Why a piece of surplus does not go to a need; the value is the code that people see."""

    NO_SURPLUS = "no_surplus"
    NO_NEED = "no_need"
    EXPIRED = "expired"
    RECENTLY_MOVED = "recently_moved"
    SAFETY_STOCK = "safety_stock"
    BELOW_CASE = "below_case"
    NO_LANE = "no_lane"
    LANE_FORBIDDEN = "lane_forbidden"
    RADIUS = "radius"
    SHELF_LIFE = "shelf_life"
    SHORT_WINDOW = "short_window"
    DOES_NOT_PAY = "does_not_pay"
    RECEIVER_FULL = "receiver_full"
    SURPLUS_USED = "surplus_used"
    NEED_MET = "need_met"
    TRIP_NOT_PAID = "trip_not_paid"
    BELOW_MINIMUM = "below_minimum"
    TRANSFER_LIMIT = "transfer_limit"
    LINE_LIMIT = "line_limit"
    VEHICLE_FULL = "vehicle_full"


#: One plain sentence per cause; the numbers stand beside it, not in it.
SENTENCES: dict[Cause, Phrase] = {
    Cause.NO_SURPLUS: _("no other place has this SKU to spare"),
    Cause.NO_NEED: _("no other place lacks this SKU"),
    Cause.EXPIRED: _("the stock has expired and may not be sold anywhere"),
    Cause.RECENTLY_MOVED: _("the stock came here by transfer only days ago and is not moved twice"),
    Cause.SAFETY_STOCK: _("the source would fall below its safety stock"),
    Cause.BELOW_CASE: _("less than one whole case could move"),
    Cause.NO_LANE: _("no lane is known between the two places"),
    Cause.LANE_FORBIDDEN: _("the lane between the two places is closed"),
    Cause.RADIUS: _("the two places are farther apart than the reallocation radius"),
    Cause.SHELF_LIFE: _("too few days would be left on arrival"),
    Cause.SHORT_WINDOW: _("the batch would expire there before more of it could sell"),
    Cause.DOES_NOT_PAY: _("freight, handling and tax would cost more than the move brings"),
    Cause.RECEIVER_FULL: _("the receiver already takes as many pieces as it may in one cycle"),
    Cause.SURPLUS_USED: _("the surplus does more good elsewhere"),
    Cause.NEED_MET: _("the need is already met from elsewhere"),
    Cause.TRIP_NOT_PAID: _("the load would not pay for its own trip and papers"),
    Cause.BELOW_MINIMUM: _("the load would bring less than the least worth a transfer"),
    Cause.TRANSFER_LIMIT: _("the cycle already holds as many transfers as it may; others come first"),
    Cause.LINE_LIMIT: _("the paper set already has as many lines as it may"),
    Cause.VEHICLE_FULL: _("the vehicles are full and another trip would not pay"),
}


def arrives_too_late(
    days_to_expiry: NDArray[np.int64], transit_days: NDArray[np.int64], minimum_days: int
) -> NDArray[np.bool_]:
    """True where fewer than `minimum_days` of shelf life would be left on arrival."""
    return days_to_expiry - transit_days < minimum_days


def was_moved_recently(days_ago: NDArray[np.int64], block_days: int) -> NDArray[np.bool_]:
    """True where a transfer brought the stock fewer than `block_days` days ago."""
    return days_ago < block_days


def may_leave(
    location_pieces: NDArray[np.int64], daily_mean: NDArray[np.float64], safety_days: int
) -> NDArray[np.int64]:
    """Pieces of an SKU above a location's safety stock of `safety_days` of mean demand."""
    safety: NDArray[np.int64] = np.ceil(daily_mean * safety_days - 1e-9).astype(np.int64)
    above: NDArray[np.int64] = np.maximum(location_pieces - safety, 0)
    return above


def can_sell(daily_mean: NDArray[np.float64], days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole pieces that mean demand asks for within `days`; never negative."""
    return np.floor(daily_mean * np.maximum(days, 0) + 1e-9).astype(np.int64)


@dataclass(frozen=True, slots=True)
class PriorityWeights:
    """How proximity, demand velocity and expiry urgency weigh against each other, each 0 or more.

    `radius_km` is where proximity ends, `velocity_half_pieces` the demand in pieces a day and
    `urgency_half_days` the days to spare at which velocity and urgency count half.
    """

    proximity: float = 0.3
    velocity: float = 0.3
    urgency: float = 0.4
    radius_km: int = 500
    velocity_half_pieces: float = 20.0
    urgency_half_days: float = 30.0

    def __post_init__(self) -> None:
        names = ("proximity", "velocity", "urgency")
        faults = [
            Fault("too_low", _("write 0 or more"), f"{name}_weight")
            for name in names
            if not 0 <= getattr(self, name) < float("inf")
        ]
        if not faults and not any(getattr(self, name) for name in names):
            faults.append(Fault("all_zero", _("one weight at least must count"), "proximity_weight"))
        faults.extend(
            Fault("too_low", _("write more than 0"), name)
            for name in ("velocity_half_pieces", "urgency_half_days")
            if not 0 < getattr(self, name) < float("inf")
        )
        if faults:
            raise Invalid(_("the priority weights make no sense"), code="weights", faults=faults)


@dataclass(frozen=True, slots=True)
class Opportunity:
    """One possible transfer as prioritisation sees it.

    `daily_demand` is what the destination sells of the SKUs on it, pieces a day; `spare_days` how
    long it could still wait before some of it would arrive too old (None: it never will).
    """

    subject: str
    distance_km: int
    daily_demand: float
    spare_days: int | None
    net_paise: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """An opportunity with its score and the three factors behind it, each in 0..1."""

    opportunity: Opportunity
    score: float
    proximity: float
    velocity: float
    urgency: float


def rank(opportunities: Iterable[Opportunity], weights: PriorityWeights) -> tuple[Ranked, ...]:
    """Opportunities, the most pressing first, by the weighted mean of their three factors.

    A score depends on its own opportunity only, so adding one never reorders the others. Equal
    scores (to nine decimals) are ordered by net paise, then by subject.
    """
    scored = [_scored(opportunity, weights) for opportunity in opportunities]
    return tuple(sorted(scored, key=lambda r: (-r.score, -r.opportunity.net_paise, r.opportunity.subject)))


def _scored(one: Opportunity, weights: PriorityWeights) -> Ranked:
    near = proximity(one.distance_km, weights.radius_km)
    fast = one.daily_demand / (one.daily_demand + weights.velocity_half_pieces)
    soon = urgency(one.spare_days, weights.urgency_half_days)
    total = weights.proximity + weights.velocity + weights.urgency
    weighted = weights.proximity * near + weights.velocity * fast + weights.urgency * soon
    return Ranked(one, round(weighted / total, 9), near, fast, soon)


def proximity(distance_km: int, radius_km: int) -> float:
    """1 next door, 0 at the radius and beyond."""
    if radius_km <= 0:
        return float(distance_km == 0)
    return max(0.0, 1 - distance_km / radius_km)


def urgency(spare_days: int | None, half_days: float) -> float:
    """1 when it must go today, a half when `half_days` are to spare, 0 when nothing presses."""
    return 0.0 if spare_days is None else half_days / (half_days + max(spare_days, 0))


@dataclass(frozen=True, slots=True)
class Freight:
    """What part-load carriage by road costs: a tariff to start from until a carrier's own is known.

    Money in paise. `pickup_paise` is paid once a load; a kilogram costs `base_per_kg_paise` and
    `per_kg_100km_paise` for every hundred kilometres. `tax_cash_bp` is what GST paid at dispatch to
    another registration costs until its credit is used (about one return period's interest).
    """

    pickup_paise: int = 30_000
    document_paise: int = 5_000
    base_per_kg_paise: int = 150
    per_kg_100km_paise: int = 90
    km_per_day: int = 350
    vehicle_kg: int = 7_000
    tax_cash_bp: int = 15

    def per_kg(self, distance_km: int) -> int:
        """Paise to carry one kilogram over the whole distance, rounded up."""
        return self.base_per_kg_paise - (-self.per_kg_100km_paise * distance_km // 100)
