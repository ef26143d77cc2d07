"""An agent does not act alone on data that are stale or half in, and says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django_tenants.utils import tenant_context

from inventory.models import Feed, ImportPart, ImportRun
from inventory.selectors.freshness import list_doubts
from inventory.services import ensure_feed
from tests.conftest import NOW
from vyapar.engine import registry
from vyapar.kernel.actor import Actor
from vyapar.kernel.decision import Severity

pytestmark = pytest.mark.usefixtures("in_alpha")
OWNER = Actor("user", "1", "The owner")
State = ImportRun.State


def feed(last_ok_hours: int | None) -> Feed:
    made = ensure_feed(code="tally", name="Tally", system="files", actor=OWNER, at=NOW)
    made.last_ok_at = None if last_ok_hours is None else NOW - timedelta(hours=last_ok_hours)
    made.save()
    return made


def run(of: Feed, state: str, *, hours_ago: int = 1, parts: int = 1) -> ImportRun:
    when = NOW - timedelta(hours=hours_ago)
    made = ImportRun.objects.create(
        number=1, feed=of, title="sales.csv", state=state, started_by="user:1", created_at=when
    )
    for number in range(parts):
        ImportPart.objects.create(run=made, number=number, kind="sales", rows=1, at=when)
    return made


def codes() -> list[str]:
    return [doubt.code for doubt in list_doubts(NOW)]


def test_without_a_feed_or_before_its_first_data_there_is_no_doubt():
    assert codes() == []
    feed(None)
    assert codes() == []


@pytest.mark.parametrize(("hours", "expected"), [(36, []), (37, ["feed_stale"])])
def test_a_feed_is_doubted_once_it_is_older_than_its_hours(hours, expected):
    feed(hours)
    assert codes() == expected


def test_a_feed_switched_off_is_not_waited_for():
    made = feed(100)
    made.active = False
    made.save()
    assert codes() == []


@pytest.mark.parametrize("state", [State.WRITING, State.UNDOING, State.FAILED, State.CANCELLED])
def test_a_run_that_is_half_in_is_doubted(state):
    run(feed(5), state)
    assert codes() == ["feed_half_loaded"]


def test_a_run_that_stopped_before_it_wrote_anything_leaves_no_doubt():
    run(feed(5), State.FAILED, parts=0)
    assert codes() == []


def test_a_good_run_since_ends_the_doubt():
    run(feed(1), State.FAILED, hours_ago=2)
    assert codes() == []


@pytest.mark.parametrize("state", [State.CHECKING, State.CHECKED, State.RECONCILED, State.UNDONE])
def test_a_run_that_is_not_half_in_leaves_no_doubt(state):
    run(feed(5), state)
    assert codes() == []


def test_the_gate_warns_and_names_the_feed_its_age_and_what_to_do():
    feed(50)
    guard = next(one for one in registry.guards_of("transfer") if one.name == "feeds")
    (finding,) = guard.check(None, NOW)
    assert finding.severity is Severity.WARN
    assert "Tally" in finding.message
    assert "50 hours" in finding.message
    assert finding.fix


def test_another_distributors_feed_is_no_doubt_of_ours(beta):
    feed(50)
    with tenant_context(beta):
        assert list_doubts(NOW) == []
