"""Rows of sales, purchases, receipts and batches out of vouchers. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from typing import Any

from inventory.feeds.tally.books import Books
from inventory.feeds.tally.vouchers import Move, Voucher
from inventory.feeds.tally.walk import plain
from inventory.feeds.tally.words import SALES, VoucherKind, code_of, fold, sku_code
from vyapar.kernel.money import half_up, rupees, share

Row = dict[str, Any]
_TRANSACTION = 64
_INVOICE = 60


@dataclass(slots=True)
class Rounding:
    """What prices in whole paise leave of the amounts in the books."""

    lines: int = 0
    paise: int = 0


#: Lines of one revision of a voucher; lines once withdrawn never come back under their number.
_REVISION = 10_000


def sales_of(voucher: Voucher, books: Books, rounding: Rounding, *, revision: int = 0) -> list[Row]:
    """A row for each batch of a sales invoice or credit note; returns are negative.

    An altered voucher is another `revision`, whose lines have numbers of their own.
    """
    stamp = _midnight(voucher.day)
    details = json.dumps(
        {name: value for name, value in (
            ("number", voucher.number), ("type", voucher.type_name), ("gstin", voucher.party_gstin),
            ("placeOfSupply", voucher.place_of_supply)) if value},
        ensure_ascii=False,
    )  # fmt: skip
    return [
        {
            "transaction_id": transaction_id(voucher),
            "line": str(revision * _REVISION + line),
            "retailer_id": books.retailer_of(voucher.party) if voucher.party else None,
            "sku": sku_code(_name(move, books)),
            "batch": move.batch,
            "quantity": move.written if move.pieces is None else plain(-move.pieces),
            "unit_price": _price(move, rounding),
            "timestamp": stamp,
            "location": move.location if books.options.get("sale_locations") else None,
            "gst_details": details,
            "cancelled": None,
        }
        for line, move in enumerate(voucher.moves, 1)
    ]


def withdrawal(voucher: Voucher) -> Row:
    """A row that takes back everything recorded of a voucher."""
    return {"transaction_id": transaction_id(voucher), "cancelled": "yes"}


def refusal(voucher: Voucher) -> Row:
    """A row that takes back everything recorded of a voucher that bought."""
    return signed(voucher, [{"reference": code_of(voucher.key, _INVOICE), "cancelled": "yes"}])[0]


def signed(voucher: Voucher, rows: list[Row]) -> list[Row]:
    """Rows of a voucher with which self of it they tell: name, AlterID, digest of what it says, day."""
    said = [{name: value for name, value in row.items() if name not in _SILENT} for row in rows]
    content = sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:32]
    told = (transaction_id(voucher), voucher.alter_id, content, voucher.day)
    return [{**row, SELF: told} for row in rows]


#: Where a row keeps which self of its voucher it is of.
SELF = "self"
#: What comes from masters and settings: a voucher is not altered when they are.
_SILENT = frozenset({"line", "mrp", "gst_details", "supplier_gstin"})


def transaction_id(voucher: Voucher) -> str:
    return code_of(voucher.key, _TRANSACTION)


def is_sale(voucher: Voucher) -> bool:
    return voucher.kind in SALES


def purchases_of(voucher: Voucher, books: Books, supplier_gstin: str) -> list[Row]:
    """A row for each batch of a purchase at each godown, with its share of the invoice's GST."""
    moves = _merged(voucher)
    taxes = share(voucher.tax_paise, [max(move.paise, 0) for move in moves])
    day = voucher.day.isoformat() if voucher.day else None
    return [
        {
            "purchase_invoice": invoice_of(voucher),
            "supplier_name": voucher.party or None,
            "supplier_gstin": voucher.party_gstin or supplier_gstin or None,
            "invoice_date": day,
            "sku": sku_code(_name(move, books)),
            "batch": move.batch,
            "location": move.location,
            "quantity": _count(move),
            "cost": _each(move),
            "tax": rupees(tax) if voucher.tax_paise else None,
        }
        for move, tax in zip(moves, taxes, strict=True)
    ]


def receipts_of(voucher: Voucher, books: Books) -> list[Row]:
    """A row for each batch that came in with a receipt note, or with a purchase that had none."""
    return [
        {
            "reference": code_of(voucher.key, _INVOICE),
            "received_at": _midnight(voucher.day),
            "sku": sku_code(_name(move, books)),
            "batch": move.batch,
            "location": move.location,
            "quantity": _count(move),
            "mrp": rupees(mrp) if (mrp := _mrp(move, books)) else None,
            "cost": _each(move),
            "manufacture_date": _iso(move.made),
            "expiry_date": _iso(move.expires),
            "purchase_invoice": invoice_of(voucher) if voucher.kind is VoucherKind.PURCHASE else None,
        }
        for move in _merged(voucher)
        if not move.tracked
    ]


def batch_of(move: Move, voucher: Voucher, books: Books) -> Row:
    """What a voucher says of a batch; cost and invoice only where it bought it."""
    bought = voucher.kind in (VoucherKind.PURCHASE, VoucherKind.RECEIPT_NOTE)
    return {
        "sku": sku_code(_name(move, books)),
        "batch": move.batch,
        "mrp": rupees(mrp) if (mrp := _mrp(move, books)) else None,
        "cost": _each(move) if bought else None,
        "manufacture_date": _iso(move.made),
        "expiry_date": _iso(move.expires),
        "purchase_invoice": invoice_of(voucher) if voucher.kind is VoucherKind.PURCHASE else None,
    }


def invoice_of(voucher: Voucher) -> str:
    """The supplier's number of a purchase; ours where he gave none."""
    return code_of(voucher.reference or voucher.number or voucher.key, _INVOICE)


def _merged(voucher: Voucher) -> list[Move]:
    """Moves into stock, those of one batch at one godown made one."""
    found: dict[tuple[str, str, str, bool], Move] = {}
    for move in voucher.moves:
        if move.pieces is not None and move.pieces <= 0:
            continue
        key = (fold(move.item), move.batch, move.location, move.tracked)
        known = found.get(key)
        if known is None or known.pieces is None or move.pieces is None:
            found[key] = move if known is None else known
        else:
            found[key] = _add(known, move)
    return list(found.values())


def _add(one: Move, other: Move) -> Move:
    pieces = (one.pieces or Decimal(0)) + (other.pieces or Decimal(0))
    return replace(
        one,
        pieces=pieces,
        paise=one.paise + other.paise,
        made=one.made or other.made,
        expires=one.expires or other.expires,
        mrp_paise=one.mrp_paise or other.mrp_paise,
    )


def _price(move: Move, rounding: Rounding) -> str:
    if not move.pieces:
        return rupees(0)
    paise = half_up(Decimal(move.paise) / move.pieces)
    left = move.paise - half_up(paise * move.pieces)
    if left:
        rounding.lines += 1
        rounding.paise += left
    return rupees(paise)


def _each(move: Move) -> str | None:
    return rupees(half_up(Decimal(move.paise) / move.pieces)) if move.pieces and move.paise else None


def _count(move: Move) -> str:
    return move.written if move.pieces is None else plain(move.pieces)


def _name(move: Move, books: Books) -> str:
    item = books.find_item(move.item)
    return item.name if item else move.item


def _mrp(move: Move, books: Books) -> int | None:
    item = books.find_item(move.item)
    return move.mrp_paise or (books.mrp_of(item) if item else None)


def _midnight(day: date | None) -> str | None:
    """Vouchers have a day and no time; at its start nothing lies in the future."""
    return f"{day.isoformat()}T00:00:00+05:30" if day else None


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
