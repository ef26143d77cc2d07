"""Static files are gathered when they changed, and only then."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from vyapar.ops import statics


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "base.css").write_text("a {}")
    (tmp_path / "vyapar").mkdir()
    (tmp_path / "vyapar" / "settings.py").write_text("")
    (tmp_path / "requirements.txt").write_text("one==1")
    return tmp_path


@pytest.mark.parametrize("name", ["static/css/base.css", "requirements.txt", "vyapar/settings.py"])
def test_the_version_changes_with_a_file_a_package_or_a_setting(checkout: Path, name: str) -> None:
    before = statics.version(checkout, {})
    assert statics.version(checkout, {}) == before
    (checkout / name).write_text("something longer")
    assert statics.version(checkout, {}) != before


def test_the_version_changes_with_how_files_are_kept(checkout: Path) -> None:
    assert statics.version(checkout, {"VYAPAR_HTTPS": "1"}) != statics.version(checkout, {})


def test_a_second_start_gathers_nothing_and_a_failed_one_is_tried_again(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = [1, 0]
    calls: list[list[str]] = []

    def run(words: list[str], *, check: bool) -> subprocess.CompletedProcess[bytes]:
        calls.append(words)
        return subprocess.CompletedProcess(words, codes.pop(0))

    monkeypatch.setattr(statics, "CHECKOUT", checkout)
    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("VYAPAR_HOME", str(checkout))
    assert [statics.main(), statics.main(), statics.main()] == [1, 0, 0]
    assert len(calls) == 2
    (checkout / "static" / "more.css").write_text("b {}")
    codes.append(0)
    assert statics.main() == 0
    assert len(calls) == 3
