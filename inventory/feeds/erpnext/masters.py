"""Companies, warehouses, customers, items, prices and batches as canonical rows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import trade_channel_of
from inventory.feeds.erpnext.doctypes import price_lists
from inventory.feeds.erpnext.figures import CASES, day, number, plain, rupees, unit

Row = dict[str, str]
Settings = Mapping[str, Any]
Document = Mapping[str, Any]
#: Tells of something that is not taken: its name, why, and an example.
Skip = Callable[[str, str, str], None]
Rows = Iterator[tuple[RecordKind, Row]]

_NEVER = "2099"  # ERPNext's end of life of what lives on


def company(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """A company is a territory with its GSTIN, unless the feed's settings name territories."""
    if settings.get("territory") or settings.get("territories"):
        return
    yield (
        RecordKind.TERRITORIES,
        {
            "code": _text(doc, "abbr") or _text(doc, "name"),
            "name": _text(doc, "company_name") or _text(doc, "name"),
            "gstin": _text(doc, "gstin"),
        },
    )


def warehouse(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """A warehouse that holds goods. Settings: `warehouses[name]` may give territory, kind, pincode."""
    name = _text(doc, "name")
    if doc.get("is_group"):
        skip("Warehouse groups", "groups hold no goods", name)
        return
    if doc.get("disabled"):
        skip("Disabled warehouses", "they are switched off in ERPNext", name)
        return
    said = _mapping(settings, "warehouses").get(name) or {}
    abbreviation = name.rpartition(" - ")[2]  # ERPNext ends a warehouse's name with its company's
    usual = "van" if "van" in _text(doc, "warehouse_type").lower() else "godown"
    yield (
        RecordKind.LOCATIONS,
        {
            "code": name,
            "name": _text(doc, "warehouse_name") or name,
            "kind": str(said.get("kind") or usual),
            "territory": str(said.get("territory") or settings.get("territory") or abbreviation),
            "address": _text(doc, "address_line_1"),
            "place": _text(doc, "city"),
            "pincode": str(said.get("pincode") or _text(doc, "pin")),
        },
    )


def customer(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """A customer with its primary address. Settings: `territories[name]` of ERPNext's territories."""
    address = doc.get("address") or {}
    lines = [_text(address, "address_line1"), _text(address, "address_line2")]
    limits = [row for row in doc.get("limits") or () if row.get("company") in (None, settings.get("company"))]
    limit: Document = next(iter(limits or doc.get("limits") or ()), {})
    yield (
        RecordKind.RETAILERS,
        {
            "retailer_id": _text(doc, "name"),
            "name": _text(doc, "customer_name"),
            "territory": str(_mapping(settings, "territories").get(_text(doc, "territory")) or ""),
            "address": ", ".join(line for line in lines if line),
            "place": _text(address, "city"),
            "pincode": _text(address, "pincode"),
            "phone": _text(doc, "mobile_no") or _text(address, "phone"),
            "email": _text(doc, "email_id") or _text(address, "email_id"),
            "language": _text(doc, "language"),
            "gstin": _text(doc, "gstin"),
            "credit_limit": rupees(number(limit["credit_limit"])) if limit.get("credit_limit") else "",
            # groups are named by each house: those that name no channel of trade say nothing
            "trade_channel": trade_channel_of(_text(doc, "customer_group")) or "",
        },
    )


def item(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """An item that is kept in stock, with its pack, its price lists and its HSN code."""
    code = _text(doc, "name")
    if doc.get("has_variants"):
        skip("Item templates", "their variants are taken, one SKU each", code)
        return
    if not doc.get("is_stock_item", 1):
        skip("Items not kept in stock", "services and fees move no goods", code)
        return
    prices = _prices(doc, settings)
    valuation = number(doc.get("valuation_rate"))
    yield (
        RecordKind.SKUS,
        {
            "sku": code,
            "name": _text(doc, "item_name"),
            "brand": _text(doc, "brand"),
            "category": _text(doc, "item_group"),
            "hsn": _text(doc, "gst_hsn_code"),
            "uqc": unit(doc.get("stock_uom"), _mapping(settings, "units")),
            "mrp": _mrp(doc, settings) or prices.get("mrp", ""),
            "trade_price": prices.get("trade_price", ""),
            "cost": prices.get("cost") or (rupees(valuation) if valuation else ""),
            "weight_grams": _grams(doc),
            "case_pack": _pack(doc),
            "shelf_life_days": _whole(doc.get("shelf_life_in_days")),
            "delisted_date": _delisted(doc),
        },
    )


def item_price(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """One price of one list from a day on."""
    if doc.get("batch_no"):
        skip("Prices of single batches", "offers are priced here", _text(doc, "item_code"))
        return
    names = {name: price for price, name in price_lists(settings).items()}
    price = names.get(_text(doc, "price_list"))
    if price is None:
        skip("Other price lists", "name the lists to take in the feed's settings", _text(doc, "price_list"))
        return
    yield (
        RecordKind.PRICES,
        {
            "sku": _text(doc, "item_code"),
            price: rupees(number(doc.get("price_list_rate"))),
            "valid_from": day(doc.get("valid_from") or doc.get("creation")),
        },
    )


def batch(doc: Document, settings: Settings, skip: Skip) -> Rows:
    """A batch with its days; its MRP is its own, or that of its item."""
    yield (
        RecordKind.BATCHES,
        {
            "sku": _text(doc, "item"),
            "batch": _text(doc, "name"),
            "mrp": _mrp(doc, settings) or _prices(doc, settings).get("mrp", ""),
            "manufacture_date": day(doc.get("manufacturing_date")),
            "expiry_date": day(doc.get("expiry_date")),
        },
    )


def _prices(doc: Document, settings: Settings) -> dict[str, str]:
    """The latest price of each list that the settings name."""
    found: dict[str, tuple[str, str]] = {}
    names = {name: price for price, name in price_lists(settings).items()}
    for row in doc.get("prices") or ():
        price, since = names.get(_text(row, "price_list")), day(row.get("valid_from"))
        if price and not row.get("batch_no") and since >= found.get(price, ("", ""))[0]:
            found[price] = (since, rupees(number(row.get("price_list_rate"))))
    return {price: value for price, (_since, value) in found.items()}


def _mrp(doc: Document, settings: Settings) -> str:
    value = number(doc.get(str(settings.get("mrp_field") or "")))
    return rupees(value) if value else ""


def _grams(doc: Document) -> str:
    weight, name = number(doc.get("weight_per_unit")), _text(doc, "weight_uom").lower()
    factor = {"kg": 1000, "kilogram": 1000, "gram": 1, "g": 1, "gm": 1}.get(name)
    return _whole(weight * factor) if factor and weight else ""


def _pack(doc: Document) -> str:
    packs = {_text(row, "uom").lower(): row.get("conversion_factor") for row in doc.get("uoms") or ()}
    return next((_whole(packs[name]) for name in sorted(packs) if name in CASES), "")


def _delisted(doc: Document) -> str:
    last = day(doc.get("end_of_life"))
    if last and not last.startswith(_NEVER):
        return last
    return day(doc.get("modified")) if doc.get("disabled") else ""


def _whole(value: Any) -> str:
    found = number(value)
    return plain(found.to_integral_value()) if found else ""


def _text(doc: Document, name: str) -> str:
    value = doc.get(name)
    return "" if value is None else str(value).strip()


def _mapping(settings: Settings, name: str) -> Mapping[str, Any]:
    found = settings.get(name)
    return found if isinstance(found, Mapping) else {}
