"""Landing rows of every kind: one set of validators, idempotent writes, references, a check that agrees."""

from __future__ import annotations

import json
from datetime import date, timedelta
from uuid import uuid4

import polars as pl
import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.contracts.feeds import Landed, RecordKind
from inventory.models import (
    Batch,
    Brand,
    CancelledSale,
    Category,
    DailyDemand,
    GstRegistration,
    Location,
    Movement,
    Position,
    PurchaseLine,
    Retailer,
    Sale,
    Sku,
    SkuPrice,
    Territory,
)
from inventory.services import Promised, StockLine, check_positions, judge, land, put_prices_in_force, reserve
from tests.conftest import NOW
from tests.inventory.book import make_book, sale
from tests.probe import Probe, hung, open_action
from vyapar.engine import registry
from vyapar.engine.models import AuditEntry, Event
from vyapar.kernel.actor import system

ME = system("tests")
K = RecordKind
PUNE_GSTIN, OTHER_GSTIN = "27AABCU9603R1ZN", "29AABCU9603R1ZJ"


def put(kind: RecordKind, *rows: dict, **options) -> Landed:
    frame = pl.DataFrame(list(rows), strict=False, infer_schema_length=None)
    return land(kind, frame, source="t", actor=ME, at=options.pop("at", NOW), **options)


def counts(landed: Landed) -> tuple[int, int, int, int]:
    return landed.accepted, landed.updated, landed.duplicates, landed.rejected


def codes(landed: Landed) -> list[tuple[int | None, str, str]]:
    return [(f.row, f.field, f.code) for f in landed.faults]


def warned(landed: Landed) -> set[str]:
    return {f.code for f in landed.warnings}


SKU = {
    "sku": "N1",
    "name": "New biscuit",
    "brand": "Parwa",
    "category": "Cream biscuits",
    "hsn": "19053100",
    "mrp": "10.00",
    "trade_price": "8.50",
    "cost": "7",
    "case_pack": 24,
    "uqc": "NOS",
}
SHOP = {
    "retailer_id": "N9",
    "name": "Nayi Dukan",
    "pincode": "400072",
    "phone": "098201 23456",
    "language": "Hindi",
    "channels": "sms, WhatsApp",
    "credit_limit": "1,00,000",
}


@pytest.mark.usefixtures("in_alpha")
class TestPlaces:
    def test_a_territory_brings_its_registration(self):
        landed = put(K.TERRITORIES, {"code": "PUN", "name": "Pune", "gstin": PUNE_GSTIN})
        assert counts(landed) == (1, 0, 0, 0)
        row = Territory.objects.get(code="PUN")
        assert (row.registration.gstin, row.registration.state_code) == (PUNE_GSTIN, "27")
        assert row.registration.place == "Maharashtra"

    def test_a_territory_sent_again_changes_nothing_and_a_new_name_is_an_update(self):
        row = {"code": "PUN", "name": "Pune", "gstin": PUNE_GSTIN}
        put(K.TERRITORIES, row)
        trail = AuditEntry.objects.count()
        assert counts(put(K.TERRITORIES, row)) == (0, 0, 1, 0)
        assert AuditEntry.objects.count() == trail
        assert counts(put(K.TERRITORIES, {**row, "name": "Pune city"})) == (0, 1, 0, 0)
        assert GstRegistration.objects.count() == 1

    def test_a_location_stands_where_its_pincode_lies_in_the_nearest_territory_of_its_state(self):
        make_book()
        landed = put(K.LOCATIONS, {"code": "GD-2", "name": "Andheri", "kind": "Godown", "pincode": "400 053"})
        assert counts(landed) == (1, 0, 0, 0)
        row = Location.objects.get(code="GD-2")
        assert (row.territory.code, row.pincode) == ("MUM", "400053")
        assert 19.0 < row.latitude < 19.3
        assert 72.7 < row.longitude < 73.0

    def test_a_territory_of_another_state_is_taken_with_a_warning(self):
        make_book()
        landed = put(K.LOCATIONS, {"code": "GD-3", "name": "Chennai", "kind": "godown", "pincode": "600001"})
        assert Location.objects.get(code="GD-3").territory.code == "BLR"
        assert "territory_other_state" in warned(landed)

    def test_what_names_no_territory_and_no_pincode_is_a_fault(self):
        make_book()
        landed = put(K.RETAILERS, {"retailer_id": "N1", "name": "Somewhere"})
        assert codes(landed) == [(1, "territory", "no_territory")]
        assert Retailer.objects.filter(retailer_id="N1").count() == 0

    def test_an_unknown_territory_is_a_fault_that_says_which_there_are(self):
        make_book()
        landed = put(K.RETAILERS, {**SHOP, "territory": "XXX"})
        assert codes(landed) == [(1, "territory", "unknown_territory")]
        assert "BLR, MUM" in landed.faults[0].message


