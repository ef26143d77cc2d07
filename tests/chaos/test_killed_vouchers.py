"""A worker killed while altered vouchers land: their earlier selves go once, the new ones come once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from inventory.models import FeedVoucher, ImportRun
from inventory.services import imports
from tests.chaos.test_killed_import import drive_to_rest
from tests.chaos.worker import House, Place, dies_at
from tests.conftest import NOW
from tests.inventory.book import make_book
from tests.inventory.conftest import own_media
from tests.inventory.test_imports import BLOCK, OWNER
from tests.inventory.test_tally import envelope
from tests.inventory.test_vouchers import MASTERS, books, bought, cancelled, sold
from tests.ops.conftest import within

__all__ = ["own_media"]

pytestmark = pytest.mark.chaos
PLACES = (
    Place("inventory/services/landing/returning.py", "cancel_purchases", 1),
    Place("inventory/services/landing/returning.py", "cancel_receipts", 1),
    Place("inventory/services/landing/returning.py", "give_back_found", 1),
    Place("inventory/services/imports/vouchers.py", "keep_selves", 6),
    Place("inventory/services/landing/cancelling.py", "cancel_sales", 1),
    Place("inventory/services/imports/writing.py", "_finish", 1),
)


def test_altered_vouchers_land_once_wherever_their_worker_dies(
    fresh_distributor, own_media, tmp_path
) -> None:
    make_book()
    house = House(connection.settings_dict["NAME"], fresh_distributor.schema_name, str(own_media), BLOCK)
    feed = imports.ensure_feed(code="tally", name="Tally", system="tally", actor=OWNER, at=NOW)

    def put(name: str, *vouchers: str, at) -> ImportRun:
        path = tmp_path / name
        path.write_text(envelope(MASTERS + "".join(vouchers)))
        options = {"territory": "MUM", "pincode": "400072", "stock": "none", "write": True}
        return imports.open_run(feed=feed, content=path, title=name, options=options, actor=OWNER, at=at)

    at = NOW
    assert drive_to_rest(put("0.xml", bought(100, 1), sold(5, 2), at=at).pk, at).state == "reconciled"
    for turn, place in enumerate(PLACES, 1):
        at = NOW + timedelta(hours=turn)
        alter = turn * 10
        gone = cancelled("Purchase", alter + 3, 50 + turn - 1)
        extra = bought(1, alter + 4, number=50 + turn, bill=f"X{turn}", batch=f"C{turn}")
        run = put(f"{turn}.xml", bought(100 - turn, alter), sold(5 + turn, alter + 1), gone, extra, at=at)
        assert dies_at(place, house, run.pk, at), f"never got there: {place}"
        later = at + timedelta(minutes=1)
        assert within(10, lambda wanted=run.pk: imports.list_takeable(later) == [wanted]), place  # noqa: B023
        done = drive_to_rest(run.pk, later)
        assert (done.state, done.error, done.quarantine.count()) == ("reconciled", "", 0), place
        assert books() == {
            "held": {"B": 95 - 2 * turn, f"C{turn}": 1},
            "sold": [5 + turn],
            "bought": [("INV-1", 100 - turn), (f"X{turn}", 1)],
        }, place
        keys = FeedVoucher.objects.filter(run=run, gone=False).values_list("kind", "document", "revision")
        assert len(keys) == len(set(keys)), place
