"""What happened in the sandbox: requests, messages, texts, mails, webhooks. In memory."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

_WINDOW = timedelta(hours=24)
_KEPT = 20_000


@dataclass(slots=True)
class Sent:
    """One WhatsApp message as handed over."""

    id: str
    line: str
    to: str
    kind: str
    template: str
    language: str
    category: str
    text: str
    callback_data: str
    at: datetime
    buttons: tuple[tuple[str, str], ...] = ()
    statuses: list[str] = field(default_factory=list)
    error: int = 0


@dataclass(slots=True)
class Text:
    """One SMS as submitted."""

    id: str
    reference: str
    account: str
    header: str
    template_id: str
    to: str
    text: str
    callback_data: str
    promotional: bool
    at: datetime
    status: str = "accepted"
    status_at: datetime | None = None
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as stored; `path` is its file."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    message_id: str
    unsubscribe: str
    path: str
    at: datetime


class Journal:
    """Thread-safe memory with the answers that desks need: windows, switches, counts."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.requests: Counter[str] = Counter()
        self.webhooks: Counter[str] = Counter()
        self.sent: dict[str, Sent] = {}
        self.texts: dict[tuple[str, str], Text] = {}
        self.mails: list[Mail] = []
        self.inbound: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._windows: dict[tuple[str, str], datetime] = {}
        self._switched_off: set[tuple[str, str]] = set()
        self._marketing: defaultdict[str, deque[datetime]] = defaultdict(deque)

    def count_request(self, name: str) -> None:
        """One request to `METHOD /path` came in, whatever was answered."""
        with self._lock:
            self.requests[name] += 1

    def count_webhook(self, outcome: str) -> None:
        """One webhook post was `delivered`, `failed` or `given_up`."""
        with self._lock:
            self.webhooks[outcome] += 1

    def add_sent(self, message: Sent) -> None:
        """Remember a WhatsApp message that was taken."""
        with self._lock:
            self.sent[message.id] = message

    def mark(self, message: Sent, status: str, error: int = 0) -> None:
        """A message moved on."""
        with self._lock:
            message.statuses.append(status)
            message.error = error or message.error

    def add_text(self, text: Text) -> Text:
        """Remember a text; the same account and reference give back the first one."""
        with self._lock:
            return self.texts.setdefault((text.account, text.reference), text)

    def find_text(self, account: str, reference: str) -> Text | None:
        """The text of an account's reference."""
        with self._lock:
            return self.texts.get((account, reference))

    def add_mail(self, mail: Mail) -> None:
        """Remember a stored mail."""
        with self._lock:
            self.mails.append(mail)

    def find_mail(self, ident: str) -> Mail | None:
        """A stored mail by its number."""
        with self._lock:
            return next((mail for mail in self.mails if mail.id == ident), None)

    def open_window(self, line: str, person: str, at: datetime) -> None:
        """A person wrote: free text may be sent back for 24 hours."""
        with self._lock:
            self._windows[(line, person)] = at

    def in_window(self, line: str, person: str, at: datetime) -> bool:
        """True within 24 hours of the person's last message to this line."""
        with self._lock:
            last = self._windows.get((line, person))
        return last is not None and at - last <= _WINDOW

    def switch(self, line: str, person: str, *, marketing: bool) -> None:
        """A person stops or resumes marketing messages of a line."""
        with self._lock:
            if marketing:
                self._switched_off.discard((line, person))
            else:
                self._switched_off.add((line, person))

    def has_switched_off(self, line: str, person: str) -> bool:
        """True when the person stopped marketing messages of this line."""
        with self._lock:
            return (line, person) in self._switched_off

    def add_marketing(self, person: str, at: datetime) -> int:
        """Count a marketing message; how many this person was sent in the last 24 hours."""
        with self._lock:
            times = self._marketing[person]
            while times and at - times[0] > _WINDOW:
                times.popleft()
            times.append(at)
            return len(times)

    def describe(self) -> dict[str, Any]:
        """Counts for the state page."""
        with self._lock:
            statuses = Counter(s for message in self.sent.values() for s in message.statuses)
            errors = Counter(str(m.error) for m in self.sent.values() if m.error)
            texts = Counter(text.status for text in self.texts.values())
            return {
                "requests": dict(self.requests),
                "webhooks": dict(self.webhooks),
                "messages": len(self.sent),
                "message_statuses": dict(statuses),
                "message_errors": dict(errors),
                "inbound": len(self.inbound),
                "texts": dict(texts),
                "mails": len(self.mails),
            }

    def list_messages(self, to: str = "") -> list[dict[str, Any]]:
        """Every WhatsApp message, or those to one number, oldest first."""
        with self._lock:
            found = [asdict(m) for m in self.sent.values() if not to or m.to == to]
        return [item | {"at": item["at"].isoformat()} for item in found]

    def forget(self) -> None:
        """Start over; what is on file stays."""
        with self._lock:
            for kept in (
                *(self.requests, self.webhooks, self.sent, self.texts, self.mails, self.inbound),
                *(self._windows, self._switched_off, self._marketing),
            ):
                kept.clear()
