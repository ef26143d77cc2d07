"""Reads of campaigns, and the snapshot that the Liquidation agent looks at."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import ngettext

from campaigns.contracts import CAMPAIGN, CampaignPolicy, CampaignSnapshot, OfferItem, Outlet
from campaigns.models import Campaign, CampaignLine, CampaignOutlet
from campaigns.rules import Arms, Uplift, learnt_uplift, measure, net_of_gst, usual_pieces
from inventory.contracts.feeds import ExportDocument, ExportKind
from inventory.selectors.exports import export_lines
from inventory.selectors.flows import list_at_risk
from inventory.selectors.outlets import list_bought, list_contacts, sum_taken
from inventory.selectors.responses import find_response
from inventory.selectors.shelf import list_territories
from vyapar.engine.selectors import get_policy
from vyapar.kernel.calendar import ist_day, ist_instant
from vyapar.kernel.errors import NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.messaging.letters import MARKETING
from vyapar.messaging.selectors import consented, count_recent, funnel

#: Days back over which what an outlet bought says what it may want.
LOOKBACK_DAYS = 180


def party(retailer_id: str) -> str:
    """How the messaging door names a retailer."""
    return f"retailer:{retailer_id}"


def origin(campaign_id: str) -> str:
    """How the messaging door names a campaign."""
    return f"campaign:{campaign_id}"


def price_list(campaign: Campaign, *, over_at: datetime | None = None) -> ExportDocument:
    """The offer's prices by batch as the books need them; with `over_at` the usual ones again."""
    lines = list(campaign.lines.order_by("sku", "batch", "location"))
    places = sorted({line.location for line in lines})
    key = f"{CAMPAIGN}:{campaign.action_id}"
    prices = [(n, n.offer_price_paise if over_at is None else n.trade_price_paise) for n in lines]
    return ExportDocument(
        kind=ExportKind.PRICE_LIST,
        key=key if over_at is None else f"{key}:end",
        number=campaign.campaign_id,
        at=over_at or campaign.started_at,
        lines=export_lines(_priced(line, price) for line, price in prices),
        source=places[0] if len(places) == 1 else "",
        narration=campaign.title if over_at is None else f"Ended: {campaign.end_reason}",
        valid_from=campaign.starts_on if over_at is None else ist_day(over_at),
        valid_to=campaign.ends_on if over_at is None else None,
        refers_to="" if over_at is None else key,
        extra={"territory": campaign.territory, "discount_bp": 0 if over_at else campaign.discount_bp},
    )


def _priced(line: CampaignLine, price_paise: int) -> tuple[str, str, int, int, int]:
    net = net_of_gst(price_paise, line.rate_bp)
    return line.sku, line.batch, line.quantity, net, line.quantity * (price_paise - net)


def take_snapshot(as_of: datetime, policy: CampaignPolicy) -> CampaignSnapshot | None:
    """At-risk stock that nobody holds, and every outlet with what it buys; None without such stock."""
    today = ist_day(as_of)
    items = tuple(
        OfferItem(
            sku=row.sku,
            name=row.name,
            category=row.category,
            territory=row.territory,
            location=row.location,
            batch=row.batch,
            quantity=row.free_pieces,
            days_to_expiry=row.days_to_expiry,
            mrp_paise=row.mrp_paise,
            trade_price_paise=row.trade_price_paise,
            cost_paise=row.cost_paise,
            hold_paise=row.hold_paise,
            rate_bp=row.rate_bp,
            case_pack=row.case_pack,
            daily_mean=row.daily_mean,
            score=row.score,
            whole_days=row.whole_days,
        )
        for row in list_at_risk(today)
    )
    if not items:
        return None
    return CampaignSnapshot(
        as_of=as_of,
        items=items,
        outlets=_outlets(items, as_of),
        lookback_days=LOOKBACK_DAYS,
        learnt=take_learnt(policy),
        seed=1,
        lives=get_policy("monitoring", today)[0].life_rules,
        places=dict(list_territories()),
    )


