"""The alerts' page: ranked by urgency and rupees, grouped by cause."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from alerts import services
from alerts.contracts import Urgency
from alerts.models import Alert
from alerts.selectors import count_by_cause, get_weekly_report, list_alerts, week_figures
from vyapar.dashboard.access import attempt, back, page, person
from vyapar.dashboard.sheets import lines_of, rupees, sheet
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import plain, sign
from vyapar.kernel.errors import Invalid
from vyapar.people.contracts import May
from vyapar.people.models import User


@page()
def alerts(request: HttpRequest) -> HttpResponseBase:
    """What somebody must know, most pressing first; opening it marks one's notices as read."""
    state, cause, rows = _wanted(request)
    return render(
        request,
        "alerts/alerts.html",
        {
            "page": Paginator(rows, 25).get_page(request.GET.get("page")),
            "causes": count_by_cause(),
            "cause": cause,
            "state": state,
            "states": Alert.State.choices,
        },
    )


@page()
def alerts_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The alerts of the page's filter."""
    heads = [
        _("Urgency"), _("Cause"), _("Title"), _("Detail"), _("What to do"), _("Worth, ₹"), _("State"),
        _("Seen, times"), _("First seen"), _("Last seen"), _("Seen to by"), _("Seen to"),
    ]  # fmt: skip
    lines = lines_of(_wanted(request)[2], _line)
    return sheet(lines, heads, form, name="alerts", title=_("Alerts"))


def _line(row: Alert) -> list[Any]:
    return [
        str(sign(row.urgency).label), plain(row.cause), spoken(row, "title"), spoken(row, "detail"),
        spoken(row, "recommended_action"),
        rupees(row.value_paise), str(sign(row.state).label), row.seen, row.first_at, row.last_at,
        row.acted_by, row.acted_at,
    ]  # fmt: skip


def _wanted(request: HttpRequest) -> tuple[str, str, QuerySet[Alert]]:
    """The state and the cause that are asked for, and the alerts that fit."""
    state, cause, words = (
        request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("state", "cause", "q")
    )
    return state, cause, list_alerts(state if state in Alert.State.values else "", cause, words)


@page()
@require_POST
def act(request: HttpRequest, alert_id: int, verb: str) -> HttpResponseBase:
    """Acknowledge or snooze: for those who decide or bring data; who only reads leaves alerts alone."""
    me, now = person(request), timezone.now()
    if not (me.may(May.DECIDE) or me.may(May.FEED)):
        raise PermissionDenied
    actor = me.actor
    if verb == "acknowledge":
        attempt(request, lambda: services.acknowledge(alert_id, actor=actor, at=now), _("Noted."))
    else:
        attempt(
            request,
            lambda: services.snooze(alert_id, days=_days(request), actor=actor, at=now),
            _("Put away; it comes back by itself."),
        )
    return back(request, "alerts:alerts")


def _days(request: HttpRequest) -> int:
    text = request.POST.get("days", "1")
    if not text.isdigit():
        raise Invalid(_("Write whole days"), code="days")
    return int(text)


@page()
def preferences(request: HttpRequest) -> HttpResponseBase:
    """How and from which urgency on a person is told, and the weekly report with what it would say now."""
    me = person(request)
    if request.method == "POST":
        return _keep_preferences(request, me)
    report = get_weekly_report(me.pk)
    return render(
        request,
        "alerts/preferences.html",
        {
            "report": report,
            "weekdays": list(WEEKDAYS.items()),
            "hours": range(24),
            "urgencies": list(Urgency),
            "preview": services.write_weekly_report(week_figures(timezone.now()), me.language),
        },
    )


def _keep_preferences(request: HttpRequest, me: User) -> HttpResponseBase:
    wanted = request.POST.get("alert_from", "low")
    me.alert_from = wanted if wanted in set(Urgency) else "low"
    me.alert_channels = ["in_app", *(["email"] if request.POST.get("email") else [])]
    me.save(update_fields=["alert_from", "alert_channels"])
    attempt(request, lambda: None, _("Your preferences are kept."))
    return redirect("alerts:preferences")


@page()
@require_POST
def weekly_report(request: HttpRequest) -> HttpResponseBase:
    """Have the weekly report sent, at another hour, or no more."""
    me, now = person(request), timezone.now()
    if request.POST.get("stop"):
        attempt(
            request,
            lambda: services.stop_weekly_report(me.pk, actor=me.actor, at=now),
            _("No more weekly reports."),
        )
    else:
        weekday, hour = _whole(request, "weekday"), _whole(request, "hour")
        attempt(
            request,
            lambda: services.set_weekly_report(me, weekday=weekday, hour=hour, actor=me.actor, at=now),
            _("The weekly report will be sent."),
        )
    return redirect("alerts:preferences")


def _whole(request: HttpRequest, name: str) -> int:
    """A number of a form; what is none is said by the service."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else -1
