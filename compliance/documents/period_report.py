"""The report that an auditor reads: registers of a period, how they tie, what stands out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from compliance.contracts import (
    PaperKind,
    PeriodFacts,
    PeriodReport,
    RegisterRow,
    SeriesSummary,
    WriteOffRow,
)
from compliance.documents.figures import runs
from vyapar.kernel.decision import Finding, Severity
from vyapar.kernel.errors import Invalid
from vyapar.kernel.money import PAISE_PER_RUPEE, indian
from vyapar.kernel.phrases import Phrase
from vyapar.kernel.phrases import counted as ngettext
from vyapar.kernel.phrases import phrase as _
from vyapar.law.itc import DESTROY, itc_effect
from vyapar.law.papers import table_13_class
from vyapar.law.version import RULE_VERSION

_BASES = {
    "series": "Rules 46(b), 49 and 55(1) CGST: consecutive numbers",
    "reason": "Rule 56(8) CGST: every entry accounted for",
    "eway": "Rule 138 CGST",
    "sums": "Rule 46 CGST",
    "credit": "s.17(5)(h) CGST Act",
    "chain": "Rule 56(8) CGST; Companies (Accounts) Rule 3(1)",
    "sandbox": "house rule: what is simulated says so",
}


def build(facts: PeriodFacts) -> PeriodReport:
    """The report of a period: series with their gaps, transfers, sums, checks and exceptions.

    The answer does not depend on the order of the rows given; registers are sorted by series and
    running number, everything else by day.
    """
    rows = tuple(sorted(facts.documents, key=_register_key))
    series = tuple(_series(rows, facts))
    transfers = tuple(row for row in rows if is_between_registrations(row))
    objections = {name: tuple(check(facts, rows, series)) for name, check in _CHECKS}
    exceptions = tuple(finding for found in objections.values() for finding in found)
    return PeriodReport(
        facts=_sorted(facts, rows),
        series=series,
        transfers=transfers,
        exceptions=exceptions,
        sums=_sums(facts, rows, transfers),
        checks=tuple((name, not found) for name, found in objections.items()),
        rule_version=RULE_VERSION,
    )


def is_between_registrations(row: RegisterRow) -> bool:
    """Whether a paper moves goods between two registrations of one PAN and still stands."""
    one_pan = row.gstin[2:12] == row.party_gstin[2:12]
    two = bool(row.party_gstin) and row.gstin != row.party_gstin and one_pan
    return two and not row.cancelled and row.kind is not PaperKind.CREDIT_NOTE


def _series(rows: tuple[RegisterRow, ...], facts: PeriodFacts) -> Iterator[SeriesSummary]:
    groups: dict[tuple[str, str, str, str], list[RegisterRow]] = {}
    for row in rows:
        groups.setdefault(series_key(row), []).append(row)
    openings = {(o.gstin, o.kind.value, o.financial_year, o.series): o.last_sequence for o in facts.openings}
    for key, group in groups.items():
        used = {row.sequence for row in group}
        opening = openings.get(key)
        first = min(used) if opening is None else opening + 1
        standing = [row for row in group if not row.cancelled]
        number, nature = table_13_class(group[0].kind)
        yield SeriesSummary(
            gstin=key[0],
            kind=group[0].kind,
            financial_year=key[2],
            series=key[3],
            table_13_class=number,
            nature=nature,
            first_number=group[0].number,
            last_number=group[-1].number,
            issued=len(group),
            cancelled=len(group) - len(standing),
            missing=tuple(sorted(set(range(first, max(used) + 1)) - used)),
            taxable_paise=sum(row.taxable_paise for row in standing),
            tax_paise=sum(row.tax_paise for row in standing),
            total_paise=sum(row.total_paise for row in standing),
        )


def series_key(row: RegisterRow) -> tuple[str, str, str, str]:
    """What one run of numbers belongs to: registration, kind of paper, financial year, series."""
    return row.gstin, row.kind.value, row.financial_year, row.series


def _register_key(row: RegisterRow) -> tuple[Any, ...]:
    return (*series_key(row), row.sequence, row.number)


def _sorted(facts: PeriodFacts, rows: tuple[RegisterRow, ...]) -> PeriodFacts:
    return replace(
        facts,
        documents=rows,
        findings=tuple(sorted(facts.findings, key=lambda r: (r.at, r.subject, r.code))),
        discounts=tuple(sorted(facts.discounts, key=lambda r: (r.on_date, r.sku, r.batch))),
        write_offs=tuple(sorted(facts.write_offs, key=lambda r: (r.on_date, r.sku, r.batch))),
        notes=tuple(sorted(facts.notes, key=lambda r: (r.on_date, r.company, r.claim, r.number))),
        approvals=tuple(sorted(facts.approvals, key=lambda r: (r.at, r.action))),
    )


def _sums(
    facts: PeriodFacts, rows: tuple[RegisterRow, ...], transfers: tuple[RegisterRow, ...]
) -> dict[str, int]:
    standing = [row for row in rows if not row.cancelled]
    heads = ("taxable", "cgst", "sgst", "igst", "cess", "round_off", "total")
    sums = {f"{h}_paise": sum(row.sign * getattr(row, f"{h}_paise") for row in standing) for h in heads}
    notes = [row for row in standing if row.kind is PaperKind.CREDIT_NOTE]
    return sums | {
        "tax_paise": sum(row.sign * row.tax_paise for row in standing),
        "credit_notes": len(notes),
        "credited_taxable_paise": sum(row.taxable_paise for row in notes),
        "credited_tax_paise": sum(row.tax_paise for row in notes),
        "documents": len(rows),
        "cancelled": len(rows) - len(standing),
        "transfers": len(transfers),
        "transfers_taxable_paise": sum(row.taxable_paise for row in transfers),
        "transfers_tax_paise": sum(row.tax_paise for row in transfers),
        "transfers_total_paise": sum(row.total_paise for row in transfers),
        "discount_given_paise": sum(
            (row.list_price_paise - row.offer_price_paise) * row.quantity for row in facts.discounts
        ),
        "written_off_paise": sum(row.cost_paise * row.quantity for row in facts.write_offs),
        "itc_reversed_paise": sum(row.reversed_paise for row in facts.write_offs),
        "itc_by_notes_paise": sum(row.tax_paise for row in facts.notes),
        "itc_by_notes_igst_paise": sum(row.igst_paise for row in facts.notes),
        "itc_by_notes_cgst_paise": sum(row.cgst_paise for row in facts.notes),
        "itc_by_notes_sgst_paise": sum(row.sgst_paise for row in facts.notes),
        "credited_by_notes_paise": sum(row.credited_paise for row in facts.notes),
        "approved_alone": sum(row.automatic for row in facts.approvals),
        "approved_by_people": sum(not row.automatic for row in facts.approvals),
        "approved_value_paise": sum(row.value_paise for row in facts.approvals),
    }


def _warn(code: str, basis: str, message: Phrase, fix: str = "", **found: Any) -> Finding:
    return Finding(code, Severity.WARN, message, _BASES[basis], found, fix)


def _gaps(
    _facts: PeriodFacts, _rows: tuple[RegisterRow, ...], series: tuple[SeriesSummary, ...]
) -> Iterator[Finding]:
    for one in series:
        if one.missing:
            message = _(
                "Series %(series)s of %(gstin)s misses running number %(numbers)s.",
                series=one.series,
                gstin=one.gstin,
                numbers=runs(one.missing),
            )
            yield _warn("R-GAP", "series", message, series=one.series, missing=list(one.missing))


def _doubles(
    _facts: PeriodFacts, rows: tuple[RegisterRow, ...], _series: tuple[SeriesSummary, ...]
) -> Iterator[Finding]:
    seen: set[tuple[str, str, str]] = set()
    for row in rows:
        key = (row.gstin, row.financial_year, row.number)
        if key in seen:
            message = _(
                "Number %(number)s of %(gstin)s was used twice in %(year)s.",
                number=row.number,
                gstin=row.gstin,
                year=row.financial_year,
            )
            yield Finding("R-TWICE", Severity.BLOCK, message, _BASES["series"], {"number": row.number})
        seen.add(key)


def _reasons(
    _facts: PeriodFacts, rows: tuple[RegisterRow, ...], _series: tuple[SeriesSummary, ...]
) -> Iterator[Finding]:
    for row in rows:
        if row.cancelled and not row.cancelled_reason:
            message = _("%(number)s was cancelled without a reason.", number=row.number)
            yield _warn("R-REASON", "reason", message, _("Record why."), number=row.number)


def _sums_of_rows(
    _facts: PeriodFacts, rows: tuple[RegisterRow, ...], _series: tuple[SeriesSummary, ...]
) -> Iterator[Finding]:
    for row in rows:
        due = row.taxable_paise + row.tax_paise + row.round_off_paise
        if due != row.total_paise or abs(row.round_off_paise) >= PAISE_PER_RUPEE:
            message = _(
                "%(number)s: value, tax and round-off make %(due)s, not %(total)s.",
                number=row.number,
                due=indian(due),
                total=indian(row.total_paise),
            )
            yield _warn("R-SUM", "sums", message, number=row.number)


def _eway(
    _facts: PeriodFacts, rows: tuple[RegisterRow, ...], _series: tuple[SeriesSummary, ...]
) -> Iterator[Finding]:
    for row in rows:
        if row.eway_needed and not row.eway_number and not row.cancelled:
            message = _("%(number)s needed an e-way bill and none is on record.", number=row.number)
            fix = _("Enter the number from the portal.")
            yield _warn("R-EWAY", "eway", message, fix, number=row.number)


def _credit(
    facts: PeriodFacts, _rows: tuple[RegisterRow, ...], _series: tuple[SeriesSummary, ...]
) -> Iterator[Finding]:
    for row in facts.write_offs:
        due = credit_due(row)
        if due != row.reversed_paise:
            message = _(
                "%(sku)s, batch %(batch)s: %(due)s of credit is to be reversed, %(reversed)s was.",
                sku=row.sku,
                batch=row.batch,
                due=indian(due),
                reversed=indian(row.reversed_paise),
            )
            yield _warn("R-ITC", "credit", message, sku=row.sku, batch=row.batch)
        if not row.traced:
            message = _(
                "%(sku)s, batch %(batch)s: the credit rests on an average, not on its invoice.",
                sku=row.sku,
                batch=row.batch,
            )
            yield _warn("R-TRACE", "credit", message, sku=row.sku, batch=row.batch)


def credit_due(row: WriteOffRow) -> int:
    """Credit that the way out of a write-off costs, in paise; an unknown way counts as lost."""
    try:
        return _credit_of(row, row.way)
    except Invalid:
        return _credit_of(row, DESTROY)


def _credit_of(row: WriteOffRow, way: str) -> int:
    pieces, sign = abs(row.quantity), -1 if row.quantity < 0 else 1
    effect = itc_effect(way, row.on_date, quantity=pieces, itc_per_unit_paise=row.itc_per_unit_paise)
    return sign * effect.reverse_paise


def _chain(
    facts: PeriodFacts, _rows: tuple[RegisterRow, ...], _series: tuple[SeriesSummary, ...]
) -> Iterator[Finding]:
    chain = facts.chain
    if not chain.intact:
        detail = chain.detail or _("a seal differs")
        message = (
            _("The audit chain is broken: %(detail)s.", detail=detail)
            if chain.broken_at is None
            else _(
                "The audit chain is broken at entry %(entry)s: %(detail)s.",
                entry=chain.broken_at,
                detail=detail,
            )
        )
        yield Finding("R-CHAIN", Severity.BLOCK, message, _BASES["chain"], {"at": chain.broken_at})


def _simulated(
    facts: PeriodFacts, rows: tuple[RegisterRow, ...], _series: tuple[SeriesSummary, ...]
) -> Iterator[Finding]:
    count = sum(row.simulated for row in rows)
    if count:
        message = ngettext(
            "%(count)s of %(all)s papers was made in sandbox mode and is not filed anywhere.",
            "%(count)s of %(all)s papers were made in sandbox mode and are not filed anywhere.",
            count,
            all=len(rows),
        )
        yield Finding("R-SIMULATED", Severity.INFO, message, _BASES["sandbox"], {"count": count})


#: Every check of the report under the name by which the first page lists it.
_CHECKS = (
    ("numbers_run_without_gap", _gaps),
    ("no_number_twice", _doubles),
    ("cancellations_have_reasons", _reasons),
    ("papers_add_up", _sums_of_rows),
    ("eway_bills_on_record", _eway),
    ("credit_reversed_in_full", _credit),
    ("audit_chain_intact", _chain),
    ("nothing_simulated", _simulated),
)
