"""Claims on companies: what each still credits, the list with its files, a new claim, and its answer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory.contracts.outcomes import ANSWERED, MAY_LEAVE, ClaimState, Missing, SendingState
from inventory.forms import AnswerForm, BackForm, ClaimForm
from inventory.models import Claim, ClaimSending
from inventory.selectors.claim_books import list_claim_exports
from inventory.selectors.claim_credit import credit_of_claim
from inventory.selectors.claim_goods import (
    awaits_receipt,
    goods_of,
    has_receipt,
    is_gone,
    is_with_company,
    sendings_of,
    standing_of,
)
from inventory.selectors.claims import (
    find_claimable,
    find_same,
    get_claim,
    list_claims,
    list_companies,
    list_corrections,
)
from inventory.services.claims import answer_claim, file_claim, withdraw_claim
from vyapar.dashboard.access import kept, page, person
from vyapar.dashboard.sheets import lines_of, rupees, sheet
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.money import parse_rupees
from vyapar.law.itc import RETURN_ROUTES
from vyapar.people.contracts import May
from vyapar.people.models import User

#: Claims shown at once; the file has all.
SHOWN = 200
_CARRIED = ("sku", "batch", "location")


@page()
def claims(request: HttpRequest) -> HttpResponseBase:
    """Companies with what they still credit this year and how they answered, and the latest claims."""
    state = _state(request)
    found = list_claims(state)
    return render(
        request,
        "inventory/claims.html",
        {
            "companies": list_companies(ist_day(timezone.now())),
            "claims": [(row, claim_state(row)) for row in found[:SHOWN]],
            "more": max(found.count() - SHOWN, 0),
            "states": [(one.value, _STATES[one]()) for one in ClaimState],
            "state": state,
        },
    )


@page()
def claims_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The claims of the page's filter, a line each; money as exact rupees."""
    heads = [
        _("Number"), _("Company"), _("Filed"), _("Reference"), _("SKU"), _("Batch"), _("Place"), _("Pieces"),
        _("Asked for, ₹"), _("State"), _("Credited, ₹"), _("Answered"), _("Credit note"), _("Note"),
        _("Recorded by"), _("Answer recorded by"),
    ]  # fmt: skip
    return sheet(lines_of(list_claims(_state(request)), _line), heads, form, name="claims", title=_("Claims"))


def _state(request: HttpRequest) -> str:
    """The state that the page is narrowed to."""
    state = request.GET.get("state", "")
    return state if state in set(ClaimState) else ""


@page(May.DECIDE)
def new_claim(request: HttpRequest) -> HttpResponseBase:
    """The form of a claim that was filed; the address may say of what."""
    given = {name: request.GET.get(name, "").replace("\x00", "")[:60] for name in _CARRIED}
    form = ClaimForm(request.POST or None, initial={**given, "filed_on": ist_day(timezone.now())})
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        amount = parse_rupees(said.pop("amount"))
        me, now = person(request).actor, timezone.now()
        same = find_same(**said, amount_paise=amount)
        if same is not None:  # sent twice
            messages.info(request, _("This claim is on record."))
            return redirect("inventory:claim", same.pk)
        done = kept(form, lambda: file_claim(**said, amount_paise=amount, actor=me, at=now), NAMES)
        if done is not None:
            return redirect("inventory:claim", done.pk)
    today = ist_day(timezone.now())
    sku, batch, location = (str(form[name].value() or "").replace("\x00", "").strip() for name in _CARRIED)
    stands = find_claimable(sku, batch, location, today)
    return render(
        request,
        "inventory/claim_new.html",
        {"form": form, "stands": stands, "is_open": stands is not None and stands.is_open(today)},
        status=422 if form.errors else 200,
    )


@page()
def claim(request: HttpRequest, claim_id: int) -> HttpResponseBase:
    """One claim with what is known of it and, while it is open, the forms of its answer."""
    row = get_claim(claim_id)
    if request.method == "POST" and not person(request).may(May.DECIDE):
        return redirect("inventory:claim", claim_id)
    if request.method == "POST" and row.state != ClaimState.OPEN:  # sent twice, or from a page of before
        messages.info(request, _("This claim was answered or withdrawn already: see below."))
        return redirect("inventory:claim", claim_id)
    form = AnswerForm(request.POST or None, initial={"answered_on": ist_day(timezone.now())})
    if request.method == "POST" and form.is_valid():
        said = dict(form.cleaned_data)
        paid = parse_rupees(said.pop("credited"), field="credited")
        me, now = person(request).actor, timezone.now()
        done = kept(
            form, lambda: answer_claim(claim_id, **said, credited_paise=paid, actor=me, at=now), NAMES
        )
        if done is not None:
            return redirect("inventory:claim", claim_id)
    return _show(request, row, form)


@page(May.DECIDE)
@require_POST
def withdraw(request: HttpRequest, claim_id: int) -> HttpResponseBase:
    """Take back a claim that was not answered."""
    row, form = get_claim(claim_id), BackForm(request.POST)
    me, now = person(request).actor, timezone.now()
    if form.is_valid():
        why = form.cleaned_data["reason"]
        if kept(form, lambda: withdraw_claim(claim_id, reason=why, actor=me, at=now)) is not None:
            messages.success(request, _("Withdrawn: it counts as never made."))
            return redirect("inventory:claim", claim_id)
    return _show(request, row, AnswerForm(initial={"answered_on": ist_day(now)}), form)


