"""Shapes of imports at the API: a run with its progress, counts and reconciliation; rows set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from inventory.models import ImportRun, QuarantinedRow
from vyapar.gateway.speech import say
from vyapar.kernel.money import rupees
from vyapar.kernel.phrases import again

#: States after which a run does not change by itself.
_STILL = {
    ImportRun.State.CHECKED, ImportRun.State.WRITTEN, ImportRun.State.RECONCILED,
    ImportRun.State.CANCELLED, ImportRun.State.FAILED, ImportRun.State.UNDONE,
}  # fmt: skip


class CountsOut(serializers.Serializer[Any]):
    """What became of the rows of one kind; the last four add up to `rows`."""

    rows = serializers.IntegerField()
    accepted = serializers.IntegerField()
    updated = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = serializers.IntegerField()


class ImportOut(serializers.Serializer[Any]):
    """One import. `done` is true when it will not change by itself; poll until then."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    feed = serializers.CharField()
    title = serializers.CharField()
    profile = serializers.CharField(allow_null=True, help_text="the mapping profile it is read by")
    state = serializers.ChoiceField(ImportRun.State.choices)
    done = serializers.BooleanField()
    known = serializers.BooleanField(help_text="the same file was taken in before: this is that import")
    sha256 = serializers.CharField()
    bytesTotal = serializers.IntegerField(allow_null=True)
    bytesRead = serializers.IntegerField()
    rowsRead = serializers.IntegerField()
    counts = serializers.DictField(child=CountsOut(), help_text="by kind; of the check until it is written")
    faults = serializers.ListField(
        child=serializers.DictField(), help_text="the first faults that the check found"
    )
    faultCount = serializers.IntegerField()
    coverage = serializers.ListField(
        child=serializers.DictField(), help_text="what the source holds and will not be taken, and why"
    )
    reconciliation = serializers.DictField(allow_null=True, help_text="once it is written")
    error = serializers.CharField(allow_blank=True)
    startedBy = serializers.CharField()
    createdAt = serializers.DateTimeField()
    finishedAt = serializers.DateTimeField(allow_null=True)


class ImportPage(serializers.Serializer[Any]):
    """Imports, newest first; `nextCursor` is null on the last page."""

    results = ImportOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


class QuarantinedOut(serializers.Serializer[Any]):
    """A row that was not taken: as it came, what a person wrote instead, and what is wrong with it."""

    id = serializers.IntegerField()
    kind = serializers.CharField()
    row = serializers.IntegerField()
    state = serializers.ChoiceField(QuarantinedRow.State.choices)
    values = serializers.DictField(child=serializers.CharField())
    corrected = serializers.DictField(child=serializers.CharField(allow_blank=True))
    faults = serializers.ListField(child=serializers.DictField())


class QuarantinePage(serializers.Serializer[Any]):
    """Rows set aside, as they stand in the source; `nextCursor` is null on the last page."""

    results = QuarantinedOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


def run_out(run: ImportRun) -> dict[str, Any]:
    """The outside form of an import run; also of a job that a push became."""
    counts = run.counts or run.checks.get("counts", {})
    return {
        "id": run.pk,
        "number": run.number,
        "feed": run.feed.code,
        "title": run.title,
        "profile": str(run.profile) if run.profile else None,
        "state": run.state,
        "done": run.state in _STILL or bool(run.options.get("wait")),
        "known": run.known,
        "sha256": run.digest,
        "bytesTotal": run.bytes_total,
        "bytesRead": run.bytes_read,
        "rowsRead": run.rows_read,
        "counts": {kind: _counts(one) for kind, one in counts.items()},
        "faults": [
            {"kind": one.get("kind", ""), **fault_out(one)} for one in run.checks.get("faults", [])[:100]
        ],
        "faultCount": run.checks.get("fault_count", 0),
        "coverage": [left_out(one) for one in run.coverage],
        "reconciliation": _reconciliation(run.reconciliation) if run.reconciliation else None,
        "error": say(again(run.error, run.words)),
        "startedBy": run.started_by_name or run.started_by,
        "createdAt": run.created_at,
        "finishedAt": run.finished_at,
    }


def left_out(one: dict[str, Any]) -> dict[str, Any]:
    """What a run left out, in the reader's language; as it stands where it was kept without words."""
    said = {
        name: say(again(one.get(name, ""), one.get(f"{name}_words")))
        for name in ("name", "reason", "example")
    }
    return {**said, "count": one["count"]}


def _counts(one: dict[str, Any]) -> dict[str, int]:
    return {name: one.get(name, 0) for name in ("rows", "accepted", "updated", "duplicates", "rejected")}


def _reconciliation(kept: dict[str, Any]) -> dict[str, Any]:
    """Totals by kind and causes in rupees, and what has no cause."""
    return {
        "reconciled": not kept["unexplained_count"],
        "kinds": [
            {
                "kind": one["kind"],
                "rows": one["rows"],
                "sourcePieces": one["source_pieces"],
                "landedPieces": one["landed_pieces"],
                "sourceValue": rupees(one["source_paise"]),
                "landedValue": rupees(one["landed_paise"]),
            }
            for one in kept["kinds"]
        ],
        "causes": [
            {
                "kind": one["kind"],
                "code": one["code"],
                "rows": one["rows"],
                "pieces": one["pieces"],
                "value": rupees(one["paise"]),
            }
            for one in kept["causes"]
        ],
        "unexplained": {
            "count": kept["unexplained_count"],
            "pieces": kept["unexplained_pieces"],
            "value": rupees(kept["unexplained_paise"]),
            "first": [
                {
                    "kind": one["kind"],
                    "sku": one["sku"],
                    "location": one["location"],
                    "pieces": one["pieces"],
                    "value": rupees(one["paise"]),
                }
                for one in kept["unexplained"]
            ],
        },
    }


def fault_out(kept: Mapping[str, Any]) -> dict[str, Any]:
    """A fault as it is kept with a row, its sentence in the reader's language."""
    told = {name: kept[name] for name in ("row", "field", "code", "value") if name in kept}
    return {**told, "message": say(again(str(kept["message"]), kept.get("words")))}


def quarantined_out(row: QuarantinedRow) -> dict[str, Any]:
    """The outside form of a row set aside."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "row": row.row,
        "state": row.state,
        "values": row.values,
        "corrected": row.corrected,
        "faults": [fault_out(one) for one in row.faults],
    }
