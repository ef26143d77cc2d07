"""Stock as the Monitoring agent reads it: items, their positions, and the lanes between territories."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from inventory.contracts.arrays import Codes, Column, Flags, Floats, Ints, empty, settle
from inventory.contracts.demand import DemandDistribution
from inventory.contracts.events import STATUSES
from inventory.contracts.forecasts import COMMON_SHARE
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import listed
from vyapar.kernel.phrases import phrase as _

#: A day that never comes: expiry of what does not expire, end of a return that stays open.
NO_DAY = 2**31 - 1
#: A day before all history: never sold, received nobody knows when, no return agreed.
NEVER = 0
#: Shares of weekdays that differ by less are the same.
_ALIKE = 1e-9
#: Paise that a company credits which has no cap.
NO_CAP = 2**62

_ITEM = ("items",)
_POSITION = ("positions",)
_LANE = ("territories", "territories")

_COLUMNS: dict[str, Column] = {
    "item_sku": Column(_ITEM, np.int32),
    "item_territory": Column(_ITEM, np.int32),
    "last_sale_day": Column(_ITEM, np.int64, NEVER, high=NO_DAY),
    "recent_daily": Column(_ITEM, np.float64, 0.0),
    "earlier_daily": Column(_ITEM, np.float64, 0.0),
    "outlets_recent": Column(_ITEM, np.int32, 0),
    "outlets_usual": Column(_ITEM, np.int32, 0),
    "prior_status": Column(_ITEM, np.int8, 0, high=len(STATUSES) - 1),
    "liquidating": Column(_ITEM, np.bool_, False, low=None),
    "channel_life": Column(("channels",), np.int64, -1, low=-1),
    "mix_item": Column(("mixes",), np.int32),
    "mix_channel": Column(("mixes",), np.int32),
    "mix_share": Column(("mixes",), np.float64, high=1),
    "weekly_mean": Column(("items", "weeks"), np.float64),
    "dispersion": Column(_ITEM, np.float64, 1.0),
    "position_item": Column(_POSITION, np.int32),
    "location": Column(_POSITION, np.int32),
    "batch_id": Column(_POSITION, np.int64),
    "on_hand": Column(_POSITION, np.int64),
    "reserved": Column(_POSITION, np.int64, 0),
    "cost_paise": Column(_POSITION, np.int64),
    "mrp_paise": Column(_POSITION, np.int64),
    "net_price_paise": Column(_POSITION, np.int64),
    "itc_paise": Column(_POSITION, np.int64, 0),
    "weight_grams": Column(_POSITION, np.int64, 0),
    "expiry_day": Column(_POSITION, np.int64, NO_DAY, high=NO_DAY),
    "manufacture_day": Column(_POSITION, np.int64, NEVER, high=NO_DAY),
    "first_receipt_day": Column(_POSITION, np.int64, NEVER, high=NO_DAY),
    "return_bp": Column(_POSITION, np.int64, 0, high=10_000),
    "return_until_day": Column(_POSITION, np.int64, NEVER, high=NO_DAY),
    "claim_room_paise": Column(_POSITION, np.int64, NO_CAP),
    "claim_success_bp": Column(_POSITION, np.int64, -1, low=-1, high=10_000),
    "claim_days": Column(_POSITION, np.int64, -1, low=-1),
    "territory_gstin": Column(("territories",), np.int32, 0),
    "lane_paise_per_kg": Column(_LANE, np.int64, -1, low=-1),
    "lane_days": Column(_LANE, np.int64, 0),
    "weekday_share": Column(("territories", "weekdays"), np.float64, 1 / 7, high=1),
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StockSnapshot:
    """Everything of stock at one instant; arrays in any order, days as ordinals (`date.toordinal`).

    `as_of` is the Indian day and the only clock. `skus`, `territories`, `locations`, `channels` are
    the names that numbers point at.

    Who buys: `channels` are kinds of buyers with a least life that may differ from general trade's, each
    with days of its own in `channel_life` (-1: its trade channel's rule holds). A *mix* is the share of an
    item's demand that one of them takes; what no mix takes is general trade's. (mixes,): `mix_item`,
    `mix_channel`, `mix_share`.

    An *item* is one SKU in one territory, once. (items,):
    - `item_sku`, `item_territory`: numbers of the names.
    - `last_sale_day`: ordinal, `NEVER` when it never sold there.
    - `recent_daily`, `earlier_daily`: pieces per day sold in the last 28 days and in the 84 before.
    - `outlets_recent`, `outlets_usual`: outlets that bought in the last 90 days and in the last year.
    - `prior_status`: index into `STATUSES` as last recorded; `liquidating`: an open action sells it.
    - `weekly_mean`: (items, weeks), `dispersion`: (items,) and `common`, as in `DemandDistribution`.

    A *position* is one batch at one location. (positions,):
    - `position_item`: number of its item; `location`: number; `batch_id`: the same batch has the same.
    - `on_hand`, `reserved`: pieces, `reserved` <= `on_hand`; the rest is free.
    - `cost_paise`, `mrp_paise`, `net_price_paise`, `itc_paise`: per piece; cost landed without GST,
      net price to the trade without GST, input tax credit taken.
    - `weight_grams`: of a piece with packing.
    - `expiry_day`: last day of sale, `NO_DAY` when it does not expire; `manufacture_day`;
      `first_receipt_day`: when the distributor first received it (transfers do not restart it).
    - `return_bp`: share of cost the company credits, 0 when it takes none back, and
      `return_until_day`: last day on which it accepts a claim.
    - `claim_room_paise`: this position's share of what the company still credits this year, `NO_CAP`
      where it has no cap; `claim_success_bp`, `claim_days`: how often it accepts a claim and days until
      it pays, -1 where the policy's own figure holds.

    Lanes, (territories, territories), from row to column: `lane_paise_per_kg` (-1: closed) and
    `lane_days`; `territory_gstin`: (territories,), equal for territories of one registration.
    `weekday_share`: (territories, 7), share of a week's demand on each day from Monday on; all alike when
    not given.
    """

    as_of: date
    skus: tuple[str, ...]
    territories: tuple[str, ...]
    locations: tuple[str, ...]
    channels: tuple[str, ...] = ()

    item_sku: Codes
    item_territory: Codes
    last_sale_day: Ints = field(default_factory=empty)
    recent_daily: Floats = field(default_factory=empty)
    earlier_daily: Floats = field(default_factory=empty)
    outlets_recent: Codes = field(default_factory=empty)
    outlets_usual: Codes = field(default_factory=empty)
    prior_status: NDArray[np.int8] = field(default_factory=empty)
    liquidating: Flags = field(default_factory=empty)
    channel_life: Ints = field(default_factory=empty)
    mix_item: Codes = field(default_factory=empty)
    mix_channel: Codes = field(default_factory=empty)
    mix_share: Floats = field(default_factory=empty)
    weekly_mean: Floats
    dispersion: Floats = field(default_factory=empty)
    common: float = COMMON_SHARE

    position_item: Codes
    location: Codes
    batch_id: Ints
    on_hand: Ints
    reserved: Ints = field(default_factory=empty)
    cost_paise: Ints
    mrp_paise: Ints
    net_price_paise: Ints
    itc_paise: Ints = field(default_factory=empty)
    weight_grams: Ints = field(default_factory=empty)
    expiry_day: Ints = field(default_factory=empty)
    manufacture_day: Ints = field(default_factory=empty)
    first_receipt_day: Ints = field(default_factory=empty)
    return_bp: Ints = field(default_factory=empty)
    return_until_day: Ints = field(default_factory=empty)
    claim_room_paise: Ints = field(default_factory=empty)
    claim_success_bp: Ints = field(default_factory=empty)
    claim_days: Ints = field(default_factory=empty)

    territory_gstin: Codes = field(default_factory=empty)
    lane_paise_per_kg: Ints = field(default_factory=empty)
    lane_days: Ints = field(default_factory=empty)
    weekday_share: Floats = field(default_factory=empty)

    def __post_init__(self) -> None:
        weekly = np.asarray(self.weekly_mean)
        sizes = {
            "items": np.asarray(self.item_sku).shape[0],
            "positions": np.asarray(self.position_item).shape[0],
            "territories": len(self.territories),
            "weeks": weekly.shape[1] if weekly.ndim == 2 else 0,
            "weekdays": 7,
            "channels": len(self.channels),
            "mixes": np.asarray(self.mix_item).shape[0],
        }
        settle(self, sizes, _COLUMNS)
        _check_references(self, sizes)

    @property
    def items(self) -> int:
        return int(self.item_sku.shape[0])

    @property
    def positions(self) -> int:
        return int(self.position_item.shape[0])

    @property
    def today(self) -> int:
        """`as_of` as an ordinal."""
        return self.as_of.toordinal()

    @property
    def demand(self) -> DemandDistribution:
        """Demand of the items; series number = item number."""
        if not self.weekday_share.size or np.ptp(self.weekday_share) < _ALIKE:
            return DemandDistribution(self.weekly_mean, self.dispersion, self.common)
        within = np.roll(self.weekday_share, -self.as_of.weekday(), axis=1)
        return DemandDistribution(self.weekly_mean, self.dispersion, self.common, within, self.item_territory)

    @property
    def free(self) -> Ints:
        """(positions,), pieces on hand that no open action holds."""
        return np.asarray(self.on_hand - self.reserved)

    @property
    def expired(self) -> Flags:
        """(positions,): past their last day of sale; never usable stock."""
        return np.asarray(self.expiry_day < self.today)

    def per_item(self, values: Ints) -> Ints:
        """(items,), exact sums of whole numbers given per position."""
        sums = np.zeros(self.items, dtype=np.int64)
        np.add.at(sums, self.position_item, values)
        return sums


def _check_references(snapshot: StockSnapshot, sizes: dict[str, int]) -> None:
    """`Invalid` when a number points nowhere, an item stands twice, or too much is reserved."""
    limits = {
        "item_sku": len(snapshot.skus),
        "item_territory": len(snapshot.territories),
        "mix_item": sizes["items"],
        "mix_channel": len(snapshot.channels),
        "position_item": sizes["items"],
        "location": len(snapshot.locations),
    }
    faults = [
        Fault("points_nowhere", _("has numbers of %(limit)s and above", limit=limit), name)
        for name, limit in limits.items()
        if getattr(snapshot, name).size and getattr(snapshot, name).max() >= limit
    ]
    pairs = snapshot.item_sku.astype(np.int64) * len(snapshot.territories) + snapshot.item_territory
    if np.unique(pairs).size != pairs.size:
        faults.append(Fault("twice", _("an item stands twice"), "item_sku"))
    if (snapshot.reserved > snapshot.on_hand).any():
        faults.append(Fault("over_reserved", _("more is reserved than is on hand"), "reserved"))
    if faults:
        what = listed([listed([fault.field, fault.message], " ") for fault in faults], "; ")
        raise Invalid(listed(["StockSnapshot", what], ": "), code="bad_snapshot", faults=faults)
