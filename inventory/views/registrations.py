"""Registrations: the food licence number that stands on the papers of each GSTIN."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inventory.models import GstRegistration
from inventory.services.registrations import set_fssai
from vyapar.dashboard import board
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.board import SettingsLink
from vyapar.people.contracts import May


@page(May.RULES)
def registrations(request: HttpRequest) -> HttpResponseBase:
    """Every GSTIN with its number."""
    rows = GstRegistration.objects.order_by("state_code", "gstin")
    return render(request, "inventory/registrations.html", {"registrations": rows})


@page(May.RULES)
@require_POST
def keep_fssai(request: HttpRequest, gstin: str) -> HttpResponseBase:
    """Keep the number of one of them."""
    me, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: set_fssai(gstin, request.POST.get("fssai", ""), actor=me, at=now),
        _("Kept. Papers made from now on show it."),
    )
    return redirect("inventory:registrations")


def hang_registrations() -> None:
    """Hang the page under the settings."""
    note = gettext_lazy("FSSAI numbers, which papers for food must show.")
    board.hang(SettingsLink("inventory:registrations", gettext_lazy("Registrations"), note, "document", 15))
