"""Channels: the distributor's accounts at WhatsApp, the SMS gateway and the mail relay."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from vyapar.dashboard.access import attempt, back, page, person
from vyapar.gateway.speech import say
from vyapar.kernel.errors import VyaparError
from vyapar.messaging.contracts import Channel
from vyapar.messaging.selectors import list_accounts
from vyapar.messaging.services import check_account, set_email, set_phone, set_up_account
from vyapar.messaging.services.setup import KNOWN, SECRETS
from vyapar.people.contracts import May
from vyapar.people.models import User
from vyapar.people.selectors import list_people

_LABELS = {
    Channel.WHATSAPP: gettext_lazy("WhatsApp Business"),
    Channel.SMS: gettext_lazy("SMS gateway"),
    Channel.EMAIL: gettext_lazy("E-mail"),
}
_FIELDS = {
    "phone_number_id": gettext_lazy("Phone number id"),
    "waba_id": gettext_lazy("Business account id"),
    "token": gettext_lazy("Access token"),
    "app_secret": gettext_lazy("App secret, which signs what comes in"),
    "verify_token": gettext_lazy("Verify token of the webhook"),
    "entity_id": gettext_lazy("DLT entity id"),
    "header": gettext_lazy("DLT header"),
    "api_key": gettext_lazy("API key"),
    "callback_secret": gettext_lazy("Secret, which signs what comes in"),
    "sender": gettext_lazy("Sender's address"),
    "sender_name": gettext_lazy("Sender's name"),
    "user": gettext_lazy("User at the relay"),
    "password": gettext_lazy("Password at the relay"),
}


@page(May.RULES)
def channels(request: HttpRequest) -> HttpResponseBase:
    """Every channel with its account; secrets go in and are never shown again."""
    return _shown(request)


@page(May.RULES)
@require_POST
def set_channel(request: HttpRequest, channel: str) -> HttpResponseBase:
    """Keep an account; what was refused is said at its field."""
    way, me = _way(channel), person(request).actor
    given = {name: request.POST.get(name, "").replace("\x00", "") for name in (*KNOWN[way], *SECRETS[way])}
    try:
        set_up_account(way, known=given, secrets=given, actor=me, at=timezone.now())
    except VyaparError as error:
        faults = {fault.field: say(fault.message) for fault in error.faults}
        return _shown(request, way, {name: given[name] for name in KNOWN[way]}, faults, say(error.message))
    messages.success(request, _("Kept. Check it before anything is sent by it."))
    return redirect("dashboard:channels")


@page(May.RULES)
@require_POST
def check_channel(request: HttpRequest, channel: str) -> HttpResponseBase:
    """Call the far side once."""
    way, said = _way(channel), [""]

    def check() -> None:
        said[0] = check_account(way)

    if attempt(request, check, str(_LABELS[way])):
        messages.info(request, said[0])
    return redirect("dashboard:channels")


@page()
@require_POST
def own_email(request: HttpRequest) -> HttpResponseBase:
    """A person's own address; an owner may set anybody's."""
    me, found, now = person(request), _whose(request), timezone.now()
    attempt(
        request,
        lambda: set_email(found, request.POST.get("email", ""), actor=me.actor, at=now),
        _("The address is kept."),
    )
    return back(request, "dashboard:settings")


@page()
@require_POST
def own_phone(request: HttpRequest) -> HttpResponseBase:
    """A person's own number; an owner may set anybody's."""
    me, found, now = person(request), _whose(request), timezone.now()
    attempt(
        request,
        lambda: set_phone(found, request.POST.get("phone", ""), actor=me.actor, at=now),
        _("The number is kept."),
    )
    return back(request, "dashboard:settings")


def _whose(request: HttpRequest) -> User:
    """Whose address or number it is: one's own, or anybody's for who may change rules; else 404."""
    me = person(request)
    wanted = request.POST.get("person", "") or str(me.pk)
    found = next((one for one in list_people() if str(one.pk) == wanted), None)
    if found is None or (found.pk != me.pk and not me.may(May.RULES)):
        raise Http404
    return found


# --- parts ---------------------------------------------------------------------------------


def _way(channel: str) -> Channel:
    try:
        return Channel(channel)
    except ValueError as error:
        raise Http404 from error


def _shown(
    request: HttpRequest,
    wrong: Channel | None = None,
    given: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
    message: str = "",
) -> HttpResponseBase:
    accounts = {account.channel: account for account in list_accounts()}
    shown = []
    for way, label in _LABELS.items():
        account, mine = accounts.get(way.value), way is wrong
        told: dict[str, Any] = given or {} if mine else account.settings if account else {}
        told_faults = faults or {} if mine else {}
        secrets = account.secrets if account else {}
        shown.append(
            {
                "channel": way.value,
                "label": label,
                "account": account,
                "message": message if mine else "",
                "known": [
                    (name, _FIELDS[name], told.get(name, ""), told_faults.get(name)) for name in KNOWN[way]
                ],
                "secrets": [
                    (name, _FIELDS[name], bool(secrets.get(name)), told_faults.get(name))
                    for name in SECRETS[way]
                ],
            }
        )
    return render(request, "dashboard/channels.html", {"channels": shown}, status=422 if wrong else 200)
