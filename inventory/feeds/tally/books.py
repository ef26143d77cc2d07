"""A company's masters as rows of places, outlets and SKUs; what vouchers are understood by. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from inventory.feeds.canonical import trade_channel_of
from inventory.feeds.tally.amounts import parse_paise
from inventory.feeds.tally.days import parse_day
from inventory.feeds.tally.items import (
    Item,
    Units,
    latest,
    read_hsn,
    read_item,
    read_rates,
    rupees_a_piece,
)
from inventory.feeds.tally.records import Node
from inventory.feeds.tally.words import (
    CREDITORS,
    DEBTORS,
    VoucherKind,
    fold,
    given,
    kind_by_name,
    location_code,
    party_code,
    sku_code,
)
from vyapar.kernel.money import half_up, rupees

#: No chain of groups is deeper; a longer one goes round in a circle.
_DEEPEST = 32
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Party:
    """A ledger that buys or sells."""

    name: str
    group: str
    gstin: str = ""
    row: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Group:
    """A stock group or a GST classification: where HSN and rate may stand instead of on the item."""

    parent: str = ""
    hsn: tuple[tuple[date | None, str, str], ...] = ()
    rates: tuple[tuple[date | None, str, Decimal], ...] = ()


@dataclass(slots=True)
class Books:
    """Masters met so far. `options` are the feed's:

    `godowns`: name -> {code?, kind?, territory?, pincode?}; `territory`, `pincode`: of godowns that do
    not say; `parties`: ledger -> retailer id (`Cash` -> `COUNTER`); `retailer_groups`: groups of ledgers
    that are outlets, instead of Sundry Debtors; `voucher_types`: own type -> kind; `units`: unit -> GST
    unit; `on`: day whose HSN and prices count.
    """

    options: Mapping[str, Any]
    units: Units = field(default_factory=Units)
    items: dict[str, Item] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    _godowns: list[Row] = field(default_factory=list)
    _ledger_groups: dict[str, str] = field(default_factory=dict)
    _stock_groups: dict[str, _Group] = field(default_factory=dict)
    _classifications: dict[str, _Group] = field(default_factory=dict)
    _types: dict[str, str] = field(default_factory=dict)
    _told_items: list[str] = field(default_factory=list)
    _told_parties: list[str] = field(default_factory=list)
    _own: dict[str, dict[str, Any]] = field(init=False)
    _kinds: dict[tuple[str, str], VoucherKind | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = ("godowns", "parties", "voucher_types", "units")
        self._own = {
            name: {fold(key): value for key, value in dict(self.options.get(name) or {}).items()}
            for name in names
        }

    def add(self, node: Node) -> None:
        """One master, whichever it is."""
        reader = {
            "UNIT": self.units.add,
            "STOCKITEM": self._add_item,
            "LEDGER": self._add_party,
            "GODOWN": self._add_godown,
            "GROUP": self._add_ledger_group,
            "STOCKGROUP": self._add_stock_group,
            "GSTCLASSIFICATION": self._add_classification,
            "VOUCHERTYPE": self._add_type,
        }.get(node.tag)
        if reader is not None and node.name:
            reader(node)

    def find_item(self, name: str) -> Item | None:
        return self.items.get(fold(name))

    def kind_of(self, type_name: str, base: str = "") -> VoucherKind | None:
        """The kind a voucher type stands under: by the feed's settings, its master, its own name."""
        key = (fold(type_name), base)
        if key not in self._kinds:
            self._kinds[key] = self._find_kind(type_name) or kind_by_name(base)
        return self._kinds[key]

    def retailer_of(self, ledger: str) -> str:
        """The retailer id of a party: its ledger's name, unless the feed's settings say otherwise."""
        return str(self._own["parties"].get(fold(ledger), "")) or party_code(ledger)

    def location_of(self, godown: str) -> str:
        """The location's code of a godown."""
        code = location_code(godown)
        return str(self._about(code).get("code") or code)

    def take_locations(self) -> Iterator[Row]:
        """Rows of godowns met since the last call."""
        rows, self._godowns = self._godowns, []
        yield from rows

    def take_retailers(self) -> Iterator[Row]:
        """Rows of outlets met since the last call: ledgers under the groups that buy."""
        names, self._told_parties = self._told_parties, []
        for name in names:
            party = self.parties[name]
            if self._stands_under(party.group, self._retailer_groups()):
                yield party.row

    def take_skus(self) -> Iterator[Row]:
        """Rows of stock items met since the last call."""
        names, self._told_items = self._told_items, []
        for name in names:
            yield self._sku(self.items[name])

    def is_supplier(self, ledger: str) -> bool:
        party = self.parties.get(fold(ledger))
        return party is not None and self._stands_under(party.group, frozenset({CREDITORS}))

    def gst_percent(self, item: Item) -> Decimal | None:
        """GST of an item in percent: its own, its classification's, or of the nearest group that has one."""
        rates = item.rates or next((g.rates for g in self._hsn_holders(item) if g.rates), ())
        on = self._on()
        known = [one for one in rates if on is None or one[0] is None or one[0] <= on]
        return max(known, key=lambda one: one[0] or date.min)[2] if known else None

    def hsn_of(self, item: Item) -> str:
        """HSN of an item: its own, that of the classification it refers to, or its group's."""
        for holder in (_Group(item.parent, item.hsn), *self._groups_above(item.parent)):
            found = self._in_force(holder.hsn)
            if found:
                return found
        return ""

    def mrp_of(self, item: Item) -> int | None:
        """MRP of an item's master in paise a piece."""
        return self._paise(latest(item.mrp, self._on()), item)

    def cost_of(self, item: Item, rate: str = "") -> int | None:
        """Cost in paise a piece without GST: `rate` of a batch, else standard cost, else opening rate."""
        return self._paise(rate or latest(item.cost, self._on()) or item.opening_rate, item)

    # --- masters -----------------------------------------------------------------------------

    def _add_item(self, node: Node) -> None:
        key = fold(node.name)
        self.items[key] = read_item(node)
        if not node.is_context:
            self._told_items.append(key)

    def _add_party(self, node: Node) -> None:
        key = fold(node.name)
        self.parties[key] = self._party(node)
        if not node.is_context:
            self._told_parties.append(key)

    def _add_godown(self, node: Node) -> None:
        if node.is_context:
            return
        code, lines = location_code(node.name), _address(node)
        about = self._about(code)
        self._godowns.append(
            {
                "code": str(about.get("code") or code),
                "name": node.name,
                "kind": str(about.get("kind") or "godown"),
                "territory": about.get("territory") or self.options.get("territory") or None,
                "address": ", ".join(lines) or None,
                "pincode": given(node.get("PINCODE"))
                or about.get("pincode")
                or self.options.get("pincode")
                or None,
            }
        )

    def _add_ledger_group(self, node: Node) -> None:
        self._ledger_groups[fold(node.name)] = given(node.get("PARENT"))

    def _add_stock_group(self, node: Node) -> None:
        self._stock_groups[fold(node.name)] = _group(node)

    def _add_classification(self, node: Node) -> None:
        self._classifications[fold(node.name)] = _group(node)

    def _add_type(self, node: Node) -> None:
        self._types[fold(node.name)] = given(node.get("PARENT"))
        self._kinds.clear()

    def _find_kind(self, name: str) -> VoucherKind | None:
        for _ in range(_DEEPEST):
            found = kind_by_name(str(self._own["voucher_types"].get(fold(name), ""))) or kind_by_name(name)
            if found or not name:
                return found
            name = self._types.get(fold(name), "")
        return None

    def _party(self, node: Node) -> Party:
        mailing = _last_dated(node, "LEDMAILINGDETAILS.LIST")
        registered = _last_dated(node, "LEDGSTREGDETAILS.LIST")
        gstin = given(registered.get("GSTIN")) or given(
            node.get("PARTYGSTIN", "GSTIN", "GSTREGISTRATIONNUMBER")
        )
        closing, limit = parse_paise(node.get("CLOSINGBALANCE")), parse_paise(node.get("CREDITLIMIT"))
        row: Row = {
            "retailer_id": self.retailer_of(node.name),
            "name": given(mailing.get("MAILINGNAME")) or node.name,
            "territory": self.options.get("territory") or None,
            "address": ", ".join(_address(mailing) or _address(node)) or None,
            "place": given(mailing.get("STATE"))
            or given(node.get("LEDSTATENAME", "LEDGERSTATE", "STATENAME"))
            or None,
            "pincode": given(mailing.get("PINCODE")) or given(node.get("PINCODE")) or None,
            "phone": given(node.get("LEDGERMOBILE", "LEDGERPHONE", "PHONENUMBER")) or None,
            "email": given(node.get("EMAIL", "LEDGEREMAIL")) or None,
            "gstin": gstin or None,
            "credit_limit": rupees(abs(limit)) if limit else None,
            "outstanding": rupees(-closing) if closing is not None else None,
            # a group of debtors is named by each house: one that names no channel of trade says nothing
            "trade_channel": trade_channel_of(given(node.get("PARENT"))),
        }
        return Party(node.name, given(node.get("PARENT")), gstin, row)

    def _sku(self, item: Item) -> Row:
        top = [name for name, _ in self._chain(item.parent)]
        return {
            "sku": sku_code(item.name),
            "name": item.name[:200],
            "brand": (top[-1] if len(top) > 1 or item.category else "") or None,
            "category": item.category or item.parent or None,
            "hsn": self.hsn_of(item) or None,
            "uqc": self._uqc(item) or None,
            "mrp": _money(self.mrp_of(item)),
            "trade_price": _money(self._trade_price(item)),
            "cost": _money(self.cost_of(item)),
            "case_pack": self.units.case_pack(item),
        }

    # --- where things stand --------------------------------------------------------------------

    def _on(self) -> date | None:
        return parse_day(str(self.options.get("on") or ""))

    def _about(self, godown: str) -> Mapping[str, Any]:
        return self._own["godowns"].get(fold(godown)) or {}

    def _retailer_groups(self) -> frozenset[str]:
        return frozenset(fold(name) for name in self.options.get("retailer_groups") or ()) or frozenset(
            {DEBTORS}
        )

    def _stands_under(self, group: str, wanted: frozenset[str]) -> bool:
        for _ in range(_DEEPEST):
            if fold(group) in wanted:
                return True
            group = self._ledger_groups.get(fold(group), "")
            if not group:
                return False
        return False

    def _chain(self, group: str) -> list[tuple[str, _Group]]:
        """A stock group and those above it, nearest first; names only where the master is not here."""
        found: list[tuple[str, _Group]] = []
        while group and len(found) < _DEEPEST:
            own = self._stock_groups.get(fold(group), _Group())
            found.append((group, own))
            group = own.parent
        return found

    def _groups_above(self, group: str) -> list[_Group]:
        return [own for _, own in self._chain(group)]

    def _hsn_holders(self, item: Item) -> list[_Group]:
        named = [self._classifications.get(fold(name)) for _, _, name in item.hsn if name]
        return [*(found for found in named if found), *self._groups_above(item.parent)]

    def _in_force(self, dated: tuple[tuple[date | None, str, str], ...]) -> str:
        """The code in force; through its classification where only that is named."""
        on = self._on()
        known = sorted((one for one in dated if on is None or one[0] is None or one[0] <= on),
                       key=lambda one: one[0] or date.min, reverse=True)  # fmt: skip
        for _, code, name in known:
            shared = self._classifications.get(fold(name)) if name else None
            found = code or next((c for _, c, _ in reversed(shared.hsn) if c), "") if shared else code
            if found or (found := _leading_code(name)):
                return found
        return ""

    def _uqc(self, item: Item) -> str:
        unit = self.units.find(self.units.piece_of(item))
        own = self._own["units"].get(fold(self.units.piece_of(item)))
        return str(own or "") or (unit.uqc if unit else "") or item.uqc or self.units.piece_of(item)

    def _paise(self, rate: str, item: Item) -> int | None:
        value = rupees_a_piece(rate, item, self.units)
        return half_up(abs(value) * 100) if value else None

    def _trade_price(self, item: Item) -> int | None:
        """Price to the outlet with GST; Tally's price lists are without it."""
        bare = self._paise(latest(item.price, self._on()), item)
        percent = self.gst_percent(item)
        return half_up(bare * (100 + (percent or 0)) / Decimal(100)) if bare is not None else None


def _group(node: Node) -> _Group:
    return _Group(given(node.get("PARENT")), read_hsn(node), read_rates(node))


def _leading_code(name: str) -> str:
    """The code that a classification's name begins with (`33051090 Shampoo 18%`)."""
    first = name.split(" ")[0] if name else ""
    return first if first.isascii() and first.isdigit() and len(first) in (4, 6, 8) else ""


def _last_dated(node: Node, tag: str) -> Node:
    """The entry of a dated list that was added last by its day; an empty one when there is none."""
    parts = node.each(tag)
    return (
        max(parts, key=lambda part: parse_day(part.get("APPLICABLEFROM")) or date.min) if parts else Node(tag)
    )


def _address(node: Node) -> list[str]:
    lines = [line for part in node.each("ADDRESS.LIST") for line in part.all("ADDRESS")]
    return [line for line in lines or node.all("ADDRESS") if line]


def _money(paise: int | None) -> str | None:
    return rupees(paise) if paise is not None else None
