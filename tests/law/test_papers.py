"""Which paper, which value, which last day."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vyapar.kernel.errors import Invalid, Refused
from vyapar.law.papers import (
    COPIES,
    PaperKind,
    credit_note_last_date,
    paper_for,
    particulars,
    table_13_class,
)
from vyapar.law.valuation import find_valuation, get_valuation

MAHARASHTRA = "27AAPFU0939F1ZV"
SECOND_IN_MAHARASHTRA = "27AAPFU0939F2ZU"
KARNATAKA = "29AABCR1718E1ZL"


def test_one_registration_moves_its_goods_on_a_challan_without_tax():
    need = paper_for(MAHARASHTRA, MAHARASHTRA, all_nil=False)
    assert need.kind is PaperKind.DELIVERY_CHALLAN
    assert not need.is_supply
    assert "Rule 55" in need.basis


def test_two_registrations_of_one_pan_need_a_tax_invoice_even_in_one_state():
    need = paper_for(MAHARASHTRA, SECOND_IN_MAHARASHTRA, all_nil=False)
    assert need.kind is PaperKind.TAX_INVOICE
    assert need.is_supply
    assert "distinct persons" in need.reason
    assert "Schedule I" in need.basis


def test_exempt_goods_between_registrations_go_on_a_bill_of_supply():
    assert paper_for(MAHARASHTRA, KARNATAKA, all_nil=True).kind is PaperKind.BILL_OF_SUPPLY


def test_exempt_goods_of_one_registration_still_go_on_a_challan():
    assert paper_for(MAHARASHTRA, MAHARASHTRA, all_nil=True).kind is PaperKind.DELIVERY_CHALLAN


def test_a_sender_without_registration_gets_no_paper():
    with pytest.raises(Refused):
        paper_for("", KARNATAKA, all_nil=False)


def test_every_goods_paper_has_three_copies_with_their_legends():
    assert COPIES[PaperKind.DELIVERY_CHALLAN][0] == "ORIGINAL FOR CONSIGNEE"
    copies = {kind: len(legends) for kind, legends in COPIES.items()}
    assert copies.pop(PaperKind.CREDIT_NOTE) == 2, "no goods travel with it: one for either side"
    assert set(copies.values()) == {3}
    assert len(particulars(PaperKind.TAX_INVOICE)) == 19
    assert table_13_class(PaperKind.DELIVERY_CHALLAN)[0] == 12


@pytest.mark.parametrize(
    ("supplied", "last"),
    [(date(2026, 3, 15), date(2026, 11, 30)), (date(2026, 4, 15), date(2027, 11, 30)),
     (date(2026, 3, 31), date(2026, 11, 30)), (date(2026, 4, 1), date(2027, 11, 30))],
)  # fmt: skip
def test_a_credit_note_may_be_declared_until_november_after_the_year(supplied, last):
    assert credit_note_last_date(supplied) == last


@given(st.dates(date(2017, 7, 1), date(2035, 12, 31)))
@example(date(2026, 3, 31))
@example(date(2026, 4, 1))
def test_the_last_day_for_credit_lies_eight_to_twenty_months_after_the_supply(supplied):
    last = credit_note_last_date(supplied)
    assert (last.month, last.day) == (11, 30)
    assert timedelta(days=243) <= last - supplied <= timedelta(days=610)


def test_an_annual_return_filed_early_closes_the_door():
    assert credit_note_last_date(date(2026, 3, 15), annual_return_on=date(2026, 9, 1)) == date(2026, 9, 1)


def test_each_option_of_rule_28_values_a_line_its_own_way():
    day = date(2026, 11, 23)
    line = {"quantity": 10, "unit_value_paise": 101, "cost_paise": 85}
    assert get_valuation("open_market", day).value(**line) == 1010
    assert get_valuation("invoice_value", day).value(**line) == 1010
    assert get_valuation("ninety_percent", day).value(**line) == 909
    assert get_valuation("cost_plus_10", day).value(**line) == 935
    assert get_valuation("invoice_value", day).needs_full_itc
    assert not get_valuation("open_market", day).needs_full_itc


def test_an_invented_valuation_is_refused_with_the_known_ones():
    assert find_valuation("guess", date(2026, 11, 23)) is None
    with pytest.raises(Invalid) as caught:
        get_valuation("guess", date(2026, 11, 23))
    assert "ninety_percent" in caught.value.message
