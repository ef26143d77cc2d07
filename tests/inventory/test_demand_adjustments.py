"""What people say that past days count as: dealt to the piece, kept apart from what was sold."""

from __future__ import annotations

import threading
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.utils import timezone
from django_tenants.utils import tenant_context
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from inventory.contracts import AnalysisPolicy
from inventory.forecasting import forecast
from inventory.forecasting.corrected import Correction, correct
from inventory.models import DailyDemand, DemandAdjustment, DemandForecast
from inventory.selectors.adjustments import list_adjustments
from inventory.selectors.demand import take_demand_snapshot
from inventory.selectors.sku import get_sku
from inventory.serializers.demand_words import rests_words
from inventory.services import keep_forecasts, set_adjustment, withdraw_adjustment
from tests.inventory.book import make_book
from vyapar.engine.models import AuditEntry
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import Actor, system
from vyapar.kernel.calendar import ist_day, ist_instant
from vyapar.kernel.errors import Invalid, NotFound, Refused
from vyapar.people.contracts import May

ACTOR = system("tests")
POLICY = AnalysisPolicy()
DAYS = 140
BULK = 700


# --- dealt over days and places


spans = st.tuples(st.integers(-20, 60), st.integers(0, 40), st.integers(0, 5_000))


@settings(max_examples=150, deadline=None)
@given(spans, st.integers(0, 2**32 - 1), st.lists(st.integers(0, 3), min_size=1, unique=True))
@example((0, 49, 1), 0, [0])
@example((0, 0, 0), 0, [0, 1, 2, 3])
def test_pieces_are_dealt_to_the_last_and_nothing_else_moves(span, seed, rows):
    first, more, pieces = span
    demand = np.random.default_rng(seed).poisson(2, (4, 50)).astype(np.int32)
    before, chosen = demand.copy(), np.array(rows)
    found, spoken = correct(demand, [Correction(chosen, first, first + more, pieces)])
    assert (demand == before).all()
    assert (found[~spoken] == demand[~spoken]).all()
    assert (found >= 0).all()
    inside = first >= 0 and first + more < 50
    mine = int(found[spoken].sum())
    assert mine == pieces if inside else mine <= pieces
    assert not np.delete(spoken, chosen, axis=0).any()


def test_pieces_lie_on_days_and_places_as_the_rest_sells():
    week = np.array([3, 0, 0, 1, 0, 0, 0], dtype=np.int32)
    demand = np.vstack([np.tile(week, 4), np.tile(week * 2, 4)])
    demand[:, 7:14] = 99
    found, _spoken = correct(demand, [Correction(np.array([0, 1]), 7, 13, 24)])
    assert found[0, 7:14].tolist() == [6, 0, 0, 2, 0, 0, 0]
    assert found[1, 7:14].tolist() == [12, 0, 0, 4, 0, 0, 0]


def test_where_the_rest_sells_nothing_pieces_lie_evenly():
    demand = np.zeros((1, 28), dtype=np.int32)
    demand[0, 7] = 500
    found, _spoken = correct(demand, [Correction(np.array([0]), 7, 13, 14)])
    assert found[0, 7:14].tolist() == [2] * 7


# --- kept, read, withdrawn


@pytest.fixture
def sold(in_alpha):
    """S1 sells 10 a day in MUM and 5 in BLR; in the week before last somebody bought 700 in MUM."""
    book, today = make_book(), ist_day(timezone.now())
    rows = []
    for place, pieces in (("MUM", 10), ("BLR", 5)):
        for back in range(1, DAYS + 1):
            more = BULK if place == "MUM" and back == 10 else 0
            rows.append(
                DailyDemand(
                    sku=book.skus["S1"], territory=book.territories[place],
                    day=today - timedelta(days=back), quantity=pieces + more,
                )
            )  # fmt: skip
    DailyDemand.objects.bulk_create(rows)
    return book


def adjust(**more):
    today = ist_day(timezone.now())
    told = {"sku": "S1", "territory": "MUM", "from_date": today - timedelta(days=14),
            "to_date": today - timedelta(days=8), "counts_as": 70, "reason": "one caterer", "actor": ACTOR,
            "at": timezone.now()}  # fmt: skip
    return set_adjustment(**{**told, **more})


