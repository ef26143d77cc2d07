"""A system that keeps books, over a socket: it remembers, may be slow, and fails in the ways of its kind."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from inventory.contracts.feeds import Acknowledged, ExportDocument, ExportKind
from inventory.feeds import SYSTEMS, Access, System
from inventory.feeds.files.exports import KINDS, write
from inventory.models import Feed
from vyapar.farside.answers import Answer, undocumented
from vyapar.farside.http import HttpFarSide, Timeouts
from vyapar.farside.resilience import RetryPolicy
from vyapar.kernel.digest import plain


@dataclass
class Books:
    """`plan` says how the next postings fare: ok, late, lost (booked, then cut off), down, no."""

    url: str
    booked: dict[str, dict] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    on_post: Callable[[], None] = lambda: None

    def book(self, document: dict) -> str:
        key = document["key"]
        if key in self.booked:
            self.twice.append(key)
        self.booked[key] = document
        return f"JV/{len(self.booked)}"


@contextmanager
def keep_books() -> Iterator[Books]:
    """Serve books on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            key = self.path.removeprefix("/documents/")
            box.asked.append(key)
            if key not in box.booked:
                return self._say(200, {"known": False})
            number = f"JV/{list(box.booked).index(key) + 1}"
            return self._say(200, {"known": True, "number": number})

        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            box.posted.append(document["key"])
            box.on_post()
            step = box.plan.pop(0) if box.plan else "ok"
            if step == "down":
                return self._say(503, {})
            if step == "no":
                return self._say(422, {"error": "period is closed"})
            number = box.book(document)
            if step == "lost":
                self.connection.close()
                self.close_connection = True
                return None
            if step == "late":
                time.sleep(0.6)
            return self._say(200, {"number": "" if step == "quiet" else number})

        def _say(self, status: int, body: dict) -> None:
            raw = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    box = Books(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()


def _client(access: Access) -> HttpFarSide:
    return HttpFarSide(
        "books",
        access.settings["url"],
        headers={},
        timeouts=Timeouts(1.0, 0.3),
        retry=RetryPolicy(attempts=1),
    )


def push(access: Access, document: ExportDocument) -> Acknowledged:
    def judge(answer: Answer) -> Acknowledged:
        if answer.status == 422:
            return Acknowledged(False, reason=answer.payload["error"])
        if not answer.is_success:
            raise undocumented("books", answer)
        return Acknowledged(True, answer.payload["number"])

    with _client(access) as client:
        return client.call("POST", "/documents", judge, body=plain(document))


def find(access: Access, document: ExportDocument) -> Acknowledged | None:
    def judge(answer: Answer) -> Acknowledged | None:
        if not answer.is_success:
            raise undocumented("books", answer)
        return Acknowledged(True, answer.payload["number"]) if answer.payload["known"] else None

    with _client(access) as client:
        return client.call("GET", f"/documents/{document.key}", judge)


LEDGER = System("ledger", "Ledger", push=push, find=find, exports=frozenset(ExportKind))
SHEETS = System("sheets", "Sheets", write=write, exports=KINDS)


@contextmanager
def systems(*more: System) -> Iterator[None]:
    """Our systems hang on the board of systems for a while."""
    before = dict(SYSTEMS)
    SYSTEMS.update({one.code: one for one in (LEDGER, SHEETS, *more)})
    try:
        yield
    finally:
        SYSTEMS.clear()
        SYSTEMS.update(before)


def open_feed(code: str, system: str, at: datetime, **settings: object) -> Feed:
    """A feed of one of our systems."""
    return Feed.objects.create(
        code=code, name=code.title(), system=system, settings=settings, created_at=at, updated_at=at
    )
