"""Credit that a company's GST credit note takes back stands in the month's report, as the books have it."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest
from pypdf import PdfReader

from compliance.documents.period_report import build
from compliance.documents.render import render_period_report
from compliance.selectors import collect_period
from inventory.contracts.exports import read_document
from inventory.models import Export, NoteReversal
from inventory.services.claim_goods import call_back_claim
from inventory.services.claims import correct_answer
from tests.builders import OWNER
from tests.conftest import NOW
from tests.inventory.book import TODAY
from tests.inventory.test_api import caller
from tests.inventory.test_claim_books import credit, in_the_office, sheets, take
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
from tests.inventory.test_claim_receipts import receive
from vyapar.people.contracts import May, Role

__all__ = ["book", "in_the_office", "sheets"]
MONTH, NEXT = f"{NOW:%Y-%m}", NOW + timedelta(days=35)


def notes(period=MONTH, at=NOW):
    return collect_period(period, at).notes


def in_books() -> int:
    """Tax of debit notes that the books have, less what was taken back there."""
    sums = 0
    for row in Export.objects.exclude(state="cancelled"):
        document = read_document(row.document)
        if "credited_on" in document.extra:
            tax = sum(line.tax_paise for line in document.lines)
            sums += -tax if row.kind == "reversal" else tax
    return sums


def test_a_gst_note_is_listed_with_its_claim_number_date_and_paise_as_the_books_have_it(sheets):
    """Of ₹100.00 of credit on ₹2,000.00 of goods ₹22.50 are attributable to a note of ₹450.00."""
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    (row,) = notes()
    assert (row.claim, row.number, row.note_date, row.company, row.company_gstin) == (
        "CL-1", "CN-4471", TODAY, COMPANY.legal_name, COMPANY.gstin,
    )  # fmt: skip
    assert (row.tax_paise, row.igst_paise, row.credited_paise, row.gstr3b[:7]) == (
        2_250,
        2_250,
        45_000,
        "4(B)(2)",
    )
    assert row.tax_paise == in_books()
    report = build(collect_period(MONTH, NOW))
    assert (report.sums["itc_by_notes_paise"], report.sums["itc_reversed_paise"]) == (2_250, 0)


@pytest.mark.parametrize("route", [CHALLAN, SUPPLY])
def test_another_way_back_takes_no_credit_back_and_is_not_listed(sheets, route):
    claim = filed()
    send(claim, route=route)
    credit(claim)
    assert notes() == ()
    assert in_books() == 0


def test_it_is_kept_where_no_system_takes_documents_and_once_however_often_it_is_told(book):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    correct(claim, 45_000, credit_note="CN-4471", note="only a remark")
    assert [row.tax_paise for row in notes()] == [2_250]
    refuse(filed("CL-2"))
    assert len(notes()) == 1


def test_a_corrected_answer_undoes_the_first_in_the_month_of_the_correction(sheets):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    take()
    correct_answer(
        claim.pk, credited_paise=5_000, answered_on=TODAY, credit_note="CN-4472", reason="a slip",
        actor=OWNER, at=NEXT,
    )  # fmt: skip
    assert [row.tax_paise for row in notes()] == [2_250], "the month that is over says what it said"
    rows = notes(f"{NEXT:%Y-%m}", NEXT)
    assert [(row.number, row.tax_paise) for row in rows] == [("CN-4471", -2_250), ("CN-4472", 250)]
    assert in_books() == 250 == sum(row.tax_paise for row in NoteReversal.objects.all())


def test_goods_called_back_or_lost_change_it_as_they_change_the_books(sheets):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    take()
    call_back_claim(claim.pk, reason="no lorry", actor=OWNER, at=NOW)
    assert sum(row.tax_paise for row in notes()) == 0 == in_books()
    send(claim, route=NOTE)
    receive(claim, received=0, missing="lost")
    assert sum(row.tax_paise for row in notes()) == 0
    assert sum(row.reversed_paise for row in collect_period(MONTH, NOW).write_offs) == 40 * 250


def test_within_one_state_it_is_told_by_halves(sheets):
    claim = filed()
    send(claim, route=NOTE, company=replace(COMPANY, gstin="27AAACT2727Q1ZW", state_code="27"))
    credit(claim, 45_010)
    (row,) = notes()
    assert (row.igst_paise, row.cgst_paise, row.sgst_paise) == (0, 1_126, 1_125)
    assert row.tax_paise == in_books()


def test_report_file_and_door_say_the_same_figure(sheets):
    claim = filed()
    send(claim, route=NOTE)
    credit(claim)
    lost = filed("CL-2", 10)
    send(lost, pieces=10, route=NOTE)
    receive(lost, received=0, missing="lost")
    pdf = render_period_report(build(collect_period(MONTH, NOW)))
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())
    for words in ("GST credit notes", "CN-4471", "CL-1", "22.50", "4(B)(2)"):
        assert words in text, words
    auditor = person(Role.AUDITOR)
    answer = auditor.get(f"/compliance/reports/{MONTH}/credit.csv")
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert [(row["Claim"], row["Credit note"], row["Credit reversed, ₹"]) for row in rows] == [
        ("", "", "25.00"), ("CL-1", "CN-4471", "22.50"),
    ]  # fmt: skip
    assert [row["GSTR-3B"][:7] for row in rows] == ["4(B)(1)", "4(B)(2)"]
    book = auditor.get(f"/compliance/reports/{MONTH}/credit.xlsx")
    assert (b"".join(book.streaming_content) if book.streaming else book.content).startswith(b"PK")
    told = caller(May.AUDIT).get(f"/reports/v1/regulatory/{MONTH}").json()
    (note,) = told["companyCreditNotes"]
    assert (note["claim"], note["number"], note["noteDate"], note["tax"]) == (
        "CL-1", "CN-4471", TODAY.isoformat(), "22.50",
    )  # fmt: skip
    assert (told["sums"]["itc_by_notes_paise"], told["sums"]["itc_reversed_paise"]) == ("22.50", "25.00")
    assert [row["quantity"] for row in told["writeOffs"]] == [10]
    assert "credit.xlsx" in auditor.get("/compliance").content.decode()
    assert person(Role.INTEGRATION).get(f"/compliance/reports/{MONTH}/credit.csv").status_code == 403
