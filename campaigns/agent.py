"""The Liquidation agent's mind: which at-risk batches to offer, at what discount, to which outlets."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from campaigns.contracts import (
    CAMPAIGN,
    CampaignPayload,
    CampaignPolicy,
    CampaignSnapshot,
    OfferItem,
    OfferLine,
    Outlet,
)
from campaigns.rules import (
    Terms,
    affinity,
    floor_bp,
    has_life,
    is_above_floor,
    is_held_out,
    life_wanted,
    net_of_gst,
    offer_price,
    terms_of,
    uplift,
    usual_pieces,
    why_not,
)
from inventory.contracts import DEFAULT_CHANNEL
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Decision, PassedOver, Proposal, WayOut
from vyapar.kernel.digest import plain
from vyapar.kernel.money import group_indian, indian
from vyapar.kernel.phrases import Phrase, coded, listed, together
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _

_GENERAL: Terms = (DEFAULT_CHANNEL, None)
#: Where no outlet is known, what is offered is judged as for general trade.
_NOBODY = [_GENERAL]


@dataclass(frozen=True, slots=True)
class _Plan:
    """One rung worked out for one group of items."""

    discount_bp: int
    lines: tuple[OfferLine, ...]
    outlets: tuple[Outlet, ...]
    revenue_paise: int
    held_paise: int
    net_paise: int


def decide(snapshot: CampaignSnapshot, policy: CampaignPolicy) -> Decision:
    """Offers for at-risk stock, one per territory and category, best first.

    Deterministic and independent of the order of items and outlets. What is left alone is passed
    over with its reason: too little life, no rung above the margin floor, too few outlets, no gain.
    """
    passed: list[PassedOver] = []
    groups: dict[tuple[str, str], list[OfferItem]] = defaultdict(list)
    homes = _homes(snapshot)
    for item in _sorted(snapshot.items):
        terms = homes.get(item.territory, _NOBODY)
        refusing = [one for one in terms if not has_life(item, one, policy, snapshot.lives)]
        if refusing:
            passed.append(_short_life(item, refusing, len(refusing) == len(terms), snapshot, policy))
        if item.quantity > 0 and len(refusing) < len(terms):
            groups[(item.territory, item.category)].append(item)
    refusals = Counter(why_not(outlet, policy) for outlet in snapshot.outlets)
    proposals: list[Proposal] = []
    for (territory, category), items in sorted(groups.items()):
        outcome = _offer(territory, category, tuple(items), snapshot, policy)
        if isinstance(outcome, Proposal):
            proposals.append(outcome)
        else:
            passed.append(outcome)
    proposals.sort(key=lambda p: (-p.net_paise, p.subject))
    passed += [
        PassedOver(
            p.subject, "enough_for_now", _("better offers fill this cycle"), {"net_paise": p.net_paise}
        )
        for p in proposals[policy.max_campaigns :]
    ]
    counts = {f"outlets:{reason or 'eligible'}": n for reason, n in sorted(refusals.items())}
    counts["items"] = len(snapshot.items)
    return Decision(tuple(proposals[: policy.max_campaigns]), tuple(passed), counts=counts)


def _offer(
    territory: str,
    category: str,
    items: tuple[OfferItem, ...],
    snapshot: CampaignSnapshot,
    policy: CampaignPolicy,
) -> Proposal | PassedOver:
    subject = f"offer:{territory}/{category}"
    dearest = sorted(items, key=lambda i: (-i.quantity * i.cost_paise, i.sku, i.batch))
    items = tuple(dearest[: policy.max_lines])
    outlets = _audience(territory, items, snapshot, policy)
    if len(outlets) < policy.min_outlets:
        return _few(subject, len(outlets), policy)
    plans = [plan for bp in _rungs(policy) if (plan := _plan(items, bp, outlets, snapshot, policy)).lines]
    if not plans:
        return PassedOver(
            subject, "margin_floor", _("no discount stays above the margin floor and below MRP")
        )
    plans = [plan for plan in plans if len(plan.outlets) >= policy.min_outlets]
    if not plans:
        return _few(subject, len(outlets), policy)
    best = max(plans, key=lambda plan: (plan.net_paise, -plan.discount_bp))
    if best.net_paise < policy.minimum_net_paise:
        return PassedOver(
            subject, "no_gain", _("an offer would not earn more than holding"), {"net_paise": best.net_paise}
        )
    return _proposal(subject, territory, category, best, snapshot, policy)


def _few(subject: str, count: int, policy: CampaignPolicy) -> PassedOver:
    numbers = {"outlets": count, "least": policy.min_outlets}
    return PassedOver(subject, "few_outlets", _("too few outlets that buy this may be asked"), numbers)


def _homes(snapshot: CampaignSnapshot) -> dict[str, list[Terms]]:
    """The different terms of the outlets of each territory."""
    found: dict[str, set[Terms]] = defaultdict(set)
    for outlet in snapshot.outlets:
        found[outlet.territory].add(terms_of(outlet))
    return {home: sorted(terms, key=_by_terms) for home, terms in found.items()}


def _by_terms(terms: Terms) -> tuple[str, int]:
    channel, own = terms
    return channel, -1 if own is None else own


def _audience(
    territory: str, items: tuple[OfferItem, ...], snapshot: CampaignSnapshot, policy: CampaignPolicy
) -> tuple[Outlet, ...]:
    asked = [one for one in snapshot.outlets if one.territory == territory and not why_not(one, policy)]
    taken = {
        terms: tuple(item for item in items if has_life(item, terms, policy, snapshot.lives))
        for terms in set(map(terms_of, asked))
    }
    keen = [(affinity(outlet, taken[terms_of(outlet)]), outlet) for outlet in asked]
    ranked = sorted((pair for pair in keen if pair[0] > 0), key=lambda pair: (-pair[0], pair[1].retailer_id))
    return tuple(outlet for _affinity, outlet in ranked[: policy.max_outlets])


def _rungs(policy: CampaignPolicy) -> list[int]:
    return [bp for bp in policy.rungs_bp if bp <= policy.max_discount_bp]


def _plan(
    items: tuple[OfferItem, ...],
    discount_bp: int,
    outlets: tuple[Outlet, ...],
    snapshot: CampaignSnapshot,
    policy: CampaignPolicy,
) -> _Plan:
    """What one rung is expected to bring: pieces by what these outlets buy, times its uplift."""
    factor = uplift(discount_bp, policy, snapshot.learnt)
    # what outlets will take of a SKU is one number: its batches share it, the nearest to expiry first, which
    # the fewest outlets take
    allotted: Counter[str] = Counter()
    lines, reached = [], set()
    wishes = [(terms_of(one), one) for one in outlets]
    kinds = {terms for terms, _outlet in wishes}
    for item in sorted(items, key=_first_out):
        pleased = {terms for terms in kinds if has_life(item, terms, policy, snapshot.lives)}
        takers = [one for terms, one in wishes if terms in pleased]
        wanted = _wanted(item, takers, factor, snapshot, policy) - allotted[item.sku]
        line = _line(item, discount_bp, wanted, snapshot, policy)
        if line is not None:
            ids = {one.retailer_id for one in takers}
            allotted[item.sku] += line.expected_pieces
            reached |= ids
            rest = sorted(one.retailer_id for one in outlets if one.retailer_id not in ids)
            lines.append(replace(line, not_for=tuple(rest)))
    outlets = tuple(one for one in outlets if one.retailer_id in reached)
    lines = [replace(n, not_for=tuple(i for i in n.not_for if i in reached)) for n in lines]
    revenue = sum(line.expected_pieces * net_of_gst(line.offer_price_paise, line.rate_bp) for line in lines)
    held = sum(line.expected_pieces * line.hold_paise for line in lines)
    cost = len(outlets) * policy.message_cost_paise
    return _Plan(discount_bp, tuple(lines), outlets, revenue, held, revenue - held - cost)


def _wanted(
    item: OfferItem,
    outlets: Iterable[Outlet],
    factor: float,
    snapshot: CampaignSnapshot,
    policy: CampaignPolicy,
) -> int:
    """Pieces of an item's SKU, whatever the batch, that these outlets are expected to take."""
    bought = sum(outlet.bought.get(item.sku, 0) for outlet in outlets)
    kin = sum(outlet.bought_categories.get(item.category, 0) for outlet in outlets)
    usual = usual_pieces(bought, kin, policy.campaign_days, snapshot.lookback_days)
    return int(usual * factor)


