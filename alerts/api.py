"""Doors of lists by mail: set, sent now, stopped and set again, with what became of each mail."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from alerts.models import MailedReport
from alerts.selectors import get_mailed_list, list_mailed_lists, list_sendings
from alerts.serializers import MailedListIn, MailedListOut, MailedLists, mailed_list_out, wish_of
from alerts.services import (
    resume_mailed_report,
    send_report_now,
    set_mailed_list,
    stop_mailed_report,
)
from vyapar.engine.api import read
from vyapar.gateway.views import LARGEST_NUMBER, WRITES, ApiView
from vyapar.kernel.errors import Forbidden, NotFound
from vyapar.kernel.phrases import phrase as _
from vyapar.people.contracts import May

_SET = {
    "listing": "stock", "query": "status=dead", "people": [1], "form": "xlsx", "weekday": 8, "day": 1,
    "hour": 9,
}  # fmt: skip
_LIST = {
    "id": 4, "listing": "stock", "query": "status=dead", "view": None, "person": 1, "form": "xlsx",
    "weekday": 8, "day": 1, "hour": 9, "nextAt": "2026-12-01T03:30:00Z", "stoppedByReader": False,
    "sendings": [
        {"at": "2026-11-01T03:30:04Z", "status": "sent", "reason": "", "files": ["stock-2026-11-01.xlsx"]}
    ],
}  # fmt: skip
_SHOWN = OpenApiExample("a list", response_only=True, value=_LIST)


class _Door(ApiView):
    """What a caller deals with: a key and the owner with all lists, everybody else with their own.

    A key changes something only when it may decide: it has no list of its own.
    """

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in WRITES and self._me() is None and not self._may(May.DECIDE):
            raise Forbidden(_("this key may not decide who is sent a list"), code="may_not_decide")

    def mine(self) -> int | None:
        return None if self._me() is None or self._may(May.RULES) else self._me()

    def out(self, report_id: int) -> dict[str, Any]:
        row = self.one(report_id)
        return mailed_list_out(row, list_sendings([row])[row.pk])

    def one(self, report_id: int) -> MailedReport:
        if report_id > LARGEST_NUMBER:
            raise NotFound(_("there is no such list of yours"), code="no_such_report")
        return get_mailed_list(report_id, self.mine())

    def _me(self) -> int | None:
        return int(self.actor.ident) if self.actor.is_human else None

    def _may(self, permission: May) -> bool:
        caller: Any = self.request.user
        return bool(caller.may(permission))


class MailedListsDoor(_Door):
    """All lists of a caller."""

    needs = {"GET": May.READ, "POST": May.READ}

    @extend_schema(
        operation_id="listMailedLists",
        summary="Lists by mail that go to the caller or that they set, with their newest mails",
        responses=MailedLists,
        examples=[OpenApiExample("one list", response_only=True, value={"results": [_LIST]})],
    )
    def get(self, request: Request) -> Response:
        rows = list_mailed_lists(self.mine())
        sent = list_sendings(rows)
        return Response({"results": [mailed_list_out(row, sent[row.pk]) for row in rows]})

    @extend_schema(
        operation_id="setMailedList",
        summary="Have a page's list or a saved view sent as a file to accounts here",
        description="A caller who may decide chooses anybody; everybody else only themselves.",
        request=MailedListIn,
        responses={201: MailedLists},
        examples=[
            OpenApiExample("dead stock on the first of each month", request_only=True, value=_SET),
            OpenApiExample("set", response_only=True, value={"results": [_LIST]}, status_codes=["201"]),
        ],
    )
    def post(self, request: Request) -> Response:
        given = read(MailedListIn, request)
        rows = set_mailed_list(
            wish_of(given), people=given["people"], user_id=self._me(), for_others=self._may(May.DECIDE),
            actor=self.actor, at=timezone.now(),
        )  # fmt: skip
        sent = list_sendings(rows)
        return Response({"results": [mailed_list_out(row, sent[row.pk]) for row in rows]}, status=201)


class MailedListDoor(_Door):
    """One list."""

    needs = {"GET": May.READ, "DELETE": May.READ}

    @extend_schema(
        operation_id="getMailedList",
        summary="One list by mail with its newest mails",
        responses=MailedListOut,
        examples=[_SHOWN],
    )
    def get(self, request: Request, list_id: int) -> Response:
        return Response(self.out(list_id))

    @extend_schema(
        operation_id="stopMailedList", summary="Send a list no more", request=None, responses={204: None}
    )
    def delete(self, request: Request, list_id: int) -> Response:
        stop_mailed_report(self.one(list_id).pk, actor=self.actor, at=timezone.now())
        return Response(status=204)


class MailedListSend(_Door):
    """One list, sent at once."""

    needs = {"POST": May.READ}

    @extend_schema(
        operation_id="sendMailedList",
        summary="Send a list now; its own time stays",
        request=None,
        responses=MailedListOut,
        examples=[_SHOWN],
    )
    def post(self, request: Request, list_id: int) -> Response:
        send_report_now(self.one(list_id).pk, actor=self.actor, at=timezone.now())
        return Response(self.out(list_id))


class MailedListResume(_Door):
    """One list, sent again."""

    needs = {"POST": May.READ}

    @extend_schema(
        operation_id="resumeMailedList",
        summary="Send a stopped list again at its own time; what its reader stopped only they can",
        request=None,
        responses=MailedListOut,
        examples=[_SHOWN],
    )
    def post(self, request: Request, list_id: int) -> Response:
        report = self.one(list_id)
        resume_mailed_report(report.pk, user_id=self._me(), actor=self.actor, at=timezone.now())
        return Response(self.out(list_id))
