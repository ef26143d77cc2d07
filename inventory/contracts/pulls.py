"""What pulls tell the world."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FeedHalted:
    """A feed is not pulled any more until a person mends what `reason` says."""

    name: ClassVar[str] = "FeedHalted"
    version: ClassVar[int] = 1

    feed: str
    label: str
    reason: str
    code: str = ""
