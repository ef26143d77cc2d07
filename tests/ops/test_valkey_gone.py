"""With Valkey gone pages and reads stand, and what cannot do without it, or without the database, says so."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from django.core.cache import caches
from django.db import connection
from django.test import Client, TestCase
from django.utils import timezone

from inventory.services.imports import list_takeable
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.conftest import own_media
from vyapar.celery import app
from vyapar.engine.models import Cycle
from vyapar.gateway.services import issue_key
from vyapar.people.contracts import May, Role
from vyapar.people.services import add_person

__all__ = ["own_media"]

ALPHA = "alpha.localhost"
PAGES = ("/", "/inbox", "/stock", "/agents", "/data", "/alerts", "/campaigns", "/compliance", "/trail")


@pytest.fixture
def gone(alpha, settings):
    """Nobody answers at the address of the cache and the limits."""
    settings.REDIS_URL = "redis://127.0.0.1:9/0"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": settings.REDIS_URL}}
    yield
    caches.close_all()


@pytest.fixture
def scored(alpha) -> None:
    """A night has been: the first screen has a cycle to keep its headline by."""
    Cycle.objects.create(agent="monitoring", as_of=NOW, claimed_at=NOW, state="done")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_shown(gone, scored, path: str) -> None:
    add_person(username="owner", password="alpha pass phrase", role=Role.OWNER)
    client = Client(HTTP_HOST=ALPHA)
    assert client.login(username="owner", password="alpha pass phrase")
    assert client.get(path).status_code == 200


@pytest.fixture
def machine(gone) -> Client:
    return _machine(ALPHA)


def _machine(host: str) -> Client:
    _key, token = issue_key(name="ERP", scopes=tuple(May), actor=OWNER, at=timezone.now())
    return Client(HTTP_HOST=host, HTTP_AUTHORIZATION=f"Bearer {token}", raise_request_exception=False)


@pytest.mark.parametrize("path", ["/api/v1/actions", "/api/v1/events"])
def test_the_api_answers(machine: Client, path: str) -> None:
    assert machine.get(path).status_code == 200


def test_a_takeout_is_asked_for_and_looked_at_all_the_same(machine: Client, no_queue) -> None:
    asked = machine.post("/api/v1/takeouts")
    assert asked.status_code == 202, asked.content
    assert machine.get(asked["Location"]).json()["state"] == "queued"
    assert machine.get(f"/api/v1/takeouts/{uuid4()}").status_code == 404


@pytest.fixture
def no_queue(alpha, monkeypatch) -> None:
    """Nobody answers where tasks are handed in."""
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:9/0")
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)


def test_what_needs_a_worker_says_so_while_nothing_can_be_handed_out(no_queue) -> None:
    person = add_person(username="owner", password="alpha pass phrase", role=Role.OWNER)
    client = Client(HTTP_HOST=ALPHA, raise_request_exception=False)
    client.force_login(person)
    page = client.post("/agents/monitoring/run", follow=True)
    assert page.status_code == 200
    assert "in a minute" in page.content.decode()


def test_an_import_that_no_worker_can_be_told_of_is_kept_and_taken_up_later(no_queue, own_media) -> None:
    path = "/api/v1/imports?kind=sales&name=a.csv"
    with TestCase.captureOnCommitCallbacks(execute=True) as handed:
        answer = _machine(ALPHA).post(path, b"transactionId\nT1\n", content_type="application/octet-stream")
    assert handed
    assert answer.status_code == 202
    assert [str(pk) for pk in list_takeable(timezone.now())] == [answer.json()["id"]]


def test_a_call_whose_database_connection_is_cut_may_be_sent_again(fresh_distributor) -> None:
    machine = _machine(f"{fresh_distributor.slug}.localhost")
    with connection.cursor() as cursor, psycopg.connect(**_address()) as other:
        cursor.execute("SELECT pg_backend_pid()")
        other.execute("SELECT pg_terminate_backend(%s)", [cursor.fetchone()[0]])
        other.commit()
    answer, page = machine.get("/api/v1/actions"), machine.get("/sign-in")
    connection.close()  # as the next request does
    assert (answer.status_code, answer.json()["code"]) == (503, "store_away")
    assert int(answer["Retry-After"]) > 0
    assert page.status_code == 503
    assert machine.get("/api/v1/actions").status_code == 200


def _address() -> dict[str, object]:
    own = connection.get_connection_params()
    return {name: own[name] for name in ("dbname", "user", "password", "host", "port") if own.get(name)}
