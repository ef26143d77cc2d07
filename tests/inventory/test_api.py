"""The inventory's doors: stock out, sales in row by row, a retailer's history, the distributor."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from rest_framework.test import APIClient

from inventory.api import push as api
from inventory.models import Retailer, Sale, StockItem
from inventory.services import ingest_sales
from tests.conftest import NOW
from tests.inventory.book import make_book, sale
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import system
from vyapar.people.contracts import May

pytestmark = pytest.mark.usefixtures("in_alpha")


@pytest.fixture
def book():
    book = make_book()
    book.batch("S1", "A")
    book.receive("S1", "A", 500)
    return book


def caller(*scopes: May) -> APIClient:
    _row, secret = issue_key(name="erp", scopes=scopes, actor=system("tests"), at=timezone.now())
    client = APIClient(HTTP_HOST="alpha.localhost")
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    return client


def line(transaction: str = "T1", **changes) -> dict:
    return {
        "transactionId": transaction, "retailerId": "R1", "sku": "S1", "quantity": 2,
        "unitPrice": "80.00", "timestamp": "2026-11-20T10:00:00+05:30", **changes,
    }  # fmt: skip


def send(client: APIClient, body: bytes, kind: str = "application/json", **headers):
    return client.generic("POST", "/api/v1/sales/batch", body, content_type=kind, **headers)


def item(book, sku: str, place: str = "MUM", **changes) -> StockItem:
    facts = {"as_of": NOW.date(), "updated_at": NOW, "current_stock": 10, "value_paise": 50_050, **changes}
    return StockItem.objects.create(sku=book.skus[sku], territory=book.territories[place], **facts)


# --- sales in ------------------------------------------------------------------------------


def test_a_good_batch_is_recorded_whole_and_sent_again_changes_nothing(book) -> None:
    client, body = caller(May.FEED), orjson.dumps({"transactions": [line("T1"), line("T2")]})
    assert send(client, body).json() == {"accepted": 2, "duplicates": 0, "rejected": []}
    again = send(client, body)
    assert (again.status_code, again.json()) == (200, {"accepted": 0, "duplicates": 2, "rejected": []})
    assert Sale.objects.count() == 2


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"transactions": rows, "source": "till"}])
def test_a_bare_list_and_an_object_with_more_in_it_are_read_too(book, wrap) -> None:
    assert send(caller(May.FEED), orjson.dumps(wrap([line()]))).json()["accepted"] == 1


def test_a_sale_a_line_is_read_with_blank_lines_passed_over(book) -> None:
    body = orjson.dumps(line("T1")) + b"\n\n" + orjson.dumps(line("T2")) + b"\n"
    assert send(caller(May.FEED), body, "application/x-ndjson").json()["accepted"] == 2


def test_bad_rows_are_told_one_by_one_and_the_good_ones_are_recorded(book) -> None:
    rows = [line("T1"), line("T2", sku="NO"), line("T3", quantity="many"), line("T4", retailerId=None)]
    answer = send(caller(May.FEED), orjson.dumps({"transactions": rows}))
    told = {(f["row"], f["field"], f["code"]) for f in answer.json()["rejected"]}
    assert answer.status_code == 207
    assert answer.json()["accepted"] == 1
    assert told == {(2, "sku", "unknown_sku"), (3, "quantity", "not_whole"), (4, "retailerId", "missing")}


def test_decimals_that_first_appear_far_down_a_batch_are_not_lost(book) -> None:
    rows = [line(f"T{n}", unitPrice=12) for n in range(150)] + [line("LAST", unitPrice=12.5)]
    assert send(caller(May.FEED), orjson.dumps(rows)).json()["accepted"] == 151
    assert Sale.objects.get(transaction_id="LAST").unit_price_paise == 12_50


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"transactions": [', "not_json"),
        (b'{"sales": []}', "no_sales"),
        (b"17", "no_sales"),
        (b"[1, 2]", "not_an_object"),
        (b'[{"transactionId": "a\\u0000b"}]', "not_text"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_as_a_whole(book, body: bytes, code: str) -> None:
    answer = send(caller(May.FEED), body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_a_broken_line_of_ndjson_is_named(book) -> None:
    answer = send(caller(May.FEED), orjson.dumps(line()) + b"\n{broken\n", "application/x-ndjson")
    assert (answer.status_code, answer.json()["errors"][0]["row"]) == (422, 2)


def test_a_batch_that_is_too_long_for_one_call_becomes_a_job(book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MOST_ROWS_NOW", 1)
    answer = send(caller(May.FEED), orjson.dumps([line("T1"), line("T2")]))
    assert answer.status_code == 202
    assert answer["Location"].startswith("/api/v1/jobs/")
    assert not Sale.objects.exists(), "a worker takes it, not the call"


def test_the_same_idempotency_key_gets_the_first_reply(book) -> None:
    client, body = caller(May.FEED), orjson.dumps([line()])
    first = send(client, body, HTTP_IDEMPOTENCY_KEY="night-1")
    second = send(client, body, HTTP_IDEMPOTENCY_KEY="night-1")
    assert second.content == first.content
    assert second["Idempotent-Replayed"] == "true"


def test_a_key_without_the_scope_may_not_feed(book) -> None:
    assert send(caller(May.READ), orjson.dumps([line()])).status_code == 403


# --- stock out -----------------------------------------------------------------------------


def test_an_item_has_the_fields_of_the_contract_with_money_as_decimal_strings(book) -> None:
    item(book, "S1", status="dead", expiry_date=NOW.date(), at_risk_quantity=3, at_risk_paise=15_015)
    found = caller(May.READ).get("/api/v1/inventory/current").json()["results"][0]
    assert found["distributorId"] == "alpha"
    assert (found["sku"], found["territory"], found["status"]) == ("S1", "MUM", "dead")
    assert (found["currentStock"], found["reservedStock"], found["atRiskQuantity"]) == (10, 0, 3)
    assert (found["valueAtCost"], found["atRiskValue"]) == ("500.50", "150.15")
    assert found["expiryDate"] == "2026-11-23T00:00:00+05:30"
    assert found["lastMovementDate"] is None


def test_the_cursor_visits_every_item_once(book) -> None:
    for number, (sku, place) in enumerate((s, p) for s in book.skus for p in book.territories):
        item(book, sku, place, updated_at=NOW + timedelta(seconds=number // 2))
    client, seen, cursor = caller(May.READ), [], ""
    while cursor is not None:
        page = client.get("/api/v1/inventory/current", {"limit": 2, "cursor": cursor}).json()
        seen += [(row["sku"], row["territory"]) for row in page["results"]]
        cursor = page["nextCursor"]
    assert len(seen) == len(set(seen)) == 6


def test_filters_narrow_and_a_status_that_is_none_is_refused(book) -> None:
    item(book, "S1", status="dead")
    item(book, "S2", "BLR", updated_at=NOW + timedelta(hours=1))
    client = caller(May.READ)

    def found(**query) -> list[str]:
        rows = client.get("/api/v1/inventory/current", query).json()["results"]
        return [row["sku"] for row in rows]

    assert found(status="dead") == ["S1"]
    assert found(territory="BLR") == ["S2"]
    assert found(sku="S1") == ["S1"]
    assert found(updated_since=(NOW + timedelta(minutes=1)).isoformat()) == ["S2"]
    for query in ({"status": "asleep"}, {"sku": "a\x00"}, {"cursor": "%%"}, {"limit": "0"}):
        assert client.get("/api/v1/inventory/current", query).status_code == 422


def test_a_retailers_history_is_paged_oldest_first_from_an_instant_on(book) -> None:
    days = ("2026-11-03", "2026-11-01", "2026-11-02")
    rows = [sale(f"T{day}", "S1", 1, timestamp=f"{day}T10:00:00+05:30") for day in days]
    rows.append(sale("OTHER", "S1", 1, shop="R2"))
    ingest_sales(rows, actor=system("tests"), at=NOW, source="tests")
    client, path = caller(May.READ), "/api/v1/retailers/R1/sales-history"
    first = client.get(path, {"limit": 2, "since": "2026-10-01T00:00:00Z"}).json()
    rest = client.get(path, {"limit": 2, "cursor": first["nextCursor"]}).json()
    found = [row["transactionId"] for row in first["results"] + rest["results"]]
    assert found == sorted(f"T{day}" for day in days)
    assert rest["nextCursor"] is None
    assert first["results"][0]["unitPrice"] == "80.00"
    late = client.get(path, {"since": "2026-11-02T12:00:00+05:30"}).json()
    assert [row["transactionId"] for row in late["results"]] == ["T2026-11-03"]


def test_history_of_a_stranger_is_not_found(book) -> None:
    assert caller(May.READ).get("/api/v1/retailers/NOBODY/sales-history").status_code == 404


def test_the_distributor_says_where_it_is_registered_and_by_what_rules_it_judges(book) -> None:
    found = caller(May.READ).get("/api/v1/distributor").json()
    assert (found["distributorId"], found["territories"]) == ("alpha", ["BLR", "MUM"])
    assert (found["retailerCount"], found["gstNumber"]) == (4, "27AABCU9603R1ZN")
    rules = found["businessRules"]
    assert {"deadStockThreshold", "expiryHorizonDays", "reallocationRadius"} <= set(rules)


def test_retailers_are_told_with_what_life_they_want_and_narrowed_by_trade_channel(in_alpha):
    make_book()
    Retailer.objects.filter(retailer_id="R2").update(trade_channel="modern_trade", minimum_life_days=60)
    client = caller(May.READ)
    found = {one["retailerId"]: one for one in client.get("/api/v1/retailers").json()["results"]}
    assert (found["R1"]["tradeChannel"], found["R1"]["minimumLifeDays"]) == ("general_trade", None)
    assert (found["R2"]["tradeChannel"], found["R2"]["minimumLifeDays"]) == ("modern_trade", 60)
    some = client.get("/api/v1/retailers?tradeChannel=modern_trade").json()["results"]
    assert [one["retailerId"] for one in some] == ["R2"]
    refused = client.get("/api/v1/retailers?tradeChannel=bazaar")
    assert refused.status_code == 422
    assert "general_trade, modern_trade" in refused.content.decode()


def test_an_outlets_terms_are_pushed_under_the_apis_names(in_alpha):
    make_book()
    row = {"retailerId": "R1", "name": "Shop 1", "tradeChannel": "quick_commerce", "minimumLifeDays": 20}
    answer = caller(May.FEED).post("/api/v1/retailers/batch", {"retailers": [row]}, format="json")
    assert answer.status_code == 200, answer.content
    kept = Retailer.objects.get(retailer_id="R1")
    assert (kept.trade_channel, kept.minimum_life_days) == ("quick_commerce", 20)


def test_a_method_that_a_door_has_not_is_405_with_a_key_too(in_alpha):
    answer = caller(May.READ, May.DECIDE).put("/api/v1/claims", {}, HTTP_IDEMPOTENCY_KEY="nobody-puts")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_feed_that_no_database_can_hold_is_a_fault_of_its_field(in_alpha):
    file = SimpleUploadedFile("stock.csv", b"sku\nS1\n")
    answer = caller(May.FEED).post("/api/v1/imports", {"file": file, "feed": "a\x00b"}, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "feed")
