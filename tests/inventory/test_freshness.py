"""An agent does not act alone on data that are stale or half in, and says so."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django_tenants.utils import tenant_context

from inventory.models import Feed, ImportPart, ImportRun
from inventory.selectors.freshness import freshness, list_doubts
from inventory.services import ensure_feed
from inventory.services.demonstration import DemonstrationLoaded
from tests.builders import build_world, sell
from tests.conftest import NOW
from vyapar.engine import registry
from vyapar.engine.services import emit, set_policy
from vyapar.kernel.actor import Actor
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.decision import Severity

pytestmark = pytest.mark.usefixtures("in_alpha")
OWNER = Actor("user", "1", "The owner")
State = ImportRun.State


def feed(last_ok_hours: int | None, *, every_seconds: int = 900, code: str = "tally", **reach: list) -> Feed:
    made = ensure_feed(
        code=code, name=code.title(), system="files", actor=OWNER, at=NOW, every_seconds=every_seconds
    )
    made.reach = reach
    made.last_ok_at = None if last_ok_hours is None else NOW - timedelta(hours=last_ok_hours)
    made.save()
    return made


def run(of: Feed, state: str, *, hours_ago: int = 1, parts: int = 1) -> ImportRun:
    when = NOW - timedelta(hours=hours_ago)
    made = ImportRun.objects.create(
        number=ImportRun.objects.count() + 1,
        feed=of,
        title="sales.csv",
        state=state,
        started_by="user:1",
        created_at=when,
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


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (40, "fresh"),  # Saturday 20:00 to Monday noon: 16 working hours
        (24 + 12 + 4 + 10, "fresh"),  # from Saturday 10:00: 26
        (24 + 12 + 24 + 1, "stale"),  # from Friday 23:00: 37
    ],
)
def test_what_is_uploaded_does_not_age_on_a_sunday(hours, expected):
    made = feed(hours, every_seconds=0)
    assert freshness(made, NOW) == expected


def test_a_feed_that_is_pulled_ages_on_sundays_too():
    assert freshness(feed(40, every_seconds=900), NOW) == "stale"


def test_holidays_of_the_distributors_own_do_not_age_an_upload_either():
    made = feed(61, every_seconds=0)
    policy = {"holidays": ("2026-11-21",)}
    set_policy("monitoring", policy, effective_date=ist_day(NOW), actor=OWNER, at=NOW)
    assert freshness(made, NOW) == "fresh"


def test_a_stale_upload_says_that_the_next_file_is_wanted_and_a_stale_pull_says_so_too():
    feed(100, every_seconds=0)
    assert list_doubts(NOW)[0].fix == "Upload the next file of Tally"
    feed(100, every_seconds=900)
    assert list_doubts(NOW)[0].fix.startswith("Pull Tally")


def test_an_import_that_does_not_tie_is_doubted_until_a_good_one_came():
    run(feed(5), State.WRITTEN)
    (doubt,) = list_doubts(NOW)
    assert doubt.code == "feed_half_loaded"
    assert "totals differ" in doubt.message
    assert not doubt.passes
    feed(0)
    assert codes() == []


PAYLOADS = {
    "transfer": {
        "source_location": "GD-PUNE", "destination_location": "GD-NAGPUR", "source_territory": "PUNE",
        "target_territory": "NAGPUR", "lines": [{"sku": "BIS-100", "batch": "B1"}],
    },
    "offer": {
        "territory": "PUNE", "lines": [{"sku": "TEA-250", "location": "GD-PUNE"}], "targets": ["R001"],
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("reach", "concerned"),
    [
        ({"stock": ["GD-PUNE"]}, {"transfer", "offer"}),
        ({"stock": ["GD-NAGPUR"]}, {"transfer"}),
        ({"stock": ["GD-INDORE"]}, set()),
        ({"sales": ["NAGPUR"]}, {"transfer"}),
        ({"sales": ["INDORE"], "receipts": ["GD-INDORE"]}, set()),
        ({"retailers": []}, {"offer"}),
        ({"skus": []}, set()),  # it never made or changed these SKUs
        ({"locations": [], "territories": []}, set()),
        ({}, {"transfer", "offer"}),  # nobody knows what it tells of
    ],
)
def test_only_what_rests_on_a_stale_feed_is_doubted(reach, concerned):
    feed(50, **reach)
    assert {name for name, payload in PAYLOADS.items() if list_doubts(NOW, payload)} == concerned


def test_a_feed_that_made_the_goods_is_concerned_by_them():
    world = build_world(pieces=0, outlets=0)
    made = feed(50, skus=[])
    run(made, State.RECONCILED).changes.create(table="inventory_sku", row_id=world.skus["TEA-250"].pk)
    assert list_doubts(NOW, PAYLOADS["offer"])
    assert not list_doubts(NOW, PAYLOADS["transfer"])


def test_a_run_that_is_half_in_concerns_what_it_has_brought_so_far():
    half = run(feed(1, stock=["GD-INDORE"]), State.WRITING)
    assert not list_doubts(NOW, PAYLOADS["transfer"])
    half.tallies.create(kind="sales", sku="BIS-100", location="NAGPUR", outcome="landed", rows=1)
    (doubt,) = list_doubts(NOW, PAYLOADS["transfer"])
    assert doubt.passes
    assert not list_doubts(NOW, PAYLOADS["offer"])


def test_a_demonstration_is_as_fresh_as_its_last_sale():
    build_world(pieces=0, outlets=1)
    sell(("R001", "BIS-100", 3), on=ist_day(NOW) - timedelta(days=1))
    emit(DemonstrationLoaded("2026-11-01", 1, 1, 1), subject="demonstration", actor=OWNER, at=NOW)
    assert codes() == []
    (doubt,) = list_doubts(NOW + timedelta(days=3))
    assert "demonstration" in doubt.message


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
    (finding,) = guard.check(SimpleNamespace(payload=PAYLOADS["transfer"]), NOW)
    assert finding.severity is Severity.WARN
    assert "Tally" in finding.message
    assert "50 hours" in finding.message
    assert finding.fix


def test_another_distributors_feed_is_no_doubt_of_ours(beta):
    feed(50)
    with tenant_context(beta):
        assert list_doubts(NOW) == []
