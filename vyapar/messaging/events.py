"""Events of the door: payload dataclasses, named as the outside knows them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MessagesQueued:
    """Letters were taken; the door starts sending."""

    origin: str
    queued: int
    skipped: int


@dataclass(frozen=True, slots=True)
class ReplyReceived:
    """A person answered one of our messages."""

    party: str
    origin: str
    channel: str
    kind: str
    text: str
    payload: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class ConsentChanged:
    """A person gave or withdrew consent."""

    party: str
    channel: str
    purpose: str
    granted: bool
    source: str


@dataclass(frozen=True, slots=True)
class ChannelHalted:
    """The far side said that our account must stop sending."""

    channel: str
    code: str
    reason: str