def expected(place: str = "MUM") -> float:
    """Pieces a week, as forecast and kept from what the database tells now."""
    found = forecast(take_demand_snapshot(timezone.now(), POLICY), POLICY)
    keep_forecasts(found, cycle_id=1)
    return DemandForecast.objects.get(sku__code="S1", territory__code=place).weekly_mean[0]


def rests(place: str = "MUM") -> list[str]:
    told = get_sku("S1", ist_day(timezone.now())).expected
    return rests_words(next(one.rests_on for one in told if one.territory == place))


def test_forecasts_read_the_correction_and_what_was_sold_stays(sold):
    as_sold = list(DailyDemand.objects.order_by("pk").values())
    lifted = expected()
    assert lifted > 100
    assert rests() == []
    row = adjust()
    assert row.sold_pieces == 70 + BULK
    assert expected() == pytest.approx(70, rel=0.05)
    assert rests() == ["7 days of its past count as somebody corrected them, not as sold."]
    assert rests("BLR") == []
    assert list(DailyDemand.objects.order_by("pk").values()) == as_sold
    assert sum(week.pieces for week in get_sku("S1", ist_day(timezone.now())).history["MUM"]) == 2_100
    withdraw_adjustment(row.pk, actor=ACTOR, at=timezone.now())
    assert expected() == pytest.approx(lifted)
    assert rests() == []
    assert [one.verb for one in AuditEntry.objects.filter(subject=f"adjustment:{row.pk}").order_by("pk")] == [
        "DemandAdjusted",
        "DemandAdjustmentWithdrawn",
    ]


def test_a_correction_of_all_territories_is_shared_as_they_sell(sold):
    adjust(territory="", counts_as=105)
    snapshot = take_demand_snapshot(timezone.now(), POLICY)
    rows = {key[1]: row for row, key in enumerate(snapshot.series_keys)}
    span = slice(snapshot.days - 14, snapshot.days - 7)
    assert snapshot.demand[rows["MUM"], span].tolist() == [10] * 7
    assert snapshot.demand[rows["BLR"], span].tolist() == [5] * 7
    assert snapshot.corrected.tolist() == [7, 7]


def test_a_day_played_again_knows_the_corrections_of_its_time_only(sold):
    today = ist_day(timezone.now())
    row = adjust()

    def pieces(day):
        snapshot = take_demand_snapshot(ist_instant(day), POLICY)
        return snapshot.demand[snapshot.series_keys.index(("S1", "MUM"))].max()

    assert pieces(today - timedelta(days=1)) == 10 + BULK
    DemandAdjustment.objects.filter(pk=row.pk).update(made_at=ist_instant(today - timedelta(days=3)))
    assert pieces(today - timedelta(days=1)) == 10
    withdraw_adjustment(row.pk, actor=ACTOR, at=timezone.now())
    assert pieces(today - timedelta(days=1)) == 10
    assert pieces(today) == 10 + BULK


def test_a_day_counts_as_one_thing_and_the_refusal_names_the_other(sold):
    row, today = adjust(), ist_day(timezone.now())
    near = {"from_date": today - timedelta(days=8), "to_date": today - timedelta(days=3)}
    for other in ({"counts_as": 71}, {"reason": "a fair"}, {"territory": ""}, near):
        with pytest.raises(Refused, match=f"correction {row.pk} of {row.from_date} to {row.to_date}"):
            adjust(**other)
    assert DemandAdjustment.objects.count() == 1
    adjust(territory="BLR")
    adjust(from_date=today - timedelta(days=7), to_date=today - timedelta(days=1))
    withdraw_adjustment(row.pk, actor=ACTOR, at=timezone.now())
    assert adjust(counts_as=71).pk != row.pk


def test_what_stands_everywhere_stands_in_the_way_of_each_place(sold):
    adjust(territory="")
    with pytest.raises(Refused):
        adjust()


def test_the_same_said_again_stands_once(sold):
    assert adjust().pk == adjust(reason="  one   caterer ").pk
    with pytest.raises(Refused):
        adjust(actor=Actor("user", "2", "Another"))
    assert AuditEntry.objects.filter(verb="DemandAdjusted").count() == 1


