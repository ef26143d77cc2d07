"""Desks that one app keeps and others knock at without knowing who sits there."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from vyapar.kernel.actor import Actor
from vyapar.kernel.facts import Examination, MovementFacts, OfferFacts, PaperRef


class PaperDesk(Protocol):
    """Says which papers a movement or an offer needs, and issues them. Kept by compliance."""

    def examine(self, facts: MovementFacts | OfferFacts, *, at: datetime) -> Examination:
        """Findings and needs under the rules in force on the facts' own date. Reads only."""

    def issue(self, facts: MovementFacts, *, key: str, actor: Actor, at: datetime) -> tuple[PaperRef, ...]:
        """Issue every paper of a movement, in the caller's transaction.

        The same `key` returns the same papers and issues nothing twice.
        """

    def cancel(self, key: str, *, reason: str, actor: Actor, at: datetime) -> tuple[PaperRef, ...]:
        """Cancel the papers issued under `key`; their numbers are kept and never reused."""
