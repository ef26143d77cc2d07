"""Our decisions as vouchers and price lists in Tally's import format. Pure.

Every voucher carries an id made of the document's key, the same each time it is written: Tally then
alters the voucher it has instead of booking a second one. The key also stands in the narration, which
Tally hands back unchanged; its own id it overwrites. Vouchers are always written as `Create`: Tally
answers `Alter` by booking another.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from inventory.contracts.exports import is_about_credit, is_home, is_lost, return_route, split_by_state
from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine
from inventory.feeds.tally.requests import element, import_messages, text
from inventory.feeds.tally.words import PRIMARY_BATCH, fold
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import RETURN_ROUTES

_IDS = uuid.UUID("6f6a3d6e-1b7c-5d0a-9a61-5f7f1f0d2c11")
_CUT = re.compile(r"~[0-9a-f]{8}$")
_LEDGERS = {
    "sales": "Sales",
    "purchase": "Purchase",
    "claims": "Purchase",
    "output_igst": "Output IGST",
    "output_cgst": "Output CGST",
    "output_sgst": "Output SGST",
    "input_igst": "Input IGST",
    "input_cgst": "Input CGST",
    "input_sgst": "Input SGST",
    "round_off": "Round Off",
}
PRICE_LEVEL = "Offers"
#: A bill of a party as Tally keeps it: its name, and whether an entry opens or settles it.
Bill = tuple[str, str]
_NEW, _AGAINST = "New Ref", "Agst Ref"


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called in the company's books.

    From the feed's settings: `ledgers` (keys of `_LEDGERS`), `branches` (location code -> ledger of that
    branch), `suppliers` (name -> ledger of a company that goods go back to), `godowns` (name -> {code}),
    `unit_names` (GST unit -> name), `price_level`, `inter_branch` (`invoice` or `note`). `items` and `units`
    (SKU's folded name -> spelling, unit) are what Tally itself said, where it was asked.
    """

    ledgers: Mapping[str, str] = field(default_factory=dict)
    branches: Mapping[str, str] = field(default_factory=dict)
    suppliers: Mapping[str, str] = field(default_factory=dict)
    godowns: Mapping[str, str] = field(default_factory=dict)
    unit_names: Mapping[str, str] = field(default_factory=dict)
    price_level: str = PRICE_LEVEL
    notes_only: bool = False
    items: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    prices: Mapping[str, str] = field(default_factory=dict)  # folded name -> price lists it has, as XML

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Names:
        godowns = {
            str(about["code"]): name
            for name, about in dict(settings.get("godowns") or {}).items()
            if isinstance(about, Mapping) and about.get("code")
        }
        return cls(
            ledgers=dict(settings.get("ledgers") or {}),
            branches=dict(settings.get("branches") or {}),
            suppliers=dict(settings.get("suppliers") or {}),
            godowns=godowns,
            unit_names=dict(settings.get("unit_names") or {}),
            price_level=str(settings.get("price_level") or PRICE_LEVEL),
            notes_only=settings.get("inter_branch") == "note",
        )

    def item(self, line: ExportLine) -> str:
        """The item's name: its code is its name, unless that was too long for a code."""
        own = line.name if _CUT.search(line.sku) else line.sku
        return self.items.get(fold(own), own)

    def unit(self, line: ExportLine) -> str:
        return self.units.get(fold(self.item(line))) or self.unit_names.get(line.uqc, line.uqc)

    def godown(self, code: str) -> str:
        return self.godowns.get(code, code)

    def branch(self, code: str) -> str:
        return self.branches.get(code, code)

    def supplier(self, name: str) -> str:
        return self.suppliers.get(name, name)

    def ledger(self, use: str) -> str:
        return self.ledgers.get(use) or _LEDGERS[use]


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to import: what kind of voucher (empty: a master), its part of the document, its XML."""

    report: str
    voucher_type: str
    part: str
    xml: str


def remote_id(key: str, part: str = "") -> str:
    """The id of a voucher: of its document's key and of which part of it this is."""
    return str(uuid.uuid5(_IDS, f"{key}#{part}"))


def mark(key: str, part: str = "") -> str:
    """What stands at the end of a narration, by which a voucher is known again."""
    return f"[VS:{key}{'#' + part if part else ''}]"


def write(documents: tuple[ExportDocument, ...]) -> tuple[str, bytes]:
    """Documents as one file for Gateway of Tally > Import > Transactions: its name and bytes.

    Ledgers and units are called what they are called in most books; a feed that is pushed to goes by
    its own settings.
    """
    names = Names()
    messages = [message for document in documents for message in messages_of(document, names)]
    masters = [message for message in messages if not message.voucher_type]
    report = "All Masters" if masters else "Vouchers"
    stamp = max((document.at for document in documents), default=None)
    name = f"tally-{stamp:%Y%m%d-%H%M%S}.xml" if stamp else "tally.xml"
    return name, import_messages("", report, [message.xml for message in messages])


