"""Outliers of past demand kept, shown with a form, corrected, and seen wherever it matters."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from rest_framework.test import APIClient

from inventory.contracts import AnalysisPolicy
from inventory.contracts.feeds import RecordKind
from inventory.forecasting import forecast
from inventory.models import DailyDemand, DemandAdjustment, DemandForecast, DemandOutlier, StockItem
from inventory.selectors.demand import take_demand_snapshot
from inventory.selectors.outliers import list_outliers, sum_outliers
from inventory.serializers.demand_words import explained_words
from inventory.services import keep_forecasts, merge_twins, set_adjustment, take_apart, withdraw_adjustment
from inventory.services.twins import list_ties
from inventory.views.history import chart
from tests.inventory.book import make_book
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import system
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Refused
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

ACTOR = system("tests")
POLICY = AnalysisPolicy()
DAYS, BULK = 210, 700


def sell() -> None:
    """S1 sells 8 to 12 a day in MUM and BLR; ten days ago somebody bought 700 more in MUM."""
    book, today = make_book(), ist_day(timezone.now())
    chance = np.random.default_rng(1)
    rows = []
    for place in ("MUM", "BLR"):
        for back in range(1, DAYS + 1):
            more = BULK if place == "MUM" and back == 10 else 0
            rows.append(
                DailyDemand(
                    sku=book.skus["S1"], territory=book.territories[place],
                    day=today - timedelta(days=back), quantity=int(chance.integers(8, 13)) + more,
                )
            )  # fmt: skip
    DailyDemand.objects.bulk_create(rows)


@pytest.fixture
def sold(in_alpha):
    sell()
    cycle(1)


def cycle(number: int) -> float:
    """A forecast as the cycle makes it; pieces a week that it expects of S1 in MUM."""
    keep_forecasts(forecast(take_demand_snapshot(timezone.now(), POLICY), POLICY), cycle_id=number)
    return DemandForecast.objects.get(sku__code="S1", territory__code="MUM").weekly_mean[0]


def signed_in(role: Role, host: str = "alpha") -> Client:
    one = add_person(username=role.value, password="look-at-it-1", role=role, name=role.value.title())
    client = Client(HTTP_HOST=f"{host}.localhost")
    client.force_login(one)
    return client


def said(row: DemandOutlier, **more) -> dict[str, str]:
    told = {
        "form": f"outlier-{row.pk}", "sku": row.sku.code, "territory": row.territory.code,
        "from_date": row.from_date.isoformat(), "to_date": row.to_date.isoformat(), "counts_as": "70",
        "reason": "one caterer",
    }  # fmt: skip
    return {**told, **more}


# --- kept by the cycle


def test_a_cycle_keeps_what_it_found_and_the_next_renews_it(sold):
    row = list_outliers().get()
    today = ist_day(timezone.now())
    assert (row.sku.code, row.territory.code) == ("S1", "MUM")
    assert (row.from_date, row.to_date) == (today - timedelta(days=14), today - timedelta(days=8))
    assert row.sold_pieces > BULK
    assert row.usual_pieces == pytest.approx(70, rel=0.1)
    sums = sum_outliers(list_outliers())
    assert (sums.count, sums.paise) == (1, round(row.adds_pieces * row.sku.cost_paise))
    cycle(2)
    assert list_outliers().get().pk != row.pk
    DailyDemand.objects.filter(quantity__gt=BULK).delete()
    cycle(3)
    assert not DemandOutlier.objects.exists()


def test_a_correction_hides_it_at_once_and_a_withdrawal_shows_it_at_once(sold):
    row = list_outliers().get()
    lifted = cycle(2)
    row = list_outliers().get()
    made = set_adjustment(
        sku="S1", territory="", from_date=row.to_date, to_date=row.to_date + timedelta(days=1), counts_as=20,
        reason="a fair", actor=ACTOR, at=timezone.now(),
    )  # fmt: skip
    assert not list_outliers().exists()
    withdraw_adjustment(made.pk, actor=ACTOR, at=timezone.now())
    assert list_outliers().get() == row
    made = set_adjustment(
        sku="S1", territory="MUM", from_date=row.from_date, to_date=row.to_date, counts_as=70,
        reason="a fair", actor=ACTOR, at=timezone.now(),
    )  # fmt: skip
    assert cycle(3) < 0.8 * lifted
    assert not list_outliers().exists()
    withdraw_adjustment(made.pk, actor=ACTOR, at=timezone.now())
    assert list_outliers().get() == row, "there again before the next forecast looks"
    assert cycle(4) == pytest.approx(lifted)
    assert list_outliers().get() != row


def test_a_correction_elsewhere_or_of_other_days_hides_nothing(sold):
    row = list_outliers().get()
    for place, first in (("BLR", row.from_date), ("MUM", row.to_date + timedelta(days=1))):
        set_adjustment(
            sku="S1", territory=place, from_date=first, to_date=first, counts_as=1, reason="a fair",
            actor=ACTOR, at=timezone.now(),
        )  # fmt: skip
    assert list_outliers().get() == row
    cycle(2)
    assert list_outliers().count() == 1


# --- the page


def test_a_manager_sees_it_corrects_it_and_sees_the_correction_in_force(sold):
    manager = signed_in(Role.MANAGER)
    shown = manager.get("/forecast/outliers")
    row = list_outliers().get()
    assert [one["row"] for one in shown.context["rows"]] == [row]
    form = shown.context["rows"][0]["form"]
    assert form["counts_as"].value() == round(row.usual_pieces)
    assert 'href="/forecast/outliers"' in manager.get("/forecast").content.decode()
    done = manager.post("/forecast/outliers/correct?q=S1", said(row))
    assert (done.status_code, done["Location"]) == (302, "/forecast/outliers?q=S1")
    kept = DemandAdjustment.objects.get()
    assert (kept.counts_as, kept.reason, kept.territory.code) == (70, "one caterer", "MUM")
    assert "No week stands out" in manager.get("/forecast/outliers").content.decode()
    listed = manager.get("/forecast/corrections").content.decode()
    assert "one caterer · Manager" in listed
    manager.post(f"/forecast/corrections/{kept.pk}/withdraw")
    again = manager.get("/forecast/corrections")
    assert "withdrawn" in again.content.decode()
    assert [one["row"].pk for one in again.context["rows"]] == [kept.pk]
    assert list_outliers().get() == row


@pytest.mark.parametrize(
    ("wrong", "field"), [({"reason": " "}, "reason"), ({"counts_as": "-1"}, "counts_as")]
)
def test_a_refused_row_keeps_what_was_typed_with_the_fault_at_its_field(sold, wrong, field):
    manager, row = signed_in(Role.MANAGER), list_outliers().get()
    answer = manager.post("/forecast/outliers/correct", said(row, counts_as="81", **wrong)
                          if field == "reason" else said(row, **wrong))  # fmt: skip
    assert answer.status_code == 422
    shown = answer.context["rows"][0]
    assert shown["form"].errors[field]
    assert shown["form"]["counts_as"].value() == ("81" if field == "reason" else "-1")
    assert "<details open>" in answer.content.decode()
    assert not DemandAdjustment.objects.exists()


def test_what_another_already_says_is_told_at_the_row_or_above_where_it_has_gone(sold):
    manager, row = signed_in(Role.MANAGER), list_outliers().get()
    told = said(row)
    manager.post("/forecast/outliers/correct", told)
    answer = manager.post("/forecast/outliers/correct", {**told, "counts_as": "71"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "already says what these days count as" in text
    assert 'value="71"' in text
    bad = said(row, to_date=str(ist_day(timezone.now())))
    DemandAdjustment.objects.all().delete()
    at_row = manager.post("/forecast/outliers/correct", bad).context["rows"][0]
    assert at_row["wrong"] == ["days must be in order, before today, and within the last two years"]


@pytest.mark.parametrize("form", ["%", "%d", "%s", ""])
def test_a_form_of_no_row_is_refused_above_whatever_it_calls_itself(sold, form):
    told = said(list_outliers().get(), form=form, reason=" ")
    answer = signed_in(Role.MANAGER).post("/forecast/outliers/correct", told)
    assert answer.status_code == 422
    assert answer.context["lost"].errors["reason"]


def test_who_filters_pages_or_reloads_a_refused_list_comes_to_the_list(sold):
    manager = signed_in(Role.MANAGER)
    answer = manager.get("/forecast/outliers/correct?q=S1&page=2")
    assert (answer.status_code, answer["Location"]) == (302, "/forecast/outliers?q=S1&page=2")
    assert manager.put("/forecast/outliers/correct").status_code == 405


def test_days_of_any_sku_are_corrected_by_hand(sold):
    manager, today = signed_in(Role.MANAGER), ist_day(timezone.now())
    start = manager.get("/forecast/corrections/new?sku=S1&territory=BLR").context["form"]
    assert (start["sku"].value(), start["territory"].value()) == ("S1", "BLR")
    asked = {
        "sku": "S1", "territory": "", "from_date": str(today - timedelta(days=40)),
        "to_date": str(today - timedelta(days=38)), "counts_as": "0", "reason": "booked twice",
    }  # fmt: skip
    wrong = manager.post("/forecast/corrections/new", {**asked, "sku": "NOPE"})
    assert wrong.status_code == 422
    assert wrong.context["form"].errors["sku"]
    assert 'value="booked twice"' in wrong.content.decode()
    assert manager.post("/forecast/corrections/new", asked).status_code == 302
    assert DemandAdjustment.objects.get().territory is None
    clash = manager.post("/forecast/corrections/new", {**asked, "counts_as": "1"})
    assert clash.context["form"].non_field_errors()


def test_lists_are_filtered_paged_and_kept_as_files(sold):
    manager = signed_in(Role.MANAGER)
    assert manager.get("/forecast/outliers?q=NOPE").context["rows"] == []
    assert manager.get("/forecast/outliers?territory=BLR").context["rows"] == []
    lines = list(csv.reader(io.StringIO(manager.get("/forecast/outliers.csv").content.decode("utf-8-sig"))))
    assert [line[:1] + line[2:3] for line in lines[1:]] == [["S1", "MUM"]]
    assert len(lines[0]) == len(lines[1])
    assert manager.get("/forecast/outliers.xlsx").content[:2] == b"PK"
    manager.post("/forecast/outliers/correct", said(list_outliers().get()))
    for query, count in (
        ("", 1),
        ("?state=withdrawn", 0),
        ("?state=in_force&q=s1", 1),
        ("?territory=BLR", 0),
    ):
        body = manager.get(f"/forecast/corrections.csv{query}").content.decode("utf-8-sig")
        assert len(list(csv.reader(io.StringIO(body)))) == 1 + count, query
    assert manager.get("/forecast/corrections.xlsx").content[:2] == b"PK"


def test_who_may_only_read_sees_no_form_and_corrects_nothing(sold):
    auditor, row = signed_in(Role.AUDITOR), list_outliers().get()
    assert "<details><summary" not in auditor.get("/forecast/outliers").content.decode()
    assert auditor.post("/forecast/outliers/correct", said(row)).status_code == 403
    assert auditor.get("/forecast/corrections/new").status_code == 403
    assert auditor.post("/forecast/corrections/1/withdraw").status_code == 403
    assert not DemandAdjustment.objects.exists()


def test_the_page_of_the_sku_marks_both_and_says_it_in_words(sold):
    manager, row = signed_in(Role.MANAGER), list_outliers().get()
    StockItem.objects.create(
        sku=row.sku, territory=row.territory, status="active", as_of=row.as_of, updated_at=timezone.now()
    )
    shown = manager.get("/stock/S1/MUM")
    assert [mark["label"] for mark in shown.context["chart"]["marks"]] == ["stands out"]
    assert shown.context["chart"]["marks"][0]["x"] in shown.context["chart"]["x"]
    assert "stands out: sold" in shown.content.decode()
    manager.post("/forecast/outliers/correct", said(row))
    shown = manager.get("/stock/S1/MUM")
    assert [mark["label"] for mark in shown.context["chart"]["marks"]] == ["corrected"]
    assert "counts as 70 (one caterer)" in shown.content.decode()
    assert manager.get("/stock/S1/BLR").status_code == 404


def test_what_explains_a_part_is_said_in_words():
    told = {"festival": 1.4, "price": 1.25, "cheaper": 0.1, "offer": 1200.0}
    assert " ".join(explained_words(told)) == (
        "Festivals make it 1.40 times. Its lower price or an offer makes it 1.25 times. "
        "It cost 10 % less than usual, which explains a part. "
        "1,200 pieces were on offer in that week, and are taken off."
    )
    assert explained_words({}) == []


# --- at the API


def api(*scopes) -> APIClient:
    _row, secret = issue_key(name="bi", scopes=scopes, actor=ACTOR, at=timezone.now())
    client = APIClient(HTTP_HOST="alpha.localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_outliers_are_listed_at_the_api_until_they_are_corrected(sold):
    client = api(May.READ, May.DECIDE)
    (one,) = client.get("/api/v1/demand-outliers?sku=S1&territory=MUM&limit=5").json()["results"]
    row = list_outliers().get()
    assert (one["sku"], one["territory"], one["fromDate"]) == ("S1", "MUM", str(row.from_date))
    assert one["usualPieces"] == round(row.usual_pieces, 1)
    assert one["adds"] == f"{round(row.adds_pieces * row.sku.cost_paise) / 100:.2f}"
    assert client.get("/api/v1/demand-outliers?territory=BLR").json()["results"] == []
    told = {name: one[name] for name in ("sku", "territory", "fromDate", "toDate")}
    body = {**told, "countsAs": round(one["usualPieces"]), "reason": "one caterer"}
    assert client.post("/api/v1/demand-adjustments", body, format="json").status_code == 201
    assert client.get("/api/v1/demand-outliers").json()["results"] == []


# --- merged SKUs


def test_no_sku_is_merged_or_taken_apart_over_a_correction_in_force(sold):
    row, now = list_outliers().get(), timezone.now()

    def correct():
        return set_adjustment(
            sku="S1", territory="MUM", from_date=row.from_date, to_date=row.to_date, counts_as=70,
            reason="a fair", actor=ACTOR, at=timezone.now(),
        )  # fmt: skip

    def merge(keep: str, other: str):
        return merge_twins(kind=RecordKind.SKUS, keep=keep, other=other, actor=ACTOR, at=now)

    made = correct()
    for keep, other in (("S1", "S2"), ("S2", "S1")):
        with pytest.raises(Refused, match=f"correction {made.pk} says what S1 counts as") as refused:
            merge(keep, other)
        assert [fault.code for fault in refused.value.faults] == ["corrected"]
    withdraw_adjustment(made.pk, actor=ACTOR, at=now)
    twins = merge("S1", "S2")
    made = correct()
    assert [tie.code for tie in list_ties(twins)] == ["corrected"]
    with pytest.raises(Refused):
        take_apart(twins.pk, actor=ACTOR, at=now)
    withdraw_adjustment(made.pk, actor=ACTOR, at=now)
    take_apart(twins.pk, actor=ACTOR, at=now)


def test_outliers_of_the_other_sku_are_put_away_and_come_back(sold):
    row, now = list_outliers().get(), timezone.now()
    twins = merge_twins(kind=RecordKind.SKUS, keep="S2", other="S1", actor=ACTOR, at=now)
    assert not DemandOutlier.objects.exists()
    take_apart(twins.pk, actor=ACTOR, at=now)
    back = list_outliers().get()
    assert (back.sku, back.from_date, back.sold_pieces) == (row.sku, row.from_date, row.sold_pieces)


# --- tenants


def test_another_distributor_sees_nothing_of_it(sold, alpha, beta):
    with tenant_context(beta):
        owner = signed_in(Role.OWNER, "beta")
        assert not list_outliers().exists()
        for page in ("outliers", "corrections"):
            shown = owner.get(f"/forecast/{page}")
            assert shown.status_code == 200
            assert shown.context["rows"] == []


def test_a_chart_without_corrections_has_no_marks(sold):
    from inventory.selectors.sku import get_sku

    assert chart(get_sku("S1", ist_day(timezone.now())), None, "MUM")["marks"] == []
