"""How goods came: what an order was, where it came to, and what nobody knows. Then: expected demand."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.models import DailyDemand, MovementKind, Retailer
from inventory.selectors.arrivals import arrivals, read_arrivals
from inventory.selectors.daily import Daily
from inventory.services import record_movements
from inventory.services.ingestion import ingest_sales
from inventory.services.lines import MovementLine
from tests.conftest import NOW
from tests.inventory.book import Book, make_book, sale
from vyapar.engine.services import run_cycle
from vyapar.kernel.actor import system

ME = system("tests")
AGO = [NOW - timedelta(days=days) for days in range(401)]


@pytest.fixture
def book(in_alpha) -> Book:
    made = make_book(2)
    for number in ("A", "B"):
        made.batch("S1", number)
    made.batch("S2", "A")
    return made


def move(book: Book, kind: MovementKind, quantity: int, at: datetime, place: str = "MUM", batch: str = "A"):
    line = MovementLine(book.batches["S1", batch].pk, book.godowns[place].pk, kind, quantity)
    record_movements([line], actor=ME, at=at)


def carry(book: Book, quantity: int, at: datetime, batch: str = "A"):
    move(book, MovementKind.TRANSFER_OUT, -quantity, at, batch=batch)
    move(book, MovementKind.TRANSFER_IN, quantity, at, "BLR", batch)


def came(book: Book, place: str = "MUM", batch: str = "A") -> dict[str, int]:
    keys = (np.array([book.batches["S1", batch].pk]), np.array([book.godowns[place].pk]))
    return {name: column[0] for name, column in read_arrivals(None).of(*keys).items()}


def ordinal(at: datetime) -> int:
    return at.date().toordinal()


def test_an_order_is_all_that_came_of_the_sku_in_a_day_and_the_largest_counts(book):
    for batch, pieces in (("A", 100), ("B", 140)):
        move(book, MovementKind.RECEIPT, pieces, AGO[90], batch=batch)
    move(book, MovementKind.RECEIPT, 30, AGO[80])
    found = came(book)
    assert (found["ordered"], found["day"], found["came"]) == (240, ordinal(AGO[90]), 130)
    assert not found["opened"]
    assert not found["moved"]


def test_pieces_bought_one_by_one_are_no_large_order(book):
    for days in range(60, 90):
        move(book, MovementKind.RECEIPT, 4, AGO[days])
    assert (came(book)["ordered"], came(book)["came"]) == (4, 120)


def test_of_stock_that_stood_when_the_books_began_no_order_is_known(book):
    move(book, MovementKind.OPENING, 500, AGO[90])
    found = came(book)
    assert (found["ordered"], found["day"], found["came"], bool(found["opened"])) == (0, 0, 500, True)


def test_a_batch_that_a_later_statement_names_first_came_that_day(book):
    move(book, MovementKind.OPENING, 500, AGO[90])
    move(book, MovementKind.OPENING, 70, AGO[60], batch="B")
    found = came(book, batch="B")
    assert (found["ordered"], found["day"], bool(found["opened"])) == (70, ordinal(AGO[60]), False)


def test_a_receipt_that_was_taken_back_is_no_order(book):
    move(book, MovementKind.OPENING, 10, AGO[90])
    move(book, MovementKind.RECEIPT, 300, AGO[60])
    move(book, MovementKind.RECEIPT, -300, AGO[59])
    assert came(book)["ordered"] == 0


def test_what_was_moved_keeps_the_order_and_the_place_to_which_it_came(book):
    move(book, MovementKind.RECEIPT, 100, AGO[90])
    carry(book, 60, AGO[10])
    here, there = came(book), came(book, "BLR")
    assert (there["ordered"], there["day"], there["code"]) == (100, ordinal(AGO[90]), here["code"])
    assert bool(there["moved"])
    assert not here["moved"]
    assert there["came"] == 60
    move(book, MovementKind.SALE_RETURN, 7, AGO[20])
    move(book, MovementKind.SALE_RETURN, 2, AGO[5], "BLR")
    assert (came(book)["back"], came(book, "BLR")["back"]) == (7, 9)


def test_what_a_depot_hands_on_is_an_order_of_where_it_went(book):
    Retailer.objects.filter(territory=book.territories["MUM"]).delete()
    move(book, MovementKind.RECEIPT, 100, AGO[90])
    carry(book, 60, AGO[10])
    there = came(book, "BLR")
    assert (there["ordered"], there["day"], bool(there["moved"])) == (60, ordinal(AGO[10]), False)
    assert there["code"] != came(book)["code"]


def test_what_never_came_has_no_order_and_no_day(book):
    assert came(book, "BLR") == dict.fromkeys(came(book, "BLR"), 0)


def sells(book: Book, place: str, pieces: int) -> None:
    """So many pieces of S1 a day until today, and of S2 so that days are known."""
    for sku in ("S1", "S2"):
        DailyDemand.objects.bulk_create(
            DailyDemand(
                sku=book.skus[sku], territory=book.territories[place], day=at.date(), quantity=pieces,
                revenue_paise=8_000 * pieces, lines=1, outlets=1,
            )
            for at in AGO[1:301]
        )  # fmt: skip


@pytest.mark.parametrize("moved", [False, True])
def test_the_cause_survives_a_transfer(book, moved):
    sells(book, "MUM", 2)
    sells(book, "BLR", 90)
    move(book, MovementKind.RECEIPT, 1_000, AGO[100])
    if moved:
        carry(book, 1_000, AGO[10])
    run_cycle("prediction", NOW, at=NOW)
    told = book.position("S1", "A", "BLR" if moved else "MUM").outlook
    assert (told.cause, told.evidence["ordered"], told.evidence["moved"]) == ("over_buy", 1_000, int(moved))
    assert told.evidence["expected_daily"] == 2


def test_what_outlets_brought_back_after_it_was_sold_is_told_as_returned(book):
    sells(book, "MUM", 2)
    move(book, MovementKind.RECEIPT, 60, AGO[100])
    move(book, MovementKind.SALE, -60, AGO[90])
    move(book, MovementKind.SALE_RETURN, 55, AGO[89])
    DailyDemand.objects.filter(day__gt=AGO[85].date(), sku__code="S1").delete()
    run_cycle("prediction", NOW, at=NOW)
    told = book.position("S1", "A").outlook
    assert (told.cause, told.second) == ("returned", "demand_fell")


def test_a_return_that_names_no_batch_is_one_of_the_batch_it_went_to(book):
    move(book, MovementKind.RECEIPT, 60, AGO[100])
    ingest_sales([sale("T1", "S1", 50)], actor=ME, at=NOW, source="t")
    ingest_sales([sale("T2", "S1", -40)], actor=ME, at=NOW, source="t")
    assert (book.position("S1", "A").on_hand, came(book)["back"]) == (50, 40)


# --- odd books -----------------------------------------------------------------------------

_PIECES = st.sampled_from([0, 0, 0, 1, 12, -12, 500])
_MOVES = st.lists(
    st.tuples(
        st.integers(1, 3), st.integers(1, 3), st.sampled_from([739_000, 739_001, 739_400]), _PIECES, _PIECES,
        _PIECES, _PIECES, _PIECES,
    ),
    max_size=8,
    unique_by=lambda row: row[:3],
)  # fmt: skip


def made(rows) -> dict[tuple[int, int], tuple[int, ...]]:
    """Arrivals by batch and place, of rows batch, place, day, pieces …; SKU is batch over 2."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 8).T
    names = ("receipt", "opening", "moved", "back", "found")
    columns = {"batch": table[0], "location": table[1], "sku": table[0] // 2, "territory": table[1] + 50}
    columns |= {"day": table[2], **dict(zip(names, table[3:], strict=True))}
    began = {"location": np.array([1, 2]), "day": np.array([739_000, 739_001])}
    found = arrivals(columns, began, np.array([51, 52]))
    known = found.of(table[0], table[1])
    values = list(zip(*(column.tolist() for column in known.values()), strict=True))
    return dict(zip(zip(table[0].tolist(), table[1].tolist(), strict=True), values, strict=True))


@given(_MOVES)
def test_odd_ledgers_are_read_the_same_in_any_order_and_sku_by_sku(rows):
    whole = made(rows)
    assert made(rows[::-1]) == whole
    for sku in range(2):
        mine = [row for row in rows if row[0] // 2 == sku]
        assert made(mine) == {key: one for key, one in whole.items() if key[0] // 2 == sku}


# --- what could be expected ----------------------------------------------------------------


def daily(sold: dict[int, int], days: int = 730) -> Daily:
    """One item that sold so many pieces on some days."""
    day = np.array(sorted(sold), dtype=np.int64)
    pieces = np.array([sold[one] for one in day.tolist()], dtype=np.int64)
    return Daily(days, np.full(day.size, 1_000_001), day, pieces, pieces * 100, np.ones_like(day))


def expected(one: Daily, day: int) -> float:
    return float(one.usual().expected(np.array([1_000_001]), np.array([day]))[0])


def test_one_large_order_of_a_shop_is_not_what_can_be_expected():
    steady = dict.fromkeys(range(600, 700), 2)
    assert expected(daily(steady), 700) == 2
    assert expected(daily(steady | {690: 500}), 700) < 2.5


def test_an_order_a_week_before_it_came_saw_what_sold_then():
    assert expected(daily(dict.fromkeys(range(633, 640), 30)), 700) == pytest.approx(30 * 7 / 60)


def test_a_season_a_year_before_lifts_what_can_be_expected():
    steady = dict.fromkeys(range(275, 335), 2) | dict.fromkeys(range(640, 700), 2)
    season = {day: pieces for day, pieces in steady.items() if day > 500 or day % 10 == 0}
    season |= dict.fromkeys(range(335, 395), 2)
    assert expected(daily(steady), 700) == 2
    assert 4 < expected(daily(season), 700) <= 6
    assert expected(daily(dict.fromkeys(range(640, 700), 2)), 700) == 2
