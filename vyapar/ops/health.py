"""Is this process alive, and could it serve? Answers for load balancers and the supervisor."""

from __future__ import annotations

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django_tenants.utils import get_public_schema_name, schema_context


def check_ready() -> dict[str, str]:
    """`{part: "ok" or what is wrong}` for the database, the schema and the broker."""
    with schema_context(get_public_schema_name()):
        return {"database": _database(), "migrations": _migrations(), "redis": _redis()}


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception as error:  # noqa: BLE001 - whatever is wrong is the answer
        return f"{type(error).__name__}: {error}"
    return "ok"


def _migrations() -> str:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan([n for n in executor.loader.graph.leaf_nodes() if n[0] == "tenancy"])
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
    return "ok" if not plan else f"{len(plan)} migrations are waiting"


def _redis() -> str:
    try:
        cache.set("ready", "1", 5)
        return "ok" if cache.get("ready") == "1" else "does not keep what it is given"
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {error}"
