"""Twins: found with evidence, merged by a person with all they have, taken apart exactly."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Sum
from django_tenants.utils import tenant_context
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inventory.contracts.feeds import RecordKind
from inventory.contracts.twins import OutletFacts, Sign, SkuFacts
from inventory.feeds.canonical import frame_of_records
from inventory.likeness import (
    Pack,
    compare_outlets,
    compare_skus,
    find_outlet_twins,
    find_sku_twins,
    fold,
    pack_of,
)
from inventory.models import (
    Batch,
    DailyDemand,
    ForecastOverride,
    Movement,
    Position,
    Retailer,
    Sale,
    Sku,
    StockCell,
    StockItem,
    Twins,
    TwinsChange,
    TwinsLook,
)
from inventory.selectors.outlets import list_contacts
from inventory.services import (
    check_positions,
    find_twins,
    ingest_sales,
    keep_apart,
    land,
    merge_twins,
    take_apart,
)
from inventory.services.cells import sums_follow
from inventory.services.holding import release, reserve
from inventory.services.lines import StockLine
from inventory.services.twins import follow_withdrawal, list_ties, merge_certain
from inventory.services.twins.relations import HANDLED
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book, sale
from tests.inventory.planted import planted_outlets, planted_skus, precision_and_recall
from vyapar.engine.models import Action, AuditEntry, Event
from vyapar.kernel.actor import system
from vyapar.kernel.errors import Refused
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import MARKETING
from vyapar.messaging.selectors import consented
from vyapar.messaging.services import record_word

LATER = NOW + timedelta(hours=1)
OUTLETS, SKUS = RecordKind.RETAILERS, RecordKind.SKUS


# --- the finder ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def outlets():
    return planted_outlets()


@pytest.fixture(scope="module")
def skus():
    return planted_skus()


def test_of_5000_outlets_nearly_all_planted_twins_are_found_and_hardly_anything_else(outlets) -> None:
    start = time.perf_counter()
    precision, recall = precision_and_recall(find_outlet_twins(outlets.rows), outlets)
    assert len(outlets.rows) == 5_000
    assert (precision >= 0.97, recall >= 0.93) == (True, True), (precision, recall)
    assert time.perf_counter() - start < 60  # seconds on an idle machine; a square of all takes minutes


def test_of_5000_skus_nearly_all_planted_twins_are_found_and_hardly_anything_else(skus) -> None:
    precision, recall = precision_and_recall(find_sku_twins(skus.rows), skus)
    assert len(skus.rows) == 5_000
    assert (precision >= 0.97, recall >= 0.93) == (True, True), (precision, recall)


GANESH = OutletFacts(
    "R1", "Shri Ganesh Kirana Store", "MUM", "+919820012345", "", "400071", "Shop 4, Main Road, Chembur"
)


@pytest.mark.parametrize(
    "name",
    ["SRI GANESH KIRANA", "M/s Shree Ganesha General Store", "Shree Ganesh Provision & General Stores",
     "Sri Ganesh Kirana and General Store", "Shri Ganeshh Kirana"],
)  # fmt: skip
def test_spellings_of_one_shop_are_offered_with_what_speaks_for_it(name: str) -> None:
    found = compare_outlets(GANESH, replace(GANESH, code="R2", name=name, phone=""))
    assert found
    signs = {reason.sign for reason in found.reasons}
    assert {Sign.NAMES, Sign.SAME_PINCODE, Sign.ADDRESSES} <= signs


@pytest.mark.parametrize(
    "other",
    [
        replace(GANESH, name="Shri Ganesh Medical", phone=""),  # another trade
        replace(GANESH, phone="+919820099999", address="Shop 91, Station Road, Chembur"),  # a namesake
        replace(GANESH, name="Lakshmi Bakery"),  # a second shop of the owner
        replace(GANESH, territory="PUN"),
        replace(GANESH, name="Shri Ganesh Kirana Store 7", phone="", address=""),
    ],
)
def test_what_looks_alike_and_is_two_is_not_offered(other: OutletFacts) -> None:
    numbered = replace(GANESH, name="Shri Ganesh Kirana Store 3") if "7" in other.name else GANESH
    assert compare_outlets(numbered, replace(other, code="R2")) is None


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["Ganesh", "Laxmi", "सोना"]), st.booleans(), st.booleans())
@example("Ganesh", True, True)
def test_different_gstins_never_match(name: str, phone: bool, pincode: bool) -> None:
    one = replace(GANESH, name=f"Shri {name} Kirana", gstin="27AABCU9603R1ZN")
    two = replace(one, code="R2", gstin="27AAACR5055K1Z7", phone=one.phone if phone else "",
                  pincode=one.pincode if pincode else "")  # fmt: skip
    assert compare_outlets(one, two) is None
    assert compare_outlets(one, replace(two, gstin="")) is not None or not (phone or pincode)


def test_only_the_same_gstin_with_the_same_phone_is_certain() -> None:
    one = replace(GANESH, gstin="27AABCU9603R1ZN")
    sure = compare_outlets(one, replace(one, code="R2", name="Sri Ganesh Kirana"))
    unsure = compare_outlets(one, replace(one, code="R2", phone=""))
    assert (sure.certain, unsure.certain) == (True, False)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12))
def test_folding_does_not_care_for_doubled_letters(word: str) -> None:
    assert fold(word) == fold(word.replace("l", "ll").replace("n", "nn"))


@pytest.mark.parametrize(
    ("one", "two"),
    [("lakshmi", "laxmi"), ("choudhary", "chowdhary"), ("venkateshwara", "venkateswara"),
     ("gayatri", "gayathri"), ("krishna", "krishnaa"), ("meenakshi", "minakshi"), ("bhavani", "bhawani"),
     ("annapurna", "annapoorna")],
)  # fmt: skip
def test_one_sound_has_one_spelling(one: str, two: str) -> None:
    assert fold(one) == fold(two)


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("Soap 6x50ml", Pack("ml", 50_000, 6)), ("Soap 50 ml x 6", Pack("ml", 50_000, 6)),
        ("Soap 50ml (Pack of 6)", Pack("ml", 50_000, 6)), ("Soap 6 pcs 50 ml", Pack("ml", 50_000, 6)),
        ("Soap 300ml", Pack("ml", 300_000)), ("Tea 1 kg", Pack("g", 1_000_000)),
        ("Tea 1000 GMS", Pack("g", 1_000_000)), ("Tea 0.5kg", Pack("g", 500_000)),
        ("Oil 1 Ltr", Pack("ml", 1_000_000)), ("Pads 10's", Pack("pcs", 10_000)), ("Parle-G", None),
        ("Ghee 100 g + 20 g", None),
    ],
)  # fmt: skip
def test_packs_are_read_as_people_write_them(name: str, pack: Pack | None) -> None:
    assert pack_of(name)[0] == pack


SOAP = SkuFacts("S1", "Tivrano Bath Soap Sandal 100 g", "Tivrano", "34011190", "PCS", 4_000)


@pytest.mark.parametrize(
    ("name", "twins"),
    [
        ("TIVRANO BATH SOAP SANDAL 100GM", True), ("Tivrano Sandal Bath Soap 0.1 kg", True),
        ("Tivrano Bath Soap Sandel 100 gms Pouch", True),
        ("Tivrano Bath Soap Sandal 200 g", False), ("Tivrano Bath Soap Neem 100 g", False),
        ("Tivrano Bath Soap Sandal 4x100 g", False), ("Tivrano Bath Soap Sandal Gold 100 g", False),
        ("Tivrano Bath Soap Sandal", False),
    ],
)  # fmt: skip
def test_skus_are_twins_only_in_the_same_pack_of_the_same_thing(name: str, twins: bool) -> None:
    assert (compare_skus(SOAP, replace(SOAP, code="S2", name=name)) is not None) == twins


def test_a_successor_is_no_twin() -> None:
    assert compare_skus(replace(SOAP, replaced_by="S2"), replace(SOAP, code="S2")) is None


# --- every relation ----------------------------------------------------------------------------------


def test_every_relation_to_what_is_merged_is_handled() -> None:
    """A new table that refers to outlets or SKUs must say what merging does with it."""
    for name, handled in HANDLED.items():
        model = apps.get_model("inventory", name)
        relations = [one for one in model._meta.get_fields(include_hidden=True) if hasattr(one, "field")]
        found = {(relation.related_model.__name__, relation.field.column) for relation in relations}
        assert found == set(handled), f"relations of {name}"
        for relation in relations:
            assert (
                relation.related_model._meta.db_table
                == f"inventory_{relation.related_model.__name__.lower()}"
            )
    assert not any(
        field.many_to_many for model in apps.get_models() for field in model._meta.get_fields()
        if field.related_model and field.related_model._meta.label in ("inventory.Sku", "inventory.Retailer")
    )  # fmt: skip


# --- merging -----------------------------------------------------------------------------------------


@pytest.fixture
def book(alpha) -> Book:
    """S1 and S2 are one thing; R1 and R3, both of Mumbai, are one shop."""
    book = make_book(3)
    for number in ("S1", "S2"):
        Sku.objects.filter(code=number).update(name=f"Tivrano Biscuit Classic 100 g{' ' * (number == 'S2')}")
    Retailer.objects.filter(retailer_id="R1").update(name="Shri Ganesh Kirana", phone="+919820012345")
    Retailer.objects.filter(retailer_id="R3").update(name="Sri Ganesh General Store", phone="+919820012345")
    book.batch("S1", "A")
    book.batch("S2", "A")
    book.batch("S2", "B", expires_in=90)
    for sku, number, pieces in (("S1", "A", 50), ("S2", "A", 30), ("S2", "B", 20)):
        book.receive(sku, number, pieces, at=NOW - timedelta(days=9))
    return book


def sell(*lines: dict, at=NOW) -> object:
    done = ingest_sales(frame_of_records(list(lines)), actor=system("tests"), at=at, source="tests")
    assert not done.faults
    return done


def state() -> dict[str, object]:
    """All that a merge may touch, in a form to compare: no ids of rows that are worked out anew."""
    found: dict[str, object] = {}
    for name, sql in {
        "sales": "SELECT transaction_id, line, sold_on, retailer_id, sku_id, quantity FROM inventory_sale",
        "cancelled": "SELECT transaction_id, line, retailer_id, sku_id FROM inventory_cancelledsale",
        "demand": "SELECT sku_id, territory_id, day, quantity, revenue_paise, lines, outlets, buyers::text "
        "FROM inventory_dailydemand",
        "positions": "SELECT sku_id, batch_id, location_id, on_hand, reserved, in_transit, "
        "first_receipt_date FROM inventory_position",
        "ledger": "SELECT batch_id, location_id, kind, at, sum(quantity) FROM inventory_movement "
        "GROUP BY 1, 2, 3, 4 HAVING sum(quantity) <> 0",
        "batches": "SELECT id, sku_id, number, mrp_paise, expiry_date FROM inventory_batch",
        "purchases": "SELECT id, batch_id, location_id, quantity FROM inventory_purchaseline",
        "skus": "SELECT id, code, name, active, replaced_by_id FROM inventory_sku",
        "outlets": "SELECT id, retailer_id, name, active, phone FROM inventory_retailer",
        "items": "SELECT sku_id, territory_id, status FROM inventory_stockitem",
    }.items():
        with connection.cursor() as cursor:
            cursor.execute(sql)
            found[name] = sorted(map(repr, cursor.fetchall()))
    return found


def merge_outlets(keep: str = "R1", other: str = "R3", at=NOW) -> Twins:
    return merge_twins(kind=OUTLETS, keep=keep, other=other, actor=system("tests"), at=at)


def merge_skus(keep: str = "S1", other: str = "S2", at=NOW) -> Twins:
    return merge_twins(kind=SKUS, keep=keep, other=other, actor=system("tests"), at=at)


def test_sales_of_a_merged_outlet_are_the_kept_ones_and_a_buyer_counts_once(book: Book) -> None:
    sell(sale("T1", "S1", 5, shop="R1"), sale("T2", "S1", 3, shop="R3"), sale("T3", "S3", 1, shop="R3"))
    assert DailyDemand.objects.get(sku__code="S1").outlets == 2
    twins = merge_outlets()
    assert set(Sale.objects.values_list("retailer__retailer_id", flat=True)) == {"R1"}
    demand = DailyDemand.objects.get(sku__code="S1")
    assert (demand.quantity, demand.lines, demand.outlets) == (8, 2, 1)
    assert twins.moved == {"sale": 2, "days": 2}
    assert [one.retailer_id for one in list_contacts()] == ["R1", "R2", "R4"]
    event = Event.objects.get(name="TwinsMerged")
    assert (event.payload["kept"], event.payload["other"], event.subject) == ("R1", "R3", "retailer:R1")
    assert AuditEntry.objects.filter(verb="TwinsMerged", subject="retailer:R1").exists()


def test_a_merged_outlet_is_taken_apart_exactly(book: Book) -> None:
    sell(sale("T1", "S1", 5, shop="R1"), sale("T2", "S1", 3, shop="R3"), sale("T4", "S3", 1, shop="R3"))
    before = state()
    twins = merge_outlets()
    assert state() != before
    take_apart(twins.pk, actor=system("tests"), at=LATER)
    assert state() == before
    twins.refresh_from_db()
    assert twins.state == Twins.State.OFFERED
    assert not TwinsChange.objects.exists()
    assert Event.objects.filter(name="TwinsTakenApart").count() == 1


def test_a_feed_that_names_the_other_lands_on_the_kept_one_and_sent_twice_is_there_once(book: Book) -> None:
    merge_outlets()
    line = sale("T9", "S1", 4, shop="R3")
    assert sell(line).accepted == 1
    assert Sale.objects.get(transaction_id="T9").retailer.retailer_id == "R1"
    again = ingest_sales(frame_of_records([line]), actor=system("tests"), at=LATER, source="tests")
    assert (again.accepted, again.duplicates) == (0, 1)


def test_sales_that_came_by_the_others_name_go_back_to_it(book: Book) -> None:
    twins = merge_outlets()
    sell(sale("T9", "S1", 4, shop="R3"), sale("T8", "S1", 1, shop="R1"))
    take_apart(twins.pk, actor=system("tests"), at=LATER)
    shops = dict(Sale.objects.values_list("transaction_id", "retailer__retailer_id"))
    assert shops == {"T9": "R3", "T8": "R1"}
    assert DailyDemand.objects.get(sku__code="S1").outlets == 2


def test_the_others_own_record_keeps_being_told_of_and_its_balance_counts(book: Book) -> None:
    merge_outlets()
    Retailer.objects.filter(retailer_id="R1").update(credit_limit_paise=100_000, outstanding_paise=10_000)
    row = {"retailer_id": "R3", "name": "Sri Ganesh G. Store", "territory": "MUM", "outstanding": "300.00"}
    done = land(OUTLETS, frame_of_records([row]), source="tests", actor=system("tests"), at=NOW)
    assert (done.updated, done.rejected) == (1, 0)
    assert Retailer.objects.get(retailer_id="R1").name == "Shri Ganesh Kirana"
    other = Retailer.objects.get(retailer_id="R3")
    assert (other.name, other.active) == ("Sri Ganesh G. Store", False)
    kept = next(one for one in list_contacts() if one.retailer_id == "R1")
    assert kept.credit_left_paise == 100_000 - 10_000 - 30_000


def test_stock_at_the_others_place_goes_to_the_kept_ones(book: Book) -> None:
    place = Retailer.objects.get(retailer_id="R3").outlet
    row = {"sku": "S1", "batch": "A", "location": place.code, "quantity": 7}
    land(RecordKind.STOCK, frame_of_records([row]), source="tests", actor=system("tests"), at=NOW)
    before = state()
    twins = merge_outlets()
    kept = Retailer.objects.get(retailer_id="R1").outlet
    assert dict(Position.objects.filter(location__kind="outlet").values_list("location", "on_hand")) == {
        kept.pk: 7
    }
    assert not check_positions()
    take_apart(twins.pk, actor=system("tests"), at=LATER)
    assert state() == before


def test_stock_stated_at_the_others_place_lands_at_the_kept_ones(book: Book) -> None:
    place = Retailer.objects.get(retailer_id="R3").outlet
    twins = merge_outlets()
    row = {"sku": "S1", "batch": "A", "location": place.code, "quantity": 7}
    land(RecordKind.STOCK, frame_of_records([row]), source="tests", actor=system("tests"), at=LATER)
    kept = Retailer.objects.get(retailer_id="R1").outlet
    assert Position.objects.get(location=kept).on_hand == 7
    with pytest.raises(Refused) as refusal:
        take_apart(twins.pk, actor=system("tests"), at=LATER)
    assert {fault.code for fault in refusal.value.faults} == {"came_since"}


def word(party: str, granted: bool, at=NOW) -> None:
    record_word(f"retailer:{party}", granted, actor=system("tests"), at=at, source="form",
                channels=[Channel.WHATSAPP])  # fmt: skip


def may_write(party: str) -> bool:
    return (f"retailer:{party}", "whatsapp") in consented([f"retailer:{party}"], MARKETING)


@pytest.mark.parametrize(
    ("kept", "other", "after"),
    [(True, False, False), (False, True, False), (True, None, True), (None, True, False), (True, True, True)],
)
def test_a_no_of_either_is_a_no_of_both_and_no_yes_is_taken_over(book: Book, kept, other, after) -> None:
    for party, said in (("R1", kept), ("R3", other)):
        if said is not None:
            word(party, said, NOW - timedelta(days=3))
    before = may_write("R1")
    twins = merge_outlets()
    assert may_write("R1") == after
    take_apart(twins.pk, actor=system("tests"), at=LATER)
    assert may_write("R1") == before


def test_a_no_that_was_said_since_stays_a_no(book: Book) -> None:
    word("R1", True, NOW - timedelta(days=3))
    word("R3", False, NOW - timedelta(days=3))
    twins = merge_outlets()
    word("R1", False, NOW + timedelta(minutes=5))
    take_apart(twins.pk, actor=system("tests"), at=LATER)
    assert not may_write("R1")


def test_a_no_that_comes_under_the_others_name_counts_for_the_kept_one(book: Book) -> None:
    word("R1", True, NOW - timedelta(days=3))
    merge_outlets()
    word("R3", False, NOW + timedelta(minutes=5))
    assert follow_withdrawal("retailer:R3", "whatsapp", at=NOW + timedelta(minutes=6))
    assert not may_write("R1")
    assert not follow_withdrawal("retailer:R2", "whatsapp", at=NOW)


def test_outlets_of_two_gstins_or_two_territories_are_refused_with_every_reason(book: Book) -> None:
    Retailer.objects.filter(retailer_id="R1").update(gstin="27AABCU9603R1ZN")
    Retailer.objects.filter(retailer_id="R2").update(gstin="29AABCU9603R1ZJ")
    before = state()
    with pytest.raises(Refused) as refusal:
        merge_outlets("R1", "R2")
    assert {fault.code for fault in refusal.value.faults} == {"other_gstin", "other_territory"}
    assert state() == before
    assert not Twins.objects.exists()


# --- SKUs --------------------------------------------------------------------------------------------


def test_stock_and_sales_of_a_merged_sku_are_the_kept_ones_and_the_ledger_only_grows(book: Book) -> None:
    sell(sale("T1", "S1", 5), sale("T2", "S2", 4, shop="R3"))
    lines = list(Movement.objects.order_by("pk").values())
    whole = {b: p for b, p in Position.objects.values_list("batch__number", "on_hand") if b == "B"}
    merge_skus()
    assert list(Movement.objects.filter(pk__lte=lines[-1]["id"]).order_by("pk").values()) == lines
    assert set(Sale.objects.values_list("sku__code", flat=True)) == {"S1"}
    assert set(Position.objects.values_list("sku__code", flat=True)) == {"S1"}
    assert book.position("S1", "A").on_hand == 50 + 30 - 5 - (4 - (20 - whole["B"]))
    assert Batch.objects.get(number="B").sku.code == "S1"
    assert not check_positions()
    assert [row.quantity for row in DailyDemand.objects.all()] == [9]
    assert Event.objects.filter(name="InventoryUpdated", payload__reason="twins").count() >= 2


def test_sums_over_items_and_a_persons_forecast_go_with_a_merged_sku_and_come_back(book: Book) -> None:
    for number, paise in (("S1", 500), ("S2", 300)):
        sku = book.skus[number]
        with sums_follow([sku.pk]):
            StockItem.objects.create(
                sku=sku, territory=book.territories["MUM"], as_of=TODAY, current_stock=50, value_paise=paise,
                updated_at=NOW,
            )  # fmt: skip
    ForecastOverride.objects.create(
        level="sku", sku=book.skus["S2"], from_date=TODAY, to_date=TODAY, factor=1.2, reason="a fair",
        actor_ref="user:1", made_at=NOW, baseline_pieces=1, adjusted_pieces=2,
    )  # fmt: skip
    assert sums() == (2, 800)
    twins = merge_skus()
    assert sums() == (1, 500)
    assert ForecastOverride.objects.get().sku.code == "S1"
    take_apart(twins.pk, actor=system("tests"), at=NOW)
    assert sums() == (2, 800)
    assert ForecastOverride.objects.get().sku.code == "S2"


def sums() -> tuple[int, int]:
    """Items and rupees at cost, as the first screen adds them up."""
    return tuple(StockCell.objects.aggregate(items=Sum("items"), paise=Sum("value_paise")).values())


def test_a_merged_sku_is_taken_apart_exactly(book: Book) -> None:
    sell(sale("T1", "S1", 5), sale("T2", "S2", 4, shop="R3"), sale("T3", "S3", 2))
    Sku.objects.filter(code="S3").update(replaced_by=Sku.objects.get(code="S2"))
    Sku.objects.filter(code="S1").update(replaced_by=Sku.objects.get(code="S2"))
    before = state()
    for hours in (1, 2):  # and again
        twins = merge_skus(at=NOW + timedelta(hours=hours))
        assert Sku.objects.get(code="S3").replaced_by.code == "S1"
        assert Sku.objects.get(code="S1").replaced_by is None
        take_apart(twins.pk, actor=system("tests"), at=NOW + timedelta(hours=hours, minutes=5))
        assert state() == before
    assert not check_positions()


def test_a_feed_that_names_the_other_sku_takes_from_the_joint_stock(book: Book) -> None:
    twins = merge_skus()
    sell(sale("T9", "S2", 25, shop="R2"), sale("T8", "S2", 25, shop="R3"))
    assert set(Sale.objects.values_list("sku__code", flat=True)) == {"S1"}
    row = {"sku": "S2", "batch": "A", "location": "GD-MUM", "quantity": 40}
    done = land(RecordKind.STOCK, frame_of_records([row]), source="tests", actor=system("tests"), at=LATER)
    assert done.rejected == 0
    assert book.position("S1", "A").on_hand == 40
    ties = {fault.code for fault in list_ties(twins)}
    assert ties == {"came_since", "moved_since"}
    with pytest.raises(Refused, match="cannot be taken out of S1"):
        take_apart(twins.pk, actor=system("tests"), at=LATER)


def test_a_statement_of_both_codes_from_before_the_merge_finds_the_joint_stock_right(book: Book) -> None:
    merge_skus()
    rows = [
        {"sku": sku, "batch": batch, "location": "GD-MUM", "quantity": n, "as_of": NOW - timedelta(days=1)}
        for sku, batch, n in (("S1", "A", 50), ("S2", "A", 30), ("S2", "B", 20))
    ]
    done = land(RecordKind.STOCK, frame_of_records(rows), source="tests", actor=system("tests"), at=LATER)
    assert (done.rejected, done.accepted, done.updated, done.duplicates) == (0, 0, 0, 3)


def test_skus_of_two_packs_or_units_are_refused(book: Book) -> None:
    Sku.objects.filter(code="S2").update(name="Tivrano Biscuit Classic 200 g", uqc="KGS")
    with pytest.raises(Refused) as refusal:
        merge_skus()
    assert {fault.code for fault in refusal.value.faults} == {"other_pack", "other_unit"}


def test_a_batch_that_says_something_else_under_each_code_is_named(book: Book) -> None:
    Batch.objects.filter(sku__code="S2", number="A").update(mrp_paise=1)
    with pytest.raises(Refused) as refusal:
        merge_skus()
    assert [(fault.code, fault.value) for fault in refusal.value.faults] == [("batch_of_both_differs", "A")]


def test_prices_of_both_codes_in_one_sheet_are_the_kept_ones(book: Book) -> None:
    merge_skus()
    rows = [
        {"sku": "S2", "mrp": "99.00", "valid_from": "2026-11-23"},
        {"sku": "S1", "mrp": "95.00", "valid_from": "2026-11-23"},
    ]
    done = land(RecordKind.PRICES, frame_of_records(rows), source="tests", actor=system("tests"), at=NOW)
    assert (done.accepted, done.duplicates, done.rejected) == (1, 1, 0)
    assert [warning.code for warning in done.warnings] == ["merged_twin"]
    assert Sku.objects.get(code="S1").mrp_paise == 9_500


# --- open actions ------------------------------------------------------------------------------------


def action(number: int, payload: dict, status: str = "proposed", subject: str = "offer:x") -> Action:
    return Action.objects.create(
        number=number, kind="campaign", subject=f"{subject}{number}", status=status, title=f"Offer {number}",
        reason="r", payload=payload, value_paise=1, net_paise=1, quantity=1, confidence=0.9,
        agent="liquidation", key=str(number), proposed_at=NOW, expires_at=LATER, updated_at=NOW,
    )  # fmt: skip


def test_open_actions_that_name_either_outlet_are_listed_and_nothing_is_merged(book: Book) -> None:
    action(1, {"targets": ["R2", "R3"]})
    action(2, {"lines": [{"deep": {"holdout": ["R1"]}}]}, status="approved")
    action(3, {"targets": ["R3"]}, status="rejected")
    action(4, {"targets": ["R33", "xR1"]})
    before = state()
    with pytest.raises(Refused) as refusal:
        merge_outlets()
    assert [(fault.code, fault.value) for fault in refusal.value.faults] == [
        ("open_action", "1"), ("open_action", "2"),
    ]  # fmt: skip
    assert "action 1 (Offer 1) is open" in refusal.value.message
    assert state() == before
    assert not TwinsChange.objects.exists()


def test_an_action_that_is_carried_out_and_still_holds_stock_concerns_its_sku(book: Book) -> None:
    held = action(5, {}, status="executed")
    reserve(held.pk, [StockLine("S2", "B", 3, "GD-MUM")], actor=system("tests"), at=NOW)
    with pytest.raises(Refused, match=r"action 5 \(Offer 5\) still holds stock"):
        merge_skus()
    release(held.pk, actor=system("tests"), at=NOW)
    merge_skus()
    assert Batch.objects.get(number="B").sku.code == "S1"


def test_stock_under_way_is_waited_for(book: Book) -> None:
    Position.objects.filter(batch__number="B").update(in_transit=4)
    with pytest.raises(Refused, match="4 pieces are on their way"):
        merge_skus()


def test_nothing_is_taken_apart_while_an_open_action_concerns_it(book: Book) -> None:
    twins = merge_outlets()
    action(6, {"targets": ["R1"]})
    with pytest.raises(Refused, match="action 6"):
        take_apart(twins.pk, actor=system("tests"), at=LATER)
    twins.refresh_from_db()
    assert twins.state == "merged"


# --- both --------------------------------------------------------------------------------------------


def test_what_was_merged_cannot_be_merged_again_and_chains_follow(book: Book) -> None:
    Retailer.objects.filter(retailer_id="R4").update(territory=book.territories["MUM"])
    first = merge_outlets("R3", "R4")
    second = merge_outlets("R1", "R3", LATER)
    sell(sale("T9", "S1", 4, shop="R4"))
    assert Sale.objects.get().retailer.retailer_id == "R1"
    with pytest.raises(Refused, match="merged into R1"):
        merge_outlets("R3", "R2")
    with pytest.raises(Refused, match="undo that first"):
        take_apart(first.pk, actor=system("tests"), at=LATER)
    take_apart(second.pk, actor=system("tests"), at=LATER)
    assert Sale.objects.get().retailer.retailer_id == "R3"
    take_apart(first.pk, actor=system("tests"), at=LATER)
    assert Sale.objects.get().retailer.retailer_id == "R4"


def test_two_distributors_keep_apart(book: Book, beta) -> None:
    with tenant_context(beta):
        make_book(2)
        before = state()
    merge_outlets()
    with tenant_context(beta):
        assert state() == before
        assert not Twins.objects.exists()
        sell(sale("T9", "S1", 4, shop="R3"))
        assert Sale.objects.get().retailer.retailer_id == "R3"


# --- looking -----------------------------------------------------------------------------------------


def test_a_pair_is_offered_once_and_one_kept_apart_never_again(book: Book) -> None:
    look = find_twins(at=NOW)
    assert look.offered == look.waiting == 2
    pairs = {(row.kind, row.kept, row.other) for row in Twins.objects.all()}
    assert pairs == {("retailers", "R1", "R3"), ("skus", "S1", "S2")}
    assert find_twins(at=LATER).offered == 0
    for row in Twins.objects.all():
        keep_apart(row.pk, actor=system("tests"), at=NOW)
    assert find_twins(at=LATER).offered == 0
    assert set(Twins.objects.values_list("state", flat=True)) == {"kept_apart"}
    assert TwinsLook.objects.count() == 3
    assert Event.objects.filter(name="TwinsKeptApart").count() == 2


def test_a_pair_that_is_no_longer_alike_goes_and_the_better_seller_is_to_be_kept(book: Book) -> None:
    sell(sale("T1", "S2", 4, shop="R3"))
    find_twins(at=NOW)
    assert {(row.kept, row.other) for row in Twins.objects.all()} == {("R3", "R1"), ("S2", "S1")}
    Retailer.objects.filter(retailer_id="R3").update(name="Lakshmi Bakery")
    look = find_twins(at=LATER)
    assert (look.withdrawn, look.waiting) == (1, 1)


def test_certain_pairs_are_merged_in_one_go_and_the_others_wait(book: Book) -> None:
    Retailer.objects.filter(retailer_id__in=["R1", "R3"]).update(gstin="27AABCU9603R1ZN")
    find_twins(at=NOW)
    done, refused = merge_certain(actor=system("tests"), at=NOW)
    assert [row.kept for row in done] == ["R1"]
    assert not refused
    assert Twins.objects.get(kind="skus").state == "offered"
