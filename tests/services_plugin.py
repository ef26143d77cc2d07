"""Starts throw-away services before anything reads the settings; workers of one run share them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack

import pytest

from vyapar.ops.embedded import services

_running = ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None, object, object]:
    """Come before pytest-django, which reads the settings in this very hook.

    `DATABASE_URL` and `REDIS_URL` in the environment win. A parallel run's workers inherit both.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        os.environ["VYAPAR_TEST"] = "1"
        home = _running.enter_context(tempfile.TemporaryDirectory(prefix="vyapar-test-home-"))
        os.environ.setdefault("VYAPAR_HOME", home)
        os.environ.update(_running.enter_context(services(durable=False)))
    return (yield)


def pytest_unconfigure() -> None:
    """Stop the services, after pytest-django has dropped its databases."""
    _running.close()
