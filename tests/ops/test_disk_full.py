"""A disk that is full: a clear word, and nothing half done. The limit on a file's length stands in for it."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from tests.builders import OWNER
from vyapar.gateway.services import issue_key
from vyapar.kernel.errors import Unavailable
from vyapar.ops.takeout import jobs
from vyapar.people.contracts import May

BYTES = 40_000


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may be longer; writing past it fails as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def home(settings, tmp_path: Path) -> Path:
    settings.HOME, settings.MEDIA_ROOT = tmp_path / "home", tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_stands_whole_or_not_at_all(in_alpha, home: Path) -> None:
    with room_for(BYTES), pytest.raises(Unavailable) as refusal:
        default_storage.save("papers/report.pdf", ContentFile(b"x" * (BYTES + 1)))
    assert refusal.value.code == "disk_full"
    assert files_below(home) == []
    assert default_storage.save("papers/report.pdf", ContentFile(b"whole")) == "papers/report.pdf"
    other = default_storage.save("papers/report.pdf", ContentFile(b"another"))
    assert other != "papers/report.pdf"
    assert sorted(path.read_bytes() for path in files_below(home)) == [b"another", b"whole"]


def test_files_follow_a_media_root_that_moves(in_alpha, home: Path, settings, tmp_path: Path) -> None:
    default_storage.save("papers/report.pdf", ContentFile(b"here"))
    settings.MEDIA_ROOT = tmp_path / "elsewhere"
    default_storage.save("papers/report.pdf", ContentFile(b"there"))
    assert [path.read_bytes() for path in files_below(home)] == [b"here"]
    assert [path.read_bytes() for path in files_below(settings.MEDIA_ROOT)] == [b"there"]


def test_a_takeout_that_finds_no_room_fails_with_the_reason_and_is_not_listed(
    fresh_distributor, home: Path
) -> None:
    job = jobs.start(actor=OWNER, at=timezone.now())
    with room_for(BYTES), pytest.raises(OSError, match="too large"):
        jobs.make(UUID(job.id), clock=timezone.now)
    told = jobs.get(UUID(job.id))
    assert told.state == "failed"
    assert "disk of this server is full" in told.error
    assert jobs.list_kept() == []
    assert files_below(home) == []
    assert files_below(home.parent / "home") == []
    assert jobs.start(actor=OWNER, at=timezone.now()).state == "queued", "it may be asked for again at once"


def test_an_import_that_finds_no_room_is_a_clear_problem_and_opens_no_run(in_alpha, home: Path) -> None:
    _key, token = issue_key(name="ERP", scopes=tuple(May), actor=OWNER, at=timezone.now())
    client = Client(HTTP_HOST="alpha.localhost", HTTP_AUTHORIZATION=f"Bearer {token}")
    body = b"transactionId\n" + b"T1\n" * BYTES
    address = "/api/v1/imports?kind=sales&name=big.csv"
    with room_for(BYTES):
        answer = client.post(address, body, content_type="application/octet-stream")
    assert (answer.status_code, answer.json()["code"]) == (503, "disk_full")
    assert int(answer["Retry-After"]) == 300
    assert client.get("/api/v1/imports").json()["results"] == []
    assert files_below(home) == []
