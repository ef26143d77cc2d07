"""Prints frozen papers and reports as PDF: same data, same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import override

from compliance.contracts import Document, PeriodReport
from compliance.documents.figures import instant
from compliance.documents.fonts import faces
from compliance.documents.goods_view import carried_over, goods_view
from compliance.documents.press import Imprint, bind, lay, lay_marked, sizes
from compliance.documents.report_view import report_heading, report_sheets
from vyapar.kernel.calendar import IST

_FOLDER = "compliance/papers"


def render_document(document: Document, *, generated_at: datetime, language: str = "en") -> bytes:
    """A challan, invoice or bill of supply as an A4 PDF with all of its copies.

    `generated_at` is printed and becomes the PDF's date: the same document and instant give the
    same bytes. Raises `Misconfigured` when the printing libraries are missing.
    """
    view = goods_view(document, generated_at=generated_at)
    number = document.number or document.kind.value
    left = f"{number} · {view['generated_at']} · {document.rule_version}"
    with override(language):
        sheet = lay_marked(_html("goods.html", view, title=number))
        pages = sizes(sheet.pdf)
        carried = carried_over(document, sheet.marks)
        stamps = [
            {
                "legend": legend,
                "left": left,
                "page": page,
                "of": len(pages),
                "orientation": orientation,
                "heading": f"{number} · {document.seller.legal_name}" if page > 1 else "",
                "brought": carried[page - 2] if page > 1 else None,
                "carried": carried[page - 1],
            }
            for legend in document.copies
            for page, orientation in enumerate(pages, start=1)
        ]
        overlay = lay(_html("stamps.html", {"stamps": stamps}, title=number))
    imprint = Imprint(
        title=number,
        author=document.seller.legal_name,
        subject=f"{document.kind.value}, {document.document_date.isoformat()}, sha256 {view['seal']}",
        created=_pdf_date(generated_at),
    )
    return bind([sheet.pdf], overlay, imprint, times=len(document.copies))


def render_period_report(report: PeriodReport, *, language: str = "en") -> bytes:
    """The period report as an A4 PDF: first page upright, registers across.

    Registers follow one another on the page. They are laid out in sheets of at most 400 rows and joined,
    because the cost of one long text grows faster than its length. The same report gives the same bytes.
    """
    facts, heading = report.facts, report_heading(report)
    with override(language):
        sheets = [lay(_html(s.template, s.context, title=heading)) for s in report_sheets(report)]
        pages = [orientation for sheet in sheets for orientation in sizes(sheet)]
        overlay = lay(_html("stamps.html", {"stamps": _numbered(pages, heading, report)}, title=heading))
    imprint = Imprint(
        title=f"{facts.distributor}, {facts.period}",
        author=facts.distributor,
        subject=f"{facts.first_date.isoformat()} to {facts.last_date.isoformat()}, {report.rule_version}",
        created=_pdf_date(facts.generated_at),
    )
    return bind(sheets, overlay, imprint)


def _numbered(pages: list[str], heading: str, report: PeriodReport) -> list[dict[str, Any]]:
    cut_off = instant(report.facts.data_cut_off_at)
    return [
        {"heading": heading, "cut_off": cut_off, "left": report.rule_version, "page": page,
         "of": len(pages), "orientation": orientation}
        for page, orientation in enumerate(pages, start=1)
    ]  # fmt: skip


def _html(template: str, context: Mapping[str, Any], *, title: str) -> str:
    return render_to_string(f"{_FOLDER}/{template}", {"title": title, "faces": faces(), **context})


def _pdf_date(instant_: datetime) -> str:
    return f"{instant_.astimezone(IST):D:%Y%m%d%H%M%S}+05'30'"
