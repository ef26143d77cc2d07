"""Which documents are asked for, with which fields, by the versions that a site runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MOVED = ("name", "docstatus", "company", "posting_date", "posting_time", "is_return", "modified")
_LINE = (
    "parent", "idx", "item_code", "qty", "uom", "stock_qty", "stock_uom", "conversion_factor", "batch_no",
    "warehouse", "base_net_amount",
)  # fmt: skip
_GST = ("taxable_value", "igst_amount", "cgst_amount", "sgst_amount", "cess_amount", "cess_non_advol_amount")

#: Only what is booked, and what was booked and is cancelled: drafts are nobody's business yet.
BOOKED: tuple[Any, ...] = ("docstatus", "in", [1, 2])


@dataclass(frozen=True, slots=True)
class Child:
    """A table that belongs to documents of a kind, kept beside them under `key`.

    `link` is the field that names the document; `parent` the DocType whose permission is asked.
    """

    key: str
    doctype: str
    fields: tuple[str, ...]
    link: str = "parent"
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One DocType to be pulled: its fields, what is left out at the source, and its tables."""

    doctype: str
    fields: tuple[str, ...]
    filters: tuple[tuple[Any, ...], ...] = ()
    children: tuple[Child, ...] = ()


def plans(settings: Mapping[str, Any], versions: Mapping[str, str]) -> tuple[Plan, ...]:
    """What to pull, in the order in which documents refer to one another.

    Settings: `company`, `take` (DocTypes; all when empty), `mrp_field` (a field of Item and Batch),
    `price_lists`.
    """
    india = _major(versions.get("india_compliance", ""))
    bundles = _major(versions.get("erpnext", "")) >= 15
    mrp = tuple(filter(None, [str(settings.get("mrp_field") or "")]))
    company = str(settings.get("company") or "")
    of_company = (("company", "=", company),) if company else ()
    lists = sorted(set(price_lists(settings).values()))
    line = _LINE + (_GST if india >= 15 else ()) + (("gst_hsn_code",) if india else ())
    line += ("serial_and_batch_bundle",) if bundles else ()
    of_item = Child("prices", "Item Price", _PRICE, link="item_code")
    taxes = ("parent", "idx", "item_wise_tax_detail")
    found = (
        Plan("Company", ("name", "abbr", "company_name", "modified", *_if(india, "gstin")),
             (("name", "=", company),) if company else ()),
        Plan("Warehouse", _WAREHOUSE, of_company),
        Plan("Customer", (*_CUSTOMER, *_if(india, "gstin")),
             children=(Child("limits", "Customer Credit Limit", ("parent", "idx", "company", "credit_limit"),
                             parent="Customer"),)),
        Plan("Item", (*_ITEM, *_if(india, "gst_hsn_code"), *mrp),
             children=(Child("uoms", "UOM Conversion Detail", ("parent", "idx", "uom", "conversion_factor"),
                             parent="Item"), of_item)),
        Plan("Item Price", (*_PRICE, "modified"), (("price_list", "in", lists),)),
        Plan("Batch", ("name", "item", "manufacturing_date", "expiry_date", "disabled", "modified", *mrp)),
        Plan("Purchase Invoice", (*_MOVED, *_BILL, *_if(india, "supplier_gstin")), (BOOKED, *of_company),
             (Child("items", "Purchase Invoice Item", line, parent="Purchase Invoice"),)),
        Plan("Purchase Receipt", (*_MOVED, "supplier"), (BOOKED, *of_company),
             (Child("items", "Purchase Receipt Item", line, parent="Purchase Receipt"),)),
        Plan("Sales Invoice", (*_MOVED, "customer", "return_against", "is_opening", "amended_from"),
             (BOOKED, *of_company),
             (Child("items", "Sales Invoice Item", line, parent="Sales Invoice"),
              *_if(india < 15, Child("taxes", "Sales Taxes and Charges", taxes, parent="Sales Invoice")))),
        Plan("Bin", ("name", "item_code", "warehouse", "actual_qty", "stock_uom", "stock_value", "modified")),
    )  # fmt: skip
    wanted = set(settings.get("take") or ())
    return tuple(plan for plan in found if not wanted or plan.doctype in wanted)


ADDRESS = ("name", "address_line1", "address_line2", "city", "state", "pincode", "phone", "email_id")
BUNDLE = Child("batches", "Serial and Batch Entry", ("parent", "idx", "batch_no", "qty"),
               parent="Serial and Batch Bundle")  # fmt: skip
_BILL = ("supplier", "supplier_name", "bill_no", "bill_date", "update_stock")
_CUSTOMER = (
    "name", "customer_name", "customer_group", "territory", "mobile_no", "email_id", "language", "disabled",
    "customer_primary_address", "modified",
)  # fmt: skip
_PRICE = (
    "name", "item_code", "price_list", "price_list_rate", "uom", "batch_no", "valid_from", "valid_upto",
    "creation",
)  # fmt: skip
_WAREHOUSE = (
    "name", "warehouse_name", "company", "warehouse_type", "is_group", "disabled", "address_line_1", "city",
    "state", "pin", "modified",
)  # fmt: skip
_ITEM = (
    "name", "item_name", "item_group", "brand", "stock_uom", "disabled", "is_stock_item", "has_variants",
    "has_batch_no", "end_of_life", "shelf_life_in_days", "weight_per_unit", "weight_uom", "valuation_rate",
    "modified",
)  # fmt: skip


def price_lists(settings: Mapping[str, Any]) -> dict[str, str]:
    """Canonical price -> name of the site's price list."""
    named = settings.get("price_lists") or {}
    return {
        "mrp": str(named.get("mrp") or "MRP"),
        "trade_price": str(named.get("trade_price") or "Standard Selling"),
        "cost": str(named.get("cost") or "Standard Buying"),
    }


def _if(condition: object, *names: Any) -> Sequence[Any]:
    return names if condition else ()


def _major(version: str) -> int:
    first = version.partition(".")[0].lstrip("v")
    return int(first) if first.isascii() and first.isdigit() else 0
