"""One voucher understood: what it is, whether it counts, and how goods moved by it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from inventory.feeds.tally.amounts import parse_paise
from inventory.feeds.tally.books import Books
from inventory.feeds.tally.days import parse_day
from inventory.feeds.tally.items import Item, mrp_of, read_life, rupees_a_piece
from inventory.feeds.tally.records import Node
from inventory.feeds.tally.words import INWARD, VoucherKind, batch_code, given
from vyapar.kernel.money import half_up, share

_ENTRIES = ("ALLINVENTORYENTRIES.LIST", "INVENTORYENTRIES.LIST")
_GST = re.compile(r"\b(?:[ICS]GST|UTGST|GST|CESS|(?:CENTRAL|STATE|INTEGRATED) TAX)\b", re.IGNORECASE)
_TRANSFERS = frozenset({VoucherKind.STOCK_JOURNAL, VoucherKind.MATERIAL_OUT, VoucherKind.MATERIAL_IN})
_INWARD, _OUTWARD = "INVENTORYENTRIESIN.LIST", "INVENTORYENTRIESOUT.LIST"


@dataclass(frozen=True, slots=True)
class Move:
    """Some of an item in one batch at one godown.

    `pieces` are signed, out of stock negative, None where `written` cannot be understood; `paise` is
    what the voucher says they are worth without GST, with the same sign. `tracked`: the goods moved by
    another voucher (a delivery or receipt note), this one only bills them. `counted`: pieces found by
    a physical count. `target`: where goods that leave are said to go.
    """

    item: str
    location: str
    batch: str
    pieces: Decimal | None
    written: str
    paise: int
    made: date | None = None
    expires: date | None = None
    mrp_paise: int | None = None
    tracked: bool = False
    counted: Decimal | None = None
    target: str = ""


@dataclass(frozen=True, slots=True)
class Voucher:
    """One voucher. `key` is Tally's own and never changes; `alter_id` grows with every change."""

    key: str
    number: str
    type_name: str
    kind: VoucherKind | None
    day: date | None
    party: str
    party_gstin: str
    reference: str
    narration: str
    place_of_supply: str
    alter_id: int
    master_id: int
    cancelled: bool
    optional: bool
    deleted: bool
    postdated: bool
    tax_paise: int = 0
    moves: tuple[Move, ...] = ()

    @property
    def stands(self) -> bool:
        """True when it is in the books from its day on."""
        return not (self.cancelled or self.optional or self.deleted)


def read_voucher(node: Node, books: Books) -> Voucher:
    """A `VOUCHER` record by what its company's masters say so far."""
    type_name = node.get("VOUCHERTYPENAME") or node.attributes.get("VCHTYPE", "")
    kind = books.kind_of(type_name, node.attributes.get("VCHTYPE", ""))
    day = parse_day(node.get("DATE") or node.attributes.get("DATE", ""))
    number = node.get("VOUCHERNUMBER")
    key = node.get("GUID") or node.attributes.get("REMOTEID", "").strip()
    return Voucher(
        key=key or "/".join((type_name, number, day.isoformat() if day else "")),
        number=number,
        type_name=type_name,
        kind=kind,
        day=day,
        party=_party(node),
        party_gstin=given(node.get("PARTYGSTIN", "CONSIGNEEGSTIN")),
        reference=given(node.get("SUPPLIERINVOICENO", "REFERENCE")),
        narration=node.get("NARRATION"),
        place_of_supply=given(node.get("PLACEOFSUPPLY", "STATENAME")),
        alter_id=_whole(node.get("ALTERID")),
        master_id=_whole(node.get("MASTERID")),
        cancelled=node.is_yes("ISCANCELLED") or node.attributes.get("ACTION", "").lower() == "cancel",
        optional=node.is_yes("ISOPTIONAL"),
        deleted=node.is_yes("ISDELETED") or node.attributes.get("ACTION", "").lower() == "delete",
        postdated=node.is_yes("ISPOSTDATED"),
        tax_paise=_tax(node),
        moves=tuple(_moves(node, kind, day, books)),
    )


def _ledger_entries(node: Node) -> list[Node]:
    return [part for tag in ("LEDGERENTRIES.LIST", "ALLLEDGERENTRIES.LIST") for part in node.each(tag)]


def _party(node: Node) -> str:
    named = given(node.get("PARTYLEDGERNAME", "PARTYNAME", "BASICBUYERNAME"))
    told = [given(part.get("LEDGERNAME")) for part in _ledger_entries(node) if part.is_yes("ISPARTYLEDGER")]
    return named or (told[0] if told else "")


def _tax(node: Node) -> int:
    """Paise of GST and cess in the ledgers of a voucher, which are known by their names."""
    amounts = [
        parse_paise(part.get("AMOUNT")) or 0
        for part in _ledger_entries(node)
        if _GST.search(part.get("LEDGERNAME"))
    ]
    return abs(sum(amounts))


def _whole(text: str) -> int:
    bare = text.replace(",", "").strip()
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) < 15 else 0


