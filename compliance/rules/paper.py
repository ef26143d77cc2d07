"""Rules about a paper itself, asked once more before it is issued."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from compliance.contracts import INVOICE_DATE, RETURN_ROUTE, Document, DocumentLine, PaperKind
from compliance.rules.registration import fssai
from compliance.rules.rule import PaperCase, day, say
from vyapar.kernel.calendar import financial_year
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.money import PAISE_PER_RUPEE, indian
from vyapar.kernel.phrases import Phrase, together
from vyapar.kernel.phrases import phrase as _
from vyapar.law.goods import is_food
from vyapar.law.papers import credit_note_last_date, paper_for
from vyapar.law.tax import IGST, tax_kind

#: Numbers that every rule and portal takes. Source: Rules 46(b), 49, 53, 55 CGST; IRP schema.
NUMBER = re.compile(r"[A-Z1-9][A-Z0-9/-]{0,15}")

_SUMS: Mapping[str, Phrase] = {
    "quantity": _("The total of quantity is not the sum of its lines."),
    "taxable_paise": _("The total of taxable is not the sum of its lines."),
    "cgst_paise": _("The total of CGST is not the sum of its lines."),
    "sgst_paise": _("The total of SGST is not the sum of its lines."),
    "igst_paise": _("The total of IGST is not the sum of its lines."),
    "cess_paise": _("The total of cess is not the sum of its lines."),
}

#: What papers are called in a sentence, and what a person should issue instead.
_NAMES: Mapping[PaperKind, Phrase] = {
    PaperKind.DELIVERY_CHALLAN: _("This paper is a delivery challan."),
    PaperKind.TAX_INVOICE: _("This paper is a tax invoice."),
    PaperKind.BILL_OF_SUPPLY: _("This paper is a bill of supply."),
}
_INSTEAD: Mapping[PaperKind, Phrase] = {
    PaperKind.DELIVERY_CHALLAN: _("Issue a delivery challan."),
    PaperKind.TAX_INVOICE: _("Issue a tax invoice."),
    PaperKind.BILL_OF_SUPPLY: _("Issue a bill of supply."),
}


def d01(case: PaperCase) -> Iterator[Finding]:
    """The number is one that the Rules and the portals take, in the year of its date."""
    document = case.document
    if document.number and not NUMBER.fullmatch(document.number):
        yield say(
            "D01",
            _(
                "%(number)s is not a number for a paper: at most 16 capitals, digits, hyphens and slashes, "
                "not starting with 0, - or /.",
                number=document.number,
            ),
            field="number",
        )
    if document.financial_year != financial_year(document.document_date):
        yield say(
            "D01",
            _(
                "A paper of %(day)s belongs to the financial year %(year)s, not %(written)s.",
                day=day(document.document_date),
                year=financial_year(document.document_date),
                written=document.financial_year,
            ),
            field="financial_year",
        )


def t01(case: PaperCase) -> Iterator[Finding]:
    """The kind of paper is the one that the two registrations ask for."""
    document = case.document
    if not document.seller.gstin:
        yield say("T01", _("The sender has no GSTIN, so no GST paper can be issued for it."))
        return
    nil = all(line.exempt for line in document.lines)
    route = document.extra.get(RETURN_ROUTE, "")
    need = paper_for(document.seller.gstin, document.buyer.gstin, all_nil=nil, return_route=route)
    note = document.kind is PaperKind.CREDIT_NOTE
    if note and need.kind is not PaperKind.TAX_INVOICE:
        message = _("%(need)s It bears no tax that a credit note could take off.", need=need.reason)
        yield say("T01", message)
    elif not note and document.kind is not need.kind:
        yield say(
            "T01",
            together(need.reason, _NAMES[document.kind]),
            fix=_INSTEAD[need.kind],
        )


def c01(case: PaperCase) -> Iterator[Finding]:
    """A credit note names its invoice and its day, and comes in time."""
    document = case.document
    if document.kind is not PaperKind.CREDIT_NOTE:
        return
    invoiced = document.extra.get(INVOICE_DATE, "")
    if not document.refers_to or not invoiced:
        yield say("C01", _("This credit note does not say which invoice of which day it credits."))
        return
    first = date.fromisoformat(invoiced)
    last = credit_note_last_date(first)
    if not first <= document.document_date <= last:
        yield say(
            "C01",
            _(
                "An invoice of %(day)s is credited between that day and %(last)s.",
                day=day(first),
                last=day(last),
            ),
            fix=_("Later, only the price can be settled, without GST."),
        )


def c02(case: PaperCase) -> Iterator[Finding]:
    """The sender's tax falls only when a registered receiver gave its credit back."""
    document = case.document
    if document.kind is PaperKind.CREDIT_NOTE and document.buyer.gstin:
        yield say(
            "C02",
            _(
                "Take %(tax)s off the tax of %(seller)s only once %(buyer)s has accepted this note in its "
                "invoice management system.",
                tax=indian(document.totals.tax_paise),
                seller=document.seller.gstin,
                buyer=document.buyer.gstin,
            ),
            severity=Severity.INFO,
        )


def t02(case: PaperCase) -> Iterator[Finding]:
    """Tax within a State is under two heads, across States under one, on a challan under none."""
    document = case.document
    wanted = tax_kind(document.seller.state_code, document.place_of_supply)
    if document.tax_kind != wanted:
        yield say(
            "T02",
            _(
                "Between State %(source)s and %(place)s the tax is %(wanted)s, not %(written)s.",
                source=document.seller.state_code,
                place=document.place_of_supply,
                wanted=wanted,
                written=document.tax_kind,
            ),
        )
    wrong = [line.serial for line in document.lines if not _heads_fit(line, document)]
    if wrong:
        rows = ", ".join(map(str, wrong))
        message = _("Row %(rows)s: tax stands under a head that does not belong here.", rows=rows)
        yield say("T02", message, rows=wrong)


def d02(case: PaperCase) -> Iterator[Finding]:
    """Totals are the sums of the lines and end in whole rupees."""
    document, totals = case.document, case.document.totals
    for name, message in _SUMS.items():
        if sum(getattr(line, name) for line in document.lines) != getattr(totals, name):
            yield say("D02", message, field=name)
    due = totals.taxable_paise + totals.tax_paise + totals.round_off_paise
    small = abs(totals.round_off_paise) < PAISE_PER_RUPEE
    if due != totals.total_paise or totals.total_paise % PAISE_PER_RUPEE or not small:
        message = _("The total is not the taxable value with tax, rounded to the rupee.")
        yield say("D02", message, field="total_paise")


def f01_paper(case: PaperCase) -> Iterator[Finding]:
    """A paper for food shows the FSSAI number of the sender."""
    document = case.document
    food = any(is_food(line.hsn, case.own_date) for line in document.lines)
    yield from fssai(document.seller, carries_food=food)


def _heads_fit(line: DocumentLine, document: Document) -> bool:
    if not document.is_supply:
        return line.tax_paise == 0
    if line.cgst_paise != line.sgst_paise:
        return False
    return line.igst_paise == 0 if document.tax_kind != IGST else line.cgst_paise == 0
