"""What Monitoring and Analysis think: demand distributions, scores, risk of each batch."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from inventory.impact.packed import pack_plain, unpack_ways


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
    rests_on = models.JSONField(null=True)  # beside its own past: whose demand it has, what is alike

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sku", "territory"], name="forecast_once")]

    def __str__(self) -> str:
        return f"{self.sku_id}@{self.territory_id} {self.method}"


class ForecastScore(models.Model):
    """How a method did on one back-test, by demand pattern and level; kept over time."""

    cycle_id = models.BigIntegerField()
    as_of = models.DateField()
    level = models.CharField(max_length=9, default="item")  # item (SKU and territory), sku, category, all
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
    # of what is at risk, what expires within so many days; and positions past their last day
    due_30_quantity = models.BigIntegerField(default=0)
    due_30_paise = models.BigIntegerField(default=0)
    due_60_quantity = models.BigIntegerField(default=0)
    due_60_paise = models.BigIntegerField(default=0)
    due_90_quantity = models.BigIntegerField(default=0)
    due_90_paise = models.BigIntegerField(default=0)
    expired_positions = models.IntegerField(default=0)
    expired_paise = models.BigIntegerField(default=0, db_default=0)  # of what stands there, at cost
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


class StockCell(models.Model):
    """Sums over the items with stock that are alike: the first screen and the pivot read these.

    Kept in the transaction that records scores; `check_aggregates` proves them equal to the items.
    """

    territory = models.ForeignKey(
        "inventory.Territory", on_delete=models.PROTECT, related_name="+", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    category = models.ForeignKey(
        "inventory.Category", on_delete=models.PROTECT, related_name="+", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    brand = models.ForeignKey(
        "inventory.Brand", on_delete=models.PROTECT, related_name="+", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    age = models.SmallIntegerField()  # index of the band of days without movement
    status = models.CharField(max_length=12)
    cause = models.CharField(max_length=16, blank=True)
    due = models.SmallIntegerField()  # 30, 60 or 90: something of them expires unsold within; 0: nothing
    at_risk = models.BooleanField()
    items = models.BigIntegerField()
    pieces = models.BigIntegerField()
    value_paise = models.BigIntegerField()
    at_risk_pieces = models.BigIntegerField()
    at_risk_paise = models.BigIntegerField()
    loss_paise = models.BigIntegerField()
    due_30_pieces = models.BigIntegerField()
    due_30_paise = models.BigIntegerField()
    due_60_pieces = models.BigIntegerField()
    due_60_paise = models.BigIntegerField()
    due_90_pieces = models.BigIntegerField()
    due_90_paise = models.BigIntegerField()
    expired_positions = models.BigIntegerField()
    expired_paise = models.BigIntegerField(default=0, db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["territory", "category", "brand", "age", "status", "cause", "due", "at_risk"],
                name="stock_cell_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.territory_id} {self.category_id} {self.status}: {self.items}"


class WaysOutField(models.BinaryField):  # type: ignore[type-arg]  # not subscriptable at run time
    """Ways out in plain form, kept packed: see `inventory.impact.packed`."""

    def from_db_value(self, value: bytes | memoryview | None, *_: Any) -> list[dict[str, Any]]:
        return unpack_ways(bytes(value or b""))

    def get_prep_value(self, value: Any) -> bytes:
        return value if isinstance(value, bytes) else pack_plain(value)

    def value_to_string(self, obj: models.Model) -> str:
        return b64encode(self.get_prep_value(self.value_from_object(obj))).decode()


class BatchRisk(models.Model):
    """What will become of one position: the FEFO walk against demand, and each way out in paise."""

    #: Written by the million, from positions that were just read: the database need not ask again.
    position = models.OneToOneField(
        "inventory.Position", on_delete=models.CASCADE, related_name="risk", primary_key=True,
        db_constraint=False,
    )  # fmt: skip
    cycle_id = models.BigIntegerField(null=True)
    as_of = models.DateField()
    days_to_expiry = models.IntegerField(null=True)
    expected_unsold = models.FloatField()
    probability_unsold = models.FloatField()
    p90_unsold = models.BigIntegerField()
    at_risk_quantity = models.BigIntegerField()
    at_risk_paise = models.BigIntegerField()  # at cost
    ways_out = WaysOutField(default=list)  # of what needs one: list of WayOut in plain form, best first
    best_way = models.CharField(max_length=20, blank=True)
    best_net_paise = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            # what is at risk, by place and by day
            models.Index(
                fields=["-at_risk_paise"], name="batch_risk_worst", condition=Q(at_risk_quantity__gt=0)
            )
        ]

    def __str__(self) -> str:
        return f"{self.position_id}: {self.at_risk_quantity}"
