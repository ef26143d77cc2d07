"""Starts throw-away services before anything reads the settings; workers of one run share them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from vyapar.ops.embedded import services

_running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """Come before pytest-django, which reads the settings in this very hook.

    `DATABASE_URL` and `REDIS_URL` in the environment win. A parallel run's workers inherit the servers;
    each has a database, a Redis number and a home of its own.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        server, _, number = os.environ["REDIS_URL"].rpartition("/")
        os.environ["REDIS_URL"] = f"{server}/{int(number) + 1 + int(worker.removeprefix('gw'))}"
        own = Path(os.environ["VYAPAR_HOME"]) / worker
        own.mkdir(exist_ok=True)
        os.environ["VYAPAR_HOME"] = str(own)
    else:
        os.environ["VYAPAR_TEST"] = "1"
        home = _running.enter_context(tempfile.TemporaryDirectory(prefix="vyapar-test-home-"))
        os.environ.setdefault("VYAPAR_HOME", home)
        os.environ.update(_running.enter_context(services(durable=False)))
    return (yield)


def pytest_unconfigure() -> None:
    """Stop the services, after pytest-django has dropped its databases."""
    _running.close()
