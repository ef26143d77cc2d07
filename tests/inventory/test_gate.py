"""The gate of data quality, through the engine: what runs alone, what waits for a person, and why."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from inventory.models import Feed, ImportPart, ImportRun, QualityGrade
from inventory.services import ensure_feed
from tests.builders import World, build_world, propose_transfer, transfer_payload
from tests.gateway.calling import Caller
from vyapar.engine.models import Action, Transition
from vyapar.engine.services import approve, carry_out, list_due, set_autonomy
from vyapar.engine.services.execution import MOST_WAITS, PATIENCE
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")
OWNER = Actor("user", "1", "The owner")
State = ImportRun.State


@pytest.fixture
def now() -> datetime:
    """Pages tell the time themselves."""
    return timezone.now()


@pytest.fixture
def world(now: datetime) -> World:
    """A distributor whose transfers run alone, unless something speaks against it."""
    set_autonomy("transfer", {"mode": "auto", "undo_seconds": 60}, actor=OWNER, at=now)
    return build_world()


def feed(hours: float, at: datetime, **reach: list[str]) -> Feed:
    made = ensure_feed(code="tally", name="Tally", system="tally", actor=OWNER, at=at, every_seconds=900)
    made.last_ok_at, made.reach = at - timedelta(hours=hours), reach
    made.save()
    return made


def half_way(of: Feed, at: datetime, state: str = State.WRITING) -> ImportRun:
    run = ImportRun.objects.create(
        number=7, feed=of, title="pull", state=state, started_by="user:1", created_at=at
    )
    ImportPart.objects.create(run=run, number=0, kind="stock", rows=1, at=at)
    return run


def graded(grade: str, code: str, at: datetime, kind: str = "location") -> QualityGrade:
    figures = [{"code": "negative_stock", "value": 9, "of": 9, "weight": 20, "limit_bp": 1000, "lost": 2000}]
    marks = {"A": 9500, "B": 8000, "C": 6500, "D": 4500, "E": 1000}[grade]
    return QualityGrade.objects.create(
        kind=kind, code=code, day=ist_day(at), grade=grade, marks=marks, figures=figures, graded_at=at
    )


def transfer(world: World, at: datetime) -> Action:
    return propose_transfer(transfer_payload(world), at)


def codes(action: Action) -> list[str]:
    return [one["code"] for one in action.findings]


def browser() -> Client:
    person = add_person(
        username="boss", password="look-at-data-1", role=Role.OWNER, name="Boss", email="b@alpha.example"
    )
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(person)
    return client


def test_with_fresh_feeds_an_action_in_mode_auto_runs_alone(world, now):
    feed(2, now, stock=["GD-PUNE"])
    graded("C", "GD-PUNE", now)
    action = transfer(world, now)
    assert (action.status, codes(action)) == ("auto_approved", [])


def test_with_a_stale_feed_it_waits_for_a_person_and_says_why_everywhere(world, now):
    feed(50, now, stock=["GD-PUNE"])
    action = transfer(world, now)
    assert (action.status, codes(action)) == ("proposed", ["feed_stale"])
    assert "Tally last brought data 50 hours ago" in action.record.verdict["reasons"][0]
    page = browser().get(f"/inbox/{action.pk}").content.decode()
    assert "the feed Tally last brought data 50 hours ago, more than the 36 it may be old" in page
    assert "agents do not act alone on it" in page
    told = Caller(May.READ).get(f"/api/v1/actions/{action.pk}").json()["dataQuality"]
    assert told["fresh"] is False
    assert told["doubts"][0]["code"] == "feed_stale"
    assert told["doubts"][0]["fix"] == "Pull Tally, or mend what stops it"


def test_with_an_import_half_way_it_waits_for_a_person(world, now):
    half_way(feed(1, now, stock=["GD-PUNE"]), now)
    action = transfer(world, now)
    assert (action.status, codes(action)) == ("proposed", ["feed_half_loaded"])
    assert "import 7 of the feed Tally is being written" in action.findings[0]["message"]


def test_a_stale_feed_of_another_place_holds_nothing_back(world, now):
    feed(50, now, stock=["GD-BENGALURU"], sales=["BENGALURU"])
    assert transfer(world, now).status == "auto_approved"


@pytest.mark.parametrize(
    ("grade", "code", "status"),
    [("C", "GD-PUNE", "auto_approved"), ("D", "GD-PUNE", "proposed"), ("E", "GD-NAGPUR", "proposed"),
     ("E", "GD-BENGALURU", "auto_approved")],
)  # fmt: skip
def test_a_place_graded_low_brings_in_a_person(world, now, grade, code, status):
    graded(grade, code, now)
    action = transfer(world, now)
    assert action.status == status
    if status == "proposed":
        assert codes(action) == ["quality_low"]
        assert f"graded {grade} (negative stock)" in action.findings[0]["message"]


def test_the_newest_grade_counts(world, now):
    graded("E", "GD-PUNE", now - timedelta(days=1))
    graded("B", "GD-PUNE", now)
    assert transfer(world, now).status == "auto_approved"


def test_the_inbox_row_bears_the_grade_and_that_the_data_are_in_doubt(world, now):
    graded("B", "GD-PUNE", now)
    graded("C", "PUNE", now, kind="territory")
    feed(50, now, stock=["GD-PUNE"])
    transfer(world, now)
    page = browser().get("/inbox").content.decode()
    assert "Data C" in page
    assert "Data in doubt" in page
    (row,) = Caller(May.READ).get("/api/v1/actions").json()["results"]
    assert row["dataQuality"]["grade"] == "C"
    assert [one["code"] for one in row["dataQuality"]["places"]] == ["GD-PUNE", "PUNE"]


# --- between approval and execution --------------------------------------------------------


def test_an_import_that_begins_after_approval_puts_the_action_off_and_then_lets_it_go_on(world, now):
    tally = feed(1, now, stock=["GD-PUNE"])
    action = transfer(world, now)
    run = half_way(tally, now)
    later = now + timedelta(seconds=61)
    assert list_due(later) == [action.pk]
    put_off = carry_out(action.pk, at=later)
    assert (put_off.status, codes(put_off)) == ("auto_approved", ["feed_half_loaded"])
    assert put_off.last_error.startswith("waits: import 7")
    assert list_due(later) == []
    page = browser().get(f"/inbox/{action.pk}").content.decode()
    assert "It waits" in page
    assert "import 7 of the feed Tally is being written" in page
    run.state, run.feed.last_ok_at = State.RECONCILED, later
    run.save()
    run.feed.save()
    after = later + PATIENCE
    assert list_due(after) == [action.pk]
    done = carry_out(action.pk, at=after)
    assert (done.status, done.last_error) == ("executed", "")


def test_an_import_that_never_ends_brings_in_a_person_in_the_end(world, now):
    half_way(feed(1, now, stock=["GD-PUNE"]), now)
    Feed.objects.update(active=False)
    action = transfer(world, now)
    Feed.objects.update(active=True)
    at = now + timedelta(seconds=61)
    for _turn in range(MOST_WAITS):
        assert carry_out(action.pk, at=at).status == "auto_approved"
        at += PATIENCE
    assert carry_out(action.pk, at=at).status == "proposed"


def test_a_feed_that_went_stale_after_approval_gives_the_action_back_to_a_person(world, now):
    tally = feed(1, now, stock=["GD-PUNE"])
    action = transfer(world, now)
    held = world.position().reserved
    tally.last_ok_at = now - timedelta(hours=60)
    tally.save()
    later = now + timedelta(seconds=61)
    back = carry_out(action.pk, at=later)
    assert (back.status, back.decided_by, back.undo_until) == ("proposed", "", None)
    last = Transition.objects.filter(action=action).order_by("id").last()
    assert (last.source, last.target) == ("auto_approved", "proposed")
    assert last.reason.startswith("a person is asked after all: the feed Tally")
    assert world.position().reserved == held == 100  # it keeps its cartons
    approve(action.pk, actor=OWNER, at=later)
    done = carry_out(action.pk, at=later + timedelta(seconds=61))
    assert done.status == "executed"
    assert Action.objects.get(pk=action.pk).record.approver == OWNER.ref


def test_what_a_person_approved_is_carried_out_although_a_feed_went_stale(world, now):
    set_autonomy("transfer", {"mode": "propose"}, actor=OWNER, at=now)
    tally = feed(1, now, stock=["GD-PUNE"])
    action = transfer(world, now)
    approve(action.pk, actor=OWNER, at=now)
    tally.last_ok_at = now - timedelta(hours=60)
    tally.save()
    assert carry_out(action.pk, at=now + timedelta(seconds=61)).status == "executed"


def test_another_distributors_grades_and_feeds_are_not_ours(world, now, beta):
    feed(50, now, stock=["GD-PUNE"])
    graded("E", "GD-PUNE", now)
    with tenant_context(beta):
        set_autonomy("transfer", {"mode": "auto"}, actor=OWNER, at=now)
        assert transfer(build_world(), now).status == "auto_approved"
