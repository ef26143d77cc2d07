"""Documents by which the books follow the goods of a claim and what their company credits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from inventory.contracts.exports import HOME, LOST, read_document
from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine
from inventory.contracts.outcomes import CREDITED_HERE, ClaimState
from inventory.models import Claim, ClaimSending, Export
from inventory.selectors.claim_credit import taken_back
from inventory.selectors.claim_goods import find_company_party, standing_of
from inventory.selectors.exports import credited_lines, export_lines, round_off_of
from inventory.selectors.facts import get_place, party_at, tax_on
from vyapar.kernel.facts import CreditNote, MovementFacts
from vyapar.kernel.money import half_up
from vyapar.law.itc import RETURN_ROUTES

_SUPPLY, _MONEY_NOTE = RETURN_ROUTES[0], RETURN_ROUTES[2]


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
        number=number_of(sending),
        at=sending.sent_at,
        lines=lines,
        source=sending.claim.location.code,
        party=_supplier(sending.claim, sending.company),
        narration=f"Goods of claim {sending.claim.reference} to {sending.company['legal_name']}",
        round_off_paise=round_off_of(sending.papers) if sending.route == _SUPPLY else 0,
        extra=_sent(sending),
    )


def homecoming_of(
    sending: ClaimSending, pieces: int, note: CreditNote | None, at: datetime, *, key: str = "home"
) -> ExportDocument:
    """Pieces that their company did not take or never got, home again: against our credit note where an
    invoice was credited, else as stock alone. `key`: how that of the sending goes on, once for each."""
    one = ExportDocument(
        kind=ExportKind.REVERSAL,
        key=f"{sending.key}:{key}",
        number=number_of(sending),
        at=at,
        lines=_at_cost(sending, pieces),
        target=sending.claim.location.code,
        party=_supplier(sending.claim, sending.company),
        narration=f"Goods of claim {sending.claim.reference} came home from {sending.company['legal_name']}",
        refers_to=sending.key,
        extra={**_sent(sending), "reason": HOME},
    )
    return one if note is None else _over_invoice(one, sending, note)


def credit_of(sending: ClaimSending, note: CreditNote, at: datetime) -> ExportDocument:
    """Our credit note over the invoice of goods that did not leave, where it could not be cancelled."""
    return _over_invoice(homecoming_of(sending, sending.pieces, None, at), sending, note)


def debit_note_of(claim: Claim, at: datetime) -> ExportDocument | None:
    """What a company credits for a claim whose goods left, or stay by its leave, as the purchaser books it:
    without stock, and whole with the first of them, because its note is one paper however many lorries come.

    The tax is that part of the credit taken which is attributable to the company's GST credit note
    (s.34(2) CGST Act), in proportion to what it credits, and none under a financial one. None while it
    credits nothing, while nothing has left, and for a supply of ours: there the invoice is what it owes.
    """
    sent = standing_of(claim)
    is_covered = bool(sent) or claim.stay in CREDITED_HERE
    if claim.state != ClaimState.CREDITED or not is_covered or not claim.due_pieces:
        return None
    route = sent[-1].route if sent else _MONEY_NOTE
    if route == _SUPPLY:
        return None
    company = sent[-1].company if sent else find_company_party(claim)
    paise, goods = int(claim.credited_paise or 0), claim.batch
    (line,) = export_lines([(goods.sku.code, goods.number, claim.due_pieces, 0, 0)])
    priced = replace(
        line,
        unit_paise=half_up(Decimal(paise) / claim.due_pieces),
        amount_paise=paise,
        tax_paise=taken_back(claim, paise),
    )
    answered = claim.answered_on.isoformat() if claim.answered_on else ""
    return ExportDocument(
        kind=ExportKind.DEBIT_NOTE,
        key=f"claim:{claim.pk}:note:{_notes(claim).values('key').distinct().count() + 1}",
        number=claim.reference,
        at=at,
        lines=(priced,),
        source=claim.location.code,
        party=_supplier(claim, company),
        narration=f"Credit note {claim.credit_note} over claim {claim.reference}".replace("  ", " "),
        extra={
            **_extra(claim, route, company),
            "papers": [paper["number"] for sending in sent for paper in sending.papers],
            "credit_note": claim.credit_note,
            "credited_on": answered,
        },
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
    money = [[(n.sku, n.batch, n.amount_paise, n.tax_paise) for n in note.lines] for note in (one, other)]
    return money[0] == money[1] and facts[0] == facts[1]


def short_key(sending: ClaimSending) -> str:
    """How the key goes on under which pieces that a company has not come home in the books: another each
    time that a receipt is told anew."""
    told = _home_short(sending).values("key").distinct().count()
    return f"short-{told + 1}" if told else "short"


def list_receipt_keys(sending: ClaimSending) -> list[str]:
    """Documents by which the books know what a receipt says is missing, and which nothing has taken back
    yet; in the order in which they are taken back: what was lost before what came home."""
    lost = {"document__extra__reason": LOST, "document__extra__reference": sending.key}
    rows = [*Export.objects.filter(kind=ExportKind.REVERSAL, **lost).order_by("-pk"), *_home_short(sending)]
    keys = dict.fromkeys(row.key for row in rows)
    taken_back = set(Export.objects.filter(refers_to__in=list(keys)).values_list("refers_to", flat=True))
    return [key for key in keys if key not in taken_back]


def stay_reference(claim: Claim) -> str:
    """Under which pieces of a claim are written off that never left."""
    return f"claim-{claim.pk}-here"


def list_claim_exports(claim: Claim) -> list[Export]:
    """What the goods and the answer of a claim sent to the books, oldest first."""
    keys = list(ClaimSending.objects.filter(claim=claim).values_list("key", flat=True))
    wanted = Q(key__startswith=f"claim:{claim.pk}:note:")
    wanted |= Q(kind=ExportKind.REVERSAL, document__extra__reference__in=[*keys, stay_reference(claim)])
    for key in keys:
        wanted |= Q(key__startswith=key)
    return list(Export.objects.select_related("feed").filter(wanted).order_by("pk"))


# --- parts ---------------------------------------------------------------------------------


def _notes(claim: Claim) -> Any:
    return Export.objects.filter(kind=ExportKind.DEBIT_NOTE, key__startswith=f"claim:{claim.pk}:note:")


def _home_short(sending: ClaimSending) -> Any:
    return Export.objects.filter(refers_to=sending.key, key__startswith=f"{sending.key}:short")


def _at_cost(sending: ClaimSending, pieces: int) -> tuple[ExportLine, ...]:
    goods = sending.claim.batch
    return export_lines([(goods.sku.code, goods.number, pieces, goods.cost_paise, 0)])


def _over_invoice(home: ExportDocument, sending: ClaimSending, note: CreditNote) -> ExportDocument:
    more = {"papers": [note.paper.number], "invoice": note.invoice, "goods_come_back": True}
    return replace(
        home,
        kind=ExportKind.CREDIT_NOTE,
        key=f"{home.key.removesuffix(':home')}:credit",
        number=note.paper.number,
        lines=credited_lines(note),
        round_off_paise=note.paper.round_off_paise,
        narration=f"Credit note over {note.invoice}",
        extra={**_sent(sending), **more},
    )


def number_of(sending: ClaimSending) -> str:
    """The number of the paper that goods of a claim left with."""
    papers: Sequence[dict[str, Any]] = sending.papers
    return str(papers[0]["number"]) if papers else sending.claim.reference


def _supplier(claim: Claim, company: Mapping[str, str]) -> str:
    """As the books call it: by the name under which it sold the goods, else by that on the paper."""
    return claim.brand.supplier_name or str(company["legal_name"])


def _sent(sending: ClaimSending) -> dict[str, Any]:
    own = {"papers": [paper["number"] for paper in sending.papers]}
    return _extra(sending.claim, sending.route, sending.company) | own


def _extra(claim: Claim, route: str, company: Mapping[str, str]) -> dict[str, Any]:
    return {
        "return_route": route,
        "claim": claim.reference,
        "purchase_invoice": claim.batch.purchase_invoice,
        "company": company["legal_name"],
        "company_gstin": company["gstin"],
        "source_gstin": party_at(get_place(claim.location.code)).gstin,
        "target_gstin": company["gstin"],
    }
