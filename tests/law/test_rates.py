"""GST rates by code, condition and date."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vyapar.law.rates import (
    KNOWN_FROM,
    RateUnclear,
    governing_date,
    hsn_digits_required,
    is_hsn,
    items_for,
    rate_for,
)
from vyapar.law.store import table

LAST_OLD = date(2025, 9, 21)
FIRST_NEW = date(2025, 9, 22)
ROWS = table("hsn_rates")


@pytest.mark.parametrize(
    ("hsn", "item", "before", "after"),
    [("19053100", "", 1800, 500), ("33051090", "", 1800, 500), ("22021010", "", 2800, 4000),
     ("34022010", "", 1800, 1800), ("3306", "Toothpaste", 1800, 500), ("0405", "", 1200, 500),
     ("3401", "Toilet soap bars", 1800, 500), ("9619", "Sanitary pads, tampons", 0, 0)],
)  # fmt: skip
def test_the_rate_changes_on_the_very_day_the_law_did(hsn, item, before, after):
    assert rate_for(hsn, LAST_OLD, rate_item=item).basis_points == before
    assert rate_for(hsn, FIRST_NEW, rate_item=item).basis_points == after


def test_the_cess_on_drinks_ended_with_the_old_rates():
    assert rate_for("220210", LAST_OLD).cess_bp == 1200
    assert rate_for("220210", FIRST_NEW).cess_bp == 0


def test_a_cess_that_is_no_percentage_is_told_and_not_counted_as_nil():
    rate = rate_for("21069020", date(2026, 1, 31))
    assert rate.cess_note
    assert not rate.is_nil
    assert rate_for("21069020", date(2026, 2, 1)).basis_points == 4000


def test_a_longer_code_wins_over_its_heading():
    assert rate_for("22029920", FIRST_NEW).item == "Fruit pulp/juice based drinks (still)"
    assert rate_for("22029990", FIRST_NEW).item == "Caffeinated/energy drinks"


def test_packing_decides_where_the_law_says_so():
    assert rate_for("1006", FIRST_NEW, packed=True).basis_points == 500
    assert rate_for("1006", FIRST_NEW, packed=False).is_nil


@pytest.mark.parametrize("hsn", ["33059011", "3304", "34011190", "3306", "2202"])
def test_several_rates_under_one_heading_are_a_question_not_a_guess(hsn):
    with pytest.raises(RateUnclear) as caught:
        rate_for(hsn, FIRST_NEW)
    assert caught.value.code == "rate_ambiguous"
    assert len(caught.value.choices) > 1
    for choice in caught.value.choices:
        assert rate_for(hsn, FIRST_NEW, rate_item=choice).item == choice


def test_a_short_code_stands_for_all_goods_under_it():
    with pytest.raises(RateUnclear) as caught:
        rate_for("1905", FIRST_NEW)
    assert {"Biscuits", "Rusk, toast", "Bread"} <= set(caught.value.choices)


@pytest.mark.parametrize("hsn", ["", "19", "847130", "99", "9983", "1905310", "190x"])
def test_a_code_outside_the_table_is_never_guessed(hsn):
    with pytest.raises(RateUnclear) as caught:
        rate_for(hsn, FIRST_NEW)
    assert caught.value.code == "hsn_unlisted"


def test_an_item_of_another_heading_is_refused_with_the_right_choices():
    with pytest.raises(RateUnclear) as caught:
        rate_for("3401", FIRST_NEW, rate_item="Shampoo")
    assert caught.value.code == "rate_item_unknown"
    assert "Toilet soap bars" in caught.value.choices
    assert "Toilet soap bars" in items_for("3401", FIRST_NEW)


def test_the_table_says_so_when_it_does_not_reach_back():
    with pytest.raises(RateUnclear) as caught:
        rate_for("19053100", KNOWN_FROM - timedelta(days=1))
    assert caught.value.code == "rate_not_in_force"


@given(st.sampled_from(ROWS), st.dates(date(2024, 10, 10), date(2027, 3, 31)))
@example(ROWS[0], LAST_OLD)
@example(ROWS[0], FIRST_NEW)
def test_naming_the_item_always_finds_exactly_its_own_row(row, day):
    hsn = row["hsn_prefixes"].split(";")[0]
    rows = [r for r in ROWS if r["item"] == row["item"] and r["hsn_prefixes"] == row["hsn_prefixes"]]
    expected = [
        r for r in rows
        if (r["effective_from"] or "2024-10-10") <= day.isoformat() <= (r["effective_to"] or "9999")
    ]  # fmt: skip
    packed = not row["condition"].startswith("not pre-packaged")
    rate = rate_for(hsn, day, rate_item=row["item"], packed=packed)
    assert {int(r["gst_rate_pct"]) * 100 for r in expected} == {rate.basis_points}


@given(st.sampled_from(ROWS), st.booleans(), st.dates(date(2024, 10, 10), date(2027, 3, 31)))
def test_a_rate_is_either_one_of_the_tables_or_refused(row, packed, day):
    for prefix in row["hsn_prefixes"].split(";"):
        with suppress(RateUnclear):
            rate = rate_for(prefix, day, packed=packed)
            items = set(rate.item.split(" or "))
            lawful = {int(r["gst_rate_pct"]) * 100 for r in ROWS if r["item"] in items}
            assert rate.basis_points in lawful
            assert rate.confidence in "HML"


days = st.dates(date(2025, 9, 1), date(2025, 10, 31))


@given(days, days, days)
@example(LAST_OLD, LAST_OLD, FIRST_NEW)
@example(FIRST_NEW, FIRST_NEW, LAST_OLD)
def test_two_of_three_events_decide_the_rate_around_a_change(supplied, invoiced, paid):
    old = sum(day <= LAST_OLD for day in (supplied, invoiced, paid)) >= 2
    assert (governing_date(supplied, invoiced, paid) <= LAST_OLD) is old


def test_a_payment_still_to_come_counts_as_after_the_change():
    assert governing_date(LAST_OLD, FIRST_NEW) == FIRST_NEW
    assert governing_date(LAST_OLD, LAST_OLD) == LAST_OLD


def test_digits_of_hsn_grow_with_the_turnover():
    crore = 1_00_00_000_00
    assert hsn_digits_required(FIRST_NEW, None) == 4
    assert hsn_digits_required(FIRST_NEW, 5 * crore) == 4
    assert hsn_digits_required(FIRST_NEW, 5 * crore + 1) == 6


@pytest.mark.parametrize(("text", "good"), [("1905", True), ("190531", True), ("19053100", True),
                                            ("19053", False), ("9983", False), ("", False)])  # fmt: skip
def test_an_hsn_code_has_four_six_or_eight_digits(text, good):
    assert is_hsn(text) is good
