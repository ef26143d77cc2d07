"""Small stock snapshots written out by hand, for named examples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from inventory.contracts import NO_DAY, STATUSES, StockSnapshot, StockStatus
from tests.strategies import AS_OF, TODAY


@dataclass(frozen=True)
class Lot:
    """One batch of an item; days count from today, `life` None never expires."""

    on_hand: int = 100
    life: int | None = None
    received: int = 200
    batch: int = 1
    reserved: int = 0
    location: str = "G1"
    cost: int = 1_000
    price: int = 1_200
    itc: int = 180
    grams: int = 500
    return_bp: int = 0
    return_days: int = -1


@dataclass(frozen=True)
class Item:
    """One SKU in one territory; `weekly` pieces, `sold` days since its last sale (None: never)."""

    lots: tuple[Lot, ...] = (Lot(),)
    sku: str = "SKU-0"
    territory: str = "T0"
    weekly: float = 0.0
    dispersion: float = 1_000.0
    sold: int | None = None
    recent: float = 0.0
    earlier: float = 0.0
    outlets: tuple[int, int] = (0, 0)
    prior: StockStatus = StockStatus.ACTIVE
    liquidating: bool = False


def stock(*items: Item, lanes: dict[tuple[str, str], tuple[int, int]] | None = None, **more) -> StockSnapshot:
    """A snapshot of items; `lanes` maps (from, to) to (paise per kg, days), all others closed."""
    skus = sorted({item.sku for item in items})
    territories = sorted({item.territory for item in items})
    rows = [(number, lot) for number, item in enumerate(items) for lot in item.lots]
    locations = sorted({lot.location for _, lot in rows}) or ["G1"]
    fees = np.full((len(territories), len(territories)), -1)
    days = np.zeros_like(fees)
    for (source, target), (fee, transit) in (lanes or {}).items():
        at = territories.index(source), territories.index(target)
        fees[at], days[at] = fee, transit
    columns = {
        "as_of": AS_OF,
        "skus": tuple(skus),
        "territories": tuple(territories),
        "locations": tuple(locations),
        "item_sku": [skus.index(item.sku) for item in items],
        "item_territory": [territories.index(item.territory) for item in items],
        "last_sale_day": [0 if item.sold is None else TODAY - item.sold for item in items],
        "recent_daily": [item.recent for item in items],
        "earlier_daily": [item.earlier for item in items],
        "outlets_recent": [item.outlets[0] for item in items],
        "outlets_usual": [item.outlets[1] for item in items],
        "prior_status": [STATUSES.index(item.prior) for item in items],
        "liquidating": [item.liquidating for item in items],
        "weekly_mean": np.array([[item.weekly] * 13 for item in items]).reshape(len(items), 13),
        "dispersion": [item.dispersion for item in items],
        "position_item": [number for number, _ in rows],
        "location": [locations.index(lot.location) for _, lot in rows],
        "batch_id": [lot.batch for _, lot in rows],
        "on_hand": [lot.on_hand for _, lot in rows],
        "reserved": [lot.reserved for _, lot in rows],
        "cost_paise": [lot.cost for _, lot in rows],
        "mrp_paise": [lot.price * 2 for _, lot in rows],
        "net_price_paise": [lot.price for _, lot in rows],
        "itc_paise": [lot.itc for _, lot in rows],
        "weight_grams": [lot.grams for _, lot in rows],
        "expiry_day": [NO_DAY if lot.life is None else TODAY + lot.life for _, lot in rows],
        "first_receipt_day": [TODAY - lot.received for _, lot in rows],
        "return_bp": [lot.return_bp for _, lot in rows],
        "return_until_day": [TODAY + lot.return_days for _, lot in rows],
        "lane_paise_per_kg": fees,
        "lane_days": days,
    }
    return StockSnapshot(**(columns | more))
