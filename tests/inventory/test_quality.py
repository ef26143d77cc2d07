"""Grades of data: the mind that grades, the figures it is given, what is kept and told, and the pages."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from inventory.agent.quality import add, grade
from inventory.agent.resting import at_home, open_hours, rests_on
from inventory.contracts import MonitoringPolicy
from inventory.contracts.quality import LIMITS, MARKS, WEIGHTS, Figure, Grade
from inventory.models import Feed, ImportRun, QualityGrade
from inventory.selectors.measures import measure
from inventory.selectors.quality import list_grades
from inventory.services import grade_feeds, imports, ingest_sales, is_grading_due
from tests.conftest import NOW
from tests.gateway.calling import Caller, problem
from tests.inventory.book import Book, make_book
from tests.inventory.book import sale as sold
from vyapar.engine.models import Event
from vyapar.engine.services import set_policy
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Invalid
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

OWNER = Actor("user", "1", "The owner")
POLICY = MonitoringPolicy()
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# --- the mind ------------------------------------------------------------------------------

codes = st.sampled_from(list(WEIGHTS))
figures = st.builds(Figure, codes, st.integers(0, 3_000), st.integers(0, 2_000))
policies = st.builds(
    lambda weights, limits: MonitoringPolicy(quality_weights=weights, quality_limits=limits),
    st.fixed_dictionaries({code: st.integers(0, 100) for code in WEIGHTS}),
    st.fixed_dictionaries({code: st.integers(0, 20_000) for code in WEIGHTS}),
)


@settings(QUICK, max_examples=300)
@given(st.lists(figures, max_size=14), policies, st.data())
def test_a_worse_figure_never_gives_a_better_grade(told, policy, data):
    before = grade(told, policy)
    if told:
        place = data.draw(st.integers(0, len(told) - 1))
        worse = replace(told[place], value=told[place].value + data.draw(st.integers(0, 5_000)))
        after = grade([*told[:place], worse, *told[place + 1 :]], policy)
        assert after.marks <= before.marks
        assert after.grade.rank >= before.grade.rank
    more = data.draw(figures)
    if more.code not in {one.code for one in told}:  # something that was not looked at before
        assert grade([*told, more], policy).marks <= before.marks


@settings(QUICK, max_examples=200)
@given(st.lists(figures, max_size=14), policies, st.randoms())
def test_marks_lost_add_up_and_order_does_not_matter(told, policy, chance):
    one = grade(told, policy)
    assert one.marks == max(10_000 - sum(lost.lost for lost in one.losses), 0)
    assert all(0 <= lost.lost <= lost.weight * 100 for lost in one.losses)
    assert [lost.lost for lost in one.losses] == sorted((n.lost for n in one.losses), reverse=True)
    shuffled = list(told)
    chance.shuffle(shuffled)
    assert grade(shuffled, policy) == one


@settings(QUICK, max_examples=100)
@given(st.lists(figures, max_size=10))
@example([Figure("gaps", 0, 0)])
def test_nothing_wrong_is_an_a_and_nothing_looked_at_costs_nothing(told):
    clean = [replace(one, value=0) for one in told]
    unseen = [replace(one, of=0) for one in told]
    assert grade(clean, POLICY).grade is grade(unseen, POLICY).grade is Grade.A


@pytest.mark.parametrize(
    ("lost", "expected"),
    [(10, "A"), (11, "B"), (25, "B"), (26, "C"), (40, "C"), (41, "D"), (60, "D"), (61, "E")],
)
def test_grades_begin_where_the_policy_says(lost, expected):
    weights = {**dict.fromkeys(WEIGHTS, 0), "gaps": lost}
    policy = MonitoringPolicy(quality_weights=weights)
    assert grade([Figure("gaps", 9, 10)], policy).grade == expected


def test_half_of_the_limit_costs_half_of_the_weight():
    (lost,) = grade([Figure("negative_stock", 5, 100)], POLICY).losses  # 5 % of a limit of 10 %
    assert lost.lost == 1_000
    assert add([Figure("gaps", 1, 2), Figure("gaps", 3, 4)]) == (Figure("gaps", 4, 6),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quality_weights", {"gaps": 10}),
        ("quality_weights", {**WEIGHTS, "gaps": 101}),
        ("quality_limits", {**LIMITS, "gaps": -1}),
        ("quality_marks", {**MARKS, "B": 95}),
        ("quality_marks", {"A": 90}),
        ("quality_gate", "F"),
        ("closed_weekdays", (7,)),
        ("holidays", ("8.11.2026",)),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(Invalid) as refusal:
        MonitoringPolicy(**{name: value})
    assert refusal.value.faults[0].field


@settings(QUICK, max_examples=200)
@given(
    st.datetimes(NOW.replace(tzinfo=None) - timedelta(days=60), NOW.replace(tzinfo=None)),
    st.integers(0, 900),
    st.sets(st.integers(0, 6)),
)
def test_open_hours_grow_with_time_and_shrink_with_closed_days(since, hours, weekdays):
    since = since.replace(tzinfo=NOW.tzinfo)
    at = since + timedelta(hours=hours)
    age = open_hours(since, at, weekdays, ())
    assert 0 <= age <= hours
    assert age <= open_hours(since, at + timedelta(hours=1), weekdays, ())
    assert open_hours(since, at, (), ()) == hours
    assert open_hours(since, at, range(7), ()) == 0


def test_a_payload_tells_what_it_rests_on_by_the_names_that_all_kinds_use():
    rests = rests_on({"lines": [{"sku": "S", "location": "GD-X"}], "target_territory": "BLR"})
    rests = at_home(rests, {"GD-X": "MUM"})
    assert (rests.territories, rests.locations, rests.skus) == ({"BLR", "MUM"}, {"GD-X"}, {"S"})
    assert not rests_on({"quantity": 3}).is_known


# --- figures -------------------------------------------------------------------------------


@pytest.fixture
def book(in_alpha, own_media) -> Book:
    book = make_book()
    for sku in ("S1", "S2"):
        book.batch(sku, "A")
        book.receive(sku, "A", 500)
    return book


def written(body: str, title: str, at=NOW) -> ImportRun:
    feed = imports.ensure_feed(code="files", name="Files", system="files", actor=OWNER, at=at)
    run = imports.open_run(
        feed=feed, content=io.BytesIO(body.encode()), title=title, options={}, actor=OWNER, at=at
    )
    imports.check_run(run.pk, at=at)
    return imports.write_run(run.pk, actor=OWNER, at=at)


def figures_of(kind: str, code: str, at=NOW) -> dict[str, tuple[int, int]]:
    found = measure(at, POLICY).figures[kind, code]
    return {one.code: (one.value, one.of) for one in add(found)}


STOCK = "sku,batch,location,quantity\n"
SALES = "transaction_id,line,retailer_id,sku,quantity,unit_price,timestamp\n"


def line(number: int, day: int, sku: str = "S1", pieces: int = 2) -> str:
    return f"T{number},1,R1,{sku},{pieces},80.00,2026-11-{day:02d}T10:00:00+05:30\n"


def test_negative_rows_of_a_stock_statement_are_counted_for_its_feed_and_its_place(book):
    godown = book.godowns["MUM"].code
    written(STOCK + f"S1,A,{godown},400\nS2,A,{godown},-5\n", "stock.csv")
    assert figures_of("location", godown)["negative_stock"] == (1, 2)
    assert figures_of("feed", "files")["negative_stock"] == (1, 2)
    assert figures_of("location", godown)["differences"] == (0, 2)  # its cause has a name


def test_of_stock_the_newest_statement_counts(book):
    godown = book.godowns["MUM"].code
    written(STOCK + f"S2,A,{godown},-5\n", "old.csv", at=NOW - timedelta(days=1))
    written(STOCK + f"S2,A,{godown},5\n", "new.csv")
    assert figures_of("location", godown)["negative_stock"] == (0, 1)


def test_rows_set_aside_lines_sent_again_and_pieces_sold_without_stock_are_counted(book):
    written(SALES + line(1, 20) + line(2, 20, sku="NOPE"), "one.csv")
    written(SALES + line(1, 20) + line(3, 21, pieces=700), "two.csv")
    of_feed, of_place = figures_of("feed", "files"), figures_of("territory", "MUM")
    assert of_feed["quarantine"] == (1, 4)
    assert of_feed["duplicates"] == of_place["duplicates"] == (1, 4)
    assert of_place["quarantine"] == (1, 4)
    assert of_feed["found"] == (202, 702)
    assert figures_of("location", book.godowns["MUM"].code)["found"][0] == 202


def test_late_sales_are_back_dated_but_history_is_not(book):
    written(SALES + line(1, 2) + line(2, 16), "history.csv", at=NOW - timedelta(days=5))
    assert figures_of("territory", "MUM")["back_dated"] == (0, 2)
    written(SALES + line(3, 10) + line(4, 14) + line(5, 23), "later.csv")
    assert figures_of("territory", "MUM")["back_dated"] == (2, 5)
    assert figures_of("feed", "files")["back_dated"] == (2, 5)


def test_working_days_without_a_sale_are_gaps_and_sundays_are_not(book):
    days = [f"2026-11-{day}T10:00:00+05:30" for day in (13, 14, 16, 19)]
    rows = [sold(f"T{number}", "S1", 1, timestamp=day) for number, day in enumerate(days)]
    ingest_sales(rows, actor=OWNER, at=NOW, source="tests")
    assert figures_of("territory", "MUM")["gaps"] == (2, 6)  # 17 and 18; the 15th is a Sunday


def test_batches_without_mrp_expiry_or_hsn_are_counted_where_they_stand(book):
    for sku in book.skus.values():
        sku.shelf_life_days = 300
        sku.save()
    bare = book.batch("S1", "BARE")
    bare.mrp_paise, bare.expiry_date = 0, None
    bare.save()
    book.receive("S1", "BARE", 5)
    book.skus["S2"].hsn = ""
    book.skus["S2"].save()
    found = figures_of("location", book.godowns["MUM"].code)
    assert (found["missing_mrp"], found["missing_expiry"], found["missing_hsn"]) == ((1, 3), (1, 3), (1, 3))


# --- grading -------------------------------------------------------------------------------


def regrade(at=NOW) -> dict[tuple[str, str], QualityGrade]:
    return {(one.kind, one.code): one for one in grade_feeds(actor=OWNER, at=at)}


def test_feeds_places_and_territories_are_graded_once_a_day(book):
    godown = book.godowns["MUM"].code
    written(STOCK + f"S1,A,{godown},400\n", "stock.csv")
    assert is_grading_due(NOW)
    graded = regrade()
    assert {("feed", "files"), ("location", godown), ("territory", "MUM")} <= graded.keys()
    assert graded["location", godown].grade == "A"
    regrade(NOW + timedelta(hours=1))
    assert QualityGrade.objects.filter(kind="feed").count() == 1
    assert not is_grading_due(NOW + timedelta(hours=1))
    assert is_grading_due(NOW + timedelta(days=1))
    assert Feed.objects.get(code="files").reach == {"stock": [godown]}


def test_a_grading_that_was_lost_with_the_queue_is_made_up_for(book):
    godown = book.godowns["MUM"].code
    written(STOCK + f"S1,A,{godown},400\n", "stock.csv")
    regrade()
    later = NOW + timedelta(minutes=10)
    written(STOCK + f"S1,A,{godown},390\n", "next.csv", at=later)
    assert not is_grading_due(later + timedelta(seconds=59)), "it is on its way"
    assert is_grading_due(later + timedelta(seconds=61))
    regrade(later + timedelta(seconds=61))
    assert not is_grading_due(later + timedelta(minutes=9))


def test_a_fall_is_told_once_with_what_costs_most(book):
    godown = book.godowns["MUM"].code
    written(STOCK + f"S1,A,{godown},400\nS2,A,{godown},3\n", "good.csv", at=NOW - timedelta(days=1))
    regrade(NOW - timedelta(days=1))
    written(STOCK + f"S1,A,{godown},-1\nS2,A,{godown},-5\n", "bad.csv")
    regrade()
    regrade()
    (told,) = Event.objects.filter(name="QualityFell", subject=f"location:{godown}")
    assert (told.payload["before"], told.payload["grade"]) == ("A", "B")
    assert told.payload["reasons"][0] == "negative_stock"
    assert told.payload["holdsBack"] is False


def test_a_feed_that_goes_stale_is_told_once_until_data_come_again(book):
    godown = book.godowns["MUM"].code
    written(STOCK + f"S1,A,{godown},400\n", "stock.csv")
    regrade()
    late = NOW + timedelta(days=3)
    assert is_grading_due(late)
    graded = regrade(late)
    regrade(late)
    (told,) = Event.objects.filter(name="FeedStale")
    assert (told.payload["feed"], told.payload["hours"], told.payload["uploads"]) == ("files", 72, True)
    assert graded["feed", "files"].figures[0]["code"] == "stale"
    assert graded["location", godown].figures[0]["code"] == "stale"
    assert graded["territory", "MUM"].figures[0]["code"] == "stale"
    written(STOCK + f"S1,A,{godown},390\n", "next.csv", at=late)
    regrade(late)
    assert Feed.objects.get(code="files").stale_at is None
    assert Event.objects.filter(name="FeedStale").count() == 1


def test_a_policy_of_the_distributors_own_changes_the_grade_from_its_day_on(book):
    godown = book.godowns["MUM"].code
    written(STOCK + f"S1,A,{godown},-1\n", "stock.csv")
    assert regrade()["location", godown].grade == "B"
    harsh = {"quality_weights": {**WEIGHTS, "negative_stock": 100}}
    tomorrow = NOW + timedelta(days=1)
    set_policy("monitoring", harsh, effective_date=ist_day(tomorrow), actor=OWNER, at=NOW)
    assert regrade()["location", godown].grade == "B"
    later = regrade(tomorrow)["location", godown]
    assert (later.grade, later.policy_version) == ("E", 1)


def test_a_fresh_distributor_has_nothing_to_grade(in_alpha):
    assert not is_grading_due(NOW)
    assert grade_feeds(actor=OWNER, at=NOW) == []


def test_two_distributors_are_graded_apart(book, beta):
    written(STOCK + f"S1,A,{book.godowns['MUM'].code},-1\n", "stock.csv")
    regrade()
    with tenant_context(beta):
        assert grade_feeds(actor=OWNER, at=NOW) == []
        assert list_grades(ist_day(NOW)) == []


# --- pages and door ------------------------------------------------------------------------


@pytest.fixture
def boss(in_alpha) -> Client:
    person = add_person(
        username="boss", password="look-at-data-1", role=Role.OWNER, name="Boss", email="b@alpha.example"
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


def test_the_page_says_what_costs_marks_and_what_to_do(book, boss):
    now = timezone.now()
    written(STOCK + f"S1,A,{book.godowns['MUM'].code},-1\n", "stock.csv", at=now)
    regrade(now)
    page = boss.get("/data/quality").content.decode()
    assert "1 of 1 rows of stock are below zero. Enter the missing purchases or receipts" in page
    assert book.godowns["MUM"].name in page
    assert "Data B" in page
    assert boss.post("/data/quality/now").status_code == 302


def test_without_grades_the_page_says_so(boss):
    assert "Nothing is graded yet" in boss.get("/data/quality").content.decode()


def test_the_door_gives_figures_sentences_and_the_trend(book):
    now = timezone.now()
    godown = book.godowns["MUM"].code
    written(STOCK + f"S1,A,{godown},-1\n", "stock.csv", at=now)
    regrade(now - timedelta(days=1))
    regrade(now)
    answer = Caller(May.READ).get("/api/v1/quality", kind="location").json()
    one = next(row for row in answer["results"] if row["code"] == godown)
    assert (answer["gate"], one["grade"], one["marks"], one["holdsBack"]) == ("D", "B", 80.0, False)
    assert one["figures"][0]["code"] == "negative_stock"
    assert one["figures"][0]["lost"] == 20.0
    assert [day["marks"] for day in one["trend"]][-2:] == [80.0, 80.0]
    assert len(one["trend"]) == 30
    problem(Caller(May.READ).get("/api/v1/quality", kind="moon"), 422, "bad_query")
    assert date.fromisoformat(one["day"]) == ist_day(now)
