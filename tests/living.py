"""Another worker, as far as its sign of life goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connection

from vyapar.tenancy.here import current_schema


@contextmanager
def a_worker_at(kind: str, pk: int) -> Iterator[None]:
    """Another session that holds the sign of a living worker at a cycle or a part."""
    address = connection.get_connection_params()
    names = ("dbname", "user", "password", "host", "port")
    with psycopg.connect(**{name: address[name] for name in names}, autocommit=True) as other:
        key = f"{current_schema()}:{kind}"
        other.execute("SELECT pg_advisory_lock(hashtext(%s), %s::int)", [key, pk])
        yield
        other.execute("SELECT pg_advisory_unlock_all()")
