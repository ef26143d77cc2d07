"""Credit note: what an issued tax invoice charged too much (s.34(1) CGST Act, Rule 53(1A)). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from compliance.contracts import INVOICE_DATE, Document, DocumentLine, PaperKind, Transport
from compliance.documents.frame import add_up
from vyapar.kernel.calendar import financial_year
from vyapar.kernel.errors import Fault, Invalid, Refused
from vyapar.kernel.money import half_up
from vyapar.kernel.phrases import phrase as _
from vyapar.law.eway import EwayNeed
from vyapar.law.version import RULE_VERSION

Pieces = Mapping[tuple[str, str], int]  # base units by SKU and batch
_HEADS = ("taxable_paise", "cgst_paise", "sgst_paise", "igst_paise", "cess_paise")


def build(
    invoice: Document,
    pieces: Pieces,
    *,
    reason: str,
    document_date: date,
    earlier: Sequence[Document] = (),
    number: str = "",
    simulated: bool = False,
) -> Document:
    """The note that credits `pieces` of an issued invoice, at the value and rate they were invoiced at.

    Each amount is the share of the pieces credited so far less what `earlier` notes credited, so that
    notes over all pieces of a line add up to the line to the paisa.

    Raises `Refused` for a paper that bears no tax, `Invalid` with a fault per line for pieces that
    were not invoiced or are credited already.
    """
    if invoice.kind is not PaperKind.TAX_INVOICE:
        message = _("%(number)s bears no tax, so there is none to credit", number=invoice.number)
        raise Refused(message, code="no_tax_invoice")
    before = _credited(earlier)
    _check(invoice, pieces, before)
    lines = tuple(
        _line(line, before.get(_key(line), 0), pieces[_key(line)], earlier)
        for line in invoice.lines
        if pieces.get(_key(line))
    )
    return replace(
        invoice,
        kind=PaperKind.CREDIT_NOTE,
        number=number,
        document_date=document_date,
        financial_year=financial_year(document_date),
        lines=tuple(replace(line, serial=row) for row, line in enumerate(lines, 1)),
        totals=add_up(lines),
        reason=reason,
        basis="s.34(1) CGST Act; Rule 53(1A) CGST",
        eway=EwayNeed(False, 0, 0, "No goods travel under a credit note.", "Rule 138 CGST"),
        transport=Transport(),
        rule_version=RULE_VERSION,
        simulated=simulated,
        refers_to=(invoice.number,),
        extra={INVOICE_DATE: invoice.document_date.isoformat()},
    )


def left_to_credit(invoice: Document, earlier: Sequence[Document] = ()) -> dict[tuple[str, str], int]:
    """Pieces of an invoice that no note has credited yet, by SKU and batch; only where there are any."""
    before = _credited(earlier)
    left = {_key(line): line.quantity - before.get(_key(line), 0) for line in invoice.lines}
    return {key: quantity for key, quantity in left.items() if quantity}


def _check(invoice: Document, pieces: Pieces, before: Pieces) -> None:
    invoiced = {_key(line): line.quantity for line in invoice.lines}
    faults = []
    for (sku, batch), asked in pieces.items():
        left = invoiced.get((sku, batch), 0) - before.get((sku, batch), 0)
        if not 0 <= asked <= left:
            message = _(
                "%(sku)s batch %(batch)s: %(left)s pieces of %(number)s can be credited",
                sku=sku,
                batch=batch,
                left=left,
                number=invoice.number,
            )
            faults.append(Fault("too_many", message, "quantity", value=str(asked)))
    if not faults and not any(pieces.values()):
        faults.append(Fault("empty", _("a credit note credits one piece or more"), "quantity"))
    if faults:
        raise Invalid(_("this cannot be credited"), code="bad_credit", faults=faults)


def _line(line: DocumentLine, before: int, now: int, earlier: Sequence[Document]) -> DocumentLine:
    credited = [one for note in earlier for one in note.lines if _key(one) == _key(line)]
    share = {
        head: _share(getattr(line, head), before + now, line.quantity)
        - sum(getattr(one, head) for one in credited)
        for head in _HEADS
    }
    return replace(line, quantity=now, **share)


def _share(amount: int, part: int, whole: int) -> int:
    return half_up(Decimal(amount) * part / whole)


def _credited(notes: Sequence[Document]) -> dict[tuple[str, str], int]:
    sums: dict[tuple[str, str], int] = {}
    for note in notes:
        for line in note.lines:
            sums[_key(line)] = sums.get(_key(line), 0) + line.quantity
    return sums


def _key(line: DocumentLine) -> tuple[str, str]:
    return line.sku, line.batch
