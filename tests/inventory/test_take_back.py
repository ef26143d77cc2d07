"""Taking a run back: nothing is left of it but its trace, or it says what has come to depend on it."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.contracts.feeds import RecordKind
from inventory.models import (
    Feed,
    ForecastOverride,
    ImportRun,
    ItemOutlook,
    Location,
    OutletStock,
    Position,
    PositionOutlook,
    Prediction,
    Retailer,
    Sale,
    Sku,
    StockCell,
    StockItem,
    Territory,
)
from inventory.selectors.columns import read_columns
from inventory.selectors.demand import _MOVED
from inventory.services import StockLine, check_positions, list_blockers, reserve, take_back
from inventory.services.cells import sums_follow
from inventory.services.landing.tables import TABLES
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book, sale
from tests.inventory.test_landing import SHOP, SKU, put
from vyapar.engine.models import AuditEntry
from vyapar.kernel.actor import system

ME = system("tests")
K = RecordKind
STOCK = {"sku": "S1", "batch": "B1", "location": "GD-MUM", "quantity": 100, "as_of": "20-11-2026"}
RECEIPT = {
    "reference": "G1",
    "received_at": "18-11-2026",
    "sku": "S1",
    "batch": "B1",
    "location": "GD-MUM",
    "quantity": 50,
    "mrp": "100",
}
PURCHASE = {
    "purchase_invoice": "PI-1",
    "supplier_name": "Maker",
    "invoice_date": "1-Apr-26",
    "sku": "S1",
    "batch": "B7",
    "location": "GD-MUM",
    "quantity": 10,
    "cost": "60",
    "itc": "36",
}


def open_run() -> ImportRun:
    feed, _ = Feed.objects.get_or_create(
        code="f", defaults={"name": "F", "system": "files", "created_at": NOW, "updated_at": NOW}
    )
    number = ImportRun.objects.count() + 1
    return ImportRun.objects.create(number=number, feed=feed, title="a file", started_by="t", created_at=NOW)


def undo(run: ImportRun):
    return take_back(run, actor=ME, at=NOW + timedelta(hours=1))


def table(sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return sorted(cursor.fetchall(), key=repr)


def everything() -> dict[str, list[tuple]]:
    """What stands in the tables that runs write into, as plain rows."""
    found = {
        name: table(f"SELECT to_jsonb(t)::text FROM {name} t")
        for name in TABLES
        if name != "inventory_position"
    }
    found["positions"] = table(
        "SELECT batch_id, location_id, on_hand, reserved, in_transit, first_receipt_date "
        "FROM inventory_position"
    )
    found["demand"] = table(
        "SELECT sku_id, territory_id, day, quantity, revenue_paise, lines, outlets FROM inventory_dailydemand"
    )
    found["sales"] = table("SELECT to_jsonb(s)::text FROM inventory_sale s")
    found["cancelled"] = table("SELECT (to_jsonb(s) - 'id')::text FROM inventory_cancelledsale s")
    found["stocked days"] = in_stock_days()
    return found


def in_stock_days() -> list[tuple]:
    """What the forecast reads of the ledger: SKU, territory, day, net change and what came, as stands."""
    first, today = TODAY - timedelta(days=60), TODAY + timedelta(days=1)
    names = ("sku", "territory", "day", "quantity", "came")
    columns = read_columns(_MOVED.format(of_sku=""), dict.fromkeys(names, "int"), [first, first, today])
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    return sorted(row for row in rows if row[3] or row[4])


def concluded(sku: Sku, position: Position | None = None, retailer: Retailer | None = None) -> None:
    """What a night's cycles work out of goods: an item, what is foreseen, what was predicted."""
    place = Territory.objects.get(code="MUM")
    of = {"cycle_id": 1, "as_of": TODAY}
    chances = {"no_sale_30": 0.1, "no_sale_60": 0.1, "no_sale_90": 0.1}
    with sums_follow([sku.pk]):
        StockItem.objects.create(
            sku=sku, territory=place, current_stock=100, value_paise=500, updated_at=NOW, **of
        )
    ItemOutlook.objects.create(
        sku=sku, territory=place, method="rule", matrix="AXF", matrix_overall="AXF", value_share_bp=1,
        **chances, **of,
    )  # fmt: skip
    foretold = {"agent": "prediction", "made_on": TODAY, "due_on": TODAY}
    Prediction.objects.create(kind="dead", subject=f"item:{sku.code}@MUM", sku=sku, **foretold)
    if position is not None:
        PositionOutlook.objects.create(position=position, **of)
        Prediction.objects.create(kind="expiry", subject="batch", position=position, **foretold)
    if retailer is not None:
        OutletStock.objects.create(
            retailer=retailer, sku=sku, territory=place, last_bought_date=TODAY, interval_days=9, orders=1,
            pieces=5, probability=0.5, expected_quantity=2, expected_paise=10, **chances, **of,
        )  # fmt: skip


