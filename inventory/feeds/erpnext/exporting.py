"""Decisions as ERPNext's documents: made once, found again by our key, cancelled when reversed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from inventory.contracts.exports import is_home, return_route, split_by_state, undoes
from inventory.contracts.feeds import Acknowledged, ExportDocument, ExportKind, ExportLine
from inventory.feeds.erpnext.client import Document, ErpnextClient, client_of
from inventory.feeds.system import Access
from vyapar.kernel.calendar import IST, ist_day
from vyapar.kernel.errors import Invalid, Misconfigured, Rejected
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import RETURN_ROUTES

#: The field of the site's documents that carries our key; whoever runs the site adds it, unique.
REFERENCE = "custom_vyapar_key"
EXPORTS = frozenset(ExportKind)
_REVERSIBLE = ("Stock Entry", "Sales Invoice", "Item Price")
_CLAIMED = ("Stock Entry", "Sales Invoice", "Purchase Invoice")
_DOCTYPES = {
    ExportKind.TRANSFER: "Stock Entry",
    ExportKind.PRICE_LIST: "Item Price",
    ExportKind.CREDIT_NOTE: "Sales Invoice",
    ExportKind.DEBIT_NOTE: "Purchase Invoice",
}
_CANCELLED = 2
_BATCHES = {"use_serial_batch_fields": 1}  # version 15: `batch_no` on the line is enough


def push(access: Access, document: ExportDocument) -> Acknowledged:
    """Hand one document over. What the site has under our key is never made a second time.

    A refusal of the site is `Acknowledged(False, reason=…)`; what may pass is raised.
    """
    with client_of(access) as client:
        desk = _Desk(client, access.settings)
        kinds: dict[ExportKind, Callable[[ExportDocument], str]] = {
            ExportKind.TRANSFER: desk.transfer,
            ExportKind.PRICE_LIST: desk.prices,
            ExportKind.CREDIT_NOTE: desk.credit,
            ExportKind.REVERSAL: desk.reverse if undoes(document) else desk.issue,
            ExportKind.RETURN: desk.supply if _is_supply(document) else desk.issue,
            ExportKind.DEBIT_NOTE: desk.debit,
        }
        if document.kind is ExportKind.PRICE_LIST and document.refers_to:
            kinds[ExportKind.PRICE_LIST] = desk.reverse  # the usual prices stand there all along
        try:
            number = kinds[document.kind](document)
        except Rejected as error:
            return Acknowledged(False, reason=error.message, simulated=client.simulated or access.sandbox)
        return Acknowledged(True, number=number, simulated=client.simulated or access.sandbox)


def find(access: Access, document: ExportDocument) -> Acknowledged | None:
    """What the site has under our key; None when there is nothing, or not all of it."""
    with client_of(access) as client:
        names = _Desk(client, access.settings).known(document)
        if not names:
            return None
        return Acknowledged(True, number=names, simulated=client.simulated or access.sandbox)


class _Desk:
    def __init__(self, client: ErpnextClient, settings: Mapping[str, Any]) -> None:
        self._client, self._settings = client, settings
        self._field = str(settings.get("reference_field") or REFERENCE)

    def transfer(self, document: ExportDocument) -> str:
        """A submitted Stock Entry of the kind Material Transfer."""
        return self._once("Stock Entry", document.key, {
            "stock_entry_type": "Material Transfer", "purpose": "Material Transfer", **self._company(),
            **_posted(document), "from_warehouse": document.source, "to_warehouse": document.target,
            "remarks": _remark(document), "docstatus": 1,
            "items": [
                {"item_code": line.sku, "qty": line.quantity, "s_warehouse": document.source,
                 "t_warehouse": document.target, **_batch(line)}
                for line in document.lines
            ],
        })  # fmt: skip

    def issue(self, document: ExportDocument) -> str:
        """A submitted Stock Entry: Material Issue of goods that are gone, Material Receipt of those that
        came home from their company."""
        came = is_home(document)
        kind, place = ("Material Receipt", document.target) if came else ("Material Issue", document.source)
        side, stands = ("to_warehouse", "t_warehouse") if came else ("from_warehouse", "s_warehouse")
        return self._once("Stock Entry", document.key, {
            "stock_entry_type": kind, "purpose": kind, **self._company(),
            **_posted(document), side: place, "remarks": _remark(document), "docstatus": 1,
            "items": [
                {"item_code": line.sku, "qty": line.quantity, stands: place, **_batch(line),
                 **({"basic_rate": rupees(line.unit_paise)} if came else {})}
                for line in document.lines
            ],
        })  # fmt: skip

    def supply(self, document: ExportDocument) -> str:
        """A submitted Sales Invoice that takes the goods out of the stock: back to their company."""
        return self._once("Sales Invoice", document.key, {
            "customer": document.party, "update_stock": 1, "docstatus": 1, **self._company(),
            **_posted(document), "remarks": _remark(document), **self._taxes(document, "output", 1),
            **_rounded(document, 1),
            "items": [
                {"item_code": line.sku, "qty": line.quantity, "rate": rupees(line.unit_paise),
                 "warehouse": document.source, **_batch(line)}
                for line in document.lines
            ],
        })  # fmt: skip

    def debit(self, document: ExportDocument) -> str:
        """A submitted Purchase Invoice that is a return: a debit note, without stock."""
        credited_on = document.extra.get("credited_on")
        return self._once("Purchase Invoice", document.key, {
            "supplier": document.party, "is_return": 1, "update_stock": 0, "docstatus": 1, **self._company(),
            **_posted(document), "remarks": _remark(document),
            "bill_no": str(document.extra.get("credit_note") or document.number),
            **({"bill_date": credited_on} if credited_on else {}), **self._taxes(document, "input", -1),
            "items": [
                {"item_code": line.sku, "qty": -pieces, "rate": rupees(rate)}
                for line in document.lines
                for pieces, rate in _whole_rates(line)
            ],
        })  # fmt: skip

    def prices(self, document: ExportDocument) -> str:
        """An Item Price for each batch on offer, from the offer's first day to its last."""
        names = []
        for number, line in enumerate(document.lines, 1):
            names.append(self._once("Item Price", f"{document.key}#{number}", {
                "item_code": line.sku, "batch_no": line.batch, "selling": 1,
                "price_list": self._need("offer_price_list", "Standard Selling"),
                "price_list_rate": rupees(line.unit_paise), "note": _remark(document)[:140],
                "valid_from": document.valid_from.isoformat() if document.valid_from else None,
                "valid_upto": document.valid_to.isoformat() if document.valid_to else None,
            }))  # fmt: skip
        return ", ".join(names)[:200]

    def credit(self, document: ExportDocument) -> str:
        """A submitted Sales Invoice that is a return: a credit note.

        A transfer between registrations stands there as a Stock Entry, without tax: nothing is to credit.
        """
        is_claim = bool(return_route(document))
        if document.extra.get("target_gstin") and not is_claim:
            raise Rejected(
                _(
                    "ERPNext holds the transfer without tax; enter %(document)s there by hand",
                    document=document.number,
                ),
                code="erpnext_no_invoice",
            )
        against = str(document.extra.get("invoice") or "")
        if is_claim:  # the invoice stands there under our key
            against = "".join(str(one["name"]) for one in self._find("Sales Invoice", document.refers_to)[:1])
        return self._once("Sales Invoice", document.key, {
            "customer": document.party, "is_return": 1, "docstatus": 1, **self._company(),
            **_posted(document), "remarks": _remark(document),
            "update_stock": int(bool(document.extra.get("goods_come_back"))),
            **({"return_against": against} if against else {}),
            **(self._taxes(document, "output", -1) if is_claim else {}), **_rounded(document, -1),
            "items": [
                {"item_code": line.sku, "qty": -line.quantity, "rate": rupees(line.unit_paise),
                 **({"warehouse": document.target} if document.target else {}), **_batch(line)}
                for line in document.lines
            ],
        })  # fmt: skip

    def reverse(self, document: ExportDocument) -> str:
        """Cancel what carries the key that is reversed; an offer's prices end instead."""
        if not document.refers_to:
            raise Invalid(_("a reversal names what it reverses"), code="no_reference")
        for doctype in _CLAIMED if return_route(document) else _REVERSIBLE:
            found = self._find(doctype, document.refers_to, prefix=doctype == "Item Price")
            for one in found:
                self._take_back(doctype, one, document)
            if found:
                return ", ".join(str(one["name"]) for one in found)[:200]
        raise Rejected(
            _("ERPNext has nothing under %(refers_to)s", refers_to=document.refers_to), code="erpnext_404"
        )

    def known(self, document: ExportDocument) -> str:
        """Names of what stands under a document's key; empty when something is missing."""
        ends_prices = document.kind is ExportKind.PRICE_LIST and document.refers_to
        if ends_prices or undoes(document):
            return ""  # it makes nothing of its own
        keys = [document.key]
        doctype = "Sales Invoice" if _is_supply(document) else _DOCTYPES.get(document.kind, "Stock Entry")
        if document.kind is ExportKind.PRICE_LIST:
            keys = [f"{document.key}#{number}" for number in range(1, len(document.lines) + 1)]
        found = [self._find(doctype, key) for key in keys]
        return ", ".join(str(rows[0]["name"]) for rows in found)[:200] if all(found) else ""

    def _take_back(self, doctype: str, found: Document, document: ExportDocument) -> None:
        if doctype == "Item Price":
            today = ist_day(document.at).isoformat()
            self._client.change(doctype, str(found["name"]), {"valid_upto": today})
        elif found.get("docstatus") != _CANCELLED:
            self._client.cancel(doctype, str(found["name"]))

    def _once(self, doctype: str, key: str, fields: Mapping[str, Any]) -> str:
        """The name of the document under a key, made now if it is not there yet."""
        found = self._find(doctype, key)
        if found:
            return str(found[0]["name"])
        try:
            made = self._client.create(doctype, {**fields, self._field: key})
        except Rejected as error:
            again = self._find(doctype, key) if error.code == "erpnext_duplicate" else []
            if again:  # somebody else's call came through in between
                return str(again[0]["name"])
            raise
        if made.get(self._field) != key:
            raise Misconfigured(
                _(
                    "ERPNext does not keep %(field)s on %(doctype)s: add it there as a unique text field, "
                    "or what is exported cannot be found again",
                    field=self._field,
                    doctype=doctype,
                ),
                code="erpnext_reference",
            )
        return str(made.get("name", ""))

    def _find(self, doctype: str, key: str, *, prefix: bool = False) -> list[Document]:
        match = [self._field, "like", f"{key}#%"] if prefix else [self._field, "=", key]
        fields = ("name", "docstatus", self._field)
        rows = self._client.list_page(doctype, fields, [match], length=500, order="name asc")
        start = f"{key}#" if prefix else key  # `like` takes _ and % of a key for any character
        return [row for row in rows if str(row.get(self._field, "")).startswith(start)]

    def _taxes(self, document: ExportDocument, side: str, sign: int) -> dict[str, Any]:
        """GST of a document as rows of fixed amounts; `Rejected` where the feed names no accounts for it."""
        heads = dict(self._settings.get("tax_accounts") or {})
        split = split_by_state(document)
        if missing := [f"{side}_{head}" for head in split if not heads.get(f"{side}_{head}")]:
            raise Rejected(
                _("name the feed's tax_accounts in ERPNext: %(missing)s", missing=", ".join(missing)),
                code="erpnext_tax_accounts",
            )
        rows = [
            {"charge_type": "Actual", "account_head": str(heads[f"{side}_{head}"]),
             "description": head.upper(), "tax_amount": rupees(sign * paise)}
            for head, paise in split.items()
        ]  # fmt: skip
        return {"taxes": rows} if rows else {}

    def _company(self) -> dict[str, str]:
        return {"company": str(self._settings["company"])} if self._settings.get("company") else {}

    def _need(self, name: str, usual: str) -> str:
        return str(self._settings.get(name) or usual)


