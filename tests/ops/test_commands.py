"""The shell commands and the benchmark runner: they parse, name no registry, and tell the truth."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest

import benchmarks.__main__ as bench
from vyapar.ops.stack import CHECKOUT

_SCRIPTS = [
    *(CHECKOUT / "bin" / name for name in ("run", "test", "bench", "setup", "lock")),
    CHECKOUT / ".ci" / "run",
]


@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda path: path.name)
def test_a_command_is_a_shell_script_that_can_be_executed_and_names_no_host(script: Path) -> None:
    text = script.read_text()
    assert text.startswith("#!/bin/sh\n")
    assert os.access(script, os.X_OK)
    assert "://" not in text.replace("https://vyapar.example", "")
    assert subprocess.run(["sh", "-n", str(script)]).returncode == 0


def test_a_mode_that_does_not_exist_is_refused_by_the_setup() -> None:
    done = subprocess.run([CHECKOUT / "bin" / "setup", "nonsense"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "unknown mode 'nonsense'" in done.stderr


def test_a_setup_without_any_python_says_what_to_install(tmp_path: Path) -> None:
    """A checkout of its own, and a PATH with the shell's tools but no interpreter."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "setup").write_text((CHECKOUT / "bin" / "setup").read_text())
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dirname", "readlink", "mkdir", "id", "cat"):
        (tools / name).symlink_to(Path("/usr/bin") / name)
    done = subprocess.run(
        ["/bin/sh", str(tmp_path / "bin" / "setup")],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "install python3 (3.11 to 3.13)" in done.stderr


_FIGURE = {"name": "n", "value": 2.0, "unit": "s", "ratio": 2.0, "against": "peer", "goal": 1.0}


def test_a_figure_is_one_line_of_json() -> None:
    assert json.loads(bench.line({**_FIGURE, "note": "₹"})) == {**_FIGURE, "note": "₹"}


@pytest.mark.parametrize("key", sorted(_FIGURE))
def test_a_figure_that_leaves_something_unsaid_is_refused(key: str) -> None:
    figure = {name: value for name, value in _FIGURE.items() if name != key}
    with pytest.raises(ValueError, match=key):
        bench.line(figure)


@pytest.mark.parametrize("name", bench.names())
def test_every_benchmark_that_is_listed_can_be_run(name: str) -> None:
    assert callable(importlib.import_module(f"benchmarks.{name}").run)


def test_a_benchmark_that_fails_does_not_keep_the_others_from_running(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = types.ModuleType("benchmarks.good"), types.ModuleType("benchmarks.bad")
    good.run = lambda: _FIGURE  # type: ignore[attr-defined]
    bad.run = lambda: 1 / 0  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "benchmarks.good", good)
    monkeypatch.setitem(sys.modules, "benchmarks.bad", bad)
    monkeypatch.setattr(bench, "names", lambda: ["bad", "good"])
    assert bench.main([]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == _FIGURE
    assert "ZeroDivisionError" in printed.err
    assert "failed: bad" in printed.err
    assert bench.main(["good"]) == 0


def test_a_benchmark_that_does_not_exist_is_refused_with_the_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bench.main(["nonsense"]) == 2
    told = capsys.readouterr().err
    assert bench.names()
    assert all(name in told for name in bench.names())