def _first_out(item: OfferItem) -> tuple[bool, int, str, str, str]:
    """First expiry first; what never expires comes last."""
    never = item.days_to_expiry is None
    return never, item.days_to_expiry or 0, item.sku, item.batch, item.location


def _line(
    item: OfferItem,
    discount_bp: int,
    wanted: int,
    snapshot: CampaignSnapshot,
    policy: CampaignPolicy,
) -> OfferLine | None:
    price = offer_price(item.trade_price_paise, discount_bp, item.mrp_paise)
    if not is_above_floor(net_of_gst(price, item.rate_bp), item.cost_paise, floor_bp(item, policy)):
        return None
    pieces = min(item.quantity, wanted)
    if pieces <= 0:
        return None
    today = ist_day(snapshot.as_of)
    expiry = None if item.days_to_expiry is None else today + timedelta(days=item.days_to_expiry)
    return OfferLine(
        sku=item.sku,
        name=item.name,
        batch=item.batch,
        location=item.location,
        quantity=item.quantity,
        mrp_paise=item.mrp_paise,
        trade_price_paise=item.trade_price_paise,
        offer_price_paise=price,
        cost_paise=item.cost_paise,
        hold_paise=item.hold_paise,
        rate_bp=item.rate_bp,
        expected_pieces=pieces,
        expiry_date=expiry,
    )


