"""Those who write wait for each other in one order, whatever rows they bring: nobody waits for ever."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection, transaction
from django_tenants.utils import tenant_context

from inventory.models import Sale
from inventory.services import imports
from inventory.services.staging import rows, take_trail, take_turns
from tests.conftest import NOW
from tests.inventory.book import make_book
from tests.inventory.test_imports import OWNER, feed, sale, sales

pytestmark = pytest.mark.usefixtures("own_media")
SAMPLE = Path(__file__).parents[2] / "inventory" / "feeds" / "tally" / "samples" / "vouchers.xml"
BODY = sales(sale(1, sku="N1"))
_WAITING = """
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())
"""


@contextmanager
def somebody_selling(distributor: object) -> Iterator[list[BaseException]]:
    """Another connection that has the turn of sales, and asks for the trail once the block waits for it."""
    troubles: list[BaseException] = []
    has_turn = threading.Event()

    def sell() -> None:
        try:
            with tenant_context(distributor), transaction.atomic():
                take_turns("sales")
                has_turn.set()
                for _ in range(200):
                    if rows(_WAITING)[0][0]:
                        break
                    time.sleep(0.02)
                take_trail()
        except BaseException as error:  # noqa: BLE001  # told to the one who waits
            troubles.append(error)
        finally:
            connection.close()

    seller = threading.Thread(target=sell)
    seller.start()
    assert has_turn.wait(30)
    try:
        yield troubles
    finally:
        seller.join(30)
        assert not seller.is_alive()


def test_a_file_tried_whole_waits_for_the_turn_of_sales_before_it_holds_the_trail(fresh_distributor) -> None:
    make_book()
    tally = imports.ensure_feed(code="tally", name="Tally", system="tally", actor=OWNER, at=NOW)
    run = imports.open_run(
        feed=tally, content=SAMPLE, title=SAMPLE.name, actor=OWNER, at=NOW,
        options={"territory": "MUM", "pincode": "400072"},
    )  # fmt: skip
    with somebody_selling(fresh_distributor) as troubles:
        run = imports.check_run(run.pk, at=NOW)
    assert (run.state, troubles) == ("checked", [])
    assert {"stock", "sales"} <= set(run.checks["counts"]), "the sample is tried whole, not only read"


def test_rows_of_several_kinds_driven_again_wait_for_the_turn_of_sales_first(fresh_distributor) -> None:
    make_book()
    run = imports.open_run(
        feed=feed(), content=io.BytesIO(BODY), title="sales.csv", options={}, actor=OWNER, at=NOW
    )
    imports.check_run(run.pk, at=NOW)
    run = imports.write_run(run.pk, actor=OWNER, at=NOW)
    sku = {"sku": "N1", "name": "New", "hsn": "19053100", "mrp": "10.00", "trade_price": "8", "cost": "5"}
    run.quarantine.create(kind="skus", row=90, values=sku, faults=[])
    run.counts["skus"] = {"rows": 1, "rejected": 1}
    run.save(update_fields=["counts"])
    with somebody_selling(fresh_distributor) as troubles:
        done = imports.drive_again(
            run.pk, actor=OWNER, at=NOW, rows=run.quarantine.values_list("pk", flat=True)
        )
    assert (done.taken, done.wrong, troubles) == (2, 0, [])
    assert Sale.objects.count() == 1
