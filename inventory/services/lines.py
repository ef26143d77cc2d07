"""What callers hand to the ledger's verbs: lines of stock by the names people use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from inventory.models import MovementKind
from inventory.services.binary import Chosen
from inventory.services.groups import Numbers
from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import phrase as _

#: A position by names: SKU, batch and location.
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class StockLine:
    """Pieces of one batch of one SKU. `location` is a location's code; verbs that name the place
    themselves leave it empty."""

    sku: str
    batch: str
    quantity: int
    location: str = ""

    @property
    def key(self) -> Key:
        return self.sku, self.batch, self.location


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """What became of the pieces of one batch that were on their way: all three together left the
    transit; `damaged` arrived but cannot be sold, `short` never arrived."""

    sku: str
    batch: str
    received: int
    damaged: int = 0
    short: int = 0

    @property
    def sent(self) -> int:
        return self.received + self.damaged + self.short


@dataclass(frozen=True, slots=True)
class MovementLine:
    """One line for the ledger by ids: signed pieces, and what else changes with them.

    `reserved` and `in_transit` are changes of the position in the same breath; a line may have no
    `quantity` when only these change, and then nothing is written to the ledger. `receipt_date` is
    when the distributor first received the pieces; when left out, the day of a line that adds.
    """

    batch_id: int
    location_id: int
    kind: MovementKind
    quantity: int
    reserved: int = 0
    in_transit: int = 0
    at: datetime | None = None
    reference: str = ""
    action_id: UUID | None = None
    receipt_date: date | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """Many lines for the ledger at once, column by column: see `MovementLine`.

    `at`: microseconds since 1970; `position_id` and `changes`: the position as it was read.
    """

    batch_id: Numbers
    location_id: Numbers
    kind: Chosen
    quantity: Numbers
    reserved: Numbers
    at: Numbers
    reference: str
    position_id: Numbers
    changes: Numbers


@dataclass(frozen=True, slots=True)
class Spot:
    """One position as verbs see it: ids, names and what stands there."""

    id: int
    sku_id: int
    batch_id: int
    location_id: int
    territory_id: int
    sku: str
    batch: str
    location: str
    on_hand: int
    reserved: int
    in_transit: int
    first_receipt_date: date | None

    @property
    def key(self) -> Key:
        return self.sku, self.batch, self.location

    @property
    def free(self) -> int:
        return self.on_hand - self.reserved

    @property
    def named(self) -> Phrase:
        """What a sentence calls it."""
        return _("%(sku)s batch %(batch)s at %(place)s", sku=self.sku, batch=self.batch, place=self.location)

    def __str__(self) -> str:
        return str(self.named)
