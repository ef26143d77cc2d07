"""Place of supply, the split of the tax between Union and State, and how amounts are rounded."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.money import BASIS_POINTS, PAISE_PER_RUPEE, half_up, part
from vyapar.kernel.phrases import phrase as _
from vyapar.law.states import get_state

CGST_SGST = "CGST+SGST"
CGST_UTGST = "CGST+UTGST"
IGST = "IGST"


@dataclass(frozen=True, slots=True)
class Tax:
    """Tax on one taxable value, paise per head; `sgst` holds UTGST where that is the kind."""

    cgst: int
    sgst: int
    igst: int
    kind: str
    cess: int = 0

    @property
    def total(self) -> int:
        return self.cgst + self.sgst + self.igst + self.cess


def place_of_supply(
    *,
    delivery_state: str,
    bill_to_state: str = "",
    buyer_registered: bool = True,
    address_state: str = "",
    supplier_state: str = "",
) -> str:
    """The two-digit State in which goods are supplied.

    Source: s.10 IGST Act. (1)(a): where the movement ends for delivery. (1)(b): goods delivered
    to a third person on the buyer's word, the buyer's own State (`bill_to_state`). (1)(ca), from
    01-10-2023: an unregistered buyer, the State of the address on the invoice, else the
    supplier's (Circular 209/3/2024).
    """
    if not buyer_registered:
        return get_state(address_state or supplier_state or delivery_state).code
    return get_state(bill_to_state or delivery_state).code


def tax_kind(supplier_state: str, pos_state: str, *, sez: bool = False) -> str:
    """`CGST+SGST`, `CGST+UTGST` or `IGST`.

    Source: ss.7 and 8 IGST Act; a supply to a special economic zone is always between States.
    """
    supplier, place = get_state(supplier_state), get_state(pos_state)
    if sez or supplier.code != place.code or place.tax == IGST:
        return IGST
    return f"CGST+{place.tax}"


def split_tax(
    taxable_paise: int,
    rate_bp: int,
    supplier_state: str,
    pos_state: str,
    *,
    cess_bp: int = 0,
    sez: bool = False,
) -> Tax:
    """Tax on one line, half-up to the paisa for each head.

    Within a State each half is computed on its own from half the rate, so the two are always
    equal; across States the whole rate is one head. Source: s.9 CGST Act and s.5 IGST Act; the
    rounding per line and head is invoice practice accepted by the IRP (s.170 rounds returns).
    """
    if rate_bp < 0 or cess_bp < 0:
        fault = Fault("negative_rate", _("a rate is zero or more"), "rate_bp", value=str(rate_bp))
        raise Invalid(_("a tax rate cannot be negative"), code="negative_rate", faults=[fault])
    kind = tax_kind(supplier_state, pos_state, sez=sez)
    cess = part(taxable_paise, cess_bp)
    if kind == IGST:
        return Tax(0, 0, part(taxable_paise, rate_bp), kind, cess)
    half = half_up(Decimal(taxable_paise) * rate_bp / (2 * BASIS_POINTS))
    return Tax(half, half, 0, kind, cess)


def no_tax(supplier_state: str, pos_state: str) -> Tax:
    """The tax of what is not a supply: nothing under any head."""
    return Tax(0, 0, 0, tax_kind(supplier_state, pos_state))


def taxable_from_inclusive(price_paise: int, rate_bp: int) -> int:
    """The value without tax inside a price that includes it, half-up: price / (1 + rate)."""
    return half_up(Decimal(price_paise) * BASIS_POINTS / (BASIS_POINTS + rate_bp))


def round_to_rupee(total_paise: int) -> tuple[int, int]:
    """A document's total in whole rupees (50 paise up) and the round-off that leads to it, in paise.

    Source: s.170 CGST Act, in invoice practice applied to the document's total.
    """
    rounded = half_up(Decimal(total_paise) / PAISE_PER_RUPEE) * PAISE_PER_RUPEE
    return rounded, rounded - total_paise
