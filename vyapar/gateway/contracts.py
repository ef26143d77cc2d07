"""Events in the life of a key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeyIssued:
    """A key was made."""

    prefix: str
    name: str
    scopes: Sequence[str]
    networks: Sequence[str]
    expires_at: str


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """What a key may do, from where, until when, or its name was changed."""

    prefix: str
    name: str
    scopes: Sequence[str]
    networks: Sequence[str]
    expires_at: str


@dataclass(frozen=True, slots=True)
class KeyRotated:
    """A key got a new secret; the ones before open doors until `old_until`."""

    prefix: str
    name: str
    old_until: str


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """A key was switched off for good."""

    prefix: str
    name: str


@dataclass(frozen=True, slots=True)
class KeyExpiring:
    """A live key runs out soon: rotate or prolong it."""

    prefix: str
    name: str
    expires_at: str
    days_left: int
    last_used_at: str