@pytest.mark.usefixtures("in_alpha")
def test_a_forecast_that_a_person_changed_stands_in_the_way_by_name():
    make_book()
    run = open_run()
    put(K.SKUS, SKU, run=run)
    ForecastOverride.objects.create(
        level="sku", sku=Sku.objects.get(code=SKU["sku"]), from_date=TODAY, to_date=TODAY, factor=1.2,
        reason="a fair", actor_ref="user:1", made_at=NOW, baseline_pieces=1, adjusted_pieces=2,
    )  # fmt: skip
    [blocker] = undo(run).blockers
    assert "SKU N1 is named by 1 forecast override" in str(blocker)


@pytest.mark.usefixtures("in_alpha")
def test_what_cycles_concluded_of_goods_goes_with_them_and_stands_in_nobodys_way():
    make_book()
    before, run = everything(), open_run()
    put(K.SKUS, SKU, run=run)
    put(K.RETAILERS, SHOP, run=run)
    put(K.STOCK, {**STOCK, "sku": SKU["sku"]}, run=run)
    new = Sku.objects.get(code=SKU["sku"])
    concluded(new, new.positions.get(), Retailer.objects.get(retailer_id=SHOP["retailer_id"]))
    assert StockCell.objects.exists()
    assert undo(run).blockers == ()
    assert everything() == before
    assert not Prediction.objects.exists()
    assert not StockCell.objects.exists(), "sums over items go with the items"


@pytest.mark.usefixtures("in_alpha")
def test_sums_over_items_are_of_the_old_category_again():
    book = make_book()
    concluded(book.skus["S1"])
    before = list(StockCell.objects.values_list("category__code", "items"))
    run = open_run()
    put(K.SKUS, {"sku": "S1", "name": "Else", "hsn": "19053100", "mrp": "99", "category": "New one"}, run=run)
    assert list(StockCell.objects.values_list("category__code", "items")) == [("NEW-ONE", 1)]
    assert undo(run).blockers == ()
    assert list(StockCell.objects.values_list("category__code", "items")) == before == [("BIS", 1)]