@pytest.mark.usefixtures("in_alpha")
class TestRetailers:
    def test_a_retailer_comes_with_an_outlet(self):
        make_book()
        assert counts(put(K.RETAILERS, SHOP)) == (1, 0, 0, 0)
        row = Retailer.objects.get(retailer_id="N9")
        assert (row.phone, row.language, row.channels) == ("+919820123456", "hi", ["sms", "whatsapp"])
        assert (row.credit_limit_paise, row.territory.code) == (1_00_000_00, "MUM")
        assert (row.outlet.kind, row.outlet.pincode, row.outlet.code) == ("outlet", "400072", "OUT-N9")

    def test_what_a_row_leaves_out_stays_as_it_was(self):
        make_book()
        put(K.RETAILERS, SHOP)
        assert counts(put(K.RETAILERS, {"retailer_id": "N9", "name": "Nayi Dukan"})) == (0, 0, 1, 0)
        assert counts(put(K.RETAILERS, {"retailer_id": "N9", "name": "Dukan", "beat": "B1"})) == (0, 1, 0, 0)
        row = Retailer.objects.get(retailer_id="N9")
        assert (row.name, row.beat, row.phone, row.outlet.name) == ("Dukan", "B1", "+919820123456", "Dukan")

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("GT", "general_trade"), ("Kirana", "general_trade"), ("Modern Trade", "modern_trade"),
            ("MT", "modern_trade"), ("E-commerce", "e_commerce"), ("ecom", "e_commerce"),
            ("Q-Commerce", "quick_commerce"), ("HoReCa", "institution"), ("modern_trade", "modern_trade"),
        ],
    )  # fmt: skip
    def test_a_trade_channel_is_known_by_what_the_trade_calls_it(self, written, meant):
        make_book()
        put(K.RETAILERS, {**SHOP, "trade_channel": written, "minimum_life_days": "60"})
        row = Retailer.objects.get(retailer_id="N9")
        assert (row.trade_channel, row.minimum_life_days) == (meant, 60)

    def test_an_outlet_is_of_general_trade_until_somebody_says_otherwise(self):
        make_book()
        landed = put(K.RETAILERS, {**SHOP, "trade_channel": "Commercial"})
        assert counts(landed) == (1, 0, 0, 0)
        assert "unknown_trade_channel" in warned(landed)
        row = Retailer.objects.get(retailer_id="N9")
        assert (row.trade_channel, row.minimum_life_days) == ("general_trade", None)
        put(K.RETAILERS, {"retailer_id": "N9", "name": "Nayi Dukan", "trade_channel": "MT"})
        put(K.RETAILERS, {"retailer_id": "N9", "name": "Nayi Dukan", "beat": "B2"})
        row.refresh_from_db()
        assert (row.trade_channel, row.beat) == ("modern_trade", "B2")

    def test_more_life_than_two_years_is_a_fault(self):
        make_book()
        landed = put(K.RETAILERS, {**SHOP, "minimum_life_days": "731"})
        assert codes(landed) == [(1, "minimumLifeDays", "not_whole")]

    def test_a_bad_phone_is_left_out_and_a_bad_check_character_is_a_fault(self):
        make_book()
        landed = put(
            K.RETAILERS, {**SHOP, "phone": "12"}, {**SHOP, "retailer_id": "N8", "gstin": "27AABCU9603R1ZM"}
        )
        assert counts(landed) == (1, 0, 0, 1)
        assert codes(landed) == [(2, "gstin", "gstin_check")]
        assert "not_a_phone" in warned(landed)
        assert Retailer.objects.get(retailer_id="N9").phone == ""

    def test_a_gstin_of_another_state_is_a_warning(self):
        make_book()
        landed = put(K.RETAILERS, {**SHOP, "gstin": OTHER_GSTIN})
        assert landed.accepted == 1
        assert {"gstin_other_state", "gstin_other_territory"} <= warned(landed)

    def test_the_same_row_twice_in_a_sheet_counts_once_and_two_that_differ_are_a_fault(self):
        make_book()
        landed = put(K.RETAILERS, SHOP, SHOP, {**SHOP, "name": "Other"})
        assert counts(landed) == (1, 0, 1, 1)
        assert codes(landed) == [(3, "retailerId", "repeated_in_batch")]

    def test_names_in_every_script_are_kept(self):
        make_book()
        names = ["राम किराना 🏪", "متجر القدس", "Ca\u0301fe\r\nMumbai"]
        put(K.RETAILERS, *({**SHOP, "retailer_id": f"U{n}", "name": name} for n, name in enumerate(names)))
        kept = list(
            Retailer.objects.filter(retailer_id__startswith="U")
            .order_by("retailer_id")
            .values_list("name", flat=True)
        )
        assert kept == ["राम किराना 🏪", "متجر القدس", "Cáfe Mumbai"]

    def test_one_trail_entry_names_the_counts_of_a_call(self):
        make_book()
        put(K.RETAILERS, SHOP, {**SHOP, "retailer_id": ""})
        entry = AuditEntry.objects.get(verb="RecordsLanded")
        after = json.loads(entry.body)["after"]
        assert (entry.subject, after["accepted"], after["rejected"]) == ("retailers:t", 1, 1)


