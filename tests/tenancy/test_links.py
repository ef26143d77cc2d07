"""Signed links open nothing at another distributor, and log lines name whose request they are of."""

from __future__ import annotations

import logging

import pytest
import structlog
from django.test import Client
from django_tenants.utils import tenant_context

from alerts.services.mailed import _PURPOSE, report_of_token
from tests.builders import consent
from vyapar.kernel.errors import NotFound
from vyapar.messaging.clients import party_of_token, unsubscribe_token
from vyapar.messaging.letters import MARKETING
from vyapar.messaging.selectors import consented
from vyapar.tenancy.links import read, sign

PARTY = "retailer:R001"


def test_an_unsubscribe_link_of_one_takes_no_consent_from_the_other(alpha, beta) -> None:
    for distributor in (alpha, beta):
        with tenant_context(distributor):
            consent("R001")
    with tenant_context(alpha):
        token = unsubscribe_token(PARTY)
    with tenant_context(beta):
        before = consented({PARTY}, MARKETING)
        assert before
    answer = Client(HTTP_HOST="beta.localhost").post(f"/messages/unsubscribe?who={token}")
    assert answer.status_code == 404
    with tenant_context(beta):
        assert consented({PARTY}, MARKETING) == before
    assert Client(HTTP_HOST="alpha.localhost").post(f"/messages/unsubscribe?who={token}").status_code == 200
    with tenant_context(alpha):
        assert not consented({PARTY}, MARKETING)


def test_a_link_that_stops_one_report_stops_none_of_the_same_number_elsewhere(alpha, beta) -> None:
    with tenant_context(alpha):
        token = sign(1, purpose=_PURPOSE)
        assert read(token, purpose=_PURPOSE) == 1
        assert read(token, purpose="another") is None
    with tenant_context(beta):
        assert party_of_token(token) is None
        assert read(token, purpose=_PURPOSE) is None
        with pytest.raises(NotFound):
            report_of_token(token)


class _Seen(logging.Handler):
    """The distributor that each log line would name."""

    def __init__(self) -> None:
        super().__init__()
        self.named: list[str | None] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.named.append(structlog.contextvars.get_contextvars().get("tenant"))


@pytest.fixture
def seen():
    handler = _Seen()
    root = logging.getLogger("django.request")
    root.addHandler(handler)
    yield handler.named
    root.removeHandler(handler)


def test_a_log_line_names_the_distributor_of_its_request_and_of_no_other(alpha, beta, seen, monkeypatch):
    """One thread serves one after another; an address that is not there makes a line."""
    for host in ("alpha", "beta", "alpha"):
        Client(HTTP_HOST=f"{host}.localhost").get("/api/v1/nothing-here")
    monkeypatch.setattr("vyapar.ops.middleware.check_ready", lambda: {"redis": "away"})
    assert Client(HTTP_HOST="beta.localhost").get("/readyz").status_code == 503
    assert Client(HTTP_HOST="nobody.localhost").get("/stock").status_code == 404
    assert seen == ["t_alpha", "t_beta", "t_alpha", None, None]
