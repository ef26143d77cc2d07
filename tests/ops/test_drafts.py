"""What killed processes left half written is swept away; nothing else is."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from tests.conftest import NOW
from tests.inventory.conftest import own_media
from vyapar.engine import registry
from vyapar.ops.media import ABANDONED, sweep_drafts

__all__ = ["own_media"]
pytestmark = pytest.mark.usefixtures("in_alpha", "own_media")


def left(name: str, age: timedelta) -> Path:
    """A file in the distributor's folder that was last written so long ago."""
    path = Path(default_storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    then = (NOW - age).timestamp()
    os.utime(path, (then, then))
    return path


def draft() -> str:
    return f".{uuid4().hex}.part"


def test_drafts_that_nobody_writes_any_more_go_and_everything_else_stays() -> None:
    old = [left(f"imports/7/{draft()}", ABANDONED * 2), left(draft(), ABANDONED + timedelta(seconds=1))]
    stay = [
        left(f"imports/7/{draft()}", timedelta(hours=1)),
        left("imports/7/sales.part", ABANDONED * 9),
        left("imports/7/.hidden.part", ABANDONED * 9),
        left(f"imports/7/{uuid4().hex}.part", ABANDONED * 9),
        Path(default_storage.path(default_storage.save("papers/kept.pdf", ContentFile(b"whole")))),
    ]
    assert sweep_drafts(Path(default_storage.path("")), NOW) == 2
    assert not any(path.exists() for path in old)
    assert all(path.exists() for path in stay)


def test_the_chore_walks_the_folder_now_and_then() -> None:
    cache.delete("media:drafts-swept")
    (chore,) = [one for one in registry.chores() if one.name == "ops.drafts"]
    first = left(draft(), ABANDONED * 2)
    chore.run(NOW)
    assert not first.exists()
    second = left(draft(), ABANDONED * 2)
    chore.run(NOW)
    assert second.exists(), "it was walked a moment ago"
    cache.delete("media:drafts-swept")
    chore.run(NOW)
    assert not second.exists()
