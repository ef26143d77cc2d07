"""Keys of machines: issued, rotated, revoked by the owner; each secret is shown once."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from vyapar.dashboard.access import attempt, page, person
from vyapar.gateway.permissions import scopes_of
from vyapar.gateway.services import issue_key, revoke_key, rotate_key
from vyapar.kernel.calendar import ist_instant
from vyapar.kernel.errors import Fault, Invalid
from vyapar.people.contracts import May

#: How long the old secret may go on after a rotation, in hours, as the page offers it.
OVERLAPS = (0, 24, 7 * 24, 30 * 24)


@page(May.RULES)
@require_POST
def add_key(request: HttpRequest) -> HttpResponseBase:
    """Issue an API key; its secret is shown once."""

    def issue() -> None:
        _key, secret = issue_key(
            name=request.POST.get("name", ""),
            scopes=request.POST.getlist("scope"),
            networks=request.POST.get("networks", "").replace(",", " ").split(),
            expires_at=_read_end(request.POST.get("expires_on", "")),
            actor=person(request).actor,
            at=timezone.now(),
            within=scopes_of(person(request)),
        )
        request.session["new_key"] = secret

    attempt(request, issue, _("Copy the key now; it is not shown again."))
    return redirect("dashboard:settings")


@page(May.RULES)
@require_POST
def turn_key(request: HttpRequest, prefix: str) -> HttpResponseBase:
    """A new secret for a key; the old one goes on for the hours chosen."""

    def rotate() -> None:
        _key, secret = rotate_key(
            prefix,
            overlap=_read_overlap(request.POST.get("overlap", "24")),
            actor=person(request).actor,
            at=timezone.now(),
            within=scopes_of(person(request)),
        )
        request.session["new_key"] = secret

    attempt(request, rotate, _("Copy the new secret now; the old one stops when you said."))
    return redirect("dashboard:settings")


@page(May.RULES)
@require_POST
def drop_key(request: HttpRequest, prefix: str) -> HttpResponseBase:
    """Revoke an API key."""
    actor, now = person(request).actor, timezone.now()
    attempt(request, lambda: revoke_key(prefix, actor=actor, at=now), _("The key no longer opens anything."))
    return redirect("dashboard:settings")


def _read_end(text: str) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        fault = Fault("not_a_day", _("choose a day"), "expires_on", value=text[:20])
        raise Invalid(_("The day cannot be read"), code="not_a_day", faults=[fault]) from error
    return ist_instant(day + timedelta(days=1))


def _read_overlap(text: str) -> timedelta:
    if text not in {str(hours) for hours in OVERLAPS}:
        fault = Fault("overlap", _("choose one of the times offered"), "overlap", value=text[:20])
        raise Invalid(_("The old secret cannot stay valid for that long"), code="overlap", faults=[fault])
    return timedelta(hours=int(text))
