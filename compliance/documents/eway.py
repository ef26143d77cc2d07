"""E-way bills: built from a paper, checked as the portal would, written in its upload format. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from compliance.contracts import (
    RETURN_ROUTE,
    Document,
    DocumentLine,
    EwayBill,
    EwayItem,
    EwayParty,
    PaperKind,
)
from compliance.documents.eway_checks import check_eway
from vyapar.kernel.decision import Finding
from vyapar.kernel.errors import Fault, Refused
from vyapar.kernel.facts import Party
from vyapar.kernel.money import PAISE_PER_RUPEE
from vyapar.kernel.phrases import phrase as _
from vyapar.law.codes import offline_keys
from vyapar.law.eway import limit
from vyapar.law.tax import IGST

#: Format version of the bulk-upload file that NIC's offline tool writes.
FILE_VERSION = "1.0.0621"
SIMULATED = "SIMULATED - not filed"

#: Document type and sub-supply type by kind of paper: 5 is own use, 1 supply.
_TYPES = {
    PaperKind.DELIVERY_CHALLAN: ("CHL", 5),
    PaperKind.TAX_INVOICE: ("INV", 1),
    PaperKind.BILL_OF_SUPPLY: ("BIL", 1),
}
#: The portal knows no outward type for goods that go back: "others", with its description.
_OTHERS, _RETURNED = 8, "Goods returned"
_MODES = {"road": 1, "rail": 2, "air": 3, "ship": 4}
_UNREGISTERED = "URP"
_ADDRESS = 120
_DAY = "%d/%m/%Y"


def eway_bill(document: Document) -> EwayBill:
    """The e-way bill of a paper that has its number; goods beyond the portal's limit are merged.

    Raises `Refused` when the paper has no number or its kind is never declared.
    """
    if not document.number or document.kind not in _TYPES:
        message = _("an e-way bill is made from a challan, invoice or bill that has its number")
        raise Refused(message, code="not_issued", faults=[Fault("not_issued", message, "number")])
    document_type, sub_supply = _TYPES[document.kind]
    returned = document.kind is PaperKind.DELIVERY_CHALLAN and RETURN_ROUTE in document.extra
    sub_supply = _OTHERS if returned else sub_supply
    totals, transport = document.totals, document.transport
    vehicle = re.sub(r"[\s-]", "", transport.vehicle_number).upper()
    return EwayBill(
        user_gstin=document.seller.gstin,
        supply_type="O",
        sub_supply_type=sub_supply,
        sub_supply_description=_RETURNED if returned else "",
        document_type=document_type,
        document_number=document.number,
        document_date=document.document_date,
        transaction_type=1,
        source=_party(document.seller),
        destination=_party(document.buyer),
        items=_items(document),
        taxable_paise=totals.taxable_paise,
        cgst_paise=totals.cgst_paise,
        sgst_paise=totals.sgst_paise,
        igst_paise=totals.igst_paise,
        cess_paise=totals.cess_paise,
        other_paise=totals.round_off_paise,
        total_paise=totals.total_paise,
        distance_km=transport.distance_km,
        mode=_MODES.get(transport.mode, 1),
        vehicle_number=vehicle,
        vehicle_type="R",
        transporter_id=transport.transporter_id,
        transporter_name=transport.transporter_name,
        simulated=document.simulated,
    )


def eway_json(
    documents: Document | Sequence[Document],
    *,
    at_date: date,
    sandbox_gstins: frozenset[str] = frozenset(),
) -> dict[str, Any]:
    """The bulk-upload file for one or more papers, ready for `json.dumps`.

    Raises `Refused` with one fault per objection that the portal would make on `at_date`.
    """
    papers = [documents] if isinstance(documents, Document) else list(documents)
    bills = [eway_bill(paper) for paper in papers]
    faults = [
        Fault(finding.code, finding.message, "eway", row)
        for row, bill in enumerate(bills, start=1)
        for finding in blocking(bill, at_date=at_date, sandbox_gstins=sandbox_gstins)
    ]
    if faults:
        message = _("the e-way bill portal would refuse this: %(message)s", message=faults[0].message)
        raise Refused(message, code="eway_refused", faults=faults)
    file: dict[str, Any] = {"version": FILE_VERSION, "billLists": [bill_json(b) for b in bills]}
    if any(bill.simulated for bill in bills):
        file["note"] = SIMULATED
    return file


def blocking(
    bill: EwayBill, *, at_date: date, sandbox_gstins: frozenset[str] = frozenset()
) -> tuple[Finding, ...]:
    """The objections that would stop an upload on a day."""
    found = check_eway(bill, at_date=at_date, sandbox_gstins=sandbox_gstins)
    return tuple(finding for finding in found if finding.blocks)


def bill_json(bill: EwayBill) -> dict[str, Any]:
    """One bill with the names of the upload file; rupees and percents as JSON numbers."""
    fields = {
        "userGstin": bill.user_gstin,
        "supplyType": bill.supply_type,
        "subSupplyType": bill.sub_supply_type,
        "subSupplyDesc": bill.sub_supply_description,
        "docType": bill.document_type,
        "docNo": bill.document_number,
        "docDate": bill.document_date.strftime(_DAY),
        "transactionType": bill.transaction_type,
        **_party_json("from", "actFromStateCode", bill.source),
        **_party_json("to", "actToStateCode", bill.destination),
        "totalValue": _number(bill.taxable_paise),
        "cgstValue": _number(bill.cgst_paise),
        "sgstValue": _number(bill.sgst_paise),
        "igstValue": _number(bill.igst_paise),
        "cessValue": _number(bill.cess_paise),
        "cessNonAdvolValue": 0,
        "otherValue": _number(bill.other_paise),
        "totInvValue": _number(bill.total_paise),
        "transMode": bill.mode,
        "transDistance": bill.distance_km,
        "transporterName": bill.transporter_name,
        "transporterId": bill.transporter_id,
        "transDocNo": "",
        "transDocDate": "",
        "vehicleNo": bill.vehicle_number,
        "vehicleType": bill.vehicle_type,
        "mainHsnCode": _hsn(bill.items[0].hsn),
        "itemList": [_item_json(item) for item in bill.items],
    }
    names = offline_keys()
    return {names.get(key, key): value for key, value in fields.items()}


def _items(document: Document) -> tuple[EwayItem, ...]:
    items = [_item(line, document) for line in document.lines]
    if len(items) > limit("items", document.document_date):
        items = list(_merged(items))
    return tuple(replace(item, serial=serial) for serial, item in enumerate(items, start=1))


def _item(line: DocumentLine, document: Document) -> EwayItem:
    whole = line.rate_bp if document.tax_kind == IGST else 0
    half = 0 if document.tax_kind == IGST else line.rate_bp // 2
    description = f"{line.description}, batch {line.batch}" if line.batch else line.description
    return EwayItem(
        serial=line.serial,
        name=line.sku,
        description=description,
        hsn=line.hsn,
        quantity=line.quantity,
        uqc=line.uqc,
        taxable_paise=line.taxable_paise,
        cgst_bp=half,
        sgst_bp=half,
        igst_bp=whole,
        cess_bp=line.cess_bp,
    )


def _merged(items: Sequence[EwayItem]) -> Iterator[EwayItem]:
    groups: dict[tuple[str, str, int, int, int], list[EwayItem]] = {}
    for item in items:
        key = (item.hsn, item.uqc, item.cgst_bp, item.igst_bp, item.cess_bp)
        groups.setdefault(key, []).append(item)
    for (hsn, *_rest), group in groups.items():
        yield replace(
            group[0],
            name=f"HSN {hsn}",
            description=f"{len(group)} lines of HSN {hsn}" if len(group) > 1 else group[0].description,
            quantity=sum(item.quantity for item in group),
            taxable_paise=sum(item.taxable_paise for item in group),
        )


def _party(party: Party) -> EwayParty:
    return EwayParty(
        gstin=party.gstin or _UNREGISTERED,
        trade_name=party.trade_name or party.legal_name,
        address=party.address,
        place=party.place,
        pincode=party.pincode,
        state_code=party.state_code,
    )


def _party_json(side: str, actual_state: str, party: EwayParty) -> dict[str, Any]:
    return {
        f"{side}Gstin": party.gstin,
        f"{side}TrdName": party.trade_name[:100],
        f"{side}Addr1": party.address[:_ADDRESS],
        f"{side}Addr2": party.address[_ADDRESS : 2 * _ADDRESS],
        f"{side}Place": party.place[:50],
        f"{side}Pincode": int(party.pincode),
        f"{side}StateCode": int(party.state_code),
        actual_state: int(party.state_code),
    }


def _item_json(item: EwayItem) -> dict[str, Any]:
    return {
        "itemNo": item.serial,
        "productName": item.name[:100],
        "productDesc": item.description[:100],
        "hsnCode": _hsn(item.hsn),
        "quantity": item.quantity,
        "qtyUnit": item.uqc,
        "taxableAmount": _number(item.taxable_paise),
        "cgstRate": _number(item.cgst_bp),
        "sgstRate": _number(item.sgst_bp),
        "igstRate": _number(item.igst_bp),
        "cessRate": _number(item.cess_bp),
        "cessNonAdvol": 0,
    }


def _hsn(code: str) -> int | str:
    # The file wants numbers, but a chapter below 10 would lose its zero and with it its meaning.
    return code if code.startswith("0") else int(code)


def _number(hundredths: int) -> int | float:
    # JSON knows numbers only; the nearest double prints its two decimals back exactly.
    whole, rest = divmod(hundredths, PAISE_PER_RUPEE)
    return whole if rest == 0 else hundredths / PAISE_PER_RUPEE
