"""Whether an outlet may be written to: its words by channel, and the form by which one is recorded."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inventory.models import Retailer
from inventory.selectors.sales import get_retailer
from vyapar.dashboard.access import attempt, page, person
from vyapar.kernel.calendar import IST, ist_day
from vyapar.kernel.errors import Fault, Invalid
from vyapar.messaging.contracts import Channel
from vyapar.messaging.letters import MARKETING
from vyapar.messaging.selectors import list_consent
from vyapar.messaging.services import record_word
from vyapar.people.contracts import May

HISTORY, SOURCE = 20, 120
_LABELS = {
    Channel.WHATSAPP: gettext_lazy("WhatsApp"),
    Channel.SMS: gettext_lazy("SMS"),
    Channel.EMAIL: gettext_lazy("E-mail"),
}


def consent_of(retailer: Retailer, today: date) -> dict[str, Any]:
    """The last word on offers by channel, and all words, the latest first."""
    said = [one for one in list_consent(_party(retailer)) if one.purpose == MARKETING]
    last = {way: next((one for one in said if one.channel == way.value), None) for way in _LABELS}
    return {
        "channels": [(way.value, label, last[way]) for way, label in _LABELS.items()],
        "history": said[:HISTORY],
        "today": today,
    }


@page(May.RULES)
@require_POST
def record(request: HttpRequest, retailer_id: str) -> HttpResponseBase:
    """Append an outlet's word on some channels, with how and when it was given."""
    retailer, me, now = get_retailer(retailer_id), person(request).actor, timezone.now()
    granted = request.POST.get("word") == "yes"

    def run() -> None:
        channels, source, at = _read(request, now)
        record_word(_party(retailer), granted, actor=me, at=at, source=source, channels=channels)

    done = attempt(request, run, _("Its word is on record."))
    return redirect(address_of(retailer.retailer_id, "consent" if done else ""))


def address_of(retailer_id: str, part: str = "") -> str:
    """Of an outlet's page, at a part of it; a refusal is said at its head, far above its parts."""
    address = reverse("inventory:outlet", args=[retailer_id])
    return f"{address}#{part}" if part else address


def _read(request: HttpRequest, now: datetime) -> tuple[list[Channel], str, datetime]:
    """Channels, source and instant of a form. `Invalid` names what is missing or makes no sense."""
    channels = [way for way in Channel if way.value in request.POST.getlist("channel")]
    source, faults = " ".join(request.POST.get("source", "").replace("\x00", "").split()), []
    if not channels:
        faults.append(Fault("required", _("choose a channel"), "channel"))
    if not 0 < len(source) <= SOURCE:
        faults.append(Fault("source", _("say how it was given, in 1 to 120 letters"), "source"))
    try:
        day = date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        day = date.max
    if day > ist_day(now):
        faults.append(Fault("day", _("give a day that is not to come"), "day"))
    if request.POST.get("word") not in ("yes", "no"):
        faults.append(Fault("word", _("say yes or no"), "word"))
    if faults:
        raise Invalid(_("The word cannot be recorded so"), code="bad_consent", faults=faults)
    at = now if day == ist_day(now) else datetime.combine(day, time(12), IST)
    return channels, source, at


def _party(retailer: Retailer) -> str:
    return f"retailer:{retailer.retailer_id}"
