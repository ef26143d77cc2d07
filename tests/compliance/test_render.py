"""Papers as PDF: what stands on them, how they look to a machine, the same bytes every time."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from io import BytesIO
from itertools import pairwise

import numpy as np
import pypdfium2
import pytest
from pypdf import PdfReader

from compliance.contracts import PaperKind
from compliance.documents import build, credit_note, period_report, press, seal_of
from compliance.documents.figures import amount
from compliance.documents.fonts import cut, faces
from compliance.documents.render import render_document, render_period_report
from compliance.documents.report_view import ROWS_PER_SHEET, report_parts, report_sheets
from tests.compliance.movements import (
    BENGALURU,
    PUNE,
    PUNE_SECOND,
    biscuits,
    detergent,
    movement,
    salt,
    soap,
)
from tests.compliance.periods import finding, paper, period
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import Misconfigured
from vyapar.law.papers import particulars

AT = datetime(2026, 11, 23, 14, 5, tzinfo=IST)
LINES = (biscuits(quantity=4000), soap(quantity=250), salt(quantity=777), detergent(quantity=60))


@cache
def printed(name: str) -> bytes:
    papers = {
        "challan": build(movement(lines=LINES), number="DC/2627/000123"),
        "invoice": build(
            movement(destination=BENGALURU, lines=LINES, valuation="ninety_percent"), number="PN/2627/00042"
        ),
        "halves": build(movement(destination=PUNE_SECOND, lines=LINES), number="PN/2627/00043"),
        "bill": build(movement(destination=BENGALURU, lines=(salt(),)), number="PN/2627/00044"),
        "simulated": build(movement(), number="DC/2627/000124", simulated=True),
        "small": build(movement(), number="DC/2627/000124"),
        "draft": build(movement()),
    }
    papers["credit"] = credit_note.build(
        papers["invoice"],
        {(soap().sku, soap().batch): 12, (detergent().sku, detergent().batch): 2},
        reason="Short or damaged on arrival: the goods supplied are found to be deficient.",
        document_date=date(2026, 11, 26),
        number="CN/27/2627/00007",
    )
    return render_document(papers[name], generated_at=AT)


def pages(pdf: bytes) -> list[str]:
    """Text of each page with single spaces."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(pdf)).pages]


def picture(pdf: bytes, page: int = 0) -> np.ndarray:
    """Darkness of a page, rows x columns, 0 white to 255 black."""
    bitmap = pypdfium2.PdfDocument(pdf)[page].render(scale=2, grayscale=True)
    return 255 - np.asarray(bitmap.to_numpy()).squeeze()