def _outlets(items: tuple[OfferItem, ...], as_of: datetime) -> tuple[Outlet, ...]:
    contacts = list_contacts()
    parties = [party(contact.retailer_id) for contact in contacts]
    allowed = consented(parties, MARKETING)
    recent = count_recent(parties, as_of - timedelta(days=7), MARKETING)
    own: dict[str, dict[str, int]] = defaultdict(dict)
    kin: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    since = ist_day(as_of) - timedelta(days=LOOKBACK_DAYS)
    for row in list_bought(since, {item.sku for item in items}):
        own[row.retailer_id][row.sku] = row.pieces
        kin[row.retailer_id][row.category] += row.pieces
    return tuple(
        Outlet(
            retailer_id=contact.retailer_id,
            territory=contact.territory,
            language=contact.language,
            channels=tuple(
                channel
                for channel in contact.channels
                if (party(contact.retailer_id), channel) in allowed and contact.address(channel)
            ),
            credit_left_paise=contact.credit_left_paise,
            offers_this_week=recent.get(party(contact.retailer_id), 0),
            bought=own.get(contact.retailer_id, {}),
            bought_categories=dict(kin.get(contact.retailer_id, {})),
            trade_channel=contact.trade_channel,
            minimum_life_days=contact.minimum_life_days,
        )
        for contact in contacts
    )


def take_learnt(policy: CampaignPolicy) -> dict[str, float]:
    """Response by discount rung, from what the asked outlets of every ended campaign bought.

    Every rung of the policy is told where the inventory has learnt a response from past prices, which then
    stands in for the policy's own figure.
    """
    seen: dict[int, tuple[float, float]] = {}
    rows = Campaign.objects.filter(state=Campaign.State.ENDED).values_list("discount_bp", "results")
    for discount_bp, results in rows:
        sold, plain = seen.get(discount_bp, (0.0, 0.0))
        seen[discount_bp] = (
            sold + max(results.get("pieces", 0), 0),
            plain + results.get("plain_pieces", 0.0),
        )
    known, policy = {bp for bp in seen if seen[bp][1] > 0}, with_response(policy)
    if find_response() is not None:
        known |= set(policy.rungs_bp)
    return {str(bp): learnt_uplift(bp, policy, *seen.get(bp, (0.0, 0.0))) for bp in sorted(known)}


def with_response(policy: CampaignPolicy) -> CampaignPolicy:
    """The policy with the response that the inventory learnt, where there is one, as its own figure."""
    found = find_response()
    return policy if found is None else replace(policy, elasticity=found)


def get_campaign(campaign_id: str) -> Campaign:
    """One campaign by its id; `NotFound` when there is none."""
    found = Campaign.objects.filter(campaign_id=campaign_id).first()
    if found is None:
        raise NotFound(
            _("there is no campaign %(campaign_id)s", campaign_id=f"{campaign_id!r}"), code="no_such_campaign"
        )
    return found


def find_campaign_of(action_id: Any) -> Campaign | None:
    """The campaign that an action started, if it did."""
    return Campaign.objects.filter(action_id=action_id).first()


def list_campaigns(state: str = "", words: str = "") -> QuerySet[Campaign]:
    """Campaigns, newest first, with how many outlets were asked."""
    rows = Campaign.objects.annotate(outlet_count=Count("outlets"))
    if state:
        rows = rows.filter(state=state)
    if words:
        rows = rows.filter(title__icontains=words)
    return rows.order_by("-started_at", "-pk")


def analytics(campaign: Campaign) -> dict[str, Any]:
    """A campaign's figures from its messages and from invoice lines; frozen once it has ended.

    Impressions are messages delivered, clicks are taps and answers, conversions are asked outlets
    that bought one of the offered SKUs in the window; revenue excludes GST.
    """
    if campaign.results:
        return dict(campaign.results)
    steps = funnel(origin(campaign.campaign_id))
    arms = read_arms(campaign)
    earned = measure(arms)
    lines = list(campaign.lines.all())
    offered = sum(line.quantity for line in lines)
    return {
        "funnel": steps,
        "impressions": steps["delivered"],
        "clicks": max(steps["clicked"], steps["replied"]),
        "conversions": arms.asked_buyers,
        "revenue_paise": arms.asked_paise,
        "pieces": arms.asked_pieces,
        "plain_pieces": round(_plain_pieces(campaign), 4),
        "response_rate": _share(max(steps["clicked"], steps["replied"]), steps["delivered"]),
        "conversion_rate": _share(arms.asked_buyers, arms.asked),
        "clearance": _share(arms.asked_pieces, offered),
        "clearance_per_day": arms.asked_pieces / max(1, (_until(campaign) - campaign.started_at).days),
        "message_cost_paise": steps["cost_paise"],
        "discount_paise": _discount_given(campaign, arms.asked_pieces, lines),
        "arms": {
            "asked": arms.asked,
            "asked_buyers": arms.asked_buyers,
            "held_out": arms.held_out,
            "held_out_buyers": arms.held_out_buyers,
            "held_out_pieces": arms.held_out_pieces,
        },
        "incremental": _uplift_out(earned, steps["cost_paise"]),
        "status": _status(campaign, earned),
    }


