"""Doors that take records in, one for each kind: at once when they are few, as a job when they are many."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from inventory import services
from inventory.api.bodies import MOST_BYTES, Announced, Body, announced, unpack
from inventory.api.described import describe_push
from inventory.api.jobs import job_out
from inventory.contracts.feeds import Landed, RecordKind
from inventory.feeds.push import HEAD, Form, Table, check_start, count_rows, read_rows
from inventory.serializers import push_out
from inventory.services import Promised
from inventory.tasks import drive_import
from vyapar.engine.asked import wake
from vyapar.gateway.bodies import spool
from vyapar.gateway.throttles import charge
from vyapar.gateway.views import ApiView
from vyapar.kernel.errors import Fault, Invalid
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

#: Rows and bytes that are answered at once; more become a job.
MOST_ROWS_NOW, MOST_BYTES_NOW = 50_000, 48 * 1024 * 1024

#: The feed whose runs are the jobs of these doors.
FEED = "push"
_SUFFIXES = {Form.JSON: ".json", Form.LINES: ".ndjson", Form.CSV: ".csv"}


class PushDoor(ApiView):
    """Rows of one kind in: whatever part of them is good is recorded, the rest is told row by row."""

    needs = May.FEED
    most_bytes = MOST_BYTES
    kind: ClassVar[RecordKind]
    told: Announced

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST":  # any other is refused as such, with a body or without
            self.told = announced(request.META)
        super().initial(request, *args, **kwargs)

    def push(self, request: Request) -> Response:
        """One push: read as a whole, then row by row."""
        only_try, at = _only_try(request), timezone.now()
        body = unpack(spool(request, most_bytes=self.most_bytes), self.told)
        if _wants_job(request) or body.size > MOST_BYTES_NOW:
            return self._job(request, body, only_try, at)
        table = read_rows(body.read(), body.form, self.kind)
        if table.rows.height > MOST_ROWS_NOW:
            return self._job(request, body, only_try, at, table.rows.height)
        landed = self._take(request, table, only_try, at)
        answer = push_out(landed, ignored=table.ignored, only_tried=only_try)
        return Response(answer, status=207 if landed.rejected else 200)

    def _take(self, request: Request, table: Table, only_try: bool, at: datetime) -> Landed:
        if table.rows.is_empty():
            return Landed(self.kind)
        if only_try:
            return services.judge(self.kind, table.rows, at=at, promised=Promised())
        charge(request, table.rows.height)
        return services.land(self.kind, table.rows, source=self.actor.ref, actor=self.actor, at=at)

    def _job(
        self, request: Request, body: Body, only_try: bool, at: datetime, rows: int | None = None
    ) -> Response:
        """The body kept as the file of an import that a worker takes; 202 once it is safe.

        Its rows are the caller's like those of any push: they are counted, and charged before it is kept.
        """
        body.file.seek(0)
        check_start(body.file.read(HEAD), body.form, self.kind.value)
        if not only_try:
            charge(request, count_rows(body.file, body.form, self.kind.value) if rows is None else rows)
        body.file.seek(0)
        feed = services.feed_for(FEED, actor=self.actor, at=at)
        run = services.open_run(
            feed=feed,
            content=body.file,
            title=f"{self.kind.value}{_SUFFIXES[body.form]}",
            options={"kind": self.kind.value, "form": body.form.value, "write": not only_try},
            actor=self.actor,
            at=at,
            again=True,  # a retry has an Idempotency-Key; the same rows twice change nothing
        )
        wake(drive_import, str(run.pk))
        headers = {"Location": f"/api/v1/jobs/{run.pk}", "Preference-Applied": "respond-async"}
        return Response(job_out(run), status=202, headers=headers)


def _only_try(request: Request) -> bool:
    text = request.query_params.get("dryRun", "false").lower()
    if text not in {"true", "false"}:
        fault = Fault("bad_query", _("true or false"), "dryRun", value=text[:80])
        raise Invalid(_("dryRun is not right"), code="bad_query", faults=[fault])
    return text == "true"


def _wants_job(request: Request) -> bool:
    asked = request.headers.get("Prefer", "").lower().split(",")
    return any(part.partition(";")[0].strip() == "respond-async" for part in asked)


def _door(kind: RecordKind) -> type[PushDoor]:
    """The door of one kind, with its own description."""

    @describe_push(kind)
    def post(self: PushDoor, request: Request) -> Response:
        return self.push(request)

    name = f"{kind.value.title()}Batch"
    return type(
        name, (PushDoor,), {"kind": kind, "part": kind.value, "post": post, "__doc__": PushDoor.__doc__}
    )


#: By kind; the address of each is `/api/v1/<kind>/batch`.
DOORS: dict[RecordKind, type[PushDoor]] = {kind: _door(kind) for kind in RecordKind}
