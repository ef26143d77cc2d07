"""Why a frozen paper is what it is, in phrases: its seal is over the English text, which stays. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from compliance.contracts import RETURN_ROUTE, Document, PaperKind
from vyapar.kernel.errors import Refused
from vyapar.kernel.phrases import phrase as _
from vyapar.law.eway import eway_reason
from vyapar.law.papers import paper_for
from vyapar.law.valuation import find_valuation
from vyapar.law.wordings import worded


@dataclass(frozen=True, slots=True)
class Told:
    """Why this paper, how it is valued, and why an e-way bill or none."""

    reason: str
    valuation: str
    eway: str


def told(document: Document) -> Told:
    """The sentences of a paper; one that today's law would word otherwise stands as it was frozen."""
    need = document.eway
    return Told(
        _same(document.reason, _reason(document)),
        _same(document.valuation_note, _valuation(document)),
        _same(need.reason, eway_reason(need.value_paise, need.threshold_paise)),
    )


def _same(frozen: str, phrase: str) -> str:
    return phrase if phrase == frozen else frozen


def _reason(document: Document) -> str:
    try:
        all_nil = document.kind is PaperKind.BILL_OF_SUPPLY
        route = document.extra.get(RETURN_ROUTE, "")
        return paper_for(
            document.seller.gstin, document.buyer.gstin, all_nil=all_nil, return_route=route
        ).reason
    except Refused:
        return ""


def _valuation(document: Document) -> str:
    option = find_valuation(document.valuation, document.document_date)
    if option is None:
        return ""
    return _("%(label)s (%(source)s)", label=worded(option.label), source=option.source)
