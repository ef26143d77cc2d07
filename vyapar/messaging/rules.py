"""Which reports move a message forward, and how often a person may be written to. Pure."""

from __future__ import annotations

from datetime import timedelta

from vyapar.messaging.letters import MARKETING

#: Offers a person gets at most in a window, over all channels and campaigns.
MARKETING_CAP, CAP_WINDOW = 3, timedelta(days=7)
MAX_ATTEMPTS = 5
BACKOFF_SECONDS = (30, 120, 600, 3600)
#: How long an unknown hand-over is waited for before it counts as failed.
UNKNOWN_FOR = timedelta(hours=24)

_RANK = {"queued": 0, "sending": 1, "unknown": 2, "sent": 3, "delivered": 4, "read": 5}


def moves_forward(now: str, said: str) -> bool:
    """Reports come in any order and twice: a message only ever moves forward.

    `failed` overrides everything but a message that is known to have arrived.
    """
    if said == "failed":
        return now not in ("delivered", "read", "failed")
    if now in ("failed", "skipped"):
        return said in ("delivered", "read")
    return _RANK.get(said, -1) > _RANK.get(now, -1)


def wait_seconds(attempts: int, asked: int) -> int:
    """Seconds before the next try: what the far side asked for, else a growing wait."""
    return asked or BACKOFF_SECONDS[min(attempts, len(BACKOFF_SECONDS)) - 1]


def category_of(purpose: str) -> str:
    """What the law's hours call a purpose: an offer is promotional, the rest is service."""
    return "promotional" if purpose == MARKETING else "service"
