"""A worker killed at ten places of an import: it is taken up again and every row stands exactly once."""

from __future__ import annotations

import io
import os
import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models import Sum

from inventory.models import DailyDemand, ImportRun, ImportTotal, Movement, Position, QuarantinedRow, Sale
from inventory.services import imports
from tests.conftest import NOW
from tests.inventory.book import make_book
from tests.inventory.test_imports import OWNER, feed, sale, sales, small_parcels
from vyapar.engine.models import Event
from vyapar.engine.selectors import verify_audit

__all__ = ["small_parcels"]

pytestmark = pytest.mark.chaos
ROWS, BAD = 400, 20
#: Where the worker dies: a function of ours, at its nth call. Between them lie the opening of the file,
#: the check, each part of a parcel's transaction, the heartbeat, and the comparison at the end.
PLACES = (
    ("inventory/services/imports/checking.py", "check_claimed", 1),
    ("inventory/services/imports/checking.py", "_conclude", 1),
    ("inventory/services/imports/claims.py", "hold", 3),
    ("inventory/services/imports/writing.py", "_write", 2),
    ("inventory/services/imports/tallies.py", "keep", 2),
    ("inventory/services/imports/writing.py", "quarantine", 3),
    ("inventory/services/imports/writing.py", "add_counts", 4),
    ("inventory/services/imports/claims.py", "beat", 7),
    ("inventory/services/imports/writing.py", "_finish", 1),
    ("inventory/services/imports/reconciling.py", "compare", 1),
    ("inventory/services/imports/reconciling.py", "_tell", 1),
)


def die_in(place: tuple[str, str, int], work: Callable[[], None]) -> bool:
    """Run `work` in a forked process that kills itself with SIGKILL at a place; True if it got there."""
    file, name, nth = place
    child = os.fork()
    if child == 0:
        for one in connections.all():
            one.connection = None  # the parent's socket is not ours to use or close
        calls = 0

        def trace(frame, event, _argument):
            nonlocal calls
            code = frame.f_code
            if event == "call" and code.co_name == name and code.co_filename.endswith(file):
                calls += 1
                if calls == nth:
                    os.kill(os.getpid(), signal.SIGKILL)

        import sys

        sys.settrace(trace)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def drive_to_rest(run_id, at) -> ImportRun:
    for _step in range(50):
        if not imports.drive(run_id, at=at):
            break
    return ImportRun.objects.get(pk=run_id)


@pytest.mark.usefixtures("fresh_distributor", "own_media", "small_parcels")
@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place[1]}-{place[2]}")
def test_an_import_killed_anywhere_lands_every_row_exactly_once(place) -> None:
    book = make_book()
    book.batch("S1", "A")
    book.receive("S1", "A", 5_000)
    good = [sale(n, quantity=1 + n % 3) for n in range(ROWS)]
    bad = [sale(ROWS + n, sku="NO") for n in range(BAD)]
    rows = [one for n in range(BAD) for one in (*good[n * 20 : n * 20 + 20], bad[n])]
    pieces = sum(1 + n % 3 for n in range(ROWS))
    run = imports.open_run(
        feed=feed(), content=io.BytesIO(sales(*rows)), title="sales.csv", options={"write": True},
        actor=OWNER, at=NOW,
    )  # fmt: skip

    assert die_in(place, lambda: drive_to_rest(run.pk, NOW)), "the worker never got to this place"
    half = ImportRun.objects.get(pk=run.pk)
    assert half.state in ("uploaded", "checking", "writing")
    in_parts = half.parts.aggregate(rows=Sum("rows"))["rows"] or 0
    assert Sale.objects.count() + QuarantinedRow.objects.count() == in_parts, "parcels stand whole or not"

    assert imports.list_takeable(NOW) == [], "a worker's silence is waited out"
    later = NOW + imports.LEASE + timedelta(minutes=1)
    assert imports.list_takeable(later) == [run.pk]
    done = drive_to_rest(run.pk, later)

    assert (done.state, done.error) == ("reconciled", "")
    assert Sale.objects.count() == ROWS
    assert QuarantinedRow.objects.filter(run=run).count() == BAD
    assert Sale.objects.aggregate(n=Sum("quantity"))["n"] == pieces
    assert DailyDemand.objects.aggregate(n=Sum("quantity"), lines=Sum("lines")) == {
        "n": pieces,
        "lines": ROWS,
    }
    assert Position.objects.get(batch=book.batches["S1", "A"]).on_hand == 5_000 - pieces
    assert Movement.objects.filter(kind="sale").aggregate(n=Sum("quantity"))["n"] == -pieces
    numbers = list(done.parts.order_by("number").values_list("number", flat=True))
    assert len(numbers) == len(set(numbers)) > 4
    assert done.parts.aggregate(rows=Sum("rows"))["rows"] == done.rows_read == ROWS + BAD
    assert done.counts["sales"]["accepted"] == ROWS
    [total] = ImportTotal.objects.filter(run=run, sku="S1")
    assert (total.source_pieces, total.landed_pieces, total.causes) == (pieces, pieces, [])
    assert Event.objects.filter(name="ImportReconciled").count() == 1
    assert verify_audit()[1] == []
