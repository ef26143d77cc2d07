"""What an import tells the world: reconciled, differing, failed, undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ImportReconciled:
    """A run is written and every difference of its totals has a named cause.

    `rejected` rows wait in quarantine; `first_day` and `last_day` span the business days it told of
    (ISO, empty when it told of none).
    """

    name: ClassVar[str] = "ImportReconciled"
    version: ClassVar[int] = 1

    run_id: str
    number: int
    feed: str
    title: str
    rows: int
    accepted: int
    updated: int
    duplicates: int
    rejected: int
    first_day: str = ""
    last_day: str = ""


@dataclass(frozen=True, slots=True)
class ImportDiffers:
    """A run is written, but what landed differs from its source and no cause is known.

    `differences` counts SKUs and places; `pieces` and `paise` are the sums of what has no cause.
    """

    name: ClassVar[str] = "ImportDiffers"
    version: ClassVar[int] = 1

    run_id: str
    number: int
    feed: str
    title: str
    differences: int
    pieces: int
    paise: int


@dataclass(frozen=True, slots=True)
class ImportFailed:
    """A run could not go on. `written` parcels of it stand and may be undone."""

    name: ClassVar[str] = "ImportFailed"
    version: ClassVar[int] = 1

    run_id: str
    number: int
    feed: str
    title: str
    reason: str
    written: int = 0


@dataclass(frozen=True, slots=True)
class ImportUndone:
    """What a run wrote is taken back; `undone` counts rows by table."""

    name: ClassVar[str] = "ImportUndone"
    version: ClassVar[int] = 1

    run_id: str
    number: int
    feed: str
    title: str
    undone: dict[str, int]
