"""Sales coming in: read forgivingly, recorded once, taken first-expiry-first, rolled up exactly."""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import date, timedelta
from uuid import uuid4

import orjson
import polars as pl
import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from inventory.contracts import InventoryUpdated
from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import Reading, from_json, read
from inventory.models import DailyDemand, Movement, Position, Purpose, Reservation, Sale
from inventory.services import StockLine, check_positions, ingest_sales, rebuild_demand, release, reserve
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book, sale
from vyapar.engine.models import AuditEntry, Event
from vyapar.engine.wire import outward
from vyapar.kernel.actor import system

ME = system("tests")


def feed(*lines: dict, **options):
    return ingest_sales(list(lines), actor=ME, at=NOW, source="t", **options)


def read_lines(frame: pl.DataFrame) -> Reading:
    return read(RecordKind.SALES, frame, at=NOW)


def stocked(**batches: int) -> Book:
    """A book with S1's batches at GD-MUM; `A30` expires in 30 days, `X_2` expired 2 days ago."""
    book = make_book()
    for name, pieces in batches.items():
        days = -int(name[2:]) if "_" in name else int(name[1:])
        book.batch("S1", name, expires_in=days)
        book.receive("S1", name, pieces)
    return book


# --- reading -------------------------------------------------------------------------------


def faults_of(**changes) -> list[tuple[str, str]]:
    frame = pl.DataFrame([{**sale("T1", "S1", 1), **changes}])
    return [(fault.field, fault.code) for fault in read_lines(frame).faults]


class TestReading:
    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"transaction_id": ""}, ("transactionId", "missing")),
            ({"transaction_id": "x" * 65}, ("transactionId", "too_long")),
            ({"line": 0}, ("line", "not_whole")),
            ({"retailer_id": None}, ("retailerId", "missing")),
            ({"sku": "  "}, ("sku", "missing")),
            ({"quantity": 0}, ("quantity", "zero")),
            ({"quantity": 1.5}, ("quantity", "not_whole")),
            ({"quantity": "a dozen"}, ("quantity", "not_whole")),
            ({"quantity": 100_001}, ("quantity", "too_large")),
            ({"quantity": -100_001}, ("quantity", "too_large")),
            ({"unit_price": "12.345"}, ("unitPrice", "not_money")),
            ({"unit_price": 12.345}, ("unitPrice", "not_money")),
            ({"unit_price": "twelve"}, ("unitPrice", "not_money")),
            ({"unit_price": None}, ("unitPrice", "not_money")),
            ({"unit_price": "-1"}, ("unitPrice", "negative")),
            ({"unit_price": "10000000.01"}, ("unitPrice", "too_large")),
            ({"timestamp": "yesterday"}, ("timestamp", "not_an_instant")),
            ({"timestamp": "2026-13-01T10:00:00Z"}, ("timestamp", "not_an_instant")),
            ({"timestamp": None}, ("timestamp", "not_an_instant")),
            ({"timestamp": "2026-11-23T06:35:01Z"}, ("timestamp", "in_the_future")),
            ({"timestamp": "2015-11-23T06:35:01Z"}, ("timestamp", "too_old")),
        ],
    )
    def test_each_fault_is_found_and_named_as_the_api_names_it(self, changes, fault):
        assert faults_of(**changes) == [fault]

    @pytest.mark.parametrize(
        ("changes", "column", "value"),
        [
            ({"quantity": "7"}, "quantity", 7),
            ({"quantity": 7.0}, "quantity", 7),
            ({"quantity": -100_000}, "quantity", -100_000),
            ({"unit_price": "1,234.5"}, "unit_price_paise", 123_450),
            ({"unit_price": 12}, "unit_price_paise", 1_200),
            ({"unit_price": 12.35}, "unit_price_paise", 1_235),
            ({"unit_price": 0.1}, "unit_price_paise", 10),
            ({"unit_price": "0"}, "unit_price_paise", 0),
            ({"timestamp": "2026-11-23T00:10:00+05:30"}, "sold_on", date(2026, 11, 23)),
            ({"timestamp": "2026-11-22T18:30:00Z"}, "sold_on", date(2026, 11, 23)),
            ({"timestamp": "2026-11-22T18:29:59.999Z"}, "sold_on", date(2026, 11, 22)),
            ({"timestamp": "2026-11-23 00:10"}, "sold_on", date(2026, 11, 23)),
            ({"timestamp": "2026-11-23T06:34:59Z"}, "sold_on", date(2026, 11, 23)),
            ({"line": None}, "line", 1),
            ({"sku": " S1 "}, "sku", "S1"),
            ({"gst_details": {"rate": "5"}}, "gst", '{"rate":"5"}'),
        ],
    )
    def test_what_is_meant_is_understood(self, changes, column, value):
        reading = read_lines(pl.DataFrame([{**sale("T1", "S1", 1), **changes}]))
        assert reading.faults == ()
        assert reading.lines[column].to_list() == [value]

    def test_a_line_that_stands_twice_in_a_batch_counts_once(self):
        frame = pl.DataFrame([sale("T1", "S1", 1), sale("T1", "S1", 1, line=2), sale("T1", "S1", 9)])
        reading = read_lines(frame)
        assert reading.lines["row"].to_list() == [1, 2]
        assert [(f.row, f.code) for f in reading.faults] == [(3, "repeated_in_batch")]

    def test_json_in_the_names_of_the_api_becomes_the_same_lines(self):
        api = {
            "transactionId": "T1", "line": 1, "retailerId": "R1", "sku": "S1", "quantity": 3,
            "unitPrice": "80.00", "timestamp": "2026-11-23T10:00:00+05:30",
        }  # fmt: skip
        lines = read_lines(from_json(orjson.dumps([api]))).lines
        assert lines.equals(read_lines(pl.DataFrame([sale("T1", "S1", 3)])).lines)

    def test_json_of_mixed_types_is_read_row_by_row(self):
        rows = [sale("T1", "S1", 3), {**sale("T2", "S1", 3), "quantity": "four"}, sale("T3", "S1", 5)]
        reading = read_lines(from_json(orjson.dumps(rows)))
        assert reading.lines["quantity"].to_list() == [3, 5]
        assert [(f.row, f.field, f.value) for f in reading.faults] == [(2, "quantity", "four")]

    def test_what_is_no_list_of_sales_is_refused(self):
        for body in (b"7", b'["a"]', b"{"):
            with pytest.raises(ValueError):  # noqa: PT011 - orjson's own error is one too
                from_json(body)

    @given(paise=st.integers(0, 10**9))
    @example(paise=0)
    @example(paise=10**9)
    @settings(max_examples=100, deadline=None)
    def test_every_amount_of_paise_survives_as_text_and_as_number(self, paise):
        text = f"{paise // 100}.{paise % 100:02d}"
        for price in (text, float(text)):
            frame = pl.DataFrame([sale("T1", "S1", 1, unit_price=price)])
            assert read_lines(frame).lines["unit_price_paise"].to_list() == [paise]


