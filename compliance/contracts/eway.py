"""An e-way bill as the NIC portal takes it, before it becomes JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class EwayItem:
    """One item; rates in basis points of each head. `quantity` in units of `uqc`."""

    serial: int
    name: str
    description: str
    hsn: str
    quantity: int
    uqc: str
    taxable_paise: int
    cgst_bp: int
    sgst_bp: int
    igst_bp: int
    cess_bp: int


@dataclass(frozen=True, slots=True)
class EwayParty:
    """One side of an e-way bill; `state_code` is the bill-from or bill-to State."""

    gstin: str
    trade_name: str
    address: str
    place: str
    pincode: str
    state_code: str


@dataclass(frozen=True, slots=True)
class EwayBill:
    """Part A and, where a vehicle is known, Part B of one consignment. Money in paise.

    Codes are those of the portal: `supply_type` O, `sub_supply_type` 1 supply or 5 own use,
    `document_type` INV, BIL or CHL, `transaction_type` 1 regular, `mode` 1 road.
    """

    user_gstin: str
    supply_type: str
    sub_supply_type: int
    sub_supply_description: str
    document_type: str
    document_number: str
    document_date: date
    transaction_type: int
    source: EwayParty
    destination: EwayParty
    items: tuple[EwayItem, ...]
    taxable_paise: int
    cgst_paise: int
    sgst_paise: int
    igst_paise: int
    cess_paise: int
    other_paise: int
    total_paise: int
    distance_km: int
    mode: int
    vehicle_number: str
    vehicle_type: str
    transporter_id: str
    transporter_name: str
    simulated: bool = False