def _moves(node: Node, kind: VoucherKind | None, day: date | None, books: Books) -> list[Move]:
    """Every batch of every line; a journal's lines stand twice in some exports and are read once."""
    sides = [(part, True) for part in node.each(_INWARD)] + [(part, False) for part in node.each(_OUTWARD)]
    if not sides:
        tag = next((tag for tag in _ENTRIES if node.each(tag)), _ENTRIES[0])
        sides = [(part, _comes_in(part, kind)) for part in node.each(tag)]
    moves = [move for part, inward in sides for move in _line(part, inward, kind, day, books)]
    if kind in _TRANSFERS and not any(inward for _, inward in sides):
        # a transfer that tells only the side goods leave: they arrive where it says they go
        moves += [_arrival(move) for move in moves if move.target and move.target != move.location]
    return moves


def _arrival(move: Move) -> Move:
    pieces = None if move.pieces is None else -move.pieces
    return replace(move, location=move.target, pieces=pieces, paise=-move.paise, target="")


def _comes_in(part: Node, kind: VoucherKind | None) -> bool:
    """Whether a line's goods come into stock: a debit of stock does, whatever the voucher."""
    said = part.get("ISDEEMEDPOSITIVE").lower()
    if said in ("yes", "no"):
        return said == "yes"
    amount = parse_paise(part.get("AMOUNT"))
    return amount < 0 if amount else kind in INWARD


def _line(part: Node, inward: bool, kind: VoucherKind | None, day: date | None, books: Books) -> list[Move]:
    item = books.find_item(part.get("STOCKITEMNAME"))
    parts = part.each("BATCHALLOCATIONS.LIST") or [part]
    whole = part.get("ACTUALQTY", "BILLEDQTY") if len(parts) == 1 else ""
    written = [one.get("ACTUALQTY", "BILLEDQTY") or whole for one in parts]
    pieces = [books.units.pieces(text, item) for text in written]
    values = _values(part, parts, pieces, inward, item, books)
    return [
        _move(part, one, text, count, value, inward, kind, day, books)
        for one, text, count, value in zip(parts, written, pieces, values, strict=True)
        if count != 0 or value or kind is VoucherKind.PHYSICAL_STOCK
    ]


def _move(
    part: Node, one: Node, written: str, count: Decimal | None, paise: int, inward: bool,
    kind: VoucherKind | None, day: date | None, books: Books,
) -> Move:  # fmt: skip
    made, expires = read_life(one, on=day)
    target = given(one.get("DESTINATIONGODOWNNAME"))
    counted = None
    if kind is VoucherKind.PHYSICAL_STOCK:
        counted, count = count, _difference(one, part, books)
    elif count is not None and not inward:
        count = -count
    return Move(
        item=part.get("STOCKITEMNAME"),
        location=books.location_of(one.get("GODOWNNAME") or part.get("GODOWNNAME")),
        batch=batch_code(one.get("BATCHNAME") or part.get("BATCHNAME")),
        pieces=count,
        written=written,
        paise=paise if inward else -paise,
        made=made,
        expires=expires,
        mrp_paise=mrp_of(one) or mrp_of(part),
        tracked=bool(given(one.get("TRACKINGNUMBER")) or given(part.get("TRACKINGNUMBER"))) and _bills(kind),
        counted=counted,
        target=books.location_of(target) if target else "",
    )


def _bills(kind: VoucherKind | None) -> bool:
    """Kinds that, with a tracking number, bill goods that a note has moved."""
    return kind in (VoucherKind.SALES, VoucherKind.PURCHASE, VoucherKind.CREDIT_NOTE, VoucherKind.DEBIT_NOTE)


def _difference(one: Node, part: Node, books: Books) -> Decimal | None:
    """What a physical count changed, where Tally says so."""
    text = one.get("BATCHPHYSDIFF") or part.get("BATCHPHYSDIFF")
    return books.units.pieces(text, books.find_item(part.get("STOCKITEMNAME"))) if text else None


def _values(
    part: Node, parts: list[Node], pieces: list[Decimal | None], inward: bool, item: Item | None, books: Books
) -> list[int]:
    """Paise of each allocation; they add up to the line's amount, which is what the books hold.

    An amount missing on the line is the sum of its allocations, or rate times pieces. The sign is
    that of goods moving the way of the line: a negative quantity has a negative value.
    """
    own = [parse_paise(one.get("AMOUNT")) for one in parts]
    whole = parse_paise(part.get("AMOUNT"))
    if whole is None and any(amount is not None for amount in own):
        whole = sum(amount or 0 for amount in own)
    if whole is None:
        return [_by_rate(part, one, count, item, books) for one, count in zip(parts, pieces, strict=True)]
    total = -whole if inward else whole
    told = [-(amount or 0) if inward else (amount or 0) for amount in own]
    if None not in own and sum(told) == total:
        return told
    weights = [abs(amount or 0) for amount in own] if any(own) else [_weight(count) for count in pieces]
    return share(total, weights)


def _weight(count: Decimal | None) -> int:
    return abs(int((count or Decimal(0)) * 1000))


def _by_rate(part: Node, one: Node, count: Decimal | None, item: Item | None, books: Books) -> int:
    rate = rupees_a_piece(one.get("BATCHRATE", "RATE") or part.get("RATE"), item, books.units)
    return half_up(rate * count * 100) if rate is not None and count is not None else 0
