"""The models that made forecasts, and what people changed of them."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ForecastModel(models.Model):
    """One training: what was seen, what was found, whether it came into force and why."""

    cycle_id = models.BigIntegerField(unique=True)
    as_of = models.DateField()
    version = models.CharField(max_length=12)  # of the plan that made the forecasts
    data_from = models.DateField()
    data_to = models.DateField()  # the last day that was seen
    series = models.PositiveIntegerField()
    examples = models.PositiveIntegerField(default=0)  # that trees learnt from; 0: none could
    features = models.JSONField(default=list)
    plan = models.JSONField()  # choices per pattern, correction of sums: `ForecastPlan` in plain form
    effects = models.JSONField(default=list)  # what was found, standing or not: see `keep_forecasts`
    promoted = models.BooleanField()  # no: the model in force stayed, and made the forecasts
    reason = models.CharField(max_length=200)
    figure = models.FloatField(default=0)  # error against naive, on weeks that neither was chosen by
    figure_in_force = models.FloatField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-as_of", "-id"], name="forecast_model_latest")]  # in force; page

    def __str__(self) -> str:
        return f"{self.version} of {self.as_of}"


class ForecastOverride(models.Model):
    """What a person knows better than the baseline, which stays as it was."""

    class Level(models.TextChoices):
        ITEM = "item"
        SKU = "sku"
        CATEGORY = "category"
        TERRITORY = "territory"
        ALL = "all"

    level = models.CharField(max_length=9, choices=Level.choices)
    sku = models.ForeignKey("inventory.Sku", null=True, on_delete=models.PROTECT, related_name="+")
    category = models.ForeignKey("inventory.Category", null=True, on_delete=models.PROTECT, related_name="+")
    territory = models.ForeignKey(
        "inventory.Territory", null=True, on_delete=models.PROTECT, related_name="+"
    )
    from_date = models.DateField()
    to_date = models.DateField()  # included
    factor = models.FloatField(null=True)  # of the baseline
    pieces = models.BigIntegerField(null=True)  # in all, over the days and everything covered
    reason = models.CharField(max_length=300)
    actor_ref = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    dropped_at = models.DateTimeField(null=True)
    dropped_by = models.CharField(max_length=80, blank=True)
    # what it is measured by: pieces over its days, as forecast when it was made and as sold
    baseline_pieces = models.FloatField()
    adjusted_pieces = models.FloatField()
    actual_pieces = models.BigIntegerField(null=True)
    measured_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="override_days"),
            models.CheckConstraint(
                condition=Q(factor__isnull=False, pieces__isnull=True, factor__gte=0)
                | Q(factor__isnull=True, pieces__isnull=False, pieces__gte=0),
                name="override_says_one_thing",
            ),
        ]
        indexes = [
            # in force on a day; due to be measured
            models.Index(fields=["to_date"], name="override_open", condition=Q(dropped_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.from_date} to {self.to_date}"
