"""One company of the simulated Tally: masters, vouchers, and the counters that grow with every change."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field

from vyapar.ops.sandbox.tally.trees import Tree, parse

#: Kinds of voucher every company has, whose entries name items, and which of them name ledgers.
VOUCHER_TYPES = (
    "Sales", "Purchase", "Credit Note", "Debit Note", "Receipt Note", "Delivery Note", "Rejections In",
    "Rejections Out", "Stock Journal", "Physical Stock", "Material In", "Material Out", "Journal", "Receipt",
    "Payment", "Contra", "Sales Order", "Purchase Order",
)  # fmt: skip


@dataclass(slots=True)
class Refusal:
    """Why something was not taken; `said` may be empty: Tally does not always say."""

    said: str = ""


@dataclass(slots=True)
class Company:
    """Books in memory. AlterIDs of masters and of vouchers are two sequences of the whole company."""

    name: str
    guid: str = field(default_factory=lambda: str(uuid.uuid4()))
    books_from: str = "20260401"
    alter_masters: int = 0
    alter_vouchers: int = 0
    masters: dict[str, dict[str, Tree]] = field(default_factory=dict)
    vouchers: dict[int, Tree] = field(default_factory=dict)
    _remote: dict[str, int] = field(default_factory=dict)  # the sender's id -> ours
    _numbers: Counter[str] = field(default_factory=Counter)
    _last: int = 0

    # --- what a person at the screen does -----------------------------------------------------------

    def enter(self, *xml: str) -> list[int]:
        """Masters and vouchers as someone enters them; the ids of the vouchers."""
        entered = []
        for one in xml:
            tree = parse(one)
            if tree is None:
                raise ValueError(f"this is not XML: {one[:80]}")
            if tree.tag == "VOUCHER":
                entered.append(self._new(tree))
            else:
                self.put_master(tree)
        return entered

    def alter(self, ident: int, xml: str) -> None:
        """Change a voucher: its id stays, its AlterID moves on."""
        tree = parse(xml)
        if tree is None:
            raise ValueError("this is not XML")
        self._replace(ident, tree)

    def cancel(self, ident: int) -> None:
        """Cancel a voucher: it stays without its entries."""
        voucher = self.vouchers[ident]
        voucher.children = [child for child in voucher.children if not child.tag.endswith(".LIST")]
        voucher.put("ISCANCELLED", "Yes")
        self._touch(voucher)

    def delete(self, ident: int) -> None:
        """Delete a voucher: nothing of it remains; the counter moves on."""
        del self.vouchers[ident]
        self._remote = {remote: own for remote, own in self._remote.items() if own != ident}
        self.alter_vouchers += 1

    # --- what an import does --------------------------------------------------------------------------

    def put_master(self, tree: Tree) -> bool:
        """Write a master; True when it is new. What is not named in it stays as it was."""
        known = self.masters.setdefault(tree.tag, {})
        key = tree.name.strip().lower()
        is_new = key not in known
        if is_new:
            kept = known[key] = tree.copy()
            kept.attributes = {"NAME": tree.name, "RESERVEDNAME": ""}
        else:
            kept = known[key]
            tags = {child.tag for child in tree.children} - {"NAME"}
            kept.children = [child for child in kept.children if child.tag not in tags]
            kept.children += [child.copy() for child in tree.children if child.tag in tags]
        self.alter_masters += 1
        kept.put("ALTERID", f" {self.alter_masters}")
        return is_new

    def take_voucher(self, tree: Tree) -> str | Refusal:
        """An imported voucher: `created`, `altered`, `cancelled`, `deleted`, or why not.

        A `Create` whose id is known alters that voucher, even one that was cancelled since. An `Alter` is
        booked as another voucher: so does the real one.
        """
        action = tree.attributes.get("ACTION", "Create").lower()
        remote = tree.attributes.get("REMOTEID", "")
        known = self._remote.get(remote)
        if action in ("cancel", "delete"):
            if known is None:
                return Refusal("Voucher does not exist!")
            if action == "delete":
                self.delete(known)
                return "deleted"
            self.cancel(known)
            narration = tree.get("NARRATION")
            if narration:
                self.vouchers[known].put("NARRATION", narration)
            return "altered"  # the real one counts it so
        refusal = self._objection(tree)
        if refusal is not None:
            return refusal
        if known is not None and action == "create":
            self._replace(known, tree)
            return "altered"
        ident = self._new(tree)
        if remote:
            self._remote[remote] = ident
        return "created"

    def _objection(self, tree: Tree) -> Refusal | None:
        kind = tree.get("VOUCHERTYPENAME") or tree.attributes.get("VCHTYPE", "")
        own_types = self.masters.get("VOUCHERTYPE", {})
        if kind not in VOUCHER_TYPES and kind.lower() not in own_types:
            return Refusal(f"Voucher Type '{kind}' does not exist!")
        if len(tree.get("DATE")) != 8 or tree.get("DATE") < self.books_from:
            return Refusal("Voucher date is missing.")
        wanted = (("STOCKITEMNAME", "STOCKITEM", "Stock Item"), ("GODOWNNAME", "GODOWN", "Godown"),
                  ("LEDGERNAME", "LEDGER", "Ledger"), ("PARTYLEDGERNAME", "LEDGER", "Ledger"))  # fmt: skip
        for node in tree.walk():
            for tag, master, label in wanted:
                name = node.text.strip()
                if node.tag == tag and name.lower() not in self.masters.get(master, {}):
                    return Refusal(f"{label} '{name}' does not exist!")
        if kind in ("Sales", "Purchase", "Credit Note", "Debit Note", "Journal") and _unbalanced(tree):
            return Refusal()  # an exception without a word
        return None

    # --- vouchers ---------------------------------------------------------------------------------------

    def _new(self, tree: Tree) -> int:
        self._last += 1
        voucher = tree.copy()
        kind = voucher.get("VOUCHERTYPENAME") or voucher.attributes.get("VCHTYPE", "")
        self._numbers[kind] += 1
        voucher.put("VOUCHERTYPENAME", kind)
        voucher.put("VOUCHERNUMBER", str(self._numbers[kind]))  # automatic numbering: the sender's is dropped
        voucher.put("MASTERID", f" {self._last}")
        voucher.put("GUID", f"{self.guid}-{self._last:08x}")
        for flag in ("ISCANCELLED", "ISOPTIONAL"):
            if not voucher.get(flag):
                voucher.put(flag, "No")
        self.vouchers[self._last] = voucher
        self._touch(voucher)
        return self._last

    def _replace(self, ident: int, tree: Tree) -> None:
        before, voucher = self.vouchers[ident], tree.copy()
        for tag in ("VOUCHERNUMBER", "MASTERID", "GUID"):
            voucher.put(tag, before.get(tag))
        voucher.put("VOUCHERTYPENAME", voucher.get("VOUCHERTYPENAME") or before.get("VOUCHERTYPENAME"))
        for flag in ("ISCANCELLED", "ISOPTIONAL"):
            if not voucher.get(flag):
                voucher.put(flag, "No")
        self.vouchers[ident] = voucher
        self._touch(voucher)

    def _touch(self, voucher: Tree) -> None:
        self.alter_vouchers += 1
        voucher.put("ALTERID", f" {self.alter_vouchers}")
        kind = voucher.get("VOUCHERTYPENAME")
        voucher.attributes = {"REMOTEID": voucher.get("GUID"), "VCHTYPE": kind, "ACTION": "Create"}


def _unbalanced(tree: Tree) -> bool:
    """Whether debits and credits of party, taxes and goods do not cancel out."""
    entries = [
        node
        for node in tree.walk()
        if node.tag in ("LEDGERENTRIES.LIST", "ALLLEDGERENTRIES.LIST", "ACCOUNTINGALLOCATIONS.LIST")
    ]
    paise = [round(float(node.get("AMOUNT") or 0) * 100) for node in entries]
    return bool(paise) and sum(paise) != 0
