"""Settings, takeout: everything in one file, for the owner, with its progress."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from vyapar.dashboard.access import attempt, page, person
from vyapar.engine.asked import wake
from vyapar.gateway.speech import say
from vyapar.gateway.views import ApiView
from vyapar.kernel.errors import Refused
from vyapar.kernel.phrases import coded
from vyapar.kernel.phrases import phrase as gettext
from vyapar.ops.takeout import jobs
from vyapar.ops.tasks import make_takeout
from vyapar.people.contracts import May


@page(May.RULES)
def takeout(request: HttpRequest) -> HttpResponseBase:
    """The button, how far it is, and what lies there."""
    context = {"job": jobs.current(), "kept": jobs.list_kept()}
    return render(request, "takeout/takeout.html", context)


@page(May.RULES)
@require_POST
def begin(request: HttpRequest) -> HttpResponseBase:
    """Have it made."""

    def run() -> None:
        job = jobs.start(actor=person(request).actor, at=timezone.now())
        wake(make_takeout, job.id)

    attempt(request, run, _("It is being packed; this page says how far it is."))
    return redirect("takeout:takeout")


@page(May.RULES)
def fetch(request: HttpRequest, name: str) -> HttpResponseBase:
    """The file, streamed."""
    content = jobs.fetch(name, actor=person(request).actor, at=timezone.now())
    return FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")


# --- the API -------------------------------------------------------------------------------


class TakeoutOut(serializers.Serializer[Any]):
    """How far a takeout is; `parts` are files in the zip."""

    takeoutId = serializers.UUIDField()
    state = serializers.ChoiceField(["queued", "running", "done", "failed", "cut_off"])
    partsDone = serializers.IntegerField()
    parts = serializers.IntegerField()
    packing = serializers.CharField(allow_blank=True)
    file = serializers.CharField(allow_null=True, help_text="where it is fetched, when it is done")
    rows = serializers.IntegerField()
    bytes = serializers.IntegerField()
    trailBreaks = serializers.IntegerField()
    error = serializers.CharField(allow_blank=True)
    askedAt = serializers.DateTimeField()


def job_out(job: jobs.Job) -> dict[str, Any]:
    """The outside form of a takeout."""
    return {
        "takeoutId": job.id,
        "state": job.state,
        "partsDone": job.done if job.state != "done" else job.total,
        "parts": job.total,
        "packing": job.what,
        "file": f"/api/v1/takeouts/{job.id}/file" if job.state == "done" else None,
        "rows": job.rows,
        "bytes": job.bytes,
        "trailBreaks": job.breaks,
        "error": say(job.error),
        "askedAt": job.at,
    }


class TakeoutStart(ApiView):
    """Everything the distributor owns, asked for."""

    needs = May.RULES

    @extend_schema(operation_id="startTakeout", request=None, responses={202: TakeoutOut})
    def post(self, request: Request) -> Response:
        job = jobs.start(actor=self.actor, at=timezone.now())
        wake(make_takeout, job.id)
        return Response(job_out(job), status=202, headers={"Location": f"/api/v1/takeouts/{job.id}"})


class TakeoutOne(ApiView):
    """How far it is."""

    needs = May.RULES

    @extend_schema(operation_id="getTakeout", responses=TakeoutOut)
    def get(self, request: Request, job_id: UUID) -> Response:
        return Response(job_out(jobs.get(job_id)))


class TakeoutFile(ApiView):
    """The zip, streamed."""

    needs = May.RULES

    @extend_schema(operation_id="getTakeoutFile", responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, job_id: UUID) -> FileResponse:
        job = jobs.get(job_id)
        if job.state != "done":
            raise Refused(
                gettext("this takeout is %(state)s; there is no file", state=coded(job.state)),
                code="not_done",
            )
        name = job.file.rsplit("/", 1)[-1]
        content = jobs.fetch(name, actor=self.actor, at=timezone.now())
        return FileResponse(content, as_attachment=True, filename=name, content_type="application/zip")
