"""Fixtures that all tests share: two distributors on the real Postgres, and those who act."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count

import pytest
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from django_tenants.utils import tenant_context
from xdist.scheduler import LoadScopeScheduling

from vyapar.kernel.actor import Actor, agent, system

#: The instant at which tests act unless they say otherwise: an ordinary Monday noon in India.
NOW = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)

_numbers = count(1)


class ByFile(LoadScopeScheduling):
    """A file's tests stay with one worker, and so do all journeys, because they share a house."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "tests/journeys" if file.startswith("tests/journeys/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    """How a parallel run shares the tests out."""
    return ByFile(config, log)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """The test database, with the distributors `alpha` and `beta` in schemas of their own.

    With `--reuse-db` those of the run before are used again. It takes the place of the plugin's fixture,
    which makes no database for a run in which no test bears its mark, as those that only have a
    distributor of their own don't.
    """
    from vyapar.tenancy.models import Distributor
    from vyapar.tenancy.services import ensure_public, open_distributor

    with django_db_blocker.unblock():
        keep = django_db_keepdb and not django_db_createdb
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, keepdb=keep)
        ensure_public()
        known = set(Distributor.objects.values_list("slug", flat=True))
        for slug in sorted({"alpha", "beta"} - known):
            open_distributor(slug=slug, name=f"{slug.title()} Distributors", domain=f"{slug}.localhost")
    yield
    if not django_db_keepdb:
        with django_db_blocker.unblock():
            connections.close_all()
            teardown_databases(made, verbosity=0)


@pytest.fixture
def alpha(db: None):
    """The distributor in whose schema the test runs; what the test writes is rolled back."""
    yield from _inside("t_alpha")


@pytest.fixture
def in_alpha(alpha) -> None:
    """For `usefixtures`: the test runs in alpha's schema."""


@pytest.fixture
def beta(db: None):
    """The other distributor. Its schema is not entered: `with tenant_context(beta)` does that."""
    from vyapar.tenancy.selectors import get_distributor_by_schema

    return get_distributor_by_schema("t_beta")


@pytest.fixture
def fresh_distributor(django_db_setup: None, django_db_blocker):
    """A distributor of the test's own, entered, whose writes are committed; dropped afterwards.

    For tests of races, of killed workers, and of whatever opens connections of its own.
    """
    from vyapar.tenancy.services import close_distributor, open_distributor

    with django_db_blocker.unblock():
        slug = f"fresh-{next(_numbers)}"
        distributor = open_distributor(slug=slug, name="Fresh", domain=f"{slug}.localhost")
        try:
            with tenant_context(distributor):
                yield distributor
        finally:
            close_distributor(distributor)
            connections.close_all()


@pytest.fixture
def now() -> datetime:
    """The instant at which the test acts."""
    return NOW


@pytest.fixture
def owner() -> Actor:
    """A person who may do everything."""
    return Actor("user", "1", "The owner")


@pytest.fixture
def monitoring() -> Actor:
    """The actor of the Monitoring agent."""
    return agent("monitoring")


@pytest.fixture
def machine() -> Actor:
    """The actor of imports and sweeps."""
    return system("tests")


def _inside(schema: str) -> Iterator[object]:
    from vyapar.tenancy.selectors import get_distributor_by_schema

    distributor = get_distributor_by_schema(schema)
    with tenant_context(distributor):
        yield distributor
