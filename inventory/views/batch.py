"""The page of one batch: where it stands, how it came and went, why it lies here, what was done about it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.models import Movement
from inventory.selectors.batch import BatchDetail, get_batch, list_batch_ledger
from inventory.selectors.shelf import list_territories
from inventory.views.causes import cause_rows
from inventory.views.expired import expired_words
from vyapar.dashboard.access import page
from vyapar.dashboard.sheets import lines_of, sheet
from vyapar.dashboard.templatetags.words import plain
from vyapar.engine.selectors import list_actions
from vyapar.kernel.calendar import ist_day

MOVEMENTS, ACTIONS = 12, 10


@page()
def batch(request: HttpRequest, sku: str, number: str) -> HttpResponseBase:
    """One batch of a SKU over all places, from its receipt to today."""
    today = ist_day(timezone.now())
    found = get_batch(sku, number, today)
    worst = max(found.places, key=lambda place: place.at_risk_paise, default=None)
    pieces = sum(place.on_hand for place in found.places)
    return render(
        request,
        "inventory/batch.html",
        {
            "detail": found,
            "batch": found.batch,
            "sku": found.batch.sku,
            "names": dict(list_territories()),
            "pieces": pieces,
            "paise": pieces * found.batch.cost_paise,
            "risk_pieces": sum(place.at_risk_quantity for place in found.places),
            "risk_paise": sum(place.at_risk_paise for place in found.places),
            "worst": worst if worst and worst.ways_out else None,
            "chart": _chart(found),
            "causes": cause_rows(sku, batch=number),
            "expired": expired_words(sku, timezone.now(), batch=number),
            "actions": list_actions().filter(pk__in=found.held_by).order_by("-number")[:ACTIONS],
            "movements": list_batch_ledger(found.batch)[:MOVEMENTS],
            "today": today,
        },
    )


@page()
def batch_movements(request: HttpRequest, sku: str, number: str, form: str) -> HttpResponseBase:
    """The whole ledger of a batch, newest first."""
    found = get_batch(sku, number, ist_day(timezone.now()))
    heads = [_("When"), _("What"), _("Place"), _("Pieces"), _("Reference"), _("Whose sign")]
    lines = lines_of(list_batch_ledger(found.batch), _line)
    return sheet(lines, heads, form, name=f"batch-{sku}-{number}", title=_("Movements"))


# --- parts ---------------------------------------------------------------------------------


def _chart(found: BatchDetail) -> dict[str, Any]:
    """Pieces in our places at the end of each week."""
    return {
        "kind": "line",
        "unit": "pieces",
        "dates": True,
        "x": [first.isoformat() for first, _pieces in found.weeks],
        "series": [
            {
                "name": _("Pieces at the end of the week"),
                "role": "actual",
                "values": [pieces for _first, pieces in found.weeks],
            }
        ],
    }


def _line(row: Movement) -> list[Any]:
    return [row.at, plain(row.kind), row.location.name, row.quantity, row.reference, row.actor_ref]
