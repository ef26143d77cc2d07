"""A server that dies, or a caller that hangs up, at a call with a key: sent again, it is done once."""

from __future__ import annotations

import http.client
import json
import socket

import pytest
from django.db import connection
from django.utils import timezone

from tests.builders import OWNER
from tests.chaos.worker import House, Place, serving
from tests.ops.conftest import within
from vyapar.engine.models import Event
from vyapar.gateway.models import StoredReply
from vyapar.gateway.services import issue_key
from vyapar.people.contracts import May

pytestmark = pytest.mark.chaos
DOOR = "/audit/v1/trail/create"
NOTE = json.dumps({"verb": "Counted", "subject": "shelf:1", "detail": {"pieces": 7}})
NOWHERE = Place("nowhere.py", "nothing", 1)
#: What dies with the server: nothing is there, all but the commit, all but the answer.
PLACES = {
    "before": Place("vyapar/engine/services/events.py", "note", 1),
    "uncommitted": Place("vyapar/gateway/services/replies.py", "keep_reply", 1),
    "unanswered": Place("vyapar/gateway/services/calls.py", "record_call", 1),
}


class Line:
    """A caller with a key of its own, over real sockets."""

    def __init__(self, host: str) -> None:
        _key, secret = issue_key(name="ERP", scopes=[May.FEED], actor=OWNER, at=timezone.now())
        self.headers = {
            "Host": host, "Authorization": f"Bearer {secret}", "Content-Type": "application/json",
            "Idempotency-Key": "count-1",
        }  # fmt: skip

    def post(self, port: int, body: str = NOTE) -> tuple[int, dict[str, str], bytes]:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            line.request("POST", DOOR, body, self.headers)
            answer = line.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            line.close()

    def post_and_hang_up(self, port: int) -> None:
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
            line.sendall(f"POST {DOOR} HTTP/1.1\r\n{head}Content-Length: {len(NOTE)}\r\n\r\n{NOTE}".encode())


@pytest.fixture
def line(fresh_distributor) -> Line:
    return Line(f"{fresh_distributor.slug}.localhost")


@pytest.fixture
def house(fresh_distributor) -> House:
    return House(connection.settings_dict["NAME"], fresh_distributor.schema_name, "", 0)


def counted() -> int:
    return Event.objects.filter(name="TrailNoted").count()


@pytest.mark.parametrize("dies", PLACES)
def test_a_call_whose_server_died_is_sent_again_and_done_once(house: House, line: Line, dies: str) -> None:
    lost = (ConnectionError, http.client.HTTPException)
    with serving(PLACES[dies], house) as port, pytest.raises(lost):
        line.post(port)
    assert counted() == (dies == "unanswered")
    with serving(NOWHERE, house) as port:
        first = again(line, port)
        assert first[0] == 201, first
        assert ("Idempotent-Replayed" in first[1]) == (dies == "unanswered")
        second = line.post(port)
        assert (second[0], second[2], second[1]["Idempotent-Replayed"]) == (201, first[2], "true")
        other = line.post(port, NOTE.replace("7", "8"))
        assert (other[0], json.loads(other[2])["code"]) == (422, "key_reused")
    assert counted() == 1


def again(line: Line, port: int) -> tuple[int, dict[str, str], bytes]:
    """Sent until the database has noticed that the dead server is gone; a second or so."""
    found = []
    assert within(10, lambda: found.append(line.post(port)) or found[-1][0] != 409), found[-1]
    return found[-1]


def test_a_caller_that_hangs_up_is_told_the_first_answer_when_it_calls_again(
    house: House, line: Line
) -> None:
    with serving(NOWHERE, house) as port:
        line.post_and_hang_up(port)
        assert within(10, lambda: StoredReply.objects.filter(status=201).exists())
        status, headers, _body = line.post(port)
        assert (status, headers["Idempotent-Replayed"]) == (201, "true")
    assert counted() == 1
