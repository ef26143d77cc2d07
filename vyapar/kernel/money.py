"""Money as whole paise: exact arithmetic, Indian grouping, fair division. Floats never."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from vyapar.kernel.digits import group_indian as group_indian
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _

PAISE_PER_RUPEE = 100
BASIS_POINTS = 10_000
_LAKH = 100_000
_CRORE = 10_000_000


def half_up(value: Decimal) -> int:
    """`value` rounded to a whole number, halves away from zero (practice for GST amounts)."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def parse_rupees(text: str | int | Decimal, *, field: str = "amount") -> int:
    """Paise in a decimal rupee string such as `"1234.50"`; `Invalid` names the field.

    At most two decimals are accepted: a third would be lost silently.
    """
    try:
        value = Decimal(str(text).replace(",", "").strip())
    except InvalidOperation:
        value = Decimal("NaN")
    paise = value * PAISE_PER_RUPEE
    if not value.is_finite() or paise != paise.to_integral_value():
        fault = Fault(
            "not_money",
            _("write rupees with at most two decimals, e.g. 1234.50"),
            field,
            value=str(text),
        )
        raise Invalid(
            _("%(field)s: %(text)s is not an amount of rupees", field=field, text=f"{text!r}"),
            code="not_money",
            faults=[fault],
        )
    return int(paise)


def rupees(paise: int) -> str:
    """Plain decimal string for the API: `12345` -> `"123.45"`."""
    sign, paise = ("-", -paise) if paise < 0 else ("", paise)
    return f"{sign}{paise // PAISE_PER_RUPEE}.{paise % PAISE_PER_RUPEE:02d}"


def indian(paise: int) -> str:
    """`₹1,23,456.00`."""
    sign, paise = ("-", -paise) if paise < 0 else ("", paise)
    return f"{sign}₹{group_indian(paise // PAISE_PER_RUPEE)}.{paise % PAISE_PER_RUPEE:02d}"


def short(paise: int) -> str:
    """The short form of a headline: `₹12,340`, `₹1.23 lakh`, `₹4.56 crore`; words among it are a phrase."""
    sign, paise = ("-", -paise) if paise < 0 else ("", paise)
    value = Decimal(paise) / PAISE_PER_RUPEE
    if value >= _CRORE:
        return _("%(amount)s crore", amount=f"{sign}₹{value / _CRORE:.2f}")
    if value >= _LAKH:
        return _("%(amount)s lakh", amount=f"{sign}₹{value / _LAKH:.2f}")
    return f"{sign}₹{group_indian(half_up(value))}"


def part(paise: int, basis_points: int) -> int:
    """`basis_points` of an amount (100 bp = 1 %), half-up to the paisa."""
    return half_up(Decimal(paise) * basis_points / BASIS_POINTS)


def share(total: int, weights: Sequence[int]) -> list[int]:
    """`total` split in proportion to non-negative `weights`; the parts add up to it exactly.

    Largest remainders receive the paise left over, earlier entries first on ties. With no
    positive weight the split is even.
    """
    if not weights:
        if total:
            raise ValueError("an amount cannot be shared among nobody")
        return []
    if any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative")
    whole = sum(weights)
    shares = list(weights) if whole else [1] * len(weights)
    whole = whole or len(weights)
    sign, total = (-1, -total) if total < 0 else (1, total)
    parts = [total * weight // whole for weight in shares]
    order = sorted(range(len(shares)), key=lambda i: (-(total * shares[i] % whole), i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return [sign * amount for amount in parts]
