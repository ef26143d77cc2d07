"""Runs benchmarks by name, or all: each ends with one line of JSON."""

from __future__ import annotations

import importlib
import json
import pkgutil
import secrets
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from os import environ
from typing import Any

import benchmarks
from benchmarks._children import leave_tidily

#: What a figure must say to mean anything: more is welcome.
KEYS = ("name", "value", "unit", "ratio", "against", "goal")


def names() -> list[str]:
    """Every benchmark there is; modules that begin with an underscore are their shared parts."""
    found = (module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    return sorted(name for name in found if not name.startswith("_"))


def line(figure: Mapping[str, Any]) -> str:
    """One figure as JSON; `ValueError` when it leaves something unsaid."""
    if missing := [key for key in KEYS if key not in figure]:
        raise ValueError(f"the figure does not say: {', '.join(missing)}")
    return json.dumps(dict(figure), ensure_ascii=False)


def main(asked: Sequence[str]) -> int:
    """Run what was asked for, or all; 1 when one failed, 2 when there is no such benchmark."""
    known = names()
    if unknown := sorted(set(asked) - set(known)):
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are: {', '.join(known)}\n")
        return 2
    failed = [name for name in asked or known if not _run(name)]
    if failed:
        sys.stderr.write(f"failed: {', '.join(failed)}\n")
    return 1 if failed else 0


def _run(name: str) -> bool:
    sys.stderr.write(f"--- {name}\n")
    start = time.monotonic()
    try:
        figure = importlib.import_module(f"benchmarks.{name}").run()
        printed = line(figure)
    except Exception:  # noqa: BLE001  # the others shall run all the same
        traceback.print_exc()
        return False
    sys.stderr.write(f"    {time.monotonic() - start:.1f} s\n")
    sys.stdout.write(printed + "\n")
    sys.stdout.flush()
    return True


if __name__ == "__main__":
    leave_tidily()
    with tempfile.TemporaryDirectory(prefix="vyapar-bench-") as home:
        # what settings must know; a benchmark that needs Django calls django.setup() itself
        environ.setdefault("DJANGO_SETTINGS_MODULE", "vyapar.settings")
        environ.setdefault("SECRET_KEY", secrets.token_urlsafe(64))
        environ.setdefault("VYAPAR_HOME", home)
        code = main(sys.argv[1:])
    sys.exit(code)
