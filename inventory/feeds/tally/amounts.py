"""Numbers as Tally writes them: quantities with units, rates per unit, signed amounts. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from vyapar.kernel.money import half_up

_NUMBER = r"(?:\(-\)|-)?\s*(?:[0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)"
_COUNT = re.compile(rf"({_NUMBER})(?:-([0-9]+(?:\.[0-9]+)?))?")
_COMPOUND = re.compile(
    r"(?P<head>\S.*?)\s+of\s+(?P<size>[0-9]+(?:\.[0-9]+)?)\s+(?P<tail>\S.*)", re.IGNORECASE
)
_AMOUNT = re.compile(_NUMBER)
_RATE = re.compile(rf"({_NUMBER})\s*(?:/\s*(.+?))?\s*$")
#: No quantity, rate or amount of a distributor is longer.
_LONGEST = 120
MOST, LEAST = Decimal(10) ** 12, Decimal(10) ** -6


@dataclass(frozen=True, slots=True)
class Measure:
    """So many of one unit; the unit is empty when none was written.

    With `is_tail` they are of the smaller unit inside the compound one: the 6 of `2-6 Doz`.
    """

    count: Decimal
    unit: str = ""
    is_tail: bool = False


@dataclass(frozen=True, slots=True)
class Quantity:
    """What stood before and after the equals sign; parts of one side add up to it."""

    sides: tuple[tuple[Measure, ...], ...]

    @property
    def is_zero(self) -> bool:
        return all(part.count == 0 for side in self.sides for part in side)


@dataclass(frozen=True, slots=True)
class Rate:
    """Rupees for one of a unit; the unit is empty when none was written."""

    rupees: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure. A compound one is `size` of `tail` in one `head` (BOX of 12 PCS)."""

    name: str
    uqc: str = ""
    head: str = ""
    tail: str = ""
    size: Decimal = Decimal(0)

    @property
    def is_compound(self) -> bool:
        return bool(self.tail) and self.size > 0


def parse_number(text: str) -> Decimal | None:
    """A number with Indian or other grouping; negatives are `-5` or `(-)5`. None for anything else.

    Nor is a number what no distributor has: a million million and more, or less than a millionth.
    """
    bare = text.replace(",", "").replace(" ", "")
    sign = -1 if bare.startswith(("-", "(-)", "(-")) else 1
    try:
        value = Decimal(bare.lstrip("(-)"))
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) >= MOST or (value and abs(value) < LEAST):
        return None
    return sign * value


def parse_quantity(text: str) -> Quantity | None:
    """` 10 EA`, `2 CASE 3 PCS`, `2-3 BOX of 12 PCS`, ` 1 BOX 5 PCS = 17 PCS`; None for anything else.

    A minus before the first number is the sign of its whole side.
    """
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        return None
    sides = tuple(_side(side.strip()) for side in text.split("="))
    return Quantity(tuple(side for side in sides if side)) if all(sides) else None


def _side(text: str) -> tuple[Measure, ...]:
    """Words in turn: a number starts a part, what follows is its unit (`of 12 PCS` belongs to it)."""
    words = re.sub(r"(^|\s)(\(-\)|-)\s+(?=[0-9.])", r"\1\2", text).split()
    parts: list[tuple[re.Match[str], list[str]]] = []
    for word in words:
        whole = _COUNT.fullmatch(word)
        if whole and not (parts and parts[-1][1] and parts[-1][1][-1].lower() == "of"):
            parts.append((whole, []))
        elif parts:
            parts[-1][1].append(word)
        else:  # `10EA`
            glued = _COUNT.match(word)
            if glued is None:
                return ()
            parts.append((glued, [word[glued.end() :]]))
    measures = [measure for count, unit in parts for measure in _measures(count, " ".join(unit))]
    if len(measures) > 1 and measures[0].count < 0:
        return tuple(Measure(-abs(m.count), m.unit, m.is_tail) for m in measures)
    return tuple(measures)


def _measures(found: re.Match[str], unit: str) -> list[Measure]:
    first, second = parse_number(found.group(1)), parse_number(found.group(2) or "")
    if first is None:
        return []
    if second is None:
        return [Measure(first, unit)]
    compound = find_compound(unit)
    if compound:
        return [Measure(first, compound.head), Measure(second, compound.tail)]
    return [Measure(first, unit), Measure(second, unit, is_tail=True)]


def parse_rate(text: str) -> Rate | None:
    """`120.00/PCS`; of `120.00/BOX = 10.00/PCS` and of foreign currency what comes last counts."""
    text = " ".join(text.split())[-_LONGEST:]
    found = _RATE.search(text.rsplit("=", 1)[-1].strip()) if text else None
    rupees = parse_number(found.group(1)) if found else None
    return Rate(rupees, (found.group(2) or "").strip()) if found and rupees is not None else None


def parse_paise(text: str) -> int | None:
    """Paise of an amount, as signed in Tally: debit is negative (`-30000.00`, `30000.00 Dr`).

    Of `$100.00 @ ₹ 83.00/$ = ₹ 8300.00` the rupees count. Half a paisa is rounded away from zero.
    """
    text = " ".join(text.split())[-_LONGEST:].rsplit("=", 1)[-1].strip()
    found = _AMOUNT.search(text.replace("₹", "").replace("Rs.", "").replace("Rs", ""))
    value = parse_number(found.group(0)) if found else None
    if value is None:
        return None
    if text.startswith("-") and value > 0:
        value = -value
    if text.lower().endswith("dr"):
        value = -abs(value)
    return half_up(value * 100)


def find_compound(name: str) -> Unit | None:
    """The compound unit that a name such as `BOX of 12 PCS` spells out."""
    found = _COMPOUND.fullmatch(name)
    if found is None:
        return None
    return Unit(name, head=found["head"], tail=found["tail"], size=Decimal(found["size"]))
