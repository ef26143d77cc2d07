"""Workers killed at what somebody asked for: another takes it up at once, and it is made once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from compliance import services as compliance
from compliance.models import ReportFile
from compliance.selectors import waiting_reports
from inventory.models import DailyDemand, MovementKind, ReplayReport
from inventory.selectors.outcomes import list_asked_replays, list_replays, waiting_replays
from inventory.services.asked_replays import ask_replay, play_asked
from tests.builders import OWNER
from tests.chaos.worker import House, Place, call_dies_at
from tests.conftest import NOW
from tests.inventory.book import TODAY, make_book
from tests.inventory.conftest import own_media
from tests.inventory.test_replay import DAY, move
from tests.ops.conftest import within
from vyapar.engine.asked import list_takeable
from vyapar.engine.models import AuditEntry
from vyapar.ops.takeout import jobs

__all__ = ["own_media"]

pytestmark = pytest.mark.chaos


@pytest.fixture
def house(fresh_distributor, own_media: Path) -> House:
    return House(connection.settings_dict["NAME"], fresh_distributor.schema_name, str(own_media), 0)


def taken_up_at_once(waiting, pk, at) -> bool:
    """The database may need a moment to notice that the dead worker's session is over."""
    return within(10, lambda: list_takeable(waiting(), at) == [str(pk)])


def files_in(folder: str) -> list[str]:
    """Names in a folder of the storage, at any depth, without drafts of processes that were killed."""
    below = Path(default_storage.path(folder))
    paths = [path for path in below.rglob("*") if path.is_file() and not path.name.endswith(".part")]
    return sorted(str(path.relative_to(below)) for path in paths)


@pytest.mark.parametrize(
    "place",
    [
        Place("vyapar/ops/takeout/pack.py", "_pack", 1),
        Place("vyapar/ops/takeout/pack.py", "_lists", 1),
        Place("vyapar/ops/media.py", "_name", 1),
        Place("vyapar/ops/takeout/jobs.py", "_finish", 1),
    ],
    ids=lambda place: place.name,
)
def test_a_takeout_whose_worker_is_killed_is_made_once_by_the_next(house: House, place: Place) -> None:
    now = timezone.now()
    job = jobs.start(actor=OWNER, at=now)
    pk = UUID(job.id)
    assert call_dies_at(place, house, "vyapar.ops.takeout.jobs", "make", pk, clock=timezone.now)
    assert taken_up_at_once(jobs.waiting, pk, timezone.now())
    assert jobs.get(pk).state == "cut_off"
    assert jobs.list_kept() == [], "what nobody has vouched for is not offered"
    jobs.make(pk, clock=timezone.now)
    assert jobs.get(pk).state == "done"
    (kept,) = jobs.list_kept()
    assert kept.bytes == jobs.get(pk).bytes
    assert files_in("takeouts") == [kept.name]
    assert list(Path(settings.HOME).glob("takeout-*")) == []
    assert AuditEntry.objects.filter(verb="TakeoutMade").count() == 1


@pytest.mark.parametrize(
    "place",
    [
        Place("compliance/documents/period_report.py", "build", 1),
        Place("vyapar/ops/media.py", "_name", 1),
        Place("compliance/services/reports.py", "_settle", 1),
    ],
    ids=lambda place: place.name,
)
def test_a_report_whose_worker_is_killed_is_printed_once_by_the_next(house: House, place: Place) -> None:
    report = compliance.ask_report(f"{NOW:%Y-%m}", actor=OWNER, at=NOW)
    named = {"clock": timezone.now}
    assert call_dies_at(place, house, "compliance.services", "print_report", report.pk, **named)
    assert taken_up_at_once(waiting_reports, report.pk, timezone.now())
    assert compliance.print_report(report.pk, clock=timezone.now)
    assert ReportFile.objects.get().state == "ready"
    assert files_in("reports") == [f"{report.pk}.pdf"]


@pytest.mark.parametrize(
    "place",
    [
        Place("inventory/services/replay.py", "_play", 1),
        Place("vyapar/ops/media.py", "_name", 2),
        Place("inventory/services/replay.py", "_keep", 1),
        Place("vyapar/engine/services/events.py", "append_audit", 1),
    ],
    ids=lambda place: place.name,
)
def test_a_day_whose_worker_is_killed_is_played_once_by_the_next(house: House, place: Place) -> None:
    a_past_that_can_be_played()
    asked = ask_replay(DAY, actor=OWNER, at=NOW)
    named = {"at": NOW}
    assert call_dies_at(place, house, "inventory.services.asked_replays", "play_asked", asked.pk, **named)
    assert taken_up_at_once(waiting_replays, asked.pk, NOW)
    assert [one.pk for one in list_asked_replays()] == [asked.pk]
    assert play_asked(asked.pk, at=NOW) is not None
    (report,) = list_replays()
    assert ReplayReport.objects.count() == 1
    name = report.folder.removeprefix("replays/")
    assert files_in("replays") == [f"{name}/report.html", f"{name}/rows.csv"]
    assert AuditEntry.objects.filter(verb="DayReplayed").count() == 1


def a_past_that_can_be_played() -> None:
    made = make_book(1)
    made.batch("S1", "B1", expires_in=60)
    move(made, "S1", "B1", MovementKind.RECEIPT, 500, DAY - timedelta(days=120))
    for back in (*range(60, 141), 0):
        DailyDemand.objects.create(
            sku=made.skus["S1"], territory=made.territories["MUM"], day=TODAY - timedelta(days=back),
            quantity=2, revenue_paise=16_000, lines=1, outlets=1,
        )  # fmt: skip
