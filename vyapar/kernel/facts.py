"""What an action would do to the world, in the terms that law and guards ask about."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Party:
    """One side of a movement or sale, as papers name it. `gstin` is empty when unregistered."""

    legal_name: str
    gstin: str
    state_code: str
    pincode: str
    place: str
    address: str
    trade_name: str = ""
    fssai: str = ""
    #: Active status of the registration, when known.
    registration_active: bool = True


@dataclass(frozen=True, slots=True)
class GoodsLine:
    """One batch of one SKU. Money in paise per base unit; `unit_value_paise` excludes GST."""

    sku: str
    description: str
    hsn: str
    quantity: int
    batch: str
    mrp_paise: int
    cost_paise: int
    unit_value_paise: int
    expiry_date: date | None = None
    manufacture_date: date | None = None
    uqc: str = "PCS"
    #: Pre-packaged and labelled; decides between rates of the same heading.
    packed: bool = True
    #: Distinguishes goods of one HSN heading that bear different rates (the law table's item).
    rate_item: str = ""
    purchase_invoice: str = ""
    weight_grams: int = 0
    #: Only for offers: price to the outlet per base unit, GST included; days of life that its buyers want,
    #: None where the offer's own hold; trade channels of those buyers.
    offer_price_paise: int = 0
    minimum_days_at_delivery: int | None = None
    trade_channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MovementFacts:
    """Goods going from one place to another."""

    source: Party
    destination: Party
    lines: tuple[GoodsLine, ...]
    dispatch_date: date
    transit_days: int
    distance_km: int
    source_location: str
    destination_location: str
    #: False when the destination is not on the receiver's registration.
    destination_registered: bool = True
    #: Rule 28: `open_market`, `ninety_percent`, `invoice_value` or `cost_plus_10`.
    valuation: str = "invoice_value"
    receiver_full_itc: bool = True
    minimum_days_on_arrival: int = 0
    vehicle_number: str = ""
    transporter_id: str = ""
    #: How goods go back to the company that made them: `fresh_supply`, `gst_credit_note` or
    #: `financial_credit_note`; empty when they move between one's own places.
    return_route: str = ""


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """Goods offered to outlets at a price below the usual one."""

    seller: Party
    lines: tuple[GoodsLine, ...]
    starts_on: date
    ends_on: date
    discount_bp: int
    margin_floor_bp: int
    #: `on_invoice`, `post_sale`, `buy_x_get_y` or `free_sample`.
    offer_class: str = "on_invoice"
    minimum_days_at_delivery: int = 0
    recipients: int = 0
    channels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaperRef:
    """A paper by its number and where to find it."""

    number: str
    kind: str
    document_id: str
    sha256: str
    simulated: bool = False
    #: What leads from its lines and their tax to its total in whole rupees.
    round_off_paise: int = 0


@dataclass(frozen=True, slots=True)
class CreditedLine:
    """What a credit note takes off one batch of an invoice; money in paise, value without GST."""

    sku: str
    batch: str
    quantity: int
    taxable_paise: int
    tax_paise: int


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note by its paper, the invoice it refers to, and what it credits."""

    paper: PaperRef
    invoice: str
    lines: tuple[CreditedLine, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What became of papers that were taken back: cancelled, or credited where that came too late."""

    cancelled: tuple[PaperRef, ...] = ()
    credited: CreditNote | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """What the law says of facts: findings, the papers they need, the tax, the rules used."""

    findings: tuple[object, ...]
    papers: tuple[str, ...]
    eway_bill_needed: bool
    tax_paise: int
    taxable_paise: int
    rule_version: str
    reasons: tuple[str, ...] = field(default=())
