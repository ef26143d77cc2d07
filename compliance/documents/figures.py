"""How amounts, days and places are written on paper. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from vyapar.kernel.calendar import IST
from vyapar.kernel.facts import Party
from vyapar.kernel.money import PAISE_PER_RUPEE, group_indian, half_up
from vyapar.law.states import find_state

EMPTY = "–"
_MINUS = "−"


def figure(paise: int) -> str:
    """Rupees for a table cell: `1,23,456.00`, a dash for nothing."""
    if paise == 0:
        return EMPTY
    return amount(paise)


def amount(paise: int) -> str:
    """Rupees with grouping and two decimals, zero written out."""
    sign, paise = (_MINUS, -paise) if paise < 0 else ("", paise)
    return f"{sign}{group_indian(paise // PAISE_PER_RUPEE)}.{paise % PAISE_PER_RUPEE:02d}"


def per_unit(taxable_paise: int, quantity: int) -> str:
    """Value of one unit, half-up to a hundredth of a paisa, without needless decimals."""
    if quantity == 0:
        return EMPTY
    hundredths = half_up(Decimal(taxable_paise) * 100 / quantity)
    paise, rest = divmod(hundredths, 100)
    return amount(paise) + (f"{rest:02d}".rstrip("0") if rest else "")


def percent(basis_points: int) -> str:
    """`40 %`, `2.5 %`."""
    return f"{Decimal(basis_points) / 100:.2f}".rstrip("0").rstrip(".") + " %"


def whole(quantity: int) -> str:
    """A count with Indian grouping."""
    return f"{_MINUS if quantity < 0 else ''}{group_indian(abs(quantity))}"


def day(value: date | None) -> str:
    """`23-11-2026`, a dash when unknown."""
    return f"{value:%d-%m-%Y}" if value else EMPTY


def month(value: date | None) -> str:
    """`11-2026`, as packs print it."""
    return f"{value:%m-%Y}" if value else EMPTY


def instant(value: datetime) -> str:
    """`23-11-2026 14:05 IST`."""
    return f"{value.astimezone(IST):%d-%m-%Y %H:%M} IST"


def clock(value: datetime) -> str:
    """`23-11-2026 14:05` in India, where the column's head names the zone."""
    return f"{value.astimezone(IST):%d-%m-%Y %H:%M}"


def runs(numbers: Sequence[int]) -> str:
    """Ascending whole numbers with neighbours drawn together: `7, 40–52, 60`."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1] = [spans[-1][0], number]
        else:
            spans.append([number])
    return ", ".join("–".join(map(str, span)) for span in spans)


def state_name(code: str) -> str:
    """`Maharashtra (27)`; the bare code where no State has it."""
    state = find_state(code)
    return str(state) if state else code


def address_lines(party: Party) -> list[str]:
    """An address as lines: street, place with pincode, State with its code."""
    street = [line.strip() for line in party.address.splitlines() if line.strip()]
    return [*street, f"{party.place} {party.pincode}".strip(), state_name(party.state_code)]
