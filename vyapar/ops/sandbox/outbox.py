"""What the far sides send by themselves: signed webhooks, later, in batches, again when refused."""

from __future__ import annotations

import contextlib
import hashlib
import heapq
import hmac
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import httpx

from vyapar.ops.sandbox.faults import Faults
from vyapar.ops.sandbox.journal import Journal
from vyapar.ops.sandbox.settings import Settings

log = logging.getLogger(__name__)

_BATCH = 50
_POSTERS = 4


@dataclass(frozen=True, slots=True)
class Target:
    """Where webhooks of one line or account go. `account` is the WhatsApp business account."""

    kind: Literal["whatsapp", "sms"]
    url: str
    host_header: str
    secret: str
    account: str = ""

    def wrap(self, items: list[Mapping[str, Any]]) -> dict[str, Any]:
        """Items in the far side's envelope, marked simulated."""
        if self.kind == "sms":
            return {"simulated": True, "events": items}
        entry = {"id": self.account, "changes": items}
        return {"object": "whatsapp_business_account", "simulated": True, "entry": [entry]}

    def sign(self, raw: bytes) -> dict[str, str]:
        """The signature header of a body."""
        name = "X-Hub-Signature-256" if self.kind == "whatsapp" else "X-Signature-256"
        return {name: "sha256=" + hmac.new(self.secret.encode(), raw, hashlib.sha256).hexdigest()}


@dataclass(frozen=True, slots=True)
class _Batch:
    target: Target
    items: tuple[Mapping[str, Any], ...]
    attempt: int = 0


