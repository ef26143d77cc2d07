"""Invoices, receipts and stock as canonical rows. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from inventory.contracts.feeds import RecordKind
from inventory.feeds.erpnext.figures import day, instant, number, plain, rupees, unit
from inventory.feeds.erpnext.masters import Document, Row, Rows, Settings, Skip

_TAXES = ("igst_amount", "cgst_amount", "sgst_amount", "cess_amount", "cess_non_advol_amount")
_CANCELLED = 2


def sales_invoice(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """An invoice's lines, a line for each batch; returns are negative, cancelled ones are marked.

    Prices are rupees with GST for a unit of stock. Lines are numbered through the document, which
    ERPNext does not let anybody change once it is submitted.
    """
    if str(doc.get("is_opening") or "").lower() == "yes":
        skip("Opening invoices", "they carry balances, not goods", _name(doc))
        return
    rates = _item_taxes(doc)
    for number_, (line, batch, quantity) in enumerate(_parts(doc), 1):
        net, tax = number(line.get("base_net_amount")), _tax(line, rates)
        stocked = number(line.get("stock_qty")) or number(line.get("qty"))
        if not stocked:
            skip("Lines without quantity", "they move no goods", _name(doc))
            continue
        yield (
            RecordKind.SALES,
            {
                "transaction_id": _name(doc),
                "line": str(number_),
                "retailer_id": str(doc.get("customer") or ""),
                "sku": str(line.get("item_code") or ""),
                "batch": batch,
                "quantity": plain(quantity),
                "unit": unit(line.get("stock_uom"), _units(settings)),
                "unit_price": rupees((net + tax) / stocked),
                "timestamp": instant(doc.get("posting_date"), doc.get("posting_time")),
                "location": str(line.get("warehouse") or ""),
                "gst_details": _gst(line, net, tax),
                "cancelled": "yes" if doc.get("docstatus") == _CANCELLED else "no",
            },
        )


def purchase_invoice(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """What batches cost; with `update_stock` the goods arrived by the same document."""
    if _is_dropped(doc, skip, "purchase invoices"):
        return
    for line, batch, quantity in _parts(doc):
        if not batch:
            skip("Purchases without batch", "only batches have a cost of their own", _name(doc))
            continue
        share = _share(line, quantity)
        tax = rupees(_tax(line, {}) * share) if any(line.get(name) for name in _TAXES) else ""
        yield (
            RecordKind.PURCHASES,
            {
                "purchase_invoice": str(doc.get("bill_no") or "") or _name(doc),
                "supplier_name": str(doc.get("supplier_name") or doc.get("supplier") or ""),
                "supplier_gstin": str(doc.get("supplier_gstin") or ""),
                "invoice_date": day(doc.get("bill_date") or doc.get("posting_date")),
                "sku": str(line.get("item_code") or ""),
                "batch": batch,
                "location": str(line.get("warehouse") or ""),
                "quantity": plain(quantity),
                "unit": unit(line.get("stock_uom"), _units(settings)),
                "cost": _cost(line),
                "tax": tax,
            },
        )
    if doc.get("update_stock"):
        yield from _received(doc, settings)


def purchase_receipt(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """Goods that arrived."""
    if not _is_dropped(doc, skip, "purchase receipts"):
        yield from _received(doc, settings)


def stock(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """What a warehouse holds of an item, by batch where the site's batch report says so.

    What the report does not account for stands under no batch, so that the sum is the bin's.
    """
    held = {str(row.get("batch_no")): number(row.get("qty")) for row in doc.get("batches") or ()}
    held = {batch: quantity for batch, quantity in held.items() if quantity}
    rest = number(doc.get("actual_qty")) - sum(held.values())
    if rest and held:
        skip(
            "Stock outside batches",
            "bin and batches differ; the rest has no batch",
            str(doc.get("item_code")),
        )
    if rest or not held:
        held[""] = rest
    for batch, quantity in sorted(held.items()):
        yield (
            RecordKind.STOCK,
            {
                "sku": str(doc.get("item_code") or ""),
                "batch": batch,
                "location": str(doc.get("warehouse") or ""),
                "quantity": plain(quantity),
                "unit": unit(doc.get("stock_uom"), _units(settings)),
                "as_of": str(doc.get("as_of") or ""),
            },
        )


def _received(doc: Document, settings: Settings) -> Iterator[tuple[RecordKind, Row]]:
    for line, batch, quantity in _parts(doc):
        yield (
            RecordKind.RECEIPTS,
            {
                "reference": _name(doc),
                "received_at": instant(doc.get("posting_date"), doc.get("posting_time")),
                "sku": str(line.get("item_code") or ""),
                "batch": batch,
                "location": str(line.get("warehouse") or ""),
                "quantity": plain(quantity),
                "unit": unit(line.get("stock_uom"), _units(settings)),
                "cost": _cost(line),
                "purchase_invoice": str(doc.get("bill_no") or ""),
            },
        )


def _parts(doc: Document) -> Iterator[tuple[Mapping[str, Any], str, Decimal]]:
    """Lines by batch: line, batch, units of stock with the sign of the line.

    A bundle of batches has the sign of its movement (what leaves is negative), a line its own.
    """
    for line in sorted(doc.get("items") or (), key=lambda one: int(one.get("idx") or 0)):
        whole = number(line.get("stock_qty")) or number(line.get("qty"))
        bundle = [
            (str(row.get("batch_no") or ""), number(row.get("qty"))) for row in line.get("batches") or ()
        ]
        if bundle and abs(sum(quantity for _batch, quantity in bundle)) == abs(whole):
            sign = -1 if whole < 0 else 1
            yield from ((line, batch, sign * abs(quantity)) for batch, quantity in bundle)
        else:
            yield line, str(line.get("batch_no") or ""), whole


def _share(line: Mapping[str, Any], quantity: Decimal) -> Decimal:
    whole = number(line.get("stock_qty")) or number(line.get("qty"))
    return quantity / whole if whole else Decimal(0)


def _cost(line: Mapping[str, Any]) -> str:
    whole = number(line.get("stock_qty")) or number(line.get("qty"))
    return rupees(number(line.get("base_net_amount")) / whole) if whole else ""


def _tax(line: Mapping[str, Any], rates: Mapping[str, Decimal]) -> Decimal:
    """GST of a line: its own figures where the site keeps them, otherwise its item's rate."""
    if any(name in line for name in _TAXES):
        return sum((number(line.get(name)) for name in _TAXES), Decimal(0))
    rate = rates.get(str(line.get("item_code")), Decimal(0))
    return number(line.get("base_net_amount")) * rate / 100


