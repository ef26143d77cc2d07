"""What passes between feeds, the imports that take them in, and the doors: kinds, parcels, outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

import polars as pl

from vyapar.kernel.errors import Fault


class RecordKind(StrEnum):
    """What one row of a source is about; the order is the one in which they refer to one another."""

    TERRITORIES = "territories"
    LOCATIONS = "locations"
    RETAILERS = "retailers"
    SKUS = "skus"
    PRICES = "prices"
    BATCHES = "batches"
    PURCHASES = "purchases"  # lines of purchase invoices: cost, tax, credit taken
    RECEIPTS = "receipts"  # goods that arrived at a location
    STOCK = "stock"  # what stands at a location at an instant
    SALES = "sales"


@dataclass(frozen=True, slots=True)
class Whole:
    """All documents that a source has of some days: what was recorded of those and is not here is gone."""

    first: date
    last: date
    documents: frozenset[str]


@dataclass(frozen=True, slots=True)
class Parcel:
    """Some rows of one kind from one place of a source.

    `rows`: a column `row` (from 1, as a person reading the source counts; for a nested source the
    ordinal of the record) and columns of the kind's canonical names, text or typed as the source has
    them; nothing is checked yet. `number` counts the parcels of a source from 0 and is the same every
    time the source is read. `bytes_read` is how much of the source has been consumed when the parcel
    is complete. `faults` are about rows that could not be read at all (a quote that never closes,
    characters lost): they are not in `rows`, their text is the fault's value. `selves`, of sources whose
    documents are altered: `row`, `document` (its name, which never changes), `version` (grows with every
    change; 0 where the source does not say), `content` (a digest of what the document says) and `day`.
    `bare`: documents (`document`, `version`) that were met and give no rows: what an earlier self of them
    landed goes. `whole` closes a source that says it has every document of its days.
    """

    kind: RecordKind
    number: int
    rows: pl.DataFrame
    bytes_read: int = 0
    faults: tuple[Fault, ...] = ()
    selves: pl.DataFrame | None = None
    bare: pl.DataFrame | None = None
    whole: Whole | None = None


@dataclass(frozen=True, slots=True)
class Uncovered:
    """Something in a source that will not be taken, how often it stands there, and why."""

    name: str
    count: int
    reason: str
    example: str = ""


class Source(Protocol):
    """One file or one pull, opened. Reading it twice gives the same parcels in the same order."""

    @property
    def bytes_total(self) -> int | None:
        """Size of what is read; None when nobody knows."""

    def parcels(self, after: int = -1) -> Iterator[Parcel]:
        """The parcels whose number is above `after`, in order. Memory stays bounded by one parcel."""

    def coverage(self) -> Sequence[Uncovered]:
        """What was met and not taken, complete once `parcels` has been read to its end."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of some rows of one kind.

    `accepted` are new, `updated` changed what was there, `duplicates` were there with the same
    content and changed nothing; `rejected` rows each have at least one fault. The four add up to the
    rows handed over. `first_day` and `last_day` span the business days of what was accepted.
    """

    kind: RecordKind
    accepted: int = 0
    updated: int = 0
    duplicates: int = 0
    rejected: int = 0
    faults: tuple[Fault, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    figures: Mapping[str, int] = field(default_factory=dict)  # found_pieces, expired_pieces, …
    warnings: tuple[Fault, ...] = ()  # about rows that were taken and should be looked at

    @property
    def rows(self) -> int:
        return self.accepted + self.updated + self.duplicates + self.rejected


class ExportKind(StrEnum):
    """What goes back to the system that keeps the books."""

    TRANSFER = "transfer"  # an executed transfer: stock journal or inter-branch invoice
    PRICE_LIST = "price_list"  # an offer's prices by batch, while it runs
    CREDIT_NOTE = "credit_note"
    REVERSAL = "reversal"  # what was undone: a transfer recalled, credit to reverse
    RETURN = "return"  # goods on their way back to the company that supplied them
    DEBIT_NOTE = "debit_note"  # what that company credits for them


@dataclass(frozen=True, slots=True)
class ExportLine:
    """One batch on an outgoing document. Quantities in pieces, money in paise without GST."""

    sku: str
    name: str
    batch: str
    quantity: int
    unit_paise: int
    amount_paise: int
    hsn: str = ""
    uqc: str = "PCS"
    mrp_paise: int = 0
    expiry_date: date | None = None
    tax_paise: int = 0


@dataclass(frozen=True, slots=True)
class ExportDocument:
    """One decision as the books need it, the same for every system.

    `key` is unique for the distributor and never changes: it is the lock against a second export.
    """

    kind: ExportKind
    key: str
    number: str  # of the paper that goes with it, or of the action
    at: datetime
    lines: tuple[ExportLine, ...]
    source: str = ""  # code of the location the goods leave
    target: str = ""  # code of the location they go to
    party: str = ""  # retailer or supplier, for credit notes
    narration: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    refers_to: str = ""  # key of what a reversal reverses
    extra: Mapping[str, Any] = field(default_factory=dict)
    round_off_paise: int = 0  # from lines and tax to the total that stands on its invoice or note


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What the far system said about an export: its own number, or why not."""

    accepted: bool
    number: str = ""
    reason: str = ""
    simulated: bool = False
