"""Prices, floors and lots: the arithmetic an offer must obey. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from campaigns.contracts import CampaignPolicy, OfferItem, Outlet
from vyapar.kernel.money import BASIS_POINTS


def offer_price(trade_price_paise: int, discount_bp: int, mrp_paise: int) -> int:
    """The outlet's price at a discount, GST included; rounded down to the paisa, never above MRP.

    Down, so that the outlet never pays more than the discount promises (Legal Metrology (Packaged
    Commodities) Rules 2011, r.18(2): MRP is a ceiling).
    """
    return min(trade_price_paise * (BASIS_POINTS - discount_bp) // BASIS_POINTS, mrp_paise)


def net_of_gst(price_paise: int, rate_bp: int) -> int:
    """What we keep of a price that includes GST: price / (1 + rate), rounded down."""
    return price_paise * BASIS_POINTS // (BASIS_POINTS + rate_bp)


def floor_bp(item: OfferItem, policy: CampaignPolicy) -> int:
    """The margin floor that holds for an item: lower when its expiry is near."""
    near = item.days_to_expiry is not None and item.days_to_expiry <= policy.near_expiry_days
    return policy.near_expiry_floor_bp if near else policy.margin_floor_bp


def is_above_floor(net_price_paise: int, cost_paise: int, floor: int) -> bool:
    """Whether a price without GST keeps the margin floor over landed cost."""
    return net_price_paise * BASIS_POINTS >= cost_paise * (BASIS_POINTS + floor)


def has_life(item: OfferItem, policy: CampaignPolicy) -> bool:
    """Whether an outlet that orders on the last day still gets the least life it is owed."""
    needed = policy.campaign_days + policy.delivery_days + policy.minimum_life_days
    return item.days_to_expiry is None or item.days_to_expiry >= needed


def uplift(discount_bp: int, policy: CampaignPolicy, learnt: Mapping[str, float]) -> float:
    """Pieces sold at a discount per piece that plain demand expects: learnt, else from elasticity."""
    known = learnt.get(str(discount_bp))
    return known if known is not None else 1 + policy.elasticity * discount_bp / BASIS_POINTS


def why_not(outlet: Outlet, policy: CampaignPolicy) -> str:
    """The reason an outlet is left out of every offer, or nothing."""
    if not outlet.channels:
        return "no_consent"
    if outlet.credit_left_paise <= 0:
        return "credit_limit"
    if outlet.offers_this_week >= policy.weekly_cap:
        return "weekly_cap"
    return ""


def affinity(outlet: Outlet, items: tuple[OfferItem, ...]) -> int:
    """How much an outlet has bought of what is offered: its own SKUs count ten times the category."""
    own = sum(outlet.bought.get(item.sku, 0) for item in items)
    kin = sum(outlet.bought_categories.get(name, 0) for name in {item.category for item in items})
    return 10 * own + kin


def is_held_out(campaign_id: str, retailer_id: str, share_bp: int, seed: int) -> bool:
    """By lot, the same for the same campaign and outlet: whether it is kept out to compare with."""
    lot = hashlib.sha256(f"{seed}|{campaign_id}|{retailer_id}".encode()).digest()
    return int.from_bytes(lot[:4], "big") % BASIS_POINTS < share_bp
