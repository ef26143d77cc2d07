"""Sums that the first screen and the pivot read: equal to the items they stand for, whatever happens."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from inventory.models import Brand, StockCell, StockItem
from inventory.selectors.cells import KEPT_HEADLINE, MEASURES, list_astray
from inventory.selectors.items import ItemFilter, get_headline, sum_stock
from inventory.selectors.shelf import StockFilter, cut_items, cut_wanted, list_items, sum_items, sum_wanted
from inventory.services import renew_sums
from inventory.services.cells import sums_follow
from inventory.views.first_screen import _headline
from tests.conftest import NOW
from tests.inventory.book import TODAY, Book, make_book
from vyapar.engine.models import Cycle

pytestmark = pytest.mark.usefixtures("in_alpha")

STATUSES = ("active", "slow_moving", "dead", "liquidating")
ROW = st.fixed_dictionaries(
    {
        "current_stock": st.sampled_from([0, 1, 12, 10**9]),
        "days_without_movement": st.sampled_from([0, 30, 31, 60, 61, 90, 91, 180, 181, 9_999]),
        "status": st.sampled_from(STATUSES),
        "cause": st.sampled_from(["", "over_buy"]),
        "value_paise": st.integers(0, 10**12),
        "at_risk_quantity": st.sampled_from([0, 0, 1, 7]),
        "at_risk_paise": st.integers(0, 10**9),
        "loss_paise": st.integers(-(10**9), 10**9),
        "due": st.sampled_from([0, 30, 60, 90]),
        "due_paise": st.integers(0, 10**6),
        "expired_positions": st.integers(0, 3),
        "expired_paise": st.integers(0, 10**9),
    }
)
#: Which item, and what becomes of it; None takes it away.
CHANGES = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["MUM", "BLR"]), st.none() | ROW), max_size=8)


FILTERS = [
    StockFilter(status=status, age=age, expires=expires, at_risk=risk)
    for status, age, expires, risk in product(("", "dead"), (None, 1), (None, 30, 90), (False, True))
] + [StockFilter(territory="MUM"), StockFilter(category="BIS"), StockFilter(category="NONE")]


@pytest.fixture
def goods(in_alpha: None) -> Book:
    return make_book(skus=4)


def fields(row: dict[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in row.items() if name not in ("due", "due_paise")}
    for days in (30, 60, 90):
        soon = 0 < row["due"] <= days and row["at_risk_quantity"] > 0  # what is due is at risk
        found |= {f"due_{days}_quantity": int(soon), f"due_{days}_paise": row["due_paise"] if soon else 0}
    return found


def write(book: Book, sku: int, place: str, row: dict[str, Any] | None) -> None:
    where = {"sku": book.skus[f"S{sku}"], "territory": book.territories[place]}
    StockItem.objects.filter(**where).delete()
    if row is not None:
        StockItem.objects.create(**where, as_of=TODAY, updated_at=NOW, **fields(row))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(CHANGES, min_size=1, max_size=3),
    wanted=st.sampled_from(FILTERS),
    by=st.sampled_from(["status", "category", "age"]),
)
@example(rounds=[[(1, "MUM", None)]], wanted=StockFilter(), by="age")
def test_sums_that_follow_every_change_equal_the_items(
    goods: Book, rounds: list[Any], wanted: StockFilter, by: str
) -> None:
    with transaction.atomic():
        StockItem.objects.all().delete()
        renew_sums()
        for changes in rounds:
            skus = sorted({goods.skus[f"S{sku}"].pk for sku, _place, _row in changes})
            with sums_follow(skus):
                for change in changes:
                    write(goods, *change)
            assert list_astray() == []
        kept = set(StockCell.objects.values_list("territory", "category", "age", "status", *MEASURES))
        renew_sums()
        again = set(StockCell.objects.values_list("territory", "category", "age", "status", *MEASURES))
        assert kept == again
        rows = list_items(wanted)
        assert sum_wanted(wanted) == sum_items(rows)
        assert cut_wanted(wanted, by) == cut_items(rows, by)
        transaction.set_rollback(True)


PLAIN = {
    "current_stock": 5, "days_without_movement": 40, "status": "dead", "cause": "", "value_paise": 70,
    "at_risk_quantity": 2, "at_risk_paise": 30, "loss_paise": 9, "due": 30, "due_paise": 11,
    "expired_positions": 1, "expired_paise": 5,
}  # fmt: skip


def test_one_sum_astray_is_found_named_and_mended(goods: Book) -> None:
    write(goods, 1, "MUM", PLAIN)
    renew_sums()
    call_command("check_aggregates", distributor="alpha")
    StockCell.objects.update(value_paise=71)
    [one] = list_astray()
    assert (one.kept[2], one.counted[2]) == (71, 70)
    with pytest.raises(CommandError, match="1 sums differ"):
        call_command("check_aggregates", distributor="alpha")
    call_command("check_aggregates", distributor="alpha", mend=True)
    assert list_astray() == []


def test_goods_that_change_their_brand_take_their_sums_along(goods: Book) -> None:
    write(goods, 1, "MUM", PLAIN)
    renew_sums()
    other = Brand.objects.create(name="Other")
    goods.skus["S1"].brand = other
    goods.skus["S1"].save()
    assert len(list_astray()) == 2
    renew_sums()
    assert list_astray() == []
    assert sum_stock(ItemFilter(brands=("Other",))).total.items == 1


def test_the_headline_is_read_from_sums_alone(goods: Book) -> None:
    for sku in (1, 2, 3, 4):
        write(goods, sku, "MUM", PLAIN)
    renew_sums()
    with CaptureQueriesContext(connection) as asked:
        headline = get_headline()
    assert len(asked) == 2
    assert (headline.dead_items, headline.dead_paise, headline.expired_positions) == (4, 280, 4)
    assert headline.expiring == {30: 44, 60: 44, 90: 44}


def test_the_headline_is_kept_until_the_sums_move(goods: Book, django_capture_on_commit_callbacks) -> None:
    cache.delete(KEPT_HEADLINE)
    Cycle.objects.create(agent="monitoring", as_of=NOW, claimed_at=NOW, state="done")
    write(goods, 1, "MUM", PLAIN)
    renew_sums()
    assert _headline().dead_items == 1
    write(goods, 2, "MUM", PLAIN)
    with django_capture_on_commit_callbacks() as told:  # not committed yet
        renew_sums()
    assert _headline().dead_items == 1
    for tell in told:
        tell()
    assert _headline().dead_items == 2
    with (
        django_capture_on_commit_callbacks(execute=True),
        transaction.atomic(),
        sums_follow([goods.skus["S3"].pk]),
    ):
        write(goods, 3, "MUM", PLAIN)
    assert _headline().dead_items == 3
