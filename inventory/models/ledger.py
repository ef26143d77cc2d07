"""How stock moves: positions, the append-only ledger behind them, reservations, sales, demand."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q


class Position(models.Model):
    """One batch at one location, in pieces. Never negative; rebuilt from the ledger at any time."""

    sku = models.ForeignKey(
        "inventory.Sku", on_delete=models.PROTECT, related_name="positions", db_index=False
    )
    batch = models.ForeignKey(
        "inventory.Batch", on_delete=models.PROTECT, related_name="positions", db_index=False
    )
    location = models.ForeignKey(
        "inventory.Location", on_delete=models.PROTECT, related_name="positions", db_index=False
    )
    on_hand = models.BigIntegerField(default=0)
    reserved = models.BigIntegerField(default=0)  # held by open actions
    in_transit = models.BigIntegerField(default=0)  # on its way to this location
    first_receipt_date = models.DateField(null=True)  # survives transfers, so age does not restart
    changes = models.BigIntegerField(default=0)  # counts its writes: tells rescoring what it has not seen
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["batch", "location"], name="position_once"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="position_on_hand"),
            models.CheckConstraint(
                condition=Q(reserved__gte=0) & Q(reserved__lte=F("on_hand")), name="position_reserved"
            ),
            models.CheckConstraint(condition=Q(in_transit__gte=0), name="position_in_transit"),
        ]
        indexes = [
            # FEFO consumption. Nothing that changes with a sale is indexed: updates stay on their page
            models.Index(fields=["sku", "location"], name="position_by_sku"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}@{self.location_id}: {self.on_hand}"


class MovementKind(models.TextChoices):
    """Why stock moved."""

    OPENING = "opening"
    RECEIPT = "receipt"
    SALE = "sale"
    SALE_RETURN = "return"
    TRANSFER_OUT = "transfer_out"
    TRANSFER_IN = "transfer_in"
    DAMAGED = "damaged"
    SHORT = "short"
    FOUND = "found"  # sold although the book had none: the book was wrong, and says so
    ADJUSTMENT = "adjustment"
    WRITE_OFF = "write_off"
    COMPANY_OUT = "company_out"  # goods of a claim that left for the company
    COMPANY_BACK = "company_back"  # the same on their way home: called back, or not taken


class Movement(models.Model):
    """One line of the stock ledger: signed pieces of a batch at a location. Append-only.

    Its batch and location always stand in `Position` too, where the database checks them.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    batch = models.ForeignKey(
        "inventory.Batch", on_delete=models.PROTECT, related_name="movements", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    location = models.ForeignKey(
        "inventory.Location", on_delete=models.PROTECT, related_name="movements", db_constraint=False,
        db_index=False,
    )  # fmt: skip
    kind = models.CharField(max_length=12, choices=MovementKind.choices)
    quantity = models.BigIntegerField()
    reference = models.CharField(max_length=120, blank=True)
    actor_ref = models.CharField(max_length=80)
    action_id = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(quantity=0), name="movement_moves"),
            # a step of an action that is called again after a crash moves nothing twice
            models.UniqueConstraint(
                fields=["action_id", "reference", "kind", "batch", "location"],
                condition=Q(action_id__isnull=False),
                name="movement_step_once",
            ),
        ]
        indexes = [
            models.Index(fields=["batch", "location", "at"], name="movement_of_position"),
            BrinIndex(fields=["at"], name="movement_by_day"),  # in-stock days of the last year
            # the newest statement of stock: older sales are in it already
            models.Index(
                fields=["-at"],
                name="movement_stated",
                condition=Q(kind__in=[MovementKind.OPENING, MovementKind.ADJUSTMENT]),
            ),
            # what was written off on a day: few lines among very many
            models.Index(
                fields=["at"],
                name="movement_written_off",
                condition=Q(kind=MovementKind.WRITE_OFF),
            ),
            # what a run moved, to take it back
            models.Index(
                fields=["reference"],
                name="movement_of_run",
                opclasses=["varchar_pattern_ops"],
                condition=Q(reference__startswith="import:"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity:+d}"


class Purpose(models.TextChoices):
    """What an action holds stock for."""

    TRANSFER = "transfer"
    OFFER = "offer"  # the stock is being liquidated
    RETURN = "return"
    DISPOSAL = "disposal"


class Reservation(models.Model):
    """Pieces of a position that one open action holds; a carton has one plan at most."""

    action_id = models.UUIDField()
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.TRANSFER)
    position = models.ForeignKey(Position, on_delete=models.PROTECT, related_name="reservations")
    quantity = models.BigIntegerField()
    held_at = models.DateTimeField()
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gt=0), name="reservation_positive"),
            models.UniqueConstraint(
                fields=["action_id", "position"],
                condition=Q(released_at__isnull=True),
                name="reservation_once",
            ),
        ]
        indexes = [
            models.Index(fields=["position"], name="reservation_open", condition=Q(released_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.quantity} for {self.action_id}"


class Sale(models.Model):
    """One line of a sale to an outlet; returns are negative.

    The table is partitioned by month of `sold_on` and kept lean for COPY: its only unique index is
    (transaction_id, line, sold_on), with BRIN on `sold_on`. Created by SQL in the first migration.
    """

    pk = models.CompositePrimaryKey("transaction_id", "line", "sold_on")
    transaction_id = models.CharField(max_length=64)
    line = models.IntegerField()
    sold_on = models.DateField()  # the Indian day
    sold_at = models.DateTimeField()
    retailer = models.ForeignKey("inventory.Retailer", on_delete=models.PROTECT, db_constraint=False)
    sku = models.ForeignKey("inventory.Sku", on_delete=models.PROTECT, db_constraint=False)
    territory = models.ForeignKey("inventory.Territory", on_delete=models.PROTECT, db_constraint=False)
    quantity = models.IntegerField()
    unit_price_paise = models.BigIntegerField()  # GST included
    gst = models.JSONField(null=True)
    received_at = models.DateTimeField()
    import_run = models.IntegerField(null=True)  # number of the run that recorded it

    class Meta:
        managed = False
        db_table = "inventory_sale"

    def __str__(self) -> str:
        return f"{self.transaction_id}/{self.line}"


class DailyDemand(models.Model):
    """Pieces and paise sold per SKU, territory and Indian day, net of returns: the roll-up of sales.

    What it refers to was looked up when the sales were read, so the database need not ask again.
    """

    sku = models.ForeignKey(
        "inventory.Sku", on_delete=models.PROTECT, related_name="demand", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    territory = models.ForeignKey(
        "inventory.Territory", on_delete=models.PROTECT, related_name="demand", db_index=False,
        db_constraint=False,
    )  # fmt: skip
    day = models.DateField()
    quantity = models.BigIntegerField(default=0)
    revenue_paise = models.BigIntegerField(default=0)
    lines = models.PositiveIntegerField(default=0)
    outlets = models.PositiveIntegerField(default=0)
    # ids of those outlets' retailers in order, four bytes each: who bought before is read here
    buyers = models.BinaryField(default=b"", db_default=b"")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sku", "territory", "day"], name="demand_once")]
        indexes = [models.Index(fields=["day"], name="demand_by_day")]  # freshness, recent window

    def __str__(self) -> str:
        return f"{self.sku_id}@{self.territory_id} {self.day}: {self.quantity}"
