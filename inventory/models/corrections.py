"""What a person says that past demand counts as, beside what was sold, and weeks that ask for it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class DemandAdjustment(models.Model):
    """Days of the past that forecasts read as so many pieces; what was sold on them stays as it is."""

    sku = models.ForeignKey("inventory.Sku", on_delete=models.PROTECT, related_name="+")
    territory = models.ForeignKey(  # none: all of them together
        "inventory.Territory", null=True, on_delete=models.PROTECT, related_name="+"
    )
    from_date = models.DateField()
    to_date = models.DateField()  # included
    counts_as = models.BigIntegerField()  # pieces over all the days and places
    sold_pieces = models.BigIntegerField()  # on the same days, as the books stood when it was made
    reason = models.CharField(max_length=300)
    actor_ref = models.CharField(max_length=80)
    made_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.CharField(max_length=80, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="adjustment_days"),
            models.CheckConstraint(condition=Q(counts_as__gte=0), name="adjustment_counts"),
        ]
        indexes = [
            # in force over days of a SKU: whether another stands there, and what forecasts read
            models.Index(
                fields=["sku", "from_date"],
                name="adjustment_in_force",
                condition=Q(withdrawn_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.from_date} to {self.to_date}: {self.counts_as}"


class DemandOutlier(models.Model):
    """A week that sold far more than can be explained, as the last forecast found it; renewed with each."""

    sku = models.ForeignKey("inventory.Sku", on_delete=models.PROTECT, related_name="+")
    territory = models.ForeignKey("inventory.Territory", on_delete=models.PROTECT, related_name="+")
    as_of = models.DateField()  # of the forecast that found it
    from_date = models.DateField()
    to_date = models.DateField()  # included
    sold_pieces = models.BigIntegerField()
    usual_pieces = models.FloatField()  # in such a week, with what is explained
    adds_pieces = models.FloatField()  # to what is expected of the next 13 weeks
    explained = models.JSONField(default=dict)  # see `inventory.forecasting.outlying.Outlier`

    class Meta:
        constraints = [
            # a SKU's are looked up by it too
            models.UniqueConstraint(fields=["sku", "territory", "from_date"], name="outlier_week")
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} {self.from_date}: {self.sold_pieces}"

    @property
    def adds_paise(self) -> int:
        """What it adds to what is expected, at cost; with its SKU at hand."""
        return round(self.adds_pieces * self.sku.cost_paise)
