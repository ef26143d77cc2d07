"""Mapping profiles have versions: an edit makes a new one, and an old run still says which it was read by."""

from __future__ import annotations

import io

import pytest

from inventory.models import ImportRun, MappingProfile, Sale
from inventory.serializers.imports import run_out
from inventory.services import imports
from tests.conftest import NOW
from tests.inventory.book import make_book
from tests.inventory.test_data_pages import client_of
from tests.inventory.test_imports import OWNER, feed
from tests.inventory.test_profiles import spec_of
from vyapar.people.contracts import Role

BODY = b"Bill,Cust,Item,Sold,Free,Price,When\n{bill},R1,S1,5,2,10.00,2026-11-02\n"


@pytest.fixture(autouse=True)
def book(in_alpha, own_media) -> None:
    make_book()


def save(quantity: str) -> MappingProfile:
    columns = {
        "transaction_id": {"from": "Bill"}, "retailer_id": {"from": "Cust"}, "sku": {"from": "Item"},
        "quantity": {"from": quantity}, "unit_price": {"from": "Price"}, "timestamp": {"from": "When"},
    }  # fmt: skip
    return imports.save_profile(name="The till", system="files", spec=spec_of(columns), actor=OWNER, at=NOW)


def bring(bill: str, profile: MappingProfile) -> ImportRun:
    body = BODY.replace(b"{bill}", bill.encode())
    run = imports.open_run(
        feed=feed(),
        content=io.BytesIO(body),
        title="till.csv",
        options={},
        profile=profile,
        actor=OWNER,
        at=NOW,
    )
    run = imports.check_run(run.pk, at=NOW)
    assert run.state == "checked", run.error
    return imports.write_run(run.pk, actor=OWNER, at=NOW)


def test_an_edit_makes_a_new_version_and_an_old_run_keeps_and_says_its_own() -> None:
    first = save("Sold")
    old = bring("B1", first)
    assert save("Sold") == first, "what is saved as it was is no new version"
    second = save("Free")
    assert (second.version, second.spec != first.spec) == (2, True)
    new = bring("B2", second)
    assert dict(Sale.objects.values_list("transaction_id", "quantity")) == {"B1": 5, "B2": 2}
    old = ImportRun.objects.get(pk=old.pk)
    assert (str(old.profile), str(new.profile)) == ("The till v1", "The till v2")
    assert (run_out(old)["profile"], run_out(new)["profile"]) == ("The till v1", "The till v2")
    assert old.profile.spec == first.spec
    manager = client_of(Role.MANAGER)
    assert "The till v1" in manager.get(f"/data/imports/{old.pk}").content.decode()
    again = bring("B1", second)  # the same file, read the new way, is another import
    assert again.pk != old.pk
