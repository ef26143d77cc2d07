"""A worker killed at ten places of an import: it is taken up again and every row stands exactly once."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from django.db import connection
from django.db.models import Sum

from inventory.models import DailyDemand, ImportRun, ImportTotal, Movement, Position, QuarantinedRow, Sale
from inventory.services import imports
from tests.chaos.worker import House, Place, dies_at
from tests.conftest import NOW
from tests.inventory.book import make_book
from tests.inventory.conftest import own_media
from tests.inventory.test_imports import BLOCK, OWNER, feed, sale, sales, small_parcels
from tests.ops.conftest import within
from vyapar.engine.models import Event
from vyapar.engine.selectors import verify_audit

__all__ = ["own_media", "small_parcels"]

pytestmark = pytest.mark.chaos
ROWS, BAD = 400, 20
#: Where the worker dies: a function of ours, at its nth call. Between them lie the opening of the file,
#: the check, each part of a parcel's transaction, the heartbeat, and the comparison at the end.
PLACES = (
    Place("inventory/services/imports/checking.py", "check_claimed", 1),
    Place("inventory/services/imports/checking.py", "_conclude", 1),
    Place("inventory/services/imports/claims.py", "hold", 3),
    Place("inventory/services/imports/writing.py", "_write", 2),
    Place("inventory/services/imports/tallies.py", "keep_tallies", 2),
    Place("inventory/services/imports/writing.py", "quarantine", 3),
    Place("inventory/services/imports/writing.py", "add_counts", 4),
    Place("inventory/services/imports/claims.py", "beat", 7),
    Place("inventory/services/imports/writing.py", "_finish", 1),
    Place("inventory/services/imports/reconciling.py", "compare", 1),
    Place("inventory/services/imports/reconciling.py", "_tell", 1),
)


def drive_to_rest(run_id, at) -> ImportRun:
    for _step in range(50):
        if not imports.drive(run_id, at=at):
            break
    return ImportRun.objects.get(pk=run_id)


@pytest.mark.usefixtures("small_parcels")
def test_an_import_killed_at_any_of_these_places_lands_every_row_exactly_once(
    fresh_distributor, own_media
) -> None:
    book = make_book()
    book.batch("S1", "A")
    book.receive("S1", "A", 50_000)
    name = connection.settings_dict["NAME"]
    house = House(name, fresh_distributor.schema_name, str(own_media), BLOCK)
    for number, place in enumerate(PLACES):
        check_place(number, place, house, at=NOW + timedelta(hours=number))
    assert verify_audit()[1] == []


def check_place(number: int, place: Place, house: House, at: datetime) -> None:
    """Kill the worker of a new import at a place; take it up again; count everything."""
    where = f"killed in {place.name}, call {place.nth}"
    first, before = number * 10_000, standing()
    good = [sale(first + n, quantity=1 + n % 3) for n in range(ROWS)]
    bad = [sale(first + ROWS + n, sku="NO") for n in range(BAD)]
    rows = [one for n in range(BAD) for one in (*good[n * 20 : n * 20 + 20], bad[n])]
    pieces = sum(1 + n % 3 for n in range(ROWS))
    run = imports.open_run(
        feed=feed(), content=io.BytesIO(sales(*rows)), title="sales.csv", options={"write": True},
        actor=OWNER, at=at,
    )  # fmt: skip

    assert dies_at(place, house, run.pk, at), f"never got there: {where}"
    half, now = ImportRun.objects.get(pk=run.pk), standing()
    assert half.state in ("checking", "uploaded", "writing"), where
    in_parts = half.parts.aggregate(rows=Sum("rows"))["rows"] or 0
    aside = QuarantinedRow.objects.filter(run=run).count()
    assert now.sales - before.sales + aside == in_parts, f"parcels stand whole or not at all: {where}"

    assert within(10, lambda: imports.list_takeable(at) == [run.pk]), f"it is taken up at once: {where}"
    later = at + timedelta(seconds=5)
    done, now = drive_to_rest(run.pk, later), standing()

    assert (done.state, done.error) == ("reconciled", ""), where
    assert now.sales - before.sales == ROWS, where
    assert now.sold - before.sold == pieces, where
    assert now.rolled_up - before.rolled_up == pieces, where
    assert before.on_hand - now.on_hand == pieces, where
    assert before.moved - now.moved == pieces, where
    assert QuarantinedRow.objects.filter(run=run).count() == BAD, where
    numbers = list(done.parts.values_list("number", flat=True))
    assert len(numbers) == len(set(numbers)) > 4, where
    assert done.parts.aggregate(rows=Sum("rows"))["rows"] == done.rows_read == ROWS + BAD, where
    assert (done.counts["sales"]["accepted"], done.counts["sales"]["rejected"]) == (ROWS, BAD), where
    [total] = ImportTotal.objects.filter(run=run, sku="S1")
    assert (total.source_pieces, total.landed_pieces, total.causes) == (pieces, pieces, []), where
    told = Event.objects.filter(name="ImportReconciled", subject=f"import:{run.number}")
    assert told.count() == 1, where


class Standing(NamedTuple):
    """What stands in the tables of the distributor, in rows and pieces."""

    sales: int
    sold: int
    rolled_up: int
    on_hand: int
    moved: int


def standing() -> Standing:
    return Standing(
        Sale.objects.count(),
        Sale.objects.aggregate(n=Sum("quantity"))["n"] or 0,
        DailyDemand.objects.aggregate(n=Sum("quantity"))["n"] or 0,
        Position.objects.aggregate(n=Sum("on_hand"))["n"] or 0,
        Movement.objects.aggregate(n=Sum("quantity"))["n"] or 0,
    )
