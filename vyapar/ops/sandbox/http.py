"""HTTP as the sandbox speaks it: requests read whole, answers marked simulated, hang-ups."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from vyapar.ops.sandbox.replies import Reply

log = logging.getLogger(__name__)

_LARGEST_BODY = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, read whole. `body` is its JSON object, empty when it has none."""

    method: str
    path: str
    params: Mapping[str, str]
    token: str
    text: str
    body: Mapping[str, Any]


class Hangup(Exception):
    """Close the connection without an answer."""


class HttpServer(ThreadingHTTPServer):
    """Answers every request with what `answer` returns, one thread per connection."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answer: Callable[[Request], Reply]) -> None:
        super().__init__(address, _Handler)
        self.answer = answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = 60
    wbufsize = -1  # one packet per answer, or Nagle and delayed ACK cost 40 ms each
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the library's name
        log.debug(format, *args)

    def _serve(self) -> None:
        try:
            request = self._request()
            reply = cast("HttpServer", self.server).answer(request)
        except Hangup:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client gave up
            self._write(reply)

    def _request(self) -> Request:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _LARGEST_BODY:
            raise Hangup
        raw = self.rfile.read(length)
        parts = urlsplit(self.path)
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            body = {}
        return Request(
            method=str(self.command),
            path=parts.path,
            params=dict(parse_qsl(parts.query)),
            token=self.headers.get("Authorization", "").removeprefix("Bearer ").strip(),
            text=raw.decode("utf-8", "replace"),
            body=body if isinstance(body, dict) else {},
        )

    def _write(self, reply: Reply) -> None:
        raw = reply.raw
        if raw is None:
            raw = json.dumps({**reply.body, "simulated": True}, ensure_ascii=False).encode()
        headers = {"Content-Type": reply.content_type, "X-Simulated": "true", **reply.headers}
        self.send_response(reply.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(reply.promised or len(raw)))
        self.close_connection = self.close_connection or bool(reply.promised)
        self.end_headers()
        self.wfile.write(raw)
        self.wfile.flush()
