"""The client base: HTTP with time limits, bounded retries, masked logs and honest errors."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from vyapar.farside.answers import Answer
from vyapar.farside.resilience import RetryPolicy, with_retries
from vyapar.kernel.errors import Misconfigured, Unavailable, VyaparError

T = TypeVar("T")
log = logging.getLogger(__name__)

#: Header with which a protocol simulator marks every answer.
SIMULATED_HEADER = "X-Simulated"
#: Raised by httpx before a byte of the request was sent: repeating cannot act twice.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_LONG_NUMBER = re.compile(r"\d{6,}(\d{4})")


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

    `secrets` never appear in logs or messages. `proxy` is the only way to a proxy: the environment
    is not consulted.
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
    ) -> None:
        self.name = name
        self._secrets = secrets
        self._retry = retry
        self._http = httpx.Client(
            base_url=base_url,
            headers=dict(headers),
            timeout=httpx.Timeout(timeouts.read_seconds, connect=timeouts.connect_seconds),
            proxy=proxy or None,
            trust_env=False,
            follow_redirects=False,
        )

    def call(
        self,
        method: str,
        path: str,
        judge: Callable[[Answer], T],
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> T:
        """What `judge` makes of the answer; repeated only while that is safe and promising.

        `judge` is pure and raises the kernel's errors. Raises `Unavailable`, with `outcome_unknown`
        when a request that changes things was sent and no answer was read.
        """
        return with_retries(lambda: judge(self._once(method, path, body, params)), self._retry)

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
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        params: Mapping[str, str] | None,
    ) -> Answer:
        started = time.monotonic()
        try:
            response = self._http.request(method, path, json=body, params=params)
        except (httpx.RequestError, httpx.InvalidURL) as error:
            failure = self._no_answer(error, changes_things=method != "GET")
            self._note(method, path, failure.code, started)
            raise failure from error
        self._note(method, path, str(response.status_code), started)
        return self._answer(response, changes_things=method != "GET")

    def _answer(self, response: httpx.Response, *, changes_things: bool) -> Answer:
        text = response.text
        for secret in self._secrets:  # a far side that echoes our key must not get it into a message
            text = text.replace(secret, "•••")
        try:
            payload = json.loads(text)
        except (ValueError, RecursionError):
            payload = {}
        return Answer(
            status=response.status_code,
            payload=payload if isinstance(payload, dict) else {},
            simulated=response.headers.get(SIMULATED_HEADER, "").lower() == "true",
            retry_after=_whole_seconds(response.headers.get("Retry-After", "")),
            changes_things=changes_things,
        )

    def _no_answer(self, error: Exception, *, changes_things: bool) -> VyaparError:
        said = masked(str(error), self._secrets)
        if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
            return Misconfigured(f"{self.name}: bad address: {said}", code=f"{self.name}_bad_url")
        if isinstance(error, _NOT_SENT):
            return Unavailable(f"{self.name} cannot be reached", code=f"{self.name}_unreachable")
        if isinstance(error, httpx.TimeoutException):
            return Unavailable(
                f"{self.name} did not answer in time",
                code=f"{self.name}_timeout",
                outcome_unknown=changes_things,
            )
        return Unavailable(
            f"{self.name} broke off without an answer",
            code=f"{self.name}_broken_off",
            outcome_unknown=changes_things,
        )

    def _note(self, method: str, path: str, outcome: str, started: float) -> None:
        spent = round((time.monotonic() - started) * 1000)
        shown = masked(path, self._secrets)
        log.info("%s %s %s: %s in %d ms", self.name, method, shown, outcome, spent)


def _whole_seconds(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
