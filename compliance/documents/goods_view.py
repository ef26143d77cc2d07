"""What a challan, invoice, bill of supply or credit note shows, as text ready for its template. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from itertools import accumulate
from typing import Any

from compliance.contracts import INVOICE_DATE, Document, DocumentLine, PaperKind
from compliance.documents.figures import (
    address_lines,
    amount,
    day,
    figure,
    instant,
    month,
    per_unit,
    percent,
    state_name,
    whole,
)
from compliance.documents.frozen import seal_of
from compliance.documents.words import rupees_in_words
from vyapar.kernel.facts import Party
from vyapar.kernel.money import indian
from vyapar.law.eway import validity_days
from vyapar.law.tax import IGST

#: Begins the id under which the template sets a line; its serial number follows.
_LINE = "line-"
_TAXED = (PaperKind.TAX_INVOICE, PaperKind.CREDIT_NOTE)


def goods_view(document: Document, *, generated_at: datetime) -> dict[str, Any]:
    """Everything the template of goods papers prints; no other source of text exists.

    The template adds labels in the reader's language. Amounts carry Indian grouping, days are day
    first, instants are in IST.
    """
    return {
        "kind": document.kind.value,
        "number": document.number,
        "date": day(document.document_date),
        "financial_year": document.financial_year,
        "is_supply": document.is_supply,
        "is_taxed": document.kind in _TAXED,
        "between_states": document.is_between_states,
        "place_of_supply": state_name(document.place_of_supply),
        "reverse_charge": document.reverse_charge,
        "seller": _party(document.seller),
        "buyer": _party(document.buyer),
        "dispatched_from": document.dispatched_from,
        "delivered_to": document.delivered_to,
        "lines": [_line(line) for line in document.lines],
        "columns": _columns(document),
        "totals": _totals(document),
        "summary": _summary(document),
        "words": rupees_in_words(document.totals.total_paise),
        "reason": document.reason,
        "basis": document.basis,
        "valuation": document.valuation_note,
        "transport": _transport(document),
        "eway": _eway(document),
        "refers_to": document.refers_to,
        "invoice_date": day(_invoice_date(document)),
        "extra": dict(document.extra),
        "simulated": document.simulated,
        "draft": not document.number,
        "rule_version": document.rule_version,
        "seal": seal_of(document),
        "generated_at": instant(generated_at),
    }


def carried_over(document: Document, marks: Sequence[Sequence[str]]) -> list[dict[str, Any] | None]:
    """What each page hands on to the next: the sums of all lines so far; None where no line follows.

    marks: the ids that stand on each page, as the press found them.
    """
    ends = [
        max((int(one.removeprefix(_LINE)) for one in page if one.startswith(_LINE)), default=0)
        for page in marks
    ]
    last = max(ends, default=0)
    return [_sums_until(document, end) if end < last else None for end in accumulate(ends, max)]


def _sums_until(document: Document, serial: int) -> dict[str, Any]:
    lines = [line for line in document.lines if line.serial <= serial]
    tax = sum(line.tax_paise for line in lines)
    taxable = sum(line.taxable_paise for line in lines)
    return {
        "serial": serial,
        "quantity": whole(sum(line.quantity for line in lines)),
        "value": amount(taxable),
        "tax": amount(tax) if document.kind in _TAXED else "",
        "total": amount(taxable + tax),
    }


def _invoice_date(document: Document) -> date | None:
    invoiced = document.extra.get(INVOICE_DATE)
    return date.fromisoformat(invoiced) if invoiced else None


def _party(party: Party) -> dict[str, Any]:
    return {
        "legal_name": party.legal_name,
        "trade_name": "" if party.trade_name == party.legal_name else party.trade_name,
        "address": address_lines(party),
        "gstin": party.gstin,
        "pan": party.gstin[2:12],
        "fssai": party.fssai,
    }


def _line(line: DocumentLine) -> dict[str, Any]:
    return {
        "serial": line.serial,
        "sku": line.sku,
        "description": line.description,
        "batch": line.batch,
        "made": month(line.manufacture_date) if line.manufacture_date else "",
        "expires": day(line.expiry_date) if line.expiry_date else "",
        "mrp": amount(line.mrp_paise) if line.mrp_paise else "",
        "hsn": line.hsn,
        "quantity": whole(line.quantity),
        "unit": line.uqc,
        "unit_value": per_unit(line.taxable_paise, line.quantity),
        "taxable": amount(line.taxable_paise),
        "rate": percent(line.rate_bp),
        "half_rate": percent(line.rate_bp // 2),
        "cgst": figure(line.cgst_paise),
        "sgst": figure(line.sgst_paise),
        "igst": figure(line.igst_paise),
        "cess": figure(line.cess_paise),
        "cess_rate": percent(line.cess_bp) if line.cess_bp else "",
        "total": amount(line.total_paise),
        "exempt": line.exempt,
    }


def _columns(document: Document) -> dict[str, Any]:
    taxed = document.kind in _TAXED
    return {
        "igst": taxed and document.tax_kind == IGST,
        "halves": taxed and document.tax_kind != IGST,
        "state_half": document.tax_kind.removeprefix("CGST+"),
        "cess": taxed and document.totals.cess_paise != 0,
    }


def _totals(document: Document) -> dict[str, Any]:
    totals = document.totals
    return {
        "quantity": whole(totals.quantity),
        "taxable": amount(totals.taxable_paise),
        "cgst": amount(totals.cgst_paise),
        "sgst": amount(totals.sgst_paise),
        "igst": amount(totals.igst_paise),
        "cess": amount(totals.cess_paise),
        "round_off": amount(totals.round_off_paise),
        "tax": amount(totals.tax_paise),
        "gross": amount(totals.taxable_paise + totals.tax_paise),
        "has_round_off": totals.round_off_paise != 0,
        "total": indian(totals.total_paise),
    }


def _summary(document: Document) -> list[dict[str, str]]:
    groups: dict[tuple[str, int], list[DocumentLine]] = {}
    for line in document.lines:
        groups.setdefault((line.hsn, line.rate_bp), []).append(line)
    return [
        {
            "hsn": hsn,
            "rate": percent(rate),
            "quantity": whole(sum(line.quantity for line in lines)),
            "taxable": amount(sum(line.taxable_paise for line in lines)),
            "cgst": figure(sum(line.cgst_paise for line in lines)),
            "sgst": figure(sum(line.sgst_paise for line in lines)),
            "igst": figure(sum(line.igst_paise for line in lines)),
            "cess": figure(sum(line.cess_paise for line in lines)),
            "tax": amount(sum(line.tax_paise for line in lines)),
        }
        for (hsn, rate), lines in sorted(groups.items())
    ]


def _transport(document: Document) -> dict[str, Any]:
    transport = document.transport
    return {
        "vehicle": transport.vehicle_number,
        "transporter": transport.transporter_name or transport.transporter_id,
        "transporter_id": transport.transporter_id,
        "mode": transport.mode,
        "distance": whole(transport.distance_km),
        "days": transport.transit_days,
    }


def _eway(document: Document) -> dict[str, Any]:
    need = document.eway
    days = validity_days(max(document.transport.distance_km, 0), document.document_date)
    return {
        "needed": need.needed,
        "reason": need.reason,
        "basis": need.basis,
        "value": indian(need.value_paise),
        "threshold": indian(need.threshold_paise),
        "days": days,
        "number": document.extra.get("eway_number", ""),
    }
