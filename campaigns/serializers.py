"""Shapes of campaigns and broadcasts at the API."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from rest_framework import serializers

from campaigns.models import Campaign, CampaignOutlet
from vyapar.engine.wire import outward
from vyapar.kernel.calendar import IST
from vyapar.kernel.money import rupees
from vyapar.messaging.contracts import Channel


class BroadcastIn(serializers.Serializer[Any]):
    """Write to retailers with one template. Only those who consented are written to."""

    template = serializers.CharField(max_length=80)
    language = serializers.ChoiceField(
        ["en", "hi"], required=False, help_text="each retailer's own when left out"
    )
    parameters = serializers.ListField(
        child=serializers.CharField(max_length=500),
        required=False,
        default=list,
        max_length=20,
        help_text="for {{1}}, {{2}}… of the template, in order",
    )
    retailerIds = serializers.ListField(
        child=serializers.CharField(max_length=40), min_length=1, max_length=5000
    )
    origin = serializers.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
        required=False,
        help_text="your name of this broadcast: under the same name nobody is written to twice. It may be "
        "left out of a call with an Idempotency-Key, which names it then; with neither nothing is sent",
    )


class BroadcastOut(serializers.Serializer[Any]):
    """What was taken. Skipped letters keep their reason: no consent, no address, too many offers."""

    origin = serializers.CharField()
    queued = serializers.IntegerField()
    skipped = serializers.IntegerField()


class Metrics(serializers.Serializer[Any]):
    """Messages delivered, taps and answers, asked outlets that bought; rupees without GST."""

    impressions = serializers.IntegerField()
    clicks = serializers.IntegerField()
    conversions = serializers.IntegerField()
    revenueGenerated = serializers.CharField(help_text="rupees without GST, decimal string")


class CampaignOut(serializers.Serializer[Any]):
    """The design document's Liquidation Campaign."""

    campaignId = serializers.CharField()
    skus = serializers.ListField(child=serializers.CharField())
    targetRetailers = serializers.ListField(child=serializers.CharField())
    discountPercentage = serializers.FloatField()
    channels = serializers.ListField(child=serializers.ChoiceField([c.value for c in Channel]))
    content = serializers.DictField(
        child=serializers.DictField(child=serializers.CharField()), help_text="text by language and channel"
    )
    startDate = serializers.DateTimeField()
    endDate = serializers.DateTimeField(help_text="the end of its last day")
    performanceMetrics = Metrics()
    title = serializers.CharField()
    state = serializers.ChoiceField(Campaign.State.choices)
    actionId = serializers.UUIDField()


class Arms(serializers.Serializer[Any]):
    """Outlets that were asked, and those held out to compare with."""

    asked = serializers.IntegerField()
    askedBuyers = serializers.IntegerField()
    heldOut = serializers.IntegerField()
    heldOutBuyers = serializers.IntegerField()
    heldOutPieces = serializers.IntegerField()


class Incremental(serializers.Serializer[Any]):
    """What the offer earned over not making it: `measured`, `not_enough_data` or `no_data`."""

    status = serializers.CharField()
    pieces = serializers.FloatField()
    revenue = serializers.CharField()
    net = serializers.CharField()
    z = serializers.FloatField(help_text="two-proportion statistic of buyers; 1.96 or more is measured")


class CampaignAnalytics(CampaignOut):
    """A campaign with everything that came of it."""

    funnel = serializers.DictField(
        help_text="messages queued, skipped, sent, delivered, read, clicked, replied, failed; cost in rupees"
    )
    arms = Arms()
    incremental = Incremental()
    pieces = serializers.IntegerField()
    responseRate = serializers.FloatField()
    conversionRate = serializers.FloatField()
    clearance = serializers.FloatField(help_text="share of the offered pieces that was sold to those asked")
    clearancePerDay = serializers.FloatField()
    messageCost = serializers.CharField()
    discountGiven = serializers.CharField()
    status = serializers.CharField()


class CampaignPage(serializers.Serializer[Any]):
    """Campaigns, newest first; `nextCursor` is null on the last page."""

    results = CampaignOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


def campaign_out(row: Campaign, figures: dict[str, Any]) -> dict[str, Any]:
    """The outside form of a campaign; `figures` as from `selectors.analytics`."""
    return {
        "campaignId": row.campaign_id,
        "skus": sorted({line.sku for line in row.lines.all()}),
        "targetRetailers": sorted(
            outlet.retailer_id for outlet in row.outlets.all() if outlet.arm == CampaignOutlet.Arm.ASKED
        ),
        "discountPercentage": row.discount_bp / 100,
        "channels": row.channels,
        "content": row.content,
        "startDate": datetime.combine(row.starts_on, time(0), IST),
        "endDate": _end(row.ends_on),
        "performanceMetrics": {
            "impressions": figures["impressions"],
            "clicks": figures["clicks"],
            "conversions": figures["conversions"],
            "revenueGenerated": rupees(figures["revenue_paise"]),
        },
        "title": row.title,
        "state": row.state,
        "actionId": str(row.action_id),
    }


def analytics_out(row: Campaign, figures: dict[str, Any]) -> dict[str, Any]:
    """A campaign in the outside form with its funnel, arms and increment."""
    return {
        **campaign_out(row, figures),
        "funnel": outward(figures["funnel"]),
        "arms": outward(figures["arms"]),
        "incremental": outward(figures["incremental"]),
        "pieces": figures["pieces"],
        "responseRate": figures["response_rate"],
        "conversionRate": figures["conversion_rate"],
        "clearance": figures["clearance"],
        "clearancePerDay": figures["clearance_per_day"],
        "messageCost": rupees(figures["message_cost_paise"]),
        "discountGiven": rupees(figures["discount_paise"]),
        "status": figures["status"],
    }


def _end(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), IST)
