"""Prices, floors and lots: the arithmetic an offer must obey. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from campaigns.contracts import CampaignPolicy, OfferItem, OfferLine, Outlet
from inventory.contracts import DEFAULT_CHANNEL, LifeRules
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


#: A trade channel, and days of life that an outlet wants itself; None where its channel's rule holds.
Terms = tuple[str, int | None]


def terms_of(outlet: Outlet) -> Terms:
    """By what an outlet's wish for life is told."""
    return outlet.trade_channel, outlet.minimum_life_days


def life_wanted(terms: Terms, whole_days: int | None, policy: CampaignPolicy, lives: LifeRules | None) -> int:
    """Days of life that goods on offer must have when they reach an outlet.

    Its own wish stands before its channel's rule, and that before what an offer gives everybody: a channel
    that refuses short goods at its door does so at any price. `whole_days`: life of the batch from
    manufacture to its last day of sale, where known.
    """
    channel, own = terms
    if own is not None:
        return own
    if lives is None or channel == DEFAULT_CHANNEL or channel not in lives.days:
        return policy.minimum_life_days
    return lives.least(channel, whole_days)


def has_life(item: OfferItem, terms: Terms, policy: CampaignPolicy, lives: LifeRules | None = None) -> bool:
    """Whether an outlet that orders on the last day still gets the life it wants."""
    if item.days_to_expiry is None:
        return True
    wanted = life_wanted(terms, item.whole_days, policy, lives)
    return item.days_to_expiry >= policy.campaign_days + policy.delivery_days + wanted


def uplift(discount_bp: int, policy: CampaignPolicy, learnt: Mapping[str, float]) -> float:
    """Pieces sold at a discount per piece that plain demand expects: learnt, else from elasticity."""
    known = learnt.get(str(discount_bp))
    return known if known is not None else 1 + policy.elasticity * discount_bp / BASIS_POINTS


#: How many plain pieces the assumed elasticity is worth against what was seen.
PRIOR_PIECES = 50.0


def learnt_uplift(discount_bp: int, policy: CampaignPolicy, sold: float, plain: float) -> float:
    """Response at a discount after seeing `sold` pieces where plain demand expected `plain`.

    The mean of a Poisson rate under a gamma prior that is worth `PRIOR_PIECES` at the policy's
    elasticity: with little seen it stays near the prior, with much it becomes sold / plain.
    """
    prior = uplift(discount_bp, policy, {})
    return (PRIOR_PIECES * prior + sold) / (PRIOR_PIECES + plain)


def usual_pieces(bought: float, kin: float, days: float, lookback_days: int) -> float:
    """Pieces that outlets take in `days` at their usual pace, from what they took in the look-back.

    A tenth of what they buy of the category (`kin`) is taken as open to a new line of it.
    """
    return (bought + kin / 10) * days / max(lookback_days, 1)


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


#: The name of the offer's template at the messaging door, and its texts by channel and language.
OFFER_TEMPLATE = "clearance_offer"
OFFER_TEXTS = {
    "whatsapp": {
        "en": (
            "Namaste {{1}}! Special price for your shop till {{2}}: {{3}}. "
            "Stock is limited, fresh till the date on the pack. Tap a button or reply with pieces. "
            "Reply STOP for no more offers."
        ),
        "hi": (
            "नमस्ते {{1}}! आपकी दुकान के लिए {{2}} तक विशेष दाम: {{3}}। "
            "स्टॉक सीमित है, पैक पर लिखी तारीख तक ताज़ा। बटन दबाएँ या पीस लिखकर भेजें। "
            "ऑफ़र बंद करने के लिए STOP लिखें।"
        ),
    },
    "sms": {
        "en": "{{1}}: till {{2}} special price {{3}}. Limited stock. Reply STOP to opt out.",
        "hi": "{{1}}: {{2}} तक विशेष दाम {{3}}। स्टॉक सीमित। बंद करने हेतु STOP लिखें।",
    },
    "email": {
        "en": (
            "Namaste {{1}},\n\nTill {{2}} we offer your shop: {{3}}.\n\n"
            "Stock is limited. Answer this mail with the pieces you want."
        ),
        "hi": (
            "नमस्ते {{1}},\n\n{{2}} तक आपकी दुकान के लिए: {{3}}।\n\n"
            "स्टॉक सीमित है। जितने पीस चाहिए, इस मेल के उत्तर में लिखें।"
        ),
    },
}
OFFER_SUBJECTS = {"en": "Special price for your shop till {{2}}", "hi": "आपकी दुकान के लिए {{2}} तक विशेष दाम"}
OFFER_BUTTONS = {"en": ("I want it", "Not now"), "hi": ("चाहिए", "अभी नहीं")}