def messages_of(document: ExportDocument, names: Names) -> list[Message]:
    """What a document makes Tally book, in the order in which it is booked."""
    if document.kind is ExportKind.PRICE_LIST:
        return _price_list(document, names)
    if return_route(document):
        return [_with_company(document, names)]
    if document.kind is ExportKind.CREDIT_NOTE:
        return _credit_notes(document, names)
    if is_lost(document):
        return [_journal(document, names, gone_only=True)]
    if _between_registrations(document):
        return _branch_pair(document, names)
    return [_journal(document, names)]


def cancellation(key: str, part: str, voucher_type: str, day: date, why: str) -> str:
    """A voucher of ours taken back: it keeps its number and is worth nothing."""
    attributes = {
        "REMOTEID": remote_id(key, part),
        "VCHTYPE": voucher_type,
        "DATE": f"{day:%Y%m%d}",
        "ACTION": "Cancel",
    }
    narration = element("NARRATION", text(f"{why} {mark(key, part)}".strip()))
    return element("VOUCHER", element("GUID", remote_id(key, part)), narration, **attributes)


def _between_registrations(document: ExportDocument) -> bool:
    source, target = document.extra.get("source_gstin"), document.extra.get("target_gstin")
    return bool(source and target and source != target)


# --- vouchers ------------------------------------------------------------------------------------


def _journal(document: ExportDocument, names: Names, *, gone_only: bool = False) -> Message:
    """A Stock Journal: out of one godown, into the other; of what is lost only out."""
    if not document.source or not (document.target or gone_only):
        fault = Fault("no_place", _("a stock journal names where goods leave and arrive"), "source")
        raise Invalid(_("this document does not say where goods go"), code="no_place", faults=[fault])
    out = [_entry(line, names, document.source, document.target, inward=False, tag="INVENTORYENTRIESOUT.LIST")
           for line in document.lines]  # fmt: skip
    into = [_entry(line, names, document.target, document.target, inward=True, tag="INVENTORYENTRIESIN.LIST")
            for line in document.lines if not gone_only]  # fmt: skip
    return _voucher(document, "Stock Journal", "", [*out, *into], view="Consumption Voucher View")


def _branch_pair(document: ExportDocument, names: Names) -> list[Message]:
    """A supply between two registrations: an invoice where goods leave, its purchase where they arrive."""
    if names.notes_only:
        return [
            _trade(document, names, "Delivery Note", "out", names.branch(document.target), inward=False),
            _trade(document, names, "Receipt Note", "in", names.branch(document.source), inward=True),
        ]
    return [
        _trade(document, names, "Sales", "out", names.branch(document.target), inward=False, ledger="sales"),
        _trade(
            document, names, "Purchase", "in", names.branch(document.source), inward=True, ledger="purchase"
        ),
    ]


def _credit_notes(document: ExportDocument, names: Names) -> list[Message]:
    """Credit to a party for goods that came back or never arrived; between registrations both sides' notes.

    Goods that do not come back are no stock: the notes then book money alone, and what is lost leaves
    the godown by its own journal.
    """
    if not document.party:
        fault = Fault("no_party", _("a credit note names whom it credits"), "party")
        raise Invalid(_("this credit note does not say whom it credits"), code="no_party", faults=[fault])
    if not _between_registrations(document):
        return [
            _trade(
                document, names, "Credit Note", "", document.party, inward=True, ledger="sales", output=True
            )
        ]
    sender, receiver = names.branch(document.target), names.branch(document.source)
    if not document.extra.get("goods_come_back"):
        return [
            _money(document, names, "Credit Note", "", receiver, ledger="sales", side="output", sign=1),
            _money(document, names, "Debit Note", "in", sender, ledger="purchase", side="input", sign=-1),
        ]
    return [
        _trade(document, names, "Credit Note", "", receiver, inward=True, ledger="sales", output=True),
        _trade(document, names, "Debit Note", "in", sender, inward=False, ledger="purchase", output=False),
    ]