@pytest.mark.usefixtures("in_alpha")
class TestEveryKind:
    @pytest.mark.parametrize(
        ("kind", "rows"),
        [
            (
                K.TERRITORIES,
                [
                    {"code": "T9", "name": "New", "gstin": "27AABCU9603R1ZN"},
                    {"code": "MUM", "name": "Bombay", "gstin": "27AABCU9603R1ZN"},
                ],
            ),
            (
                K.LOCATIONS,
                [
                    {"code": "GD-9", "name": "N", "kind": "godown", "pincode": "400053"},
                    {"code": "GD-MUM", "name": "Changed", "pincode": "400053"},
                ],
            ),
            (
                K.RETAILERS,
                [SHOP, {"retailer_id": "R1", "name": "Another", "phone": "9820123456", "pincode": "400001"}],
            ),
            (
                K.SKUS,
                [
                    SKU,
                    {
                        "sku": "S1",
                        "name": "Else",
                        "hsn": "19053100",
                        "mrp": "99",
                        "category": "New one",
                        "brand": "New brand",
                    },
                ],
            ),
            (K.PRICES, [{"sku": "S1", "mrp": "120", "valid_from": "01-01-2026"}]),
            (
                K.BATCHES,
                [
                    {"sku": "S1", "batch": "A", "mrp": "90", "expiry_date": "2027-05-01"},
                    {"sku": "S1", "batch": "N", "mrp": "100"},
                ],
            ),
            (K.PURCHASES, [PURCHASE, {**PURCHASE, "batch": "A", "itc": "500"}]),
            (K.RECEIPTS, [RECEIPT, {**RECEIPT, "batch": "A"}]),
            (K.STOCK, [STOCK, {**STOCK, "batch": "A", "quantity": 3}, {**STOCK, "sku": "S2", "batch": None}]),
            (
                K.SALES,
                [
                    sale("T8", "S1", 12),
                    sale("T8", "S2", 3, line=2),
                    sale("T9", "S1", -4, shop="R3"),
                    sale("T10", "S1", 4, batch="A"),
                    sale("T10", "S1", -1, line=2, batch="A"),
                    {"transaction_id": "T1", "line": 1, "cancelled": True},
                ],
            ),
        ],
    )
    def test_nothing_is_left_of_a_run_and_twice_is_once(self, kind, rows):
        book = make_book()
        book.batch("S1", "A", expires_in=30)
        book.receive("S1", "A", 8)
        put(K.SALES, sale("T0", "S1", 2, shop="R3"), sale("T1", "S1", 1))
        before, run = everything(), open_run()
        landed = put(kind, *rows, run=run)
        assert landed.rejected == 0, landed.faults
        assert landed.accepted + landed.updated == len(rows)
        assert everything() != before
        taken = undo(run)
        assert taken.blockers == ()
        assert taken.undone
        assert everything() == before
        assert check_positions() == []
        trail = AuditEntry.objects.count()
        again = undo(run)
        assert (again.undone, again.blockers) == ({}, ())
        assert everything() == before
        assert AuditEntry.objects.count() == trail

    def test_the_trail_and_the_ledger_keep_that_it_was(self):
        make_book()
        run = open_run()
        put(K.STOCK, STOCK, run=run)
        undo(run)
        entry = AuditEntry.objects.get(verb="ImportTakenBack")
        assert entry.subject == "import:1"
        assert json.loads(entry.body)["after"]["movements"] == 1
        references = table("SELECT reference, quantity FROM inventory_movement")
        assert references == [("import:1:stock:t", 100), ("undo:1:stock:t", -100)]

    def test_only_the_runs_own_part_goes(self):
        make_book()
        one, other = open_run(), open_run()
        put(K.STOCK, STOCK)
        put(K.SALES, sale("T1", "S1", 5), run=one)
        put(K.SALES, sale("T2", "S1", 7), run=other)
        undo(one)
        assert Position.objects.get().on_hand == 93
        assert Sale.objects.get().transaction_id == "T2"
        assert table("SELECT quantity, outlets FROM inventory_dailydemand") == [(7, 1)]

    def test_a_run_of_several_kinds_goes_in_one(self):
        make_book()
        before, run = everything(), open_run()
        put(K.RETAILERS, SHOP, run=run)
        put(K.SKUS, SKU, run=run)
        put(K.BATCHES, {"sku": "N1", "batch": "B1", "mrp": "10"}, run=run)
        put(K.RECEIPTS, {**RECEIPT, "sku": "N1"}, run=run)
        put(K.SALES, sale("T1", "N1", 7, shop="N9"), sale("T2", "S3", 2), run=run)
        put(K.SALES, {"transaction_id": "T1", "line": 1, "cancelled": True}, run=run)
        assert undo(run).blockers == ()
        assert everything() == before
        assert check_positions() == []


