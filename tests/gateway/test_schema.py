"""The whole API, fuzzed from its own description: no 5xx, no answer that the description does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from django.test import Client
from django.utils import timezone
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from campaigns.services import ensure_templates
from inventory.services import ingest_sales
from tests.conftest import NOW
from tests.inventory.book import make_book, sale
from vyapar.gateway.services import issue_key
from vyapar.kernel.actor import system
from vyapar.people.contracts import May
from vyapar.wsgi import application

HOST = "alpha.localhost"
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
EXAMPLES = 8


@pytest.fixture
def key(alpha, settings) -> str:
    """A key that may do everything, as often as it likes, with something to be found."""
    book = make_book()
    book.batch("S1", "A")
    book.receive("S1", "A", 50)
    ingest_sales([sale("T1", "S1", 6)], actor=system("tests"), at=NOW, source="tests")
    ensure_templates()
    row, secret = issue_key(name="fuzzer", scopes=May, actor=system("tests"), at=timezone.now())
    row.rate = settings.API_TENANT_RATE = settings.API_ROWS_RATE = settings.API_TENANT_ROWS_RATE = "100000/s"
    row.save()
    return secret


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A request neither ends nor begins a connection: the test's transaction is on it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schemathesis.serializer("application/x-ndjson", "text/csv", "application/octet-stream")
def rows_as_they_are(_context: object, value: object) -> bytes:
    """What the description calls a text goes out as it is; anything else as one line of JSON."""
    if isinstance(value, bytes):
        return value
    return (
        value.encode("utf-8", "replace")
        if isinstance(value, str)
        else json.dumps(value, default=str).encode()
    )


DESCRIBED = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
schema = schemathesis.openapi.from_dict(DESCRIBED)
schema.app = application


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_as_it_is_described(case, key: str, one_connection: None) -> None:
    """Every call is undone: one that breaks the database's transaction must not hide the next."""
    with transaction.atomic():
        answer = case.call(
            base_url=f"http://{HOST}", headers={"Host": HOST, "Authorization": f"Bearer {key}"}
        )
        transaction.set_rollback(True)
    case.validate_response(answer, checks=CHECKS)


def test_the_description_is_valid_openapi_3_1_with_the_paths_of_the_contract() -> None:
    promised = {
        ("get", "/api/v1/inventory/current"),
        ("post", "/api/v1/sales/batch"),
        ("get", "/api/v1/retailers/{retailer_id}/sales-history"),
        ("put", "/api/v1/inventory/{sku}/reallocation"),
        ("post", "/whatsapp/v1/messages/broadcast"),
        ("post", "/sms/v1/campaigns/create"),
        ("post", "/email/v1/templates/send"),
        ("get", "/campaigns/{campaign_id}/analytics"),
        ("get", "/gst/v1/compliance-check"),
        ("post", "/audit/v1/trail/create"),
        ("get", "/reports/v1/regulatory/{period}"),
    }
    described = {(method, path) for path, methods in DESCRIBED["paths"].items() for method in methods}
    assert promised <= described
    assert DESCRIBED["openapi"] == "3.1.0"
    validate_schema(DESCRIBED)


@pytest.mark.parametrize("name", ["sendSales", "broadcastWhatsapp"])
def test_the_contracts_requests_carry_examples(name: str) -> None:
    operations = [one for methods in DESCRIBED["paths"].values() for one in methods.values()]
    body = next(one for one in operations if one["operationId"] == name)["requestBody"]
    assert body["content"]["application/json"]["examples"]


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/actions?kind=%00", "/api/v1/events?subject=%00", "/api/v1/events?name=a%00b",
        "/audit/v1/trail?subject=%00", "/api/v1/inventory/current?sku=%00", "/api/v1/documents?kind=%00",
        "/api/v1/inventory/current?cursor=MQo5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
        "/gst/v1/compliance-check?sku=%00&quantity=1&sourceTerritory=MUM&targetTerritory=BLR",
    ],
)  # fmt: skip
def test_what_no_text_can_hold_is_refused_not_stumbled_over(path: str, key: str) -> None:
    answer = Client(HTTP_HOST=HOST).get(path, headers={"Authorization": f"Bearer {key}"})
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/v1/retailers/a%00b/sales-history", 404),
        ("get", "/campaigns/a%00b/analytics", 404),
        ("put", "/api/v1/inventory/a%00b/reallocation", 422),
    ],
)
def test_an_address_with_a_nul_is_refused(method: str, path: str, status: int, key: str) -> None:
    body = {"sourceTerritory": "MUM", "targetTerritory": "BLR", "quantity": 1}
    call = getattr(Client(HTTP_HOST=HOST), method)
    data = orjson.dumps(body) if method == "put" else None
    answer = call(path, data, content_type="application/json", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == status


@pytest.mark.usefixtures("in_alpha")
def test_the_viewer_is_self_hosted_and_has_the_only_softened_policy() -> None:
    client = Client(HTTP_HOST=HOST)
    page = client.get("/api/docs")
    assert "https://" not in page.content.decode()
    assert "worker-src blob:" in page["Content-Security-Policy"]
    assert "unsafe-inline" not in client.get("/sign-in")["Content-Security-Policy"]