def _with_company(document: ExportDocument, names: Names) -> Message:
    """Goods of a claim and what their company credits for them, against the ledger of that company.

    Goods leave by our invoice or, on a challan, as stock alone; its credit note is our Debit Note, money
    alone. Reversals are written the other way, for books that cannot be asked to cancel: by file.
    """
    party, bill = names.supplier(document.party), (document.number, _NEW)
    is_supply = return_route(document) == RETURN_ROUTES[0]
    if is_about_credit(document):
        is_due = document.kind is ExportKind.DEBIT_NOTE
        has_tax = return_route(document) == RETURN_ROUTES[1]
        return _money(
            document, names, "Debit Note" if is_due else "Journal", "", party,
            ledger="purchase" if has_tax else "claims", side="input", sign=-1 if is_due else 1,
            bill=(str(document.extra.get("credit_note") or document.number), _NEW if is_due else _AGAINST),
        )  # fmt: skip
    if document.kind is ExportKind.RETURN:
        if not is_supply:
            return _trade(document, names, "Rejections Out", "", party, inward=False)
        return _trade(document, names, "Sales", "", party, inward=False, ledger="sales", bill=bill)
    if document.kind is ExportKind.CREDIT_NOTE or (is_supply and not is_home(document)):
        bill = (str(document.extra.get("invoice") or document.number), _AGAINST)
        return _trade(
            document, names, "Credit Note", "", party, inward=True, ledger="sales", output=True, bill=bill
        )
    return _trade(document, names, "Receipt Note", "", party, inward=True)


def _money(
    document: ExportDocument, names: Names, voucher_type: str, part: str, party: str, *,
    ledger: str, side: str, sign: int, bill: Bill = ("", ""),
) -> Message:  # fmt: skip
    """A note without goods: `sign` 1 credits the party and debits the ledger, -1 the other way."""
    net = sum(line.amount_paise for line in document.lines)
    taxes = _taxes(document, names, output=side == "output")
    total = net + sum(paise for _, paise in taxes)
    entries = [
        _ledger(party, sign * total, is_party=True, bill=bill),
        _ledger(names.ledger(ledger), -sign * net, hsn=_hsn(document) if taxes else ""),
    ]
    entries += [_ledger(name, -sign * paise) for name, paise in taxes]
    head = element("PARTYLEDGERNAME", text(party)) + _company(document)
    return _voucher(document, voucher_type, part, entries, head=head, view="Accounting Voucher View")


def _trade(
    document: ExportDocument, names: Names, voucher_type: str, part: str, party: str, *, inward: bool,
    ledger: str = "", output: bool | None = None, bill: Bill = ("", ""),
) -> Message:  # fmt: skip
    """Goods against a party. Debits are negative: goods that come in, a party that owes us."""
    place = document.target if inward else document.source
    tag = "ALLINVENTORYENTRIES.LIST"
    account = names.ledger(ledger) if ledger else ""
    entries = [_entry(line, names, place or document.source, "", inward=inward, tag=tag, ledger=account)
               for line in document.lines]  # fmt: skip
    if ledger:
        net = sum(line.amount_paise for line in document.lines)
        taxes = _taxes(document, names, output=not inward if output is None else output)
        total = net + sum(paise for _, paise in taxes)
        sign = 1 if inward else -1
        ledgers = [_ledger(party, sign * total, is_party=True, bill=bill)]
        ledgers += [_ledger(name, -sign * paise) for name, paise in taxes]
        entries = [*ledgers, *entries]
    head = element("PARTYLEDGERNAME", text(party)) + (element("ISINVOICE", "Yes") if ledger else "")
    head += _company(document) if ledger else ""
    if voucher_type == "Purchase":
        head += element("REFERENCE", text(document.number))
    return _voucher(document, voucher_type, part, entries, head=head, view="Invoice Voucher View")


def _company(document: ExportDocument) -> str:
    """Whose number stands on a note of a company that goods went back to, and that note itself."""
    if not return_route(document):
        return ""
    head = element("PARTYGSTIN", text(str(document.extra.get("company_gstin") or "")))
    day = str(document.extra.get("credited_on") or "").replace("-", "")
    if is_about_credit(document):
        head += element("REFERENCE", text(str(document.extra.get("credit_note") or document.number)))
        head += element("REFERENCEDATE", day) if day else ""
    return head


def _hsn(document: ExportDocument) -> str:
    """The HSN of all goods on a document, where they have one in common."""
    found = {line.hsn for line in document.lines}
    return found.pop() if len(found) == 1 else ""


def _taxes(document: ExportDocument, names: Names, *, output: bool) -> list[tuple[str, int]]:
    """GST of the document by ledger: integrated between States, else half central and half State; and what
    rounds its total."""
    side = "output" if output else "input"
    taxes = [(names.ledger(f"{side}_{head}"), paise) for head, paise in split_by_state(document).items()]
    rounded = document.round_off_paise
    return [*taxes, (names.ledger("round_off"), rounded)] if rounded else taxes