@pytest.mark.usefixtures("in_alpha")
class TestBlockers:
    def refused(self, run: ImportRun) -> list[str]:
        before = everything()
        taken = undo(run)
        assert taken.undone == {}
        assert everything() == before
        assert taken.blockers == list_blockers(run)
        return [str(one) for one in taken.blockers]

    def test_pieces_that_were_sold_since(self):
        make_book()
        run = open_run()
        put(K.STOCK, STOCK, run=run)
        put(K.SALES, sale("T1", "S1", 30))
        said = self.refused(run)
        assert any(
            "S1 batch B1 at GD-MUM" in one and "brought 100" in one and "sale 30" in one for one in said
        ), said

    def test_pieces_that_an_action_holds(self):
        make_book()
        put(K.STOCK, STOCK)
        run = open_run()
        put(K.STOCK, {**STOCK, "quantity": 150, "as_of": "21-11-2026"}, run=run)
        reserve(uuid4(), [StockLine("S1", "B1", 120, "GD-MUM")], actor=ME, at=NOW)
        assert "30 of 150 are free" in self.refused(run)[0]

    def test_a_row_that_a_later_run_changed(self):
        make_book()
        one, other = open_run(), open_run()
        put(K.RETAILERS, SHOP, run=one)
        put(K.RETAILERS, {"retailer_id": "N9", "name": "Later"}, run=other)
        assert "retailer N9 was changed since by import 2: undo that first" in self.refused(one)
        assert undo(other).blockers == ()
        assert undo(one).blockers == ()
        assert not Retailer.objects.filter(retailer_id="N9").exists()

    def test_a_row_that_a_person_changed(self):
        make_book()
        run = open_run()
        put(K.SKUS, SKU, run=run)
        Sku.objects.filter(code="N1").update(name="By hand")
        assert self.refused(run) == ["SKU N1 was changed since by hand or by another system"]

    def test_what_others_name(self):
        make_book()
        run = open_run()
        put(K.RETAILERS, SHOP, run=run)
        put(K.SALES, sale("T1", "S1", 1, shop="N9"))
        assert self.refused(run) == ["retailer N9 is named by 1 sale that came otherwise"]

    def test_a_place_counted_after_its_sales(self):
        make_book()
        put(K.STOCK, STOCK)
        one, other = open_run(), open_run()
        put(K.SALES, sale("T1", "S1", 10), run=one)
        put(K.STOCK, {**STOCK, "quantity": 85, "as_of": None}, run=other)
        assert self.refused(one) == [
            "S1 batch B1 at GD-MUM: its stock was counted since by import 2: undo that first"
        ]
        assert undo(other).blockers == ()
        assert undo(one).blockers == ()
        assert Position.objects.get().on_hand == 100

    def test_a_sale_that_was_cancelled_since(self):
        make_book()
        one, other = open_run(), open_run()
        put(K.SALES, sale("T1", "S1", 10), run=one)
        put(K.SALES, {"transaction_id": "T1", "line": 1, "cancelled": True}, run=other)
        assert "sale T1 line 1 was cancelled since by import 2: undo that first" in self.refused(one)
        assert undo(other).blockers == ()
        assert Sale.objects.count() == 1
        assert undo(one).blockers == ()


# --- whatever comes ----------------------------------------------------------------------------

sales = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(1, 2),
        st.sampled_from(["R1", "R2", "R3"]),
        st.sampled_from(["S1", "S2", "S3"]),
        st.integers(-5, 25).filter(bool),
        st.integers(1, 3),
    ),
    max_size=6,
)
statements = st.lists(
    st.tuples(st.sampled_from(["S1", "S2"]), st.sampled_from(["A", "B", None]), st.integers(-2, 30)),
    max_size=4,
)


@pytest.fixture
def stocked(in_alpha) -> None:
    """A book with twelve pieces, built once; what an example writes is taken back."""
    book = make_book()
    book.batch("S1", "A", expires_in=30)
    book.receive("S1", "A", 12, at=NOW - timedelta(days=4))


@given(first=sales, second=sales, stock=statements)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_run_brings_is_gone_with_it(stocked, first, second, stock):
    def lines(drawn, name):
        return [
            sale(f"{name}{t}", sku, n, line=line, shop=shop, timestamp=f"2026-11-2{day}T10:00:00+05:30")
            for t, line, shop, sku, n, day in drawn
        ]

    with transaction.atomic():
        if first:
            put(K.SALES, *lines(first, "F"))
        before, run = everything(), open_run()
        if stock:
            put(
                K.STOCK,
                *({"sku": s, "batch": b, "location": "GD-MUM", "quantity": n} for s, b, n in stock),
                run=run,
            )
        if second:
            landed = put(K.SALES, *lines([*first[:1], *second], "S"), run=run)
            again = put(K.SALES, *lines([*first[:1], *second], "S"), run=run)
            assert (again.accepted, again.updated) == (0, 0)
            assert landed.rows == again.rows
        taken = undo(run)
        assert taken.blockers == ()
        assert everything() == before
        assert check_positions() == []
        transaction.set_rollback(True)


def test_the_other_distributor_sees_nothing_of_it(in_alpha, beta):
    make_book()
    run = open_run()
    put(K.RETAILERS, SHOP, run=run)
    with tenant_context(beta):
        make_book()
        assert Retailer.objects.filter(retailer_id="N9").count() == 0
        put(K.RETAILERS, SHOP)
    undo(run)
    assert Retailer.objects.filter(retailer_id="N9").count() == 0
    with tenant_context(beta):
        assert Retailer.objects.filter(retailer_id="N9").count() == 1
        assert Location.objects.filter(code="OUT-N9").count() == 1
