"""The terms on which the transfer program is stated: what is where, what it costs, what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from reallocation.contracts import MAX_LINES
from reallocation.rules import PriorityWeights
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as gettext


@dataclass(frozen=True, slots=True)
class SurplusRow:
    """One batch of one SKU at one location, some of which will not sell where it is.

    - `surplus_pieces`: pieces at risk here and not reserved by an open action.
    - `location_pieces`: all free, sellable pieces of the SKU at this location, every batch (the
      same in each row of the SKU and location): safety stock is kept out of these.
    - `daily_mean`: expected sales of the SKU at this location, pieces a day (same in each row).
    - `days_to_expiry`: days from `as_of`'s Indian day to the expiry date; None never expires.
    - `unit_cost_paise`: what a piece cost, without GST.
    - `hold_price_paise`: what a piece is expected to fetch if it stays (chance of sale x price,
      less carrying and disposal; may be negative).
    - `weight_grams`, `volume_cc`: of one piece, packing included; 0 when unknown.
    - `dead_stock_score`: as the Monitoring agent scored the position; shown, not computed with.
    - `received_by_transfer_days_ago`: None when no transfer ever brought it here.
    """

    sku: str
    territory: str
    location: str
    batch: str
    surplus_pieces: int
    location_pieces: int
    daily_mean: float
    days_to_expiry: int | None
    unit_cost_paise: int
    hold_price_paise: int
    case_pack: int = 1
    weight_grams: int = 0
    volume_cc: int = 0
    dead_stock_score: float = 0.0
    received_by_transfer_days_ago: int | None = None

    @property
    def key(self) -> tuple[str, ...]:
        return (self.sku, self.location, self.batch)


@dataclass(frozen=True, slots=True)
class NeedRow:
    """One SKU at one location that will ask for more than it has.

    - `need_pieces`: expected demand over the planning horizon less what is on hand there, on the
      way, or reserved for it; what would only raise its safety stock does not count.
    - `net_price_paise`: what a piece is expected to fetch there, discounts off, GST excluded.
    - `daily_mean`: expected sales of the SKU there, pieces a day.
    - `dispersion`: variance over mean of that demand, 1 or more (1 = Poisson).
    """

    sku: str
    territory: str
    location: str
    need_pieces: int
    net_price_paise: int
    daily_mean: float
    dispersion: float = 1.0

    @property
    def key(self) -> tuple[str, ...]:
        return (self.sku, self.location)


@dataclass(frozen=True, slots=True)
class LaneRow:
    """One way from a location to another; a pair without a row cannot be travelled.

    - `trip_cost_paise`: one vehicle, whatever it carries; `document_cost_paise`: its set of papers.
    - `freight_paise_per_kg`: carriage of one kg over the whole lane (rate per kg-km x km).
    - `vehicle_weight_grams`, `vehicle_volume_cc`: what one trip carries; 0 = no limit.
    - `same_gstin`: both ends stand on one registration: a challan, no tax.
    - `tax_cash_bp`: when they do not, the cost of GST cash locked until credit is used, in basis
      points of the cost value moved (GST rate x interest x months).
    """

    source_location: str
    destination_location: str
    distance_km: int
    transit_days: int
    trip_cost_paise: int = 0
    document_cost_paise: int = 0
    freight_paise_per_kg: int = 0
    vehicle_weight_grams: int = 0
    vehicle_volume_cc: int = 0
    same_gstin: bool = True
    tax_cash_bp: int = 0
    allowed: bool = True

    @property
    def key(self) -> tuple[str, ...]:
        return (self.source_location, self.destination_location)


@dataclass(frozen=True, slots=True)
class ReallocationSnapshot:
    """Everything the Reallocation agent sees; `as_of` (aware) is its only clock.

    `learnt`: factors in basis points by name that experience has corrected these rows by already (what a
    piece fetches where it goes, carriage, days on the road); told with every proposal.

    Rows may come in any order: the plan does not depend on it. Names are for sentences only; a
    code without a name is shown as itself. `Invalid` when a row repeats or holds an absurd number.
    """

    as_of: datetime
    surplus: tuple[SurplusRow, ...]
    needs: tuple[NeedRow, ...]
    lanes: tuple[LaneRow, ...]
    location_names: Mapping[str, str] = field(default_factory=dict)
    territory_names: Mapping[str, str] = field(default_factory=dict)
    sku_names: Mapping[str, str] = field(default_factory=dict)
    learnt: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        if self.as_of.tzinfo is None:
            faults.append(Fault("naive", gettext("the instant needs a time zone"), "as_of"))
        for name, rows in (("surplus", self.surplus), ("needs", self.needs), ("lanes", self.lanes)):
            faults.extend(_repeated(name, (row.key for row in rows)))
            faults.extend(_absurd(name, rows))
        faults.extend(_torn(self.surplus, self.needs))
        if faults:
            raise Invalid(gettext("the snapshot contradicts itself"), code="snapshot", faults=faults)


_MAY_BE_NEGATIVE = frozenset({"hold_price_paise", "days_to_expiry", "dead_stock_score"})
_LEAST_ONE = frozenset({"case_pack", "dispersion"})


def _repeated(name: str, keys: Iterable[tuple[str, ...]]) -> list[Fault]:
    seen: set[tuple[str, ...]] = set()
    faults = []
    for number, key in enumerate(keys, 1):
        if key in seen:
            faults.append(Fault("repeated", gettext("stands twice"), name, number, " ".join(key)))
        seen.add(key)
    return faults


def _absurd(name: str, rows: Iterable[SurplusRow | NeedRow | LaneRow]) -> list[Fault]:
    faults = []
    for number, row in enumerate(rows, 1):
        for column in fields(row):
            value = getattr(row, column.name)
            if not isinstance(value, int | float) or column.name in _MAY_BE_NEGATIVE:
                continue
            least = 1 if column.name in _LEAST_ONE else 0
            if not least <= value < float("inf"):
                message = gettext("must be %(least)s or more", least=least)
                faults.append(Fault("too_low", message, f"{name}.{column.name}", number, str(value)))
    return faults


def _torn(surplus: Iterable[SurplusRow], needs: Iterable[NeedRow]) -> list[Fault]:
    """Rows that say different things of one place: its territory, or its stock of a SKU."""
    facts: list[tuple[str, int, tuple[str, ...], object]] = []
    for number, row in enumerate(surplus, 1):
        stock = (row.location_pieces, row.daily_mean)
        facts.append(("surplus.territory", number, (row.location,), row.territory))
        facts.append(("surplus.location_pieces", number, (row.sku, row.location), stock))
    facts += [("needs.territory", n, (r.location,), r.territory) for n, r in enumerate(needs, 1)]
    told: dict[tuple[str, ...], object] = {}
    return [
        Fault("contradiction", gettext("another row says otherwise"), name, number)
        for name, number, key, value in facts
        if told.setdefault(key, value) != value
    ]


@dataclass(frozen=True, slots=True)
class ReallocationPolicy:
    """The distributor's own rules for transfers; `Invalid` names every field that makes no sense.

    - `reallocation_radius_km`: farther lanes are not considered (`reallocationRadius` at the API).
    - `minimum_net_paise`: what a transfer must bring over leaving the stock, all costs paid.
    - `minimum_days_on_arrival`: shelf life a batch must have left when it arrives.
    - `safety_stock_days`: days of its own mean demand that a source always keeps.
    - `recently_moved_days`: stock that a transfer brought fewer days ago stays; 0 blocks nothing.
    - `max_pieces_per_receiver`: per location and cycle, all SKUs together; 0 = no cap.
    - `whole_cases_only`: no case is opened for a transfer.
    - `handling_paise_per_kg`: loading and unloading, on top of each lane's own freight.
    - `proposal_hours`: how long a proposal may wait for an answer.
    - `why_not_limit`: how many unmet needs and batches left behind a decision tells one by one.
    """

    reallocation_radius_km: int = field(default=500, metadata={"api": "reallocationRadius"})
    minimum_net_paise: int = field(default=50_000, metadata={"api": "minimumTransferNetPaise"})
    minimum_days_on_arrival: int = 30
    safety_stock_days: int = 7
    recently_moved_days: int = 14
    max_transfers_per_cycle: int = 50
    max_pieces_per_receiver: int = 0
    max_lines_per_transfer: int = MAX_LINES
    whole_cases_only: bool = True
    handling_paise_per_kg: int = 50
    proximity_weight: float = 0.3
    velocity_weight: float = 0.3
    urgency_weight: float = 0.4
    velocity_half_pieces: float = 20.0
    urgency_half_days: float = 30.0
    proposal_hours: int = field(default=48, metadata={"api": "transferProposalHours"})
    why_not_limit: int = 500

    def __post_init__(self) -> None:
        faults = [
            fault
            for column in fields(self)
            for fault in _policy_fault(column.name, getattr(self, column.name))
        ]
        if not faults and self.max_lines_per_transfer > MAX_LINES:
            faults.append(
                Fault(
                    "too_high",
                    gettext("at most %(most)s", most=MAX_LINES),
                    "max_lines_per_transfer",
                )
            )
        if faults:
            raise Invalid(gettext("the reallocation policy makes no sense"), code="policy", faults=faults)
        _ = self.weights  # building them checks them

    @property
    def weights(self) -> PriorityWeights:
        """The part that prioritisation reads."""
        return PriorityWeights(
            proximity=self.proximity_weight,
            velocity=self.velocity_weight,
            urgency=self.urgency_weight,
            radius_km=self.reallocation_radius_km,
            velocity_half_pieces=self.velocity_half_pieces,
            urgency_half_days=self.urgency_half_days,
        )


_POSITIVE = frozenset({"max_transfers_per_cycle", "max_lines_per_transfer", "proposal_hours"})


_MAY_BE_FRACTIONS = frozenset(
    {
        "proximity_weight",
        "velocity_weight",
        "urgency_weight",
        "velocity_half_pieces",
        "urgency_half_days",
    }
)


def _policy_fault(name: str, value: Any) -> list[Fault]:
    if name == "whole_cases_only":
        wrong = not isinstance(value, bool)
        return [Fault("not_a_switch", gettext("write true or false"), name)] if wrong else []
    kinds = int | float if name in _MAY_BE_FRACTIONS else int
    if isinstance(value, bool) or not isinstance(value, kinds):
        return [Fault("not_a_number", gettext("write a number"), name, value=str(value))]
    least = 1 if name in _POSITIVE else 0
    return [] if value >= least else [Fault("too_low", gettext("write %(least)s or more", least=least), name)]
