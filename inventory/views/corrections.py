"""What people say that past demand counts as: the list, the form for any days, and withdrawing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from inventory.forms import AdjustmentForm
from inventory.models import DemandAdjustment
from inventory.selectors.adjustments import list_adjustments
from inventory.selectors.outliers import list_outliers
from inventory.selectors.shelf import list_territories
from inventory.services import set_adjustment, withdraw_adjustment
from inventory.views.overrides import people_names
from vyapar.dashboard.access import attempt, back, kept, page, person
from vyapar.dashboard.sheets import Table, answer, lines_of
from vyapar.kernel.calendar import ist_day
from vyapar.people.contracts import May

ROWS = 25
#: Fields of the form by what a fault of the service calls them.
FIELDS = {"fromDate": "from_date", "toDate": "to_date", "countsAs": "counts_as"}
_STATES = ("", "in_force", "withdrawn")


@page()
def corrections(request: HttpRequest) -> HttpResponseBase:
    """Corrections in force and withdrawn, the newest first."""
    rows, state = _wanted(request.GET)
    shown = Paginator(rows, ROWS).get_page(request.GET.get("page"))
    return render(
        request,
        "inventory/corrections.html",
        {
            "page": shown,
            "rows": correction_rows(shown),
            "state": state,
            "tabs": tabs("corrections"),
            "territory": request.GET.get("territory", ""),
            "territories": list_territories(),
            "chips": _chips(request.GET, state),
        },
    )


@page()
def corrections_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The corrections of the page's filter, all of them."""
    return answer(corrections_table(request.GET), form)


def corrections_table(given: QueryDict) -> Table:
    """The corrections of a query of the page."""
    heads = [
        _("Number"), _("SKU"), _("Name"), _("Territory"), _("From"), _("To"), _("Sold"), _("Counts as"),
        _("Reason"), _("By"), _("Made"), _("Withdrawn"), _("Withdrawn by"),
    ]  # fmt: skip

    def line(row: DemandAdjustment) -> list[Any]:
        return [
            row.pk, row.sku.code, row.sku.name, row.territory.code if row.territory else "", row.from_date,
            row.to_date, row.sold_pieces, row.counts_as, row.reason, row.actor_ref, row.made_at,
            row.withdrawn_at, row.withdrawn_by,
        ]  # fmt: skip

    title = _("Corrections of past demand")
    return Table(heads, lines_of(_wanted(given)[0], line), "demand-corrections", title)


@page(May.DECIDE)
def new_correction(request: HttpRequest) -> HttpResponseBase:
    """The form for any SKU, territory and days; the address may say for what."""
    yesterday = ist_day(timezone.now()) - timedelta(days=1)
    start = {
        "sku": text_of(request.GET, "sku"), "territory": text_of(request.GET, "territory"),
        "from_date": yesterday - timedelta(days=6), "to_date": yesterday,
    }  # fmt: skip
    form = AdjustmentForm(request.POST or None, initial=start, places=list_territories())
    if correct(request, form) is not None:
        return redirect("inventory:corrections")
    return render(request, "inventory/correction.html", {"form": form}, status=422 if form.errors else 200)


@page(May.DECIDE)
@require_POST
def withdraw_correction(request: HttpRequest, adjustment_id: int) -> HttpResponseBase:
    """The days count as sold again."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: withdraw_adjustment(adjustment_id, actor=actor, at=now),
        _("Withdrawn: the next forecast reads what was sold."),
    )
    return back(request, reverse("inventory:corrections"))


def correct(request: HttpRequest, form: AdjustmentForm) -> DemandAdjustment | None:
    """What a filled form keeps; None where it was not filled, or refused with the why at its field."""
    if not form.is_bound or not form.is_valid():
        return None
    actor, now = person(request).actor, timezone.now()
    row = kept(form, lambda: set_adjustment(**form.cleaned_data, actor=actor, at=now), FIELDS)
    if row is not None:
        messages.success(request, _("Kept: the next forecast reads it; what was sold stays as it is."))
    return row


def correction_rows(found: Iterable[DemandAdjustment]) -> list[dict[str, Any]]:
    """Corrections as a table shows them."""
    names = people_names()
    return [
        {
            "row": row,
            "made_by": names.get(row.actor_ref, row.actor_ref),
            "withdrawn_by": names.get(row.withdrawn_by, row.withdrawn_by),
        }
        for row in found
    ]


def correction_url(sku: str, territory: str) -> str:
    """The address of the form for one item."""
    return f"{reverse('inventory:correction_new')}?{urlencode({'sku': sku, 'territory': territory})}"


def text_of(given: QueryDict, name: str) -> str:
    """What a query of either list says, as it may be looked for."""
    return given.get(name, "").replace("\x00", "").strip()[:60]


def tabs(active: str) -> list[dict[str, Any]]:
    """The two lists of past demand."""
    found = (
        ("outliers", _("Outliers"), list_outliers().count()),
        ("corrections", _("Corrections"), list_adjustments(in_force=True).count()),
    )
    return [
        {"label": label, "url": reverse(f"inventory:{name}"), "active": name == active, "count": count}
        for name, label, count in found
    ]


# --- parts ---------------------------------------------------------------------------------


def _wanted(given: QueryDict) -> tuple[Any, str]:
    """The rows of a query, and the state that it asks for."""
    state = text_of(given, "state")
    state = state if state in _STATES else ""
    rows = list_adjustments(
        territory=text_of(given, "territory"), words=text_of(given, "q"), in_force=state == "in_force"
    )
    return rows.exclude(withdrawn_at=None) if state == "withdrawn" else rows, state


def _chips(given: QueryDict, state: str) -> list[dict[str, str]]:
    place = text_of(given, "territory")
    words = {
        "territory": dict(list_territories()).get(place, place),
        "state": {"in_force": _("in force"), "withdrawn": _("withdrawn")}.get(state, ""),
    }
    return [{"name": name, "label": label} for name, label in words.items() if label]
