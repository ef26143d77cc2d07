"""Desks that one app keeps and others knock at without knowing who sits there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from vyapar.kernel.actor import Actor
from vyapar.kernel.facts import CreditNote, Examination, MovementFacts, OfferFacts, PaperRef, Withdrawn


class PaperDesk(Protocol):
    """Says which papers a movement or an offer needs, and issues them. Kept by compliance."""

    def examine(self, facts: MovementFacts | OfferFacts, *, at: datetime) -> Examination:
        """Findings and needs under the rules in force on the facts' own date. Reads only."""

    def issue(self, facts: MovementFacts, *, key: str, actor: Actor, at: datetime) -> tuple[PaperRef, ...]:
        """Issue every paper of a movement, in the caller's transaction.

        The same `key` returns the same papers and issues nothing twice.
        """

    def withdraw(self, key: str, *, reason: str, actor: Actor, at: datetime) -> Withdrawn:
        """Take back the papers issued under `key`; their numbers are kept and never reused.

        A tax invoice of an earlier month stands in a return already: it is credited, not cancelled.
        """

    def credit(
        self, key: str, pieces: Mapping[tuple[str, str], int], *, reason: str, actor: Actor, at: datetime
    ) -> CreditNote | None:
        """Credit pieces, by SKU and batch, of the tax invoice issued under `key`.

        None when the paper bears no tax, or the last day for a credit note is past.
        """

    def cancel_credit(self, document_id: str, *, reason: str, actor: Actor, at: datetime) -> bool:
        """Cancel a credit note that should not have been issued; its number is kept. Twice is once.

        False, and nothing changes, when it is of an earlier month: it stands in a return already.
        """
