"""Nouns of alerts: what is wrong, how urgent, what to do, who must know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Urgency(StrEnum):
    """How soon somebody must act."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Urgency).index(self)


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that somebody must know, before it is decided who.

    `cause` groups what belongs together; `subject` is what it is about: the same cause on the same
    subject is one alert however often it is seen.
    """

    cause: str
    subject: str
    title: str
    detail: str
    recommended_action: str
    url: str
    value_paise: int = 0
    days_left: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person as alerts know them: role, ways to be told, and from which urgency on."""

    user_id: int
    role: str
    channels: tuple[str, ...]
    alert_from: Urgency
    email: str
    language: str = "en"


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """Event: somebody must know."""

    alert_id: int
    cause: str
    subject: str
    urgency: str
    title: str
    value_paise: int
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlertClosed:
    """Event: an alert was acknowledged, or its cause is gone."""

    alert_id: int
    cause: str
    subject: str
    reason: str
