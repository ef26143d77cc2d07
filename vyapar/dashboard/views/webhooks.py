"""Settings, webhooks: who outside is told of events, their secrets, and what they were told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.dashboard.templatetags.ui_filters import spoken
from vyapar.dashboard.templatetags.words import sign
from vyapar.gateway.speech import say
from vyapar.kernel.calendar import IST
from vyapar.kernel.errors import Invalid, VyaparError
from vyapar.people.contracts import May
from vyapar.webhooks import services
from vyapar.webhooks.models import WebhookDelivery
from vyapar.webhooks.rules import EVERY
from vyapar.webhooks.selectors import (
    breaker_of,
    get_endpoint,
    known_events,
    list_deliveries,
    list_endpoints,
)

PER_PAGE = 25
_SHOWN_ONCE = "new_webhook_secret"


@page(May.RULES)
def webhooks(request: HttpRequest) -> HttpResponseBase:
    """All endpoints, and a form for a new one."""
    return render(
        request,
        "webhooks/webhooks.html",
        {
            "endpoints": list_endpoints(),
            "names": known_events(),
            "new_secret": request.session.pop(_SHOWN_ONCE, None),
        },
    )


@page(May.RULES)
@require_POST
def add(request: HttpRequest) -> HttpResponseBase:
    """A new endpoint; its secret is shown once."""

    def run() -> None:
        _endpoint, request.session[_SHOWN_ONCE] = services.add_endpoint(
            url=request.POST.get("url", "").strip(),
            events=_events(request),
            description=request.POST.get("description", "").strip(),
            actor=person(request).actor,
            at=timezone.now(),
        )

    attempt(request, run, _("Copy the secret now; it is not shown again."))
    return redirect("dashboard:webhooks")


def _events(request: HttpRequest) -> list[str]:
    if request.POST.get("all"):
        return [EVERY]
    return request.POST.get("events", "").replace(",", " ").split()


@page(May.RULES)
def endpoint(request: HttpRequest, endpoint_id: UUID) -> HttpResponseBase:
    """One endpoint and what it was told."""
    state = request.GET.get("state", "")
    state = state if state in WebhookDelivery.State.values else ""
    row = get_endpoint(endpoint_id)
    rows = list_deliveries(row.pk, state).prefetch_related("log")
    return render(
        request,
        "webhooks/endpoint.html",
        {
            "endpoint": row,
            "breaker": breaker_of(row.pk),
            "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
            "state": state,
            "states": WebhookDelivery.State.values,
            "now": timezone.now(),
            "new_secret": request.session.pop(_SHOWN_ONCE, None),
        },
    )


@page(May.RULES)
def deliveries_file(request: HttpRequest, endpoint_id: UUID, form: str) -> HttpResponseBase:
    """What an endpoint was told, as the page filters it."""
    row, state = get_endpoint(endpoint_id), request.GET.get("state", "")
    rows = list_deliveries(row.pk, state if state in WebhookDelivery.State.values else "")
    heads = [
        _("Event"), _("Delivery"), _("State"), _("Attempts"), _("Answer"), _("Error"), _("Made"), _("Done"),
        _("Next try"),
    ]  # fmt: skip
    return sheet(lines_of(rows, _line), heads, form, name="webhook-deliveries", title=_("Deliveries"))


def _line(row: WebhookDelivery) -> list[Any]:
    return [
        row.name, str(row.pk), str(sign(row.state).label), row.attempts, row.status, spoken(row, "error"),
        row.created_at, row.done_at, row.next_try_at,
    ]  # fmt: skip


@page(May.RULES)
@require_POST
def change(request: HttpRequest, endpoint_id: UUID) -> HttpResponseBase:
    """Another address, other events, off or on."""
    switch = request.POST.get("switch", "")

    def run() -> None:
        if switch:
            services.change_endpoint(
                endpoint_id, active=switch == "on", actor=person(request).actor, at=timezone.now()
            )
            return
        services.change_endpoint(
            endpoint_id,
            url=request.POST.get("url", "").strip(),
            events=_events(request),
            description=request.POST.get("description", "").strip(),
            actor=person(request).actor,
            at=timezone.now(),
        )

    attempt(request, run, _("Kept."))
    return redirect("dashboard:webhook", endpoint_id)


@page(May.RULES)
@require_POST
def remove(request: HttpRequest, endpoint_id: UUID) -> HttpResponseBase:
    """Tell it nothing any more."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: services.remove_endpoint(endpoint_id, actor=actor, at=now),
        _("It is told nothing any more."),
    )
    return redirect("dashboard:webhooks")


@page(May.RULES)
@require_POST
def rotate(request: HttpRequest, endpoint_id: UUID) -> HttpResponseBase:
    """A new secret, shown once."""
    leaked = bool(request.POST.get("leaked"))

    def run() -> None:
        overlap = {"overlap": timedelta(0)} if leaked else {}
        _row, request.session[_SHOWN_ONCE] = services.rotate_secret(
            endpoint_id, **overlap, actor=person(request).actor, at=timezone.now()
        )

    attempt(request, run, _("Copy the secret now; it is not shown again."))
    return redirect("dashboard:webhook", endpoint_id)


@page(May.RULES)
@require_POST
def ping(request: HttpRequest, endpoint_id: UUID) -> HttpResponseBase:
    """A test message, now."""
    try:
        told = services.ping(endpoint_id, actor=person(request).actor, at=timezone.now())
    except VyaparError as error:
        messages.error(request, say(error.message))
        return redirect("dashboard:webhook", endpoint_id)
    if told.state == WebhookDelivery.State.DELIVERED:
        messages.success(request, _("It took the test message."))
    else:
        why = spoken(told, "error")
        messages.error(request, _("The test message was not taken: %(why)s") % {"why": why})
    return redirect("dashboard:webhook", endpoint_id)


@page(May.RULES)
@require_POST
def replay(request: HttpRequest, endpoint_id: UUID) -> HttpResponseBase:
    """Tell one event again, or everything since a day and time in India."""
    actor, now = person(request).actor, timezone.now()

    def run() -> None:
        if request.POST.get("delivery"):
            services.replay_delivery(endpoint_id, UUID(request.POST["delivery"]), actor=actor, at=now)
        else:
            services.replay_since(endpoint_id, _since(request), actor=actor, at=now)

    attempt(request, run, _("They are told again, each under its own id."))
    return redirect("dashboard:webhook", endpoint_id)


def _since(request: HttpRequest) -> datetime:
    try:
        return datetime.fromisoformat(request.POST.get("since", "")).replace(tzinfo=IST)
    except ValueError as error:
        raise Invalid(_("Choose a day and a time"), code="since") from error
