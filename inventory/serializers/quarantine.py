"""Rows set aside as a file: as they came or as they are corrected, with a column that says why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from inventory.contracts.feeds import RecordKind
from inventory.feeds.canonical import FIELDS
from inventory.feeds.files.writing import write_csv, write_xlsx
from inventory.models import ImportRun, QuarantinedRow
from inventory.selectors.imports import list_quarantined
from inventory.serializers.imports import fault_out

#: Columns that say why and where; the others carry canonical names, so that the file can be sent again.
REASON, KIND, ROW = "reason", "kind_of_record", "source_row"


def quarantine_file(run: ImportRun, form: str, *, kind: str = "") -> tuple[str, bytes]:
    """Name and bytes of the rows of a run that wait, as `csv` or `xlsx`; of one kind if asked for."""
    rows = list_quarantined(run)
    if kind:
        rows = rows.filter(kind=kind)
    found = list(rows)
    names = _names(found)
    heads = [REASON, KIND, ROW, *names]
    name = f"import-{run.number}-quarantine"
    if form == "csv":
        return f"{name}.csv", write_csv(_lines(found, names), heads)
    return f"{name}.xlsx", write_xlsx(_lines(found, names), heads, title=_("Quarantine"))


def reason_of(row: QuarantinedRow) -> str:
    """Everything that is wrong with a row, in one cell."""
    told = [fault_out(one) for one in row.faults]
    return " · ".join(
        f"{one['field']}: {one['message']}" if one.get("field") else one["message"] for one in told
    )


def _names(rows: list[QuarantinedRow]) -> list[str]:
    """Canonical names in their usual order, those of kinds that are there; then what else came."""
    kinds = {row.kind for row in rows}
    used = {name for row in rows for name in (*row.values, *row.corrected)} - {"row"}
    ordered = dict.fromkeys(
        spec.name
        for kind in RecordKind
        if kind.value in kinds
        for spec in FIELDS[kind]
        if spec.name in used or spec.required
    )
    return [*ordered, *sorted(used - set(ordered))]


def _lines(rows: list[QuarantinedRow], names: list[str]) -> Iterator[list[Any]]:
    for row in rows:
        values = {**row.values, **row.corrected}
        yield [reason_of(row), row.kind, row.row, *(values.get(name) for name in names)]
