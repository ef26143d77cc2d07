"""Carrying out campaigns; holding the stock on offer while they are open and running."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from campaigns import services
from campaigns.contracts import CAMPAIGN, CampaignPayload, CampaignPolicy, OfferLine, read_payload
from campaigns.models import Campaign
from campaigns.rules import life_wanted, net_of_gst, offer_price
from campaigns.selectors import find_campaign_of, with_response
from inventory.contracts import LifeRules
from inventory.contracts.channels import whole_life
from inventory.selectors.facts import get_seller, list_goods
from inventory.selectors.outlets import Contact, list_contacts
from inventory.services import Purpose, StockLine, release, reserve
from vyapar.engine.contracts import ActionKind, ActionView, Receipt, Revalued
from vyapar.engine.selectors import get_policy
from vyapar.kernel.actor import Actor
from vyapar.kernel.decision import WayOut
from vyapar.kernel.digest import plain
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.facts import GoodsLine, OfferFacts
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as gettext


def facts(view: ActionView) -> OfferFacts:
    """The offer in the terms of the law."""
    payload = read_payload(view.payload)
    policy, _version = get_policy("liquidation")
    lives = get_policy("monitoring", payload.starts_on)[0].life_rules
    goods = list_goods(
        (n.sku, n.batch, n.quantity, net_of_gst(n.offer_price_paise, n.rate_bp), n.offer_price_paise)
        for n in payload.lines
    )
    asked = {one.retailer_id: one for one in list_contacts(payload.targets)} if payload.targets else {}
    buyers = [[asked[i] for i in payload.targets if i in asked and i not in n.not_for] for n in payload.lines]
    return OfferFacts(
        seller=get_seller(payload.territory),
        lines=tuple(_for(one, who, policy, lives) for one, who in zip(goods, buyers, strict=True)),
        starts_on=payload.starts_on,
        ends_on=payload.ends_on,
        discount_bp=payload.discount_bp,
        margin_floor_bp=policy.near_expiry_floor_bp,
        minimum_days_at_delivery=policy.minimum_life_days,
        recipients=len(payload.targets),
        channels=payload.channels,
    )


def _for(goods: GoodsLine, buyers: list[Contact], policy: CampaignPolicy, lives: LifeRules) -> GoodsLine:
    """Goods with whom they are offered to, and the most life that any of them wants as things stand now."""
    whole = whole_life(goods.manufacture_date, goods.expiry_date)
    wanted = [life_wanted((n.trade_channel, n.minimum_life_days), whole, policy, lives) for n in buyers]
    return replace(
        goods,
        minimum_days_at_delivery=max(wanted, default=policy.minimum_life_days),
        trade_channels=tuple(sorted({n.trade_channel for n in buyers})),
    )


def hold(view: ActionView, actor: Actor, at: datetime) -> None:
    """Hold every piece on offer."""
    lines = [StockLine(n.sku, n.batch, n.quantity, n.location) for n in read_payload(view.payload).lines]
    reserve(view.id, lines, actor=actor, at=at, purpose=Purpose.OFFER)


def let_go(view: ActionView, actor: Actor, at: datetime) -> None:
    """Free whatever is still held."""
    release(view.id, actor=actor, at=at)


def execute(view: ActionView, actor: Actor, at: datetime) -> Receipt:
    """Start the campaign; its messages go out in batches afterwards."""
    return _receipt(services.start(view, actor=actor, at=at))


def reconcile(view: ActionView) -> Receipt | None:
    """Whether the campaign started already."""
    campaign = find_campaign_of(view.id)
    return _receipt(campaign) if campaign else None


def undo(view: ActionView, actor: Actor, at: datetime) -> Receipt:
    """End the offer now; sent messages stay sent."""
    services.stop(view.id, actor=actor, at=at)
    return Receipt("success", gettext("the offer was ended; messages that had left stay sent"))


def _receipt(campaign: Campaign) -> Receipt:
    asked = campaign.outlets.filter(arm="asked").count()
    return Receipt(
        "success",
        ngettext(
            "campaign %(campaign)s started, %(count)s outlet asked",
            "campaign %(campaign)s started, %(count)s outlets asked",
            asked,
            campaign=campaign.campaign_id,
        ),
        {"campaign": campaign.campaign_id, "asked": asked},
    )


def revalue(view: ActionView, changes: Mapping[str, Any]) -> Revalued:
    """`discount_bp`: another rung; `drop`: list of `{sku, batch}` no longer offered."""
    payload = read_payload(view.payload)
    policy, _version = get_policy("liquidation")
    discount = changes.get("discount_bp", payload.discount_bp)
    whole = isinstance(discount, int) and not isinstance(discount, bool)
    if not whole or not 0 < discount <= policy.max_discount_bp:
        most = gettext("1 to %(most)s basis points", most=policy.max_discount_bp)
        fault = Fault("discount", most, "discount_bp", value=str(discount))
        raise Invalid(gettext("this discount cannot be given"), code="bad_discount", faults=[fault])
    dropped = _dropped(changes.get("drop", ()))
    kept = [n for n in payload.lines if (n.sku, n.batch) not in dropped]
    if not kept:
        fault = Fault("empty", gettext("an offer needs at least one batch"), "drop")
        raise Invalid(gettext("nothing is left to offer"), code="empty", faults=[fault])
    elasticity = with_response(policy).elasticity
    lines = tuple(_at(line, discount, payload.discount_bp, elasticity) for line in kept)
    return _revalued(payload, lines, discount)


def _dropped(asked: Any) -> set[tuple[str, str]]:
    if not isinstance(asked, list | tuple):
        raise Invalid(gettext("drop is a list of {sku, batch}"), code="bad_drop")
    return {(str(x.get("sku")), str(x.get("batch"))) for x in asked if isinstance(x, Mapping)}


def _at(line: OfferLine, discount: int, before: int, elasticity: float) -> OfferLine:
    """The line at another discount; expected pieces follow the same response as when proposed."""
    was, now = (1 + elasticity * bp / 10_000 for bp in (before, discount))
    pieces = min(line.quantity, int(line.expected_pieces * now / was))
    price = offer_price(line.trade_price_paise, discount, line.mrp_paise)
    return replace(line, offer_price_paise=price, expected_pieces=pieces)


def _revalued(payload: CampaignPayload, lines: tuple[OfferLine, ...], discount: int) -> Revalued:
    revenue = sum(n.expected_pieces * net_of_gst(n.offer_price_paise, n.rate_bp) for n in lines)
    held = sum(n.expected_pieces * n.hold_paise for n in lines)
    cost = payload.message_cost_paise
    left_out = set.intersection(*(set(n.not_for) for n in lines))
    new = replace(
        payload,
        lines=lines,
        discount_bp=discount,
        expected_revenue_paise=revenue,
        targets=tuple(i for i in payload.targets if i not in left_out),
        holdout=tuple(i for i in payload.holdout if i not in left_out),
    )
    return Revalued(
        payload=plain(new),
        value_paise=sum(n.quantity * n.cost_paise for n in lines),
        net_paise=revenue - held - cost,
        quantity=sum(n.quantity for n in lines),
        discount_bp=discount,
        alternatives=(
            WayOut("discount", revenue - cost, {"recovered": revenue, "message": -cost}),
            WayOut("hold", held, {"recovered": held}, note="the same pieces, left to sell"),
        ),
        evidence={"expected_pieces": sum(n.expected_pieces for n in lines)},
    )


KIND = ActionKind(
    name=CAMPAIGN,
    label=_("Campaign"),
    agent="liquidation",
    default_autonomy={
        "mode": "auto_within_limits",
        "max_value_paise": 1_500_000,
        "max_quantity": 3_000,
        "max_discount_bp": 1_500,
        "min_confidence": 0.6,
        "undo_seconds": 900,
        "daily_cap_paise": 5_000_000,
    },
    facts=facts,
    hold=hold,
    let_go=let_go,
    execute=execute,
    reconcile=reconcile,
    revalue=revalue,
    edits=("discount_bp", "drop"),
    undo=undo,
    undo_note=_("The offer can be ended at any time; messages that have left cannot be called back."),
)