@pytest.mark.usefixtures("in_alpha")
class TestGoods:
    def test_a_sku_brings_brand_and_category(self):
        make_book()
        assert counts(put(K.SKUS, SKU)) == (1, 0, 0, 0)
        row = Sku.objects.get(code="N1")
        assert (row.brand.name, row.category.code, row.category.name) == (
            "Parwa",
            "CREAM-BISCUITS",
            "Cream biscuits",
        )
        assert (row.mrp_paise, row.trade_price_paise, row.cost_paise, row.case_pack) == (1_000, 850, 700, 24)
        assert row.uqc == "NOS"

    def test_brands_and_categories_are_known_by_any_spelling(self):
        make_book()
        put(
            K.SKUS,
            {**SKU, "brand": "TIVRANO", "category": "biscuits"},
            {**SKU, "sku": "N2", "brand": "tivrano", "category": "bis"},
        )
        assert set(Sku.objects.filter(code__startswith="N").values_list("brand__name", "category__code")) == {
            ("Tivrano", "BIS")
        }
        assert (Brand.objects.count(), Category.objects.count()) == (1, 1)

    def test_a_sku_without_cost_gets_one_and_it_is_said(self):
        make_book()
        landed = put(K.SKUS, {"sku": "N1", "name": "Cheap", "hsn": "19053100", "mrp": "10.50"})
        assert "no_cost" in warned(landed)
        row = Sku.objects.get(code="N1")
        assert (row.trade_price_paise, row.cost_paise, row.brand.name) == (1_050, 1_000, "Unbranded")

    def test_hsn_without_a_rate_is_a_warning_and_of_another_form_a_fault(self):
        make_book()
        landed = put(
            K.SKUS,
            {**SKU, "hsn": "01012100"},
            {**SKU, "sku": "N2", "hsn": "19053"},
            {**SKU, "sku": "N3", "hsn": "1"},
        )
        assert codes(landed) == [(2, "hsn", "not_hsn"), (3, "hsn", "not_hsn")] or codes(landed) == [
            (3, "hsn", "not_hsn")
        ]
        assert "hsn_unlisted" in warned(landed)

    def test_a_sku_keeps_what_no_feed_knows(self):
        make_book()
        put(K.SKUS, {"sku": "S1", "name": "Biscuit one", "hsn": "19053100", "mrp": "100"})
        row = Sku.objects.get(code="S1")
        assert (row.name, row.rate_item, row.cost_paise, row.shelf_life_days) == (
            "Biscuit one",
            "Biscuits",
            5_000,
            180,
        )

    def test_a_successor_may_stand_in_the_same_sheet(self):
        make_book()
        landed = put(
            K.SKUS,
            {**SKU, "replaced_by": "N2"},
            {**SKU, "sku": "N2"},
            {**SKU, "sku": "N3", "replaced_by": "ZZ"},
        )
        assert codes(landed) == [(3, "replacedBy", "unknown_successor")]
        assert Sku.objects.get(code="N1").replaced_by.code == "N2"

    def test_a_batch_is_known_by_sku_and_number(self):
        make_book()
        row = {
            "sku": "S1",
            "batch": "B/1",
            "mrp": "100",
            "manufacture_date": "01-04-2026",
            "expiry_date": "03/2027",
        }
        assert counts(put(K.BATCHES, row, {**row, "sku": "S9"})) == (1, 0, 0, 1)
        batch = Batch.objects.get(number="B/1")
        assert (batch.mrp_paise, batch.cost_paise, batch.expiry_date) == (10_000, 5_000, date(2027, 3, 31))
        assert counts(put(K.BATCHES, row)) == (0, 0, 1, 0)
        assert counts(put(K.BATCHES, {**row, "expiry_date": "2027-04-30"})) == (0, 1, 0, 0)
        landed = put(K.BATCHES, {"sku": "S1", "batch": "B/1", "mrp": "100", "expiry_date": "2026-01-01"})
        assert codes(landed) == [(1, "expiryDate", "expires_before_made")]

    def test_prices_keep_their_days_and_the_one_in_force_is_the_skus(self):
        make_book()
        landed = put(
            K.PRICES,
            {"sku": "S1", "mrp": "110", "valid_from": "2026-01-01"},
            {"sku": "S1", "trade_price": "88", "valid_from": "2026-06-01"},
            {"sku": "S1", "mrp": "120", "valid_from": "26-11-2026"},
        )
        assert counts(landed) == (3, 0, 0, 0)
        row = Sku.objects.get(code="S1")
        assert (row.mrp_paise, row.trade_price_paise) == (11_000, 8_800)
        assert SkuPrice.objects.count() == 3
        later = NOW + timedelta(days=3)
        assert put_prices_in_force(actor=ME, at=later - timedelta(days=1)) == 0
        assert put_prices_in_force(actor=ME, at=later) == 1
        assert put_prices_in_force(actor=ME, at=later) == 0
        assert Sku.objects.get(code="S1").mrp_paise == 12_000
        put(K.SKUS, {"sku": "S1", "name": "Biscuit 1", "hsn": "19053100", "mrp": "125"}, at=later)
        assert put_prices_in_force(actor=ME, at=later + timedelta(days=9)) == 0, "what is said later stands"
        assert Sku.objects.get(code="S1").mrp_paise == 12_500

    def test_a_price_comes_into_force_on_its_day_by_itself(self):
        make_book()
        put(K.PRICES, {"sku": "S1", "mrp": "120", "valid_from": "26-11-2026"})
        chore = next(one for one in registry.chores() if one.name == "inventory.prices")
        chore.run(NOW)
        assert Sku.objects.get(code="S1").mrp_paise == 10_000
        chore.run(NOW + timedelta(days=3))
        chore.run(NOW + timedelta(days=3))
        assert Sku.objects.get(code="S1").mrp_paise == 12_000
        assert AuditEntry.objects.filter(verb="PricesInForce").count() == 1


