"""Pages of transfers: what is on its way, and booking a receipt."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory.selectors.flows import list_godowns
from inventory.selectors.outcomes import last_bills
from reallocation import services
from reallocation.forms import BillForm, ReceiptForm
from reallocation.models import Transfer, TransferLine
from reallocation.selectors import get_transfer, list_lines, list_transfers, sum_flows
from vyapar.dashboard.access import kept, page, person
from vyapar.dashboard.sheets import lines_of, rupees, sheet
from vyapar.dashboard.templatetags.words import sign
from vyapar.engine.selectors import list_actions
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.lifecycle import Status
from vyapar.kernel.money import parse_rupees
from vyapar.people.contracts import May


@page()
def transfers(request: HttpRequest) -> HttpResponseBase:
    """What is proposed, what is on its way, what arrived; and the flows between places."""
    state, rows = _wanted(request)
    flows = _flows()
    return render(
        request,
        "reallocation/transfers.html",
        {
            "flows": flows,
            "flows_summary": _("Wider is more; %(count)d lanes in use.") % {"count": len(flows["flows"])},
            "page": Paginator(rows, 25).get_page(request.GET.get("page")),
            "state": state,
            "states": Transfer.State.choices,
            "proposed": list_actions(statuses=(Status.PROPOSED,), kind="transfer")[:10],
            "today": ist_day(timezone.now()),
        },
    )


@page()
def transfers_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """A line for each batch on each transfer of the filter."""
    heads = [
        _("Action"), _("From"), _("To"), _("State"), _("Dispatched"), _("Due"), _("Received"),
        _("Received by"), _("SKU"), _("Name"), _("Batch"), _("Expiry"), _("Sent"), _("Arrived"),
        _("Damaged"), _("Short"), _("Distance, km"), _("Freight of the load, ₹"), _("Net of the load, ₹"),
    ]  # fmt: skip
    lines = lines_of(list_lines(_wanted(request)[1]), _line)
    return sheet(lines, heads, form, name="transfers", title=_("Transfers"))


def _line(row: TransferLine) -> list[Any]:
    load = row.transfer
    return [
        load.action_number, load.source_name, load.destination_name, str(sign(load.state).label),
        load.dispatched_at, load.due_date, load.received_at, load.received_by, row.sku, row.name, row.batch,
        row.expiry_date, row.sent, row.received, row.damaged, row.short, load.distance_km,
        rupees(load.cost_paise), rupees(load.net_paise),
    ]  # fmt: skip


def _wanted(request: HttpRequest) -> tuple[str, QuerySet[Transfer]]:
    """The state that is asked for, and the transfers that fit."""
    state, words = (request.GET.get(name, "").replace("\x00", "").strip()[:120] for name in ("state", "q"))
    return state, list_transfers(state if state in Transfer.State.values else "", words)


def _flows() -> dict[str, Any]:
    """The flows chart: godowns where they lie, and pieces moved between them."""
    places = list_godowns()
    names = {place.code: place.name for place in places}
    return {
        "kind": "flow",
        "unit": "pieces",
        "places": [{"name": p.name, "lat": p.latitude, "lon": p.longitude} for p in places],
        "flows": [
            {"from": names.get(a, a), "to": names.get(b, b), "value": pieces} for a, b, pieces in sum_flows()
        ],
    }


@page()
def transfer(request: HttpRequest, transfer_id: int) -> HttpResponseBase:
    """One transfer with its lines and papers."""
    return _show(request, get_transfer(transfer_id))


@page(May.RECEIVE)
@require_POST
def receive(request: HttpRequest, transfer_id: int) -> HttpResponseBase:
    """Book what arrived, whole, short or damaged."""
    row = get_transfer(transfer_id)
    form = ReceiptForm(_lines(row), request.POST)
    me, now = person(request).actor, timezone.now()
    if form.is_valid():
        counted = form.counted
        done = kept(form, lambda: services.receive(transfer_id, counted, actor=me, at=now), form.names)
        if done is not None:
            messages.success(request, _("The receipt is booked."))
            return redirect("reallocation:transfer", transfer_id)
    return _show(request, row, receipt=form)


@page(May.RECEIVE)
@require_POST
def bill(request: HttpRequest, transfer_id: int) -> HttpResponseBase:
    """Record what the carrier billed."""
    row, form = get_transfer(transfer_id), BillForm(request.POST)
    me, now = person(request).actor, timezone.now()

    def record() -> Transfer:
        said = form.cleaned_data
        paise = parse_rupees(said["billed"], field="billed")
        return services.bill_freight(
            transfer_id, billed_paise=paise, reference=said["reference"], actor=me, at=now
        )

    if form.is_valid() and kept(form, record) is not None:
        messages.success(request, _("The bill is on record; the next proposals learn from it."))
        return redirect("reallocation:transfer", transfer_id)
    return _show(request, row, billing=form)


def _show(
    request: HttpRequest,
    row: Transfer,
    *,
    receipt: ReceiptForm | None = None,
    billing: BillForm | None = None,
) -> HttpResponseBase:
    """A transfer's page with its forms as they were filled in; 422 when one of them was refused."""
    return render(
        request,
        "reallocation/transfer.html",
        {
            "transfer": row,
            "receipt": receipt or ReceiptForm(_lines(row)),
            "billing": billing or BillForm(),
            "on_its_way": row.state == Transfer.State.DISPATCHED,
            "bill": last_bills([row.action_id]).get(row.action_id),
            "today": ist_day(timezone.now()),
        },
        status=422 if receipt or billing else 200,
    )


def _lines(row: Transfer) -> list[TransferLine]:
    """In the order in which a receipt's faults count them."""
    return list(row.lines.order_by("sku", "batch"))