def _show(
    request: HttpRequest, row: Claim, form: forms.Form, withdrawal: BackForm | None = None
) -> HttpResponseBase:
    """A claim's page with its forms as they were filled in; 422 when one of them was refused."""
    is_refused = bool(form.errors or (withdrawal and withdrawal.errors))
    sent, standing, goods = sendings_of(row), standing_of(row), goods_of(row)
    context = {
        "claim": row, "state": claim_state(row), "form": form, "withdrawal": withdrawal or BackForm(),
        "goods": goods, "standing": standing, "credit": credit_of_claim(row),
        "sendings": [_lot(one, row, person(request)) for one in sent],
        "may_send": goods.here > 0 and row.state in MAY_LEAVE,
        "may_stay": row.state == ClaimState.CREDITED or bool(standing),
        "may_correct": row.state in ANSWERED,
        "corrections": list_corrections(row.pk), "strip": {"exports": list_claim_exports(row)},
        "is_supply": bool(standing) and standing[0].route == RETURN_ROUTES[0],
        "by_gst_note": bool(standing) and standing[0].route == RETURN_ROUTES[1],
    }  # fmt: skip
    return render(request, "inventory/claim.html", context, status=422 if is_refused else 200)


def _lot(sent: ClaimSending, row: Claim, who: User) -> dict[str, Any]:
    """A sending as its card shows it, with what can be said of it now."""
    may_leave = row.state in MAY_LEAVE
    return {
        "sent": sent, "told": sending_state(sent, row), "way": _ROUTES[sent.route](),
        "missing": _MISSING[Missing(sent.missing)]() if sent.missing else "",
        "owed": sent.short * row.batch.cost_paise,
        "may_receive": may_leave and awaits_receipt(sent),
        "may_call": may_leave and sent.state == SendingState.SENT,
        "may_settle": row.state == ClaimState.REFUSED and is_gone(sent),
        "may_take_back": may_leave and has_receipt(sent) and (
            who.may(May.RULES) or sent.ended_by == str(who.actor)
        ),
    }  # fmt: skip


def claim_state(row: Claim) -> dict[str, str]:
    """A claim's state in words, with its tone; one that was credited in part says so."""
    state = ClaimState(row.state)
    is_part = state is ClaimState.CREDITED and (row.credited_paise or 0) < row.amount_paise
    return {"words": _("Credited in part") if is_part else _STATES[state](), "tone": _TONES[state]}


def sending_state(sent: ClaimSending, row: Claim) -> dict[str, str]:
    """What became of goods that were sent, in words, with its tone; those credited since have arrived."""
    state = SendingState(sent.state)
    if is_with_company(sent, row):
        return {"words": _("With the company"), "tone": "ok"}
    if state is SendingState.RECEIVED and sent.short:
        return {"words": _("Received in part"), "tone": "warn"}
    return {"words": _SENT[state](), "tone": _SENT_TONES[state]}


_SENT = {
    SendingState.SENT: lambda: _("On their way to the company"),
    SendingState.CALLED_BACK: lambda: _("Did not leave"),
    SendingState.RECEIVED: lambda: _("Received"),
    SendingState.RETURNED: lambda: _("Came back"),
    SendingState.DESTROYED: lambda: _("Destroyed"),
}
_SENT_TONES = {
    SendingState.SENT: "info",
    SendingState.CALLED_BACK: "neutral",
    SendingState.RECEIVED: "ok",
    SendingState.RETURNED: "warn",
    SendingState.DESTROYED: "danger",
}
_MISSING = {
    Missing.TRANSPORTER: lambda: _("Lost or damaged on the road: the transporter owes for it"),
    Missing.LOST: lambda: _("Lost or damaged: you bear it"),
    Missing.HOME: lambda: _("Came back"),
    Missing.COMPANY: lambda: _("The company is mistaken: it stays claimed"),
}
_ROUTES = {
    "fresh_supply": lambda: _("A supply of yours, on a tax invoice"),
    "gst_credit_note": lambda: _("Against its GST credit note"),
    "financial_credit_note": lambda: _("Against its financial credit note"),
}
_STATES = {
    ClaimState.OPEN: lambda: _("Waits for an answer"),
    ClaimState.CREDITED: lambda: _("Credited"),
    ClaimState.REFUSED: lambda: _("Refused"),
    ClaimState.WITHDRAWN: lambda: _("Withdrawn"),
}
_TONES = {
    ClaimState.OPEN: "info",
    ClaimState.CREDITED: "ok",
    ClaimState.REFUSED: "danger",
    ClaimState.WITHDRAWN: "neutral",
}


def _line(row: Claim) -> list[Any]:
    return [
        row.pk, row.brand.name, row.filed_on, row.reference, row.batch.sku.code, row.batch.number,
        row.location.code, row.pieces, rupees(row.amount_paise), claim_state(row)["words"],
        rupees(row.credited_paise), row.answered_on, row.credit_note, row.note, row.filed_by,
        row.answered_by,
    ]  # fmt: skip


#: Fields of the forms by what faults call them.
NAMES = {
    "filedOn": "filed_on",
    "answeredOn": "answered_on",
    "receiver.gstin": "gstin",
    "receiver.state_code": "gstin",
    "receiver.pincode": "pincode",
}
