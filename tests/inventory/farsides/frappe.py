"""A site that speaks Frappe's REST interface: keeps documents, filters, pages, refuses in its ways.

It knows the fields of each DocType and refuses others, as the database behind the real one does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.inventory.farsides.http import FarSide, Reply, Request

KEY, SECRET = "key-5b1d", "site-secret-77aa"
_TABLES = {
    "Sales Invoice Item": ("Sales Invoice", "items"),
    "Sales Taxes and Charges": ("Sales Invoice", "taxes"),
    "Purchase Invoice Item": ("Purchase Invoice", "items"),
    "Purchase Receipt Item": ("Purchase Receipt", "items"),
    "UOM Conversion Detail": ("Item", "uoms"),
    "Customer Credit Limit": ("Customer", "credit_limits"),
    "Serial and Batch Entry": ("Serial and Batch Bundle", "entries"),
}
_EVERYWHERE = {"name", "modified", "creation", "docstatus", "owner", "idx", "parent", "parenttype", "doctype"}
#: Fields that only sites with India Compliance, or of version 15 on, have.
_INDIAN = {"gstin", "gst_hsn_code", "supplier_gstin"}
_INDIAN_15 = {
    "taxable_value",
    "igst_amount",
    "cgst_amount",
    "sgst_amount",
    "cess_amount",
    "cess_non_advol_amount",
}
_BUNDLED = {"serial_and_batch_bundle", "use_serial_batch_fields"}
_CHILD = {
    "item_code", "qty", "uom", "stock_qty", "stock_uom", "conversion_factor", "batch_no", "warehouse",
    "base_net_amount", "rate", "s_warehouse", "t_warehouse", "item_wise_tax_detail", "company",
    "credit_limit",
}  # fmt: skip


class Frappe(FarSide):
    """One site. `put` is what a user does in its forms; `clock` is its time."""

    def __init__(self, versions: dict[str, str] | None = None) -> None:
        super().__init__()
        self.versions = versions or {"frappe": "15.40.1", "erpnext": "15.38.0", "india_compliance": "15.12.0"}
        self.documents: dict[str, dict[str, dict[str, Any]]] = {}
        self.clock = datetime(2026, 11, 20, 9, 0, 0, 123456)
        self.forbidden: set[str] = set()
        self.key_field: str | None = "custom_vyapar_key"
        self.unique = True  # whether that field is
        self.balances: dict[tuple[str, str], dict[str, float]] = {}  # (item, warehouse) -> batch -> qty
        self._numbers = count(1)

    # --- what users do ---------------------------------------------------------------------

    def put(self, doctype: str, name: str = "", *, tick: float = 1.0, **fields: Any) -> dict[str, Any]:
        """Make or change a document at the site's time, which then moves on by `tick` seconds."""
        name = name or f"{doctype[:4].upper().strip()}-{next(self._numbers):05}"
        old = self.documents.setdefault(doctype, {}).get(name, {})
        now = str(self.clock)
        fresh = {"docstatus": 0, "creation": now, **old, **deepcopy(fields), "name": name, "doctype": doctype}
        fresh["modified"] = now
        self.documents[doctype][name] = fresh
        self.clock += timedelta(seconds=tick)
        return fresh

    # --- what it answers -------------------------------------------------------------------

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"token {KEY}:{SECRET}":
            return self.error(
                401, "AuthenticationError", f"Invalid token {request.headers.get('authorization')}"
            )
        try:
            return self._route(request)
        except _Thrown as thrown:
            return self.error(thrown.status, thrown.kind, thrown.text)

    def error(self, status: int, kind: str, text: str = "", **headers: str) -> Reply:
        """An error in Frappe's form, its messages JSON inside JSON."""
        body = {
            "exception": f"frappe.exceptions.{kind}: {text}", "exc_type": kind,
            "exc": json.dumps([f"Traceback (most recent call last):\nfrappe.exceptions.{kind}: {text}\n"]),
            "_server_messages": json.dumps([json.dumps({"message": f"<b>{text}</b>", "indicator": "red"})]),
        }  # fmt: skip
        return Reply(status, body, dict(headers))

    def _route(self, request: Request) -> Reply:
        if request.path.startswith("/api/resource/"):
            parts = request.path.removeprefix("/api/resource/").split("/", 1)
            if request.method == "GET" and len(parts) == 1:
                asked = {**request.params, "doctype": parts[0]}
                return Reply(200, {"data": self._list(asked, child_allowed=False)})
            if request.method == "POST":
                return Reply(200, {"data": self._insert(parts[0], request.json())})
            if request.method == "PUT":
                return Reply(200, {"data": self._update(parts[0], parts[1], request.json())})
        methods: dict[str, Callable[[Any], Any]] = {
            "frappe.utils.change_log.get_versions": lambda _: {
                app: {"title": app, "version": version} for app, version in self.versions.items()
            },
            "frappe.client.get_list": lambda body: self._list(body, child_allowed=True),
            "frappe.client.cancel": lambda body: self._cancel(body["doctype"], body["name"]),
            "frappe.desk.query_report.run": self._report,
        }
        method = methods.get(request.path.removeprefix("/api/method/"))
        if method is None:
            raise _Thrown(404, "DoesNotExistError", request.path)
        return Reply(200, {"message": method(request.json() if request.body else {})})

    def _list(self, asked: dict[str, Any], *, child_allowed: bool) -> list[dict[str, Any]]:
        doctype = asked["doctype"]
        table = _TABLES.get(doctype)
        if table and not (child_allowed and asked.get("parent") == table[0]):
            raise _Thrown(403, "PermissionError", doctype)
        if doctype in self.forbidden:
            raise _Thrown(403, "PermissionError", f"No permission for {doctype}")
        fields, filters = _parsed(asked.get("fields")) or ["name"], _parsed(asked.get("filters")) or []
        rows = list(self._rows(doctype))
        for name in [*fields, *(one[-3] for one in filters)]:
            if not self._has(doctype, name):
                raise _Thrown(500, "OperationalError", f"(1054, \"Unknown column '{name}' in 'field list'\")")
        for one in filters:
            field, operator, value = one[-3:]
            rows = [row for row in rows if _matches(row.get(field), operator, value)]
        for part in reversed((asked.get("order_by") or "modified desc").split(",")):
            field, _space, way = part.strip().partition(" ")
            rows.sort(key=lambda row: _folded(row.get(field)), reverse=way == "desc")
        start, length = int(asked.get("limit_start") or 0), int(asked.get("limit_page_length") or 20)
        return [{name: row.get(name) for name in fields} for row in rows[start : start + length]]

    def _rows(self, doctype: str) -> Iterable[dict[str, Any]]:
        if doctype not in _TABLES:
            return self.documents.get(doctype, {}).values()
        parent, key = _TABLES[doctype]
        return [
            {**row, "parent": document["name"], "idx": number, "name": f"{document['name']}-{number}"}
            for document in self.documents.get(parent, {}).values()
            for number, row in enumerate(document.get(key, ()), 1)
        ]

    def _has(self, doctype: str, name: str) -> bool:
        major = int(self.versions["erpnext"].split(".")[0])
        india = int(self.versions.get("india_compliance", "0").split(".")[0])
        if name in _INDIAN:
            return india > 0
        if name in _INDIAN_15:
            return india >= 15
        if name in _BUNDLED:
            return major >= 15
        if name.startswith("custom_"):
            return name == self.key_field or any(name in row for row in self._rows(doctype))
        if doctype in _TABLES:
            return name in _EVERYWHERE | _CHILD
        return True

    def _insert(self, doctype: str, body: dict[str, Any]) -> dict[str, Any]:
        key = body.get(self.key_field) if self.key_field else None
        kept = {name: value for name, value in body.items() if self._has(doctype, name)}
        for line in body.get("items", ()):
            batch = line.get("batch_no")
            if batch and batch not in self.documents.get("Batch", {}):
                raise _Thrown(417, "LinkValidationError", f"Could not find Row #1: Batch No: {batch}")
        others = self.documents.get(doctype, {}).values()
        if key and self.unique and any(one.get(self.key_field) == key for one in others):
            raise _Thrown(409, "UniqueValidationError", f"{self.key_field} must be unique")
        return self.put(doctype, **kept)

    def _update(self, doctype: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        if name not in self.documents.get(doctype, {}):
            raise _Thrown(404, "DoesNotExistError", f"{doctype} {name} not found")
        return self.put(doctype, name, **body)

    def _cancel(self, doctype: str, name: str) -> dict[str, Any]:
        found = self.documents.get(doctype, {}).get(name)
        if found is None or found["docstatus"] != 1:
            raise _Thrown(417, "ValidationError", f"Cannot cancel {doctype} {name}")
        return self.put(doctype, name, docstatus=2)

    def _report(self, body: dict[str, Any]) -> dict[str, Any]:
        place = body["filters"]["warehouse"]
        names = ("Item", "Item Name", "Description", "Warehouse", "Batch", "Opening Qty", "In Qty", "Out Qty",
                 "Balance Qty", "UOM")  # fmt: skip
        rows: list[Any] = [
            [item, item, item, warehouse, batch, 0.0, quantity, 0.0, quantity, "Nos"]
            for (item, warehouse), batches in self.balances.items()
            for batch, quantity in batches.items()
            if warehouse == place
        ]
        return {"columns": [f"{name}:Data:90" for name in names], "result": rows}


class _Thrown(Exception):
    def __init__(self, status: int, kind: str, text: str) -> None:
        super().__init__(text)
        self.status, self.kind, self.text = status, kind, text


def _parsed(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _folded(value: Any) -> Any:
    """Names sort without regard to case, as the site's database does."""
    return value if isinstance(value, int | float) else str(value or "").casefold()


def _matches(value: Any, operator: str, wanted: Any) -> bool:
    if operator == "in":
        return value in wanted
    if operator == "like":
        pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in wanted)
        return re.fullmatch(pattern, str(value or ""), re.DOTALL) is not None
    left, right = _folded(value), _folded(wanted)
    return {"=": left == right, ">": left > right, ">=": left >= right, "<": left < right}[operator]


# --- a site with something in it ----------------------------------------------------------


def invoice(site: Frappe, name: str, tick: float = 1.0, quantity: float = 12, **changes: object) -> dict:
    line = {
        "item_code": "BIS-1", "qty": quantity, "uom": "Nos", "stock_qty": quantity, "stock_uom": "Nos",
        "conversion_factor": 1, "batch_no": "B/1", "warehouse": "Stores - VS", "gst_hsn_code": "1905",
        "base_net_amount": quantity * 10.0, "cgst_amount": quantity * 0.25, "sgst_amount": quantity * 0.25,
    }  # fmt: skip
    return site.put(
        "Sales Invoice", name, tick=tick, **{
            "docstatus": 1, "customer": "Kiran Stores", "posting_date": "2026-11-20",
            "posting_time": "9:05:00", "company": "VS", "is_return": 0, "items": [line], **changes,
        },
    )  # fmt: skip


def furnish(site: Frappe) -> None:
    """A company with a warehouse, a customer, an item in batches, and one of every document."""
    site.put("Company", "VS", abbr="VS", company_name="Vyapar Sales", gstin="27AABCU9603R1ZN")
    site.put("Warehouse", "Stores - VS", warehouse_name="Stores", company="VS", is_group=0, pin="411001")
    site.put("Warehouse", "All - VS", warehouse_name="All", company="VS", is_group=1)
    site.put(
        "Address", "Kiran-Billing", address_line1="4 Lane", city="Pune", pincode="411002", phone="9812345678"
    )
    site.put(
        "Customer", "Kiran Stores", customer_name="Kiran Stores", customer_group="Modern Trade",
        customer_primary_address="Kiran-Billing",
        gstin="27AABCU9603R1ZN", credit_limits=[{"company": "VS", "credit_limit": 50000.0}],
    )  # fmt: skip
    site.put(
        "Item", "BIS-1", item_name="Butter biscuit", item_group="Biscuits", brand="Sona", stock_uom="Nos",
        is_stock_item=1, has_batch_no=1, gst_hsn_code="1905", end_of_life="2099-12-31",
        shelf_life_in_days=180,
        weight_per_unit=0.25, weight_uom="Kg", valuation_rate=8.333,
        uoms=[{"uom": "Nos", "conversion_factor": 1}, {"uom": "Carton", "conversion_factor": 24}],
    )  # fmt: skip
    site.put("Item", "FEE", item_name="Handling", is_stock_item=0)
    for name, rate in (("MRP", 12.5), ("Standard Selling", 10.5), ("Nobody's", 1.0)):
        site.put(
            "Item Price", item_code="BIS-1", price_list=name, price_list_rate=rate, valid_from="2026-04-01"
        )
    site.put("Batch", "B/1", item="BIS-1", manufacturing_date="2026-08-01", expiry_date="2027-01-31")
    line = {
        "item_code": "BIS-1", "qty": 10, "uom": "Carton", "stock_qty": 240, "stock_uom": "Nos",
        "batch_no": "B/1", "conversion_factor": 24, "warehouse": "Stores - VS", "base_net_amount": 2000.0,
        "cgst_amount": 50.0, "sgst_amount": 50.0,
    }  # fmt: skip
    booked = {"docstatus": 1, "company": "VS", "posting_date": "2026-11-02", "posting_time": "10:00:00.5"}
    site.put(
        "Purchase Invoice", "PINV-1", supplier="S", supplier_name="Sona Foods", bill_no="SF/77",
        bill_date="2026-11-01", update_stock=0, items=[line], **booked,
    )  # fmt: skip
    site.put("Purchase Receipt", "PR-1", supplier="S", items=[line], **booked)
    invoice(site, "SINV-1")
    site.put("Bin", "bin1", item_code="BIS-1", warehouse="Stores - VS", actual_qty=228.0, stock_uom="Nos")
    site.balances[("BIS-1", "Stores - VS")] = {"B/1": 228.0}
