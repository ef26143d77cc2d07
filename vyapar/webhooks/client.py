"""One signed POST to an address outside: pinned, bounded in time and size, never redirected."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpcore
import httpx

from vyapar.kernel.errors import Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.webhooks.addresses import resolve
from vyapar.webhooks.rules import check_url

#: Seconds for a connection, and for the whole call with its answer.
CONNECT_SECONDS = 5.0
CALL_SECONDS = 15.0
#: Bytes of the answer that are read; what is kept of them is shorter.
MOST_BYTES = 4096
_HEAD = 400
_AGENT = "VyaparSahayak-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent where. `sandbox` may call this machine, over http too."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    sandbox: bool
    seconds: float = CALL_SECONDS


@dataclass(frozen=True, slots=True)
class Came:
    """What came back: a status, or an error when no answer did."""

    status: int | None = None
    duration_ms: int = 0
    response_head: str = ""
    error: str = ""
    retry_after: int = 0

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_outage(self) -> bool:
        """Down or slow; a redirect or a refusal says that somebody is there."""
        return self.status is None or self.status >= 500 or self.status == 429

    @property
    def said(self) -> str:
        return self.error or f"HTTP {self.status}"


def call(what: Call) -> Came:
    """Send one message and say what came of it; never raises for what the far side does.

    The host is resolved and judged for every call, and the connection goes to that very address: a
    name that changes its mind in between changes nothing. Certificates are checked against the name.
    Redirects are not followed, proxies not used.
    """
    began = time.monotonic()
    try:
        parts = check_url(what.url, sandbox=what.sandbox)
        address = resolve(parts, sandbox=what.sandbox)
    except Invalid as error:
        return Came(error=error.message, duration_ms=_since(began))
    backend = _Pinned(address, began + what.seconds)
    try:
        with httpcore.ConnectionPool(
            ssl_context=_tls(), network_backend=backend, max_connections=1, retries=0
        ) as pool:
            came = _post(pool, what)
    except (httpcore.TimeoutException, TimeoutError):
        return Came(
            error=_("no answer within %(seconds)s seconds", seconds=f"{what.seconds:.0f}"),
            duration_ms=_since(began),
        )
    except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
        return Came(error=_words(error), duration_ms=_since(began))
    return Came(
        came.status, _since(began), came.response_head, _judgement(came.status or 0), came.retry_after
    )


def _post(pool: httpcore.ConnectionPool, what: Call) -> Came:
    headers: list[tuple[bytes | str, bytes | str]] = [
        ("content-type", "application/json"),
        ("user-agent", _AGENT),
        ("accept-encoding", "identity"),
        *what.headers.items(),
    ]
    timeout = {"connect": CONNECT_SECONDS, "read": what.seconds, "write": what.seconds}
    with pool.stream(
        "POST", what.url, headers=headers, content=what.body, extensions={"timeout": timeout}
    ) as response:
        body = b""
        for chunk in response.iter_stream():
            body += chunk
            if len(body) >= MOST_BYTES:
                break
        found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return Came(response.status, 0, _shown(found, body), "", _seconds(found.get("retry-after", "")))


def _shown(headers: Mapping[str, str], body: bytes) -> str:
    kept = [f"{name}: {headers[name][:120]}" for name in ("content-type", "location") if name in headers]
    begin = body[:_HEAD].decode("utf-8", "replace")
    text = "".join(c if c.isprintable() or c == "\n" else "·" for c in begin)
    return "\n".join([*kept, text]).strip()


def _judgement(status: int) -> str:
    if 300 <= status < 400:
        return _("HTTP %(status)s: redirects are not followed; give the final address", status=status)
    return "" if 200 <= status < 300 else f"HTTP {status}"


def _words(error: Exception) -> str:
    cause: BaseException = error
    while (before := cause.__cause__ or cause.__context__) is not None:  # the library hides the cause
        cause = before
    if isinstance(cause, ssl.SSLError):
        return _("the secure connection failed: %(why)s", why=str(cause.reason or cause)[:260])
    if isinstance(cause, ConnectionRefusedError):
        return _("nobody answers at this address")
    return _("the connection broke: %(error)s", error=type(cause).__name__)


def _seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class _Pinned(httpcore.NetworkBackend):
    """Connects to one address, whatever the name; every wait ends at the call's own deadline."""

    def __init__(self, address: str, deadline: float) -> None:
        self._address, self._deadline = address, deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        options: list[Any] = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *(socket_options or ())]
        left = _left(self._deadline, timeout)
        stream = self._plain.connect_tcp(self._address, port, left, local_address, options)
        return _Hasty(stream, self._deadline)


class _Hasty(httpcore.NetworkStream):
    """A stream whose waits are cut at a deadline, so that a trickle of bytes holds nobody for long."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(self._deadline, timeout)
        return _Hasty(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the call's time is over")
    return left if timeout is None else min(left, timeout)