def test_a_correction_is_withdrawn_once(sold):
    row = adjust()
    withdraw_adjustment(row.pk, actor=ACTOR, at=timezone.now())
    with pytest.raises(Refused, match="before"):
        withdraw_adjustment(row.pk, actor=ACTOR, at=timezone.now())
    with pytest.raises(NotFound):
        withdraw_adjustment(row.pk + 99, actor=ACTOR, at=timezone.now())


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"sku": "NOPE"}, "sku"),
        ({"sku": "S2"}, "sku"),
        ({"territory": "NOPE"}, "territory"),
        ({"counts_as": -1}, "countsAs"),
        ({"counts_as": 10**9 + 1}, "countsAs"),
        ({"reason": " "}, "reason"),
        ({"back": (8, 14)}, "toDate"),
        ({"back": (3, 0)}, "toDate"),
        ({"back": (100, 8)}, "toDate"),
        ({"back": (729, 728)}, "toDate"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(sold, more, field):
    today, told = ist_day(timezone.now()), dict(more)
    if back := told.pop("back", None):
        first, last = (today - timedelta(days=days) for days in back)
        told |= {"from_date": first, "to_date": last}
    with pytest.raises(Invalid) as refused:
        adjust(**told)
    assert {fault.field for fault in refused.value.faults} == {field}
    assert not DemandAdjustment.objects.exists()
    assert not AuditEntry.objects.filter(verb="DemandAdjusted").exists()


def test_a_span_of_92_days_is_the_longest(sold):
    today = ist_day(timezone.now())
    adjust(from_date=today - timedelta(days=99), to_date=today - timedelta(days=8))


# --- at the API


def test_corrections_are_set_listed_and_withdrawn_at_the_api(sold):
    _row, secret = issue_key(name="erp", scopes=May, actor=ACTOR, at=timezone.now())
    api = APIClient(HTTP_HOST="alpha.localhost")
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    today = ist_day(timezone.now())
    body = {
        "sku": "S1", "fromDate": str(today - timedelta(days=14)), "toDate": str(today - timedelta(days=8)),
        "countsAs": 105, "reason": "one caterer",
    }  # fmt: skip
    made = api.post("/api/v1/demand-adjustments", body, format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["territory"], made.json()["soldPieces"]) == ("", 805)
    clash = api.post("/api/v1/demand-adjustments", {**body, "territory": "MUM"}, format="json")
    assert (clash.status_code, clash.json()["code"]) == (409, "already_adjusted")
    bad = api.post("/api/v1/demand-adjustments", {**body, "toDate": str(today)}, format="json")
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (422, "toDate")
    listed = api.get("/api/v1/demand-adjustments?sku=S1&territory=MUM").json()["results"]
    assert [one["id"] for one in listed] == [made.json()["id"]]
    assert api.get("/api/v1/demand-adjustments?sku=S2").json()["results"] == []
    gone = api.delete(f"/api/v1/demand-adjustments/{made.json()['id']}")
    assert gone.json()["withdrawnAt"]


def test_who_only_reads_sets_no_correction(sold):
    _row, secret = issue_key(name="bi", scopes=[May.READ], actor=ACTOR, at=timezone.now())
    api = APIClient(HTTP_HOST="alpha.localhost")
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert api.get("/api/v1/demand-adjustments").status_code == 200
    assert api.post("/api/v1/demand-adjustments", {}, format="json").status_code == 403
    assert api.delete("/api/v1/demand-adjustments/1").status_code == 403


# --- races and tenants


def test_the_same_said_twice_at_once_makes_one_row(fresh_distributor):
    book, now = make_book(), timezone.now()
    day = ist_day(now) - timedelta(days=10)
    DailyDemand.objects.create(sku=book.skus["S1"], territory=book.territories["MUM"], day=day, quantity=700)
    made, start = [], threading.Barrier(3)

    def say() -> None:
        with tenant_context(fresh_distributor):
            start.wait(10)
            made.append(adjust(from_date=day, to_date=day, at=now).pk)
        connection.close()

    threads = [threading.Thread(target=say) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(30)
    assert len(made) == 3
    assert len(set(made)) == list_adjustments().count() == 1
    assert AuditEntry.objects.filter(verb="DemandAdjusted").count() == 1


def test_another_distributor_sees_and_withdraws_nothing_of_it(sold, alpha, beta):
    with tenant_context(alpha):
        row = adjust()
    with tenant_context(beta):
        assert not list_adjustments().exists()
        with pytest.raises(NotFound):
            withdraw_adjustment(row.pk, actor=ACTOR, at=timezone.now())
