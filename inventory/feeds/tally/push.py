"""Handing documents over to a running Tally, each booked once however often it is tried."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from inventory.contracts.exports import return_route, undoes
from inventory.contracts.feeds import Acknowledged, ExportDocument, ExportKind
from inventory.feeds.system import Access
from inventory.feeds.tally import requests
from inventory.feeds.tally.answers import NAME, Imported, nodes_of
from inventory.feeds.tally.client import TallyClient
from inventory.feeds.tally.days import parse_day
from inventory.feeds.tally.export import Message, Names, cancellation, mark, messages_of
from inventory.feeds.tally.pull import client_of, guarded, open_company
from inventory.feeds.tally.records import Node
from inventory.feeds.tally.requests import Period, element, text
from inventory.feeds.tally.words import fold, given
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Rejected, Unavailable
from vyapar.kernel.phrases import phrase as _

#: A reversal looks for what it reverses in so many days before itself.
_LOOK_BACK = timedelta(days=92)
#: A company may take a year over a claim, and an answer is corrected later still.
_LOOK_BACK_CLAIM = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class _Booked:
    """A voucher of ours as it stands in Tally."""

    number: str
    master_id: str
    voucher_type: str
    day: date
    part: str
    cancelled: bool


def push(access: Access, document: ExportDocument) -> Acknowledged:
    """Book a document in Tally, unless it is there already; what Tally calls it, or why it would not.

    Raises `Unavailable` when Tally cannot be reached or, with `outcome_unknown`, when it was cut off in
    between: the same call then looks first. What a person has cancelled in Tally stays cancelled.
    """
    with client_of(access) as client:
        desk = _Desk(access, client, open_company(access, client).name)
        if undoes(document):
            return desk.take_back(document)
        return desk.book(document)


def find(access: Access, document: ExportDocument) -> Acknowledged | None:
    """What became of a document, by asking Tally only; None when it has nothing of it."""
    with client_of(access) as client:
        desk = _Desk(access, client, open_company(access, client).name)
        return desk.look_for(document)


class _Desk:
    """One company of one Tally, for one document."""

    def __init__(self, access: Access, client: TallyClient, company: str) -> None:
        self._access, self._client, self._company = access, client, company

    def book(self, document: ExportDocument) -> Acknowledged:
        names, missing = self._names(document)
        if missing:
            return self._said(False, reason=f"Tally has no stock item called {', '.join(missing)[:300]}")
        messages = messages_of(document, names)
        if document.kind is ExportKind.PRICE_LIST:
            return self._price(messages, document)
        numbers: list[str] = []
        for message in messages:
            answer = self._book_one(message, document)
            if not answer.accepted:
                done = f"{', '.join(numbers)} is booked; " if numbers else ""
                return replace(answer, reason=f"{done}{answer.reason}")
            numbers.append(answer.number)
        return self._said(True, number=", ".join(numbers))

    def take_back(self, document: ExportDocument) -> Acknowledged:
        """Cancel what an earlier document booked; when Tally has nothing of it, book the goods back."""
        booked = self._booked(document.refers_to, _look_back(document))
        if not booked and return_route(document):
            return self._said(False, reason=f"Tally has nothing of {document.number} to cancel")
        if not booked:
            return self.book(document)
        for one in booked:
            if one.cancelled:
                continue
            xml = cancellation(document.refers_to, one.part, one.voucher_type, one.day, document.narration)
            refusal = self._import("Vouchers", xml, may_create=False)
            if refusal:
                return self._said(
                    False, reason=f"{one.voucher_type} {one.number} could not be cancelled: {refusal}"
                )
        left = [one for one in self._booked(document.refers_to, _look_back(document)) if not one.cancelled]
        if left:
            return self._said(
                False, reason=f"{left[0].voucher_type} {left[0].number} still stands: cancel it in Tally"
            )
        return self._said(True, number=", ".join(f"{one.number} cancelled" for one in booked))

    def look_for(self, document: ExportDocument) -> Acknowledged | None:
        if document.kind is ExportKind.PRICE_LIST:
            return None  # sent again it changes nothing
        if undoes(document):
            earlier = self._booked(document.refers_to, _look_back(document))
            if earlier and all(one.cancelled for one in earlier):
                return self._said(True, number=", ".join(f"{one.number} cancelled" for one in earlier))
        booked = self._booked(document.key, _day_of(document))
        wanted = {message.part for message in messages_of(document, Names.of(self._access.settings))}
        if {one.part for one in booked} != wanted:
            return None
        if any(one.cancelled for one in booked):
            return self._cancelled_by_hand(booked)
        return self._said(True, number=", ".join(one.number for one in booked))

    # --- one voucher -------------------------------------------------------------------------------

    def _book_one(self, message: Message, document: ExportDocument) -> Acknowledged:
        found = self._part(message, document)
        if not found:
            refusal = self._import(message.report, message.xml)
            if refusal:
                return self._said(False, reason=f"{message.voucher_type}: {refusal}")
            found = self._part(message, document)
        if not found:  # a counter said yes and the books say no
            raise Unavailable(
                _("Tally says it took the voucher but does not show it"),
                code=f"{NAME}_not_shown",
                outcome_unknown=True,
            )
        if found[0].cancelled:
            return self._cancelled_by_hand(found)
        return self._said(True, number=found[0].number or found[0].master_id)

    def _part(self, message: Message, document: ExportDocument) -> list[_Booked]:
        return [one for one in self._booked(document.key, _day_of(document)) if one.part == message.part]

    def _import(self, report: str, xml: str, *, may_create: bool = True) -> str:
        """Empty when it was taken, else Tally's reason."""
        request = requests.import_messages(self._company, report, [xml])
        try:
            done: Imported = guarded(self._access, self._client.send, request)
        except Rejected as error:
            return error.message
        if done.created and not may_create:
            return f"Tally booked another voucher ({done.last_id}) instead: delete that one by hand"
        return "" if done.changed else "Tally took the request and changed nothing"

    def _booked(self, key: str, period: Period) -> list[_Booked]:
        """Vouchers of a period that carry the mark of a document."""
        said = self._ask(requests.list_vouchers(self._company, requests.MARK, period))
        found = []
        for node in nodes_of(said):
            if node.tag == "VOUCHER" and f"[VS:{key}" in node.get("NARRATION"):
                one = _read_booked(node, key)
                found += [one] if one else []
        return found

    # --- prices ------------------------------------------------------------------------------------

    def _price(self, messages: Sequence[Message], document: ExportDocument) -> Acknowledged:
        request = requests.import_messages(
            self._company, "All Masters", [message.xml for message in messages]
        )
        try:
            done: Imported = guarded(self._access, self._client.send, request)
        except Rejected as error:
            return self._said(False, reason=error.message)
        if done.created:
            return self._said(
                False, reason=f"Tally made {done.created} new items instead: look at their names"
            )
        return self._said(True, number=f"{document.number} ({done.altered} items)")

    # --- names -------------------------------------------------------------------------------------

    def _names(self, document: ExportDocument) -> tuple[Names, list[str]]:
        """What Tally calls the items and counts them in, and those it does not have."""
        names = Names.of(self._access.settings)
        listed = nodes_of(
            self._ask(requests.list_masters(self._company, "Stock Item", ("Name", "BaseUnits")))
        )
        items = {fold(node.name): node for node in listed if node.tag == "STOCKITEM" and node.name}
        asked = {names.item(line) for line in document.lines}
        missing = sorted(name for name in asked if fold(name) not in items)
        own = {fold(name): items[fold(name)] for name in asked if fold(name) in items}
        prices = self._price_lists(own) if document.kind is ExportKind.PRICE_LIST else {}
        known = replace(
            names,
            items={key: node.name for key, node in own.items()},
            units={key: given(node.get("BASEUNITS")) for key, node in own.items()},
            prices=prices,
        )
        return known, missing

    def _price_lists(self, wanted: Mapping[str, Node]) -> dict[str, str]:
        """Price lists that items have, as XML to be sent along; ours of the same day is left out."""
        listed = nodes_of(self._ask(requests.list_prices(self._company)))
        level = Names.of(self._access.settings).price_level
        return {
            fold(node.name): "".join(
                _as_xml(part)
                for part in node.each("FULLPRICELIST.LIST")
                if fold(part.get("PRICELEVEL")) != fold(level)
            )
            for node in listed
            if node.tag == "STOCKITEM" and fold(node.name) in wanted
        }

    def _ask(self, request: bytes) -> str:
        said: str = guarded(self._access, self._client.export, request)
        return said

    def _cancelled_by_hand(self, booked: Sequence[_Booked]) -> Acknowledged:
        numbers = ", ".join(one.number for one in booked if one.cancelled)
        return self._said(False, reason=f"it was booked as {numbers} and cancelled in Tally")

    def _said(self, accepted: bool, *, number: str = "", reason: str = "") -> Acknowledged:
        simulated = self._client.simulated or self._access.sandbox
        return Acknowledged(accepted, number, reason, simulated)


def _look_back(document: ExportDocument) -> Period:
    last = ist_day(document.at)
    return Period(last - (_LOOK_BACK_CLAIM if return_route(document) else _LOOK_BACK), last)


def _day_of(document: ExportDocument) -> Period:
    day = ist_day(document.at)
    return Period(day, day)


def _read_booked(node: Node, key: str) -> _Booked | None:
    narration = node.get("NARRATION")
    part = next((part for part in ("", "out", "in") if mark(key, part) in narration), None)
    day = parse_day(node.get("DATE"))
    if part is None or day is None:
        return None
    number = node.get("VOUCHERNUMBER") or node.get("MASTERID")
    kind, cancelled = node.get("VOUCHERTYPENAME"), node.is_yes("ISCANCELLED")
    return _Booked(number, node.get("MASTERID"), kind, day, part, cancelled)


def _as_xml(node: Node) -> str:
    simple = [element(tag, text(told)) for tag, told in (*node.texts.items(), *node.more)]
    nested = [_as_xml(part) for tag, parts in node.lists.items() if tag not in node.texts for part in parts]
    return element(node.tag, *simple, *nested)
