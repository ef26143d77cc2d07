"""A worker killed while it sends a batch: what it had not come to is sent, what it was at is not repeated."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from tests.builders import AT, MACHINE, consent, open_channels
from tests.chaos.worker import House, Place, sending_dies_at
from tests.messaging.conftest import QUIET
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import MARKETING, Letter
from vyapar.messaging.models import Message
from vyapar.messaging.services import claim_due, look_after, queue, send
from vyapar.messaging.services.accounts import _routes
from vyapar.messaging.services.consent import record_word

pytestmark = pytest.mark.chaos
OUTLETS = ("R001", "R002", "R003", "R004")


@pytest.fixture
def far_side(make_sandbox, fresh_distributor):
    """The real sandbox behind sockets, knowing the line and the texts of a distributor of our own."""
    made = make_sandbox(shares=QUIET)
    open_channels(base_url=made.http_url, smtp_port=made.smtp_address[1])
    routes = _routes("http://127.0.0.1:9", "fresh.localhost")
    routes["whatsapp"]["101"]["webhook_url"] = ""
    made.registry.add_routes(routes)
    return made


def offer(retailer: str) -> Letter:
    return Letter(
        key=f"C-1:{retailer}", party=f"retailer:{retailer}",
        ways=((Channel.WHATSAPP, f"+9198123000{retailer[1:]}"),), template="clearance_offer",
        language="en", parameters=("Shop", "30-11-2026", "Biscuits Rs 76.50 (MRP Rs 100)"),
        purpose=MARKETING, origin="campaign:C-1", buttons=("I want it", "Not now"),
    )  # fmt: skip


def test_what_a_killed_worker_had_not_come_to_is_sent_and_what_it_was_at_is_not_repeated(
    fresh_distributor, far_side
) -> None:
    consent(*OUTLETS)
    # one after another, so that their order in the batch is known
    for number, retailer in enumerate(OUTLETS):
        queue([offer(retailer)], actor=MACHINE, at=AT + timedelta(seconds=number))
    house = House(connection.settings_dict["NAME"], fresh_distributor.schema_name, "", 0)
    at = AT + timedelta(seconds=10)
    assert sending_dies_at(Place("vyapar/messaging/clients.py", "hand_over", 2), house, at)
    assert len(far_side.journal.list_messages("")) == 1

    # meanwhile one of the outlets nobody has written to yet says no
    record_word("retailer:R004", False, actor=MACHINE, at=at, source="phone", channels=(Channel.WHATSAPP,))
    late = at + timedelta(minutes=3)
    look_after(late)
    send(claim_due(late), at=late)
    found = dict(Message.objects.values_list("party", "status"))
    assert found == {
        "retailer:R001": "sent",
        "retailer:R002": "sending",
        "retailer:R003": "sent",
        "retailer:R004": "skipped",
    }
    assert len(far_side.journal.list_messages("")) == 2

    a_day_late = at + timedelta(hours=25)
    look_after(a_day_late)
    assert claim_due(a_day_late) == []
    assert Message.objects.get(party="retailer:R002").status == "failed"


def test_a_batch_that_was_given_to_another_worker_is_called_by_one_of_them(
    fresh_distributor, far_side
) -> None:
    consent("R001")
    queue([offer("R001")], actor=MACHINE, at=AT)
    slow = claim_due(AT)
    late = AT + timedelta(minutes=3)
    look_after(late)
    other = claim_due(late)
    assert slow == other != []
    assert send(other, at=late) == 1
    assert send(slow, at=late) == 0
    assert len(far_side.journal.list_messages("")) == 1
