"""Twins as a person decides them on the page, and as a system does through the API."""

from __future__ import annotations

import orjson
import pytest
from django.test import Client
from rest_framework.test import APIClient

from inventory.models import Retailer, Sale, Sku, Twins
from inventory.services import find_twins, ingest_sales
from tests.conftest import NOW
from tests.inventory.book import make_book, sale
from tests.inventory.test_data_pages import client_of
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import system
from vyapar.people.contracts import May, Role

pytestmark = pytest.mark.usefixtures("in_alpha")


@pytest.fixture
def pairs() -> dict[str, Twins]:
    """R1 and R3 are one shop beyond doubt; S1 and S2 are likely one biscuit."""
    book = make_book(3)
    book.batch("S1", "A")
    book.receive("S1", "A", 40)
    for code in ("S1", "S2"):
        Sku.objects.filter(code=code).update(name="Tivrano Biscuit Classic 100 g")
    for code, name in (("R1", "Shri Ganesh Kirana"), ("R3", "Sri Ganesh General Store")):
        Retailer.objects.filter(retailer_id=code).update(
            name=name, phone="+919820012345", gstin="27AABCU9603R1ZN"
        )
    lines = [sale("T1", "S1", 5, shop="R1"), sale("T2", "S3", 2, shop="R3")]
    ingest_sales(lines, actor=system("tests"), at=NOW, source="tests")
    find_twins(at=NOW)
    return {row.kind: row for row in Twins.objects.all()}


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/data/twins{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_page_shows_both_sides_with_what_speaks_for_them(pairs: dict[str, Twins]) -> None:
    text = page(client_of(Role.OWNER))
    for shown in ("Shri Ganesh Kirana", "Sri Ganesh General Store", "same phone", "same GSTIN", "names",
                  "same pack", "+919820012345", "Keep R1", "Keep R3", "₹400.00"):  # fmt: skip
        assert shown in text, shown
    assert "Sri Ganesh General Store" not in page(client_of(Role.MANAGER), "?kind=skus")


def test_a_person_keeps_the_right_one_and_takes_it_apart_again(pairs: dict[str, Twins]) -> None:
    client, row = client_of(Role.OWNER), pairs["retailers"]
    kept, other = row.kept, row.other
    client.post(f"/data/twins/{row.pk}/right", {"next": "/data/twins"})
    row.refresh_from_db()
    assert (row.state, row.kept, row.other) == ("merged", other, kept)
    assert row.decided_by_name.startswith("Owner")
    assert "Take apart again" in page(client, "?show=decided")
    client.post(f"/data/twins/{row.pk}/undo")
    row.refresh_from_db()
    assert row.state == "offered"
    assert not Retailer.objects.filter(active=False).exists()


def test_a_refusal_is_told_on_the_page_and_nothing_changes(pairs: dict[str, Twins]) -> None:
    Sku.objects.filter(code="S2").update(uqc="KGS")
    answer = client_of(Role.OWNER).post(f"/data/twins/{pairs['skus'].pk}/left", follow=True)
    assert "counted in" in answer.content.decode()
    assert Twins.objects.get(pk=pairs["skus"].pk).state == "offered"


def test_certain_pairs_go_in_one_go(pairs: dict[str, Twins]) -> None:
    answer = client_of(Role.OWNER).post("/data/twins/certain", follow=True)
    assert "1 pair was merged." in answer.content.decode()
    assert dict(Twins.objects.values_list("kind", "state")) == {"retailers": "merged", "skus": "offered"}


def test_who_may_only_read_decides_nothing(pairs: dict[str, Twins]) -> None:
    client = client_of(Role.AUDITOR)
    assert "Keep R1" not in page(client)
    assert client.post(f"/data/twins/{pairs['skus'].pk}/left").status_code == 403
    assert client.post("/data/twins/certain").status_code == 403


# --- the API -----------------------------------------------------------------------------------------


def door(*scopes: May) -> APIClient:
    _row, secret = issue_key(name="ERP", scopes=scopes, actor=system("tests"), at=NOW)
    client = APIClient(HTTP_HOST="alpha.localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def test_a_system_reads_pairs_page_by_page_and_merges_one(pairs: dict[str, Twins]) -> None:
    client = door(May.READ, May.FEED)
    first = orjson.loads(client.get("/api/v1/twins?limit=1").content)
    second = orjson.loads(client.get(f"/api/v1/twins?limit=1&cursor={first['nextCursor']}").content)
    assert [first["results"][0]["kind"], second["results"][0]["kind"]] == ["retailers", "skus"]
    assert second["nextCursor"] is None
    one = first["results"][0]
    assert {"code": "same_gstin", "value": None} in one["reasons"]
    answer = client.post(f"/api/v1/twins/{one['id']}/merge", {"keep": one["other"]}, format="json")
    told = orjson.loads(answer.content)
    assert (answer.status_code, told["state"], told["kept"]) == (200, "merged", one["other"])
    again = client.post(f"/api/v1/twins/{one['id']}/merge", {}, format="json")
    assert (again.status_code, orjson.loads(again.content)["code"]) == (409, "already_merged")
    assert orjson.loads(client.post(f"/api/v1/twins/{one['id']}/undo").content)["state"] == "offered"
    assert orjson.loads(client.post(f"/api/v1/twins/{one['id']}/keep-apart").content)["state"] == "kept_apart"


def test_doors_refuse_with_a_reason(pairs: dict[str, Twins]) -> None:
    client, row = door(May.READ, May.FEED), pairs["skus"]
    for address, body, status, code in (
        (f"/api/v1/twins/{row.pk}/merge", {"keep": "S3"}, 422, "not_of_the_pair"),
        ("/api/v1/twins/999999/merge", {}, 404, "no_such_twins"),
        (f"/api/v1/twins/{2**80}/undo", {}, 404, "no_such_twins"),
        (f"/api/v1/twins/{row.pk}/undo", {}, 409, "not_merged"),
    ):
        answer = client.post(address, body, format="json")
        assert (answer.status_code, orjson.loads(answer.content)["code"]) == (status, code)
    assert client.get("/api/v1/twins?kind=brands").status_code == 422
    assert door(May.READ).post(f"/api/v1/twins/{row.pk}/keep-apart").status_code == 403


def test_a_push_by_the_others_name_lands_on_the_kept_one(pairs: dict[str, Twins]) -> None:
    client, row = door(May.READ, May.FEED), pairs["retailers"]
    client.post(f"/api/v1/twins/{row.pk}/merge", {"keep": "R1"}, format="json")
    line = {"transactionId": "P1", "line": 1, "retailerId": "R3", "sku": "S1", "quantity": 2,
            "unitPrice": "80.00", "timestamp": "2026-11-22T10:00:00+05:30"}  # fmt: skip
    answer = client.post("/api/v1/sales/batch", {"transactions": [line]}, format="json")
    assert answer.status_code == 200, answer.content
    assert Sale.objects.get(transaction_id="P1").retailer.retailer_id == "R1"
