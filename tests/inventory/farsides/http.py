"""An HTTP server of a far side on a free port of this machine, with faults a test orders."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Request:
    """One request, read whole; header names in lower case, the path unquoted."""

    method: str
    path: str
    raw_path: str
    query: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass
class Reply:
    """An answer. `body` other than bytes goes out as JSON."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Fault:
    """What goes wrong with the next requests whose path holds `match`, after `after` of them went well.

    `hang`: act, then stay silent for `seconds`; `half`: act, send half of the answer and hang up;
    `drop`: hang up without acting; `lose`: act, then hang up; or `reply` instead of acting.
    """

    kind: str = "reply"
    match: str = ""
    after: int = 0
    times: int = 1
    seconds: float = 2.0
    reply: Reply = field(default_factory=lambda: Reply(500))


class FarSide:
    """Serves `answer(request)`; keeps every request in `seen`."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self.faults: deque[Fault] = deque()
        self.lock = threading.Lock()
        self.url = ""

    def answer(self, request: Request) -> Reply:
        raise NotImplementedError

    def order(self, kind: str = "reply", **facts: Any) -> None:
        """Have something go wrong."""
        self.faults.append(Fault(kind, **facts))

    def paths(self) -> list[str]:
        return [one.path for one in self.seen]

    def take_fault(self, path: str) -> Fault | None:
        with self.lock:
            for fault in self.faults:
                if fault.match not in path:
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
                return fault
        return None

    @contextmanager
    def serving(self) -> Iterator[FarSide]:
        handler = type("Handler", (_Handler,), {"far": self})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


class _Handler(BaseHTTPRequestHandler):
    far: FarSide
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(
            self.command, unquote(parts.path), parts.path, parts.query,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()}, raw,
        )  # fmt: skip
        self.far.seen.append(request)
        fault = self.far.take_fault(request.path) or Fault("none")
        if fault.kind == "drop":
            self._hang_up()
            return
        with self.far.lock:
            reply = fault.reply if fault.kind == "reply" else self.far.answer(request)
        if fault.kind == "hang":
            time.sleep(fault.seconds)
        if fault.kind in ("hang", "lose"):
            self._hang_up()
            return
        self._write(reply, half=fault.kind == "half")

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve

    def _write(self, reply: Reply, *, half: bool) -> None:
        plain = isinstance(reply.body, bytes)
        body: Callable[[], bytes] = lambda: reply.body if plain else json.dumps(reply.body).encode()  # noqa: E731
        raw = b"" if reply.body is None else body()
        self.send_response(reply.status)
        kind = "application/octet-stream" if plain else "application/json"
        length = reply.headers.pop("Content-Length", str(len(raw)))
        for name, value in {"Content-Type": kind, **reply.headers, "Content-Length": length}.items():
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            if self.command != "HEAD":
                self.wfile.write(raw[: len(raw) // 2] if half else raw)
            self.wfile.flush()
        if half:
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
