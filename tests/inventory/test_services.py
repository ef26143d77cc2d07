"""The ledger and those who write to it: conserved, never negative, refused without a trace."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, InternalError, connection, transaction
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.contracts import InventoryUpdated
from inventory.models import Batch, Movement, MovementKind, Position, Purpose, Reservation, Sku
from inventory.services import (
    MovementLine,
    ReceiptLine,
    StockLine,
    check_positions,
    dispatch_transfer,
    ingest_sales,
    rebuild_positions,
    recall_transfer,
    receive_transfer,
    record_movements,
    release,
    reserve,
    save_masters,
    take_reserved,
    write_off,
)
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book, sale
from vyapar.engine.models import AuditEntry, Delivery, Event
from vyapar.engine.services import append_audit
from vyapar.engine.wire import outward
from vyapar.kernel.actor import system
from vyapar.kernel.errors import Invalid, NotFound, Refused

ME = system("tests")


def stocked(**batches: int) -> Book:
    """A book with pieces of S1's batches at GD-MUM; the first-named expires first."""
    book = make_book()
    for days, (number, pieces) in enumerate(batches.items(), 1):
        book.batch("S1", number, expires_in=30 * days)
        if pieces:
            book.receive("S1", number, pieces)
    return book


def line(number: str, quantity: int, place: str = "GD-MUM") -> StockLine:
    return StockLine("S1", number, quantity, place)


def traces() -> tuple[int, ...]:
    """Counts of everything that a write may leave."""
    tables = (Movement, Reservation, Position, Event, AuditEntry)
    return (*(table.objects.count() for table in tables), *Position.objects.values_list("changes", flat=True))


# --- the ledger ----------------------------------------------------------------------------