@pytest.mark.usefixtures("in_alpha")
class TestBuying:
    RECEIPT = {
        "reference": "GRN-7",
        "received_at": "20-11-2026",
        "sku": "S1",
        "batch": "B1",
        "location": "GD-MUM",
    }
    LINE = {
        "purchase_invoice": "PI-1",
        "supplier_name": "Maker",
        "invoice_date": "1-Apr-26",
        "sku": "S1",
        "batch": "B1",
        "location": "GD-MUM",
        "quantity": "10 CASE",
        "cost": "60",
        "tax": "360",
        "itc": "360",
    }

    def test_a_purchase_makes_its_batch_and_the_credit_of_a_piece(self):
        make_book()
        landed = put(K.PURCHASES, self.LINE)
        assert counts(landed) == (1, 0, 0, 0)
        row = PurchaseLine.objects.get()
        assert (row.quantity, row.cost_paise, row.invoice_date) == (120, 6_000, date(2026, 4, 1))
        assert (row.batch.itc_paise, row.batch.cost_paise, row.batch.mrp_paise) == (300, 6_000, 10_000)
        assert counts(put(K.PURCHASES, self.LINE)) == (0, 0, 1, 0)
        assert counts(put(K.PURCHASES, {**self.LINE, "itc": "0"})) == (0, 1, 0, 0)
        assert Batch.objects.get(number="B1").itc_paise == 0

    def test_lines_of_one_batch_on_one_invoice_are_added_up(self):
        make_book()
        free = {**self.LINE, "quantity": 24, "cost": "0", "tax": None, "itc": None}
        landed = put(K.PURCHASES, self.LINE, free)
        assert counts(landed) == (2, 0, 0, 0)
        assert "added_up" in warned(landed)
        row = PurchaseLine.objects.get()
        assert (row.quantity, row.cost_paise) == (144, 5_000)
        assert counts(put(K.PURCHASES, self.LINE, free)) == (0, 0, 2, 0)

    def test_a_receipt_is_booked_once(self):
        make_book()
        row = {
            "reference": "GRN-7",
            "received_at": "20-11-2026",
            "sku": "S1",
            "batch": "B1",
            "location": "GD-MUM",
            "quantity": "2 CASE 3 PCS",
            "mrp": "100",
            "expiry_date": "2027-01-31",
        }
        landed = put(K.RECEIPTS, row)
        assert counts(landed) == (1, 0, 0, 0)
        assert landed.first_day == date(2026, 11, 20)
        position = Position.objects.get()
        assert (position.on_hand, position.first_receipt_date) == (27, date(2026, 11, 20))
        assert Event.objects.filter(name="InventoryUpdated").count() == 1
        assert counts(put(K.RECEIPTS, row)) == (0, 0, 1, 0)
        landed = put(K.RECEIPTS, {**row, "quantity": 28})
        assert codes(landed) == [(1, "quantity", "recorded_differently")]
        assert counts(put(K.RECEIPTS, {**row, "reference": "GRN-8"})) == (1, 0, 0, 0)
        assert Position.objects.get().on_hand == 54
        assert check_positions() == []

    def test_a_receipt_of_nothing_or_at_no_place_is_a_fault(self):
        make_book()
        row = {"reference": "G1", "received_at": "20-11-2026", "sku": "S1", "location": "NO", "quantity": 1}
        landed = put(K.RECEIPTS, row, {**row, "location": "GD-MUM", "quantity": 0})
        assert codes(landed) == [(1, "location", "unknown_location"), (2, "quantity", "not_positive")]
        assert Movement.objects.count() == 0


