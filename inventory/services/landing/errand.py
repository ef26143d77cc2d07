"""What a writing carries with it: where rows come from, who writes them, when, and for which run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from inventory.models import ImportRun
from vyapar.kernel.actor import Actor


@dataclass(frozen=True, slots=True)
class Errand:
    """`history`: sales of days whose stock movements come by themselves; stock is left alone."""

    source: str
    actor: Actor
    at: datetime
    run: ImportRun | None = None
    history: bool = False

    @property
    def number(self) -> int | None:
        """Number of the run."""
        return self.run.number if self.run else None

    def reference(self, what: str) -> str:
        """What movements of this errand are known by in the ledger; a run's name it."""
        return (f"{run_prefix(self.run.number)}{what}" if self.run else what)[:120]


def run_prefix(number: int) -> str:
    """How the references of a run's movements begin."""
    return f"import:{number}:"


def undo_prefix(number: int) -> str:
    """How the references of movements begin that take a run's back."""
    return f"undo:{number}:"
