"""The client base: HTTP with time limits, bounded retries, masked logs and honest errors."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from vyapar.farside.addresses import JudgedTransport
from vyapar.farside.answers import Answer
from vyapar.farside.resilience import RetryPolicy, with_retries
from vyapar.kernel.errors import Misconfigured, Rejected, Unavailable, VyaparError
from vyapar.kernel.phrases import phrase as _

T = TypeVar("T")
log = logging.getLogger(__name__)

#: Header with which a protocol simulator marks every answer.
SIMULATED_HEADER = "X-Simulated"
#: Raised by httpx before a byte of the request was sent: repeating cannot act twice.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_LONG_NUMBER = re.compile(r"\d{6,}(\d{4})")
#: Bytes of one answer at most, unpacked.
LARGEST_ANSWER = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long to wait for a connection, and for an answer once it stands."""

    connect_seconds: float = 3.0
    read_seconds: float = 10.0


def masked(text: str, secrets: tuple[str, ...] = ()) -> str:
    """`text` without secrets, and with telephone numbers cut to their last four digits."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "•••")
    return _LONG_NUMBER.sub(r"•••\1", text)


class HttpFarSide:
    """One far side reached over HTTP. Safe to share between threads; close it when done.

    `secrets` never appear in logs or messages; they are taken out of answers too, except out of good
    answers of a far side that brings data (`brings_data`): there a word may be a password by chance.
    `auth` is asked for every request. `proxy` is the only way to a proxy: the environment is not
    consulted. `private_allowed` has the host's addresses judged at every request (see
    `vyapar.farside.addresses`): False for addresses of the public internet only; None where whoever runs
    the installation gave the address.
    """

    def __init__(
        self,
        name: str,
        base_url: str,
        *,
        headers: Mapping[str, str],
        secrets: tuple[str, ...] = (),
        timeouts: Timeouts = Timeouts(),
        retry: RetryPolicy = RetryPolicy(),
        proxy: str = "",
        auth: httpx.Auth | None = None,
        brings_data: bool = False,
        largest: int = LARGEST_ANSWER,
        private_allowed: bool | None = None,
    ) -> None:
        self.name = name
        self._secrets = secrets
        self._retry = retry
        self._brings_data = brings_data
        self._largest = largest
        self._http = httpx.Client(
            base_url=base_url,
            headers=dict(headers),
            timeout=httpx.Timeout(timeouts.read_seconds, connect=timeouts.connect_seconds),
            proxy=proxy or None,
            trust_env=False,
            follow_redirects=False,
            auth=auth,
            transport=None if private_allowed is None else JudgedTransport(private=private_allowed),
        )

    def call(
        self,
        method: str,
        path: str,
        judge: Callable[[Answer], T],
        *,
        body: Any = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        only_asks: bool = False,
    ) -> T:
        """What `judge` makes of the answer; repeated only while that is safe and promising.

        `body` is sent as JSON, `content` as it is. A request other than GET changes things unless it
        `only_asks`. `judge` is pure and raises the kernel's errors. Raises `Unavailable`, with
        `outcome_unknown` when a request that changes things was sent and no answer was read.
        """
        changes = method != "GET" and not only_asks

        def build() -> httpx.Request:
            return self._http.build_request(
                method, path, json=body, content=content, params=params, headers=headers
            )

        def once() -> T:
            return judge(self._once(method, path, build, changes_things=changes))

        return with_retries(once, self._retry)

    def close(self) -> None:
        """Close the pooled connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self._http.base_url}>"

    def _once(
        self, method: str, path: str, build: Callable[[], httpx.Request], *, changes_things: bool
    ) -> Answer:
        started = time.monotonic()
        path = path.partition("?")[0]
        try:
            response = self._http.send(build(), stream=True)
            try:
                raw = self._read(response)
            finally:
                response.close()
        except (httpx.RequestError, httpx.InvalidURL) as error:
            failure = self._no_answer(error, changes_things=changes_things)
            self._note(method, path, failure.code, started)
            raise failure from error
        self._note(method, path, str(response.status_code), started)
        return self._answer(response, raw, changes_things=changes_things)

    def _read(self, response: httpx.Response) -> bytes:
        """The body, unpacked; more than the bound is refused before it fills the memory."""
        parts, size = [], 0
        for part in response.iter_bytes(256 * 1024):
            size += len(part)
            if size > self._largest:
                raise Rejected(
                    _(
                        "%(name)s answered with more than %(largest)s MiB: ask for less at once",
                        name=self.name,
                        largest=self._largest >> 20,
                    ),
                    code=f"{self.name}_too_large",
                )
            parts.append(part)
        return b"".join(parts)

    def _answer(self, response: httpx.Response, raw: bytes, *, changes_things: bool) -> Answer:
        if not (self._brings_data and response.is_success):
            for secret in self._secrets:  # a far side that echoes our key must not get it into a message
                raw = raw.replace(secret.encode(), "•••".encode()) if secret else raw
        try:
            document = json.loads(raw.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            document = None
        return Answer(
            status=response.status_code,
            payload=document if isinstance(document, dict) else {},
            simulated=response.headers.get(SIMULATED_HEADER, "").lower() == "true",
            retry_after=_wait_seconds(response.headers.get("Retry-After", "")),
            changes_things=changes_things,
            document=document,
            body=raw,
            headers={name.lower(): value for name, value in response.headers.items()},
        )

    def _no_answer(self, error: Exception, *, changes_things: bool) -> VyaparError:
        said = masked(str(error), self._secrets)
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return Misconfigured(
                _("%(name)s: bad address: %(said)s", name=self.name, said=said), code=f"{self.name}_bad_url"
            )
        if isinstance(error, _NOT_SENT):
            return Unavailable(
                _("%(name)s cannot be reached", name=self.name), code=f"{self.name}_unreachable"
            )
        if isinstance(error, httpx.TimeoutException):
            return Unavailable(
                _("%(name)s did not answer in time", name=self.name),
                code=f"{self.name}_timeout",
                outcome_unknown=changes_things,
            )
        return Unavailable(
            _("%(name)s broke off without an answer", name=self.name),
            code=f"{self.name}_broken_off",
            outcome_unknown=changes_things,
        )

    def _note(self, method: str, path: str, outcome: str, started: float) -> None:
        spent = round((time.monotonic() - started) * 1000)
        shown = masked(path, self._secrets)
        log.info("%s %s %s: %s in %d ms", self.name, method, shown, outcome, spent)


def _wait_seconds(text: str) -> int:
    """Seconds that a Retry-After asks for, given as a number or as an instant; 0 when it says nothing."""
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return 0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0, round((until - datetime.now(UTC)).total_seconds()))
