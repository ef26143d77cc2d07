"""Property 14: the period report adds up over every dimension, and its remarks are true."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.contracts.report import SeriesOpening
from compliance.documents.period_report import build, series_key
from tests.compliance.periods import challan, discount, paper, period, write_off

REASONS = st.sampled_from(["", "typed twice"])
FIGURES = ("taxable_paise", "tax_paise", "total_paise")
#: Both series begin at number 1 in this period.
OPENINGS = tuple(
    SeriesOpening(row.gstin, row.kind, row.financial_year, row.series, 0) for row in (paper(1), challan(1))
)


@st.composite
def registers(draw):
    """Papers of two series: some numbers missing, some cancelled with or without a reason."""
    rows = []
    for make in (paper, challan):
        for sequence in sorted(draw(st.sets(st.integers(1, 12), max_size=8))):
            row = make(sequence)
            if draw(st.booleans()) and draw(st.booleans()):
                row = replace(row, cancelled=True, cancelled_reason=draw(REASONS))
            rows.append(row)
    return draw(st.permutations(rows))


@settings(max_examples=100, deadline=None)
@given(registers(), st.lists(st.integers(1, 900), max_size=4), st.lists(st.integers(1, 90), max_size=4))
def test_reports_add_up_and_point_at_what_is_wrong(rows, discounts, losses):
    """Feature: vyapar-sahayak-distributor, Property 14: Reporting Accuracy and Insight Generation.

    For any time period and data scope, generated reports should contain accurate trend analysis,
    comparative metrics across dimensions, and actionable insights that are relevant to the target
    audience.
    """
    facts = period(
        documents=tuple(rows),
        openings=OPENINGS,
        discounts=tuple(discount(quantity=n, batch=f"B{i}") for i, n in enumerate(discounts)),
        write_offs=tuple(write_off(quantity=n, batch=f"M{i}") for i, n in enumerate(losses)),
    )
    report = build(facts)
    by_series = {key: list(found) for key, found in groupby(sorted(rows, key=series_key), key=series_key)}
    assert len(report.series) == len(by_series)
    for (key, mine), line in zip(sorted(by_series.items()), report.series, strict=True):
        numbers = [row.sequence for row in mine]
        missing = set(range(1, max(numbers) + 1)) - set(numbers)
        assert line.net_issued == sum(not row.cancelled for row in mine), key
        assert set(line.missing) == missing
        assert (line.issued, line.cancelled) == (len(mine), sum(row.cancelled for row in mine))
        told = [f for f in report.exceptions if f.code == "R-GAP" and f.facts["series"] == line.series]
        assert [set(f.facts["missing"]) for f in told] == ([missing] if missing else [])
        for figure in FIGURES:
            assert getattr(line, figure) == sum(getattr(row, figure) for row in mine if not row.cancelled)
    for figure in FIGURES:
        assert report.sums[figure] == sum(getattr(line, figure) for line in report.series)
    blamed = {f.facts["number"] for f in report.exceptions if f.code == "R-REASON"}
    assert blamed == {row.number for row in rows if row.cancelled and not row.cancelled_reason}
    wrong = sum(n * 1_240 != 496_00 for n in losses)  # what the rows say was reversed is 496.00 each
    others = [f for f in report.exceptions if f.code not in ("R-GAP", "R-REASON")]
    assert len(others) == wrong
    assert all(holds for _name, holds in report.checks) == (not report.exceptions)
    assert all(isinstance(value, int) for value in report.sums.values())
    assert all(finding.message for finding in report.exceptions)


@settings(max_examples=100, deadline=None)
@given(registers())
def test_the_order_in_which_papers_are_read_changes_nothing(rows):
    one, other = build(period(documents=tuple(rows))), build(period(documents=tuple(reversed(rows))))
    assert one == other