@pytest.mark.usefixtures("in_alpha")
class TestStock:
    ROW = {"sku": "S1", "batch": "B1", "location": "GD-MUM", "quantity": 100}

    def test_a_first_statement_opens_the_position_and_again_changes_nothing(self):
        make_book()
        landed = put(K.STOCK, self.ROW, {**self.ROW, "sku": "S2", "batch": None})
        assert counts(landed) == (2, 0, 0, 0)
        assert set(Movement.objects.values_list("kind", "quantity", "batch__number")) == {
            ("opening", 100, "B1"),
            ("opening", 100, "UNKNOWN"),
        }
        assert counts(put(K.STOCK, self.ROW, {**self.ROW, "sku": "S2", "batch": None})) == (0, 0, 2, 0)
        assert Movement.objects.count() == 2

    def test_only_the_difference_is_booked(self):
        make_book()
        put(K.STOCK, self.ROW)
        landed = put(K.STOCK, {**self.ROW, "quantity": 93})
        assert counts(landed) == (0, 1, 0, 0)
        assert landed.figures["adjusted_pieces"] == -7
        assert Position.objects.get().on_hand == 93
        assert set(Movement.objects.values_list("kind", "quantity")) == {("opening", 100), ("adjustment", -7)}

    def test_a_statement_speaks_of_its_own_instant(self):
        book = make_book()
        put(K.STOCK, {**self.ROW, "as_of": "20-11-2026"})
        put(K.SALES, sale("T1", "S1", 10, timestamp="2026-11-22T10:00:00+05:30"))
        assert counts(put(K.STOCK, {**self.ROW, "as_of": "20-11-2026"})) == (0, 0, 1, 0)
        assert counts(put(K.STOCK, {**self.ROW, "quantity": 98, "as_of": "21-11-2026"})) == (0, 1, 0, 0)
        book.batches["S1", "B1"] = Batch.objects.get(number="B1")
        assert book.position("S1", "B1").on_hand == 88

    def test_sales_of_before_a_statement_count_as_demand_and_take_nothing_off_it(self):
        """The first day: stock as it stands, then the sales of the last months."""
        book = make_book()
        put(K.STOCK, {**self.ROW, "as_of": "20-11-2026"}, {**self.ROW, "sku": "S2"})
        early, late = "2026-11-10T10:00:00+05:30", "2026-11-22T10:00:00+05:30"
        landed = put(
            K.SALES, sale("T1", "S1", 10, timestamp=early), sale("T2", "S1", 3, timestamp=late),
            sale("T3", "S3", 4, timestamp=early),
        )  # fmt: skip
        assert landed.figures["stated_pieces"] == 10
        book.batches["S1", "B1"] = Batch.objects.get(sku__code="S1", number="B1")
        assert book.position("S1", "B1").on_hand == 97
        assert dict(DailyDemand.objects.values_list("sku__code").annotate(Sum("quantity"))) == {
            "S1": 13,
            "S3": 4,
        }
        assert landed.figures["found_pieces"] == 4, "a SKU that no statement names is taken as ever"
        assert check_positions() == []
        put(K.SALES, {"transaction_id": "T1", "cancelled": True})
        assert book.position("S1", "B1").on_hand == 97

    def test_what_actions_hold_is_never_taken(self):
        make_book()
        put(K.STOCK, self.ROW)
        reserve(uuid4(), [StockLine("S1", "B1", 40, "GD-MUM")], actor=ME, at=NOW)
        landed = put(K.STOCK, {**self.ROW, "quantity": 39})
        assert codes(landed) == [(1, "quantity", "held")]
        assert "40 pieces are held" in landed.faults[0].message
        assert Position.objects.get().on_hand == 100
        assert counts(put(K.STOCK, {**self.ROW, "quantity": 40})) == (0, 1, 0, 0)

    def test_who_holds_is_named_for_every_line_and_asked_once(self):
        make_book()
        rows = [{**self.ROW, "sku": sku} for sku in ("S1", "S2", "S3")]
        put(K.STOCK, *rows)
        with hung(Probe()):
            held = [open_action(f"thing:{n}") for n in range(3)]
        for action, row in zip(held, rows, strict=True):
            reserve(action.pk, [StockLine(row["sku"], "B1", 40, "GD-MUM")], actor=ME, at=NOW)
        asked = []
        for some in (rows[:1], rows):
            with CaptureQueriesContext(connection) as ran:
                landed = put(K.STOCK, *({**row, "quantity": 39} for row in some))
            asked.append(sum("JOIN inventory_reservation" in one["sql"] for one in ran))
            for fault, action in zip(landed.faults, held, strict=False):
                assert f"action {action.number} ({action.title}) holds 40; decide" in fault.message
        assert (len(landed.faults), asked) == (3, [1, 1])

    def test_less_than_nothing_is_put_at_nothing_and_kept_as_a_finding(self):
        make_book()
        put(K.STOCK, self.ROW)
        landed = put(K.STOCK, {**self.ROW, "quantity": -5})
        assert counts(landed) == (0, 1, 0, 0)
        assert landed.figures["negative_pieces"] == 5
        assert [(f.code, f.value) for f in landed.warnings] == [("negative_stock", "-5")]
        assert Position.objects.get().on_hand == 0

    def test_a_batch_that_is_not_named_gets_the_name_of_its_mrp_and_expiry(self):
        make_book()
        put(
            K.STOCK,
            {"sku": "S1", "location": "GD-MUM", "quantity": 5, "mrp": "95.50", "expiry_date": "30-06-2027"},
        )
        batch = Batch.objects.get()
        assert (batch.number, batch.mrp_paise) == ("MRP95.50 EXP2027-06-30", 9_550)

    def test_rows_of_one_batch_are_added_up(self):
        make_book()
        landed = put(K.STOCK, self.ROW, {**self.ROW, "quantity": "1 CASE"})
        assert counts(landed) == (2, 0, 0, 0)
        assert Position.objects.get().on_hand == 112
        assert "added_up" in warned(landed)