# --- recording -----------------------------------------------------------------------------


@pytest.mark.usefixtures("in_alpha")
class TestRecording:
    def test_a_good_line_is_recorded_as_it_is(self):
        make_book()
        report = feed(sale("T1", "S1", 3, gst_details={"rate": "5"}))
        assert (report.accepted, report.duplicates, report.rejected) == (1, 0, 0)
        row = Sale.objects.get()
        assert (row.transaction_id, row.line, row.quantity, row.unit_price_paise) == ("T1", 1, 3, 8_000)
        assert (row.sold_on, row.received_at, row.gst) == (TODAY, NOW, {"rate": "5"})
        assert (row.retailer.retailer_id, row.sku.code, row.territory.code) == ("R1", "S1", "MUM")

    def test_good_lines_are_recorded_beside_bad_ones(self):
        make_book()
        report = feed(
            sale("T1", "S1", 3), sale("T2", "S9", 3), sale("T3", "S1", 3, shop="R9"), sale("T4", "S1", 0),
            sale("T5", "S1", 3, territory="BLR"), sale("T6", "S1", 3, territory="MUM"),
        )  # fmt: skip
        assert (report.accepted, report.rejected) == (2, 4)
        assert [(f.row, f.field, f.code) for f in report.faults] == [
            (2, "sku", "unknown_sku"), (3, "retailerId", "unknown_retailer"), (4, "quantity", "zero"),
            (5, "territory", "territory_mismatch"),
        ]  # fmt: skip

    def test_the_same_batch_again_changes_nothing(self):
        stocked(A30=10)
        lines = [sale("T1", "S1", 3), sale("T1", "S2", 1, line=2)]
        feed(*lines)
        before = (Sale.objects.count(), Movement.objects.count(), Event.objects.count())
        trail = AuditEntry.objects.count()
        report = feed(*lines)
        assert (report.accepted, report.duplicates, report.rejected) == (0, 2, 0)
        assert (Sale.objects.count(), Movement.objects.count(), Event.objects.count()) == before
        assert AuditEntry.objects.count() == trail

    def test_an_overlapping_batch_records_only_what_is_new(self):
        book = stocked(A30=10)
        feed(sale("T1", "S1", 3))
        report = feed(sale("T1", "S1", 3), sale("T2", "S1", 2))
        assert (report.accepted, report.duplicates) == (1, 1)
        assert book.position("S1", "A30").on_hand == 5

    def test_a_line_recorded_with_other_content_is_rejected(self):
        make_book()
        feed(sale("T1", "S1", 3))
        for change in ({"quantity": 4}, {"unit_price": "81"}, {"sku": "S2"}, {"retailer_id": "R3"}):
            report = feed({**sale("T1", "S1", 3), **change})
            assert [(f.field, f.code) for f in report.faults] == [("transactionId", "recorded_differently")]
        assert Sale.objects.get().quantity == 3

    @pytest.mark.parametrize("stamp", ["2026-11-22T10:00:00+05:30", "2025-02-22T10:00:00+05:30"])
    def test_a_line_recorded_on_another_day_is_rejected(self, stamp):
        make_book()
        feed(sale("T1", "S1", 3))
        report = feed(sale("T1", "S1", 3, timestamp=stamp))
        assert [(f.field, f.code) for f in report.faults] == [("timestamp", "recorded_on_another_day")]
        assert Sale.objects.count() == 1

    def test_each_month_gets_a_partition_of_its_own(self):
        make_book()
        stamps = ["2025-12-31T23:59:59+05:30", "2026-01-01T00:00:00+05:30", "2026-02-28T10:00:00+05:30"]
        feed(*(sale(f"T{n}", "S1", 1, timestamp=stamp) for n, stamp in enumerate(stamps)))
        with connection.cursor() as cursor:
            cursor.execute("SELECT tableoid::regclass::text FROM inventory_sale ORDER BY sold_on")
            found = [row[0].split(".")[-1] for row in cursor.fetchall()]
        assert found == ["inventory_sale_2025_12", "inventory_sale_2026_01", "inventory_sale_2026_02"]

    def test_a_month_that_is_over_gets_the_index_that_histories_are_read_by(self):
        make_book()
        for stamp in ("2026-10-05T10:00:00+05:30", "2026-11-05T10:00:00+05:30"):
            feed(sale(stamp, "S1", 1, timestamp=stamp))
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'inventory_sale_%_retailer' "
                "AND schemaname = current_schema()"
            )
            assert [row[0] for row in cursor.fetchall()] == ["inventory_sale_2026_10_retailer"]

    def test_one_entry_of_the_trail_stands_for_the_batch(self):
        stocked(A30=10)
        feed(sale("T1", "S1", 3), sale("T2", "S9", 1))
        entry = AuditEntry.objects.get(verb="SalesIngested")
        after = json.loads(entry.body)["after"]
        assert (after["accepted"], after["rejected"], after["stock_updated"]) == (1, 1, 1)

    def test_history_leaves_stock_and_the_world_alone(self):
        book = stocked(A30=10)
        feed(sale("T1", "S1", 3), history=True)
        assert book.position("S1", "A30").on_hand == 10
        assert DailyDemand.objects.get().quantity == 3
        assert not Event.objects.filter(name="InventoryUpdated").exists()


