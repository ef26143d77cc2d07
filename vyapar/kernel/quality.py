"""How good the data are that an action rests on, and the desk that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from vyapar.kernel.decision import Finding


@dataclass(frozen=True, slots=True)
class GradedPlace:
    """A place by kind (location or territory) and code, with its grade (A to E) and marks (0 to 100)."""

    kind: str
    code: str
    name: str
    grade: str
    marks: float


@dataclass(frozen=True, slots=True)
class DataQuality:
    """The data of one action: the worst grade of its places (empty: none is graded), and every doubt.

    While there is a doubt agents do not act alone on it.
    """

    grade: str
    places: tuple[GradedPlace, ...]
    doubts: tuple[Finding, ...]

    @property
    def is_fresh(self) -> bool:
        """No feed it rests on is stale or half in."""
        return not any(one.code.startswith("feed_") for one in self.doubts)


class QualityDesk(Protocol):
    """Says how good the data are that actions rest on. Kept by the inventory."""

    def judge(self, payloads: Mapping[UUID, Mapping[str, Any]], *, at: datetime) -> dict[UUID, DataQuality]:
        """Of each action, by its payload. Reads only; a few queries however many there are."""