@pytest.mark.usefixtures("in_alpha")
class TestNamed:
    """Sales that say where their pieces came from."""

    def stocked(self):
        book = make_book()
        for name, days in (("A", 30), ("B", 60)):
            book.batch("S1", name, expires_in=days)
            book.receive("S1", name, 5)
        put(
            K.LOCATIONS,
            {"code": "VAN-1", "name": "Van", "kind": "van", "territory": "MUM", "pincode": "400072"},
        )
        put(K.RECEIPTS, {**TestBuying.RECEIPT, "location": "VAN-1", "batch": "A", "quantity": 4})
        book.godowns["VAN"] = Location.objects.get(code="VAN-1")
        return book

    def left(self, book) -> tuple[int, int, int]:
        spots = (book.position("S1", "A"), book.position("S1", "B"), book.position("S1", "A", "VAN"))
        return tuple(spot.on_hand for spot in spots)

    def test_a_named_batch_gives_before_the_one_that_expires_first(self):
        book = self.stocked()
        put(K.SALES, sale("T1", "S1", 3, batch="B"))
        assert self.left(book) == (5, 2, 4)
        assert check_positions() == []

    def test_what_the_named_batch_lacks_comes_first_expiry_first(self):
        book = self.stocked()
        landed = put(K.SALES, sale("T1", "S1", 7, batch="B"), sale("T2", "S1", 1))
        assert self.left(book) == (2, 0, 4)
        assert landed.figures["found_pieces"] == 0

    def test_a_named_van_gives(self):
        book = self.stocked()
        put(K.SALES, sale("T1", "S1", 3, location="VAN-1"))
        assert self.left(book) == (5, 5, 1)

    def test_held_pieces_of_a_named_batch_stay_held(self):
        book = self.stocked()
        reserve(uuid4(), [StockLine("S1", "B", 4, "GD-MUM")], actor=ME, at=NOW)
        put(K.SALES, sale("T1", "S1", 3, batch="B"))
        assert self.left(book) == (3, 4, 4)
        assert book.position("S1", "B").reserved == 4

    def test_a_return_goes_back_into_the_batch_it_names(self):
        book = self.stocked()
        put(K.SALES, sale("T1", "S1", -2, batch="A"))
        assert self.left(book) == (7, 5, 4)
        assert book.ledger("S1", "A") == {"receipt": 5, "return": 2}

    def test_a_batch_nobody_knows_is_a_warning_and_a_place_nobody_knows_a_fault(self):
        book = self.stocked()
        landed = put(K.SALES, sale("T1", "S1", 2, batch="ZZ"), sale("T2", "S1", 2, location="ZZ"))
        assert codes(landed) == [(2, "location", "unknown_location")]
        assert "unknown_batch" in warned(landed)
        assert self.left(book) == (3, 5, 4)


