"""What people know better than the forecast: the form with its effect, changes, and taking back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from inventory.forms import OverrideForm
from inventory.models import ForecastOverride
from inventory.selectors.overrides import OverrideRow, get_override
from inventory.services import change_override, drop_override, set_override, try_override
from vyapar.dashboard.access import attempt, back, page, person
from vyapar.gateway.speech import say
from vyapar.kernel.calendar import ist_day
from vyapar.kernel.errors import NotFound, VyaparError
from vyapar.people.contracts import May
from vyapar.people.selectors import list_people

NAMES = {
    "item": gettext_lazy("One SKU in one territory"),
    "sku": gettext_lazy("One SKU everywhere"),
    "category": gettext_lazy("A category"),
    "territory": gettext_lazy("A territory"),
    "all": gettext_lazy("Everything"),
}
_CARRIED = ("level", "sku", "category", "territory")


@page(May.DECIDE)
def new_override(request: HttpRequest) -> HttpResponseBase:
    """The form of a new override; the address may say for what."""
    given = {name: request.GET.get(name, "").replace("\x00", "")[:60] for name in _CARRIED}
    today = ist_day(timezone.now())
    if given["sku"] and given["territory"] and not given["level"]:
        given["level"] = "item"
    start = {**given, "from_date": today, "to_date": date.fromordinal(today.toordinal() + 6)}
    return _form(request, OverrideForm(request.POST or None, initial=start), None)


@page(May.DECIDE)
def edit_override(request: HttpRequest, override_id: int) -> HttpResponseBase:
    """The form of one that holds; what is kept takes its place, and it stays on record."""
    row = get_override(override_id)
    if row.dropped_at:
        raise Http404
    start = {
        name: getattr(row, name) for name in ("level", "from_date", "to_date", "factor", "pieces", "reason")
    }
    start |= {name: _code(getattr(row, name)) for name in ("sku", "category", "territory")}
    form = OverrideForm(request.POST or None, initial=start, fixed=True)
    return _form(request, form, row)


@page(May.DECIDE)
@require_POST
def take_back_override(request: HttpRequest, override_id: int) -> HttpResponseBase:
    """The baseline holds again."""
    actor, now = person(request).actor, timezone.now()
    attempt(
        request,
        lambda: drop_override(override_id, actor=actor, at=now),
        _("Taken back: the baseline holds again."),
    )
    return back(request, f"{reverse('inventory:forecast')}#overrides")


def override_rows(found: Iterable[OverrideRow], today: date) -> list[dict[str, Any]]:
    """Overrides as a table shows them."""
    names = people_names()
    return [
        {
            "row": one.row,
            "target": _target(one.row),
            "says": _says(one.row),
            "made_by": names.get(one.row.actor_ref, one.row.actor_ref),
            "dropped_by": names.get(one.row.dropped_by, one.row.dropped_by),
            "added": one.value_added,
            "state": _state(one.row, today),
            "open": one.row.dropped_at is None and one.row.to_date >= today,
        }
        for one in found
    ]


def people_names() -> dict[str, str]:
    """Names of the people here by what rows keep of who made them."""
    return {f"user:{one.pk}": one.get_full_name() or one.username for one in list_people()}


def override_url(sku: str, territory: str) -> str:
    """The address of the form for one item."""
    return f"{reverse('inventory:override_new')}?{urlencode({'sku': sku, 'territory': territory})}"


def override_heads() -> list[str]:
    """The heads of the file of overrides."""
    return [
        _("Number"), _("Level"), _("SKU"), _("Category"), _("Territory"), _("From"), _("To"), _("Factor"),
        _("Pieces"), _("Reason"), _("By"), _("Made"), _("Taken back"), _("Expected without it"),
        _("Expected with it"), _("Sold"), _("Value added, of what was sold"),
    ]  # fmt: skip


def override_line(one: OverrideRow) -> list[Any]:
    """One override as a line of the file."""
    row = one.row
    return [
        row.pk, row.level, _code(row.sku), _code(row.category), _code(row.territory), row.from_date,
        row.to_date, row.factor, row.pieces, row.reason, row.actor_ref, row.made_at, row.dropped_at,
        round(row.baseline_pieces, 1), round(row.adjusted_pieces, 1), row.actual_pieces,
        None if one.value_added is None else round(one.value_added, 4),
    ]  # fmt: skip


# --- parts ---------------------------------------------------------------------------------


def _form(request: HttpRequest, form: OverrideForm, old: ForecastOverride | None) -> HttpResponseBase:
    effect = None
    if request.method == "POST" and form.is_valid():
        effect = _run(request, form, old)
        if effect is not None and effect.pk:
            return redirect(f"{reverse('inventory:forecast')}#overrides")
    return render(
        request,
        "inventory/override.html",
        {"form": form, "old": old, "target": _target(old) if old else "", "effect": effect},
        status=422 if form.errors else 200,
    )


def _run(request: HttpRequest, form: OverrideForm, old: ForecastOverride | None) -> ForecastOverride | None:
    """Checked only, or kept, as the button says; None when it was refused, with the why at its field."""
    me, now = person(request).actor, timezone.now()
    said = {name: form.cleaned_data[name] for name in ("from_date", "to_date", "factor", "pieces", "reason")}
    whose = {name: form.cleaned_data[name] for name in _CARRIED}
    kept: list[ForecastOverride] = []

    def run() -> None:
        if request.POST.get("check"):
            kept.append(try_override(**whose, **said, actor=me, at=now))
        elif old is not None:
            kept.append(change_override(old.pk, **said, actor=me, at=now))
        else:
            kept.append(set_override(**whose, **said, actor=me, at=now))

    try:
        run()
    except NotFound:
        raise
    except VyaparError as error:
        form.add_error(None, say(error.message))
        for fault in error.faults:
            form.add_fault(fault)
    return kept[0] if kept else None


def _code(one: Any) -> str:
    return one.code if one else ""


def _target(row: ForecastOverride) -> str:
    names = [str(one.name) for one in (row.sku, row.category, row.territory) if one]
    return " · ".join(names) or str(NAMES["all"])


def _says(row: ForecastOverride) -> str:
    if row.factor is not None:
        return _("%(factor)s times the baseline") % {"factor": f"{row.factor:g}"}
    return _("%(pieces)d pieces in all") % {"pieces": row.pieces or 0}


def _state(row: ForecastOverride, today: date) -> str:
    if row.dropped_at:
        return _("taken back")
    if row.actual_pieces is not None:
        return _("measured")
    return _("over, not measured yet") if row.to_date < today else _("holds")
