"""Pages of feeds: set up, looked at, checked, pulled, switched off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory.feeds import SYSTEMS
from inventory.models import Feed
from inventory.selectors.feeds import get_feed_state, list_feed_states, list_refused_events
from inventory.selectors.freshness import freshness
from inventory.selectors.imports import RunFilter, get_feed, list_runs
from inventory.services import pulls
from inventory.views.feed_forms import FeedForm
from vyapar.dashboard.access import attempt, page, person
from vyapar.gateway.speech import say
from vyapar.kernel.errors import VyaparError
from vyapar.people.contracts import May

#: Imports of a feed that its page shows.
_RUNS = 10


@page()
def feeds(request: HttpRequest) -> HttpResponseBase:
    """All feeds, and the systems that a new one may be of."""
    now = timezone.now()
    labels = {code: system.label for code, system in SYSTEMS.items()}
    shown = [
        {
            "state": one,
            "freshness": freshness(one.feed, now),
            "label": labels.get(one.feed.system, one.feed.system),
        }
        for one in list_feed_states()
    ]
    systems = [
        (code, system.label) for code, system in sorted(SYSTEMS.items()) if system.fetch or system.gather
    ]
    return render(request, "inventory/feeds/feeds.html", {"feeds": shown, "systems": systems})


@page()
def feed(request: HttpRequest, code: str) -> HttpResponseBase:
    """One feed: how it is, what it brought, what could not be read."""
    state = get_feed_state(code)
    system = SYSTEMS.get(state.feed.system)
    return render(
        request,
        "inventory/feeds/feed.html",
        {
            "feed": state.feed,
            "state": state,
            "freshness": freshness(state.feed, timezone.now()),
            "label": system.label if system else state.feed.system,
            "can_pull": bool(system and system.fetch),
            "can_check": bool(system and system.check),
            "events_url": request.build_absolute_uri(f"/api/v1/feeds/{code}/events"),
            "takes_events": bool(state.feed.secrets.get("event_secret")),
            "secrets": sorted(state.feed.secrets),
            "runs": list_runs(RunFilter(feed=code))[:_RUNS],
            "refused": list_refused_events(state.feed),
        },
    )


@page(May.RULES)
def new_feed(request: HttpRequest, system: str) -> HttpResponseBase:
    """The form of a new feed."""
    if system not in SYSTEMS:
        raise Http404
    return _form(request, system, None)


@page(May.RULES)
def edit_feed(request: HttpRequest, code: str) -> HttpResponseBase:
    """The form of a feed there is."""
    found = get_feed(code)
    return _form(request, found.system, found)


def _form(request: HttpRequest, system: str, found: Feed | None) -> HttpResponseBase:
    form = FeedForm(system, request.POST or None, feed=found)
    if request.method == "POST" and form.is_valid():
        code = found.code if found else form.cleaned_data["code"]
        if found is None and any(one.feed.code == code for one in list_feed_states()):
            form.add_error("code", _("another feed has this short name"))
        elif _save(form, system, code, request):
            return redirect("inventory:feed", code)
    context = {"form": form, "feed": found, "label": SYSTEMS[system].label if system in SYSTEMS else system}
    return render(request, "inventory/feeds/form.html", context, status=422 if form.errors else 200)


def _save(form: FeedForm, system: str, code: str, request: HttpRequest) -> bool:
    said = form.cleaned_data
    try:
        pulls.set_up_feed(
            code=code, name=said["name"], system=system, settings=form.settings, secrets=form.secrets,
            every_seconds=said["every"], fresh_hours=said["fresh_hours"], profile=said["profile"],
            actor=person(request).actor, at=timezone.now(),
        )  # fmt: skip
    except VyaparError as error:
        form.add_error(None, say(error.message))
        for fault in error.faults:
            name = fault.field if fault.field in form.fields else None
            form.add_error(name, say(fault.message))
        return False
    return True


@page(May.FEED)
@require_POST
def decide(request: HttpRequest, code: str, verb: str) -> HttpResponseBase:
    """Check, pull, switch on or off."""
    actor, now = person(request).actor, timezone.now()
    said: dict[str, Any] = {}

    def check() -> None:
        said["version"] = pulls.check_feed(code, at=now)

    verbs: dict[str, tuple[Callable[[], Any], str]] = {
        "check": (check, _("It answers.")),
        "pull": (lambda: pulls.pull_soon(code, actor=actor, at=now), _("It is pulled within seconds.")),
        "on": (lambda: pulls.switch_feed(code, on=True, actor=actor, at=now), _("Switched on.")),
        "off": (lambda: pulls.switch_feed(code, on=False, actor=actor, at=now), _("Switched off.")),
    }
    run, done = verbs[verb]
    if attempt(request, run, done) and said:
        messages.info(request, said["version"])
    return redirect("inventory:feed", code)
