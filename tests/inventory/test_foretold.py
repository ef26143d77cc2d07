"""What a check foretells is what the write does: generated books of Tally, and files of several kinds."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import xlsxwriter

from inventory.models import ImportRun
from inventory.services import imports
from tests.conftest import NOW
from tests.inventory.book import Book, make_book
from tests.inventory.test_imports import OWNER
from tests.inventory.test_tally import envelope, item, line, voucher
from tests.inventory.test_vouchers import MASTERS

HSN = (
    "<HSNDETAILS.LIST><HSNCODE>34011190</HSNCODE></HSNDETAILS.LIST><MRPDETAILS.LIST>"
    "<MRPRATEDETAILS.LIST><MRPRATE>20.00/Nos</MRPRATE></MRPRATEDETAILS.LIST></MRPDETAILS.LIST>"
)


@pytest.fixture(autouse=True)
def book(in_alpha, own_media) -> Book:
    return make_book()


def foretold(path: Path, system: str) -> tuple[dict[str, object], dict[str, object]]:
    """Counts by kind and outcome, of the check and of the write."""
    feed = imports.ensure_feed(code=system, name=system, system=system, actor=OWNER, at=NOW)
    options = {"territory": "MUM", "pincode": "400072"} if system == "tally" else {}
    run = imports.open_run(
        feed=feed, content=path, title=path.name, options=options, actor=OWNER, at=NOW, again=True
    )
    run = imports.check_run(run.pk, at=NOW)
    assert run.state == "checked", run.error
    before = _counts(run.checks["counts"])
    left = (run.parts, run.vouchers, run.quarantine, run.changes)
    assert not any(rows.exists() for rows in left), "nothing is written by a check"
    run = imports.write_run(run.pk, actor=OWNER, at=NOW)
    assert run.state == "reconciled", (run.error, run.reconciliation["unexplained"])
    return before, _counts(run.counts)


def _counts(told: dict[str, dict[str, int]]) -> dict[str, object]:
    names = ("rows", *imports.checking.OUTCOMES)
    return {kind: {name: counts[name] for name in names} for kind, counts in told.items()}


class Ledger:
    """Books of Tally that live: each export tells all vouchers, some of them altered or cancelled since."""

    def __init__(self, chance: Random) -> None:
        self.chance, self.alter, self.vouchers = chance, 0, {}

    def move_on(self) -> None:
        for number in range(1, 13):
            if number not in self.vouchers or self.chance.random() < 0.3:
                self.alter += 1
                self.vouchers[number] = self._voucher(number)

    def _voucher(self, number: int) -> str:
        chance = self.chance
        kind = chance.choice(["Purchase", "Receipt Note", *["Sales"] * 4, "Credit Note", "Stock Journal"])
        pieces, batch = chance.randint(1, 60), chance.choice("BCD")
        inward = kind in ("Purchase", "Receipt Note", "Credit Note")
        inner = line(
            f"{pieces} Nos", f"{-pieces * 10 if inward else pieces * 12}", inward=inward, batch=batch
        )
        if chance.random() < 0.15:
            inner = "<ISCANCELLED>Yes</ISCANCELLED>"
        return voucher(kind, inner, day=f"202610{chance.randint(1, 28):02}", number=number, alter=self.alter)

    def export(self) -> str:
        openings = "".join(
            f"<BATCHALLOCATIONS.LIST><BATCHNAME>{batch}</BATCHNAME><OPENINGBALANCE>{pieces} Nos"
            "</OPENINGBALANCE></BATCHALLOCATIONS.LIST>" for batch, pieces in (("B", 100), ("C", 20))
        )  # fmt: skip
        masters = MASTERS.replace(item("Soap", HSN), item("Soap", HSN + openings))
        assert openings in masters
        return envelope(masters + "".join(self.vouchers.values()))


@pytest.mark.parametrize("seed", range(2))
def test_the_check_of_any_books_of_tally_foretells_the_write(seed: int, tmp_path: Path) -> None:
    books = Ledger(Random(seed))
    moved = 0
    for n in range(3):
        books.move_on()
        path = tmp_path / f"{n}.xml"
        path.write_text(books.export())
        told, became = foretold(path, "tally")
        assert told == became, path.read_text()
        moved += became["stock"]["updated"] + became["stock"]["rejected"]
    assert moved, "nothing was compared that the file's own sales had moved"


@pytest.mark.parametrize("seed", range(3))
def test_the_check_of_a_file_of_several_kinds_foretells_the_write(seed: int, tmp_path: Path, book) -> None:
    chance = Random(seed)
    for n in range(3):
        path, sheets = tmp_path / f"{n}.xlsx", mixed(chance)
        write_book(path, sheets)
        told, became = foretold(path, "files")
        assert told == became, sheets
        assert {"stock", "sales", "receipts"} <= became.keys()
    assert ImportRun.objects.count() == 3


def mixed(chance: Random) -> dict[str, list[dict[str, object]]]:
    """Sheets of one workbook: receipts, statements and sales of the same few batches, some not good."""

    def day() -> str:
        return f"2026-11-{chance.randint(1, 25):02}"

    def goods() -> dict[str, object]:
        return {"sku": chance.choice(["S1", "S2", "S?"]), "batch": chance.choice("AB"), "location": "GD-MUM"}

    return {
        "receipts": [
            {"reference": f"G{chance.randint(1, 6)}", "received_at": day(), **goods(),
             "quantity": chance.randint(1, 30), "mrp": "20.00"} for _ in range(6)
        ],
        "stock": [{**goods(), "quantity": chance.randint(-3, 50), "as_of": day()} for _ in range(5)],
        "sales": [
            {"transaction_id": f"T{chance.randint(1, 12)}", "line": 1, "retailer_id": "R1",
             "sku": chance.choice(["S1", "S2"]), "quantity": chance.randint(-5, 30), "unit_price": "10.00",
             "timestamp": day(), "cancelled": chance.choice(["", "", "", "yes"])} for _ in range(8)
        ],
    }  # fmt: skip


def write_book(path: Path, sheets: dict[str, list[dict[str, object]]]) -> None:
    with xlsxwriter.Workbook(str(path)) as out:
        for name, rows in sheets.items():
            sheet = out.add_worksheet(name)
            sheet.write_row(0, 0, list(rows[0]))
            for n, row in enumerate(rows, 1):
                sheet.write_row(n, 0, list(row.values()))
