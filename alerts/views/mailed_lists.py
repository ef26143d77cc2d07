"""Lists by mail: which list, to whom here, when; what became of each mail; the file behind a link."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from alerts import services
from alerts.models import MailedReport
from alerts.selectors import get_mailed_list, list_mailed_lists, list_sendings
from alerts.services.lists import Wish, file_of_token, list_title
from alerts.views.reports import weekdays, when_words
from inventory.selectors.saved_views import list_views
from vyapar.dashboard import board
from vyapar.dashboard.access import attempt, page, person
from vyapar.gateway.renderers import attachment
from vyapar.gateway.speech import say
from vyapar.kernel.errors import NotFound, Refused, VyaparError
from vyapar.messaging.contracts import Channel
from vyapar.messaging.selectors import get_account
from vyapar.people.contracts import May
from vyapar.people.models import User
from vyapar.people.selectors import list_people

FORMS = {
    MailedReport.Form.XLSX: gettext_lazy("Excel"),
    MailedReport.Form.CSV: gettext_lazy("CSV"),
    MailedReport.Form.BOTH: gettext_lazy("Excel and CSV"),
}
_DONE = {
    "now": gettext_lazy("It is on its way."),
    "stop": gettext_lazy("It is sent no more."),
    "resume": gettext_lazy("It is sent again at its time."),
}


@page()
def lists(request: HttpRequest) -> HttpResponseBase:
    """Lists that go to me or that I have sent (all, for the owner), their mails, and a form for one more.

    `listing` and `query` in the address name what a page's own button asked for.
    """
    me = person(request)
    given: dict[str, Any] = {
        "what": request.GET.get("listing", ""), "query": request.GET.get("query", "")[:500], "form": "xlsx",
        "weekday": 0, "day": 1, "hour": 9, "people": [me.pk],
    }  # fmt: skip
    if request.method == "POST":
        given = _given(request.POST)
        try:
            services.set_mailed_list(
                _wish(given), people=given["people"], user_id=me.pk, for_others=me.may(May.DECIDE),
                actor=me.actor, at=timezone.now(),
            )  # fmt: skip
        except VyaparError as error:
            return _shown(request, given, error)
        attempt(request, lambda: None, _("The list is set. Send it once now to see that it arrives."))
        return redirect("alerts:lists")
    return _shown(request, given)


@page()
def decide(request: HttpRequest, list_id: str, verb: str) -> HttpResponseBase:
    """Send a list now, stop it, or send it again at its time."""
    if request.method != "POST":
        return redirect("alerts:lists")
    me, now = person(request), timezone.now()
    report = get_mailed_list(int(list_id), _all_or_mine(me))

    def act() -> None:
        if verb == "now":
            services.send_report_now(report.pk, actor=me.actor, at=now)
        elif verb == "stop":
            services.stop_mailed_report(report.pk, actor=me.actor, at=now)
        else:
            services.resume_mailed_report(report.pk, user_id=me.pk, actor=me.actor, at=now)

    attempt(request, act, str(_DONE[verb]))
    return redirect("alerts:lists")


def list_file(request: HttpRequest) -> HttpResponseBase:
    """The file behind a mail's link; whoever has the link has it, while it is good."""
    try:
        written = file_of_token(request.GET.get("what", "")[:500])
    except (NotFound, Refused) as error:
        raise Http404(say(error.message)) from error
    answer = FileResponse(written.content, content_type=written.kind)
    for header, value in attachment(b"", written.name, written.kind).headers.items():
        answer[header] = value
    answer["Content-Length"] = str(written.size)
    answer["Cache-Control"] = "private, no-store"
    return answer


# --- parts ---------------------------------------------------------------------------------


def _shown(request: HttpRequest, given: dict[str, Any], error: VyaparError | None = None) -> HttpResponseBase:
    me = person(request)
    found = list_mailed_lists(_all_or_mine(me))
    sent, known = list_sendings(found), {one.name: one for one in board.listings() if me.may(one.needs)}
    choices = [(one.name, one.label) for one in known.values()]
    views = [(f"view:{view.pk}", view.name) for name in known for view in list_views(name, me.pk)]
    asked = known.get(given["what"])
    context = {
        "lists": [
            {
                "row": one, "title": list_title(one), "url": _url(one), "when": when_words(one),
                "form": FORMS[MailedReport.Form(one.form)], "sent": sent[one.pk],
                "mine": one.user_id == me.pk,
            }
            for one in found
        ],
        "given": given,
        "asked": asked if given["query"] else None,
        "asked_url": f"{reverse(asked.page)}?{given['query']}" if asked else "",
        "choices": choices,
        "views": views,
        "people": [one for one in list_people() if one.email and (one.pk == me.pk or me.may(May.DECIDE))],
        "forms": [(str(value), label) for value, label in FORMS.items()],
        "weekdays": [*weekdays(), (MailedReport.MONTHLY, _("once a month"))],
        "days": range(1, 29),
        "hours": range(24),
        "can_mail": get_account(Channel.EMAIL) is not None,
        "error": error,
        "faults": [say(fault.message) for fault in error.faults] if error else [],
    }  # fmt: skip
    return render(request, "alerts/lists.html", context, status=422 if error else 200)


def _url(report: MailedReport) -> str:
    listing = board.listing(report.listing)
    if listing is None or report.view_id is not None:
        return ""
    return reverse(listing.page) + (f"?{report.query}" if report.query else "")


def _all_or_mine(me: User) -> int | None:
    """Whose lists a person deals with: the owner with all, everybody else with their own."""
    return None if me.may(May.RULES) else me.pk


def _given(posted: QueryDict) -> dict[str, Any]:
    texts = {name: posted.get(name, "").replace("\x00", "")[:600] for name in ("what", "query", "form")}
    numbers = {name: _whole(posted.get(name, "")) for name in ("weekday", "day", "hour")}
    return {**texts, **numbers, "people": [_whole(one) for one in posted.getlist("people")[:100]]}


def _wish(given: dict[str, Any]) -> Wish:
    what, view = given["what"], None
    if what.startswith("view:"):
        what, view = "", _whole(what.removeprefix("view:"))
    monthly = given["weekday"] == MailedReport.MONTHLY
    return Wish(
        what, given["query"], view, given["form"], given["weekday"], given["day"] if monthly else None,
        given["hour"],
    )  # fmt: skip


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
