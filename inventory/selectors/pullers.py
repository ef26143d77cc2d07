"""Which feeds a living worker is pulling: it holds a lock that goes when its connection does."""

from __future__ import annotations

from django.db import connection

from vyapar.tenancy.here import current_schema

#: A lock's first key is of the distributor, its second the feed.
LOCK = "hashtext(%s || ':pull'), %s::int"
_HELD = """
SELECT objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = (hashtext(%s || ':pull')::bigint & 4294967295)
"""


def list_pulled() -> frozenset[int]:
    """Ids of the feeds that are being pulled at this moment. One query, none of our tables."""
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [current_schema()])
        return frozenset(row[0] for row in cursor.fetchall())
