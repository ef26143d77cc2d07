"""Offers that several callers hand in at once: nobody is written to twice, or once too often."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection
from django.test import Client
from django.utils import timezone
from django_tenants.utils import tenant_context

from campaigns import services
from tests.builders import AT, OWNER, build_world, consent, open_channels
from vyapar.gateway.services import issue_key
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import MARKETING, Letter
from vyapar.messaging.models import Message
from vyapar.messaging.rules import MARKETING_CAP
from vyapar.messaging.services import queue
from vyapar.people.contracts import May

CALLERS = 4
BODY = {
    "template": "clearance_offer",
    "parameters": ["Shop", "30-11-2026", "Biscuits Rs 16 (MRP Rs 20)"],
    "retailerIds": ["R001", "R002"],
}


def at_once(distributor: object, token: str, name: Callable[[int], str]) -> list[tuple[int, int]]:
    """Status and letters queued of each of the callers, who all begin together."""
    answers: list[tuple[int, int]] = []
    gate = threading.Barrier(CALLERS)

    def call(number: int) -> None:
        client = Client(HTTP_HOST=f"{distributor.slug}.localhost", HTTP_AUTHORIZATION=f"Bearer {token}")
        client.raise_request_exception = False
        gate.wait(10)
        answer = client.post(
            "/whatsapp/v1/messages/broadcast", {**BODY, "origin": name(number)}, "application/json"
        )
        answers.append((answer.status_code, answer.json().get("queued", 0)))
        connection.close()

    threads = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return sorted(answers)


def test_one_after_another_they_stop_at_the_cap(in_alpha) -> None:
    ready()
    letters = [
        Letter(
            key=f"k{number}", party="retailer:R001", ways=((Channel.WHATSAPP, "+919800000001"),),
            template="clearance_offer", language="en", parameters=tuple(BODY["parameters"]),
            purpose=MARKETING, origin=f"o{number}",
        )
        for number in range(MARKETING_CAP + 1)
    ]  # fmt: skip
    taken = [queue([letter], actor=OWNER, at=AT) for letter in letters]
    assert taken == [(1, 0)] * MARKETING_CAP + [(0, 1)]


def ready() -> None:
    build_world()
    open_channels()
    services.ensure_templates()
    consent("R001", "R002")


def test_broadcasts_at_once_write_to_nobody_twice_nor_past_the_cap(fresh_distributor) -> None:
    ready()
    _key, token = issue_key(name="ERP", scopes=tuple(May), actor=OWNER, at=timezone.now())

    same = at_once(fresh_distributor, token, lambda number: "november")
    assert same == [(202, 0), (202, 0), (202, 0), (202, 2)]

    others = at_once(fresh_distributor, token, lambda number: f"more-{number}")
    assert [status for status, _queued in others] == [202] * CALLERS
    with tenant_context(fresh_distributor):
        for retailer in ("R001", "R002"):
            written = Message.objects.filter(party=f"retailer:{retailer}", status="queued")
            assert written.count() == MARKETING_CAP
