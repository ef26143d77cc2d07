"""Each call leaves one row without secrets; unknown addresses are problems; other sites stay out."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from time import perf_counter

import pytest
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context
from hypothesis import example, given
from hypothesis import strategies as st

from tests.builders import OWNER
from tests.gateway.calling import NOTE, Caller, machine, problem
from vyapar.gateway.masking import mask_query
from vyapar.gateway.models import ApiCall
from vyapar.gateway.paths import is_api
from vyapar.gateway.services import issue_key, keep_house, record_call
from vyapar.gateway.services.keeping import CALL_LIFE
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")


# --- what is kept --------------------------------------------------------------------------


def test_a_call_leaves_one_row_that_tells_what_happened() -> None:
    caller = Caller(May.READ, May.FEED)
    answer = caller.client.get(
        "/api/v1/events?limit=5&phone=9812345678", REMOTE_ADDR="203.0.113.77", HTTP_X_REQUEST_ID="erp-17"
    )
    assert answer["X-Request-Id"] == "erp-17"
    row = ApiCall.objects.get()
    assert (row.method, row.route, row.status, row.code) == ("GET", "/api/v1/events", 200, "")
    assert (row.caller, row.caller_name, row.request_id) == (caller.key.actor.ref, "ERP", "erp-17")
    assert (row.query, row.network) == ("limit=5&phone=***", "203.0.113.0/24")
    assert (row.rows_out, row.bytes_out) == (len(answer.json()["results"]), len(answer.content))


def test_a_refused_call_is_kept_with_its_code_and_a_strangers_too() -> None:
    caller = Caller(May.FEED)
    caller.post("/audit/v1/trail/create", {"verb": "1"})
    Client(HTTP_HOST="alpha.localhost").get("/api/v1/actions")
    refused, stranger = ApiCall.objects.order_by("id")
    assert (refused.status, refused.code, refused.bytes_in) == (422, "invalid", len('{"verb": "1"}'))
    assert (stranger.status, stranger.code, stranger.caller) == (401, "not_authenticated", "")


def test_an_address_is_kept_by_its_form_not_by_what_stands_in_it() -> None:
    Caller(May.READ).get("/api/v1/retailers/R-9812345678/sales-history")
    Caller(May.READ).get("/api/v1/nothing/9812345678")
    kept = list(ApiCall.objects.order_by("id").values_list("route", flat=True))
    assert kept == ["/api/v1/retailers/<str:retailer_id>/sales-history", "/api/v1/nothing (unknown)"]


def test_a_repeated_call_is_marked_and_pages_are_not_kept() -> None:
    caller = Caller(May.FEED)
    for _ in range(2):
        caller.post("/audit/v1/trail/create", NOTE, key="k")
    Client(HTTP_HOST="alpha.localhost").get("/sign-in")
    Client(HTTP_HOST="alpha.localhost").get("/healthz")
    assert [row.replayed for row in ApiCall.objects.order_by("id")] == [False, True]


def test_no_secret_is_kept_wherever_it_stands() -> None:
    caller = Caller(May.READ)
    places = [
        f"/api/v1/actions?kind={caller.secret}", f"/api/v1/actions?api_key={caller.secret}",
        f"/api/v1/{caller.secret}", f"/api/v1/actions?{caller.secret}=1",
    ]  # fmt: skip
    for place in places:
        caller.client.get(place, HTTP_X_REQUEST_ID=caller.secret[:60])
    Client(HTTP_HOST="alpha.localhost").post("/oauth/token", {"client_secret": caller.secret})
    tail = caller.secret.partition(f"{caller.key.prefix}_")[2][:20]
    kept = [json.dumps(row, default=str) for row in ApiCall.objects.values()]
    assert len(kept) == len(places) + 1
    assert not [row for row in kept if tail in row]


@given(st.text(max_size=200))
@example("token=abc&sku=A;b=%zz&&=&sku")
@example("sku=" + "x" * 500)
def test_any_query_can_be_masked_and_unknown_values_never_stay(text: str) -> None:
    masked = mask_query(text)
    assert "\x00" not in masked
    for pair in filter(None, masked.split("&")):
        name, _, value = pair.partition("=")
        assert value in {"***", ""} or name in {"sku", "kind"} or len(value) < 400
    assert mask_query(f"secret={'q' * 30}").endswith("***")


@pytest.mark.parametrize("given_id", ["a b", "x" * 65, "", "ü", "a\tb"])
def test_a_request_id_that_is_none_is_replaced_by_ours(given_id: str) -> None:
    answer = Client(HTTP_HOST="alpha.localhost").get("/sign-in", HTTP_X_REQUEST_ID=given_id)
    assert len(answer["X-Request-Id"]) == 32


def test_the_request_id_stands_on_the_log_lines(caplog) -> None:
    Client(HTTP_HOST="alpha.localhost").get("/api/v1/actions", HTTP_X_REQUEST_ID="erp-18")
    as_json = next(
        one.formatter for one in logging.getLogger().handlers if "structlog" in repr(one.formatter)
    )
    lines = [json.loads(as_json.format(record)) for record in caplog.records]
    assert [line["request_id"] for line in lines if "Unauthorized" in line["event"]] == ["erp-18"]


def test_keeping_a_call_costs_one_statement_and_hardly_any_time(django_assert_num_queries) -> None:
    row = {
        "at": timezone.now(), "request_id": "x", "method": "GET", "route": "/api/v1/events", "query": "",
        "status": 200, "code": "", "duration_ms": 1, "caller": "key:x", "caller_name": "ERP", "network": "",
        "bytes_in": 0, "bytes_out": 0, "rows_in": 0, "rows_out": 0, "replayed": False,
    }  # fmt: skip
    record_call(**row)  # the connection has found its schema
    with django_assert_num_queries(1):
        record_call(**row)
    times = []
    for _ in range(50):
        start = perf_counter()
        record_call(**row)
        times.append(perf_counter() - start)
    assert sorted(times)[25] < 0.01, "median seconds"


def test_a_call_that_cannot_be_kept_is_answered_all_the_same(monkeypatch) -> None:
    from django.db import DatabaseError

    def full(*_: object, **__: object) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(ApiCall, "save", full)
    assert Caller(May.READ).get("/api/v1/events").status_code == 200


def test_calls_are_cleared_after_thirty_days() -> None:
    Caller(May.READ).get("/api/v1/events")
    at = ApiCall.objects.get().at
    keep_house(at + CALL_LIFE)
    assert ApiCall.objects.exists()
    keep_house(at + CALL_LIFE + timedelta(seconds=1))
    assert not ApiCall.objects.exists()


def test_a_call_is_kept_with_the_distributor_that_answered(alpha, beta) -> None:
    with tenant_context(beta):
        _key, secret = issue_key(name="ERP", scopes=[May.READ], actor=OWNER, at=timezone.now())
    assert machine(secret, "beta").get("/api/v1/events").status_code == 200
    for distributor, calls in ((alpha, 0), (beta, 1)):
        with tenant_context(distributor):
            assert ApiCall.objects.count() == calls


# --- the page ------------------------------------------------------------------------------


def person(role: Role) -> Client:
    client = Client(HTTP_HOST="alpha.localhost")
    client.force_login(add_person(username=role.value, password="a long pass phrase", role=role))
    return client


def test_the_page_shows_calls_and_narrows_them() -> None:
    caller = Caller(May.READ)
    caller.client.get("/api/v1/events", HTTP_X_REQUEST_ID="erp-19")
    caller.get("/audit/v1/trail")
    page, path = person(Role.OWNER), "/settings/requests"
    both = page.get(path).content.decode()
    assert "/api/v1/events" in both
    assert "permission_denied" in both
    for query, shown in (
        ("?outcome=refused", "/audit/v1/trail"),
        ("?outcome=ok", "/api/v1/events"),
        ("?q=erp-19", "/api/v1/events"),
        ("?q=permission_denied", "/audit/v1/trail"),
        (f"?caller=key:{caller.key.prefix}&method=GET&outcome=ok", "/api/v1/events"),
    ):
        body = page.get(path + query).content.decode()
        table = body[body.index("<tbody>") : body.index("</tbody>")]
        assert (table.count("<tr>"), shown in table) == (1, True), query
    assert "Nothing matches" in page.get(path + "?caller=user").content.decode()
    assert page.get(path + "?q=%00&page=x").status_code == 200


def test_the_page_is_for_those_who_operate() -> None:
    assert person(Role.ANALYST).get("/settings/requests").status_code == 403


# --- no door -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/nothing", "/api/", "/api/v1/actions/not-a-uuid", "/api/v2/actions", "/audit/v1/nothing",
        "/gst/v1/x", "/oauth/authorize", "/reports/v1/x", "/api/v1/actions/", "/sms/v1/x/y", "/api/%00",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_under_the_api_that_leads_nowhere_is_a_problem(path: str, method: str) -> None:
    answer = getattr(Client(HTTP_HOST="alpha.localhost"), method)(path)
    problem(answer, 404, "not_found")


def test_a_page_that_is_not_there_stays_a_page() -> None:
    answer = Client(HTTP_HOST="alpha.localhost").get("/nothing")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert not is_api("/api/docs")
    assert not is_api("/apiary")


@pytest.mark.parametrize("method", ["put", "patch", "delete", "trace"])
def test_a_method_that_a_door_does_not_know_is_a_problem(method: str) -> None:
    answer = getattr(Caller(May.READ).client, method)("/api/v1/events")
    problem(answer, 405, "method_not_allowed")
    assert "GET" in answer["Allow"]


def test_a_body_larger_than_memory_allows_is_a_problem(settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    for key in ("", "k"):
        answer = Caller(May.FEED).post("/audit/v1/trail/create", {**NOTE, "reason": "x" * 1000}, key=key)
        problem(answer, 413, "too_large")


def test_no_other_site_is_let_in() -> None:
    caller = Caller(May.READ)
    for call in (caller.client.get, caller.client.options):
        answer = call("/api/v1/events", HTTP_ORIGIN="https://evil.example")
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]
