"""What landing rows needs beside the books themselves: prices by day, and sales that were cancelled."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class SkuPrice(models.Model):
    """Prices of a SKU from a day on; what a row leaves out stays as it was before."""

    sku = models.ForeignKey("inventory.Sku", on_delete=models.CASCADE, related_name="prices")
    valid_from = models.DateField()
    mrp_paise = models.BigIntegerField(null=True)
    trade_price_paise = models.BigIntegerField(null=True)  # to the outlet, GST included
    cost_paise = models.BigIntegerField(null=True)  # landed, without GST
    in_force_at = models.DateTimeField(null=True)  # when the SKU got them; None: still to come

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sku", "valid_from"], name="sku_price_once"),
            models.CheckConstraint(
                condition=Q(mrp_paise__gte=0) | Q(mrp_paise__isnull=True), name="sku_price_mrp"
            ),
        ]
        indexes = [
            # what comes into force
            models.Index(fields=["valid_from"], name="sku_price_waits", condition=Q(in_force_at=None))
        ]

    def __str__(self) -> str:
        return f"{self.sku_id} from {self.valid_from}"


class CancelledSale(models.Model):
    """A line of a sale that its source cancelled: out of the sales, and never recorded again."""

    transaction_id = models.CharField(max_length=64)
    line = models.IntegerField()
    sold_on = models.DateField()
    sold_at = models.DateTimeField()
    retailer = models.ForeignKey("inventory.Retailer", on_delete=models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("inventory.Sku", on_delete=models.PROTECT, db_constraint=False)
    territory = models.ForeignKey("inventory.Territory", on_delete=models.PROTECT, db_constraint=False)
    quantity = models.IntegerField()
    unit_price_paise = models.BigIntegerField()
    gst = models.JSONField(null=True)
    received_at = models.DateTimeField()
    import_run = models.IntegerField(null=True)  # that recorded the sale
    cancelled_at = models.DateTimeField()
    cancelled_run = models.IntegerField(null=True)  # that cancelled it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transaction_id", "line"], name="cancelled_once")]

    def __str__(self) -> str:
        return f"{self.transaction_id}/{self.line} cancelled"
