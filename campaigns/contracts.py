"""Nouns of a campaign: what is offered, to whom, under which policy; payload and events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from inventory.contracts import DEFAULT_CHANNEL, LifeRules
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

#: The name of the kind of action that the Liquidation agent proposes.
CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class OfferItem:
    """One batch at one godown that is at risk and that no other action holds.

    Money in paise per piece: `trade_price_paise` and `mrp_paise` include GST, `cost_paise` does not.
    `hold_paise` is what a piece is expected to bring, net, if nothing is done. `whole_days`: its life from
    manufacture to the last day of sale, where that is known.
    """

    sku: str
    name: str
    category: str
    territory: str
    location: str
    batch: str
    quantity: int
    days_to_expiry: int | None
    mrp_paise: int
    trade_price_paise: int
    cost_paise: int
    hold_paise: int
    rate_bp: int
    case_pack: int
    daily_mean: float
    score: float
    whole_days: int | None = None


@dataclass(frozen=True, slots=True)
class Outlet:
    """One retailer that could be asked. `bought` maps SKU to pieces in the look-back window.

    `channels` are those that consent allows, preferred first. `credit_left_paise` is the limit less
    what is outstanding. `minimum_life_days`: life it wants goods to have; None where its trade channel's
    rule holds.
    """

    retailer_id: str
    territory: str
    language: str
    channels: tuple[str, ...]
    credit_left_paise: int
    offers_this_week: int
    bought: Mapping[str, int]
    bought_categories: Mapping[str, int]
    trade_channel: str = DEFAULT_CHANNEL
    minimum_life_days: int | None = None


@dataclass(frozen=True, slots=True)
class CampaignSnapshot:
    """What the Liquidation agent looks at. `lookback_days` is the window of what outlets bought.

    `lives`: what life trade channels want; None: general trade alone is known, whose least life of an offer
    stands in the policy. `places`: names of territories by code, for words.
    """

    as_of: datetime
    items: tuple[OfferItem, ...]
    outlets: tuple[Outlet, ...]
    lookback_days: int
    #: Learnt response: pieces sold per piece that plain demand expected, by discount rung (bp).
    learnt: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    lives: LifeRules | None = None
    places: Mapping[str, str] = field(default_factory=dict)


def _rule(default: Any, label: str, help_text: str, api: str = "") -> Any:
    meta = {"label": label, "help": help_text, **({"api": api} if api else {})}
    return field(default=default, metadata=meta)


@dataclass(frozen=True, slots=True)
class CampaignPolicy:
    """The distributor's own limits on what may be offered and to whom."""

    margin_floor_bp: int = _rule(
        0, _("Margin floor"), _("Least margin over landed cost in basis points (100 = 1 %%); may be negative")
    )
    near_expiry_floor_bp: int = _rule(
        -3000, _("Margin floor near expiry"), _("The floor for stock inside the near-expiry days")
    )
    near_expiry_days: int = _rule(
        45, _("Near-expiry days"), _("From how many days before expiry the lower floor holds")
    )
    max_discount_bp: int = _rule(4000, _("Steepest discount"), _("In basis points of the trade price"))
    rungs_bp: tuple[int, ...] = _rule(
        (500, 1000, 1500, 2000, 2500, 3000, 4000), _("Discount rungs"), _("Discounts that may be offered")
    )
    elasticity: float = _rule(
        2.5,
        _("Response to discount"),
        _("Per cent more pieces for each per cent of discount, before own results are in"),
    )
    holdout_bp: int = _rule(
        1500, _("Hold-out share"), _("Outlets kept out by lot, to measure what the offer earned")
    )
    max_outlets: int = _rule(250, _("Most outlets"), _("Outlets asked in one campaign"))
    min_outlets: int = _rule(4, _("Fewest outlets"), _("Below this an offer is not worth making"))
    max_lines: int = _rule(8, _("Most lines"), _("Batches offered in one message"))
    campaign_days: int = _rule(
        7, _("Days an offer runs"), _("The offer ends after these or when stock is gone")
    )
    minimum_life_days: int = _rule(
        30,
        _("Least life at delivery"),
        _("Days to expiry an outlet of general trade must still get; other channels have their own rules"),
    )
    delivery_days: int = _rule(2, _("Days to deliver"), _("From order to the outlet's shelf"))
    weekly_cap: int = _rule(3, _("Offers per outlet and week"), _("Over all campaigns"))
    minimum_net_paise: int = _rule(
        50_000, _("Least gain"), _("Expected net paise below which no campaign is proposed")
    )
    message_cost_paise: int = _rule(
        86, _("Cost of a message"), _("Paise, until the far side's bill says otherwise")
    )
    proposal_hours: int = _rule(48, _("Hours a proposal stays open"), _("After these it expires undecided"))
    max_campaigns: int = _rule(12, _("Most campaigns a cycle"), _("The best by expected gain"))

    def __post_init__(self) -> None:
        faults = []
        if not self.rungs_bp or list(self.rungs_bp) != sorted(set(self.rungs_bp)) or self.rungs_bp[0] <= 0:
            faults.append(
                Fault("rungs", _("rising discounts above zero"), "rungs_bp", value=str(self.rungs_bp))
            )
        if not 0 < self.max_discount_bp < 10_000:
            faults.append(Fault("discount", _("above 0 and below 10000"), "max_discount_bp"))
        if not 0 <= self.holdout_bp <= 5_000:
            faults.append(Fault("holdout", _("0 to 5000"), "holdout_bp"))
        if not -10_000 < self.near_expiry_floor_bp <= self.margin_floor_bp < 10_000:
            faults.append(
                Fault("floor", _("near-expiry floor not above the usual one"), "near_expiry_floor_bp")
            )
        positive = ("max_outlets", "min_outlets", "max_lines", "campaign_days", "proposal_hours")
        faults += [Fault(name, _("1 or more"), name) for name in positive if getattr(self, name) < 1]
        if self.elasticity < 0:
            faults.append(Fault("elasticity", _("0 or more"), "elasticity"))
        if faults:
            raise Invalid(_("these campaign rules cannot be set"), code="bad_policy", faults=faults)


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One batch in an offer, with the price the outlet pays (GST included, per piece).

    `not_for`: outlets of the campaign that are not offered it, as they want more life than it would have.
    """

    sku: str
    name: str
    batch: str
    location: str
    quantity: int
    mrp_paise: int
    trade_price_paise: int
    offer_price_paise: int
    cost_paise: int
    hold_paise: int
    rate_bp: int
    expected_pieces: int
    expiry_date: date | None
    not_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CampaignPayload:
    """What a campaign action carries: enough to carry it out and to show it."""

    campaign_id: str
    territory: str
    category: str
    lines: tuple[OfferLine, ...]
    discount_bp: int
    channels: tuple[str, ...]
    targets: tuple[str, ...]
    holdout: tuple[str, ...]
    starts_on: date
    ends_on: date
    expected_revenue_paise: int
    message_cost_paise: int


def read_payload(plain: Mapping[str, Any]) -> CampaignPayload:
    """A payload from its kept JSON; `Invalid` names the field that does not fit."""
    try:
        lines = tuple(_read_line(line) for line in plain["lines"])
        return CampaignPayload(
            campaign_id=str(plain["campaign_id"]),
            territory=str(plain["territory"]),
            category=str(plain["category"]),
            lines=lines,
            discount_bp=int(plain["discount_bp"]),
            channels=tuple(plain["channels"]),
            targets=tuple(plain["targets"]),
            holdout=tuple(plain["holdout"]),
            starts_on=date.fromisoformat(plain["starts_on"]),
            ends_on=date.fromisoformat(plain["ends_on"]),
            expected_revenue_paise=int(plain["expected_revenue_paise"]),
            message_cost_paise=int(plain["message_cost_paise"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid(_("this is not a campaign: %(error)s", error=str(error)), code="bad_payload") from error


def _read_line(line: Mapping[str, Any]) -> OfferLine:
    expiry = line["expiry_date"]
    whole = {
        name: int(line[name])
        for name in (
            "quantity",
            "mrp_paise",
            "trade_price_paise",
            "offer_price_paise",
            "cost_paise",
            "hold_paise",
            "rate_bp",
            "expected_pieces",
        )
    }
    words = {name: str(line[name]) for name in ("sku", "name", "batch", "location")}
    facts: dict[str, Any] = {**words, **whole}
    return OfferLine(
        **facts,
        expiry_date=date.fromisoformat(expiry) if expiry else None,
        not_for=tuple(line.get("not_for", ())),
    )


@dataclass(frozen=True, slots=True)
class CampaignTriggered:
    """A campaign started; fields of the design document's Liquidation Campaign."""

    campaign_id: str
    skus: tuple[str, ...]
    target_retailers: tuple[str, ...]
    discount_percentage: float
    channels: tuple[str, ...]
    content: Mapping[str, Any]
    start_date: date
    end_date: date


@dataclass(frozen=True, slots=True)
class CampaignEnded:
    """A campaign came to its end: by date, by stock, or because a person stopped it.

    `incremental_paise`: revenue over what the held-out outlets suggest, which can be said only when
    it was `measured`.
    """

    campaign_id: str
    reason: str
    revenue_paise: int
    pieces: int
    incremental_paise: int = 0
    measured: bool = False
