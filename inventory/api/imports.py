"""Doors of imports: a file in, its check, write, cancel and undo, and the rows that were set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from inventory.feeds.files.writing import CSV
from inventory.models import ImportRun, MappingProfile
from inventory.selectors.imports import (
    RunFilter,
    get_profile,
    get_run,
    list_quarantined,
    list_runs,
)
from inventory.serializers import ImportOut, ImportPage, QuarantinePage, quarantined_out, run_out
from inventory.serializers.quarantine import quarantine_file
from inventory.services import imports
from inventory.tasks import drive_import
from vyapar.engine.api import check_text, read_text
from vyapar.engine.asked import wake
from vyapar.gateway.bodies import spool
from vyapar.gateway.renderers import attachment
from vyapar.gateway.views import ApiView, bad_query, number_page
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_LIMIT = OpenApiParameter("limit", int, description="1 to 1000")
_CURSOR = OpenApiParameter("cursor", str)
_HOW = [
    OpenApiParameter("feed", str, description="code of the feed; `files` unless said"),
    OpenApiParameter("name", str, description="the file's name, for a raw body: its ending says its format"),
    OpenApiParameter("kind", str, description="what its rows are about, where the file does not say"),
    OpenApiParameter("sheet", str, description="the sheet of a workbook"),
    OpenApiParameter("encoding", str),
    OpenApiParameter("delimiter", str),
    OpenApiParameter(
        "complete", bool, description="Tally: the file has every voucher of its days; what it lacks is gone"
    ),
    OpenApiParameter("profile", int, description="id of a saved mapping profile"),
    OpenApiParameter("write", bool, description="goes on to be written when its check is good"),
    OpenApiParameter("again", bool, description="take in a file that is known already"),
]
#: Parameters handed on to the system that reads the file.
_OPTIONS = ("kind", "sheet", "encoding", "delimiter", "complete")


class ImportList(ApiView):
    """Imports, newest first; and the door for files."""

    needs = {"GET": May.READ, "POST": May.FEED}
    most_bytes = settings.IMPORT_MEGABYTES << 20

    @extend_schema(
        operation_id="listImports",
        parameters=[
            OpenApiParameter("feed", str),
            OpenApiParameter("state", str, enum=ImportRun.State.values),
            _LIMIT,
            _CURSOR,
        ],
        responses=ImportPage,
    )
    def get(self, request: Request) -> Response:
        state = read_text(request, "state")
        if state and state not in ImportRun.State.values:
            raise bad_query("state", _("one of %(known)s", known=", ".join(ImportRun.State.values)), state)
        runs = list_runs(RunFilter(feed=read_text(request, "feed"), state=state))
        return number_page(request, runs, run_out, by="number", down=True)

    @extend_schema(
        operation_id="openImport",
        parameters=_HOW,
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            },
            "application/octet-stream": OpenApiTypes.BINARY,
        },
        responses={
            202: OpenApiResponse(ImportOut, "taken in; poll its address until `done`"),
            200: OpenApiResponse(ImportOut, "the same file was taken in before: this is that import"),
            (413, "application/problem+json"): OpenApiResponse(
                OpenApiTypes.OBJECT, "more than one file may hold: split it"
            ),
        },
    )
    def post(self, request: Request) -> Response:
        file, title, told = _upload(request)
        code = check_text("feed", told.get("feed", "files"))
        feed = imports.feed_for(code, actor=self.actor, at=timezone.now())
        options: dict[str, Any] = {name: told[name] for name in _OPTIONS if told.get(name)}
        options["write"] = _flag(told, "write")
        run = imports.open_run(
            feed=feed, content=file, title=title, options=options, actor=self.actor, at=timezone.now(),
            profile=_profile(told.get("profile", "")), again=_flag(told, "again"),
        )  # fmt: skip
        if not run.known:
            wake(drive_import, str(run.pk))
        return Response(
            run_out(run), status=200 if run.known else 202, headers={"Location": f"/api/v1/imports/{run.pk}"}
        )


class ImportDoor(ApiView):
    """One import."""

    @extend_schema(operation_id="getImport", responses=ImportOut)
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(run_out(get_run(run_id)))


class ImportWrite(ApiView):
    """Have a checked import written; a failed or cancelled one goes on where it stopped."""

    needs = May.FEED

    @extend_schema(operation_id="writeImport", request=None, responses={202: ImportOut})
    def post(self, request: Request, run_id: UUID) -> Response:
        imports.begin_write(run_id, actor=self.actor, at=timezone.now())
        wake(drive_import, str(run_id))
        return Response(run_out(get_run(run_id)), status=202)


class ImportCancel(ApiView):
    """Call an import off; one that is being written stops after the parcel it is at."""

    needs = May.FEED

    @extend_schema(operation_id="cancelImport", request=None, responses={202: ImportOut})
    def post(self, request: Request, run_id: UUID) -> Response:
        imports.cancel_run(run_id, actor=self.actor, at=timezone.now())
        return Response(run_out(get_run(run_id)), status=202)


class ImportUndo(ApiView):
    """Take back exactly what an import wrote; 409 with `errors` when something since depends on it."""

    needs = May.FEED

    @extend_schema(operation_id="undoImport", request=None, responses={202: ImportOut})
    def post(self, request: Request, run_id: UUID) -> Response:
        imports.ask_undo(run_id, actor=self.actor, at=timezone.now())
        wake(drive_import, str(run_id))
        return Response(run_out(get_run(run_id)), status=202)


class QuarantineDoor(ApiView):
    """Rows of an import that were set aside and wait."""

    @extend_schema(operation_id="listQuarantine", parameters=[_LIMIT, _CURSOR], responses=QuarantinePage)
    def get(self, request: Request, run_id: UUID) -> Response:
        return number_page(request, list_quarantined(get_run(run_id)), quarantined_out)


class QuarantineFile(ApiView):
    """The same rows as CSV, as they came, with a column that says why; corrected, it can be sent again."""

    @extend_schema(operation_id="getQuarantineFile", responses={(200, "text/csv"): OpenApiTypes.STR})
    def get(self, request: Request, run_id: UUID) -> HttpResponse:
        name, body = quarantine_file(get_run(run_id), "csv")
        return attachment(body, name, CSV)


def _upload(request: Request) -> tuple[IO[bytes], str, Mapping[str, str]]:
    """The file of a call, its name, and what was told beside it; the query wins over the form."""
    spooled = spool(request, most_bytes=ImportList.most_bytes)
    told: dict[str, str] = {name: str(value) for name, value in request.query_params.items() if value}
    plain = request._request
    if plain.content_type != "multipart/form-data":
        return spooled.file, told.get("name", "file"), told
    body = cast(Any, spooled.file)  # a file object; the stubs ask for one that is exactly Django's
    try:
        parser = MultiPartParser(plain.META, body, plain.upload_handlers, plain.encoding or "utf-8")
        fields, files = parser.parse()
    except MultiPartParserError as error:
        raise Invalid(_("the form cannot be read"), code="not_a_form") from error
    file = files.get("file")
    if file is None:
        fault = Fault("required", _("send the file in the field `file`"), "file")
        raise Invalid(_("the form has no file"), code="required", faults=[fault])
    told = {**{name: str(value) for name, value in fields.items()}, **told}
    return file, told.get("name") or str(file.name), told


def _profile(text: str) -> MappingProfile | None:
    if text and not text.isdecimal():
        raise bad_query("profile", _("the id of a saved profile"), text)
    return get_profile(int(text)) if text else None


def _flag(told: Mapping[str, str], name: str) -> bool:
    text = told.get(name, "").lower()
    if text not in ("", "true", "false", "1", "0", "yes", "no"):
        raise bad_query(name, _("true or false"), text)
    return text in ("true", "1", "yes")
