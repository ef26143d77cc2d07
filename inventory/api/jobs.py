"""Pushes that became jobs: how far each is, what came of it, calling it off."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import services
from inventory.models import ImportRun, QuarantinedRow
from inventory.selectors.imports import get_run, list_quarantined
from inventory.serializers import JobFaults, JobOut, fault_out
from vyapar.gateway.speech import say
from vyapar.gateway.views import ApiView, next_cursor, read_cursor, read_limit
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import again
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

State = ImportRun.State
#: Faults that a job's own answer carries; the rest is a page of its own.
MOST_FAULTS = 100
_OVER = frozenset(
    {State.CHECKED, State.WRITTEN, State.RECONCILED, State.CANCELLED, State.FAILED, State.UNDONE}
)
_OUTCOMES = ("accepted", "updated", "duplicates", "rejected")


class _JobDoor(ApiView):
    """A door of one job; a key for one kind of record sees jobs of that kind."""

    needs = May.FEED

    @property
    def part(self) -> str:  # type: ignore[override]  # of the job, not of the door
        run = ImportRun.objects.filter(pk=self.kwargs["job_id"]).only("options").first()
        return str(run.options.get("kind", "")) if run else ""


class JobDoor(_JobDoor):
    """One job: how far it is and what came of it."""

    @extend_schema(operation_id="getJob", responses=JobOut)
    def get(self, request: Request, job_id: UUID) -> Response:
        return Response(job_out(get_run(job_id)))

    @extend_schema(operation_id="cancelJob", request=None, responses=JobOut)
    def delete(self, request: Request, job_id: UUID) -> Response:
        return Response(job_out(services.cancel_run(job_id, actor=self.actor, at=timezone.now())))


class JobFaultsDoor(_JobDoor):
    """What is wrong with rows of a job, a page at a time."""

    @extend_schema(
        operation_id="listJobFaults",
        parameters=[
            OpenApiParameter("limit", int, description="1 to 1000 rows"),
            OpenApiParameter("cursor", str),
        ],
        responses=JobFaults,
    )
    def get(self, request: Request, job_id: UUID) -> Response:
        run, limit, after = get_run(job_id), read_limit(request), _after(request)
        rows = list(
            list_quarantined(run, state="all").filter(row__gt=after).order_by("row", "kind")[: limit + 1]
        )
        last = rows[limit - 1] if len(rows) > limit else None
        return Response(
            {
                "results": [fault for row in rows[:limit] for fault in _faults_of(row)],
                "nextCursor": next_cursor([last.row]) if last else None,
            }
        )


def job_out(run: ImportRun) -> dict[str, Any]:
    """The outside form of a job."""
    counts = run.counts or run.checks.get("counts", {})
    sums = {name: sum(one.get(name, 0) for one in counts.values()) for name in _OUTCOMES}
    faults = _first_faults(run)
    total = run.bytes_total or 0
    return {
        "id": str(run.pk),
        "number": run.number,
        "kind": str(run.options.get("kind", "")),
        "state": run.state,
        "done": run.state in _OVER,
        "dryRun": not run.options.get("write", False),
        "rowsRead": run.rows_read,
        "bytesRead": run.bytes_read,
        "bytesTotal": total,
        "percent": 100.0
        if run.state in _OVER
        else round(100 * min(1.0, run.bytes_read / total), 1)
        if total
        else 0.0,
        **sums,
        "faults": faults,
        "moreFaults": f"/api/v1/jobs/{run.pk}/faults" if sums["rejected"] else None,
        "error": say(again(run.error, run.words)),
        "createdAt": run.created_at,
        "finishedAt": run.finished_at,
    }


def _first_faults(run: ImportRun) -> list[dict[str, Any]]:
    """Of rows that are set aside; before anything is written, of what the check found."""
    rows = run.quarantine.order_by("row")[:MOST_FAULTS]
    found = [fault for row in rows for fault in _faults_of(row)]
    return (found or [_fault(one, one.get("row")) for one in run.checks.get("faults", [])])[:MOST_FAULTS]


def _faults_of(row: QuarantinedRow) -> list[dict[str, Any]]:
    return [_fault(one, row.row) for one in row.faults]


def _fault(one: dict[str, Any], row: int | None) -> dict[str, Any]:
    told = fault_out(one)
    return {"row": row, **{name: str(told.get(name, "")) for name in ("field", "code", "message", "value")}}


def _after(request: Request) -> int:
    cursor = read_cursor(request) or [0]
    if len(cursor) != 1 or not isinstance(cursor[0], int) or not 0 <= cursor[0] < 2**63:
        fault = Fault("bad_query", _("a cursor from an earlier answer"), "cursor")
        raise Invalid(_("cursor is not right"), code="bad_query", faults=[fault])
    return cursor[0]