def offer_words(lines: Sequence[OfferLine], most: int) -> str:
    """The offer in one line: dearest first, at most `most` characters, never a broken item."""
    parts = [
        f"{line.name} {rupee_words(line.offer_price_paise)} (MRP {rupee_words(line.mrp_paise)})"
        for line in sorted(lines, key=lambda n: (-n.quantity * n.cost_paise, n.sku))
    ]
    words = parts[0][:most]
    for count, part in enumerate(parts[1:], 2):
        left = len(parts) - count
        tail = f", +{left}" if left else ""
        if len(words) + len(part) + 2 + len(tail) > most:
            return f"{words}, +{len(parts) - count + 1}" if len(words) + 5 <= most else words
        words = f"{words}, {part}"
    return words


def rupee_words(paise: int) -> str:
    """`Rs 12.50`: the rupee sign is missing from the SMS alphabet."""
    return f"Rs {paise // 100}.{paise % 100:02d}" if paise % 100 else f"Rs {paise // 100}"


def wanted_pieces(text: str) -> int:
    """The first number in an answer, 0 when there is none; absurd numbers count as none."""
    found = re.search(r"\d{1,6}", text)
    return int(found.group()) if found else 0


@dataclass(frozen=True, slots=True)
class Arms:
    """What each arm bought: outlets, buyers, pieces, paise (GST excluded)."""

    asked: int
    asked_buyers: int
    asked_pieces: int
    asked_paise: int
    held_out: int
    held_out_buyers: int
    held_out_pieces: int
    held_out_paise: int


@dataclass(frozen=True, slots=True)
class Uplift:
    """What the offer earned over not making it, and whether that can be said at all.

    `status` is `no_data`, `not_enough_data` or `measured`. `pieces` and `paise` are incremental: the
    asked arm less what it would have bought at the held-out arm's pace. `z` is the two-proportion
    statistic of buyers; |z| of 1.96 or more is what we call measured.
    """

    status: str
    pieces: float
    paise: int
    z: float


def measure(arms: Arms) -> Uplift:
    """Incremental result against the held-out arm; honest when there is too little to say.

    Buyers are compared as two proportions (pooled z test); pieces and paise by pace per outlet.
    """
    if not arms.asked or not arms.held_out:
        return Uplift("no_data", 0.0, 0, 0.0)
    pieces = arms.asked_pieces - arms.held_out_pieces * arms.asked / arms.held_out
    paise = arms.asked_paise - round(arms.held_out_paise * arms.asked / arms.held_out)
    pooled = (arms.asked_buyers + arms.held_out_buyers) / (arms.asked + arms.held_out)
    spread = pooled * (1 - pooled) * (1 / arms.asked + 1 / arms.held_out)
    gap = arms.asked_buyers / arms.asked - arms.held_out_buyers / arms.held_out
    z = gap / spread**0.5 if spread > 0 else 0.0
    enough = min(arms.asked, arms.held_out) >= 10 and abs(z) >= 1.96
    return Uplift("measured" if enough else "not_enough_data", pieces, paise, z)
