"""Pages of transfers: what is on its way, and booking a receipt."""

from __future__ import annotations

from typing import Any

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
from reallocation.models import Transfer, TransferLine
from reallocation.selectors import get_transfer, list_lines, list_transfers, sum_flows
from vyapar.dashboard.access import attempt, page, person
from vyapar.dashboard.sheets import lines_of, rupees, sheet
from vyapar.dashboard.templatetags.words import sign
from vyapar.engine.selectors import list_actions
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import Invalid
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
    row = get_transfer(transfer_id)
    return render(
        request,
        "reallocation/transfer.html",
        {
            "transfer": row,
            "lines": row.lines.order_by("sku", "batch"),
            "on_its_way": row.state == Transfer.State.DISPATCHED,
            "bill": last_bills([row.action_id]).get(row.action_id),
            "today": ist_day(timezone.now()),
        },
    )


@page(May.RECEIVE)
@require_POST
def receive(request: HttpRequest, transfer_id: int) -> HttpResponseBase:
    """Book what arrived, whole, short or damaged."""
    row = get_transfer(transfer_id)

    def book() -> None:
        counted = {
            (line.sku, line.batch): (
                _whole(request, f"received:{line.pk}", line.sent),
                _whole(request, f"damaged:{line.pk}", 0),
            )
            for line in row.lines.all()
        }
        services.receive(transfer_id, counted, actor=person(request).actor, at=timezone.now())

    attempt(request, book, _("The receipt is booked."))
    return redirect("reallocation:transfer", transfer_id)


@page(May.RECEIVE)
@require_POST
def bill(request: HttpRequest, transfer_id: int) -> HttpResponseBase:
    """Record what the carrier billed."""

    def book() -> None:
        services.bill_freight(
            transfer_id,
            billed_paise=parse_rupees(request.POST.get("billed", "")[:20], field="billed"),
            reference=request.POST.get("reference", "").replace("\x00", "")[:60],
            actor=person(request).actor,
            at=timezone.now(),
        )

    attempt(request, book, _("The bill is on record; the next proposals learn from it."))
    return redirect("reallocation:transfer", transfer_id)


def _whole(request: HttpRequest, name: str, otherwise: int) -> int:
    text = request.POST.get(name, "").strip()
    if text and not text.isdigit():
        raise Invalid(_("Write a whole number of pieces"), code="not_whole")
    return int(text) if text else otherwise
