"""Campaigns that started: what was offered, to whom, who was held out, what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Campaign(models.Model):
    """One offer; exactly one for each executed action."""

    class State(models.TextChoices):
        RUNNING = "running"
        ENDED = "ended"
        STOPPED = "stopped"

    campaign_id = models.CharField(max_length=40, unique=True)
    action_id = models.UUIDField(unique=True)
    action_number = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    territory = models.CharField(max_length=40)
    category = models.CharField(max_length=120)
    discount_bp = models.PositiveIntegerField()
    channels = models.JSONField(default=list)
    content = models.JSONField(default=dict)  # {language: {channel: text}} as previewed and sent
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    starts_on = models.DateField()
    ends_on = models.DateField()
    expected_pieces = models.BigIntegerField()
    expected_revenue_paise = models.BigIntegerField()
    net_paise = models.BigIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=200, blank=True)
    words = models.JSONField(default=dict)  # what title and end_reason were made of, by name
    results = models.JSONField(default=dict)  # frozen when the campaign ends
    simulated = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="campaign_ends_after_start"
            ),
            models.CheckConstraint(condition=Q(discount_bp__lt=10_000), name="campaign_discount"),
        ]
        indexes = [models.Index(fields=["state", "ends_on"], name="campaign_running")]

    def __str__(self) -> str:
        return self.title


class CampaignLine(models.Model):
    """One batch on offer and its price; the floor it keeps was checked when it was approved."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    batch = models.CharField(max_length=60)
    location = models.CharField(max_length=40)
    quantity = models.BigIntegerField()
    mrp_paise = models.BigIntegerField()
    trade_price_paise = models.BigIntegerField()
    offer_price_paise = models.BigIntegerField()
    cost_paise = models.BigIntegerField()
    hold_paise = models.BigIntegerField()
    rate_bp = models.PositiveIntegerField()
    expected_pieces = models.BigIntegerField()
    expiry_date = models.DateField(null=True)
    not_for = models.JSONField(default=list)  # outlets of the campaign that want more life than it has

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "sku", "batch", "location"], name="campaign_line_once"
            ),
            models.CheckConstraint(
                condition=Q(offer_price_paise__lte=F("mrp_paise")), name="campaign_line_below_mrp"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku}/{self.batch}"


class CampaignOutlet(models.Model):
    """One outlet of the audience and its arm: asked, or held out to compare with."""

    class Arm(models.TextChoices):
        ASKED = "asked"
        HELD_OUT = "held_out"

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="outlets")
    retailer_id = models.CharField(max_length=40)
    arm = models.CharField(max_length=8, choices=Arm.choices)
    wants_pieces = models.BigIntegerField(default=0)  # what the outlet answered it wants
    answered_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "retailer_id"], name="campaign_outlet_once"),
        ]

    def __str__(self) -> str:
        return f"{self.retailer_id} {self.arm}"