# --- stock ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_alpha")
class TestStock:
    def test_batches_give_first_expiry_first(self):
        book = stocked(B60=5, A30=5, C90=5)
        feed(sale("T1", "S1", 7))
        left = {name: book.position("S1", name).on_hand for name in ("A30", "B60", "C90")}
        assert left == {"A30": 0, "B60": 3, "C90": 5}

    def test_expired_batches_give_last_and_it_is_said(self):
        book = stocked(X_2=5, A30=5)
        report = feed(sale("T1", "S1", 7))
        assert book.position("S1", "A30").on_hand == 0
        assert book.position("S1", "X_2").on_hand == 3
        assert report.expired_pieces == 2

    def test_a_batch_may_be_sold_on_its_last_day(self):
        book = stocked(A0=5, B30=5)
        assert feed(sale("T1", "S1", 4)).expired_pieces == 0
        assert book.position("S1", "A0").on_hand == 1

    def test_what_the_book_does_not_have_is_found_and_sold(self):
        book = stocked(A30=5)
        report = feed(sale("T1", "S1", 8))
        assert report.found_pieces == 3
        assert book.ledger("S1", "A30") == {"receipt": 5, "found": 3, "sale": -8}
        assert book.position("S1", "A30").on_hand == 0

    def test_a_sku_that_was_never_received_gets_a_batch_that_says_so(self):
        make_book()
        report = feed(sale("T1", "S2", 4))
        assert report.found_pieces == 4
        kinds = Movement.objects.filter(batch__number="UNKNOWN").values_list("kind", "quantity")
        assert Counter(dict(kinds)) == Counter({"found": 4, "sale": -4})
        assert check_positions() == []

    def test_a_return_goes_to_the_newest_batch(self):
        book = stocked(A30=5, B60=5)
        feed(sale("T1", "S1", -2))
        assert book.position("S1", "B60").on_hand == 7
        assert book.ledger("S1", "B60") == {"receipt": 5, "return": 2}

    def test_a_return_of_what_never_was_here_opens_a_position(self):
        make_book()
        feed(sale("T1", "S2", -2))
        assert Position.objects.get().on_hand == 2
        assert check_positions() == []

    def test_each_territory_takes_from_its_own_godown(self):
        book = stocked(A30=5)
        book.receive("S1", "A30", 5, place="BLR")
        feed(sale("T1", "S1", 2, shop="R2"))
        assert book.position("S1", "A30").on_hand == 5
        assert book.position("S1", "A30", "BLR").on_hand == 3

    def test_held_cartons_are_sold_last_and_their_reservation_shrinks(self):
        book, action = stocked(A30=5, B60=5), uuid4()
        reserve(action, [StockLine("S1", "A30", 4, "GD-MUM")], actor=ME, at=NOW)
        report = feed(sale("T1", "S1", 8))
        assert report.unheld_pieces == 2
        position = book.position("S1", "A30")
        assert (position.on_hand, position.reserved, book.position("S1", "B60").on_hand) == (2, 2, 0)
        assert Reservation.objects.get().quantity == 2
        assert release(action, actor=ME, at=NOW) == 2
        assert check_positions() == []

    def test_held_cartons_are_sold_before_expired_ones(self):
        book = stocked(A30=5, X_2=5)
        reserve(uuid4(), [StockLine("S1", "A30", 5, "GD-MUM")], actor=ME, at=NOW)
        report = feed(sale("T1", "S1", 6))
        assert (report.unheld_pieces, report.expired_pieces) == (5, 1)
        assert book.position("S1", "X_2").on_hand == 4

    def test_cartons_on_offer_are_sold_in_their_turn(self):
        book = stocked(A30=5, B60=5)
        reserve(uuid4(), [StockLine("S1", "A30", 4, "GD-MUM")], actor=ME, at=NOW, purpose=Purpose.OFFER)
        report = feed(sale("T1", "S1", 3))
        assert report.unheld_pieces == 0
        position = book.position("S1", "A30")
        assert (position.on_hand, position.reserved) == (2, 2)
        assert book.position("S1", "B60").on_hand == 5
        assert check_positions() == []

    def test_both_kinds_of_reservation_shrink_by_their_own_pieces(self):
        book = stocked(A30=10)
        plan = uuid4()
        reserve(plan, [StockLine("S1", "A30", 4, "GD-MUM")], actor=ME, at=NOW)
        reserve(uuid4(), [StockLine("S1", "A30", 3, "GD-MUM")], actor=ME, at=NOW, purpose=Purpose.OFFER)
        report = feed(sale("T1", "S1", 8))
        assert report.unheld_pieces == 2
        left = dict(Reservation.objects.filter(released_at=None).values_list("purpose", "quantity"))
        assert left == {"transfer": 2}
        assert (book.position("S1", "A30").on_hand, book.position("S1", "A30").reserved) == (2, 2)
        assert check_positions() == []

    def test_several_days_in_one_batch_are_ledger_lines_of_their_days(self):
        book = stocked(A30=10)
        feed(
            sale("T1", "S1", 3, timestamp="2026-11-22T10:00:00+05:30"),
            sale("T2", "S1", 4, timestamp="2026-11-23T10:00:00+05:30"),
        )
        sold = Movement.objects.filter(batch=book.batches["S1", "A30"], kind="sale").order_by("at")
        assert [(m.at.isoformat()[:10], m.quantity) for m in sold] == [("2026-11-22", -3), ("2026-11-23", -4)]

    def test_a_territory_without_a_godown_sells_from_no_book_and_it_is_said(self):
        book = make_book()
        book.godowns["BLR"].delete()
        report = feed(sale("T1", "S1", 3, shop="R2"))
        assert (report.accepted, report.unbooked_pieces) == (1, 3)
        assert not Movement.objects.exists()

    def test_each_changed_sku_and_territory_is_told_once(self):
        stocked(A30=10)
        feed(sale("T1", "S1", 3), sale("T2", "S1", 2), sale("T3", "S1", -1), sale("T4", "S2", 4))
        told = {e.subject: e.payload for e in Event.objects.filter(name="InventoryUpdated")}
        assert told == {
            "stock:S1@MUM": outward(InventoryUpdated("S1", "MUM", -4, 6, 0, "sales")),
            "stock:S2@MUM": outward(InventoryUpdated("S2", "MUM", 0, 0, 0, "sales")),
        }


