"""Reports by mail: who gets which, on which day and hour; one sent now for trying; the reader's own stop."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from alerts import services
from alerts.models import MailedReport
from alerts.selectors import list_mailed_reports, list_sendings
from alerts.services.lists import list_title
from alerts.services.mailed import report_of_token
from alerts.services.report_texts import write_report
from alerts.services.weekly import LANGUAGES
from vyapar.dashboard.access import attempt, page, person
from vyapar.gateway.speech import reader_language, say
from vyapar.kernel.errors import NotFound, VyaparError
from vyapar.messaging.contracts import Channel
from vyapar.messaging.selectors import get_account
from vyapar.people.contracts import May

Kind = MailedReport.Kind
KINDS = {
    Kind.WEEK: gettext_lazy("The week: what is dead, will expire, was decided, waits"),
    Kind.DEAD: gettext_lazy("Dead stock, the most rupees first"),
    Kind.EXPIRING: gettext_lazy("What will expire unsold, week by week"),
    Kind.WAITING: gettext_lazy("What waits for a decision"),
}
_END = gettext_lazy("Here stands who had it sent, and the link by which its reader stops it.")
_TEXTS = ("kind", "email", "name", "language")


@page(May.RULES)
def reports(request: HttpRequest) -> HttpResponseBase:
    """Every report that others are sent, a form for one more, and what each would say now."""
    given: dict[str, Any] = {"kind": Kind.WEEK, "weekday": 0, "hour": 9, "language": reader_language()}
    if request.method == "POST":
        given = {name: request.POST.get(name, "").replace("\x00", "")[:200] for name in _TEXTS}
        given |= {"weekday": _whole(request, "weekday"), "hour": _whole(request, "hour")}
        actor, now = person(request).actor, timezone.now()
        try:
            services.set_mailed_report(**given, actor=actor, at=now)
        except VyaparError as error:
            return _shown(request, given, error)
        attempt(request, lambda: None, _("The report is set. Send it once now to see that it arrives."))
        return redirect("alerts:reports")
    shown = request.GET.get("show", "")
    return _shown(request, {**given, "kind": shown if shown in KINDS else Kind.WEEK})


def _shown(request: HttpRequest, given: dict[str, Any], error: VyaparError | None = None) -> HttpResponseBase:
    found = list_mailed_reports()
    sent = list_sendings(found, 1)
    kind = given["kind"] if given["kind"] in KINDS else Kind.WEEK
    context = {
        "reports": [(one, KINDS[Kind(one.kind)], when_words(one), sent.get(one.pk, ())) for one in found],
        "given": given,
        "error": error,
        "faults": {fault.field: say(fault.message) for fault in error.faults} if error else {},
        "kinds": [(str(value), label) for value, label in KINDS.items()],
        "weekdays": weekdays(),
        "hours": range(24),
        "languages": [(code, label) for code, label in settings.LANGUAGES if code in LANGUAGES],
        "can_mail": get_account(Channel.EMAIL) is not None,
        "preview": write_report(kind, reader_language(), timezone.now(), str(_END)),
        "preview_label": KINDS[Kind(kind)],
    }
    return render(request, "alerts/reports.html", context, status=422 if error else 200)


@page(May.RULES)
@require_POST
def send_now(request: HttpRequest, report_id: int) -> HttpResponseBase:
    """Send one now."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: services.send_report_now(report_id, actor=actor, at=now),
        _("It is on its way."),
    )
    return redirect("alerts:reports")


@page(May.RULES)
@require_POST
def resume(request: HttpRequest, report_id: int) -> HttpResponseBase:
    """Send a stopped one again at its own time."""
    me, now = person(request), timezone.now()
    attempt(
        request,
        lambda: services.resume_mailed_report(report_id, user_id=me.pk, actor=me.actor, at=now),
        _("It is sent again at its time."),
    )
    return redirect("alerts:reports")


@page(May.RULES)
@require_POST
def stop(request: HttpRequest, report_id: int) -> HttpResponseBase:
    """Send one no more."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: services.stop_mailed_report(report_id, actor=actor, at=now),
        _("It is sent no more."),
    )
    return redirect("alerts:reports")


@csrf_exempt
def stop_by_reader(request: HttpRequest) -> HttpResponseBase:
    """The link in a report: a GET asks, so that no scanner of mails stops it, and a POST stops it."""
    token = request.GET.get("who", "")
    try:
        if request.method == "POST":
            services.stop_reports_to(token, at=timezone.now())
            return render(request, "alerts/report_stop.html", {"state": "done"})
        report = report_of_token(token)
    except NotFound:
        return render(request, "alerts/report_stop.html", {"state": "unknown"}, status=404)
    label = list_title(report) if report.kind == Kind.LIST else KINDS[Kind(report.kind)]
    return render(request, "alerts/report_stop.html", {"state": "ask", "label": label})


# --- parts ---------------------------------------------------------------------------------


def weekdays() -> list[tuple[int, Any]]:
    """Days on which a report can go, every day first."""
    return [(MailedReport.DAILY, _("every day")), *WEEKDAYS.items()]


def when_words(report: MailedReport) -> str:
    """When a report goes, in words."""
    if report.weekday == MailedReport.MONTHLY:
        return _("day %(day)d of each month at %(hour)02d:00") % {"day": report.day, "hour": report.hour}
    day = _("every day") if report.weekday == MailedReport.DAILY else str(WEEKDAYS[report.weekday])
    return _("%(day)s at %(hour)02d:00") % {"day": day, "hour": report.hour}


def _whole(request: HttpRequest, name: str) -> int:
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
