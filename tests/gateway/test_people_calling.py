"""People call the API from their browser's session: the token in its header, the body whole."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from inventory.models import ImportRun, Sale
from tests.inventory.book import make_book
from vyapar.people.contracts import Role
from vyapar.people.services import add_person

pytestmark = pytest.mark.usefixtures("in_alpha")
HOST = "alpha.localhost"
ROW = {
    "transactionId": "T1",
    "retailerId": "R1",
    "sku": "S1",
    "quantity": 2,
    "unitPrice": "10.00",
    "timestamp": "2026-11-20T10:15:00+05:30",
}


@pytest.fixture
def owner() -> Client:
    """Signed in, in a browser that checks nothing for us."""
    person = add_person(
        username="owner", password="a-long-word-1", role=Role.OWNER, name="Owner", email="o@example.in"
    )
    client = Client(enforce_csrf_checks=True, HTTP_HOST=HOST, SERVER_NAME=HOST)
    client.get("/sign-in")
    client.force_login(person)
    return client


def post(client: Client, path: str, body: bytes, kind: str, **headers: str):
    return client.post(path, body, content_type=kind, headers=headers)


def test_a_person_pushes_rows_and_the_body_is_still_there(owner: Client) -> None:
    make_book()
    rows = json.dumps([ROW]).encode()
    token = owner.cookies["csrftoken"].value
    done = post(owner, "/api/v1/sales/batch", rows, "application/json", **{"X-CSRFToken": token})
    assert done.status_code == 200, done.content
    assert Sale.objects.count() == 1


def test_a_person_uploads_a_file_as_a_form(owner: Client) -> None:
    make_book()
    body = (
        b'--cut\r\nContent-Disposition: form-data; name="file"; filename="s.csv"\r\n\r\n'
        b"sku,name,hsn,mrp\r\nS9,Soap,3401,10\r\n\r\n--cut--\r\n"
    )
    token = owner.cookies["csrftoken"].value
    kind = "multipart/form-data; boundary=cut"
    done = post(owner, "/api/v1/imports", body, kind, **{"X-CSRFToken": token})
    assert done.status_code == 202, done.content
    assert ImportRun.objects.get().title == "s.csv"


@pytest.mark.parametrize("token", ["", "x" * 32])
def test_without_the_token_in_its_header_nothing_is_done(owner: Client, token: str) -> None:
    make_book()
    hidden = json.dumps({"csrfmiddlewaretoken": owner.cookies["csrftoken"].value}).encode()
    done = post(owner, "/api/v1/sales/batch", hidden, "application/json", **{"X-CSRFToken": token})
    assert done.status_code == 403
    assert Sale.objects.count() == 0
