"""Shapes of lists by mail at the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers

from alerts.models import MailedReport
from alerts.services.lists import Wish
from vyapar.gateway.speech import say_again
from vyapar.gateway.views import LARGEST_NUMBER
from vyapar.messaging.models import Message


class MailedListIn(serializers.Serializer[Any]):
    """A list to be sent; the same one to the same person is changed. `view` in the place of a list."""

    listing = serializers.CharField(max_length=20, default="", allow_blank=True)
    query = serializers.CharField(
        max_length=500,
        default="",
        allow_blank=True,
        help_text="what stands behind the ? of the page's address",
    )
    view = serializers.IntegerField(allow_null=True, default=None, min_value=1, max_value=LARGEST_NUMBER)
    people = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=LARGEST_NUMBER),
        min_length=1,
        max_length=100,
        help_text="accounts by number",
    )
    form = serializers.ChoiceField(MailedReport.Form.values, default=MailedReport.Form.XLSX)
    weekday = serializers.IntegerField(
        min_value=0, max_value=8, help_text="0 is Monday, 7 every day, 8 once a month"
    )
    day = serializers.IntegerField(
        min_value=1, max_value=28, allow_null=True, default=None, help_text="of the month, when once a month"
    )
    hour = serializers.IntegerField(min_value=0, max_value=23, help_text="in India")


class SendingOut(serializers.Serializer[Any]):
    """One mail of a list and what became of it; `reason`: why it was not sent."""

    at = serializers.DateTimeField()
    status = serializers.ChoiceField(Message.Status.values)
    reason = serializers.CharField(allow_blank=True)
    files = serializers.ListField(child=serializers.CharField())


class MailedListOut(serializers.Serializer[Any]):
    """A list that is sent: what, to which account, when, and its newest mails. `nextAt` null: stopped."""

    id = serializers.IntegerField()
    listing = serializers.CharField()
    query = serializers.CharField(allow_blank=True)
    view = serializers.IntegerField(allow_null=True)
    person = serializers.IntegerField()
    form = serializers.ChoiceField(MailedReport.Form.values)
    weekday = serializers.IntegerField()
    day = serializers.IntegerField(allow_null=True)
    hour = serializers.IntegerField()
    nextAt = serializers.DateTimeField(allow_null=True)
    stoppedByReader = serializers.BooleanField()
    sendings = SendingOut(many=True)


class MailedLists(serializers.Serializer[Any]):
    """Lists, those in force first."""

    results = MailedListOut(many=True)


def wish_of(given: dict[str, Any]) -> Wish:
    """What a body asks for."""
    return Wish(
        given["listing"], given["query"], given["view"], given["form"], given["weekday"], given["day"],
        given["hour"],
    )  # fmt: skip


def mailed_list_out(row: MailedReport, sent: Sequence[Message]) -> dict[str, Any]:
    """The outside form of a list and its newest mails."""
    return {
        "id": row.pk, "listing": row.listing, "query": row.query, "view": row.view_id, "person": row.user_id,
        "form": row.form, "weekday": row.weekday, "day": row.day, "hour": row.hour, "nextAt": row.next_at,
        "stoppedByReader": row.stopped_by_reader,
        "sendings": [
            {
                "at": one.queued_at, "status": one.status, "reason": say_again(one.words) or one.reason,
                "files": [file.name for file in one.enclosures.all()],
            }
            for one in sent
        ],
    }  # fmt: skip
