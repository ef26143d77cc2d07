"""Pages of a claim's goods, sent, called back, brought home or destroyed, and of a corrected answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.contracts.outcomes import ANSWERED, MAY_LEAVE, ClaimState, SendingState
from inventory.forms import BackForm, CorrectionForm, FateForm, SendForm
from inventory.models import Claim
from inventory.selectors.claims import company_party, find_company_party, get_claim, sending_of
from inventory.services.claim_goods import call_back_claim, send_claim, settle_claim_goods
from inventory.services.claims import correct_answer
from inventory.views.claims import NAMES
from vyapar.dashboard.access import kept, page, person
from vyapar.kernel.money import parse_rupees, rupees
from vyapar.people.contracts import May

_PARTY = ("gstin", "address", "place", "pincode")


@page(May.DECIDE)
def correct(request: HttpRequest, claim_id: int) -> HttpResponseBase:
    """Another answer in place of one that was recorded wrongly."""
    row = get_claim(claim_id)
    if row.state not in ANSWERED:
        messages.info(request, _("This claim has no answer to correct."))
        return redirect("inventory:claim", claim_id)
    known = {
        "credited": rupees(row.credited_paise or 0), "answered_on": row.answered_on,
        "credit_note": row.credit_note, "note": row.note,
    }  # fmt: skip
    form = CorrectionForm(request.POST or None, initial=known)
    actor = person(request).actor

    def verb() -> Any:
        said = dict(form.cleaned_data)
        paid = parse_rupees(said.pop("credited"), field="credited")
        return correct_answer(claim_id, **said, credited_paise=paid, actor=actor, at=timezone.now())

    return _answer(
        request, row, form, verb, "inventory/claim_correct.html", _("Corrected: the trail keeps both.")
    )


@page(May.DECIDE)
def send(request: HttpRequest, claim_id: int) -> HttpResponseBase:
    """Goods of a claim leave: how, to whom, and with which lorry."""
    row = get_claim(claim_id)
    sent = sending_of(row)
    is_away = sent is not None and sent.state != SendingState.CALLED_BACK
    if is_away or row.state not in MAY_LEAVE:
        messages.info(request, _("Goods of this claim cannot leave now: see below."))
        return redirect("inventory:claim", claim_id)
    party = find_company_party(row)
    known = {name: party.get(name, "") for name in _PARTY} | {"company": party.get("legal_name", "")}
    form = SendForm(request.POST or None, initial={**known, "pieces": row.pieces})
    actor = person(request).actor

    def verb() -> Any:
        said = dict(form.cleaned_data)
        return send_claim(
            claim_id, pieces=said["pieces"], route=said["route"], distance_km=said["distance_km"] or 0,
            vehicle_number=said["vehicle_number"], actor=actor, at=timezone.now(),
            company=company_party(said["company"], **{name: said[name] for name in _PARTY}),
        )  # fmt: skip

    return _answer(
        request, row, form, verb, "inventory/claim_send.html", _("Sent: the stock and its paper stand.")
    )


@page(May.DECIDE)
def settle(request: HttpRequest, claim_id: int) -> HttpResponseBase:
    """Goods that left are called back or, once the company has refused them, come home or are destroyed."""
    row = get_claim(claim_id)
    sent = sending_of(row)
    if sent is None or sent.state != SendingState.SENT:
        messages.info(request, _("No goods of this claim are on their way."))
        return redirect("inventory:claim", claim_id)
    actor, is_refused = person(request).actor, row.state == ClaimState.REFUSED
    form = (FateForm if is_refused else BackForm)(request.POST or None)

    def verb() -> Any:
        why, now = form.cleaned_data["reason"], timezone.now()
        if not is_refused:
            return call_back_claim(claim_id, reason=why, actor=actor, at=now)
        fate = SendingState(form.cleaned_data["fate"])
        return settle_claim_goods(claim_id, fate=fate, reason=why, actor=actor, at=now)

    return _answer(request, row, form, verb, "inventory/claim_goods.html", _("Kept: the stock follows."))


def _answer(
    request: HttpRequest, row: Claim, form: forms.Form, verb: Callable[[], Any], template: str, done: str
) -> HttpResponseBase:
    """The claim's page when the verb worked; the form with what was typed and the why when it did not."""
    if request.method == "POST" and form.is_valid() and kept(form, verb, NAMES) is not None:
        messages.success(request, done)
        return redirect("inventory:claim", row.pk)
    context = {"claim": row, "form": form, "sent": sending_of(row)}
    return render(request, template, context, status=422 if form.errors else 200)
