"""What is foreseen: models that were learnt, chances of no sale, causes, days of no return, classes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class RiskModel(models.Model):
    """What was learnt of one level, with how it was judged; at most one of a level is in force."""

    class Level(models.TextChoices):
        ITEM = "item"
        OUTLET = "outlet"

    level = models.CharField(max_length=6, choices=Level.choices)
    version = models.PositiveIntegerField()
    cycle_id = models.BigIntegerField()
    as_of = models.DateField()
    window_first = models.DateField()  # the days it was learnt from
    window_last = models.DateField()
    rows = models.PositiveIntegerField()  # positions known on the day
    method = models.CharField(max_length=10)  # ensemble, or rule where no horizon is learnt
    #: Per horizon: method, reason, figures of the ensemble and of both rules on unseen days.
    metrics = models.JSONField(default=dict)
    reliability = models.JSONField(default=dict)  # per horizon: told, happened, rows of each tenth
    in_force = models.BooleanField(default=False)
    why_not = models.CharField(max_length=40, blank=True)  # why it was not put in force
    body = models.BinaryField()  # arrays in NumPy's own form, per horizon; nothing in it can run

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["level", "version"], name="risk_model_version"),
            models.UniqueConstraint(fields=["level"], condition=Q(in_force=True), name="risk_model_in_force"),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.version}"


class ItemOutlook(models.Model):
    """One SKU in one territory: the chance that it does not sell, why, and its class."""

    sku = models.ForeignKey(
        "inventory.Sku", on_delete=models.CASCADE, related_name="outlooks", db_index=False
    )
    territory = models.ForeignKey(
        "inventory.Territory", on_delete=models.CASCADE, related_name="outlooks", db_index=False
    )
    cycle_id = models.BigIntegerField()
    as_of = models.DateField()
    no_sale_30 = models.FloatField()  # chance of no sale in so many days, 0 to 1
    no_sale_60 = models.FloatField()
    no_sale_90 = models.FloatField()
    method = models.CharField(max_length=10)  # of 90 days: ensemble or rule
    reasons = models.JSONField(default=list)  # topic, points, figures; the largest first
    matrix = models.CharField(max_length=3)  # ABC, XYZ and FSN within the territory, as in AXF
    matrix_overall = models.CharField(max_length=3)  # of the SKU over all territories
    value_share_bp = models.PositiveIntegerField()  # of the territory's sales value of a year
    demand_cv = models.FloatField(null=True)  # None: nothing was sold
    overstock_quantity = models.BigIntegerField(default=0)  # usable pieces beyond the cover, whole packs
    overstock_packs = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sku", "territory"], name="item_outlook_once")]
        indexes = [models.Index(fields=["-no_sale_90", "id"], name="item_outlook_worst")]  # API list

    def __str__(self) -> str:
        return f"{self.sku_id}@{self.territory_id}: {self.no_sale_90:.2f}"


class PositionOutlook(models.Model):
    """One batch at one location: why it lies there, and until when each way out still works."""

    position = models.OneToOneField("inventory.Position", on_delete=models.CASCADE, related_name="outlook")
    cycle_id = models.BigIntegerField()
    as_of = models.DateField()
    cause = models.CharField(max_length=16, blank=True)  # blank: neither dead nor at risk
    second = models.CharField(max_length=16, blank=True, default="", db_default="")  # the next; blank: none
    confidence = models.FloatField(default=0)  # 0 to 1
    evidence = models.JSONField(default=dict)  # figures by name
    behind = models.BooleanField(default=False)  # the cause is another batch's on the same shelf
    expected_paise = models.BigIntegerField(default=0)  # expected to be unsold at expiry, at cost
    p90_paise = models.BigIntegerField(default=0)  # not exceeded in nine cases of ten
    #: Last days on which each way still works; None: it never does, or (without expiry) it always will.
    last_claim_date = models.DateField(null=True)
    last_transfer_date = models.DateField(null=True)
    last_offer_date = models.DateField(null=True)
    last_donation_date = models.DateField(null=True)

    class Meta:
        indexes = [models.Index(fields=["cause"], name="position_outlook_cause")]

    def __str__(self) -> str:
        return f"{self.position_id}: {self.cause}"


class OutletStock(models.Model):
    """What an outlet bought in and did not order again, so that it may still stand there."""

    retailer = models.ForeignKey(
        "inventory.Retailer", on_delete=models.CASCADE, related_name="standing", db_index=False
    )
    sku = models.ForeignKey(
        "inventory.Sku", on_delete=models.CASCADE, related_name="standing", db_index=False
    )
    territory = models.ForeignKey("inventory.Territory", on_delete=models.CASCADE, related_name="standing")
    cycle_id = models.BigIntegerField()
    as_of = models.DateField()
    last_bought_date = models.DateField()
    interval_days = models.FloatField()  # in which it would have ordered again
    orders = models.PositiveIntegerField()
    pieces = models.BigIntegerField()  # of its last purchase
    probability = models.FloatField()  # that some of them still stand there
    expected_quantity = models.FloatField()
    expected_paise = models.BigIntegerField()  # at what it paid
    no_sale_30 = models.FloatField()
    no_sale_60 = models.FloatField()
    no_sale_90 = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["retailer", "sku", "territory"], name="outlet_stock_once")
        ]
        indexes = [models.Index(fields=["-expected_paise", "id"], name="outlet_stock_worst")]  # API list

    def __str__(self) -> str:
        return f"{self.retailer_id}/{self.sku_id}"


class StandingDay(models.Model):
    """What stood at outlets on the morning of a day, in the finest cut; kept for ever."""

    day = models.DateField(primary_key=True)
    kept_at = models.DateTimeField()
    recounted = models.BooleanField(default=False)  # counted later, from the sales until that morning
    items = models.BigIntegerField()
    pieces = models.BigIntegerField()
    expected_paise = models.BigIntegerField()
    body = models.BinaryField()  # its cells: see `inventory.risk.standing_days`

    def __str__(self) -> str:
        return f"{self.day}: {self.items}"
