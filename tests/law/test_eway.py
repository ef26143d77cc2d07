"""E-way bills: threshold by State and date, strictness, validity."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import Invalid
from vyapar.law.eway import (
    document_is_too_old,
    eway_need,
    limit,
    threshold,
    valid_until,
    validity_days,
)
from vyapar.law.states import list_states
from vyapar.law.store import table

DAY = date(2026, 11, 10)
RUPEE = 100
codes = st.sampled_from([s.code for s in list_states()])


@pytest.mark.parametrize(
    ("source", "target", "day", "rupees"),
    [("27", "27", DAY, 100_000), ("27", "29", DAY, 50_000), ("29", "29", DAY, 50_000),
     ("19", "19", date(2026, 5, 31), 50_000), ("19", "19", date(2026, 6, 1), 50_000),
     ("22", "22", date(2025, 3, 31), 50_000), ("22", "22", date(2025, 4, 1), 100_000),
     ("23", "23", DAY, 50_000), ("01", "01", DAY, 50_000), ("08", "08", DAY, 100_000),
     ("24", "24", DAY, 50_000), ("07", "07", DAY, 100_000), ("33", "33", DAY, 100_000)],
)  # fmt: skip
def test_only_verified_state_rows_lift_the_threshold(source, target, day, rupees):
    assert threshold(source, target, day).paise == rupees * RUPEE


def test_goods_that_a_state_excepts_keep_the_general_threshold():
    assert threshold("08", "08", DAY, hsns=["19053100"]).paise == 100_000 * RUPEE
    assert threshold("08", "08", DAY, hsns=["19053100", "21069099"]).paise == 50_000 * RUPEE
    assert threshold("22", "22", DAY, hsns=["73239390"]).paise == 50_000 * RUPEE


@given(codes, codes, st.dates(date(2018, 4, 1), date(2028, 3, 31)))
def test_an_unsafe_row_never_decides(source, target, day):
    answer = threshold(source, target, day)
    safe = {
        int(r["threshold_inr"]) * RUPEE
        for r in table("eway_state_thresholds")
        if r["safe_to_ship_as_default"] == "Y" and r["state_code"] in {source, "ALL"}
    }
    assert answer.paise in safe
    if source != target:
        assert answer.paise == 50_000 * RUPEE


@given(codes, codes, st.dates(date(2024, 4, 1), date(2027, 3, 31)), st.integers(-3, 3))
@example("27", "27", DAY, 0)
@example("27", "29", DAY, 0)
@example("27", "29", DAY, 1)
def test_a_value_at_the_threshold_needs_no_bill_and_one_paisa_more_does(source, target, day, step):
    bar = threshold(source, target, day).paise
    need = eway_need(bar + step, source, target, day)
    assert need.needed is (step > 0)
    assert need.threshold_paise == bar
    assert need.reason.endswith(".")


def test_wholly_exempt_goods_need_no_bill_and_the_reason_says_so():
    need = eway_need(0, "27", "29", DAY)
    assert not need.needed
    assert "exempt" in need.reason


@given(st.integers(0, 4000), st.dates(date(2021, 1, 1), date(2030, 1, 1)))
@example(0, DAY)
@example(200, DAY)
@example(201, DAY)
def test_each_started_stretch_of_200_km_gives_a_day(km, day):
    days = validity_days(km, day)
    assert days >= 1
    assert 200 * days >= km
    assert days == 1 or 200 * (days - 1) < km


def test_wide_cargo_moves_more_slowly_and_older_bills_counted_100_km():
    assert validity_days(45, DAY, over_dimensional=True) == 3
    assert validity_days(250, date(2020, 6, 1)) == 3


def test_the_bill_lapses_a_minute_before_midnight_in_india():
    part_b = datetime(2026, 11, 10, 16, 0, tzinfo=IST)
    assert valid_until(part_b, 450) == datetime(2026, 11, 13, 23, 59, tzinfo=IST)
    assert valid_until(part_b, 450).tzinfo is UTC


@pytest.mark.parametrize(
    ("part_b", "km", "end"),
    [(datetime(2022, 10, 5, 12, 39, tzinfo=IST), 10, datetime(2022, 10, 6, 23, 59, tzinfo=IST)),
     (datetime(2022, 9, 16, 19, 29, tzinfo=IST), 2467, datetime(2022, 9, 29, 23, 59, tzinfo=IST))],
)  # fmt: skip
def test_validity_agrees_with_recorded_portal_replies(part_b, km, end):
    assert valid_until(part_b, km) == end


def test_a_negative_distance_is_refused():
    with pytest.raises(Invalid):
        validity_days(-1, DAY)


def test_documents_grow_too_old_for_a_bill_after_180_days():
    assert not document_is_too_old(DAY - timedelta(days=180), DAY)
    assert document_is_too_old(DAY - timedelta(days=181), DAY)
    assert not document_is_too_old(date(2024, 1, 1), date(2024, 12, 31))
    assert limit("items", DAY) == 250
