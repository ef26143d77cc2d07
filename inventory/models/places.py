"""Where we are registered, where stock stands, and who buys."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.contracts.channels import DEFAULT_CHANNEL, TradeChannel


class GstRegistration(models.Model):
    """One GSTIN of the distributor. Two of them are distinct persons for GST (s.25(4) CGST)."""

    gstin = models.CharField(max_length=15, unique=True)
    state_code = models.CharField(max_length=2)
    legal_name = models.CharField(max_length=200)
    trade_name = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=300)
    place = models.CharField(max_length=80)
    pincode = models.CharField(max_length=6)
    fssai = models.CharField(max_length=14, blank=True)
    active = models.BooleanField(default=True)
    full_itc = models.BooleanField(default=True)  # entitled to full credit: decides Rule 28 valuation

    def __str__(self) -> str:
        return self.gstin


class Territory(models.Model):
    """A sales area under one registration."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    registration = models.ForeignKey(GstRegistration, on_delete=models.PROTECT, related_name="territories")

    class Meta:
        verbose_name_plural = "territories"

    def __str__(self) -> str:
        return self.name


class LocationKind(models.TextChoices):
    """What kind of place holds stock."""

    GODOWN = "godown"
    VAN = "van"
    OUTLET = "outlet"


class Location(models.Model):
    """A place that holds or receives stock; coordinates in degrees."""

    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=8, choices=LocationKind.choices)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="locations")
    address = models.CharField(max_length=300, blank=True)
    place = models.CharField(max_length=80, blank=True)
    pincode = models.CharField(max_length=6)
    latitude = models.FloatField()
    longitude = models.FloatField()
    #: On the registration as an additional place of business (Rule 8, Rule 56(6)).
    registered = models.BooleanField(default=True)

    class Meta:
        indexes = [models.Index(fields=["territory", "kind"], name="location_by_territory")]

    def __str__(self) -> str:
        return self.name


class Retailer(models.Model):
    """The owner of an outlet: whom we reach, how, and on which terms."""

    retailer_id = models.CharField(max_length=40, unique=True)  # the feed's own id, `retailerId` at the API
    name = models.CharField(max_length=200)
    outlet = models.OneToOneField(Location, on_delete=models.PROTECT, related_name="retailer")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="retailers")
    phone = models.CharField(max_length=16, blank=True)
    email = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=5, default="en")
    gstin = models.CharField(max_length=15, blank=True)
    channels = models.JSONField(default=list)  # preferred first: whatsapp, sms, email
    trade_channel = models.CharField(
        max_length=16, choices=[(one.value, one.value) for one in TradeChannel], default=DEFAULT_CHANNEL
    )
    #: Days of life it wants goods to have when they are sold to it; null where its channel's rule holds.
    minimum_life_days = models.PositiveSmallIntegerField(null=True)
    credit_limit_paise = models.BigIntegerField(default=0)
    outstanding_paise = models.BigIntegerField(default=0)
    beat = models.CharField(max_length=40, blank=True)
    active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(trade_channel__in=[one.value for one in TradeChannel]),
                name="retailer_trade_channel",
            ),
            models.CheckConstraint(
                condition=Q(minimum_life_days__isnull=True) | Q(minimum_life_days__lte=730),
                name="retailer_minimum_life",
            ),
        ]
        indexes = [
            # what the mix of an item's buyers is read from: few outlets are not of general trade
            models.Index(
                fields=["trade_channel"],
                condition=~Q(trade_channel=DEFAULT_CHANNEL) | Q(minimum_life_days__isnull=False),
                name="retailer_not_general",
            ),
        ]

    def __str__(self) -> str:
        return self.name
