"""The relay: listens for new events of every distributor and hands them to workers."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.db import connection
from django.utils import timezone
from django_tenants.utils import get_public_schema_name, tenant_context

from vyapar.engine.services import lease_due
from vyapar.engine.services.events import CHANNEL
from vyapar.engine.tasks import deliver
from vyapar.kernel.errors import NotFound
from vyapar.tenancy.models import Distributor
from vyapar.tenancy.selectors import get_distributor_by_schema, list_distributors

log = structlog.get_logger(__name__)

#: Deliveries in one task; a message a task would cost more than the work (docs/benchmarks.md).
BATCH = 50
#: Seconds between two full looks at every distributor, which find retries that became due.
SWEEP_SECONDS = 2.0


def relay_once(distributor: Distributor) -> int:
    """Hand every due delivery of one distributor to workers; returns how many."""
    with tenant_context(distributor):
        handed = 0
        while ids := lease_due(timezone.now()):
            for start in range(0, len(ids), BATCH):
                deliver.delay(ids[start : start + BATCH])
            handed += len(ids)
        return handed


def run(*, stopped: Callable[[], bool]) -> None:
    """Relay until `stopped()`; a distributor whose schema is broken does not stop the others."""
    swept = 0.0
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {CHANNEL}")
    while not stopped():
        for schema in _woken(timeout=0.5):
            _relay_safely(schema)
        if time.monotonic() - swept > SWEEP_SECONDS:
            for distributor in list_distributors():
                _relay_safely(distributor.schema_name)
            swept = time.monotonic()


def _woken(timeout: float) -> set[str]:
    """Schemas that were notified of, waiting at most `timeout` seconds for the first."""
    driver = connection.connection
    return {note.payload for note in driver.notifies(timeout=timeout, stop_after=1)}


def _relay_safely(schema: str) -> None:
    if schema == get_public_schema_name():
        return
    try:
        relay_once(get_distributor_by_schema(schema))
    except NotFound:
        return
    except Exception:
        if connection.connection is None or connection.connection.closed:
            raise  # the database went away: the supervisor starts us anew
        log.exception("relay_failed", tenant=schema)
