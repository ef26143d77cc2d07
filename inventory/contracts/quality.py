"""How good the data are: grades of feeds and places, the figures behind them, and what is told of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Grade(StrEnum):
    """How far data can be relied on; A is best."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"
    E = "E"

    @property
    def rank(self) -> int:
        """0 is best."""
        return list(Grade).index(self)


class SubjectKind(StrEnum):
    """What is graded."""

    FEED = "feed"
    LOCATION = "location"
    TERRITORY = "territory"


#: What is measured, and by default the marks it can cost and the share (basis points of what was
#: looked at) at which all of them are lost.
WEIGHTS = {
    "negative_stock": 20,
    "batch_sums": 15,
    "missing_mrp": 10,
    "missing_expiry": 15,
    "missing_hsn": 5,
    "back_dated": 10,
    "gaps": 15,
    "found": 20,
    "duplicates": 5,
    "quarantine": 15,
    "stale": 25,
    "differences": 25,
}
LIMITS = {
    "negative_stock": 1_000,
    "batch_sums": 1_000,
    "missing_mrp": 1_000,
    "missing_expiry": 2_500,
    "missing_hsn": 1_000,
    "back_dated": 2_000,
    "gaps": 3_000,
    "found": 1_000,
    "duplicates": 5_000,
    "quarantine": 1_000,
    "stale": 10_000,
    "differences": 500,
}
#: The fewest marks of each grade; below the last one is E.
MARKS = {"A": 90, "B": 75, "C": 60, "D": 40}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure: how many of how many. `of` is 0 where there was nothing to look at.

    `stale` counts hours past what the feed allows, of the hours it allows.
    """

    code: str
    value: int
    of: int


@dataclass(frozen=True, slots=True)
class Lost:
    """A figure with the marks it can cost, the share that costs them all, and what it costs here.

    `lost` in hundredths of a mark.
    """

    figure: Figure
    weight: int
    limit_bp: int
    lost: int


@dataclass(frozen=True, slots=True)
class Graded:
    """A grade with its marks (0 to 100, in hundredths) and every figure, the dearest first."""

    grade: Grade
    marks: int
    losses: tuple[Lost, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """What a feed tells of: codes of places by record kind; kinds without places have none.

    A territory's code for sales, a location's for everything else that stands somewhere.
    """

    kinds: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Rests:
    """What a recommendation rests on, by code; nothing at all means that nobody knows."""

    territories: frozenset[str] = frozenset()
    locations: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    outlets: bool = False  # it reaches retailers: who they are and how they are reached matters

    @property
    def is_known(self) -> bool:
        return bool(self.territories or self.locations)


@dataclass(frozen=True, slots=True)
class FeedStale:
    """A feed's data are older than it allows; told once until data come again.

    `hours` as the feed counts them: an uploaded one leaves out the days on which nobody works.
    `uploads`: nobody pulls it, a person brings its files. `since` is its last good run (ISO).
    """

    name: ClassVar[str] = "FeedStale"
    version: ClassVar[int] = 1

    feed: str
    label: str
    hours: int
    allowed_hours: int
    since: str
    uploads: bool = False


@dataclass(frozen=True, slots=True)
class QualityFell:
    """A feed, location or territory has a worse grade than before.

    `kind` is feed, location or territory; `marks` 0 to 100; `reasons` are the figures that cost most
    now, the dearest first. `holds_back`: agents do not act alone on it any more.
    """

    name: ClassVar[str] = "QualityFell"
    version: ClassVar[int] = 1

    kind: str
    code: str
    label: str
    grade: str
    before: str
    marks: float
    reasons: tuple[str, ...] = ()
    holds_back: bool = False
