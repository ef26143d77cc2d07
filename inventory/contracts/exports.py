"""Exports as others may know them: their events, and the document read back from its plain form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine

#: `extra["reason"]` of a reversal whose goods are gone, not on their way back.
LOST = "lost"
#: `extra["reason"]` of a reversal of goods that their company did not take: they stand here again.
HOME = "home"


@dataclass(frozen=True, slots=True)
class ExportQueued:
    """A decision waits to go to a system that keeps the books."""

    key: str
    kind: str
    feed: str
    number: str
    pieces: int
    amount_paise: int
    simulated: bool


@dataclass(frozen=True, slots=True)
class ExportAcknowledged:
    """The books took a document under `number`, or refused it for `reason`."""

    key: str
    kind: str
    feed: str
    accepted: bool
    number: str
    reason: str
    simulated: bool


@dataclass(frozen=True, slots=True)
class ExportGivenUp:
    """A document could not be handed over however often it was tried; a person must look."""

    key: str
    kind: str
    feed: str
    reason: str


def read_document(value: Mapping[str, Any]) -> ExportDocument:
    """An `ExportDocument` from its plain form, as `vyapar.kernel.digest.plain` made it."""
    known = {field.name for field in fields(ExportDocument)}
    given = {name: item for name, item in value.items() if name in known}
    given["kind"] = ExportKind(given["kind"])
    given["at"] = datetime.fromisoformat(given["at"])
    given["lines"] = tuple(_line(line) for line in given["lines"])
    for name in ("valid_from", "valid_to"):
        given[name] = _day(given.get(name))
    return ExportDocument(**given)


def _line(value: Mapping[str, Any]) -> ExportLine:
    return ExportLine(**{**value, "expiry_date": _day(value.get("expiry_date"))})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def takes_back(later: ExportDocument, earlier: ExportDocument) -> bool:
    """Whether `later` leaves the books as they were before `earlier`.

    A reversal of the same goods on the way back does, and a price list that ends another's prices.
    A loss on the way does not: it is a fact of its own.
    """
    if later.refers_to != earlier.key or _goods(later) != _goods(earlier):
        return False
    if later.kind is ExportKind.PRICE_LIST:
        return earlier.kind is ExportKind.PRICE_LIST
    swapped = (later.source, later.target) == (earlier.target, earlier.source)
    return later.kind is ExportKind.REVERSAL and swapped


def is_lost(document: ExportDocument) -> bool:
    """Whether the goods left the books for good: short, damaged or written off.

    Such a reversal has a source and no target; the tax on its lines is the credit to reverse.
    """
    return document.kind is ExportKind.REVERSAL and document.extra.get("reason") == LOST


def is_home(document: ExportDocument) -> bool:
    """Whether goods came home that a company did not take: stock alone, on a day of its own."""
    return document.kind is ExportKind.REVERSAL and document.extra.get("reason") == HOME


def undoes(document: ExportDocument) -> bool:
    """Whether the books cancel what they hold, instead of booking what happened since."""
    return document.kind is ExportKind.REVERSAL and not is_lost(document) and not is_home(document)


def return_route(document: ExportDocument) -> str:
    """How goods of a claim go back (`vyapar.law.itc.RETURN_ROUTES`); empty on every other document."""
    return str(document.extra.get("return_route") or "")


def is_about_credit(document: ExportDocument) -> bool:
    """Whether a claim's document is about money alone: what its company credits, or credits no more."""
    return "credited_on" in document.extra


def split_by_state(document: ExportDocument) -> dict[str, int]:
    """GST of a document in paise by head: `igst` between States, else `cgst` and `sgst` by halves."""
    whole = sum(line.tax_paise for line in document.lines)
    states = [str(document.extra.get(key) or "")[:2] for key in ("source_gstin", "target_gstin")]
    if not whole:
        return {}
    if states[0] != states[1]:
        return {"igst": whole}
    half = whole // 2
    return {"cgst": whole - half, "sgst": half}


def _goods(document: ExportDocument) -> Counter[tuple[str, str]]:
    pieces: Counter[tuple[str, str]] = Counter()
    for line in document.lines:
        pieces[line.sku, line.batch] += line.quantity
    return pieces
