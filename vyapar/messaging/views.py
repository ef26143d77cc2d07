"""Doors for the far sides: webhooks in, and the one-click unsubscribe of a mail."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from vyapar.farside.answers import is_signed
from vyapar.kernel.actor import Actor
from vyapar.kernel.errors import VyaparError
from vyapar.messaging import services
from vyapar.messaging.channels.sms.mapping import parse_report
from vyapar.messaging.channels.whatsapp.webhook import (
    answer_challenge,
    parse_preferences,
    parse_webhook,
)
from vyapar.messaging.clients import party_of_token
from vyapar.messaging.contracts import Channel
from vyapar.messaging.selectors import get_account


@csrf_exempt
@require_http_methods(["GET", "POST"])
def whatsapp(request: HttpRequest) -> HttpResponse:
    """Meta's webhook: GET proves that the address is ours, POST brings reports and answers."""
    account = get_account(Channel.WHATSAPP)
    if account is None:
        return HttpResponse(status=404)
    if request.method == "GET":
        try:
            word = answer_challenge(request.GET, account.secrets.get("verify_token", ""))
        except VyaparError as error:
            return HttpResponse(error.message, status=error.status, content_type="text/plain")
        return HttpResponse(word, content_type="text/plain")
    signature = request.headers.get("X-Hub-Signature-256", "")
    if not is_signed(request.body, signature, account.secrets.get("app_secret", "")):
        return JsonResponse({"error": "the signature does not match"}, status=401)
    return _take(Channel.WHATSAPP, request)


@csrf_exempt
@require_POST
def sms(request: HttpRequest) -> HttpResponse:
    """The gateway's delivery reports and answers."""
    account = get_account(Channel.SMS)
    if account is None:
        return HttpResponse(status=404)
    signature = request.headers.get("X-Signature-256", "")
    if not is_signed(request.body, signature, account.secrets.get("callback_secret", "")):
        return JsonResponse({"error": "the signature does not match"}, status=401)
    return _take(Channel.SMS, request)


def _take(channel: Channel, request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    try:
        if channel is Channel.WHATSAPP:
            items = [
                *parse_webhook(request.body, received_at=now),
                *parse_preferences(request.body, received_at=now),
            ]
        else:
            items = [*parse_report(request.body, received_at=now)]
    except VyaparError as error:
        return JsonResponse({"error": error.message}, status=error.status)
    return JsonResponse({"new": services.apply_reports(channel, items, at=now)})


@csrf_exempt
@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest) -> HttpResponse:
    """RFC 8058: a POST withdraws consent without sign-in; a GET only asks, so no scanner unsubscribes."""
    token = request.GET.get("who", "")
    party = party_of_token(token)
    if party is None:
        return render(request, "messaging/unsubscribe.html", {"state": "unknown"}, status=404)
    if request.method == "GET":
        return render(request, "messaging/unsubscribe.html", {"state": "ask"})
    services.withdraw(
        party, actor=Actor("system", party, party), at=timezone.now(), source="unsubscribe link in a mail"
    )
    return render(request, "messaging/unsubscribe.html", {"state": "done"})
