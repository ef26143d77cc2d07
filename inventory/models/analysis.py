"""What Monitoring and Analysis think: demand distributions, scores, risk of each batch."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class DemandForecast(models.Model):
    """The demand distribution in force for one SKU in one territory: 13 weeks ahead."""

    sku = models.ForeignKey(
        "inventory.Sku", on_delete=models.PROTECT, related_name="forecasts", db_index=False
    )
    territory = models.ForeignKey(
        "inventory.Territory", on_delete=models.PROTECT, related_name="forecasts", db_index=False
    )
    cycle_id = models.BigIntegerField()
    as_of = models.DateField()
    pattern = models.CharField(max_length=16)  # smooth, erratic, intermittent, lumpy, new, silent
    method = models.CharField(max_length=40)
    weekly_mean = ArrayField(models.FloatField(), size=13)  # pieces per week
    dispersion = models.FloatField()  # negative binomial: variance = mean + mean^2 / dispersion

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sku", "territory"], name="forecast_once")]

    def __str__(self) -> str:
        return f"{self.sku_id}@{self.territory_id} {self.method}"


class ForecastScore(models.Model):
    """How a method did on one back-test, by demand pattern; kept over time."""

    cycle_id = models.BigIntegerField()
    as_of = models.DateField()
    pattern = models.CharField(max_length=16)
    method = models.CharField(max_length=40)
    chosen = models.BooleanField(default=False)
    series = models.PositiveIntegerField()
    metrics = models.JSONField()  # wape, rmsse, bias, pinball, coverage80

    class Meta:
        indexes = [models.Index(fields=["-as_of", "pattern"], name="forecast_score_latest")]

    def __str__(self) -> str:
        return f"{self.pattern} {self.method}"


class StockItem(models.Model):
    """The seed's Inventory Item: one SKU in one territory, with its score and status."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        SLOW_MOVING = "slow_moving"
        DEAD = "dead"
        LIQUIDATING = "liquidating"

    sku = models.ForeignKey("inventory.Sku", on_delete=models.PROTECT, related_name="items", db_index=False)
    territory = models.ForeignKey(
        "inventory.Territory", on_delete=models.PROTECT, related_name="items", db_index=False
    )
    cycle_id = models.BigIntegerField(null=True)
    as_of = models.DateField()
    current_stock = models.BigIntegerField(default=0)
    reserved_stock = models.BigIntegerField(default=0)
    expiry_date = models.DateField(null=True)  # the nearest of its batches with stock
    last_movement_date = models.DateField(null=True)  # last sale here
    average_daily_sales = models.FloatField(default=0)
    days_without_movement = models.PositiveIntegerField(default=0)
    cover_days = models.FloatField(null=True)  # None when nothing is expected to sell
    dead_stock_score = models.FloatField(default=0)  # 0 to 100
    score_parts = models.JSONField(default=dict)  # add up to the score
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    value_paise = models.BigIntegerField(default=0)  # at cost
    at_risk_quantity = models.BigIntegerField(default=0)
    at_risk_paise = models.BigIntegerField(default=0)
    loss_paise = models.BigIntegerField(default=0)  # what doing nothing costs: the financial impact
    outlets_recent = models.PositiveIntegerField(default=0)  # that bought it in the last 90 days
    outlets_usual = models.PositiveIntegerField(default=0)  # and in the last year
    basis = models.CharField(max_length=80, blank=True)  # what the score rests on; differs: score again
    cause = models.CharField(max_length=16, blank=True, default="", db_default="")  # behind most of its value
    detected_at = models.DateTimeField(null=True)  # when it last became dead
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku", "territory"], name="stock_item_once"),
            models.CheckConstraint(condition=Q(current_stock__gte=0), name="stock_item_stock"),
        ]
        indexes = [
            models.Index(fields=["status", "-at_risk_paise"], name="stock_item_worst"),  # dead-stock page
            models.Index(fields=["updated_at", "id"], name="stock_item_changes"),  # API cursor
        ]

    def __str__(self) -> str:
        return f"{self.sku_id}@{self.territory_id}: {self.status}"


class BatchRisk(models.Model):
    """What will become of one position: the FEFO walk against demand, and each way out in paise."""

    position = models.OneToOneField("inventory.Position", on_delete=models.CASCADE, related_name="risk")
    cycle_id = models.BigIntegerField(null=True)
    as_of = models.DateField()
    days_to_expiry = models.IntegerField(null=True)
    expected_unsold = models.FloatField()
    probability_unsold = models.FloatField()
    p90_unsold = models.BigIntegerField()
    at_risk_quantity = models.BigIntegerField()
    at_risk_paise = models.BigIntegerField()  # at cost
    ways_out = models.JSONField(default=list)  # list of WayOut in plain form, best first
    best_way = models.CharField(max_length=20, blank=True)
    best_net_paise = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-at_risk_paise"], name="batch_risk_worst")]

    def __str__(self) -> str:
        return f"{self.position_id}: {self.at_risk_quantity}"