def ink(html: str) -> np.ndarray:
    """The drawn part of a text laid out in the faces of papers."""
    rules = "".join(
        f'@font-face{{font-family:"{f.family}";font-weight:{f.weight};src:url("{f.url}")}}' for f in faces()
    )
    style = f'{rules} body{{font:40pt "Paper Sans","Paper Tamil"}} @page{{size:A5 landscape}}'
    dark = picture(press.lay(f"<html lang=en><style>{style}</style><body>{html}"))
    rows, columns = np.nonzero(dark > 60)
    return dark[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two drawings are the same to the eye."""
    return one.shape == other.shape and bool(np.mean(np.abs(one.astype(int) - other)) < 20)


# --- goods papers --------------------------------------------------------------------------------


def test_a_challan_comes_in_three_copies_each_with_its_legend_and_page():
    copies = pages(printed("challan"))
    assert len(copies) == 3
    legends = ("ORIGINAL FOR CONSIGNEE", "DUPLICATE FOR TRANSPORTER", "TRIPLICATE FOR CONSIGNER")
    for text, legend in zip(copies, legends, strict=True):
        assert [one for one in legends if one in text] == [legend]
        assert "Page 1 of 1" in text


#: Where each particular that the Rules always want stands on the invoice of these tests.
INVOICE = {
    "a": ("Sahyadri Vitaran Private Limited", "Gat 14, Market Yard Road", "27AAPFU0939F1ZV"),
    "b": ("PN/2627/00042",),
    "c": ("23-11-2026",),
    "d": ("14 Lake View Street", "Bengaluru 560001", "29AAPFU0939F1ZR"),
    "g": ("19053100", "34011190", "25010010", "34025000"),
    "h": ("Kuruvi glucose biscuits 100 g", "Washing powder 1 kg"),
    "i": ("4,000 PCS", "777 PCS"),
    "j": ("₹43,634.00",),
    "k": ("28,800.00", "41,648.40"),
    "l": ("5 %", "18 %"),
    "m": ("1,440.00", "1,985.22"),
    "n": ("Karnataka (29)",),
    "o": ("Nagpur godown",),
    "p": ("REVERSE CHARGE No",),
    "q": ("a signature is not required (proviso to Rule 46)",),
}
CHALLAN = {
    "i": ("DC/2627/000123", "23-11-2026"),
    "ii": ("Sahyadri Vitaran Private Limited", "Pune 411001", "27AAPFU0939F1ZV"),
    "iii": ("Nagpur 440001", "27AAPFU0939F1ZV"),
    "iv": ("19053100", "Kuruvi glucose biscuits 100 g"),
    "v": ("4,000 PCS", "250 PCS"),
    "vi": ("32,000.00", "46,276.00"),
    "ix": ("Authorised signatory",),
    "copies": ("ORIGINAL FOR CONSIGNEE",),
}

#: Rule 53(1A), with (b) the nature of the document and (g) the invoice and its day.
CREDIT = {
    "a": ("Sahyadri Vitaran Private Limited", "Gat 14, Market Yard Road", "27AAPFU0939F1ZV"),
    "b": ("Credit note", "Section 34(1) CGST Act"),
    "c": ("CN/27/2627/00007",),
    "d": ("26-11-2026",),
    "e": ("14 Lake View Street", "Bengaluru 560001", "29AAPFU0939F1ZR"),
    "g": ("Invoice credited PN/2627/00042", "of 23-11-2026"),
    "h": ("5 %", "18 %", "Taxable value", "IGST"),
}


@pytest.mark.parametrize(
    ("name", "kind", "places"),
    [
        ("credit", PaperKind.CREDIT_NOTE, CREDIT),
        ("invoice", PaperKind.TAX_INVOICE, INVOICE),
        ("challan", PaperKind.DELIVERY_CHALLAN, CHALLAN),
    ],
)
def test_every_particular_that_the_rules_want_is_on_the_paper(name, kind, places):
    text = pages(printed(name))[0]
    wanted = {row["field_no"] for row in particulars(kind) if row["mandatory"] == "Y"}
    assert wanted <= set(places)
    for field, phrases in places.items():
        for phrase in phrases:
            assert phrase.lower() in text.lower(), f"{field}: {phrase}"


def test_the_paper_says_why_it_is_what_it_is():
    text = pages(printed("invoice"))[0]
    assert "two registrations of one PAN" in text
    assert "90 % of the price" in text
    assert "No e-way bill: ₹38,039.22 is not above the threshold of ₹50,000.00." in text
    assert "Rupees Forty Three Thousand Six Hundred Thirty Four Only" in text


def test_a_challan_to_the_company_does_not_say_that_the_goods_stay_with_us():
    own, _, _ = pages(printed("challan"))
    assert "moved between places of business" in own
    back = replace(
        build(movement(), number="DC/2627/000125"), extra={"return_route": "financial_credit_note"}
    )
    text = pages(render_document(back, generated_at=AT))[0]
    assert "go back to the company" in text
    assert "places of business" not in text


def test_tax_stands_under_the_heads_of_its_kind_only():
    across, inside, own = (pages(printed(name))[0] for name in ("invoice", "halves", "challan"))
    assert "IGST" in across
    assert "SGST" not in across
    assert "CGST ₹" in inside
    assert "IGST" not in inside
    assert "2.5 %" in inside
    assert "GST ₹" not in own


def test_a_bill_of_supply_shows_no_tax():
    text = pages(printed("bill"))[0]
    assert "BILL OF SUPPLY" in text.upper()
    assert "exempt" in text
    assert "IGST" not in text


def test_food_papers_show_the_fssai_number_and_batches_their_dates():
    text = pages(printed("challan"))[0]
    assert PUNE.fssai in text
    assert "Batch B2610A · Mfd 08-2026 · Exp 30-04-2027 · MRP ₹10.00" in text


def test_what_is_simulated_or_not_issued_says_so_on_every_page():
    assert all("SIMULATED — not filed" in text for text in pages(printed("simulated")))
    assert all("DRAFT — not issued" in text for text in pages(printed("draft")))
    for name in ("challan", "invoice", "bill"):
        assert not [text for text in pages(printed(name)) if "SIMULATED" in text or "DRAFT" in text]
    pale = {name: picture(printed(name))[1000:1500] for name in ("small", "simulated")}
    tinted = {name: np.count_nonzero((dark > 5) & (dark < 60)) for name, dark in pale.items()}
    assert tinted["simulated"] > tinted["small"] + 2_000


def test_the_same_paper_has_the_same_bytes_whatever_was_printed_before():
    first = printed("halves")
    render_period_report(period_report.build(period()))
    printed.cache_clear()
    assert printed("halves") == first
    document = build(movement(destination=PUNE_SECOND, lines=LINES), number="PN/2627/00043")
    later = render_document(document, generated_at=AT.replace(hour=15))
    assert later != first


def test_the_pdf_tells_its_number_its_day_and_its_seal():
    document = build(movement(lines=LINES), number="DC/2627/000123")
    about = PdfReader(BytesIO(printed("challan"))).metadata
    assert about is not None
    assert about.title == "DC/2627/000123"
    assert about.creation_date == AT
    assert seal_of(document) in (about.subject or "")


def test_a_long_paper_repeats_its_head_and_counts_its_pages():
    lines = tuple(biscuits(batch=f"B{n:03d}") for n in range(45))
    pdf = render_document(build(movement(lines=lines), number="DC/1"), generated_at=AT)
    texts = pages(pdf)
    each = len(texts) // 3
    assert each >= 2
    assert [f"Page {n} of {each}" in text for n, text in enumerate(texts[:each], 1)] == [True] * each
    assert all("Description of goods" in text for text in texts[: each - 1])
    assert all(sum(f"B{n:03d}" in text for text in texts[:each]) == 1 for n in range(45))


def serials(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"Batch B(\d{3})", text)]


@pytest.mark.parametrize("count", [12, 14])
def test_sums_and_signature_never_stand_on_a_page_without_goods(count):
    lines = tuple(soap(batch=f"B{n:03d}") for n in range(count))
    made = build(movement(destination=PUNE_SECOND, lines=lines), number="TI/1")
    for text in pages(render_document(made, generated_at=AT)):
        assert len(serials(text)) >= 2
    assert "Authorised signatory" in text
    assert "Tax by HSN" in text


def test_each_page_hands_its_sums_on_to_the_next():
    lines = tuple(biscuits(batch=f"B{n:03d}", quantity=n + 1, unit_value_paise=800) for n in range(45))
    made = build(movement(destination=BENGALURU, lines=lines), number="TI/1")
    texts = pages(render_document(made, generated_at=AT))
    texts = texts[: len(texts) // 3]
    so_far: list[int] = []
    for text, after in pairwise(texts):
        so_far += serials(text)
        quantity = sum(n + 1 for n in so_far)
        sums = (
            f"forward: quantity {quantity:,}, value ₹{amount(quantity * 800)}, tax ₹{amount(quantity * 40)}"
        )
        assert f"Carried {sums}" in text
        assert f"Brought {sums}" in after
    assert "Carried forward" not in texts[-1]
    assert "Brought forward" not in texts[0]


def test_the_highest_rate_is_printed_whole():
    cola = biscuits(hsn="22021010", description="Cola 750 ml")
    inside, across = (build(movement(destination=to, lines=(cola,))) for to in (PUNE_SECOND, BENGALURU))
    assert " 20 % " in pages(render_document(inside, generated_at=AT))[0]
    assert " 40 % " in pages(render_document(across, generated_at=AT))[0]


def test_every_font_is_embedded_and_none_is_borrowed_from_the_machine():
    for page in PdfReader(BytesIO(printed("invoice"))).pages:
        fonts = page["/Resources"]["/Font"].get_object().values()
        for font in fonts:
            descriptor = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
            assert "/FontFile2" in descriptor.get_object()
            assert "Paper-" in descriptor.get_object()["/FontName"]


def test_labels_follow_the_readers_language_and_the_html_says_so():
    document = build(movement(lines=(salt(description="आयोडीन युक्त नमक"),)), number="DC/1")
    english = render_document(document, generated_at=AT, language="en")
    assert render_document(document, generated_at=AT, language="hi") != english


# --- faces ---------------------------------------------------------------------------------------


def test_the_rupee_sign_is_drawn_and_is_not_the_box_of_a_missing_glyph():
    rupee, missing = ink("₹"), ink("&#xE123;")
    assert not alike(rupee, missing)
    assert alike(missing, ink("&#xE124;"))


def test_devanagari_letters_join_into_one():
    joined, apart = ink("क्ष"), ink("क्&zwnj;ष")
    assert joined.shape[1] < apart.shape[1]


def test_the_vowel_sign_i_stands_before_its_consonant():
    letter, with_sign = ink("क"), ink("कि")
    assert with_sign.shape[1] > letter.shape[1]
    right = with_sign[-letter.shape[0] :, -letter.shape[1] :]
    same = np.mean(np.abs(right.astype(int) - letter.astype(int)) < 90)
    assert same > 0.9


def test_tamil_has_its_own_face():
    assert not alike(ink("உ"), ink("&#xE123;"))
    assert ink("பு").shape[1] < ink("ப&zwnj;உ").shape[1]


def test_the_cuts_are_static_and_of_the_version_in_the_package():
    from importlib.resources import as_file, files

    from fontTools.ttLib import TTFont

    with as_file(files("fontpkg_noto_sans") / "files" / "NotoSans[wdth,wght].ttf") as source:
        revision = TTFont(source, lazy=True)["head"].fontRevision
    with as_file(files("compliance.documents.fonts") / "NotoSans-Regular.ttf") as path:
        face = TTFont(path)
    assert "fvar" not in face
    assert face["head"].fontRevision == revision
    assert {0x20B9, 0x915, 0x41} <= set(face.getBestCmap())
    assert len(cut.CUTS) == len(faces())


# --- the press -----------------------------------------------------------------------------------


def test_a_paper_reaches_for_nothing_but_its_own_faces(tmp_path):
    secret = tmp_path / "secret.svg"
    shape = '<rect width="300" height="300"/>'
    secret.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300">{shape}</svg>')
    blank = press.lay("<p>x</p>")
    assert picture(press.lay(f'<p>x</p><img src="{secret.as_uri()}">')).sum() == picture(blank).sum()


def test_a_machine_without_the_libraries_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    press._press.cache_clear()
    with pytest.raises(Misconfigured) as caught:
        press.lay("<p>x</p>")
    press._press.cache_clear()
    assert "apt-get install" in caught.value.message
    assert caught.value.message.count("\n") == 0


# --- the period report ---------------------------------------------------------------------------


def test_long_registers_are_cut_into_sheets_that_lose_no_row():
    rows = tuple(paper(n) for n in range(1, 2 * ROWS_PER_SHEET + 6))
    report = period_report.build(period(documents=rows))
    parts = [part for part in report_parts(report) if "report_documents" in part["template"]]
    assert [len(part["rows"]) for part in parts] == [ROWS_PER_SHEET, ROWS_PER_SHEET, 5]
    assert [part["last"] for part in parts] == [False, False, True]
    assert [row["number"] for part in parts for row in part["rows"]] == [row.number for row in rows]
    sheets = [sheet.context["parts"] for sheet in report_sheets(report) if "parts" in sheet.context]
    assert [part for parts in sheets for part in parts] == list(report_parts(report))
    assert max(sum(len(part["rows"]) for part in parts) for parts in sheets) <= ROWS_PER_SHEET


def test_short_registers_follow_one_another_on_the_page():
    texts = pages(render_period_report(period_report.build(period(documents=(paper(1),)))))
    assert len(texts) == 3
    assert (
        sum(heading in texts[1] for heading in ("Register of papers", "Findings", "Discount register")) == 3
    )


@pytest.mark.parametrize("count", [27, 29])
def test_the_sum_of_a_register_never_stands_alone_on_a_page(count):
    rows = tuple(paper(n) for n in range(1, count))
    report = period_report.build(
        period(documents=rows, findings=(), discounts=(), write_offs=(), approvals=())
    )
    for text in pages(render_period_report(report)):
        if "Sum of papers that stand" in text:
            assert re.search(r"PN/2627/\d{5} .*Sum of papers that stand", text)


def test_the_report_has_its_registers_its_pages_and_its_cut_off():
    rows = (*(paper(n) for n in range(1, 45) if n != 7), paper(50, simulated=True))
    facts = period(documents=rows, findings=tuple(finding() for _ in range(3)))
    report = period_report.build(facts)
    texts = pages(render_period_report(report))
    whole = " ".join(texts)
    for heading in (
        "Document register by series", "Register of papers", "Transfers between registrations", "Findings",
        "Discount register", "Write-offs and reversal of credit", "GST credit notes", "Approvals",
        "Audit trail", "Exceptions",
    ):  # fmt: skip
        assert heading in whole
    assert [f"Page {n} of {len(texts)}" in text for n, text in enumerate(texts, 1)] == [True] * len(texts)
    assert all("data up to 01-12-2026 00:00 IST" in text for text in texts)
    assert "The chain of 4,312 entries, from 1 to 4,312," in texts[0]
    assert "7, 45–49" in whole
    assert all(row.number in whole for row in rows)
    assert "Declared value with full ITC, Rule 28(1) second proviso" in whole
    assert not [text for text in texts if "SIMULATED — not filed" in text]


def test_a_sandbox_report_says_so_on_every_page_and_an_empty_one_is_not_blank():
    facts = period(documents=(), findings=(), discounts=(), write_offs=(), approvals=(), sandbox=True)
    texts = pages(render_period_report(period_report.build(facts)))
    assert all("SIMULATED — not filed" in text for text in texts)
    assert sum(text.count("Nothing in this period.") for text in texts) == 8


def test_a_broken_chain_stands_on_the_first_page():
    chain = replace(period().chain, intact=False, broken_at=17, detail="seal differs")
    report = period_report.build(period(documents=(), chain=chain))
    assert "is broken at entry 17" in pages(render_period_report(report))[0]
