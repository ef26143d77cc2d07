"""E-invoice, input tax credit, offers, message hours."""

from __future__ import annotations

from datetime import date, datetime, time
from fractions import Fraction
from math import floor

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import Invalid
from vyapar.law import einvoice, itc, messaging, offers
from vyapar.law.goods import is_food, is_valued_from_retail_price

DAY = date(2026, 11, 23)
CRORE = 1_00_00_000_00


# --- e-invoice -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "irn"),
    [
        (
            ("01AAAAA9999A19N", "2019-20", "INV", "ABC01234"),
            "353c2677715ae97aa876a37262a38381a75c1d1184f6a803f703bb395971925f",
        ),
        (
            ("01AMBPG7773M002", "2022-23", "INV", "SINV-CFY-00067"),
            "706daeccda0ef6f818da78f3a2a05a1288731057373002289b46c3229289a2e7",
        ),
    ],
)
def test_the_reference_number_equals_recorded_ones(parts, irn):
    assert einvoice.irn(*parts) == irn


@pytest.mark.parametrize(
    ("day", "crores", "needed"),
    [(date(2020, 9, 30), 900, False), (date(2020, 10, 1), 501, True), (date(2023, 7, 31), 6, False),
     (date(2023, 8, 1), 6, True), (date(2023, 8, 1), 5, False)],
)  # fmt: skip
def test_the_duty_spread_downwards_by_date(day, crores, needed):
    assert einvoice.applies(day, crores * CRORE) is needed


def test_large_sellers_have_thirty_days():
    assert einvoice.reporting_days(date(2025, 4, 1), 10 * CRORE) == 30
    assert einvoice.reporting_days(date(2025, 3, 31), 10 * CRORE) is None
    assert einvoice.reporting_days(DAY, 9 * CRORE) is None


# --- input tax credit ----------------------------------------------------------------------------


@given(st.sampled_from(itc.WAYS_OUT), st.integers(0, 10**6), st.integers(0, 10**6), st.booleans())
@example("destroy", 40, 1240, False)
def test_credit_is_lost_exactly_on_what_is_destroyed_or_given_away(way, quantity, per_unit, distinct):
    effect = itc.itc_effect(
        way, DAY, quantity=quantity, itc_per_unit_paise=per_unit, distinct_persons=distinct
    )
    lost = way in {itc.DESTROY, itc.DONATE}
    assert effect.reverse_paise == (quantity * per_unit if lost else 0)
    assert effect.basis


def test_destroyed_goods_are_reported_in_the_table_of_permanent_reversals():
    effect = itc.itc_effect("destroy", DAY, quantity=40, itc_per_unit_paise=1240)
    assert (effect.reverse_paise, effect.gstr3b) == (496_00, "4(B)(1)")


@given(st.integers(0, 10**9), st.integers(0, 10**12), st.integers(1, 10**12))
@example(10_000, 45_001, 200_000)
@example(1, 1, 2)
def test_a_credit_note_takes_back_its_share_of_the_credit_and_never_more(taken, credited, of):
    share = Fraction(taken * credited, of)
    found = itc.attributable(taken, (credited, of))
    assert found == min(floor(share + Fraction(1, 2)), taken)
    assert itc.attributable(taken, None) == taken


def test_only_a_gst_credit_note_takes_a_share_back():
    whole = {"quantity": 40, "itc_per_unit_paise": 250, "credited": (45_000, 200_000)}
    found = {
        route: itc.itc_effect("return_to_company", DAY, return_route=route, **whole).reverse_paise
        for route in itc.RETURN_ROUTES
    }
    assert found == {"fresh_supply": 0, "gst_credit_note": 2_250, "financial_credit_note": 0}
    assert itc.itc_effect("destroy", DAY, **whole).reverse_paise == 10_000, (
        "gone is gone, whatever is credited"
    )


@pytest.mark.parametrize(
    ("route", "reversed_"), [("fresh_supply", 0), ("gst_credit_note", 500), ("financial_credit_note", 0)]
)
def test_a_return_costs_credit_only_where_the_company_lowers_its_own_tax(route, reversed_):
    effect = itc.itc_effect("return_to_company", DAY, quantity=5, itc_per_unit_paise=100, return_route=route)
    assert effect.reverse_paise == reversed_


def test_free_samples_lose_their_credit():
    assert itc.gift_effect(DAY, quantity=3, itc_per_unit_paise=50).reverse_paise == 150


def test_an_invented_way_out_is_refused():
    with pytest.raises(Invalid):
        itc.itc_effect("vanish", DAY, quantity=1, itc_per_unit_paise=1)


def test_returned_expired_goods_get_a_gst_note_only_inside_the_limit():
    inside = itc.return_papers("registered regular", inside_limit=True)
    outside = itc.return_papers("registered regular", inside_limit=False)
    assert inside["document_by_supplier"] == "GST credit note"
    assert outside["document_by_supplier"] == "financial credit note"
    assert "credit note" in itc.return_papers("unregistered", inside_limit=False)["document_by_supplier"]
    with pytest.raises(Invalid):
        itc.return_papers("nobody", inside_limit=True)


# --- offers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offer", "reduces", "credit"),
    [("on_invoice", "yes", "none"), ("post_sale", "conditional", "recipient reverses"),
     ("buy_x_get_y", "yes", "none"), ("free_sample", "no supply", "reverse")],
)  # fmt: skip
def test_each_class_of_offer_has_its_treatment(offer, reduces, credit):
    treatment = offers.offer_treatment(offer, DAY)
    assert (treatment.reduces_value, treatment.itc) == (reduces, credit)


def test_an_invented_class_of_offer_is_refused():
    with pytest.raises(Invalid):
        offers.offer_treatment("cashback", DAY)


# --- goods ---------------------------------------------------------------------------------------


def test_food_is_told_by_its_chapter():
    assert is_food("19053100", DAY)
    assert is_food("25010010", DAY)
    assert not is_food("33051090", DAY)
    assert not is_food("22071000", DAY)


def test_tobacco_is_valued_from_the_retail_price_since_february_2026():
    assert is_valued_from_retail_price("24031990", date(2026, 2, 1))
    assert not is_valued_from_retail_price("24031990", date(2026, 1, 31))
    assert not is_valued_from_retail_price("24031990", DAY, rate_item="Bidi")


# --- hours ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("clock", "allowed"),
    [(time(9, 59, 59), False), (time(10, 0), True), (time(20, 59, 59), True), (time(21, 0), False)],
)
def test_a_promotional_sms_keeps_to_its_hours_in_india(clock, allowed):
    assert messaging.may_send("sms", "promotional", datetime.combine(DAY, clock, IST)) is allowed


@given(
    st.sampled_from(["sms", "whatsapp", "email"]), st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))
)
def test_the_next_opening_is_the_first_lawful_instant(channel, naive):
    at = naive.replace(tzinfo=IST)
    opening = messaging.next_opening(channel, "promotional", at)
    assert opening >= at
    assert messaging.may_send(channel, "promotional", opening)
    assert opening == at or not messaging.may_send(channel, "promotional", at)
    assert opening == at or opening.astimezone(IST).time() == time(10)


def test_service_messages_may_go_at_any_hour():
    assert messaging.may_send("sms", "service", datetime(2026, 11, 23, 3, 0, tzinfo=IST))
    with pytest.raises(Invalid):
        messaging.window("pigeon", "promotional", DAY)
