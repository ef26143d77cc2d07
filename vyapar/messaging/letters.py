"""What senders hand to the door: one letter to one person, on the channel they prefer. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from vyapar.messaging.contracts import Attachment, Channel

#: Why we write. An offer is marketing, even to one's own buyer; alerts to our own people are service.
MARKETING, SERVICE = "marketing", "service"

_VARIABLE = re.compile(r"{{(\d+)}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message for one person. `key` names the intent: the same key is sent once at most.

    `party` is whom it concerns (`retailer:R001`, `user:7`); `ways` are channels with addresses,
    preferred first: the first that consent allows is taken, the rest are fallbacks. `origin` says on
    whose behalf (`campaign:<id>`, `alert:<id>`). `enclosures` go with a mail and nowhere else.
    `refusal` says why it cannot go: it is kept as skipped, for whoever waits for it.
    """

    key: str
    party: str
    ways: tuple[tuple[Channel, str], ...]
    template: str
    language: str
    parameters: tuple[str, ...]
    purpose: str
    origin: str
    send_after: datetime | None = None
    buttons: tuple[str, ...] = field(default=())
    enclosures: tuple[Attachment, ...] = ()
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class ConsentRow:
    """A person's word on one channel and purpose: given or withdrawn, when, and how we know."""

    party: str
    channel: Channel
    purpose: str
    granted: bool
    at: datetime
    source: str
    proof: str = ""


def fill(text: str, parameters: Sequence[str]) -> str:
    """`{{1}}`, `{{2}}`… replaced; a variable without a value stays visible and so is caught in tests."""

    def value(match: re.Match[str]) -> str:
        index = int(match.group(1)) - 1
        return parameters[index] if 0 <= index < len(parameters) else match.group(0)

    return _VARIABLE.sub(value, text)


def count_variables(text: str) -> int:
    """How many different variables a template has."""
    return len(set(_VARIABLE.findall(text)))


_STOP_WORDS = {"stop", "unsubscribe", "band karo", "बंद", "बंद करो", "रोकें", "நிறுத்து"}
_START_WORDS = {"start", "shuru", "शुरू", "தொடங்கு"}


def consent_word(text: str) -> bool | None:
    """False when a person says STOP in any of our languages, True for START, None otherwise."""
    word = text.strip().strip(".!").casefold()
    if word in _STOP_WORDS:
        return False
    return True if word in _START_WORDS else None
