"""Machines that call the API in tests, and how a problem must look."""

from __future__ import annotations

import json
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from tests.builders import OWNER
from vyapar.gateway.services import issue_key
from vyapar.people.contracts import May

NOTE = {"verb": "InvoicePrinted", "subject": "invoice:7", "detail": {"pages": 2}}


def machine(secret: str, host: str = "alpha") -> Client:
    """A client that shows a key or token to a distributor."""
    return Client(HTTP_HOST=f"{host}.localhost", HTTP_AUTHORIZATION=f"Bearer {secret}")


class Caller:
    """A machine with a key of its own."""

    def __init__(
        self, *scopes: May | str, rate: str = "", made_ago=timedelta(0), host: str = "alpha", **more
    ) -> None:
        made = timezone.now() - made_ago
        self.key, self.secret = issue_key(name="ERP", scopes=scopes, actor=OWNER, at=made, **more)
        if rate:
            self.key.rate = rate
            self.key.save()
        self.client = machine(self.secret, host)

    def get(self, path: str, **query):
        return self.client.get(path, query)

    def post(self, path: str, body: object = None, key: str = "", method: str = "post", **headers: str):
        extra = {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        if key:
            extra["HTTP_IDEMPOTENCY_KEY"] = key
        raw = body if isinstance(body, str) else json.dumps(body or {})
        send = getattr(self.client, method)
        return send(path, raw, content_type="application/json", **extra)


def problem(answer, status: int, code: str) -> dict:
    """The body of a problem, once its shape has been checked."""
    assert answer.status_code == status, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["type"] == f"urn:vyapar:problem:{code}"
    assert body["title"]
    assert body["detail"]
    return body
