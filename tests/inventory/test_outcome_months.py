"""Predictions month by month: the months add up to the whole; the page, the file and the door have them."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest

from inventory.contracts.outcomes import Predicted
from inventory.models import LearntFactor, Prediction
from inventory.selectors.months import list_months
from inventory.selectors.outcomes import list_outcomes
from tests.conftest import NOW
from tests.inventory.test_api import caller
from tests.inventory.test_claim_pages import person
from vyapar.people.contracts import May, Role

JULY, AUGUST = date(2026, 7, 20), date(2026, 8, 5)


def told(
    number: int, settled: date | None, *, kind: Predicted = Predicted.EXPIRY, group: str = "30", **more
) -> Prediction:
    values = {"probability": 0.65, "happened": 1.0, "paise": 1_000, "realised_paise": 900} | more
    return Prediction.objects.create(
        kind=kind, subject=f"x:{number}", agent="monitoring", group=group, settled_on=settled,
        made_on=date(2026, 7, 1) + timedelta(days=number), due_on=date(2026, 8, 31), **values,
    )  # fmt: skip


@pytest.fixture
def settled(in_alpha) -> None:
    told(1, JULY)
    told(2, JULY, probability=1.0, happened=0.0, realised_paise=0)
    told(3, AUGUST, probability=0.2, happened=0.0, paise=333)
    told(4, AUGUST, disturbed=True)
    told(5, None, happened=None, realised_paise=None)
    sold = {
        "probability": None,
        "expected": 40.0,
        "low": 20.0,
        "high": 60.0,
        "paise": 0,
        "realised_paise": None,
    }
    told(6, AUGUST, kind=Predicted.DEMAND, group="smooth", **sold | {"happened": 61.0})
    told(7, AUGUST, kind=Predicted.DEMAND, group="smooth", **sold | {"happened": 60.0})


def test_a_month_counts_what_was_settled_in_it_and_nobody_disturbed(settled) -> None:
    july, august = list_months(Predicted.EXPIRY)
    assert (july.month, july.settled, july.expected, july.happened) == (date(2026, 7, 1), 2, 1.65, 1.0)
    assert july.gap == pytest.approx(-0.325)
    assert july.brier == pytest.approx((0.35**2 + 1) / 2)
    assert [(band.low, band.count, band.happened) for band in july.bands] == [(0.6, 1, 1.0), (0.9, 1, 0.0)]
    assert (august.settled, august.predicted_paise, august.realised_paise) == (1, 333, 900)
    (sold,) = list_months(Predicted.DEMAND)
    assert (sold.expected, sold.happened, sold.within, sold.gap, sold.bands) == (80.0, 121.0, 0.5, None, ())


def test_the_months_of_a_kind_add_up_to_all_of_it(settled) -> None:
    for whole in list_outcomes():
        mine = [one for one in list_months() if (one.kind, one.group) == (whole.kind, whole.group)]
        assert sum(one.settled for one in mine) == whole.settled - whole.disturbed
        assert sum(one.expected for one in mine) == pytest.approx(whole.expected)
        assert sum(one.happened for one in mine) == pytest.approx(whole.happened)
        assert sum(one.predicted_paise for one in mine) == whole.predicted_paise
        assert sum(one.realised_paise for one in mine) == whole.realised_paise
    later = list_months(since=date(2026, 7, 5))
    assert {one.kind for one in later} == {Predicted.DEMAND}, "made before that day"


def test_the_door_the_page_and_the_file_have_the_months(settled) -> None:
    found = caller(May.READ).get("/api/v1/outcomes?kind=expiry").json()["months"]
    assert [(one["month"], one["settled"], one["realised"]) for one in found] == [
        ("2026-07", 2, "9.00"), ("2026-08", 1, "9.00"),
    ]  # fmt: skip
    assert found[0]["reliability"][0] == {
        "low": 0.6, "high": 0.7, "count": 1, "expected": 0.65, "happened": 1.0,
    }  # fmt: skip
    browser = person(Role.AUDITOR)
    page = browser.get("/outcomes").content.decode()
    assert "by month of settling" in page
    assert "2026-08" in page
    text = browser.get("/outcomes/months.csv").content.decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(text)))
    assert [line[0] for line in lines[1:]].count("2026-07") == 3, "the month and its two tenths"
    assert browser.get("/outcomes/months.xlsx").status_code == 200
    text = browser.get("/outcomes.csv").content.decode("utf-8-sig")
    rows = {line[0]: line for line in list(csv.reader(io.StringIO(text)))[1:]}
    expiry = rows["Batch expires unsold, told 30 days ahead"]
    assert expiry[2:7] == ["1", "4", "1", "1.85", "1.0"]
    assert expiry[8:10] == ["23.33", "18.00"]
    assert len(rows) == len(list_outcomes())


def test_a_correction_tells_what_it_took_the_place_of(in_alpha) -> None:
    for version, factor in ((1, 9_000), (2, 8_500)):
        LearntFactor.objects.create(
            name="expiry", version=version, factor_bp=factor, seen=40, predicted=20, happened=16,
            learnt_at=NOW,
        )  # fmt: skip
    rows = caller(May.READ).get("/api/v1/outcomes").json()["learnt"]
    assert [(row["version"], row["before"], row["factor"]) for row in rows] == [(2, 0.9, 0.85), (1, 1.0, 0.9)]
