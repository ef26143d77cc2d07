"""Reads: columns as arrays, distances, pages that miss nothing, sums that tie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inventory.models import BatchRisk, MovementKind, StockItem
from inventory.selectors import (
    AGE_BANDS,
    ItemFilter,
    age_band,
    get_headline,
    get_sku,
    list_stock_items,
    road_kilometres,
    sum_stock,
    tally_stock,
)
from inventory.selectors.columns import positions_of, read_columns
from inventory.selectors.distances import lane_days, lane_paise_per_kg
from inventory.selectors.flows import list_at_risk
from inventory.selectors.items import SUMS
from inventory.services import record_movements, renew_sums
from inventory.services.lines import MovementLine
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book
from vyapar.kernel.actor import system
from vyapar.kernel.errors import Invalid, NotFound

_instants = count()


def item(book: Book, sku: str, place: str, **values) -> StockItem:
    """A scored item, a second later than the one before."""
    fields = {
        "current_stock": 10, "value_paise": 50_000, "as_of": TODAY,
        "updated_at": NOW + timedelta(seconds=next(_instants)), **values,
    }  # fmt: skip
    return StockItem.objects.create(sku=book.skus[sku], territory=book.territories[place], **fields)


@pytest.mark.usefixtures("in_alpha")
def test_what_a_transfer_brought_at_night_came_on_the_indian_day():
    book = make_book()
    book.batch("S1", "A")
    night = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)  # half past one of the 23rd in India
    spot = book.batches["S1", "A"].pk, book.godowns["MUM"].pk
    record_movements([MovementLine(*spot, MovementKind.TRANSFER_IN, 40)], actor=system("tests"), at=night)
    BatchRisk.objects.create(
        position=book.position("S1", "A"), as_of=TODAY, at_risk_quantity=40, at_risk_paise=200_000,
        expected_unsold=40, probability_unsold=1, p90_unsold=40,
    )  # fmt: skip
    [row] = list_at_risk(TODAY)
    assert row.last_transfer_date == TODAY


@pytest.mark.usefixtures("in_alpha")
class TestColumns:
    def test_whole_and_broken_numbers_come_as_they_are(self):
        found = read_columns(
            "SELECT n, n / 4.0 FROM generate_series(%s::int, 5) n", {"n": "int", "quarter": "float"}, [-2]
        )
        assert found["n"].tolist() == [-2, -1, 0, 1, 2, 3, 4, 5]
        assert found["quarter"].tolist() == [n / 4 for n in range(-2, 6)]

    def test_no_rows_are_empty_arrays(self):
        found = read_columns("SELECT 1 WHERE false", {"n": "int"})
        assert found["n"].size == 0

    def test_a_null_is_a_bug_of_the_query_and_not_a_number(self):
        with pytest.raises(ValueError, match="nulls"):
            read_columns("SELECT 1, NULL::int UNION ALL SELECT 1, 2", {"a": "int", "b": "int"})


@given(
    keys=st.lists(st.integers(-1_000, 1_000), unique=True, max_size=30),
    wanted=st.lists(st.integers(-1_100, 1_100), max_size=30),
)
@settings(max_examples=100)
def test_a_key_is_found_where_it_stands_or_not_at_all(keys, wanted):
    found = positions_of(np.array(keys, dtype=np.int64), np.array(wanted, dtype=np.int64))
    assert found.tolist() == [keys.index(w) if w in keys else -1 for w in wanted]


class TestDistances:
    MUMBAI, BENGALURU, CHENNAI = (19.12, 72.90), (12.97, 77.59), (13.06, 80.24)

    def test_cities_lie_about_as_far_apart_by_road_as_they_do(self):
        places = np.array([self.MUMBAI, self.BENGALURU, self.CHENNAI])
        road = road_kilometres(places[:, 0], places[:, 1])
        assert 980 <= road[0, 1] <= 1_120  # the NH48 is about 985 km long
        assert 330 <= road[1, 2] <= 390  # the NH48 again, 346 km
        assert np.array_equal(road, road.T)
        assert np.diag(road).tolist() == [0, 0, 0]

    def test_two_places_are_never_no_distance_apart(self):
        assert road_kilometres(np.array([10.0, 10.0]), np.array([70.0, 70.0]))[0, 1] == 1

    def test_freight_and_days_follow_from_the_distance(self):
        kilometres = np.array([0, 1, 350, 351, 1_000])
        assert lane_paise_per_kg(kilometres).tolist() == [150, 151, 465, 466, 1_050]
        assert lane_days(kilometres).tolist() == [0, 1, 1, 2, 3]


@pytest.mark.usefixtures("in_alpha")
class TestItems:
    @pytest.mark.parametrize("order", ["worst", "changes", "sku"])
    def test_pages_follow_one_another_without_gap_or_overlap(self, order):
        book = make_book(skus=5)
        for n, sku in enumerate(book.skus):
            for place in book.territories:
                item(book, sku, place, at_risk_paise=n % 2 * 100)
        whole = [row.id for row in list_stock_items(order=order, limit=100).items]
        seen, cursor = [], ""
        while True:
            page = list_stock_items(order=order, cursor=cursor, limit=3)
            seen += [row.id for row in page.items]
            if not (cursor := page.next_cursor):
                break
        assert seen == whole
        assert len(seen) == 10

    def test_whoever_follows_changes_sees_what_moved_behind_the_cursor(self):
        book = make_book(skus=3)
        rows = [item(book, sku, "MUM") for sku in book.skus]
        page = list_stock_items(order="changes", limit=2)
        StockItem.objects.filter(pk=rows[0].pk).update(updated_at=NOW + timedelta(days=1))
        rest = list_stock_items(order="changes", cursor=page.next_cursor)
        assert [row.id for row in rest.items] == [rows[2].pk, rows[0].pk]

    def test_filters_narrow_together(self):
        book = make_book(skus=3)
        item(book, "S1", "MUM", status="dead", days_without_movement=70, at_risk_quantity=1)
        item(book, "S1", "BLR", status="dead", days_without_movement=20, expiry_date=TODAY)
        item(book, "S2", "MUM", current_stock=0)

        def found(**chosen) -> list[tuple[str, str]]:
            page = list_stock_items(ItemFilter(**chosen), order="sku")
            return [(row.sku, row.territory) for row in page.items]

        assert found(statuses=("dead",)) == [("S1", "BLR"), ("S1", "MUM")]
        assert found(statuses=("dead",), territories=("MUM",)) == [("S1", "MUM")]
        assert found(age=61) == [("S1", "MUM")]
        assert found(words="iscuit 2") == [("S2", "MUM")]
        assert found(categories=("BIS",), in_stock=True) == [("S1", "BLR"), ("S1", "MUM")]
        assert found(expires_by=TODAY) == [("S1", "BLR")]
        assert found(at_risk=True) == [("S1", "MUM")]
        assert found(updated_since=NOW + timedelta(days=1)) == []

    def test_strange_orders_cursors_and_bands_are_refused(self):
        for wrong in (
            lambda: list_stock_items(order="luck"),
            lambda: list_stock_items(cursor="%%%"),
            lambda: list_stock_items(cursor="YWJj"),
            lambda: list_stock_items(ItemFilter(age=7)),
        ):
            with pytest.raises(Invalid):
                wrong()


@given(days=st.integers(0, 10_000))
@settings(max_examples=100)
def test_every_number_of_days_falls_into_one_band(days):
    band = age_band(days)
    later = [first for first in AGE_BANDS if first > band]
    assert band <= days
    assert not later or days < later[0]


ITEMS = st.lists(
    st.tuples(
        st.sampled_from(["S1", "S2", "S3", "S4"]), st.sampled_from(["MUM", "BLR"]),
        st.sampled_from(["active", "slow_moving", "dead", "liquidating"]),
        st.integers(0, 400), st.integers(0, 50), st.integers(0, 10**9), st.integers(0, 10**9),
    ),
    unique_by=lambda row: row[:2],
)  # fmt: skip


@pytest.fixture
def goods(in_alpha) -> Book:
    """Made once for all examples."""
    return make_book(skus=4)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ITEMS)
def test_sums_along_every_dimension_are_the_same_sum(goods, rows):
    StockItem.objects.all().delete()
    for sku, place, status, days, stock, value, risk in rows:
        item(
            goods, sku, place, status=status, days_without_movement=days, current_stock=stock,
            value_paise=value, at_risk_paise=risk,
        )  # fmt: skip
    renew_sums()
    totals = sum_stock()
    stocked = [row for row in rows if row[4] > 0]
    assert totals.total.items == len(stocked)
    assert totals.total.value_paise == sum(row[5] for row in stocked)
    assert totals.total.at_risk_paise == sum(row[6] for row in stocked)
    for cut in (totals.by_territory(), totals.by_department(), totals.by_age(), totals.by_status()):
        for name in SUMS:
            assert sum(getattr(cell, name) for cell in cut) == getattr(totals.total, name)
    headline = get_headline()
    assert headline.value_paise == totals.total.value_paise
    assert headline.dead_paise == sum(row[5] for row in stocked if row[2] == "dead")
    assert sum(figures["items"] for figures in tally_stock().values()) == len(stocked)


@pytest.mark.usefixtures("in_alpha")
class TestSku:
    def test_batches_stand_in_the_order_in_which_they_are_sold(self):
        book = make_book()
        for number, days in (("B", 90), ("A", 30), ("N", None)):
            book.batch("S1", number, expires_in=days)
            book.receive("S1", number, 5)
        detail = get_sku("S1", TODAY)
        assert [row.batch for row in detail.batches] == ["A", "B", "N"]
        assert detail.brand == "Tivrano"

    def test_a_sku_that_does_not_exist_is_not_found(self):
        with pytest.raises(NotFound):
            get_sku("S1", TODAY)
