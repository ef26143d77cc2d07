"""Frappe's values as canonical text: numbers that arrive as floats, its own form of times. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

#: ERPNext's usual units by GST's unit quantity codes; what is not here goes on under its own name.
UNITS = {
    "nos": "NOS", "unit": "UNT", "pcs": "PCS", "piece": "PCS", "pair": "PRS", "set": "SET", "kg": "KGS",
    "gram": "GMS", "litre": "LTR", "millilitre": "MLT", "meter": "MTR", "box": "BOX", "case": "CTN",
    "carton": "CTN", "dozen": "DOZ", "bottle": "BTL", "pouch": "PAC", "pack": "PAC", "packet": "PAC",
}  # fmt: skip
#: Units of a case: how many pieces one holds is the SKU's pack.
CASES = frozenset({"case", "carton", "box", "ctn", "crt", "outer"})


def number(value: Any) -> Decimal:
    """A number as it stands; 0 where there is none. Floats are read as they are written."""
    try:
        found = Decimal(str(value if value not in (None, "") else 0))
    except InvalidOperation:
        return Decimal(0)
    return found if found.is_finite() else Decimal(0)


def plain(value: Decimal) -> str:
    """A number without exponent and without zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rupees(value: Decimal | None) -> str:
    """Rupees with two decimals; empty for None."""
    return "" if value is None else format(value.quantize(Decimal("0.01"), ROUND_HALF_UP), "f")


def unit(name: Any, own: Mapping[str, Any]) -> str:
    """A GST unit for a unit of the site; `own` is what the feed's settings say of names of their own."""
    text = str(name or "").strip()
    return str(own.get(text) or UNITS.get(text.lower()) or text)


def instant(day: Any, clock: Any) -> str:
    """A posting date and time, both of India, as ISO 8601."""
    parts = str(clock or "0").partition(".")[0].split(":")
    hours, minutes, seconds = [*parts, "0", "0"][:3]
    return f"{day}T{hours:0>2}:{minutes:0>2}:{seconds:0>2}+05:30"


def day(value: Any) -> str:
    """A day of a date or an instant."""
    return str(value or "")[:10]
