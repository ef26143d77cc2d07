"""What is kept for so long and no longer: files of imports, bodies that were sent to us."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django_tenants.utils import tenant_context

from inventory.models import Feed, FeedEvent, ImportRun
from inventory.services.clearing import clear_house
from inventory.services.imports.storage import keep_file
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("in_alpha", "own_media")
OLD = NOW - timedelta(days=91)


@pytest.fixture
def feed(alpha) -> Feed:
    return Feed.objects.create(code="erp", name="ERP", system="rest", created_at=NOW, updated_at=NOW)


def run_of(feed: Feed, number: int, state: str, ended=OLD, tmp: Path | None = None) -> ImportRun:
    path = Path(tmp or "/nonexistent") / f"{number}.csv"
    path.write_text(f"a,b\n{number},2\n")
    kept = keep_file(path, path.name)
    return ImportRun.objects.create(
        number=number, feed=feed, title=path.name, file=kept.name, digest=kept.digest, state=state,
        counts={"sales": {"accepted": 3}}, started_by="user:1", created_at=ended, finished_at=ended,
    )  # fmt: skip


def test_files_of_ended_imports_go_after_their_days_and_figures_stay(feed, tmp_path) -> None:
    old = run_of(feed, 1, "reconciled", tmp=tmp_path)
    young = run_of(feed, 2, "reconciled", NOW - timedelta(days=89), tmp=tmp_path)
    odd = run_of(feed, 3, "written", tmp=tmp_path)
    assert clear_house(at=NOW) == (1, 0)
    name, digest = old.file, old.digest
    for run in (old, young, odd):
        run.refresh_from_db()
    assert not default_storage.exists(name)
    assert (old.file, old.digest, old.counts) == ("", digest, {"sales": {"accepted": 3}})
    assert "deleted after 90 days" in old.log[-1][1]
    assert all(default_storage.exists(run.file) for run in (young, odd))
    assert clear_house(at=NOW) == (0, 0)


def test_a_round_that_was_cut_off_after_the_file_went_is_ended_by_the_next(feed, tmp_path) -> None:
    run = run_of(feed, 1, "undone", tmp=tmp_path)
    default_storage.delete(run.file)
    assert clear_house(at=NOW) == (1, 0)
    run.refresh_from_db()
    assert run.file == ""


def test_bodies_go_once_they_are_taken_in_and_what_waits_is_never_cleared(feed, tmp_path) -> None:
    done = run_of(feed, 1, "reconciled", NOW, tmp=tmp_path)
    going = run_of(feed, 2, "writing", NOW, tmp=tmp_path)
    for number, (run, refused, days) in enumerate(
        (
            (done, "", 31),
            (done, "", 29),
            (going, "", 31),
            (None, "", 400),
            (None, "no JSON", 91),
            (None, "no", 89),
        )
    ):
        FeedEvent.objects.create(
            feed=feed, event_id=str(number), body=b"{}", run=run, refused=refused,
            received_at=NOW - timedelta(days=days),
        )  # fmt: skip
    assert clear_house(at=NOW) == (0, 2)
    assert sorted(FeedEvent.objects.values_list("event_id", flat=True)) == ["1", "2", "3", "5"]


def test_another_distributors_files_are_left_alone(feed, beta, tmp_path) -> None:
    run_of(feed, 1, "reconciled", tmp=tmp_path)
    with tenant_context(beta):
        assert clear_house(at=NOW) == (0, 0)
    assert clear_house(at=NOW) == (1, 0)
