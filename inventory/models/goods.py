"""What is sold: brands, categories, SKUs, their batches and how they were bought."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Brand(models.Model):
    """A maker's name on the pack, and on which terms he takes goods back."""

    name = models.CharField(max_length=120, unique=True)
    supplier_name = models.CharField(max_length=200, blank=True)
    supplier_gstin = models.CharField(max_length=15, blank=True)
    return_bp = models.PositiveIntegerField(default=0)  # share of cost he credits; 0: takes nothing back
    #: Last day of a claim, counted from the batch's expiry (negative: before it); None: at any time.
    return_days = models.IntegerField(null=True)
    #: The most he credits in a financial year (None: no cap), and what was claimed of it in `claimed_year`
    #: ("2026-27"), paid or not. Lists of goods leave these alone.
    claim_cap_paise = models.BigIntegerField(null=True, blank=True)
    claimed_paise = models.BigIntegerField(default=0, db_default=0)
    claimed_year = models.CharField(max_length=7, blank=True, default="", db_default="")
    #: How often he accepts a claim, and days until he pays; None: as the rules have it for all.
    claim_success_bp = models.PositiveIntegerField(null=True, blank=True)
    claim_days = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(return_bp__lte=10_000), name="brand_return"),
            models.CheckConstraint(
                condition=Q(claim_cap_paise__isnull=True) | Q(claim_cap_paise__gte=0), name="brand_claim_cap"
            ),
            models.CheckConstraint(condition=Q(claimed_paise__gte=0), name="brand_claimed"),
            models.CheckConstraint(
                condition=Q(claim_success_bp__isnull=True) | Q(claim_success_bp__lte=10_000),
                name="brand_claim_success",
            ),
            models.CheckConstraint(
                condition=Q(claim_days__isnull=True) | Q(claim_days__lte=3_650), name="brand_claim_days"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    """A node of the category tree."""

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )

    class Meta:
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name


class Sku(models.Model):
    """One thing that can be sold, counted in whole base units."""

    code = models.CharField(max_length=60, unique=True)  # `sku` at the API
    name = models.CharField(max_length=200)
    brand = models.ForeignKey(Brand, on_delete=models.PROTECT, related_name="skus")
    category = models.ForeignKey(Category, on_delete=models.PROTECT, related_name="skus")
    hsn = models.CharField(max_length=8)
    rate_item = models.CharField(
        max_length=200, blank=True
    )  # which item of the rate table, where a heading has several
    packed = models.BooleanField(default=True)
    uqc = models.CharField(max_length=3, default="PCS")
    mrp_paise = models.BigIntegerField()
    trade_price_paise = models.BigIntegerField()  # to the outlet, GST included
    cost_paise = models.BigIntegerField()  # landed, without GST
    weight_grams = models.PositiveIntegerField(default=0)
    volume_cc = models.PositiveIntegerField(default=0)
    case_pack = models.PositiveIntegerField(default=1)
    shelf_life_days = models.PositiveIntegerField(null=True)
    delisted_date = models.DateField(null=True)
    replaced_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)
    active = models.BooleanField(default=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(case_pack__gte=1), name="sku_case_pack"),
            models.CheckConstraint(condition=Q(mrp_paise__gte=0, cost_paise__gte=0), name="sku_prices"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Batch(models.Model):
    """One lot of a SKU, with the MRP that is printed on it."""

    sku = models.ForeignKey(Sku, on_delete=models.PROTECT, related_name="batches")
    number = models.CharField(max_length=60)  # `batch` at the API
    mrp_paise = models.BigIntegerField()
    cost_paise = models.BigIntegerField()
    manufacture_date = models.DateField(null=True)
    expiry_date = models.DateField(null=True)
    purchase_invoice = models.CharField(max_length=60, blank=True)
    itc_paise = models.BigIntegerField(default=0)  # input tax credit taken per piece

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            models.UniqueConstraint(fields=["sku", "number"], name="batch_once"),
            models.CheckConstraint(
                condition=Q(manufacture_date__isnull=True)
                | Q(expiry_date__isnull=True)
                | Q(expiry_date__gte=F("manufacture_date")),
                name="batch_expires_after_made",
            ),
        ]
        indexes = [models.Index(fields=["expiry_date"], name="batch_by_expiry")]  # expiring soon

    def __str__(self) -> str:
        return f"{self.sku_id}/{self.number}"


class PurchaseLine(models.Model):
    """One batch on one purchase invoice: what ITC was taken, for reversal and claims."""

    purchase_invoice = models.CharField(max_length=60)
    supplier_name = models.CharField(max_length=200)
    supplier_gstin = models.CharField(max_length=15, blank=True)
    invoice_date = models.DateField()
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="purchases")
    location = models.ForeignKey("inventory.Location", on_delete=models.PROTECT)
    quantity = models.BigIntegerField()
    cost_paise = models.BigIntegerField()
    tax_paise = models.BigIntegerField(default=0)
    itc_paise = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purchase_invoice", "batch", "location"], name="purchase_line_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purchase_invoice} {self.batch_id}"
