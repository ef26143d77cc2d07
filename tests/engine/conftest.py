"""Fixtures of the spine's tests."""

import pytest

from tests.probe import Probe, hung


@pytest.fixture
def probe():
    """The probe kind, hung for one test."""
    with hung(Probe()) as one:
        yield one
