"""One pass over an export: records in, parcels of rows out, and what was not taken. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl

from inventory.contracts.feeds import Parcel, RecordKind, Uncovered, Whole
from inventory.feeds.tally import entries
from inventory.feeds.tally.books import Books
from inventory.feeds.tally.coverage import Coverage
from inventory.feeds.tally.days import parse_day
from inventory.feeds.tally.frames import BARE, frame_of, selves_of
from inventory.feeds.tally.items import Item
from inventory.feeds.tally.records import MASTERS, Node
from inventory.feeds.tally.standing import Latest, moves_goods, why_out
from inventory.feeds.tally.vouchers import Voucher, read_voucher
from inventory.feeds.tally.walk import Walk
from inventory.feeds.tally.words import NO_GOODS, VoucherKind, fold, given, same_company, sku_code
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import phrase as _

Row = dict[str, Any]
_ROWS = 5_000  # in a parcel
#: Kinds of vouchers whose goods are receipts.
_BOUGHT = (VoucherKind.PURCHASE, VoucherKind.RECEIPT_NOTE)
_REVISION = re.compile(r"(\d{1,10}):(\d{1,2})\b")
_KINDS = (*(kind for kind in RecordKind if kind is not RecordKind.STOCK), RecordKind.STOCK)


class Passage:
    """One pass over a file."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = options
        self._books = Books(options)
        self._walk = Walk(self._books)
        self._coverage = Coverage()
        self._rows: dict[RecordKind, list[Row]] = {kind: [] for kind in _KINDS}
        self._count = dict.fromkeys(_KINDS, 0)
        self._number = 0
        self._company = ""
        self._notes: dict[str, str] = {}
        self._vouchers_began = False
        self._walks = options.get("stock") != "none"
        self._batches: dict[tuple[str, str], Row] = {}
        self._opened: list[Item] = []
        self._latest: dict[
            tuple[RecordKind, str], int
        ] = {}  # by voucher in the parcel being filled: its AlterID
        self._withdrawn: list[Row] = []
        self._bare: dict[str, int] = {}  # vouchers met that give no rows: AlterID by name
        self._is_whole = str(options.get("complete")).lower() in ("true", "yes", "1")
        self._met: set[str] = set()
        self._days: tuple[date, date] | None = None
        self._revisions: dict[int, int] = {}  # of altered vouchers
        self._selves = Latest()
        self._rounding = entries.Rounding()

    @property
    def is_full(self) -> bool:
        return len(self._bare) >= _ROWS or any(len(rows) >= _ROWS for rows in self._rows.values())

    def take(self, node: Node) -> None:
        """One record of the file."""
        if node.tag == "VOUCHER":
            self._take_voucher(node)
        elif node.tag in MASTERS:
            self._take_master(node)
        else:
            self._take_note(node)

    @property
    def must_walk_again(self) -> bool:
        """Whether the stock was walked by selves of vouchers of which later ones stand in the same file."""
        return self._selves.overtaken and self._walks and self._walk.has_openings

    def walk_again(self, records: Iterable[Node]) -> None:
        """Walk through the same records once more, each voucher by the self that counts."""
        self._walk = Walk(self._books, has_openings=True)
        self._selves.begin_again()
        for node in records:
            if node.tag == "STOCKITEM" and node.name:
                self._open(node)
            elif node.tag == "VOUCHER" and (node.texts or node.attributes):
                voucher = read_voucher(node, self._books)
                if node.is_context:
                    self._walk_context(voucher)
                elif self._selves.counts(voucher) and moves_goods(voucher, self._as_of):
                    self._walk.move(voucher)

    def end(self) -> None:
        """After the last record: the stock."""
        self._tell_masters()
        if self._walks and self._walk.has_openings:
            as_of = self._notes.get("SVASOF") or str(self._options.get("as_of") or "") or None
            self._rows[RecordKind.STOCK] += self._walk.rows(as_of)

    def parcels(self, offset: int, after: int, *, final: bool = False) -> Iterator[Parcel]:
        """What is waiting, each kind after those it refers to."""
        self._latest.clear()
        wanted = self._options.get("kind")
        if not wanted:
            yield from self._bare_parcels(offset, after, final=final)
        for kind in _KINDS:
            rows, self._rows[kind] = self._rows[kind], []
            if wanted and kind.value != wanted:
                continue
            for part in self._parts(kind, rows):
                first = self._count[kind] + 1
                self._count[kind] += len(part)
                if self._number > after:
                    yield Parcel(
                        kind,
                        self._number,
                        frame_of(kind, part, first),
                        offset,
                        selves=selves_of(kind, part, first),
                    )
                self._number += 1
        if final and self._number == 0 and not self._vouchers_began:
            self._coverage.note("file", "nothing in it is of a kind this system keeps")

    def _bare_parcels(self, offset: int, after: int, *, final: bool) -> Iterator[Parcel]:
        """What gives no rows: vouchers of kinds that are not told, and which vouchers there are at all."""
        bare, self._bare = self._bare, {}
        whole = Whole(*self._days, frozenset(self._met)) if final and self._is_whole and self._days else None
        if not bare and whole is None:
            return
        if self._number > after:
            told = pl.DataFrame(list(bare.items()), schema=BARE, orient="row")
            kind = RecordKind.SALES
            yield Parcel(kind, self._number, frame_of(kind, [], 1), offset, bare=told, whole=whole)
        self._number += 1

    def _parts(self, kind: RecordKind, rows: list[Row]) -> Iterator[list[Row]]:
        """Parcels' worth of rows. What is withdrawn goes before what is sold: in one parcel it would
        take the new lines along."""
        if kind is RecordKind.SALES:
            withdrawn, self._withdrawn = self._withdrawn, []
            yield from (withdrawn[start : start + _ROWS] for start in range(0, len(withdrawn), _ROWS))
        yield from (rows[start : start + _ROWS] for start in range(0, len(rows), _ROWS))

    def told(self, skipped: Counter[str], own: int) -> Sequence[Uncovered]:
        """What was not taken; once the pass is over."""
        note = self._coverage.note
        if self._rounding.lines:
            note("prices", f"rounded to whole paise, {rupees(self._rounding.paise)} rupees in all",
                 count=self._rounding.lines)  # fmt: skip
        if self._walk.first_day and self._walks and "SVSTOCK" not in self._notes and self._walk.has_openings:
            span = f"{self._walk.first_day:%d-%m-%Y} to {self._walk.last_day:%d-%m-%Y}"
            reason = (
                "walked from the opening balances through this file's vouchers, which must reach back to them"
            )
            note("stock", reason, span)
        for name, walked, told in self._walk.doubted:
            reason = "opening and vouchers do not add up to the closing balance Tally tells"
            note("stock that differs", reason, f"{name}: {walked} walked, {told} told")
        return self._coverage.told(skipped, own)

    # --- masters -------------------------------------------------------------------------------

    def _take_master(self, node: Node) -> None:
        if not node.name:  # a counter of the same name, not a master
            return
        self._books.add(node)
        if not node.is_context:
            self._coverage.look_at(node)
        if node.tag == "STOCKITEM":
            self._open(node)
            if not node.is_context:
                self._opened.append(self._books.items[fold(node.name)])

    def _open(self, node: Node) -> None:
        if self._walks and (not node.is_context or self._notes.get("SVSTOCK") == "Walk"):
            self._walk.open(self._books.items[fold(node.name)])

    def _tell_masters(self) -> None:
        self._rows[RecordKind.LOCATIONS] += self._books.take_locations()
        self._rows[RecordKind.RETAILERS] += self._books.take_retailers()
        self._rows[RecordKind.SKUS] += self._books.take_skus()
        opened, self._opened = self._opened, []
        for item in opened:
            for part in item.allocations:
                mrp = part.mrp_paise or self._books.mrp_of(item)
                cost = self._books.cost_of(item, part.rate)
                self._tell_batch(
                    {
                        "sku": sku_code(item.name),
                        "batch": part.batch,
                        "mrp": rupees(mrp) if mrp else None,
                        "cost": rupees(cost) if cost else None,
                        "manufacture_date": part.made.isoformat() if part.made else None,
                        "expiry_date": part.expires.isoformat() if part.expires else None,
                        "purchase_invoice": None,
                    }
                )

    def _tell_batch(self, row: Row) -> None:
        """A batch once, and again when more is known of it."""
        key = (row["sku"], row["batch"])
        known = self._batches.get(key)
        merged = row if known is None else {name: known[name] or row[name] for name in row}
        if merged != known:
            self._batches[key] = merged
            self._rows[RecordKind.BATCHES].append(merged)

    # --- vouchers ------------------------------------------------------------------------------

    def _take_voucher(self, node: Node) -> None:
        if not node.texts and not node.attributes:  # a counter
            return
        if not self._vouchers_began:
            self._vouchers_began = True
            self._tell_masters()
        voucher = read_voucher(node, self._books)
        if node.is_context:
            self._walk_context(voucher)
            return
        self._coverage.look_at(node)
        self._meet(voucher)
        if not self._selves.meet(voucher):
            self._coverage.note(
                "older selves of vouchers",
                "a later self of them stands in the same file: they change nothing",
                _example(voucher),
            )
            return
        if not self._counts(voucher):
            if entries.is_sale(voucher) or (voucher.deleted and voucher.kind is None):
                self._withdraw(voucher, for_good=True)
            elif voucher.kind in _BOUGHT:
                self._rows[RecordKind.RECEIPTS].append(entries.refusal(voucher))
            else:
                self._leave(voucher)
            return
        if not voucher.alter_id:
            self._coverage.note(
                "vouchers without AlterID",
                "told apart by what they say: of two selves of one the self that comes last counts",
                _example(voucher),
            )
        if self._walks and not self._walk.move(voucher):
            self._coverage.note("voucher told twice", "its goods are walked once", _example(voucher))
        self._tell_goods(voucher)

    def _walk_context(self, voucher: Voucher) -> None:
        if voucher.stands and voucher.kind not in NO_GOODS:
            self._walk.move(voucher)

    @property
    def _as_of(self) -> date | None:
        return parse_day(self._notes.get("SVASOF", "")[:10])

    def _counts(self, voucher: Voucher) -> bool:
        """Whether a voucher is taken; if not, it is noted why."""
        note, example = self._coverage.note, _example(voucher)
        out = why_out(voucher, self._as_of)
        if out is not None:
            note(*out, example)
            return False
        if voucher.kind is None:
            if voucher.moves:
                note(
                    f"vouchers of type {voucher.type_name or 'none'}",
                    "of no known kind: include the voucher types in the export, or set their kind",
                    example,
                )
            return False
        if voucher.kind in NO_GOODS:
            note(f"{voucher.kind.value} vouchers", "they move no goods", example)
            return False
        return True

    def _tell_goods(self, voucher: Voucher) -> None:
        kind = voucher.kind
        self._tell_batches(voucher)
        if entries.is_sale(voucher):
            revision = self._revisions.get(voucher.master_id, 0)
            if revision:
                self._withdraw(voucher)
            rows = entries.sales_of(voucher, self._books, self._rounding, revision=revision)
            self._tell(RecordKind.SALES, voucher, rows)
            if not rows:
                self._leave(voucher)
        elif kind is VoucherKind.PURCHASE:
            supplier = self._books.parties.get(fold(voucher.party))
            bought = entries.purchases_of(voucher, self._books, supplier.gstin if supplier else "")
            came = entries.receipts_of(voucher, self._books)
            self._tell(RecordKind.PURCHASES, voucher, bought)
            self._tell(RecordKind.RECEIPTS, voucher, came)
            if not (bought or came):
                self._leave(voucher)
        elif kind is VoucherKind.RECEIPT_NOTE:
            self._tell(RecordKind.RECEIPTS, voucher, entries.receipts_of(voucher, self._books))
        else:
            told = "are in the stock" if self._walks and self._walk.has_openings else "come with the stock"
            self._coverage.note(
                f"{kind.value if kind else ''} vouchers", f"their movements {told}, not told one by one",
                _example(voucher),
            )  # fmt: skip
            self._leave(voucher)

    def _tell_batches(self, voucher: Voucher) -> None:
        for move in voucher.moves:
            comes_in = move.pieces is None or move.pieces > 0
            says_something = move.made or move.expires or move.mrp_paise
            if comes_in or (says_something and "SVREVISIONS" not in self._notes):
                self._tell_batch(entries.batch_of(move, voucher, self._books))

    def _withdraw(self, voucher: Voucher, *, for_good: bool = False) -> None:
        """Take a voucher's sales back; `for_good` when it is out of the books, not only altered."""
        row = entries.withdrawal(voucher)
        row = entries.signed(voucher, [row])[0] if for_good else row
        if row not in self._withdrawn[-1:]:
            self._withdrawn.append(row)

    def _tell(self, kind: RecordKind, voucher: Voucher, rows: list[Row]) -> None:
        """Rows of a voucher; of the same one told twice in a parcel the later self counts."""
        name = entries.transaction_id(voucher)
        if self._bare.get(name, 0) > voucher.alter_id:
            return
        self._bare.pop(name, None)
        known = self._latest.get((kind, name))
        if known is not None:
            if known > voucher.alter_id:
                return
            told = self._rows[kind]
            self._rows[kind] = [row for row in told if row[entries.SELF][0] != name]
        self._latest[kind, name] = voucher.alter_id
        self._rows[kind] += entries.signed(voucher, rows)

    def _leave(self, voucher: Voucher) -> None:
        """A voucher that gives no rows; those that an earlier self of it gave in this parcel go."""
        name = entries.transaction_id(voucher)
        for kind in (RecordKind.PURCHASES, RecordKind.RECEIPTS, RecordKind.SALES):
            known = self._latest.get((kind, name))
            if known is not None and known > voucher.alter_id:
                return
            if known is not None:
                self._rows[kind] = [row for row in self._rows[kind] if row[entries.SELF][0] != name]
        self._bare[name] = max(voucher.alter_id, self._bare.get(name, 0))

    def _meet(self, voucher: Voucher) -> None:
        if self._is_whole:
            self._met.add(entries.transaction_id(voucher))
            if voucher.day:
                first, last = self._days or (voucher.day, voucher.day)
                self._days = min(first, voucher.day), max(last, voucher.day)

    # --- notes -----------------------------------------------------------------------------------

    def _take_note(self, node: Node) -> None:
        if node.tag in ("RESPONSE", "LINEERROR"):
            said = node.text.strip() or node.get("LINEERROR")
            if said:
                fault = Fault(
                    "tally_said_no", _("ask Tally again, or export by hand"), "file", value=said[:200]
                )
                raise Invalid(
                    _("this is not an export but Tally's answer: %(said)s", said=said),
                    code="tally_said_no",
                    faults=[fault],
                )
            return
        self._notes |= {name: node.get(name) for name in node.texts if name.startswith("SV")}
        if node.get("SVREVISIONS"):
            told = _REVISION.findall(node.get("SVREVISIONS"))
            self._revisions = {int(one): int(revision) for one, revision in told}
        if self._notes.get("SVSTOCK") == "No":
            self._walks = False
        elif self._notes.get("SVSTOCK") == "Walk":
            self._walk.has_openings = True
        names = [
            node.get("SVCURRENTCOMPANY"),
            *(part.get("REMOTECMPNAME") for part in node.each("REMOTECMPINFO.LIST")),
        ]
        for name in names:
            if given(name) and not name.startswith("##"):
                self._check_company(name)

    def _check_company(self, name: str) -> None:
        wanted = str(self._options.get("company") or "") or self._company
        if wanted and not same_company(name, wanted):
            said = (
                _("the file is of %(name)s, this feed is of %(wanted)s", name=name, wanted=wanted)
                if self._options.get("company")
                else _(
                    "the file holds books of two companies, %(wanted)s and %(name)s", wanted=wanted, name=name
                )
            )
            fault = Fault(
                "wrong_company",
                _("export one company at a time, the one the feed names"),
                "company",
                value=name,
            )
            raise Invalid(said, code="wrong_company", faults=[fault])
        self._company = self._company or name


def _example(voucher: Voucher) -> str:
    day = f" of {voucher.day:%d-%m-%Y}" if voucher.day else ""
    return f"{voucher.type_name} {voucher.number}{day}".strip()
