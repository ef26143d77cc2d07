"""A small distributor to test on: two territories, a few SKUs with batches, four shops."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from inventory.models import (
    Batch,
    Brand,
    Category,
    GstRegistration,
    Location,
    Movement,
    MovementKind,
    Position,
    Retailer,
    Sku,
    Territory,
)
from inventory.services import record_movements
from inventory.services.lines import MovementLine
from tests.conftest import NOW
from vyapar.kernel.actor import system

TODAY = date(2026, 11, 23)
PLACES = (("MUM", "27AABCU9603R1ZN", "27", 19.1, 72.9), ("BLR", "29AABCU9603R1ZJ", "29", 12.97, 77.6))


@dataclass
class Book:
    """What was made, by name."""

    territories: dict[str, Territory] = field(default_factory=dict)
    godowns: dict[str, Location] = field(default_factory=dict)
    skus: dict[str, Sku] = field(default_factory=dict)
    batches: dict[tuple[str, str], Batch] = field(default_factory=dict)

    def batch(self, sku: str, number: str, expires_in: int | None = 200, cost: int = 5_000) -> Batch:
        """A batch of a SKU that expires so many days from the tests' today."""
        expiry = None if expires_in is None else TODAY + timedelta(days=expires_in)
        made = TODAY - timedelta(days=400)
        self.batches[sku, number] = Batch.objects.create(
            sku=self.skus[sku], number=number, mrp_paise=cost * 2, cost_paise=cost,
            manufacture_date=made, expiry_date=expiry, itc_paise=cost // 20,
        )  # fmt: skip
        return self.batches[sku, number]

    def receive(self, sku: str, number: str, quantity: int, place: str = "MUM", at: datetime = NOW) -> None:
        """Stock of a batch at a territory's godown, by a receipt."""
        line = MovementLine(
            self.batches[sku, number].pk, self.godowns[place].pk, MovementKind.RECEIPT, quantity
        )
        record_movements([line], actor=system("tests"), at=at)

    def position(self, sku: str, number: str, place: str = "MUM") -> Position:
        return Position.objects.get(batch=self.batches[sku, number], location=self.godowns[place])

    def ledger(self, sku: str, number: str, place: str = "MUM") -> dict[str, int]:
        """Sums of the ledger's lines of a position by kind."""
        found: dict[str, int] = {}
        lines = Movement.objects.filter(batch=self.batches[sku, number], location=self.godowns[place])
        for kind, quantity in lines.values_list("kind", "quantity"):
            found[kind] = found.get(kind, 0) + quantity
        return found


def make_book(skus: int = 3) -> Book:
    """Masters in the current schema: godowns GD-MUM and GD-BLR, shops R1..R4 by turns, SKUs S1…"""
    book = Book()
    brand = Brand.objects.create(name="Tivrano")
    category = Category.objects.create(code="BIS", name="Biscuits")
    for code, gstin, state, lat, lon in PLACES:
        registration = GstRegistration.objects.create(
            gstin=gstin, state_code=state, legal_name="Alpha", address="1 Yard", place=code, pincode="400072"
        )
        book.territories[code] = Territory.objects.create(code=code, name=code, registration=registration)
        book.godowns[code] = Location.objects.create(
            code=f"GD-{code}", name=f"{code} godown", kind="godown", territory=book.territories[code],
            pincode="400072", latitude=lat, longitude=lon,
        )  # fmt: skip
    for number in range(1, 5):
        territory = book.territories[PLACES[(number - 1) % 2][0]]
        outlet = Location.objects.create(
            code=f"OT-{number}", name=f"Shop {number}", kind="outlet", territory=territory,
            pincode="400072", latitude=19.0, longitude=72.8,
        )  # fmt: skip
        Retailer.objects.create(
            retailer_id=f"R{number}", name=f"Shop {number}", outlet=outlet, territory=territory
        )
    for number in range(1, skus + 1):
        book.skus[f"S{number}"] = Sku.objects.create(
            code=f"S{number}", name=f"Biscuit {number}", brand=brand, category=category, hsn="19053100",
            rate_item="Biscuits", mrp_paise=10_000, trade_price_paise=8_000, cost_paise=5_000,
            weight_grams=100, case_pack=12, shelf_life_days=180,
        )  # fmt: skip
    return book


def sale(transaction: str, sku: str, quantity: int, *, line: int = 1, shop: str = "R1", **changes) -> dict:
    """One line as the API's reader hands it over."""
    return {
        "transaction_id": transaction, "line": line, "retailer_id": shop, "sku": sku,
        "quantity": quantity, "unit_price": "80.00", "timestamp": "2026-11-23T10:00:00+05:30", **changes,
    }  # fmt: skip
