"""Fixtures of the inventory's tests."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def own_media(settings, tmp_path: Path) -> Path:
    """Files that a test keeps go into a folder of its own."""
    settings.MEDIA_ROOT = str(tmp_path / "media")
    settings.MULTITENANT_RELATIVE_MEDIA_ROOT = "%s"  # said again: the storage forgets where it was
    return tmp_path / "media"