@pytest.mark.usefixtures("in_alpha")
class TestLedger:
    def test_movements_and_positions_are_written_together(self):
        book = stocked(A=10)
        assert book.position("S1", "A").on_hand == 10
        assert book.ledger("S1", "A") == {"receipt": 10}

    def test_a_movement_below_zero_is_refused_with_the_names_of_things_and_leaves_nothing(self):
        book = stocked(A=10, B=3)
        before = traces()
        lines = [
            MovementLine(book.batches["S1", name].pk, book.godowns["MUM"].pk, MovementKind.WRITE_OFF, -4)
            for name in ("A", "B")
        ]
        with pytest.raises(Refused, match="S1 batch B at GD-MUM: 4 pieces are asked for, 3 of 3 are free"):
            record_movements(lines, actor=ME, at=NOW)
        assert traces() == before

    def test_a_movement_of_nothing_known_is_refused(self):
        book = make_book()
        strange = MovementLine(999_999, book.godowns["MUM"].pk, MovementKind.RECEIPT, 1)
        with pytest.raises(Invalid):
            record_movements([strange], actor=ME, at=NOW)

    def test_the_ledger_cannot_be_rewritten(self):
        stocked(A=10)
        for statement in ("UPDATE inventory_movement SET quantity = 1", "DELETE FROM inventory_movement"):
            with (
                pytest.raises((IntegrityError, InternalError), match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(statement)

    def test_the_constraints_stand_behind_the_checks(self):
        stocked(A=10)
        for values in ({"on_hand": -1}, {"reserved": 11}, {"in_transit": -1}):
            with pytest.raises(IntegrityError), transaction.atomic():
                Position.objects.update(**values)

    def test_the_first_receipt_stays_however_often_more_is_received(self):
        book = stocked(A=10)
        book.receive("S1", "A", 5, at=NOW + timedelta(days=9))
        assert book.position("S1", "A").first_receipt_date == TODAY
        book.receive("S1", "A", 5, at=NOW - timedelta(days=9))
        assert book.position("S1", "A").first_receipt_date == TODAY - timedelta(days=9)

    def test_a_batch_that_came_and_went_in_one_go_needs_no_position(self):
        book = stocked(A=0)
        place = (book.batches["S1", "A"].pk, book.godowns["MUM"].pk)
        both = [MovementLine(*place, MovementKind.OPENING, 7), MovementLine(*place, MovementKind.SALE, -7)]
        assert record_movements(both, actor=ME, at=NOW) == 2
        assert not Position.objects.exists()
        assert check_positions() == []

    def test_positions_are_rebuilt_from_the_ledger_and_the_trail_says_so(self):
        book = stocked(A=10, B=5)
        Position.objects.filter(batch=book.batches["S1", "A"]).update(on_hand=3)
        Position.objects.filter(batch=book.batches["S1", "B"]).delete()
        assert [str(d) for d in check_positions()] == [
            "S1 batch A at GD-MUM: on hand is 3, the ledger says 10",
            "S1 batch B at GD-MUM: on hand is 0, the ledger says 5",
        ]
        assert rebuild_positions(actor=ME, at=NOW) == 2
        assert check_positions() == []
        assert book.position("S1", "B").first_receipt_date == TODAY
        assert AuditEntry.objects.filter(verb="PositionsRebuilt").count() == 1
        assert rebuild_positions(actor=ME, at=NOW) == 0


# --- holding -------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_alpha")
class TestHolding:
    def test_one_carton_has_one_plan(self):
        book = stocked(A=10)
        first, second = uuid4(), uuid4()
        assert reserve(first, [line("A", 7)], actor=ME, at=NOW) == 7
        with pytest.raises(Refused, match="4 pieces are asked for, 3 of 10 are free"):
            reserve(second, [line("A", 4)], actor=ME, at=NOW)
        assert book.position("S1", "A").reserved == 7
        assert not Reservation.objects.filter(action_id=second).exists()

    def test_holding_and_letting_go_twice_is_once(self):
        book = stocked(A=10)
        action = uuid4()
        assert reserve(action, [line("A", 7)], actor=ME, at=NOW) == 7
        assert reserve(action, [line("A", 7)], actor=ME, at=NOW) == 0
        assert release(action, actor=ME, at=NOW) == 7
        assert release(action, actor=ME, at=NOW) == 0
        assert book.position("S1", "A").reserved == 0
        assert check_positions() == []

    def test_another_quantity_for_the_same_action_is_refused(self):
        stocked(A=10)
        action = uuid4()
        reserve(action, [line("A", 7)], actor=ME, at=NOW)
        with pytest.raises(Refused, match="release it first"):
            reserve(action, [line("A", 8)], actor=ME, at=NOW)

    def test_every_short_line_is_named_and_none_is_held(self):
        stocked(A=2, B=3)
        before = traces()
        with pytest.raises(Refused) as refusal:
            reserve(uuid4(), [line("A", 5), line("B", 5)], actor=ME, at=NOW)
        assert "batch A" in refusal.value.message
        assert "batch B" in refusal.value.message
        assert traces() == before

    def test_an_unknown_position_is_a_fault_of_its_line(self):
        stocked(A=2)
        with pytest.raises(NotFound) as refusal:
            reserve(uuid4(), [line("A", 1), line("Z", 1)], actor=ME, at=NOW)
        assert [fault.row for fault in refusal.value.faults] == [2]

    def test_lines_must_be_positive_and_stand_once(self):
        stocked(A=2)
        for lines in ([line("A", 0)], [line("A", 1), line("A", 1)]):
            with pytest.raises(Invalid):
                reserve(uuid4(), lines, actor=ME, at=NOW)

    def test_taking_what_is_held_is_done_once_by_its_reference(self):
        book = stocked(A=10)
        action = uuid4()
        reserve(action, [line("A", 7)], actor=ME, at=NOW, purpose=Purpose.RETURN)
        take = {"kind": MovementKind.ADJUSTMENT, "reference": "return", "actor": ME, "at": NOW}
        assert take_reserved(action, [line("A", 4)], **take) == 4
        assert take_reserved(action, [line("A", 4)], **take) == 0
        position = book.position("S1", "A")
        assert (position.on_hand, position.reserved) == (6, 3)
        assert release(action, actor=ME, at=NOW) == 3
        assert check_positions() == []

    def test_the_change_is_told_in_the_outside_form(self):
        stocked(A=10)
        reserve(uuid4(), [line("A", 4)], actor=ME, at=NOW)
        told = Event.objects.get(name="InventoryUpdated")
        assert told.payload == outward(InventoryUpdated("S1", "MUM", 0, 10, 4, "reserved"))
        assert told.subject == "stock:S1@MUM"


# --- transfers -----------------------------------------------------------------------------


@pytest.mark.usefixtures("in_alpha")
class TestTransfers:
    ROUTE = {"source": "GD-MUM", "destination": "GD-BLR"}

    def sent(self, quantity: int = 8) -> tuple[Book, UUID]:
        book, action = stocked(A=10), uuid4()
        reserve(action, [line("A", quantity)], actor=ME, at=NOW)
        later = NOW + timedelta(days=1)
        dispatch_transfer(action, [StockLine("S1", "A", quantity)], **self.ROUTE, actor=ME, at=later)
        return book, action

    def test_a_dispatch_leaves_the_source_and_is_on_its_way(self):
        book, _ = self.sent()
        source, target = book.position("S1", "A"), book.position("S1", "A", "BLR")
        assert (source.on_hand, source.reserved) == (2, 0)
        assert (target.on_hand, target.in_transit) == (0, 8)
        assert target.first_receipt_date == TODAY
        assert check_positions() == []

    def test_a_dispatch_called_again_moves_nothing(self):
        book, action = self.sent()
        again = dispatch_transfer(action, [StockLine("S1", "A", 8)], **self.ROUTE, actor=ME, at=NOW)
        assert again == 0
        assert book.ledger("S1", "A") == {"receipt": 10, "transfer_out": -8}

    def test_a_receipt_shows_short_and_damaged_pieces_under_their_own_kinds(self):
        book, action = self.sent()
        receipt = [ReceiptLine("S1", "A", received=5, damaged=1, short=2)]
        assert receive_transfer(action, receipt, destination="GD-BLR", actor=ME, at=NOW) == 5
        assert book.ledger("S1", "A", "BLR") == {"transfer_in": 8, "damaged": -1, "short": -2}
        target = book.position("S1", "A", "BLR")
        assert (target.on_hand, target.in_transit) == (5, 0)
        assert target.first_receipt_date == TODAY
        assert receive_transfer(action, receipt, destination="GD-BLR", actor=ME, at=NOW) == 0
        assert check_positions() == []

    def test_what_arrives_in_two_goes_is_booked_in_two_goes(self):
        book, action = self.sent()
        for reference, pieces in (("first", 3), ("second", 5)):
            receive_transfer(
                action, [ReceiptLine("S1", "A", pieces)], destination="GD-BLR", actor=ME, at=NOW,
                reference=reference,
            )  # fmt: skip
        assert book.position("S1", "A", "BLR").on_hand == 8

    def test_more_than_is_on_its_way_is_refused(self):
        book, action = self.sent()
        before = traces()
        with pytest.raises(Refused, match="9 pieces would be booked in, 8 are on their way"):
            receive_transfer(action, [ReceiptLine("S1", "A", 9)], destination="GD-BLR", actor=ME, at=NOW)
        assert traces() == before
        assert book.position("S1", "A", "BLR").in_transit == 8

    def test_a_recall_brings_back_what_is_still_on_its_way(self):
        book, action = self.sent()
        receive_transfer(action, [ReceiptLine("S1", "A", 3)], destination="GD-BLR", actor=ME, at=NOW)
        assert recall_transfer(action, **self.ROUTE, actor=ME, at=NOW) == 5
        assert recall_transfer(action, **self.ROUTE, actor=ME, at=NOW) == 0
        assert book.position("S1", "A").on_hand == 7
        assert book.position("S1", "A", "BLR").in_transit == 0
        assert check_positions() == []

    def test_a_dispatch_of_more_than_is_held_is_refused_because_it_was_sold_meanwhile(self):
        book, action = stocked(A=10), uuid4()
        reserve(action, [line("A", 8)], actor=ME, at=NOW)
        ingest_sales([sale("T1", "S1", 5)], actor=ME, at=NOW, source="t")
        with pytest.raises(Refused, match="8 pieces should move, the action still holds 5"):
            dispatch_transfer(action, [StockLine("S1", "A", 8)], **self.ROUTE, actor=ME, at=NOW)
        assert book.position("S1", "A").on_hand == 5

    def test_each_step_stands_in_the_trail(self):
        _, action = self.sent()
        receive_transfer(action, [ReceiptLine("S1", "A", 8)], destination="GD-BLR", actor=ME, at=NOW)
        verbs = AuditEntry.objects.filter(action_id=action).order_by("seq").values_list("verb", flat=True)
        assert list(verbs) == ["StockDispatched", "StockReceived"]

    def test_a_write_off_takes_free_pieces_only(self):
        book = stocked(A=10)
        reserve(uuid4(), [line("A", 8)], actor=ME, at=NOW)
        off = {"reason": "wet", "reference": "W1", "actor": ME, "at": NOW}
        with pytest.raises(Refused, match="2 of 10 are free"):
            write_off([line("A", 3)], **off)
        assert write_off([line("A", 2)], **off) == 2
        assert book.ledger("S1", "A")["write_off"] == -2

    def test_a_write_off_of_an_action_takes_what_it_holds_once(self):
        book, action = stocked(A=10), uuid4()
        reserve(action, [line("A", 8)], actor=ME, at=NOW, purpose=Purpose.DISPOSAL)
        off = {"reason": "expired", "reference": "destroy", "actor": ME, "at": NOW, "action_id": action}
        assert write_off([line("A", 8)], **off) == 8
        assert write_off([line("A", 8)], **off) == 0
        position = book.position("S1", "A")
        assert (position.on_hand, position.reserved) == (2, 0)
        assert check_positions() == []


# --- any sequence of anything --------------------------------------------------------------

STEPS = st.one_of(
    st.tuples(st.just("receive"), st.sampled_from("AB"), st.integers(1, 20)),
    st.tuples(st.just("sell"), st.integers(-5, 15), st.integers(1, 4)),
    st.tuples(st.just("hold"), st.integers(0, 2), st.sampled_from("AB"), st.integers(1, 12)),
    st.tuples(st.just("offer"), st.integers(3, 4), st.sampled_from("AB"), st.integers(1, 12)),
    st.tuples(st.just("let_go"), st.integers(0, 4)),
    st.tuples(st.just("send"), st.integers(0, 2), st.sampled_from("AB"), st.integers(1, 12)),
    st.tuples(
        st.just("arrive"), st.integers(0, 2), st.sampled_from("AB"), st.integers(0, 6), st.integers(0, 2)
    ),
    st.tuples(st.just("recall"), st.integers(0, 2)),
    st.tuples(st.just("write_off"), st.sampled_from("AB"), st.integers(1, 9)),
)  # fmt: skip


class Play:
    """Does a step to the book and says by how many pieces the firm's whole stock must change."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.actions = [uuid4() for _ in range(5)]
        self.number = 0

    def do(self, step: tuple) -> None:
        self.number += 1
        getattr(self, step[0])(*step[1:])

    def receive(self, batch: str, pieces: int) -> None:
        self.book.receive("S1", batch, pieces)

    def sell(self, pieces: int, shop: int) -> None:
        ingest_sales(
            [sale(f"T{self.number}", "S1", pieces, shop=f"R{shop}")], actor=ME, at=NOW, source="play"
        )

    def hold(self, who: int, batch: str, pieces: int) -> None:
        reserve(self.actions[who], [line(batch, pieces)], actor=ME, at=NOW)

    def offer(self, who: int, batch: str, pieces: int) -> None:
        reserve(self.actions[who], [line(batch, pieces)], actor=ME, at=NOW, purpose=Purpose.OFFER)

    def let_go(self, who: int) -> None:
        release(self.actions[who], actor=ME, at=NOW)

    def send(self, who: int, batch: str, pieces: int) -> None:
        dispatch_transfer(
            self.actions[who], [StockLine("S1", batch, pieces)], source="GD-MUM", destination="GD-BLR",
            actor=ME, at=NOW,
        )  # fmt: skip

    def arrive(self, who: int, batch: str, good: int, bad: int) -> None:
        receive_transfer(
            self.actions[who], [ReceiptLine("S1", batch, good, bad)], destination="GD-BLR", actor=ME, at=NOW
        )

    def recall(self, who: int) -> None:
        recall_transfer(self.actions[who], source="GD-MUM", destination="GD-BLR", actor=ME, at=NOW)

    def write_off(self, batch: str, pieces: int) -> None:
        write_off([line(batch, pieces)], reason="r", reference=f"W{self.number}", actor=ME, at=NOW)


@pytest.fixture
def played(in_alpha) -> Book:
    """Made once for all examples; each example is rolled back to it."""
    return stocked(A=10, B=6)


@settings(
    max_examples=100, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(steps=st.lists(STEPS, min_size=1, max_size=8))
def test_whatever_happens_positions_say_what_the_ledger_says_and_a_refusal_leaves_no_trace(played, steps):
    with transaction.atomic():
        play = Play(played)
        for step in steps:
            before = traces()
            try:
                play.do(step)
            except Refused:
                assert traces() == before, step
            assert check_positions() == [], step
        transaction.set_rollback(True)


# --- masters -------------------------------------------------------------------------------


@pytest.mark.usefixtures("in_alpha")
class TestMasters:
    def frames(self):
        import polars as pl

        make_book(skus=0)
        return {
            "skus": pl.DataFrame(
                {
                    "sku": ["N1", "N2"], "name": ["One", "Two"], "brand": ["Tivrano"] * 2,
                    "category": ["BIS"] * 2, "hsn": ["19053100"] * 2, "mrp_paise": [1000, 2000],
                    "trade_price_paise": [900, 1800], "cost_paise": [500, 1000],
                    "replaced_by": ["N2", None],
                }
            ),
            "batches": pl.DataFrame(
                {
                    "sku": ["N1"], "batch": ["B1"], "mrp_paise": [1000], "cost_paise": [500],
                    "manufacture_date": [TODAY], "expiry_date": [TODAY + timedelta(days=90)],
                }
            ),
            "purchases": pl.DataFrame(
                {
                    "purchase_invoice": ["P1", "P2"], "supplier_name": ["Maker"] * 2,
                    "supplier_gstin": [""] * 2, "date": [TODAY] * 2, "sku": ["N1"] * 2, "batch": ["B1"] * 2,
                    "location": ["GD-MUM"] * 2, "quantity": [10, 20], "cost_paise": [500] * 2,
                    "tax_paise": [250, 501], "itc_paise": [250, 501],
                }
            ),
        }  # fmt: skip

    def test_new_and_changed_rows_alike_are_written_by_their_codes(self):
        frames = self.frames()
        assert save_masters(frames, actor=ME, at=NOW) == {"skus": 2, "batches": 1, "purchases": 2}
        save_masters(frames, actor=ME, at=NOW)
        assert Sku.objects.count() == 2
        one = Sku.objects.get(code="N1")
        assert (one.case_pack, one.uqc, one.replaced_by.code) == (1, "PCS", "N2")

    def test_the_credit_per_piece_of_a_batch_follows_from_its_purchases(self):
        save_masters(self.frames(), actor=ME, at=NOW)
        assert Batch.objects.get(number="B1").itc_paise == 25  # 751 paise over 30 pieces, half-up

    def test_an_unknown_reference_is_a_fault_of_its_row_and_nothing_is_written(self):
        import polars as pl

        frames = self.frames()
        frames["skus"] = frames["skus"].with_columns(pl.Series("category", ["BIS", "NONE"]))
        with pytest.raises(Invalid) as refusal:
            save_masters(frames, actor=ME, at=NOW)
        assert [(f.row, f.field, f.value) for f in refusal.value.faults] == [(2, "category", "NONE")]
        assert not Sku.objects.exists()


# --- races and walls -----------------------------------------------------------------------


def test_of_two_actions_that_want_the_last_cartons_at_once_one_gets_them(fresh_distributor):
    book = stocked(A=10)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def want() -> None:
        with tenant_context(fresh_distributor):
            start.wait()
            try:
                reserve(uuid4(), [line("A", 7)], actor=ME, at=NOW)
                outcomes.append("held")
            except Refused:
                outcomes.append("refused")
        connection.close()

    threads = [threading.Thread(target=want) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=30)
    assert sorted(outcomes) == ["held", "refused"]
    assert book.position("S1", "A").reserved == 7
    assert check_positions() == []


def test_crosswise_movements_on_two_connections_do_not_deadlock(fresh_distributor):
    book = stocked(A=1000, B=1000)
    place = book.godowns["MUM"].pk
    pks = [book.batches["S1", name].pk for name in "AB"]
    failures: list[Exception] = []

    def shuffle(order: list[int]) -> None:
        with tenant_context(fresh_distributor):
            try:
                for _ in range(15):
                    moves = [MovementLine(pk, place, MovementKind.ADJUSTMENT, -1) for pk in order]
                    record_movements(moves, actor=ME, at=NOW)
            except Exception as error:  # noqa: BLE001 - the test tells of it below
                failures.append(error)
        connection.close()

    threads = [threading.Thread(target=shuffle, args=(order,)) for order in (pks, pks[::-1])]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert failures == []
    assert [book.position("S1", name).on_hand for name in "AB"] == [970, 970]


def test_a_cycle_that_tells_before_it_holds_and_sales_that_tell_after_do_not_deadlock(fresh_distributor):
    book = stocked(A=100)
    failures: list[Exception] = []
    told = threading.Event()

    def cycle() -> None:
        with tenant_context(fresh_distributor), transaction.atomic():
            append_audit(actor=ME, verb="Started", subject="cycle", at=NOW)
            told.set()
            time.sleep(0.5)  # the sales begin meanwhile
            reserve(uuid4(), [line("A", 5)], actor=ME, at=NOW)

    def sales() -> None:
        with tenant_context(fresh_distributor):
            told.wait()
            ingest_sales([sale("T1", "S1", 3)], actor=ME, at=NOW, source="t")

    def run(work) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - the test tells of it below
            failures.append(error)
        connection.close()

    threads = [threading.Thread(target=run, args=(work,)) for work in (cycle, sales)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=30)
    assert failures == []
    position = book.position("S1", "A")
    assert (position.on_hand, position.reserved) == (97, 5)


def test_what_one_distributor_does_the_other_does_not_see(alpha, beta):
    stocked(A=10)
    reserve(uuid4(), [line("A", 4)], actor=ME, at=NOW)
    with tenant_context(beta):
        assert not Position.objects.exists()
        assert not Movement.objects.exists()
        assert not Event.objects.exists()
        with pytest.raises(NotFound):
            reserve(uuid4(), [line("A", 1)], actor=ME, at=NOW)
        theirs = make_book()
        theirs.batch("S1", "A")
        theirs.receive("S1", "A", 3)
    assert Position.objects.get().on_hand == 10


def test_a_dispatch_is_delivered_to_subscribers_like_any_event(alpha):
    from vyapar.engine import registry
    from vyapar.engine.contracts import Subscriber

    registry.hang(Subscriber("tests.stock", "InventoryUpdated", lambda event: None))
    try:
        stocked(A=10)
        reserve(uuid4(), [line("A", 4)], actor=ME, at=NOW)
        assert Delivery.objects.filter(subscriber="tests.stock").count() == 1
    finally:
        registry._subscribers.pop("tests.stock")


def test_a_line_with_another_location_is_another_line():
    assert replace(line("A", 1), location="X").key == ("S1", "A", "X")
