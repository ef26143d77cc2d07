"""Pages of papers a second: a challan in three copies, against WeasyPrint laying every copy whole.

    bin/bench papers

Both print the same frozen challan of twelve lines with the same fonts in the same process, interleaved.
The peer lays the three copies as three documents and joins them; ours lays the paper once and stamps
number and legend on each page. The month's report of 1,000 papers is told beside it.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

RUNS = 7
LINES = 12
PAPERS = 1_000
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def run() -> dict[str, Any]:
    """Medians of interleaved runs: pages a second of each way, and their ratio."""
    import django

    django.setup()
    from pypdf import PdfReader

    from compliance.documents import build, period_report
    from compliance.documents.render import render_document, render_period_report
    from tests.compliance.movements import biscuits, movement
    from tests.compliance.periods import paper as register_row
    from tests.compliance.periods import period

    lines = tuple(biscuits(sku=f"SKU-{n:03d}", batch=f"B{n:02d}") for n in range(LINES))
    paper = build(movement(lines=lines), number="DC/2627/000123")
    ways: dict[str, Callable[[], bytes]] = {
        "ours": lambda: render_document(paper, generated_at=NOW),
        "copies": lambda: _copy_by_copy(paper),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    pages = {name: len(PdfReader(BytesIO(way())).pages) for name, way in ways.items()}  # warms up, too
    if len(set(pages.values())) != 1:
        raise ValueError(f"the ways print different papers: {pages}")
    for _ in range(RUNS):
        for name, way in ways.items():
            start = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - start)
    rate = {name: pages[name] / statistics.median(took) for name, took in seconds.items()}
    start = time.perf_counter()
    papers = tuple(register_row(n) for n in range(1, PAPERS + 1))
    report = render_period_report(period_report.build(period(documents=papers)))
    took = time.perf_counter() - start
    return {
        "name": "papers",
        "value": round(rate["ours"], 1),
        "unit": "pages/s",
        "ratio": round(rate["ours"] / rate["copies"], 2),
        "against": "WeasyPrint, copy by copy",
        "goal": 1.5,
        "pages_per_second": {name: round(value, 1) for name, value in rate.items()},
        "report": {
            "papers": PAPERS,
            "pages": len(PdfReader(BytesIO(report)).pages),
            "seconds": round(took, 1),
        },
    }


def _copy_by_copy(paper: Any) -> bytes:
    """The usual way: each copy a document of its own, laid whole, then joined."""
    from pypdf import PdfWriter

    from compliance.documents.goods_view import goods_view
    from compliance.documents.press import lay
    from compliance.documents.render import _html

    writer = PdfWriter()
    for _legend in paper.copies:
        view = goods_view(paper, generated_at=NOW)
        writer.append(BytesIO(lay(_html("goods.html", view, title=paper.number))))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()
