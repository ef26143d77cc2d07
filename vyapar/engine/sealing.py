"""The chain itself: how an entry's seal is computed from the one before. Pure."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Protocol

from vyapar.kernel.digest import canonical_json

#: Seal before the first entry.
GENESIS = "0" * 64


class Link(Protocol):
    """The fields of an entry that the seal covers."""

    seq: int
    at: datetime
    actor_ref: str
    actor_name: str
    verb: str
    subject: str
    reason: str
    body: str


def seal(link: Link, previous_seal: str) -> str:
    """Hex SHA-256 over the previous seal and every field of the entry in canonical JSON."""
    facts = [
        previous_seal, link.seq, link.at.astimezone(UTC).isoformat(), link.actor_ref, link.actor_name,
        link.verb, link.subject, link.reason, link.body,
    ]  # fmt: skip
    return hashlib.sha256(canonical_json(facts).encode()).hexdigest()
