"""Shapes of pushes and of the jobs that large ones become."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from inventory.contracts.feeds import Landed, RecordKind
from inventory.models import ImportRun
from inventory.serializers.stock import FaultOut
from vyapar.gateway.problems import fault_row

#: Faults and warnings of one answer.
MOST_FAULTS, MOST_WARNINGS = 1_000, 100


class PushReport(serializers.Serializer[Any]):
    """What became of a push. Duplicates were there before and changed nothing.

    `rejected` has the first thousand faults; `rejectedRows` and `faultCount` say how many there are of
    each. `ignored` are names that mean nothing to this kind of record.
    """

    accepted = serializers.IntegerField()
    updated = serializers.IntegerField(required=False, help_text="changed what was there")
    duplicates = serializers.IntegerField()
    rejected = FaultOut(many=True)
    rejectedRows = serializers.IntegerField(required=False)
    faultCount = serializers.IntegerField(required=False)
    warnings = FaultOut(
        many=True, required=False, help_text="taken, and should be looked at: the first hundred"
    )
    ignored = serializers.ListField(child=serializers.CharField(), required=False)
    dryRun = serializers.BooleanField(required=False, help_text="nothing was written")


class JobOut(serializers.Serializer[Any]):
    """A push that is worked on in its own time. Counts are rows; a job that is `done` goes no further.

    `reconciled` is the good end. One that is `checked` although it was to be written has too many bad
    rows, one that is `written` has totals that nobody can explain: a person looks at them.
    """

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    kind = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(ImportRun.State.choices)
    done = serializers.BooleanField()
    dryRun = serializers.BooleanField()
    rowsRead = serializers.IntegerField()
    bytesRead = serializers.IntegerField()
    bytesTotal = serializers.IntegerField()
    percent = serializers.FloatField()
    accepted = serializers.IntegerField()
    updated = serializers.IntegerField()
    duplicates = serializers.IntegerField()
    rejected = serializers.IntegerField()
    faults = FaultOut(many=True, help_text="the first hundred")
    moreFaults = serializers.CharField(allow_null=True, help_text="where the faults of all rows are")
    error = serializers.CharField(allow_blank=True)
    createdAt = serializers.DateTimeField()
    finishedAt = serializers.DateTimeField(allow_null=True)


class JobFaults(serializers.Serializer[Any]):
    """Faults of a job's rejected rows by row; `nextCursor` is null on the last page."""

    results = FaultOut(many=True)
    nextCursor = serializers.CharField(allow_null=True)


def push_out(landed: Landed, *, ignored: Sequence[str] = (), only_tried: bool = False) -> dict[str, Any]:
    """The outside form of a push."""
    told: dict[str, Any] = {"accepted": landed.accepted, "duplicates": landed.duplicates}
    told["rejected"] = [fault_row(fault) for fault in landed.faults[:MOST_FAULTS]]
    if landed.kind is not RecordKind.SALES or landed.updated:
        told["updated"] = landed.updated
    if landed.faults:
        told |= {"rejectedRows": landed.rejected, "faultCount": len(landed.faults)}
    if landed.warnings:
        told["warnings"] = [fault_row(warning) for warning in landed.warnings[:MOST_WARNINGS]]
    if ignored:
        told["ignored"] = list(ignored)
    if only_tried:
        told["dryRun"] = True
    return told