def _proposal(
    subject: str,
    territory: str,
    category: str,
    plan: _Plan,
    snapshot: CampaignSnapshot,
    policy: CampaignPolicy,
) -> Proposal:
    today, outlets = ist_day(snapshot.as_of), plan.outlets
    seal = hashlib.sha256(f"{subject}|{snapshot.as_of.isoformat()}".encode()).hexdigest()
    campaign_id = f"C-{today:%y%m%d}-{seal[:8]}"
    ids = sorted(outlet.retailer_id for outlet in outlets)
    holdout = [i for i in ids if is_held_out(campaign_id, i, policy.holdout_bp, snapshot.seed)]
    targets = [i for i in ids if i not in set(holdout)]
    asked = [outlet for outlet in outlets if outlet.retailer_id in set(targets)]
    cost = len(targets) * policy.message_cost_paise
    payload = CampaignPayload(
        campaign_id=campaign_id,
        territory=territory,
        category=category,
        lines=plan.lines,
        discount_bp=plan.discount_bp,
        channels=tuple(sorted({o.channels[0] for o in asked})),
        targets=tuple(targets),
        holdout=tuple(holdout),
        starts_on=today,
        ends_on=today + timedelta(days=policy.campaign_days),
        expected_revenue_paise=plan.revenue_paise,
        message_cost_paise=cost,
    )
    withheld = _withheld(plan, asked)
    quantity = sum(line.quantity for line in plan.lines)
    pieces = sum(line.expected_pieces for line in plan.lines)
    nearest = min((line.expiry_date for line in plan.lines if line.expiry_date), default=None)
    days = (nearest - today).days if nearest else 365
    percent = f"{plan.discount_bp / 100:g} %"
    return Proposal(
        kind=CAMPAIGN,
        subject=subject,
        title=ngettext(
            "Offer %(category)s in %(territory)s at %(percent)s off to %(count)s outlet",
            "Offer %(category)s in %(territory)s at %(percent)s off to %(count)s outlets",
            len(targets),
            category=category,
            territory=snapshot.places.get(territory, territory),
            percent=percent,
        ),
        reason=together(
            ngettext(
                "%(pieces)s pieces of %(count)s batch will not sell in time.",
                "%(pieces)s pieces of %(count)s batches will not sell in time.",
                len(plan.lines),
                pieces=group_indian(quantity),
            ),
            _(
                "At %(percent)s off, outlets that buy %(category)s here are expected to take %(pieces)s "
                "pieces for %(revenue)s; held, those would bring %(held)s.",
                percent=percent,
                category=category,
                pieces=group_indian(pieces),
                revenue=indian(plan.revenue_paise),
                held=indian(plan.held_paise),
            ),
            *_withheld_words(withheld),
        ),
        payload=plain(payload),
        value_paise=sum(line.quantity * line.cost_paise for line in plan.lines),
        net_paise=plan.net_paise,
        quantity=quantity,
        discount_bp=plan.discount_bp,
        confidence=_confidence(plan, outlets),
        urgency=round(max(0.0, min(1.0, 1 - days / 180)), 4),
        expires_at=snapshot.as_of + timedelta(hours=policy.proposal_hours),
        evidence={
            "expected_pieces": pieces,
            "outlets_asked": len(targets),
            "held_out": len(holdout),
            "nearest_expiry": nearest,
            "message_cost_paise": cost,
            "languages": dict(sorted(Counter(outlet.language for outlet in asked).items())),
            **({"wants_more_life": withheld} if withheld else {}),
        },
        alternatives=(
            WayOut(
                "discount", plan.revenue_paise - cost, {"recovered": plan.revenue_paise, "message": -cost}
            ),
            WayOut(
                "hold", plan.held_paise, {"recovered": plan.held_paise}, note="the same pieces, left to sell"
            ),
        ),
    )


