"""Offers at a lower price that the forecast knows of."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Offer(models.Model):
    """One SKU in one offer, as whoever makes it announced it."""

    origin = models.CharField(max_length=80)  # names the offer among all
    number = (
        models.PositiveIntegerField()
    )  # of the SKU in it; not the SKU itself, which may merge with another
    sku = models.ForeignKey("inventory.Sku", on_delete=models.PROTECT, related_name="+")
    territory = models.ForeignKey("inventory.Territory", on_delete=models.PROTECT, related_name="+")
    discount_bp = models.PositiveIntegerField()  # off the usual price
    pieces = models.BigIntegerField()
    from_date = models.DateField()
    to_date = models.DateField()  # included
    announced_at = models.DateTimeField()
    over_on = models.DateField(null=True)  # the first day on which it no longer held, where it was withdrawn

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["origin", "number"], name="offer_once"),
            models.CheckConstraint(condition=Q(to_date__gte=F("from_date")), name="offer_days"),
            models.CheckConstraint(
                condition=Q(discount_bp__gt=0, discount_bp__lt=10_000, pieces__gt=0),
                name="offer_of_something",
            ),
        ]
        indexes = [
            # the days that a forecast looks at, and those of an item that are to come
            models.Index(fields=["to_date"], name="offer_days_known"),
        ]

    def __str__(self) -> str:
        return f"{self.origin} from {self.from_date} to {self.to_date}"
