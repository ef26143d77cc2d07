"""Documents by which the books follow the goods of a claim and what their company credits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from inventory.contracts.exports import HOME, read_document
from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine
from inventory.contracts.outcomes import ClaimState
from inventory.models import Claim, ClaimSending, Export
from inventory.selectors.claims import find_standing_sending
from inventory.selectors.exports import credited_lines, export_lines
from inventory.selectors.facts import get_place, party_at, tax_on
from vyapar.kernel.facts import CreditNote, MovementFacts
from vyapar.kernel.money import half_up
from vyapar.law.itc import RETURN_ROUTES

_SUPPLY, _GST_NOTE, _MONEY_NOTE = RETURN_ROUTES


def return_of(sending: ClaimSending, facts: MovementFacts) -> ExportDocument:
    """Goods of a claim that left, at cost: with GST where their paper is a tax invoice (Circular
    72/46/2018 para 3(A)), as stock alone where it is a challan (para 3(B))."""
    tax = {(goods.sku, goods.batch): tax_on(goods, facts) for goods in facts.lines}
    lines = export_lines(
        (n.sku, n.batch, n.quantity, n.unit_value_paise, tax[n.sku, n.batch]) for n in facts.lines
    )
    return ExportDocument(
        kind=ExportKind.RETURN,
        key=sending.key,
        number=_number(sending),
        at=sending.sent_at,
        lines=lines,
        source=sending.claim.location.code,
        party=_supplier(sending),
        narration=f"Goods of claim {sending.claim.reference} to {sending.company['legal_name']}",
        extra=_extra(sending),
    )


def homecoming_of(sending: ClaimSending, note: CreditNote | None, at: datetime) -> ExportDocument:
    """Goods that their company did not take, home again: against our credit note where an invoice was
    credited, else as stock alone."""
    one = ExportDocument(
        kind=ExportKind.REVERSAL,
        key=f"{sending.key}:home",
        number=_number(sending),
        at=at,
        lines=_at_cost(sending),
        target=sending.claim.location.code,
        party=_supplier(sending),
        narration=f"Goods of claim {sending.claim.reference} came home from {sending.company['legal_name']}",
        refers_to=sending.key,
        extra={**_extra(sending), "reason": HOME},
    )
    return one if note is None else _over_invoice(one, sending, note)


def credit_of(sending: ClaimSending, note: CreditNote, at: datetime) -> ExportDocument:
    """Our credit note over the invoice of goods that did not leave, where it could not be cancelled."""
    return _over_invoice(homecoming_of(sending, None, at), sending, note)


def debit_note_of(claim: Claim, at: datetime) -> ExportDocument | None:
    """What a company credits for goods that left, as the purchaser books it: without stock.

    The tax is that part of the credit taken which is attributable to the company's GST credit note
    (s.34(2) CGST Act), in proportion to what it credits, and none under a financial one. None while it
    credits nothing, while nothing has left, and for a supply of ours: there the invoice is what it owes.
    """
    sending = find_standing_sending(claim.pk)
    if claim.state != ClaimState.CREDITED or sending is None or sending.route == _SUPPLY:
        return None
    paise, goods = int(claim.credited_paise or 0), claim.batch
    (line,) = export_lines([(goods.sku.code, goods.number, sending.pieces, 0, 0)])
    priced = replace(
        line,
        unit_paise=half_up(Decimal(paise) / sending.pieces),
        amount_paise=paise,
        tax_paise=_attributable(sending, paise),
    )
    answered = claim.answered_on.isoformat() if claim.answered_on else ""
    return ExportDocument(
        kind=ExportKind.DEBIT_NOTE,
        key=f"claim:{claim.pk}:note:{_notes(claim).values('key').distinct().count() + 1}",
        number=claim.reference,
        at=at,
        lines=(priced,),
        source=claim.location.code,
        party=_supplier(sending),
        narration=f"Credit note {claim.credit_note} over claim {claim.reference}".replace("  ", " "),
        extra={**_extra(sending), "credit_note": claim.credit_note, "credited_on": answered},
    )


def find_booked_note(claim: Claim) -> ExportDocument | None:
    """The debit note of a claim that stands in the books or waits for them; None where there is none."""
    for row in _notes(claim).exclude(state=Export.State.CANCELLED).order_by("-pk"):
        if not Export.objects.filter(refers_to=row.key).exists():
            return read_document(row.document)
    return None


def says_the_same(one: ExportDocument, other: ExportDocument) -> bool:
    """Whether two debit notes book the same: goods, money, tax and the company's number and day."""
    told = ("credit_note", "credited_on", "return_route", "company_gstin")
    facts = [tuple(note.extra.get(name) for name in told) for note in (one, other)]
    return one.lines == other.lines and facts[0] == facts[1]


def list_claim_exports(claim: Claim) -> list[Export]:
    """What the goods and the answer of a claim sent to the books, oldest first."""
    wanted = Q(key__startswith=f"claim:{claim.pk}:note:")
    for key in ClaimSending.objects.filter(claim=claim).values_list("key", flat=True):
        wanted |= Q(key__startswith=key) | Q(kind=ExportKind.REVERSAL, number=key)  # a write-off bears it
    return list(Export.objects.select_related("feed").filter(wanted).order_by("pk"))


# --- parts ---------------------------------------------------------------------------------


def _notes(claim: Claim) -> Any:
    return Export.objects.filter(kind=ExportKind.DEBIT_NOTE, key__startswith=f"claim:{claim.pk}:note:")


def _attributable(sending: ClaimSending, paise: int) -> int:
    goods = sending.claim.batch
    if sending.route != _GST_NOTE or not goods.cost_paise:
        return 0
    return min(half_up(Decimal(paise) * goods.itc_paise / goods.cost_paise), sending.itc_paise)


def _at_cost(sending: ClaimSending) -> tuple[ExportLine, ...]:
    goods = sending.claim.batch
    return export_lines([(goods.sku.code, goods.number, sending.pieces, goods.cost_paise, 0)])


def _over_invoice(home: ExportDocument, sending: ClaimSending, note: CreditNote) -> ExportDocument:
    more = {"papers": [note.paper.number], "invoice": note.invoice, "goods_come_back": True}
    return replace(
        home,
        kind=ExportKind.CREDIT_NOTE,
        key=f"{sending.key}:credit",
        number=note.paper.number,
        lines=credited_lines(note),
        narration=f"Credit note over {note.invoice}",
        extra={**_extra(sending), **more},
    )


def _number(sending: ClaimSending) -> str:
    papers: Sequence[dict[str, Any]] = sending.papers
    return str(papers[0]["number"]) if papers else sending.claim.reference


def _supplier(sending: ClaimSending) -> str:
    """As the books call it: by the name under which it sold the goods, else by that on the paper."""
    return sending.claim.brand.supplier_name or str(sending.company["legal_name"])


def _extra(sending: ClaimSending) -> dict[str, Any]:
    claim = sending.claim
    return {
        "return_route": sending.route,
        "claim": claim.reference,
        "papers": [paper["number"] for paper in sending.papers],
        "purchase_invoice": claim.batch.purchase_invoice,
        "company": sending.company["legal_name"],
        "company_gstin": sending.company["gstin"],
        "source_gstin": party_at(get_place(claim.location.code)).gstin,
        "target_gstin": sending.company["gstin"],
    }
