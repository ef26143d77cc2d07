"""Where the gateway's events go. The engine stands above and says so at start."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol

from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import Misconfigured
from vyapar.kernel.phrases import phrase as _


class Teller(Protocol):
    """Appends an event and its entry in the trail, in the caller's transaction."""

    def __call__(self, payload: Any, *, subject: str, actor: Actor, at: datetime, before: Any = None) -> Any:
        """Named after the payload's class."""


_teller: dict[str, Teller] = {}


def keep_teller(teller: Teller) -> None:
    """Say who writes events."""
    _teller["events"] = teller


def tell(payload: Any, *, subject: str, actor: Actor, at: datetime, before: Any = None) -> None:
    """Write an event; `Misconfigured` when nobody writes them."""
    if "events" not in _teller:
        raise Misconfigured(_("nobody writes the gateway's events"), code="no_teller")
    _teller["events"](payload, subject=subject, actor=actor, at=at, before=before)
