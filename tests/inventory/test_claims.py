"""What companies credit: a yearly cap spent once by all lots, and how often and when each of them pays."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts import NO_CAP
from inventory.impact import WAYS, price_ways
from inventory.impact.interval import Span, intervals
from inventory.models import Brand
from inventory.selectors.book import read_book
from inventory.selectors.claims import claim_rooms
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.inventory.test_impact import POLICY, lots
from vyapar.kernel.calendar import financial_year

RETURN = WAYS.index("return_to_company")


def claim_of(**values):
    return {way.name: way for way in price_ways(lots(**values), POLICY).of(0)}["return_to_company"]


def test_no_more_is_claimed_than_the_company_still_credits():
    assert claim_of().components["claim"] == 58_500  # 90 % of 1,00,000 paise, accepted 65 times of 100
    assert claim_of(claim_room=40_000).components["claim"] == 26_000
    assert claim_of(claim_room=NO_CAP).components["claim"] == 58_500
    spent = claim_of(claim_room=0)
    assert (spent.available, spent.net_paise, spent.note) == (False, 0, "closed_not_taken_back")


def test_a_company_that_is_known_to_pay_is_weighed_by_its_own_figures():
    sure = claim_of(claim_success_bp=10_000, claim_days=365).components
    assert sure["claim"] == 90_000
    assert sure["opportunity"] == -10_800  # a year at 12 %
    assert sure["itc_reversal"] == sure["disposal"] == 0
    never = claim_of(claim_success_bp=0).components
    assert never["claim"] == 0
    assert never["itc_reversal"] == -18_000
    nothing = Span(low=np.zeros(1, np.int64), high=np.zeros(1, np.int64))
    certain = intervals(lots(claim_success_bp=10_000), POLICY, here=nothing, there=nothing)
    assert certain.low[RETURN, 0] == certain.high[RETURN, 0]


@pytest.fixture
def book(in_alpha):
    """Two SKUs of one brand that takes goods back at any time for 60 % of their cost."""
    made = make_book(2)
    Brand.objects.update(return_bp=6_000, return_days=None)
    for sku, number, life in (("S1", "B1", 200), ("S2", "B2", 60)):
        made.batch(sku, number, expires_in=life)
        made.receive(sku, number, 100, at=NOW - timedelta(days=90))
    return made


def rooms(book, *skus):
    found = read_book(TODAY, "", [book.skus[sku].pk for sku in skus], part=True)
    return dict(zip(found.position_ids.tolist(), found.claim_room_paise.tolist(), strict=True))


def test_a_cap_is_shared_by_all_lots_of_a_company_what_expires_first_before_the_rest(book):
    first, last = book.position("S2", "B2"), book.position("S1", "B1")
    whole = 100 * first.batch.cost_paise * 6_000 // 10_000
    assert set(rooms(book, "S1", "S2").values()) == {NO_CAP}
    cap = whole + 1_000
    Brand.objects.update(claim_cap_paise=cap)
    assert rooms(book, "S1", "S2") == {first.pk: whole, last.pk: 1_000}
    # whichever part of the book is read, the same share is told
    assert rooms(book, "S1") == {last.pk: 1_000}
    Brand.objects.update(claimed_paise=whole, claimed_year=financial_year(TODAY))
    assert rooms(book, "S1", "S2") == {first.pk: 1_000, last.pk: 0}
    Brand.objects.update(claimed_year="2019-20")
    assert rooms(book, "S1", "S2") == {first.pk: whole, last.pk: 1_000}


def test_what_can_no_longer_be_claimed_takes_nothing_of_the_cap(book):
    first, last = book.position("S2", "B2"), book.position("S1", "B1")
    Brand.objects.update(claim_cap_paise=1_000, return_days=-100)
    assert rooms(book, "S1", "S2") == {first.pk: 0, last.pk: 1_000}


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 500),
    st.integers(0, 10_000),
    st.integers(0, 10_000),
    st.sampled_from([0, 1, 50_000, NO_CAP]),
)
def test_a_claim_never_passes_its_room_and_parts_add_up(pieces, bp, success, room):
    lot = lots(
        quantity=pieces, held_sold=0, moved_sold=0, return_bp=bp, claim_success_bp=success, claim_room=room
    )
    way = price_ways(lot, POLICY).of(0)
    found = next(one for one in way if one.name == "return_to_company")
    assert 0 <= found.components["claim"] <= min(room, pieces * 1_000)
    assert sum(found.components.values()) == found.net_paise


@pytest.mark.parametrize(
    "wrong", [{"claim_cap_paise": -1}, {"claim_success_bp": 10_001}, {"claimed_paise": -1}]
)
def test_no_company_pays_more_often_than_always_or_less_than_nothing(book, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Brand.objects.update(**wrong)


def test_without_a_cap_no_position_is_looked_at(book):
    assert claim_rooms(TODAY, np.array([5, 6])).tolist() == [NO_CAP, NO_CAP]
