"""Stock items with their units and prices, and pieces out of quantities in any of their units. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from inventory.feeds.tally.amounts import (
    LEAST,
    MOST,
    Measure,
    Quantity,
    Unit,
    find_compound,
    parse_number,
    parse_paise,
    parse_quantity,
    parse_rate,
)
from inventory.feeds.tally.days import parse_day, parse_expiry
from inventory.feeds.tally.records import Node
from inventory.feeds.tally.words import batch_code, fold, given, location_code
from vyapar.kernel.money import half_up

_CASES = frozenset(
    {"case", "cases", "cs", "box", "boxes", "bx", "ctn", "carton", "cartons", "crate", "outer"}
)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Some of an item in one batch at one godown; `paise` is its value, positive for goods held."""

    location: str
    batch: str
    quantity: str  # as written
    paise: int | None
    made: date | None = None
    expires: date | None = None
    mrp_paise: int | None = None
    rate: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A stock item as its master says; `closing` figures only where an export brings them."""

    name: str
    parent: str = ""
    category: str = ""
    base: str = ""
    alternate: str = ""
    ratio: Decimal = Decimal(0)  # base units in one alternate unit
    uqc: str = ""
    hsn: tuple[tuple[date | None, str, str], ...] = ()  # from when, code, classification
    rates: tuple[tuple[date | None, str, Decimal], ...] = ()  # from when, classification, GST in percent
    mrp: tuple[tuple[date | None, str], ...] = ()
    price: tuple[tuple[date | None, str], ...] = ()
    cost: tuple[tuple[date | None, str], ...] = ()
    opening: str = ""
    opening_rate: str = ""
    opening_paise: int | None = None
    closing: str = ""
    closing_paise: int | None = None
    allocations: tuple[Allocation, ...] = field(default=())


def read_item(node: Node) -> Item:
    """A `STOCKITEM` record."""
    return Item(
        name=node.name,
        parent=given(node.get("PARENT")),
        category=given(node.get("CATEGORY")),
        base=given(node.get("BASEUNITS")),
        alternate=given(node.get("ADDITIONALUNITS")),
        ratio=_ratio(node),
        uqc=_uqc(node),
        hsn=read_hsn(node),
        rates=read_rates(node),
        mrp=_dated(node, "MRPDETAILS.LIST", "MRPRATEDETAILS.LIST", "MRPRATE"),
        price=_dated(node, "STANDARDPRICELIST.LIST", "", "RATE"),
        cost=_dated(node, "STANDARDCOSTLIST.LIST", "", "RATE"),
        opening=node.get("OPENINGBALANCE"),
        opening_rate=node.get("OPENINGRATE"),
        opening_paise=held_paise(node.get("OPENINGVALUE")),
        closing=node.get("CLOSINGBALANCE"),
        closing_paise=held_paise(node.get("CLOSINGVALUE")),
        allocations=tuple(_allocation(part) for part in node.each("BATCHALLOCATIONS.LIST")),
    )


def _allocation(node: Node) -> Allocation:
    made, expires = read_life(node)
    return Allocation(
        location_code(node.get("GODOWNNAME")),
        batch_code(node.get("BATCHNAME", "NAME")),
        node.get("OPENINGBALANCE"),
        held_paise(node.get("OPENINGVALUE")),
        made,
        expires,
        mrp_of(node),
        node.get("OPENINGRATE"),
    )


def held_paise(text: str) -> int | None:
    """What goods are worth from their side of the books: a debit, which is negative, is goods held."""
    paise = parse_paise(text)
    return None if paise is None else -paise


def read_life(node: Node, *, on: date | None = None) -> tuple[date | None, date | None]:
    """Day made and last day of a batch; a period without its own start runs from the day made or `on`."""
    made = parse_day(node.get("MFDON"), _attribute(node, "MFDON", "JD"))
    jd, period = _attribute(node, "EXPIRYPERIOD", "JD"), _attribute(node, "EXPIRYPERIOD", "P")
    expires = parse_expiry(node.get("EXPIRYPERIOD"), period=period, jd=jd, made=made or on)
    return made, expires


def mrp_of(node: Node) -> int | None:
    """MRP written on a line or a batch, in paise a unit of the rate."""
    rate = parse_rate(node.get("MRPRATE", "MRP"))
    return half_up(rate.rupees * 100) if rate and rate.rupees > 0 else None


def read_hsn(node: Node) -> tuple[tuple[date | None, str, str], ...]:
    """Dated HSN of an item, a group or a classification: code, or the classification it refers to."""
    found = [
        (parse_day(part.get("APPLICABLEFROM")), _digits(part.get("HSNCODE")),
         given(part.get("HSNCLASSIFICATIONNAME", "HSNMASTERNAME")))
        for tag in ("HSNDETAILS.LIST", "GSTDETAILS.LIST") for part in node.each(tag)
    ]  # fmt: skip
    found += [(None, _digits(node.get("HSNCODE", "GSTHSNCODE", "GSTHSNNAME")), "")]
    return tuple(one for one in found if one[1] or one[2])


def read_rates(node: Node) -> tuple[tuple[date | None, str, Decimal], ...]:
    """Dated GST rates in percent: IGST, or twice CGST."""
    found = []
    for part in node.each("GSTDETAILS.LIST"):
        heads = {
            rate.get("GSTRATEDUTYHEAD").upper(): parse_number(rate.get("GSTRATE"))
            for state in part.each("STATEWISEDETAILS.LIST")
            for rate in state.each("RATEDETAILS.LIST")
        }
        whole = heads.get("IGST") or heads.get("INTEGRATED TAX")
        half = heads.get("CGST") or heads.get("CENTRAL TAX")
        percent = whole if whole is not None else half * 2 if half is not None else None
        if percent is not None:
            found.append((parse_day(part.get("APPLICABLEFROM")), "", percent))
    return tuple(found)


def _digits(text: str) -> str:
    found = given(text).replace(" ", "").replace(".", "")
    return found if found.isascii() and found.isdigit() else ""


def _uqc(node: Node) -> str:
    return given(node.get("GSTREPUOM")).split("-")[0].strip().upper()


def _ratio(node: Node) -> Decimal:
    conversion, denominator = parse_number(node.get("CONVERSION")), parse_number(node.get("DENOMINATOR"))
    if not conversion or conversion < 0:
        return Decimal(0)
    return conversion / denominator if denominator and denominator > 0 else conversion


def _dated(node: Node, outer: str, inner: str, tag: str) -> tuple[tuple[date | None, str], ...]:
    found = []
    for part in node.each(outer):
        day = parse_day(part.get("DATE", "FROMDATE", "APPLICABLEFROM"))
        holders = part.each(inner) if inner else [part]
        found += [(day, rate) for holder in holders if (rate := holder.get(tag))]
    return tuple(found)


def _attribute(node: Node, tag: str, name: str) -> str:
    return next((part.attributes.get(name, "") for part in node.each(tag)), "")


def latest(dated: tuple[tuple[date | None, str], ...], on: date | None = None) -> str:
    """The entry in force on a day: the last one not after it, or the last of all."""
    known = [one for one in dated if on is None or one[0] is None or one[0] <= on]
    return max(known, key=lambda one: one[0] or date.min)[1] if known else ""


@dataclass(slots=True)
class Units:
    """Every unit of the company by folded name."""

    known: dict[str, Unit] = field(default_factory=dict)

    def add(self, node: Node) -> None:
        """A `UNIT` record, simple or compound."""
        name = node.name
        uqc = _uqc(node) or given(node.get("GSTUQC", "REPORTINGUQCNAME")).split("-")[0].upper()
        size = parse_number(node.get("CONVERSION")) or Decimal(0)
        simple = node.is_yes("ISSIMPLEUNIT") or not given(node.get("ADDITIONALUNITS"))
        self.known[fold(name)] = (
            Unit(name, uqc)
            if simple
            else Unit(name, uqc, given(node.get("BASEUNITS")), given(node.get("ADDITIONALUNITS")), size)
        )

    def find(self, name: str) -> Unit | None:
        return self.known.get(fold(name)) or find_compound(name)

    def compound_of(self, head: str) -> Unit | None:
        """The only compound unit whose larger part is `head`; None when there are several."""
        found = [unit for unit in self.known.values() if unit.is_compound and fold(unit.head) == fold(head)]
        return found[0] if len(found) == 1 else None

    def piece_of(self, item: Item | None) -> str:
        """The smallest unit an item is counted in."""
        if item is None:
            return ""
        unit = self.find(item.base)
        return unit.tail if unit and unit.is_compound else item.base

    def case_pack(self, item: Item) -> int:
        """Pieces in the larger unit of an item, 1 when it has none."""
        unit = self.find(item.base)
        if unit and unit.is_compound and unit.size == unit.size.to_integral_value():
            return int(unit.size)
        if item.ratio > 1 and item.ratio == item.ratio.to_integral_value():
            return int(item.ratio)
        return 1

    def pieces(self, text: str, item: Item | None) -> Decimal | None:
        """The pieces in a quantity as written, a fraction kept; None where the units do not say.

        Of two sides of an equation the one in pieces alone counts; else the first that can be read.
        """
        quantity = parse_quantity(text)
        if quantity is None:
            return None
        counts = [self._side(side, item) for side in _simplest_first(quantity, self.piece_of(item))]
        found = next((count for count in counts if count is not None), None)
        return found if found is not None and (found == 0 or LEAST <= abs(found) < MOST) else None

    def _side(self, side: tuple[Measure, ...], item: Item | None) -> Decimal | None:
        total = Decimal(0)
        for part in side:
            size = self._size(part, item)
            if size is None:
                return None
            total += part.count * size
        return total

    def _size(self, part: Measure, item: Item | None) -> Decimal | None:
        """Pieces in one of the unit a part is counted in."""
        piece = self.piece_of(item)
        if part.is_tail or not part.unit or fold(part.unit) == fold(piece):
            return Decimal(1)
        base = self.find(item.base) if item else None
        if base and base.is_compound and fold(part.unit) in (fold(base.name), fold(base.head)):
            return base.size
        if item and item.alternate and fold(part.unit) == fold(item.alternate) and item.ratio > 0:
            return item.ratio * (base.size if base and base.is_compound else 1)
        own = self.find(part.unit)
        own = own if own and own.is_compound else self.compound_of(part.unit)
        if own and (not piece or fold(own.tail) == fold(piece)):
            return own.size
        # without a master the unit written is the one it is counted in, unless it is a word for a case
        return Decimal(1) if own is None and not piece and fold(part.unit) not in _CASES else None


def _simplest_first(quantity: Quantity, piece: str) -> list[tuple[Measure, ...]]:
    def rank(side: tuple[Measure, ...]) -> int:
        if len(side) == 1 and piece and fold(side[0].unit) == fold(piece):
            return 0
        return 1 if len(side) > 1 else 2

    if len(quantity.sides) == 1:
        return list(quantity.sides)
    if not piece:  # without the master the side with the larger number is in the smaller unit
        return sorted(quantity.sides, key=lambda side: -max(abs(part.count) for part in side))
    return sorted(quantity.sides, key=rank)


def rupees_a_piece(text: str, item: Item | None, units: Units) -> Decimal | None:
    """Rupees for one piece out of a rate for any unit of the item."""
    rate = parse_rate(text)
    if rate is None:
        return None
    size = units.pieces(f"1 {rate.unit}", item) if rate.unit else Decimal(1)
    each = rate.rupees / size if size else None
    return each if each is not None and abs(each) < MOST else None
