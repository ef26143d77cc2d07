"""The readiness page: what stands in the way of going live, what is missing besides, and the switch."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import steps
from vyapar.engine import services
from vyapar.engine.contracts import Weight
from vyapar.engine.selectors import is_live, list_events, look_at_readiness
from vyapar.people.contracts import May


@page()
def readiness(request: HttpRequest) -> HttpResponseBase:
    """Blockers and warnings, each with what to do and where."""
    looked = look_at_readiness(timezone.now())
    missing = [(one, lack) for one, lack in looked if lack is not None]
    turned = [*list_events(name="WentLive", limit=1), *list_events(name="WentObserving", limit=1)]
    return render(
        request,
        "dashboard/readiness.html",
        {
            "live": is_live(),
            "blockers": [pair for pair in missing if pair[0].weight is Weight.BLOCKER],
            "warnings": [pair for pair in missing if pair[0].weight is Weight.WARNING],
            "fine": [one for one, lack in looked if lack is None],
            "turned_at": max((event.at for event in turned), default=None),
        },
    )


@page(May.RULES)
@require_POST
def go_live(request: HttpRequest) -> HttpResponseBase:
    """Let the agents propose."""
    actor, now, why = person(request).actor, timezone.now(), request.POST.get("reason", "")[:200]
    attempt(
        request,
        lambda: services.go_live(actor=actor, at=now, reason=why),
        _("You are live: from now on agents propose, and people decide."),
    )
    return redirect("dashboard:readiness")


@page(May.RULES)
@require_POST
def observe_again(request: HttpRequest) -> HttpResponseBase:
    """Let the agents only watch."""
    actor, now, why = person(request).actor, timezone.now(), request.POST.get("reason", "")[:200]
    attempt(
        request,
        lambda: services.observe_again(actor=actor, at=now, reason=why),
        _("Agents only watch from now on. What is open still waits for you in the inbox."),
    )
    return redirect("dashboard:readiness")


def onboarding(at: datetime) -> list[dict[str, Any]]:
    """The steps of a distributor that is not live: what is done, and the one that comes next."""
    shown: list[dict[str, Any]] = []
    for step, state in steps(at):
        waits = any(one["is"] == "now" for one in shown)
        shown.append(
            {
                "label": step.label,
                "link": state.link,
                "note": state.note,
                "is": "done" if state.done else "later" if waits else "now",
            }
        )
    return shown
