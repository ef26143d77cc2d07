"""What columns are called: compared without case and points, with the trade's abbreviations. Pure."""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical.fields import FieldSpec, Form
from inventory.feeds.canonical.table import FIELDS

#: Canonical name -> what tills, ledgers and billing programs of the trade write, beside the field's own
#: synonyms. A name that means different things for different kinds stands under the kind.
_ABBREVIATIONS: dict[str, tuple[str, ...]] = {
    "sku": ("itm cd", "item cd", "itemcd", "prod code", "prod cd", "part no", "material code", "code no"),
    "batch": ("batch", "btch", "btch no", "lot number", "b.no", "batch name"),
    "quantity": ("quantity", "billed quantity", "nos", "qnty", "sale qty", "sales qty", "bal qty",
                 "balance qty", "cl. qty", "closing stock", "stock qty", "closing quantity"),
    "mrp": ("max. retail price", "mrp (rs)", "mrp rs"),
    "cost": ("pur. rate", "pur rate", "purc rate", "cost rate", "landing cost", "cost/pcs"),
    "trade_price": ("s.rate", "sale price", "trade price", "rate-a", "wholesale price"),
    "expiry_date": ("exp. date", "exp dt", "expdt", "expiry on", "expires on", "exp. dt."),
    "manufacture_date": ("mfg. date", "mfg dt", "mfd date", "manufactured on", "pkd", "packed on"),
    "location": ("location name", "mc", "mat. centre", "store name", "depot"),
    "territory": ("sales area", "zone", "region"),
    "retailer_id": ("party", "cust code", "cust cd", "party cd", "customer id", "a/c code", "shop code",
                    "customer name", "account name", "billed party"),
    "name": ("itm name", "item desc", "prod name", "shop name", "outlet", "name of item", "party",
             "account name", "item description", "mailing name"),
    "phone": ("mob", "mob no", "mobile number", "ph no", "tel", "telephone", "contact number"),
    "gstin": ("gstin no", "gstin/uin", "gst in", "gst registration", "gstin number"),
    "hsn": ("hsn/sac code", "hsn cd", "hsncode/sac"),
    "uqc": ("main unit", "units", "unit name", "uom name"),
    "unit": ("unit", "pack unit"),
    "case_pack": ("box pack", "conv. case", "con. factor", "conv factor", "case qty", "pcs/case"),
    "brand": ("comp", "co.", "mfg by", "manufactured by", "mfac"),
    "category": ("under", "item category", "grp", "segment"),
    "transaction_id": ("vch no", "vch no.", "vch/bill no", "inv no", "inv. no.", "bill number",
                       "invoice number", "doc no", "invoice id"),
    "timestamp": ("inv date", "inv dt", "bill dt", "vch date", "sale date", "doc date", "invoice time"),
    "unit_price": ("sale rate", "selling rate", "basic rate", "unit cost", "list price", "sp", "rate/unit"),
    "line": ("sl no", "s.no", "s no", "item no", "line number"),
    "address": ("address 1", "add1", "addr", "bill address"),
    "place": ("station", "city name", "locality"),
    "pincode": ("pin no", "zip code", "area pin"),
    "credit_limit": ("limit", "credit lmt"),
    "outstanding": ("o/s", "cl. balance", "closing bal", "bal. amt"),
    "supplier_name": ("supplier", "party", "vendor name"),
    "purchase_invoice": ("bill number", "inv no", "supplier bill no", "vch/bill no"),
    "invoice_date": ("inv date", "bill dt", "vch date"),
    "received_at": ("receipt date", "grn dt", "inward date"),
    "reference": ("grn number", "receipt no", "inward no"),
    "value": ("val", "stock val", "closing val", "balance value"),
    "tax": ("gst amt", "total tax"),
    "beat": ("beat", "route name"),
    "as_of": ("as on date", "as at"),
}  # fmt: skip


@lru_cache(maxsize=8192)
def plain(name: str) -> str:
    """A name as it is compared: letters and digits of any script alone, in lower case, marks kept."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(one for one in folded if unicodedata.category(one)[0] in "LMN")


@cache
def names_of(kind: RecordKind, field: str) -> tuple[str, ...]:
    """Every name a field of a kind is known under, the surest first, plain."""
    spec = next(one for one in FIELDS[kind] if one.name == field)
    names = (spec.name, spec.api, *spec.synonyms, *_ABBREVIATIONS.get(spec.name, ()))
    return tuple(dict.fromkeys(map(plain, names)))


@cache
def all_names() -> frozenset[str]:
    """Plain names of all fields of all kinds."""
    return frozenset(
        one for kind, specs in FIELDS.items() for spec in specs for one in names_of(kind, spec.name)
    ) | {plain(name) for specs in FIELDS.values() for spec in specs for name in columns_of(spec)}


def columns_of(spec: FieldSpec) -> tuple[str, ...]:
    """The columns that a field may stand in: its own, and whole paise for money."""
    return (spec.name, f"{spec.name}_paise") if spec.form is Form.MONEY else (spec.name,)


@cache
def field_of(kind: RecordKind, column: str) -> FieldSpec | None:
    """The field that a canonical column belongs to."""
    return next((spec for spec in FIELDS[kind] if column in columns_of(spec)), None)