# --- the roll-up ---------------------------------------------------------------------------

LINES = st.lists(
    st.tuples(
        st.integers(1, 6), st.integers(1, 2), st.sampled_from(["S1", "S2"]),
        st.integers(-4, 9).filter(bool), st.integers(1, 4), st.integers(0, 40),
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip


def drawn(lines: list[tuple]) -> list[dict]:
    return [
        sale(
            f"T{number}", sku, quantity, line=line, shop=f"R{shop}",
            timestamp=f"{(TODAY - timedelta(days=back)).isoformat()}T10:00:00+05:30",
        )
        for number, line, sku, quantity, shop, back in lines
    ]  # fmt: skip


def rolled_up() -> dict[tuple, tuple]:
    """The roll-up worked out here, from the sales themselves."""
    sums: dict[tuple, list] = {}
    for row in Sale.objects.all():
        total = sums.setdefault((row.sku_id, row.territory_id, row.sold_on), [0, 0, 0, set()])
        total[0] += row.quantity
        total[1] += row.quantity * row.unit_price_paise
        total[2] += 1
        total[3] |= {row.retailer_id} if row.quantity > 0 else set()
    return {key: (q, paise, lines, len(shops)) for key, (q, paise, lines, shops) in sums.items()}


def kept() -> dict[tuple, tuple]:
    names = ("sku_id", "territory_id", "day", "quantity", "revenue_paise", "lines", "outlets")
    return {tuple(row[:3]): tuple(row[3:]) for row in DailyDemand.objects.values_list(*names)}


@pytest.fixture
def shelf(in_alpha) -> Book:
    """Made once for all examples; each example is rolled back to it."""
    book = make_book()
    book.batch("S1", "A", expires_in=20)
    book.receive("S1", "A", 20)
    return book


@settings(
    max_examples=100, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(batches=st.lists(LINES, min_size=1, max_size=3))
def test_whatever_comes_in_whatever_order_each_line_counts_once_everywhere(shelf, batches):
    with transaction.atomic():
        accepted = 0
        for batch in [*batches, *batches[::-1]]:
            report = feed(*drawn(batch))
            assert report.accepted + report.duplicates + report.rejected == len(batch)
            accepted += report.accepted
            assert check_positions() == []
        assert Sale.objects.count() == accepted
        assert kept() == rolled_up()
        sold = Movement.objects.filter(kind__in=("sale", "return")).values_list("quantity", flat=True)
        assert -sum(sold) == sum(Sale.objects.values_list("quantity", flat=True))
        transaction.set_rollback(True)


@pytest.mark.usefixtures("in_alpha")
def test_an_outlet_that_buys_twice_a_day_is_one_outlet():
    make_book()
    feed(sale("T1", "S1", 3), sale("T2", "S1", 1, shop="R3"))
    feed(sale("T3", "S1", 2), sale("T4", "S1", -1, shop="R3"))
    assert DailyDemand.objects.get().outlets == 2
    DailyDemand.objects.update(outlets=9, quantity=9)
    rebuild_demand(TODAY, TODAY)
    assert kept() == rolled_up()


# --- races and walls -----------------------------------------------------------------------


def test_the_same_batch_on_two_connections_at_once_is_recorded_once(fresh_distributor):
    book = make_book()
    book.batch("S1", "A")
    book.receive("S1", "A", 100)
    lines = [sale(f"T{n}", "S1", 1) for n in range(40)]
    reports = []
    start = threading.Barrier(2)

    def send() -> None:
        with tenant_context(fresh_distributor):
            start.wait()
            reports.append(feed(*lines))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert sorted((r.accepted, r.duplicates) for r in reports) == [(0, 40), (40, 0)]
    assert Sale.objects.count() == 40
    assert book.position("S1", "A").on_hand == 60
    assert check_positions() == []


def test_sales_of_one_distributor_are_not_the_others(alpha, beta):
    make_book()
    feed(sale("T1", "S1", 3))
    with tenant_context(beta):
        make_book()
        report = feed(sale("T1", "S1", 5))
        assert (report.accepted, report.duplicates) == (1, 0)
        assert Sale.objects.get().quantity == 5
    assert Sale.objects.get().quantity == 3
