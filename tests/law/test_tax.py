"""Place of supply, the split of tax, rounding."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vyapar.kernel.errors import Invalid
from vyapar.law.states import list_states
from vyapar.law.tax import (
    IGST,
    no_tax,
    place_of_supply,
    round_to_rupee,
    split_tax,
    tax_kind,
    taxable_from_inclusive,
)

paise = st.integers(0, 10**12)
rates = st.integers(0, 5000)
states = st.sampled_from([s.code for s in list_states() if s.tax != IGST])


@given(paise, rates, states)
@example(1, 500, "27")
@example(10, 500, "27")
@example(4_700_000, 25, "04")
def test_within_a_state_the_two_halves_are_equal_and_each_is_rounded_half_up(taxable, rate, state):
    tax = split_tax(taxable, rate, state, state)
    exact = Decimal(taxable) * rate / 20_000
    assert tax.cgst == tax.sgst == int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    assert tax.igst == 0
    assert tax.total == tax.cgst + tax.sgst
    assert tax.kind in {"CGST+SGST", "CGST+UTGST"}


@given(paise, rates, states, states)
def test_across_states_the_whole_tax_is_one_head(taxable, rate, supplier, place):
    tax = split_tax(taxable, rate, supplier, place)
    assert (tax.kind == IGST) == (supplier != place)
    if supplier != place:
        assert (tax.cgst, tax.sgst) == (0, 0)
        assert abs(Decimal(tax.igst) - Decimal(taxable) * rate / 10_000) <= Decimal("0.5")


@given(paise, rates, states, states)
def test_both_ways_of_splitting_charge_the_same_to_within_a_paisa_per_head(taxable, rate, here, there):
    inside, across = split_tax(taxable, rate, here, here), split_tax(taxable, rate, "96", there)
    assert abs(inside.total - across.total) <= 1


@given(st.integers(-(10**12), 10**12))
@example(50)
@example(49)
@example(-50)
def test_a_total_is_rounded_to_the_rupee_and_the_round_off_says_by_how_much(total):
    rounded, round_off = round_to_rupee(total)
    assert rounded % 100 == 0
    assert rounded - round_off == total
    assert abs(round_off) <= 50


@given(paise, rates)
def test_the_value_inside_a_price_with_tax_gives_the_price_back_within_a_paisa(price, rate):
    taxable = taxable_from_inclusive(price, rate)
    assert abs(taxable + Decimal(taxable) * rate / 10_000 - price) <= 1


def test_cess_stands_on_its_own_head():
    tax = split_tax(100_00, 2800, "27", "29", cess_bp=1200)
    assert (tax.igst, tax.cess, tax.total) == (28_00, 12_00, 40_00)


def test_a_special_economic_zone_is_always_another_state():
    assert tax_kind("27", "27", sez=True) == IGST


def test_a_negative_rate_is_refused():
    with pytest.raises(Invalid):
        split_tax(100, -1, "27", "27")


def test_what_is_not_a_supply_bears_no_tax():
    assert no_tax("27", "27").total == 0


def test_place_of_supply_follows_the_buyer_when_goods_go_to_a_third_person():
    assert place_of_supply(delivery_state="29") == "29"
    assert place_of_supply(delivery_state="29", bill_to_state="33") == "33"
    assert place_of_supply(delivery_state="29", buyer_registered=False, supplier_state="27") == "27"
    assert (
        place_of_supply(delivery_state="29", buyer_registered=False, address_state="33", supplier_state="27")
        == "33"
    )