def _posted(document: ExportDocument) -> dict[str, Any]:
    at = document.at.astimezone(IST)
    return {
        "set_posting_time": 1,
        "posting_date": at.date().isoformat(),
        "posting_time": at.time().isoformat("seconds"),
    }


def _batch(line: ExportLine) -> dict[str, Any]:
    return {"batch_no": line.batch, **_BATCHES} if line.batch else {}


def _rounded(document: ExportDocument, sign: int) -> dict[str, Any]:
    """The total that stands on the paper: ERPNext rounds to it by an adjustment of its own."""
    if not document.round_off_paise:
        return {}
    net = sum(line.amount_paise + line.tax_paise for line in document.lines)
    return {
        "disable_rounded_total": 0,
        "rounding_adjustment": rupees(sign * document.round_off_paise),
        "rounded_total": rupees(sign * (net + document.round_off_paise)),
    }


def _is_supply(document: ExportDocument) -> bool:
    return document.kind is ExportKind.RETURN and return_route(document) == RETURN_ROUTES[0]


def _whole_rates(line: ExportLine) -> list[tuple[int, int]]:
    """Pieces and paise a piece that come to a line's amount exactly, in at most two parts."""
    low, odd = divmod(line.amount_paise, line.quantity)
    return [(pieces, rate) for pieces, rate in ((line.quantity - odd, low), (odd, low + 1)) if pieces]


def _remark(document: ExportDocument) -> str:
    return " · ".join(part for part in (document.number, document.narration) if part)
