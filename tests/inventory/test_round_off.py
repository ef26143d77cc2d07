"""What rounds an invoice to whole rupees goes to the books: they hold the total that stands on the paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from uuid import uuid4
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from compliance.models import Paper
from inventory.contracts.feeds import ExportDocument, ExportKind, ExportLine
from inventory.feeds.tally.export import Names, messages_of
from inventory.models import Batch
from inventory.selectors.exports import read_lock
from inventory.services.exports import lock_exports
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.books import open_feed
from tests.inventory.farsides.rest import RestSide
from tests.inventory.test_claim_books import (
    LATER,
    erp,
    go,
    in_the_office,
    ledgers,
    made,
    of,
    settle,
    sheets,
    tally,
)
from tests.inventory.test_claim_goods import SUPPLY, book, filed, refuse, send
from tests.inventory.test_rest_feed import PUSH, SECRETS, access
from vyapar.kernel.money import parse_rupees
from vyapar.law.tax import round_to_rupee

__all__ = ["book", "erp", "in_the_office", "sheets", "tally"]


@pytest.fixture
def odd(book):
    Batch.objects.update(cost_paise=5_013)
    return book


def _total(document: ExportDocument) -> int:
    return sum(n.amount_paise + n.tax_paise for n in document.lines) + document.round_off_paise


def _file() -> str:
    _name, body = read_lock(lock_exports("sheets", actor=OWNER, at=LATER).token)
    return body.decode("utf-8-sig")


@pytest.mark.parametrize("pieces", [37, 38])
def test_an_invoice_goes_to_the_books_with_what_rounds_it_to_the_total_on_the_paper(odd, sheets, pieces):
    """Pieces at ₹50.13: 37 come to ₹1,947.55 with 5 % GST, 38 to ₹2,000.19; papers say ₹1,948 and ₹2,000."""
    claim = filed(pieces=pieces)
    send(claim, pieces=pieces, route=SUPPLY)
    left, paper = of("return"), Paper.objects.get()
    assert left.round_off_paise == paper.total_paise - paper.taxable_paise - paper.tax_paise != 0
    assert paper.total_paise % 100 == 0
    assert _total(left) == paper.total_paise
    rows = list(csv.DictReader(io.StringIO(_file())))
    assert [row["round_off"] for row in rows] == [f"{'-' if left.round_off_paise < 0 else ''}"
                                                  f"0.{abs(left.round_off_paise):02}"]  # fmt: skip
    refuse(claim)
    settle(claim)
    note, credited = of("credit_note"), Paper.objects.get(kind="credit_note")
    assert _total(note) == credited.total_paise


def test_a_challan_is_rounded_on_paper_and_no_money_in_the_books(odd, sheets):
    send(filed(pieces=37), pieces=37)
    assert of("return").round_off_paise == 0


def test_tally_books_a_supply_and_its_note_at_the_totals_on_their_papers(odd, tally):
    claim = filed(pieces=37)
    send(claim, pieces=37, route=SUPPLY)
    go()
    refuse(claim)
    settle(claim)
    go()
    sale, note = (ledgers(voucher) for voucher in tally.vouchers.values())
    invoice, credited = Paper.objects.get(kind="tax_invoice"), Paper.objects.get(kind="credit_note")
    assert sale["Tivrano (creditor)"] == f"-{invoice.total_paise // 100}.00"
    assert note["Tivrano (creditor)"] == f"{credited.total_paise // 100}.00"
    assert {sale["Round Off"], note["Round Off"]} == {"0.45", "-0.45"}


def test_erpnext_rounds_a_supply_and_its_return_to_the_totals_on_their_papers(odd, erp):
    claim = filed(pieces=37)
    send(claim, pieces=37, route=SUPPLY)
    refuse(claim)
    go()
    settle(claim)
    go()
    sale, note = made(erp, "Sales Invoice")
    total = f"{Paper.objects.get(kind='tax_invoice').total_paise // 100}.00"
    assert (sale["rounded_total"], sale["rounding_adjustment"]) == (total, "0.45")
    assert (note["rounded_total"], note["rounding_adjustment"]) == (f"-{total}", "-0.45")
    assert (sale["disable_rounded_total"], note["disable_rounded_total"]) == (0, 0)


@pytest.fixture
def side(book) -> Iterator[RestSide]:
    with RestSide().serving() as far:
        feed = open_feed(f"rest-{uuid4().hex[:8]}", "rest", NOW, **access(far, **PUSH).settings)
        feed.secrets = SECRETS
        feed.save()
        yield far


def test_an_interface_is_told_the_round_off_in_rupees(odd, side):
    send(filed(pieces=37), pieces=37, route=SUPPLY)
    go()
    (kept,) = side.booked.values()
    assert (kept["document"]["roundOff"], kept["document"]["kind"]) == ("0.45", "return")


@given(st.integers(1, 10**9), st.integers(0, 10**8), st.sampled_from(["27", "29"]))
@example(199_990, 9_999, "29")
@example(1, 0, "27")
@example(50, 0, "27")
def test_a_supply_between_registrations_balances_on_both_sides_at_the_total_on_its_paper(net, tax, state):
    total, round_off = round_to_rupee(net + tax)
    gstins = {"source_gstin": "27AABCU9603R1ZN", "target_gstin": f"{state}AABCU9603R1Z0"}
    line = ExportLine("S1", "Biscuit", "B1", 3, net // 3, net, tax_paise=tax)
    document = ExportDocument(
        ExportKind.TRANSFER, "transfer:1", "TI/1", NOW, (line,), source="A", target="B", extra=gstins,
        round_off_paise=round_off,
    )  # fmt: skip
    for message in messages_of(document, Names()):
        voucher = ElementTree.fromstring(message.xml)
        parties = list(voucher.iter("LEDGERENTRIES.LIST"))
        amounts = [
            node.findtext("AMOUNT") for node in [*parties, *voucher.iter("ACCOUNTINGALLOCATIONS.LIST")]
        ]
        assert sum(parse_rupees(text) for text in amounts) == 0
        assert abs(parse_rupees(parties[0].findtext("AMOUNT"))) == total
