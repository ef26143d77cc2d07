"""What a week of waiting costs: exact for a lot by hand, and true in every direction it must be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inventory.contracts import NO_DAY
from inventory.impact import WAYS, price_ways
from inventory.impact.waiting import waiting
from tests.inventory.test_impact import POLICY, lots
from tests.inventory.test_split import lot_of, some_lots
from vyapar.law.itc import WAYS_OUT, itc_effect

HUNDRED = settings(max_examples=100, deadline=None)


def claim(days: int):
    return np.array([days], dtype=np.int64)


def test_a_week_costs_the_destroyers_way_nothing_but_the_keep():
    """100 pieces at 10 rupees: 18 % and 12 % a year for 7 days on all of them."""
    found = waiting(lots(held_sold=0), POLICY, claim(30))
    way = WAYS.index("destroy")
    assert found.cost[way, 0] == 345 + 230
    assert found.last_day[way, 0] == NO_DAY


def test_a_claim_window_that_closes_within_the_week_costs_the_claim():
    open_on = waiting(lots(held_sold=0), POLICY, claim(7))
    closed = waiting(lots(held_sold=0), POLICY, claim(6))
    way = WAYS.index("return_to_company")
    assert open_on.cost[way, 0] == 345 + 230
    then = price_ways(replace(lots(held_sold=0), days=[53], life_days=[83]), POLICY)
    assert closed.cost[way, 0] == closed.today[way, 0] - then.net[0, 0] + 345 + 230
    assert closed.cost[way, 0] > open_on.cost[way, 0]
    assert closed.last_day[way, 0] == 6


def test_what_sells_meanwhile_comes_in_at_the_plain_price():
    found = waiting(lots(held_sold=60), POLICY, claim(30))
    way = WAYS.index("destroy")
    keep = 321 + 214  # of the 93 pieces that are left, 7 of 60 days having sold 7
    assert found.later[way, 0] - price_ways(lots(quantity=93), POLICY).net[way, 0] == 7 * 1_200 - keep


def test_a_week_costs_a_small_lot_its_share_of_what_it_costs_a_large_one():
    """Ten pieces in place of a thousand, alike in all else: a hundredth, and not a whole piece or nothing."""
    large, small = (
        waiting(lots(quantity=n, held_sold=n // 5, moved_sold=n * 7 // 10, days=180), POLICY, claim(NO_DAY))
        for n in (1_000, 10)
    )
    for name in ("hold", "transfer"):
        way = WAYS.index(name)
        assert small.cost[way, 0] == pytest.approx(large.cost[way, 0] / 100, abs=10), name
    # 700 of 1,000 pieces sell within 177 days of selling there; a week less of it loses 7 / 177 of them
    lost = 700 * 7 / 177 * 1_200
    assert large.cost[WAYS.index("transfer"), 0] == pytest.approx(lost, rel=0.25)


@pytest.mark.parametrize(
    ("name", "last"), [("transfer", 60 - 3 - 1), ("discount", 59), ("return_to_company", 12), ("donate", 83)]
)
def test_the_last_day_of_a_way_is_the_last_on_which_it_is_open(name, last):
    assert waiting(lots(), POLICY, claim(12)).last_day[WAYS.index(name), 0] == last


@HUNDRED
@given(some_lots, st.integers(-10, 60), st.integers(0, 30))
def test_closed_ways_cost_nothing_and_cost_is_today_less_later(values, claim_days, days):
    lot = lot_of(values)
    found, now = waiting(lot, POLICY, claim(claim_days), days), price_ways(lot, POLICY)
    assert (found.cost == found.today - found.later).all()
    assert (found.cost[~now.available] == 0).all()
    assert (found.last_day[~now.available] == -1).all()
    assert (found.last_day[now.available] >= 0).all()


@HUNDRED
@given(some_lots)
def test_no_wait_costs_nothing(values):
    found = waiting(lot_of(values), POLICY, claim(NO_DAY), 0)
    assert not found.cost.any()


def test_the_ways_that_lose_the_input_tax_credit_are_those_of_the_law():
    """s.17(5)(h) CGST Act by the dated table: destroyed and given away, nothing else."""
    from datetime import date

    lot = lots(held_sold=100, moved_sold=100, quantity=100)
    found = price_ways(lot, replace(POLICY, discount_sell_through_bp=10_000, claim_success_bp=10_000))
    for day in (date(2024, 4, 1), date(2026, 11, 28)):
        for way in WAYS_OUT:
            lawful = itc_effect(way, day, quantity=100, itc_per_unit_paise=180).reverse_paise
            told = {one.name: one for one in found.of(0)}[way].components["itc_reversal"]
            assert -told == lawful, way
