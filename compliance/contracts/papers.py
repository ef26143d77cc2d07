"""A paper as data: what is frozen when it is issued, and all that is ever printed of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from vyapar.kernel.facts import Party
from vyapar.law.eway import EwayNeed
from vyapar.law.papers import COPIES, PaperKind

#: What stands in `extra` of a credit note: the day of the invoice it refers to (Rule 53(1A)(g)).
INVOICE_DATE = "invoice_date"
#: What stands in `extra` of a paper of goods that go back to a company: by which route.
RETURN_ROUTE = "return_route"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a distributor beyond the facts of one action.

    `turnover_paise` is the highest aggregate turnover of the PAN in any year since 2017-18 and
    `preceding_turnover_paise` that of the last year; `blocked_gstins` are barred from e-way bills
    for returns not filed (Rule 138E). None means "not known", and is said so, never passed over.
    `irn_elsewhere` says that invoices get their IRN in another system before the goods leave.
    """

    turnover_paise: int | None = None
    preceding_turnover_paise: int | None = None
    blocked_gstins: frozenset[str] | None = None
    sandbox_gstins: frozenset[str] = frozenset()
    irn_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """One batch on a paper. `unit_value_paise` and `taxable_paise` exclude GST.

    `rate_bp` is the whole rate; on a paper that is not a supply it is 0 and so are all heads.
    """

    serial: int
    sku: str
    description: str
    hsn: str
    batch: str
    quantity: int
    uqc: str
    mrp_paise: int
    unit_value_paise: int
    taxable_paise: int
    rate_bp: int = 0
    cgst_paise: int = 0
    sgst_paise: int = 0
    igst_paise: int = 0
    cess_bp: int = 0
    cess_paise: int = 0
    exempt: bool = False
    rate_item: str = ""
    rate_source: str = ""
    manufacture_date: date | None = None
    expiry_date: date | None = None

    @property
    def tax_paise(self) -> int:
        return self.cgst_paise + self.sgst_paise + self.igst_paise + self.cess_paise

    @property
    def total_paise(self) -> int:
        return self.taxable_paise + self.tax_paise


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of the lines. `total_paise` is in whole rupees; `round_off_paise` leads to it."""

    quantity: int
    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    cess_paise: int
    round_off_paise: int
    total_paise: int

    @property
    def tax_paise(self) -> int:
        return self.cgst_paise + self.sgst_paise + self.igst_paise + self.cess_paise


@dataclass(frozen=True, slots=True)
class Transport:
    """How the goods travel; empty text where it is not known yet. `mode` is road, rail, air or ship."""

    distance_km: int = 0
    transit_days: int = 0
    vehicle_number: str = ""
    transporter_id: str = ""
    transporter_name: str = ""
    mode: str = "road"


@dataclass(frozen=True, slots=True)
class Document:
    """A delivery challan, tax invoice, bill of supply or credit note.

    `number` is empty until the paper is issued; `place_of_supply` is a State code; `valuation` is
    the option of Rule 28 used between registrations and empty otherwise. An issued document is
    never changed: a correction is a new one that names it in `refers_to`.
    """

    kind: PaperKind
    number: str
    document_date: date
    financial_year: str
    seller: Party
    buyer: Party
    dispatched_from: str
    delivered_to: str
    place_of_supply: str
    tax_kind: str
    lines: tuple[DocumentLine, ...]
    totals: Totals
    reason: str
    basis: str
    valuation: str
    valuation_note: str
    eway: EwayNeed
    transport: Transport
    rule_version: str
    reverse_charge: bool = False
    simulated: bool = False
    refers_to: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def copies(self) -> tuple[str, ...]:
        """Legends of the copies, in the order in which they are printed."""
        return COPIES[self.kind]

    @property
    def is_supply(self) -> bool:
        """Whether the paper tells of a supply; a challan between own places does not."""
        return self.kind is not PaperKind.DELIVERY_CHALLAN

    @property
    def is_between_states(self) -> bool:
        return self.seller.state_code != self.place_of_supply