def _item_taxes(doc: Document) -> dict[str, Decimal]:
    """Item -> per cent, added up over the tax lines of an invoice that keeps them as JSON."""
    rates: dict[str, Decimal] = {}
    for row in doc.get("taxes") or ():
        try:
            shares = json.loads(row.get("item_wise_tax_detail") or "{}")
        except ValueError:
            continue
        for item, said in shares.items() if isinstance(shares, dict) else ():
            rate = said[0] if isinstance(said, list) and said else 0
            rates[item] = rates.get(item, Decimal(0)) + number(rate)
    return rates


def _gst(line: Mapping[str, Any], net: Decimal, tax: Decimal) -> str:
    said: dict[str, Any] = {"taxableValue": rupees(net), "tax": rupees(tax)}
    if net:
        said["rate"] = float(round(tax / net * 100, 2))
    if line.get("gst_hsn_code"):
        said["hsn"] = str(line["gst_hsn_code"])
    return json.dumps(said)


def _is_dropped(doc: Document, skip: Skip, what: str) -> bool:
    if doc.get("docstatus") == _CANCELLED:
        skip(f"Cancelled {what}", "if they were taken before, the stock that ERPNext tells corrects it",
             _name(doc))  # fmt: skip
        return True
    if doc.get("is_return"):
        skip(f"Returns among {what}", "the stock that ERPNext tells has them already", _name(doc))
        return True
    return False


def _name(doc: Document) -> str:
    return str(doc.get("name") or "")


def _units(settings: Settings) -> Mapping[str, Any]:
    found = settings.get("units")
    return found if isinstance(found, Mapping) else {}
