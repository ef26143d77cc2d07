"""The whole API, fuzzed from its own description: no 5xx, no answer that the description does not know."""

from __future__ import annotations

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.openapi import from_wsgi
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
EXAMPLES = 15


@pytest.fixture
def key(alpha) -> str:
    """A key that may do everything, as often as it likes, with something to be found."""
    book = make_book()
    book.batch("S1", "A")
    book.receive("S1", "A", 50)
    ingest_sales([sale("T1", "S1", 6)], actor=system("tests"), at=NOW, source="tests")
    ensure_templates()
    row, secret = issue_key(name="fuzzer", scopes=May, actor=system("tests"), at=NOW)
    row.rate = "100000/s"
    row.save()
    return secret


@pytest.fixture
def api(key: str):
    return from_wsgi("/api/schema?format=json", application, headers={"Host": HOST})


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_answers_as_it_is_described(case, key: str) -> None:
    """Every call is undone: one that breaks the database's transaction must not hide the next."""
    with transaction.atomic():
        answer = case.call(
            base_url=f"http://{HOST}", headers={"Host": HOST, "Authorization": f"Bearer {key}"}
        )
        transaction.set_rollback(True)
    case.validate_response(answer, checks=CHECKS)


def test_the_description_is_valid_openapi_3_1_with_the_paths_of_the_contract(api) -> None:
    raw = api.raw_schema
    assert raw["openapi"] == "3.1.0"
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
    described = {(method, path) for path, methods in raw["paths"].items() for method in methods}
    assert promised <= described
    assert api.validate() is None
