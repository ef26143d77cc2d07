"""The search path is set once, and never outlives the rollback that took it back."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_tenants.utils import tenant_context

from vyapar.engine.models import Event


def path_in_force() -> str:
    """What Postgres itself says, past every wrapper that would set it first."""
    with connection.connection.cursor() as cursor:
        return str(cursor.execute("SHOW search_path").fetchone()[0])


@pytest.fixture
def committed(fresh_distributor):
    """A distributor on a connection in autocommit, as a worker and a request have it."""
    return fresh_distributor


def test_a_second_statement_sets_nothing(committed):
    Event.objects.count()
    with CaptureQueriesContext(connection) as seen:
        Event.objects.count()
        Event.objects.count()
    assert [q["sql"] for q in seen.captured_queries if q["sql"].startswith("SET search_path")] == []


def test_after_a_rollback_that_took_the_path_back_the_next_statement_is_still_the_distributors(committed):
    connection.close()  # a new connection, whose first statement will be inside of the transaction
    with transaction.atomic():
        Event.objects.count()
        transaction.set_rollback(True)
    Event.objects.count()
    assert committed.schema_name in path_in_force()


def test_a_rolled_back_savepoint_does_not_leave_the_path_of_another_distributor(committed, beta_schema):
    with transaction.atomic():
        Event.objects.count()
        with transaction.atomic(), tenant_context(beta_schema):
            Event.objects.count()
            assert beta_schema.schema_name in path_in_force()
            transaction.set_rollback(True)
        Event.objects.count()
        assert committed.schema_name in path_in_force()
        assert beta_schema.schema_name not in path_in_force()


@pytest.fixture
def beta_schema(committed):
    from vyapar.tenancy.selectors import get_distributor_by_schema

    return get_distributor_by_schema("t_beta")