class Outbox:
    """A clockwork: runs what is due and posts what has gathered, until it is stopped.

    A post that is not answered 2xx is repeated as a whole, each time after twice the wait, and given
    up after the settings' number of attempts.
    """

    def __init__(self, settings: Settings, faults: Faults, journal: Journal) -> None:
        self._settings = settings
        self._faults = faults
        self._journal = journal
        self._turn = threading.Condition()
        self._due: list[tuple[float, int, _Batch | Callable[[], None]]] = []
        self._order = itertools.count()
        self._busy = 0
        self._stopped = False
        self._http = httpx.Client(timeout=10.0, trust_env=False, follow_redirects=False)
        self._posters = ThreadPoolExecutor(_POSTERS, thread_name_prefix="sandbox-webhook")
        self._thread = threading.Thread(target=self._run, name="sandbox-outbox", daemon=True)

    def start(self) -> None:
        """Begin to run what is due."""
        self._thread.start()

    def stop(self) -> None:
        """Drop what is still waiting and end."""
        with self._turn:
            self._stopped = True
            self._turn.notify_all()
        self._thread.join(5)
        self._posters.shutdown(wait=True, cancel_futures=True)
        self._http.close()

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something after `seconds` times the settings' pace."""
        self._push(seconds * self._settings.pace, act)

    def post(self, target: Target, item: Mapping[str, Any]) -> None:
        """Send one item as soon as possible, with whatever else waits for the same target."""
        if target.url:
            self._push(0.0, _Batch(target, (item,)))

    def form(self, url: str, body: str) -> None:
        """Post a form as a mail program does; whatever is answered is only counted."""

        def send() -> None:
            self._submit(lambda: self._send_form(url, body))

        self._push(0.0, send)

    @property
    def waiting(self) -> int:
        """What is not done yet, posts under way included."""
        with self._turn:
            return len(self._due) + self._busy

    def drain(self, seconds: float) -> bool:
        """Wait until nothing is left to do; False when that takes longer."""
        end = time.monotonic() + seconds
        with self._turn:
            while self._due or self._busy:
                left = end - time.monotonic()
                if left <= 0 or self._stopped:
                    return False
                self._turn.wait(min(left, 0.2))
        return True

    def _push(self, wait: float, what: _Batch | Callable[[], None]) -> None:
        with self._turn:
            heapq.heappush(self._due, (time.monotonic() + wait, next(self._order), what))
            self._turn.notify_all()

    def _run(self) -> None:
        while True:
            with self._turn:
                ready = self._take_ready()
                while not ready and not self._stopped:
                    self._turn.wait(self._until_next())
                    ready = self._take_ready()
                if self._stopped:
                    return
                self._busy += len(ready)
            self._work(ready)

    def _take_ready(self) -> list[_Batch | Callable[[], None]]:
        ready = []
        now = time.monotonic()
        while self._due and self._due[0][0] <= now:
            ready.append(heapq.heappop(self._due)[2])
        return ready

    def _until_next(self) -> float:
        return max(0.0, self._due[0][0] - time.monotonic()) if self._due else 1.0

    def _work(self, ready: list[_Batch | Callable[[], None]]) -> None:
        gathered: dict[Target, list[Mapping[str, Any]]] = {}
        for what in ready:
            if not isinstance(what, _Batch):
                with contextlib.suppress(Exception):  # one act must not stop the clockwork
                    what()
            elif what.attempt:
                self._deliver_soon(what)
            else:
                gathered.setdefault(what.target, []).extend(what.items)
        for target, items in gathered.items():
            for start in range(0, len(items), _BATCH):
                self._deliver_soon(_Batch(target, tuple(items[start : start + _BATCH])))
        self._finish(len(ready))

    def _deliver_soon(self, batch: _Batch) -> None:
        self._submit(lambda: self._deliver(batch))

    def _submit(self, act: Callable[[], None]) -> None:
        with self._turn:
            if self._stopped:
                return
            self._busy += 1
        self._posters.submit(self._guarded, act)

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception:
            log.exception("a webhook could not be posted")
        finally:
            self._finish(1)

    def _finish(self, count: int) -> None:
        with self._turn:
            self._busy -= count
            self._turn.notify_all()

    def _deliver(self, batch: _Batch) -> None:
        fault = self._faults.take("webhook", batch.target.url) if not batch.attempt else None
        items = list(batch.items)
        if fault and fault.kind == "reorder":
            items.reverse()
        raw = json.dumps(batch.target.wrap(items), ensure_ascii=False).encode()
        taken = self._send(batch.target, raw)
        if fault and fault.kind == "duplicate":
            self._send(batch.target, raw)
        if not taken:
            self._again(batch)

    def _again(self, batch: _Batch) -> None:
        attempt = batch.attempt + 1
        if attempt >= self._settings.webhook_attempts:
            self._journal.count_webhook("given_up")
            log.warning("webhook to %s given up after %d attempts", batch.target.url, attempt)
            return
        wait = self._settings.webhook_first_wait_seconds * 2**batch.attempt
        self._push(wait, _Batch(batch.target, batch.items, attempt))

    def _send(self, target: Target, raw: bytes) -> bool:
        url, host = _reachable(target.url, target.host_header)
        headers = {"Content-Type": "application/json", "X-Simulated": "true", "Host": host}
        try:
            answer = self._http.post(url, content=raw, headers=headers | target.sign(raw))
            taken = answer.is_success
        except httpx.HTTPError:
            taken = False
        self._journal.count_webhook("delivered" if taken else "failed")
        return taken

    def _send_form(self, url: str, body: str) -> None:
        address, host = _reachable(url, "")
        kind = "application/x-www-form-urlencoded"
        headers = {"Content-Type": kind, "X-Simulated": "true", "Host": host}
        try:
            answer = self._http.post(address, content=body, headers=headers)
            outcome = "unsubscribed" if answer.is_success else "unsubscribe_failed"
        except httpx.HTTPError:
            outcome = "unsubscribe_failed"
        self._journal.count_webhook(outcome)


def is_local(url: str) -> bool:
    """True for an address on this machine: the only place where links in mails are followed."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "127.0.0.1", "::1") or host.endswith(".localhost")


def _reachable(url: str, host_header: str) -> tuple[str, str]:
    """The address to connect to, and the Host to ask for: `*.localhost` is this machine."""
    parts = urlsplit(url)
    host = host_header or parts.netloc
    if (parts.hostname or "").endswith(".localhost"):
        port = f":{parts.port}" if parts.port else ""
        parts = parts._replace(netloc=f"127.0.0.1{port}")
    return urlunsplit(parts), host