@pytest.mark.usefixtures("in_alpha")
class TestCancelled:
    def test_a_sale_cancelled_later_is_taken_back_to_where_it_came_from(self):
        book = make_book()
        book.batch("S1", "A", expires_in=30)
        book.batch("S1", "B", expires_in=60)
        book.receive("S1", "A", 5)
        book.receive("S1", "B", 5)
        put(K.SALES, sale("T1", "S1", 7), sale("T1", "S1", 5, line=2))
        landed = put(K.SALES, {"transaction_id": "T1", "line": 1, "cancelled": True})
        assert counts(landed) == (0, 1, 0, 0)
        assert (book.position("S1", "A").on_hand, book.position("S1", "B").on_hand) == (0, 5)
        assert DailyDemand.objects.get().quantity == 5
        assert Sale.objects.get().line == 2
        assert CancelledSale.objects.get().quantity == 7
        assert check_positions() == []

    def test_a_cancelled_sale_never_comes_back(self):
        make_book()
        put(K.SALES, sale("T1", "S1", 7))
        cancel = {**sale("T1", "S1", 7), "cancelled": "Yes"}
        assert counts(put(K.SALES, cancel)) == (0, 1, 0, 0)
        assert counts(put(K.SALES, cancel)) == (0, 0, 1, 0)
        assert counts(put(K.SALES, sale("T1", "S1", 7))) == (0, 0, 1, 0)
        assert codes(put(K.SALES, sale("T1", "S1", 8))) == [(1, "transactionId", "cancelled_before")]
        assert (Sale.objects.count(), DailyDemand.objects.count()) == (0, 0)
        assert check_positions() == []

    def test_a_whole_invoice_is_cancelled_by_a_row_without_a_line(self):
        make_book()
        put(K.SALES, sale("T1", "S1", 7), sale("T1", "S2", 5, line=2), sale("T2", "S1", 1))
        landed = put(K.SALES, {"transaction_id": "T1", "line": None, "cancelled": True})
        assert landed.figures["cancelled_lines"] == 2
        assert Sale.objects.get().transaction_id == "T2"

    def test_a_cancelled_voucher_that_was_never_here_changes_nothing(self):
        make_book()
        landed = put(K.SALES, {"transaction_id": "T9", "quantity": None, "cancelled": "Yes"})
        assert counts(landed) == (0, 0, 1, 0)
        assert AuditEntry.objects.filter(verb="SalesIngested").count() == 0


# --- the check says what the write will say ------------------------------------------------------

