"""What we ask of Tally, in its XML. Pure.

Only shapes that Tally is known to answer are written: a collection that the request itself defines,
its fields fetched, and filters made of nothing but numbers. What a request defines wrongly Tally tells
in a dialogue on its own screen and answers nobody until someone closes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from xml.sax.saxutils import escape, quoteattr

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

COMPANIES = "VSCompanies"
_COMPANY_METHODS = ("Name", "GUID", "StartingFrom", "BooksFrom", "AltMstId", "AltVchId")
#: Every kind of master: its type in TDL, and the fields that are read of it.
MASTERS: dict[str, tuple[str, ...]] = {
    "Unit": ("Name", "IsSimpleUnit", "BaseUnits", "AdditionalUnits", "Conversion", "GSTRepUOM"),
    "Group": ("Name", "Parent"),
    "Stock Group": ("Name", "Parent", "HSNDetails.*", "GSTDetails.*"),
    "Stock Category": ("Name", "Parent"),
    "GST Classification": ("Name", "HSNDetails.*", "GSTDetails.*"),
    "Voucher Type": ("Name", "Parent"),
    "Godown": ("Name", "Parent", "Address", "Pincode"),
    "Ledger": (
        "Name", "Parent", "Address", "Pincode", "LedStateName", "PartyGSTIN", "LedgerMobile", "LedgerPhone",
        "EMail", "CreditLimit", "ClosingBalance", "LedGSTRegDetails.*", "LedMailingDetails.*",
    ),
    "Stock Item": (
        "Name", "Parent", "Category", "BaseUnits", "AdditionalUnits", "Conversion", "Denominator",
        "GSTRepUOM", "HSNDetails.*", "GSTDetails.*", "MRPDetails.*", "StandardPriceList.*",
        "StandardCostList.*", "OpeningBalance", "OpeningRate", "OpeningValue", "BatchAllocations.*",
    ),
}  # fmt: skip
#: What quantities of an item are understood by.
ITEM_UNITS = ("Name", "Parent", "BaseUnits", "AdditionalUnits", "Conversion", "Denominator")
#: What stock is walked from, and what it must come to.
ITEM_STOCK = (
    *ITEM_UNITS, "OpeningBalance", "OpeningRate", "OpeningValue", "ClosingBalance", "ClosingValue",
    "MRPDetails.*", "BatchAllocations.*",
)  # fmt: skip
_HEAD = (
    "Date",
    "GUID",
    "MasterID",
    "AlterID",
    "VoucherTypeName",
    "VoucherNumber",
    "IsCancelled",
    "IsOptional",
)
_BATCH = ("GodownName", "DestinationGodownName", "BatchName", "ActualQty", "TrackingNumber", "MfdOn",
          "ExpiryPeriod")  # fmt: skip
_LINE = ("StockItemName", "IsDeemedPositive", "ActualQty", "BilledQty", "TrackingNumber")
_LISTS = ("AllInventoryEntries", "InventoryEntriesIn", "InventoryEntriesOut")
#: A voucher whole, as far as goods and their price go.
VOUCHER = (
    *_HEAD, "Reference", "Narration", "PartyLedgerName", "PartyGSTIN", "PlaceOfSupply", "IsPostDated",
    *(f"{part}.{name}" for part in _LISTS for name in (*_LINE, "Rate", "Amount", "MRPRate")),
    *(f"{part}.BatchAllocations.{name}" for part in _LISTS
      for name in (*_BATCH, "BilledQty", "Amount", "MRPRate")),
    *(f"{part}.{name}" for part in ("AllLedgerEntries", "LedgerEntries")
      for name in ("LedgerName", "Amount", "IsPartyLedger")),
)  # fmt: skip
#: What of a voucher moves stock, and that it is still there.
MOVEMENT = (
    *_HEAD, "IsPostDated",
    *(f"{part}.{name}" for part in _LISTS for name in _LINE),
    *(f"{part}.BatchAllocations.{name}" for part in _LISTS for name in (*_BATCH, "BatchPhysDiff")),
)  # fmt: skip
#: How a voucher of ours is known again: Tally overwrites the id we give it, never the narration.
MARK = (*_HEAD, "Narration")


@dataclass(frozen=True, slots=True)
class Period:
    """Days from and to, both included."""

    first: date
    last: date


def list_companies() -> bytes:
    """Companies that are open, with the counters of their changes (methods, not stored fields)."""
    body = _collection(COMPANIES, "Company", methods=_COMPANY_METHODS)
    return _export(COMPANIES, "", None, body)


def list_masters(company: str, kind: str, fields: Sequence[str], *, after: int = 0) -> bytes:
    """Masters of a kind; with `after` those changed since that AlterID."""
    name = f"VS{kind.replace(' ', '')}s"
    filters = {"VSChanged": f"$AlterID > {int(after)}"} if after else {}
    return _export(name, company, None, _collection(name, kind, fields, filters=filters))


def list_vouchers(company: str, fields: Sequence[str], period: Period, *, after: int = 0) -> bytes:
    """Vouchers of a period; with `after` those changed since that AlterID."""
    name = "VSVouchers"
    filters = {"VSPeriod": "$Date >= ##SVFromDate AND $Date <= ##SVToDate"}
    if after:
        filters["VSChanged"] = f"$AlterID > {int(after)}"
    return _export(name, company, period, _collection(name, "Voucher", fields, filters=filters))


def list_stock(company: str, period: Period) -> bytes:
    """Items with what they opened with in a period and what Tally says they close with."""
    name = "VSStock"
    return _export(name, company, period, _collection(name, "Stock Item", ITEM_STOCK))


def list_prices(company: str) -> bytes:
    """Items with their price lists by level."""
    name = "VSPrices"
    return _export(name, company, None, _collection(name, "Stock Item", ("Name", "FullPriceList.*")))


def import_messages(company: str, report: str, messages: Iterable[str]) -> bytes:
    """An import of `All Masters` or `Vouchers`, the form in which Tally also reads it from a file."""
    static = element("STATICVARIABLES", element("SVCURRENTCOMPANY", text(company))) if company else ""
    told = "".join(f'<TALLYMESSAGE xmlns:UDF="TallyUDF">{message}</TALLYMESSAGE>' for message in messages)
    body = element(
        "IMPORTDATA",
        element("REQUESTDESC", element("REPORTNAME", text(report)), static),
        element("REQUESTDATA", told),
    )
    header = element("HEADER", element("TALLYREQUEST", "Import Data"))
    return _document(element("ENVELOPE", header, element("BODY", body)))


def element(tag: str, *inner: str, **attributes: str) -> str:
    """An element around what is XML already."""
    told = "".join(f" {name}={quoteattr(_allowed(value))}" for name, value in attributes.items())
    return f"<{tag}{told}>{''.join(inner)}</{tag}>"


def text(value: str) -> str:
    """Plain text as XML, without the characters XML forbids."""
    return escape(_allowed(value))


def _allowed(value: str) -> str:
    return _FORBIDDEN.sub("", value)


def _document(xml: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{xml}'.encode()


def _export(name: str, company: str, period: Period | None, definition: str) -> bytes:
    static = element("SVEXPORTFORMAT", "$$SysName:XML")
    if company:
        static += element("SVCURRENTCOMPANY", text(company))
    if period:
        static += element("SVFROMDATE", f"{period.first:%Y%m%d}", TYPE="Date")
        static += element("SVTODATE", f"{period.last:%Y%m%d}", TYPE="Date")
    header = element(
        "HEADER",
        element("VERSION", "1"),
        element("TALLYREQUEST", "Export"),
        element("TYPE", "Collection"),
        element("ID", name),
    )
    tdl = element("TDL", element("TDLMESSAGE", definition))
    desc = element("DESC", element("STATICVARIABLES", static), tdl)
    return _document(element("ENVELOPE", header, element("BODY", desc)))


def _collection(
    name: str,
    kind: str,
    fields: Sequence[str] = (),
    *,
    methods: Sequence[str] = (),
    filters: dict[str, str] | None = None,
) -> str:
    parts = [element("TYPE", kind)]
    parts += [element("FETCH", field) for field in fields]
    parts += [element("NATIVEMETHOD", method) for method in methods]
    parts += [element("FILTERS", ",".join(filters))] if filters else []
    formulas = [
        element("SYSTEM", text(formula), TYPE="Formulae", NAME=own)
        for own, formula in (filters or {}).items()
    ]
    return element("COLLECTION", *parts, NAME=name, ISMODIFY="No") + "".join(formulas)
