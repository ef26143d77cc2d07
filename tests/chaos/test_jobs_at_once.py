"""Jobs that are handed over in the same moment: nobody waits for anybody for ever."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from inventory.models import ImportRun
from inventory.services.staging import take_turns
from tests.chaos.test_answers_at_once import at_once
from tests.gateway.calling import Caller
from vyapar.engine.services import append_audit
from vyapar.kernel.actor import system
from vyapar.people.contracts import May

pytestmark = pytest.mark.chaos
WAITING = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def wait_for_a_waiter() -> None:
    """Until another connection waits for a turn."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(WAITING)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_the_first_job_and_an_import_that_is_opened_never_wait_for_each_other(fresh_distributor) -> None:
    caller, has_turn = Caller(May.FEED, host=fresh_distributor.slug), threading.Event()

    def push() -> object:
        assert has_turn.wait(20)
        rows = {"transactions": [{"transactionId": "T1"}]}
        return caller.post("/api/v1/sales/batch", rows, key="first", prefer="respond-async")

    def open_another() -> str:
        """As an import is opened: its turn, and then the trail."""
        with transaction.atomic():
            take_turns("imports")
            has_turn.set()
            wait_for_a_waiter()
            append_audit(actor=system("tests"), verb="ImportOpened", subject="import:0", at=timezone.now())
        return "opened"

    answer, other = at_once(fresh_distributor, [push, open_another])
    assert other == "opened"
    assert answer.status_code == 202, answer.content
    assert ImportRun.objects.count() == 1