_shops = st.fixed_dictionaries(
    {
        "retailer_id": st.sampled_from(["R1", "N1", "N2", ""]),
        "name": st.sampled_from(["Shop 1", "Nayi Dukan"]),
        "pincode": st.sampled_from(["400072", "560001", "600001", "40007", None]),
        "gstin": st.sampled_from([None, PUNE_GSTIN, "27AABCU9603R1ZM"]),
        "phone": st.sampled_from(["9820123456", "12", None]),
    }
)
_skus = st.fixed_dictionaries(
    {
        "sku": st.sampled_from(["S1", "M1", "M2"]),
        "name": st.sampled_from(["Biscuit 1", "Other"]),
        "hsn": st.sampled_from(["19053100", "7"]),
        "mrp": st.sampled_from(["100", "90.50", "x"]),
        "case_pack": st.sampled_from([12, 24, None]),
        "brand": st.sampled_from(["Tivrano", "Parwa", None]),
    }
)
_batches = st.fixed_dictionaries(
    {
        "sku": st.sampled_from(["S1", "M1", "M9"]),
        "batch": st.sampled_from(["A", "B"]),
        "mrp": st.sampled_from(["100", "90.50"]),
        "manufacture_date": st.sampled_from(["01-04-2026", None]),
        "expiry_date": st.sampled_from(["01-05-2027", "01-03-2026", None]),
    }
)
_receipts = st.fixed_dictionaries(
    {
        "reference": st.sampled_from(["G1", "G2"]),
        "received_at": st.sampled_from(["18-11-2026", "2026-11-19T10:00:00Z"]),
        "sku": st.sampled_from(["S1", "M1", "M2"]),
        "batch": st.sampled_from(["A", "C", None]),
        "location": st.sampled_from(["GD-MUM", "GD-BLR", "NO"]),
        "quantity": st.sampled_from([10, "2 CASE", 0]),
    }
)
_stock = st.fixed_dictionaries(
    {
        "sku": st.sampled_from(["S1", "M1", "M2"]),
        "batch": st.sampled_from(["A", "C", None]),
        "location": st.sampled_from(["GD-MUM", "GD-BLR"]),
        "quantity": st.sampled_from([10, 24, "2 CASE 1 PCS", -3, "many"]),
        "as_of": st.sampled_from(["20-11-2026", None]),
    }
)
_sold = st.builds(
    lambda t, line, sku, n, shop, gone: {**sale(t, sku, n, line=line, shop=shop), "cancelled": gone},
    st.sampled_from(["T1", "T2"]),
    st.integers(1, 2),
    st.sampled_from(["S1", "M1", "M9"]),
    st.sampled_from([1, 2, 0]),
    st.sampled_from(["R1", "N1", "R9"]),
    st.sampled_from([None, None, None, "yes"]),
)
_OF_KIND = {
    K.RETAILERS: _shops,
    K.SKUS: _skus,
    K.BATCHES: _batches,
    K.RECEIPTS: _receipts,
    K.STOCK: _stock,
    K.SALES: _sold,
}
_parcels = st.tuples(
    *(
        st.lists(
            st.lists(rows, min_size=1, max_size=4).map(lambda found, kind=kind: (kind, found)), max_size=2
        )
        for kind, rows in _OF_KIND.items()
    )
).map(lambda parts: [parcel for part in parts for parcel in part])


@pytest.fixture
def booked(in_alpha) -> None:
    """A book with some sales and stock, built once; what an example writes is taken back."""
    make_book()
    put(K.STOCK, {"sku": "S1", "batch": "A", "location": "GD-MUM", "quantity": 12, "as_of": "10-11-2026"})
    put(K.SALES, sale("T1", "S1", 1))


def said(landed: Landed) -> tuple:
    return landed.kind, counts(landed), landed.faults, landed.warnings, landed.first_day, landed.last_day


@given(parcels=_parcels)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_check_says_what_the_write_says_and_writing_again_changes_nothing(booked, parcels):
    frames = [(kind, pl.DataFrame(rows, strict=False, infer_schema_length=None)) for kind, rows in parcels]
    with transaction.atomic():
        promised = Promised()
        trail = AuditEntry.objects.count()
        judged = [said(judge(kind, frame, at=NOW, promised=promised)) for kind, frame in frames]
        assert AuditEntry.objects.count() == trail
        written = []
        for kind, frame in frames:
            landed = land(kind, frame, source="t", actor=ME, at=NOW)
            written.append(said(landed))
            assert sum(counts(landed)) == frame.height
            again = land(kind, frame, source="t", actor=ME, at=NOW)
            assert counts(again) == (0, 0, frame.height - landed.rejected, landed.rejected)
            assert {f.row for f in again.faults} == {f.row for f in landed.faults}
        assert judged == written
        assert check_positions() == []
        transaction.set_rollback(True)


def test_distributors_are_strangers(in_alpha, beta):
    make_book()
    put(K.SKUS, SKU)
    with tenant_context(beta):
        assert codes(put(K.BATCHES, {"sku": "N1", "batch": "B", "mrp": "10"})) == [(1, "sku", "unknown_sku")]
        assert (
            judge(
                K.STOCK,
                pl.DataFrame([{"sku": "N1", "location": "GD-MUM", "quantity": 1}]),
                at=NOW,
                promised=Promised(),
            ).rejected
            == 1
        )
    assert counts(put(K.BATCHES, {"sku": "N1", "batch": "B", "mrp": "10"})) == (1, 0, 0, 0)