def _voucher(
    document: ExportDocument,
    voucher_type: str,
    part: str,
    entries: Iterable[str],
    *,
    head: str = "",
    view: str,
) -> Message:
    day = f"{ist_day(document.at):%Y%m%d}"
    own = remote_id(document.key, part)
    said = f"{'SIMULATED: ' if document.extra.get('simulated') else ''}{document.narration}".strip()
    xml = element(
        "VOUCHER",
        element("DATE", day),
        element("GUID", own),
        element("NARRATION", text(f"{said} {mark(document.key, part)}".strip())),
        element("VOUCHERTYPENAME", text(voucher_type)),
        element("VOUCHERNUMBER", text(document.number)),
        element("EFFECTIVEDATE", day),
        element("PERSISTEDVIEW", view),
        head,
        *entries,
        REMOTEID=own,
        VCHTYPE=voucher_type,
        ACTION="Create",
        OBJVIEW=view,
    )
    return Message("Vouchers", voucher_type, part, xml)


def _entry(
    line: ExportLine, names: Names, place: str, target: str, *, inward: bool, tag: str, ledger: str = ""
) -> str:
    quantity = f" {line.quantity} {names.unit(line)}".rstrip()
    amount = rupees(-line.amount_paise if inward else line.amount_paise)
    expiry = f"{line.expiry_date.day}-{line.expiry_date:%b-%y}" if line.expiry_date else ""
    batch = element(
        "BATCHALLOCATIONS.LIST",
        element("GODOWNNAME", text(names.godown(place))),
        element("BATCHNAME", text(line.batch or PRIMARY_BATCH)),
        element("DESTINATIONGODOWNNAME", text(names.godown(target or place))),
        element("AMOUNT", amount),
        element("ACTUALQTY", text(quantity)),
        element("BILLEDQTY", text(quantity)),
        element("EXPIRYPERIOD", expiry) if expiry else "",
    )
    account = element(
        "ACCOUNTINGALLOCATIONS.LIST",
        element("LEDGERNAME", text(ledger)),
        element("ISDEEMEDPOSITIVE", "Yes" if inward else "No"),
        element("AMOUNT", amount),
    )
    return element(
        tag,
        element("STOCKITEMNAME", text(names.item(line))),
        element("GSTHSNNAME", text(line.hsn)) if line.hsn and ledger else "",
        element("ISDEEMEDPOSITIVE", "Yes" if inward else "No"),
        element("RATE", text(f"{rupees(line.unit_paise)}/{names.unit(line)}".rstrip("/"))),
        element("AMOUNT", amount),
        element("ACTUALQTY", text(quantity)),
        element("BILLEDQTY", text(quantity)),
        batch,
        account if ledger else "",
    )


def _ledger(name: str, paise: int, *, is_party: bool = False, bill: Bill = ("", ""), hsn: str = "") -> str:
    bill_name, bill_type = bill
    reference = element("NAME", text(bill_name)) + element("BILLTYPE", bill_type)
    return element(
        "LEDGERENTRIES.LIST",
        element("LEDGERNAME", text(name)),
        element("ISDEEMEDPOSITIVE", "Yes" if paise < 0 else "No"),
        element("ISPARTYLEDGER", "Yes" if is_party else "No"),
        element("GSTHSNNAME", text(hsn)) if hsn else "",
        element("AMOUNT", rupees(paise)),
        element("BILLALLOCATIONS.LIST", reference, element("AMOUNT", rupees(paise))) if bill_name else "",
    )


# --- prices --------------------------------------------------------------------------------------


def _price_list(document: ExportDocument, names: Names) -> list[Message]:
    """One price an item on our price level, in force from the offer's first day.

    Tally has no price by batch: where batches of an item differ, the highest stands, so that nothing
    is given away that nobody offered. Price lists the item has already are sent along unchanged.
    """
    dearest: dict[str, ExportLine] = {}
    for line in document.lines:
        name = names.item(line)
        if name not in dearest or line.unit_paise > dearest[name].unit_paise:
            dearest[name] = line
    first = document.valid_from or ist_day(document.at)
    return [
        Message("All Masters", "", "", _priced(name, line, names, first))
        for name, line in sorted(dearest.items())
    ]


def _priced(name: str, line: ExportLine, names: Names, first: date) -> str:
    rate = text(f"{rupees(line.unit_paise)}/{names.unit(line)}".rstrip("/"))
    own = element(
        "FULLPRICELIST.LIST",
        element("DATE", f"{first:%Y%m%d}"),
        element("PRICELEVEL", text(names.price_level)),
        element("PRICELEVELLIST.LIST", element("RATE", rate)),
    )
    return element("STOCKITEM", names.prices.get(fold(name), "") + own, NAME=name, ACTION="Alter")
