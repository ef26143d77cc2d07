"""The relay: listens for new events of every distributor and hands them to workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import psycopg
import structlog
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_tenants.utils import get_public_schema_name, tenant_context
from kombu.exceptions import OperationalError as QueueAway

from vyapar.engine.services import give_back, lease_due
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
#: Seconds between two attempts to reach a database that is away.
PAUSE_SECONDS = 1.0


def relay_once(distributor: Distributor) -> int:
    """Hand every due delivery of one distributor to workers; returns how many.

    What the broker does not take is due again at once, not after its lease.
    """
    with tenant_context(distributor):
        handed = 0
        while ids := lease_due(timezone.now()):
            for start in range(0, len(ids), BATCH):
                try:
                    deliver.delay(ids[start : start + BATCH])
                except QueueAway:
                    give_back(ids[start:], at=timezone.now())
                    raise
            handed += len(ids)
        return handed


def run(*, stopped: Callable[[], bool], pause: float = PAUSE_SECONDS) -> None:
    """Relay until `stopped()`; a distributor whose schema is broken does not stop the others.

    When the database goes away the relay waits for it, and begins anew with whatever is due.
    """
    while not stopped():
        try:
            _relay_while_connected(stopped)
        except (DatabaseError, InterfaceError, psycopg.Error) as error:
            log.warning("database_away", why=str(error))
            with suppress(DatabaseError, InterfaceError, psycopg.Error):
                connection.close()
            time.sleep(pause)


def _relay_while_connected(stopped: Callable[[], bool]) -> None:
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
    except QueueAway as error:
        log.warning("broker_away", tenant=schema, why=str(error))
    except Exception:
        if connection.connection is None or connection.connection.closed:
            raise  # the database went away
        log.exception("relay_failed", tenant=schema)