def _confidence(plan: _Plan, outlets: tuple[Outlet, ...]) -> float:
    """More outlets that know the very SKU make the expected pieces surer; between 0.4 and 0.95."""
    knowing = sum(any(outlet.bought.get(line.sku, 0) for line in plan.lines) for outlet in outlets)
    return round(min(0.95, 0.4 + 0.55 * knowing / max(len(outlets), 1)), 4)


def _withheld(plan: _Plan, asked: Iterable[Outlet]) -> dict[str, int]:
    """Outlets by trade channel that are asked, but not offered all of it."""
    spared = {ident for line in plan.lines for ident in line.not_for}
    return dict(sorted(Counter(one.trade_channel for one in asked if one.retailer_id in spared).items()))


def _withheld_words(withheld: Mapping[str, int]) -> list[Phrase]:
    return [
        ngettext(
            "%(count)s outlet of %(channel)s is not offered what has too little life left for it.",
            "%(count)s outlets of %(channel)s are not offered what has too little life left for them.",
            count,
            channel=coded(channel),
        )
        for channel, count in withheld.items()
    ]


def _short_life(
    item: OfferItem, refusing: list[Terms], by_all: bool, snapshot: CampaignSnapshot, policy: CampaignPolicy
) -> PassedOver:
    """Why some terms, or all, keep a batch from outlets; general trade's own is the plain case.

    Of each trade channel the least that its outlets want is named: wishes may be many.
    """
    numbers = {"days_to_expiry": item.days_to_expiry}
    subject = f"batch:{item.sku}/{item.batch}"
    if by_all and refusing == [_GENERAL]:
        return PassedOver(subject, "short_life", _("too little life left for an outlet to sell it"), numbers)
    least: dict[str, int] = {}
    for terms in refusing:
        days = life_wanted(terms, item.whole_days, policy, snapshot.lives)
        least[terms[0]] = min(days, least.get(terms[0], days))
    wants = listed(
        [
            ngettext(
                "%(channel)s wants %(count)s day",
                "%(channel)s wants %(count)s days",
                days,
                channel=coded(channel),
            )
            for channel, days in least.items()
        ],
        ", ",
    )
    if by_all:
        return PassedOver(
            subject, "short_life", _("too little life left at delivery: %(wants)s", wants=wants), numbers
        )
    return PassedOver(
        subject,
        "channel_life",
        _("too little life left at delivery for some, so offered to the others only: %(wants)s", wants=wants),
        numbers,
    )


def _sorted(items: Iterable[OfferItem]) -> list[OfferItem]:
    return sorted(
        items, key=lambda item: (item.territory, item.category, item.sku, item.batch, item.location)
    )
