"""Pages of a claim's goods: sent, called back, received, home or destroyed; and of a corrected answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.contracts.outcomes import ANSWERED, MAY_LEAVE, ClaimState, SendingState, Stay
from inventory.forms import BackForm, CorrectionForm, FateForm, ReceiptForm, RestForm, SendForm
from inventory.models import Claim, ClaimSending
from inventory.selectors.claim_goods import (
    awaits_receipt,
    company_party,
    find_company_party,
    goods_of,
    has_receipt,
    is_gone,
    sendings_of,
    standing_of,
)
from inventory.selectors.claims import get_claim
from inventory.services.claim_goods import call_back_claim, send_claim, settle_claim_goods
from inventory.services.claim_receipt_back import take_back_receipt
from inventory.services.claim_receipts import receive_claim_goods
from inventory.services.claim_rest import close_claim
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
    left, lots = goods_of(row).here, len(sendings_of(row))
    if not left or row.state not in MAY_LEAVE:
        messages.info(request, _("Goods of this claim cannot leave now: see below."))
        return redirect("inventory:claim", claim_id)
    party = find_company_party(row)
    known = {name: party.get(name, "") for name in _PARTY} | {"company": party.get("legal_name", "")}
    route = next((one.route for one in standing_of(row)), SendForm.USUAL)
    form = SendForm(request.POST or None, initial={**known, "pieces": left, "route": route, "earlier": lots})
    actor = person(request).actor

    def verb() -> Any:
        said = dict(form.cleaned_data)
        return send_claim(
            claim_id, pieces=said["pieces"], route=said["route"], distance_km=said["distance_km"] or 0,
            vehicle_number=said["vehicle_number"], earlier=said["earlier"], actor=actor, at=timezone.now(),
            company=company_party(said["company"], **{name: said[name] for name in _PARTY}),
        )  # fmt: skip

    if request.method == "POST" and form.is_valid() and form.cleaned_data["earlier"] not in (None, lots):
        messages.info(request, _("Goods of this claim have left since that page was shown: see below."))
        return redirect("inventory:claim", claim_id)
    return _answer(
        request, row, form, verb, "inventory/claim_send.html", _("Sent: the stock and its paper stand."),
        left=left,
    )  # fmt: skip


@page(May.DECIDE)
def settle(request: HttpRequest, claim_id: int, sending_id: int) -> HttpResponseBase:
    """Goods that left are called back or, once the company has refused them, come home or are destroyed."""
    row = get_claim(claim_id)
    sent = _sending(row, sending_id)
    is_open = sent is not None and (
        is_gone(sent) if row.state == ClaimState.REFUSED else sent.state == SendingState.SENT
    )
    if sent is None or not is_open:
        messages.info(request, _("These goods are not on their way any more: see below."))
        return redirect("inventory:claim", claim_id)
    actor, is_refused = person(request).actor, row.state == ClaimState.REFUSED
    form = (FateForm if is_refused else BackForm)(request.POST or None)

    def verb() -> Any:
        why, now = form.cleaned_data["reason"], timezone.now()
        if not is_refused:
            return call_back_claim(claim_id, sending_id=sending_id, reason=why, actor=actor, at=now)
        fate = SendingState(form.cleaned_data["fate"])
        return settle_claim_goods(claim_id, sending_id=sending_id, fate=fate, reason=why, actor=actor, at=now)

    return _answer(
        request, row, form, verb, "inventory/claim_goods.html", _("Kept: the stock follows."), sent=sent
    )


@page(May.DECIDE)
def receive(request: HttpRequest, claim_id: int, sending_id: int) -> HttpResponseBase:
    """What the company says it received of goods that were sent, and what became of the rest."""
    row = get_claim(claim_id)
    sent = _sending(row, sending_id)
    if sent is None or row.state not in MAY_LEAVE or not awaits_receipt(sent):
        messages.info(request, _("What the company received of these goods is on record: see below."))
        return redirect("inventory:claim", claim_id)
    known = {"received": sent.pieces} if sent.received is None else {"received": sent.received}
    form = ReceiptForm(request.POST or None, initial=known | {"damaged": sent.damaged or None})
    actor = person(request).actor

    def verb() -> Any:
        said = form.cleaned_data
        return receive_claim_goods(
            claim_id, sending_id=sending_id, received=said["received"], damaged=said["damaged"] or 0,
            missing=said["missing"], reason=said["reason"], actor=actor, at=timezone.now(),
        )  # fmt: skip

    return _answer(
        request, row, form, verb, "inventory/claim_receipt.html", _("Kept: the claim follows."), sent=sent
    )


@page(May.DECIDE)
def receipt_back(request: HttpRequest, claim_id: int, sending_id: int) -> HttpResponseBase:
    """A receipt that was told wrongly."""
    row, who = get_claim(claim_id), person(request)
    sent = _sending(row, sending_id)
    if sent is None or row.state not in MAY_LEAVE or not has_receipt(sent):
        messages.info(request, _("This receipt cannot be taken back: see below."))
        return redirect("inventory:claim", claim_id)
    form = BackForm(request.POST or None)

    def verb() -> Any:
        return take_back_receipt(
            claim_id, sending_id=sending_id, reason=form.cleaned_data["reason"], actor=who.actor,
            of_others=who.may(May.RULES), at=timezone.now(),
        )  # fmt: skip

    return _answer(
        request, row, form, verb, "inventory/claim_receipt_back.html",
        _("Taken back: the goods are on their way again."), sent=sent,
    )  # fmt: skip


@page(May.DECIDE)
def rest(request: HttpRequest, claim_id: int) -> HttpResponseBase:
    """What becomes of pieces of a claim that are still here."""
    row = get_claim(claim_id)
    here = goods_of(row).here
    if not here or row.state not in MAY_LEAVE:
        messages.info(request, _("No goods of this claim are here any more: see below."))
        return redirect("inventory:claim", claim_id)
    form = RestForm(request.POST or None, is_credited=row.state == ClaimState.CREDITED)
    actor = person(request).actor

    def verb() -> Any:
        said = form.cleaned_data
        return close_claim(
            claim_id, stay=Stay(said["stay"]), reason=said["reason"], actor=actor, at=timezone.now()
        )

    return _answer(
        request, row, form, verb, "inventory/claim_rest.html", _("Kept: the claim follows."), left=here
    )


def _sending(row: Claim, sending_id: int) -> ClaimSending | None:
    return next((one for one in sendings_of(row) if one.pk == sending_id), None)


def _answer(
    request: HttpRequest, row: Claim, form: forms.Form, verb: Callable[[], Any], template: str, done: str,
    **more: Any,
) -> HttpResponseBase:  # fmt: skip
    """The claim's page when the verb worked; the form with what was typed and the why when it did not."""
    if request.method == "POST" and form.is_valid() and kept(form, verb, NAMES) is not None:
        messages.success(request, done)
        return redirect("inventory:claim", row.pk)
    context = {"claim": row, "form": form, **more}
    return render(request, template, context, status=422 if form.errors else 200)
