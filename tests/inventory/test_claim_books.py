"""What becomes of a claim's goods and of its answer stands in the books once, at its worth, by its paper."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from compliance.models import Paper
from inventory.contracts.exports import read_document
from inventory.contracts.feeds import ExportDocument
from inventory.contracts.outcomes import SendingState
from inventory.models import Export, Feed
from inventory.selectors.claim_books import list_claim_exports
from inventory.selectors.exports import read_lock
from inventory.services import claims
from inventory.services.claim_goods import call_back_claim, settle_claim_goods
from inventory.services.exports import hand_over, list_due_exports, lock_exports, retry_export
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import TODAY
from tests.inventory.books import keep_books, open_feed, systems
from tests.inventory.farsides import frappe
from tests.inventory.test_claim_goods import (
    CHALLAN,
    COMPANY,
    NOTE,
    SUPPLY,
    book,
    correct,
    filed,
    refuse,
    send,
)
from tests.inventory.test_claim_pages import person
from vyapar.ops.sandbox.tally import Company, TallySandbox
from vyapar.people.contracts import Role

__all__ = ["book"]
LATER = NOW + timedelta(minutes=1)
#: Forty pieces at ₹50.00, ₹2.50 of credit taken on each; the company credits ₹450.00 of ₹600.00.
COST, CREDITED = 40 * 5_000, 45_000


@pytest.fixture(autouse=True)
def in_the_office(settings) -> Iterator[None]:
    settings.FEEDS_IN_PRIVATE_NETWORKS = True
    with systems():
        yield


@pytest.fixture
def sheets(book) -> Feed:
    return open_feed("sheets", "sheets", NOW)


def of(kind: str, **more: str) -> ExportDocument:
    return read_document(Export.objects.get(kind=kind, **more).document)


def credit(claim, paise=CREDITED, number="CN-4471"):
    claims.answer_claim(
        claim.pk, credited_paise=paise, answered_on=TODAY, credit_note=number, actor=OWNER, at=NOW
    )


def settle(claim, fate=SendingState.RETURNED):
    settle_claim_goods(claim.pk, fate=fate, reason="not theirs", actor=OWNER, at=LATER)


def take() -> list[str]:
    """The keys that a file takes now, in its order."""
    return list(lock_exports("sheets", actor=OWNER, at=LATER).keys)


# --- what is queued ------------------------------------------------------------------------


def test_on_a_challan_stock_leaves_the_books_and_no_tax(sheets):
    sending = send(filed())
    left, paper = of("return"), Paper.objects.get()
    assert (left.key, left.number, left.source, left.target) == (sending.key, paper.number, "GD-MUM", "")
    assert [(n.quantity, n.amount_paise, n.tax_paise, n.hsn) for n in left.lines] == [
        (40, COST, 0, "19053100")
    ]
    assert (left.party, left.extra["company_gstin"]) == (COMPANY.legal_name, COMPANY.gstin)


def test_a_tax_invoice_goes_to_the_books_with_its_own_tax_and_no_debit_note_follows(sheets):
    claim = filed()
    send(claim, route=SUPPLY)
    left, paper = of("return"), Paper.objects.get()
    assert sum(n.tax_paise for n in left.lines) == paper.tax_paise > 0
    assert sum(n.amount_paise for n in left.lines) == paper.taxable_paise
    credit(claim)
    assert Export.objects.count() == 1, "what it owes is our invoice; a note would say it a second time"


@pytest.mark.parametrize(("route", "tax"), [(CHALLAN, 0), (NOTE, 2_250)])
def test_the_companys_credit_note_is_our_debit_note_with_the_credit_attributable_to_it(sheets, route, tax):
    """2,250 paise are 450.00 of 2,000.00, of the ₹100.00 of credit that was taken on forty pieces."""
    claim = filed()
    send(claim, route=route)
    credit(claim)
    note = of("debit_note")
    assert [(n.quantity, n.amount_paise, n.tax_paise) for n in note.lines] == [(40, CREDITED, tax)]
    assert (note.extra["credit_note"], note.extra["credited_on"]) == ("CN-4471", TODAY.isoformat())
    assert [one.kind for one in list_claim_exports(claim)] == ["return", "debit_note"]


def test_credit_that_came_first_is_booked_when_the_goods_leave_and_is_known_how(sheets):
    claim = filed()
    credit(claim)
    assert not Export.objects.exists()
    send(claim, route=NOTE)
    assert of("debit_note").lines[0].tax_paise == 2_250


def test_a_claim_that_leaves_in_parts_has_a_return_for_each_and_one_debit_note(sheets):
    claim = filed()
    first = send(claim, pieces=30, route=NOTE)
    credit(claim)
    second = send(claim, pieces=10, route=NOTE)
    assert take() == [first.key, f"claim:{claim.pk}:note:1", second.key]
    note = of("debit_note")
    assert [(n.quantity, n.amount_paise, n.tax_paise) for n in note.lines] == [(40, CREDITED, 2_250)]
    call_back_claim(claim.pk, sending_id=second.pk, reason="no lorry", actor=OWNER, at=LATER)
    assert take() == [f"{second.key}:back"], "the note stands while any of its goods are away"
    call_back_claim(claim.pk, reason="nor this", actor=OWNER, at=LATER)
    assert take() == [f"{first.key}:back", f"claim:{claim.pk}:note:1:back"]


def test_goods_called_back_before_the_books_had_them_are_cancelled_there_and_reversed_after(sheets):
    claim = filed()
    first = send(claim)
    call_back_claim(claim.pk, reason="no lorry", actor=OWNER, at=NOW)
    assert Export.objects.get().state == "cancelled"
    second = send(claim)
    assert take() == [second.key], "goods that leave again are another document"
    call_back_claim(claim.pk, reason="no lorry", actor=OWNER, at=LATER)
    assert first.key != second.key
    back = of("reversal")
    assert (back.refers_to, back.target, back.narration) == (second.key, "GD-MUM", "no lorry")


def test_goods_that_come_home_or_are_destroyed_come_home_in_the_books_too(sheets):
    home, gone = filed("CL-1", 30), filed("CL-2", 10)
    for claim in (home, gone):
        send(claim, pieces=claim.pieces)
    take()
    for claim in (home, gone):
        refuse(claim)
    settle(home)
    settle(gone, SendingState.DESTROYED)
    (back,) = [read_document(one.document) for one in list_claim_exports(home)[1:]]
    assert (back.extra["reason"], back.target, back.lines[0].quantity) == ("home", "GD-MUM", 30)
    here, lost = [read_document(one.document) for one in list_claim_exports(gone)[1:]]
    assert (here.extra["reason"], lost.extra["reason"]) == ("home", "lost")
    assert (lost.source, lost.lines[0].quantity, lost.lines[0].tax_paise) == ("GD-MUM", 10, 10 * 250)
    assert lost.number == here.number, "the books know them by the paper they left with"


def test_an_invoice_for_goods_that_came_home_is_credited_in_the_books_as_on_its_note(sheets):
    claim = filed()
    send(claim, route=SUPPLY)
    refuse(claim)
    settle(claim)
    note, paper = of("credit_note"), Paper.objects.get(kind="credit_note")
    assert (note.number, note.extra["goods_come_back"]) == (paper.number, True)
    assert [(n.amount_paise, n.tax_paise) for n in note.lines] == [(paper.taxable_paise, paper.tax_paise)]


def test_a_corrected_answer_takes_the_place_of_the_first_and_the_same_one_books_nothing(sheets):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    take()
    correct(claim, CREDITED, credit_note="CN-4471", note="only a remark")
    assert Export.objects.filter(kind="reversal").count() == 0
    correct(claim, 5_000, credit_note="CN-4471")
    back = of("reversal")
    assert (back.refers_to, back.lines[0].amount_paise) == (f"claim:{claim.pk}:note:1", CREDITED)
    assert take() == [f"claim:{claim.pk}:note:1:back", f"claim:{claim.pk}:note:2"]
    correct(claim, 0)
    assert take() == [f"claim:{claim.pk}:note:2:back"]
    correct(claim, 6_000)
    correct(claim, 7_000)
    assert Export.objects.get(key=f"claim:{claim.pk}:note:3").state == "cancelled"
    assert take() == [f"claim:{claim.pk}:note:4"]


def test_a_file_has_claim_goods_with_their_tax_and_what_they_refer_to(sheets):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    name, body = read_lock(lock_exports("sheets", actor=OWNER, at=LATER).token)
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert name.endswith(".csv")
    assert [(row["kind"], row["quantity"], row["amount"], row["tax"], row["hsn"]) for row in rows] == [
        ("return", "40", "2000.00", "0.00", "19053100"), ("debit_note", "40", "450.00", "22.50", "19053100"),
    ]  # fmt: skip


# --- handed over once, and what was said ---------------------------------------------------


def go(at=LATER) -> None:
    for pk in list_due_exports(at):
        hand_over(pk, at=at)


@pytest.mark.parametrize("step", ["lost", "late", "down"])
def test_however_the_line_breaks_a_return_is_booked_once(book, step):
    with keep_books() as ledger:
        open_feed(f"ledger-{uuid4().hex[:8]}", "ledger", NOW, url=ledger.url)
        ledger.plan = [step]
        claim = filed()
        sending = send(claim)
        go()
        go(LATER + timedelta(hours=1))
        credit(claim)
        go(LATER + timedelta(hours=2))
        assert list(ledger.booked) == [sending.key, f"claim:{claim.pk}:note:1"]
        assert not ledger.twice
        assert [one.state for one in list_claim_exports(claim)] == ["accepted"] * 2


def test_a_refusal_stands_at_the_claim_and_is_tried_again_by_a_person(book):
    with keep_books() as ledger:
        open_feed(f"ledger-{uuid4().hex[:8]}", "ledger", NOW, url=ledger.url)
        ledger.plan = ["no"]
        claim = filed()
        send(claim)
        go()
        (row,) = list_claim_exports(claim)
        assert (row.state, row.reason) == ("rejected", "period is closed")
        retry_export(row.pk, reason="it is open again", actor=OWNER, at=LATER)
        go()
        assert list_claim_exports(claim)[0].state == "accepted"
        assert not ledger.twice


# --- Tally ---------------------------------------------------------------------------------

_MASTERS = (
    '<UNIT NAME="PCS"><ISSIMPLEUNIT>Yes</ISSIMPLEUNIT></UNIT>',
    '<GROUP NAME="Sundry Creditors"><PARENT>Current Liabilities</PARENT></GROUP>',
    '<GODOWN NAME="GD-MUM"/>',
    '<STOCKITEM NAME="S1"><BASEUNITS>PCS</BASEUNITS></STOCKITEM>',
    '<LEDGER NAME="Tivrano (creditor)"><PARENT>Sundry Creditors</PARENT></LEDGER>',
    *(
        f'<LEDGER NAME="{name}"/>'
        for name in ("Sales", "Purchase", "Claims received", "Output IGST", "Input IGST", "Round Off")
    ),
)


@pytest.fixture
def tally(book) -> Iterator[Company]:
    company = Company("Alpha")
    company.enter(*_MASTERS)
    with TallySandbox(company) as running:
        open_feed(
            f"tally-{uuid4().hex[:8]}", "tally", NOW, url=running.url, company="Alpha", timeout_seconds=2,
            suppliers={COMPANY.legal_name: "Tivrano (creditor)"}, ledgers={"claims": "Claims received"},
        )  # fmt: skip
        yield company


def standing(company: Company) -> list[str]:
    return [
        voucher.get("VOUCHERTYPENAME")
        for voucher in company.vouchers.values()
        if voucher.get("ISCANCELLED") != "Yes"
    ]


def ledgers(voucher) -> dict[str, str]:
    return {
        node.get("LEDGERNAME"): node.get("AMOUNT")
        for node in voucher.walk()
        if node.tag == "LEDGERENTRIES.LIST"
    }


def found(voucher, tag: str) -> list[str]:
    return [node.text.strip() for node in voucher.walk() if node.tag == tag]


def test_tally_books_a_challan_as_rejections_out_and_a_gst_note_as_a_debit_note(tally):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    go()
    assert standing(tally) == ["Rejections Out", "Debit Note"]
    out, note = tally.vouchers.values()
    assert ledgers(out) == {}, "stock alone"
    assert set(found(out, "BATCHNAME")) == {"B1"}
    assert ledgers(note) == {"Tivrano (creditor)": "-472.50", "Purchase": "450.00", "Input IGST": "22.50"}
    assert found(note, "STOCKITEMNAME") == [], "the goods left by their own voucher"
    assert found(note, "GSTHSNNAME") == ["19053100"]
    assert (found(note, "BILLTYPE"), found(note, "NAME")) == (["New Ref"], ["CN-4471"])
    told = [found(note, tag)[0] for tag in ("REFERENCE", "REFERENCEDATE", "PARTYGSTIN")]
    assert told == ["CN-4471", f"{TODAY:%Y%m%d}", COMPANY.gstin]


def test_tally_books_a_financial_note_without_tax_to_the_ledger_of_claims(tally):
    claim = filed()
    send(claim)
    credit(claim)
    go()
    note = list(tally.vouchers.values())[-1]
    assert ledgers(note) == {"Tivrano (creditor)": "-450.00", "Claims received": "450.00"}
    assert found(note, "GSTHSNNAME") == []


def test_tally_books_a_supply_as_a_sale_with_output_tax_and_its_note_against_that_bill(tally):
    claim = filed()
    send(claim, route=SUPPLY)
    go()
    (sale,) = tally.vouchers.values()
    paper = Paper.objects.get()
    tax = f"{paper.tax_paise // 100}.{paper.tax_paise % 100:02}"
    assert standing(tally) == ["Sales"]
    assert ledgers(sale)["Output IGST"] == tax
    assert found(sale, "GSTHSNNAME") == ["19053100"]
    refuse(claim)
    settle(claim)
    go()
    note = list(tally.vouchers.values())[-1]
    assert standing(tally) == ["Sales", "Credit Note"]
    assert ledgers(note)["Output IGST"] == f"-{tax}"
    assert (found(note, "BILLTYPE"), found(note, "NAME")) == (["Agst Ref"], [paper.number])


def test_tally_cancels_what_did_not_leave_and_receives_what_came_home(tally):
    claim = filed()
    send(claim)
    go()
    call_back_claim(claim.pk, reason="no lorry", actor=OWNER, at=LATER)
    go()
    assert standing(tally) == []
    send(claim)
    refuse(claim)
    go()
    settle(claim)
    go()
    assert standing(tally) == ["Rejections Out", "Receipt Note"]
    assert {one.state for one in list_claim_exports(claim)} == {"accepted"}


def test_a_corrected_answer_leaves_one_debit_note_in_tally(tally):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    go()
    correct(claim, 5_000)
    go()
    assert standing(tally) == ["Rejections Out", "Debit Note"]
    assert ledgers(list(tally.vouchers.values())[-1])["Purchase"] == "50.00"


def test_tally_says_at_the_claim_that_it_does_not_know_the_company(tally):
    Feed.objects.update(settings=Feed.objects.get().settings | {"suppliers": {}})
    claim = filed()
    send(claim)
    go()
    (row,) = list_claim_exports(claim)
    assert (row.state, COMPANY.legal_name in row.reason) == ("rejected", True)


# --- ERPNext -------------------------------------------------------------------------------

_ACCOUNTS = {"input_igst": "Input Tax IGST - A", "output_igst": "Output Tax IGST - A"}


@pytest.fixture
def erp(book) -> Iterator[frappe.Frappe]:
    with frappe.Frappe().serving() as site:
        site.put("Batch", "B1", item="S1")
        feed = open_feed(
            f"erp-{uuid4().hex[:8]}", "erpnext", NOW, address=site.url, key=frappe.KEY,
            timeout_seconds=2.0, tax_accounts=_ACCOUNTS,
        )  # fmt: skip
        feed.secrets = {"secret": frappe.SECRET}
        feed.save()
        yield site


def made(site: frappe.Frappe, doctype: str) -> list[dict]:
    return [one for one in site.documents.get(doctype, {}).values() if one["docstatus"] == 1]


def test_erpnext_issues_goods_on_a_challan_and_books_the_note_as_a_purchase_return(erp):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim, 45_001)
    go()
    (entry,), (note,) = made(erp, "Stock Entry"), made(erp, "Purchase Invoice")
    assert (entry["stock_entry_type"], entry["items"][0]["qty"]) == ("Material Issue", 40)
    assert (note["is_return"], note["update_stock"], note["bill_no"], note["bill_date"]) == (
        1, 0, "CN-4471", TODAY.isoformat(),
    )  # fmt: skip
    assert [(n["qty"], n["rate"]) for n in note["items"]] == [(-39, "11.25"), (-1, "11.26")]
    assert note["taxes"] == [
        {"charge_type": "Actual", "account_head": "Input Tax IGST - A", "description": "IGST",
         "tax_amount": "-22.50"},
    ]  # fmt: skip
    correct(claim, 0)
    go()
    assert made(erp, "Purchase Invoice") == []
    settle(claim)
    go()
    assert [one["stock_entry_type"] for one in made(erp, "Stock Entry")] == [
        "Material Issue", "Material Receipt",
    ]  # fmt: skip


def test_erpnext_books_a_supply_as_a_sale_and_its_note_as_the_return_of_that_sale(erp):
    claim = filed()
    send(claim, route=SUPPLY)
    refuse(claim)
    go()
    settle(claim)
    go()
    sale, note = made(erp, "Sales Invoice")
    assert (sale["update_stock"], sale["taxes"][0]["account_head"]) == (1, "Output Tax IGST - A")
    assert (note["is_return"], note["return_against"]) == (1, sale["name"])
    assert note["taxes"][0]["tax_amount"] == f"-{sale['taxes'][0]['tax_amount']}"


def test_erpnext_without_tax_accounts_says_at_the_claim_which_are_missing(erp):
    feed = Feed.objects.get()
    feed.settings = {**feed.settings, "tax_accounts": {}}
    feed.save()
    claim = filed()
    send(claim, route=SUPPLY)
    go()
    (row,) = list_claim_exports(claim)
    assert (row.state, "output_igst" in row.reason) == ("rejected", True)
    assert made(erp, "Sales Invoice") == []


# --- the claim's page ----------------------------------------------------------------------


def test_the_claims_page_says_what_the_books_said_and_when_the_goods_are_with_the_company(book):
    browser = person(Role.MANAGER)
    with keep_books() as ledger:
        open_feed(f"ledger-{uuid4().hex[:8]}", "ledger", NOW, url=ledger.url)
        ledger.plan = ["ok", "no"]
        claim = filed()
        send(claim, route=NOTE)
        waiting = browser.get(f"/claims/{claim.pk}").content.decode()
        assert "Waits for the books" in waiting
        assert "On their way to the company" in waiting
        go()
        credit(claim)
        go()
        page = browser.get(f"/claims/{claim.pk}").content.decode()
        assert "JV/1" in page
        assert "period is closed" in page
        assert "With the company" in page