def read_arms(campaign: Campaign) -> Arms:
    """What both arms bought of the offered SKUs while the offer ran."""
    arms: dict[str, list[str]] = defaultdict(list)
    for retailer_id, arm in campaign.outlets.values_list("retailer_id", "arm"):
        arms[arm].append(retailer_id)
    start, end = campaign.started_at, _until(campaign)
    rates: dict[int, set[str]] = defaultdict(set)
    for line in campaign.lines.all():
        rates[line.rate_bp].add(line.sku)
    asked = _bought(arms[CampaignOutlet.Arm.ASKED], rates, start, end)
    held = _bought(arms[CampaignOutlet.Arm.HELD_OUT], rates, start, end)
    return Arms(len(arms[CampaignOutlet.Arm.ASKED]), *asked, len(arms[CampaignOutlet.Arm.HELD_OUT]), *held)


def _bought(
    retailers: list[str], rates: dict[int, set[str]], start: datetime, end: datetime
) -> tuple[int, int, int]:
    """Buyers, pieces and paise without GST: what bears one rate is taken together, so each keeps its own."""
    buyers: set[str] = set()
    pieces = paise = 0
    for rate, skus in sorted(rates.items()):
        taken = sum_taken(retailers, skus, start, end)
        buyers |= taken.buyers
        pieces += taken.pieces
        paise += net_of_gst(max(taken.paise, 0), rate)
    return len(buyers), pieces, paise


def _plain_pieces(campaign: Campaign) -> float:
    """What the asked outlets would have taken at their usual pace, as it is worked out for a proposal."""
    asked = list(campaign.outlets.filter(arm=CampaignOutlet.Arm.ASKED).values_list("retailer_id", flat=True))
    skus = {line.sku for line in campaign.lines.all()}
    end, days = campaign.started_at, (_until(campaign) - campaign.started_at) / timedelta(days=1)
    start = end - timedelta(days=LOOKBACK_DAYS)
    kin = {row.sku for row in list_bought(ist_day(start), skus)}
    bought, near = (sum_taken(asked, some, start, end).pieces for some in (skus, kin))
    return usual_pieces(bought, near * len(skus), days, LOOKBACK_DAYS)


def _until(campaign: Campaign) -> datetime:
    last = campaign.ended_at or timezone.now()
    return min(last, ist_instant(campaign.ends_on + timedelta(days=1)))


def _discount_given(campaign: Campaign, pieces: int, lines: list[Any]) -> int:
    listed = sum(line.quantity for line in lines) or 1
    given = sum((line.trade_price_paise - line.offer_price_paise) * line.quantity for line in lines)
    return int(given * max(pieces, 0) // listed)


def _uplift_out(earned: Uplift, message_cost: int) -> dict[str, Any]:
    return {
        "status": earned.status,
        "pieces": round(earned.pieces, 2),
        "revenue_paise": earned.paise,
        "net_paise": earned.paise - message_cost,
        "z": round(earned.z, 3),
    }


def _status(campaign: Campaign, earned: Uplift) -> str:
    if campaign.state != Campaign.State.RUNNING:
        return earned.status
    days = max((campaign.ends_on - ist_day(timezone.now())).days, 0)
    return ngettext("%(n)d day left", "%(n)d days left", days) % {"n": days}


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


def count_campaigns() -> dict[str, Any]:
    """Campaigns and expected gain by state."""
    rows = Campaign.objects.values("state").annotate(n=Count("pk"), net=Sum("net_paise"))
    return {row["state"]: {"campaigns": row["n"], "net_paise": row["net"]} for row in rows}


def list_due(at: datetime) -> list[Campaign]:
    """Running campaigns whose last day is over."""
    return list(Campaign.objects.filter(state=Campaign.State.RUNNING, ends_on__lt=ist_day(at)))
